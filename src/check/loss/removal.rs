//! How one copy of a record went, in words.
//!
//! Called by: [`super::story`], [`super::metadata`].

use std::fmt;

use crate::event::TruncationReason;
use crate::ids::{Offset, ProcessId, Step};

/// How one copy went.
pub(super) struct Removal {
    pub(super) step: Step,
    pub(super) process: ProcessId,
    pub(super) how: How,
}

/// What a disk did before a log was read back from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disk {
    /// It lost what nobody had asked it to keep.
    #[default]
    LostUnsynced,
    /// It said that something was synced, and it was not.
    Lied,
    /// It gave back other bytes than were written.
    Corrupted,
}

/// By what.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It cut its log.
    Cut { from: Offset, to: Offset, why: TruncationReason },
    /// Its disk came back shorter, because of this.
    Recovered { end: Offset, disk: Disk },
    /// It deleted its log: the partition was moved away from it.
    Deleted,
    /// Its disk was replaced.
    DiskReplaced,
    /// Something else was written over it.
    Overwritten,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { from, to, why } => {
                let why = match why {
                    TruncationReason::DivergingEpoch => "its leader's log differs from there",
                    TruncationReason::HighWatermark => "that was its high watermark",
                    TruncationReason::BehindLogStart => "its leader's log begins later",
                };
                write!(f, "cut its log from {from} to {to}: {why}")
            }
            Self::Recovered { end, disk } => {
                let why = match disk {
                    Disk::LostUnsynced => "the rest had not been synced",
                    Disk::Lied => "its disk had said that the rest was synced, and it was not",
                    Disk::Corrupted => "its disk gave back other bytes than were written",
                };
                write!(f, "read its log back up to {end}: {why}")
            }
            Self::Deleted => f.write_str("deleted its log, because the partition was moved away from it"),
            Self::DiskReplaced => f.write_str("came back with an empty disk"),
            Self::Overwritten => f.write_str("wrote another record over it"),
        }
    }
}
