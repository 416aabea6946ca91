//! A snapshot of the metadata: one file that says all that the log below its end said.
//!
//! Its bytes are record batches as in the log: a header (control), the voters (control), the metadata records, a footer
//! (control). Without its footer a file is not a snapshot.
//!
//! Invariant: a file under a snapshot's name is whole: it was written beside, synced, renamed, its folder synced. What it
//! covers was committed.
//!
//! Source: KIP-630; Kafka's `RecordsSnapshotWriter`, `FileRawSnapshotWriter`.
//!
//! Called by: [`super::metadata_log`], which keeps the files and the log in step; [`super::download`].

use bytes::{Bytes, BytesMut};

use super::state::replace;
use super::voters::{VoterEntry, VoterSet};
use crate::config::Switch;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{LogDirectory, Offset, TopicPartition};
use crate::protocol::SnapshotId;
use crate::record::control::ControlRecord;
use crate::record::{BatchBuilder, RecordBatch, batches_of, restamp};
use crate::time::Timestamp;

/// How large a batch of records in a snapshot grows (Kafka's `MAX_BATCH_SIZE_BYTES`).
const BATCH_BYTES: usize = 8 << 20;

/// What a snapshot says.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// Who votes where it ends.
    pub voters: VoterEntry,
    /// The metadata, as records.
    pub records: Vec<Bytes>,
}

/// Where a snapshot lies.
pub(super) fn file(id: SnapshotId) -> FilePath {
    FilePath::log(TopicPartition::METADATA, FileName::Snapshot(id.end, id.epoch))
}

/// The snapshots on this disk, the oldest first.
pub(super) fn list(cx: &mut Context<'_>) -> Vec<SnapshotId> {
    let names = cx.list(Folder::Log(LogDirectory::FIRST, TopicPartition::METADATA));
    let mut found: Vec<SnapshotId> = names.into_iter().filter_map(id_of).collect();
    found.sort_unstable();
    found
}

fn id_of(name: FileName) -> Option<SnapshotId> {
    match name {
        FileName::Snapshot(end, epoch) => Some(SnapshotId { end, epoch }),
        FileName::Segment(_)
        | FileName::OffsetIndex(_)
        | FileName::TimeIndex(_)
        | FileName::LeaderEpochCheckpoint
        | FileName::RecoveryPointCheckpoint
        | FileName::HighWatermarkCheckpoint
        | FileName::LogStartCheckpoint
        | FileName::QuorumState
        | FileName::CleanShutdown
        | FileName::MetaProperties
        | FileName::FactsTold
        | FileName::Temporary(_)
        | FileName::CleanerCheckpoint
        | FileName::Sparse
        | FileName::Cleaned(..)
        | FileName::Swap(..)
        | FileName::Removed(..) => None,
    }
}

/// The bytes of a snapshot. The batch of the voters keeps the offset and the epoch that it had in the log.
pub(super) fn encode(voters: &VoterEntry, records: Vec<Bytes>, now: Timestamp) -> Bytes {
    let mut out = BytesMut::new();
    out.extend_from_slice(&ControlRecord::SnapshotHeader { last_contained_log_timestamp: now.0 }.batch(now));
    out.extend_from_slice(&restamp(&voters.voters.record().batch(now), voters.offset, voters.epoch, None));
    let mut batch = BatchBuilder::new(now);
    for record in records {
        if !batch.is_empty() && batch.size_with(now, None, Some(&record), &[]) > BATCH_BYTES {
            out.extend_from_slice(&std::mem::replace(&mut batch, BatchBuilder::new(now)).build());
        }
        batch.append(now, None, Some(&record), &[]);
    }
    if !batch.is_empty() {
        out.extend_from_slice(&batch.build());
    }
    out.extend_from_slice(&ControlRecord::SnapshotFooter.batch(now));
    out.freeze()
}

/// What a snapshot's bytes say. Errors: [`Fault::Corrupt`] when they are damaged, or end before the footer.
pub(super) fn decode(bytes: Bytes) -> Result<Snapshot, Fault> {
    let (mut voters, mut records, mut is_whole) = (None, Vec::new(), false);
    for bytes in batches_of(bytes) {
        let batch = RecordBatch::decode(bytes?)?;
        if !batch.header.attributes.is_control() {
            records.extend(batch.records.into_iter().map(|record| record.value.unwrap_or_default()));
            continue;
        }
        for record in &batch.records {
            match ControlRecord::decode(record)? {
                ControlRecord::Voters { voters: named } => {
                    let epoch = batch.header.leader_epoch.unwrap_or_default();
                    voters = Some(VoterEntry { offset: batch.header.base_offset, epoch, voters: VoterSet::of_record(&named)? });
                }
                ControlRecord::SnapshotFooter => is_whole = true,
                ControlRecord::SnapshotHeader { .. }
                | ControlRecord::LeaderChange { .. }
                | ControlRecord::Abort { .. }
                | ControlRecord::Commit { .. } => {}
            }
        }
    }
    match voters {
        Some(voters) if is_whole => Ok(Snapshot { voters, records }),
        Some(_) | None => Err(Fault::Corrupt { what: "snapshot", why: "it has no footer or no voters".to_owned() }),
    }
}

/// The bytes of a snapshot on this disk. Errors: those of the disk.
pub(super) fn read(id: SnapshotId, cx: &mut Context<'_>) -> Result<Bytes, Fault> {
    let file = file(id);
    let length = cx.len(file).ok_or_else(|| Fault::NoSuchFile(file.to_string()))?;
    cx.read(file, 0, length)
}

/// Puts a snapshot on the disk; on return it survives a power failure. Errors: those of the disk.
pub(super) fn write(id: SnapshotId, bytes: Bytes, folder_sync: Switch, cx: &mut Context<'_>) -> Result<(), Fault> {
    assert!(id.end > Offset::ZERO, "a snapshot covers something");
    replace(file(id), bytes, folder_sync, cx)
}
