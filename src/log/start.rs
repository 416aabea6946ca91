//! The beginning of a log: moving it forward, and the end of the whole log.
//!
//! Invariant: the log start only grows, and never beyond the log's end; a segment that lies wholly below it goes, the active
//! one never.
//!
//! Source: `UnifiedLog.maybeIncrementLogStartOffset`, `deleteOldSegments`, `LogManager.asyncDelete`.
//!
//! Called by: replica: DeleteRecords, a leader's log start learned by a follower, a partition that is not here any more.
//!
//! Kafka differs: segments below the log start and the files of a deleted log are renamed first and removed after
//! `file.delete.delay.ms`; here they go at once, since nobody reads them any more.

use std::sync::Arc;

use super::partition_log::PartitionLog;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::LogFact;
use crate::files::FilePath;
use crate::ids::Offset;

impl PartitionLog {
    /// Moves the beginning of the log to `to`, unless it lies there or beyond already, and drops the segments before it.
    /// Returns whether it moved.
    ///
    /// Errors: as [`Disk::delete`].
    pub fn advance_start(&mut self, to: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let old = self.start_offset();
        if to <= old {
            return Ok(false);
        }
        assert!(to <= self.end_offset(), "a log begins before its end, or there");
        self.start = to;
        cx.emit(LogFact::LogStartAdvanced { partition: self.partition, old, new: to });
        let mut epochs = self.epochs.clone();
        if epochs.truncate_from_start(to) {
            self.write_epochs(epochs, cx)?;
        }
        self.drop_segments_below_start(cx)?;
        Ok(true)
    }

    fn drop_segments_below_start(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let gone = self.closed.iter().take_while(|segment| segment.end() <= self.start).count();
        if gone == 0 {
            return Ok(());
        }
        let dropped: Vec<_> = Arc::make_mut(&mut self.closed).drain(..gone).collect();
        for segment in dropped {
            segment.delete(cx)?;
        }
        cx.sync_folder(self.folder())?;
        self.is_folder_unsynced = false;
        Ok(())
    }

    /// Removes the log from the disk.
    ///
    /// Errors: as [`Disk::delete`].
    pub fn delete(self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let folder = self.folder();
        for name in cx.list(folder) {
            cx.delete(FilePath { folder, name })?;
        }
        cx.sync_folder(folder)?;
        cx.emit(LogFact::LogDeleted { partition: self.partition });
        Ok(())
    }
}
