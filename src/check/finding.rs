//! What a check has found so far, and what becomes of it in the table of checks.
//!
//! Invariant: the first violation stays; what comes after it is usually its shadow.
//!
//! Called by: every check.

use super::{CheckResult, Claim, Place, Status};
use crate::event::Event;
use crate::ids::{Offset, ProcessId, Step, TopicPartition};
use crate::time::Instant;
use crate::trace::Names;

/// The event being judged, and the names to tell of it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The event.
    pub(super) event: &'a Event,
    /// The names.
    pub(super) names: &'a Names,
}

/// What was wrong, where and at which event.
#[derive(Clone, Debug)]
struct Evidence {
    step: Step,
    /// Whose event it was, and when; nobody's where the end of the run told it.
    by: Option<(ProcessId, Instant)>,
    place: Option<Place>,
    detail: String,
}

/// A check's finding.
#[derive(Clone, Debug, Default)]
pub(super) struct Finding {
    violated: Option<Evidence>,
    unpromised: Option<Evidence>,
    risk: Option<Evidence>,
    judged: u64,
}

impl Finding {
    /// Counts one thing that the check had to judge.
    pub(super) fn judge(&mut self) {
        self.judged += 1;
    }

    /// Whether a violation was found: nothing more is looked for.
    pub(super) fn is_violated(&self) -> bool {
        self.violated.is_some()
    }

    /// The claim is broken at this event.
    pub(super) fn violate(&mut self, scene: Scene<'_>, place: Option<(TopicPartition, Offset)>, detail: String) {
        self.judged += 1;
        self.violated.get_or_insert_with(|| Evidence::at(scene.event, place, detail));
    }

    /// A disk fault of this process and moment excuses what was found of this partition in the same turn: what a disk did wrong
    /// is told after what came of it.
    pub(super) fn forgive(&mut self, event: &Event, partition: TopicPartition) {
        let is_same = |found: &Evidence| {
            found.by == Some((event.process, event.at)) && found.place.is_some_and(|place| place.partition == partition)
        };
        self.violated = self.violated.take().filter(|found| !is_same(found));
    }

    /// Counts what another finding of the same claim has judged.
    pub(super) fn add(&mut self, other: &Self) {
        self.judged += other.judged;
    }

    /// What the claim forbids happened, where nobody promised that it would not.
    pub(super) fn note_unpromised(&mut self, scene: Scene<'_>, place: (TopicPartition, Offset), detail: String) {
        self.unpromised.get_or_insert_with(|| Evidence::at(scene.event, Some(place), detail));
    }

    /// The promise, unless what the claim forbids happened beyond it and nowhere else.
    pub(super) fn unless_beyond(&self, promise: Promise) -> Promise {
        if promise.made && self.violated.is_none() && self.unpromised.is_some() {
            return Promise::when(false, "every replica that might have led went down in disorder (KIP-966)");
        }
        promise
    }

    /// The claim holds at the end of the run, but only as long as nothing more goes wrong.
    pub(super) fn warn(&mut self, place: (TopicPartition, Offset), detail: String) {
        let (partition, offset) = place;
        let place = Some(Place { partition, offset });
        self.risk.get_or_insert(Evidence { step: Step::NONE, by: None, place, detail });
    }

    /// The check's line in the table.
    ///
    /// A claim that is broken where nobody promised it reads `not-promised` with what happened, unless the expectation
    /// names it (then it is told as any other); an advisory one reads `violated` and does not decide.
    pub(super) fn result(self, claim: &Claim, promise: Promise, named: bool) -> CheckResult {
        let decides = named || (promise.made && !claim.advisory);
        let mut result =
            CheckResult { name: claim.name, status: Status::Ok, decides, step: None, place: None, detail: String::new() };
        let broken = if promise.made && !named { self.violated } else { self.violated.or(self.unpromised) };
        match broken {
            Some(evidence) if promise.made || named => {
                result.step = evidence.step.some();
                result.place = evidence.place;
                result.status = Status::Violated;
                result.detail = evidence.detail;
            }
            Some(evidence) => {
                result.step = evidence.step.some();
                result.place = evidence.place;
                result.status = Status::NotPromised;
                result.detail = format!("{}; it happened: {}", promise.reason, evidence.detail);
            }
            None if !promise.made && !named => {
                result.status = Status::NotPromised;
                promise.reason.clone_into(&mut result.detail);
            }
            None if self.judged == 0 => {
                result.status = Status::NotExercised;
                result.detail = format!("{} never happened", claim.needs);
            }
            None => match self.risk {
                Some(evidence) => {
                    result.status = Status::AtRisk;
                    result.place = evidence.place;
                    result.detail = evidence.detail;
                }
                None => result.detail = format!("{}: {}", claim.needs, self.judged),
            },
        }
        result
    }
}

impl Evidence {
    fn at(event: &Event, place: Option<(TopicPartition, Offset)>, detail: String) -> Self {
        let place = place.map(|(partition, offset)| Place { partition, offset });
        Self { step: event.step, by: Some((event.process, event.at)), place, detail }
    }
}

/// Whether a claim is promised in this run, and if not, why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promise {
    /// Whether it is.
    pub(super) made: bool,
    /// Why it is not.
    pub(super) reason: &'static str,
}

impl Promise {
    /// It is.
    pub(super) const MADE: Self = Self { made: true, reason: "" };

    /// It is, if the condition holds; otherwise `reason` says why not.
    pub(super) fn when(made: bool, reason: &'static str) -> Self {
        Self { made, reason }
    }
}
