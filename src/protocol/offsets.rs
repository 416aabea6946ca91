//! ListOffsets (API 2) and OffsetForLeaderEpoch (API 23): where to begin, and where histories part.

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::time::Timestamp;

/// Asks a leader for offsets by time, or for the ends of its log.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsRequest {
    /// What to look up.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// One look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListOffsetsPartition {
    /// Which partition.
    pub partition: TopicPartition,
    /// The leader epoch the asker knows; fenced as in Fetch (KIP-320).
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// What is looked for.
    pub spec: OffsetSpec,
}

/// What ListOffsets looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The log start offset.
    Earliest,
    /// The high watermark: what a consumer calls the end.
    Latest,
    /// The log end offset: what a replica calls the end.
    ///
    /// Kafka differs: there both ask for the timestamp -1, and the request says who asks.
    LogEnd,
    /// The first record whose timestamp is not earlier.
    Timestamp(Timestamp),
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsResponse {
    /// In the order of the request.
    pub partitions: Vec<ListedOffset>,
}

/// What was found for one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// Which.
    pub partition: TopicPartition,
    /// A refusal.
    pub error: Option<ErrorCode>,
    /// The offset; `None` when no record is that young.
    pub offset: Option<Offset>,
    /// The timestamp of the record found by timestamp.
    pub timestamp: Option<Timestamp>,
    /// The epoch of the record (or of the end).
    pub leader_epoch: Option<LeaderEpoch>,
}

/// Asks a leader where epochs end (KIP-101, KIP-279, KIP-320).
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest {
    /// What to look up.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// One look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetForLeaderPartition {
    /// Which partition.
    pub partition: TopicPartition,
    /// The leader epoch the asker knows; fenced as in Fetch.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The epoch asked about.
    pub leader_epoch: LeaderEpoch,
}

/// Where they end.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochResponse {
    /// In the order of the request.
    pub partitions: Vec<EndOffset>,
}

/// Where one epoch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOffset {
    /// Which partition.
    pub partition: TopicPartition,
    /// A refusal.
    pub error: Option<ErrorCode>,
    /// The largest epoch in the leader's log that is not larger than the one asked about.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Its end offset (excluded).
    pub end_offset: Option<Offset>,
}

impl ListOffsetsRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
    }
}

impl ListOffsetsResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
        facts.offset = self.partitions.first().and_then(|item| item.offset);
        facts.error = self.partitions.iter().find_map(|item| item.error);
    }
}

impl OffsetForLeaderEpochRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
    }
}

impl OffsetForLeaderEpochResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
        facts.offset = self.partitions.first().and_then(|item| item.end_offset);
        facts.error = self.partitions.iter().find_map(|item| item.error);
    }
}
