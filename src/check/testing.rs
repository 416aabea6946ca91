//! A small cluster that writes down what a correct one would tell: the histories that tests of checks begin with.
//!
//! One partition, `orders-0`, on b1, b2 and b3; a producer p1, a consumer c1. What a method does is valid; an anomaly is made by
//! pushing facts by hand.

mod lives;

use std::sync::Arc;

use bytes::Bytes;

use super::testing_storage::Cleanings;
use super::{CheckResult, Checks, Counts, Processing, Promises, Status};
use crate::event::{
    Acks, BatchFacts, ClientFact, ControllerFact, Event, Fact, LogFact, PollFacts, PositionReason, ReadRecord, RecordFacts,
    ReplicaFact, RunFacts, SentRecord, TopicFacts, TruncationReason, WorldFact,
};
use crate::ids::{
    BrokerId, BrokerSet, Digest, DirectoryId, Incarnation, LeaderEpoch, Offset, PartitionIndex, ProcessId, SendId, Step, TopicId,
    TopicPartition, VoterKey,
};
use crate::time::{Duration, Instant, Timestamp, Trail};

pub(super) const ORDERS: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
pub(super) const PRODUCER: ProcessId = ProcessId::Client(1);
pub(super) const CONSUMER: ProcessId = ProcessId::Client(2);
/// Another consumer, which waits.
pub(super) const SECOND: ProcessId = ProcessId::Client(3);

/// A broker as a process.
pub(super) fn b(number: u16) -> ProcessId {
    ProcessId::Broker(BrokerId(number))
}

/// A controller as a process.
pub(super) fn k(number: u16) -> ProcessId {
    ProcessId::Controller(number)
}

/// A voter by its number and the life that formatted its disk.
pub(super) fn voter(number: u16, directory: u32) -> VoterKey {
    VoterKey { voter: k(number), directory: Some(DirectoryId(directory)) }
}

/// A set of brokers.
pub(super) fn set(numbers: &[u16]) -> BrokerSet {
    numbers.iter().map(|number| BrokerId(*number)).collect()
}

/// The history so far, and the state it leads to.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) events: Vec<Event>,
    pub(super) logs: [Vec<(LeaderEpoch, Digest)>; 3],
    pub(super) isr: Vec<u16>,
    pub(super) leader: u16,
    pub(super) epoch: LeaderEpoch,
    pub(super) high_watermark: u64,
    pub(super) partition_epoch: u32,
    epochs: [Vec<(LeaderEpoch, Offset)>; 3],
    pub(super) metadata_end: Offset,
    /// What cleaners dropped.
    pub(super) shelf: Cleanings,
    lives: [u32; 3],
    sends: u32,
    position: u64,
    now: Instant,
}

impl Cluster {
    /// Three brokers, b1 leading in epoch 0.
    pub(super) fn new() -> Self {
        let mut cluster = Self {
            events: Vec::new(),
            logs: [Vec::new(), Vec::new(), Vec::new()],
            isr: vec![1, 2, 3],
            leader: 1,
            epoch: LeaderEpoch(0),
            high_watermark: 0,
            partition_epoch: 0,
            epochs: [Vec::new(), Vec::new(), Vec::new()],
            metadata_end: Offset::ZERO,
            shelf: Cleanings::default(),
            lives: [1, 1, 1],
            sends: 0,
            position: 0,
            now: Instant(0),
        };
        let names = [(b(1), "b1"), (b(2), "b2"), (b(3), "b3"), (PRODUCER, "p1"), (CONSUMER, "c1"), (SECOND, "c2")];
        let run = RunFacts {
            format: 1,
            version: "0".into(),
            scenario: "lost-ack".into(),
            text: String::new(),
            seed: 0x2A17,
            settings: Vec::new(),
            pins: Vec::new(),
            processes: names.map(|(id, name)| (id, name.to_owned())).into(),
            faults: Vec::new(),
        };
        cluster.push(ProcessId::World, WorldFact::RunStarted { run: Arc::new(run) });
        for (process, _) in names {
            cluster.push(process, WorldFact::ProcessStarted { incarnation: Incarnation(1) });
        }
        cluster.begin_quorum();
        for broker in 1..=3 {
            cluster.register(broker, u64::from(broker));
        }
        let topic =
            TopicFacts { id: TopicId(1), name: "orders".into(), partitions: 1, replication_factor: 3, config: Self::config() };
        cluster.push(ProcessId::Controller(1), ControllerFact::TopicCreated { topic: Arc::new(topic) });
        cluster.change_partition(Some(1));
        cluster.take_roles();
        cluster.push(
            CONSUMER,
            ClientFact::PositionSet { partition: ORDERS, offset: Offset(0), epoch: None, why: PositionReason::Beginning },
        );
        cluster
    }

