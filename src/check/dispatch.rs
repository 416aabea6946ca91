//! Which event goes to which check, and in which order the ledger learns of it.
//!
//! Invariant: a check that compares with what was before is asked before the ledger learns of the event; every other after.
//!
//! Called by: whoever runs or reads a trace.

use std::sync::Arc;

use super::CheckResult;
use super::ack_on_min_isr::{AckOnMinIsr, Answer};
use super::acked::AckedRecord;
use super::acks_all_durable::AcksAllDurable;
use super::any_ack_durable::AnyAckDurable;
use super::assertions_hold::AssertionsHold;
use super::committed_kept::CommittedKept;
use super::converges::{Converges, Sight};
use super::counts::Counts;
use super::finding::Scene;
use super::high_watermark_monotone::HighWatermarkMonotone;
use super::leader_completeness::LeaderCompleteness;
use super::ledger::Ledger;
use super::liveness::Liveness;
use super::log_copy::DiskState;
use super::log_matching::LogMatching;
use super::no_duplicates::NoDuplicates;
use super::no_foreign_values::NoForeignValues;
use super::offset_bounds::OffsetBounds;
use super::offset_order::OffsetOrder;
use super::poll_order::PollOrder;
use super::promises::Promises;
use super::recovery_prefix::RecoveryPrefix;
use super::sends::{Placed, Sends};
use super::single_leader_per_epoch::SingleLeaderPerEpoch;
use super::strong_isr::StrongIsr;
use crate::event::{
    Acks, BatchFacts, ClientFact, ControllerFact, Event, Fact, FaultFact, LogFact, NetworkFact, PollFacts, RaftFact, RecoveryFacts,
    ReplicaFact, WorldFact,
};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{Digest, LeaderEpoch, Offset, ProcessId, SendId, TopicPartition};
use crate::trace::Names;

/// All checks of a run, and what they share.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    promises: Promises,
    counts: Counts,
    names: Names,
    live: Liveness,
    ledger: Ledger,
    sends: Sends,
    acks_all_durable: AcksAllDurable,
    any_ack_durable: AnyAckDurable,
    committed_kept: CommittedKept,
    log_matching: LogMatching,
    strong_isr: StrongIsr,
    high_watermark_monotone: HighWatermarkMonotone,
    offset_bounds: OffsetBounds,
    ack_on_min_isr: AckOnMinIsr,
    single_leader_per_epoch: SingleLeaderPerEpoch,
    leader_completeness: LeaderCompleteness,
    offset_order: OffsetOrder,
    no_duplicates: NoDuplicates,
    no_foreign_values: NoForeignValues,
    poll_order: PollOrder,
    recovery_prefix: RecoveryPrefix,
    assertions_hold: AssertionsHold,
    converges: Converges,
}

impl Checks {
    /// Checks for a run that promises this.
    #[must_use]
    pub fn new(promises: Promises) -> Self {
        Self { converges: Converges::new(&promises), promises, ..Self::default() }
    }

    /// How often what happened so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Judges an event. Events come in the order of their steps.
    pub fn observe(&mut self, event: &Event) {
        self.counts.observe(event);
        if self.converges.is_due(event.at) {
            self.judge_convergence(event);
        }
        match &event.fact {
            Fact::Network(fact) => self.observe_network(event, fact),
            Fact::Log(fact) => self.observe_log(event, fact),
            Fact::Replica(fact) => self.observe_replica(event, fact),
            Fact::Client(fact) => self.observe_client(event, fact),
            Fact::Controller(fact) => self.observe_controller(event, fact),
            Fact::Raft(fact) => self.observe_raft(event, fact),
            Fact::Fault(fact) => self.observe_fault(event, fact),
            Fact::World(fact) => self.observe_world(event, fact),
        }
    }

