//! A server's simulated disk: bytes in files, a page cache over a device, folders whose entries need a sync of their own,
//! and faults that are laid upon it.
//!
//! | file | holds |
//! |---|---|
//! | `disk` | the calls |
//! | `power` | what a power failure leaves |
//! | `file` | one file: what is in the cache, what is on the device |
//! | `entries` | one folder: its names, and what a power failure takes back |
//! | `faults` | the rules by which calls go wrong |
//! | `struck` | what becomes of an append or a read that a rule struck |
//!
//! Invariant: what was synced survives a power failure: of a file its synced prefix, of a folder its entries as of the
//! last [`Disk::sync_folder`], of a log directory the folders that were in it when it was last synced. Of the rest luck
//! decides: a file keeps any part of its unsynced suffix (so a batch may be torn, inside a sector), and of that a sector may
//! be missing though a later one is there; of a folder's unsynced operations a first part survives (file systems journal
//! them in order). Only a sync that lied or failed breaks this.
//!
//! Called by: machines, through [`crate::context::Context`]; by the world when a machine comes back or a fault strikes.
//! Latency is counted here and priced by the world (see [`Calls`]).

mod entries;
mod faults;
mod file;
mod power;
mod struck;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

pub use faults::{DiskRule, Faulted, Place, SECTOR_BYTES};
pub use power::{Loss, PowerLuck};

use crate::context::{Disk, DiskView};
use crate::error::Fault;
use crate::event::{DiskFault, FaultIndex};
use crate::files::{FileName, FilePath, Folder};
use crate::time::{Duration, Timestamp};
use entries::{Entries, Operation};
use faults::{Call, Faults, Strike};
use file::File;

/// One server's disk. A clone shares every folder until either side changes it.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    folders: BTreeMap<Folder, Arc<Entries>>,
    /// What was done to folders since the log directory they lie in was last synced.
    unsynced: Vec<FolderOperation>,
    calls: Calls,
    faults: Faults,
    /// The bytes it holds, and how many there is room for.
    used: u64,
    capacity: Option<u64>,
    /// What its server's wall clock shows.
    wall: Timestamp,
}

/// How often a turn called the disk, by what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Appends, truncations, renames, deletions.
    pub writes: u32,
    /// Reads.
    pub reads: u32,
    /// Syncs of files and folders.
    pub syncs: u32,
    /// What stalled calls took beyond that.
    pub stalled: Duration,
}

/// An operation on the folders of a log directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FolderOperation {
    Made(Folder),
    Renamed { from: Folder, to: Folder },
}

impl FolderOperation {
    /// The folder it is about.
    fn subject(self) -> Folder {
        match self {
            Self::Made(folder) | Self::Renamed { to: folder, .. } => folder,
        }
    }
}

impl SimDisk {
    /// The calls since this was last asked.
    pub fn take_calls(&mut self) -> Calls {
        std::mem::take(&mut self.calls)
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.used
    }