    pub(super) fn push(&mut self, process: ProcessId, fact: impl Into<Fact>) -> Step {
        self.now = self.now.plus(Duration::from_millis(1));
        let step = Step(u32::try_from(self.events.len()).expect("a test's history is short"));
        self.events.push(Event { step, at: self.now, process, trail: Trail::NONE, fact: fact.into() });
        step
    }

    /// Something that is told in the same turn as the event before it.
    pub(super) fn push_at_once(&mut self, process: ProcessId, fact: impl Into<Fact>) {
        let at = self.now;
        self.push(process, fact);
        if let Some(event) = self.events.last_mut() {
            event.at = at;
        }
    }

    /// What was counted so far.
    pub(super) fn counts(&self) -> Counts {
        let mut checks = Checks::new(Promises::default());
        for event in &self.events {
            checks.observe(event);
        }
        *checks.counts()
    }

    pub(super) fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    /// An application gives p1 a new record.
    pub(super) fn invoke(&mut self, acks: Acks) -> (SendId, Digest) {
        self.sends += 1;
        let (send, digest) = (SendId(self.sends), Digest(u64::from(self.sends).wrapping_mul(0x9E37_79B9_97F4_A7C5)));
        let text = Bytes::from(self.sends.to_string());
        let record = SentRecord { key: Some(text.clone()), value: Some(text), timestamp: Timestamp(0), digest };
        self.push(PRODUCER, ClientFact::SendInvoked { partition: ORDERS, send, acks, record: Arc::new(record) });
        (send, digest)
    }

    /// What the batch would be that `broker` writes at its end.
    pub(super) fn batch(base: u64, epoch: LeaderEpoch, digests: &[Digest]) -> Arc<BatchFacts> {
        let records: Vec<RecordFacts> = (base..)
            .zip(digests)
            .map(|(offset, digest)| RecordFacts {
                offset: Offset(offset),
                timestamp: Timestamp::RUN_START,
                key: Some(Self::key(*digest)),
                is_tombstone: Self::is_tombstone(*digest),
                digest: *digest,
            })
            .collect();
        let last = Offset(base + digests.len() as u64 - 1);
        Arc::new(BatchFacts { base: Offset(base), last, leader_epoch: epoch, crc: 0, size: 100, producer: None, records })
    }

    pub(super) fn end(&self, broker: u16) -> u64 {
        self.log(broker).len() as u64
    }

    /// The leader writes records. Returns the first offset.
    pub(super) fn append(&mut self, digests: &[Digest]) -> u64 {
        let (leader, epoch) = (self.leader, self.epoch);
        let base = self.end(leader);
        self.begin_epoch(leader, epoch);
        self.log_mut(leader).extend(digests.iter().map(|digest| (epoch, *digest)));
        self.begin_batch(base, digests.len());
        self.push(b(leader), LogFact::RecordsAppended { partition: ORDERS, batch: Self::batch(base, epoch, digests) });
        base
    }

