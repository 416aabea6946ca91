//! Producer.
use std::sync::Arc;

use crate::config::*;
use crate::context::{Context, Input, Machine};
use crate::ids::*;
use crate::time::*;

/// What it is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// Its configuration.
    pub config: ProducerConfig,
    /// The topic it sends to.
    pub topic: String,
    /// The one partition it sends to, if the scenario names it.
    pub partition: Option<PartitionIndex>,
}

/// Producer.
#[derive(Clone, Debug)]
pub struct Producer {
    setup: Arc<ProducerSetup>,
}

impl Producer {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<ProducerSetup>) -> Self {
        Self { setup }
    }
}

impl Machine for Producer {
    fn step(&mut self, _input: Input, _cx: &mut Context<'_>) {
        let _ = &self.setup;
    }
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}
