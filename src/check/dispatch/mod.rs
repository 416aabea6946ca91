//! Which event goes to which check, and in which order the ledger learns of it; one file per subject.
//!
//! Invariant: a check that compares with what was before is asked before the ledger learns of the event; every other after.
//!
//! Called by: whoever runs or reads a trace.

mod client;
mod controller;
mod group;
mod log;
mod raft;
mod replica;
mod storage;
mod world;

use super::CheckResult;
use super::ack_on_min_isr::AckOnMinIsr;
use super::acks_all_durable::AcksAllDurable;
use super::any_ack_durable::AnyAckDurable;
use super::assertions_hold::AssertionsHold;
use super::committed_kept::CommittedKept;
use super::converges::{Converges, Sight};
use super::counts::Counts;
use super::election_safety::ElectionSafety;
use super::epoch_cache::EpochCache;
use super::epochs_monotone::EpochsMonotone;
use super::fenced_not_in_isr::FencedNotInIsr;
use super::finding::Scene;
use super::group::Groups;
use super::group::idle_time::{IdleTime, IdleTimes};
use super::group::no_stale_commit::NoStaleCommit;
use super::group::one_owner_per_partition::OneOwnerPerPartition;
use super::group::processed::Processed;
use super::high_watermark_monotone::HighWatermarkMonotone;
use super::index_matches_scan::IndexMatchesScan;
use super::leader_completeness::LeaderCompleteness;
use super::ledger::Ledger;
use super::liveness::Liveness;
use super::log_matching::LogMatching;
use super::metadata_log_matching::MetadataLogMatching;
use super::no_duplicates::NoDuplicates;
use super::no_foreign_values::NoForeignValues;
use super::no_poll_skip::NoPollSkip;
use super::offset_bounds::OffsetBounds;
use super::offset_order::OffsetOrder;
use super::one_voter_change::OneVoterChange;
use super::poll_order::PollOrder;
use super::promises::Promises;
use super::quorum_time::QuorumTime;
use super::recovery_prefix::RecoveryPrefix;
use super::replication_quorum_superset::ReplicationQuorumSuperset;
use super::sends::Sends;
use super::single_leader_per_epoch::SingleLeaderPerEpoch;
use super::single_vote_per_epoch::SingleVotePerEpoch;
use super::storage::Keeping;
use super::storage::compaction_contract::CompactionContract;
use super::storage::reader_up_to_date::ReaderUpToDate;
use super::storage::retention_contract::RetentionContract;
use super::strong_isr::StrongIsr;
use super::weak_isr::WeakIsr;
use crate::event::{Event, Fact};
use crate::ids::{BrokerSet, LeaderEpoch, Offset, ProcessId, TopicPartition};
use crate::trace::Names;

/// All checks of a run, and what they share.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    promises: Promises,
    counts: Counts,
    quorum_time: QuorumTime,
    names: Names,
    live: Liveness,
    ledger: Ledger,
    sends: Sends,
    groups: Groups,
    idle_times: IdleTimes,
    keeping: Keeping,
    /// Brokers that were found to have gone down in disorder.
    unclean_shutdowns: BrokerSet,
    acks_all_durable: AcksAllDurable,
    any_ack_durable: AnyAckDurable,
    committed_kept: CommittedKept,
    log_matching: LogMatching,
    strong_isr: StrongIsr,
    weak_isr: WeakIsr,
    high_watermark_monotone: HighWatermarkMonotone,
    offset_bounds: OffsetBounds,
    replication_quorum_superset: ReplicationQuorumSuperset,
    ack_on_min_isr: AckOnMinIsr,
    single_leader_per_epoch: SingleLeaderPerEpoch,
    leader_completeness: LeaderCompleteness,
    epoch_cache: EpochCache,
    epochs_monotone: EpochsMonotone,
    fenced_not_in_isr: FencedNotInIsr,
    offset_order: OffsetOrder,
    no_duplicates: NoDuplicates,
    no_foreign_values: NoForeignValues,
    poll_order: PollOrder,
    no_poll_skip: NoPollSkip,
    no_stale_commit: NoStaleCommit,
    one_owner_per_partition: OneOwnerPerPartition,
    processed: Processed,
    election_safety: ElectionSafety,
    single_vote_per_epoch: SingleVotePerEpoch,
    one_voter_change: OneVoterChange,
    metadata_log_matching: MetadataLogMatching,
    retention_contract: RetentionContract,
    compaction_contract: CompactionContract,
    reader_up_to_date: ReaderUpToDate,
    recovery_prefix: RecoveryPrefix,
    index_matches_scan: IndexMatchesScan,
    assertions_hold: AssertionsHold,
    converges: Converges,
}

impl Checks {
    /// Checks for a run that promises this.
    #[must_use]
    pub fn new(promises: Promises) -> Self {
        Self {
            converges: Converges::new(&promises),
            fenced_not_in_isr: FencedNotInIsr::new(&promises),
            single_vote_per_epoch: SingleVotePerEpoch::new(&promises),
            keeping: Keeping::new(&promises),
            retention_contract: RetentionContract::new(&promises),
            promises,
            ..Self::default()
        }
    }

    /// How often what happened so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// For how long partitions of each group belonged to nobody, once the run has ended.
    #[must_use]
    pub fn idle_times(&self) -> Vec<IdleTime> {
        self.idle_times.of_groups()
    }

