//! The group `g1` of the small cluster of [`super::testing`]: c1 owns its one partition, c2 waits outside.

use std::sync::Arc;

use super::testing::{CONSUMER, Cluster, ORDERS, b};
use crate::event::{
    AssignmentFacts, ClientFact, CommitFacts, GroupFact, GroupId, GroupKind, GroupState, MemberFacts, MemberId, PositionReason,
    ReadRecord,
};
use crate::ids::{LeaderEpoch, Offset, ProcessId, Step};

/// The group.
pub(super) fn g1() -> GroupId {
    Arc::new("g1".to_owned())
}

/// A member of it, by its consumer.
pub(super) fn member(consumer: ProcessId) -> MemberId {
    Arc::new(format!("c{}-b1.1.1", if consumer == CONSUMER { 1 } else { 2 }))
}

impl Cluster {
    /// c1 is the one member and owns the partition.
    pub(super) fn begin_group(&mut self) {
        self.push(CONSUMER, ClientFact::Subscribed { group: g1(), topics: Arc::new(vec!["orders".to_owned()]) });
        self.change_group(GroupState::PreparingRebalance, 0);
        self.join(CONSUMER, 1);
        self.change_group(GroupState::CompletingRebalance, 1);
        self.plan(CONSUMER, 1);
        self.change_group(GroupState::Stable, 1);
        self.give(CONSUMER, 1);
        self.go_on(CONSUMER, 0, PositionReason::NoCommit);
    }

    pub(super) fn change_group(&mut self, state: GroupState, epoch: i32) {
        self.push(b(1), GroupFact::GroupStateChanged { group: g1(), kind: GroupKind::Classic, state, epoch });
    }

    /// A consumer becomes a member.
    pub(super) fn join(&mut self, consumer: ProcessId, epoch: i32) {
        let facts = MemberFacts {
            member: member(consumer),
            instance: None,
            client: Arc::new("c".to_owned()),
            topics: vec!["orders".to_owned()],
        };
        self.push(b(1), GroupFact::MemberJoined { group: g1(), member: Arc::new(facts) });
        self.push(consumer, ClientFact::GroupJoined { group: g1(), member: member(consumer), epoch });
    }

    /// By the plan the partition is to be this consumer's.
    pub(super) fn plan(&mut self, consumer: ProcessId, epoch: i32) {
        let members = vec![(member(consumer), vec![ORDERS])];
        let assignment = AssignmentFacts { epoch, assignor: "range".to_owned(), members };
        self.push(b(1), GroupFact::AssignmentDecided { group: g1(), assignment: Arc::new(assignment) });
    }

    /// A consumer takes the partition for its own.
    pub(super) fn give(&mut self, consumer: ProcessId, epoch: i32) {
        self.push(consumer, ClientFact::PartitionsAssigned { group: g1(), epoch, partitions: Arc::new(vec![ORDERS]) });
    }

    /// A consumer gives the partition back.
    pub(super) fn take_back(&mut self, consumer: ProcessId, epoch: i32) {
        self.push(consumer, ClientFact::PartitionsRevoked { group: g1(), epoch, partitions: Arc::new(vec![ORDERS]) });
    }

    /// A consumer will read on from here.
    pub(super) fn go_on(&mut self, consumer: ProcessId, offset: u64, why: PositionReason) {
        self.push(consumer, ClientFact::PositionSet { partition: ORDERS, offset: Offset(offset), epoch: None, why });
    }

    /// c1's application is done with these, and commits.
    pub(super) fn process(&mut self, records: &[ReadRecord]) {
        for record in records {
            let (offset, digest) = (record.offset, record.digest);
            self.push(CONSUMER, ClientFact::RecordProcessed { partition: ORDERS, offset, digest });
        }
        if let Some(last) = records.last() {
            self.commit(CONSUMER, last.offset.0 + 1);
        }
    }

    /// c1's application goes on without a record.
    pub(super) fn give_up(&mut self, record: &ReadRecord) {
        let (partition, offset, digest) = (ORDERS, record.offset, record.digest);
        self.push(CONSUMER, ClientFact::RecordGivenUp { partition, offset, digest });
    }

    /// The coordinator stores an offset for somebody, and he hears of it.
    pub(super) fn commit_and_hear(&mut self, consumer: ProcessId, offset: u64) {
        self.commit(consumer, offset);
        let facts = CommitFacts { group: g1(), member: member(consumer), epoch: 1, offsets: vec![(ORDERS, Offset(offset))] };
        self.push(consumer, ClientFact::CommitAnswered { commit: Arc::new(facts), code: None });
    }

    /// The coordinator stores an offset for somebody.
    pub(super) fn commit(&mut self, consumer: ProcessId, offset: u64) {
        let decided = Step(u32::try_from(self.events.len()).expect("a test's history is short"));
        self.commit_decided(consumer, offset, decided);
    }

    /// The same, as it had decided before.
    pub(super) fn commit_decided(&mut self, consumer: ProcessId, offset: u64, decided: Step) {
        let (group, member, offset) = (g1(), member(consumer), Offset(offset));
        self.push(b(1), GroupFact::OffsetCommitted { group, partition: ORDERS, offset, member, epoch: 1, decided });
    }

    /// The committed records from here on, as a reader would be given them.
    pub(super) fn committed_from(&self, from: u64) -> Vec<ReadRecord> {
        let leader = self.logs.get(usize::from(self.leader - 1)).expect("brokers are 1 to 3");
        let entries: Vec<(LeaderEpoch, _)> = leader.clone();
        let committed = (from..self.high_watermark).zip(entries.into_iter().skip(usize::try_from(from).expect("small")));
        let committed = committed.filter(|(offset, _)| !self.is_gap(self.leader, *offset));
        committed.map(|(offset, (epoch, digest))| Self::read(offset, epoch, digest)).collect()
    }
}
