//! Golden scripts of classic groups and of offsets: real brokers, a controller, and members moved by hand. `__consumer_offsets`
//! has one partition, so all groups have one coordinator. Each script in `golden/groups` opens with why its situation exists.
//!
//! * `start [brokers=N] [NAME=WORD …]`: a cluster with the topics `orders` (4 partitions) and `bills` (2); historical rules and
//!   brokers' keys by name. The group is `g1`, or `group=…` with any command.
//! * `join A [instance=i1] [topics=orders] [protocols=range/…] [session=MS] [rebalance=MS] [id=ID|none]`: JoinGroup with the id
//!   that A knows, if it knows one. `enter A …`: a new process of that name, which joins without an id and then with the one
//!   it is given. What is said of A once holds on.
//! * `sync A [A=0/1 B=2/3 …]`: SyncGroup, with a plan from the leader (`B=bills-0` is another topic). `beat A`, `leave A`,
//!   `remove i1 …` (LeaveGroup by static names), all with `[generation=N] [id=ID]`.
//! * `live A topics=… [epoch=N] [owned=0/1] [instance=i1]`: ConsumerGroupHeartbeat. `depart A`: the last one.
//! * `commit A|nobody 0=5 bills-1=7@EPOCH … [generation=N] [note=TEXT]`, `fetch [0 1 …]`, `fetch-as A …`, `delete-offsets 0 …`.
//! * `describe`, `describe-consumer`, `list`, `delete-group`, `log` (what was written since the last look), `find`.
//! * `run MS` · `wait MS`: how long each request is waited for · `kill b2`, `up b2`, `cut b1 b2`, `heal` · `delete-topic NAME`,
//!   `configure NAME KEY=VALUE` (a topic).
//! * `to=b2` with any request: it goes to that broker and not to the coordinator that was found last.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use goldenscript::{ArgumentConsumer, Command, Context as Hints};
use tribunal::event::{Fact, GroupId, MemberId};
use tribunal::ids::{BrokerId, CorrelationId, LeaderEpoch, Offset, PartitionIndex, ProcessId, TopicId, TopicPartition};
use tribunal::protocol::{
    ConfigChange, ConfigResource, ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, CreateTopicsRequest,
    DeleteGroupsRequest, DeleteTopicsRequest, DescribeGroupsRequest, FetchPartition, FetchRequest, FindCoordinatorRequest,
    HeartbeatRequest, IncrementalAlterConfigsRequest, JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, NamedPartition,
    NewTopic, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, OffsetToCommit, Request, Response, Subscription,
    SyncGroupRequest,
};
use tribunal::time::Duration;

use super::groups_client::{Client, millis};
use super::groups_words as words;
use crate::scripts::{Outcome, process_of, run_all};
use crate::support::Cluster;

struct Stage {
    cluster: Cluster,
    brokers: u16,
    coordinator: ProcessId,
    group: GroupId,
    clients: BTreeMap<String, Client>,
    asked: BTreeMap<CorrelationId, (String, String)>,
    answers_told: usize,
    events_told: usize,
    looked_until: Offset,
    patience: Duration,
    told: String,
}

