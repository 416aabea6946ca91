//! How fast, how small, how near: what the README's performance section says, measured anew with
//! `cargo bench --bench speed`, or a part of it with `-- storm`, `memory`, `clone`, `jumps` or `cost`. Nothing here fails for being slow: absolute times belong to the machine they were taken on.
//!
//! Rates go by the time this thread was on a core where the system tells (Linux), so that other work on the machine shows
//! less; the wall's time stands beside it.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the wall clock: that is its output")]

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant as Wall;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tribunal::check::Checks;
use tribunal::choice::Odds;
use tribunal::event::{Fact, ReplicaFact};
use tribunal::ids::Step;
use tribunal::sim::host::{HostKind, RunOptions, Session};
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::{self, TrialOptions};
use tribunal::time::{Duration, Instant};
use tribunal::trace::course::Course;
use tribunal::trace::{Recorder, Trace};

const STORM: &str = include_str!("../scenarios/chaos/storm.toml");
const STORM_SEEDS: u64 = 40;
/// A thousand records at once, and then one every 20 ms.
const COST: &str = include_str!("../tests/data/cost.toml");
/// How often that is measured.
const COSTS: u64 = 100;
/// How many processes talk to each other in storm.
const STORM_PROCESSES: u64 = 10;
const CLONES: usize = 2_000;
const JUMPS: usize = 400;
const JUMPED_EVENTS: u32 = 100_000;
/// How far apart the kept worlds are, in events.
const WORLD_EVERY: u32 = 5_000;
const LONG_SEED: u64 = 1;
/// The word that makes this program measure its own memory.
const MEMORY: &str = "--measure-memory";

