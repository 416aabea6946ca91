//! `tribunal dump`: what lies on a server's disk at some step, in the manner of Kafka's dump-log tool.
//!
//! The world is made anew and goes on to the end of the turn in which that step was told: then the disk is looked at, and
//! nothing on it changes. A process that is down has a disk, too.
//!
//! Kafka differs: its tool reads the files it is given; here the whole folder of a log is told, the checkpoints beside it,
//! and what is not on the device yet, which no tool can see.

mod print;
mod words;

use clap::Args;
use tribunal::ids::{PartitionIndex, ProcessId, Step, TopicPartition};
use tribunal::log::dump::{self, LogDump};
use tribunal::sim::disk::SimDisk;
use tribunal::sim::scenario::Scenario;
use tribunal::sim::world::World;
use tribunal::time::Instant;
use tribunal::trace::Names;

use super::problem::Problem;
use super::source::{self, ScenarioOptions};
use super::{Verdict, output};

/// What lies on a server's disk at some step: segments, batches, indexes, checkpoints.
#[derive(Args, Debug)]
pub(crate) struct Dump {
    #[command(flatten)]
    options: ScenarioOptions,
    /// When: a step (`412`) or a time (`1.284s`); the end of that step's turn is meant.
    #[arg(long, value_name = "STEP|TIME")]
    at: String,
    /// Which log, on whose disk: `orders-0@b2`, `__cluster_metadata-0@k1`; `b2` alone tells what there is.
    #[arg(long, value_name = "LOG@SERVER")]
    log: String,
}

/// A disk at some step, and what is needed to tell of it.
struct Found {
    world: World,
    server: ProcessId,
    names: Names,
    step: Step,
    at: Instant,
}

impl Dump {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let recorded = source::record(&self.options)?;
        let step = source::step_of(&recorded.trace, &self.at)?;
        let seed = recorded.trace.run().map_or(recorded.scenario.seed, |run| run.seed);
        let events = recorded.trace.events.iter().take_while(|event| event.step <= step);
        let mut names = Names::default();
        events.for_each(|event| names.observe(event));
        let (log, server) = self.asked();
        let server = server_named(server, &names)?;
        let at = recorded.trace.event(step).map_or(Instant::ZERO, |event| event.at);
        let found = Found { world: world_at(&recorded.scenario, seed, step), server, names, step, at };
        let text = match log {
            Some(log) => print::log(&found.heading(), &self.find(log, &found)?, &found.directory_of(log), &found.names),
            None => print::disk(&found.heading(), server, found.disk(), &found.names),
        };
        output::print(&text)
    }

    /// The log and the server, as written: `orders-0@b2`, or `b2` alone.
    fn asked(&self) -> (Option<&str>, &str) {
        match self.log.split_once('@') {
            Some((log, server)) => (Some(log), server),
            None => (None, &self.log),
        }
    }

    fn find(&self, log: &str, found: &Found) -> Result<LogDump, Problem> {
        let disk = found.disk();
        let there: Vec<_> = dump::directories(disk)
            .into_iter()
            .flat_map(|directory| dump::dump_directory(directory, disk).logs)
            .map(|partition| found.names.partition(partition))
            .collect();
        let help = match there.as_slice() {
            [] => "nothing lies on its disk yet".to_owned(),
            there => format!("there are: {}", there.join(", ")),
        };
        let missing = |why: String| Problem::with_help(why, help.clone());
        let partition = partition_named(log, &found.names);
        let partition = partition.ok_or_else(|| missing(format!("at step {} there is no partition `{log}`", found.step.0)))?;
        let server = found.names.process(found.server).into_owned();
        dump::dump_log(partition, disk).ok_or_else(|| missing(format!("at step {} {server} has no log of {log}", found.step.0)))
    }
}

impl Found {
    fn disk(&self) -> &SimDisk {
        self.world.disk(self.server)
    }

    /// Whose disk, when, and whether its process is up.
    fn heading(&self) -> String {
        let server = self.names.process(self.server);
        let state = if self.world.node(self.server).is_some() { "is up" } else { "is down, and this is what lies on its disk" };
        format!("{server} at step {} ({}) {state}", self.step.0, self.at)
    }

    fn directory_of(&self, log: &str) -> Vec<dump::DirectoryDump> {
        let wanted = partition_named(log, &self.names);
        let disk = self.disk();
        let all = dump::directories(disk).into_iter().map(|directory| dump::dump_directory(directory, disk));
        all.filter(|directory| directory.logs.iter().any(|log| Some(*log) == wanted)).collect()
    }
}

/// The world at the end of the turn in which a step was told.
fn world_at(scenario: &Scenario, seed: u64, step: Step) -> World {
    let mut world = World::new(scenario, seed, &[], true);
    while world.next_step() <= step {
        let Some(mut turn) = world.begin() else { break };
        // What the world itself told on its way to this turn is not this turn's.
        if world.next_step() > step {
            break;
        }
        world.step(&mut turn);
        world.end(turn);
        world.drain(&mut |_, _| ());
    }
    world
}

/// A server by its name. Errors: there is no such process, or it has no disk.
fn server_named(name: &str, names: &Names) -> Result<ProcessId, Problem> {
    let is_server = |id: ProcessId| matches!(id, ProcessId::Broker(_) | ProcessId::Controller(_));
    let servers: Vec<_> = names.processes().filter(|(id, _)| is_server(*id)).map(|(_, name)| name).collect();
    let help = format!("there are: {}", servers.join(", "));
    match names.processes().find(|(_, known)| *known == name) {
        Some((id, _)) if is_server(id) => Ok(id),
        Some(_) => Err(Problem::with_help(format!("`{name}` has no disk: only servers have one"), help)),
        None => Err(Problem::with_help(format!("there is no server `{name}`"), help)),
    }
}

/// A partition by its name: `orders-0`, or `__cluster_metadata-0`.
fn partition_named(log: &str, names: &Names) -> Option<TopicPartition> {
    if log == TopicPartition::METADATA.to_string() {
        return Some(TopicPartition::METADATA);
    }
    let (topic, index) = log.rsplit_once('-')?;
    let index = PartitionIndex(index.parse().ok()?);
    let id = names.topics().find(|(_, name)| *name == topic).map(|(id, _)| id)?;
    Some(TopicPartition::new(id, index))
}