#[test]
fn groups_do_what_the_golden_scripts_say() {
    run_all("groups", Stage::new);
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Hints) -> Outcome<String> {
        let mut args = command.consume_args();
        self.group = GroupId::new(args.take_key("group").unwrap_or("g1").to_owned());
        match command.name.as_str() {
            "start" => self.start(&mut args)?,
            "run" => self.cluster.run(millis(args.next_pos().unwrap_or("0"))?),
            "wait" => self.patience = millis(args.next_pos().unwrap_or("0"))?,
            "kill" => self.cluster.crash(process_of(args.next_pos())?),
            "up" => self.cluster.start(process_of(args.next_pos())?),
            "cut" => {
                let (one, other) = (process_of(args.next_pos())?, process_of(args.next_pos())?);
                self.cluster.cut(one, other);
            }
            "heal" => self.cluster.heal(),
            "find" => self.find(),
            "log" => self.look()?,
            "delete-topic" => {
                let topics = vec![args.next_pos().unwrap_or_default().to_owned()];
                self.put_to(self.coordinator, DeleteTopicsRequest { topics, timeout: Duration::from_secs(1) }.into());
            }
            "configure" => {
                let topic = args.next_pos().unwrap_or_default().to_owned();
                let mut changes = Vec::new();
                while let Some((key, value)) = args.next_key() {
                    let (key, value) = (key.to_owned(), Some(value.to_owned()));
                    changes.push(ConfigChange { resource: ConfigResource::Topic(topic.clone()), key, value });
                }
                self.put_to(self.coordinator, IncrementalAlterConfigsRequest { changes }.into());
            }
            "enter" => {
                let name = args.next_pos().ok_or("a member is wanted")?.to_owned();
                self.clients.entry(name.clone()).or_insert_with(Client::new).id = MemberId::default();
                let request = self.join(&name, &mut args)?;
                self.ask("join", &name, request.into(), None);
                let again = self.join(&name, &mut args)?;
                self.ask("join", &name, again.into(), None);
            }
            name => {
                let to = args.take_key("to").map(|word| process_of(Some(word))).transpose()?;
                let who = args.next_pos().unwrap_or_default().to_owned();
                let request = self.request(name, &who, &mut args)?;
                self.ask(name, &who, request, to);
            }
        }
        args.reject_next()?;
        self.tell_news();
        Ok(std::mem::take(&mut self.told))
    }
}

impl Stage {
    fn new() -> Self {
        Self {
            cluster: Cluster::new(),
            brokers: 1,
            coordinator: broker(1),
            group: GroupId::default(),
            clients: BTreeMap::new(),
            asked: BTreeMap::new(),
            answers_told: 0,
            events_told: 0,
            looked_until: Offset(0),
            patience: Duration::from_millis(10),
            told: String::new(),
        }
    }

    fn start(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        self.brokers = args.take_key("brokers").unwrap_or("1").parse()?;
        self.cluster.config.set("offsets.topic.num.partitions", "1")?;
        self.cluster.config.set("offsets.topic.replication.factor", &self.brokers.to_string())?;
        while let Some((key, value)) = args.next_key() {
            if key == "min.insync.replicas" {
                self.cluster.topic_defaults.set(key, value)?;
            } else if self.cluster.variants.set(key, value).is_err() {
                self.cluster.config.set(key, value)?;
            }
        }
        self.cluster.start_all(self.brokers);
        self.cluster.run(Duration::from_millis(500));
        for (name, partitions) in [("orders", 4), ("bills", 2)] {
            let (replication_factor, timeout) = (self.brokers, Duration::from_secs(3));
            let (assignment, config) = (Vec::new(), Vec::new());
            let topic = NewTopic { name: name.to_owned(), partitions, replication_factor, assignment, config };
            self.put_to(broker(1), CreateTopicsRequest { topics: vec![topic], timeout }.into());
        }
        self.find();
        self.told.clear();
        (self.events_told, self.answers_told) = (self.cluster.events.len(), self.cluster.answers.len());
        Ok(())
    }

    /// Asks the first broker that lives for the coordinator until there is one.
    fn find(&mut self) {
        let alive = (1..=self.brokers).map(broker).find(|process| self.cluster.node(*process).is_some()).expect("one lives");
        for _ in 0..50 {
            let asked = self.put_to(alive, FindCoordinatorRequest { groups: vec![self.group.clone()] }.into());
            if let Some(Response::FindCoordinator(found)) = self.cluster.answer(asked)
                && let Some((_, Ok(leader))) = found.coordinators.first()
            {
                self.coordinator = ProcessId::Broker(*leader);
                writeln!(self.told, "coordinated by {leader}").unwrap();
                return;
            }
            self.cluster.run(Duration::from_millis(50));
        }
        self.told.push_str("nobody coordinates\n");
    }

    /// Asks, and waits so long that it is done.
    fn put_to(&mut self, server: ProcessId, request: Request) -> CorrelationId {
        let correlation = self.cluster.ask(server, request);
        self.cluster.run(Duration::from_millis(60));
        correlation
    }

    fn ask(&mut self, what: &str, who: &str, request: Request, to: Option<ProcessId>) {
        let correlation = self.cluster.ask(to.unwrap_or(self.coordinator), request);
        self.asked.insert(correlation, (what.to_owned(), who.to_owned()));
        self.cluster.run(self.patience);
        self.tell_news();
    }

