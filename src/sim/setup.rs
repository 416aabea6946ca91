//! What a world is told once, at the beginning, and never changes: made from a scenario, shared by all clones.

use std::sync::Arc;

use super::clock::Clock;
use super::process::{Blueprint, Place, Process, Slot};
use super::scenario::{Chaos, ClockSpec, DiskLaw, Scenario};
use super::workload::{Plan, Script};
use crate::choice::{Odds, Pin};
use crate::config::TopicConfig;
use crate::context::Command;
use crate::event::{RunFacts, VoterSetFacts};
use crate::ids::{DirectoryId, LeaderEpoch, Offset, ProcessId, VoterKey};
use crate::node::NodeSetup;
use crate::protocol::CreateTopicsRequest;
use crate::time::{Duration, Instant};

/// The version of the trace's events. It changes when an old reader would misread a new trace.
pub const TRACE_FORMAT: u32 = 1;

/// The unchanging part of a world.
#[derive(Debug)]
pub(super) struct Setup {
    residents: Vec<Resident>,
    brokers: usize,
    /// The controllers that are no brokers.
    lone_controllers: usize,
    /// The servers with a controller in them: the voters the run begins with, then the standbys.
    pub controllers: Vec<ProcessId>,
    /// How many of them are voters.
    voters: usize,
    /// The voters are known by their disks as well.
    pub is_voter_uuid_on: bool,
    /// The topics' defaults.
    pub topic_defaults: TopicConfig,
    /// When the run ends.
    pub end: Instant,
    /// How long messages are on their way.
    latency: Latency,
    /// How long disk calls take.
    pub disk: DiskLaw,
    /// The random faults.
    pub chaos: Option<Chaos>,
}

/// How long messages are on their way, by where their ends stand.
#[derive(Debug)]
struct Latency {
    /// Between any two.
    usual: Odds,
    /// The rack of each place that stands in one.
    racks: Vec<Option<usize>>,
    /// For each pair of racks, the law between them; row by row.
    between: Vec<Odds>,
    /// How many racks there are.
    count: usize,
}

impl Latency {
    fn new(scenario: &Scenario, residents: &[Resident]) -> Self {
        let names = scenario.cluster.all_racks();
        let number = |name: &str| names.iter().position(|other| other == name);
        let racks = residents.iter().map(|resident| resident.rack.as_deref().and_then(number)).collect();
        let law = |one: &String, other: &String| {
            let is_meant = |(a, b, _): &&(String, String, Odds)| (a == one && b == other) || (a == other && b == one);
            scenario.network.between.iter().find(is_meant).map_or(scenario.network.latency, |(_, _, law)| *law)
        };
        let between = names.iter().flat_map(|one| names.iter().map(move |other| law(one, other))).collect();
        Self { usual: scenario.network.latency, racks, between, count: names.len() }
    }

    fn between(&self, from: Place, to: Place) -> Odds {
        let rack = |place: Place| self.racks.get(place.index()).copied().flatten();
        let law = rack(from).zip(rack(to)).and_then(|(from, to)| self.between.get(from * self.count + to));
        law.copied().unwrap_or(self.usual)
    }
}

/// A process as the scenario has it.
#[derive(Debug)]
struct Resident {
    id: ProcessId,
    name: String,
    /// Where it stands.
    rack: Option<String>,
    blueprint: Blueprint,
    clock: ClockSpec,
    plan: Arc<Plan>,
}

