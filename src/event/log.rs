//! Facts of a replica's log.

use std::sync::Arc;

use bytes::Bytes;

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
use crate::ids::{BrokerId, Digest, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TopicPartition};
use crate::time::Timestamp;

facts! {
    /// What a replica's log does.
    "log" LogFact {
        /// A leader wrote a batch to its own log.
        [200] RecordsAppended { partition: TopicPartition, batch: Arc<BatchFacts> }
        /// A follower wrote a batch it fetched to its own log.
        [201] RecordsReplicated { partition: TopicPartition, from: BrokerId, batch: Arc<BatchFacts> }
        /// A replica cut its log: the offsets from `to` (included) to `from` (excluded) are gone from it.
        [202] LogTruncated { partition: TopicPartition, from: Offset, to: Offset, why: TruncationReason }
        /// All offsets below `to` are on this replica's disk and survive a power failure.
        [203] LogFlushed { partition: TopicPartition, to: Offset }
        /// The log now begins at `new`.
        [204] LogStartAdvanced { partition: TopicPartition, old: Offset, new: Offset }
        /// A new segment begins at `base`.
        [205] SegmentRolled { partition: TopicPartition, base: Offset }
        /// A replica that started again read its log back from disk.
        [206] LogRecovered { recovery: Arc<RecoveryFacts> }
        /// The replica's epoch cache says that this epoch's records begin at `start`.
        [207] EpochStarted { partition: TopicPartition, epoch: LeaderEpoch, start: Offset }
        /// A replica wrote down the high watermarks it knows, for its next start.
        [208] HighWatermarksCheckpointed { partitions: u32 }
        /// A change of its files failed half-way, so this log takes nothing more in this life (KAFKA-10778).
        [209] LogFenced { partition: TopicPartition, end: Offset, why: Arc<String> }
        /// A replica's files can not be trusted: they are left as they are, and it serves nobody.
        [210] LogRefused { partition: TopicPartition, why: Arc<String> }
        /// A log directory failed: the replicas in it are offline.
        [211] LogDirectoryFailed { directory: u8, why: Arc<String> }
        /// A broker wrote down up to where its logs are known to be on disk.
        [212] RecoveryPointsCheckpointed { partitions: u32 }
        /// A broker wrote down where its logs begin.
        [213] LogStartsCheckpointed { partitions: u32 }
        /// The indexes of the segment at `base` were made anew from its batches.
        [214] IndexesRebuilt { partition: TopicPartition, base: Offset }
        /// A replica's log was deleted: the partition is gone, or not this broker's any more.
        [215] LogDeleted { partition: TopicPartition }
        /// A replica looked something up in its own log twice: through a segment's index, and by walking through the segment.
        [216] IndexProbed { probe: Arc<IndexProbe> }
        /// A replica's log begins, empty: nothing of it was on the disk.
        [217] LogCreated { partition: TopicPartition }
        /// Retention found a whole segment due and deleted it.
        [218] SegmentDeleted { segment: Arc<RetentionFacts> }
        /// The cleaner begins with a log: what lies between the two offsets has not been compacted yet.
        [219] CleaningStarted { partition: TopicPartition, first_dirty: Offset, end: Offset }
        /// The cleaner replaced a run of segments by one without the records that newer ones supersede.
        [220] SegmentCleaned { cleaned: Arc<CleanedFacts> }
        /// The cleaner is done with a log: all below `end` is compacted.
        [221] CleaningFinished { partition: TopicPartition, end: Offset, bytes_before: u64, bytes_after: u64 }
        /// The cleaner could not clean a log and leaves it alone from now on.
        [222] CleaningFailed { partition: TopicPartition, why: Arc<String> }
        /// A broker wrote down up to where its logs are compacted.
        [223] CleanerCheckpointed { partitions: u32 }
        /// A start found a swap of cleaned segments half done, and completed or undid it.
        [224] SwapRecovered { partition: TopicPartition, base: Offset, was_completed: bool }
    }
}

/// A batch, as far as checks and views want to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFacts {
    /// Offset of its first record (included).
    pub base: Offset,
    /// Offset of its last record (included).
    pub last: Offset,
    /// Epoch of the leader that wrote it.
    pub leader_epoch: LeaderEpoch,
    /// CRC32C over its body.
    pub crc: u32,
    /// Its bytes on disk.
    pub size: u32,
    /// Its producer, if idempotent.
    pub producer: Option<ProducerFacts>,
    /// Its records in offset order.
    pub records: Vec<RecordFacts>,
}

record_fields!(BatchFacts { base, last, leader_epoch, crc, size, producer, records });

/// The producer fields of a batch (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerFacts {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The sequence of the batch's first record.
    pub base_sequence: Sequence,
}

