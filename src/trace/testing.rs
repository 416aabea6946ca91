//! Runs told by hand, event by event: what tests of traces and screens look at. No machine is involved, so these tests say
//! nothing about Kafka; they say that what happened is shown as it happened.

mod groups;
mod quorum;

use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;

use super::recorder::Recorder;
use super::trace::Trace;
use crate::event::{
    Acks, ApiKey, BatchFacts, ClientFact, ConnectionNumber, ControllerFact, CrashKind, DropReason, Event, Fact, FaultFact,
    FaultIndex, LogFact, MessageFacts, NetworkFact, PartitionFacts, PollFacts, PositionReason, Purpose, ReadRecord, RecordFacts,
    RecoveryFacts, ReplicaFact, RunFacts, SentRecord, TopicFacts, TruncationReason, WorldFact,
};
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, Digest, Incarnation, LeaderEpoch, Offset, PartitionEpoch, PartitionIndex,
    ProcessId, SendId, Step, TopicId, TopicPartition,
};
use crate::time::{Instant, Timestamp, Trail};

pub use groups::groups;
pub use quorum::{PAYMENTS_0, PAYMENTS_1, quorum};

/// `orders-0`.
pub const ORDERS: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
/// The producer of the tales.
pub const P1: ProcessId = ProcessId::Client(1);
/// The consumer of the tales.
pub const C1: ProcessId = ProcessId::Client(2);
const K1: ProcessId = ProcessId::Controller(1);

/// A run being told.
#[derive(Clone, Debug)]
pub struct Tale {
    events: Vec<Event>,
    now: Instant,
    trail: Trail,
}

impl Default for Tale {
    fn default() -> Self {
        Self { events: Vec::new(), now: Instant::ZERO, trail: Trail::NONE }
    }
}

impl Tale {
    /// Goes on at a time, in µs, with nothing before it.
    pub fn at(&mut self, us: u64) {
        self.now = Instant(us);
        self.trail = Trail::NONE;
    }

    /// Something happens.
    pub fn tell(&mut self, process: ProcessId, fact: impl Into<Fact>) -> Step {
        let step = Step(u32::try_from(self.events.len()).expect("tales are short"));
        self.events.push(Event { step, at: self.now, process, trail: self.trail, fact: fact.into() });
        step
    }

    /// What follows happens because of a step.
    pub fn because(&mut self, step: Step) {
        self.trail.cause = step;
    }

    /// A message leaves now and arrives `us` later; what follows happens because of it.
    pub fn message(&mut self, from: ProcessId, to: ProcessId, message: MessageFacts, us: u64) -> Step {
        let sent = self.tell(from, NetworkFact::MessageSent { to, message });
        self.now = Instant(self.now.0 + us);
        self.trail.origin = if message.is_response { self.trail.origin } else { sent };
        self.trail.cause = sent;
        let arrived = self.tell(to, NetworkFact::MessageDelivered { sent, from, connection: ConnectionNumber(1) });
        self.trail.cause = arrived;
        arrived
    }

    /// What was told.
    #[must_use]
    pub fn events(self) -> Vec<Event> {
        self.events
    }

    fn send(&mut self, leader: u16, nth: u32, offset: u64, epoch: u32, name: &'static str) {
        let record = Arc::new(SentRecord {
            key: Some(Bytes::from_static(name.as_bytes())),
            value: Some(Bytes::from(format!("{nth}"))),
            timestamp: Timestamp::RUN_START,
            digest: digest(name),
        });
        let send = SendId(nth);
        let invoked = self.tell(P1, ClientFact::SendInvoked { partition: ORDERS, send, acks: Acks::Leader, record });
        self.because(invoked);
        self.message(P1, broker(leader), MessageFacts { batches: 1, ..about(ApiKey::Produce, Purpose::Client, None) }, 600);
        self.tell(broker(leader), LogFact::RecordsAppended { partition: ORDERS, batch: batch(offset, epoch, name) });
        let answer = MessageFacts { is_response: true, ..about(ApiKey::Produce, Purpose::Client, Some(offset)) };
        self.message(broker(leader), P1, answer, 600);
        let (offset, by) = (Some(Offset(offset)), Some(BrokerId(leader)));
        self.tell(
            P1,
            ClientFact::SendAcknowledged { partition: ORDERS, send, acks: Acks::Leader, offset, by, digest: digest(name) },
        );
    }

