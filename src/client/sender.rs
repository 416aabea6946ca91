//! The half of a producer that talks to brokers: sends ready batches to their leaders, retries, gives up, and tells how
//! every send ended.
//!
//! One Produce request per broker and drain, with at most one batch per partition; at most
//! `max.in.flight.requests.per.connection` unanswered requests per broker.
//!
//! Invariant: every send of a batch ends exactly once. It is called failed only when every attempt was refused before it
//! could be appended; if any answer was lost, or leaves it open, the outcome is unknown.
//!
//! Source: Kafka's `Sender`; KIP-91, KIP-951. Called by: producer. How attempts end stands in [`outcome`].

mod outcome;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::accumulator::{Accumulator, Appended, NoMemory, Readiness};
use super::backoff::Backoff;
use super::batch::{BatchKey, Placed};
use super::connection::{Connections, Due};
use super::metadata::{Metadata, MetadataSetup};
use super::partitioner::Candidate;
use super::setup::ProducerSetup;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{Acks, ClientFact};
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, PartitionIndex, ProcessId, SendId, Step, TopicId};
use crate::protocol::{MetadataResponse, ProducePartition, ProduceRequest, Response};
use crate::time::{Instant, Timers, Trail};

pub(super) use outcome::is_stale_metadata;

/// The place of the producer's one topic among those its metadata asks for.
const TOPIC: usize = 0;

/// What a request in flight was for.
#[derive(Clone, Debug)]
enum Asked {
    Metadata,
    Produce(Vec<(PartitionIndex, BatchKey)>),
}

/// The sending half of a producer.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    setup: Arc<ProducerSetup>,
    backoff: Backoff,
    metadata: Metadata,
    connections: Connections<Asked>,
    timers: Timers<Due>,
    accumulator: Accumulator,
    ready: BTreeSet<PartitionIndex>,
    first_to_drain: u32,
    /// How sends ended, if somebody listens: which, and whether they are acknowledged.
    endings: Option<Vec<(SendId, bool)>>,
}

impl Sender {
    /// Nothing to send, nobody known.
    pub(super) fn new(setup: Arc<ProducerSetup>) -> Self {
        let config = &setup.config;
        let backoff = Backoff { initial: config.retry_backoff, max: config.retry_backoff_max };
        let metadata = Metadata::new(MetadataSetup {
            bootstrap: setup.bootstrap.clone(),
            topics: vec![setup.topic.clone()],
            max_age: config.metadata_max_age,
            backoff,
            may_create: true,
            tells_topics_by_id: true,
        });
        Self {
            backoff,
            metadata,
            connections: Connections::new(config.request_timeout, backoff),
            timers: Timers::default(),
            accumulator: Accumulator::new(config),
            ready: BTreeSet::new(),
            first_to_drain: 0,
            endings: None,
            setup,
        }
    }

    /// The same as part of a consumer's application, which wants to hear how its sends end.
    pub(super) fn of_application(self) -> Self {
        Self { connections: self.connections.for_writing(), endings: Some(Vec::new()), ..self }
    }

