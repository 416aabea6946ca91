//! What a leader answers to readers, and whom it fences.
//!
//! Invariant: a consumer never sees an offset at or above the high watermark; a reader whose log left the leader's gets
//! the place where it did instead of batches.
//!
//! Source: KIP-207, KIP-279, KIP-320, KIP-595; Kafka's `Partition.fetchRecords`, `fetchOffsetForTimestamp`,
//! `lastOffsetForLeaderEpoch`, `checkCurrentLeaderEpoch`. Called by: `broker/fetch`, `broker/list_offsets`,
//! `broker/offset_for_leader_epoch`.

use std::cmp::Ordering;

use bytes::Bytes;

use super::leader::Leader;
use super::partition::{Partition, Role};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::{DivergingEpoch, FetchPartition, OffsetSpec};
use crate::time::Timestamp;

/// Who reads, and so how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Up to the high watermark.
    Consumer,
    /// Up to the log end.
    Replica,
}

/// What there was to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Whole batches in offset order.
    pub batches: Vec<Bytes>,
    /// The high watermark at the time of the read: from before this very fetch counts as an acknowledgement.
    pub high_watermark: Offset,
    /// Where the log begins.
    pub log_start_offset: Offset,
    /// Where the reader's log leaves this one.
    pub diverging: Option<DivergingEpoch>,
}

/// An offset found by ListOffsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The offset; `None` when no record is that young.
    pub offset: Option<Offset>,
    /// The timestamp of the record found by timestamp.
    pub timestamp: Option<Timestamp>,
    /// The epoch of the record, or of the end.
    pub epoch: Option<LeaderEpoch>,
}

impl Partition {
    /// The leader's part, if this replica leads in the epoch that the asker knows.
    ///
    /// Errors: FENCED_LEADER_EPOCH to an older epoch, UNKNOWN_LEADER_EPOCH to a newer one (KIP-320);
    /// NOT_LEADER_OR_FOLLOWER; KAFKA_STORAGE_ERROR.
    pub fn leading(&self, asked: Option<LeaderEpoch>) -> Result<&Leader, ErrorCode> {
        let epoch = match (&self.role, self.epoch) {
            (Role::Offline, _) => return Err(ErrorCode::KafkaStorageError),
            (Role::Idle, _) | (_, None) => return Err(ErrorCode::NotLeaderOrFollower),
            (Role::Leader(_) | Role::Follower(_), Some(epoch)) => epoch,
        };
        match asked.map_or(Ordering::Equal, |asked| asked.cmp(&epoch)) {
            Ordering::Less => return Err(ErrorCode::FencedLeaderEpoch),
            Ordering::Greater => return Err(ErrorCode::UnknownLeaderEpoch),
            Ordering::Equal => {}
        }
        match &self.role {
            Role::Leader(leader) => Ok(leader),
            Role::Follower(_) | Role::Idle | Role::Offline => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Up to where this reader may read.
    #[must_use]
    pub fn readable_end(&self, reader: Reader) -> Offset {
        match reader {
            Reader::Consumer => self.high_watermark,
            Reader::Replica => self.log.end_offset(),
        }
    }

    // ANCHOR: read
    /// Reads batches from `item.fetch_offset` on, at most `max_bytes`, but the first one whole.
    ///
    /// Errors: as [`Partition::leading`]; OFFSET_OUT_OF_RANGE outside the log; KAFKA_STORAGE_ERROR.
    pub fn read(&self, item: &FetchPartition, reader: Reader, max_bytes: u32, cx: &mut Context<'_>) -> Result<Found, ErrorCode> {
        self.leading(item.current_leader_epoch)?;
        let found = Found { high_watermark: self.high_watermark, log_start_offset: self.log.start_offset(), ..Found::default() };
        let (from, log_end) = (item.fetch_offset, self.log.end_offset());
        if from < found.log_start_offset {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if let Some(asked) = item.last_fetched_epoch {
            let shared = self.end_of_epoch(asked).ok_or(ErrorCode::OffsetOutOfRange)?;
            if shared.epoch < asked || shared.end_offset < from {
                return Ok(Found { diverging: Some(shared), ..found });
            }
        }
        if from > log_end {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let end = self.readable_end(reader);
        if from >= end {
            return Ok(found);
        }
        Ok(Found { batches: self.log.read(from, end, max_bytes, cx)?, ..found })
    }
    // ANCHOR_END: read

    /// Finds an offset for a consumer.
    ///
    /// Errors: as [`Partition::leading`]; OFFSET_NOT_AVAILABLE while the high watermark of a young leader has not reached
    /// the start of its epoch: what it knew before could lie below what others have already read (KIP-207).
    pub fn list_offset(&self, asked: Option<LeaderEpoch>, spec: OffsetSpec, cx: &mut Context<'_>) -> Result<Listed, ErrorCode> {
        let is_lagging = self.leading(asked)?.epoch_start > self.high_watermark;
        match spec {
            OffsetSpec::Earliest => {
                let start = self.log.start_offset();
                Ok(Listed { offset: Some(start), timestamp: None, epoch: self.log.epochs().epoch_at(start) })
            }
            OffsetSpec::Latest if is_lagging => Err(ErrorCode::OffsetNotAvailable),
            OffsetSpec::Latest => Ok(Listed { offset: Some(self.high_watermark), timestamp: None, epoch: self.epoch }),
            OffsetSpec::Timestamp(at) => {
                let found = self.log.offset_for_timestamp(at, cx).map_err(|_| ErrorCode::KafkaStorageError)?;
                match found.filter(|(offset, ..)| *offset < self.high_watermark) {
                    Some((offset, timestamp, epoch)) => {
                        Ok(Listed { offset: Some(offset), timestamp: Some(timestamp), epoch: Some(epoch) })
                    }
                    None if is_lagging => Err(ErrorCode::OffsetNotAvailable),
                    None => Ok(Listed::default()),
                }
            }
        }
    }

    /// The largest epoch in this log that is not larger than the one asked about, and where it ends (KIP-279).
    ///
    /// An epoch older than all of this log "ends" where this log begins: whatever the asker has of it is not here.
    #[must_use]
    pub fn end_of_epoch(&self, asked: LeaderEpoch) -> Option<DivergingEpoch> {
        let known = self.log.end_offset_for_epoch(asked);
        known.map(|(epoch, end_offset)| DivergingEpoch { epoch, end_offset })
    }
}
