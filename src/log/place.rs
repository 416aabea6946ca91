//! Where a log lies, and whether the folders around it are synced with it.
//!
//! A file's bytes and its name are made durable apart: a segment that was synced is gone after a power failure if the folder
//! that names it was not, and a folder likewise in the directory above. Kafka learned to sync folders in KAFKA-3968 and
//! KAFKA-15312; the variant `folder-sync` takes that away again.
//!
//! Called by: the log, for every file it touches.

use crate::config::Switch;
use crate::context::Disk;
use crate::error::Fault;
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{LogDirectory, TopicPartition};

/// Where a log lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// In which log directory.
    pub directory: LogDirectory,
    /// Whose log it is.
    pub partition: TopicPartition,
    /// Whether folders are synced (variant `folder-sync`).
    pub folder_sync: Switch,
}

impl From<TopicPartition> for LogPlace {
    /// In the first log directory, with its folders synced.
    fn from(partition: TopicPartition) -> Self {
        Self { directory: LogDirectory::FIRST, partition, folder_sync: Switch::On }
    }
}

impl LogPlace {
    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> Folder {
        Folder::Log(self.directory, self.partition)
    }

    pub(super) fn file(&self, name: FileName) -> FilePath {
        self.folder().file(name)
    }

    /// Makes the names in its folder durable. Errors: as [`Disk::sync_folder`].
    pub(super) fn sync_folder(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        if self.folder_sync.is_on() { disk.sync_folder(self.folder()) } else { Ok(()) }
    }

    /// Makes the folder's own name durable. Errors: as [`Disk::sync_folder`].
    pub(super) fn sync_directory(&self, disk: &mut dyn Disk) -> Result<(), Fault> {
        if self.folder_sync.is_on() { disk.sync_folder(Folder::Root(self.directory)) } else { Ok(()) }
    }
}
