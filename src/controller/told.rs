//! How far the trace was told what was decided, remembered across a crash of the controller.
//!
//! A decision is on disk before its facts are told, so a crash in between would leave facts untold: the cluster would act
//! on something of which the trace knows nothing. This file closes the gap. It is written after the facts and before
//! anybody else hears of them, and never synced: after a power failure what stands may be told again, which says
//! nothing new. A follower writes it as well, since who hears from the leader that something is committed knows that it was told.
//!
//! Kafka differs: it has no such file, since it keeps no trace.
//!
//! Called by: [`super::activation`].

use bytes::Bytes;

use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{LogDirectory, Offset};

const FILE: FilePath = FilePath { folder: Folder::Root(LogDirectory::FIRST), name: FileName::FactsTold };
const ENTRY_BYTES: u64 = 8;

/// Up to where (excluded) the facts were told, as far as the disk knows.
pub(super) fn read(cx: &mut Context<'_>) -> Result<Offset, Fault> {
    let whole_entries = cx.len(FILE).unwrap_or(0) / ENTRY_BYTES;
    let Some(last) = whole_entries.checked_sub(1) else { return Ok(Offset::ZERO) };
    let bytes = cx.read(FILE, last * ENTRY_BYTES, ENTRY_BYTES)?;
    Ok(Offset(u64::from_le_bytes(bytes.as_ref().try_into().map_err(|_| Fault::Truncated("told facts"))?)))
}

/// Begins the file anew, without what a torn write may have left.
pub(super) fn restart(end: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
    cx.delete(FILE)?;
    write(end, cx)
}

/// Remembers that the facts below `end` were told.
pub(super) fn write(end: Offset, cx: &mut Context<'_>) -> Result<(), Fault> {
    cx.append(FILE, Bytes::copy_from_slice(&end.0.to_le_bytes())).map(|_| ())
}
