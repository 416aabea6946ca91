//! Laws of the controller: whatever brokers, leaders and clients ask, and whenever it crashes.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use tribunal::config::{BrokerConfig, Profile, TopicConfig, Variants};
use tribunal::context::{Effect, Input, Machine, Message, Payload, ReplyTo};
use tribunal::controller::image::{Change, MetadataImage};
use tribunal::controller::records::MetadataRecord;
use tribunal::controller::{Controller, ControllerSetup};
use tribunal::event::{ConnectionNumber, ControllerFact, Fact, PartitionFacts, Purpose};
use tribunal::ids::{BrokerEpoch, BrokerId, BrokerSet, CorrelationId, Incarnation, Offset, ProcessId, Step, TopicPartition};
use tribunal::protocol::{
    AllocateProducerIdsRequest, AlterPartitionItem, AlterPartitionReassignmentsRequest, AlterPartitionRequest,
    BrokerHeartbeatRequest, BrokerRegistrationRequest, ConfigChange, ConfigResource, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, ElectionType, IncrementalAlterConfigsRequest, IsrMember, MorePartitions,
    NamedPartition, NewTopic, Reassignment, Request, Response, UpdateFeaturesRequest,
};
use tribunal::time::Duration;

use crate::support::{Server, cases};

const ME: ProcessId = ProcessId::Controller(1);

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    Register { broker: u16, life: u32, is_clean: bool },
    Heartbeat { broker: u16, is_caught_up: bool, want_fence: bool, want_shut_down: bool },
    Create { name: u8, partitions: u32, replicas: u16, unclean: bool },
    Alter { partition: prop::sample::Index, isr: u64, is_stale: bool },
    Pass { ms: u64 },
    Crash { after_effects: Option<u32>, power: bool },
    Delete { name: u8 },
    AddPartitions { name: u8, count: u32 },
    Reassign { partition: prop::sample::Index, to: Vec<u16> },
    Cancel { partition: prop::sample::Index },
    Elect { partition: prop::sample::Index, unclean: bool },
    SetMinIsr { name: u8, value: u32 },
    SetUnclean { name: u8, value: bool },
    SwitchElr { on: bool },
    LoseDisk { broker: u16, partition: prop::sample::Index },
    AllocateIds { broker: u16 },
}

fn operations() -> impl Strategy<Value = Happening> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        1 => (0..4_u8).prop_map(|name| Happening::Delete { name }),
        1 => (0..4_u8, 0..6_u32).prop_map(|(name, count)| Happening::AddPartitions { name, count }),
        4 => (index(), prop::collection::vec(1..=5_u16, 0..4)).prop_map(|(partition, to)| Happening::Reassign { partition, to }),
        2 => index().prop_map(|partition| Happening::Cancel { partition }),
        2 => (index(), any::<bool>()).prop_map(|(partition, unclean)| Happening::Elect { partition, unclean }),
        2 => (0..4_u8, 0..4_u32).prop_map(|(name, value)| Happening::SetMinIsr { name, value }),
        1 => (0..4_u8, any::<bool>()).prop_map(|(name, value)| Happening::SetUnclean { name, value }),
        1 => prop::bool::weighted(0.7).prop_map(|on| Happening::SwitchElr { on }),
        1 => (1..=4_u16, index()).prop_map(|(broker, partition)| Happening::LoseDisk { broker, partition }),
        1 => (1..=4_u16).prop_map(|broker| Happening::AllocateIds { broker }),
    ]
}

fn happenings() -> impl Strategy<Value = Happening> {
    let broker = || 1..=4_u16;
    let crash = (prop::option::of(0..6_u32), any::<bool>());
    prop_oneof![
        2 => (broker(), 1..4_u32, any::<bool>()).prop_map(|(broker, life, is_clean)| Happening::Register { broker, life, is_clean }),
        6 => (broker(), prop::bool::weighted(0.9), prop::bool::weighted(0.05), prop::bool::weighted(0.05)).prop_map(
            |(broker, is_caught_up, want_fence, want_shut_down)| Happening::Heartbeat { broker, is_caught_up, want_fence, want_shut_down }
        ),
        2 => (0..4_u8, 1..4_u32, 1..4_u16, any::<bool>())
            .prop_map(|(name, partitions, replicas, unclean)| Happening::Create { name, partitions, replicas, unclean }),
        4 => (any::<prop::sample::Index>(), 0..32_u64, prop::bool::weighted(0.1))
            .prop_map(|(partition, isr, is_stale)| Happening::Alter { partition, isr, is_stale }),
        3 => prop_oneof![Just(1), Just(3), Just(300), Just(500)].prop_map(|ms| Happening::Pass { ms }),
        6 => operations(),
        1 => crash.prop_map(|(after_effects, power)| Happening::Crash { after_effects, power }),
    ]
}

