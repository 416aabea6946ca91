//! A run told by hand about one group and three partitions: members come and go, one stands still and is thought dead while it
//! believes that it owns what another was given, one log is compacted and another expires.

use std::sync::Arc;

use bytes::Bytes;

use super::{C1, K1, P1, Tale, broker, digest, set};
use crate::error::ErrorCode;
use crate::event::{
    AssignmentFacts, BatchFacts, CleanedFacts, CleaningReason, ClientFact, ControllerFact, CrashKind, Event, GroupFact, GroupId,
    GroupKind, GroupState, LeaveReason, LogFact, MemberFacts, MemberId, PartitionFacts, PollFacts, PositionReason, RecordFacts,
    ReplicaFact, RetentionFacts, RetentionReason, RunFacts, TopicFacts, WorldFact,
};
use crate::ids::{BrokerId, Incarnation, LeaderEpoch, Offset, PartitionIndex, ProcessId, Step, TopicId, TopicPartition};
use crate::time::Timestamp;

const C2: ProcessId = ProcessId::Client(3);

/// `orders-n`.
fn orders(n: u32) -> TopicPartition {
    TopicPartition { topic: TopicId(1), partition: PartitionIndex(n) }
}

fn g1() -> GroupId {
    Arc::new("g1".to_owned())
}

fn id(name: &str) -> MemberId {
    Arc::new(format!("{name}-1.1"))
}