    /// A follower fetches at its end: the leader learns it, may raise the watermark, and answers with what is new.
    fn fetch(&mut self, (leader, follower): (u16, u16), end: u64, news: Option<(u32, &'static str)>, leads: Option<(u64, u64)>) {
        let asked = about(ApiKey::Fetch, Purpose::Fetcher, Some(end));
        let arrived = self.message(broker(follower), broker(leader), asked, 500);
        self.tell(
            broker(leader),
            ReplicaFact::FollowerProgressed { partition: ORDERS, follower: BrokerId(follower), end: Offset(end) },
        );
        if let Some((old, new)) = leads {
            let epoch = LeaderEpoch(u32::from(leader > 1));
            self.tell(
                broker(leader),
                ReplicaFact::HighWatermarkAdvanced { partition: ORDERS, old: Offset(old), new: Offset(new), epoch },
            );
        }
        self.because(arrived);
        let answer = MessageFacts { is_response: true, batches: u16::from(news.is_some()), ..asked };
        self.message(broker(leader), broker(follower), answer, 500);
        if let Some((epoch, name)) = news {
            let from = BrokerId(leader);
            self.tell(broker(follower), LogFact::RecordsReplicated { partition: ORDERS, from, batch: batch(end, epoch, name) });
        }
    }

    fn learn(&mut self, follower: u16, old: u64, new: u64) {
        self.tell(broker(follower), ReplicaFact::HighWatermarkLearned { partition: ORDERS, old: Offset(old), new: Offset(new) });
    }

    fn partition_changed(&mut self, leader: u16, epoch: u32, partition_epoch: u32, isr: &[u16]) {
        let now = Arc::new(PartitionFacts {
            leader: Some(BrokerId(leader)),
            epoch: LeaderEpoch(epoch),
            partition_epoch: PartitionEpoch(partition_epoch),
            isr: set(isr),
            ..PartitionFacts::new(vec![BrokerId(1), BrokerId(2), BrokerId(3)])
        });
        self.tell(K1, ControllerFact::PartitionChanged { partition: ORDERS, now });
    }

    fn leads(&mut self, leader: u16, epoch: u32, (end, high_watermark): (u64, u64), isr: &[u16]) {
        let (end, high_watermark, isr) = (Offset(end), Offset(high_watermark), set(isr));
        self.tell(
            broker(leader),
            ReplicaFact::BecameLeader { partition: ORDERS, epoch: LeaderEpoch(epoch), end, high_watermark, isr },
        );
        self.tell(broker(leader), LogFact::EpochStarted { partition: ORDERS, epoch: LeaderEpoch(epoch), start: end });
    }

    fn follows(&mut self, follower: u16, leader: u16, epoch: u32, (end, high_watermark): (u64, u64)) {
        let (end, high_watermark, leader) = (Offset(end), Offset(high_watermark), Some(BrokerId(leader)));
        let epoch = LeaderEpoch(epoch);
        self.tell(broker(follower), ReplicaFact::BecameFollower { partition: ORDERS, epoch, leader, end, high_watermark });
    }

    fn links(&mut self, fault: FaultIndex, whole: bool) {
        for peer in [2, 3] {
            for (from, to) in [(broker(1), broker(peer)), (broker(peer), broker(1))] {
                if whole {
                    self.tell(ProcessId::World, FaultFact::LinkHealed { fault, from, to });
                } else {
                    self.tell(ProcessId::World, FaultFact::LinkCut { fault, from, to });
                }
            }
        }
    }

    fn begin(&mut self) {
        let mut processes: Vec<(ProcessId, String)> = (1..=3).map(broker).chain([K1]).map(|id| (id, id.to_string())).collect();
        processes.extend([(P1, "p1".to_owned()), (C1, "c1".to_owned())]);
        let run = Arc::new(RunFacts {
            format: super::FORMAT,
            version: super::PROGRAM.to_owned(),
            scenario: "lost-ack".to_owned(),
            text: String::new(),
            seed: 0x2A17,
            settings: Vec::new(),
            pins: Vec::new(),
            processes: processes.clone(),
            faults: vec![
                "cut leader(orders-0) | followers(orders-0), heal after 400ms".to_owned(),
                "crash leader(orders-0)".to_owned(),
            ],
        });
        self.tell(ProcessId::World, WorldFact::RunStarted { run });
        for (process, _) in processes {
            self.tell(process, WorldFact::ProcessStarted { incarnation: Incarnation(1) });
        }
        self.at(120_000);
        for id in 1..=3 {
            self.tell(K1, ControllerFact::BrokerUnfenced { broker: BrokerId(id), epoch: BrokerEpoch(u64::from(id)) });
        }
        self.at(310_000);
        let config = vec![("min.insync.replicas".to_owned(), "1".to_owned())];
        let topic = TopicFacts { id: TopicId(1), name: "orders".to_owned(), partitions: 1, replication_factor: 3, config };
        let created = self.tell(K1, ControllerFact::TopicCreated { topic: Arc::new(topic) });
        self.because(created);
        self.partition_changed(1, 0, 0, &[1, 2, 3]);
        self.leads(1, 0, (0, 0), &[1, 2, 3]);
        self.follows(2, 1, 0, (0, 0));
        self.follows(3, 1, 0, (0, 0));
        self.tell(
            C1,
            ClientFact::PositionSet { partition: ORDERS, offset: Offset::ZERO, epoch: None, why: PositionReason::Beginning },
        );
    }
}

/// The run of the lost acknowledgement: b1 acknowledges record 4 (E), which nobody has fetched, and dies; b2 is elected and
/// gives offset 4 to another record; b1 comes back and cuts E away.
#[must_use]
pub fn lost_acknowledgement() -> Vec<Event> {
    let mut tale = Tale::default();
    tale.begin();
    for (place, name) in (0_u64..).zip(["a", "b", "c", "d"]) {
        tale.at(1_000_000 + place * 40_000);
        tale.send(1, u32::try_from(place + 1).expect("few"), place, 0, name);
        tale.at(1_010_000 + place * 40_000);
        tale.fetch((1, 2), place, Some((0, name)), None);
        if place < 3 {
            tale.fetch((1, 3), place, Some((0, name)), None);
            tale.fetch((1, 2), place + 1, None, None);
            tale.fetch((1, 3), place + 1, None, Some((place, place + 1)));
            tale.learn(3, place, place + 1);
        }
        if place == 2 {
            tale.learn(2, 0, 2);
            let records = vec![read(0, 0, "a"), read(1, 0, "b")];
            let poll = PollFacts { partition: ORDERS, records, position: Offset(2), high_watermark: Offset(2) };
            tale.tell(C1, ClientFact::PollReturned { poll: Arc::new(poll) });
        }
    }
    tale.at(1_180_000);
    let struck = tale.tell(ProcessId::World, FaultFact::FaultStruck { fault: FaultIndex(0), target: None });
    tale.because(struck);
    tale.links(FaultIndex(0), false);
    tale.at(1_190_000);
    tale.send(1, 5, 4, 0, "E");
    tale.at(1_240_000);
    let message = about(ApiKey::Fetch, Purpose::Fetcher, Some(4));
    let sent = tale.tell(broker(2), NetworkFact::MessageSent { to: broker(1), message });
    tale.because(sent);
    let fault = Some(FaultIndex(0));
    tale.tell(broker(2), NetworkFact::MessageDropped { sent, to: broker(1), why: DropReason::Cut, fault });
    tale.at(1_284_000);
    let struck = tale.tell(ProcessId::World, FaultFact::FaultStruck { fault: FaultIndex(1), target: Some(broker(1)) });
    tale.because(struck);
    tale.tell(broker(1), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    tale.at(1_580_000);
    let healed = tale.tell(ProcessId::World, FaultFact::FaultHealed { fault: FaultIndex(0), target: None });
    tale.because(healed);
    tale.links(FaultIndex(0), true);
    second_half(&mut tale);
    tale.events()
}

fn second_half(tale: &mut Tale) {
    tale.at(1_930_000);
    let fenced = tale.tell(K1, ControllerFact::BrokerFenced { broker: BrokerId(1), epoch: BrokerEpoch(1) });
    tale.because(fenced);
    tale.partition_changed(2, 1, 1, &[2, 3]);
    let (from, leader) = (Some(BrokerId(1)), Some(BrokerId(2)));
    let elected =
        tale.tell(K1, ControllerFact::LeaderElected { partition: ORDERS, from, leader, epoch: LeaderEpoch(1), clean: true });
    tale.at(1_934_000);
    tale.because(elected);
    tale.leads(2, 1, (4, 2), &[2, 3]);
    tale.follows(3, 2, 1, (3, 3));
    tale.fetch((2, 3), 3, Some((0, "d")), Some((2, 3)));
    tale.fetch((2, 3), 4, None, Some((3, 4)));
    tale.learn(3, 3, 4);
    tale.at(2_100_000);
    tale.send(2, 6, 4, 1, "F");
    tale.fetch((2, 3), 4, Some((1, "F")), None);
    tale.fetch((2, 3), 5, None, Some((4, 5)));
    tale.at(2_484_000);
    let started = tale.tell(broker(1), WorldFact::ProcessStarted { incarnation: Incarnation(2) });
    tale.because(started);
    let batches = (0_u64..).zip(["a", "b", "c", "d", "E"]).map(|(offset, name)| batch(offset, 0, name)).collect();
    let recovery = RecoveryFacts {
        partition: ORDERS,
        start: Offset::ZERO,
        end: Offset(5),
        high_watermark: Offset(3),
        was_clean: false,
        torn_bytes: 0,
        epochs: vec![(LeaderEpoch(0), Offset::ZERO)],
        batches,
    };
    tale.tell(broker(1), LogFact::LogRecovered { recovery: Arc::new(recovery) });
    tale.at(2_510_000);
    tale.tell(K1, ControllerFact::BrokerUnfenced { broker: BrokerId(1), epoch: BrokerEpoch(9) });
    tale.follows(1, 2, 1, (5, 3));
    tale.fetch((2, 1), 5, None, None);
    tale.tell(
        broker(1),
        LogFact::LogTruncated { partition: ORDERS, from: Offset(5), to: Offset(4), why: TruncationReason::DivergingEpoch },
    );
    tale.fetch((2, 1), 4, Some((1, "F")), None);
    tale.fetch((2, 1), 5, None, None);
    tale.learn(1, 3, 5);
    let (isr, partition_epoch) = (set(&[1, 2, 3]), PartitionEpoch(2));
    tale.tell(broker(2), ReplicaFact::IsrProposed { partition: ORDERS, isr, maximal: isr, partition_epoch });
    tale.partition_changed(2, 1, 2, &[1, 2, 3]);
    tale.tell(broker(2), ReplicaFact::IsrAdopted { partition: ORDERS, isr, maximal: isr, partition_epoch, epoch: LeaderEpoch(1) });
    tale.at(2_700_000);
    let records = vec![read(2, 0, "c"), read(3, 0, "d"), read(4, 1, "F")];
    let poll = PollFacts { partition: ORDERS, records, position: Offset(5), high_watermark: Offset(5) };
    tale.tell(C1, ClientFact::PollReturned { poll: Arc::new(poll) });
    tale.at(4_000_000);
    tale.tell(ProcessId::World, WorldFact::RunEnded { turns: 400 });
}

/// At least `events` events of plain traffic on one partition with three replicas.
#[must_use]
pub fn long_run(events: usize) -> Vec<Event> {
    let mut tale = Tale::default();
    tale.begin();
    let mut offset = 0;
    while tale.events.len() < events {
        tale.at(1_000_000 + offset * 8_000);
        tale.send(1, u32::try_from(offset + 1).expect("few"), offset, 0, "k");
        tale.fetch((1, 2), offset, Some((0, "k")), None);
        tale.fetch((1, 3), offset, Some((0, "k")), (offset > 0).then(|| (offset - 1, offset)));
        tale.learn(2, offset.saturating_sub(1), offset);
        offset += 1;
    }
    tale.tell(ProcessId::World, WorldFact::RunEnded { turns: offset });
    tale.events()
}

/// Events as a recorder would have kept them.
#[must_use]
#[track_caller]
pub fn recorded(events: &[Event]) -> Trace {
    let mut recorder = Recorder::new(true);
    for event in events {
        recorder.observe(event, Location::caller());
    }
    recorder.into_trace()
}

fn broker(id: u16) -> ProcessId {
    ProcessId::Broker(BrokerId(id))
}

fn set(brokers: &[u16]) -> BrokerSet {
    brokers.iter().copied().map(BrokerId).collect()
}

fn digest(name: &str) -> Digest {
    Digest(name.bytes().map(u64::from).sum())
}

fn about(api: ApiKey, purpose: Purpose, offset: Option<u64>) -> MessageFacts {
    MessageFacts {
        api,
        is_response: false,
        purpose,
        correlation: CorrelationId(0),
        partition: Some(ORDERS),
        offset: offset.map(Offset),
        diverging: None,
        batches: 0,
        error: None,
    }
}

fn batch(offset: u64, epoch: u32, name: &'static str) -> Arc<BatchFacts> {
    let key = Some(Bytes::from_static(name.as_bytes()));
    let record =
        RecordFacts { offset: Offset(offset), timestamp: Timestamp::RUN_START, key, is_tombstone: false, digest: digest(name) };
    let (base, last, leader_epoch) = (Offset(offset), Offset(offset), LeaderEpoch(epoch));
    Arc::new(BatchFacts { base, last, leader_epoch, crc: 0, size: 70, producer: None, records: vec![record] })
}

fn read(offset: u64, epoch: u32, name: &'static str) -> ReadRecord {
    let key = Some(Bytes::from_static(name.as_bytes()));
    ReadRecord {
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(epoch),
        timestamp: Timestamp::RUN_START,
        key,
        digest: digest(name),
    }
}
