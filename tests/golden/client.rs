//! One client on the bench: the script plays the world and the brokers, the output is what the client did.
//!
//! | command | what happens |
//! |---|---|
//! | `producer KEY=VALUE…` | a producer for the topic `orders` with this configuration (profile `kafka`, no luck) is made and started; `partition=N` names its partition |
//! | `consumer from=… assign=0,1 KEY=VALUE…` | a consumer of partitions of `orders`; `from` is `beginning`, `end`, an offset, or `@` and a timestamp in ms of the run |
//! | `admin` | an admin |
//! | `send [key=] [value=] [size=] [partition=] [count=]` | the application sends; `size` makes a value of that many bytes |
//! | `create NAME`, `describe NAME` | the application commands the admin |
//! | `wait 5ms` | time passes; deadlines on the way are met |
//! | `metadata 0=b1@e0 1=none@e2… [brokers=1,2] [error=CODE] [id=1]` | answers the oldest Metadata request |
//! | `produced 0=17 1=CODE [leader=b2@e1]` | answers the oldest Produce request |
//! | `fetched 0=10..12@e0,13..13@e1 [1=CODE] [hw=14] [leader=b2@e1] [prefers=b2]` | answers the oldest Fetch; `0=` is an answer without records |
//! | `listed 0=10`, `ended 0=e0:12`, `created CODE…` | answers ListOffsets, OffsetForLeaderEpoch, CreateTopics |
//! | `lost b1` | the connection to b1 is reset |
//!
//! An answer takes `from=b2` if it is to answer the oldest request of that broker. What a consumer of a group can be told and
//! asked besides stands in `client_group.rs`.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use goldenscript::{ArgumentConsumer, Command as Line, Runner};
use tribunal::choice::{Choices, Luck};
use tribunal::client::admin::{Admin, AdminSetup};
use tribunal::client::consumer::{Consumer, ConsumerSetup, StartFrom};
use tribunal::client::producer::{Producer, ProducerSetup};
use tribunal::config::{ConsumerConfig, ProducerConfig, Profile, Variants};
use tribunal::context::{Command, Effect, Input, Machine, Message, NewRecord, Payload};
use tribunal::error::ErrorCode;
use tribunal::event::{ApiKey, ClientFact, Fact, NetworkFact, Purpose};
use tribunal::ids::{BrokerId, BrokerSet, CorrelationId, LeaderEpoch, Offset, PartitionIndex, ProcessId, TopicId, TopicPartition};
use tribunal::protocol::{
    CreateTopicsRequest, CreateTopicsResponse, CreatedTopic, EndOffset, FetchResponse, FetchedPartition, LeaderIdAndEpoch,
    ListOffsetsResponse, ListedOffset, MetadataPartition, MetadataResponse, MetadataTopic, NewTopic, OffsetForLeaderEpochResponse,
    ProduceResponse, ProducedPartition, Request, Response,
};
use tribunal::record::{BatchBuilder, RecordBatch, restamp};
use tribunal::time::{Duration, Instant, Timestamp};