    /// A follower writes everything that the leader has and it has not, one batch a record.
    pub(super) fn replicate(&mut self, follower: u16) {
        let (leader, from) = (self.leader, self.end(follower));
        let missing: Vec<_> = self.log(leader).iter().skip(usize::try_from(from).expect("small")).copied().collect();
        for (epoch, digest) in missing {
            if self.copy_gap(leader, follower, epoch, digest) {
                continue;
            }
            let batch = Self::batch(self.end(follower), epoch, &[digest]);
            self.begin_epoch(follower, epoch);
            self.log_mut(follower).push((epoch, digest));
            self.push(b(follower), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(leader), batch });
        }
    }

    /// The whole ISR writes everything that the leader has.
    pub(super) fn replicate_all(&mut self) {
        for member in self.isr.clone() {
            self.replicate(member);
        }
    }

    /// The leader raises its high watermark to `new`.
    pub(super) fn advance(&mut self, new: u64) {
        let (old, epoch) = (Offset(self.high_watermark), self.epoch);
        let fact = ReplicaFact::HighWatermarkAdvanced { partition: ORDERS, old, new: Offset(new), epoch };
        self.push(b(self.leader), fact);
        self.high_watermark = new;
    }

    pub(super) fn acknowledge(&mut self, (send, digest): (SendId, Digest), acks: Acks, offset: u64) -> Step {
        let by = Some(BrokerId(self.leader));
        let fact = ClientFact::SendAcknowledged { partition: ORDERS, send, acks, offset: Some(Offset(offset)), by, digest };
        self.push(PRODUCER, fact)
    }

    pub(super) fn answer(&mut self, base: u64, last: u64) {
        let isr = set(&self.isr);
        let fact = ReplicaFact::ProduceCommitted { partition: ORDERS, base: Offset(base), last: Offset(last), isr, min_insync: 1 };
        self.push(b(self.leader), fact);
    }

    /// p1 sends `count` records, everybody in the ISR writes them, and they are acknowledged.
    pub(super) fn produce(&mut self, count: usize, acks: Acks) {
        let sent: Vec<_> = (0..count).map(|_| self.invoke(acks)).collect();
        let digests: Vec<Digest> = sent.iter().map(|(_, digest)| *digest).collect();
        let base = self.append(&digests);
        if acks == Acks::Leader {
            for (offset, send) in (base..).zip(&sent) {
                self.acknowledge(*send, acks, offset);
            }
        }
        self.replicate_all();
        self.advance(base + count as u64);
        if acks == Acks::All {
            self.answer(base, base + count as u64 - 1);
            for (offset, send) in (base..).zip(&sent) {
                self.acknowledge(*send, acks, offset);
            }
        }
    }

    /// c1 reads all that is committed.
    pub(super) fn poll(&mut self) {
        let end = usize::try_from(self.high_watermark).expect("small");
        let from = usize::try_from(self.position).expect("small");
        let digests: Vec<_> = self.log(self.leader).iter().take(end).skip(from).copied().collect();
        let records = (self.position..).zip(digests).filter(|(offset, _)| !self.is_gap(self.leader, *offset));
        let records = records.map(|(offset, (epoch, digest))| Self::read(offset, epoch, digest)).collect();
        self.position = self.high_watermark;
        self.push_poll(records);
    }

    pub(super) fn read(offset: u64, leader_epoch: LeaderEpoch, digest: Digest) -> ReadRecord {
        ReadRecord { offset: Offset(offset), leader_epoch, timestamp: Timestamp(0), key: None, digest }
    }

    pub(super) fn push_poll(&mut self, records: Vec<ReadRecord>) {
        let position = Offset(records.last().map_or(self.position, |record| record.offset.0 + 1));
        let poll = PollFacts { partition: ORDERS, records, position, high_watermark: Offset(self.high_watermark) };
        self.push(CONSUMER, ClientFact::PollReturned { poll: Arc::new(poll) });
    }

    /// A replica's first record of an epoch follows.
    pub(super) fn begin_epoch(&mut self, broker: u16, epoch: LeaderEpoch) {
        let start = Offset(self.end(broker));
        let epochs = self.epochs.get_mut(usize::from(broker - 1)).expect("brokers are 1 to 3");
        if epochs.last().is_none_or(|(latest, _)| *latest != epoch) {
            epochs.push((epoch, start));
            self.push(b(broker), LogFact::EpochStarted { partition: ORDERS, epoch, start });
        }
    }

    /// A broker's epoch cache, cut to where its log ends.
    pub(super) fn epochs_of(&mut self, broker: u16) -> Vec<(LeaderEpoch, Offset)> {
        let end = Offset(self.end(broker));
        let epochs = self.epochs.get_mut(usize::from(broker - 1)).expect("brokers are 1 to 3");
        epochs.retain(|(_, start)| *start < end);
        epochs.clone()
    }

    /// The leader leads and the rest of the ISR follow.
    pub(super) fn take_roles(&mut self) {
        self.high_watermark = self.high_watermark.min(self.end(self.leader));
        let (leader, epoch, high_watermark) = (self.leader, self.epoch, Offset(self.high_watermark));
        let end = Offset(self.end(leader));
        let isr = set(&self.isr);
        self.push(b(leader), ReplicaFact::BecameLeader { partition: ORDERS, epoch, end, high_watermark, isr });
        for follower in self.isr.clone().into_iter().filter(|broker| *broker != leader) {
            self.follow(follower);
        }
    }

    /// A broker follows the leader, cuts what the leader has not, and learns the high watermark.
    pub(super) fn follow(&mut self, follower: u16) {
        let (leader, epoch) = (self.leader, self.epoch);
        let (end, high_watermark) = (Offset(self.end(follower)), Offset(self.end(follower).min(self.high_watermark)));
        let leader_id = Some(BrokerId(leader));
        self.push(b(follower), ReplicaFact::BecameFollower { partition: ORDERS, epoch, leader: leader_id, end, high_watermark });
        let (mine, theirs) = (self.log(follower), self.log(leader));
        let same = mine.iter().zip(theirs).take_while(|(one, other)| one == other).count();
        if same < mine.len() {
            self.cut(follower, same as u64, TruncationReason::DivergingEpoch);
        }
    }

    pub(super) fn cut(&mut self, broker: u16, to: u64, why: TruncationReason) -> Step {
        let from = Offset(self.end(broker));
        self.log_mut(broker).truncate(usize::try_from(to).expect("small"));
        self.cut_gaps(broker, to);
        self.epochs_of(broker);
        self.push(b(broker), LogFact::LogTruncated { partition: ORDERS, from, to: Offset(to), why })
    }

    /// Another member of the ISR leads from now on.
    pub(super) fn elect(&mut self, leader: u16) {
        self.leader = leader;
        self.epoch = self.epoch.next();
        self.change_partition(Some(leader));
        self.take_roles();
    }

    pub(super) fn finish(&mut self) {
        self.push(ProcessId::World, WorldFact::RunEnded { turns: 0 });
    }

    /// The table of checks.
    pub(super) fn judge(&self, mut promises: Promises) -> Vec<CheckResult> {
        for consumer in [CONSUMER, SECOND] {
            let all = Processing { group: 0, at_least_once: true, at_most_once: true };
            promises.processing.entry(consumer).or_insert(all);
        }
        let mut checks = Checks::new(promises);
        for event in &self.events {
            checks.observe(event);
        }
        checks.finish()
    }

    /// The names of the violated checks, in the order of the table.
    pub(super) fn violated(&self) -> Vec<&'static str> {
        let results = self.judge(Promises::default());
        results.iter().filter(|result| result.status == Status::Violated).map(|result| result.name).collect()
    }

    pub(super) fn log(&self, broker: u16) -> &Vec<(LeaderEpoch, Digest)> {
        self.logs.get(usize::from(broker - 1)).expect("brokers are 1 to 3")
    }

    pub(super) fn log_mut(&mut self, broker: u16) -> &mut Vec<(LeaderEpoch, Digest)> {
        self.logs.get_mut(usize::from(broker - 1)).expect("brokers are 1 to 3")
    }

    pub(super) fn life(&self, broker: u16) -> u32 {
        *self.lives.get(usize::from(broker - 1)).expect("brokers are 1 to 3")
    }
}
