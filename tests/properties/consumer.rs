//! Laws of the consumer, whatever refuses, breaks or moves: as long as no leader forgets what it showed, the application is
//! given every record from its start on, in offset order, each exactly once.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use tribunal::choice::{Choices, Luck};
use tribunal::client::application::ApplicationSetup;
use tribunal::client::consumer::{Consumer, ConsumerSetup, StartFrom};
use tribunal::config::{ConsumerConfig, Profile, Variants};
use tribunal::context::{Effect, Input, Machine, Message, Payload};
use tribunal::error::ErrorCode;
use tribunal::event::{ClientFact, Fact, Purpose};
use tribunal::ids::{BrokerId, BrokerSet, CorrelationId, LeaderEpoch, Offset, PartitionIndex, ProcessId, TopicId};
use tribunal::protocol::{
    EndOffset, FetchPartition, FetchResponse, FetchedPartition, ListOffsetsResponse, ListedOffset, MetadataPartition,
    MetadataResponse, MetadataTopic, OffsetForLeaderEpochResponse, Request, Response,
};
use tribunal::record::{BatchBuilder, restamp};
use tribunal::time::{Duration, Instant, Timestamp};

use crate::support::desk::{self, ME};

const PARTITIONS: u32 = 2;

/// What the world does next.
#[derive(Clone, Debug)]
enum Deed {
    /// A leader appends a batch of this many records.
    Append { partition: u32, records: u32 },
    /// Another broker leads the partition.
    Elect { partition: u32 },
    /// The oldest unanswered request is answered as it should be.
    Answer,
    /// The oldest unanswered request is refused.
    Refuse(ErrorCode),
    /// The oldest unanswered Fetch answer carries a damaged batch.
    Damage,
    /// A connection is reset.
    Reset { broker: u16 },
    /// Time passes.
    Wait { ms: u64 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let codes = prop_oneof![
        Just(ErrorCode::NotLeaderOrFollower),
        Just(ErrorCode::FencedLeaderEpoch),
        Just(ErrorCode::UnknownLeaderEpoch),
        Just(ErrorCode::OffsetNotAvailable),
        Just(ErrorCode::UnknownTopicOrPartition),
        Just(ErrorCode::KafkaStorageError),
        Just(ErrorCode::UnknownServerError),
    ];
    let deed = prop_oneof![
        4 => (0..PARTITIONS, 1_u32..6).prop_map(|(partition, records)| Deed::Append { partition, records }),
        1 => (0..PARTITIONS).prop_map(|partition| Deed::Elect { partition }),
        8 => Just(Deed::Answer),
        2 => codes.prop_map(Deed::Refuse),
        1 => Just(Deed::Damage),
        1 => (1_u16..4).prop_map(|broker| Deed::Reset { broker }),
        3 => (0_u64..200).prop_map(|ms| Deed::Wait { ms }),
    ];
    proptest::collection::vec(deed, 1..150)
}

/// The one true log of a partition, and who leads it.
#[derive(Clone, Debug, Default)]
struct Log {
    batches: Vec<(Offset, Offset, LeaderEpoch, Bytes)>,
    end: u64,
    epoch: u32,
}

impl Log {
    fn leader(&self, partition: u32) -> BrokerId {
        BrokerId(u16::try_from((partition + self.epoch) % 3 + 1).expect("three brokers"))
    }

    fn append(&mut self, records: u32) {
        let mut builder = BatchBuilder::new(Timestamp::RUN_START);
        for _ in 0..records {
            builder.append(Timestamp::RUN_START, None, Some(b"v"), &[]);
        }
        let (base, epoch) = (Offset(self.end), LeaderEpoch(self.epoch));
        self.end += u64::from(records);
        self.batches.push((base, Offset(self.end - 1), epoch, restamp(&builder.build(), base, epoch, None)));
    }