impl Setup {
    /// The processes of a scenario, brokers first, then controllers, then clients by number.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut residents = servers(scenario);
        let brokers = usize::from(scenario.cluster.brokers);
        let lone_controllers = residents.len() - brokers;
        residents.extend(clients(scenario));
        Self {
            latency: Latency::new(scenario, &residents),
            residents,
            brokers,
            lone_controllers,
            controllers: scenario.cluster.controllers(),
            voters: usize::from(scenario.cluster.voters),
            is_voter_uuid_on: scenario.variants.voter_uuid.is_on(),
            topic_defaults: scenario.cluster.topic_defaults.clone(),
            end: Instant::ZERO.plus(scenario.duration),
            disk: scenario.disk,
            chaos: scenario.chaos.clone().filter(|chaos| !chaos.kinds.is_empty()),
        }
    }

    /// Every place.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        (0..self.residents.len()).map(Place::new)
    }

    /// Where a process lives.
    pub(super) fn place_of(&self, process: ProcessId) -> Place {
        let index = match process {
            ProcessId::Broker(id) => usize::from(id.0).checked_sub(1),
            ProcessId::Controller(number) => usize::from(number).checked_sub(1).map(|place| self.brokers + place),
            ProcessId::Client(number) => {
                usize::from(number).checked_sub(1).map(|place| self.brokers + self.lone_controllers + place)
            }
            ProcessId::World => None,
        };
        let place = Place::new(index.expect("processes are counted from 1, and the world itself lives nowhere"));
        assert!(self.residents.get(place.index()).is_some_and(|resident| resident.id == process), "no such process: {process}");
        place
    }

    /// Who lives at every place.
    pub(super) fn ids(&self) -> Arc<[ProcessId]> {
        self.residents.iter().map(|resident| resident.id).collect()
    }

    /// How long a message is on its way.
    pub(super) fn latency(&self, from: Place, to: Place) -> Odds {
        self.latency.between(from, to)
    }

    /// The servers that stand in a rack.
    pub(super) fn servers_in(&self, rack: &str) -> Vec<Place> {
        let is_there = |place: &Place| {
            let resident = self.resident(*place);
            !matches!(resident.id, ProcessId::Client(_)) && resident.rack.as_deref() == Some(rack)
        };
        self.places().filter(is_there).collect()
    }

    /// The voters that the metadata quorum begins with: each on the disk of its first life.
    pub(super) fn first_voters(&self) -> VoterSetFacts {
        let directory = self.is_voter_uuid_on.then_some(DirectoryId(1));
        let voters = self.controllers.iter().take(self.voters).map(|voter| VoterKey { voter: *voter, directory });
        VoterSetFacts { offset: Offset::ZERO, epoch: LeaderEpoch::ZERO, voters: voters.collect() }
    }

    /// How many brokers there are.
    pub(super) fn broker_count(&self) -> u16 {
        u16::try_from(self.brokers).expect("the scenario reader refuses more brokers")
    }

    /// Whether a consumer lives there.
    pub(super) fn is_consumer(&self, place: Place) -> bool {
        matches!(self.resident(place).blueprint, Blueprint::Consumer(_))
    }

    /// The administrator's place.
    pub(super) fn admin(&self) -> Place {
        let is_admin = |resident: &Resident| matches!(resident.blueprint, Blueprint::Admin(_));
        Place::new(self.residents.iter().position(is_admin).expect("there is an administrator in every scenario"))
    }

    /// The name that the scenario gives a process.
    pub(super) fn name(&self, process: ProcessId) -> String {
        self.residents
            .iter()
            .find(|resident| resident.id == process)
            .map_or_else(|| process.to_string(), |found| found.name.clone())
    }

    /// A new machine for a place.
    pub(super) fn build(&self, place: Place) -> Process {
        self.resident(place).blueprint.build()
    }

    /// The empty slots of a new world.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let clock = |resident: &Resident| Clock::new(resident.clock.offset_us, resident.clock.drift_ppm);
        self.residents.iter().map(|resident| Slot::new(resident.id, clock(resident))).collect()
    }

    /// The scripts of a new world.
    pub(super) fn scripts(&self) -> Vec<Script> {
        self.residents.iter().map(|resident| Script::new(Arc::clone(&resident.plan))).collect()
    }

    /// The rate at which a process's clocks ran at first.
    pub(super) fn first_drift(&self, place: Place) -> i32 {
        self.resident(place).clock.drift_ppm
    }

    /// The run's opening facts.
    pub(super) fn run_facts(&self, scenario: &Scenario, seed: u64, pins: &[Pin]) -> RunFacts {
        RunFacts {
            format: TRACE_FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.name.clone(),
            text: scenario.text.clone(),
            seed,
            settings: scenario.settings.clone(),
            pins: pins.iter().map(|pin| scenario.pin_text(pin)).collect(),
            processes: self.residents.iter().map(|resident| (resident.id, resident.name.clone())).collect(),
            faults: scenario.faults.iter().map(|fault| fault.text.clone()).collect(),
        }
    }

    fn resident(&self, place: Place) -> &Resident {
        self.residents.get(place.index()).expect("places are made from the list of residents")
    }
}

