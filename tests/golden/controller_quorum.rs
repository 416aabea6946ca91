//! Scripts for three controllers, with messages of a millisecond between them: who decides, and what a successor knows.
//!
//! Brokers and clients are played by the script, which says whom they ask. Answers that are refusals of followers to each
//! other, and all that concerns the quorum alone, are left out but for who leads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use goldenscript::{ArgumentConsumer, Command};
use tribunal::choice::{Choices, Luck};
use tribunal::context::{Command as Order, Context, Effect, Input, Machine, Message, Payload, ReplyTo};
use tribunal::controller::{Controller, ControllerSetup};
use tribunal::event::{ConnectionNumber, ControllerFact, Event, Fact, Purpose, RaftFact};
use tribunal::ids::{BrokerEpoch, BrokerId, CorrelationId, Incarnation, ProcessId, Step};
use tribunal::protocol::{BrokerHeartbeatRequest, BrokerRegistrationRequest, CreateTopicsRequest, NewTopic, Request, Response};
use tribunal::time::{Duration, Instant};

use super::{Outcome, answer, broker, decision, picture};
use crate::scripts::scripts;
use crate::support::Server;

const LATENCY: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Runner {
    servers: BTreeMap<ProcessId, Server<Controller>>,
    down: BTreeSet<ProcessId>,
    cut: BTreeSet<ProcessId>,
    queue: BTreeMap<(Instant, u32), (ProcessId, ProcessId, Input)>,
    now: Instant,
    sequence: u32,
    epochs: BTreeMap<BrokerId, BrokerEpoch>,
    told: String,
}

