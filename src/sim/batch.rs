//! A batch of trials: one scenario under many seeds, with what failed and how often what happened.
//!
//! Called by: the command `explore`, and the benchmark.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::explore::{Plan, explore};
use super::host::HostKind;
use super::scenario::Scenario;
use super::trial::{self, Outcome, TrialOptions};
use crate::check::Counts;
use crate::time::Duration;

/// What a count that came out otherwise than expected is called among the failures.
pub const COUNTS: &str = "counts";

/// A violation that nobody expected, or a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Under which seed.
    pub seed: u64,
    /// Of which check.
    pub check: &'static str,
    /// What was found.
    pub detail: String,
}

/// The failures of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distinct<'a> {
    /// The one with the lowest seed.
    pub first: &'a Failure,
    /// How many seeds show it.
    pub count: usize,
}

/// What came of a batch.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Every failure, in the order of the seeds.
    pub failures: Vec<Failure>,
    /// Events of all runs.
    pub events: u64,
    /// Turns of all runs.
    pub turns: u64,
    /// What happened how often, over all runs.
    pub counts: Counts,
}

/// Holds a trial for every seed of the plan. `progress` is told the seeds done and failed.
pub fn hold(scenario: &Scenario, plan: &Plan, until_failure: bool, progress: &dyn Fn(u64, u64)) -> Batch {
    let mut batch = Batch::default();
    let one = |seed| trial::hold(scenario, &TrialOptions { host: HostKind::Plain, seed, keep_trace: false });
    explore(plan, one, |_, outcome| {
        batch.take(scenario, &outcome);
        progress(batch.seeds, batch.failed);
        if until_failure && batch.failed > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    batch.failures.sort_by_key(|failure| failure.seed);
    batch
}

impl Batch {
    fn take(&mut self, scenario: &Scenario, outcome: &Outcome) {
        self.seeds += 1;
        self.events += outcome.summary.events;
        self.turns += outcome.summary.turns;
        self.counts.add(&outcome.counts);
        let before = self.failures.len();
        let failures = trial::failures(scenario, &outcome.checks);
        self.failures.extend(failures.map(|check| Failure { seed: outcome.seed, check: check.name, detail: check.detail.clone() }));
        let miscounts =
            outcome.miscounts.iter().map(|detail| Failure { seed: outcome.seed, check: COUNTS, detail: detail.clone() });
        self.failures.extend(miscounts);
        self.failed += u64::from(self.failures.len() > before);
    }

    /// One entry per check that failed, with its lowest seed.
    #[must_use]
    pub fn distinct(&self) -> Vec<Distinct<'_>> {
        let mut by_check: BTreeMap<&str, Distinct<'_>> = BTreeMap::new();
        for failure in &self.failures {
            by_check.entry(failure.check).or_insert(Distinct { first: failure, count: 0 }).count += 1;
        }
        by_check.into_values().collect()
    }

    /// Events and turns per second of `wall` time.
    #[must_use]
    pub fn rates(&self, wall: Duration) -> (u64, u64) {
        let rate = |count: u64| u64::try_from(u128::from(count) * 1_000_000 / u128::from(wall.0.max(1))).unwrap_or(u64::MAX);
        (rate(self.events), rate(self.turns))
    }
}
