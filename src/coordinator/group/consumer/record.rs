//! What is written down of a group of the consumer protocol, and what comes of a decision.
//!
//! Invariant: a decision is nothing but values; nothing has happened until its records are appended, and they are applied in
//! their order. Called by everything in this folder, and by `coordinator/runtime`.

use std::sync::Arc;

use super::classic_handover::ClassicHandover;
use super::member::{CurrentAssignment, MemberWishes};
use crate::event::{GroupFact, MemberId};
use crate::ids::TopicPartition;
use crate::time::Duration;

/// One record of a group, without the group's id; `None` where a value would be is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerRecord {
    /// The group is at another epoch (`ConsumerGroupMetadata`).
    Group(Option<GroupEpoch>),
    /// A member says what it is (`ConsumerGroupMemberMetadata`).
    Member(MemberId, Option<Arc<MemberWishes>>),
    /// The target is that of this epoch (`ConsumerGroupTargetAssignmentMetadata`).
    TargetEpoch(Option<i32>),
    /// What a member is to have (`ConsumerGroupTargetAssignmentMember`), in order.
    Target(MemberId, Option<Arc<Vec<TopicPartition>>>),
    /// What a member has been given (`ConsumerGroupCurrentMemberAssignment`).
    Current(MemberId, Option<Arc<CurrentAssignment>>),
}

/// A group's epoch, and what its topics were like then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupEpoch {
    /// The epoch.
    pub epoch: i32,
    /// A digest of the topics that its members want: their ids and how many partitions each has.
    pub metadata_hash: u64,
}

/// What is to be done about a request or a deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<A> {
    /// To be appended as one batch, and applied in this order.
    pub records: Vec<ConsumerRecord>,
    /// What is true when they are appended.
    pub facts: Vec<GroupFact>,
    /// The deadlines to set and to drop then.
    pub timers: Vec<TimerOrder>,
    /// The answer, to be given when they are committed.
    pub answer: A,
    /// The version of the metadata that the group's topics were looked up in; for [`super::ConsumerGroup::note_metadata_seen`].
    pub metadata_seen: Option<u64>,
    /// Only members of the classic protocol are left: after these records the group is this classic one, which the caller
    /// writes down in the same batch.
    pub downgrade: Option<ClassicHandover>,
}

/// A deadline to set or to drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerOrder {
    /// From now on the member is out after this much silence.
    Session(MemberId, Duration),
    /// The member has this long, from now on, to give back what it was asked for.
    Rebalance(MemberId, Duration),
    /// It has given it back.
    NoRebalance(MemberId),
    /// A classic member has this long to join again, unless that is running already.
    Join(MemberId, Duration),
    /// It has joined.
    NoJoin(MemberId),
    /// A classic member has this long to ask for its share.
    Sync(MemberId, Duration),
    /// It has asked.
    NoSync(MemberId),
    /// The member is gone, with all its deadlines.
    None(MemberId),
}

impl<A> Decision<A> {
    /// A decision that changes nothing.
    #[must_use]
    pub fn only(answer: A) -> Self {
        Self { records: Vec::new(), facts: Vec::new(), timers: Vec::new(), answer, metadata_seen: None, downgrade: None }
    }

    /// The same with another answer.
    #[must_use]
    pub fn answering<B>(self, answer: B) -> Decision<B> {
        let Self { records, facts, timers, answer: _, metadata_seen, downgrade } = self;
        Decision { records, facts, timers, answer, metadata_seen, downgrade }
    }
}
