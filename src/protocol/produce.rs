//! Produce (API 0): append record batches. A Produce request carries no leader epoch.

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::event::{Acks, MessageFacts};
use crate::ids::{Offset, TopicPartition};
use crate::time::{Duration, Timestamp};

use super::LeaderIdAndEpoch;

/// Asks a leader to append.
#[derive(Clone, Debug, PartialEq)]
pub struct ProduceRequest {
    /// When to answer. With [`Acks::None`] there is no answer at all.
    pub acks: Acks,
    /// How long the leader may wait for the ISR (`request.timeout.ms`).
    pub timeout: Duration,
    /// At most one batch per partition.
    pub partitions: Vec<ProducePartition>,
}

/// A batch for one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducePartition {
    /// Where to.
    pub partition: TopicPartition,
    /// A record batch v2; its base offset and leader epoch are the leader's to set.
    pub batch: Bytes,
}

/// How it went, per partition.
#[derive(Clone, Debug, PartialEq)]
pub struct ProduceResponse {
    /// In the order of the request.
    pub partitions: Vec<ProducedPartition>,
}

/// How it went for one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The offset of the batch's first record, or the refusal.
    pub result: Result<Offset, ErrorCode>,
    /// With LogAppendTime: the timestamp the leader gave the batch.
    pub log_append_time: Option<Timestamp>,
    /// Where the log begins.
    pub log_start_offset: Offset,
    /// With NOT_LEADER_OR_FOLLOWER: who leads instead, if known (KIP-951).
    pub current_leader: Option<LeaderIdAndEpoch>,
}

impl ProduceRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
        facts.batches = u16::try_from(self.partitions.len()).unwrap_or(u16::MAX);
    }
}

impl ProduceResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
        facts.offset = self.partitions.first().and_then(|item| item.result.ok());
        facts.error = self.partitions.iter().find_map(|item| item.result.err());
    }
}