/// A controller, and what its trace says of the cluster.
struct Trial {
    server: Server<Controller>,
    epochs: BTreeMap<BrokerId, BrokerEpoch>,
    told: BTreeMap<TopicPartition, Arc<PartitionFacts>>,
    topics_told: usize,
}

impl Trial {
    fn new() -> Self {
        let mut trial = Self { server: Server::new(ME, machine()), epochs: BTreeMap::new(), told: BTreeMap::new(), topics_told: 0 };
        trial.step(Input::Started);
        trial
    }

    fn step(&mut self, input: Input) {
        self.server.turn(|machine, cx| machine.step(input, cx));
        let (events, effects) = self.server.take();
        for event in events {
            match event.fact {
                Fact::Controller(ControllerFact::PartitionChanged { partition, now }) => self.hear(partition, &now),
                Fact::Controller(ControllerFact::TopicCreated { .. }) => self.topics_told += 1,
                Fact::Controller(ControllerFact::TopicDeleted { topic }) => {
                    self.told.retain(|partition, _| partition.topic != topic);
                }
                _ => {}
            }
        }
        for effect in effects {
            let Effect::Send(sent) = effect else { continue };
            let Payload::Response { response: Response::BrokerRegistration(told), .. } = sent.payload else { continue };
            if let (Ok(epoch), ProcessId::Broker(broker)) = (told.result, sent.to) {
                self.epochs.insert(broker, epoch);
            }
        }
    }

    /// What is told of a partition is sound, and never older than what was told before.
    fn hear(&mut self, partition: TopicPartition, now: &Arc<PartitionFacts>) {
        let replicas: BrokerSet = now.replicas.iter().copied().collect();
        assert!(replicas.covers(now.isr.union(now.elr)), "{now:?}");
        assert!(now.isr.iter().all(|broker| !now.elr.contains(broker)), "{now:?}");
        assert!(replicas.covers(now.adding.union(now.removing)), "{now:?}");
        assert!(now.leader.is_none() || now.last_known_elr.is_empty(), "{now:?}");
        assert!(now.leader.is_none_or(|leader| now.isr.contains(leader)), "{now:?}");
        if let Some(before) = self.told.insert(partition, Arc::clone(now)) {
            assert!(now.epoch >= before.epoch, "{before:?} then {now:?}");
            assert!(now.partition_epoch >= before.partition_epoch, "{before:?} then {now:?}");
            assert!(now.epoch > before.epoch || now.leader == before.leader, "{before:?} then {now:?}");
            assert!(now.partition_epoch > before.partition_epoch || *now == before, "{before:?} then {now:?}");
        }
    }

    fn ask(&mut self, from: ProcessId, request: Request) {
        let (connection, purpose, correlation) = (ConnectionNumber(1), Purpose::ToController, CorrelationId(1));
        let reply_to = ReplyTo { client: from, connection, purpose, correlation, origin: Step::NONE };
        self.step(Input::Message(Message::Request { from, reply_to, request }));
    }

