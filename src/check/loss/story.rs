//! What became of one acknowledged record: its copies when it was acknowledged, and how each of them went.
//!
//! Called by: [`super::Verdict`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::super::ledger::PartitionLedger;
use super::super::log_copy::LogCopy;
use super::super::{CheckResult, Place};
use super::removal::{Disk, How, Removal};
use crate::event::{
    Acks, ClientFact, ControllerFact, DiskFault, Event, Fact, LogFact, PartitionFacts, RecoveryFacts, ReplicaFact, SentRecord,
    WorldFact,
};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{BrokerId, BrokerSet, Digest, LeaderEpoch, Offset, ProcessId, SendId, Step};
use crate::trace::Names;

/// The story of a lost record.
pub(super) struct Story<'a> {
    pub(super) place: Place,
    pub(super) epoch: Option<LeaderEpoch>,
    pub(super) record: String,
    pub(super) producer: ProcessId,
    pub(super) send: SendId,
    pub(super) acks: Acks,
    pub(super) by: Option<BrokerId>,
    pub(super) acked_at: Step,
    pub(super) copies: Copies,
    pub(super) doomed_at: Option<Step>,
    pub(super) removals: Vec<Removal>,
    pub(super) holders: BrokerSet,
    pub(super) now: LeaderNow,
    pub(super) was_committed: bool,
    pub(super) was_unclean: bool,
    /// Others had the record still when its fate was sealed.
    pub(super) was_elsewhere: bool,
    /// The controller told of eligible leaders, so that the rule about them is in force (KIP-966).
    pub(super) has_eligible_leaders: bool,
    pub(super) replicas: usize,
    pub(super) topic_config: &'a [(String, String)],
    doom: Option<&'a Event>,
}

/// Who had the record when it was acknowledged, and who had not.
#[derive(Default)]
pub(super) struct Copies {
    pub(super) holders: BrokerSet,
    pub(super) isr: BrokerSet,
    pub(super) short: Vec<(ProcessId, Offset)>,
}

/// Who leads at the end of the trace, and what it has where the record stood.
pub(super) struct LeaderNow {
    pub(super) leader: Option<(ProcessId, LeaderEpoch)>,
    pub(super) end: Offset,
    pub(super) stands: Option<(LeaderEpoch, String)>,
}

impl<'a> Story<'a> {
    /// The story behind a check's result, if that is about an acknowledged record.
    pub(super) fn of(events: &'a [Event], result: &CheckResult) -> Option<Self> {
        if !matches!(result.name, "acks-all-durable" | "any-ack-durable") {
            return None;
        }
        let place = result.place?;
        let wants = |acks: Acks| acks == Acks::All || (acks == Acks::Leader && result.name == "any-ack-durable");
        let (event, producer, send, acks, by, digest) = events.iter().find_map(|event| match &event.fact {
            Fact::Client(ClientFact::SendAcknowledged { partition, send, acks, offset: Some(offset), by, digest })
                if *partition == place.partition && *offset == place.offset && wants(*acks) =>
            {
                Some((event, event.process, *send, *acks, *by, *digest))
            }
            _ => None,
        })?;
        let mut fold = Fold::new(place, digest, event.step);
        let mut was_elsewhere = false;
        for event in events {
            fold.observe(event);
            was_elsewhere |= result.step == Some(event.step) && !fold.holding().is_empty();
        }
        let doom = result.step.and_then(|step| events.iter().find(|event| event.step == step));
        let facts = fold.ledger.facts.clone();
        Some(Self {
            place,
            epoch: fold.epoch,
            record: describe(events, place, digest),
            producer,
            send,
            acks,
            by,
            acked_at: event.step,
            doomed_at: result.step,
            holders: fold.holders(),
            now: fold.leader_now(events),
            was_committed: fold.was_committed,
            was_unclean: fold.was_unclean,
            was_elsewhere,
            has_eligible_leaders: fold.has_eligible_leaders,
            replicas: facts.map_or(fold.ledger.copies().len(), |facts| facts.replicas.len()),
            topic_config: topic_config(events, place),
            copies: fold.copies,
            removals: fold.removals,
            doom,
        })
    }

    /// What sealed its fate.
    pub(super) fn doom(&self, names: &Names) -> String {
        let Some(event) = self.doom else { return String::new() };
        let who = names.process(event.process);
        match &event.fact {
            Fact::Replica(ReplicaFact::BecameLeader { epoch, end, .. }) => {
                format!("{who} became leader in {epoch} without it, its log ending at {end}")
            }
            Fact::Log(LogFact::LogRecovered { recovery }) => {
                format!("{who}, the whole ISR, came back without it, its log ending at {}", recovery.end)
            }
            Fact::Client(_) => "another leader had been elected without it already".to_owned(),
            other => other.name().to_owned(),
        }
    }
}

/// Follows the logs of one partition.
pub(super) struct Fold {
    place: Place,
    digest: Digest,
    acked_at: Step,
    pub(super) ledger: PartitionLedger,
    epoch: Option<LeaderEpoch>,
    copies: Copies,
    pub(super) removals: Vec<Removal>,
    was_committed: bool,
    was_unclean: bool,
    has_eligible_leaders: bool,
    disks: BTreeMap<ProcessId, Disk>,
}

