//! Whether a log is worth cleaning, and from where to where.
//!
//! It is when more than `min.cleanable.dirty.ratio` of its bytes are dirty, or when its oldest dirty record is older than
//! `max.compaction.lag.ms`. Cleaned is from where the cleaner came last up to the first segment that holds something
//! uncommitted, or something younger than `min.compaction.lag.ms`, or that is active.
//!
//! Invariant: changes nothing.
//!
//! Source: `LogCleanerManager.grabFilthiestCompactedLog`, `cleanableOffsets`, `maxCompactionDelay`, `LogToClean`.
//!
//! Called by: `broker/cleaner`.

use std::cmp::Ordering;

use crate::context::Disk;
use crate::ids::{Offset, TopicPartition};
use crate::log::PartitionLog;
use crate::log::segment::Segment;
use crate::time::{Duration, Timestamp};

/// A log that may be cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub partition: TopicPartition,
    /// From where on it is dirty.
    pub first_dirty: Offset,
    /// Up to where (excluded) it may be cleaned.
    pub end: Offset,
    /// The dirty bytes that may be cleaned.
    pub cleanable_bytes: u64,
    /// Those, and the clean ones before them.
    pub total_bytes: u64,
}

impl Candidate {
    /// Which of two has the larger share of dirty bytes.
    #[must_use]
    pub fn compare_dirt(&self, other: &Self) -> Ordering {
        let cross = |one: &Self, two: &Self| u128::from(one.cleanable_bytes) * u128::from(two.total_bytes);
        cross(self, other).cmp(&cross(other, self))
    }
}

impl PartitionLog {
    /// What is to be cleaned of it, if that is worth it by now.
    pub fn cleaning_candidate(&self, high_watermark: Offset, now: Timestamp, disk: &mut dyn Disk) -> Option<Candidate> {
        if !self.config.cleanup_policy.compact || self.is_fenced() {
            return None;
        }
        let first_dirty = self.first_dirty_now();
        let end = self.first_uncleanable(first_dirty, high_watermark, now, disk);
        let clean_bytes = size_of(self.closed_between(self.start_of_all(), first_dirty));
        let cleanable_bytes = size_of(self.closed_between(first_dirty.min(end), end));
        let total_bytes = clean_bytes + cleanable_bytes;
        let is_dirty = self.config.min_cleanable_dirty_ratio.is_exceeded_by(cleanable_bytes, total_bytes);
        let is_worth_it = cleanable_bytes > 0 && (is_dirty || self.is_overdue(first_dirty, now));
        is_worth_it.then_some(Candidate { partition: self.partition(), first_dirty, end, cleanable_bytes, total_bytes })
    }

    /// Where the cleaner came last, or the log's start: also when the log was cut, or begins later by now.
    fn first_dirty_now(&self) -> Offset {
        let known = self.first_dirty.filter(|first| (self.start..=self.end_offset()).contains(first));
        known.unwrap_or(self.start)
    }

    /// The beginning of the first segment that may not be cleaned.
    fn first_uncleanable(&self, first_dirty: Offset, high_watermark: Offset, now: Timestamp, disk: &mut dyn Disk) -> Offset {
        let lag = self.config.min_compaction_lag;
        let is_young = |segment: &&Segment| segment.age_mark(disk) > now.minus(lag);
        let young = if lag == Duration::ZERO { None } else { self.closed_from(first_dirty).find(is_young).map(Segment::base) };
        let bound = young.unwrap_or(self.active.base()).min(high_watermark).min(self.active.base()).max(first_dirty);
        // The segment that holds the bound is not cleaned, nor is any after it.
        self.closed_from(bound).next().map_or(self.active.base(), Segment::base)
    }

    /// `max.compaction.lag.ms`: whether the oldest dirty segment began longer ago, by its first batch.
    fn is_overdue(&self, first_dirty: Offset, now: Timestamp) -> bool {
        let lag = self.config.max_compaction_lag;
        if lag == Duration::MAX {
            return false;
        }
        let firsts = self.closed_from(first_dirty).filter_map(|segment| segment.batches().first());
        let oldest = firsts.map(|batch| batch.max_timestamp).filter(|first| first.0 > 0).min();
        oldest.is_some_and(|oldest| oldest < now.minus(lag))
    }

    /// The base of its oldest segment, which may lie below its start.
    pub(in crate::log) fn start_of_all(&self) -> Offset {
        self.segments().next().map_or(self.start, Segment::base)
    }

    /// The closed segments from the one on that holds `from`.
    fn closed_from(&self, from: Offset) -> impl Iterator<Item = &Segment> {
        let active = self.active.base();
        self.segments_from(from).take_while(move |segment| segment.base() < active)
    }

    /// The closed segments from the one on that holds `from` to the last that begins before `to`.
    pub(super) fn closed_between(&self, from: Offset, to: Offset) -> impl Iterator<Item = &Segment> {
        self.closed_from(from).take_while(move |segment| segment.base() < to)
    }
}

fn size_of<'a>(segments: impl Iterator<Item = &'a Segment>) -> u64 {
    segments.map(|segment| u64::from(segment.size())).sum()
}
