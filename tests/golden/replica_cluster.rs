//! Golden scripts of brokers together: one controller, three brokers and the topic `orders` with one partition, on a network
//! that delays everything by 1 ms. Each script in `golden/replica-cluster` opens with why its situation exists.
//!
//! Commands (`c1` is the controller, `b1` … `b4` the brokers):
//!
//! * `start [brokers=4] [NAME=WORD …] [b2.KEY=VALUE …]`: starts all; historical rules, brokers' keys and brokers' own keys by name.
//! * `topic [replicas=1-2-3] [KEY=VALUE …]`: creates `orders`.
//! * `produce b1 VALUE [acks=all]`, `fetch b1 OFFSET [rack=A] [epoch=N] [min-bytes=N] [wait=MS]`, `list b1 latest|earliest`: a
//!   client's request; its answer is told when it comes.
//! * `metadata b1 NAME/NAME [creates=true]`, or `metadata b1 all`: what is told of topics. `drop b1 NAME` deletes one.
//! * `delete-records b1 [to=N]`, `delete-topic b1`, `create-again b1`, `reassign b1 2-3-4`, `set b1 topic|cluster|b2 KEY=VALUE`,
//!   `feature b1 NAME=LEVEL`, `describe b1 topic|cluster|b1 KEY`, `quorum b1`.
//! * `run MS` · `cut b1 c1`, `heal` · `kill b2`, `up b2`, `shutdown b2` · `state`: every replica as its broker has it.
//! * `watch WORD …`: which facts are told besides answers, by name; `watch` alone tells none.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::scripts::{Outcome, batch_of_one, process_of, run_all};
use crate::support::Cluster;
use goldenscript::{ArgumentConsumer, Command, Context as Hints};
use tribunal::config::Value;
use tribunal::context::{Command as Order, Input};
use tribunal::error::ErrorCode;
use tribunal::event::{Acks, ControllerFact, Fact, LogFact, ReplicaFact};
use tribunal::ids::{BrokerId, CorrelationId, LeaderEpoch, Offset, PartitionIndex, ProcessId, TopicId, TopicPartition};
use tribunal::protocol::{
    AlterPartitionReassignmentsRequest, ConfigChange, ConfigResource, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeConfigsRequest, DescribeQuorumRequest, FetchPartition, FetchRequest,
    IncrementalAlterConfigsRequest, ListOffsetsPartition, ListOffsetsRequest, MetadataPartition, MetadataRequest, MetadataTopic,
    NamedPartition, NewTopic, OffsetSpec, ProducePartition, ProduceRequest, Reassignment, Request, Response, UpdateFeaturesRequest,
};
use tribunal::replica::Role;
use tribunal::time::Duration;

/// The cluster, and what the script wants to see of it.
struct Stage {
    cluster: Cluster,
    brokers: u16,
    topics: u32,
    replicas: Vec<BrokerId>,
    config: Vec<(String, String)>,
    asked: BTreeMap<CorrelationId, String>,
    answers_told: usize,
    events_told: usize,
    watched: Vec<String>,
    told: String,
}

#[test]
fn brokers_do_what_the_golden_scripts_say() {
    run_all("replica-cluster", Stage::new);
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Hints) -> Outcome<String> {
        let mut args = command.consume_args();
        match command.name.as_str() {
            "start" => self.start(&mut args)?,
            "topic" => self.topic(&mut args)?,
            "watch" => {
                self.watched = std::iter::from_fn(|| args.next_pos().map(str::to_owned)).collect();
            }
            "run" => self.cluster.run(Duration::from_millis(args.next_pos().unwrap_or("0").parse()?)),
            "cut" => {
                let (one, other) = (process_of(args.next_pos())?, process_of(args.next_pos())?);
                self.cluster.cut(one, other);
            }
            "heal" => self.cluster.heal(),
            "kill" => self.cluster.crash(process_of(args.next_pos())?),
            "up" => self.cluster.start(process_of(args.next_pos())?),
            "shutdown" => self.cluster.order(process_of(args.next_pos())?, Input::Command(Order::ShutDown)),
            "state" => self.state()?,
            name => {
                let server = process_of(args.next_pos())?;
                let word = args.next_pos().unwrap_or_default().to_owned();
                let request = self.request(name, &word, &mut args)?;
                let correlation = self.cluster.ask(server, request);
                self.asked.insert(correlation, format!("{name} at {server}"));
            }
        }
        args.reject_next()?;
        self.tell_news()?;
        Ok(std::mem::take(&mut self.told))
    }
}

