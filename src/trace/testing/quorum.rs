//! A run told by hand in which everything changes hands: the quorum, a partition, a disk, a topic.

use std::sync::Arc;

use super::{C1, ORDERS, P1, Tale, batch, broker, set};
use crate::event::{ApiKey, DropReason, PositionReason, Purpose};
use crate::event::{
    ControllerFact, DiskFault, Event, FaultFact, FaultIndex, LogFact, MessageFacts, NetworkFact, PartitionFacts, QuorumRole,
    RaftFact, ReplicaFact, ResignReason, RunFacts, TopicFacts, TruncationReason, VoterSetFacts, WorldFact,
};
use crate::files::{FileName, FilePath};
use crate::ids::{
    BrokerEpoch, BrokerId, DirectoryId, Incarnation, LeaderEpoch, Offset, PartitionEpoch, PartitionIndex, ProcessId, Step, TopicId,
    TopicPartition, VoterKey,
};

/// `payments-0`, on b2 and b3.
pub const PAYMENTS_0: TopicPartition = TopicPartition { topic: TopicId(2), partition: PartitionIndex(0) };
/// `payments-1`, on b3 and b1.
pub const PAYMENTS_1: TopicPartition = TopicPartition { topic: TopicId(2), partition: PartitionIndex(1) };

const K1: ProcessId = ProcessId::Controller(1);
const K2: ProcessId = ProcessId::Controller(2);
const K3: ProcessId = ProcessId::Controller(3);
const CUT: FaultIndex = FaultIndex(0);
const ROT: FaultIndex = FaultIndex(1);

/// Three controllers and four brokers. k1 and b1 are cut off together: k1 gives up the quorum and k2 wins it, b2 is elected
/// for orders-0 while b1 still takes itself for its leader. b3's disk fails. The cut heals, b1 cuts its log, orders-0 moves
/// from b1 to b4, the topic payments is deleted, b2 shuts down in order, and k1 leaves the voters.
#[must_use]
pub fn quorum() -> Vec<Event> {
    let mut tale = Tale::default();
    first_leader(&mut tale);
    brokers_and_topics(&mut tale);
    traffic(&mut tale);
    cut_off(&mut tale);
    second_leader(&mut tale);
    elected(&mut tale);
    failing_disk(&mut tale);
    healed(&mut tale);
    moved(&mut tale);
    farewells(&mut tale);
    tale.at(5_000_000);
    tale.tell(ProcessId::World, WorldFact::RunEnded { turns: 900 });
    tale.events()
}

fn key(voter: ProcessId) -> VoterKey {
    VoterKey { voter, directory: Some(DirectoryId(1)) }
}

impl Tale {
    fn role(&mut self, process: ProcessId, role: QuorumRole, epoch: u32, leader: Option<ProcessId>) {
        self.tell(process, RaftFact::QuorumRoleChanged { role, epoch: LeaderEpoch(epoch), leader });
    }

    fn voters(&mut self, who: &[ProcessId], offset: u64, voters: &[ProcessId]) {
        let voters = voters.iter().copied().map(key).collect();
        let facts = Arc::new(VoterSetFacts { offset: Offset(offset), epoch: LeaderEpoch(u32::from(offset > 0) * 2), voters });
        for process in who {
            self.tell(*process, RaftFact::VotersChanged { voters: Arc::clone(&facts) });
        }
    }

    /// The metadata log grows to `end` on these controllers, and counts.
    fn metadata(&mut self, epoch: u32, copies: &[ProcessId], end: u64, brokers: &[u16]) {
        let Some((leader, followers)) = copies.split_first() else { return };
        let grown = batch(end - 1, epoch, "m");
        self.tell(*leader, LogFact::RecordsAppended { partition: TopicPartition::METADATA, batch: Arc::clone(&grown) });
        let from = BrokerId::of(*leader).expect("a controller has a node id");
        for follower in followers {
            let batch = Arc::clone(&grown);
            self.tell(*follower, LogFact::RecordsReplicated { partition: TopicPartition::METADATA, from, batch });
        }
        self.tell(*leader, RaftFact::MetadataCommitted { end: Offset(end), epoch: LeaderEpoch(epoch) });
        for id in brokers {
            self.tell(broker(*id), RaftFact::MetadataApplied { end: Offset(end) });
        }
    }

    fn change(&mut self, by: ProcessId, partition: TopicPartition, facts: PartitionFacts) {
        self.tell(by, ControllerFact::PartitionChanged { partition, now: Arc::new(facts) });
    }