/// c1 owns three partitions, c2 joins and gets two of them, stands still and is removed, and c1 has them while c2 still
/// believes that it has; in the end c1 crashes.
#[must_use]
pub fn groups() -> Vec<Event> {
    let mut tale = Tale::default();
    begin(&mut tale);
    first_member(&mut tale);
    second_member(&mut tale);
    let_go(&mut tale);
    thought_dead(&mut tale);
    tale.at(3_500_000);
    tale.tell(C1, WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    tale.at(4_000_000);
    tale.tell(ProcessId::World, WorldFact::RunEnded { turns: 90 });
    tale.events()
}

impl Tale {
    fn plan(&mut self, epoch: i32, shares: &[(&str, &[u32])]) {
        let members = shares.iter().map(|(name, owned)| (id(name), owned.iter().copied().map(orders).collect())).collect();
        let assignment = Arc::new(AssignmentFacts { epoch, assignor: "uniform".to_owned(), members });
        self.tell(broker(2), GroupFact::AssignmentDecided { group: g1(), assignment });
    }

    fn state(&mut self, state: GroupState, epoch: i32) {
        self.tell(broker(2), GroupFact::GroupStateChanged { group: g1(), kind: GroupKind::Consumer, state, epoch });
    }

    fn join(&mut self, process: ProcessId, name: &str, epoch: i32) {
        self.tell(process, ClientFact::Subscribed { group: g1(), topics: Arc::new(vec!["orders".to_owned()]) });
        let client = Arc::new(name.to_owned());
        let member = MemberFacts { member: id(name), instance: None, client, topics: vec!["orders".to_owned()] };
        self.tell(broker(2), GroupFact::MemberJoined { group: g1(), member: Arc::new(member) });
        self.state(GroupState::Assigning, epoch);
    }

    fn reach(&mut self, process: ProcessId, name: &str, epoch: i32, owned: &[u32]) {
        let owned = Arc::new(owned.iter().copied().map(orders).collect());
        self.tell(broker(2), GroupFact::MemberReconciled { group: g1(), member: id(name), epoch, owned });
        self.tell(process, ClientFact::GroupJoined { group: g1(), member: id(name), epoch });
    }

    fn take(&mut self, process: ProcessId, epoch: i32, owned: &[u32]) {
        let partitions = Arc::new(owned.iter().copied().map(orders).collect());
        self.tell(process, ClientFact::PartitionsAssigned { group: g1(), epoch, partitions });
        for n in owned {
            let why = PositionReason::NoCommit;
            self.tell(process, ClientFact::PositionSet { partition: orders(*n), offset: Offset::ZERO, epoch: None, why });
        }
    }

    fn poll(&mut self, process: ProcessId, n: u32, position: u64) {
        let (position, high_watermark) = (Offset(position), Offset(12));
        let poll = PollFacts { partition: orders(n), records: Vec::new(), position, high_watermark };
        self.tell(process, ClientFact::PollReturned { poll: Arc::new(poll) });
        if let Some(offset) = position.previous() {
            let (partition, digest) = (orders(n), digest("x"));
            self.tell(process, ClientFact::RecordProcessed { partition, offset, digest });
        }
    }

    fn commit(&mut self, name: &str, n: u32, offset: u64, epoch: i32) {
        let (group, member, decided) = (g1(), id(name), Step(0));
        let fact = GroupFact::OffsetCommitted { group, partition: orders(n), offset: Offset(offset), member, epoch, decided };
        self.tell(broker(2), fact);
    }
}

fn begin(tale: &mut Tale) {
    let mut processes: Vec<(ProcessId, String)> =
        [1, 2].map(broker).into_iter().chain([K1]).map(|id| (id, id.to_string())).collect();
    processes.extend([(P1, "p1".to_owned()), (C1, "c1".to_owned()), (C2, "c2".to_owned())]);
    let run = RunFacts {
        format: crate::trace::FORMAT,
        version: crate::trace::PROGRAM.to_owned(),
        scenario: "groups".to_owned(),
        text: String::new(),
        seed: 7,
        settings: Vec::new(),
        pins: Vec::new(),
        processes: processes.clone(),
        faults: Vec::new(),
    };
    tale.tell(ProcessId::World, WorldFact::RunStarted { run: Arc::new(run) });
    for (process, _) in processes {
        tale.tell(process, WorldFact::ProcessStarted { incarnation: Incarnation(1) });
    }
    tale.at(300_000);
    let topic = TopicFacts { id: TopicId(1), name: "orders".to_owned(), partitions: 3, replication_factor: 2, config: Vec::new() };
    tale.tell(K1, ControllerFact::TopicCreated { topic: Arc::new(topic) });
    for n in 0..3 {
        let (partition, epoch, isr) = (orders(n), LeaderEpoch::ZERO, set(&[1, 2]));
        let leader = Some(BrokerId(1));
        let now = PartitionFacts { leader, epoch, isr, ..PartitionFacts::new(vec![BrokerId(1), BrokerId(2)]) };
        tale.tell(K1, ControllerFact::PartitionChanged { partition, now: Arc::new(now) });
        let end = Offset::ZERO;
        tale.tell(broker(1), ReplicaFact::BecameLeader { partition, epoch, end, high_watermark: end, isr });
        tale.tell(broker(2), ReplicaFact::BecameFollower { partition, epoch, leader, end, high_watermark: end });
        let batch = records();
        tale.tell(broker(1), LogFact::RecordsAppended { partition, batch: Arc::clone(&batch) });
        tale.tell(broker(2), LogFact::RecordsReplicated { partition, from: BrokerId(1), batch });
        let (old, new) = (Offset::ZERO, Offset(12));
        tale.tell(broker(1), ReplicaFact::HighWatermarkAdvanced { partition, old, new, epoch });
        tale.tell(broker(2), ReplicaFact::HighWatermarkLearned { partition, old, new });
    }
}

/// Twelve records of four keys; the tenth says that its key is gone.
fn records() -> Arc<BatchFacts> {
    let record = |offset: u64| {
        let name = ["a", "b", "c", "d"].get(usize::try_from(offset % 4).unwrap_or(0)).copied().unwrap_or("a");
        let key = Some(Bytes::from_static(name.as_bytes()));
        let digest = digest(&format!("{name}{offset}"));
        RecordFacts { offset: Offset(offset), timestamp: Timestamp::RUN_START, key, is_tombstone: offset == 9, digest }
    };
    Arc::new(BatchFacts {
        base: Offset::ZERO,
        last: Offset(11),
        leader_epoch: LeaderEpoch::ZERO,
        crc: 0,
        size: 700,
        producer: None,
        records: (0..12).map(record).collect(),
    })
}

fn first_member(tale: &mut Tale) {
    tale.at(500_000);
    tale.join(C1, "c1", 1);
    tale.plan(1, &[("c1", &[0, 1, 2])]);
    tale.reach(C1, "c1", 1, &[0, 1, 2]);
    tale.state(GroupState::Stable, 1);
    tale.at(600_000);
    tale.take(C1, 1, &[0, 1, 2]);
    tale.at(800_000);
    tale.poll(C1, 0, 6);
    tale.poll(C1, 1, 4);
    tale.commit("c1", 0, 5, 1);
    tale.commit("c1", 1, 4, 1);
}

fn second_member(tale: &mut Tale) {
    tale.at(1_000_000);
    tale.join(C2, "c2", 2);
    tale.plan(2, &[("c1", &[0]), ("c2", &[1, 2])]);
    tale.state(GroupState::Reconciling, 2);
    tale.reach(C2, "c2", 2, &[]);
    tale.at(1_100_000);
    let partitions = Arc::new(vec![orders(1), orders(2)]);
    tale.tell(C1, ClientFact::PartitionsRevoked { group: g1(), epoch: 1, partitions });
    tale.at(1_150_000);
    tale.reach(C1, "c1", 2, &[0]);
    tale.at(1_200_000);
    tale.reach(C2, "c2", 2, &[1, 2]);
    tale.take(C2, 2, &[1, 2]);
    tale.state(GroupState::Stable, 2);
    tale.at(1_300_000);
    tale.poll(C2, 1, 8);
    tale.commit("c2", 1, 6, 2);
}

/// orders-0 is compacted on its leader, orders-2 expires on both.
fn let_go(tale: &mut Tale) {
    tale.at(1_500_000);
    let dropped = [0, 1, 2, 3, 5].map(|offset| (Offset(offset), CleaningReason::Superseded)).to_vec();
    let cleaned = CleanedFacts {
        partition: orders(0),
        base: Offset::ZERO,
        end: Offset(8),
        wall: Timestamp::RUN_START,
        kept: 3,
        dropped,
        horizons: Vec::new(),
        bytes_before: 700,
        bytes_after: 400,
    };
    tale.tell(broker(1), LogFact::SegmentCleaned { cleaned: Arc::new(cleaned) });
    tale.at(1_600_000);
    for id in [1, 2] {
        let segment = RetentionFacts {
            partition: orders(2),
            base: Offset::ZERO,
            end: Offset(5),
            size: 300,
            largest_timestamp: Timestamp::RUN_START,
            wall: Timestamp::RUN_START,
            log_size: 700,
            high_watermark: Offset(12),
            why: RetentionReason::Time,
        };
        tale.tell(broker(id), LogFact::SegmentDeleted { segment: Arc::new(segment) });
        tale.tell(broker(id), LogFact::LogStartAdvanced { partition: orders(2), old: Offset::ZERO, new: Offset(5) });
    }
}

fn thought_dead(tale: &mut Tale) {
    tale.at(2_000_000);
    tale.tell(C2, WorldFact::ProcessPaused {});
    tale.at(2_600_000);
    tale.tell(broker(2), GroupFact::MemberLeft { group: g1(), member: id("c2"), why: LeaveReason::SessionExpired });
    tale.plan(3, &[("c1", &[0, 1, 2])]);
    tale.reach(C1, "c1", 3, &[0, 1, 2]);
    tale.state(GroupState::Stable, 3);
    tale.take(C1, 3, &[1, 2]);
    tale.at(3_000_000);
    tale.tell(C2, WorldFact::ProcessResumed {});
    let (group, member, code) = (g1(), id("c2"), ErrorCode::UnknownMemberId);
    tale.tell(broker(2), GroupFact::CommitRefused { group: g1(), member: id("c2"), epoch: 2, code });
    tale.tell(broker(2), GroupFact::MemberFenced { group: g1(), member: id("c2"), code });
    tale.tell(C2, ClientFact::MembershipLost { group, member, code });
    let partitions = Arc::new(vec![orders(1), orders(2)]);
    tale.tell(C2, ClientFact::PartitionsLost { group: g1(), epoch: 2, partitions });
}