impl Stage {
    fn new() -> Self {
        Self {
            cluster: Cluster::new(),
            brokers: 3,
            topics: 0,
            replicas: Vec::new(),
            config: Vec::new(),
            asked: BTreeMap::new(),
            answers_told: 0,
            events_told: 0,
            watched: Vec::new(),
            told: String::new(),
        }
    }

    fn partition(&self) -> TopicPartition {
        TopicPartition::new(TopicId(self.topics), PartitionIndex(0))
    }

    fn start(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        while let Some((key, value)) = args.next_key() {
            match key.split_once('.').filter(|(broker, _)| process_of(Some(broker)).is_ok()) {
                Some((broker, key)) => {
                    let broker = process_of(Some(broker))?;
                    let configs = self.cluster.broker_config.entry(broker).or_default();
                    configs.push((key.to_owned(), value.to_owned()));
                }
                None if key == "brokers" => self.brokers = value.parse()?,
                None if self.cluster.variants.set(key, value).is_err() => self.cluster.config.set(key, value)?,
                None => {}
            }
        }
        self.cluster.start_all(self.brokers);
        self.cluster.run(Duration::from_millis(500));
        self.events_told = self.cluster.events.len();
        Ok(())
    }

    fn topic(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        self.replicas = brokers_of(args.take_key("replicas").unwrap_or("1-2-3"))?;
        while let Some((key, value)) = args.next_key() {
            self.config.push((key.to_owned(), value.to_owned()));
        }
        let request = self.creation();
        let correlation = self.cluster.ask(ProcessId::Broker(BrokerId(1)), request);
        self.asked.insert(correlation, "topic".to_owned());
        self.cluster.run(Duration::from_millis(100));
        Ok(())
    }

    fn creation(&mut self) -> CreateTopicsRequest {
        self.topics += 1;
        let topic = NewTopic {
            name: "orders".to_owned(),
            partitions: 1,
            replication_factor: 3,
            assignment: vec![self.replicas.clone()],
            config: self.config.clone(),
        };
        CreateTopicsRequest { topics: vec![topic], timeout: Duration::from_secs(3) }
    }