    /// The table of checks, in the order of [`super::CLAIMS`].
    #[must_use]
    pub fn finish(self) -> Vec<CheckResult> {
        let (promises, ledger, live, names) = (&self.promises, &self.ledger, &self.live, &self.names);
        vec![
            self.acks_all_durable.finish(promises, ledger, live, names),
            self.any_ack_durable.finish(promises, ledger, live, names),
            self.committed_kept.finish(promises),
            self.log_matching.finish(promises),
            self.strong_isr.finish(promises),
            self.high_watermark_monotone.finish(promises),
            self.offset_bounds.finish(promises),
            self.ack_on_min_isr.finish(promises),
            self.single_leader_per_epoch.finish(promises),
            self.leader_completeness.finish(promises),
            self.offset_order.finish(promises),
            self.no_duplicates.finish(promises),
            self.no_foreign_values.finish(promises),
            self.poll_order.finish(promises),
            self.recovery_prefix.finish(promises),
            self.assertions_hold.finish(promises),
            self.converges.finish(promises),
        ]
    }

    fn observe_network(&mut self, event: &Event, fact: &NetworkFact) {
        if let (NetworkFact::MessageDuplicated { .. }, ProcessId::Client(_)) = (fact, event.process)
            && !self.promises.idempotent.contains(&event.process)
        {
            self.sends.repeat_open(event.process);
        }
    }

