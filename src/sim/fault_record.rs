//! The faults of a run so far, and what became of each.
//!
//! Invariant: a fault's index is its place here: the scenario's own in file order, the random ones as they come.
//!
//! Called by: `fault`, and whoever proves or asks what a fault did.

use std::sync::Arc;

use super::effect::Proof;
use super::process::Place;
use super::scenario::{Doing, FaultAction, FaultSpec, Trigger, When};
use super::shutdown::Rolling;
use crate::event::{ClientFact, FaultIndex};
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
    /// How often each process has done what faults may wait for.
    tallies: Vec<Tally>,
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

    /// Counts what a client did by this fact; returns what, and the how-manieth it is. A poll that returns records of several
    /// partitions tells of each of them at one instant, and is one.
    pub(super) fn tally(&mut self, place: Place, at: Instant, fact: &ClientFact) -> Option<(Doing, u32)> {
        let doing = match fact {
            ClientFact::SendAcknowledged { .. } => Doing::Acknowledge,
            ClientFact::PollReturned { .. } => Doing::Poll,
            ClientFact::RecordProcessed { .. } => Doing::Process,
            ClientFact::CommitAnswered { code: None, .. } => Doing::Commit,
            _ => return None,
        };
        if self.tallies.len() <= place.index() {
            self.tallies.resize(place.index() + 1, Tally::default());
        }
        let tally = self.tallies.get_mut(place.index())?;
        if doing == Doing::Poll {
            if tally.polled == Some(at) {
                return None;
            }
            tally.polled = Some(at);
        }
        let count = match doing {
            Doing::Acknowledge => &mut tally.acknowledged,
            Doing::Poll => &mut tally.polls,
            Doing::Process => &mut tally.processed,
            Doing::Commit => &mut tally.commits,
        };
        *count += 1;
        Some((doing, *count))
    }
}

/// How often a client has done what faults may wait for.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    acknowledged: u32,
    polls: u32,
    processed: u32,
    commits: u32,
    /// When its last poll was.
    polled: Option<Instant>,
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
