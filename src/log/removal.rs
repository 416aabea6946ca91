//! Segments that are no longer part of their log, and still on the disk: they bear another name, and go
//! `file.delete.delay.ms` later.
//!
//! Invariant: nothing that was set aside is read again; a start removes what a life before had set aside.
//!
//! Source: `LocalLog.deleteSegmentFiles`. Called by: `retention`, `cleaner`; replica, when the time is up.
//!
//! Kafka differs: the delay is there for fetches that still send from such a file. Here an answer holds its bytes, and what the
//! delay costs is room on the disk.

use std::ops::Range;
use std::sync::Arc;

use super::partition_log::PartitionLog;
use super::place::LogPlace;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::files::{FileName, Part};
use crate::ids::Offset;
use crate::time::Instant;

impl PartitionLog {
    /// When the next files of a segment that was set aside are to be removed.
    #[must_use]
    pub fn next_removal(&self) -> Option<Instant> {
        self.removed.iter().map(|(at, _)| *at).min()
    }

    /// Removes the files of the segments that were set aside long enough ago. Errors: as [`Disk::delete`]; the log is fenced then.
    pub fn remove_set_aside(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let now = cx.mono();
        let due: Vec<Offset> = self.removed.extract_if(.., |(at, _)| *at <= now).map(|(_, base)| base).collect();
        if due.is_empty() || self.is_fenced() {
            return Ok(());
        }
        let removed = due.into_iter().try_for_each(|base| remove(self.place, base, cx));
        self.fencing(removed, cx)
    }

    /// Takes closed segments out of the log: their files get other names, and go later.
    pub(super) fn set_aside(&mut self, places: Range<usize>, cx: &mut Context<'_>) -> Result<(), Fault> {
        let gone: Vec<_> = Arc::make_mut(&mut self.closed).drain(places).collect();
        for segment in gone {
            self.set_aside_one(&segment, cx)?;
        }
        Ok(())
    }

    /// Gives one segment's files other names, and notes when they go.
    pub(super) fn set_aside_one(&mut self, segment: &super::segment::Segment, cx: &mut Context<'_>) -> Result<(), Fault> {
        segment.set_aside(cx)?;
        let at = cx.mono().plus(self.config.file_delete_delay);
        self.removed.retain(|(_, base)| *base != segment.base()); // an older one of that name was just replaced
        self.removed.push((at, segment.base()));
        Ok(())
    }
}

fn remove(place: LogPlace, base: Offset, disk: &mut dyn Disk) -> Result<(), Fault> {
    Part::ALL.into_iter().try_for_each(|part| disk.delete(place.file(FileName::Removed(part, base))))
}
