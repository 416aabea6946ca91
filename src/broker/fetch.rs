//! Fetch: what consumers read and followers replicate; a follower's fetch is its acknowledgement.
//!
//! An answer that would say too little is parked until there is more (`min_bytes`) or the wait is over (`max_wait`). It
//! leaves at once when it carries a refusal or a divergence.
//!
//! Invariant: a fetch counts as an acknowledgement when it arrives, once, and not when a parked answer leaves; the answer
//! to it carries the high watermark from *before* it counted, so a follower learns of its own progress one fetch later.
//!
//! A consumer that says where it stands may be sent to a follower nearby instead (KIP-392), and is then answered at once.
//!
//! Source: KIP-74, KIP-320, KIP-392, KIP-595, KIP-903; Kafka's `ReplicaManager.fetchMessages`, `DelayedFetch`. Called by: the
//! router, [`super::release`].

use super::Broker;
use super::refusal::{emit_refusal, leader_hint};
use crate::config::ReplicaSelector;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::{ApiKey, ReplicaFact};
use crate::ids::TopicPartition;
use crate::protocol::{FetchPartition, FetchRequest, FetchResponse, FetchedPartition};
use crate::replica::{Found, ParkedFetch, Partition, Reader};
use crate::time::Duration;

/// How much an answer may still hold.
#[derive(Clone, Copy, Debug)]
struct Budget {
    left: u32,
    /// The first batch of an answer comes whole, even beyond all limits, or a reader could starve (KIP-74).
    may_exceed: bool,
}

/// An answer, and why it should leave at once, if it should.
pub(super) struct Reading {
    pub(super) answer: FetchResponse,
    bytes: u64,
    is_urgent: bool,
}

impl Broker {
    /// Reads, takes a follower's fetch for its acknowledgement, and answers now or parks.
    pub(super) fn handle_fetch(&mut self, reply_to: ReplyTo, request: FetchRequest, cx: &mut Context<'_>) {
        let reading = self.read(&request, true, cx);
        let is_satisfied = reading.bytes >= u64::from(request.min_bytes) || reading.is_urgent;
        if is_satisfied || request.max_wait == Duration::ZERO || request.partitions.is_empty() {
            cx.reply(reply_to, reading.answer.into());
        } else {
            self.purgatory.park_fetch(ParkedFetch { reply_to, request }, &mut self.partitions, cx);
        }
    }

    /// The answer to a fetch that was parked, as things are now.
    pub(super) fn read_again(&mut self, request: &FetchRequest, cx: &mut Context<'_>) -> Reading {
        self.read(request, false, cx)
    }

    /// Whether a parked fetch has something to say, now that something happened at `partition`.
    pub(super) fn is_worth_answering(&mut self, request: &FetchRequest, partition: TopicPartition, cx: &mut Context<'_>) -> bool {
        let Some(item) = request.partitions.iter().find(|item| item.partition == partition) else { return false };
        let Some(replica) = self.partitions.get(partition) else { return true };
        let reader = reader_of(request);
        if replica.check_reader(item.current_leader_epoch, reader).is_err() {
            return true;
        }
        let end = replica.readable_end(reader);
        if end <= item.fetch_offset || request.min_bytes <= 1 {
            return end > item.fetch_offset;
        }
        let reading = self.read(request, false, cx);
        reading.is_urgent || reading.bytes >= u64::from(request.min_bytes)
    }

    fn read(&mut self, request: &FetchRequest, counts: bool, cx: &mut Context<'_>) -> Reading {
        let mut budget = Budget { left: request.max_bytes, may_exceed: true };
        let mut partitions = Vec::with_capacity(request.partitions.len());
        let (mut bytes, mut is_urgent) = (0, false);
        for item in &request.partitions {
            let found = self.read_one(item, request, budget, cx);
            let found = if counts { found.and_then(|found| self.acknowledge(item, request, found, cx)) } else { found };
            let told = match found {
                Ok(found) => {
                    let size = found.batches.iter().map(|batch| u32::try_from(batch.len()).unwrap_or(u32::MAX)).sum::<u32>();
                    bytes += u64::from(size);
                    budget = Budget { left: budget.left.saturating_sub(size), may_exceed: budget.may_exceed && size == 0 };
                    is_urgent |= found.diverging.is_some() || found.preferred.is_some();
                    fetched(item.partition, found)
                }
                Err(code) => {
                    is_urgent = true;
                    emit_refusal(ApiKey::Fetch, item.partition, code, cx);
                    FetchedPartition::refused(item.partition, code, leader_hint(&self.image, item.partition, code))
                }
            };
            partitions.push(told);
        }
        Reading { answer: FetchResponse { error: None, partitions }, bytes, is_urgent }
    }

