//! One run on trial: the world, the recorder and the checks together, judged by what the scenario expects.
//!
//! Called by: `run`, `check`, `explore` (through [`super::batch`]), `verify`, and the tests of every scenario.

use std::panic::Location;

use super::host::{self, HostKind, RunOptions, RunSummary};
use super::scenario::{Expectation, Scenario};
use crate::check::{CheckResult, Checks, Counts, IdleTime, Status};
use crate::event::Event;
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
    /// For how long partitions of each group belonged to nobody.
    pub idle_times: Vec<IdleTime>,
    /// The events, if they were kept.
    pub trace: Option<Trace>,
    /// Whether the expectation in force is met; `None` when none is (settings that nobody judged).
    pub met: Option<bool>,
    /// What did not happen as often as the expectation in force wants, one sentence each.
    pub miscounts: Vec<String>,
    /// What a reader should know: faults without effect, pins that never came up, records at risk.
    pub warnings: Vec<String>,
}

/// Runs a scenario and judges it.
#[must_use]
pub fn hold(scenario: &Scenario, options: &TrialOptions) -> Outcome {
    let mut recorder = Recorder::new(options.keep_trace);
    let mut checks = Checks::new(scenario.promises());
    let mut observe = |event: &Event, source: &'static Location<'static>| {
        recorder.observe(event, source);
        checks.observe(event);
    };
    let run = RunOptions { host: options.host, ..RunOptions::of(options.seed) };
    let summary = host::run(scenario, &run, &mut observe);
    let hash = recorder.hash();
    let (counts, idle_times) = (*checks.counts(), checks.idle_times());
    let checks = checks.finish();
    let met = judge(scenario, &checks, &counts);
    let miscounts = miscounts(scenario, &counts);
    let warnings = warnings(scenario, &summary, &checks);
    let trace = options.keep_trace.then(|| recorder.into_trace());
    Outcome { seed: options.seed, summary, hash, checks, counts, idle_times, trace, met, miscounts, warnings }
}

/// Whether checks and counts came out as the expectation in force wants; `None` when none is in force.
#[must_use]
pub fn judge(scenario: &Scenario, checks: &[CheckResult], counts: &Counts) -> Option<bool> {
    scenario.expectation().map(|expectation| is_met(expectation, checks) && miscounts(scenario, counts).is_empty())
}

/// What did not happen as often as the expectation in force wants: `elections is 3, and <= 2 is expected`.
#[must_use]
pub fn miscounts(scenario: &Scenario, counts: &Counts) -> Vec<String> {
    let wanted = scenario.expectation().map(|expectation| expectation.counts.as_slice()).unwrap_or_default();
    let missed = wanted.iter().filter(|wish| !wish.is_met(counts));
    missed.map(|wish| format!("{} is {}, and {} is expected", wish.count, wish.actual(counts), wish.wanted())).collect()
}

/// The violations that nobody expected: what makes a run of `explore` a failure.
pub fn failures<'a>(scenario: &Scenario, checks: &'a [CheckResult]) -> impl Iterator<Item = &'a CheckResult> {
    let named = scenario.expectation().map(Expectation::named).unwrap_or_default();
    checks.iter().filter(move |check| check.decides && is_violated(check) && !named.contains(check.name))
}

/// What must be violated is; what decides and is not named holds.
fn is_met(expectation: &Expectation, checks: &[CheckResult]) -> bool {
    let shown = |name: &String| checks.iter().any(|check| check.name == name && is_violated(check));
    let named = expectation.named();
    let holds = |check: &CheckResult| !check.decides || !is_violated(check) || named.contains(check.name);
    expectation.violated.iter().all(shown) && checks.iter().all(holds)
}

fn is_violated(check: &CheckResult) -> bool {
    check.status == Status::Violated
}

fn warnings(scenario: &Scenario, summary: &RunSummary, checks: &[CheckResult]) -> Vec<String> {
    let mut warnings = Vec::new();
    for fault in summary.faults.iter().filter(|fault| !fault.is_random && fault.effect.is_nothing()) {
        warnings.push(format!("this fault had no effect: {}", fault.text));
    }
    for pin in &summary.unmet_pins {
        warnings.push(format!("this choice never came up: {}", scenario.pin_text(pin)));
    }
    for check in checks.iter().filter(|check| check.decides && check.status == Status::AtRisk) {
        warnings.push(format!("{} is at risk at the end: {}", check.name, check.detail));
    }
    for key in &scenario.no_effect {
        warnings.push(format!("Kafka's own, without effect here: {key}"));
    }
    warnings
}
