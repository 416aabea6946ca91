//! One server process: a broker, a controller, or both.
//!
//! Called by: the world.

use std::sync::Arc;

use crate::config::{BrokerConfig, TopicConfig, Variants};
use crate::context::{Context, Input, Machine};
use crate::ids::ProcessId;
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
}

impl Node {
    /// A server that has not started yet; its disk is read in its first turn.
    #[must_use]
    pub fn new(setup: Arc<NodeSetup>) -> Self {
        Self { setup }
    }
}

impl Machine for Node {
    fn step(&mut self, _input: Input, _cx: &mut Context<'_>) {
        let _ = &self.setup;
    }
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}
