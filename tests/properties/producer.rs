//! Laws of the producer, whatever the brokers answer and whenever.
//!
//! * Every send ends exactly once, at the latest when `max.block.ms` and `delivery.timeout.ms` have passed.
//! * A send that is called failed was appended by nobody; one that is called acknowledged was appended.
//! * With `max.in.flight.requests.per.connection=1` nothing is overtaken within a partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use tribunal::choice::{Choices, Luck};
use tribunal::client::producer::{Producer, ProducerSetup};
use tribunal::config::{Partitioner, ProducerConfig, Profile};
use tribunal::context::{Command, Effect, Input, Machine, Message, NewRecord, Payload};
use tribunal::error::ErrorCode;
use tribunal::event::{Acks, ClientFact, Fact, Purpose};
use tribunal::ids::{BrokerId, BrokerSet, CorrelationId, LeaderEpoch, Offset, PartitionIndex, ProcessId, TopicId};
use tribunal::protocol::{
    MetadataPartition, MetadataResponse, MetadataTopic, ProduceRequest, ProduceResponse, ProducedPartition, Request, Response,
};
use tribunal::record::RecordBatch;
use tribunal::time::{Duration, Instant};

use crate::support::desk::{self, ME};

const PARTITIONS: u32 = 3;

/// What the world does next.
#[derive(Clone, Debug)]
enum Deed {
    /// The application sends a record of this size, perhaps with a key.
    Send { size: usize, key: Option<u8> },
    /// Time passes.
    Wait { ms: u64 },
    /// The oldest unanswered request is answered; a Produce request so.
    Answer(Answer),
    /// The connection to a broker is reset; the requests on it may have been served or not.
    Reset { broker: u16, were_served: bool },
    /// Leaders change.
    Elect,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Append,
    Refuse(ErrorCode),
    AppendAndRefuse(ErrorCode),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let refusals = prop_oneof![
        Just(ErrorCode::NotEnoughReplicas),
        Just(ErrorCode::NotLeaderOrFollower),
        Just(ErrorCode::MessageTooLarge),
        Just(ErrorCode::InvalidTimestamp),
        Just(ErrorCode::CorruptMessage),
        Just(ErrorCode::UnknownTopicOrPartition),
    ];
    // With acks=all a deposed leader answers NOT_LEADER_OR_FOLLOWER for what it appended.
    let after_append = prop_oneof![
        Just(ErrorCode::NotEnoughReplicasAfterAppend),
        Just(ErrorCode::RequestTimedOut),
        Just(ErrorCode::NotLeaderOrFollower),
        Just(ErrorCode::KafkaStorageError),
        Just(ErrorCode::UnknownServerError),
    ];
    let answer = prop_oneof![
        3 => Just(Answer::Append),
        2 => refusals.prop_map(Answer::Refuse),
        1 => after_append.prop_map(Answer::AppendAndRefuse),
    ];
    let deed = prop_oneof![
        6 => (1_usize..150, proptest::option::of(0_u8..4)).prop_map(|(size, key)| Deed::Send { size, key }),
        3 => (0_u64..400).prop_map(|ms| Deed::Wait { ms }),
        6 => answer.prop_map(Deed::Answer),
        1 => (1_u16..4, any::<bool>()).prop_map(|(broker, were_served)| Deed::Reset { broker, were_served }),
        1 => Just(Deed::Elect),
    ];
    proptest::collection::vec(deed, 1..120)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Acknowledged,
    Unknown,
    Failed,
    Refused,
}

struct Waiting {
    to: BrokerId,
    correlation: CorrelationId,
    request: Request,
}

struct World {
    producer: Producer,
    choices: Choices,
    now: Instant,
    waiting: Vec<Waiting>,
    leader_epoch: u32,
    sends: u32,
    endings: BTreeMap<u32, Vec<Ending>>,
    /// The sends in each partition's log, in order, with repetitions.
    logs: BTreeMap<PartitionIndex, Vec<u32>>,
    acks: Acks,
}

