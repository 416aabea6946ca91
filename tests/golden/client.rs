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
use tribunal::event::{ApiKey, Fact, NetworkFact, Purpose};
use tribunal::ids::{BrokerId, CorrelationId, Offset, PartitionIndex, ProcessId, TopicId};
use tribunal::protocol::{CreateTopicsRequest, NewTopic, Request, Response};
use tribunal::time::{Duration, Instant, Timestamp};

use crate::scripts::{Outcome, run_all};
use crate::support::desk::{self, ME};

#[test]
fn the_scripts_tell_what_clients_do() {
    run_all("client", Bench::default);
}

#[path = "client_answers.rs"]
mod answers;
#[path = "client_group.rs"]
mod group;
#[path = "client_print.rs"]
mod print;

use print::{describe, tell};

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
        let until = self.now.plus(group::span(span)?);
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

/// A broker answers; what it says stands in `client_answers.rs`.
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
}

fn brokers() -> Vec<BrokerId> {
    vec![BrokerId(1), BrokerId(2), BrokerId(3)]
}

fn broker(text: &str) -> Outcome<BrokerId> {
    Ok(BrokerId(text.strip_prefix('b').ok_or("brokers are b1, b2 …")?.parse()?))
}
