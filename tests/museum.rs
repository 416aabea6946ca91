//! Every exhibit of the museum behaves: it shows what it says as written, and its rules hold with any luck.

use std::ops::ControlFlow;

use tribunal::choice::Luck;
use tribunal::sim::explore::{Plan, explore};
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::{MUSEUM, Scenario, ScenarioKind};
use tribunal::sim::trial::{self, Outcome, TrialOptions};

/// How many seeds each rule is held to here; `tribunal museum --seeds 0..1000` is the whole measure.
const SEEDS: std::ops::Range<u64> = 0..8;

fn exhibits() -> Vec<(&'static str, Scenario)> {
    let read = |(name, text): &(&'static str, &'static str)| (*name, Scenario::read(text, name).expect("exhibits are well formed"));
    MUSEUM.iter().map(read).collect()
}

fn hold(scenario: &Scenario, seed: u64) -> Outcome {
    trial::hold(scenario, &TrialOptions { host: HostKind::Plain, seed, keep_trace: false })
}

fn violated(outcome: &Outcome) -> Vec<String> {
    let violated = outcome.checks.iter().filter(|check| check.status.word() == "violated");
    violated.map(|check| format!("{}: {}", check.name, check.detail)).collect()
}

#[test]
fn every_exhibit_shows_what_it_says_and_its_rules_hold_on_its_own_seed() {
    for (name, scenario) in exhibits() {
        let outcome = hold(&scenario, scenario.seed);
        assert_eq!(outcome.met, Some(true), "{name} as written: {:#?}", violated(&outcome));
        for rule in &scenario.rules {
            let under_rule = scenario.with_settings(&rule.set).expect("its own rules are well formed");
            let outcome = hold(&under_rule, scenario.seed);
            assert_eq!(outcome.met, Some(true), "{name} under {}: {:#?}", rule.name, violated(&outcome));
        }
    }
}

/// A rule that holds only for the latencies that the story needs is no rule.
#[test]
fn every_rule_holds_with_any_latencies() {
    for (name, scenario) in exhibits() {
        for rule in &scenario.rules {
            let under_rule = scenario.with_settings(&rule.set).expect("its own rules are well formed");
            let lucky = under_rule.with_luck(Luck::Seeded).expect("luck is a word");
            assert_eq!(lucky.luck, Luck::Seeded);
            explore(
                &Plan::of(SEEDS),
                |seed| hold(&lucky, seed),
                |seed, outcome| {
                    assert_eq!(outcome.met, Some(true), "{name} under {}, seed {seed}: {:#?}", rule.name, violated(&outcome));
                    ControlFlow::Continue(())
                },
            );
        }
    }
}

/// An exhibit whose fault does nothing shows something else than it tells.
#[test]
fn no_fault_of_an_exhibit_is_idle() {
    for (name, scenario) in exhibits() {
        let outcome = hold(&scenario, scenario.seed);
        let idle = outcome.summary.faults.iter().filter(|fault| !fault.is_random && fault.effect.is_nothing());
        let idle: Vec<_> = idle.map(|fault| &fault.text).collect();
        assert!(idle.is_empty(), "{name}: {idle:?}");
    }
}

/// What its kind promises to a visitor: a rule and a config fail as written and hold under at least one rule.
#[test]
fn every_exhibit_is_what_its_kind_says_and_can_be_understood() {
    for (name, scenario) in exhibits() {
        let fails = !scenario.expect.violated.is_empty();
        let is_kept = scenario.rules.iter().any(|rule| rule.expect.violated.is_empty());
        match scenario.kind {
            ScenarioKind::Rule | ScenarioKind::Config => assert!(fails && is_kept, "{name} fails as written and is kept by a rule"),
            ScenarioKind::Boundary => assert!(fails, "{name} loses something, by right"),
            ScenarioKind::FalseAlarm => assert!(!fails, "{name} only looks wrong"),
            ScenarioKind::Measure => {}
            ScenarioKind::Story | ScenarioKind::Chaos => panic!("{name} is no exhibit"),
        }
        assert_eq!(scenario.name, name, "an exhibit is called as its file");
        assert!(scenario.story.len() > 100, "{name} tells a story");
        assert!(!scenario.fixed_by.is_empty(), "{name} says what ends it");
        assert!(!scenario.sources.is_empty(), "{name} says where to read more");
    }
}

#[test]
fn every_file_of_the_museum_is_embedded() {
    for entry in std::fs::read_dir("scenarios/museum").expect("a folder of ours") {
        let path = entry.expect("an entry of ours").path();
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().to_string();
        assert!(MUSEUM.iter().any(|(name, _)| *name == stem), "{stem} is not embedded");
    }
}
