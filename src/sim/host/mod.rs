//! Hosts turn the world's crank and decide nothing: three ways to run the same world, with the same trace.
//!
//! * `plain`: a loop.
//! * `inline`: the same loop as one madsim task, so that madsim's clock follows the world's and its libc guard stands around
//!   the machines: a stray read of a clock or of the system's randomness then differs from `plain`, and the hashes show it.
//! * `nodes`: every process is a madsim node whose task owns the machine; a crash is a madsim kill.
//!
//! The last two need `--cfg madsim`; without it they are not in the program, and [`HostKind::available`] says so.
//!
//! Invariant: all hosts give the same events in the same order.

#[cfg(madsim)]
mod inline;
#[cfg(madsim)]
mod mailbox;
#[cfg(madsim)]
mod nodes;
mod plain;
mod session;
#[cfg(madsim)]
mod thread;

use std::panic::Location;

use super::report::FaultEffect;
use super::scenario::Scenario;
use super::world::World;
use crate::choice::Pin;
use crate::event::Event;
use crate::time::{Duration, Instant};

pub use session::Session;

/// Which host runs a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// A loop.
    Plain,
    /// The same loop as one madsim task.
    Inline,
    /// A madsim node per process.
    Nodes,
}

/// What a run needs besides its scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Who turns the crank.
    pub host: HostKind,
    /// The seed of the world's luck.
    pub seed: u64,
    /// Choices pinned besides the scenario's own.
    pub pins: Vec<Pin>,
    /// The seed of madsim's own scheduler, on which nothing may depend.
    pub madsim_seed: u64,
}

impl RunOptions {
    /// A run of this seed on the plain host.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { host: HostKind::Plain, seed, pins: Vec::new(), madsim_seed: 0 }
    }
}

/// What a run was, besides its events.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// The host that ran it.
    pub host: HostKind,
    /// How many turns it had.
    pub turns: u64,
    /// How many events.
    pub events: u64,
    /// How much simulated time passed.
    pub simulated: Duration,
    /// The faults and what they did.
    pub faults: Vec<FaultEffect>,
    /// The pins that never came up.
    pub unmet_pins: Vec<Pin>,
    /// The failed assertion that ended it.
    pub failed_assertion: Option<String>,
}

/// Is handed every event as it happens, with the line that emitted it.
pub type Observer<'a> = &'a mut dyn FnMut(&Event, &'static Location<'static>);

/// Runs a scenario from its beginning to its end. A host that is not in the program is replaced by the plain one.
pub fn run(scenario: &Scenario, options: &RunOptions, observe: Observer<'_>) -> RunSummary {
    let host = options.host.available().unwrap_or(HostKind::Plain);
    match host {
        HostKind::Plain => plain::run(scenario, options, observe),
        #[cfg(madsim)]
        HostKind::Inline => thread::run(scenario, options, observe, inline::run),
        #[cfg(madsim)]
        HostKind::Nodes => thread::run(scenario, options, observe, nodes::run),
        #[cfg(not(madsim))]
        HostKind::Inline | HostKind::Nodes => plain::run(scenario, options, observe),
    }
}

impl HostKind {
    /// Its word on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Inline => "inline",
            Self::Nodes => "nodes",
        }
    }

    /// Whether it is in the program. Errors: the line that tells the user why not, and what is used instead.
    pub fn available(self) -> Result<Self, &'static str> {
        match self {
            Self::Inline | Self::Nodes if cfg!(not(madsim)) => Err(
                "built without `--cfg madsim`: the hosts `inline` and `nodes` are not here; the plain loop gives the same trace",
            ),
            Self::Plain | Self::Inline | Self::Nodes => Ok(self),
        }
    }
}

/// What a world's run came to.
fn summary(world: &World, host: HostKind) -> RunSummary {
    RunSummary {
        host,
        turns: world.turns(),
        events: u64::from(world.next_step().0),
        simulated: world.now().since(Instant::ZERO),
        faults: world.fault_effects(),
        unmet_pins: world.unmet_pins(),
        failed_assertion: world.failed_assertion().map(str::to_owned),
    }
}
