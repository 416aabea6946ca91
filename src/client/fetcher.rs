//! How a consumer reads a fetch answer: from batches to polls.
//!
//! Invariant: what is given to the application is exactly the records from the position on, in offset order, each once.
//!
//! Source: Kafka's `FetchCollector` and `CompletedFetch`. Called by: consumer.
//!
//! Kafka differs: an application polls when it likes, and answers wait for it in a buffer; here the application polls at
//! once, as often as `max.poll.records` makes it.
//!
//! Not modelled: transactions (control batches are skipped), compressed batches, preferred read replicas.

use std::sync::Arc;

use bytes::Bytes;

use super::position::Assigned;
use crate::config::ConsumerConfig;
use crate::context::Context;
use crate::error::Fault;
use crate::event::{ClientFact, PollFacts, ReadRecord};
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::protocol::FetchedPartition;
use crate::record::{BatchHeader, digest, each_record, verify};

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
