//! A disk in memory: enough of a page cache to lose what was not synced.

use std::collections::BTreeMap;

use bytes::Bytes;
use tribunal::context::Disk;
use tribunal::error::Fault;
use tribunal::files::{FileName, FilePath, Folder};
use tribunal::time::Timestamp;

/// Names that lead to files, and the names that are durable. A file is known by its number, as an inode is, so that a name
/// that leads elsewhere since the last sync of its folder leads back after a power failure.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    names: BTreeMap<FilePath, usize>,
    durable_names: BTreeMap<FilePath, usize>,
    files: Vec<File>,
    fails: bool,
    wall: Timestamp,
}

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    synced: usize,
    modified: Timestamp,
}

impl MemoryDisk {
    /// The power fails: of each file the synced part stays and of the rest as many bytes as `keep` says of so many; new
    /// and removed entries of folders that were not synced are undone.
    pub fn lose_power(&mut self, mut keep: impl FnMut(FilePath, usize) -> usize) {
        self.names.clone_from(&self.durable_names);
        for (path, number) in &self.names {
            let file = &mut self.files[*number];
            let unsynced = file.bytes.len() - file.synced;
            file.bytes.truncate(file.synced + keep(*path, unsynced).min(unsynced));
            file.synced = file.bytes.len();
        }
    }

    /// A file vanishes.
    pub fn lose(&mut self, path: FilePath) {
        self.names.remove(&path);
        self.durable_names.remove(&path);
    }

    /// From now on every write fails, or works again.
    pub fn set_failing(&mut self, fails: bool) {
        self.fails = fails;
    }

    /// The files and their lengths, by name.
    pub fn files(&self) -> impl Iterator<Item = (FilePath, usize)> {
        self.names.iter().map(|(path, number)| (*path, self.files[*number].bytes.len()))
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: FilePath) -> Option<&[u8]> {
        self.names.get(&path).map(|number| &self.files[*number].bytes[..])
    }

    /// The bytes of a file, to be damaged.
    pub fn bytes_mut(&mut self, path: FilePath) -> Option<&mut Vec<u8>> {
        self.names.get(&path).map(|number| &mut self.files[*number].bytes)
    }

    fn file(&mut self, path: FilePath) -> Result<&mut File, Fault> {
        self.check(path)?;
        let number = self.names.get(&path).ok_or_else(|| Fault::NoSuchFile(path.to_string()))?;
        Ok(&mut self.files[*number])
    }

    fn check(&self, path: FilePath) -> Result<(), Fault> {
        if self.fails { Err(Fault::Io(path.to_string())) } else { Ok(()) }
    }
}

impl Disk for MemoryDisk {
    fn append(&mut self, path: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        self.check(path)?;
        let wall = self.wall;
        let number = *self.names.entry(path).or_insert_with(|| {
            self.files.push(File::default());
            self.files.len() - 1
        });
        let file = &mut self.files[number];
        let at = file.bytes.len() as u64;
        file.bytes.extend_from_slice(&bytes);
        file.modified = wall;
        Ok(at)
    }

    fn read(&mut self, path: FilePath, at: u64, count: u64) -> Result<Bytes, Fault> {
        let number = self.names.get(&path).ok_or_else(|| Fault::NoSuchFile(path.to_string()))?;
        let file = &self.files[*number];
        let (start, end) = (usize::try_from(at).expect("small"), usize::try_from(at + count).expect("small"));
        let part = file.bytes.get(start..end);
        part.map(Bytes::copy_from_slice).ok_or_else(|| Fault::ShortRead { file: path.to_string(), at, wanted: count })
    }

    fn len(&mut self, path: FilePath) -> Option<u64> {
        self.bytes(path).map(|bytes| bytes.len() as u64)
    }

    fn truncate(&mut self, path: FilePath, to: u64) -> Result<(), Fault> {
        let file = self.file(path)?;
        file.bytes.truncate(usize::try_from(to).expect("small"));
        file.synced = file.synced.min(file.bytes.len());
        Ok(())
    }

    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault> {
        self.file(from)?;
        let number = self.names.remove(&from).expect("it was just there");
        self.names.insert(to, number);
        Ok(())
    }

    fn rename_folder(&mut self, from: Folder, to: Folder) -> Result<(), Fault> {
        let inside: Vec<FilePath> = self.names.keys().filter(|path| path.folder == from).copied().collect();
        for path in inside {
            self.check(path)?;
            let number = self.names.remove(&path).expect("it was listed");
            self.names.insert(to.file(path.name), number);
        }
        Ok(())
    }

    fn delete(&mut self, path: FilePath) -> Result<(), Fault> {
        self.check(path)?;
        self.names.remove(&path);
        Ok(())
    }

    fn list(&mut self, folder: Folder) -> Vec<FileName> {
        self.names.keys().filter(|path| path.folder == folder).map(|path| path.name).collect()
    }

    fn folders(&mut self) -> Vec<Folder> {
        let mut folders: Vec<Folder> = self.names.keys().map(|path| path.folder).collect();
        folders.dedup();
        folders
    }

    fn sync(&mut self, path: FilePath) -> Result<(), Fault> {
        let file = self.file(path)?;
        file.synced = file.bytes.len();
        Ok(())
    }

    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault> {
        if self.fails {
            return Err(Fault::Io(folder.to_string()));
        }
        self.durable_names.retain(|path, _| path.folder != folder);
        let here = self.names.iter().filter(|(path, _)| path.folder == folder);
        self.durable_names.extend(here.map(|(path, number)| (*path, *number)));
        Ok(())
    }

    fn set_wall(&mut self, now: Timestamp) {
        self.wall = now;
    }

    fn modified(&mut self, path: FilePath) -> Option<Timestamp> {
        self.names.get(&path).map(|number| self.files[*number].modified)
    }

    fn set_modified(&mut self, path: FilePath, to: Timestamp) -> Result<(), Fault> {
        self.file(path)?.modified = to;
        Ok(())
    }
}
