//! One run on trial: the world, the recorder and the checks together, judged by what the scenario expects.
//!
//! Called by: `run`, `explore`, `verify`, the museum and the tests of every scenario.

use std::panic::Location;

use crate::check::counts::Counts;
use crate::check::{CheckResult, Checks, Status};
use crate::event::Event;
use crate::sim::host::{self, HostKind, RunOptions, RunSummary};
use crate::sim::scenario::{Expectation, Scenario};
use crate::trace::{Recorder, Trace};

/// How to hold a trial.
#[derive(Clone, Debug)]
pub struct TrialOptions {
    /// Which host turns the crank.
    pub host: HostKind,
    /// The seed.
    pub seed: u64,
    /// Whether to keep the events, for a screen, a story or a file.
    pub keep_trace: bool,
}

/// What came of a trial.
#[derive(Debug)]
pub struct Outcome {
    /// The seed it ran with.
    pub seed: u64,
    /// What the host tells: turns, events, faults.
    pub summary: RunSummary,
    /// The trace hash.
    pub hash: u64,
    /// Every check, in the order of their list.
    pub checks: Vec<CheckResult>,
    /// What happened how often.
    pub counts: Counts,
    /// The events, if they were kept.
    pub trace: Option<Trace>,
    /// Whether the expectation in force is met; `None` when none is (settings nobody judged).
    pub met: Option<bool>,
    /// What a reader should know: faults without effect, pins that never came up, records at risk.
    pub warnings: Vec<String>,
}

/// Runs a scenario and judges it.
#[must_use]
pub fn hold(scenario: &Scenario, options: &TrialOptions) -> Outcome {
    let expectation = scenario.judged_by();
    let mut recorder = Recorder::new(options.keep_trace);
    let mut checks = Checks::new(scenario.promises());
    let mut counts = Counts::default();
    let mut observe = |event: &Event, source: &'static Location<'static>| {
        recorder.observe(event, source);
        checks.observe(event);
        counts.observe(event);
    };
    let run = RunOptions { host: options.host, seed: options.seed };
    let summary = host::run(scenario, &run, &mut observe);
    let hash = recorder.hash();
    let checks = checks.finish(&named(expectation));
    let met = expectation.map(|expectation| is_met(expectation, &checks));
    let warnings = warnings(scenario, &summary, &checks);
    let trace = options.keep_trace.then(|| recorder.into_trace());
    Outcome { seed: options.seed, summary, hash, checks, counts, trace, met, warnings }
}

impl Outcome {
    /// The violations that nobody expected: what makes a run of `explore` a failure.
    pub fn failures<'a>(&'a self, scenario: &'a Scenario) -> impl Iterator<Item = &'a CheckResult> {
        let named = scenario.judged_by().map(|expectation| named(Some(expectation))).unwrap_or_default();
        self.checks.iter().filter(move |check| {
            check.decides && check.status == Status::Violated && !named.iter().any(|name| name == check.name)
        })
    }
}

/// The checks that an expectation speaks of: they decide, advisory or not.
fn named(expectation: Option<&Expectation>) -> Vec<String> {
    let names = expectation.map(|expectation| expectation.violated.iter().chain(&expectation.may_violate));
    names.into_iter().flatten().cloned().collect()
}

/// What must be violated is; what decides and is not named holds.
fn is_met(expectation: &Expectation, checks: &[CheckResult]) -> bool {
    let violated = |check: &CheckResult| check.status == Status::Violated;
    let shown = expectation.violated.iter().all(|name| checks.iter().any(|check| check.name == name && violated(check)));
    let allowed = |check: &CheckResult| {
        expectation.violated.iter().chain(&expectation.may_violate).any(|name| name == check.name)
    };
    shown && checks.iter().all(|check| !check.decides || !violated(check) || allowed(check))
}

fn warnings(scenario: &Scenario, summary: &RunSummary, checks: &[CheckResult]) -> Vec<String> {
    let mut warnings = Vec::new();
    for fault in summary.faults.iter().filter(|fault| fault.had_no_effect()) {
        warnings.push(format!("this fault had no effect: {}", fault.text));
    }
    for pin in &summary.unmet_pins {
        warnings.push(format!("this choice never came up: {pin}"));
    }
    for check in checks.iter().filter(|check| check.decides && check.status == Status::AtRisk) {
        warnings.push(format!("{} is at risk at the end: {}", check.name, check.detail));
    }
    for key in &scenario.no_effect {
        warnings.push(format!("no effect here: {key}"));
    }
    warnings
}
