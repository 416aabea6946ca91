//! One replica's log as retention sees it: its segments, and of each how large and how young it is.
//!
//! Invariant: batches lie in offset order; `bases` are where segments begin, the first of them at or below the first batch. A
//! boundary that is not known makes a segment look younger and larger than it is, so that nothing is called due that is not.
//!
//! Called by: `retention-contract`. An event costs the batches it brings, or takes away.

use std::collections::VecDeque;

use crate::event::{BatchFacts, CleanedFacts, RecoveryFacts};
use crate::ids::Offset;
use crate::time::{Instant, Timestamp};

/// A batch, or what a cleaning left of a run of segments.
#[derive(Clone, Copy, Debug)]
struct Lot {
    base: Offset,
    end: Offset,
    size: u64,
    /// No record in it is younger.
    largest: Timestamp,
    /// Records may be missing from it, so that all of them may be older.
    is_sparse: bool,
    /// When it was written here.
    written: Instant,
}

/// A segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its first offset.
    pub(super) base: Offset,
    /// The offset after its last one.
    pub(super) end: Offset,
    /// Its bytes.
    pub(super) size: u64,
    /// The largest timestamp in it; `None` if no record has one.
    pub(super) largest: Option<Timestamp>,
    /// Whether the record that had it may have been cleaned away.
    pub(super) is_sparse: bool,
    /// When its last batch was written.
    pub(super) written: Instant,
}

/// A log's segments.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    lots: VecDeque<Lot>,
    bases: VecDeque<Offset>,
    size: u64,
}

impl Shelf {
    /// A batch was written.
    pub(super) fn write(&mut self, batch: &BatchFacts, written: Instant) {
        let largest = batch.records.iter().map(|record| record.timestamp).max().unwrap_or(Timestamp::NONE);
        let size = u64::from(batch.size);
        if self.bases.is_empty() {
            self.bases.push_back(batch.base);
        }
        self.size += size;
        let end = batch.last.next();
        let is_sparse = end.since(batch.base) > batch.records.len() as u64;
        self.lots.push_back(Lot { base: batch.base, end, size, largest, is_sparse, written });
    }

    /// A new segment begins.
    pub(super) fn roll(&mut self, base: Offset) {
        self.bases.push_back(base);
    }

    /// The log was cut.
    pub(super) fn cut(&mut self, to: Offset) {
        while let Some(lot) = self.lots.pop_back_if(|lot| lot.end > to) {
            self.size -= lot.size;
        }
        while self.bases.len() > 1 && self.bases.pop_back_if(|base| *base > to).is_some() {}
    }

    /// Segments that lie wholly below `start` are gone, but for the last.
    pub(super) fn begin_at(&mut self, start: Offset) {
        while self.bases.get(1).is_some_and(|next| *next <= start) {
            self.bases.pop_front();
        }
        let first = self.bases.front().copied().unwrap_or(start);
        self.drop_below(first);
    }

    /// A segment was deleted.
    pub(super) fn delete(&mut self, end: Offset) {
        while self.bases.pop_front_if(|base| *base < end).is_some() {}
        self.drop_below(end);
        self.begin_with_first_batch();
    }

    /// The log begins anew, empty.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// A run of segments was replaced by one.
    pub(super) fn clean(&mut self, cleaned: &CleanedFacts) {
        let from = self.lots.partition_point(|lot| lot.base < cleaned.base);
        let to = self.lots.partition_point(|lot| lot.end <= cleaned.end).max(from);
        let nothing = Lot {
            base: cleaned.base,
            end: cleaned.end,
            size: cleaned.bytes_after,
            largest: Timestamp::NONE,
            is_sparse: true,
            written: Instant::ZERO,
        };
        let mut whole = nothing;
        for lot in self.lots.drain(from..to) {
            self.size -= lot.size;
            whole.largest = whole.largest.max(lot.largest);
            whole.written = whole.written.max(lot.written);
        }
        self.size += whole.size;
        self.lots.insert(from, whole);
        self.bases.retain(|base| *base <= cleaned.base || *base >= cleaned.end);
    }

    /// The log was read back.
    pub(super) fn recover(&mut self, recovery: &RecoveryFacts, now: Instant) {
        let old = std::mem::take(self);
        for batch in &recovery.batches {
            let place = old.lots.partition_point(|lot| lot.end <= batch.base);
            let written = old.lots.get(place).map_or(now, |lot| lot.written);
            self.write(batch, written);
        }
        self.bases = old.bases;
        self.begin_with_first_batch();
        self.cut(recovery.end);
        self.begin_at(recovery.start);
    }

    /// The bytes of the whole log.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The first offset of which anything is there.
    pub(super) fn first(&self) -> Option<Offset> {
        self.lots.front().map(|lot| lot.base)
    }

    /// The oldest segment, unless the log is empty.
    pub(super) fn oldest(&self) -> Option<Segment> {
        let end = self.bases.get(1).copied().or_else(|| self.lots.back().map(|lot| lot.end))?;
        self.segment(self.bases.front().copied().or_else(|| self.first())?, end)
    }

    /// What lies between two offsets, if anything.
    pub(super) fn segment(&self, base: Offset, end: Offset) -> Option<Segment> {
        let mut lots = self.lots.iter().skip_while(|lot| lot.end <= base).take_while(|lot| lot.base < end).peekable();
        lots.peek()?;
        let nothing = Segment { base, end, size: 0, largest: None, is_sparse: false, written: Instant::ZERO };
        Some(lots.fold(nothing, |segment, lot| Segment {
            size: segment.size + lot.size,
            largest: segment.largest.max((lot.largest >= Timestamp(0)).then_some(lot.largest)),
            is_sparse: segment.is_sparse || lot.is_sparse,
            written: segment.written.max(lot.written),
            ..segment
        }))
    }

    /// The log may have been forgotten, and with it where its segments begin.
    fn begin_with_first_batch(&mut self) {
        let is_before = |first: &Offset| self.bases.front().is_none_or(|base| first < base);
        if let Some(first) = self.first().filter(is_before) {
            self.bases.push_front(first);
        }
    }

    fn drop_below(&mut self, end: Offset) {
        while let Some(lot) = self.lots.pop_front_if(|lot| lot.end <= end) {
            self.size -= lot.size;
        }
    }
}