    /// Judges an event. Events come in the order of their steps.
    pub fn observe(&mut self, event: &Event) {
        self.counts.observe(event);
        if self.converges.is_due(event.at) {
            self.judge_convergence(event);
        }
        if self.fenced_not_in_isr.is_due(event.at) {
            self.fenced_not_in_isr.judge_fenced(Scene { event, names: &self.names }, &self.ledger);
        }
        if is_of_a_machine(&event.fact) && self.live.wake(event.process, event.at) {
            self.retention_contract.begin_anew(event.process);
        }
        if self.retention_contract.is_time(event.at) {
            self.look_at_retention(event);
        }
        match &event.fact {
            Fact::Network(fact) => self.observe_network(event, fact),
            Fact::Log(fact) => self.observe_log(event, fact),
            Fact::Replica(fact) => self.observe_replica(event, fact),
            Fact::Client(fact) => self.observe_client(event, fact),
            Fact::Controller(fact) => self.observe_controller(event, fact),
            Fact::Raft(fact) => self.observe_raft(event, fact),
            Fact::Group(fact) => self.observe_group(event, fact),
            Fact::Fault(fact) => self.observe_fault(event, fact),
            Fact::World(fact) => self.observe_world(event, fact),
        }
    }

    /// The table of checks, in the order of [`super::CLAIMS`].
    #[must_use]
    pub fn finish(self) -> Vec<CheckResult> {
        let (promises, ledger, live, names) = (&self.promises, &self.ledger, &self.live, &self.names);
        let [at_least_once, at_most_once] = self.processed.finish(promises);
        vec![
            self.acks_all_durable.finish(promises, ledger, live, names),
            self.any_ack_durable.finish(promises, ledger, live, names),
            self.committed_kept.finish(promises),
            self.log_matching.finish(promises),
            self.strong_isr.finish(promises),
            self.weak_isr.finish(promises),
            self.high_watermark_monotone.finish(promises),
            self.offset_bounds.finish(promises),
            self.replication_quorum_superset.finish(promises),
            self.ack_on_min_isr.finish(promises),
            self.single_leader_per_epoch.finish(promises),
            self.leader_completeness.finish(promises),
            self.epoch_cache.finish(promises),
            self.epochs_monotone.finish(promises),
            self.fenced_not_in_isr.finish(promises),
            self.offset_order.finish(promises),
            self.no_duplicates.finish(promises),
            self.no_foreign_values.finish(promises),
            self.poll_order.finish(promises),
            self.no_poll_skip.finish(promises),
            self.no_stale_commit.finish(promises),
            self.one_owner_per_partition.finish(promises),
            at_least_once,
            at_most_once,
            self.election_safety.finish(promises),
            self.single_vote_per_epoch.finish(promises),
            self.one_voter_change.finish(promises),
            self.metadata_log_matching.finish(promises),
            self.retention_contract.finish(promises),
            self.compaction_contract.finish(promises),
            self.reader_up_to_date.finish(promises),
            self.recovery_prefix.finish(promises),
            self.index_matches_scan.finish(promises),
            self.assertions_hold.finish(promises),
            self.converges.finish(promises),
        ]
    }

    /// Compares every leader of a partition with the controller's ISR and with its own.
    fn judge_isr(&mut self, event: &Event, partition: TopicPartition) {
        let scene = Scene { event, names: &self.names };
        let ledger = self.ledger.partition_mut(partition);
        self.strong_isr.judge(scene, ledger);
        self.weak_isr.judge(scene, ledger, self.strong_isr.holds());
    }

    fn advance_committed(&mut self, event: &Event, partition: TopicPartition, epoch: LeaderEpoch, end: Offset) {
        self.commit(event, partition, (event.process, epoch), end);
    }

    /// By the log of that process, which leads or led in that epoch, all below `end` is committed.
    fn commit(&mut self, event: &Event, partition: TopicPartition, (process, epoch): (ProcessId, LeaderEpoch), end: Offset) {
        let ledger = self.ledger.partition_mut(partition);
        let commit = ledger.advance_committed(process, epoch, end);
        let scene = Scene { event, names: &self.names };
        if let Some(offset) = commit.differs_at {
            self.committed_kept.judge_conflict(scene, ledger, (offset, epoch));
        }
        self.leader_completeness.judge_commit(scene, ledger, epoch, end);
        if commit.to > commit.from && ledger.is_data() {
            self.no_duplicates.commit(scene, ledger, &mut self.sends, &commit);
            self.acks_all_durable.settle(ledger);
            self.any_ack_durable.settle(ledger);
            self.compaction_contract.commit(ledger, &commit);
        }
    }

    fn judge_convergence(&mut self, event: &Event) {
        let sight = Sight {
            ledger: &self.ledger,
            live: &self.live,
            sends: &self.sends,
            groups: &self.groups,
            leads_quorum: self.quorum_time.is_led(),
            names: &self.names,
            now: event.at,
        };
        self.converges.judge(event, sight, &self.promises);
    }
}

/// Whether a process told it by doing something, and is awake.
fn is_of_a_machine(fact: &Fact) -> bool {
    match fact {
        Fact::Log(_) | Fact::Replica(_) | Fact::Client(_) | Fact::Controller(_) | Fact::Raft(_) | Fact::Group(_) => true,
        Fact::Network(_) | Fact::Fault(_) | Fact::World(_) => false,
    }
}
