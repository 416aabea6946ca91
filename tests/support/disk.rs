//! A disk in memory: enough of a page cache to lose what was not synced.

use std::collections::BTreeMap;

use bytes::Bytes;
use tribunal::context::Disk;
use tribunal::error::Fault;
use tribunal::files::{FileName, FilePath, Folder};

/// Files as plain bytes, each with the part of it that is durable, and the folder entries that are.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    files: BTreeMap<FilePath, File>,
    durable: BTreeMap<FilePath, File>,
    fails: bool,
}

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    synced: usize,
}

impl MemoryDisk {
    /// The power fails: of each file the synced part stays and of the rest as many bytes as `keep` says of so many; new
    /// and removed entries of folders that were not synced are undone.
    pub fn lose_power(&mut self, mut keep: impl FnMut(FilePath, usize) -> usize) {
        let mut after = BTreeMap::new();
        for (path, durable) in &self.durable {
            let mut file = self.files.get(path).unwrap_or(durable).clone();
            let unsynced = file.bytes.len() - file.synced;
            file.bytes.truncate(file.synced + keep(*path, unsynced).min(unsynced));
            file.synced = file.bytes.len();
            after.insert(*path, file);
        }
        self.files.clone_from(&after);
        self.durable = after;
    }

    /// A file vanishes.
    pub fn lose(&mut self, path: FilePath) {
        self.files.remove(&path);
        self.durable.remove(&path);
    }

    /// From now on every write fails, or works again.
    pub fn set_failing(&mut self, fails: bool) {
        self.fails = fails;
    }

    /// The files and their lengths, by name.
    pub fn files(&self) -> impl Iterator<Item = (FilePath, usize)> {
        self.files.iter().map(|(path, file)| (*path, file.bytes.len()))
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: FilePath) -> Option<&[u8]> {
        self.files.get(&path).map(|file| &file.bytes[..])
    }

    /// The bytes of a file, to be damaged.
    pub fn bytes_mut(&mut self, path: FilePath) -> Option<&mut Vec<u8>> {
        self.files.get_mut(&path).map(|file| &mut file.bytes)
    }

    fn file(&mut self, path: FilePath) -> Result<&mut File, Fault> {
        self.check(path)?;
        self.files.get_mut(&path).ok_or_else(|| Fault::NoSuchFile(path.to_string()))
    }

    fn check(&self, path: FilePath) -> Result<(), Fault> {
        if self.fails { Err(Fault::Io(path.to_string())) } else { Ok(()) }
    }
}

impl Disk for MemoryDisk {
    fn append(&mut self, path: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        self.check(path)?;
        let file = self.files.entry(path).or_default();
        let at = file.bytes.len() as u64;
        file.bytes.extend_from_slice(&bytes);
        Ok(at)
    }

    fn read(&mut self, path: FilePath, at: u64, count: u64) -> Result<Bytes, Fault> {
        let file = self.files.get(&path).ok_or_else(|| Fault::NoSuchFile(path.to_string()))?;
        let (start, end) = (usize::try_from(at).expect("small"), usize::try_from(at + count).expect("small"));
        let part = file.bytes.get(start..end);
        part.map(Bytes::copy_from_slice).ok_or_else(|| Fault::ShortRead { file: path.to_string(), at, wanted: count })
    }

    fn len(&mut self, path: FilePath) -> Option<u64> {
        self.files.get(&path).map(|file| file.bytes.len() as u64)
    }

    fn truncate(&mut self, path: FilePath, to: u64) -> Result<(), Fault> {
        let file = self.file(path)?;
        file.bytes.truncate(usize::try_from(to).expect("small"));
        file.synced = file.synced.min(file.bytes.len());
        Ok(())
    }

    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault> {
        self.file(from)?;
        let file = self.files.remove(&from).expect("it was just there");
        self.files.insert(to, file);
        Ok(())
    }

    fn delete(&mut self, path: FilePath) -> Result<(), Fault> {
        self.check(path)?;
        self.files.remove(&path);
        Ok(())
    }

    fn list(&mut self, folder: Folder) -> Vec<FileName> {
        self.files.keys().filter(|path| path.folder == folder).map(|path| path.name).collect()
    }

    fn folders(&mut self) -> Vec<Folder> {
        let mut folders: Vec<Folder> = self.files.keys().map(|path| path.folder).collect();
        folders.dedup();
        folders
    }

    fn sync(&mut self, path: FilePath) -> Result<(), Fault> {
        let file = self.file(path)?;
        file.synced = file.bytes.len();
        Ok(())
    }

    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault> {
        self.durable.retain(|path, _| path.folder != folder);
        let here = self.files.iter().filter(|(path, _)| path.folder == folder);
        self.durable.extend(here.map(|(path, file)| (*path, file.clone())));
        Ok(())
    }
}
