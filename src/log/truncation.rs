//! Cutting a log: its end off where the leader's differs, or all of it when the leader's begins beyond its end.
//!
//! Invariant: files go from the end backwards, so that whatever a crash leaves is a prefix of what was there. A cut is told
//! before it is made: a process that dies in the middle of it leaves more than it told of, and never less.
//!
//! Source: `LocalLog.truncateTo`, `truncateFullyAndStartAt`; KIP-101, KIP-279.
//!
//! Called by: replica, raft: a follower that learned where it differs.
//!
//! Kafka differs: it writes the shortened epoch checkpoint in the background; here it is written in the same turn. It leaves
//! the removal of segments to the file system's journal, which keeps the order; here the folder is synced, since a disk may
//! otherwise bring a removed segment back after a power failure, behind new records.

use std::sync::Arc;

use super::epochs::EpochCache;
use super::partition_log::PartitionLog;
use super::segment::Segment;
use crate::context::Context;
use crate::error::Fault;
use crate::event::{LogFact, TruncationReason};
use crate::ids::Offset;

impl PartitionLog {
    /// Cuts off every batch that reaches `to` or beyond, and forgets the epochs that begin there or beyond: also when the
    /// log ends before, since an epoch may have begun at its end without a record.
    ///
    /// Invariant: the log ends at `to`, or before it if `to` lies within a batch, or at its start if that is beyond.
    /// Errors: as the disk's calls; the log is fenced then.
    pub fn truncate_to(&mut self, to: Offset, why: TruncationReason, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.check_fence()?;
        let done = self.try_truncate(to, why, cx);
        self.fencing(done, cx)
    }

    fn try_truncate(&mut self, to: Offset, why: TruncationReason, cx: &mut Context<'_>) -> Result<(), Fault> {
        let from = self.end_offset();
        if to < from {
            self.cut(from, to.max(self.start_offset()), why, cx)?;
        }
        let mut epochs = self.epochs.clone();
        if epochs.truncate_from_end(to.min(self.end_offset())) { self.write_epochs(epochs, cx) } else { Ok(()) }
    }

    /// The one place where a log loses its end.
    fn cut(&mut self, from: Offset, to: Offset, why: TruncationReason, cx: &mut Context<'_>) -> Result<(), Fault> {
        let end = self.end_if_cut_at(to);
        assert!(end < from, "a cut takes something away");
        cx.emit(LogFact::LogTruncated { partition: self.partition(), from, to: end, why });
        let drops_segments = self.active.base() > to;
        while self.active.base() > to {
            self.active.delete(cx)?;
            let previous = Arc::make_mut(&mut self.closed).pop();
            self.active = previous.expect("the log does not begin beyond the cut, so some segment does not either");
        }
        Arc::make_mut(&mut self.active).truncate_to(to, cx)?;
        if drops_segments {
            self.place.sync_folder(cx)?;
            self.is_folder_unsynced = false;
        }
        assert_eq!(self.end_offset(), end, "the log ends where it was said to end");
        self.flushed = self.flushed.min(end);
        self.note_cut(end);
        self.start = self.start.min(end); // a cut in the batch that holds the start takes all of that batch
        Ok(())
    }

    /// What the cleaner knew of the part that is gone says nothing of what comes in its place.
    fn note_cut(&mut self, end: Offset) {
        self.cuts += 1;
        self.first_dirty = self.first_dirty.map(|first| first.min(end));
    }

    /// Where the log would end after a cut to `to`.
    #[must_use]
    pub fn end_if_cut_at(&self, to: Offset) -> Offset {
        if to >= self.end_offset() {
            return self.end_offset();
        }
        let to = to.max(self.start_offset());
        let holder = self.segments().rev().find(|segment| segment.base() <= to);
        holder.map_or(self.start_offset(), |segment| segment.end_cut_at(to))
    }

    /// Removes the closed segments that lie whole below `start`: what a snapshot holds needs not be kept as records.
    /// Returns whether there were any. Errors: as the disk's calls; the log is fenced then.
    pub fn drop_segments_below(&mut self, start: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        self.check_fence()?;
        let done = self.try_drop_segments_below(start, cx);
        self.fencing(done, cx)
    }

    fn try_drop_segments_below(&mut self, start: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let count = self.closed.iter().take_while(|segment| segment.end() <= start).count();
        if count == 0 {
            return Ok(false);
        }
        for segment in Arc::make_mut(&mut self.closed).drain(..count) {
            segment.delete(cx)?;
        }
        self.place.sync_folder(cx)?;
        self.is_folder_unsynced = false;
        self.flushed = self.flushed.max(self.start_offset());
        Ok(true)
    }

    /// Drops all it holds and begins anew at `offset`, because the leader no longer has what would come next.
    ///
    /// Invariant: the log is empty, with start and end at `offset`.
    /// Errors: as the disk's calls; the log is fenced then.
    pub fn restart_at(&mut self, offset: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.check_fence()?;
        let done = self.try_restart(offset, cx);
        self.fencing(done, cx)
    }

    fn try_restart(&mut self, offset: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
        let (partition, start, end) = (self.partition(), self.start_offset(), self.end_offset());
        if start < end {
            cx.emit(LogFact::LogTruncated { partition, from: end, to: start, why: TruncationReason::BehindLogStart });
        }
        for segment in self.segments().rev() {
            segment.delete(cx)?;
        }
        let fresh = Segment::new(self.place.folder(), offset, cx.wall());
        fresh.create(cx)?;
        self.place.sync_folder(cx)?;
        self.closed = Arc::default();
        self.active = Arc::new(fresh);
        self.start = offset;
        self.flushed = offset;
        self.note_cut(offset);
        self.is_folder_unsynced = false;
        if start != offset {
            cx.emit(LogFact::LogStartAdvanced { partition, old: start, new: offset });
        }
        let had_epochs = self.latest_epoch().is_some();
        if had_epochs { self.write_epochs(EpochCache::default(), cx) } else { Ok(()) }
    }
}
