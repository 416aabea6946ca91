//! One server process: a broker, a controller, or both (`process.roles=broker,controller`).
//!
//! What it is follows from its name and from the quorum's voters: a broker that is named among them is a controller as well.
//! Of two in one process each has the requests that are for it, by what their connection is for: what controllers and brokers
//! ask of a controller goes to the controller, all else to the broker. They share one disk (the controller's files are its own)
//! and one fate. The broker does not fetch the metadata: the controller hands over what is committed.
//!
//! Invariant: a node holds nothing but its machines, and how far it has handed metadata over.
//!
//! Source: Kafka's `KafkaRaftServer` and `SharedServer`. Called by: the world.

use std::sync::Arc;

use crate::broker::{Broker, BrokerSetup};
use crate::config::{BrokerConfig, TopicConfig, Variants};
use crate::context::{Command, Context, Input, Machine, Message};
use crate::controller::{Controller, ControllerSetup};
use crate::event::Purpose;
use crate::ids::{BrokerId, Offset, ProcessId};
use crate::replica::Rules;
use crate::time::Instant;

/// What a server is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSetup {
    /// Which one: `ProcessId::Broker(_)` is a broker, `ProcessId::Controller(_)` a controller.
    pub process: ProcessId,
    /// The quorum's first voters. A broker among them is a controller as well, a controller that is not only observes.
    pub controllers: Vec<ProcessId>,
    /// Its configuration.
    pub config: BrokerConfig,
    /// The defaults of its topics.
    pub topic_defaults: TopicConfig,
    /// The historical rules in force.
    pub variants: Variants,
}

/// One server process.
#[derive(Clone, Debug)]
pub struct Node {
    setup: Arc<NodeSetup>,
    machine: Server,
}

#[derive(Clone, Debug)]
enum Server {
    Broker(Box<Broker>),
    Controller(Box<Controller>),
    Both(Box<Both>),
}

/// A broker and a controller in one process.
#[derive(Clone, Debug)]
struct Both {
    broker: Broker,
    controller: Controller,
    /// Up to where (excluded) the broker has been handed the metadata.
    handed: Offset,
    /// The quorum's leader as the broker was told.
    leader: Option<ProcessId>,
}

impl Node {
    /// A server that has not started yet; its disk is read in its first turn.
    #[must_use]
    pub fn new(setup: Arc<NodeSetup>) -> Self {
        Self::with_rules(setup, Rules::default())
    }

    /// The same, with some rules of replication replaced.
    #[must_use]
    pub fn with_rules(setup: Arc<NodeSetup>, rules: Rules) -> Self {
        let is_voter = setup.controllers.contains(&setup.process);
        let machine = match setup.process {
            ProcessId::Broker(me) if is_voter => Server::Both(Box::new(Both {
                broker: Broker::combined(broker_setup(&setup, me, rules)),
                controller: controller(&setup),
                handed: Offset::ZERO,
                leader: None,
            })),
            ProcessId::Broker(me) => Server::Broker(Box::new(Broker::new(broker_setup(&setup, me, rules)))),
            ProcessId::Controller(_) => Server::Controller(Box::new(controller(&setup))),
            ProcessId::World | ProcessId::Client(_) => panic!("only brokers and controllers are servers"),
        };
        Self { setup, machine }
    }

    /// Its broker, if it is one: for tests that hold the trace's picture against the truth.
    #[must_use]
    pub fn broker(&self) -> Option<&Broker> {
        match &self.machine {
            Server::Broker(broker) => Some(broker),
            Server::Both(both) => Some(&both.broker),
            Server::Controller(_) => None,
        }
    }

    /// What it was told before it started.
    #[must_use]
    pub fn setup(&self) -> &Arc<NodeSetup> {
        &self.setup
    }
}

fn broker_setup(setup: &NodeSetup, me: BrokerId, rules: Rules) -> BrokerSetup {
    BrokerSetup {
        me,
        controllers: setup.controllers.clone(),
        config: setup.config.clone(),
        topic_defaults: setup.topic_defaults.clone(),
        variants: setup.variants,
        rules,
    }
}

fn controller(setup: &NodeSetup) -> Controller {
    Controller::new(Arc::new(ControllerSetup {
        me: setup.process,
        voters: setup.controllers.clone(),
        config: setup.config.clone(),
        topic_defaults: setup.topic_defaults.clone(),
        variants: setup.variants,
    }))
}

impl Machine for Node {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match &mut self.machine {
            Server::Broker(broker) => broker.step(input, cx),
            Server::Controller(controller) => controller.step(input, cx),
            Server::Both(both) => both.step(input, cx),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match &self.machine {
            Server::Broker(broker) => broker.next_deadline(),
            Server::Controller(controller) => controller.next_deadline(),
            Server::Both(both) => both.next_deadline(),
        }
    }
}

impl Machine for Both {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => {
                self.controller.step(Input::Started, cx);
                self.broker.step(Input::Started, cx);
            }
            Input::Message(message) if is_for_controller(&message) => self.controller.step(Input::Message(message), cx),
            Input::Message(message) => self.broker.step(Input::Message(message), cx),
            Input::Deadline => {
                if is_due(self.controller.next_deadline(), cx) {
                    self.controller.step(Input::Deadline, cx);
                }
                if is_due(self.broker.next_deadline(), cx) {
                    self.broker.step(Input::Deadline, cx);
                }
            }
            // The broker leaves first: it needs a controller for that, and this may be the one.
            Input::Command(command) => self.broker.step(Input::Command(command), cx),
        }
        self.hand_over(cx);
        if cx.is_exiting() {
            self.controller.step(Input::Command(Command::ShutDown), cx);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.broker.next_deadline(), self.controller.next_deadline()].into_iter().flatten().min()
    }
}

impl Both {
    /// Hands the broker what is newly committed, and who leads the quorum.
    fn hand_over(&mut self, cx: &mut Context<'_>) {
        let (end, leader) = (self.controller.committed_end(), self.controller.quorum_leader());
        if end <= self.handed && leader == self.leader {
            return;
        }
        let Some(drained) = self.controller.hand_out(self.handed, cx) else { return };
        (self.handed, self.leader) = (self.handed.max(end), leader);
        self.broker.take_metadata(drained, self.handed, leader, cx);
    }
}

/// Whether a message belongs to the controller of the two: what the quorum says among itself, and what others ask of it.
fn is_for_controller(message: &Message) -> bool {
    match message {
        Message::Request { reply_to, .. } => match reply_to.purpose {
            Purpose::Quorum | Purpose::MetadataFetcher | Purpose::Heartbeat | Purpose::ToController => true,
            Purpose::Client | Purpose::Fetcher | Purpose::Coordinator | Purpose::Producer => false,
        },
        Message::Response { purpose, .. } | Message::Disconnected { purpose, .. } => *purpose == Purpose::Quorum,
    }
}

fn is_due(deadline: Option<Instant>, cx: &Context<'_>) -> bool {
    deadline.is_some_and(|deadline| deadline <= cx.mono())
}