    /// What a command asks for.
    fn request(&mut self, name: &str, word: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<Request> {
        let timeout = Duration::from_millis(args.take_key("timeout").unwrap_or("3000").parse()?);
        let orders = || NamedPartition { topic: "orders".to_owned(), partition: PartitionIndex(0) };
        Ok(match name {
            "produce" => {
                let acks = args.take_key("acks").map_or(Ok(Acks::Leader), Acks::parse)?;
                let partitions = vec![ProducePartition { partition: self.partition(), batch: batch_of_one(word) }];
                ProduceRequest { acks, timeout, partitions }.into()
            }
            "fetch" => self.fetch(args, word)?.into(),
            "list" => {
                let spec = if word == "earliest" { OffsetSpec::Earliest } else { OffsetSpec::Latest };
                let item = ListOffsetsPartition { partition: self.partition(), current_leader_epoch: None, spec };
                ListOffsetsRequest { partitions: vec![item] }.into()
            }
            "delete-records" => {
                let to = args.take_key("to").map(str::parse).transpose()?.map(Offset);
                DeleteRecordsRequest { partitions: vec![(orders(), to)], timeout }.into()
            }
            "metadata" => {
                let all = word == "all";
                let topics = word.split('/').filter(|_| !all).map(str::to_owned).collect();
                MetadataRequest { topics, all, may_create: args.take_key("creates") == Some("true") }.into()
            }
            "drop" => DeleteTopicsRequest { topics: vec![word.to_owned()], timeout }.into(),
            "delete-topic" => DeleteTopicsRequest { topics: vec!["orders".to_owned()], timeout }.into(),
            "create-again" => self.creation().into(),
            "reassign" => {
                let replicas = Some(brokers_of(word)?);
                let partitions = vec![Reassignment { partition: orders(), replicas }];
                AlterPartitionReassignmentsRequest { partitions, timeout }.into()
            }
            "set" => {
                let resource = resource_of(word)?;
                let (key, value) = args.next_key().ok_or("a key is wanted")?;
                let change = ConfigChange { resource, key: key.to_owned(), value: Some(value.to_owned()) };
                IncrementalAlterConfigsRequest { changes: vec![change] }.into()
            }
            "feature" => {
                let (feature, level) = args.next_key().ok_or("a feature is wanted")?;
                UpdateFeaturesRequest { updates: vec![(feature.to_owned(), level.parse()?)] }.into()
            }
            "describe" => DescribeConfigsRequest { resource: resource_of(word)? }.into(),
            "quorum" => DescribeQuorumRequest {}.into(),
            name => return Err(format!("unknown command {name}").into()),
        })
    }

    fn fetch(&self, args: &mut ArgumentConsumer<'_>, from: &str) -> Outcome<FetchRequest> {
        let item = FetchPartition {
            partition: self.partition(),
            current_leader_epoch: args.take_key("epoch").map(str::parse).transpose()?.map(LeaderEpoch),
            fetch_offset: Offset(from.parse()?),
            last_fetched_epoch: None,
            log_start_offset: Offset(0),
            partition_max_bytes: 1 << 20,
        };
        Ok(FetchRequest {
            replica: None,
            max_wait: Duration::from_millis(args.take_key("wait").unwrap_or("50").parse()?),
            min_bytes: args.take_key("min-bytes").unwrap_or("1").parse()?,
            max_bytes: 1 << 20,
            rack: args.take_key("rack").map(|rack| std::sync::Arc::new(rack.to_owned())),
            isolation: tribunal::config::IsolationLevel::ReadUncommitted,
            partitions: vec![item],
        })
    }

    /// The answers that have come, and the facts that are watched.
    fn tell_news(&mut self) -> Outcome<()> {
        for event in self.cluster.events.iter().skip(self.events_told) {
            if let Some(line) = line(&event.fact).filter(|_| self.watched.iter().any(|name| name == event.fact.name())) {
                writeln!(self.told, "{}: {line}", event.process)?;
            }
        }
        self.events_told = self.cluster.events.len();
        for (_, _, correlation, response) in self.cluster.answers.iter().skip(self.answers_told) {
            let what = self.asked.get(correlation).map_or("?", String::as_str);
            writeln!(self.told, "{what}: {}", answer(response))?;
        }
        self.answers_told = self.cluster.answers.len();
        Ok(())
    }

    fn state(&mut self) -> Outcome<()> {
        for number in 1..=self.brokers {
            let who = ProcessId::Broker(BrokerId(number));
            let Some(broker) = self.cluster.node(who).and_then(|node| node.broker()) else {
                writeln!(self.told, "{who}: down")?;
                continue;
            };
            if broker.partitions().is_empty() {
                writeln!(self.told, "{who}: holds nothing")?;
            }
            for replica in broker.partitions().iter() {
                let role = match replica.role() {
                    Role::Idle => "idle".to_owned(),
                    Role::Offline => "offline".to_owned(),
                    Role::Follower(follower) => follower.leader.map_or("follows nobody".to_owned(), |at| format!("follows {at}")),
                    Role::Leader(leader) => format!("leads, ISR {}", leader.isr().committed),
                };
                let (start, end) = (replica.log().start_offset(), replica.log().end_offset());
                let high_watermark = replica.high_watermark();
                writeln!(self.told, "{who}: {} log {start}..{end}, HW {high_watermark}, {role}", replica.partition())?;
            }
        }
        Ok(())
    }
}

fn brokers_of(list: &str) -> Outcome<Vec<BrokerId>> {
    list.split('-').map(|number| Ok(BrokerId(number.parse()?))).collect()
}

fn resource_of(word: &str) -> Outcome<ConfigResource> {
    Ok(match word {
        "topic" => ConfigResource::Topic("orders".to_owned()),
        "cluster" => ConfigResource::Cluster,
        broker => ConfigResource::Broker(BrokerId(broker.strip_prefix('b').ok_or("a broker is wanted")?.parse()?)),
    })
}

fn code(error: Option<ErrorCode>) -> String {
    error.map_or("done".to_owned(), |code| code.name().to_owned())
}

fn answer(response: &Response) -> String {
    match response {
        Response::Produce(produced) => produced
            .partitions
            .iter()
            .map(|told| match told.result {
                Ok(base) => format!("appended at {base}"),
                Err(code) => code.name().to_owned(),
            })
            .collect(),
        Response::Fetch(fetched) => fetched
            .partitions
            .iter()
            .map(|told| match (told.error, told.preferred_read_replica) {
                (Some(code), _) => code.name().to_owned(),
                (None, Some(replica)) => format!("read from {replica} instead, HW {}", told.high_watermark),
                (None, None) => format!("{} batches, HW {}", told.batches.len(), told.high_watermark),
            })
            .collect(),
        Response::ListOffsets(listed) => listed
            .partitions
            .iter()
            .map(|told| match (told.error, told.offset) {
                (Some(code), _) => code.name().to_owned(),
                (None, offset) => offset.map_or("none".to_owned(), |offset| offset.to_string()),
            })
            .collect(),
        Response::DeleteRecords(deleted) => deleted
            .partitions
            .iter()
            .map(|(_, result)| match result {
                Ok(low) => format!("low watermark {low}"),
                Err(code) => code.name().to_owned(),
            })
            .collect(),
        Response::DescribeConfigs(described) => match &described.result {
            Err(code) => code.name().to_owned(),
            Ok(configs) => {
                let set = configs.iter().filter(|config| config.source != tribunal::protocol::ConfigSource::Default);
                set.map(|config| format!("{}={} ({:?})", config.key, config.value, config.source)).collect::<Vec<_>>().join(", ")
            }
        },
        Response::Metadata(metadata) => metadata.topics.iter().map(topic).collect::<Vec<_>>().join("; "),
        Response::DescribeQuorum(quorum) => match (quorum.error, quorum.leader) {
            (Some(code), _) => code.name().to_owned(),
            (None, leader) => format!("led by {}", leader.map_or("nobody".to_owned(), |leader| leader.to_string())),
        },
        other => code(other.facts().error),
    }
}

/// A topic as a broker tells of it.
fn topic(told: &MetadataTopic) -> String {
    let replicas = |partition: &MetadataPartition| {
        let ids: Vec<String> = partition.replicas.iter().map(|broker| broker.0.to_string()).collect();
        let leader = partition.leader.map_or("nobody".to_owned(), |leader| leader.to_string());
        format!("on {} led by {leader}", ids.join("-"))
    };
    let partitions: Vec<String> = told.partitions.iter().map(replicas).collect();
    match told.error {
        Some(code) => format!("{} {}", told.name, code.name()),
        None => format!("{} is {}: {}", told.name, told.id, partitions.join(", ")),
    }
}

/// What the scripts can watch.
fn line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Replica(ReplicaFact::BecameLeader { epoch, end, .. }) => format!("leads {epoch} from {end}"),
        Fact::Replica(ReplicaFact::BecameFollower { epoch, leader, .. }) => {
            format!("follows {} in {epoch}", leader.map_or("nobody".to_owned(), |leader| leader.to_string()))
        }
        Fact::Replica(ReplicaFact::HighWatermarkAdvanced { old, new, .. }) => format!("HW {old} → {new}"),
        Fact::Replica(ReplicaFact::IsrAdopted { isr, .. }) => format!("ISR {isr}"),
        Fact::Replica(ReplicaFact::IsrProposed { isr, .. }) => format!("proposes ISR {isr}"),
        Fact::Replica(ReplicaFact::ReplicaResigned { .. }) => "resigned".to_owned(),
        Fact::Replica(ReplicaFact::ReadReplicaChosen { replica, offset, .. }) => format!("reader at {offset} sent to {replica}"),
        Fact::Replica(ReplicaFact::RequestRefused { api, code, .. }) => format!("refuses {api:?}: {}", code.name()),
        Fact::Controller(ControllerFact::TopicCreated { topic }) => format!("makes {}", topic.name),
        Fact::Controller(ControllerFact::AdminRefused { code }) => format!("refuses: {}", code.name()),
        Fact::Log(LogFact::LogTruncated { from, to, why, .. }) => format!("truncated {from} → {to} ({why:?})"),
        Fact::Log(LogFact::LogStartAdvanced { old, new, .. }) => format!("log start {old} → {new}"),
        Fact::Log(LogFact::LogDeleted { partition }) => format!("deletes its log of {partition}"),
        Fact::Log(LogFact::LogRecovered { recovery }) => {
            let how = if recovery.was_clean { "after a clean shutdown" } else { "after a crash" };
            format!("recovered {}..{} {how}", recovery.start, recovery.end)
        }
        _ => return None,
    })
}
