//! What a disk does wrong on purpose: rules that are laid upon it, and what they struck.
//!
//! A rule strikes every call it fits, until it has struck as often as it may or is taken away. Where a strike needs luck (how
//! much of a failed write is there, which bit flips, where a write lands), it comes from the one word drawn when the rule was
//! made and from how often the rule has struck: the same rule on the same calls does the same.
//!
//! Invariant: without rules nothing here costs more than a look at an empty list.
//!
//! Called by: [`super::SimDisk`], before each call it serves; the world lays the rules and tells what they struck.

use xxhash_rust::xxh64::xxh64;

use crate::event::{DiskFault, FaultIndex};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{LogDirectory, TopicPartition};
use crate::time::Duration;

/// The bytes that a device writes whole or not at all, as far as it promises anything.
pub const SECTOR_BYTES: u64 = 512;

/// Which files a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The batches of one partition: its segment files, whatever the log directory.
    Segments(TopicPartition),
    /// Every file of this name, and its new version while it is written under a temporary name.
    Name(FileName),
    /// One folder: its files and its entries.
    Folder(Folder),
    /// One log directory with all that lies in it.
    Directory(LogDirectory),
}

/// One wrong that a disk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskRule {
    /// What it does.
    pub kind: DiskFault,
    /// To which files; to all when `None`.
    pub only: Option<Place>,
    /// How often; until it is taken away when `None`.
    pub left: Option<u32>,
    /// Whose doing it is.
    pub id: FaultIndex,
    /// The word from which all luck of its strikes comes; drawn when the rule is laid, 0 when there is no luck.
    pub luck: u64,
    /// How much longer a stalled call takes.
    pub stall: Duration,
}

/// A call that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faulted {
    /// The file; of a sync of a folder, any name in it.
    pub file: FilePath,
    /// What went wrong.
    pub fault: DiskFault,
    /// Whose doing it was.
    pub rule: FaultIndex,
    /// The first byte that is not what was written, where bytes changed (bit rot, misdirected writes): `DiskCorrupted`.
    pub corrupted_at: Option<u64>,
}

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Bytes at the end of a file.
    Append,
    /// A cut, a new name, a removal.
    Change,
    Read,
    Sync,
    SyncFolder,
}

/// A rule that fits the call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strike {
    pub(super) fault: DiskFault,
    pub(super) rule: FaultIndex,
    pub(super) luck: u64,
    pub(super) stall: Duration,
}

impl Strike {
    /// A number from 0 to `most`, of several for one strike told apart by `nth`.
    pub(super) fn draw(&self, nth: u64, most: u64) -> u64 {
        if self.luck == 0 || most == 0 {
            return 0;
        }
        let word = xxh64(&self.luck.to_le_bytes(), nth);
        most.checked_add(1).map_or(word, |width| word % width)
    }
}

/// The rules laid on one disk, and what they struck.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    rules: Vec<DiskRule>,
    struck: Vec<Faulted>,
}

impl Faults {
    pub(super) fn add(&mut self, rule: DiskRule) {
        self.rules.push(rule);
    }

    pub(super) fn remove(&mut self, id: FaultIndex) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(super) fn take_struck(&mut self) -> Vec<Faulted> {
        std::mem::take(&mut self.struck)
    }

    pub(super) fn note(&mut self, file: FilePath, strike: Strike, corrupted_at: Option<u64>) {
        self.struck.push(Faulted { file, fault: strike.fault, rule: strike.rule, corrupted_at });
    }

    /// Whether there are no rules: the fast way.
    pub(super) fn is_quiet(&self) -> bool {
        self.rules.is_empty()
    }

    /// The first rule for this call, which has struck once more then.
    pub(super) fn strike(&mut self, call: Call, file: FilePath) -> Option<Strike> {
        let place =
            self.rules.iter().position(|rule| is_about(rule.kind, call) && rule.left != Some(0) && rule.fits(call, file))?;
        let rule = self.rules.get_mut(place)?;
        let strike = Strike { fault: rule.kind, rule: rule.id, luck: rule.luck, stall: rule.stall };
        if rule.luck != 0 {
            rule.luck = xxh64(&rule.luck.to_le_bytes(), 1).max(1); // the next strike has other luck
        }
        if let Some(left) = &mut rule.left {
            *left -= 1;
        }
        Some(strike)
    }
}

impl DiskRule {
    fn fits(&self, call: Call, file: FilePath) -> bool {
        let is_file = call != Call::SyncFolder;
        match self.only {
            None => true,
            Some(Place::Directory(directory)) => file.folder.directory() == directory,
            Some(Place::Folder(folder)) => file.folder == folder,
            Some(Place::Name(name)) => is_file && (file.name == name || file.name == file.folder.file(name).temporary().name),
            Some(Place::Segments(partition)) => {
                let is_of_it = matches!(file.folder, Folder::Log(_, other) if other == partition);
                is_file && is_of_it && matches!(file.name, FileName::Segment(_))
            }
        }
    }
}

/// Which calls a fault can strike.
fn is_about(fault: DiskFault, call: Call) -> bool {
    match fault {
        DiskFault::WriteFailed => matches!(call, Call::Append | Call::Change),
        DiskFault::Full | DiskFault::MisdirectedWrite => call == Call::Append,
        DiskFault::ReadFailed | DiskFault::ShortRead | DiskFault::BitRot => call == Call::Read,
        DiskFault::SyncFailed | DiskFault::SyncLied => matches!(call, Call::Sync | Call::SyncFolder),
        DiskFault::Stalled => true,
    }
}