    /// From now on there is room for so many bytes (without end when `None`). What is there already stays.
    pub fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
    }

    /// Lays a rule upon it, after those that are there: of several that fit a call, the first strikes.
    pub fn add_rule(&mut self, rule: DiskRule) {
        self.faults.add(rule);
    }

    /// Takes the rules of one fault away.
    pub fn remove_rule(&mut self, id: FaultIndex) {
        self.faults.remove(id);
    }

    /// What went wrong since this was last asked, in order.
    pub fn take_faulted(&mut self) -> Vec<Faulted> {
        self.faults.take_struck()
    }

    /// A file is lost, entry and all, as if it had never been; returns how many bytes it had, if it was there.
    pub fn lose_file(&mut self, file: FilePath) -> Option<u64> {
        let entries = Arc::make_mut(self.folders.get_mut(&file.folder)?);
        let lost = entries.take(file.name)?.length();
        entries.unsynced.retain(|operation| operation.subject() != file.name);
        self.used -= lost;
        Some(lost)
    }

    fn file(&self, path: FilePath) -> Option<&File> {
        self.folders.get(&path.folder)?.get(path.name)
    }

    fn file_mut(&mut self, path: FilePath) -> Result<&mut File, Fault> {
        let missing = || Fault::NoSuchFile(path.to_string());
        let entries = self.folders.get_mut(&path.folder).ok_or_else(missing)?;
        let place = entries.place(path.name).map_err(|_| missing())?;
        let (_, file) = Arc::make_mut(entries).files.get_mut(place).ok_or_else(missing)?;
        Ok(file)
    }

    /// The folder, which is made if need be.
    fn make_folder(&mut self, folder: Folder) -> &mut Entries {
        let unsynced = &mut self.unsynced;
        let entries = self.folders.entry(folder).or_insert_with(|| {
            if let Folder::Log(..) = folder {
                unsynced.push(FolderOperation::Made(folder));
            }
            Arc::default()
        });
        Arc::make_mut(entries)
    }

    /// The rule that strikes this call, if one does. A stall only costs time.
    fn strike(&mut self, call: Call, file: FilePath) -> Option<Strike> {
        if self.faults.is_quiet() {
            return None;
        }
        let strike = self.faults.strike(call, file)?;
        if strike.fault == DiskFault::Stalled {
            self.calls.stalled = Duration(self.calls.stalled.0.saturating_add(strike.stall.0));
            self.faults.note(file, strike, None);
            return None;
        }
        Some(strike)
    }

    /// A change of an entry or of a file's length fails as a whole.
    fn fail_change(&mut self, file: FilePath) -> Result<(), Fault> {
        self.calls.writes += 1;
        let Some(strike) = self.strike(Call::Change, file) else { return Ok(()) };
        self.faults.note(file, strike, None);
        Err(Fault::Io(file.to_string()))
    }

    /// Appends, as the file system does where nothing is wrong but perhaps the room: then a first part is there.
    fn put(&mut self, file: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        let room = self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used));
        let is_too_much = bytes.len() as u64 > room;
        let fits = if is_too_much { bytes.slice(..usize::try_from(room).unwrap_or(0)) } else { bytes };
        self.used += fits.len() as u64;
        let wall = self.wall;
        let written = self.make_folder(file.folder).make(file.name);
        written.modified = wall;
        let at = written.append(fits);
        if is_too_much { Err(Fault::DiskFull) } else { Ok(at) }
    }
}

impl Disk for SimDisk {
    fn append(&mut self, file: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        self.calls.writes += 1;
        match self.strike(Call::Append, file) {
            None => self.put(file, bytes),
            Some(strike) => self.put_struck(file, &bytes, strike),
        }
    }

    fn read(&mut self, file: FilePath, at: u64, count: u64) -> Result<Bytes, Fault> {
        self.calls.reads += 1;
        if let Some(strike) = self.strike(Call::Read, file) {
            return self.read_struck(file, at, count, strike);
        }
        let found = self.file(file).ok_or_else(|| Fault::NoSuchFile(file.to_string()))?;
        found.read(at, count).ok_or_else(|| Fault::ShortRead { file: file.to_string(), at, wanted: count })
    }

    fn len(&mut self, file: FilePath) -> Option<u64> {
        self.file(file).map(File::length)
    }

    fn truncate(&mut self, file: FilePath, to: u64) -> Result<(), Fault> {
        self.fail_change(file)?;
        let wall = self.wall;
        let found = self.file_mut(file)?;
        let before = found.length();
        found.modified = wall;
        found.truncate(to);
        let cut = before - found.length();
        self.used -= cut;
        Ok(())
    }

    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault> {
        assert!(from.folder == to.folder, "files are renamed within their folder");
        self.fail_change(to)?;
        let missing = || Fault::NoSuchFile(from.to_string());
        let entries = Arc::make_mut(self.folders.get_mut(&from.folder).ok_or_else(missing)?);
        let file = entries.take(from.name).ok_or_else(missing)?;
        let replaced = entries.put(to.name, file);
        self.used -= replaced.as_ref().map_or(0, File::length);
        entries.unsynced.push(Operation::Renamed { from: from.name, to: to.name, replaced });
        Ok(())
    }