    fn role_of(&mut self, partition: TopicPartition, leader: u16, epoch: u32, followers: &[u16], isr: &[u16]) {
        let (epoch, end) = (LeaderEpoch(epoch), Offset::ZERO);
        let leads = ReplicaFact::BecameLeader { partition, epoch, end, high_watermark: end, isr: set(isr) };
        self.tell(broker(leader), leads);
        for follower in followers {
            let leader = Some(BrokerId(leader));
            let follows = ReplicaFact::BecameFollower { partition, epoch, leader, end, high_watermark: end };
            self.tell(broker(*follower), follows);
        }
    }

    fn walls(&mut self, inside: &[ProcessId], outside: &[ProcessId], is_whole: bool) {
        let pairs = inside.iter().flat_map(|one| outside.iter().flat_map(move |other| [(*one, *other), (*other, *one)]));
        for (from, to) in pairs {
            let fact =
                if is_whole { FaultFact::LinkHealed { fault: CUT, from, to } } else { FaultFact::LinkCut { fault: CUT, from, to } };
            self.tell(ProcessId::World, fact);
        }
    }
}

/// What the metadata says of a partition with these replicas.
fn facts(leader: u16, epoch: u32, partition_epoch: u32, isr: &[u16], replicas: &[u16]) -> PartitionFacts {
    PartitionFacts {
        leader: (leader > 0).then_some(BrokerId(leader)),
        epoch: LeaderEpoch(epoch),
        partition_epoch: PartitionEpoch(partition_epoch),
        isr: set(isr),
        ..PartitionFacts::new(replicas.iter().copied().map(BrokerId).collect())
    }
}

fn about(api: ApiKey, purpose: Purpose) -> MessageFacts {
    MessageFacts { partition: None, ..super::about(api, purpose, None) }
}

fn first_leader(tale: &mut Tale) {
    let servers = [K1, K2, K3].into_iter().chain((1..=4).map(broker));
    let mut processes: Vec<(ProcessId, String)> = servers.map(|id| (id, id.to_string())).collect();
    processes.extend([(P1, "p1".to_owned()), (C1, "c1".to_owned())]);
    let run = Arc::new(RunFacts {
        format: crate::trace::FORMAT,
        version: crate::trace::PROGRAM.to_owned(),
        scenario: "two-sides".to_owned(),
        text: String::new(),
        seed: 0x51DE,
        settings: Vec::new(),
        pins: Vec::new(),
        processes: processes.clone(),
        faults: vec!["1.300s cut k1+b1 | k2+k3+b2+b3+b4, heal after 1300ms".to_owned(), "2.200s disk of b3: sync-fails".to_owned()],
    });
    tale.tell(ProcessId::World, WorldFact::RunStarted { run });
    for (process, _) in processes {
        tale.tell(process, WorldFact::ProcessStarted { incarnation: Incarnation(1) });
    }
    tale.voters(&[K1, K2, K3], 0, &[K1, K2, K3]);
    tale.at(20_000);
    tale.role(K1, QuorumRole::Prospective, 0, None);
    tale.at(22_000);
    tale.role(K1, QuorumRole::Candidate, 1, None);
    tale.tell(K1, RaftFact::VoteCast { epoch: LeaderEpoch(1), candidate: key(K1) });
    tale.message(K1, K2, about(ApiKey::Vote, Purpose::Quorum), 500);
    tale.tell(K2, RaftFact::VoteCast { epoch: LeaderEpoch(1), candidate: key(K1) });
    tale.message(K2, K1, MessageFacts { is_response: true, ..about(ApiKey::Vote, Purpose::Quorum) }, 400);
    tale.tell(K1, RaftFact::QuorumLeaderElected { epoch: LeaderEpoch(1) });
    tale.role(K1, QuorumRole::Leader, 1, Some(K1));
    for follower in [K2, K3] {
        tale.message(K1, follower, about(ApiKey::BeginQuorumEpoch, Purpose::Quorum), 600);
        tale.role(follower, QuorumRole::Follower, 1, Some(K1));
    }
    tale.metadata(1, &[K1, K2, K3], 1, &[]);
    tale.tell(K1, ControllerFact::ControllerActivated { epoch: LeaderEpoch(1) });
}

