//! One segment of a log: a file of batches, where each of them begins, and two sparse indexes.
//!
//! Invariant: `batches` lie in the file one after the other from position 0 to `size`, their offsets rise, and none is
//! below `base`. Offsets between them may be missing: a cleaner dropped them here or where they were copied from. Nothing of
//! their payload is kept here.
//!
//! Source: `LogSegment`, `RollParams`.
//!
//! Called by: the log. Only the last segment of a log is appended to; the others stand still and are shared by clones.
//!
//! Kafka differs: it walks on from an index entry by reading batch headers from the page cache; here the place of every
//! batch stays in memory (32 bytes each), so that a walk touches no disk and a read asks it for whole batches only.

mod files;

use bytes::Bytes;

use super::index::{OffsetEntry, OffsetIndex, TimeEntry, TimeIndex};
use crate::config::TopicConfig;
use crate::context::Disk;
use crate::error::Fault;
use crate::files::Folder;
use crate::ids::{LeaderEpoch, Offset, ProducerId};
use crate::record::BatchHeader;
use crate::time::{Duration, Timestamp};
pub(super) use files::complete_swap;

/// Where a batch lies, and what finding records in it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchPlace {
    /// Offset of its first record.
    pub base: Offset,
    /// Its last offset less its base.
    pub last_delta: u32,
    /// Where in the file it begins. Index entries have 32 bits for this, so a segment ends before.
    pub position: u32,
    /// Its bytes.
    pub size: u32,
    /// The epoch of the leader that appended it.
    pub epoch: LeaderEpoch,
    /// Its largest timestamp.
    pub max_timestamp: Timestamp,
}

impl BatchPlace {
    /// Offset of its last record (included).
    pub(super) fn last(&self) -> Offset {
        self.base.plus(u64::from(self.last_delta))
    }
}

/// An entry for the offset index and one for the time index, as they lie on disk.
pub(super) type IndexEntries = (Option<[u8; 8]>, Option<[u8; 12]>);

/// Whether a segment's files bear the names of one in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Live,
    Cleaned,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    folder: Folder,
    stage: Stage,
    base: Offset,
    /// When it was made, or read back.
    created: Timestamp,
    size: u32,
    batches: Vec<BatchPlace>,
    /// The last offsets of the batches that have a producer, in order.
    produced: Vec<(ProducerId, Offset)>,
    offset_index: OffsetIndex,
    time_index: TimeIndex,
    /// The largest timestamp so far, and the last offset of the batch that brought it.
    largest: Option<TimeEntry>,
}

impl Segment {
    /// A segment without batches, of which nothing is on the disk yet.
    pub(super) fn new(folder: Folder, base: Offset, now: Timestamp) -> Self {
        Self::at_stage(Stage::Live, folder, base, now)
    }

    /// One that the cleaner is to write.
    pub(super) fn cleaned(folder: Folder, base: Offset, now: Timestamp) -> Self {
        Self::at_stage(Stage::Cleaned, folder, base, now)
    }

    fn at_stage(stage: Stage, folder: Folder, base: Offset, created: Timestamp) -> Self {
        Self {
            folder,
            stage,
            base,
            created,
            size: 0,
            batches: Vec::new(),
            produced: Vec::new(),
            offset_index: OffsetIndex::default(),
            time_index: TimeIndex::default(),
            largest: None,
        }
    }

    /// Makes its file. Errors: as [`Disk::append`].
    pub(super) fn create(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        disk.append(self.file(), Bytes::new()).map(|_| ())
    }

    /// The offset it is named by; its first batch begins there or later.
    pub(super) fn base(&self) -> Offset {
        self.base
    }

    /// Its bytes.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// The offset after its last record; its base when it is empty.
    pub(super) fn end(&self) -> Offset {
        self.batches.last().map_or(self.base, |batch| batch.last().next())
    }

    /// The largest timestamp in it.
    pub(super) fn largest_timestamp(&self) -> Option<Timestamp> {
        self.largest.map(|entry| entry.timestamp)
    }

    /// The largest timestamp in it; when no record has one, when its file was last written to.
    pub(super) fn age_mark(&self, disk: &mut dyn Disk) -> Timestamp {
        let of_records = self.largest_timestamp().filter(|largest| largest.0 >= 0);
        of_records.unwrap_or_else(|| self.modified(disk))
    }

    /// When its file was last written to.
    pub(super) fn modified(&self, disk: &mut dyn Disk) -> Timestamp {
        disk.modified(self.file()).unwrap_or(self.created)
    }

