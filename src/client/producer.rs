//! A producer: takes records from its application, chooses their partitions, and hands them to its sender.
//!
//! The story of a send: `send` → waits here until the topic is known and there is memory (at most `max.block.ms`, else
//! SendRefused) → its partition is chosen (SendInvoked) → the accumulator → a Produce request → SendAcknowledged,
//! SendUnknown or SendFailed.
//!
//! Invariant: sends enter the accumulator in the order they were made. Every send ends exactly once.
//!
//! Kafka differs: there `send()` blocks its thread until the topic is known; here applications go on, each send waits for
//! `max.block.ms` of its own, and takes its CreateTime when it is made.
//!
//! Called by: the world; the application of a consumer that writes what it makes of its records. Not modelled: idempotence, transactions, interceptors, several topics.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::{Placed, Sent, record_size_bound};
use super::connection::{Due, broker};
use super::partitioner::Placement;
use super::sender::Sender;
pub use super::setup::ProducerSetup;
use crate::context::{Command, Context, Input, Machine, Message, NewRecord};
use crate::error::ErrorCode;
use crate::event::{ClientFact, SentRecord};
use crate::ids::{PartitionIndex, SendId, TopicPartition};
use crate::record::digest;
use crate::time::{Instant, Timestamp, Trail};

/// A send that waits for metadata or memory.
#[derive(Clone, Debug)]
struct Waiting {
    send: SendId,
    record: NewRecord,
    timestamp: Timestamp,
    refused_at: Instant,
    /// The partition chosen, if only memory is missing.
    chosen: Option<PartitionIndex>,
    trail: Trail,
}

/// Why the first waiting send cannot go on.
enum Obstacle {
    /// Its partition is not known.
    Metadata,
    /// Memory has run out.
    Memory,
}

/// A producer for one topic.
#[derive(Clone, Debug)]
pub struct Producer {
    setup: Arc<ProducerSetup>,
    sender: Sender,
    placement: Placement,
    waiting: VecDeque<Waiting>,
    sends: u32,
}

