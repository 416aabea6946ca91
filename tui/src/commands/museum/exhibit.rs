//! One exhibit: its runs, and whether each came out as its file expects.

use std::ops::{ControlFlow, Range};

use serde_json::{Value, json};
use tribunal::check::{CheckResult, Status};
use tribunal::choice::Luck;
use tribunal::sim::explore::{Plan, explore};
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::{CountSpec, Expectation, Scenario};
use tribunal::sim::trial::{self, Outcome, TrialOptions};

use super::super::output;
use super::super::problem::Problem;

/// An exhibit that was run.
pub(super) struct Exhibit {
    /// Its name, which is its file's.
    pub name: &'static str,
    /// As written.
    pub scenario: Scenario,
    /// As written first, then under each rule.
    pub shown: Vec<Shown>,
}

/// One run of an exhibit.
pub(super) struct Shown {
    /// The rule's name; `None` as written.
    pub rule: Option<String>,
    /// The scenario under that rule.
    pub scenario: Scenario,
    /// What came of it; its trace is kept.
    pub outcome: Outcome,
    /// The same over many seeds, if that was asked for.
    pub many: Option<Many>,
}

/// One run's expectation, held against many seeds.
pub(super) struct Many {
    /// How many seeds.
    pub seeds: u64,
    /// How many of them came out as expected.
    pub met: u64,
    /// The lowest seed that did not, and what was violated there against expectation.
    pub first_unmet: Option<(u64, String)>,
}

impl Exhibit {
    /// Runs an exhibit as written and under its rules; with `seeds`, each of them over those seeds too.
    pub(super) fn visit(name: &'static str, text: &'static str, seeds: Option<&Range<u64>>) -> Result<Self, Problem> {
        let scenario = Scenario::read(text, &format!("{name}.toml"))?;
        let mut shown = vec![Shown::of(None, scenario.clone(), seeds)?];
        for rule in &scenario.rules {
            shown.push(Shown::of(Some(rule.name.clone()), scenario.with_settings(&rule.set)?, seeds)?);
        }
        Ok(Self { name, scenario, shown })
    }

    /// Whether every run came out as expected.
    pub(super) fn behaves(&self) -> bool {
        self.shown.iter().all(|shown| shown.differences().is_empty())
    }

    /// The first sentence of its story.
    pub(super) fn headline(&self) -> &str {
        let story = self.scenario.story.trim();
        story.split_once(". ").map_or(story, |(first, _)| first).trim_end_matches('.')
    }
}

impl Shown {
    fn of(rule: Option<String>, scenario: Scenario, seeds: Option<&Range<u64>>) -> Result<Self, Problem> {
        let options = TrialOptions { host: HostKind::Plain, seed: scenario.seed, keep_trace: true };
        let outcome = trial::hold(&scenario, &options);
        let many = seeds.map(|seeds| Many::of(&scenario, seeds)).transpose()?;
        Ok(Self { rule, scenario, outcome, many })
    }

    /// The checks that were violated and decide, in their order.
    pub(super) fn violated(&self) -> Vec<&CheckResult> {
        self.outcome.checks.iter().filter(|check| is_violated(check) && check.decides).collect()
    }

    /// What came of the run, in a line: the check that the file names is told first.
    pub(super) fn told(&self) -> String {
        let violated = self.violated();
        let named = self.expectation().map(|expectation| expectation.violated.as_slice()).unwrap_or_default();
        let measured = self.measured();
        let mut text = match violated.iter().find(|check| named.iter().any(|name| name == check.name)) {
            Some(check) => {
                let others = violated.len() - 1;
                let more = if others == 0 { String::new() } else { format!(", and {others} more") };
                format!("violated: {}{}{more}", check.name, self.place(check))
            }
            None if !measured.is_empty() => measured,
            None => self.told_of_a_rule(&violated),
        };
        if let Some(many) = &self.many {
            let what = if self.rule.is_some() { "holds" } else { "shows it" };
            text += &format!(" · {what} on {} of {}", many.met, output::count(many.seeds, "seed"));
        }
        text
    }

    /// What the file wants counted, and how often it was.
    pub(super) fn measured(&self) -> String {
        let wanted = self.expectation().map(|expectation| expectation.counts.as_slice()).unwrap_or_default();
        let count = |spec: &CountSpec| format!("{} {}", spec.count, self.outcome.counts.by_name(&spec.count).unwrap_or(0));
        wanted.iter().map(count).collect::<Vec<_>>().join(", ")
    }