impl Fold {
    /// Follows the record with this digest from the moment on when it counted.
    pub(super) fn new(place: Place, digest: Digest, acked_at: Step) -> Self {
        Self {
            place,
            digest,
            acked_at,
            ledger: PartitionLedger::new(place.partition),
            epoch: None,
            copies: Copies::default(),
            removals: Vec::new(),
            was_committed: false,
            was_unclean: false,
            has_eligible_leaders: false,
            disks: BTreeMap::new(),
        }
    }

    /// Takes an event in.
    pub(super) fn observe(&mut self, event: &Event) {
        match &event.fact {
            Fact::Log(fact) => self.observe_log(event, fact),
            Fact::Replica(ReplicaFact::BecameLeader { partition, epoch, high_watermark, .. }) if self.is_mine(*partition) => {
                if self.ledger.become_leader(event.process, *epoch, *high_watermark) {
                    self.ledger.abandon_lost(event.process);
                }
            }
            Fact::Replica(ReplicaFact::HighWatermarkAdvanced { partition, new, epoch, .. }) if self.is_mine(*partition) => {
                self.was_committed |= *new > self.place.offset && self.has(event.process);
                self.ledger.advance_committed(event.process, *epoch, *new);
            }
            Fact::Controller(ControllerFact::PartitionChanged { partition, now }) if self.is_mine(*partition) => {
                self.change(now);
            }
            Fact::Controller(ControllerFact::LeaderElected { partition, clean: false, .. }) if self.is_mine(*partition) => {
                self.was_unclean |= event.step > self.acked_at;
            }
            Fact::World(WorldFact::DiskReplaced { .. }) => {
                self.watch(event, How::DiskReplaced, |ledger| ledger.copy_mut(event.process).restart(Offset::ZERO));
            }
            Fact::World(WorldFact::ProcessCrashed { .. } | WorldFact::ProcessHalted { .. } | WorldFact::ProcessStopped { .. }) => {
                self.ledger.forget_role(event.process);
            }
            Fact::World(WorldFact::DiskFaulted { file, fault }) if self.is_of_segment(*file) => match fault {
                DiskFault::SyncLied => self.blame(event.process, Disk::Lied),
                DiskFault::BitRot | DiskFault::MisdirectedWrite | DiskFault::ShortRead => {
                    self.blame(event.process, Disk::Corrupted);
                }
                DiskFault::WriteFailed | DiskFault::ReadFailed | DiskFault::SyncFailed | DiskFault::Full | DiskFault::Stalled => {}
            },
            Fact::World(WorldFact::DiskCorrupted { file, .. }) if self.is_of_segment(*file) => {
                self.blame(event.process, Disk::Corrupted);
            }
            Fact::Controller(ControllerFact::UncleanShutdownFound { .. }) => self.has_eligible_leaders = true,
            Fact::Network(_)
            | Fact::Replica(_)
            | Fact::Controller(_)
            | Fact::Raft(_)
            | Fact::Client(_)
            | Fact::Group(_)
            | Fact::Fault(_)
            | Fact::World(_) => {}
        }
        if event.step == self.acked_at {
            self.count_copies();
        }
    }