    fn end_of(&self, asked: LeaderEpoch) -> (LeaderEpoch, Offset) {
        let last = self.batches.iter().rfind(|(_, _, epoch, _)| *epoch <= asked);
        last.map_or((asked, Offset::ZERO), |(_, last, epoch, _)| (*epoch, last.next()))
    }
}

struct Waiting {
    to: BrokerId,
    correlation: CorrelationId,
    request: Request,
}

struct World {
    consumer: Consumer,
    choices: Choices,
    now: Instant,
    waiting: Vec<Waiting>,
    logs: Vec<Log>,
    read: Vec<Vec<u64>>,
}

impl World {
    fn new(seed: u64, max_poll_records: u32) -> Self {
        let config =
            ConsumerConfig { request_timeout: Duration::from_millis(150), max_poll_records, ..ConsumerConfig::of(Profile::Fast) };
        let bootstrap = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
        let assign = (0..PARTITIONS).map(|partition| ("orders".to_owned(), PartitionIndex(partition))).collect();
        let setup = ConsumerSetup {
            process: ME,
            name: "c1".into(),
            bootstrap,
            config,
            assign,
            from: StartFrom::Beginning,
            subscribe: Vec::new(),
            pattern: None,
            application: ApplicationSetup::default(),
            variants: Variants::default(),
        };
        let count = usize::try_from(PARTITIONS).expect("a few");
        let mut world = Self {
            consumer: Consumer::new(Arc::new(setup)),
            choices: Choices::new(seed, Luck::Seeded, &[]),
            now: Instant::ZERO,
            waiting: Vec::new(),
            logs: vec![Log::default(); count],
            read: vec![Vec::new(); count],
        };
        world.step(Input::Started);
        world
    }

    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Append { partition, records } => self.log(*partition).append(*records),
            Deed::Elect { partition } => self.log(*partition).epoch += 1,
            Deed::Answer => self.answer(None, false),
            Deed::Refuse(code) => self.answer(Some(*code), false),
            Deed::Damage => self.answer(None, true),
            Deed::Reset { broker } => {
                let broker = BrokerId(*broker);
                self.waiting.retain(|waiting| waiting.to != broker);
                self.step(Input::Message(Message::Disconnected { from: ProcessId::Broker(broker), purpose: Purpose::Client }));
            }
            Deed::Wait { ms } => self.wait(Duration::from_millis(*ms)),
        }
    }

    fn log(&mut self, partition: u32) -> &mut Log {
        self.logs.get_mut(usize::try_from(partition).expect("a few")).expect("a partition of the topic")
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while let Some(due) = self.consumer.next_deadline().filter(|due| *due <= until) {
            assert!(due >= self.now, "no deadline stays in the past");
            self.now = due;
            self.step(Input::Deadline);
        }
        self.now = until;
    }

    fn answer(&mut self, refusal: Option<ErrorCode>, is_damaged: bool) {
        if self.waiting.is_empty() {
            return;
        }
        let Waiting { to, correlation, request } = self.waiting.remove(0);
        let response: Response = match &request {
            Request::Metadata(_) => self.metadata().into(),
            Request::Fetch(request) => {
                let partitions = request.partitions.iter().map(|item| self.fetched(to, item, refusal, is_damaged)).collect();
                FetchResponse { error: None, partitions }.into()
            }
            Request::ListOffsets(request) => {
                let listed = |item: &tribunal::protocol::ListOffsetsPartition| ListedOffset {
                    partition: item.partition,
                    error: refusal,
                    offset: refusal.is_none().then_some(Offset::ZERO),
                    timestamp: None,
                    leader_epoch: None,
                };
                ListOffsetsResponse { partitions: request.partitions.iter().map(listed).collect() }.into()
            }
            Request::OffsetForLeaderEpoch(request) => {
                let mut partitions = Vec::new();
                for item in &request.partitions {
                    let (epoch, end) = self.log(item.partition.partition.0).end_of(item.leader_epoch);
                    let known = refusal.is_none();
                    partitions.push(EndOffset {
                        partition: item.partition,
                        error: refusal,
                        leader_epoch: known.then_some(epoch),
                        end_offset: known.then_some(end),
                    });
                }
                OffsetForLeaderEpochResponse { partitions }.into()
            }
            other => unreachable!("a consumer does not ask {other:?}"),
        };
        self.step(Input::Message(Message::Response {
            from: ProcessId::Broker(to),
            purpose: Purpose::Client,
            correlation,
            response,
        }));
    }

    /// One batch at a time; the leader fences as it should.
    fn fetched(&mut self, to: BrokerId, item: &FetchPartition, refusal: Option<ErrorCode>, is_damaged: bool) -> FetchedPartition {
        let partition = item.partition.partition.0;
        let log = self.log(partition);
        let is_fenced = log.leader(partition) != to || item.current_leader_epoch != Some(LeaderEpoch(log.epoch));
        if let Some(code) = refusal.or(is_fenced.then_some(ErrorCode::FencedLeaderEpoch)) {
            return FetchedPartition::refused(item.partition, code, None);
        }
        let mut fetched = FetchedPartition::refused(item.partition, ErrorCode::InvalidRequest, None);
        fetched.error = None;
        fetched.high_watermark = Offset(log.end);
        if let Some((_, _, _, batch)) = log.batches.iter().find(|(_, last, _, _)| *last >= item.fetch_offset) {
            let mut bytes = batch.to_vec();
            if let Some(last) = bytes.last_mut().filter(|_| is_damaged) {
                *last ^= 1;
            }
            fetched.batches.push(Bytes::from(bytes));
        }
        fetched
    }

    fn metadata(&self) -> MetadataResponse {
        let brokers: BrokerSet = (1..=3).map(BrokerId).collect();
        let partition = |(number, log): (u32, &Log)| MetadataPartition {
            partition: PartitionIndex(number),
            error: None,
            leader: Some(log.leader(number)),
            leader_epoch: LeaderEpoch(log.epoch),
            replicas: Vec::new(),
            isr: brokers,
        };
        let partitions = (0..).zip(&self.logs).map(partition).collect();
        MetadataResponse { brokers, topics: vec![MetadataTopic { name: "orders".into(), error: None, id: TopicId(1), partitions }] }
    }

    fn step(&mut self, input: Input) {
        let out = desk::turn(&mut self.consumer, input, self.now, &mut self.choices);
        for (event, _) in out.events {
            if let Fact::Client(ClientFact::PollReturned { poll }) = event.fact {
                let place = usize::try_from(poll.partition.partition.0).expect("a few");
                let read = self.read.get_mut(place).expect("a partition of the topic");
                read.extend(poll.records.iter().map(|record| record.offset.0));
                assert_eq!(Some(poll.position.0), read.last().map(|last| last + 1), "the position is after the last record");
            }
        }
        for effect in out.effects {
            match effect {
                Effect::Send(sent) => {
                    let Payload::Request { correlation, request, .. } = sent.payload else { unreachable!("clients answer nobody") };
                    let ProcessId::Broker(to) = sent.to else { unreachable!("clients talk to brokers") };
                    self.waiting.push(Waiting { to, correlation, request });
                }
                Effect::Close { server, .. } => self.waiting.retain(|waiting| ProcessId::Broker(waiting.to) != server),
                Effect::Halt { why } => unreachable!("{why}"),
                Effect::Exit => unreachable!("clients are not asked to shut down"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_read_once_and_in_order(deeds in deeds(), seed in any::<u64>(), most in 1_u32..5) {
        let mut world = World::new(seed, most);
        for deed in &deeds {
            world.act(deed);
        }
        // Then all is well for a while: whatever there is gets read.
        for _ in 0..400 {
            world.act(&Deed::Answer);
            world.wait(Duration::from_millis(5));
        }
        for (log, read) in world.logs.iter().zip(&world.read) {
            prop_assert_eq!(read, &(0..log.end).collect::<Vec<_>>());
        }
    }
}