    /// The bytes of its two indexes.
    pub(super) fn index_bytes(&self) -> (u64, u64) {
        (self.offset_index.size_bytes(), self.time_index.size_bytes())
    }

    /// The last offsets of its batches that have a producer, in order.
    pub(super) fn produced(&self) -> &[(ProducerId, Offset)] {
        &self.produced
    }

    /// The places of all its batches.
    pub(super) fn batches(&self) -> &[BatchPlace] {
        &self.batches
    }

    /// The places of its batches from the one on that holds `offset`, or the first after it.
    pub(super) fn batches_from(&self, offset: Offset) -> &[BatchPlace] {
        let start = self.offset_index.floor(offset).map_or(0, |entry| entry.batch);
        let from_entry = self.batches.get(start..).unwrap_or_default();
        let before = from_entry.iter().take_while(|batch| batch.last() < offset).count();
        from_entry.get(before..).unwrap_or_default()
    }

    /// The places of the batches from which on the first record not earlier than `timestamp` is to be looked for.
    pub(super) fn batches_since(&self, timestamp: Timestamp) -> &[BatchPlace] {
        match self.time_index.floor(timestamp) {
            Some(entry) => self.batches_from(entry.offset),
            None => &self.batches,
        }
    }

    /// Reads one batch, whole. Errors: as [`Disk::read`].
    pub(super) fn read(&self, batch: &BatchPlace, disk: &mut dyn Disk) -> Result<Bytes, Fault> {
        disk.read(self.file(), u64::from(batch.position), u64::from(batch.size))
    }

    /// Whether a batch should begin a new segment rather than be added to this one: this one would grow beyond
    /// `segment.bytes`, its first batch is `segment.ms` older, or an index is full. Where the first batch has no timestamp, the
    /// segment's own age by the wall clock counts. A compacted log rolls no later than `max.compaction.lag.ms`, since its cleaner
    /// leaves the active segment alone (KIP-354).
    ///
    /// Kafka differs: a batch larger than a whole segment gets one of its own; there it is refused, but no segment may be
    /// set below 1 MB.
    pub(super) fn should_roll(&self, next: &BatchHeader, config: &TopicConfig, now: Timestamp) -> bool {
        let Some(first) = self.batches.first() else { return false };
        let size_then = u64::from(self.size) + u64::from(next.size);
        let age_ms = match first.max_timestamp.0 {
            0.. => next.max_timestamp.0.saturating_sub(first.max_timestamp.0),
            _ => now.0.saturating_sub(self.created.0),
        };
        let limit = if config.cleanup_policy.compact && config.max_compaction_lag > Duration::ZERO {
            config.segment_ms.min(config.max_compaction_lag)
        } else {
            config.segment_ms
        };
        let is_too_old = limit != Duration::MAX && u64::try_from(age_ms).unwrap_or(0) > limit.as_millis();
        size_then > config.segment_bytes.min(u64::from(i32::MAX.cast_unsigned()))
            || is_too_old
            || self.offset_index.is_full(config.segment_index_bytes)
            || self.time_index.is_full(config.segment_index_bytes)
            || next.last_offset().since(self.base) > u64::from(i32::MAX.cast_unsigned())
    }

    /// Appends a batch to the file. Returns the index entries that it brings (see [`Segment::append_entries`]).
    ///
    /// Errors: as [`Disk::append`]; then nothing has changed.
    pub(super) fn append(
        &mut self,
        header: &BatchHeader,
        batch: Bytes,
        interval_bytes: u64,
        disk: &mut dyn Disk,
    ) -> Result<IndexEntries, Fault> {
        assert_eq!(u64::try_from(batch.len()).ok(), Some(u64::from(header.size)), "a batch is appended whole");
        disk.append(self.file(), batch)?;
        Ok(self.add(header, interval_bytes))
    }

    /// Appends entries to the index files. Errors: as [`Disk::append`]; recovery makes the missing ones anew.
    pub(super) fn append_entries(&self, (offset_bytes, time_bytes): IndexEntries, disk: &mut dyn Disk) -> Result<(), Fault> {
        if let Some(bytes) = offset_bytes {
            disk.append(self.offset_index_file(), Bytes::copy_from_slice(&bytes))?;
        }
        if let Some(bytes) = time_bytes {
            disk.append(self.time_index_file(), Bytes::copy_from_slice(&bytes))?;
        }
        Ok(())
    }