    fn read_one(
        &self,
        item: &FetchPartition,
        request: &FetchRequest,
        budget: Budget,
        cx: &mut Context<'_>,
    ) -> Result<Found, ErrorCode> {
        let replica = self.partitions.get(item.partition).ok_or_else(|| self.absence(item.partition))?;
        let max_bytes = item.partition_max_bytes.min(budget.left);
        if let Some(found) = self.send_elsewhere(item, request, replica, cx)? {
            return Ok(found);
        }
        let mut found = replica.read(item, reader_of(request), max_bytes, cx)?;
        let is_too_large = found.batches.first().is_some_and(|first| first.len() as u64 > u64::from(max_bytes));
        if is_too_large && !budget.may_exceed {
            found.batches.clear();
        }
        Ok(found)
    }

    /// Names a consumer the follower that it should read from instead, if the selector finds one.
    fn send_elsewhere(
        &self,
        item: &FetchPartition,
        request: &FetchRequest,
        replica: &Partition,
        cx: &mut Context<'_>,
    ) -> Result<Option<Found>, ErrorCode> {
        let Some(rack) = request.rack.as_ref().filter(|_| request.replica.is_none()) else { return Ok(None) };
        if self.setup.config.replica_selector != ReplicaSelector::RackAware {
            return Ok(None);
        }
        replica.check_reader(item.current_leader_epoch, Reader::ConsumerWithRack)?;
        let (partition, offset) = (item.partition, item.fetch_offset);
        let Some(preferred) = replica.preferred_read_replica(rack, offset, &self.members) else { return Ok(None) };
        cx.emit(ReplicaFact::ReadReplicaChosen { partition, replica: preferred, offset });
        let (high_watermark, log_start_offset) = (replica.high_watermark(), replica.log().start_offset());
        Ok(Some(Found { high_watermark, log_start_offset, preferred: Some(preferred), ..Found::default() }))
    }

    /// A follower holds all below the offset it asks for, unless its log has left the leader's.
    fn acknowledge(
        &mut self,
        item: &FetchPartition,
        request: &FetchRequest,
        found: Found,
        cx: &mut Context<'_>,
    ) -> Result<Found, ErrorCode> {
        let Some(from) = request.replica.filter(|_| found.diverging.is_none()) else { return Ok(found) };
        let replica = self.partitions.get_mut(item.partition).expect("it was read just now");
        let progress = replica.record_fetch(from, item, &self.members, cx)?;
        if progress.log_start_moved {
            self.release_deleted(item.partition, cx.latest(), cx);
        }
        if let Some(proposal) = progress.proposal {
            self.submit_proposal(proposal, cx);
        }
        if let Some(moved) = progress.high_watermark {
            self.release_committed(item.partition, moved, cx);
        }
        Ok(found)
    }
}

fn reader_of(request: &FetchRequest) -> Reader {
    match (&request.replica, &request.rack) {
        (Some(_), _) => Reader::Replica,
        (None, Some(_)) => Reader::ConsumerWithRack,
        (None, None) => Reader::Consumer,
    }
}

fn fetched(partition: TopicPartition, found: Found) -> FetchedPartition {
    FetchedPartition {
        partition,
        error: None,
        high_watermark: found.high_watermark,
        log_start_offset: found.log_start_offset,
        diverging_epoch: found.diverging,
        current_leader: None,
        snapshot: None,
        preferred_read_replica: found.preferred,
        batches: found.batches,
    }
}
