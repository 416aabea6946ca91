//! A segment's two sparse indexes: offset to position, timestamp to offset.
//!
//! An entry is added for the first batch after each `index.interval.bytes`, so an index is small; whoever looks something up
//! takes the last entry not beyond it and walks on from there.
//!
//! Invariant: entries rise strictly in what they are looked up by. The file holds the entries in memory, and both can be
//! made anew from the segment's batches.
//!
//! Source: `OffsetIndex`, `TimeIndex`.
//!
//! Called by: segment.
//!
//! Kafka differs: it maps the files into memory and reads those; here the entries are kept beside them.

use crate::ids::Offset;
use crate::time::Timestamp;

/// An entry's size in the file: offset relative to the segment's base (4), position (4).
pub(super) const OFFSET_ENTRY_BYTES: u64 = 8;
/// An entry's size in the file: timestamp (8), offset relative to the segment's base (4).
pub(super) const TIME_ENTRY_BYTES: u64 = 12;

/// "The batch that ends with this offset begins at this position."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetEntry {
    /// The batch's last offset.
    pub offset: Offset,
    /// Where in the file it begins.
    pub position: u32,
    /// The how-manieth batch of the segment it is: where to walk on in memory.
    pub batch: usize,
}

/// "Up to this offset no record is later than this."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeEntry {
    /// The largest timestamp so far.
    pub timestamp: Timestamp,
    /// The last offset of the batch that brought it.
    pub offset: Offset,
}

/// The offset index of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OffsetIndex {
    entries: Vec<OffsetEntry>,
}

impl OffsetIndex {
    /// The last entry whose offset is not beyond `offset`.
    pub(super) fn floor(&self, offset: Offset) -> Option<OffsetEntry> {
        let after = self.entries.partition_point(|entry| entry.offset <= offset);
        self.entries.get(after.checked_sub(1)?).copied()
    }

    /// The position that the last entry names; the segment's beginning when there is none.
    pub(super) fn last_position(&self) -> u64 {
        self.entries.last().map_or(0, |entry| u64::from(entry.position))
    }

    /// Whether another entry would make the file larger than `limit_bytes`.
    pub(super) fn is_full(&self, limit_bytes: u64) -> bool {
        (count(&self.entries) + 1) * OFFSET_ENTRY_BYTES > limit_bytes
    }

    /// Adds an entry and returns its bytes in the file.
    pub(super) fn push(&mut self, base: Offset, entry: OffsetEntry) -> [u8; 8] {
        assert!(self.entries.last().is_none_or(|last| last.offset < entry.offset), "the offsets of an index rise");
        self.entries.push(entry);
        offset_bytes(base, entry)
    }

    /// Drops the entries from `to` on. Returns the file's new length if there were any.
    pub(super) fn cut(&mut self, to: Offset) -> Option<u64> {
        let keep = self.entries.partition_point(|entry| entry.offset < to);
        let is_cut = keep < self.entries.len();
        self.entries.truncate(keep);
        is_cut.then(|| count(&self.entries) * OFFSET_ENTRY_BYTES)
    }

    /// The bytes of its file.
    pub(super) fn size_bytes(&self) -> u64 {
        count(&self.entries) * OFFSET_ENTRY_BYTES
    }

    /// What the file holds.
    pub(super) fn bytes(&self, base: Offset) -> Vec<u8> {
        self.entries.iter().flat_map(|entry| offset_bytes(base, *entry)).collect()
    }
}

/// The time index of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TimeIndex {
    entries: Vec<TimeEntry>,
}

impl TimeIndex {
    /// The last entry whose timestamp is not beyond `timestamp`.
    pub(super) fn floor(&self, timestamp: Timestamp) -> Option<TimeEntry> {
        let after = self.entries.partition_point(|entry| entry.timestamp <= timestamp);
        self.entries.get(after.checked_sub(1)?).copied()
    }

    /// Whether only the entry is left to be added for which a segment keeps room when it is closed.
    pub(super) fn is_full(&self, limit_bytes: u64) -> bool {
        (count(&self.entries) + 2) * TIME_ENTRY_BYTES > limit_bytes
    }

    /// Adds an entry if it is later than the last, and returns its bytes in the file then.
    pub(super) fn push_if_later(&mut self, base: Offset, entry: TimeEntry) -> Option<[u8; 12]> {
        if self.entries.last().is_some_and(|last| last.timestamp >= entry.timestamp) {
            return None;
        }
        self.entries.push(entry);
        Some(time_bytes(base, entry))
    }

    /// Drops the entries that name an offset from `to` on. Returns the file's new length if there were any.
    pub(super) fn cut(&mut self, to: Offset) -> Option<u64> {
        let keep = self.entries.partition_point(|entry| entry.offset < to);
        let is_cut = keep < self.entries.len();
        self.entries.truncate(keep);
        is_cut.then(|| count(&self.entries) * TIME_ENTRY_BYTES)
    }

    /// The bytes of its file.
    pub(super) fn size_bytes(&self) -> u64 {
        count(&self.entries) * TIME_ENTRY_BYTES
    }

    /// What the file holds.
    pub(super) fn bytes(&self, base: Offset) -> Vec<u8> {
        self.entries.iter().flat_map(|entry| time_bytes(base, *entry)).collect()
    }
}

fn offset_bytes(base: Offset, entry: OffsetEntry) -> [u8; 8] {
    let mut bytes = [0; 8];
    let (offset, position) = bytes.split_at_mut(4);
    offset.copy_from_slice(&relative(base, entry.offset).to_be_bytes());
    position.copy_from_slice(&entry.position.to_be_bytes());
    bytes
}

fn time_bytes(base: Offset, entry: TimeEntry) -> [u8; 12] {
    let mut bytes = [0; 12];
    let (timestamp, offset) = bytes.split_at_mut(8);
    timestamp.copy_from_slice(&entry.timestamp.0.to_be_bytes());
    offset.copy_from_slice(&relative(base, entry.offset).to_be_bytes());
    bytes
}

fn relative(base: Offset, offset: Offset) -> u32 {
    u32::try_from(offset.since(base)).expect("a segment is rolled before an offset is too far from its base")
}

fn count<T>(entries: &[T]) -> u64 {
    u64::try_from(entries.len()).expect("what lies in memory can be counted")
}
