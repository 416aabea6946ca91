//! What a consumer asks a leader for, and how it reads the answer: from batches to records that wait to be polled.
//!
//! Invariant: what waits is exactly the records from the position on, in offset order, each once.
//!
//! Source: Kafka's `FetchCollector` and `CompletedFetch`. Called by: consumer.
//!
//! Kafka differs: batches are decoded there when they are polled; here when they arrive.
//!
//! Not modelled: transactions (control batches are skipped).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::position::{Assigned, Buffer, Stance};
use super::setup::ConsumerSetup;
use crate::config::Switch;
use crate::error::Fault;
use crate::event::ReadRecord;
use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::protocol::{FetchPartition, FetchRequest, FetchedPartition, LeaderIdAndEpoch};
use crate::record::{BatchHeader, digest, each_record, unpack, verify};
use crate::time::{Instant, Trail};

/// A partition named in a fetch, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Its number among the consumer's.
    pub(super) number: u32,
    /// Which it is.
    pub(super) partition: TopicPartition,
    /// The offset asked for.
    pub(super) from: Offset,
}

/// The request for all partitions that are read at `broker` now, beginning with the one numbered `first`.
///
/// # Panics
/// When there is none: the consumer looks first.
pub(super) fn request(
    assigned: &BTreeMap<u32, Assigned>,
    first: u32,
    broker: BrokerId,
    setup: &ConsumerSetup,
    now: Instant,
) -> (Vec<Wanted>, FetchRequest) {
    let mut wanted = Vec::new();
    let mut partitions = Vec::new();
    let config = &setup.config;
    let tells_epoch = setup.variants.position_validation == Switch::On;
    for (number, assigned) in assigned.range(first..).chain(assigned.range(..first)) {
        let (Stance::Fetching(position), Some(partition)) = (assigned.stance, assigned.partition) else { continue };
        if !assigned.wants_records() {
            continue;
        }
        let is_here = |source: &LeaderIdAndEpoch| source.leader == broker && assigned.retry_at.is_none();
        let Some(leader) = assigned.source(now).filter(is_here) else { continue };
        wanted.push(Wanted { number: *number, partition, from: position.offset });
        partitions.push(FetchPartition {
            partition,
            current_leader_epoch: Some(leader.epoch).filter(|_| tells_epoch),
            fetch_offset: position.offset,
            last_fetched_epoch: None,
            log_start_offset: Offset::ZERO,
            partition_max_bytes: config.max_partition_fetch_bytes,
        });
    }
    assert!(!wanted.is_empty(), "a leader is asked because a partition is read there");
    let request = FetchRequest {
        rack: config.client_rack.clone(),
        isolation: config.isolation_level,
        replica: None,
        max_wait: config.fetch_max_wait,
        min_bytes: config.fetch_min_bytes,
        max_bytes: config.fetch_max_bytes,
        partitions,
    };
    (wanted, request)
}

/// How answers are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Whether checksums are looked at (`check.crcs`).
    pub(super) check_crcs: bool,
    /// Whether the application wants the values.
    pub(super) keeps_values: bool,
}

/// Reads an answer: what is to be polled from it, from `from` on; nothing when there is no batch in it. What follows damaged
/// bytes is left out.
pub(super) fn read(from: Offset, fetched: &FetchedPartition, arrived: Trail, reading: Reading) -> Option<Buffer> {
    let mut records = (Vec::new(), Vec::new());
    let mut end = None;
    let mut is_damaged = false;
    for bytes in &fetched.batches {
        match read_batch(bytes, from, reading, &mut records) {
            Ok(read) => end = Some(read),
            Err(_) => {
                is_damaged = true;
                break;
            }
        }
    }
    // A batch may end below the position when its last records were read before.
    let end = end.map(|(last, epoch)| (last.next().max(from), epoch));
    let (records, values) = (VecDeque::from(records.0), VecDeque::from(records.1));
    let end = end.or(is_damaged.then_some((from, LeaderEpoch::ZERO)))?;
    Some(Buffer { records, values, end, high_watermark: fetched.high_watermark, is_damaged, arrived })
}

/// Reads one batch: its records from `from` on go to `records`. Returns its last offset (included) and its leader's epoch.
fn read_batch(
    bytes: &Bytes,
    from: Offset,
    reading: Reading,
    (records, values): &mut (Vec<ReadRecord>, Vec<Option<Bytes>>),
) -> Result<(Offset, LeaderEpoch), Fault> {
    let header = if reading.check_crcs { verify(bytes)? } else { BatchHeader::parse(bytes)? };
    let leader_epoch = header.leader_epoch.unwrap_or_default();
    if !header.attributes.is_control() {
        let bytes = &*unpack(&header, bytes)?;
        each_record(&header, bytes, |raw| {
            if raw.offset >= from {
                records.push(ReadRecord {
                    offset: raw.offset,
                    leader_epoch,
                    timestamp: raw.timestamp,
                    key: raw.key.map(|key| bytes.slice_ref(key)),
                    digest: digest(raw.key, raw.value),
                });
                if reading.keeps_values {
                    values.push(raw.value.map(|value| bytes.slice_ref(value)));
                }
            }
            Ok(())
        })?;
    }
    Ok((header.last_offset(), leader_epoch))
}
