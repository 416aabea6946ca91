//! A world of one's own, moved turn by turn: for live stepping, forks and dumps.

use super::{HostKind, Observer, RunOptions, RunSummary, plain, summary};
use crate::ids::Step;
use crate::sim::scenario::Scenario;
use crate::sim::world::World;
use crate::time::Instant;

/// A run in somebody's hands. A clone of it is a fork: both go on alike until a fault is injected into one.
#[derive(Clone, Debug)]
pub struct Session {
    world: World,
}

impl Session {
    /// A run at its beginning; nothing has been told yet. (The options' host does not matter: it is the plain loop.)
    #[must_use]
    pub fn new(scenario: &Scenario, options: &RunOptions) -> Self {
        Self { world: World::new(scenario, options.seed, &options.pins, true) }
    }

    /// One turn. False when the run is over (its last events are told then).
    pub fn turn(&mut self, observe: Observer<'_>) -> bool {
        let goes_on = plain::turn(&mut self.world);
        self.world.drain(observe);
        goes_on
    }

    /// Turns until the event of this step has been told (to the end of its turn). False when the run is over before.
    pub fn run_to_step(&mut self, step: Step, observe: Observer<'_>) -> bool {
        while self.world.next_step() <= step {
            if !self.turn(observe) {
                return self.world.next_step() > step;
            }
        }
        true
    }

    /// Turns up to the true time `at` (included); it is `at` then. False when the run is over.
    pub fn run_to_time(&mut self, at: Instant, observe: Observer<'_>) -> bool {
        while let Some(mut turn) = self.world.begin_by(at) {
            self.world.step(&mut turn);
            self.world.end(turn);
            self.world.drain(observe);
        }
        self.world.drain(observe);
        !self.world.is_over()
    }

    /// Turns to the end.
    pub fn run_to_end(&mut self, observe: Observer<'_>) -> RunSummary {
        while self.turn(observe) {}
        self.summary()
    }

    /// The world as it stands between two turns.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The same, to inject a fault.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// What the run has come to so far.
    #[must_use]
    pub fn summary(&self) -> RunSummary {
        summary(&self.world, HostKind::Plain)
    }
}