use crate::support::desk::{self, ME};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[test]
fn the_scripts_tell_what_clients_do() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/client");
    let entries = std::fs::read_dir(&folder).expect("the folder of scripts");
    let mut scripts: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    scripts.sort();
    assert!(scripts.len() >= 10, "the scripts are found");
    let run = |script: &std::path::PathBuf| goldenscript::run(&mut Bench::default(), script).err();
    let failed: Vec<_> =
        scripts.iter().filter_map(|script| run(script).map(|why| format!("{}: {why}", script.display()))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[path = "client_group.rs"]
mod group;

/// A request that the script has not answered yet.
struct Unanswered {
    to: BrokerId,
    purpose: Purpose,
    correlation: CorrelationId,
    request: Request,
}

struct Bench {
    machine: Option<Box<dyn Machine>>,
    choices: Choices,
    now: Instant,
    unanswered: Vec<Unanswered>,
    topic: TopicId,
}

impl Default for Bench {
    fn default() -> Self {
        let choices = Choices::new(0, Luck::None, &[]);
        Self { machine: None, choices, now: Instant::ZERO, unanswered: Vec::new(), topic: TopicId(1) }
    }
}

impl Runner for Bench {
    type Command = Line;

    fn run(&mut self, line: &Line, _: &goldenscript::Context) -> Outcome<String> {
        let mut args = line.consume_args();
        if matches!(line.name.as_str(), "producer" | "consumer" | "admin") {
            *self = Self::default();
        }
        let output = match line.name.as_str() {
            "producer" => self.begin_producer(&mut args)?,
            "consumer" => self.begin_consumer(&mut args)?,
            "admin" => self.begin_admin(),
            "send" => self.send(&mut args)?,
            "create" | "describe" => self.command_admin(&line.name, &mut args)?,
            "wait" => self.wait(args.next_pos().ok_or("how long?")?)?,
            "lost" => {
                let to = broker(args.next_pos().ok_or("whose connection?")?)?;
                let purpose = if args.next_pos() == Some("coordinator") { Purpose::Coordinator } else { Purpose::Client };
                self.unanswered.retain(|request| (request.to, request.purpose) != (to, purpose));
                self.step(Input::Message(Message::Disconnected { from: ProcessId::Broker(to), purpose }))?
            }
            "metadata" => self.answer(ApiKey::Metadata, &mut args, Self::metadata)?,
            "produced" => self.answer(ApiKey::Produce, &mut args, Self::produced)?,
            "fetched" => self.answer(ApiKey::Fetch, &mut args, Self::fetched)?,
            "listed" => self.answer(ApiKey::ListOffsets, &mut args, Self::listed)?,
            "ended" => self.answer(ApiKey::OffsetForLeaderEpoch, &mut args, Self::ended)?,
            "created" => self.answer(ApiKey::CreateTopics, &mut args, Self::created)?,
            other => self.group(other, &mut args)?,
        };
        args.reject_next()?;
        Ok(output)
    }
}

/// Bringing a client to life and giving it commands.
impl Bench {
    fn begin_producer(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<String> {
        let partition = args.take_key("partition").map(str::parse).transpose()?.map(PartitionIndex);
        let mut config = ProducerConfig::of(Profile::Kafka);
        while let Some((key, value)) = args.next_key() {
            config.set(key, value)?;
        }
        let setup =
            ProducerSetup { process: ME, name: "p1".into(), bootstrap: brokers(), config, topic: "orders".into(), partition };
        self.machine = Some(Box::new(Producer::new(Arc::new(setup))));
        self.step(Input::Started)
    }

    fn begin_consumer(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<String> {
        let from = match args.take_key("from").unwrap_or("beginning") {
            "beginning" => StartFrom::Beginning,
            "configured" => StartFrom::Configured,
            "end" => StartFrom::End,
            other => match other.strip_prefix('@') {
                Some(ms) => StartFrom::Timestamp(Timestamp(Timestamp::RUN_START.0 + ms.parse::<i64>()?)),
                None => StartFrom::Offset(Offset(other.parse()?)),
            },
        };
        let subscribe: Vec<String> =
            args.take_key("topics").into_iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
        let pattern = args.take_key("pattern").map(str::to_owned);
        let is_alone = subscribe.is_empty() && pattern.is_none();
        let mut assign = Vec::new();
        for partition in args.take_key("assign").or(is_alone.then_some("0")).into_iter().flat_map(|all| all.split(',')) {
            assign.push(("orders".to_owned(), PartitionIndex(partition.parse()?)));
        }
        let application = group::application(args)?;
        let mut variants = Variants::default();
        if let Some(chosen) = args.take_key("variant") {
            let (name, word) = chosen.split_once(':').ok_or("variant=NAME:WORD")?;
            variants.set(name, word)?;
        }
        let mut config = ConsumerConfig::of(Profile::Kafka);
        while let Some((key, value)) = args.next_key() {
            config.set(key, value)?;
        }
        let setup = ConsumerSetup {
            process: ME,
            name: "c1".into(),
            bootstrap: brokers(),
            config,
            assign,
            from,
            subscribe,
            pattern,
            application,
            variants,
        };
        self.machine = Some(Box::new(Consumer::new(Arc::new(setup))));
        self.step(Input::Started)
    }

    fn begin_admin(&mut self) -> String {
        let setup = AdminSetup {
            process: ME,
            name: "a1".into(),
            bootstrap: brokers(),
            request_timeout: Duration::from_secs(30),
            retry_backoff: Duration::from_millis(100),
            api_timeout: Duration::from_secs(60),
        };
        self.machine = Some(Box::new(Admin::new(Arc::new(setup))));
        self.step(Input::Started).expect("there is a machine")
    }

    fn send(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<String> {
        let count: u32 = args.take_key("count").unwrap_or("1").parse()?;
        let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let key = args.take_key("key").map(text);
        let value = match args.take_key("size") {
            Some(size) => Some(Bytes::from(vec![b'x'; size.parse()?])),
            None => args.take_key("value").map(text),
        };
        let partition = args.take_key("partition").map(str::parse).transpose()?.map(PartitionIndex);
        let record = NewRecord { key, value, partition, ..NewRecord::default() };
        let mut output = String::new();
        for _ in 0..count {
            output += &self.step(Input::Command(Command::Send(record.clone())))?;
        }
        Ok(output)
    }

    fn command_admin(&mut self, command: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<String> {
        let name = args.next_pos().ok_or("which topic?")?.to_owned();
        if command == "describe" {
            return self.step(Input::Command(Command::DescribeTopic(name)));
        }
        let topic = NewTopic { name, partitions: 1, replication_factor: 3, assignment: Vec::new(), config: Vec::new() };
        let request = CreateTopicsRequest { topics: vec![topic], timeout: Duration::from_secs(30) };
        self.step(Input::Command(Command::CreateTopics(request)))
    }
}

/// Time and turns.
impl Bench {
    fn wait(&mut self, span: &str) -> Outcome<String> {
        let span = match (span.strip_suffix("ms"), span.strip_suffix('s')) {
            (Some(ms), _) => Duration::from_millis(ms.parse()?),
            (None, Some(seconds)) => Duration::from_secs(seconds.parse()?),
            (None, None) => return Err("5ms or 2s?".into()),
        };
        let until = self.now.plus(span);
        let mut output = String::new();
        while let Some(due) = self.machine.as_ref().and_then(|machine| machine.next_deadline()).filter(|due| *due <= until) {
            assert!(due >= self.now, "a deadline in the past is never met");
            self.now = due;
            output += &self.step(Input::Deadline)?;
        }
        self.now = until;
        Ok(output)
    }

    fn step(&mut self, input: Input) -> Outcome<String> {
        let machine = self.machine.as_mut().ok_or("make a client first")?;
        let out = desk::turn(machine.as_mut(), input, self.now, &mut self.choices);
        let mut requests = Vec::new();
        let mut closed = String::new();
        for effect in out.effects {
            match effect {
                Effect::Send(sent) => {
                    let Payload::Request { purpose, correlation, request } = sent.payload else {
                        return Err("clients answer nobody".into());
                    };
                    let ProcessId::Broker(to) = sent.to else { return Err("clients talk to brokers".into()) };
                    requests.push(Unanswered { to, purpose, correlation, request });
                }
                Effect::Close { server, purpose } => {
                    self.unanswered.retain(|request| (ProcessId::Broker(request.to), request.purpose) != (server, purpose));
                    let whose = if purpose == Purpose::Coordinator { " as coordinator" } else { "" };
                    writeln!(closed, "{} closes its connection to {server}{whose}", self.now)?;
                }
                Effect::Halt { why } => return Err(why.into()),
                Effect::Exit => writeln!(closed, "{} ends", self.now)?,
            }
        }
        let mut output = closed;
        let mut sent = requests.iter();
        for (event, _) in &out.events {
            let told = match &event.fact {
                Fact::Network(NetworkFact::MessageSent { .. }) => {
                    let Some(request) = sent.next() else { return Err("a message without a request".into()) };
                    format!("→ {} {}", request.to, describe(&request.request))
                }
                Fact::Client(fact) => tell(fact),
                other => format!("{other:?}"),
            };
            writeln!(output, "{} {told}", self.now)?;
        }
        let has_answer =
            |request: &Unanswered| !matches!(&request.request, Request::Produce(p) if p.acks == tribunal::event::Acks::None);
        self.unanswered.extend(requests.into_iter().filter(has_answer));
        Ok(output)
    }
}

/// The brokers' answers.
impl Bench {
    fn answer(
        &mut self,
        api: ApiKey,
        args: &mut ArgumentConsumer<'_>,
        make: fn(&mut Self, &Request, &mut ArgumentConsumer<'_>) -> Outcome<Response>,
    ) -> Outcome<String> {
        let from = args.take_key("from").map(broker).transpose()?;
        let fits = |request: &Unanswered| request.request.api() == api && from.is_none_or(|from| from == request.to);
        let place = self.unanswered.iter().position(fits).ok_or_else(|| format!("nobody waits for {api:?}"))?;
        let Unanswered { to, purpose, correlation, request } = self.unanswered.remove(place);
        let response = make(self, &request, args)?;
        let from = ProcessId::Broker(to);
        self.step(Input::Message(Message::Response { from, purpose, correlation, response }))
    }

    fn metadata(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::Metadata(request) = request else { return Err("not Metadata".into()) };
        let listed = args.take_key("brokers").unwrap_or("1,2,3");
        let brokers: BrokerSet =
            listed.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().map(BrokerId)).collect::<Result<_, _>>()?;
        let error = args.take_key("error").map(code).transpose()?;
        let others: Vec<String> = args.take_key("others").into_iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
        if let Some(id) = args.take_key("id") {
            self.topic = TopicId(id.parse()?);
        }
        let mut partitions = Vec::new();
        while let Some((partition, told)) = args.next_key() {
            let (leader, epoch) = told.split_once("@e").ok_or("b1@e0 or none@e0?")?;
            let leader = if leader == "none" { None } else { Some(broker(leader)?) };
            partitions.push(MetadataPartition {
                partition: PartitionIndex(partition.parse()?),
                error: leader.is_none().then_some(ErrorCode::LeaderNotAvailable),
                leader,
                leader_epoch: LeaderEpoch(epoch.parse()?),
                replicas: Vec::new(),
                isr: brokers,
            });
        }
        // The first topic asked for has the id told, the others the ids after it.
        let mut names = request.topics.clone();
        names.extend(others.into_iter().filter(|name| !request.topics.contains(name)));
        let topic = |(name, id): (String, u32)| MetadataTopic {
            name,
            error,
            id: TopicId(self.topic.0 + id),
            partitions: partitions.clone(),
        };
        Ok(MetadataResponse { brokers, topics: names.into_iter().zip(0..).map(topic).collect() }.into())
    }

    fn produced(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::Produce(request) = request else { return Err("not Produce".into()) };
        let current_leader = args.take_key("leader").map(leader).transpose()?;
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).ok_or("each partition asked is answered")?;
            let result = match told.parse() {
                Ok(offset) => Ok(Offset(offset)),
                Err(_) => Err(code(told)?),
            };
            let (partition, log_start_offset) = (asked.partition, Offset::ZERO);
            partitions.push(ProducedPartition { partition, result, log_append_time: None, log_start_offset, current_leader });
        }
        Ok(ProduceResponse { partitions }.into())
    }

    fn fetched(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::Fetch(request) = request else { return Err("not Fetch".into()) };
        let current_leader = args.take_key("leader").map(leader).transpose()?;
        let high_watermark = Offset(args.take_key("hw").unwrap_or("0").parse()?);
        let preferred_read_replica = args.take_key("prefers").map(broker).transpose()?;
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).unwrap_or("");
            let mut fetched =
                FetchedPartition { high_watermark, ..FetchedPartition::refused(asked.partition, ErrorCode::InvalidRequest, None) };
            fetched.error = None;
            fetched.preferred_read_replica = preferred_read_replica;
            match code(told) {
                Ok(code) => fetched = FetchedPartition::refused(asked.partition, code, current_leader),
                Err(_) => {
                    for batch in told.split(',').filter(|batch| !batch.is_empty()) {
                        fetched.batches.push(batch_of(batch)?);
                    }
                }
            }
            partitions.push(fetched);
        }
        Ok(FetchResponse { error: None, partitions }.into())
    }

    fn listed(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::ListOffsets(request) = request else { return Err("not ListOffsets".into()) };
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).ok_or("each partition asked is answered")?;
            let (offset, error) = match told {
                "none" => (None, None),
                told => match told.parse() {
                    Ok(offset) => (Some(Offset(offset)), None),
                    Err(_) => (None, Some(code(told)?)),
                },
            };
            partitions.push(ListedOffset { partition: asked.partition, error, offset, timestamp: None, leader_epoch: None });
        }
        Ok(ListOffsetsResponse { partitions }.into())
    }

    fn ended(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::OffsetForLeaderEpoch(request) = request else { return Err("not OffsetForLeaderEpoch".into()) };
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).ok_or("each partition asked is answered")?;
            let mut end = EndOffset { partition: asked.partition, error: None, leader_epoch: None, end_offset: None };
            match told.split_once(':') {
                Some((epoch, offset)) => {
                    end.leader_epoch = Some(LeaderEpoch(epoch.trim_start_matches('e').parse()?));
                    end.end_offset = Some(Offset(offset.parse()?));
                }
                None if told == "none" => {}
                None => end.error = Some(code(told)?),
            }
            partitions.push(end);
        }
        Ok(OffsetForLeaderEpochResponse { partitions }.into())
    }

    fn created(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::CreateTopics(request) = request else { return Err("not CreateTopics".into()) };
        let mut topics = Vec::new();
        for asked in &request.topics {
            let result = match args.next_pos() {
                None | Some("done") => Ok(self.topic),
                Some(told) => Err(code(told)?),
            };
            topics.push(CreatedTopic { name: asked.name.clone(), result });
        }
        Ok(CreateTopicsResponse { topics }.into())
    }
}