impl Producer {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<ProducerSetup>) -> Self {
        Self {
            sender: Sender::new(Arc::clone(&setup)),
            placement: Placement::new(setup.config.partitioner, setup.config.batch_size),
            waiting: VecDeque::new(),
            sends: 0,
            setup,
        }
    }

    /// The same as part of a consumer's application.
    pub(super) fn of_application(setup: Arc<ProducerSetup>) -> Self {
        let producer = Self::new(setup);
        Self { sender: producer.sender.of_application(), ..producer }
    }

    /// How the sends of an application ended since this was asked last: which, and whether they are acknowledged.
    pub(super) fn take_endings(&mut self) -> Vec<(SendId, bool)> {
        self.sender.take_endings()
    }

    /// Takes a record to be sent.
    pub(super) fn send(&mut self, record: NewRecord, cx: &mut Context<'_>) -> SendId {
        self.sends += 1;
        let waiting = Waiting {
            send: SendId(self.sends),
            timestamp: record.timestamp.unwrap_or(cx.wall()),
            record,
            refused_at: cx.mono().plus(self.setup.config.max_block),
            chosen: None,
            trail: cx.trail(),
        };
        self.waiting.push_back(waiting);
        SendId(self.sends)
    }

    /// Sends what can go. To be called at the end of every turn.
    pub(super) fn go_on(&mut self, cx: &mut Context<'_>) {
        self.admit_waiting(cx);
        self.sender.send_ready(cx);
    }

    /// Lets waiting sends into the accumulator, in order, as far as metadata and memory go.
    fn admit_waiting(&mut self, cx: &mut Context<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let turn = cx.trail();
        let mut obstacle = None;
        while let Some(mut first) = self.waiting.pop_front() {
            cx.resume(first.trail);
            if let Err(why) = self.admit(&mut first, cx) {
                self.waiting.push_front(first);
                obstacle = Some(why);
                break;
            }
        }
        cx.resume(turn);
        match obstacle {
            Some(Obstacle::Metadata) => self.sender.request_metadata(),
            Some(Obstacle::Memory) | None => {}
        }
        self.sender.set_exhausted(matches!(obstacle, Some(Obstacle::Memory)), cx);
        match self.waiting.front() {
            None => self.sender.timers().cancel(Due::Blocked),
            Some(first) => self.sender.timers().set(Due::Blocked, first.refused_at, first.trail),
        }
    }

    /// Chooses the record's partition and queues it. Errors: what it must wait for.
    fn admit(&mut self, waiting: &mut Waiting, cx: &mut Context<'_>) -> Result<(), Obstacle> {
        if self.sender.is_topic_illegal() {
            cx.emit(ClientFact::SendRefused { send: waiting.send, code: ErrorCode::InvalidTopicException });
            self.sender.note_ending(waiting.send, false);
            return Ok(());
        }
        let Some((topic, partitions)) = self.sender.topic() else { return Err(Obstacle::Metadata) };
        let named = waiting.record.partition.or(self.setup.partition);
        if named.is_some_and(|named| named.0 >= partitions) {
            return Err(Obstacle::Metadata);
        }
        let size = record_size_bound(&waiting.record);
        if size > u64::from(self.setup.config.max_request_size) || size > self.setup.config.buffer_memory {
            cx.emit(ClientFact::SendRefused { send: waiting.send, code: ErrorCode::MessageTooLarge });
            self.sender.note_ending(waiting.send, false);
            return Ok(());
        }
        let chosen = named.or(waiting.chosen).unwrap_or_else(|| self.place(&waiting.record, partitions, cx));
        waiting.chosen = Some(chosen);
        let partition = TopicPartition::new(topic, chosen);
        let Waiting { send, record, timestamp, .. } = &*waiting;
        let (send, timestamp) = (*send, *timestamp);
        let digest = digest(record.key.as_deref(), record.value.as_deref());
        let placed = Placed { partition, sent: Sent { send, digest }, timestamp, record };
        let Ok(appended) = self.sender.append(&placed, cx) else { return Err(Obstacle::Memory) };
        let record = Arc::new(SentRecord { key: record.key.clone(), value: record.value.clone(), timestamp, digest });
        let invoked = cx.emit(ClientFact::SendInvoked { partition, send, acks: self.setup.config.acks, record });
        self.sender.note_appended(chosen, appended, invoked, cx);
        if named.is_none() {
            self.placement.gave(chosen, appended.bytes, appended.all_batches_full);
        }
        Ok(())
    }

    fn place(&mut self, record: &NewRecord, partitions: u32, cx: &mut Context<'_>) -> PartitionIndex {
        let key = record.key.as_deref();
        let candidates =
            if self.placement.wants_candidates(key.is_some()) { self.sender.candidates(partitions) } else { Vec::new() };
        self.placement.place(key, partitions, &candidates, cx)
    }

    /// Refuses the sends that have waited for `max.block.ms`.
    fn refuse_overdue(&mut self, cx: &mut Context<'_>) {
        while let Some(first) = self.waiting.front() {
            if cx.mono() < first.refused_at {
                break;
            }
            let send = first.send;
            cx.emit(ClientFact::SendRefused { send, code: ErrorCode::RequestTimedOut });
            self.sender.note_ending(send, false);
            self.waiting.pop_front();
        }
    }

    fn handle_message(&mut self, message: Message, cx: &mut Context<'_>) {
        match message {
            Message::Response { from, correlation, response, .. } => {
                self.sender.handle_response(broker(from), correlation, response, cx);
            }
            Message::Disconnected { from, .. } => self.sender.handle_lost(broker(from), ErrorCode::NetworkException, cx),
            Message::Request { from, .. } => unreachable!("{from} sent a request to a producer"),
        }
    }

    fn handle_deadlines(&mut self, cx: &mut Context<'_>) {
        while let Some((due, trail)) = self.sender.timers().pop_due(cx.mono()) {
            cx.resume(trail);
            match due {
                Due::Blocked => self.refuse_overdue(cx),
                Due::Request(_)
                | Due::Reconnect(_)
                | Due::Metadata
                | Due::Partition(_)
                | Due::Delivery
                | Due::Retry
                | Due::Group(_)
                | Due::Application(_) => {
                    self.sender.handle_due(due, cx);
                }
            }
        }
    }
}

impl Machine for Producer {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => {}
            Input::Message(message) => self.handle_message(message, cx),
            Input::Deadline => self.handle_deadlines(cx),
            Input::Command(Command::Send(record)) => {
                self.send(record, cx);
            }
            Input::Command(
                Command::CreateTopics(_)
                | Command::DescribeTopic(_)
                | Command::Ask(_)
                | Command::Group(_)
                | Command::Consume(_)
                | Command::ShutDown,
            ) => {
                unreachable!("the scenario reader gives admin commands to admins")
            }
        }
        self.go_on(cx);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.sender.next_deadline()
    }
}
