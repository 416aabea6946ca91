//! How often what happened: a run without an election proves nothing about elections.
//!
//! A count is known by its key in `--json` (`isr_changes`) and by the word that an expectation writes (`isr-changes`).
//! What ends in `us` is a span of simulated time in microseconds; [`super::quorum_time`] measures it.
//!
//! Called by: `Checks` with every event; `explore` adds the counts of many runs up; expectations ask for them by name.

use crate::error::ErrorCode;
use crate::event::{
    CleaningReason, ClientFact, ControllerFact, DiskFault, Event, Fact, GroupFact, LogFact, NetworkFact, RaftFact, ReplicaFact,
    ResignReason, WorldFact,
};
use crate::ids::{Incarnation, Offset};

macro_rules! counts {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// The counts of a run, or of many. Their names are the keys of `counts` in `--json`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts { $($(#[doc = $doc])+ pub $name: u64),* }

        impl Counts {
            /// The words by which expectations know the counts, with `_` for `-`, in a fixed order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Every count with its name, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }

            /// The count of this name, as an expectation (`isr-changes`) or `--json` (`isr_changes`) writes it.
            #[must_use]
            pub fn by_name(&self, name: &str) -> Option<u64> {
                let is_named = |key: &str| key.bytes().map(dashed).eq(name.bytes().map(dashed));
                self.iter().find(|(key, _)| is_named(key)).map(|(_, count)| count)
            }

            /// Adds the counts of another run.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

/// A byte of a count's name as an expectation writes it.
fn dashed(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte }
}

counts! {
    /// Partitions that got a leader.
    elections,
    /// Of these, leaders from outside the ISR.
    unclean_elections,
    /// Logs cut.
    truncations,
    /// ISRs that a leader adopted.
    isr_changes,
    /// Brokers fenced.
    fencings,
    /// Logs read back from disk.
    recoveries,
    /// Processes started again.
    restarts,
    /// Plans made for a group: who is to own what from now on.
    rebalances,
    /// Records given to a producer.
    sends,
    /// Batches sent again.
    retries,
    /// Records acknowledged.
    acked,
    /// Records of which nobody knows whether they are stored.
    unknown,
    /// Records refused.
    failed,
    /// Records given to consumers.
    reads,
    /// Messages sent.
    messages,
    /// Messages that never arrived.
    dropped,
    /// Requests delivered twice.
    duplicated,
    /// Files and disks that lost something.
    disk_losses,
    /// Requests that a server refused.
    refusals,
    /// Controllers that came to lead the metadata quorum.
    quorum_elections,
    /// Of these, those that gave their epoch up by themselves because no majority fetched from them.
    quorum_resignations,
    /// Votes given.
    votes,
    /// Sets of voters written to the metadata log, without the one it began with.
    voter_changes,
    /// Snapshots of the metadata written.
    snapshots_taken,
    /// Snapshots of the metadata put in place of a log.
    snapshots_installed,
    /// Simulated time in which more than one live server took itself for the quorum's leader.
    rival_leader_us,
    /// Simulated time in which no live server led the quorum.
    leaderless_us,
    /// Moves of a partition begun.
    reassignments_started,
    /// Moves of a partition done.
    reassignments_completed,
    /// Moves of a partition called off.
    reassignments_cancelled,
    /// Brokers found to have gone down in disorder.
    unclean_shutdowns,
    /// Processes that ended themselves in order.
    shutdowns,
    /// Processes that died.
    crashes,
    /// Processes that ended themselves because they could not go on.
    halts,
    /// Topics deleted.
    topics_deleted,
    /// Changes of a configuration while the cluster ran.
    config_changes,
    /// Changes of a feature's level.
    feature_changes,
    /// Replicas that went offline.
    offline_replicas,
    /// Logs fenced after a failed append.
    fenced_logs,
    /// Log directories that failed.
    failed_directories,
    /// Advances of a log's start.
    log_starts_moved,
    /// Disk calls that went wrong, of all kinds.
    disk_faults,
    /// Writes that failed.
    disk_write_fails,
    /// Reads that failed.
    disk_read_fails,
    /// Syncs that failed.
    disk_sync_fails,
    /// Syncs that said they were done and were not.
    disk_sync_lies,
    /// Reads that gave too few bytes.
    disk_short_reads,
    /// Reads that gave flipped bits.
    disk_bit_rots,
    /// Writes that went elsewhere.
    disk_misdirected_writes,
    /// Writes for which there was no room.
    disk_full,
    /// Calls that took far too long.
    disk_stalls,
    /// Partitions of `__consumer_offsets` that a coordinator read to take them over.
    coordinator_loads,
    /// Members that left a group or were put out.
    departures,
    /// Commits stored, partition by partition.
    commits,
    /// Commits refused.
    refused_commits,
    /// Commits refused because the committer's generation, epoch or name is not the present one.
    fenced_commits,
    /// Offsets forgotten because they grew old.
    expired_offsets,
    /// Groups that went over to the other protocol.
    protocol_changes,
    /// Records that applications are done with.
    processed,
    /// Segments that retention deleted.
    segments_deleted,
    /// Of these, by age, sooner after they were written than `retention.ms` says, by true time.
    segments_deleted_early,
    /// Of these, by age, later than that by more than the brokers' looks are apart.
    segments_deleted_late,
    /// Cleanings of a log that were finished.
    cleanings,
    /// Cleanings that failed for good.
    failed_cleanings,
    /// Records that cleaners dropped.
    records_cleaned,
    /// Of these, tombstones whose time had come.
    tombstones_cleaned,
    /// Swaps of cleaned segments that a start found half done.
    swaps_recovered,
}

impl Counts {
    /// Counts an event.
    pub fn observe(&mut self, event: &Event) {
        match &event.fact {
            Fact::Network(fact) => self.count_network(fact),
            Fact::Log(fact) => self.count_log(fact),
            Fact::Replica(fact) => self.count_replica(fact),
            Fact::Client(fact) => self.count_client(fact),
            Fact::Controller(fact) => self.count_controller(fact),
            Fact::Raft(fact) => self.count_raft(fact),
            Fact::World(fact) => self.count_world(fact),
            Fact::Group(fact) => self.count_group(fact),
            Fact::Fault(_) => {}
        }
    }

    fn count_group(&mut self, fact: &GroupFact) {
        match fact {
            GroupFact::CoordinatorLoaded { .. } => self.coordinator_loads += 1,
            GroupFact::AssignmentDecided { .. } => self.rebalances += 1,
            GroupFact::MemberLeft { .. } => self.departures += 1,
            GroupFact::OffsetCommitted { .. } => self.commits += 1,
            GroupFact::CommitRefused { code, .. } => {
                self.refused_commits += 1;
                self.fenced_commits += u64::from(is_fencing(*code));
            }
            GroupFact::OffsetExpired { .. } => self.expired_offsets += 1,
            GroupFact::GroupProtocolChanged { .. } => self.protocol_changes += 1,
            GroupFact::CoordinatorLoading { .. }
            | GroupFact::GroupLoaded { .. }
            | GroupFact::CoordinatorUnloaded { .. }
            | GroupFact::GroupStateChanged { .. }
            | GroupFact::MemberJoined { .. }
            | GroupFact::MemberReconciled { .. }
            | GroupFact::OffsetDeleted { .. }
            | GroupFact::GroupDeleted { .. }
            | GroupFact::MemberFenced { .. } => {}
        }
    }

    fn count_network(&mut self, fact: &NetworkFact) {
        match fact {
            NetworkFact::MessageSent { .. } => self.messages += 1,
            NetworkFact::MessageDropped { .. } => self.dropped += 1,
            NetworkFact::MessageDuplicated { .. } => self.duplicated += 1,
            NetworkFact::ConnectionOpened { .. }
            | NetworkFact::ConnectionClosed { .. }
            | NetworkFact::MessageDelivered { .. }
            | NetworkFact::MessageDelayed { .. } => {}
        }
    }

    fn count_log(&mut self, fact: &LogFact) {
        match fact {
            LogFact::LogTruncated { .. } => self.truncations += 1,
            LogFact::LogRecovered { .. } => self.recoveries += 1,
            LogFact::LogStartAdvanced { .. } => self.log_starts_moved += 1,
            LogFact::LogFenced { .. } => self.fenced_logs += 1,
            LogFact::LogDirectoryFailed { .. } => self.failed_directories += 1,
            LogFact::SegmentDeleted { .. } => self.segments_deleted += 1,
            LogFact::CleaningFinished { .. } => self.cleanings += 1,
            LogFact::CleaningFailed { .. } => self.failed_cleanings += 1,
            LogFact::SegmentCleaned { cleaned } => {
                self.records_cleaned += cleaned.dropped.len() as u64;
                let is_tombstone = |(_, why): &&(Offset, CleaningReason)| *why == CleaningReason::Tombstone;
                self.tombstones_cleaned += cleaned.dropped.iter().filter(is_tombstone).count() as u64;
            }
            LogFact::SwapRecovered { .. } => self.swaps_recovered += 1,
            LogFact::RecordsAppended { .. }
            | LogFact::RecordsReplicated { .. }
            | LogFact::LogFlushed { .. }
            | LogFact::SegmentRolled { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::LogRefused { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::LogDeleted { .. }
            | LogFact::LogCreated { .. }
            | LogFact::CleaningStarted { .. }
            | LogFact::CleanerCheckpointed { .. }
            | LogFact::IndexProbed { .. } => {}
        }
    }

    fn count_replica(&mut self, fact: &ReplicaFact) {
        match fact {
            ReplicaFact::IsrAdopted { .. } => self.isr_changes += 1,
            ReplicaFact::RequestRefused { .. } => self.refusals += 1,
            ReplicaFact::ReplicaOffline { .. } => self.offline_replicas += 1,
            ReplicaFact::BecameLeader { .. }
            | ReplicaFact::BecameFollower { .. }
            | ReplicaFact::HighWatermarkAdvanced { .. }
            | ReplicaFact::HighWatermarkLearned { .. }
            | ReplicaFact::FollowerProgressed { .. }
            | ReplicaFact::IsrProposed { .. }
            | ReplicaFact::IsrProposalRefused { .. }
            | ReplicaFact::ProduceCommitted { .. }
            | ReplicaFact::ReplicaResigned { .. }
            | ReplicaFact::ReadReplicaChosen { .. } => {}
        }
    }

    fn count_client(&mut self, fact: &ClientFact) {
        match fact {
            ClientFact::SendInvoked { .. } => self.sends += 1,
            ClientFact::SendRetried { .. } => self.retries += 1,
            ClientFact::SendAcknowledged { .. } => self.acked += 1,
            ClientFact::SendUnknown { .. } => self.unknown += 1,
            ClientFact::SendFailed { .. } | ClientFact::SendRefused { .. } => self.failed += 1,
            ClientFact::PollReturned { poll } => self.reads += poll.records.len() as u64,
            ClientFact::RecordProcessed { .. } => self.processed += 1,
            ClientFact::PositionSet { .. }
            | ClientFact::Subscribed { .. }
            | ClientFact::GroupJoined { .. }
            | ClientFact::GroupLeft { .. }
            | ClientFact::MembershipLost { .. }
            | ClientFact::PartitionsAssigned { .. }
            | ClientFact::PartitionsRevoked { .. }
            | ClientFact::PartitionsLost { .. }
            | ClientFact::PollOverdue { .. }
            | ClientFact::CommitInvoked { .. }
            | ClientFact::CommitAnswered { .. }
            | ClientFact::PartitionsPaused { .. }
            | ClientFact::PartitionsResumed { .. }
            | ClientFact::MetadataRefreshed { .. }
            | ClientFact::AdminAnswered { .. }
            | ClientFact::TruncationDetected { .. }
            | ClientFact::ReadFailed { .. } => {}
        }
    }

    fn count_controller(&mut self, fact: &ControllerFact) {
        match fact {
            ControllerFact::LeaderElected { leader: Some(_), clean, .. } => {
                self.elections += 1;
                self.unclean_elections += u64::from(!clean);
            }
            ControllerFact::BrokerFenced { .. } => self.fencings += 1,
            ControllerFact::RegistrationRefused { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. } => self.refusals += 1,
            ControllerFact::UncleanShutdownFound { .. } => self.unclean_shutdowns += 1,
            ControllerFact::TopicDeleted { .. } => self.topics_deleted += 1,
            ControllerFact::ConfigChanged { .. } => self.config_changes += 1,
            ControllerFact::FeatureChanged { .. } => self.feature_changes += 1,
            ControllerFact::ReassignmentStarted { .. } => self.reassignments_started += 1,
            ControllerFact::ReassignmentCompleted { .. } => self.reassignments_completed += 1,
            ControllerFact::ReassignmentCancelled { .. } => self.reassignments_cancelled += 1,
            ControllerFact::LeaderElected { leader: None, .. }
            | ControllerFact::BrokerRegistered { .. }
            | ControllerFact::BrokerUnfenced { .. }
            | ControllerFact::TopicCreated { .. }
            | ControllerFact::PartitionChanged { .. }
            | ControllerFact::BrokerShuttingDown { .. }
            | ControllerFact::PartitionsAdded { .. }
            | ControllerFact::ProducerIdsAllocated { .. }
            | ControllerFact::ControllerActivated { .. }
            | ControllerFact::ControllerDeactivated { .. } => {}
        }
    }

    fn count_raft(&mut self, fact: &RaftFact) {
        match fact {
            RaftFact::QuorumLeaderElected { .. } => self.quorum_elections += 1,
            RaftFact::QuorumLeaderResigned { why: ResignReason::CheckQuorum, .. } => self.quorum_resignations += 1,
            RaftFact::VoteCast { .. } => self.votes += 1,
            RaftFact::SnapshotTaken { .. } => self.snapshots_taken += 1,
            RaftFact::SnapshotInstalled { .. } => self.snapshots_installed += 1,
            RaftFact::QuorumLeaderResigned { why: ResignReason::Shutdown | ResignReason::Removed, .. }
            | RaftFact::MetadataCommitted { .. }
            | RaftFact::MetadataApplied { .. }
            | RaftFact::QuorumRoleChanged { .. }
            | RaftFact::VoteRefused { .. }
            | RaftFact::VotersChanged { .. }
            | RaftFact::VoterCaughtUp { .. } => {}
        }
    }

    fn count_world(&mut self, fact: &WorldFact) {
        match fact {
            WorldFact::ProcessStarted { incarnation } => self.restarts += u64::from(*incarnation > Incarnation(1)),
            WorldFact::ProcessCrashed { .. } => self.crashes += 1,
            WorldFact::ProcessHalted { .. } => self.halts += 1,
            WorldFact::ProcessStopped { .. } => self.shutdowns += 1,
            WorldFact::DiskLost { .. } | WorldFact::DiskReplaced { .. } => self.disk_losses += 1,
            WorldFact::DiskFaulted { fault, .. } => self.count_disk_fault(*fault),
            WorldFact::RunStarted { .. }
            | WorldFact::RunEnded { .. }
            | WorldFact::ProcessPaused {}
            | WorldFact::ProcessResumed {}
            | WorldFact::ClockSet { .. }
            | WorldFact::ClockJumped { .. }
            | WorldFact::AssertionFailed { .. }
            | WorldFact::DiskCorrupted { .. }
            | WorldFact::ShutdownRequested {} => {}
        }
    }

    fn count_disk_fault(&mut self, fault: DiskFault) {
        self.disk_faults += 1;
        let of_kind = match fault {
            DiskFault::WriteFailed => &mut self.disk_write_fails,
            DiskFault::ReadFailed => &mut self.disk_read_fails,
            DiskFault::SyncFailed => &mut self.disk_sync_fails,
            DiskFault::SyncLied => &mut self.disk_sync_lies,
            DiskFault::ShortRead => &mut self.disk_short_reads,
            DiskFault::BitRot => &mut self.disk_bit_rots,
            DiskFault::MisdirectedWrite => &mut self.disk_misdirected_writes,
            DiskFault::Full => &mut self.disk_full,
            DiskFault::Stalled => &mut self.disk_stalls,
        };
        *of_kind += 1;
    }
}

/// Whether a commit was refused because of who sent it, not because of when or what.
fn is_fencing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::IllegalGeneration
            | ErrorCode::UnknownMemberId
            | ErrorCode::FencedInstanceId
            | ErrorCode::StaleMemberEpoch
            | ErrorCode::FencedMemberEpoch
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_known_by_its_key_and_by_its_word() {
        let counts = Counts { quorum_elections: 3, ..Counts::default() };
        assert_eq!(counts.by_name("quorum-elections"), Some(3));
        assert_eq!(counts.by_name("quorum_elections"), Some(3));
        assert_eq!(counts.by_name("quorum elections"), None);
        assert_eq!(counts.by_name("quorum-election"), None);
    }
}
