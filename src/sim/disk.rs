//! A server's simulated disk: bytes in files, a page cache over a device, folders whose entries need a sync of their own.
//!
//! Invariant: what was synced survives a power failure: of a file its synced prefix, of a folder its entries as of the
//! last [`Disk::sync_folder`]. Of the rest luck decides: a file keeps any part of its unsynced suffix (so a batch may be
//! torn in the middle), and of a folder's unsynced operations a first part survives (file systems journal them in order).
//!
//! Called by: machines, through [`crate::context::Context`]; by the world when a machine comes back. Latency is counted
//! here and priced by the world (see [`Calls`]).
//!
//! Not modelled: I/O errors and full disks.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::file::File;
use crate::context::Disk;
use crate::error::Fault;
use crate::files::{FileName, FilePath, Folder};

/// One server's disk. A clone shares every folder until either side changes it.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    folders: BTreeMap<Folder, Arc<Entries>>,
    calls: Calls,
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
}

/// What a power failure took from one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The file.
    pub file: FilePath,
    /// How many bytes of its end.
    pub bytes: u64,
}

/// A folder: its files in the order of their names, and what was done to its entries since its last sync.
#[derive(Clone, Debug, Default)]
struct Entries {
    files: Vec<(FileName, File)>,
    unsynced: Vec<Operation>,
}

/// An operation on a folder's entries, with what is needed to undo it.
#[derive(Clone, Debug)]
enum Operation {
    Created(FileName),
    Renamed { from: FileName, to: FileName, replaced: Option<File> },
    Deleted(FileName, File),
}

impl SimDisk {
    /// The calls since this was last asked.
    pub fn take_calls(&mut self) -> Calls {
        std::mem::take(&mut self.calls)
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.folders.values().flat_map(|entries| entries.files.iter()).map(|(_, file)| file.length()).sum()
    }

    /// The power fails: `survives(file)` says whether the next unsynced operation on that entry survives, and
    /// `kept(file, unsynced)` how many of its unsynced bytes do. What survives is on the device from here on.
    /// Returns what was lost, in the order of the files.
    pub fn lose_power(
        &mut self,
        mut survives: impl FnMut(FilePath) -> bool,
        mut kept: impl FnMut(FilePath, u64) -> u64,
    ) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (folder, entries) in &mut self.folders {
            let path = |name| FilePath { folder: *folder, name };
            let is_clean = entries.unsynced.is_empty() && entries.files.iter().all(|(_, file)| file.unsynced() == 0);
            if is_clean {
                continue;
            }
            let entries = Arc::make_mut(entries);
            let operations = std::mem::take(&mut entries.unsynced);
            let surviving = operations.iter().take_while(|operation| survives(path(operation.subject()))).count();
            for operation in operations.into_iter().skip(surviving).rev() {
                let name = operation.subject();
                let bytes = entries.undo(operation);
                losses.push(Loss { file: path(name), bytes });
            }
            for (name, file) in &mut entries.files {
                let unsynced = file.unsynced();
                if unsynced > 0 {
                    let lost = unsynced - kept(path(*name), unsynced).min(unsynced);
                    file.truncate(file.length() - lost);
                    file.sync();
                    losses.extend((lost > 0).then_some(Loss { file: path(*name), bytes: lost }));
                }
            }
        }
        self.folders.retain(|_, entries| !entries.files.is_empty());
        losses
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
}

impl Operation {
    /// The entry it is about.
    fn subject(&self) -> FileName {
        match self {
            Self::Created(name) | Self::Deleted(name, _) => *name,
            Self::Renamed { to, .. } => *to,
        }
    }
}

impl Entries {
    fn place(&self, name: FileName) -> Result<usize, usize> {
        self.files.binary_search_by_key(&name, |(name, _)| *name)
    }

    fn get(&self, name: FileName) -> Option<&File> {
        self.place(name).ok().and_then(|place| self.files.get(place)).map(|(_, file)| file)
    }