impl Runner {
    fn step(&mut self, process: ProcessId, input: Input) {
        let Some(server) = self.servers.get_mut(&process).filter(|_| !self.down.contains(&process)) else { return };
        server.now = self.now;
        server.turn(|machine, cx: &mut Context<'_>| machine.step(input, cx));
        let (events, effects) = server.take();
        for Event { fact, .. } in &events {
            if let Fact::Controller(ControllerFact::FeatureChanged { feature, .. }) = fact
                && feature.as_str() != "elr"
            {
                continue; // one of them says that they are told
            }
            let line = match fact {
                Fact::Controller(fact) => decision(fact),
                Fact::Raft(RaftFact::QuorumLeaderElected { epoch }) => format!("leads the quorum in {epoch}"),
                Fact::Raft(RaftFact::SnapshotTaken { end, .. }) => format!("takes a snapshot of all below {end}"),
                _ => continue,
            };
            writeln!(self.told, "{process}: {line}").expect("a String takes all");
        }
        for effect in effects {
            self.carry(process, effect);
        }
    }

    fn carry(&mut self, from: ProcessId, effect: Effect) {
        match effect {
            Effect::Send(sent) => match sent.payload {
                Payload::Request { purpose, correlation, request } => {
                    let connection = ConnectionNumber(1);
                    let reply_to = ReplyTo { client: from, connection, purpose, correlation, origin: sent.origin };
                    self.post(from, sent.to, Input::Message(Message::Request { from, reply_to, request }));
                }
                Payload::Response { reply_to: ReplyTo { purpose, correlation, .. }, response } => {
                    if self.servers.contains_key(&sent.to) {
                        self.post(from, sent.to, Input::Message(Message::Response { from, purpose, correlation, response }));
                        return;
                    }
                    if let (Response::BrokerRegistration(told), ProcessId::Broker(broker)) = (&response, sent.to) {
                        self.epochs.extend(told.result.ok().map(|epoch| (broker, epoch)));
                    }
                    writeln!(self.told, "  {from} to {}: {}", sent.to, answer(&response)).expect("a String takes all");
                }
            },
            Effect::Exit => {
                writeln!(self.told, "{from}: ends in order").expect("a String takes all");
                self.down.insert(from);
            }
            Effect::Halt { why } => panic!("{from} halted: {why}"),
            Effect::Close { .. } => {}
        }
    }

    fn post(&mut self, from: ProcessId, to: ProcessId, input: Input) {
        if self.cut.contains(&from) || self.cut.contains(&to) {
            return;
        }
        self.sequence += 1;
        self.queue.insert((self.now.plus(LATENCY), self.sequence), (from, to, input));
    }

    /// Lets messages arrive and deadlines come, in their order.
    fn pass(&mut self, span: Duration) {
        let end = self.now.plus(span);
        loop {
            let living = self.servers.iter().filter(|(process, _)| !self.down.contains(process));
            let due = living.filter_map(|(process, server)| Some((server.machine.next_deadline()?, *process))).min();
            let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = due.map(|(at, _)| at).into_iter().chain(arrival).min().filter(|at| *at <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let ((_, (_, to, input)), _) = (self.queue.pop_first().expect("one arrives"), ());
                self.step(to, input);
            } else if let Some((_, process)) = due {
                self.step(process, Input::Deadline);
            }
        }
        self.now = end;
    }

    fn ask(&mut self, server: ProcessId, from: ProcessId, request: Request) {
        self.sequence += 1;
        let (purpose, correlation) = (Purpose::ToController, CorrelationId(self.sequence));
        let reply_to = ReplyTo { client: from, connection: ConnectionNumber(9), purpose, correlation, origin: Step::NONE };
        self.step(server, Input::Message(Message::Request { from, reply_to, request }));
    }

    fn start(&mut self, process: ProcessId) {
        self.down.remove(&process);
        let seed = 7;
        let machine = Controller::new(Arc::new(setup(process)));
        match self.servers.get_mut(&process) {
            Some(server) => server.machine = machine,
            None => {
                let server = Server::with_luck(process, machine, Choices::new(seed, Luck::Seeded, &[]));
                self.servers.insert(process, server);
            }
        }
        self.step(process, Input::Started);
    }

    fn request(&mut self, name: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let server = controller(args.next_pos().ok_or("whom?")?)?;
        let (from, request): (ProcessId, Request) = match name {
            "register" => {
                let broker = broker(args.next_pos().ok_or("which broker?")?)?;
                let incarnation = Incarnation(1);
                let request = BrokerRegistrationRequest { broker, incarnation, previous_broker_epoch: None, rack: None };
                (ProcessId::Broker(broker), request.into())
            }
            "heartbeat" => {
                let broker = broker(args.next_pos().ok_or("which broker?")?)?;
                let epoch = self.epochs.get(&broker).copied().unwrap_or_default();
                let current_metadata_offset = self.servers[&server].machine.image().end();
                let (want_fence, want_shut_down, offline_replicas) = (false, false, Vec::new());
                let request =
                    BrokerHeartbeatRequest { broker, epoch, current_metadata_offset, want_fence, want_shut_down, offline_replicas };
                (ProcessId::Broker(broker), request.into())
            }
            _ => {
                let name = args.next_pos().ok_or("which topic?")?.to_owned();
                let topic = NewTopic { name, partitions: 1, replication_factor: 1, assignment: Vec::new(), config: Vec::new() };
                let request = CreateTopicsRequest { topics: vec![topic], timeout: Duration::from_secs(3) };
                (ProcessId::Client(1), request.into())
            }
        };
        self.ask(server, from, request);
        Ok(())
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Outcome<String> {
        let mut args = command.consume_args();
        match command.name.as_str() {
            "start" => {
                for name in super::operator::rest(&mut args) {
                    self.start(controller(&name)?);
                }
            }
            "crash" => {
                self.down.insert(controller(args.next_pos().ok_or("whom?")?)?);
            }
            "cut" => {
                self.cut.insert(controller(args.next_pos().ok_or("whom?")?)?);
            }
            "heal" => self.cut.clear(),
            "shut-down" => {
                let process = controller(args.next_pos().ok_or("whom?")?)?;
                self.step(process, Input::Command(Order::ShutDown));
            }
            "register" | "heartbeat" | "create" => self.request(&command.name, &mut args)?,
            "pass" => self.pass(Duration::from_millis(args.next_pos().ok_or("how many ms?")?.trim_end_matches("ms").parse()?)),
            "show" => {
                let server = &self.servers[&controller(args.next_pos().ok_or("whose?")?)?];
                let standing = if server.machine.is_active() { "active" } else { "follows" };
                return Ok(format!("{standing}\n{}", picture(server.machine.image())));
            }
            other => return Err(format!("unknown command {other}").into()),
        }
        args.reject_next()?;
        Ok(std::mem::take(&mut self.told))
    }
}

fn setup(me: ProcessId) -> ControllerSetup {
    let mut setup = ControllerSetup { me, voters: (1..=3).map(ProcessId::Controller).collect(), ..super::setup() };
    setup.config.snapshot_record_bytes = 600;
    setup
}

fn controller(text: &str) -> Outcome<ProcessId> {
    Ok(ProcessId::Controller(text.trim_start_matches('k').parse()?))
}

scripts!("controller_quorum", Runner::default() =>
    a_successor_takes_over,
    an_orderly_handover,
    the_uncommitted_is_forgotten,
    a_snapshot_brings_a_latecomer_up_to_date,
);
