//! The worst that a power failure may do.

use tribunal::files::{FilePath, Folder};
use tribunal::sim::disk::PowerLuck;

/// Nothing survives but what was synced.
pub struct NothingUnsynced;

impl PowerLuck for NothingUnsynced {
    fn folder_survives(&mut self, _: Folder) -> bool {
        false
    }
    fn entry_survives(&mut self, _: FilePath) -> bool {
        false
    }
    fn bytes_kept(&mut self, _: FilePath, _: u64) -> u64 {
        0
    }
    fn torn_sector(&mut self, _: FilePath, _: u64) -> Option<u64> {
        None
    }
}
