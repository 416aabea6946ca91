//! One seed, one run: twice in a row, on every host, in a fork and its file. (Other processes, debug against release: the
//! binary's own tests and the gate.)

use tribunal::event::Event;
use tribunal::ids::Step;
use tribunal::sim::host::{self, HostKind, RunOptions, Session};
use tribunal::sim::scenario::{Scenario, stories};
use tribunal::sim::trial::{self, TrialOptions};

fn hash(scenario: &Scenario, host: HostKind, seed: u64) -> u64 {
    trial::hold(scenario, &TrialOptions { host, seed, keep_trace: false }).hash
}

fn scenarios() -> Vec<Scenario> {
    stories().map(|(name, text)| Scenario::read(text, name).expect("embedded scenarios are well formed")).collect()
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

/// A hash of what a run tells, without its first event, which holds the text of the scenario.
#[derive(Default)]
struct Story(xxhash_rust::xxh64::Xxh64, Vec<u8>);

impl Story {
    fn observe(&mut self, event: &Event) {
        if event.step > Step(0) {
            self.1.clear();
            event.put(&mut self.1);
            self.0.update(&self.1);
        }
    }
}

fn story(scenario: &Scenario, options: &RunOptions) -> u64 {
    let mut story = Story::default();
    host::run(scenario, options, &mut |event, _| story.observe(event));
    story.0.digest()
}

/// A fork of the storm after the turn of step `at`, in which b2 crashes; and the scenario that, run from the start, is the
/// same run.
fn fork(storm: &Scenario, at: Step) -> (u64, Scenario) {
    let mut story = Story::default();
    let mut session = Session::new(storm, &RunOptions::of(7));
    assert!(session.run_to_step(at, &mut |event, _| story.observe(event)), "the run is longer than that");
    let draft = storm.with_fault("at = \"1s\", crash = \"b2\", restart-after = \"900ms\"").expect("a fault as in a file");
    let mut forked = session.clone();
    let struck = forked.world_mut().inject(draft.faults.last().expect("it was added just now").clone()).1;
    let struck = struck.expect("it strikes at a time").0;
    forked.run_to_end(&mut |event, _| story.observe(event));
    let text = format!("at = \"{struck}us\", crash = \"b2\", restart-after = \"900ms\"");
    (story.0.digest(), storm.with_fault(&text).expect("a fault as in a file"))
}

#[test]
fn a_fork_and_its_saved_file_run_from_the_start_are_one_run_on_every_host() {
    let storm = Scenario::embedded("storm").expect("it is embedded").expect("it is well formed");
    for at in [Step(12_345), Step(30_000)] {
        let (forked, saved) = fork(&storm, at);
        assert_ne!(forked, story(&storm, &RunOptions::of(7)), "the fault at step {} changes the run", at.0);
        for (host, madsim_seed) in [(HostKind::Plain, 0), (HostKind::Plain, 0), (HostKind::Inline, 3), (HostKind::Nodes, 9)] {
            let run = RunOptions { host, madsim_seed, ..RunOptions::of(7) };
            assert_eq!(forked, story(&saved, &run), "step {} on {}", at.0, host.name());
        }
    }
}