    /// What came of a run in which nothing must be violated. What may be is not the rule's business, and is told.
    fn told_of_a_rule(&self, violated: &[&CheckResult]) -> String {
        if violated.is_empty() {
            return "holds".to_owned();
        }
        let names: Vec<_> = violated.iter().map(|check| check.name).collect();
        let kept = self.expectation().map(|expectation| expectation.holds.join(", ")).unwrap_or_default();
        if kept.is_empty() { format!("violated: {}", names.join(", ")) } else { format!("holds: {kept}; not {}", names.join(", ")) }
    }

    /// Where a check was first violated: ` at step 1432 (4.213s)`.
    pub(super) fn place(&self, check: &CheckResult) -> String {
        let Some(step) = check.step else { return String::new() };
        let at = self.outcome.trace.as_ref().and_then(|trace| trace.event(step)).map(|event| event.at);
        at.map_or_else(String::new, |at| format!(" at step {} ({at})", step.0))
    }

    /// In what the runs differ from what the file expects; nothing when they behave. As written an exhibit is a script, and
    /// need not fail on every seed; a rule must hold on every one.
    pub(super) fn differences(&self) -> Vec<String> {
        let mut wrong = differences(&self.scenario, &self.outcome);
        let missed = self.outcome.summary.faults.iter().filter(|fault| !fault.is_random && fault.effect.was_missed);
        wrong.extend(missed.map(|fault| format!("nobody held the role that this fault is meant for: {}", fault.text)));
        if let Some(Many { first_unmet: Some((seed, what)), .. }) = self.many.as_ref().filter(|_| self.rule.is_some()) {
            wrong.push(format!("{what}, first: {}", self.again(*seed)));
        }
        wrong
    }

    /// The command that makes one of many runs again.
    fn again(&self, seed: u64) -> String {
        let mut text = format!("tribunal run {} --seed {seed:#x} --luck seeded", self.scenario.name);
        for (key, value) in &self.scenario.settings {
            text += &format!(" --set {key}={value}");
        }
        text
    }

    fn expectation(&self) -> Option<&Expectation> {
        self.scenario.expectation()
    }

    pub(super) fn as_json(&self) -> Value {
        let violated: Vec<_> = self
            .violated()
            .iter()
            .map(|check| json!({ "check": check.name, "step": check.step.map(|step| step.0), "detail": check.detail }))
            .collect();
        let many = self.many.as_ref().map(|many| {
            let first = many.first_unmet.as_ref().map(|(seed, _)| seed);
            json!({ "seeds": many.seeds, "met": many.met, "first_unmet": first })
        });
        json!({
            "rule": self.rule,
            "settings": self.scenario.settings.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
            "seed": self.outcome.seed,
            "hash": format!("{:016x}", self.outcome.hash),
            "met": self.outcome.met,
            "violated": violated,
            "differs": self.differences(),
            "many": many,
        })
    }
}

impl Many {
    /// Holds a scenario against its expectation on all these seeds, on all cores.
    fn of(scenario: &Scenario, seeds: &Range<u64>) -> Result<Self, Problem> {
        let scenario = scenario.with_luck(Luck::Seeded)?;
        let one = |seed| {
            let outcome = trial::hold(&scenario, &TrialOptions { host: HostKind::Plain, seed, keep_trace: false });
            if outcome.met == Some(true) { None } else { Some(differences(&scenario, &outcome).join("; ")) }
        };
        let mut many = Self { seeds: 0, met: 0, first_unmet: None };
        explore(&Plan::of(seeds.clone()), one, |seed, unmet| {
            many.seeds += 1;
            match unmet {
                None => many.met += 1,
                Some(what) if many.first_unmet.as_ref().is_none_or(|(first, _)| seed < *first) => {
                    many.first_unmet = Some((seed, what));
                }
                Some(_) => {}
            }
            ControlFlow::Continue(())
        });
        Ok(many)
    }
}

/// In what an outcome differs from what its scenario expects.
fn differences(scenario: &Scenario, outcome: &Outcome) -> Vec<String> {
    let expected = scenario.expectation().map(|expectation| expectation.violated.as_slice()).unwrap_or_default();
    let found = |name: &str| outcome.checks.iter().any(|check| check.name == name && is_violated(check));
    let mut wrong: Vec<String> =
        expected.iter().filter(|name| !found(name)).map(|name| format!("{name} should be violated, and is not")).collect();
    for check in trial::failures(scenario, &outcome.checks) {
        wrong.push(format!("{} should hold: {}", check.name, check.detail));
    }
    if outcome.met != Some(true) && wrong.is_empty() {
        wrong.push("what it counts is not what it should be".to_owned());
    }
    wrong
}

fn is_violated(check: &CheckResult) -> bool {
    check.status == Status::Violated
}
