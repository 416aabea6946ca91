//! Which event counts as what.
//!
//! Called by: `Checks`, with every event.

use super::counts::Counts;
use crate::error::ErrorCode;
use crate::event::{
    CleaningReason, ClientFact, ControllerFact, DiskFault, Event, Fact, GroupFact, LogFact, NetworkFact, RaftFact, ReplicaFact,
    ResignReason, WorldFact,
};
use crate::ids::{Incarnation, Offset};

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
            | ClientFact::RecordGivenUp { .. }
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
