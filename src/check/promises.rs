//! What a scenario's settings promise: which checks may decide a run.
//!
//! A run in which a promise is not made prints `not-promised` for it, never `ok`.
//!
//! Built by: `sim`, from a scenario.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Promise;
use crate::config::{Profile, TopicConfig, Variants};
use crate::event::Acks;
use crate::ids::ProcessId;
use crate::time::Duration;

/// What the settings of a run promise to its clients.
#[derive(Clone, Debug, PartialEq)]
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
    /// The rules in force from the start. A run under an old rule is judged all the same: its expectation says what that breaks.
    pub variants: Variants,
    /// Whether disks may lose more copies of a partition at a time than is promised to be survived: as many as its
    /// `min.insync.replicas`, or more.
    pub copies_unbounded: bool,
    /// Whether disks may lose what more than a minority of the voters holds.
    pub voters_unbounded: bool,
    /// How topics are kept unless they say otherwise: the servers' defaults.
    pub topic_defaults: TopicConfig,
    /// Within this time by its own clock a broker at work looks at least twice which segments retention wants gone.
    pub retention_patience: Duration,
    /// What the applications of its consumers promise about processing.
    pub processing: BTreeMap<ProcessId, Processing>,
    /// The checks that the expectation in force names: they decide whatever they are.
    pub named: BTreeSet<String>,
}

/// What an application promises about what it processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processing {
    /// Its group, by number: consumers with one number share what they process.
    pub group: usize,
    /// Nothing is left out.
    pub at_least_once: bool,
    /// Nothing is done twice.
    pub at_most_once: bool,
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
            variants: Variants::default(),
            copies_unbounded: false,
            voters_unbounded: false,
            topic_defaults: TopicConfig::of(Profile::Kafka),
            retention_patience: Duration::from_secs(1_000),
            processing: BTreeMap::new(),
            named: BTreeSet::new(),
        }
    }
}

impl Promises {
    /// Whether what the ISR held stays held by whoever may lead.
    pub(super) fn copies_are_kept(&self) -> Promise {
        if self.unclean_leader_election {
            return Promise::when(false, "unclean.leader.election.enable=true gives it up");
        }
        Promise::when(!self.copies_unbounded, "disks may lose more copies at a time than min.insync.replicas stands for")
    }

    /// Whether what the quorum agreed on stays agreed on.
    pub(super) fn quorum_keeps(&self) -> Promise {
        Promise::when(!self.voters_unbounded, "disks may lose what a majority of the voters holds")
    }

    /// Whether sends of `producer` keep their order although some are retried.
    pub(super) fn keeps_order(&self, producer: ProcessId) -> bool {
        self.in_order.contains(&producer) || self.idempotent.contains(&producer)
    }
}