    /// What a command asks for.
    fn request(&mut self, name: &str, who: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<Request> {
        let group = self.group.clone();
        Ok(match name {
            "join" => self.join(who, args)?.into(),
            "sync" => self.sync(who, args)?.into(),
            "beat" => {
                let Client { id, generation, instance, .. } = self.as_said(who, args)?;
                HeartbeatRequest { group, generation, member: id, instance }.into()
            }
            "leave" => {
                let Client { id, instance, .. } = self.as_said(who, args)?;
                LeaveGroupRequest { group, members: vec![(id, instance)] }.into()
            }
            "remove" => {
                let names = std::iter::once(who.to_owned()).chain(rest(args));
                let members = names.map(|name| (MemberId::default(), Some(Arc::new(name)))).collect();
                LeaveGroupRequest { group, members }.into()
            }
            "live" => self.live(who, args)?.into(),
            "depart" => ConsumerGroupHeartbeatRequest { epoch: -1, ..self.live(who, args)? }.into(),
            "commit" => self.commit(who, args)?.into(),
            "fetch" | "fetch-as" => {
                let as_member = if name == "fetch-as" { Some(self.as_said(who, args)?) } else { None };
                let first = as_member.is_none().then(|| who.to_owned()).filter(|word| !word.is_empty());
                let partitions: Vec<NamedPartition> = first.into_iter().chain(rest(args)).map(|word| named(&word)).collect();
                let partitions = Some(partitions).filter(|partitions| !partitions.is_empty());
                let member = as_member.map(|client| (client.id, client.generation));
                OffsetFetchRequest { group, member, partitions, require_stable: false }.into()
            }
            "delete-offsets" => {
                let partitions = std::iter::once(who.to_owned()).chain(rest(args)).map(|word| named(&word)).collect();
                OffsetDeleteRequest { group, partitions }.into()
            }
            "describe" => DescribeGroupsRequest { groups: vec![group] }.into(),
            "describe-consumer" => ConsumerGroupDescribeRequest { groups: vec![group] }.into(),
            "list" => ListGroupsRequest.into(),
            "delete-group" => DeleteGroupsRequest { groups: vec![group] }.into(),
            name => return Err(format!("no command {name}").into()),
        })
    }

    /// A member as a command describes it.
    fn as_said(&mut self, who: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<Client> {
        self.clients.entry(who.to_owned()).or_insert_with(Client::new).as_said(args)
    }

    fn join(&mut self, who: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<JoinGroupRequest> {
        let client = self.as_said(who, args)?;
        let told = Subscription { topics: client.topics, generation: -1, ..Subscription::default() };
        Ok(JoinGroupRequest {
            group: self.group.clone(),
            member: client.id,
            instance: client.instance,
            client: Arc::new(who.to_owned()),
            session_timeout: client.session,
            rebalance_timeout: client.rebalance,
            protocols: client.protocols.into_iter().map(|name| (name, told.clone())).collect(),
        })
    }

    fn sync(&mut self, who: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<SyncGroupRequest> {
        let client = self.as_said(who, args)?;
        let protocol = args.take_key("protocol").map(str::to_owned);
        let mut assignments = Vec::new();
        while let Some((name, share)) = args.next_key() {
            let member = self.clients.get(name).map_or_else(|| MemberId::new(name.to_owned()), |client| client.id.clone());
            assignments.push((member, list(share)));
        }
        let (group, generation) = (self.group.clone(), client.generation);
        Ok(SyncGroupRequest { group, generation, member: client.id, instance: client.instance, protocol, assignments })
    }

    fn live(&mut self, who: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<ConsumerGroupHeartbeatRequest> {
        let topics = args.take_key("topics").map(|topics| topics.split('/').map(str::to_owned).collect());
        let of_topic = |named: NamedPartition| TopicPartition::new(TopicId(1 + u32::from(named.topic == "bills")), named.partition);
        let owned: Option<Vec<_>> = args.take_key("owned").map(|owned| list(owned).into_iter().map(of_topic).collect());
        let client = self.as_said(who, args)?;
        let is_joining = client.generation <= 0;
        let member = if client.id.is_empty() { MemberId::new(who.to_owned()) } else { client.id };
        Ok(ConsumerGroupHeartbeatRequest {
            group: self.group.clone(),
            member,
            epoch: client.generation.max(0),
            instance: client.instance,
            rack: None,
            client: Arc::new(who.to_owned()),
            rebalance_timeout: is_joining.then_some(client.rebalance),
            topics,
            pattern: None,
            assignor: None,
            owned: owned.or(is_joining.then(Vec::new)),
        })
    }

    fn commit(&mut self, who: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<OffsetCommitRequest> {
        let client = if who == "nobody" { Client::new().as_said(args)? } else { self.as_said(who, args)? };
        let metadata = args.take_key("note").unwrap_or_default().to_owned();
        let mut partitions = Vec::new();
        while let Some((partition, offset)) = args.next_key() {
            let (offset, leader_epoch) = match offset.split_once('@') {
                Some((offset, epoch)) => (offset, Some(LeaderEpoch(epoch.parse()?))),
                None => (offset, None),
            };
            let (partition, offset) = (named(partition), Offset(offset.parse()?));
            partitions.push(OffsetToCommit { partition, offset, leader_epoch, metadata: metadata.clone() });
        }
        let (group, epoch) = (self.group.clone(), client.generation);
        Ok(OffsetCommitRequest { group, epoch, member: client.id, instance: client.instance, partitions })
    }

    /// Reads what was written to `__consumer_offsets` and is committed.
    fn look(&mut self) -> Outcome<()> {
        let item = FetchPartition {
            partition: TopicPartition::new(TopicId(3), PartitionIndex(0)),
            current_leader_epoch: None,
            fetch_offset: self.looked_until,
            last_fetched_epoch: None,
            log_start_offset: Offset(0),
            partition_max_bytes: 1 << 20,
        };
        let request = FetchRequest {
            replica: None,
            max_wait: Duration::ZERO,
            min_bytes: 0,
            max_bytes: 1 << 20,
            rack: None,
            isolation: tribunal::config::IsolationLevel::ReadUncommitted,
            partitions: vec![item],
        };
        let asked = self.put_to(self.coordinator, request.into());
        let Some(Response::Fetch(fetched)) = self.cluster.answer(asked) else { return Err("the log was not told".into()) };
        let batches = fetched.partitions.iter().flat_map(|told| told.batches.iter().cloned()).collect();
        let (lines, end) = words::records(batches, self.looked_until)?;
        self.told.push_str(&lines);
        self.looked_until = end;
        Ok(())
    }

    /// What happened to groups, and the answers that have come.
    fn tell_news(&mut self) {
        for event in self.cluster.events.iter().skip(self.events_told) {
            if let Fact::Group(fact) = &event.fact {
                self.told.push_str(&words::fact(fact));
            }
        }
        self.events_told = self.cluster.events.len();
        for (_, _, correlation, response) in self.cluster.answers.iter().skip(self.answers_told) {
            let Some((what, who)) = self.asked.get(correlation) else { continue };
            let name = if self.clients.contains_key(who) { format!("{who} {what}") } else { what.clone() };
            writeln!(self.told, "{name} ← {}", words::answer(response)).unwrap();
            if let Some(client) = self.clients.get_mut(who) {
                client.hear(response);
            }
        }
        self.answers_told = self.cluster.answers.len();
    }
}

fn rest(args: &mut ArgumentConsumer<'_>) -> Vec<String> {
    std::iter::from_fn(|| args.next_pos().map(str::to_owned)).collect()
}

fn list(words: &str) -> Vec<NamedPartition> {
    words.split('/').filter(|word| !word.is_empty() && *word != "none").map(named).collect()
}

/// `2` is a partition of `orders`, `bills-1` one of another topic.
fn named(word: &str) -> NamedPartition {
    let (topic, index) = word.rsplit_once('-').unwrap_or(("orders", word));
    NamedPartition { topic: topic.to_owned(), partition: PartitionIndex(index.parse().expect("a partition's number")) }
}

fn broker(number: u16) -> ProcessId {
    ProcessId::Broker(BrokerId(number))
}
