//! The world under test: first with machines that do nothing, so that only the world's own part is seen (`messages`), then
//! whole runs (`runs`).
#![allow(clippy::indexing_slicing, reason = "a test that finds nothing there fails, as it should")]

mod messages;
mod runs;

use super::scenario::{
    Cluster, DiskLaw, Expectation, FaultAction, FaultSpec, NetworkLaw, ProducerSpec, Scenario, ScenarioKind, Target, When,
};
use super::world::World;
use crate::choice::{Luck, Odds};
use crate::client::admin::AdminSetup;
use crate::client::producer::ProducerSetup;
use crate::config::{BrokerConfig, ProducerConfig, Profile, TopicConfig, Variants};
use crate::context::{Effect, Outgoing, Payload, ReplyTo};
use crate::event::{CloseReason, ConnectionNumber, CrashKind, DropReason, Event, Fact, NetworkFact, Purpose};
use crate::ids::{BrokerId, BrokerSet, CorrelationId, ProcessId, Step};
use crate::protocol::{MetadataRequest, MetadataResponse, Request};
use crate::time::{Duration, Instant};

const B1: ProcessId = ProcessId::Broker(BrokerId(1));
const B2: ProcessId = ProcessId::Broker(BrokerId(2));
const P1: ProcessId = ProcessId::Client(1);

/// Three brokers, one controller, a producer and an admin; messages take exactly 1 ms.
pub(super) fn scenario() -> Scenario {
    let millisecond = Odds::Range { low: 1_000, high: 1_000, quiet: 1_000 };
    let cheap = Odds::Range { low: 10, high: 10, quiet: 10 };
    let producer = ProducerSetup {
        process: P1,
        name: "p1".to_owned(),
        bootstrap: vec![BrokerId(1)],
        config: ProducerConfig::of(Profile::Fast),
        topic: "orders".to_owned(),
        partition: None,
    };
    let admin = AdminSetup {
        process: ProcessId::Client(2),
        name: "admin".to_owned(),
        bootstrap: vec![BrokerId(1)],
        request_timeout: Duration::from_secs(3),
        retry_backoff: Duration::from_millis(100),
        api_timeout: Duration::from_secs(6),
    };
    Scenario {
        file: String::new(),
        name: "test".to_owned(),
        kind: ScenarioKind::Story,
        story: String::new(),
        fixed_by: String::new(),
        sources: Vec::new(),
        seed: 1,
        duration: Duration::from_secs(2),
        profile: Profile::Fast,
        luck: Luck::Seeded,
        heal_time: Duration::from_secs(1),
        cluster: Cluster {
            brokers: 3,
            voters: 1,
            standbys: 0,
            is_combined: false,
            racks: Vec::new(),
            controller_racks: Vec::new(),
            release: None,
            servers: Vec::new(),
            config: BrokerConfig::of(Profile::Fast),
            topic_defaults: TopicConfig::of(Profile::Fast),
        },
        variants: Variants::default(),
        network: NetworkLaw { latency: millisecond, between: Vec::new() },
        disk: DiskLaw { write: cheap, read: cheap, sync: cheap },
        topics: Vec::new(),
        admin,
        admin_commands: Vec::new(),
        producers: vec![ProducerSpec { setup: producer, start: Instant::ZERO, sends: Vec::new(), load: None }],
        consumers: Vec::new(),
        clocks: Vec::new(),
        faults: Vec::new(),
        chaos: None,
        expect: Expectation::default(),
        rules: Vec::new(),
        no_effect: Vec::new(),
        pins: Vec::new(),
        text: String::new(),
        settings: Vec::new(),
    }
}

/// A scripted fault.
pub(super) fn fault(at_us: u64, action: FaultAction, lasts_us: Option<u64>) -> FaultSpec {
    let text = format!("{} {action:?}", Instant(at_us));
    FaultSpec { when: When::At(Instant(at_us)), action, lasts: lasts_us.map(Duration), text, line: 1 }
}

