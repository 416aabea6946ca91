//! One seed, one run: twice in a row, on every host, in a fork and its file. (Other processes, debug against release: the
//! binary's own tests and the gate.)

use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::{EMBEDDED, Scenario};
use tribunal::sim::trial::{self, TrialOptions};

fn hash(scenario: &Scenario, host: HostKind, seed: u64) -> u64 {
    trial::hold(scenario, &TrialOptions { host, seed, keep_trace: false }).hash
}

fn scenarios() -> Vec<Scenario> {
    EMBEDDED.iter().map(|(name, text)| Scenario::read(text, name).expect("embedded scenarios are well formed")).collect()
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another_one() {
    for scenario in scenarios() {
        let first = hash(&scenario, HostKind::Plain, 3);
        assert_eq!(first, hash(&scenario, HostKind::Plain, 3), "{}", scenario.name);
        if scenario.luck == tribunal::choice::Luck::Seeded {
            assert_ne!(first, hash(&scenario, HostKind::Plain, 4), "{}", scenario.name);
        }
    }
}

#[test]
fn every_host_gives_the_same_run() {
    for scenario in scenarios() {
        let seeds = if scenario.name == "storm" { 0..4 } else { 0..2 };
        for seed in seeds {
            let plain = hash(&scenario, HostKind::Plain, seed);
            for host in [HostKind::Inline, HostKind::Nodes].into_iter().filter(|host| host.available().is_ok()) {
                assert_eq!(plain, hash(&scenario, host, seed), "{} on {}, seed {seed}", scenario.name, host.name());
            }
        }
    }
}
