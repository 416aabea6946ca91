//! What a leader answers to readers, and whom it fences.
//!
//! Invariant: a consumer never sees an offset at or above the high watermark; a reader whose log left the leader's gets
//! the place where it did instead of batches. With `epoch-fencing = off` nobody compares epochs: neither here nor in the
//! reader's log.
//!
//! Source: KIP-101, KIP-207, KIP-279, KIP-320, KIP-392, KIP-595; Kafka's `Partition.fetchRecords`, `fetchOffsetForTimestamp`,
//! `lastOffsetForLeaderEpoch`, `checkCurrentLeaderEpoch`. Called by: `broker/fetch`, `broker/list_offsets`,
//! `broker/offset_for_leader_epoch`.

use std::cmp::Ordering;

use bytes::Bytes;

use super::leader::Leader;
use super::partition::{Partition, Role};
use crate::config::Truncation;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, LeaderEpoch, Offset};
use crate::protocol::{DivergingEpoch, FetchPartition, OffsetSpec};
use crate::time::Timestamp;

/// Who reads, and so how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// From the leader, up to the high watermark.
    ///
    /// Kafka differs: there a consumer without a rack may read from a follower too. Nobody sends it there, but for a
    /// client that knows no leader epochs.
    Consumer,
    /// From any replica, up to the high watermark as that one knows it (KIP-392).
    ConsumerWithRack,
    /// From the leader, up to the log end.
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
    /// Who should be read from instead.
    pub preferred: Option<BrokerId>,
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
    /// Errors: FENCED_LEADER_EPOCH to an older epoch, UNKNOWN_LEADER_EPOCH to a newer one (KIP-320), unless
    /// `epoch-fencing = off`; NOT_LEADER_OR_FOLLOWER; KAFKA_STORAGE_ERROR.
    pub fn leading(&self, asked: Option<LeaderEpoch>) -> Result<&Leader, ErrorCode> {
        self.check_epoch(asked)?;
        match &self.role {
            Role::Leader(leader) => Ok(leader),
            Role::Follower(_) | Role::Idle | Role::Offline => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Whether this replica may answer this reader, which knows that epoch. Errors: as [`Partition::leading`].
    pub fn check_reader(&self, asked: Option<LeaderEpoch>, reader: Reader) -> Result<(), ErrorCode> {
        match reader {
            Reader::Consumer | Reader::Replica => self.leading(asked).map(|_| ()),
            Reader::ConsumerWithRack => self.check_epoch(asked),
        }
    }

    fn check_epoch(&self, asked: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
        let epoch = match (&self.role, self.epoch) {
            (Role::Offline, _) => return Err(ErrorCode::KafkaStorageError),
            (Role::Idle, _) | (_, None) => return Err(ErrorCode::NotLeaderOrFollower),
            (Role::Leader(_) | Role::Follower(_), Some(epoch)) => epoch,
        };
        let asked = asked.filter(|_| self.setup.is_fencing());
        match asked.map_or(Ordering::Equal, |asked| asked.cmp(&epoch)) {
            Ordering::Less => Err(ErrorCode::FencedLeaderEpoch),
            Ordering::Greater => Err(ErrorCode::UnknownLeaderEpoch),
            Ordering::Equal => Ok(()),
        }
    }

    /// Up to where this reader may read.
    #[must_use]
    pub fn readable_end(&self, reader: Reader) -> Offset {
        match reader {
            Reader::Consumer | Reader::ConsumerWithRack => self.high_watermark,
            Reader::Replica => self.log.end_offset(),
        }
    }

    // ANCHOR: read
    /// Reads batches from `item.fetch_offset` on, at most `max_bytes`, but the first one whole.
    ///
    /// Errors: as [`Partition::check_reader`]; OFFSET_OUT_OF_RANGE outside the log; KAFKA_STORAGE_ERROR.
    pub fn read(&self, item: &FetchPartition, reader: Reader, max_bytes: u32, cx: &mut Context<'_>) -> Result<Found, ErrorCode> {
        self.check_reader(item.current_leader_epoch, reader)?;
        let found = Found { high_watermark: self.high_watermark, log_start_offset: self.log.start_offset(), ..Found::default() };
        let (from, log_end) = (item.fetch_offset, self.log.end_offset());
        if from < found.log_start_offset {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if let Some(asked) = item.last_fetched_epoch.filter(|_| self.setup.is_fencing()) {
            let shared = self.shared_epoch(asked).ok_or(ErrorCode::OffsetOutOfRange)?;
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

    /// Finds an offset for a consumer, or for a replica that has lost its way.
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
            OffsetSpec::LogEnd => {
                Ok(Listed { offset: Some(self.log.end_offset()), timestamp: None, epoch: self.log.latest_epoch() })
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

    /// What OffsetForLeaderEpoch hears about an epoch: [`Partition::shared_epoch`]; under `truncation = kip-101` where the
    /// first larger epoch begins, whether or not this log ever held the one asked about.
    ///
    /// Source: KIP-101; Kafka 1.1's `LeaderEpochFileCache.endOffsetFor`.
    #[must_use]
    pub fn end_of_epoch(&self, asked: LeaderEpoch) -> Option<DivergingEpoch> {
        match self.setup.variants.truncation {
            Truncation::Kip101 => {
                let entries = self.log.epochs().entries();
                if self.log.latest_epoch() == Some(asked) {
                    return Some(DivergingEpoch { epoch: asked, end_offset: self.log.end_offset() });
                }
                let is_older_than_all = entries.first().is_none_or(|oldest| asked < oldest.epoch);
                let larger = entries.iter().find(|entry| entry.epoch > asked).filter(|_| !is_older_than_all);
                larger.map(|entry| DivergingEpoch { epoch: asked, end_offset: entry.start })
            }
            Truncation::HighWatermark | Truncation::Kip279 => self.shared_epoch(asked),
        }
    }

    /// The largest epoch in this log that is not larger than the one asked about, and where it ends (KIP-279).
    ///
    /// An epoch older than all of this log "ends" where this log begins: whatever the asker has of it is not here.
    fn shared_epoch(&self, asked: LeaderEpoch) -> Option<DivergingEpoch> {
        let known = self.log.end_offset_for_epoch(asked);
        known.map(|(epoch, end_offset)| DivergingEpoch { epoch, end_offset })
    }
}
