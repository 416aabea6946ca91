//! One replica's log of one partition.
//!
//! Invariant: the segments follow one another without a gap, the last is the only one that grows, and `end` is the offset
//! after the last batch. Within a segment offsets may be missing: a cleaner dropped them, here or where they were copied from. What was appended is told by an event before anything else can happen to it.
//!
//! Source: `UnifiedLog`, `LocalLog`.
//!
//! Called by: replica (leader and follower), raft (the metadata log).
//!
//! Reading stands in `reading`, syncing in `flushing`, what becomes of it when its disk fails in `fence`.

use std::sync::Arc;

use bytes::Bytes;

use super::checkpoint;
use super::epochs::EpochCache;
use super::fence::storage_error;
use super::place::LogPlace;
use super::segment::Segment;
use super::validator::{Origin, validate};
use crate::config::{TimestampType, TopicConfig};
use crate::context::{Context, Disk};
use crate::error::{ErrorCode, Fault};
use crate::event::LogFact;
use crate::files::FileName;
use crate::ids::{BrokerId, LeaderEpoch, LogDirectory, Offset, TopicPartition};
use crate::record::{BatchHeader, Stamp, facts_of, stamp, verify};
use crate::time::{Instant, Timestamp};

/// The log. A clone shares every closed segment, and the active one until either of the two appends.
#[derive(Clone, Debug)]
pub struct PartitionLog {
    pub(super) place: LogPlace,
    pub(super) config: TopicConfig,
    /// Its first offset, in its first segment: what lies before it there is nobody's any more.
    pub(super) start: Offset,
    /// The segments that no longer grow, oldest first.
    pub(super) closed: Arc<Vec<Arc<Segment>>>,
    /// The one that does.
    pub(super) active: Arc<Segment>,
    pub(super) epochs: EpochCache,
    /// Kafka's recovery point: what lies below it is known to be durable.
    pub(super) flushed: Offset,
    /// When it was flushed last, on the process's own clock; its opening counts.
    pub(super) flushed_at: Instant,
    /// Whether a file came or went since the folder was last synced.
    pub(super) is_folder_unsynced: bool,
    /// Whether the folder itself is new in its log directory, which may not have been synced since.
    pub(super) is_folder_new: bool,
    /// The write that failed, after which there are no more.
    pub(super) fenced_by: Option<Arc<Fault>>,
    /// Up to where the cleaner came (excluded), if it ever did.
    pub(super) first_dirty: Option<Offset>,
    /// Segments that were set aside, and when their files go.
    pub(super) removed: Vec<(Instant, Offset)>,
    /// How often its end was cut off, or all of it, in this life: what was planned before is void.
    pub(super) cuts: u64,
    /// Whether the folder says that offsets may be missing.
    pub(super) is_sparse: bool,
}

/// Where an append as leader put a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of its first record.
    pub base: Offset,
    /// The offset of its last record (included).
    pub last: Offset,
    /// The timestamp that its records got, under LogAppendTime.
    pub log_append_time: Option<Timestamp>,
}

impl PartitionLog {
    /// A new log that begins at offset 0, with its first file. Errors: as [`Disk::append`].
    pub fn create(place: impl Into<LogPlace>, config: TopicConfig, cx: &mut Context<'_>) -> Result<Self, Fault> {
        let log = Self::begin(place.into(), config, Offset::ZERO, cx)?;
        cx.emit(LogFact::LogCreated { partition: log.partition() });
        Ok(log)
    }

    pub(super) fn begin(place: LogPlace, config: TopicConfig, at: Offset, cx: &mut Context<'_>) -> Result<Self, Fault> {
        let active = Segment::new(place.folder(), at, cx.wall());
        active.create(cx)?;
        Ok(Self {
            place,
            config,
            start: at,
            closed: Arc::default(),
            active: Arc::new(active),
            epochs: EpochCache::default(),
            flushed: at,
            flushed_at: cx.mono(),
            is_folder_unsynced: true,
            is_folder_new: true,
            fenced_by: None,
            first_dirty: None,
            removed: Vec::new(),
            cuts: 0,
            is_sparse: false,
        })
    }

    /// Whose log it is.
    #[must_use]
    pub fn partition(&self) -> TopicPartition {
        self.place.partition
    }

    /// The log directory it lies in.
    #[must_use]
    pub fn directory(&self) -> LogDirectory {
        self.place.directory
    }

