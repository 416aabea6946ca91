//! What becomes of an append or a read that a rule struck; and how a disk is made what it would be without.
//!
//! Called by: [`SimDisk`], in place of what it would have done; the world, when it spares a disk.

use std::sync::Arc;

use bytes::Bytes;

use super::SimDisk;
use super::faults::{SECTOR_BYTES, Strike};
use crate::error::Fault;
use crate::event::DiskFault;
use crate::files::FilePath;

impl SimDisk {
    /// Makes it what its server takes it for: what was written stands where it was meant to, and all of it is durable. Only
    /// what a power failure took, or a write that said that it failed, stays lost.
    pub fn make_whole(&mut self) {
        self.unsynced.clear();
        for entries in self.folders.values_mut() {
            if !entries.is_sound() {
                Arc::make_mut(entries).make_whole();
            }
        }
        self.recount();
    }

    /// Counts its bytes anew.
    pub(super) fn recount(&mut self) {
        self.used = self.folders.values().flat_map(|entries| entries.files.iter()).map(|(_, file)| file.length()).sum();
    }

    /// An append that a rule struck.
    pub(super) fn put_struck(&mut self, file: FilePath, bytes: &Bytes, strike: Strike) -> Result<u64, Fault> {
        match strike.fault {
            DiskFault::Full => {
                self.faults.note(file, strike, None);
                Err(Fault::DiskFull)
            }
            DiskFault::MisdirectedWrite if bytes.is_empty() => self.put(file, bytes.clone()),
            DiskFault::MisdirectedWrite => {
                let at = self.put(file, Bytes::from(vec![0; bytes.len()]))?;
                self.file_mut(file)?.note_lost(at, bytes.clone());
                self.faults.note(file, strike, Some(at));
                self.misdirect(file, bytes, strike);
                Ok(at)
            }
            DiskFault::WriteFailed
            | DiskFault::ReadFailed
            | DiskFault::SyncFailed
            | DiskFault::SyncLied
            | DiskFault::ShortRead
            | DiskFault::BitRot
            | DiskFault::Stalled => {
                let there = usize::try_from(strike.draw(0, (bytes.len() as u64).saturating_sub(1))).unwrap_or(0);
                self.faults.note(file, strike, None);
                self.put(file, bytes.slice(..there))?;
                Err(Fault::Io(file.to_string()))
            }
        }
    }

    /// Bytes meant for one file overwrite what lies at the beginning of a sector of some file, perhaps the same.
    fn misdirect(&mut self, meant: FilePath, bytes: &Bytes, strike: Strike) {
        let mut files: Vec<FilePath> = Vec::new();
        for (folder, entries) in &self.folders {
            let beside = folder.directory() == meant.folder.directory();
            let here = entries.files.iter().filter(|(_, file)| beside && file.length() > 0);
            files.extend(here.map(|(name, _)| folder.file(*name)));
        }
        let last = (files.len() as u64).saturating_sub(1);
        let victim = usize::try_from(strike.draw(1, last)).ok().and_then(|place| files.get(place).copied());
        let Some(victim) = victim else { return };
        let Ok(file) = self.file_mut(victim) else { return };
        let at = strike.draw(2, (file.length() - 1) / SECTOR_BYTES) * SECTOR_BYTES;
        file.spoil(at, bytes);
        self.faults.note(victim, strike, Some(at));
    }

    /// A read that a rule struck; a bit that rotted stays so.
    pub(super) fn read_struck(&mut self, file: FilePath, at: u64, count: u64, strike: Strike) -> Result<Bytes, Fault> {
        let short = Fault::ShortRead { file: file.to_string(), at, wanted: count };
        if strike.fault != DiskFault::BitRot {
            self.faults.note(file, strike, None);
            return Err(if strike.fault == DiskFault::ShortRead { short } else { Fault::Io(file.to_string()) });
        }
        let found = self.file_mut(file)?;
        let read = found.read(at, count).ok_or(short.clone())?;
        let place = strike.draw(0, count.saturating_sub(1));
        if let Some(byte) = usize::try_from(place).ok().and_then(|place| read.get(place)) {
            found.spoil(at + place, &[byte ^ (1 << strike.draw(1, 7))]);
            self.faults.note(file, strike, Some(at + place));
        }
        self.file(file).and_then(|found| found.read(at, count)).ok_or(short)
    }
}
