//! What a cleaner makes of one batch: some records go, the others keep their offsets, and the batch its place.
//!
//! Base offset, last offset, leader epoch, producer and sequence stay whatever goes, so that offsets never change their meaning
//! and a producer's next sequence still fits. A batch of which nothing is left goes whole, or stays as a header without records.
//!
//! When a batch with a tombstone is cleaned first it gets a horizon (KIP-534): the time from which on its tombstones may go stands
//! in the place of the base timestamp, and the records' timestamps are written relative to it.
//!
//! Invariant: what is kept reads as it did: offset, timestamp, key, value, headers. A batch from which nothing goes and that gets
//! no horizon stays byte for byte.
//!
//! Source: `MemoryRecords.filterTo`, `DefaultRecordBatch.writeEmptyHeader`; KIP-98, KIP-534.
//!
//! Called by: the log's cleaner, which decides what goes.
//!
//! Not modelled: transaction markers, which are kept as they are (they get no horizon).

use bytes::Bytes;

use super::builder::{finish, size_in_bytes};
use super::codec::{compress, unpack};
use super::header::{Attributes, BatchHeader, Compression, HEADER_BYTES, HEADER_SIZE};
use super::wire::{NewBody, RawRecord, each_record, put_record};
use crate::error::Fault;
use crate::time::Timestamp;

pub use super::wire::RawRecord as SeenRecord;

/// What becomes of a batch beside its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchRule {
    /// It goes, whatever is in it.
    Discard,
    /// It goes when no record is left.
    DropEmptied,
    /// It stays as a header when no record is left: it is the last of its producer, or of what is being cleaned.
    KeepEmptied,
}

/// A batch after it was cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanBatch {
    /// Its bytes; `None` when it is gone.
    pub bytes: Option<Bytes>,
    /// How many records it has.
    pub kept: u32,
    /// From when on its tombstones may go, if that was written into it now.
    pub new_horizon: Option<Timestamp>,
}

/// Cleans a whole batch that was verified: the records stay that `keeps` says so of. `horizon` is what the batch gets if a tombstone
/// stays in it and it has none; `None` writes no horizons.
///
/// Errors: [`Fault::Corrupt`] or [`Fault::Truncated`] when its records cannot be read.
pub fn clean(
    header: &BatchHeader,
    batch: &Bytes,
    rule: BatchRule,
    horizon: Option<Timestamp>,
    mut keeps: impl FnMut(&SeenRecord<'_>) -> bool,
) -> Result<CleanBatch, Fault> {
    if rule == BatchRule::Discard {
        return Ok(CleanBatch { bytes: None, kept: 0, new_horizon: None });
    }
    let unpacked = unpack(header, batch)?;
    let mut kept = Vec::new();
    each_record(header, &unpacked, |record| {
        if keeps(&record) {
            kept.push(record);
        }
        Ok(())
    })?;
    let count = u32::try_from(kept.len()).expect("no more than there were");
    if count == 0 {
        let bytes = (rule == BatchRule::KeepEmptied).then(|| emptied(header));
        return Ok(CleanBatch { bytes, kept: 0, new_horizon: None });
    }
    let has_tombstone = kept.iter().any(|record| record.value.is_none());
    let new_horizon = horizon.filter(|_| has_tombstone && !header.attributes.has_delete_horizon());
    let is_whole = count == header.count && new_horizon.is_none();
    let bytes = if is_whole { batch.clone() } else { rebuilt(header, &kept, new_horizon) };
    Ok(CleanBatch { bytes: Some(bytes), kept: count, new_horizon })
}

/// The batch with these records of it.
fn rebuilt(old: &BatchHeader, kept: &[RawRecord<'_>], new_horizon: Option<Timestamp>) -> Bytes {
    let horizon = new_horizon.or_else(|| old.delete_horizon());
    let first = kept.first().map_or(Timestamp::NONE, |record| record.timestamp);
    let base_timestamp = horizon.unwrap_or(first);
    let mut records = Vec::new();
    for record in kept {
        let offset_delta = record.offset.since(old.base_offset);
        let body = NewBody {
            timestamp_delta: record.timestamp.0.saturating_sub(base_timestamp.0),
            offset_delta: i32::try_from(offset_delta).expect("it lies in its batch, which spans less than 2^31 offsets"),
            key: record.key,
            value: record.value,
        };
        let headers: Vec<_> = record.headers().collect();
        put_record(body, &headers, &mut records);
    }
    let how = old.attributes.compression();
    let mut bytes = vec![0; HEADER_BYTES];
    bytes.extend_from_slice(&compress(how, &records));
    // Under LogAppendTime every record's is the batch's, so this is that.
    let youngest = kept.iter().map(|record| record.timestamp).max();
    let header = BatchHeader {
        size: size_in_bytes(&bytes),
        attributes: old.attributes.with_delete_horizon(horizon.is_some()),
        base_timestamp,
        max_timestamp: youngest.unwrap_or(old.max_timestamp),
        count: u32::try_from(kept.len()).expect("no more than there were"),
        ..*old
    };
    finish(&header, bytes)
}

/// The batch without records: offsets, epoch, producer and sequence are still told.
fn emptied(old: &BatchHeader) -> Bytes {
    let attributes: Attributes = old.attributes.with_compression(Compression::None).with_delete_horizon(false);
    let header = BatchHeader { size: HEADER_SIZE, attributes, base_timestamp: Timestamp::NONE, count: 0, ..*old };
    finish(&header, vec![0; HEADER_BYTES])
}
