//! The quorum state file: the latest quorum epoch this server knows, who led it, and whom it voted for.
//!
//! Invariant: the file never goes back to an earlier epoch, and it is on disk (written beside, synced, renamed, its folder
//! synced) before anybody acts in that epoch.
//!
//! Called by: [`super::node`] before it leads, [`super::observer`] before it follows. Source: KIP-595; Kafka's file
//! `quorum-state`.
//!
//! Kafka differs: a small binary form instead of JSON.

use bytes::Bytes;

use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::canonical::{Field, record_fields, unknown};
use crate::files::{FileName, FilePath};
use crate::ids::{LeaderEpoch, ProcessId};

/// The version of the file's form.
const VERSION: u8 = 0;

/// What a server remembers of the quorum across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuorumState {
    /// The latest epoch it knows; 0 is before the first election.
    pub epoch: LeaderEpoch,
    /// Who leads that epoch, if it knows.
    pub leader: Option<ProcessId>,
    /// To whom it gave its vote in that epoch, if it is a voter and voted.
    pub voted_for: Option<ProcessId>,
}

record_fields!(QuorumState { epoch, leader, voted_for });

impl QuorumState {
    /// Reads the file; before the first election there is none.
    /// Errors: [`Fault::Corrupt`] and [`Fault::Truncated`] when it is damaged, and those of the disk.
    pub fn read(cx: &mut Context<'_>) -> Result<Self, Fault> {
        let file = FilePath::root(FileName::QuorumState);
        let Some(length) = cx.len(file) else { return Ok(Self::default()) };
        let bytes = cx.read(file, 0, length)?;
        let mut input: &[u8] = &bytes;
        match u8::take(&mut input)? {
            VERSION => Self::take(&mut input),
            other => Err(unknown("quorum state version", other)),
        }
    }

    /// Replaces the file; on return it survives a power failure. Errors: those of the disk.
    pub fn write(&self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let file = FilePath::root(FileName::QuorumState);
        let mut out = vec![VERSION];
        self.put(&mut out);
        cx.delete(file.temporary())?;
        cx.append(file.temporary(), Bytes::from(out))?;
        cx.sync(file.temporary())?;
        cx.rename(file.temporary(), file)?;
        cx.sync_folder(file.folder)
    }
}
