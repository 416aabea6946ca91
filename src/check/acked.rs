//! Which records were acknowledged, and whether a log has them: what `acks-all-durable` and `any-ack-durable` share.
//!
//! Most acknowledged records are committed soon, and then one number says up to where a log must agree with the committed
//! log. Those that are not yet (acks=1) wait in a list of their own, as long as the partition's fetches are.
//!
//! Invariant: an acknowledged record is below `settled_end` and in the committed log, or pending.

use std::collections::{BTreeMap, VecDeque};

use super::finding::{Finding, Scene};
use super::ledger::{Ledger, PartitionLedger};
use super::liveness::Liveness;
use super::log_copy::LogCopy;
use crate::event::Acks;
use crate::ids::{Digest, Offset, ProcessId, SendId, Step, TopicPartition};
use crate::trace::Names;

/// One acknowledged record.
#[derive(Clone, Copy, Debug)]
pub(super) struct AckedRecord {
    pub(super) offset: Offset,
    pub(super) digest: Digest,
    pub(super) producer: ProcessId,
    pub(super) send: SendId,
    pub(super) acks: Acks,
    pub(super) step: Step,
}

/// All acknowledged records that one check cares for.
#[derive(Clone, Debug, Default)]
pub(super) struct Acked {
    partitions: BTreeMap<TopicPartition, AckedPartition>,
    pub(super) finding: Finding,
}

#[derive(Clone, Debug, Default)]
struct AckedPartition {
    settled_end: Offset,
    pending: VecDeque<AckedRecord>,
    all: Vec<AckedRecord>,
}

impl Acked {
    /// A record was acknowledged: whoever leads by now must have it.
    pub(super) fn acknowledge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, record: AckedRecord) {
        if self.finding.is_violated() || ledger.is_deleted {
            return;
        }
        self.finding.judge();
        let partition = self.partitions.entry(ledger.partition).or_default();
        partition.all.push(record);
        if ledger.committed(record.offset).is_some_and(|entry| entry.digest == record.digest) {
            partition.settled_end = partition.settled_end.max(record.offset.next());
        } else {
            partition.pending.push_back(record);
        }
        let leader = ledger.newest_leader.and_then(|(leader, _)| ledger.copy(leader));
        if let Some(leader) = leader.filter(|leader| !has(ledger, leader, record)) {
            self.lose(scene, ledger, leader, "leads by now");
        }
    }

    /// More is committed: what waited for that is settled.
    pub(super) fn settle(&mut self, ledger: &PartitionLedger) {
        if self.finding.is_violated() {
            return;
        }
        let Some(partition) = self.partitions.get_mut(&ledger.partition) else { return };
        let end = ledger.committed_end();
        let mut kept = 0;
        while let Some(record) = partition.pending.get(kept).copied().filter(|record| record.offset < end) {
            if ledger.committed(record.offset).is_some_and(|entry| entry.digest == record.digest) {
                partition.pending.remove(kept);
                partition.settled_end = partition.settled_end.max(record.offset.next());
            } else {
                kept += 1;
            }
        }
    }

    /// This replica's log counts from now on: it must have every acknowledged record from its start on.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId, role: &str) {
        if self.finding.is_violated() {
            return;
        }
        let Some(partition) = self.partitions.get(&ledger.partition) else { return };
        let Some(copy) = ledger.copy(process) else { return };
        if !partition.is_all_in(ledger, copy) {
            self.lose(scene, ledger, copy, role);
        }
    }

    /// The partition is deleted: what was acknowledged is nobody's any more.
    pub(super) fn forget(&mut self, partition: TopicPartition) {
        self.partitions.remove(&partition);
    }

    /// At the end of a run: an acknowledged record that fewer than two live replicas hold is lost if luck turns.
    pub(super) fn judge_end(&mut self, ledger: &Ledger, live: &Liveness, names: &Names) {
        for ledger in ledger.data_partitions() {
            let Some(partition) = self.partitions.get(&ledger.partition) else { continue };
            let replicas = ledger.facts.as_ref().map_or(ledger.copies().len(), |facts| facts.replicas.len());
            let holders = |record: AckedRecord| {
                ledger
                    .copies()
                    .iter()
                    .filter(|copy| live.is_live(copy.process) && !copy.is_offline && has(ledger, copy, record))
                    .count()
            };
            let youngest = partition.all.iter().max_by_key(|record| record.offset);
            let weakest = partition.pending.iter().chain(youngest).map(|record| (holders(*record), *record));
            let Some((count, record)) = weakest.min_by_key(|(count, record)| (*count, record.offset)) else { continue };
            if count < replicas.min(2) {
                let place = names.place(ledger.partition, record.offset);
                let producer = names.process(record.producer);
                self.finding.warn(
                    (ledger.partition, record.offset),
                    format!("{place}, acknowledged to {producer}, is on {count} live replicas of {replicas}"),
                );
            }
        }
    }

    /// Writes down the lowest acknowledged record that the log lacks.
    fn lose(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, copy: &LogCopy, role: &str) {
        let Some(partition) = self.partitions.get(&ledger.partition) else { return };
        let lost = partition.all.iter().filter(|record| !has(ledger, copy, **record));
        let Some(first) = lost.clone().min_by_key(|record| record.offset) else { return };
        let stands = match ledger.entry(copy, first.offset) {
            Some(entry) => format!("has another record of {} there", entry.epoch),
            None => format!("ends at {}", copy.end()),
        };
        let others = match lost.count() - 1 {
            0 => String::new(),
            count => format!(" ({count} more are lost with it)"),
        };
        let detail = format!(
            "{} was acknowledged to {} (send {}, acks={}) at step {}; {} {role} and {stands}{others}",
            scene.names.place(ledger.partition, first.offset),
            scene.names.process(first.producer),
            first.send,
            acks_word(first.acks),
            first.step,
            scene.names.process(copy.process),
        );
        let was_given_up = |copy: &LogCopy| {
            ledger.entry(copy, first.offset).is_some_and(|entry| entry.digest == first.digest && ledger.is_given_up(entry.epoch))
        };
        if ledger.is_beyond_promise || ledger.copies().iter().any(was_given_up) {
            self.finding.note_unpromised(scene, (ledger.partition, first.offset), detail);
            let kept = |record: &AckedRecord| has(ledger, copy, *record);
            if let Some(partition) = self.partitions.get_mut(&ledger.partition) {
                partition.all.retain(kept);
                partition.pending.retain(kept);
                partition.settled_end = partition.settled_end.min(copy.agreed());
            }
            return;
        }
        self.finding.violate(scene, Some((ledger.partition, first.offset)), detail);
    }
}

impl AckedPartition {
    fn is_all_in(&self, ledger: &PartitionLedger, copy: &LogCopy) -> bool {
        let is_settled_in = copy.agreed().max(copy.start) >= self.settled_end;
        (is_settled_in || self.all.iter().all(|record| has(ledger, copy, *record)))
            && self.pending.iter().all(|record| has(ledger, copy, *record))
    }
}

/// Whether the log has the record, or begins after it.
fn has(ledger: &PartitionLedger, copy: &LogCopy, record: AckedRecord) -> bool {
    record.offset < copy.start || ledger.entry(copy, record.offset).is_some_and(|entry| entry.digest == record.digest)
}

/// Kafka's word for it.
pub(super) fn acks_word(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}
