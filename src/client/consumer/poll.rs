//! The poll: first the group's business, then records, at most `max.poll.records` of one or more partitions.
//!
//! What was fetched waits in its partition's buffer. Partitions are polled in the order in which their answers came; one that is
//! paused, or about to be given back, keeps its turn.
//!
//! Invariant: a position moves on when its records are polled, not when they are fetched: what is committed was polled.
//!
//! Source: Kafka's `KafkaConsumer.poll`, `FetchCollector`. Called by: the end of every turn, while the application is idle.

use std::sync::Arc;

use bytes::Bytes;

use super::Consumer;
use super::processing::Given;
use crate::client::membership::Member;
use crate::client::position::{Assigned, Buffer};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{ClientFact, PollFacts, ReadRecord};
use crate::time::Trail;

impl Consumer {
    /// Records have arrived: they wait for a poll.
    pub(super) fn buffer_records(&mut self, number: u32, buffer: Buffer, cx: &mut Context<'_>) {
        let Some(assigned) = self.assigned.get_mut(&number) else { return };
        if !buffer.records.is_empty() {
            assigned.buffer = Some(buffer);
            self.ready.push_back(number);
            return;
        }
        // Nothing in it is for the application: control batches, or nothing but damage.
        if buffer.end.0 > assigned.offset() {
            assigned.advance(buffer.end.0, buffer.end.1);
        }
        if buffer.is_damaged {
            self.handle_refusal(number, ErrorCode::CorruptMessage, None, cx);
        }
    }

    /// Polls until there is nothing to be polled or the application is busy.
    pub(super) fn poll_while_idle(&mut self, cx: &mut Context<'_>) {
        while !self.application.is_busy() {
            self.hear_held_answer(cx);
            if let Some(command) = self.commands.pop_front() {
                self.obey(command, cx);
                continue;
            }
            self.attend_group(cx);
            if self.application.is_busy() || !self.poll_records(cx) {
                break;
            }
        }
    }

    /// What a poll does besides reading: the rounds of the group, and the commit that is due.
    fn attend_group(&mut self, cx: &mut Context<'_>) {
        match self.group.as_ref().map(|group| &group.member) {
            None => return,
            Some(Member::Classic(_)) => self.poll_classic(cx),
            Some(Member::Consumer(_)) => self.poll_consumer_protocol(cx),
        }
        self.commit_by_itself(cx);
    }

    /// Gives the application what waits. Returns whether there was anything.
    fn poll_records(&mut self, cx: &mut Context<'_>) -> bool {
        let mut left = usize::try_from(self.setup.config.max_poll_records).unwrap_or(usize::MAX).max(1);
        let mut given = Vec::new();
        let mut damaged = Vec::new();
        let mut kept = Vec::new();
        let mut has_polled = false;
        while left > 0 {
            let Some(number) = self.ready.pop_front() else { break };
            let Some(assigned) = self.assigned.get_mut(&number).filter(|assigned| assigned.buffer.is_some()) else { continue };
            if assigned.is_paused || assigned.is_going {
                kept.push(number);
                continue;
            }
            let Some(Taken { poll, values, arrived }) = take_records(assigned, left) else { continue };
            left -= poll.records.len();
            has_polled = true;
            cx.resume(arrived);
            let told = cx.emit(ClientFact::PollReturned { poll: Arc::clone(&poll) });
            let polled = Trail { cause: told, ..arrived };
            cx.resume(polled);
            if self.application.wants_records() {
                let topic = self.metadata.name(assigned.topic).unwrap_or_default();
                let output = |record: &ReadRecord, value: Option<&Bytes>| {
                    let writes = self.setup.application.writes.as_ref()?;
                    let place = format!("{topic}-{} record {}", assigned.index.0, record.offset.0);
                    writes.output(&place, record.key.as_ref(), value).map(Box::new)
                };
                let record = |(place, record): (usize, &ReadRecord)| Given {
                    number,
                    partition: poll.partition,
                    offset: record.offset,
                    leader_epoch: record.leader_epoch,
                    digest: record.digest,
                    output: output(record, values.get(place).and_then(Option::as_ref)),
                    polled,
                };
                given.extend(poll.records.iter().enumerate().map(record));
            }
            match &assigned.buffer {
                Some(buffer) if !buffer.records.is_empty() => self.ready.push_front(number),
                Some(buffer) => {
                    damaged.extend(buffer.is_damaged.then_some(number));
                    assigned.buffer = None;
                }
                None => {}
            }
        }
        for number in kept.into_iter().rev() {
            self.ready.push_front(number);
        }
        for number in damaged {
            self.handle_refusal(number, ErrorCode::CorruptMessage, None, cx);
        }
        if has_polled {
            self.process(given, cx);
        }
        has_polled
    }
}

/// What a poll takes out of one partition's buffer.
struct Taken {
    poll: Arc<PollFacts>,
    /// The records' values, if those are kept.
    values: Vec<Option<Bytes>>,
    arrived: Trail,
}

/// Takes at most so many records out of a partition's buffer and moves its position on. The buffer stays, if only empty.
fn take_records(assigned: &mut Assigned, most: usize) -> Option<Taken> {
    let partition = assigned.partition.expect("a partition is fetched once its topic is known");
    let buffer = assigned.buffer.as_mut()?;
    let count = most.min(buffer.records.len());
    let records: Vec<_> = buffer.records.drain(..count).collect();
    let values: Vec<_> = buffer.values.drain(..count.min(buffer.values.len())).collect();
    let last = records.last()?;
    let (position, epoch) = if buffer.records.is_empty() { buffer.end } else { (last.offset.next(), last.leader_epoch) };
    let (high_watermark, arrived) = (buffer.high_watermark, buffer.arrived);
    assigned.advance(position, epoch);
    Some(Taken { poll: Arc::new(PollFacts { partition, records, position, high_watermark }), values, arrived })
}
