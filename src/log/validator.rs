//! What a leader checks of a batch before it appends it, and which timestamps the batch gets.
//!
//! Invariant: a batch that passed here decodes for every reader; one that did not leaves no trace in the log.
//!
//! Source: `LogValidator`, `UnifiedLog.analyzeAndValidateRecords`; KIP-32 and KIP-937 (timestamps).
//!
//! Called by: the log, on an append as leader.
//!
//! A compressed batch is unpacked for it, and kept as it came (`compression.type = producer`).

use bytes::Bytes;

use crate::config::{TimestampType, TopicConfig};
use crate::error::ErrorCode;
use crate::record::{BatchHeader, each_record, unpack, verify_body};
use crate::time::{Duration, Timestamp};

/// Who made the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A producer.
    Client,
    /// The active controller, for its own metadata log: control records are allowed, sizes and times its own business.
    RaftLeader,
}

/// A batch that may be appended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Valid {
    /// Its header as it came.
    pub header: BatchHeader,
    /// Whose clock its timestamps shall be of.
    pub timestamp_type: TimestampType,
    /// The largest timestamp it shall name.
    pub max_timestamp: Timestamp,
}

/// Checks one batch against the topic's configuration, `now` being the leader's wall clock.
///
/// Errors: `MESSAGE_TOO_LARGE` beyond `max.message.bytes`; `CORRUPT_MESSAGE` when header or checksum is wrong;
/// `INVALID_RECORD` when it is whole but its records, offsets or kind are not a client's, or a record for a compacted topic has
/// no key; `INVALID_TIMESTAMP` when a
/// CreateTime is further from `now` than the topic allows.
pub(super) fn validate(batch: &Bytes, config: &TopicConfig, origin: Origin, now: Timestamp) -> Result<Valid, ErrorCode> {
    let header = BatchHeader::parse(batch).map_err(|_| ErrorCode::CorruptMessage)?;
    if origin == Origin::Client && header.size > config.max_message_bytes {
        return Err(ErrorCode::MessageTooLarge);
    }
    verify_body(&header, batch).map_err(|_| ErrorCode::CorruptMessage)?;
    if header.base_offset.0 != 0 || header.count == 0 || header.count - 1 != header.last_offset_delta {
        return Err(ErrorCode::InvalidRecord);
    }
    if origin == Origin::Client && header.attributes.is_control() {
        return Err(ErrorCode::InvalidRecord);
    }
    let max_timestamp = check_records(&header, batch, config, origin, now)?;
    Ok(match config.message_timestamp_type {
        TimestampType::LogAppendTime => Valid { header, timestamp_type: TimestampType::LogAppendTime, max_timestamp: now },
        TimestampType::CreateTime => Valid { header, timestamp_type: TimestampType::CreateTime, max_timestamp },
    })
}

/// Reads the records through; returns the largest timestamp among them.
fn check_records(
    header: &BatchHeader,
    batch: &Bytes,
    config: &TopicConfig,
    origin: Origin,
    now: Timestamp,
) -> Result<Timestamp, ErrorCode> {
    let unpacked = unpack(header, batch).map_err(|_| ErrorCode::CorruptMessage)?;
    let wants_keys = origin == Origin::Client && config.cleanup_policy.compact;
    let guards = origin == Origin::Client && config.message_timestamp_type == TimestampType::CreateTime;
    let (mut is_in_time, mut has_keys) = (true, true);
    let mut max_timestamp = Timestamp::NONE;
    let read = each_record(header, &unpacked, |record| {
        is_in_time &= !guards || is_near(record.timestamp, now, config);
        has_keys &= !wants_keys || record.key.is_some();
        max_timestamp = max_timestamp.max(record.timestamp);
        Ok(())
    });
    match read {
        // As many records as offsets, and rising: so there is one for each offset.
        Ok(()) if !has_keys => Err(ErrorCode::InvalidRecord),
        Ok(()) if is_in_time => Ok(max_timestamp),
        Ok(()) => Err(ErrorCode::InvalidTimestamp),
        Err(_) => Err(ErrorCode::InvalidRecord),
    }
}

// ANCHOR: timestamp-guard
/// Whether a CreateTime lies within the topic's bounds around the leader's clock; "no timestamp" always does.
fn is_near(timestamp: Timestamp, now: Timestamp, config: &TopicConfig) -> bool {
    let behind = now.0.saturating_sub(timestamp.0);
    timestamp == Timestamp::NONE
        || (is_within(behind, config.message_timestamp_before_max)
            && is_within(behind.saturating_neg(), config.message_timestamp_after_max))
}

fn is_within(distance_ms: i64, limit: Duration) -> bool {
    limit == Duration::MAX || u64::try_from(distance_ms).unwrap_or(0) <= limit.as_millis()
}
// ANCHOR_END: timestamp-guard
