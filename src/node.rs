//! One server process: a broker or a controller.
//!
//! Invariant: a node holds nothing but its machine; what it is follows from its name.
//!
//! Called by: the world. Not modelled: a process that is both (`process.roles=broker,controller`).

use std::sync::Arc;

use crate::broker::{Broker, BrokerSetup};
use crate::config::{BrokerConfig, TopicConfig, Variants};
use crate::context::{Context, Input, Machine};
use crate::controller::{Controller, ControllerSetup};
use crate::ids::ProcessId;
use crate::replica::Rules;
use crate::time::Instant;

/// What a server is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSetup {
    /// Which one: `ProcessId::Broker(_)` is a broker, `ProcessId::Controller(_)` a controller.
    pub process: ProcessId,
    /// The quorum's voters.
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
        let machine = match setup.process {
            ProcessId::Broker(me) => Server::Broker(Box::new(Broker::new(BrokerSetup {
                me,
                controllers: setup.controllers.clone(),
                config: setup.config.clone(),
                topic_defaults: setup.topic_defaults.clone(),
                variants: setup.variants,
                rules,
            }))),
            ProcessId::Controller(_) => Server::Controller(Box::new(Controller::new(Arc::new(ControllerSetup {
                me: setup.process,
                voters: setup.controllers.clone(),
                config: setup.config.clone(),
                topic_defaults: setup.topic_defaults.clone(),
                variants: setup.variants,
            })))),
            ProcessId::World | ProcessId::Client(_) => panic!("only brokers and controllers are servers"),
        };
        Self { setup, machine }
    }

    /// Its broker, if it is one: for tests that hold the trace's picture against the truth.
    #[must_use]
    pub fn broker(&self) -> Option<&Broker> {
        match &self.machine {
            Server::Broker(broker) => Some(broker),
            Server::Controller(_) => None,
        }
    }

    /// What it was told before it started.
    #[must_use]
    pub fn setup(&self) -> &Arc<NodeSetup> {
        &self.setup
    }
}

impl Machine for Node {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match &mut self.machine {
            Server::Broker(broker) => broker.step(input, cx),
            Server::Controller(controller) => controller.step(input, cx),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match &self.machine {
            Server::Broker(broker) => broker.next_deadline(),
            Server::Controller(controller) => controller.next_deadline(),
        }
    }
}