fn cut(at_us: u64, from: ProcessId, to: ProcessId, lasts_us: u64) -> FaultSpec {
    let action = FaultAction::Cut { from: vec![Target::Process(from)], to: vec![Target::Process(to)], one_way: false };
    fault(at_us, action, Some(lasts_us))
}

fn crash(at_us: u64, kind: CrashKind, lasts_us: u64) -> FaultSpec {
    fault(at_us, FaultAction::Crash { targets: vec![Target::Process(B1)], kind }, Some(lasts_us))
}

/// A world whose machines take their inputs and do nothing; it tells what happened since the last look.
struct Watched {
    world: World,
    correlation: u32,
}

impl Watched {
    fn new(scenario: &Scenario) -> Self {
        Self { world: World::new(scenario, scenario.seed, &[], false), correlation: 0 }
    }

    /// Runs all turns up to a time and returns what was told meanwhile.
    fn until(&mut self, at_us: u64) -> Vec<Event> {
        while let Some(turn) = self.world.begin_by(Instant(at_us)) {
            self.world.end(turn);
        }
        let mut told = Vec::new();
        self.world.take_told(&mut told);
        told.into_iter().map(|(event, _)| event).collect()
    }

    /// Sends a request from one process to another, outside of any turn. Returns the message's name.
    fn send(&mut self, from: ProcessId, to: ProcessId) -> Step {
        self.correlation += 1;
        let sent = Step(1_000_000 + self.correlation);
        let request = Request::Metadata(MetadataRequest::default());
        let payload = Payload::Request { purpose: Purpose::Client, correlation: CorrelationId(self.correlation), request };
        let from = self.world.place_of(from);
        self.world.depart(from, &mut vec![Effect::Send(Outgoing { sent, origin: sent, to, payload })]);
        sent
    }

    /// Closes a client's connection.
    fn close(&mut self, from: ProcessId, to: ProcessId) {
        let from = self.world.place_of(from);
        self.world.depart(from, &mut vec![Effect::Close { server: to, purpose: Purpose::Client }]);
    }

    /// Lets a server answer the request that came to it on a connection.
    fn answer(&mut self, server: ProcessId, client: ProcessId, connection: u32) -> Step {
        self.correlation += 1;
        let sent = Step(1_000_000 + self.correlation);
        let response = MetadataResponse { brokers: BrokerSet::EMPTY, topics: Vec::new() };
        let reply_to = ReplyTo {
            client,
            connection: ConnectionNumber(connection),
            purpose: Purpose::Client,
            correlation: CorrelationId(0),
            origin: Step::NONE,
        };
        let payload = Payload::Response { reply_to, response: response.into() };
        let from = self.world.place_of(server);
        self.world.depart(from, &mut vec![Effect::Send(Outgoing { sent, origin: Step::NONE, to: client, payload })]);
        sent
    }
}

fn deliveries(events: &[Event]) -> Vec<(u64, Step)> {
    let facts = events.iter().filter_map(|event| match &event.fact {
        Fact::Network(NetworkFact::MessageDelivered { sent, .. }) => Some((event.at.0, *sent)),
        _ => None,
    });
    facts.collect()
}

fn drops(events: &[Event]) -> Vec<(Step, DropReason)> {
    let facts = events.iter().filter_map(|event| match &event.fact {
        Fact::Network(NetworkFact::MessageDropped { sent, why, .. }) => Some((*sent, *why)),
        _ => None,
    });
    facts.collect()
}

fn count(events: &[Event], wanted: impl Fn(&Fact) -> bool) -> usize {
    events.iter().filter(|event| wanted(&event.fact)).count()
}

fn closed(events: &[Event], wanted: CloseReason) -> usize {
    count(events, |fact| matches!(fact, Fact::Network(NetworkFact::ConnectionClosed { why, .. }) if *why == wanted))
}
