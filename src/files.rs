//! The names of what lies on a server's disk, as small `Copy` values that print as Kafka's own file names.

use std::fmt;

use crate::ids::{LeaderEpoch, LogDirectory, Offset, TopicPartition};

/// A folder on a server's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Folder {
    /// A log directory itself.
    Root(LogDirectory),
    /// The folder of one partition's log in it.
    Log(LogDirectory, TopicPartition),
    /// What was the folder of a log that was deleted, until its files are gone.
    Deleted(LogDirectory, TopicPartition),
}

impl Folder {
    /// The log directory it is, or lies in.
    #[must_use]
    pub fn directory(self) -> LogDirectory {
        match self {
            Self::Root(directory) | Self::Log(directory, _) | Self::Deleted(directory, _) => directory,
        }
    }

    /// A file in it.
    #[must_use]
    pub fn file(self, name: FileName) -> FilePath {
        FilePath { folder: self, name }
    }
}

/// One of a segment's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Its record batches.
    Batches,
    /// Its index from offset to position.
    OffsetIndex,
    /// Its index from timestamp to offset.
    TimeIndex,
}

impl Part {
    /// All files of a segment, the batches last: what makes a segment is that they are there.
    pub const ALL: [Self; 3] = [Self::OffsetIndex, Self::TimeIndex, Self::Batches];

    /// Its name while the segment is in use.
    #[must_use]
    pub fn of(self, base: Offset) -> FileName {
        match self {
            Self::Batches => FileName::Segment(base),
            Self::OffsetIndex => FileName::OffsetIndex(base),
            Self::TimeIndex => FileName::TimeIndex(base),
        }
    }
}

/// A file within a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileName {
    /// The record batches of the segment that begins at this offset.
    Segment(Offset),
    /// That segment's sparse index from offset to position.
    OffsetIndex(Offset),
    /// That segment's sparse index from timestamp to offset.
    TimeIndex(Offset),
    /// Which leader epoch began at which offset (KIP-101).
    LeaderEpochCheckpoint,
    /// Up to where each log is known to be on disk.
    RecoveryPointCheckpoint,
    /// Every partition's high watermark as this replica knew it.
    HighWatermarkCheckpoint,
    /// Every partition's log start offset.
    LogStartCheckpoint,
    /// The quorum epoch and the vote given in it.
    QuorumState,
    /// Written at a clean shutdown, gone at the next start.
    CleanShutdown,
    /// The metadata below this offset, whose last record was of this epoch (KIP-630).
    Snapshot(Offset, LeaderEpoch),
    /// Which log directory this is (KIP-853).
    MetaProperties,
    /// How far a controller told the trace what was decided; Kafka has no such file.
    FactsTold,
    /// A checkpoint being written, before it is renamed over the old one. The number is the old one's place in this list.
    Temporary(u8),
    /// Up to where each log is compacted.
    CleanerCheckpoint,
    /// Says that offsets may be missing within the segments of this log; Kafka has no such file.
    Sparse,
    /// A segment that the cleaner is still writing.
    Cleaned(Part, Offset),
    /// A cleaned segment that is about to take the place of those it was made from.
    Swap(Part, Offset),
    /// A segment that is no longer part of its log, and will be removed soon.
    Removed(Part, Offset),
}

/// A file on one server's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilePath {
    /// Its folder.
    pub folder: Folder,
    /// Its name there.
    pub name: FileName,
}

impl FileName {
    /// The offset that a segment's file of batches is named by; `None` for every other file.
    #[must_use]
    pub fn segment_base(self) -> Option<Offset> {
        match self {
            Self::Segment(base) => Some(base),
            Self::OffsetIndex(_)
            | Self::TimeIndex(_)
            | Self::LeaderEpochCheckpoint
            | Self::RecoveryPointCheckpoint
            | Self::HighWatermarkCheckpoint
            | Self::LogStartCheckpoint
            | Self::QuorumState
            | Self::CleanShutdown
            | Self::Snapshot(..)
            | Self::MetaProperties
            | Self::FactsTold
            | Self::Temporary(_)
            | Self::CleanerCheckpoint
            | Self::Sparse
            | Self::Cleaned(..)
            | Self::Swap(..)
            | Self::Removed(..) => None,
        }
    }