    fn pass(&mut self, span: Duration) {
        let end = self.server.now.plus(span);
        while let Some(due) = self.server.machine.next_deadline().filter(|due| *due <= end) {
            self.server.now = self.server.now.max(due);
            self.step(Input::Deadline);
        }
        self.server.now = end;
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Register { broker, life, is_clean } => {
                let (broker, incarnation) = (BrokerId(broker), Incarnation(life));
                let previous_broker_epoch = self.epochs.get(&broker).copied().filter(|_| is_clean);
                let rack = Some(Arc::new(format!("R{}", broker.0 % 2)));
                let request = BrokerRegistrationRequest { broker, incarnation, previous_broker_epoch, rack };
                self.ask(ProcessId::Broker(broker), request.into());
            }
            Happening::Heartbeat { broker, is_caught_up, want_fence, want_shut_down } => {
                let broker = BrokerId(broker);
                let epoch = self.epochs.get(&broker).copied().unwrap_or_default();
                let current_metadata_offset = if is_caught_up { self.server.machine.image().end() } else { Offset::ZERO };
                let request = BrokerHeartbeatRequest {
                    broker,
                    epoch,
                    current_metadata_offset,
                    want_fence,
                    want_shut_down,
                    offline_replicas: Vec::new(),
                };
                self.ask(ProcessId::Broker(broker), request.into());
            }
            Happening::Create { name, partitions, replicas, unclean } => {
                let config = vec![("unclean.leader.election.enable".to_owned(), unclean.to_string())];
                let (name, assignment) = (format!("t{name}"), Vec::new());
                let topic = NewTopic { name, partitions, replication_factor: replicas, assignment, config };
                let request = CreateTopicsRequest { topics: vec![topic], timeout: Duration::from_secs(1) };
                self.ask(ProcessId::Client(1), request.into());
            }
            Happening::Alter { partition, isr, is_stale } => self.alter(partition, isr, is_stale),
            Happening::Delete { .. }
            | Happening::AddPartitions { .. }
            | Happening::Reassign { .. }
            | Happening::Cancel { .. }
            | Happening::Elect { .. }
            | Happening::SetMinIsr { .. }
            | Happening::SetUnclean { .. }
            | Happening::SwitchElr { .. }
            | Happening::LoseDisk { .. }
            | Happening::AllocateIds { .. } => self.operate(happening),
            Happening::Pass { ms } => self.pass(Duration::from_millis(ms)),
            Happening::Crash { after_effects, power } => self.crash(after_effects, power),
        }
    }

    /// What operators want, and what brokers ask besides.
    fn operate(&mut self, happening: &Happening) {
        let timeout = Duration::from_secs(1);
        let topic = |name: &u8| format!("t{name}");
        let request: Request = match happening {
            Happening::Delete { name } => DeleteTopicsRequest { topics: vec![topic(name)], timeout }.into(),
            Happening::AddPartitions { name, count } => {
                let more = MorePartitions { topic: topic(name), count: *count, assignment: Vec::new() };
                CreatePartitionsRequest { topics: vec![more], timeout }.into()
            }
            Happening::Reassign { partition, to } => {
                let Some((_, partition)) = self.any_partition(*partition) else { return };
                let replicas = Some(to.iter().copied().map(BrokerId).collect());
                AlterPartitionReassignmentsRequest { partitions: vec![Reassignment { partition, replicas }], timeout }.into()
            }
            Happening::Cancel { partition } => {
                let Some((_, partition)) = self.any_partition(*partition) else { return };
                let move_off = Reassignment { partition, replicas: None };
                AlterPartitionReassignmentsRequest { partitions: vec![move_off], timeout }.into()
            }
            Happening::Elect { partition, unclean } => {
                let Some((_, partition)) = self.any_partition(*partition) else { return };
                let kind = if *unclean { ElectionType::Unclean } else { ElectionType::Preferred };
                ElectLeadersRequest { kind, partitions: Some(vec![partition]), timeout }.into()
            }
            Happening::SetMinIsr { name, value } => set(topic(name), "min.insync.replicas", value.to_string()),
            Happening::SetUnclean { name, value } => set(topic(name), "unclean.leader.election.enable", value.to_string()),
            Happening::SwitchElr { on } => UpdateFeaturesRequest { updates: vec![("elr".to_owned(), u16::from(*on))] }.into(),
            Happening::AllocateIds { broker } => {
                let broker = BrokerId(*broker);
                let broker_epoch = self.epochs.get(&broker).copied().unwrap_or_default();
                AllocateProducerIdsRequest { broker, broker_epoch }.into()
            }
            Happening::LoseDisk { broker, partition } => {
                let Some((partition, _)) = self.any_partition(*partition) else { return };
                let broker = BrokerId(*broker);
                let epoch = self.epochs.get(&broker).copied().unwrap_or_default();
                let (want_fence, want_shut_down, offline_replicas) = (false, false, vec![partition]);
                let current_metadata_offset = self.server.machine.image().end();
                BrokerHeartbeatRequest { broker, epoch, current_metadata_offset, want_fence, want_shut_down, offline_replicas }
                    .into()
            }
            other => unreachable!("{other:?} is no operation"),
        };
        self.ask(ProcessId::Client(1), request);
    }

    fn any_partition(&self, place: prop::sample::Index) -> Option<(TopicPartition, NamedPartition)> {
        let image = self.server.machine.image();
        let all: Vec<TopicPartition> = image.partitions().map(|(partition, _)| partition).collect();
        let partition = *(!all.is_empty()).then(|| place.get(&all))?;
        let topic = image.topic(partition.topic).expect("a partition has a topic").name.clone();
        Some((partition, NamedPartition { topic, partition: partition.partition }))
    }

    /// The leader of some partition proposes some of its replicas.
    fn alter(&mut self, place: prop::sample::Index, isr: u64, is_stale: bool) {
        let all: Vec<_> = self.server.machine.image().partitions().map(|(id, facts)| (id, Arc::clone(facts))).collect();
        let Some((partition, facts)) = (!all.is_empty()).then(|| place.get(&all).clone()) else { return };
        let Some(leader) = facts.leader else { return };
        let proposed = facts.replicas.iter().filter(|broker| BrokerSet(isr).with(leader).contains(**broker));
        let new_isr = proposed.map(|broker| IsrMember { broker: *broker, broker_epoch: None }).collect();
        let leader_epoch = if is_stale { tribunal::ids::LeaderEpoch(0) } else { facts.epoch };
        let item = AlterPartitionItem { partition, leader_epoch, partition_epoch: facts.partition_epoch, new_isr };
        let broker_epoch = self.epochs.get(&leader).copied().unwrap_or_default();
        self.ask(ProcessId::Broker(leader), AlterPartitionRequest { broker: leader, broker_epoch, partitions: vec![item] }.into());
    }

    /// Dies, in the middle of its next write if it has one, and comes back.
    fn crash(&mut self, after_effects: Option<u32>, power: bool) {
        if let (Some(effects), Some(due)) = (after_effects, self.server.machine.next_deadline()) {
            self.server.kill_after(Some(effects));
            self.server.now = self.server.now.max(due);
            self.step(Input::Deadline);
            self.server.kill_after(None);
        }
        if power {
            self.server.disk.lose_power(|_, _| 0);
        }
        self.server.machine = machine();
        self.step(Input::Started);
    }

    /// After a quiet moment, what was told is what is.
    fn assert_told_is_true(&mut self) {
        self.pass(Duration::from_millis(3));
        let image = self.server.machine.image();
        for (partition, facts) in image.partitions() {
            assert_eq!(self.told.get(&partition), Some(facts), "{partition}");
        }
        assert_eq!(self.told.len(), image.partitions().count(), "nothing was told that did not happen");
        assert!(self.topics_told >= image.topics().count());
    }
}

