//! Every scenario does what it expects: as written, and under each of its rules.

use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::{Scenario, USE_CASES, stories};
use tribunal::sim::trial::{self, Outcome, TrialOptions};

fn hold(scenario: &Scenario) -> Outcome {
    trial::hold(scenario, &TrialOptions { host: HostKind::Plain, seed: scenario.seed, keep_trace: false })
}

fn assert_met(scenario: &Scenario, under: &str) {
    let outcome = hold(scenario);
    let violated: Vec<_> =
        outcome.checks.iter().filter(|check| check.status.word() == "violated").map(|check| (check.name, &check.detail)).collect();
    assert_eq!(outcome.met, Some(true), "{} {under}: violated {violated:#?}", scenario.name);
}

#[test]
fn every_scenario_does_what_it_expects() {
    for (name, text) in stories() {
        let scenario = Scenario::read(text, name).expect("embedded scenarios are well formed");
        assert_met(&scenario, "as written");
        for rule in &scenario.rules {
            let under_rule = scenario.with_settings(&rule.set).expect("its own rules are well formed");
            assert_met(&under_rule, &format!("under {}", rule.name));
        }
    }
}

/// What a use case lives by can be switched off, and then it does not do what it is for.
#[test]
fn a_use_case_misses_its_expectation_without_its_mechanism() {
    let mut switched_off = 0;
    for (name, text) in USE_CASES {
        let scenario = Scenario::read(text, name).expect("embedded scenarios are well formed");
        for rule in &scenario.rules {
            let mut without = scenario.with_settings(&rule.set).expect("its own rules are well formed");
            without.settings.clear(); // so that the file's own expectation judges, not the rule's
            let outcome = hold(&without);
            assert_eq!(outcome.met, Some(false), "{name} under {}: {:?}", rule.name, outcome.miscounts);
            switched_off += 1;
        }
    }
    assert!(switched_off >= 10, "{switched_off} mechanisms");
}

#[test]
fn every_scenario_file_is_embedded() {
    for folder in ["scenarios/lessons", "scenarios/use-cases", "scenarios/chaos"] {
        for entry in std::fs::read_dir(folder).expect("a folder of ours") {
            let path = entry.expect("an entry of ours").path();
            let stem = path.file_stem().expect("a file has a name").to_string_lossy().to_string();
            assert!(stories().any(|(name, _)| name == stem), "{stem} is not embedded");
        }
    }
}

#[test]
fn no_scripted_fault_is_idle() {
    for (name, text) in stories() {
        let scenario = Scenario::read(text, name).expect("embedded scenarios are well formed");
        let outcome = hold(&scenario);
        let idle: Vec<_> = outcome
            .summary
            .faults
            .iter()
            .filter(|fault| !fault.is_random && fault.effect.is_nothing())
            .map(|fault| &fault.text)
            .collect();
        assert!(idle.is_empty(), "{name}: {idle:?}");
    }
}
