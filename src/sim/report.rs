//! What a world says of itself, between two turns.

use super::disk::SimDisk;
use super::effect::Proof;
use super::network::Flight;
use super::process::Process;
use super::world::World;
use crate::choice::Pin;
use crate::ids::{ProcessId, Step};
use crate::node::Node;
use crate::time::{Duration, Instant};

/// What a fault of the run was, and what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultEffect {
    /// One line for people.
    pub text: String,
    /// What it did.
    pub effect: Proof,
    /// Whether luck drew it.
    pub is_random: bool,
}

impl World {
    /// How many places for processes there are.
    #[must_use]
    pub fn place_count(&self) -> usize {
        self.slots.len()
    }

    /// True time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How many turns there have been.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns
    }

    /// How many events there have been: the step that the next one gets.
    #[must_use]
    pub fn next_step(&self) -> Step {
        self.next_step
    }

    /// Whether the run has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The failed assertion that ended the run.
    #[must_use]
    pub fn failed_assertion(&self) -> Option<&str> {
        self.failed_assertion.as_deref().map(String::as_str)
    }

    /// The pins that never came up.
    #[must_use]
    pub fn unmet_pins(&self) -> Vec<Pin> {
        self.choices.unmet_pins()
    }

    /// Every fault so far and what it did.
    #[must_use]
    pub fn fault_effects(&self) -> Vec<FaultEffect> {
        let effects = self.faults.iter().map(|(record, is_random)| {
            let mut effect = record.proof;
            let held = record.struck.map_or(Duration::ZERO, |struck| self.now.since(struck));
            for (place, life) in &record.bound {
                let slot = self.slot(*place);
                if record.stops() && !record.is_over && slot.incarnation == *life && (!slot.is_up || slot.pauses > 0) {
                    effect.stopped = effect.stopped.plus(held);
                }
            }
            FaultEffect { text: record.spec.text.clone(), effect, is_random }
        });
        effects.collect()
    }

    /// The messages in flight, each with its arrival, in no order.
    pub fn in_flight(&self) -> impl Iterator<Item = (Instant, &Flight)> {
        self.queue.in_flight()
    }

    /// A server's machine, while it is up: for tests that hold the trace's picture against the truth.
    #[must_use]
    pub fn node(&self, process: ProcessId) -> Option<&Node> {
        match self.slot(self.place_of(process)).process.as_deref()? {
            Process::Node(node) => Some(node),
            Process::Producer(_) | Process::Consumer(_) | Process::Admin(_) => None,
        }
    }

    /// A process's disk, for `dump`.
    #[must_use]
    pub fn disk(&self, process: ProcessId) -> &SimDisk {
        &self.slot(self.place_of(process)).disk
    }
}