fn machine() -> Controller {
    Controller::new(Arc::new(ControllerSetup {
        me: ME,
        voters: vec![ME],
        config: BrokerConfig::of(Profile::Fast),
        topic_defaults: TopicConfig::of(Profile::Fast),
        variants: Variants::default(),
    }))
}

fn set(topic: String, key: &str, value: String) -> Request {
    let change = ConfigChange { resource: ConfigResource::Topic(topic), key: key.to_owned(), value: Some(value) };
    IncrementalAlterConfigsRequest { changes: vec![change] }.into()
}

/// A fenced broker leads nothing, and is in an ISR only as its last member, where eligible replicas are off. Who lost a
/// disk leads nothing that lay on it. Eligible replicas are kept only while the ISR is too small.
fn assert_fenced_brokers_are_out(image: &MetadataImage) {
    let has_elr = image.variants(Variants::default()).elr.is_on();
    for (partition, facts) in image.partitions() {
        assert!(facts.leader.is_none_or(|leader| image.is_alive(leader)), "{partition}: {facts:?}");
        assert!(facts.leader.is_none_or(|leader| !image.is_offline(leader, partition)), "{partition}: {facts:?}");
        // A move called off uncleanly takes a replica to be in sync that may not be there.
        let is_last = facts.isr.len() == 1 && (!has_elr || facts.leader.is_none());
        assert!(is_last || facts.isr.iter().all(|broker| image.is_alive(broker)), "{partition}: {facts:?}");
        assert!(has_elr || facts.elr.is_empty(), "{partition}: {facts:?}");
        assert!(has_elr || !facts.isr.is_empty(), "{partition}: {facts:?}");
    }
}

/// A snapshot stands for the log, and what it changes leads from any image to this one.
fn assert_snapshot_stands_for_it(image: &MetadataImage) {
    let records: Vec<_> = image.to_records().iter().map(MetadataRecord::encode).collect();
    let copy = MetadataImage::from_snapshot(image.end(), &records).expect("what was just written");
    assert_eq!(&copy, image);
    assert_eq!(copy.changes_since(image), []);
    let created = image.changes_since(&MetadataImage::default());
    let partitions = created.iter().filter(|change| matches!(change, Change::PartitionCreated(..))).count();
    assert_eq!(partitions, image.partitions().count());
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn whatever_is_asked_the_metadata_stays_sound(story in prop::collection::vec(happenings(), 1..80)) {
        let mut trial = Trial::new();
        for happening in &story {
            trial.happen(happening);
            assert_fenced_brokers_are_out(trial.server.machine.image());
        }
        assert_snapshot_stands_for_it(trial.server.machine.image());
        trial.assert_told_is_true();
    }

    #[test]
    fn a_replay_of_the_log_equals_the_live_state(story in prop::collection::vec(happenings(), 1..60)) {
        let mut trial = Trial::new();
        for happening in &story {
            trial.happen(happening);
        }
        trial.pass(Duration::from_millis(3));
        let live = trial.server.machine.image().clone();
        trial.server.disk.lose_power(|_, _| 0);
        trial.server.machine = machine();
        trial.step(Input::Started);
        assert_eq!(trial.server.machine.image(), &live);
    }
}
