//! What a leader writes into a batch when it appends it: offset, epoch, and the timestamps if they are its to give.
//!
//! Invariant: the records' bytes stay as the producer made them. The checksum changes only when a field that it covers does.
//!
//! Source: `LogValidator`, `DefaultRecordBatch.setMaxTimestamp`.

use bytes::Bytes;

use super::header::{BatchHeader, overwrite, seal};
use crate::config::TimestampType;
use crate::ids::{LeaderEpoch, Offset};
use crate::time::Timestamp;

/// The fields that a leader fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The offset of the batch's first record.
    pub base_offset: Offset,
    /// The epoch of the leader.
    pub leader_epoch: LeaderEpoch,
    /// Whose clock its timestamps are of.
    pub timestamp_type: TimestampType,
    /// The largest timestamp; under LogAppendTime every record's.
    pub max_timestamp: Timestamp,
}

/// The batch with offset and epoch filled in and, if a time is given, with that as the timestamp of every record.
/// `batch` is a whole batch that was verified. Copies it once.
#[must_use]
pub fn restamp(batch: &Bytes, base_offset: Offset, leader_epoch: LeaderEpoch, log_append_time: Option<Timestamp>) -> Bytes {
    let header = BatchHeader::parse(batch).expect("only a verified batch is stamped");
    let (timestamp_type, max_timestamp) = match log_append_time {
        Some(now) => (TimestampType::LogAppendTime, now),
        None => (header.attributes.timestamp_type(), header.max_timestamp),
    };
    stamp(&header, batch, Stamp { base_offset, leader_epoch, timestamp_type, max_timestamp }).1
}

// ANCHOR: stamp
/// The batch of this header with the fields of `new` filled in, and its header then. Copies it once.
#[must_use]
pub fn stamp(header: &BatchHeader, batch: &[u8], new: Stamp) -> (BatchHeader, Bytes) {
    let mut bytes = batch.to_vec();
    let mut stamped = BatchHeader {
        base_offset: new.base_offset,
        leader_epoch: Some(new.leader_epoch),
        attributes: header.attributes.with_timestamp_type(new.timestamp_type),
        max_timestamp: new.max_timestamp,
        ..*header
    };
    overwrite(&mut bytes, 0, &new.base_offset.0.to_be_bytes());
    overwrite(&mut bytes, 12, &new.leader_epoch.0.to_be_bytes());
    if stamped.attributes != header.attributes || stamped.max_timestamp != header.max_timestamp {
        overwrite(&mut bytes, 21, &stamped.attributes.bits().to_be_bytes());
        overwrite(&mut bytes, 35, &new.max_timestamp.0.to_be_bytes());
        stamped.crc = seal(&mut bytes);
    }
    (stamped, Bytes::from(bytes))
}
// ANCHOR_END: stamp
