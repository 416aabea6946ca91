//! What a scenario's settings promise: which checks may decide a run.
//!
//! A run in which a promise is not made prints `not-promised` for it, never `ok`.
//!
//! Built by: `sim`, from a scenario.

use std::collections::BTreeSet;

use crate::event::Acks;
use crate::ids::ProcessId;
use crate::time::Duration;

/// What the settings of a run promise to its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promises {
    /// The acknowledgements that its producers ask for.
    pub acks: BTreeSet<Acks>,
    /// Whether any topic allows a replica outside the ISR to lead: then no acknowledgement is a promise.
    pub unclean_leader_election: bool,
    /// Producers with one request in flight: their sends keep their order even when they are retried.
    pub in_order: BTreeSet<ProcessId>,
    /// Idempotent producers: no order is lost and nothing is stored twice, retried or not (KIP-98).
    pub idempotent: BTreeSet<ProcessId>,
    /// The quiet time after the last fault's end within which everything must have converged.
    pub heal_time: Duration,
    /// How much simulated time the run takes.
    pub duration: Duration,
    /// Whether a fault other than a crash is never ended, so that nobody promises that all converges.
    pub never_healed: bool,
    /// The checks that the expectation in force names: they decide whatever they are.
    pub named: BTreeSet<String>,
}

impl Default for Promises {
    fn default() -> Self {
        Self {
            acks: BTreeSet::from([Acks::All]),
            unclean_leader_election: false,
            in_order: BTreeSet::new(),
            idempotent: BTreeSet::new(),
            heal_time: Duration::from_secs(15),
            duration: Duration::MAX,
            never_healed: false,
            named: BTreeSet::new(),
        }
    }
}

impl Promises {
    /// Whether sends of `producer` keep their order although some are retried.
    pub(super) fn keeps_order(&self, producer: ProcessId) -> bool {
        self.in_order.contains(&producer) || self.idempotent.contains(&producer)
    }
}