    /// Its first offset.
    #[must_use]
    pub fn start_offset(&self) -> Offset {
        self.start
    }

    /// The log end offset: the one that the next record gets.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        self.active.end()
    }

    /// Up to where (excluded) it survives a power failure.
    #[must_use]
    pub fn flushed_offset(&self) -> Offset {
        self.flushed
    }

    /// The newest leader epoch it knows.
    #[must_use]
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest()
    }

    /// Which epoch began where.
    #[must_use]
    pub fn epochs(&self) -> &EpochCache {
        &self.epochs
    }

    /// Where epoch `asked` ends here: see [`EpochCache::end_offset_for`].
    #[must_use]
    pub fn end_offset_for_epoch(&self, asked: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.epochs.end_offset_for(asked, self.end_offset())
    }

    /// The bytes of all its batches.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.segments().map(|segment| u64::from(segment.size())).sum()
    }

    /// How many segments it has.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.closed.len() + 1
    }

    /// The offset from which on the cleaner has not been, if it was here before.
    #[must_use]
    pub fn first_dirty(&self) -> Option<Offset> {
        self.first_dirty
    }

    /// The settings of its topic.
    #[must_use]
    pub fn config(&self) -> &TopicConfig {
        &self.config
    }

    /// Takes new settings, which hold from the next append on.
    pub fn set_config(&mut self, config: TopicConfig) {
        self.config = config;
    }

    /// Appends one batch as the leader of `epoch`: checks it, gives it offsets, epoch and, under LogAppendTime, its time.
    ///
    /// Invariant: on an error from the checks nothing has changed.
    /// Errors: `MESSAGE_TOO_LARGE`, `CORRUPT_MESSAGE`, `INVALID_RECORD`, `INVALID_TIMESTAMP` from the checks;
    /// `KAFKA_STORAGE_ERROR` when the disk fails.
    pub fn append_as_leader(&mut self, batch: &Bytes, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Result<Appended, ErrorCode> {
        assert!(self.latest_epoch().is_none_or(|latest| epoch >= latest), "a leader's epoch is the newest its log knows");
        let partition = self.partition();
        let origin = if partition == TopicPartition::METADATA { Origin::RaftLeader } else { Origin::Client };
        let valid = validate(batch, &self.config, origin, cx.wall())?;
        let base = self.end_offset();
        let (timestamp_type, max_timestamp) = (valid.timestamp_type, valid.max_timestamp);
        let (header, bytes) =
            stamp(&valid.header, batch, Stamp { base_offset: base, leader_epoch: epoch, timestamp_type, max_timestamp });
        let facts = Arc::new(facts_of(&header, &bytes).map_err(|_| ErrorCode::InvalidRecord)?);

        self.write(&header, bytes, LogFact::RecordsAppended { partition, batch: facts }, cx).map_err(storage_error)?;
        self.flush_if_due(cx).map_err(storage_error)?;
        let log_append_time = (timestamp_type == TimestampType::LogAppendTime).then_some(max_timestamp);
        Ok(Appended { base, last: header.last_offset(), log_append_time })
    }

    /// Appends batches that a leader sent, exactly as they are.
    ///
    /// Invariant: the batches before one that is refused are in the log.
    /// Errors: `CORRUPT_MESSAGE` for damaged bytes or a batch without an epoch; `OFFSET_OUT_OF_RANGE` for one that begins before
    /// the log end (a compacted log has gaps, so it may begin after it); `KAFKA_STORAGE_ERROR` when the disk fails.
    pub fn append_as_follower(&mut self, batches: &[Bytes], from: BrokerId, cx: &mut Context<'_>) -> Result<(), ErrorCode> {
        for bytes in batches {
            let header = verify(bytes).map_err(|_| ErrorCode::CorruptMessage)?;
            if header.leader_epoch.is_none() {
                return Err(ErrorCode::CorruptMessage);
            }
            if header.base_offset < self.end_offset() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            let batch = Arc::new(facts_of(&header, bytes).map_err(|_| ErrorCode::CorruptMessage)?);
            if header.base_offset > self.end_offset() {
                self.become_sparse(cx).map_err(storage_error)?;
            }
            let fact = LogFact::RecordsReplicated { partition: self.partition(), from, batch };
            self.write(&header, bytes.clone(), fact, cx).map_err(storage_error)?;
        }
        self.flush_if_due(cx).map_err(storage_error)
    }

    /// The one place where a log grows. A failure fences it.
    fn write(&mut self, header: &BatchHeader, bytes: Bytes, fact: LogFact, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.check_fence()?;
        let written = self.try_write(header, bytes, fact, cx);
        self.fencing(written, cx)
    }

    /// Epoch, segment, bytes, event, indexes.
    fn try_write(&mut self, header: &BatchHeader, bytes: Bytes, fact: LogFact, cx: &mut Context<'_>) -> Result<(), Fault> {
        let epoch = header.leader_epoch.expect("a leader stamps its epoch, and a follower refuses a batch without one");
        assert!(header.base_offset >= self.end_offset(), "offsets in a log rise");
        if self.latest_epoch() != Some(epoch) {
            self.advance_epoch(epoch, header.base_offset, cx)?;
        }
        if self.active.should_roll(header, &self.config, cx.wall()) {
            self.roll(cx)?;
        }
        let entries = Arc::make_mut(&mut self.active).append(header, bytes, self.config.index_interval_bytes, cx)?;
        cx.emit(fact); // before the indexes are written: the batch is there, whatever becomes of them
        self.active.append_entries(entries, cx)
    }

    /// Closes the active segment and begins a new one at the log end.
    pub(super) fn roll(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let base = self.end_offset();
        assert!(base > self.active.base(), "only a segment that holds something is rolled");
        let next = Segment::new(self.place.folder(), base, cx.wall());
        Arc::make_mut(&mut self.active).close(cx)?;
        next.create(cx)?;
        self.is_folder_unsynced = true;
        let closed = std::mem::replace(&mut self.active, Arc::new(next));
        closed.probe_indexes(self.partition(), cx);
        Arc::make_mut(&mut self.closed).push(closed);
        cx.emit(LogFact::SegmentRolled { partition: self.partition(), base });
        Ok(())
    }

    /// A new leader writes down that its epoch begins at its log end, before its first append.
    ///
    /// Source: KAFKA-7415. Errors: as [`Disk`]'s calls.
    pub fn start_epoch(&mut self, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.check_fence()?;
        let started = self.advance_epoch(epoch, self.end_offset(), cx);
        self.fencing(started, cx)
    }

    /// The one place where the epoch cache grows. An epoch begins with its first batch, which may lie behind the log's end: what
    /// was cleaned away between the two may have been of other epochs.
    fn advance_epoch(&mut self, epoch: LeaderEpoch, start: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
        let mut epochs = self.epochs.clone();
        if let Some(newest) = epochs.assign(epoch, start) {
            self.write_epochs(epochs, cx)?;
            cx.emit(LogFact::EpochStarted { partition: self.partition(), epoch: newest.epoch, start: newest.start });
        }
        Ok(())
    }

    /// Writes the epochs down; only then are they the log's.
    pub(super) fn write_epochs(&mut self, epochs: EpochCache, cx: &mut Context<'_>) -> Result<(), Fault> {
        let file = self.place.file(FileName::LeaderEpochCheckpoint);
        checkpoint::write_epochs(file, epochs.entries(), self.place.folder_sync, cx)?;
        self.epochs = epochs;
        Ok(())
    }

    /// Writes down that offsets may be missing, before they are for the first time. A failure fences the log.
    ///
    /// Kafka differs: it expects that of every log.
    pub(super) fn become_sparse(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        if self.is_sparse {
            return Ok(());
        }
        self.check_fence()?;
        let file = self.place.file(FileName::Sparse);
        let written = cx.append(file, Bytes::new()).and_then(|_| cx.sync(file)).and_then(|()| self.place.sync_folder(cx));
        self.fencing(written, cx)?;
        self.is_sparse = true;
        Ok(())
    }

    /// Every segment, oldest first.
    pub(super) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.closed.iter().chain(std::iter::once(&self.active)).map(Arc::as_ref)
    }

    /// The segment that holds `offset`, and those after it.
    pub(super) fn segments_from(&self, offset: Offset) -> impl Iterator<Item = &Segment> {
        let after = self.closed.partition_point(|segment| segment.base() <= offset);
        let is_in_active = self.active.base() <= offset;
        let first = if is_in_active { self.closed.len() } else { after.saturating_sub(1) };
        self.closed.iter().skip(first).chain(std::iter::once(&self.active)).map(Arc::as_ref)
    }
}
