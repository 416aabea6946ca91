//! Fetch (API 1): how consumers read, followers replicate and brokers follow the metadata log.
//!
//! Kafka differs: no fetch sessions (KIP-227); each request names all its partitions.

use std::sync::Arc;

use bytes::Bytes;

use super::SnapshotId;
use crate::config::IsolationLevel;
use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{BrokerEpoch, BrokerId, DirectoryId, LeaderEpoch, Offset, TopicPartition};
use crate::record::base_offset_of;
use crate::time::Duration;

/// Asks a leader for record batches.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest {
    /// The replica that asks; `None` is a consumer.
    pub replica: Option<ReplicaState>,
    /// How long the leader may wait for `min_bytes`.
    pub max_wait: Duration,
    /// How many bytes are worth an answer.
    pub min_bytes: u32,
    /// How many bytes the answer may hold; the first batch comes whole all the same (KIP-74).
    pub max_bytes: u32,
    /// The rack of the consumer that asks (KIP-392); replicas leave it out.
    pub rack: Option<Arc<String>>,
    /// What a consumer wants to see of transactions.
    pub isolation: IsolationLevel,
    /// What to read, from where.
    pub partitions: Vec<FetchPartition>,
}

/// Which replica fetches (KIP-903).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// Its broker.
    pub broker: BrokerId,
    /// Which registration of that broker; `None` before it has one.
    pub epoch: Option<BrokerEpoch>,
    /// The directory its log lies in, where the quorum tells its voters by it (KIP-853).
    pub directory: Option<DirectoryId>,
}

/// One partition to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The leader epoch the asker knows; the leader fences other ones (KIP-320). `None` checks nothing.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The first offset wanted. From a replica: it holds everything below.
    pub fetch_offset: Offset,
    /// The epoch of the asker's last record, so that the leader can tell where the logs diverge (KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// Where the asking replica's log begins.
    pub log_start_offset: Offset,
    /// How many bytes of this partition the answer may hold.
    pub partition_max_bytes: u32,
}

/// What there was to read.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchResponse {
    /// A refusal of the request as a whole.
    pub error: Option<ErrorCode>,
    /// In the order of the request.
    pub partitions: Vec<FetchedPartition>,
}

/// What there was to read of one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// A refusal.
    pub error: Option<ErrorCode>,
    /// The leader's high watermark when it answered.
    pub high_watermark: Offset,
    /// Where the leader's log begins.
    pub log_start_offset: Offset,
    /// Where the asker's log leaves the leader's, if it does: it must truncate and ask again.
    pub diverging_epoch: Option<DivergingEpoch>,
    /// With a fencing refusal: who leads, if known (KIP-951).
    pub current_leader: Option<LeaderIdAndEpoch>,
    /// The asker is so far behind that it must fetch this snapshot first (KIP-630).
    pub snapshot: Option<SnapshotId>,
    /// The consumer should read from this replica instead (KIP-392).
    pub preferred_read_replica: Option<BrokerId>,
    /// Whole record batches in offset order. The first may begin below the offset asked for.
    pub batches: Vec<Bytes>,
}

/// The largest epoch the leader's log shares with what was asked, and where it ends there (excluded).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DivergingEpoch {
    /// That epoch.
    pub epoch: LeaderEpoch,
    /// Its end offset in the leader's log.
    pub end_offset: Offset,
}

/// A partition's leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderIdAndEpoch {
    /// Who.
    pub leader: BrokerId,
    /// Since which epoch.
    pub epoch: LeaderEpoch,
}

impl FetchedPartition {
    /// The offset that says most: where the logs part, or where the batches begin, or the high watermark.
    fn telling_offset(&self) -> Offset {
        let diverging = self.diverging_epoch.map(|diverging| diverging.end_offset);
        let first = self.batches.first().and_then(|batch| base_offset_of(batch));
        diverging.or(first).unwrap_or(self.high_watermark)
    }

    /// An answer with nothing in it but a refusal.
    #[must_use]
    pub fn refused(partition: TopicPartition, error: ErrorCode, current_leader: Option<LeaderIdAndEpoch>) -> Self {
        Self {
            partition,
            error: Some(error),
            high_watermark: Offset::ZERO,
            log_start_offset: Offset::ZERO,
            diverging_epoch: None,
            current_leader,
            snapshot: None,
            preferred_read_replica: None,
            batches: Vec::new(),
        }
    }
}

impl FetchRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
        facts.offset = self.partitions.first().map(|item| item.fetch_offset);
    }
}

impl FetchResponse {
    /// The trace names the partition that says most: the first that carries batches or a refusal.
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        let telling = |item: &&FetchedPartition| !item.batches.is_empty() || item.error.is_some() || item.diverging_epoch.is_some();
        let told = self.partitions.iter().find(telling).or(self.partitions.first());
        facts.partition = told.map(|item| item.partition);
        facts.batches = u16::try_from(self.partitions.iter().map(|item| item.batches.len()).sum::<usize>()).unwrap_or(u16::MAX);
        facts.error = self.error.or_else(|| self.partitions.iter().find_map(|item| item.error));
        facts.offset = told.map(FetchedPartition::telling_offset);
        facts.diverging = told.and_then(|item| item.diverging_epoch).map(|diverging| diverging.epoch);
    }
}