    /// Puts a file under a name and returns the one it replaced.
    fn put(&mut self, name: FileName, file: File) -> Option<File> {
        match self.place(name) {
            Ok(place) => self.files.get_mut(place).map(|(_, old)| std::mem::replace(old, file)),
            Err(place) => {
                self.files.insert(place, (name, file));
                None
            }
        }
    }

    fn take(&mut self, name: FileName) -> Option<File> {
        self.place(name).ok().map(|place| self.files.remove(place).1)
    }

    /// Takes an operation back; returns how many bytes are no longer to be found under its name.
    fn undo(&mut self, operation: Operation) -> u64 {
        match operation {
            Operation::Created(name) => self.take(name).map_or(0, |file| file.length()),
            Operation::Renamed { from, to, replaced } => {
                let Some(file) = self.take(to) else { return 0 };
                let bytes = file.length();
                self.put(from, file);
                if let Some(old) = replaced {
                    self.put(to, old);
                }
                bytes
            }
            Operation::Deleted(name, file) => {
                self.put(name, file);
                0
            }
        }
    }
}

impl Disk for SimDisk {
    fn append(&mut self, file: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        self.calls.writes += 1;
        let entries = Arc::make_mut(self.folders.entry(file.folder).or_default());
        let place = match entries.place(file.name) {
            Ok(place) => place,
            Err(place) => {
                entries.files.insert(place, (file.name, File::default()));
                entries.unsynced.push(Operation::Created(file.name));
                place
            }
        };
        let (_, found) = entries.files.get_mut(place).expect("the file was found or made at this place");
        Ok(found.append(bytes))
    }

    fn read(&mut self, file: FilePath, at: u64, count: u64) -> Result<Bytes, Fault> {
        self.calls.reads += 1;
        let found = self.file(file).ok_or_else(|| Fault::NoSuchFile(file.to_string()))?;
        found.read(at, count).ok_or_else(|| Fault::ShortRead { file: file.to_string(), at, wanted: count })
    }

    fn len(&mut self, file: FilePath) -> Option<u64> {
        self.file(file).map(File::length)
    }

    fn truncate(&mut self, file: FilePath, to: u64) -> Result<(), Fault> {
        self.calls.writes += 1;
        self.file_mut(file)?.truncate(to);
        Ok(())
    }

    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault> {
        assert!(from.folder == to.folder, "files are renamed within their folder");
        self.calls.writes += 1;
        let missing = || Fault::NoSuchFile(from.to_string());
        let entries = Arc::make_mut(self.folders.get_mut(&from.folder).ok_or_else(missing)?);
        let file = entries.take(from.name).ok_or_else(missing)?;
        let replaced = entries.put(to.name, file);
        entries.unsynced.push(Operation::Renamed { from: from.name, to: to.name, replaced });
        Ok(())
    }

    fn delete(&mut self, file: FilePath) -> Result<(), Fault> {
        self.calls.writes += 1;
        if let Some(entries) = self.folders.get_mut(&file.folder) {
            let entries = Arc::make_mut(entries);
            if let Some(old) = entries.take(file.name) {
                entries.unsynced.push(Operation::Deleted(file.name, old));
            }
        }
        Ok(())
    }

    fn list(&mut self, folder: Folder) -> Vec<FileName> {
        self.calls.reads += 1;
        self.folders.get(&folder).map_or_else(Vec::new, |entries| entries.files.iter().map(|(name, _)| *name).collect())
    }

    fn folders(&mut self) -> Vec<Folder> {
        self.calls.reads += 1;
        self.folders.iter().filter(|(_, entries)| !entries.files.is_empty()).map(|(folder, _)| *folder).collect()
    }

