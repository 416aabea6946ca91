//! Whole runs: hosts, forks and clones agree.

use bytes::Bytes;
use xxhash_rust::xxh64::Xxh64;

use super::{B1, B2, P1, Watched, count, crash, fault, scenario};
use crate::choice::Odds;
use crate::context::NewRecord;
use crate::event::{CrashKind, Event, Fact, FaultFact, FaultIndex, WorldFact};
use crate::ids::{ProcessId, Step};
use crate::sim::host::{HostKind, RunOptions, RunSummary, Session, run};
use crate::sim::scenario::{Chaos, ChaosKind, ClockSpec, FaultAction, Load, Scenario, Target};
use crate::time::{Duration, Instant};

fn hash_of(scenario: &Scenario, options: &RunOptions) -> (u64, RunSummary) {
    let (mut hash, mut bytes) = (Xxh64::new(0), Vec::new());
    let summary = run(scenario, options, &mut |event, _| {
        bytes.clear();
        event.put(&mut bytes);
        hash.update(&bytes);
    });
    (hash.digest(), summary)
}

fn stormy() -> Scenario {
    let kinds = [
        ChaosKind::Crash,
        ChaosKind::Power,
        ChaosKind::DiskReplaced,
        ChaosKind::Pause,
        ChaosKind::Cut,
        ChaosKind::CutOneWay,
        ChaosKind::Loss,
        ChaosKind::Delay,
        ChaosKind::Duplicate,
        ChaosKind::ClockJump,
        ChaosKind::ClockDrift,
    ];
    let mut scenario = scenario();
    scenario.network.latency = Odds::Range { low: 200, high: 5_000, quiet: 1_000 };
    scenario.producers.iter_mut().for_each(|producer| {
        producer.load = Some(Load {
            from: Instant(0),
            until: Instant(1_500_000),
            rate: 500,
            keys: 8,
            value_bytes: 20,
            tombstones: 0,
            timestamps: None,
        });
    });
    scenario.chaos = Some(Chaos {
        from: Instant(100_000),
        until: Instant(1_500_000),
        every: Duration(20_000),
        lasts_min: Duration(5_000),
        lasts_max: Duration(100_000),
        kinds: kinds.to_vec(),
    });
    scenario
}

#[test]
fn every_host_gives_the_same_trace() {
    let scenario = stormy();
    for seed in 0..4 {
        let (plain, summary) = hash_of(&scenario, &RunOptions::of(seed));
        assert!(summary.faults.len() > 30, "a storm has many faults");
        for (host, madsim_seed) in [(HostKind::Inline, 0), (HostKind::Nodes, 0), (HostKind::Nodes, 77)] {
            let (other, its) = hash_of(&scenario, &RunOptions { host, madsim_seed, ..RunOptions::of(seed) });
            assert_eq!((other, its.turns, its.faults), (plain, summary.turns, summary.faults.clone()), "{host:?} {seed}");
        }
    }
    assert_ne!(hash_of(&scenario, &RunOptions::of(0)).0, hash_of(&scenario, &RunOptions::of(1)).0);
}

#[test]
fn a_fork_with_one_more_fault_is_the_run_of_its_saved_file() {
    let scenario = stormy();
    let mut session = Session::new(&scenario, &RunOptions::of(3));
    let mut prefix = Vec::new();
    session.run_to_time(Instant(700_000), &mut |event, _| prefix.push(event.clone()));
    let (_, at) = session.world_mut().inject(crash(0, CrashKind::Process, 50_000));
    assert_eq!(at, Some(Instant(700_001)));
    session.run_to_end(&mut |event, _| prefix.push(event.clone()));
    let mut saved = scenario.clone();
    saved.faults.push(crash(700_001, CrashKind::Process, 50_000));
    let mut whole = Vec::new();
    run(&saved, &RunOptions::of(3), &mut |event, _| whole.push(event.clone()));
    assert_eq!(prefix.len(), whole.len());
    for (mine, its) in prefix.iter().zip(&whole).skip(1) {
        assert_eq!(mine, its);
    }
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    let mut session = Session::new(&stormy(), &RunOptions::of(5));
    session.run_to_time(Instant(600_000), &mut |_, _| {});
    let mut fork = session.clone();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    session.run_to_end(&mut |event, _| one.push(event.clone()));
    fork.run_to_end(&mut |event, _| other.push(event.clone()));
    assert_eq!(one, other);
}

#[test]
fn every_fault_is_told_at_its_beginning_and_its_end() {
    let mut events = Vec::new();
    run(&stormy(), &RunOptions::of(9), &mut |event, _| events.push(event.clone()));
    let mut open: Vec<(FaultIndex, Option<ProcessId>)> = Vec::new();
    for event in &events {
        match &event.fact {
            Fact::Fault(FaultFact::FaultStruck { fault, target }) => open.push((*fault, *target)),
            Fact::Fault(FaultFact::FaultHealed { fault, .. }) => open.retain(|(struck, _)| struck != fault),
            _ => {}
        }
    }
    // Only a broker that lost bytes or its disk may still be down when the run ends: it waits to be fenced.
    for (fault, target) in open {
        let mine = |event: &&Event| Some(event.process) == target && matches!(event.fact, Fact::World(_));
        let last = events.iter().rev().find(mine).map(|event| event.fact.clone());
        let waits =
            matches!(last, Some(Fact::World(WorldFact::ProcessCrashed { kind: CrashKind::Power | CrashKind::DiskReplaced, .. })));
        assert!(waits, "fault {} on {target:?} never ended: {last:?}", fault.0);
    }
    let cuts = count(&events, |fact| matches!(fact, Fact::Fault(FaultFact::LinkCut { .. })));
    let mended = count(&events, |fact| matches!(fact, Fact::Fault(FaultFact::LinkHealed { .. })));
    assert_eq!(cuts, mended);
    let steps = events.iter().zip(0..).all(|(event, step)| event.step == Step(step));
    assert!(steps, "steps are dense from 0");
    assert!(matches!(events.last().map(|event| &event.fact), Some(Fact::World(WorldFact::RunEnded { .. }))));
}

#[test]
fn a_skewed_clock_is_told_and_proved() {
    let mut scenario = scenario();
    scenario.clocks = vec![ClockSpec { process: B2, offset_us: 7_200_000_000, drift_ppm: 0 }];
    let jump = FaultAction::ClockJump { target: Target::Process(B1), by_us: -500_000 };
    scenario.faults = vec![fault(10_000, jump, None)];
    let mut watched = Watched::new(&scenario);
    let told = watched.until(10_000);
    assert_eq!(count(&told, |fact| matches!(fact, Fact::World(WorldFact::ClockSet { offset_us: 7_200_000_000, .. }))), 1);
    watched.send(P1, B1);
    watched.until(20_000);
    assert_eq!(watched.world.fault_effects()[0].effect.readings_skewed, 1);
}

#[test]
fn scripted_sends_reach_the_producer_in_their_order() {
    let mut scenario = scenario();
    let record = |value: &'static str| NewRecord { value: Some(Bytes::from_static(value.as_bytes())), ..NewRecord::default() };
    scenario.producers.iter_mut().for_each(|producer| {
        producer.sends = vec![(Instant(1_000), record("1")), (Instant(1_000), record("2")), (Instant(0), record("0"))];
    });
    let mut watched = Watched::new(&scenario);
    watched.until(2_000_000);
    assert_eq!(watched.world.turns(), 6 + 3, "six processes start, three records are sent");
}