fn clock_of(scenario: &Scenario, process: ProcessId) -> ClockSpec {
    let exact = ClockSpec { process, offset_us: 0, drift_ppm: 0 };
    scenario.clocks.iter().copied().rfind(|clock| clock.process == process).unwrap_or(exact)
}

fn servers(scenario: &Scenario) -> Vec<Resident> {
    let cluster = &scenario.cluster;
    let voters = cluster.voters();
    let server = |process: ProcessId| {
        let spec = cluster.spec_of(process);
        let rack = cluster.rack_of(process).map(str::to_owned);
        let mut config = spec.map_or(&cluster.config, |spec| &spec.config).clone();
        if let (ProcessId::Broker(_), Some(rack)) = (process, &rack) {
            config.broker_rack = Some(Arc::new(rack.clone()));
        }
        let setup = NodeSetup {
            process,
            controllers: voters.clone(),
            config,
            topic_defaults: cluster.topic_defaults.clone(),
            variants: scenario.variants,
        };
        let name = process.to_string();
        let start = spec.map_or(Instant::ZERO, |spec| spec.start);
        Resident {
            id: process,
            plan: Arc::new(Plan { start, ..Plan::idle(name.clone()) }),
            name,
            rack,
            blueprint: Blueprint::Node(Arc::new(setup)),
            clock: clock_of(scenario, process),
        }
    };
    cluster.servers().map(server).collect()
}

fn clients(scenario: &Scenario) -> Vec<Resident> {
    let resident = |id, name: &str, blueprint, plan| {
        let clock = clock_of(scenario, id);
        let rack = if let Blueprint::Consumer(setup) = &blueprint { setup.config.client_rack.as_deref().cloned() } else { None };
        Resident { id, name: name.to_owned(), rack, blueprint, clock, plan: Arc::new(plan) }
    };
    let producers = scenario.producers.iter().map(|producer| {
        let setup = &producer.setup;
        let sends = producer.sends.iter().map(|(at, record)| (*at, Command::Send(record.clone()))).collect();
        let plan = Plan { start: producer.start, ..Plan::busy(setup.name.clone(), sends, producer.load) };
        resident(setup.process, &setup.name, Blueprint::Producer(Arc::new(setup.clone())), plan)
    });
    // A consumer stands where it says it does (`client.rack`).
    let consumers = scenario.consumers.iter().map(|consumer| {
        let setup = &consumer.setup;
        let plan = Plan { start: consumer.start, ..Plan::busy(setup.name.clone(), consumer.commands.clone(), None) };
        resident(setup.process, &setup.name, Blueprint::Consumer(Arc::new(setup.clone())), plan)
    });
    let mut all = producers.chain(consumers).collect::<Vec<_>>();
    let admin = &scenario.admin;
    let plan = Plan::busy(admin.name.clone(), admin_commands(scenario), None);
    all.push(resident(admin.process, &admin.name, Blueprint::Admin(Arc::new(admin.clone())), plan));
    all.sort_by_key(|client| client.id);
    all
}

/// Topics are made at time zero, before anything else that the admin is told.
fn admin_commands(scenario: &Scenario) -> Vec<(Instant, Command)> {
    let timeout = scenario.admin.request_timeout;
    let request = CreateTopicsRequest { topics: scenario.topics.clone(), timeout: timeout.min(Duration::from_secs(86_400)) };
    let creation = (!scenario.topics.is_empty()).then_some((Instant::ZERO, Command::CreateTopics(request)));
    creation.into_iter().chain(scenario.admin_commands.iter().cloned()).collect()
}