    fn sync(&mut self, file: FilePath) -> Result<(), Fault> {
        self.calls.syncs += 1;
        self.file_mut(file)?.sync();
        Ok(())
    }

    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault> {
        self.calls.syncs += 1;
        if let Some(entries) = self.folders.get_mut(&folder).filter(|entries| !entries.unsynced.is_empty()) {
            Arc::make_mut(entries).unsynced.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LogDirectory, Offset};

    const SEGMENT: FilePath = FilePath { folder: Folder::Root(LogDirectory::FIRST), name: FileName::Segment(Offset(0)) };
    const CHECKPOINT: FilePath = FilePath { folder: Folder::Root(LogDirectory::FIRST), name: FileName::HighWatermarkCheckpoint };

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    fn content(disk: &mut SimDisk, file: FilePath) -> Option<Bytes> {
        let length = disk.len(file)?;
        disk.read(file, 0, length).ok()
    }

    fn write(disk: &mut SimDisk, file: FilePath, text: &'static str) {
        disk.append(file, bytes(text)).expect("there is room");
    }

    #[test]
    fn the_synced_prefix_survives_a_power_failure_and_a_batch_may_be_torn() {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "synced");
        disk.sync(SEGMENT).expect("the file is there");
        disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
        write(&mut disk, SEGMENT, "cached");
        let mut torn = disk.clone();
        assert_eq!(disk.lose_power(|_| false, |_, _| 0), [Loss { file: SEGMENT, bytes: 6 }]);
        assert_eq!(content(&mut disk, SEGMENT), Some(bytes("synced")));
        assert_eq!(torn.lose_power(|_| false, |_, unsynced| unsynced / 2), [Loss { file: SEGMENT, bytes: 3 }]);
        assert_eq!(content(&mut torn, SEGMENT), Some(bytes("syncedcac")));
        assert!(torn.lose_power(|_| false, |_, _| 0).is_empty(), "what survived one failure is on the device");
    }

    #[test]
    fn a_file_whose_entry_was_never_synced_is_gone_even_if_its_bytes_were() {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "synced");
        disk.sync(SEGMENT).expect("the file is there");
        assert_eq!(disk.lose_power(|_| false, |_, _| 0), [Loss { file: SEGMENT, bytes: 6 }]);
        assert_eq!(content(&mut disk, SEGMENT), None);
        assert!(disk.folders().is_empty());
    }

    #[test]
    fn an_unsynced_rename_gives_the_old_checkpoint_back() {
        let mut disk = SimDisk::default();
        write(&mut disk, CHECKPOINT, "old");
        disk.sync(CHECKPOINT).expect("the file is there");
        disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
        let temporary = CHECKPOINT.temporary();
        write(&mut disk, temporary, "newer");
        disk.sync(temporary).expect("the file is there");
        disk.rename(temporary, CHECKPOINT).expect("the file is there");
        let mut synced = disk.clone();
        synced.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
        disk.lose_power(|_| false, |_, _| 0);
        synced.lose_power(|_| false, |_, _| 0);
        assert_eq!(content(&mut disk, CHECKPOINT), Some(bytes("old")));
        assert_eq!(disk.list(Folder::Root(LogDirectory::FIRST)), [CHECKPOINT.name]);
        assert_eq!(content(&mut synced, CHECKPOINT), Some(bytes("newer")));
    }

    #[test]
    fn an_unsynced_deletion_comes_back() {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "kept");
        disk.sync(SEGMENT).expect("the file is there");
        disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
        disk.delete(SEGMENT).expect("deleting is possible");
        assert_eq!(content(&mut disk, SEGMENT), None);
        disk.lose_power(|_| false, |_, _| 0);
        assert_eq!(content(&mut disk, SEGMENT), Some(bytes("kept")));
    }

    #[test]
    fn a_clone_is_another_disk() {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "shared");
        let mut other = disk.clone();
        write(&mut other, SEGMENT, "more");
        disk.truncate(SEGMENT, 2).expect("the file is there");
        assert_eq!(content(&mut disk, SEGMENT), Some(bytes("sh")));
        assert_eq!(content(&mut other, SEGMENT), Some(bytes("sharedmore")));
    }
}