fn brokers() -> Vec<BrokerId> {
    vec![BrokerId(1), BrokerId(2), BrokerId(3)]
}

fn broker(text: &str) -> Outcome<BrokerId> {
    Ok(BrokerId(text.strip_prefix('b').ok_or("brokers are b1, b2 …")?.parse()?))
}

fn leader(text: &str) -> Outcome<LeaderIdAndEpoch> {
    let (name, epoch) = text.split_once("@e").ok_or("b1@e0?")?;
    Ok(LeaderIdAndEpoch { leader: broker(name)?, epoch: LeaderEpoch(epoch.parse()?) })
}

fn code(text: &str) -> Outcome<ErrorCode> {
    Ok(*ErrorCode::ALL.iter().find(|code| code.name() == text).ok_or_else(|| format!("no such code: {text}"))?)
}

/// `10..12@e1` (both included); with `!` at the end its last byte is damaged.
fn batch_of(text: &str) -> Outcome<Bytes> {
    let (text, is_damaged) = text.strip_suffix('!').map_or((text, false), |text| (text, true));
    let (range, epoch) = text.split_once("@e").ok_or("10..12@e0?")?;
    let (first, last) = range.split_once("..").ok_or("10..12@e0?")?;
    let (first, last): (u64, u64) = (first.parse()?, last.parse()?);
    let mut builder = BatchBuilder::new(Timestamp::RUN_START);
    for offset in first..=last {
        builder.append(Timestamp::RUN_START, None, Some(format!("v{offset}").as_bytes()), &[]);
    }
    let batch = restamp(&builder.build(), Offset(first), LeaderEpoch(epoch.parse()?), None);
    let mut bytes = batch.to_vec();
    if let Some(last) = bytes.last_mut().filter(|_| is_damaged) {
        *last ^= 0xff;
    }
    Ok(Bytes::from(bytes))
}