record_fields!(ProducerFacts { id, epoch, base_sequence });

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFacts {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp as the log keeps it.
    pub timestamp: Timestamp,
    /// Its key, for people.
    pub key: Option<Bytes>,
    /// Whether it has no value: it says that its key is gone.
    pub is_tombstone: bool,
    /// Digest of key and value, for checks.
    pub digest: Digest,
}

record_fields!(RecordFacts { offset, timestamp, key, is_tombstone, digest });

/// What a replica found on its disk when it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryFacts {
    /// Whose log.
    pub partition: TopicPartition,
    /// Its first offset.
    pub start: Offset,
    /// Its log end offset.
    pub end: Offset,
    /// The high watermark it starts with, from its checkpoint.
    pub high_watermark: Offset,
    /// Whether it was shut down in order, so that nothing had to be scanned.
    pub was_clean: bool,
    /// How many bytes of a torn tail were cut off.
    pub torn_bytes: u64,
    /// Its epoch cache: each epoch with its start offset.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
    /// Every batch, as read back.
    pub batches: Vec<Arc<BatchFacts>>,
}

record_fields!(RecoveryFacts { partition, start, end, high_watermark, was_clean, torn_bytes, epochs, batches });

/// One lookup made in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexProbe {
    /// Whose log.
    pub partition: TopicPartition,
    /// The segment, by its first offset.
    pub base: Offset,
    /// The offset looked for.
    pub offset: Offset,
    /// The timestamp looked for instead, where it was one.
    pub timestamp: Option<Timestamp>,
    /// The first offset of the batch that the index led to.
    pub indexed: Option<Offset>,
    /// The first offset of the batch that the walk led to.
    pub scanned: Option<Offset>,
}

record_fields!(IndexProbe { partition, base, offset, timestamp, indexed, scanned });

impl RecoveryFacts {
    /// What is read back where nothing is.
    #[must_use]
    pub fn of_nothing(partition: TopicPartition) -> Self {
        Self {
            partition,
            start: Offset::ZERO,
            end: Offset::ZERO,
            high_watermark: Offset::ZERO,
            was_clean: false,
            torn_bytes: 0,
            epochs: Vec::new(),
            batches: Vec::new(),
        }
    }
}

/// Why retention deletes a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionReason {
    /// Its youngest record is older than `retention.ms`.
    Time,
    /// The log is larger than `retention.bytes` without it.
    Size,
    /// The log starts after its last record.
    BelowLogStart,
}

tagged_words!(RetentionReason { 0 Time, 1 Size, 2 BelowLogStart });

/// A segment that retention deleted, and what it was judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionFacts {
    /// Whose log.
    pub partition: TopicPartition,
    /// Its first offset.
    pub base: Offset,
    /// The offset after its last one.
    pub end: Offset,
    /// Its bytes.
    pub size: u64,
    /// The largest timestamp in it; where there is none, when its file was last written.
    pub largest_timestamp: Timestamp,
    /// What this broker's wall clock showed.
    pub wall: Timestamp,
    /// The bytes of the whole log before.
    pub log_size: u64,
    /// The high watermark.
    pub high_watermark: Offset,
    /// Which rule.
    pub why: RetentionReason,
}

record_fields!(RetentionFacts { partition, base, end, size, largest_timestamp, wall, log_size, high_watermark, why });

/// Why the cleaner drops a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleaningReason {
    /// A newer record has its key.
    Superseded,
    /// A tombstone whose horizon has passed.
    Tombstone,
    /// It has no key, which a compacted log cannot keep.
    Keyless,
}

tagged_words!(CleaningReason { 0 Superseded, 1 Tombstone, 2 Keyless });

/// What the cleaner made of a run of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanedFacts {
    /// Whose log.
    pub partition: TopicPartition,
    /// The first offset of the run.
    pub base: Offset,
    /// The offset after its last one.
    pub end: Offset,
    /// What this broker's wall clock showed.
    pub wall: Timestamp,
    /// How many records stayed.
    pub kept: u32,
    /// What went, in offset order.
    pub dropped: Vec<(Offset, CleaningReason)>,
    /// Batches whose tombstones got a horizon now: the batch's first offset, and when they may go (KIP-534).
    pub horizons: Vec<(Offset, Timestamp)>,
    /// Its bytes before.
    pub bytes_before: u64,
    /// Its bytes after.
    pub bytes_after: u64,
}

record_fields!(CleanedFacts { partition, base, end, wall, kept, dropped, horizons, bytes_before, bytes_after });

/// Why a log was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncationReason {
    /// The leader's log diverges from there (KIP-101, KIP-279, KIP-595).
    DivergingEpoch,
    /// The old rule: a new follower cuts to its own high watermark.
    HighWatermark,
    /// The leader's log begins after this one's end: start anew there.
    BehindLogStart,
}

tagged_words!(TruncationReason { 0 DivergingEpoch, 1 HighWatermark, 2 BehindLogStart });