    fn observe_log(&mut self, event: &Event, fact: &LogFact) {
        match fact {
            LogFact::RecordsAppended { partition, batch } | LogFact::RecordsReplicated { partition, batch, .. }
                if self.is_mine(*partition) =>
            {
                self.watch(event, How::Overwritten, |ledger| {
                    ledger.append(event.process, batch);
                });
            }
            LogFact::LogTruncated { partition, from, to, why } if self.is_mine(*partition) => {
                let how = How::Cut { from: *from, to: *to, why: *why };
                self.watch(event, how, |ledger| ledger.truncate(event.process, *to));
            }
            LogFact::LogStartAdvanced { partition, new, .. } if self.is_mine(*partition) => {
                self.ledger.advance_start(event.process, *new);
            }
            LogFact::SegmentCleaned { cleaned } if self.is_mine(cleaned.partition) => {
                for (offset, _) in &cleaned.dropped {
                    self.ledger.clean(event.process, *offset);
                }
            }
            LogFact::LogDeleted { partition } if self.is_mine(*partition) => {
                self.watch(event, How::Deleted, |ledger| ledger.delete_copy(event.process));
            }
            LogFact::LogRecovered { recovery } if self.is_mine(recovery.partition) => self.recover(event, recovery),
            LogFact::LogCreated { partition } if self.is_mine(*partition) => {
                self.recover(event, &Arc::new(RecoveryFacts::of_nothing(*partition)));
            }
            LogFact::RecordsAppended { .. }
            | LogFact::RecordsReplicated { .. }
            | LogFact::LogTruncated { .. }
            | LogFact::LogFlushed { .. }
            | LogFact::LogStartAdvanced { .. }
            | LogFact::SegmentRolled { .. }
            | LogFact::SegmentDeleted { .. }
            | LogFact::CleaningStarted { .. }
            | LogFact::SegmentCleaned { .. }
            | LogFact::CleaningFinished { .. }
            | LogFact::CleaningFailed { .. }
            | LogFact::CleanerCheckpointed { .. }
            | LogFact::SwapRecovered { .. }
            | LogFact::LogRecovered { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::LogFenced { .. }
            | LogFact::LogRefused { .. }
            | LogFact::LogDirectoryFailed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::LogDeleted { .. }
            | LogFact::LogCreated { .. }
            | LogFact::IndexProbed { .. } => {}
        }
    }

    fn recover(&mut self, event: &Event, recovery: &Arc<RecoveryFacts>) {
        let disk = self.disks.remove(&event.process).unwrap_or_default();
        self.watch(event, How::Recovered { end: recovery.end, disk }, |ledger| {
            ledger.recover(event.process, recovery);
        });
    }

    /// A disk did this to the log since it was last read back.
    fn blame(&mut self, process: ProcessId, what: Disk) {
        let worst = self.disks.entry(process).or_default();
        *worst = what.max(*worst);
    }

    fn is_of_segment(&self, file: FilePath) -> bool {
        matches!((file.folder, file.name), (Folder::Log(_, of), FileName::Segment(_)) if of == self.place.partition)
    }

    fn change(&mut self, now: &Arc<PartitionFacts>) {
        self.has_eligible_leaders |= !now.elr.is_empty();
        if self.ledger.facts.as_ref().is_none_or(|known| known.partition_epoch < now.partition_epoch) {
            self.ledger.change(Arc::clone(now));
        }
    }

    /// Lets an event change a log, and notes it if the record goes with that.
    fn watch(&mut self, event: &Event, how: How, change: impl FnOnce(&mut PartitionLedger)) {
        let had = self.has(event.process);
        change(&mut self.ledger);
        if had && !self.has(event.process) && event.step > self.acked_at {
            self.removals.push(Removal { step: event.step, process: event.process, how });
        }
    }

    fn count_copies(&mut self) {
        let isr = self.ledger.isr();
        let (holders, others): (Vec<&LogCopy>, Vec<&LogCopy>) =
            self.ledger.copies().iter().partition(|copy| self.has(copy.process));
        self.epoch = holders.first().and_then(|copy| self.ledger.entry(copy, self.place.offset)).map(|entry| entry.epoch);
        let short = others.iter().map(|copy| (copy.process, copy.end())).collect();
        self.copies = Copies { holders: self.holders(), isr, short };
    }

    fn holders(&self) -> BrokerSet {
        let holders = self.holding().into_iter();
        holders.filter_map(|process| if let ProcessId::Broker(broker) = process { Some(broker) } else { None }).collect()
    }

    /// Every server that has the record.
    pub(super) fn holding(&self) -> Vec<ProcessId> {
        self.ledger.copies().iter().map(|copy| copy.process).filter(|process| self.has(*process)).collect()
    }

    fn has(&self, process: ProcessId) -> bool {
        let copy = self.ledger.copy(process);
        copy.and_then(|copy| self.ledger.entry(copy, self.place.offset)).is_some_and(|entry| entry.digest == self.digest)
    }

    fn leader_now(&self, events: &[Event]) -> LeaderNow {
        let leader = self.ledger.newest_leader;
        let copy = leader.and_then(|(leader, _)| self.ledger.copy(leader));
        let entry = copy.and_then(|copy| self.ledger.entry(copy, self.place.offset));
        LeaderNow {
            leader,
            end: copy.map_or(Offset::ZERO, LogCopy::end),
            stands: entry.map(|entry| (entry.epoch, describe(events, self.place, entry.digest))),
        }
    }

    fn is_mine(&self, partition: crate::ids::TopicPartition) -> bool {
        partition == self.place.partition
    }
}

/// The record with this digest, as its producer was given it.
fn describe(events: &[Event], place: Place, digest: Digest) -> String {
    let sent = events.iter().find_map(|event| match &event.fact {
        Fact::Client(ClientFact::SendInvoked { partition, record, .. })
            if *partition == place.partition && record.digest == digest =>
        {
            Some(record)
        }
        _ => None,
    });
    match sent.map(Arc::as_ref) {
        Some(SentRecord { key: Some(key), value, .. }) => format!("key {}, value {}", quote(Some(key)), quote(value.as_ref())),
        Some(SentRecord { key: None, value, .. }) => format!("value {} (no key)", quote(value.as_ref())),
        None => "a record that nobody was seen to send".to_owned(),
    }
}

/// Bytes for people, cut to a length that fits a line.
fn quote(bytes: Option<&Bytes>) -> String {
    const SHOWN_MAX: usize = 24;
    let Some(bytes) = bytes else { return "null".to_owned() };
    let text = String::from_utf8_lossy(bytes);
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{dots}")
}

fn topic_config(events: &[Event], place: Place) -> &[(String, String)] {
    let config = events.iter().find_map(|event| match &event.fact {
        Fact::Controller(ControllerFact::TopicCreated { topic }) if topic.id == place.partition.topic => Some(&topic.config),
        _ => None,
    });
    config.map_or(&[], Vec::as_slice)
}
