//! The quorum's own requests: Vote (API 52), BeginQuorumEpoch (53), EndQuorumEpoch (54), DescribeQuorum (55), FetchSnapshot
//! (59), and those that change the voters (80 to 82). Source: KIP-595, KIP-630, KIP-642, KIP-853, KIP-996.

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{LeaderEpoch, Offset, ProcessId, VoterKey};

/// A candidate asks for a vote, or (before it stands) whether it would get one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteRequest {
    /// The epoch it stands for; before the vote, the one it is in.
    pub epoch: LeaderEpoch,
    /// Who asks.
    pub candidate: VoterKey,
    /// Who is asked.
    pub voter: VoterKey,
    /// The epoch of the candidate's last record.
    pub last_epoch: Option<LeaderEpoch>,
    /// The candidate's log end offset.
    pub last_offset: Offset,
    /// It only asks; nobody's epoch is raised (KIP-996).
    pub pre_vote: bool,
}

/// What a voter says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteResponse {
    /// A refusal of the request: FENCED_LEADER_EPOCH, INVALID_VOTER_KEY, INCONSISTENT_VOTER_SET.
    pub error: Option<ErrorCode>,
    /// The epoch it is in.
    pub epoch: LeaderEpoch,
    /// Who leads that, if it knows.
    pub leader: Option<ProcessId>,
    /// The vote is given.
    pub granted: bool,
}

/// A new leader tells a voter that it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginQuorumEpochRequest {
    /// Who.
    pub leader: ProcessId,
    /// Since which epoch.
    pub epoch: LeaderEpoch,
    /// Who is told.
    pub voter: VoterKey,
}

/// A leader tells a voter that it resigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndQuorumEpochRequest {
    /// Who.
    pub leader: ProcessId,
    /// From which epoch.
    pub epoch: LeaderEpoch,
    /// Who should stand first: the voters, the one furthest in the log first.
    pub preferred_successors: Vec<ProcessId>,
}

/// How the told one sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumEpochResponse {
    /// A refusal.
    pub error: Option<ErrorCode>,
    /// The epoch it is in.
    pub epoch: LeaderEpoch,
    /// Who leads that, if it knows.
    pub leader: Option<ProcessId>,
}

/// The answer to BeginQuorumEpoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginQuorumEpochResponse(pub QuorumEpochResponse);

/// The answer to EndQuorumEpoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndQuorumEpochResponse(pub QuorumEpochResponse);

/// Names a snapshot: what it covers, and the epoch of the last record in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId {
    /// The first offset not in it.
    pub end: Offset,
    /// The epoch of the last offset in it.
    pub epoch: LeaderEpoch,
}

/// Asks for a piece of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchSnapshotRequest {
    /// Which.
    pub snapshot: SnapshotId,
    /// From which byte on.
    pub position: u64,
    /// How many bytes at most.
    pub max_bytes: u32,
    /// The leader epoch the asker knows; fenced as in Fetch.
    pub current_leader_epoch: LeaderEpoch,
}

/// A piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSnapshotResponse {
    /// A refusal: SNAPSHOT_NOT_FOUND, POSITION_OUT_OF_RANGE, NOT_LEADER_OR_FOLLOWER, or of the epoch.
    pub error: Option<ErrorCode>,
    /// The epoch the answerer is in.
    pub epoch: LeaderEpoch,
    /// Who leads that, if it knows.
    pub leader: Option<ProcessId>,
    /// Which.
    pub snapshot: SnapshotId,
    /// How many bytes it has in all.
    pub size: u64,
    /// From which byte on these are.
    pub position: u64,
    /// The piece.
    pub bytes: Bytes,
}

/// Asks for the state of the quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescribeQuorumRequest {}

/// How far one server is in the metadata log, as its leader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumReplica {
    /// Who.
    pub replica: VoterKey,
    /// Its log end offset.
    pub end: Offset,
    /// It votes.
    pub is_voter: bool,
}

/// The state of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeQuorumResponse {
    /// A refusal.
    pub error: Option<ErrorCode>,
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Who leads it, if that is known.
    pub leader: Option<ProcessId>,
    /// Up to where the log is committed.
    pub high_watermark: Offset,
    /// Voters and observers.
    pub replicas: Vec<QuorumReplica>,
}

/// Asks the leader to add a voter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddRaftVoterRequest {
    /// Whom. Without a directory, the one under which it fetches.
    pub voter: VoterKey,
}

/// Asks the leader to remove a voter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoveRaftVoterRequest {
    /// Whom. Without a directory, whatever its directory is.
    pub voter: VoterKey,
}

/// A voter tells the leader of its own new life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateRaftVoterRequest {
    /// Who.
    pub voter: VoterKey,
    /// The epoch it knows.
    pub current_leader_epoch: LeaderEpoch,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoterChangeResponse {
    /// A refusal: DUPLICATE_VOTER, VOTER_NOT_FOUND, REQUEST_TIMED_OUT, UNSUPPORTED_VERSION, NOT_LEADER_OR_FOLLOWER.
    pub error: Option<ErrorCode>,
}

/// The answer to AddRaftVoter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddRaftVoterResponse(pub VoterChangeResponse);

/// The answer to RemoveRaftVoter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoveRaftVoterResponse(pub VoterChangeResponse);

/// The answer to UpdateRaftVoter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateRaftVoterResponse(pub VoterChangeResponse);

macro_rules! describe_nothing {
    ($($request:ident),*) => {
        $(impl $request {
            #[allow(clippy::unused_self, reason = "every payload describes itself; this one has nothing to say")]
            pub(super) fn describe(&self, _facts: &mut MessageFacts) {}
        })*
    };
}

describe_nothing!(
    BeginQuorumEpochRequest,
    EndQuorumEpochRequest,
    DescribeQuorumRequest,
    AddRaftVoterRequest,
    RemoveRaftVoterRequest,
    UpdateRaftVoterRequest
);

macro_rules! describe_error {
    ($($response:ident),*) => {
        $(impl $response {
            pub(super) fn describe(&self, facts: &mut MessageFacts) {
                facts.error = self.0.error;
            }
        })*
    };
}

describe_error!(
    BeginQuorumEpochResponse,
    EndQuorumEpochResponse,
    AddRaftVoterResponse,
    RemoveRaftVoterResponse,
    UpdateRaftVoterResponse
);

impl VoteRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.offset = Some(self.last_offset);
    }
}

impl VoteResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.error;
    }
}

impl FetchSnapshotRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.offset = Some(self.snapshot.end);
    }
}

impl FetchSnapshotResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.offset = Some(self.snapshot.end);
        facts.error = self.error;
    }
}

impl DescribeQuorumResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.offset = Some(self.high_watermark);
        facts.error = self.error;
    }
}
