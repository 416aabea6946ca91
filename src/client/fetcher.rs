//! What a consumer asks a leader for, and how it reads the answer: from batches to polls.
//!
//! Invariant: what is given to the application is exactly the records from the position on, in offset order, each once.
//!
//! Source: Kafka's `FetchCollector` and `CompletedFetch`. Called by: consumer.
//!
//! Kafka differs: an application polls when it likes, and answers wait for it in a buffer; here the application polls at
//! once, as often as `max.poll.records` makes it.
//!
//! Not modelled: transactions (control batches are skipped), compressed batches.

use std::sync::Arc;

use bytes::Bytes;

use super::position::{Assigned, Stance};
use crate::config::ConsumerConfig;
use crate::context::Context;
use crate::error::Fault;
use crate::event::{ClientFact, PollFacts, ReadRecord};
use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::protocol::{FetchPartition, FetchRequest, FetchedPartition, LeaderIdAndEpoch};
use crate::record::{BatchHeader, digest, each_record, verify};
use crate::time::Instant;

/// A partition named in a fetch, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Its place among the consumer's.
    pub(super) place: usize,
    /// Which it is.
    pub(super) partition: TopicPartition,
    /// The offset asked for.
    pub(super) from: Offset,
}

/// The request for all partitions that are read at `broker` now, beginning with the one at place `first`.
///
/// # Panics
/// When there is none: the consumer looks first.
pub(super) fn request(
    assigned: &[Assigned],
    first: usize,
    broker: BrokerId,
    config: &ConsumerConfig,
    now: Instant,
) -> (Vec<Wanted>, FetchRequest) {
    let mut wanted = Vec::new();
    let mut partitions = Vec::new();
    let numbered = assigned.iter().enumerate();
    for (place, assigned) in numbered.clone().skip(first).chain(numbered.take(first)) {
        let (Stance::Fetching(position), Some(partition)) = (assigned.stance, assigned.partition) else { continue };
        let is_here = |source: &LeaderIdAndEpoch| source.leader == broker && assigned.retry_at.is_none();
        let Some(leader) = assigned.source(now).filter(is_here) else { continue };
        wanted.push(Wanted { place, partition, from: position.offset });
        partitions.push(FetchPartition {
            partition,
            current_leader_epoch: Some(leader.epoch),
            fetch_offset: position.offset,
            last_fetched_epoch: None,
            log_start_offset: Offset::ZERO,
            partition_max_bytes: config.max_partition_fetch_bytes,
        });
    }
    assert!(!wanted.is_empty(), "a leader is asked because a partition is read there");
    let request = FetchRequest {
        rack: config.client_rack.clone(),
        replica: None,
        max_wait: config.fetch_max_wait,
        min_bytes: config.fetch_min_bytes,
        max_bytes: config.fetch_max_bytes,
        partitions,
    };
    (wanted, request)
}

/// Reads on in one partition and gives the application what was found. Errors: a batch that cannot be read; what stood
/// before it has been delivered.
pub(super) fn deliver(
    assigned: &mut Assigned,
    from: Offset,
    fetched: &FetchedPartition,
    config: &ConsumerConfig,
    cx: &mut Context<'_>,
) -> Result<(), Fault> {
    let mut records = Vec::new();
    let mut end = None;
    let mut damage = None;
    for bytes in &fetched.batches {
        match read_batch(bytes, from, config.check_crcs, &mut records) {
            Ok(read) => end = Some(read),
            Err(fault) => {
                damage = Some(fault);
                break;
            }
        }
    }
    if let Some((last, epoch)) = end {
        // A batch may end below the position when its last records were read before.
        let position = last.next().max(from);
        let high_watermark = fetched.high_watermark;
        give(fetched.partition, records, Polls { position, high_watermark, most: config.max_poll_records }, cx);
        assigned.advance(position, epoch);
    }
    damage.map_or(Ok(()), Err)
}

#[derive(Clone, Copy)]
struct Polls {
    position: Offset,
    high_watermark: Offset,
    most: u32,
}

/// Gives records to the application, at most `max.poll.records` at a time.
fn give(partition: TopicPartition, mut records: Vec<ReadRecord>, polls: Polls, cx: &mut Context<'_>) {
    let most = usize::try_from(polls.most).unwrap_or(usize::MAX).max(1);
    while !records.is_empty() {
        let rest = records.split_off(most.min(records.len()));
        let last = records.last().expect("there is at least one record, and a poll returns at least one").offset;
        let position = if rest.is_empty() { polls.position } else { last.next() };
        let poll = PollFacts { partition, records, position, high_watermark: polls.high_watermark };
        cx.emit(ClientFact::PollReturned { poll: Arc::new(poll) });
        records = rest;
    }
}

/// Reads one batch: its records from `from` on go to `records`. Returns its last offset (included) and its leader's epoch.
fn read_batch(
    bytes: &Bytes,
    from: Offset,
    check_crcs: bool,
    records: &mut Vec<ReadRecord>,
) -> Result<(Offset, LeaderEpoch), Fault> {
    let header = if check_crcs { verify(bytes)? } else { BatchHeader::parse(bytes)? };
    let leader_epoch = header.leader_epoch.unwrap_or_default();
    if !header.attributes.is_control() {
        each_record(&header, bytes, |raw| {
            if raw.offset >= from {
                records.push(ReadRecord {
                    offset: raw.offset,
                    leader_epoch,
                    timestamp: raw.timestamp,
                    key: raw.key.map(|key| bytes.slice_ref(key)),
                    digest: digest(raw.key, raw.value),
                });
            }
            Ok(())
        })?;
    }
    Ok((header.last_offset(), leader_epoch))
}