impl World {
    fn new(config: ProducerConfig, seed: u64) -> Self {
        let acks = config.acks;
        let bootstrap = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
        let setup = ProducerSetup { process: ME, name: "p1".into(), bootstrap, config, topic: "orders".into(), partition: None };
        let mut world = Self {
            producer: Producer::new(Arc::new(setup)),
            choices: Choices::new(seed, Luck::Seeded, &[]),
            now: Instant::ZERO,
            waiting: Vec::new(),
            leader_epoch: 0,
            sends: 0,
            endings: BTreeMap::new(),
            logs: BTreeMap::new(),
            acks,
        };
        world.step(Input::Started);
        world
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Send { size, key } => {
                self.sends += 1;
                let mut value = self.sends.to_be_bytes().to_vec();
                value.resize(4 + size, 0);
                let key = key.map(|key| Bytes::copy_from_slice(&[key]));
                self.step(Input::Command(Command::Send(NewRecord {
                    key,
                    value: Some(Bytes::from(value)),
                    ..NewRecord::default()
                })));
            }
            Deed::Wait { ms } => self.wait(Duration::from_millis(*ms)),
            Deed::Answer(answer) => self.answer(*answer),
            Deed::Reset { broker, were_served } => {
                let broker = BrokerId(*broker);
                let (gone, kept) =
                    std::mem::take(&mut self.waiting).into_iter().partition(|waiting: &Waiting| waiting.to == broker);
                self.waiting = kept;
                let served: Vec<Waiting> = gone;
                for waiting in served.iter().filter(|_| *were_served) {
                    self.append(&waiting.request);
                }
                self.step(Input::Message(Message::Disconnected { from: ProcessId::Broker(broker), purpose: Purpose::Client }));
            }
            Deed::Elect => self.leader_epoch += 1,
        }
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while let Some(due) = self.producer.next_deadline().filter(|due| *due <= until) {
            assert!(due >= self.now, "no deadline stays in the past");
            self.now = due;
            self.step(Input::Deadline);
        }
        self.now = until;
    }

    fn append(&mut self, request: &Request) {
        if let Request::Produce(request) = request {
            for item in &request.partitions {
                let batch = RecordBatch::decode(item.batch.clone()).expect("producers build whole batches");
                let log = self.logs.entry(item.partition.partition).or_default();
                for record in batch.records {
                    let value = record.value.expect("every record here has a value");
                    log.push(u32::from_be_bytes(value.get(..4).and_then(|head| head.try_into().ok()).expect("a numbered value")));
                }
            }
        }
    }

    fn answer(&mut self, answer: Answer) {
        if self.waiting.is_empty() {
            return;
        }
        let Waiting { to, correlation, request } = self.waiting.remove(0);
        let response: Response = match &request {
            Request::Metadata(_) => self.metadata().into(),
            Request::Produce(produce) => {
                if !matches!(answer, Answer::Refuse(_)) {
                    self.append(&request);
                }
                answer_produce(produce, answer).into()
            }
            other => unreachable!("a producer does not ask {other:?}"),
        };
        self.step(Input::Message(Message::Response {
            from: ProcessId::Broker(to),
            purpose: Purpose::Client,
            correlation,
            response,
        }));
    }

    fn metadata(&self) -> MetadataResponse {
        let brokers: BrokerSet = (1..=3).map(BrokerId).collect();
        let leader = |partition: u32| BrokerId(u16::try_from((partition + self.leader_epoch) % 3 + 1).expect("three brokers"));
        let partition = |partition: u32| MetadataPartition {
            partition: PartitionIndex(partition),
            error: None,
            leader: Some(leader(partition)),
            leader_epoch: LeaderEpoch(self.leader_epoch),
            replicas: Vec::new(),
            isr: brokers,
        };
        let partitions = (0..PARTITIONS).map(partition).collect();
        MetadataResponse { brokers, topics: vec![MetadataTopic { name: "orders".into(), error: None, id: TopicId(1), partitions }] }
    }

    fn step(&mut self, input: Input) {
        let out = desk::turn(&mut self.producer, input, self.now, &mut self.choices);
        for (event, _) in out.events {
            let Fact::Client(fact) = event.fact else { continue };
            let (send, ending) = match fact {
                ClientFact::SendAcknowledged { send, .. } => (send, Ending::Acknowledged),
                ClientFact::SendUnknown { send, .. } => (send, Ending::Unknown),
                ClientFact::SendFailed { send, .. } => (send, Ending::Failed),
                ClientFact::SendRefused { send, .. } => (send, Ending::Refused),
                _ => continue,
            };
            self.endings.entry(send.0).or_default().push(ending);
        }
        for effect in out.effects {
            match effect {
                Effect::Send(sent) => {
                    let Payload::Request { correlation, request, .. } = sent.payload else { unreachable!("clients answer nobody") };
                    let ProcessId::Broker(to) = sent.to else { unreachable!("clients talk to brokers") };
                    if self.acks != Acks::None || matches!(request, Request::Metadata(_)) {
                        self.waiting.push(Waiting { to, correlation, request });
                    }
                }
                Effect::Close { server, .. } => self.close(server),
                Effect::Halt { why } => unreachable!("{why}"),
                Effect::Exit => unreachable!("clients are not asked to shut down"),
            }
        }
    }

    /// What was on a connection that the producer gave up was served, as far as it can know.
    fn close(&mut self, server: ProcessId) {
        let mut kept = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            if ProcessId::Broker(waiting.to) == server {
                self.append(&waiting.request);
            } else {
                kept.push(waiting);
            }
        }
        self.waiting = kept;
    }
}

