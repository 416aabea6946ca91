//! The files of a segment: their names at each stage of a swap, and indexes that are made anew.

use bytes::Bytes;

use super::{Segment, Stage};
use crate::context::Disk;
use crate::error::Fault;
use crate::files::{FileName, FilePath, Folder, Part};
use crate::ids::Offset;
use crate::time::Timestamp;

impl Segment {
    /// Removes its files. Errors: as [`Disk::delete`].
    pub(in crate::log) fn delete(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        disk.delete(self.offset_index_file())?;
        disk.delete(self.time_index_file())?;
        disk.delete(self.file())
    }

    /// Gives its files the names of a segment that is no longer part of its log, the batches first: while they have their name,
    /// nothing of it is gone. Errors: as [`Disk::rename`].
    pub(in crate::log) fn set_aside(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        for part in Part::ALL.into_iter().rev() {
            rename_if_there(self.folder, part.of(self.base), FileName::Removed(part, self.base), disk)?;
        }
        Ok(())
    }

    /// Gives a cleaned segment's files the names under which a start completes its swap. Errors: as [`Disk::rename`].
    pub(in crate::log) fn announce_swap(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        assert_eq!(self.stage, Stage::Cleaned, "only what was cleaned is swapped in");
        for part in Part::ALL {
            rename_if_there(self.folder, FileName::Cleaned(part, self.base), FileName::Swap(part, self.base), disk)?;
        }
        Ok(())
    }

    /// Gives the files of an announced swap their names for good. Errors: as [`Disk::rename`].
    pub(in crate::log) fn complete_swap(&mut self, disk: &mut dyn Disk) -> Result<(), Fault> {
        complete_swap(self.folder, self.base, disk)?;
        self.stage = Stage::Live;
        Ok(())
    }

    /// Gives its file of batches another time of its last writing. Errors: as [`Disk::set_modified`].
    pub(in crate::log) fn set_modified(&self, to: Timestamp, disk: &mut dyn Disk) -> Result<(), Fault> {
        disk.set_modified(self.file(), to)
    }

    /// Whether one of its index files is not what its batches make it. Errors: as [`Disk::read`].
    pub(in crate::log) fn has_stale_index(&self, disk: &mut dyn Disk) -> Result<bool, Fault> {
        Ok(is_stale(self.offset_index_file(), &self.offset_index.bytes(self.base), disk)?
            || is_stale(self.time_index_file(), &self.time_index.bytes(self.base), disk)?)
    }

    /// Writes its index files anew. Errors: as [`Disk`]'s calls.
    pub(in crate::log) fn rebuild_indexes(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        rebuild(self.offset_index_file(), self.offset_index.bytes(self.base), disk)?;
        rebuild(self.time_index_file(), self.time_index.bytes(self.base), disk)
    }

    /// Its file of batches.
    pub(in crate::log) fn file(&self) -> FilePath {
        self.part(Part::Batches)
    }

    pub(super) fn offset_index_file(&self) -> FilePath {
        self.part(Part::OffsetIndex)
    }

    pub(super) fn time_index_file(&self) -> FilePath {
        self.part(Part::TimeIndex)
    }

    fn part(&self, part: Part) -> FilePath {
        let name = match self.stage {
            Stage::Live => part.of(self.base),
            Stage::Cleaned => FileName::Cleaned(part, self.base),
        };
        self.folder.file(name)
    }
}

/// Gives the files of an announced swap their names for good, the batches last. Errors: as [`Disk::rename`].
pub(in crate::log) fn complete_swap(folder: Folder, base: Offset, disk: &mut dyn Disk) -> Result<(), Fault> {
    for part in Part::ALL {
        rename_if_there(folder, FileName::Swap(part, base), part.of(base), disk)?;
    }
    Ok(())
}

fn rename_if_there(folder: Folder, from: FileName, to: FileName, disk: &mut dyn Disk) -> Result<(), Fault> {
    let from = folder.file(from);
    if disk.len(from).is_some() { disk.rename(from, folder.file(to)) } else { Ok(()) }
}

fn is_stale(file: FilePath, wanted: &[u8], disk: &mut dyn Disk) -> Result<bool, Fault> {
    match disk.len(file) {
        Some(length) => Ok(disk.read(file, 0, length)? != wanted),
        None => Ok(!wanted.is_empty()),
    }
}

fn rebuild(file: FilePath, wanted: Vec<u8>, disk: &mut dyn Disk) -> Result<(), Fault> {
    disk.delete(file)?;
    if wanted.is_empty() { Ok(()) } else { disk.append(file, Bytes::from(wanted)).map(|_| ()) }
}