    fn rename_folder(&mut self, from: Folder, to: Folder) -> Result<(), Fault> {
        assert!(from.directory() == to.directory(), "a folder stays on its disk");
        self.fail_change(from.file(FileName::Temporary(u8::MAX)))?;
        let Some(entries) = self.folders.remove(&from) else { return Ok(()) };
        let replaced = self.folders.insert(to, entries);
        assert!(replaced.is_none_or(|old| old.files.is_empty()), "a folder that holds something is not replaced");
        self.unsynced.push(FolderOperation::Renamed { from, to });
        Ok(())
    }

    fn delete(&mut self, file: FilePath) -> Result<(), Fault> {
        self.fail_change(file)?;
        if let Some(entries) = self.folders.get_mut(&file.folder) {
            let entries = Arc::make_mut(entries);
            if let Some(old) = entries.take(file.name) {
                self.used -= old.length();
                entries.unsynced.push(Operation::Deleted(file.name, old));
            }
        }
        Ok(())
    }

    fn list(&mut self, folder: Folder) -> Vec<FileName> {
        self.calls.reads += 1;
        DiskView::files(self, folder)
    }

    fn folders(&mut self) -> Vec<Folder> {
        self.calls.reads += 1;
        DiskView::folders(self)
    }

    fn sync(&mut self, file: FilePath) -> Result<(), Fault> {
        self.calls.syncs += 1;
        let Some(strike) = self.strike(Call::Sync, file) else {
            self.file_mut(file)?.sync();
            return Ok(());
        };
        self.faults.note(file, strike, None);
        if strike.fault == DiskFault::SyncLied {
            return self.file_mut(file).map(|_| ());
        }
        self.file_mut(file)?.fail_sync(strike.draw(0, 1) == 1);
        Err(Fault::Io(file.to_string()))
    }

    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault> {
        self.calls.syncs += 1;
        let any_file = folder.file(FileName::Temporary(u8::MAX));
        if let Some(strike) = self.strike(Call::SyncFolder, any_file) {
            self.faults.note(any_file, strike, None);
            return if strike.fault == DiskFault::SyncLied { Ok(()) } else { Err(Fault::Io(folder.to_string())) };
        }
        if let Some(entries) = self.folders.get_mut(&folder).filter(|entries| !entries.unsynced.is_empty()) {
            Arc::make_mut(entries).unsynced.clear();
        }
        if let Folder::Root(directory) = folder {
            self.unsynced.retain(|operation| operation.subject().directory() != directory);
        }
        Ok(())
    }

    fn set_wall(&mut self, now: Timestamp) {
        self.wall = now;
    }

    fn modified(&mut self, file: FilePath) -> Option<Timestamp> {
        self.file(file).map(|found| found.modified)
    }

    fn set_modified(&mut self, file: FilePath, to: Timestamp) -> Result<(), Fault> {
        self.fail_change(file)?;
        self.file_mut(file)?.modified = to;
        Ok(())
    }
}

impl DiskView for SimDisk {
    fn folders(&self) -> Vec<Folder> {
        self.folders.iter().filter(|(_, entries)| !entries.files.is_empty()).map(|(folder, _)| *folder).collect()
    }

    fn files(&self, folder: Folder) -> Vec<FileName> {
        self.folders.get(&folder).map_or_else(Vec::new, |entries| entries.files.iter().map(|(name, _)| *name).collect())
    }

    fn content(&self, file: FilePath) -> Option<Bytes> {
        let found = self.file(file)?;
        found.read(0, found.length())
    }

    fn not_durable(&self, file: FilePath) -> Vec<Range<u64>> {
        self.file(file).map_or_else(Vec::new, File::not_durable)
    }

    fn is_entry_durable(&self, file: FilePath) -> bool {
        let is_new = |entries: &Arc<Entries>| entries.unsynced.iter().any(|operation| operation.subject() == file.name);
        let is_folder_new = self.unsynced.iter().any(|operation| operation.subject() == file.folder);
        !is_folder_new && !self.folders.get(&file.folder).is_some_and(is_new)
    }
}
