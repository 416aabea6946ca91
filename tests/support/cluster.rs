//! A cluster of real nodes on a perfect network: every message takes 1 ms, nothing is lost unless a test says so. Enough to
//! see brokers and a controller work together without the weather of `sim`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tribunal::choice::{Choices, Luck};
use tribunal::config::{BrokerConfig, Profile, TopicConfig, Variants};
use tribunal::context::{Context, Effect, Input, Machine, Message, Moment, Outbox, Payload, ReplyTo};
use tribunal::event::{ConnectionNumber, Event, Fact, Purpose};
use tribunal::ids::{BrokerId, CorrelationId, Incarnation, ProcessId, Step};
use tribunal::node::{Node, NodeSetup};
use tribunal::protocol::{Request, Response};
use tribunal::sim::disk::SimDisk;
use tribunal::time::{Duration, Instant, Timestamp, Trail};

/// The client that the test plays.
pub const CLIENT: ProcessId = ProcessId::Client(1);
const LATENCY: Duration = Duration::from_millis(1);

/// The nodes, what is on its way, and what was told.
pub struct Cluster {
    pub now: Instant,
    pub events: Vec<Event>,
    pub answers: Vec<(Instant, ProcessId, CorrelationId, Response)>,
    pub topic_defaults: TopicConfig,
    pub variants: Variants,
    pub config: BrokerConfig,
    /// Keys that single servers have in their files.
    pub broker_config: BTreeMap<ProcessId, Vec<(String, String)>>,
    /// Why a node ended itself, where a test expects that.
    pub halts: Option<Vec<(ProcessId, String)>>,
    nodes: BTreeMap<ProcessId, Life>,
    disks: BTreeMap<ProcessId, (SimDisk, Incarnation)>,
    queue: BTreeMap<(Instant, u64), (ProcessId, ProcessId, Input)>,
    cuts: BTreeSet<(ProcessId, ProcessId)>,
    closed: BTreeMap<(ProcessId, ProcessId, Purpose), u32>,
    choices: Choices,
    sequence: u64,
    correlation: u32,
    next_step: Step,
    controllers: Vec<ProcessId>,
}

struct Life {
    node: Node,
    began: Instant,
}

impl Cluster {
    /// One controller and so many brokers, in the profile `fast`, none of them started.
    pub fn new() -> Self {
        Self {
            now: Instant::ZERO,
            events: Vec::new(),
            answers: Vec::new(),
            topic_defaults: TopicConfig::of(Profile::Fast),
            variants: Variants::default(),
            config: BrokerConfig::of(Profile::Fast),
            broker_config: BTreeMap::new(),
            halts: None,
            nodes: BTreeMap::new(),
            disks: BTreeMap::new(),
            queue: BTreeMap::new(),
            cuts: BTreeSet::new(),
            closed: BTreeMap::new(),
            choices: Choices::new(1, Luck::None, &[]),
            sequence: 0,
            correlation: 0,
            next_step: Step(0),
            controllers: vec![ProcessId::Controller(1)],
        }
    }

    /// Starts one controller and `brokers` brokers, and lets them find each other.
    pub fn start_all(&mut self, brokers: u16) {
        self.start(ProcessId::Controller(1));
        for number in 1..=brokers {
            self.start(ProcessId::Broker(BrokerId(number)));
        }
    }

    pub fn start(&mut self, process: ProcessId) {
        let mut config = self.config.clone();
        for (key, value) in self.broker_config.get(&process).into_iter().flatten() {
            config.set(key, value).expect("a key of a broker's");
        }
        let setup = NodeSetup {
            process,
            controllers: self.controllers.clone(),
            config,
            topic_defaults: self.topic_defaults.clone(),
            variants: self.variants,
        };
        let life = self.disks.entry(process).or_insert_with(|| (SimDisk::default(), Incarnation(0)));
        life.1 = life.1.next();
        self.nodes.insert(process, Life { node: Node::new(Arc::new(setup)), began: self.now });
        self.step(process, Input::Started);
    }

    /// The process dies; its disk keeps what was written.
    pub fn crash(&mut self, process: ProcessId) {
        self.nodes.remove(&process);
        self.queue.retain(|_, (_, to, _)| *to != process);
    }

    /// The disk of a process that was started once.
    pub fn disk(&mut self, process: ProcessId) -> &mut SimDisk {
        &mut self.disks.get_mut(&process).expect("it was started once").0
    }

    /// Gives a server an input of the scenario's.
    pub fn order(&mut self, process: ProcessId, input: Input) {
        self.step(process, input);
    }

    /// A server that lives.
    pub fn node(&self, process: ProcessId) -> Option<&Node> {
        self.nodes.get(&process).map(|life| &life.node)
    }

