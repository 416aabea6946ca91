//! The two files by which a server of the quorum remembers itself: the quorum state (the latest epoch it knows, who led it,
//! whom it voted for) and which log directory this is.
//!
//! Invariant: the quorum state never goes back to an earlier epoch, and it is on disk (written beside, synced, renamed, its
//! folder synced) before anybody acts in that epoch or hears of that vote. A directory id never changes.
//!
//! Called by: [`super::node`] at every change of role, [`super::observer`] before it follows. Source: KIP-595, KIP-853;
//! Kafka's files `quorum-state` and `meta.properties`.
//!
//! Kafka differs: a small binary form instead of JSON and properties; a disk is formatted in its server's first turn, where
//! Kafka wants an operator to do it before.

use bytes::Bytes;

use crate::config::Switch;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::canonical::{Field, record_fields, unknown};
use crate::files::{FileName, FilePath};
use crate::ids::{DirectoryId, LeaderEpoch, ProcessId, VoterKey};

/// The version of the files' forms.
const VERSION: u8 = 1;

/// What a server remembers of the quorum across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuorumState {
    /// The latest epoch it knows; 0 is before the first election.
    pub epoch: LeaderEpoch,
    /// Who leads that epoch, if it knows.
    pub leader: Option<ProcessId>,
    /// To whom it gave its vote in that epoch, if it is a voter and voted.
    pub voted_for: Option<VoterKey>,
}

record_fields!(QuorumState { epoch, leader, voted_for });

impl QuorumState {
    /// Reads the file; before the first election there is none.
    /// Errors: [`Fault::Corrupt`] and [`Fault::Truncated`] when it is damaged, and those of the disk.
    pub fn read(cx: &mut Context<'_>) -> Result<Self, Fault> {
        Ok(read(FileName::QuorumState, cx)?.unwrap_or_default())
    }

    /// Replaces the file; on return it survives a power failure. Errors: those of the disk.
    pub fn write(&self, folder_sync: Switch, cx: &mut Context<'_>) -> Result<(), Fault> {
        let mut out = vec![VERSION];
        self.put(&mut out);
        replace(FilePath::root(FileName::QuorumState), Bytes::from(out), folder_sync, cx)
    }
}

/// The directory id of this disk; an empty disk gets one, named after the present life of its server.
/// Errors: those of the disk; [`Fault::Corrupt`] and [`Fault::Truncated`] when the file is damaged.
pub(super) fn directory_id(folder_sync: Switch, cx: &mut Context<'_>) -> Result<DirectoryId, Fault> {
    if let Some(known) = read(FileName::MetaProperties, cx)? {
        return Ok(known);
    }
    let fresh = DirectoryId(cx.incarnation().0);
    let mut out = vec![VERSION];
    fresh.put(&mut out);
    replace(FilePath::root(FileName::MetaProperties), Bytes::from(out), folder_sync, cx)?;
    Ok(fresh)
}

fn read<T: Field>(name: FileName, cx: &mut Context<'_>) -> Result<Option<T>, Fault> {
    let file = FilePath::root(name);
    let Some(length) = cx.len(file) else { return Ok(None) };
    let bytes = cx.read(file, 0, length)?;
    let mut input: &[u8] = &bytes;
    match u8::take(&mut input)? {
        VERSION => T::take(&mut input).map(Some),
        other => Err(unknown("version of a quorum file", other)),
    }
}

/// Writes a whole file beside the old one, syncs it, and puts it into its place.
/// Errors: those of the disk.
pub(super) fn replace(file: FilePath, bytes: Bytes, folder_sync: Switch, cx: &mut Context<'_>) -> Result<(), Fault> {
    cx.delete(file.temporary())?;
    cx.append(file.temporary(), bytes)?;
    cx.sync(file.temporary())?;
    cx.rename(file.temporary(), file)?;
    if folder_sync.is_on() { cx.sync_folder(file.folder) } else { Ok(()) }
}
