//! Consumer.
use std::sync::Arc;

use crate::config::*;
use crate::context::{Context, Input, Machine};
use crate::ids::*;
use crate::time::*;

/// What it is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// Its configuration.
    pub config: ConsumerConfig,
    /// What it reads.
    pub assign: Vec<(String, PartitionIndex)>,
    /// Where it begins.
    pub from: StartFrom,
}

/// Where a consumer begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// At the log start.
    Beginning,
    /// At the end.
    End,
    /// At this offset.
    Offset(Offset),
    /// At the first record that is not older.
    Timestamp(Timestamp),
}

/// Consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    setup: Arc<ConsumerSetup>,
}

impl Consumer {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<ConsumerSetup>) -> Self {
        Self { setup }
    }
}

impl Machine for Consumer {
    fn step(&mut self, _input: Input, _cx: &mut Context<'_>) {
        let _ = &self.setup;
    }
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}