/// A request as a script shows it.
fn describe(request: &Request) -> String {
    let place = |partition: TopicPartition| partition.to_string();
    let epoch = |epoch: Option<LeaderEpoch>| epoch.map_or("e?".to_owned(), |epoch| epoch.to_string());
    let list = |parts: Vec<String>| parts.join(" ");
    match request {
        Request::Produce(request) => {
            let batch = |bytes: &Bytes| RecordBatch::decode(bytes.clone()).expect("producers build whole batches").records.len();
            let part = |item: &tribunal::protocol::ProducePartition| {
                format!("{}:{}×{}B", place(item.partition), batch(&item.batch), item.batch.len())
            };
            format!("Produce {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::Fetch(request) => {
            let part = |item: &tribunal::protocol::FetchPartition| {
                format!("{}:{}@{}", place(item.partition), item.fetch_offset, epoch(item.current_leader_epoch))
            };
            format!("Fetch {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::ListOffsets(request) => {
            let part = |item: &tribunal::protocol::ListOffsetsPartition| format!("{}:{:?}", place(item.partition), item.spec);
            format!("ListOffsets {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::OffsetForLeaderEpoch(request) => {
            let part = |item: &tribunal::protocol::OffsetForLeaderPartition| {
                format!("{}:{}@{}", place(item.partition), item.leader_epoch, epoch(item.current_leader_epoch))
            };
            format!("OffsetForLeaderEpoch {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::Metadata(request) if request.all => format!("Metadata {} and all others", request.topics.join(" ")),
        Request::Metadata(request) => format!("Metadata {}", request.topics.join(" ")),
        Request::CreateTopics(request) => {
            format!("CreateTopics {}", list(request.topics.iter().map(|topic| topic.name.clone()).collect()))
        }
        other => group::describe(other),
    }
}

/// An event as a script shows it: the digests are left out.
fn tell(fact: &ClientFact) -> String {
    let name = fact.name();
    match fact {
        ClientFact::SendInvoked { partition, send, .. } => format!("{name} {send} to {partition}"),
        ClientFact::SendAcknowledged { partition, send, offset, by, .. } => {
            let offset = offset.map_or("unknown".to_owned(), |offset| offset.to_string());
            let by = by.map_or("nobody".to_owned(), |by| by.to_string());
            format!("{name} {send} to {partition}: offset {offset}, by {by}")
        }
        ClientFact::SendUnknown { partition, send, code, .. } | ClientFact::SendFailed { partition, send, code, .. } => {
            format!("{name} {send} to {partition}: {code}")
        }
        ClientFact::SendRetried { partition, first, records, code } => {
            format!("{name} to {partition}: {records} from {first} on, after {code}")
        }
        ClientFact::SendRefused { send, code } => format!("{name} {send}: {code}"),
        ClientFact::PositionSet { partition, offset, epoch, why } => {
            let epoch = epoch.map_or("e?".to_owned(), |epoch| epoch.to_string());
            format!("{name} {partition}: {offset}@{epoch}, {why:?}")
        }
        ClientFact::PollReturned { poll } => {
            let records: Vec<_> = poll.records.iter().map(|record| format!("{}@{}", record.offset, record.leader_epoch)).collect();
            format!("{name} {}: {}; position {}, hw {}", poll.partition, records.join(" "), poll.position, poll.high_watermark)
        }
        ClientFact::MetadataRefreshed { from, topics } => format!("{name} from {from}: {topics} topics"),
        ClientFact::AdminAnswered { api, code } => {
            format!("{name} {api:?}: {}", code.map_or("done".to_owned(), |code| code.to_string()))
        }
        ClientFact::TruncationDetected { partition, position, end } => {
            format!("{name} {partition}: position {position}, end {end}")
        }
        ClientFact::ReadFailed { partition, offset, code } => format!("{name} {partition}: at {offset}, {code}"),
        other => group::tell(other),
    }
}