fn brokers_and_topics(tale: &mut Tale) {
    tale.at(100_000);
    for (id, rack) in [(1, "A"), (2, "B"), (3, "C"), (4, "A")] {
        tale.message(broker(id), K1, about(ApiKey::BrokerRegistration, Purpose::Heartbeat), 700);
        let (incarnation, epoch, rack) = (Incarnation(1), BrokerEpoch(u64::from(id)), Some(Arc::new(rack.to_owned())));
        tale.tell(K1, ControllerFact::BrokerRegistered { broker: BrokerId(id), incarnation, epoch, rack });
        tale.role(broker(id), QuorumRole::Follower, 1, Some(K1));
    }
    tale.metadata(1, &[K1, K2, K3], 9, &[1, 2, 3, 4]);
    for id in 1..=4 {
        tale.tell(K1, ControllerFact::BrokerUnfenced { broker: BrokerId(id), epoch: BrokerEpoch(u64::from(id)) });
    }
    tale.at(300_000);
    let min = |min: &str| vec![("min.insync.replicas".to_owned(), min.to_owned())];
    for (id, name, partitions, replication_factor, config) in [(1, "orders", 1, 3, min("2")), (2, "payments", 2, 2, min("1"))] {
        let topic = TopicFacts { id: TopicId(id), name: name.to_owned(), partitions, replication_factor, config };
        let created = tale.tell(K1, ControllerFact::TopicCreated { topic: Arc::new(topic) });
        tale.because(created);
    }
    tale.change(K1, ORDERS, facts(1, 0, 0, &[1, 2, 3], &[1, 2, 3]));
    tale.change(K1, PAYMENTS_0, facts(2, 0, 0, &[2, 3], &[2, 3]));
    tale.change(K1, PAYMENTS_1, facts(3, 0, 0, &[1, 3], &[3, 1]));
    tale.metadata(1, &[K1, K2, K3], 14, &[1, 2, 3, 4]);
    tale.role_of(ORDERS, 1, 0, &[2, 3], &[1, 2, 3]);
    tale.role_of(PAYMENTS_0, 2, 0, &[3], &[2, 3]);
    tale.role_of(PAYMENTS_1, 3, 0, &[1], &[1, 3]);
    let why = PositionReason::Beginning;
    tale.tell(C1, crate::event::ClientFact::PositionSet { partition: ORDERS, offset: Offset::ZERO, epoch: None, why });
}

fn traffic(tale: &mut Tale) {
    for (place, name) in (0_u64..).zip(["a", "b", "c"]) {
        tale.at(1_000_000 + place * 40_000);
        tale.send(1, u32::try_from(place + 1).expect("few"), place, 0, name);
        tale.fetch((1, 2), place, Some((0, name)), None);
        tale.fetch((1, 3), place, Some((0, name)), None);
        tale.fetch((1, 2), place + 1, None, None);
        tale.fetch((1, 3), place + 1, None, Some((place, place + 1)));
        tale.learn(2, place, place + 1);
        tale.learn(3, place, place + 1);
    }
    tale.tell(K1, RaftFact::SnapshotTaken { end: Offset(10), epoch: LeaderEpoch(1), bytes: 812 });
}

fn cut_off(tale: &mut Tale) {
    tale.at(1_300_000);
    let struck = tale.tell(ProcessId::World, FaultFact::FaultStruck { fault: CUT, target: None });
    tale.because(struck);
    tale.walls(&[K1, broker(1)], &[K2, K3, broker(2), broker(3), broker(4)], false);
    tale.at(1_350_000);
    tale.send(1, 4, 3, 0, "E");
    tale.at(1_380_000);
    let message = super::about(ApiKey::Fetch, Purpose::Fetcher, Some(3));
    let sent = tale.tell(broker(2), NetworkFact::MessageSent { to: broker(1), message });
    tale.because(sent);
    tale.tell(broker(2), NetworkFact::MessageDropped { sent, to: broker(1), why: DropReason::Cut, fault: Some(CUT) });
}

fn second_leader(tale: &mut Tale) {
    tale.at(1_550_000);
    let refused = RaftFact::VoteRefused { epoch: LeaderEpoch(1), candidate: K2, pre_vote: true };
    tale.role(K2, QuorumRole::Prospective, 1, None);
    tale.message(K2, K3, about(ApiKey::Vote, Purpose::Quorum), 500);
    tale.tell(K3, refused);
    tale.at(1_600_000);
    tale.role(K2, QuorumRole::Candidate, 2, None);
    tale.tell(K2, RaftFact::VoteCast { epoch: LeaderEpoch(2), candidate: key(K2) });
    tale.message(K2, K3, about(ApiKey::Vote, Purpose::Quorum), 500);
    tale.tell(K3, RaftFact::VoteCast { epoch: LeaderEpoch(2), candidate: key(K2) });
    tale.message(K3, K2, MessageFacts { is_response: true, ..about(ApiKey::Vote, Purpose::Quorum) }, 500);
    tale.tell(K2, RaftFact::QuorumLeaderElected { epoch: LeaderEpoch(2) });
    tale.role(K2, QuorumRole::Leader, 2, Some(K2));
    tale.role(K3, QuorumRole::Follower, 2, Some(K2));
    tale.metadata(2, &[K2, K3], 15, &[]);
    for id in 2..=4 {
        tale.role(broker(id), QuorumRole::Follower, 2, Some(K2));
        tale.tell(broker(id), RaftFact::MetadataApplied { end: Offset(15) });
    }
    tale.tell(K2, ControllerFact::ControllerActivated { epoch: LeaderEpoch(2) });
}