    /// Nothing passes between these two from now on, in both directions.
    pub fn cut(&mut self, one: ProcessId, other: ProcessId) {
        self.cuts.insert((one, other));
        self.cuts.insert((other, one));
    }

    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Sends a client's request to a broker.
    pub fn ask(&mut self, server: ProcessId, request: impl Into<Request>) -> CorrelationId {
        self.correlation += 1;
        let correlation = CorrelationId(self.correlation);
        let reply_to =
            ReplyTo { client: CLIENT, connection: ConnectionNumber(0), purpose: Purpose::Client, correlation, origin: Step::NONE };
        let input = Input::Message(Message::Request { from: CLIENT, reply_to, request: request.into() });
        self.post(CLIENT, server, input);
        correlation
    }

    /// The answer to a request, if it has come.
    pub fn answer(&self, correlation: CorrelationId) -> Option<&Response> {
        self.answers.iter().find(|(_, _, answered, _)| *answered == correlation).map(|(.., response)| response)
    }

    /// Lets so much time pass.
    pub fn run(&mut self, span: Duration) {
        let until = self.now.plus(span);
        loop {
            let message = self.queue.first_key_value().map(|((at, _), _)| *at);
            let deadlines = self.nodes.iter();
            let deadline = deadlines.filter_map(|(id, life)| Some((life.began.0 + life.node.next_deadline()?.0, *id))).min();
            match (message, deadline) {
                (Some(at), due) if at <= until && due.is_none_or(|(due, _)| at.0 <= due) => {
                    self.now = self.now.max(at);
                    let (_, (from, to, input)) = self.queue.pop_first().expect("there is one");
                    self.deliver(from, to, input);
                }
                (_, Some((due, process))) if due <= until.0 => {
                    self.now = self.now.max(Instant(due));
                    self.step(process, Input::Deadline);
                }
                _ => break,
            }
        }
        self.now = until;
    }

    /// What was told by `process`, in order.
    pub fn told(&self, process: ProcessId) -> impl Iterator<Item = &Fact> {
        self.events.iter().filter(move |event| event.process == process).map(|event| &event.fact)
    }

    fn deliver(&mut self, from: ProcessId, to: ProcessId, input: Input) {
        if to == CLIENT {
            if let Input::Message(Message::Response { from, correlation, response, .. }) = input {
                self.answers.push((self.now, from, correlation, response));
            }
        } else if self.nodes.contains_key(&to) {
            self.step(to, input);
        } else if let Input::Message(Message::Request { reply_to, .. }) = input {
            let reset = Input::Message(Message::Disconnected { from: to, purpose: reply_to.purpose });
            self.post(to, from, reset);
        }
    }

    fn step(&mut self, process: ProcessId, input: Input) {
        let Some(life) = self.nodes.get_mut(&process) else { return };
        let (disk, incarnation) = self.disks.get_mut(&process).expect("a node has a disk");
        let since_start = self.now.since(life.began);
        let moment = Moment {
            at: self.now,
            process,
            incarnation: *incarnation,
            mono: Instant(since_start.0),
            wall: Timestamp(Timestamp::RUN_START.0 + i64::try_from(self.now.0 / 1_000).expect("short runs")),
            trail: Trail::NONE,
        };
        let mut out = Outbox::starting_at(self.next_step);
        life.node.step(input, &mut Context::new(moment, disk, &mut self.choices, &mut out));
        self.next_step = out.next_step;
        self.events.extend(out.events.into_iter().map(|(event, _)| event));
        for effect in out.effects {
            self.carry(process, effect);
        }
    }

    fn carry(&mut self, from: ProcessId, effect: Effect) {
        match effect {
            Effect::Send(outgoing) => {
                let input = match outgoing.payload {
                    Payload::Request { purpose, correlation, request } => {
                        let number = self.closed.get(&(from, outgoing.to, purpose)).copied().unwrap_or(0);
                        let connection = ConnectionNumber(number);
                        let reply_to = ReplyTo { client: from, connection, purpose, correlation, origin: outgoing.origin };
                        Input::Message(Message::Request { from, reply_to, request })
                    }
                    Payload::Response { reply_to, response } => {
                        let ReplyTo { client, purpose, correlation, connection, .. } = reply_to;
                        let number = self.closed.get(&(client, from, purpose)).copied().unwrap_or(0);
                        if number != connection.0 {
                            return;
                        }
                        Input::Message(Message::Response { from, purpose, correlation, response })
                    }
                };
                self.post(from, outgoing.to, input);
            }
            Effect::Close { server, purpose } => *self.closed.entry((from, server, purpose)).or_insert(0) += 1,
            Effect::Halt { why } => {
                self.halts.as_mut().unwrap_or_else(|| panic!("{from} halted: {why}")).push((from, why));
                self.crash(from);
            }
            Effect::Exit => self.crash(from),
        }
    }

    fn post(&mut self, from: ProcessId, to: ProcessId, input: Input) {
        if self.cuts.contains(&(from, to)) {
            return;
        }
        self.sequence += 1;
        self.queue.insert((self.now.plus(LATENCY), self.sequence), (from, to, input));
    }
}
