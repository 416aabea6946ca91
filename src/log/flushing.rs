//! Making a log durable: its bytes, the names of its files, and the name of its folder.
//!
//! Invariant: below the flushed offset (Kafka's recovery point) everything survives a power failure, as far as the disk keeps
//! what its syncs promise; it advances only after them.
//!
//! Source: `UnifiedLog.flush`, `LocalLog.flush`; KAFKA-3968 (folders). Called by: replica, raft, broker.
//!
//! A rolled segment is flushed by its owner with [`PartitionLog::flush_closed`], soon after (Kafka: a background thread).

use super::partition_log::PartitionLog;
use crate::context::Context;
use crate::error::Fault;
use crate::event::LogFact;
use crate::ids::Offset;
use crate::time::{Duration, Instant};

impl PartitionLog {
    /// Makes everything in it durable. Errors: as [`Disk::sync`].
    pub fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.flush_to(self.end_offset(), cx)
    }

    /// `flush.ms`: whether something was not flushed for so long.
    #[must_use]
    pub fn is_flush_due(&self, now: Instant) -> bool {
        let interval = self.config.flush_interval;
        interval != Duration::MAX && self.flushed < self.end_offset() && now.since(self.flushed_at) >= interval
    }

    /// Makes the segments that no longer grow durable: what Kafka does in the background after a roll.
    /// Errors: as [`Disk::sync`].
    pub fn flush_closed(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.flush_to(self.active.base(), cx)
    }

    /// Whether [`PartitionLog::flush_closed`] has something to do.
    #[must_use]
    pub fn has_unflushed_closed(&self) -> bool {
        self.flushed < self.active.base()
    }

    /// The one place where `flushed` advances; `to` is the log end or the beginning of a segment.
    fn flush_to(&mut self, to: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
        if to <= self.flushed && !self.is_folder_unsynced {
            return Ok(());
        }
        self.check_fence()?;
        let synced = self.sync_to(to, cx);
        self.fencing(synced, cx)?;
        if to > self.flushed {
            self.flushed = to;
            self.flushed_at = cx.mono();
            cx.emit(LogFact::LogFlushed { partition: self.partition(), to });
        }
        Ok(())
    }

    fn sync_to(&mut self, to: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
        for segment in self.segments_from(self.flushed).filter(|segment| segment.base() < to) {
            segment.sync(segment.base() < self.active.base(), cx)?;
        }
        if self.is_folder_unsynced {
            self.place.sync_folder(cx)?;
            self.is_folder_unsynced = false;
        }
        if self.is_folder_new {
            self.place.sync_directory(cx)?;
            self.is_folder_new = false;
        }
        Ok(())
    }

    /// `flush.messages`: so many records may be unflushed, not more.
    pub(super) fn flush_if_due(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let is_due = self.end_offset().since(self.flushed) >= self.config.flush_messages;
        if is_due { self.flush(cx) } else { Ok(()) }
    }
}