fn elected(tale: &mut Tale) {
    tale.at(1_930_000);
    let fenced = tale.tell(K2, ControllerFact::BrokerFenced { broker: BrokerId(1), epoch: BrokerEpoch(1) });
    tale.because(fenced);
    tale.change(K2, ORDERS, facts(2, 1, 1, &[2, 3], &[1, 2, 3]));
    tale.change(K2, PAYMENTS_1, facts(3, 0, 1, &[3], &[3, 1]));
    let (from, leader, epoch) = (Some(BrokerId(1)), Some(BrokerId(2)), LeaderEpoch(1));
    let elected = tale.tell(K2, ControllerFact::LeaderElected { partition: ORDERS, from, leader, epoch, clean: true });
    tale.because(elected);
    tale.at(1_934_000);
    tale.metadata(2, &[K2, K3], 18, &[2, 3]);
    tale.leads(2, 1, (3, 3), &[2, 3]);
    tale.follows(3, 2, 1, (3, 3));
    let (isr, partition_epoch, epoch) = (set(&[3]), PartitionEpoch(1), LeaderEpoch(0));
    tale.tell(broker(3), ReplicaFact::IsrAdopted { partition: PAYMENTS_1, isr, maximal: isr, partition_epoch, epoch });
    tale.at(1_960_000);
    let sent = tale.tell(broker(4), NetworkFact::MessageSent { to: K2, message: about(ApiKey::Fetch, Purpose::MetadataFetcher) });
    tale.at(1_980_000);
    tale.tell(K1, RaftFact::QuorumLeaderResigned { epoch: LeaderEpoch(1), why: ResignReason::CheckQuorum });
    tale.role(K1, QuorumRole::Resigned, 1, None);
    tale.tell(K1, ControllerFact::ControllerDeactivated { epoch: LeaderEpoch(1) });
    arrive(tale, sent, broker(4), K2);
    tale.metadata(2, &[K2, K3], 19, &[2, 3, 4]);
    tale.at(2_100_000);
    tale.send(2, 5, 3, 1, "F");
    tale.fetch((2, 3), 3, Some((1, "F")), None);
    tale.fetch((2, 3), 4, None, Some((3, 4)));
    tale.learn(3, 3, 4);
}

fn arrive(tale: &mut Tale, sent: Step, from: ProcessId, to: ProcessId) {
    tale.tell(to, NetworkFact::MessageDelivered { sent, from, connection: crate::event::ConnectionNumber(9) });
}

fn failing_disk(tale: &mut Tale) {
    tale.at(2_200_000);
    let struck = tale.tell(ProcessId::World, FaultFact::FaultStruck { fault: ROT, target: Some(broker(3)) });
    tale.because(struck);
    let file = FilePath::log(PAYMENTS_0, FileName::Segment(Offset::ZERO));
    let failed = tale.tell(broker(3), WorldFact::DiskFaulted { file, fault: DiskFault::SyncFailed });
    tale.because(failed);
    let why = Arc::new("a sync of 00000000000000000000.log failed".to_owned());
    tale.tell(broker(3), LogFact::LogFenced { partition: PAYMENTS_0, end: Offset::ZERO, why: Arc::clone(&why) });
    tale.tell(broker(3), ReplicaFact::ReplicaOffline { partition: PAYMENTS_0, why });
    tale.change(K2, PAYMENTS_0, PartitionFacts { elr: set(&[3]), ..facts(2, 0, 1, &[2], &[2, 3]) });
    let (isr, partition_epoch, epoch) = (set(&[2]), PartitionEpoch(1), LeaderEpoch(0));
    tale.tell(broker(2), ReplicaFact::IsrAdopted { partition: PAYMENTS_0, isr, maximal: isr, partition_epoch, epoch });
}

