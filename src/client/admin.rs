//! Admin.
use std::sync::Arc;

use crate::config::*;
use crate::context::{Context, Input, Machine};
use crate::ids::*;
use crate::time::*;

/// What it is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// How long one request may wait for its answer.
    pub request_timeout: Duration,
    /// How long it waits before it tries again.
    pub retry_backoff: Duration,
    /// How long it keeps trying (`default.api.timeout.ms`).
    pub api_timeout: Duration,
}

/// Admin.
#[derive(Clone, Debug)]
pub struct Admin {
    setup: Arc<AdminSetup>,
}

impl Admin {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<AdminSetup>) -> Self {
        Self { setup }
    }
}

impl Machine for Admin {
    fn step(&mut self, _input: Input, _cx: &mut Context<'_>) {
        let _ = &self.setup;
    }
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}
