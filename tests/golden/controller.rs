//! Scripts for one controller: brokers and clients are played by the script, time passes when it says so.
//!
//! Unless a command has `uncommitted`, the time it takes to commit passes after it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use goldenscript::{ArgumentConsumer, Command};
use tribunal::config::{BrokerConfig, Profile, TopicConfig, Variants};
use tribunal::context::{Context, Effect, Input, Machine, Message, Payload, ReplyTo};
use tribunal::controller::{Controller, ControllerSetup};
use tribunal::event::{ConnectionNumber, ControllerFact, Event, Fact, Purpose, RaftFact};
use tribunal::ids::{
    BrokerEpoch, BrokerId, CorrelationId, Incarnation, LeaderEpoch, Offset, PartitionEpoch, PartitionIndex, ProcessId, Step,
    TopicPartition,
};
use tribunal::protocol::{
    AlterPartitionItem, AlterPartitionRequest, BrokerHeartbeatRequest, BrokerRegistrationRequest, CreateTopicsRequest,
    FetchPartition, FetchRequest, IsrMember, NewTopic, ReplicaState, Request, Response,
};
use tribunal::time::Duration;

use crate::scripts::{Outcome, scripts};
use crate::support::Server;

#[path = "controller_operator.rs"]
mod operator;
#[path = "controller_quorum.rs"]
mod quorum;
#[path = "controller_words.rs"]
mod words;

use words::{answer, decision, picture};

const ME: ProcessId = ProcessId::Controller(1);

struct Runner {
    server: Server<Controller>,
    setup: ControllerSetup,
    epochs: BTreeMap<BrokerId, BrokerEpoch>,
    next_correlation: u32,
}

impl Runner {
    fn new() -> Self {
        let machine = Controller::new(Arc::new(setup()));
        Self { server: Server::new(ME, machine), setup: setup(), epochs: BTreeMap::new(), next_correlation: 0 }
    }

