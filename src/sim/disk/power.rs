//! What a power failure leaves: of each file its synced prefix and what luck keeps of the rest, of each folder a first part of
//! what was done to it since it was synced.

use std::sync::Arc;

use super::entries::{Entries, Operation};
use super::{FolderOperation, SECTOR_BYTES, SimDisk};
use crate::files::{FilePath, Folder};

/// What a power failure took from one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The file.
    pub file: FilePath,
    /// How many bytes of it.
    pub bytes: u64,
}

/// The luck of one power failure. The world draws each answer as a choice with a name.
pub trait PowerLuck {
    /// Whether a folder that is new in its log directory is still there, if the directory was not synced since.
    fn folder_survives(&mut self, folder: Folder) -> bool;
    /// Whether the next unsynced operation on this entry survives.
    fn entry_survives(&mut self, file: FilePath) -> bool;
    /// How many of the `unsynced` bytes at the file's end survive.
    fn bytes_kept(&mut self, file: FilePath, unsynced: u64) -> u64;
    /// Which of the `sectors` that hold the surviving unsynced bytes was not written all the same, if one was not.
    fn torn_sector(&mut self, file: FilePath, sectors: u64) -> Option<u64>;
}

impl SimDisk {
    /// The power fails. What survives is on the device from here on. Returns what was lost, in the order of the files.
    pub fn lose_power(&mut self, luck: &mut dyn PowerLuck) -> Vec<Loss> {
        let mut losses = Vec::new();
        let operations = std::mem::take(&mut self.unsynced);
        let surviving = operations.iter().take_while(|operation| luck.folder_survives(operation.subject())).count();
        for operation in operations.into_iter().skip(surviving).rev() {
            self.undo(operation, &mut losses);
        }
        for (folder, entries) in &mut self.folders {
            if !entries.is_sound() {
                lose_unsynced(*folder, Arc::make_mut(entries), luck, &mut losses);
            }
        }
        self.folders.retain(|_, entries| !entries.files.is_empty());
        self.recount();
        losses
    }

    /// Takes an operation on a folder back. The journal keeps the order: with a new name goes whatever was done to the folder
    /// under it.
    fn undo(&mut self, operation: FolderOperation, losses: &mut Vec<Loss>) {
        let Some(mut entries) = self.folders.remove(&operation.subject()) else { return };
        match operation {
            FolderOperation::Made(folder) => {
                let gone = entries.files.iter().map(|(name, file)| Loss { file: folder.file(*name), bytes: file.length() });
                losses.extend(gone);
            }
            FolderOperation::Renamed { from, .. } => {
                let found = Arc::make_mut(&mut entries);
                for done in std::mem::take(&mut found.unsynced).into_iter().rev() {
                    found.undo(done);
                }
                self.folders.insert(from, entries);
            }
        }
    }
}

/// Takes from one folder what its luck does not leave it.
fn lose_unsynced(folder: Folder, entries: &mut Entries, luck: &mut dyn PowerLuck, losses: &mut Vec<Loss>) {
    let operations = std::mem::take(&mut entries.unsynced);
    let survives = |operation: &&Operation| luck.entry_survives(folder.file(operation.subject()));
    let surviving = operations.iter().take_while(survives).count();
    for operation in operations.into_iter().skip(surviving).rev() {
        let file = folder.file(operation.subject());
        losses.push(Loss { file, bytes: entries.undo(operation) });
    }
    for (name, file) in &mut entries.files {
        file.accept_faults();
        if file.is_durable() {
            continue;
        }
        let (path, unsynced, synced) = (folder.file(*name), file.unsynced(), file.length() - file.unsynced());
        let kept = if unsynced > 0 { luck.bytes_kept(path, unsynced).min(unsynced) } else { 0 };
        let first = synced / SECTOR_BYTES;
        let sectors = (synced + kept).div_ceil(SECTOR_BYTES) - first;
        let torn = if kept > 0 { luck.torn_sector(path, sectors) } else { None };
        let torn = torn.map(|sector| (first + sector) * SECTOR_BYTES..(first + sector + 1) * SECTOR_BYTES);
        let bytes = file.lose_power(kept, torn);
        losses.extend((bytes > 0).then_some(Loss { file: path, bytes }));
    }
}
