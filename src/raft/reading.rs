//! The metadata records between two offsets of a log, read from its disk.
//!
//! Invariant: every record in the range comes once, in order, except the quorum's own control records.
//!
//! Called by: [`super::metadata_log`].

use bytes::Bytes;

use super::refused;
use crate::context::Context;
use crate::error::Fault;
use crate::ids::Offset;
use crate::log::PartitionLog;
use crate::record::RecordBatch;

/// How much is read at once.
const READ_BYTES: u32 = 1 << 20;

/// The metadata records with their offsets in `from..end`. `end` lies within the log.
/// Errors: those of the disk; [`Fault::Corrupt`] when a batch is not what was written.
pub(super) fn metadata_records(
    log: &PartitionLog,
    from: Offset,
    end: Offset,
    cx: &mut Context<'_>,
) -> Result<Vec<(Offset, Bytes)>, Fault> {
    assert!(end <= log.end_offset(), "nobody reads beyond the log's end");
    let mut read = Vec::new();
    let mut next = from;
    while next < end {
        let batches = log.read(next, end, READ_BYTES, cx).map_err(|code| refused(log, code))?;
        let before = next;
        for bytes in batches {
            let batch = RecordBatch::decode(bytes)?;
            next = next.max(batch.header.last_offset().next());
            if batch.header.attributes.is_control() {
                continue;
            }
            let wanted = batch.records.into_iter().filter(|record| record.offset >= from && record.offset < end);
            read.extend(wanted.map(|record| (record.offset, record.value.unwrap_or_default())));
        }
        if next == before {
            return Err(Fault::Truncated("metadata log"));
        }
    }
    Ok(read)
}