    fn step(&mut self, input: Input) {
        self.server.turn(|machine, cx: &mut Context<'_>| machine.step(input, cx));
    }

    fn ask(&mut self, from: ProcessId, request: Request) {
        self.next_correlation += 1;
        let reply_to = ReplyTo {
            client: from,
            connection: ConnectionNumber(1),
            purpose: Purpose::ToController,
            correlation: CorrelationId(self.next_correlation),
            origin: Step::NONE,
        };
        self.step(Input::Message(Message::Request { from, reply_to, request }));
    }

    /// Moves the clock from deadline to deadline.
    fn pass(&mut self, span: Duration) {
        let end = self.server.now.plus(span);
        while let Some(due) = self.server.machine.next_deadline().filter(|due| *due <= end) {
            self.server.now = self.server.now.max(due);
            self.step(Input::Deadline);
        }
        self.server.now = end;
    }

    /// Brokers that are heard from all the time; tells what happened besides.
    fn keep_alive(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<String> {
        let ms: u64 = args.take_key("for").ok_or("for how long?")?.trim_end_matches("ms").parse()?;
        let brokers: Vec<BrokerId> = operator::rest(args).into_iter().map(|name| broker(&name)).collect::<Outcome<_>>()?;
        for _ in 0..ms / 200 {
            for broker in &brokers {
                self.alive(*broker, self.server.machine.image().end());
            }
            self.pass(Duration::from_millis(200));
        }
        let told = self.report();
        Ok(told.lines().filter(|line| !line.contains(": heartbeat [")).map(|line| format!("{line}\n")).collect())
    }

    fn report(&mut self) -> String {
        let (events, effects) = self.server.take();
        let (halts, replies): (Vec<Effect>, Vec<Effect>) = effects.into_iter().partition(|it| matches!(it, Effect::Halt { .. }));
        let mut replies = replies.into_iter();
        let mut out = String::new();
        let mut features: Vec<String> = Vec::new();
        for Event { fact, .. } in events {
            if let Fact::Controller(ControllerFact::FeatureChanged { feature, level }) = &fact {
                features.push(format!("{feature} {level}"));
                continue;
            }
            if !features.is_empty() {
                writeln!(out, "features: {}", std::mem::take(&mut features).join(", ")).expect("a String takes all");
            }
            match fact {
                Fact::Network(_) => {
                    let Some(Effect::Send(sent)) = replies.next() else { continue };
                    let Payload::Response { response, .. } = sent.payload else { continue };
                    if let (Response::BrokerRegistration(told), ProcessId::Broker(broker)) = (&response, sent.to) {
                        self.epochs.extend(told.result.ok().map(|epoch| (broker, epoch)));
                    }
                    writeln!(out, "  to {}: {}", sent.to, answer(&response)).expect("a String takes all");
                }
                Fact::Controller(fact) => writeln!(out, "{}", decision(&fact)).expect("a String takes all"),
                Fact::Raft(RaftFact::QuorumLeaderElected { epoch }) => writeln!(out, "quorum leader in {epoch}").expect("fits"),
                Fact::Raft(RaftFact::MetadataCommitted { end, .. }) => writeln!(out, "committed to {end}").expect("fits"),
                Fact::Raft(_)
                | Fact::Log(_)
                | Fact::Replica(_)
                | Fact::Client(_)
                | Fact::Group(_)
                | Fact::Fault(_)
                | Fact::World(_) => {}
            }
        }
        if !features.is_empty() {
            writeln!(out, "features: {}", features.join(", ")).expect("a String takes all");
        }
        for halt in halts {
            let Effect::Halt { why } = halt else { continue };
            writeln!(out, "halts: {why}").expect("a String takes all");
        }
        out
    }

    fn heartbeat(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let broker = broker(args.next_pos().ok_or("whose heartbeat?")?)?;
        let known = self.epochs.get(&broker).copied().unwrap_or_default();
        let epoch = args.take_key("broker-epoch").map(str::parse).transpose()?.map_or(known, BrokerEpoch);
        let end = args.take_key("applied").map(str::parse).transpose()?.map_or(self.server.machine.image().end(), Offset);
        let lost = args.take_key("offline").unwrap_or_default().split(',').filter(|name| !name.is_empty());
        let offline_replicas = lost.map(|name| self.partition(name)).collect::<Outcome<Vec<_>>>()?;
        let (mut want_fence, mut want_shut_down) = (false, false);
        while let Some(word) = args.next_pos() {
            match word {
                "want-fence" => want_fence = true,
                "want-shut-down" => want_shut_down = true,
                other => return Err(format!("unknown word {other}").into()),
            }
        }
        let current_metadata_offset = end;
        let request =
            BrokerHeartbeatRequest { broker, epoch, current_metadata_offset, want_fence, want_shut_down, offline_replicas };
        self.ask(ProcessId::Broker(broker), request.into());
        Ok(())
    }

    /// A heartbeat without wishes.
    fn alive(&mut self, broker: BrokerId, current_metadata_offset: Offset) {
        let epoch = self.epochs.get(&broker).copied().unwrap_or_default();
        let (want_fence, want_shut_down) = (false, false);
        let request = BrokerHeartbeatRequest {
            broker,
            epoch,
            current_metadata_offset,
            want_fence,
            want_shut_down,
            offline_replicas: Vec::new(),
        };
        self.ask(ProcessId::Broker(broker), request.into());
    }

    fn create(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let partitions = args.take_key("partitions").map_or(Ok(1), str::parse)?;
        let replication_factor = args.take_key("replicas").map_or(Ok(1), str::parse)?;
        let written = args.take_key("assignment").unwrap_or_default();
        let lists = written.split(';').filter(|list| !list.is_empty());
        let assignment = lists.map(|list| list.split(',').map(broker).collect()).collect::<Outcome<Vec<Vec<BrokerId>>>>()?;
        let mut config = Vec::new();
        while let Some((key, value)) = args.next_key() {
            config.push((key.to_owned(), value.to_owned()));
        }
        let mut topics = Vec::new();
        while let Some(name) = args.next_pos() {
            let (assignment, config) = (assignment.clone(), config.clone());
            topics.push(NewTopic { name: name.to_owned(), partitions, replication_factor, assignment, config });
        }
        self.ask(ProcessId::Client(1), CreateTopicsRequest { topics, timeout: Duration::from_secs(3) }.into());
        Ok(())
    }

    fn alter(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let partition = self.partition(args.next_pos().ok_or("which partition?")?)?;
        let leader = broker(args.take_key("by").ok_or("by whom?")?)?;
        let facts = self.server.machine.image().partition(partition).cloned();
        let (epoch, version) = facts.map_or((LeaderEpoch(0), PartitionEpoch(0)), |facts| (facts.epoch, facts.partition_epoch));
        let number = |text: &str| text.parse::<u32>();
        let leader_epoch = args.take_key("leader-epoch").map(number).transpose()?.map_or(epoch, LeaderEpoch);
        let partition_epoch = args.take_key("partition-epoch").map(number).transpose()?.map_or(version, PartitionEpoch);
        let known = self.epochs.get(&leader).copied().unwrap_or_default();
        let broker_epoch = args.take_key("broker-epoch").map(str::parse).transpose()?.map_or(known, BrokerEpoch);
        let member = |text: &str| -> Outcome<IsrMember> {
            let (id, epoch) = text.split_once('@').map_or((text, None), |(id, epoch)| (id, Some(epoch)));
            let broker_epoch = epoch.map(str::parse).transpose()?.map(BrokerEpoch);
            Ok(IsrMember { broker: broker(id)?, broker_epoch })
        };
        let new_isr = args
            .take_key("isr")
            .ok_or("which ISR?")?
            .split(',')
            .filter(|id| !id.is_empty())
            .map(member)
            .collect::<Outcome<Vec<_>>>()?;
        let item = AlterPartitionItem { partition, leader_epoch, partition_epoch, new_isr };
        let request = AlterPartitionRequest { broker: leader, broker_epoch, partitions: vec![item] };
        self.ask(ProcessId::Broker(leader), request.into());
        Ok(())
    }

    fn fetch(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let follower = broker(args.next_pos().ok_or("who fetches?")?)?;
        let number = |text: &str| text.parse::<u32>();
        let item = FetchPartition {
            partition: TopicPartition::METADATA,
            current_leader_epoch: args.take_key("epoch").map(number).transpose()?.map(LeaderEpoch),
            fetch_offset: Offset(args.take_key("from").map_or(Ok(0), str::parse)?),
            last_fetched_epoch: args.take_key("last-epoch").map(number).transpose()?.map(LeaderEpoch),
            log_start_offset: Offset::ZERO,
            partition_max_bytes: 1 << 20,
        };
        let replica = Some(ReplicaState { broker: follower, epoch: None, directory: None });
        let max_wait = Duration::from_millis(50);
        let request = FetchRequest {
            replica,
            max_wait,
            min_bytes: 1,
            max_bytes: 1 << 20,
            rack: None,
            isolation: tribunal::config::IsolationLevel::ReadUncommitted,
            partitions: vec![item],
        };
        self.ask(ProcessId::Broker(follower), request.into());
        Ok(())
    }

    fn partition(&self, name: &str) -> Outcome<TopicPartition> {
        let (topic, index) = name.rsplit_once('-').ok_or("a partition is topic-index")?;
        let id = self
            .server
            .machine
            .image()
            .topic_by_name(topic)
            .map_or(Ok(tribunal::ids::TopicId(99)), |topic| Ok::<_, Box<dyn Error>>(topic.id))?;
        Ok(TopicPartition::new(id, PartitionIndex(index.parse()?)))
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, context: &goldenscript::Context) -> Outcome<String> {
        let mut args = command.consume_args();
        match command.name.as_str() {
            "start" => self.step(Input::Started),
            "restart" => {
                self.server.kill_after(None);
                self.server.machine = Controller::new(Arc::new(self.setup.clone()));
                self.step(Input::Started);
            }
            "power-off" => self.server.disk.lose_power(|_, _| 0),
            "fail-disk" => self.server.disk.set_failing(true),
            "kill-after" => self.server.kill_after(Some(args.next_pos().ok_or("how many effects?")?.parse()?)),
            "register" => {
                let broker = broker(args.next_pos().ok_or("which broker?")?)?;
                let incarnation = Incarnation(args.take_key("life").map_or(Ok(1), str::parse)?);
                let previous_broker_epoch = match args.take_key("previous") {
                    Some("known") => self.epochs.get(&broker).copied(),
                    Some(number) => Some(BrokerEpoch(number.parse()?)),
                    None => None,
                };
                let rack = args.take_key("rack").map(|rack| Arc::new(rack.to_owned()));
                self.ask(
                    ProcessId::Broker(broker),
                    BrokerRegistrationRequest { broker, incarnation, previous_broker_epoch, rack }.into(),
                );
            }
            "heartbeat" => self.heartbeat(&mut args)?,
            "join" => {
                let incarnation = Incarnation(args.take_key("life").map_or(Ok(1), str::parse)?);
                let rack = args.take_key("rack").map(|rack| Arc::new(rack.to_owned()));
                while let Some(name) = args.next_pos() {
                    let (broker, rack) = (broker(name)?, rack.clone());
                    let request = BrokerRegistrationRequest { broker, incarnation, previous_broker_epoch: None, rack };
                    self.ask(ProcessId::Broker(broker), request.into());
                    self.pass(Duration::from_millis(2));
                    self.report();
                    self.alive(broker, self.server.machine.image().end());
                    self.pass(Duration::from_millis(2));
                }
            }
            "create" => self.create(&mut args)?,
            "alter" => self.alter(&mut args)?,
            "fetch" => self.fetch(&mut args)?,
            "alive" => {
                while let Some(name) = args.next_pos() {
                    self.alive(broker(name)?, self.server.machine.image().end());
                }
            }
            "keep-alive" => return self.keep_alive(&mut args),
            "setup" => {
                let mut setup = setup();
                while let Some((name, word)) = args.next_key() {
                    setup.variants.set(name, word)?;
                }
                self.setup = setup;
                self.server.machine = Controller::new(Arc::new(self.setup.clone()));
            }
            "delete" | "add-partitions" | "reassign" | "cancel" | "elect" | "set" | "unset" | "feature" | "producer-ids" => {
                let request = operator::request(&command.name, &mut args, &self.epochs)?;
                self.ask(ProcessId::Client(1), request);
            }
            "pass" => {
                let ms = args.next_pos().ok_or("how many ms?")?.trim_end_matches("ms").parse()?;
                self.pass(Duration::from_millis(ms));
            }
            "stand-still" => {
                let ms = args.next_pos().ok_or("for how many ms?")?.trim_end_matches("ms").parse()?;
                self.server.advance(Duration::from_millis(ms));
                self.step(Input::Deadline);
            }
            "show" => return Ok(picture(self.server.machine.image())),
            other => return Err(format!("unknown command {other}").into()),
        }
        args.reject_next()?;
        if !context.tags.contains("uncommitted")
            && !matches!(command.name.as_str(), "pass" | "stand-still" | "kill-after" | "power-off" | "fail-disk")
        {
            self.pass(Duration::from_millis(2));
        }
        Ok(self.report())
    }
}

fn setup() -> ControllerSetup {
    ControllerSetup {
        me: ME,
        voters: vec![ME],
        config: BrokerConfig::of(Profile::Fast),
        topic_defaults: TopicConfig::of(Profile::Fast),
        variants: Variants::default(),
    }
}

fn broker(text: &str) -> Outcome<BrokerId> {
    Ok(BrokerId(text.trim_start_matches('b').parse()?))
}

scripts!("controller", Runner::new() =>
    a_crash_before_the_telling,
    a_failed_disk,
    a_fetch_waits_for_news,
    a_full_disk_gives_no_offset_twice,
    a_move_is_called_off,
    a_move_of_replicas,
    a_move_that_nobody_is_left_of,
    a_new_epoch_at_every_start,
    a_second_incarnation_waits,
    a_silent_broker_is_fenced,
    a_topic_is_recreated,
    answers_wait_for_the_commit,
    bad_moves,
    configs_change,
    controlled_shutdown,
    elected_from_the_eligible,
    eligible_replicas,
    elr_switched_off,
    features_gate,
    fenced_until_caught_up,
    ineligible_replicas,
    leaders_go_back,
    leaders_propose_isrs,
    min_isr_changes,
    more_partitions,
    placement_is_striped,
    preferred_election,
    producer_ids,
    racks,
    sessions_begin_anew,
    stale_broker_epochs,
    the_last_isr_member_stays,
    the_last_known_leader,
    topics_are_validated,
    unclean_by_configuration,
    unclean_election,
    unclean_shutdown,
    without_elr,
);
