//! A folder: the names in it, and what was done to them since it was last synced.
//!
//! Invariant: taking the unsynced operations back, the last first, gives the folder as of its last sync.

use super::file::File;
use crate::files::FileName;

/// Its files in the order of their names, and what a power failure may take back.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    pub(super) files: Vec<(FileName, File)>,
    pub(super) unsynced: Vec<Operation>,
}

/// An operation on a folder's entries, with what is needed to undo it.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Created(FileName),
    Renamed { from: FileName, to: FileName, replaced: Option<File> },
    Deleted(FileName, File),
}

impl Operation {
    /// The entry it is about.
    pub(super) fn subject(&self) -> FileName {
        match self {
            Self::Created(name) | Self::Deleted(name, _) => *name,
            Self::Renamed { to, .. } => *to,
        }
    }
}

impl Entries {
    pub(super) fn place(&self, name: FileName) -> Result<usize, usize> {
        self.files.binary_search_by_key(&name, |(name, _)| *name)
    }

    pub(super) fn get(&self, name: FileName) -> Option<&File> {
        self.place(name).ok().and_then(|place| self.files.get(place)).map(|(_, file)| file)
    }

    /// The file of this name, which is made if need be.
    pub(super) fn make(&mut self, name: FileName) -> &mut File {
        let place = match self.place(name) {
            Ok(place) => place,
            Err(place) => {
                self.files.insert(place, (name, File::default()));
                self.unsynced.push(Operation::Created(name));
                place
            }
        };
        &mut self.files.get_mut(place).expect("the file was found or made at this place").1
    }

    /// Puts a file under a name and returns the one it replaced.
    pub(super) fn put(&mut self, name: FileName, file: File) -> Option<File> {
        match self.place(name) {
            Ok(place) => self.files.get_mut(place).map(|(_, old)| std::mem::replace(old, file)),
            Err(place) => {
                self.files.insert(place, (name, file));
                None
            }
        }
    }

    pub(super) fn take(&mut self, name: FileName) -> Option<File> {
        self.place(name).ok().map(|place| self.files.remove(place).1)
    }

    /// Whether a power failure would leave it as it is.
    pub(super) fn is_durable(&self) -> bool {
        self.unsynced.is_empty() && self.files.iter().all(|(_, file)| file.is_durable())
    }

    /// Whether a power failure would leave it as it is, and no fault has changed what was written.
    pub(super) fn is_sound(&self) -> bool {
        self.is_durable() && self.files.iter().all(|(_, file)| file.is_sound())
    }

    /// Makes it durable, with what was written in its files.
    pub(super) fn make_whole(&mut self) {
        self.unsynced.clear();
        for (_, file) in &mut self.files {
            file.make_whole();
        }
    }

    /// Takes an operation back; returns how many bytes are no longer to be found under its name.
    pub(super) fn undo(&mut self, operation: Operation) -> u64 {
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