fn healed(tale: &mut Tale) {
    tale.at(2_600_000);
    let over = tale.tell(ProcessId::World, FaultFact::FaultHealed { fault: CUT, target: None });
    tale.because(over);
    tale.walls(&[K1, broker(1)], &[K2, K3, broker(2), broker(3), broker(4)], true);
    tale.at(2_650_000);
    tale.role(K1, QuorumRole::Follower, 2, Some(K2));
    tale.role(broker(1), QuorumRole::Follower, 2, Some(K2));
    tale.metadata(2, &[K2, K3, K1], 21, &[1, 2, 3, 4]);
    tale.tell(K2, ControllerFact::BrokerUnfenced { broker: BrokerId(1), epoch: BrokerEpoch(1) });
    tale.follows(1, 2, 1, (4, 3));
    tale.fetch((2, 1), 4, None, None);
    let why = TruncationReason::DivergingEpoch;
    tale.tell(broker(1), LogFact::LogTruncated { partition: ORDERS, from: Offset(4), to: Offset(3), why });
    tale.fetch((2, 1), 3, Some((1, "F")), None);
    tale.learn(1, 3, 4);
}

fn moved(tale: &mut Tale) {
    tale.at(3_000_000);
    let (adding, removing) = (set(&[4]), set(&[1]));
    let started = tale.tell(K2, ControllerFact::ReassignmentStarted { partition: ORDERS, adding, removing });
    tale.because(started);
    tale.change(K2, ORDERS, PartitionFacts { adding, removing, ..facts(2, 1, 2, &[2, 3], &[2, 3, 4, 1]) });
    tale.metadata(2, &[K2, K3, K1], 23, &[1, 2, 3, 4]);
    tale.follows(4, 2, 1, (0, 0));
    for (offset, name, epoch) in [(0, "a", 0), (1, "b", 0), (2, "c", 0), (3, "F", 1)] {
        tale.fetch((2, 4), offset, Some((epoch, name)), None);
    }
    tale.at(3_200_000);
    let (isr, maximal, partition_epoch) = (set(&[2, 3, 4]), set(&[2, 3, 4]), PartitionEpoch(2));
    tale.tell(broker(2), ReplicaFact::IsrProposed { partition: ORDERS, isr, maximal, partition_epoch });
    tale.change(K2, ORDERS, facts(2, 1, 3, &[2, 3, 4], &[2, 3, 4]));
    tale.tell(K2, ControllerFact::ReassignmentCompleted { partition: ORDERS });
    let (partition_epoch, epoch) = (PartitionEpoch(3), LeaderEpoch(1));
    tale.tell(broker(2), ReplicaFact::IsrAdopted { partition: ORDERS, isr, maximal, partition_epoch, epoch });
    tale.at(3_220_000);
    tale.tell(broker(1), ReplicaFact::ReplicaResigned { partition: ORDERS, epoch: LeaderEpoch(1) });
    tale.tell(broker(1), LogFact::LogDeleted { partition: ORDERS });
}

fn farewells(tale: &mut Tale) {
    tale.at(3_600_000);
    let deleted = tale.tell(K2, ControllerFact::TopicDeleted { topic: TopicId(2) });
    tale.because(deleted);
    for (id, partition) in [(2, PAYMENTS_0), (1, PAYMENTS_1), (3, PAYMENTS_1)] {
        tale.tell(broker(id), LogFact::LogDeleted { partition });
    }
    tale.at(3_800_000);
    let asked = tale.tell(broker(2), WorldFact::ShutdownRequested {});
    tale.because(asked);
    tale.tell(K2, ControllerFact::BrokerShuttingDown { broker: BrokerId(2), epoch: BrokerEpoch(2) });
    tale.change(K2, ORDERS, facts(3, 2, 4, &[3, 4], &[2, 3, 4]));
    let (from, leader, epoch) = (Some(BrokerId(2)), Some(BrokerId(3)), LeaderEpoch(2));
    tale.tell(K2, ControllerFact::LeaderElected { partition: ORDERS, from, leader, epoch, clean: true });
    tale.leads(3, 2, (4, 4), &[3, 4]);
    tale.follows(4, 3, 2, (4, 0));
    tale.tell(broker(2), WorldFact::ProcessStopped { incarnation: Incarnation(1) });
    tale.at(4_200_000);
    tale.voters(&[K2, K3], 24, &[K2, K3]);
    tale.metadata(2, &[K2, K3, K1], 25, &[1, 3, 4]);
    tale.tell(K1, RaftFact::SnapshotTaken { end: Offset(20), epoch: LeaderEpoch(2), bytes: 1_044 });
}
