//! Facts of the metadata log and its quorum.

use std::sync::Arc;

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
use crate::ids::{LeaderEpoch, Offset, ProcessId, VoterKey};

facts! {
    /// The metadata log and its quorum.
    "raft" RaftFact {
        /// This controller leads the metadata quorum from here on.
        [450] QuorumLeaderElected { epoch: LeaderEpoch }
        /// The metadata below `end` is on a majority's disks: it counts.
        [452] MetadataCommitted { end: Offset, epoch: LeaderEpoch }
        /// This broker's image now reflects the metadata below `end`.
        [453] MetadataApplied { end: Offset }
        /// This controller plays this role in the quorum from here on.
        [454] QuorumRoleChanged { role: QuorumRole, epoch: LeaderEpoch, leader: Option<ProcessId> }
        /// A voter gave its vote for that epoch to this candidate, and has it on disk.
        [455] VoteCast { epoch: LeaderEpoch, candidate: VoterKey }
        /// A server refused its vote (or its word, before a vote) to this candidate.
        [456] VoteRefused { epoch: LeaderEpoch, candidate: ProcessId, pre_vote: bool }
        /// The quorum's leader gave up its epoch, and why.
        [457] QuorumLeaderResigned { epoch: LeaderEpoch, why: ResignReason }
        /// This server's copy of the metadata log names these voters; they count for it from here on.
        [458] VotersChanged { voters: Arc<VoterSetFacts> }
        /// This server wrote the metadata below `end` down as a snapshot.
        [459] SnapshotTaken { end: Offset, epoch: LeaderEpoch, bytes: u64 }
        /// This server put a snapshot fetched from another in place of its copy of the log, which begins at `end` now.
        [460] SnapshotInstalled { end: Offset, epoch: LeaderEpoch, from: ProcessId }
        /// This controller, which observed the log, has caught up far enough to be proposed as a voter.
        [461] VoterCaughtUp { voter: VoterKey }
    }
}

/// A server's role in the metadata quorum (KIP-595, KIP-996).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuorumRole {
    /// It knows no leader, and waits.
    Unattached,
    /// It asks whether it would win an election, without raising the epoch.
    Prospective,
    /// It stands for election.
    Candidate,
    /// It leads.
    Leader,
    /// It follows the leader.
    Follower,
    /// It led, and has given up its epoch.
    Resigned,
}

tagged_words!(QuorumRole { 0 Unattached, 1 Prospective, 2 Candidate, 3 Leader, 4 Follower, 5 Resigned });

/// Why a quorum leader gave up its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResignReason {
    /// No majority fetched from it for too long (KAFKA-15489).
    CheckQuorum,
    /// It shuts down in order.
    Shutdown,
    /// It was removed from the voters (KIP-853).
    Removed,
}

tagged_words!(ResignReason { 0 CheckQuorum, 1 Shutdown, 2 Removed });

/// The voters as one record of the metadata log names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterSetFacts {
    /// The offset of that record; 0 for those known from the start.
    pub offset: Offset,
    /// The epoch it was written in.
    pub epoch: LeaderEpoch,
    /// The voters, in ascending order.
    pub voters: Vec<VoterKey>,
}

record_fields!(VoterSetFacts { offset, epoch, voters });