fn answer_produce(request: &ProduceRequest, answer: Answer) -> ProduceResponse {
    let result = match answer {
        Answer::Append => Ok(Offset::ZERO),
        Answer::Refuse(code) | Answer::AppendAndRefuse(code) => Err(code),
    };
    let part = |partition| ProducedPartition {
        partition,
        result,
        log_append_time: None,
        log_start_offset: Offset::ZERO,
        current_leader: None,
    };
    ProduceResponse { partitions: request.partitions.iter().map(|item| part(item.partition)).collect() }
}

fn config(max_in_flight: u32, acks: Acks, partitioner: Partitioner) -> ProducerConfig {
    ProducerConfig {
        acks,
        max_in_flight,
        partitioner,
        batch_size: 300,
        buffer_memory: 2_000,
        linger: Duration::from_millis(5),
        request_timeout: Duration::from_millis(300),
        delivery_timeout: Duration::from_millis(2_000),
        max_block: Duration::from_millis(1_000),
        ..ProducerConfig::of(Profile::Fast)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_send_ends_once_and_what_is_said_of_it_is_true(
        deeds in deeds(), max_in_flight in 1_u32..4, all in any::<bool>(), turns in any::<bool>(), seed in any::<u64>(),
    ) {
        let acks = if all { Acks::All } else { Acks::Leader };
        let partitioner = if turns { Partitioner::RoundRobin } else { Partitioner::Default };
        let mut world = World::new(config(max_in_flight, acks, partitioner), seed);
        for deed in &deeds {
            // Only acks=all makes a leader answer NOT_LEADER_OR_FOLLOWER after it has appended.
            let is_impossible = !all && matches!(deed, Deed::Answer(Answer::AppendAndRefuse(ErrorCode::NotLeaderOrFollower)));
            if !is_impossible {
                world.act(deed);
            }
        }
        world.wait(Duration::from_millis(3_000));
        let stored: std::collections::BTreeSet<u32> = world.logs.values().flatten().copied().collect();
        for send in 1..=world.sends {
            let endings = world.endings.get(&send).cloned().unwrap_or_default();
            prop_assert_eq!(endings.len(), 1, "send {} ended {:?}", send, endings);
            match endings.first() {
                Some(Ending::Acknowledged) => prop_assert!(stored.contains(&send), "send {} is nowhere", send),
                Some(Ending::Failed | Ending::Refused) => prop_assert!(!stored.contains(&send), "send {} is stored", send),
                Some(Ending::Unknown) | None => {}
            }
        }
        if max_in_flight == 1 {
            for log in world.logs.values() {
                let mut newest = 0;
                let mut seen = std::collections::BTreeSet::new();
                for send in log.iter().filter(|send| seen.insert(**send)) {
                    prop_assert!(*send > newest, "send {} came after {}", send, newest);
                    newest = *send;
                }
            }
        }
    }

    #[test]
    fn with_acks_0_every_send_is_acknowledged_or_never_leaves(deeds in deeds(), seed in any::<u64>()) {
        let mut world = World::new(config(5, Acks::None, Partitioner::Default), seed);
        for deed in &deeds {
            world.act(deed);
        }
        world.wait(Duration::from_millis(3_000));
        for send in 1..=world.sends {
            let endings = world.endings.get(&send).cloned().unwrap_or_default();
            prop_assert_eq!(endings.len(), 1, "send {} ended {:?}", send, endings);
            prop_assert!(endings.first() != Some(&Ending::Unknown), "nothing is asked, so nothing stays unanswered");
        }
    }
}