    /// How sends ended since this was asked last, if anybody listens.
    pub(super) fn take_endings(&mut self) -> Vec<(SendId, bool)> {
        self.endings.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A send has ended.
    pub(super) fn note_ending(&mut self, send: SendId, is_acknowledged: bool) {
        if let Some(endings) = &mut self.endings {
            endings.push((send, is_acknowledged));
        }
    }

    /// The deadlines of the whole producer.
    pub(super) fn timers(&mut self) -> &mut Timers<Due> {
        &mut self.timers
    }

    /// The earliest of them.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// The topic's id and how many partitions it has; `None` before that is known.
    pub(super) fn topic(&self) -> Option<(TopicId, u32)> {
        let count = u32::try_from(self.metadata.partition_count(TOPIC)).expect("partition counts fit 32 bits");
        self.metadata.topic(TOPIC).filter(|_| count > 0).map(|id| (id, count))
    }

    /// Whether no topic can be called as this one is.
    pub(super) fn is_topic_illegal(&self) -> bool {
        self.metadata.is_illegal(TOPIC)
    }

    /// The partitions with a leader, or all when none has one, with the length of their queues.
    pub(super) fn candidates(&self, partitions: u32) -> Vec<Candidate> {
        let candidate = |partition| Candidate { partition, queued: self.accumulator.queued(partition) };
        let all = || (0..partitions).map(PartitionIndex);
        let led: Vec<_> = all().filter(|partition| self.metadata.leader(TOPIC, *partition).is_some()).map(candidate).collect();
        if led.is_empty() { all().map(candidate).collect() } else { led }
    }

    /// Somebody waits for the topic, or for a partition of it.
    pub(super) fn request_metadata(&mut self) {
        self.metadata.request_update();
    }

    /// Queues a record. Errors: [`NoMemory`] when its partition needs another batch and there is no memory for it.
    pub(super) fn append(&mut self, placed: &Placed<'_>, cx: &Context<'_>) -> Result<Appended, NoMemory> {
        self.accumulator.append(placed, cx.mono())
    }

    /// A record was queued, which is this event: what is sent for it later happens because of that.
    pub(super) fn note_appended(&mut self, partition: PartitionIndex, appended: Appended, invoked: Step, cx: &Context<'_>) {
        if let Some(batch) = appended.opened.and_then(|key| self.accumulator.batch(key)) {
            batch.trail = Trail { cause: invoked, ..cx.trail() };
            self.watch_oldest();
        }
        if appended.opened.is_some() || appended.all_batches_full {
            self.review(partition, cx);
        }
    }

    /// Tells whether somebody waits for memory: then linger is cut short.
    pub(super) fn set_exhausted(&mut self, is_exhausted: bool, cx: &Context<'_>) {
        if self.accumulator.set_exhausted(is_exhausted) {
            self.review_all(cx);
        }
    }

    /// Sends whatever can go, and asks for metadata if need be. To be called at the end of every turn.
    pub(super) fn send_ready(&mut self, cx: &mut Context<'_>) {
        let turn = cx.trail();
        while let Some(broker) = self.next_broker() {
            self.drain_to(broker, cx);
        }
        cx.resume(turn);
        self.metadata.refresh_if_due(Asked::Metadata, &mut self.connections, &mut self.timers, cx);
    }

    /// A deadline of the sender's has come.
    pub(super) fn handle_due(&mut self, due: Due, cx: &mut Context<'_>) {
        match due {
            Due::Request(broker) => {
                cx.close(ProcessId::Broker(broker), self.connections.purpose());
                self.handle_lost(broker, ErrorCode::RequestTimedOut, cx);
            }
            Due::Reconnect(broker) => self.connections.reconnect(broker),
            Due::Partition(number) => self.review(PartitionIndex(number), cx),
            Due::Delivery => self.expire(cx),
            // `send_ready` asks for metadata; waiting sends are the producer's own; admins alone retry commands.
            Due::Metadata | Due::Blocked | Due::Retry | Due::Group(_) | Due::Application(_) => {}
        }
    }

    /// A broker answered.
    pub(super) fn handle_response(&mut self, from: BrokerId, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        let Some(asked) = self.connections.answered(from, correlation, &mut self.timers, cx) else { return };
        match (asked, response) {
            (Asked::Metadata, Response::Metadata(response)) => self.apply_metadata(from, &response, cx),
            (Asked::Produce(batches), Response::Produce(response)) => self.apply_produced(from, &batches, &response, cx),
            (asked, response) => unreachable!("{from} answered {asked:?} with {}", response.api() as u8),
        }
    }

    /// The connection to a broker is gone, or was closed because an answer was overdue.
    pub(super) fn handle_lost(&mut self, broker: BrokerId, code: ErrorCode, cx: &mut Context<'_>) {
        self.metadata.request_update();
        for asked in self.connections.lost(broker, &mut self.timers, cx) {
            match asked {
                Asked::Metadata => self.metadata.lost(cx),
                Asked::Produce(batches) => {
                    for (partition, key) in batches {
                        self.accumulator.unmute(partition);
                        if let Some(batch) = self.accumulator.batch(key) {
                            batch.note_silence(code);
                            self.retry_or_give_up(key, code, cx);
                        }
                        self.review(partition, cx);
                    }
                }
            }
        }
    }

    fn apply_metadata(&mut self, from: BrokerId, response: &MetadataResponse, cx: &mut Context<'_>) {
        self.metadata.apply(from, response, cx);
        self.review_all(cx);
    }

    /// A broker that leads a ready partition, can be reached and takes another request.
    fn next_broker(&mut self) -> Option<BrokerId> {
        let max_in_flight = usize::try_from(self.setup.config.max_in_flight).unwrap_or(usize::MAX);
        for partition in &self.ready {
            match self.metadata.leader(TOPIC, *partition) {
                None => self.metadata.request_update(),
                Some(known) => {
                    let broker = known.leader;
                    if self.connections.is_available(broker) && self.connections.in_flight(broker) < max_in_flight {
                        return Some(broker);
                    }
                }
            }
        }
        None
    }

    /// Sends one request with the first batch of each partition that the broker leads, ready or not: once there is a
    /// request, what waits for its linger may as well come along. The first partition to be looked at moves on each time, so
    /// that `max.request.size` starves none.
    fn drain_to(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        let count = u32::try_from(self.metadata.partition_count(TOPIC)).expect("partition counts fit 32 bits");
        let first = self.first_to_drain % count.max(1);
        self.first_to_drain = first + 1;
        let mut taken = Vec::new();
        let mut room = u64::from(self.setup.config.max_request_size);
        for partition in (first..count).chain(0..first).map(PartitionIndex) {
            let Some(known) = self.metadata.leader(TOPIC, partition).filter(|known| known.leader == broker) else { continue };
            let max_bytes = if taken.is_empty() { None } else { Some(room) };
            let Some(key) = self.accumulator.take_first(partition, Some(known.epoch), cx.mono(), max_bytes) else { continue };
            let batch = self.accumulator.batch(key).expect("what was just taken is not finished");
            batch.tried_epoch = Some(known.epoch);
            room = room.saturating_sub(batch.size());
            taken.push((partition, key));
            self.review(partition, cx);
        }
        assert!(!taken.is_empty(), "a broker is drained because it leads a ready partition");
        self.send_produce(broker, taken, cx);
    }

    fn send_produce(&mut self, broker: BrokerId, taken: Vec<(PartitionIndex, BatchKey)>, cx: &mut Context<'_>) {
        let acks = self.setup.config.acks;
        let mut partitions = Vec::with_capacity(taken.len());
        for (_, key) in &taken {
            let batch = self.accumulator.batch(*key).expect("what was just taken is not finished");
            cx.resume(batch.trail);
            batch.retry_at = None;
            batch.attempts += 1;
            partitions.push(ProducePartition { partition: batch.partition, batch: batch.close() });
            if let (Some(code), Some(first)) = (batch.last_error.filter(|_| batch.attempts > 1), batch.sends.first()) {
                let records = u32::try_from(batch.sends.len()).unwrap_or(u32::MAX);
                cx.emit(ClientFact::SendRetried { partition: batch.partition, first: first.send, records, code });
            }
        }
        if let Some(first) = taken.first().and_then(|(_, key)| self.accumulator.batch(*key)) {
            cx.resume(first.trail);
        }
        let request = ProduceRequest { acks, timeout: self.setup.config.request_timeout, partitions };
        if acks != Acks::None {
            self.connections.send(broker, request.into(), Asked::Produce(taken), &mut self.timers, cx);
            return;
        }
        self.connections.send_unanswered(broker, request.into(), cx);
        for (partition, key) in taken {
            self.accumulator.unmute(partition);
            self.acknowledge(key, None, None, cx);
            self.review(partition, cx);
        }
    }

    /// Looks again whether a partition is ready, or when it will be.
    fn review(&mut self, partition: PartitionIndex, cx: &Context<'_>) {
        match self.accumulator.readiness(partition, self.known_epoch(partition), cx.mono()) {
            Readiness::Ready => {
                self.ready.insert(partition);
                self.timers.cancel(Due::Partition(partition.0));
            }
            Readiness::At(at, trail) => {
                self.ready.remove(&partition);
                self.timers.set(Due::Partition(partition.0), at, trail);
            }
            Readiness::Idle => {
                self.ready.remove(&partition);
                self.timers.cancel(Due::Partition(partition.0));
            }
        }
    }

    fn review_all(&mut self, cx: &Context<'_>) {
        for partition in self.accumulator.waiting_partitions() {
            self.review(partition, cx);
        }
    }

    fn known_epoch(&self, partition: PartitionIndex) -> Option<LeaderEpoch> {
        self.metadata.leader(TOPIC, partition).map(|known| known.epoch)
    }

    /// Keeps the one deadline of all batches at the oldest.
    fn watch_oldest(&mut self) {
        match self.accumulator.oldest() {
            None => self.timers.cancel(Due::Delivery),
            Some((key, trail)) => {
                let at = key.created.plus(self.setup.config.delivery_timeout);
                if self.timers.due(&Due::Delivery) != Some(at) {
                    self.timers.set(Due::Delivery, at, trail);
                }
            }
        }
    }
}