fn main() {
    if std::env::args().any(|argument| argument == MEMORY) {
        return keep_a_long_trace();
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    if is_wanted("storm") {
        let (turns, clock) = storm();
        bare_loop(turns, &clock);
    }
    let others: [(&str, fn()); 4] =
        [("memory", memory), ("clone", clone_of_a_large_world), ("jumps", jumps), ("cost", cost_of_data)];
    for (_, measure) in others.into_iter().filter(|(part, _)| is_wanted(part)) {
        measure();
    }
}

/// Storm, one job, all checks and the hash on, the trace not kept.
fn storm() -> (u64, Elapsed) {
    let scenario = read(STORM);
    let clock = Clock::start();
    let (mut events, mut turns) = (0, 0);
    for seed in 0..STORM_SEEDS {
        let outcome = trial::hold(&scenario, &TrialOptions { host: HostKind::Plain, seed, keep_trace: false });
        events += outcome.summary.events;
        turns += outcome.summary.turns;
    }
    let elapsed = clock.stop();
    println!("storm, {STORM_SEEDS} seeds, one job, all checks and the hash on, trace not kept: {elapsed}");
    println!("  events/s  {:>12}   (target 500,000)   {} events", grouped(elapsed.rate(events)), grouped(events));
    println!("  turns/s   {:>12}   (target 150,000)   {} turns", grouped(elapsed.rate(turns)), grouped(turns));
    (turns, elapsed)
}

/// What a simulator costs that simulates nothing: a heap of deliveries, and luck for each one's latency.
fn bare_loop(deliveries: u64, storm: &Elapsed) {
    let Odds::Range { low, high, .. } = read(STORM).network.latency else { return };
    let mut luck = ChaCha8Rng::seed_from_u64(0);
    let mut heap = BinaryHeap::new();
    for process in 0..STORM_PROCESSES {
        heap.push(Reverse((0, process)));
    }
    let clock = Clock::start();
    for _ in 0..deliveries {
        let Some(Reverse((at, process))) = heap.pop() else { return };
        let latency = low + luck.next_u64() % (high - low + 1);
        heap.push(Reverse((at + latency, (process + latency) % STORM_PROCESSES)));
    }
    black_box(&heap);
    let elapsed = clock.stop();
    println!("a bare heap with ChaCha8, as many deliveries: {elapsed}");
    println!("  turns/s   {:>12}", grouped(elapsed.rate(deliveries)));
    println!("  storm takes {} times as long", storm.micros() / elapsed.micros().max(1));
}

/// A million events with the trace kept, in a process of its own.
fn memory() {
    println!("memory of a run of 1,000,000 events, trace kept, all checks on:");
    let report = std::env::current_exe().and_then(|program| Command::new(program).arg(MEMORY).output());
    match report {
        Ok(output) => print!("{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => println!("  could not be started: {error}"),
    }
}

fn keep_a_long_trace() {
    let events = long_storm(1_000_000).events.len() as u64;
    match status_kilobytes("VmHWM") {
        Some(kilobytes) => {
            let each = kilobytes * 1_024 / events.max(1);
            println!("  peak      {:>9} MB   (target 400)   {} events, {each} bytes each", kilobytes / 1_024, grouped(events));
        }
        None => println!("  unknown: this system has no /proc/self/status"),
    }
}

/// 20 brokers, 2,000 partitions with three replicas each, ten seconds old.
fn clone_of_a_large_world() {
    let mut text =
        "name = \"large\"\nkind = \"story\"\nstory = \"Many partitions.\"\nseed = 1\nduration = \"30s\"\nprofile = \"fast\"\n\
                    [cluster]\nbrokers = 20\ncontrollers = 1\n"
            .to_owned();
    for topic in 0..20 {
        let _ = write!(text, "[[topics]]\nname = \"t{topic}\"\npartitions = 100\nreplication-factor = 3\n");
    }
    text.push_str("[[producers]]\nid = \"p1\"\ntopic = \"t0\"\nload = { from = \"1s\", until = \"9s\", rate = 200, keys = 64 }\n");
    text.push_str("[expect]\nviolated = []\n");
    let mut session = Session::new(&read(&text), &RunOptions::of(1));
    let mut led = BTreeSet::new();
    session.run_to_time(Instant(10_000_000), &mut |event, _| {
        if let Fact::Replica(ReplicaFact::BecameLeader { partition, .. }) = &event.fact {
            led.insert(*partition);
        }
    });
    let mut nanos = Vec::with_capacity(CLONES);
    for _ in 0..CLONES {
        let begun = Wall::now();
        let clone = black_box(session.clone());
        nanos.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        drop(clone);
    }
    println!("clone of a world of 20 brokers, 10 s old, in which {} partitions have a leader:", grouped(led.len() as u64));
    println!("  µs        {}   (target 50)", Spread::of(nanos, 1_000));
}

/// Random steps of a long run: the picture, as the screen's keys ask for it, and the world itself.
fn jumps() {
    let trace = long_storm(JUMPED_EVENTS);
    let begun = Wall::now();
    let course = Course::of(&trace.events);
    let walk = begun.elapsed();
    let worlds = worlds_along(JUMPED_EVENTS);
    let mut luck = ChaCha8Rng::seed_from_u64(1);
    let (mut to_pictures, mut to_worlds) = (Vec::with_capacity(JUMPS), Vec::with_capacity(JUMPS));
    for _ in 0..JUMPS {
        let step = random_step(&mut luck, &trace);
        let begun = Wall::now();
        black_box(course.view_at(&trace.events, step));
        to_pictures.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        let begun = Wall::now();
        black_box(world_at(&worlds, step));
        to_worlds.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    println!("jump to a random step of a run of {} events:", grouped(trace.events.len() as u64));
    println!("  picture µs  {}   (target 50,000; checkpoints made once in {} ms)", Spread::of(to_pictures, 1), walk.as_millis());
    println!("  world µs    {}   (the same, from {} kept worlds)", Spread::of(to_worlds, 1), worlds.len());
}

/// The same ten seconds after little and after much data: 500 records are sent, replicated, acknowledged and read. The two take
/// turns, and their times are added up: the system tells in steps of milliseconds how long a thread was on a core.
fn cost_of_data() {
    println!("a record sent with acks=all to three replicas and read, the trace not kept, no checks:");
    let mut measured = [1_000_u64, 1_000_000].map(|records| {
        let until = format!("\"{}us\"", 1_000_000 + records * 20);
        let mut session = Session::new(&read(&COST.replace("\"1020000us\"", &until)), &RunOptions::of(1));
        session.run_to_time(Instant(30_000_000), &mut |_, _| {});
        (records, session, 0)
    });
    for _ in 0..COSTS {
        for (_, session, micros) in &mut measured {
            let mut session = session.clone();
            let clock = Clock::start();
            session.run_to_time(Instant(40_000_000), &mut |event, _| {
                black_box(event);
            });
            *micros += clock.stop().micros();
        }
    }
    for (records, _, micros) in &measured {
        println!("  ns        {:>9}   after {} records", grouped(micros * 1_000 / (500 * COSTS)), grouped(*records));
    }
    let [(_, _, few), (_, _, many)] = measured;
    println!("  the second takes {} % of the first   (target: 120 at most)", many * 100 / few.max(1));
}

/// A run's world at every so-many-th event.
fn worlds_along(events: u32) -> Vec<Session> {
    let mut session = Session::new(&drawn_out_storm(events), &RunOptions::of(LONG_SEED));
    let mut worlds = vec![session.clone()];
    for checkpoint in 1..events / WORLD_EVERY {
        session.run_to_step(Step(checkpoint * WORLD_EVERY - 1), &mut |_, _| {});
        worlds.push(session.clone());
    }
    worlds
}

/// The world at the end of a step's turn.
fn world_at(worlds: &[Session], step: Step) -> Option<Session> {
    let earlier = worlds.partition_point(|session| session.world().next_step() <= step);
    let mut session = worlds.get(earlier.checked_sub(1)?)?.clone();
    session.run_to_step(step, &mut |_, _| {});
    Some(session)
}

fn random_step(luck: &mut ChaCha8Rng, trace: &Trace) -> Step {
    let events = u64::from(trace.last().map_or(0, |last| last.0)) + 1;
    Step(u32::try_from(luck.next_u64() % events).unwrap_or(u32::MAX))
}

/// The first so many events of a long storm, kept, all checks on.
fn long_storm(events: u32) -> Trace {
    let scenario = drawn_out_storm(events);
    let mut recorder = Recorder::new(true);
    let mut checks = Checks::new(scenario.promises());
    let mut session = Session::new(&scenario, &RunOptions::of(LONG_SEED));
    session.run_to_step(Step(events - 1), &mut |event, source| {
        recorder.observe(event, source);
        checks.observe(event);
    });
    black_box(checks.finish());
    recorder.into_trace()
}

/// Storm with its load and its weather going on until there must be so many events.
fn drawn_out_storm(events: u32) -> Scenario {
    // A minute of storm has more than 40,000.
    let more = (events / 40_000) * 60;
    let drawn_out = |seconds: u32| (format!("\"{seconds}s\""), format!("\"{}s\"", seconds + more));
    let text = [60, 40, 42].map(drawn_out).iter().fold(STORM.to_owned(), |text, (old, new)| text.replace(old, new));
    read(&text)
}

fn read(text: &str) -> Scenario {
    Scenario::read(text, "benchmark").expect("the benchmark's scenarios are well formed")
}

/// A line of `/proc/self/status`.
fn status_kilobytes(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()
}

struct Clock {
    wall: Wall,
    on_core: Option<u64>,
}

struct Elapsed {
    wall: Duration,
    on_core: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self { on_core: nanos_on_core(), wall: Wall::now() }
    }

    fn stop(&self) -> Elapsed {
        let wall = Duration(u64::try_from(self.wall.elapsed().as_micros()).unwrap_or(u64::MAX));
        let on_core = nanos_on_core().zip(self.on_core).map(|(now, then)| Duration((now - then) / 1_000));
        Elapsed { wall, on_core }
    }
}

/// How long this thread was on a core.
fn nanos_on_core() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

impl Elapsed {
    fn micros(&self) -> u64 {
        self.on_core.unwrap_or(self.wall).0
    }

    fn rate(&self, count: u64) -> u64 {
        count.saturating_mul(1_000_000) / self.micros().max(1)
    }
}

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.on_core {
            Some(on_core) => write!(f, "{on_core} on a core, {} by the wall", self.wall),
            None => write!(f, "{} by the wall", self.wall),
        }
    }
}

/// The middle and the ends of many measurements.
struct Spread {
    median: u64,
    ninety_ninth: u64,
    greatest: u64,
}

impl Spread {
    fn of(mut measured: Vec<u64>, unit: u64) -> Self {
        measured.sort_unstable();
        let at = |percent: usize| measured.get((measured.len() - 1) * percent / 100).map_or(0, |value| value / unit);
        Self { median: at(50), ninety_ninth: at(99), greatest: at(100) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "median {}, 99 % below {}, greatest {}", self.median, self.ninety_ninth, self.greatest)
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
