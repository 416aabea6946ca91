//! A group's offsets: OffsetCommit (API 8), OffsetFetch (9), OffsetDelete (47). What is stored is the *next* offset to read.

use super::NamedPartition;
use super::group::describes_error;
use crate::error::ErrorCode;
use crate::event::{GroupId, InstanceId, MemberId, MessageFacts};
use crate::ids::{LeaderEpoch, Offset};

/// Asks for offsets to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommitRequest {
    /// For which group.
    pub group: GroupId,
    /// The committer's generation or member epoch; -1 for one that is no member.
    pub epoch: i32,
    /// The committer; empty for one that is no member.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The offsets.
    pub partitions: Vec<OffsetToCommit>,
}

/// One partition's next offset to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetToCommit {
    /// The partition.
    pub partition: NamedPartition,
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record read (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
    /// A note of the application's.
    pub metadata: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommitResponse {
    /// For each partition, in the order of the request.
    pub partitions: Vec<(NamedPartition, Option<ErrorCode>)>,
}

/// Asks for stored offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetFetchRequest {
    /// Of which group.
    pub group: GroupId,
    /// The asker and its member epoch (KIP-848); none in the classic protocol.
    pub member: Option<(MemberId, i32)>,
    /// Of which partitions; all when absent.
    pub partitions: Option<Vec<NamedPartition>>,
    /// Whether an offset that a transaction is about to change is refused (KIP-447).
    pub require_stable: bool,
}

/// The stored offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetFetchResponse {
    /// Why there are none to be told.
    pub error: Option<ErrorCode>,
    /// For each partition asked about, or each that has one.
    pub partitions: Vec<FetchedOffset>,
}

/// One partition's stored offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The partition.
    pub partition: NamedPartition,
    /// Why it is not told.
    pub error: Option<ErrorCode>,
    /// The next offset to read; `None` when nothing is stored.
    pub offset: Option<Offset>,
    /// The epoch stored with it.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The note stored with it.
    pub metadata: String,
}

/// Asks for some stored offsets to be forgotten (KIP-496).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetDeleteRequest {
    /// Of which group.
    pub group: GroupId,
    /// Of which partitions.
    pub partitions: Vec<NamedPartition>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetDeleteResponse {
    /// Why nothing was done.
    pub error: Option<ErrorCode>,
    /// For each partition; GROUP_SUBSCRIBED_TO_TOPIC.
    pub partitions: Vec<(NamedPartition, Option<ErrorCode>)>,
}

describes_error! {
    OffsetCommitRequest: |_| None,
    OffsetCommitResponse: |response| response.partitions.iter().find_map(|(_, error)| *error),
    OffsetFetchRequest: |_| None,
    OffsetFetchResponse: |response| response.error.or_else(|| response.partitions.iter().find_map(|fetched| fetched.error)),
    OffsetDeleteRequest: |_| None,
    OffsetDeleteResponse: |response| response.error.or_else(|| response.partitions.iter().find_map(|(_, error)| *error)),
}
