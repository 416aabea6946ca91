//! The beginning of a log: moving it forward, and the end of the whole log.
//!
//! Invariant: the log start only grows, and never beyond the log's end. What lies below it is nobody's any more; its segments go
//! when retention looks next. A log is deleted as one: whenever the power fails, all of it is there or none.
//!
//! Source: `UnifiedLog.maybeIncrementLogStartOffset`, `deleteOldSegments`, `LogManager.asyncDelete`.
//!
//! Called by: replica: DeleteRecords, a leader's log start learned by a follower, a partition that is not here any more; raft.
//!
//! Kafka differs: the files of a deleted log are removed after `file.delete.delay.ms`; here they go at once.

use super::partition_log::PartitionLog;
use super::place::LogPlace;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::LogFact;
use crate::files::Folder;
use crate::ids::Offset;

impl PartitionLog {
    /// Moves the beginning of the log to `to`, unless it lies there or beyond already. Returns whether it moved.
    ///
    /// Errors: as [`Disk`]'s calls; the log is fenced then.
    pub fn advance_start(&mut self, to: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let old = self.start_offset();
        if to <= old {
            return Ok(false);
        }
        assert!(to <= self.end_offset(), "a log begins before its end, or there");
        self.check_fence()?;
        let moved = self.move_start(to, cx);
        self.fencing(moved, cx)?;
        Ok(true)
    }

    /// The one place where a log comes to begin later, other than by starting anew.
    pub(super) fn move_start(&mut self, to: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
        let old = self.start_offset();
        if to <= old {
            return Ok(());
        }
        self.start = to;
        cx.emit(LogFact::LogStartAdvanced { partition: self.partition(), old, new: to });
        let mut epochs = self.epochs.clone();
        if epochs.truncate_from_start(to) { self.write_epochs(epochs, cx) } else { Ok(()) }
    }

    /// Removes the log from the disk, as one: its folder gets another name, under which no start looks for it.
    ///
    /// Errors: as [`Disk`]'s calls. If it is the directory's sync that fails, the log is gone until the power fails: then it may
    /// have its name again.
    pub fn delete(self, cx: &mut Context<'_>) -> Result<(), Fault> {
        cx.rename_folder(self.place.folder(), Folder::Deleted(self.place.directory, self.place.partition))?;
        cx.emit(LogFact::LogDeleted { partition: self.partition() }); // whatever becomes of the rest, no start finds it there
        self.place.sync_directory(cx)?;
        remove_deleted(self.place, cx)
    }
}

/// Removes what a deletion left: at once, or at the next start if the process died in between. Errors: as [`Disk::delete`].
fn remove_deleted(place: LogPlace, disk: &mut dyn Disk) -> Result<(), Fault> {
    let folder = Folder::Deleted(place.directory, place.partition);
    for name in disk.list(folder) {
        disk.delete(folder.file(name))?;
    }
    if place.folder_sync.is_on() { disk.sync_folder(folder) } else { Ok(()) }
}

/// Removes a deleted log that a start found half removed. Errors: as [`Disk::delete`].
pub fn finish_deletion(place: impl Into<LogPlace>, disk: &mut dyn Disk) -> Result<(), Fault> {
    remove_deleted(place.into(), disk)
}