    fn observe_log(&mut self, event: &Event, fact: &LogFact) {
        match fact {
            LogFact::RecordsAppended { partition, batch } => {
                let scene = Scene { event, names: &self.names };
                self.single_leader_per_epoch.judge(scene, *partition, batch.leader_epoch, event.process);
                self.write(event, *partition, batch);
            }
            LogFact::RecordsReplicated { partition, batch, .. } => self.write(event, *partition, batch),
            LogFact::LogTruncated { partition, to, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                ledger.truncate(event.process, *to);
                let scene = Scene { event, names: &self.names };
                self.committed_kept.judge_replica(scene, ledger, event.process);
                self.strong_isr.judge(scene, ledger);
            }
            LogFact::LogFlushed { partition, to } => {
                let copy = self.ledger.partition_mut(*partition).copy_mut(event.process);
                copy.flushed = copy.flushed.max(*to);
            }
            LogFact::LogStartAdvanced { partition, new, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                ledger.copy_mut(event.process).advance_start(*new);
                self.offset_bounds.judge(Scene { event, names: &self.names }, ledger);
            }
            LogFact::LogRecovered { recovery } => self.recover(event, recovery),
            LogFact::SegmentRolled { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::LogFenced { .. }
            | LogFact::LogRefused { .. }
            | LogFact::LogDirectoryFailed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::LogDeleted { .. } => {}
        }
    }

    fn write(&mut self, event: &Event, partition: TopicPartition, batch: &BatchFacts) {
        let ledger = self.ledger.partition_mut(partition);
        let misfit = ledger.append(event.process, batch);
        let scene = Scene { event, names: &self.names };
        if let Some(misfit) = misfit {
            self.log_matching.judge_misfit(scene, ledger, event.process, misfit);
        }
        self.log_matching.judge(scene, ledger, event.process, batch.base);
    }

    fn recover(&mut self, event: &Event, recovery: &RecoveryFacts) {
        let ledger = self.ledger.partition_mut(recovery.partition);
        let scene = Scene { event, names: &self.names };
        self.recovery_prefix.judge(scene, ledger, recovery);
        ledger.recover(event.process, recovery);
        self.log_matching.judge(scene, ledger, event.process, recovery.start);
        self.offset_bounds.judge(scene, ledger);
        self.committed_kept.judge_replica(scene, ledger, event.process);
        self.strong_isr.judge(scene, ledger);
        if ledger.is_in_sync(event.process) && ledger.isr().len() == 1 {
            self.acks_all_durable.judge(scene, ledger, event.process, "is the whole ISR");
            self.any_ack_durable.judge(scene, ledger, event.process, "is the whole ISR");
        }
    }

    fn observe_replica(&mut self, event: &Event, fact: &ReplicaFact) {
        match fact {
            ReplicaFact::BecameLeader { partition, epoch, high_watermark, .. } => {
                self.become_leader(event, *partition, *epoch, *high_watermark);
            }
            ReplicaFact::BecameFollower { partition, high_watermark, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                ledger.forget_role(event.process);
                ledger.copy_mut(event.process).high_watermark = *high_watermark;
                self.offset_bounds.judge(Scene { event, names: &self.names }, ledger);
            }
            ReplicaFact::HighWatermarkAdvanced { partition, new, epoch, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                self.high_watermark_monotone.judge(Scene { event, names: &self.names }, ledger, *epoch, *new);
                ledger.advance_high_watermark(event.process, *epoch, *new);
                self.advance_committed(event, *partition, *epoch, *new);
                let ledger = self.ledger.partition_mut(*partition);
                let scene = Scene { event, names: &self.names };
                self.offset_bounds.judge(scene, ledger);
                self.strong_isr.judge(scene, ledger);
            }
            ReplicaFact::HighWatermarkLearned { partition, new, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                ledger.copy_mut(event.process).high_watermark = *new;
                self.offset_bounds.judge(Scene { event, names: &self.names }, ledger);
            }
            ReplicaFact::ProduceCommitted { partition, last, isr, min_insync, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                let answer = Answer { last: *last, isr: *isr, min_insync: *min_insync };
                self.ack_on_min_isr.judge(Scene { event, names: &self.names }, ledger, answer);
                if let Some(epoch) = ledger.copy(event.process).and_then(|copy| copy.leads) {
                    self.advance_committed(event, *partition, epoch, last.next());
                }
            }
            ReplicaFact::ReplicaOffline { partition, .. } | ReplicaFact::ReplicaResigned { partition, .. } => {
                self.ledger.partition_mut(*partition).forget_role(event.process);
            }
            ReplicaFact::FollowerProgressed { .. }
            | ReplicaFact::IsrProposed { .. }
            | ReplicaFact::IsrAdopted { .. }
            | ReplicaFact::IsrProposalRefused { .. }
            | ReplicaFact::RequestRefused { .. }
            | ReplicaFact::ReadReplicaChosen { .. } => {}
        }
    }

    fn become_leader(&mut self, event: &Event, partition: TopicPartition, epoch: LeaderEpoch, high_watermark: Offset) {
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.single_leader_per_epoch.judge(scene, partition, epoch, event.process);
        self.high_watermark_monotone.judge(scene, ledger, epoch, high_watermark);
        let is_newest = ledger.become_leader(event.process, epoch, high_watermark);
        self.offset_bounds.judge(scene, ledger);
        self.strong_isr.judge(scene, ledger);
        self.leader_completeness.judge(scene, ledger, event.process, epoch);
        if is_newest {
            self.acks_all_durable.judge(scene, ledger, event.process, "became leader");
            self.any_ack_durable.judge(scene, ledger, event.process, "became leader");
            let lost = ledger.abandon_lost(event.process);
            self.no_duplicates.uncommit(partition, &mut self.sends, &lost);
        }
    }

    /// What a reader was given counts as committed: it must not be taken back.
    fn expose(&mut self, event: &Event, poll: &PollFacts) {
        let Some(last) = poll.records.last() else { return };
        let exposed_by = self.ledger.partition_mut(poll.partition).exposed_by(last.offset, last.digest);
        if let Some(process) = exposed_by {
            self.commit(event, poll.partition, (process, last.leader_epoch), last.offset.next());
        }
    }

    fn advance_committed(&mut self, event: &Event, partition: TopicPartition, epoch: LeaderEpoch, end: Offset) {
        self.commit(event, partition, (event.process, epoch), end);
    }

    /// By the log of that process, which leads or led in that epoch, all below `end` is committed.
    fn commit(&mut self, event: &Event, partition: TopicPartition, (process, epoch): (ProcessId, LeaderEpoch), end: Offset) {
        let ledger = self.ledger.partition_mut(partition);
        let commit = ledger.advance_committed(process, epoch, end);
        if !ledger.is_data() {
            return;
        }
        let scene = Scene { event, names: &self.names };
        if let Some(offset) = commit.differs_at {
            self.committed_kept.judge_conflict(scene, ledger, offset);
        }
        self.leader_completeness.judge_commit(scene, ledger, epoch, end);
        if commit.to > commit.from {
            self.no_duplicates.commit(scene, ledger, &mut self.sends, &commit);
            self.acks_all_durable.settle(ledger);
            self.any_ack_durable.settle(ledger);
        }
    }

    fn observe_client(&mut self, event: &Event, fact: &ClientFact) {
        match fact {
            ClientFact::SendInvoked { partition, send, record, .. } => {
                self.sends.invoke(event.process, *partition, *send, record.digest);
                self.converges.disturb(event.at, &self.promises);
            }
            ClientFact::SendAcknowledged { partition, send, acks, offset, digest, .. } => {
                self.sends.finish(event.process, *partition, *send);
                if let Some(offset) = offset {
                    self.acknowledge(event, *partition, (*send, *acks), (*offset, *digest));
                }
            }
            ClientFact::SendUnknown { partition, send, .. } | ClientFact::SendFailed { partition, send, .. } => {
                self.sends.finish(event.process, *partition, *send);
            }
            ClientFact::SendRetried { partition, first, records, .. } => {
                if !self.promises.idempotent.contains(&event.process) {
                    self.sends.repeat_batch(event.process, *partition, *first, *records);
                }
            }
            ClientFact::PositionSet { partition, offset, .. } => {
                self.poll_order.set_position(event.process, *partition, *offset);
            }
            ClientFact::PollReturned { poll } => {
                let scene = Scene { event, names: &self.names };
                self.poll_order.judge(scene, poll);
                self.no_foreign_values.judge(scene, &mut self.sends, poll);
                self.expose(event, poll);
            }
            ClientFact::MetadataRefreshed { .. }
            | ClientFact::AdminAnswered { .. }
            | ClientFact::SendRefused { .. }
            | ClientFact::TruncationDetected { .. }
            | ClientFact::ReadFailed { .. } => {}
        }
    }

    fn acknowledge(
        &mut self,
        event: &Event,
        partition: TopicPartition,
        (send, acks): (SendId, Acks),
        (offset, digest): (Offset, Digest),
    ) {
        let scene = Scene { event, names: &self.names };
        let record = AckedRecord { offset, digest, producer: event.process, send, acks, step: event.step };
        let ledger = self.ledger.partition_mut(partition);
        self.acks_all_durable.acknowledge(scene, ledger, record);
        self.any_ack_durable.acknowledge(scene, ledger, record);
        self.ack_on_min_isr.acknowledge(scene, partition, acks, offset);
        let placed = Placed { send, offset, digest };
        self.offset_order.acknowledge(scene, &mut self.sends, &self.promises, (ledger, placed));
    }

    fn observe_controller(&mut self, event: &Event, fact: &ControllerFact) {
        match fact {
            ControllerFact::TopicCreated { .. } => self.names.observe(event),
            ControllerFact::BrokerRegistered { broker, .. } => self.ledger.note_registration(*broker),
            ControllerFact::PartitionChanged { partition, now } => {
                let ledger = self.ledger.partition_mut(*partition);
                if ledger.facts.as_ref().is_some_and(|known| known.partition_epoch >= now.partition_epoch) {
                    return; // A controller that came back tells once more what it may not have told.
                }
                let scene = Scene { event, names: &self.names };
                if let Some(leader) = now.leader {
                    self.single_leader_per_epoch.judge(scene, *partition, now.epoch, ProcessId::Broker(leader));
                }
                let before = ledger.facts.clone();
                ledger.change(Arc::clone(now));
                self.committed_kept.judge_change(scene, ledger, before.as_deref());
                self.strong_isr.judge(scene, ledger);
            }
            ControllerFact::RegistrationRefused { .. }
            | ControllerFact::BrokerFenced { .. }
            | ControllerFact::BrokerUnfenced { .. }
            | ControllerFact::LeaderElected { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. }
            | ControllerFact::BrokerShuttingDown { .. } => {}
            ControllerFact::UncleanShutdownFound { .. }
            | ControllerFact::TopicDeleted { .. }
            | ControllerFact::PartitionsAdded { .. }
            | ControllerFact::ConfigChanged { .. }
            | ControllerFact::FeatureChanged { .. }
            | ControllerFact::ProducerIdsAllocated { .. }
            | ControllerFact::ReassignmentStarted { .. }
            | ControllerFact::ReassignmentCompleted { .. }
            | ControllerFact::ReassignmentCancelled { .. }
            | ControllerFact::ControllerActivated { .. }
            | ControllerFact::ControllerDeactivated { .. } => {}
        }
    }

    fn observe_raft(&mut self, event: &Event, fact: &RaftFact) {
        match fact {
            RaftFact::MetadataCommitted { end, epoch } => {
                self.live.metadata_end = self.live.metadata_end.max(*end);
                self.advance_committed(event, TopicPartition::METADATA, *epoch, *end);
            }
            RaftFact::MetadataApplied { end } => self.live.apply_metadata(event.process, *end),
            RaftFact::QuorumLeaderElected { .. }
            | RaftFact::QuorumRoleChanged { .. }
            | RaftFact::VoteCast { .. }
            | RaftFact::VoteRefused { .. }
            | RaftFact::QuorumLeaderResigned { .. }
            | RaftFact::VotersChanged { .. }
            | RaftFact::SnapshotTaken { .. }
            | RaftFact::SnapshotInstalled { .. }
            | RaftFact::VoterCaughtUp { .. } => {}
        }
    }

    fn observe_fault(&mut self, event: &Event, fact: &FaultFact) {
        self.converges.disturb(event.at, &self.promises);
        match fact {
            FaultFact::LinkCut { .. } => self.converges.count_cut(true),
            FaultFact::LinkHealed { .. } => self.converges.count_cut(false),
            FaultFact::FaultStruck { .. }
            | FaultFact::FaultHealed { .. }
            | FaultFact::FaultSpared { .. }
            | FaultFact::FaultMissed { .. }
            | FaultFact::FaultDrawn { .. } => {}
        }
    }

    fn observe_world(&mut self, event: &Event, fact: &WorldFact) {
        let process = event.process;
        match fact {
            WorldFact::RunStarted { .. } => self.names.observe(event),
            WorldFact::RunEnded { .. } => return,
            WorldFact::ProcessStarted { .. } => {
                self.live.start(process);
                self.assertions_hold.start();
            }
            WorldFact::ProcessCrashed { .. } | WorldFact::ProcessHalted { .. } | WorldFact::ProcessStopped { .. } => {
                self.live.stop(process);
                self.ledger.forget_roles(process);
                self.sends.abandon(process);
                self.poll_order.forget(process);
            }
            WorldFact::ProcessPaused {} => self.live.pause(process, true),
            WorldFact::ProcessResumed {} => self.live.pause(process, false),
            WorldFact::DiskLost { file, .. } => self.suspect(process, *file, DiskState::LostUnsynced),
            WorldFact::DiskCorrupted { file, .. } => self.suspect(process, *file, DiskState::Corrupted),
            WorldFact::DiskReplaced { .. } => self.ledger.empty_disk(process),
            WorldFact::AssertionFailed { message } => self.assertions_hold.fail(Scene { event, names: &self.names }, message),
            WorldFact::ClockSet { .. }
            | WorldFact::ClockJumped { .. }
            | WorldFact::DiskFaulted { .. }
            | WorldFact::ShutdownRequested {} => {}
        }
        self.converges.disturb(event.at, &self.promises);
    }

    fn suspect(&mut self, process: ProcessId, file: FilePath, disk: DiskState) {
        if let (Folder::Log(_, partition), FileName::Segment(_)) = (file.folder, file.name) {
            self.ledger.partition_mut(partition).suspect(process, disk);
        }
    }

    fn judge_convergence(&mut self, event: &Event) {
        let sight = Sight { ledger: &self.ledger, live: &self.live, sends: &self.sends, names: &self.names };
        self.converges.judge(event, sight);
    }
}