    /// The offset that a segment's index is named by; `None` for every other file.
    #[must_use]
    pub fn index_base(self) -> Option<Offset> {
        match self {
            Self::OffsetIndex(base) | Self::TimeIndex(base) => Some(base),
            Self::Segment(_)
            | Self::LeaderEpochCheckpoint
            | Self::RecoveryPointCheckpoint
            | Self::HighWatermarkCheckpoint
            | Self::LogStartCheckpoint
            | Self::QuorumState
            | Self::CleanShutdown
            | Self::Snapshot(..)
            | Self::MetaProperties
            | Self::FactsTold
            | Self::Temporary(_)
            | Self::CleanerCheckpoint
            | Self::Sparse
            | Self::Cleaned(..)
            | Self::Swap(..)
            | Self::Removed(..) => None,
        }
    }
}

impl FilePath {
    /// A file in the first log directory itself.
    #[must_use]
    pub fn root(name: FileName) -> Self {
        Folder::Root(LogDirectory::FIRST).file(name)
    }

    /// A file of one partition's log in the first log directory.
    #[must_use]
    pub fn log(partition: TopicPartition, name: FileName) -> Self {
        Folder::Log(LogDirectory::FIRST, partition).file(name)
    }

    /// The name under which a new version of this file is written before it is renamed into place.
    #[must_use]
    pub fn temporary(self) -> Self {
        let place = match self.name {
            FileName::Segment(_) => 0,
            FileName::OffsetIndex(_) => 1,
            FileName::TimeIndex(_) => 2,
            FileName::LeaderEpochCheckpoint => 3,
            FileName::RecoveryPointCheckpoint => 4,
            FileName::HighWatermarkCheckpoint => 5,
            FileName::LogStartCheckpoint => 6,
            FileName::QuorumState => 7,
            FileName::CleanShutdown => 8,
            FileName::Snapshot(..) => 9,
            FileName::MetaProperties => 10,
            FileName::FactsTold => 11,
            FileName::CleanerCheckpoint => 12,
            FileName::Cleaned(..) => 13,
            FileName::Swap(..) => 14,
            FileName::Removed(..) => 15,
            FileName::Sparse => 16,
            FileName::Temporary(place) => place,
        };
        Self { folder: self.folder, name: FileName::Temporary(place) }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(LogDirectory::FIRST) => f.write_str("."),
            Self::Root(directory) => write!(f, "d{}", directory.0),
            Self::Log(LogDirectory::FIRST, partition) => write!(f, "{partition}"),
            Self::Log(directory, partition) => write!(f, "d{}/{partition}", directory.0),
            Self::Deleted(LogDirectory::FIRST, partition) => write!(f, "{partition}-delete"),
            Self::Deleted(directory, partition) => write!(f, "d{}/{partition}-delete", directory.0),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(base) => write!(f, "{:020}.log", base.0),
            Self::OffsetIndex(base) => write!(f, "{:020}.index", base.0),
            Self::TimeIndex(base) => write!(f, "{:020}.timeindex", base.0),
            Self::LeaderEpochCheckpoint => f.write_str("leader-epoch-checkpoint"),
            Self::RecoveryPointCheckpoint => f.write_str("recovery-point-offset-checkpoint"),
            Self::HighWatermarkCheckpoint => f.write_str("replication-offset-checkpoint"),
            Self::LogStartCheckpoint => f.write_str("log-start-offset-checkpoint"),
            Self::QuorumState => f.write_str("quorum-state"),
            Self::CleanShutdown => f.write_str(".kafka_cleanshutdown"),
            Self::Snapshot(end, epoch) => write!(f, "{:020}-{:010}.checkpoint", end.0, epoch.0),
            Self::MetaProperties => f.write_str("meta.properties"),
            Self::FactsTold => f.write_str("facts-told"),
            Self::Temporary(place) => write!(f, "{place}.tmp"),
            Self::CleanerCheckpoint => f.write_str("cleaner-offset-checkpoint"),
            Self::Sparse => f.write_str("sparse"),
            Self::Cleaned(part, base) => write!(f, "{}.cleaned", part.of(*base)),
            Self::Swap(part, base) => write!(f, "{}.swap", part.of(*base)),
            Self::Removed(part, base) => write!(f, "{}.deleted", part.of(*base)),
        }
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder, self.name)
    }
}
