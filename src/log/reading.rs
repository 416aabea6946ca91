//! Reading a log: by offset, by time.
//!
//! Bytes go out as they lie on the disk: nobody here verifies a checksum. Followers and consumers do (`check.crcs`), so that a
//! bit that rotted is refused by whoever reads it.
//!
//! Invariant: a batch that goes out has the base offset and the leader epoch with which it was written.
//!
//! Source: `UnifiedLog.read`, `fetchOffsetByTimestamp`; KIP-79. Called by: replica, raft.
//!
//! Kafka differs: it sends bytes that it has not looked at, so there the invariant does not hold on a disk that flips bits. The
//! checksum covers neither field, so no reader can tell: a consumer takes an offset that never was and goes on behind it, a
//! follower forgets every epoch newer than the one it is sent (`LeaderEpochFileCache.assign`) and with it where to truncate.
//! Here a log knows both fields of each batch and compares them, so that such a bit does no more harm than any other.

use bytes::Bytes;

use super::fence::storage_error;
use super::partition_log::PartitionLog;
use super::segment::{BatchPlace, Segment};
use crate::context::Context;
use crate::error::{ErrorCode, Fault};
use crate::ids::{LeaderEpoch, Offset};
use crate::record::{BatchHeader, Record, RecordBatch};
use crate::time::Timestamp;

impl PartitionLog {
    /// Reads whole batches from the one on that holds `from`, as long as they end before `end` (excluded) and fit into
    /// `max_bytes`; the first comes whole even if it is larger. It may begin below `from`.
    ///
    /// Errors: `OFFSET_OUT_OF_RANGE` when `from` is below the log start or beyond the log end; `CORRUPT_MESSAGE` when the first
    /// batch is not the one that was written there; `KAFKA_STORAGE_ERROR`.
    ///
    /// Kafka differs: one read ends with its segment there, and goes on into the next one here.
    pub fn read(&self, from: Offset, end: Offset, max_bytes: u32, cx: &mut Context<'_>) -> Result<Vec<Bytes>, ErrorCode> {
        if from < self.start_offset() || from > self.end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let mut found = Vec::new();
        let mut room = max_bytes;
        for segment in self.segments_from(from) {
            for batch in segment.batches_from(from) {
                let is_first = found.is_empty();
                if batch.last() >= end || (batch.size > room && !is_first) {
                    return Ok(found);
                }
                room = room.saturating_sub(batch.size);
                let bytes = segment.read(batch, cx).map_err(storage_error)?;
                if is_another(batch, &bytes) {
                    return if is_first { Err(ErrorCode::CorruptMessage) } else { Ok(found) };
                }
                found.push(bytes);
            }
        }
        Ok(found)
    }

    /// The first record not earlier than `timestamp`: its offset, its timestamp and its epoch.
    ///
    /// Errors: as [`Disk::read`], [`Fault::Corrupt`].
    /// Source: KIP-79; `UnifiedLog.fetchOffsetByTimestamp`.
    pub fn offset_for_timestamp(
        &self,
        timestamp: Timestamp,
        cx: &mut Context<'_>,
    ) -> Result<Option<(Offset, Timestamp, LeaderEpoch)>, Fault> {
        let may_hold_it = |segment: &&Segment| segment.largest_timestamp().is_some_and(|largest| largest >= timestamp);
        for segment in self.segments().filter(may_hold_it) {
            let is_young = |batch: &&BatchPlace| batch.max_timestamp >= timestamp && batch.last() >= self.start;
            for place in segment.batches_since(timestamp).iter().filter(is_young) {
                let bytes = segment.read(place, cx)?;
                if is_another(place, &bytes) {
                    return Err(Fault::Corrupt { what: "batch", why: format!("it is not the one of offset {}", place.base) });
                }
                let batch = RecordBatch::decode(bytes)?;
                let epoch = batch.header.leader_epoch.unwrap_or_default();
                let is_young = |record: &&Record| record.timestamp >= timestamp && record.offset >= self.start;
                if let Some(record) = batch.records.iter().find(is_young) {
                    return Ok(Some((record.offset, record.timestamp, epoch)));
                }
            }
        }
        Ok(None)
    }
}

/// Whether what lies in this place is a batch of another offset or epoch. (Of bytes that are no batch any reader says so.)
pub(super) fn is_another(place: &BatchPlace, bytes: &[u8]) -> bool {
    let found = BatchHeader::parse(bytes);
    found.is_ok_and(|header| (header.base_offset, header.leader_epoch) != (place.base, Some(place.epoch)))
}