    /// Notes a batch that lies at the end of the file. Returns the index entries that it brings, if the last one is
    /// `index.interval.bytes` behind.
    pub(super) fn add(&mut self, header: &BatchHeader, interval_bytes: u64) -> IndexEntries {
        assert!(header.base_offset >= self.end(), "offsets in a segment rise");
        let (position, batch, last) = (self.size, self.batches.len(), header.last_offset());
        let (last_delta, max_timestamp) = (header.last_offset_delta, header.max_timestamp);
        let (base, epoch) = (header.base_offset, header.leader_epoch.unwrap_or_default());
        self.batches.push(BatchPlace { base, last_delta, position, size: header.size, epoch, max_timestamp });
        self.produced.extend(header.producer_id.map(|producer| (producer, last)));
        self.size = position.checked_add(header.size).expect("a segment is rolled before its positions have 32 bits");
        self.note_timestamp(TimeEntry { timestamp: max_timestamp, offset: last });
        if u64::from(position).saturating_sub(self.offset_index.last_position()) <= interval_bytes {
            return (None, None);
        }
        let offset_bytes = self.offset_index.push(self.base, OffsetEntry { offset: last, position, batch });
        (Some(offset_bytes), self.index_largest())
    }

    fn note_timestamp(&mut self, entry: TimeEntry) {
        if self.largest.is_none_or(|largest| largest.timestamp < entry.timestamp) {
            self.largest = Some(entry);
        }
    }

    fn index_largest(&mut self) -> Option<[u8; 12]> {
        let largest = self.largest?;
        self.time_index.push_if_later(self.base, largest)
    }

    /// Closes it: its time index ends with its largest timestamp. Errors: as [`Disk::append`].
    pub(super) fn close(&mut self, disk: &mut dyn Disk) -> Result<(), Fault> {
        match self.index_largest() {
            Some(bytes) => disk.append(self.time_index_file(), Bytes::copy_from_slice(&bytes)).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Notes that it was closed before the process started.
    pub(super) fn note_closed(&mut self) {
        self.index_largest();
    }

    /// Where the log ends once every batch that reaches `to` or beyond is cut off.
    pub(super) fn end_cut_at(&self, to: Offset) -> Offset {
        let keep = self.batches.partition_point(|batch| batch.last() < to);
        let last_kept = keep.checked_sub(1).and_then(|place| self.batches.get(place));
        last_kept.map_or(self.base, |batch| batch.last().next())
    }

    /// Cuts off every batch that reaches `to` or beyond, from file and indexes. Errors: as [`Disk::truncate`].
    pub(super) fn truncate_to(&mut self, to: Offset, disk: &mut dyn Disk) -> Result<(), Fault> {
        let keep = self.batches.partition_point(|batch| batch.last() < to);
        let Some(cut) = self.batches.get(keep).copied() else { return Ok(()) };
        disk.truncate(self.file(), u64::from(cut.position))?;
        self.batches.truncate(keep);
        let end = self.end();
        self.produced.truncate(self.produced.partition_point(|(_, last)| *last < end));
        self.size = cut.position;
        self.largest = None;
        for place in 0..keep {
            let batch = self.batches.get(place).copied().expect("as many were kept");
            self.note_timestamp(TimeEntry { timestamp: batch.max_timestamp, offset: batch.last() });
        }
        if let Some(length) = self.offset_index.cut(to) {
            disk.truncate(self.offset_index_file(), length)?;
        }
        if let Some(length) = self.time_index.cut(to) {
            disk.truncate(self.time_index_file(), length)?;
        }
        Ok(())
    }

    /// Makes its bytes durable and, once it is closed, those of its indexes. Errors: as [`Disk::sync`].
    ///
    /// Kafka differs: it syncs the indexes at every flush, which costs little where they are mapped memory. Recovery makes
    /// them anew, so nothing depends on it.
    pub(super) fn sync(&self, is_closed: bool, disk: &mut dyn Disk) -> Result<(), Fault> {
        disk.sync(self.file())?;
        for index in [self.offset_index_file(), self.time_index_file()] {
            if is_closed && disk.len(index).is_some() {
                disk.sync(index)?;
            }
        }
        Ok(())
    }

    /// Appends batches as one piece, which were noted by [`Segment::add`]. Errors: as [`Disk::append`].
    pub(super) fn write_noted(&self, batches: Bytes, disk: &mut dyn Disk) -> Result<(), Fault> {
        disk.append(self.file(), batches).map(|_| ())
    }
}
