//! The faults of a run so far, and what became of each.
//!
//! Invariant: a fault's index is its place here: the scenario's own in file order, the random ones as they come.
//!
//! Called by: `fault`, and whoever proves or asks what a fault did.

use std::sync::Arc;

use super::effect::Proof;
use super::process::Place;
use super::scenario::{FaultAction, FaultSpec, Trigger, When};
use super::shutdown::Rolling;
use crate::event::FaultIndex;
use crate::ids::Incarnation;
use crate::time::{Duration, Instant};

/// A fault and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// What it is.
    pub spec: Arc<FaultSpec>,
    /// When it struck.
    pub struck: Option<Instant>,
    /// Whom it holds.
    pub bound: Vec<(Place, Incarnation)>,
    /// How many of them a controlled shutdown has started again.
    pub returned: usize,
    /// How far a rolling restart has come.
    pub rolling: Rolling,
    /// Whether it has ended.
    pub is_over: bool,
    /// What it did.
    pub proof: Proof,
}

/// All faults of a run so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    scripted: Vec<Record>,
    random: Vec<Record>,
    /// Scripted ones that wait for something to happen, and how long after it they strike.
    pub(super) waiting: Vec<(FaultIndex, Trigger, Duration)>,
    /// How many acknowledgements each process got.
    acks: Vec<u32>,
}

impl Faults {
    /// Adds a scripted fault.
    pub(super) fn add(&mut self, spec: FaultSpec) -> FaultIndex {
        let index = FaultIndex(u16::try_from(self.scripted.len()).expect("the scenario reader refuses more than 32,768 faults"));
        if let When::After(trigger, wait) = &spec.when {
            self.waiting.push((index, trigger.clone(), *wait));
        }
        self.scripted.push(Record::new(spec));
        index
    }

    /// Adds a random fault.
    pub(super) fn add_random(&mut self, spec: FaultSpec) -> FaultIndex {
        let count = u16::try_from(self.random.len()).expect("a run has fewer than 32,768 random faults");
        self.random.push(Record::new(spec));
        FaultIndex(FaultIndex::FIRST_RANDOM.0 + count)
    }

    /// What a fault has become.
    pub(super) fn get_mut(&mut self, fault: FaultIndex) -> Option<&mut Record> {
        match fault.0.checked_sub(FaultIndex::FIRST_RANDOM.0) {
            None => self.scripted.get_mut(usize::from(fault.0)),
            Some(place) => self.random.get_mut(usize::from(place)),
        }
    }

    /// All of them, and whether luck drew them: the scenario's own, then the random ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Record, bool)> {
        self.scripted.iter().map(|record| (record, false)).chain(self.random.iter().map(|record| (record, true)))
    }

    /// Counts an acknowledgement of a producer; returns the how-manieth it is.
    pub(super) fn count_ack(&mut self, place: Place) -> u32 {
        if self.acks.len() <= place.index() {
            self.acks.resize(place.index() + 1, 0);
        }
        let Some(acks) = self.acks.get_mut(place.index()) else { return 0 };
        *acks += 1;
        *acks
    }
}

impl Record {
    fn new(spec: FaultSpec) -> Self {
        Self {
            spec: Arc::new(spec),
            struck: None,
            bound: Vec::new(),
            returned: 0,
            rolling: Rolling::default(),
            is_over: false,
            proof: Proof::default(),
        }
    }
}

impl Record {
    /// Whether it keeps its victims from running.
    pub(super) fn stops(&self) -> bool {
        matches!(self.spec.action, FaultAction::Crash { .. } | FaultAction::Pause { .. })
    }
}
