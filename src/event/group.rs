//! Facts of the group coordinators: who is in a group, who owns what, how far it has come.

use std::sync::Arc;

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, PartitionIndex, Step, TopicPartition};

/// A group's id, as its members name it (`group.id`).
pub type GroupId = Arc<String>;
/// A member's id within its group: given by the coordinator (classic) or chosen by the member (KIP-848).
pub type MemberId = Arc<String>;
/// A static member's own name (`group.instance.id`, KIP-345).
pub type InstanceId = Arc<String>;

facts! {
    /// Groups, their members and their offsets, as their coordinator decides.
    "group" GroupFact {
        /// A broker leads a partition of `__consumer_offsets` and begins to read it.
        [800] CoordinatorLoading { partition: TopicPartition, epoch: LeaderEpoch }
        /// It has read all of it, and coordinates the groups in it from now on.
        [801] CoordinatorLoaded { partition: TopicPartition, epoch: LeaderEpoch, groups: u32, offsets: u32 }
        /// It does not lead that partition any more, and forgets its groups.
        [802] CoordinatorUnloaded { partition: TopicPartition }
        /// A group is in another state than before. Its epoch is the generation in the classic protocol.
        [803] GroupStateChanged { group: GroupId, kind: GroupKind, state: GroupState, epoch: i32 }
        /// Somebody is a member now.
        [804] MemberJoined { group: GroupId, member: Arc<MemberFacts> }
        /// Somebody is no member any more.
        [805] MemberLeft { group: GroupId, member: MemberId, why: LeaveReason }
        /// Who is to own what from this epoch on: the leader's plan (classic), the target assignment (KIP-848).
        [806] AssignmentDecided { group: GroupId, assignment: Arc<AssignmentFacts> }
        /// A member has reached an epoch of its group, and may own these partitions (KIP-848).
        [807] MemberReconciled { group: GroupId, member: MemberId, epoch: i32, owned: Arc<Vec<TopicPartition>> }
        /// The group's next record to read is stored, as its coordinator had decided at that step.
        [808] OffsetCommitted { group: GroupId, partition: TopicPartition, offset: Offset, member: MemberId, epoch: i32, decided: Step }
        /// A commit was refused.
        [809] CommitRefused { group: GroupId, member: MemberId, epoch: i32, code: ErrorCode }
        /// A group's stored offset was old enough to be forgotten (KIP-211).
        [810] OffsetExpired { group: GroupId, partition: TopicPartition, offset: Offset }
        /// A group's stored offset was deleted by order of an operator, or with its topic.
        [811] OffsetDeleted { group: GroupId, partition: TopicPartition }
        /// A group is no more.
        [812] GroupDeleted { group: GroupId }
        /// A member was told that it is one no longer: another took its name, or its epoch is not the present one.
        [813] MemberFenced { group: GroupId, member: MemberId, code: ErrorCode }
        /// A group goes on under the other protocol (KIP-848).
        [814] GroupProtocolChanged { group: GroupId, to: GroupKind }
        /// A coordinator found this group in the log that it read: its members, and what each may own. What an earlier
        /// coordinator did and did not write, or wrote and lost, is undone by that.
        [815] GroupLoaded { group: GroupId, kind: GroupKind, state: GroupState, members: Arc<AssignmentFacts> }
    }
}

impl GroupFact {
    /// The group it is about, if it is about one.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::CoordinatorLoading { .. } | Self::CoordinatorLoaded { .. } | Self::CoordinatorUnloaded { .. } => None,
            Self::GroupStateChanged { group, .. }
            | Self::MemberJoined { group, .. }
            | Self::MemberLeft { group, .. }
            | Self::AssignmentDecided { group, .. }
            | Self::MemberReconciled { group, .. }
            | Self::OffsetCommitted { group, .. }
            | Self::CommitRefused { group, .. }
            | Self::OffsetExpired { group, .. }
            | Self::OffsetDeleted { group, .. }
            | Self::GroupDeleted { group }
            | Self::MemberFenced { group, .. }
            | Self::GroupProtocolChanged { group, .. }
            | Self::GroupLoaded { group, .. } => Some(group),
        }
    }
}

/// The partition of `__consumer_offsets` that a group is in, of so many. Source: Kafka's `partitionFor`.
#[must_use]
pub fn offsets_partition(group: &str, partitions: u32) -> PartitionIndex {
    // Java's String.hashCode, over UTF-16.
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka's `Utils.abs`: the one number without a positive counterpart is 0.
    let positive = hash.checked_abs().map_or(0, i32::unsigned_abs);
    PartitionIndex(positive % partitions.max(1))
}

/// Which protocol a group's members speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// JoinGroup and SyncGroup: a member makes the plan.
    Classic,
    /// ConsumerGroupHeartbeat: the coordinator makes it (KIP-848).
    Consumer,
}

tagged_words!(GroupKind { 0 Classic, 1 Consumer });

/// What a group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// It has no members; its offsets may be there still.
    Empty,
    /// It waits for its members to join again (classic).
    PreparingRebalance,
    /// It waits for its leader's plan (classic).
    CompletingRebalance,
    /// A new target assignment is to be made (KIP-848).
    Assigning,
    /// Some members have not reached the target assignment yet (KIP-848).
    Reconciling,
    /// Everybody owns what is planned.
    Stable,
    /// It is gone, or moved to another coordinator.
    Dead,
}

tagged_words!(GroupState {
    0 Empty, 1 PreparingRebalance, 2 CompletingRebalance, 3 Assigning, 4 Reconciling, 5 Stable, 6 Dead,
});

/// Why a member is none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeaveReason {
    /// It said so.
    Left,
    /// Nothing was heard of it for its session's time.
    SessionExpired,
    /// It did not join again, sync or give back in time.
    RebalanceTimedOut,
    /// A new process took its static name.
    Replaced,
    /// An operator removed it.
    Removed,
}

tagged_words!(LeaveReason { 0 Left, 1 SessionExpired, 2 RebalanceTimedOut, 3 Replaced, 4 Removed });

/// A member, as it joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// Its id.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The client's name.
    pub client: Arc<String>,
    /// The topics it wants to read.
    pub topics: Vec<String>,
}

record_fields!(MemberFacts { member, instance, client, topics });

/// A plan: who is to own what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentFacts {
    /// The generation or group epoch it is for.
    pub epoch: i32,
    /// What made it: an assignor's name.
    pub assignor: String,
    /// Each member with its partitions in order, the members in the order of their ids.
    pub members: Vec<(MemberId, Vec<TopicPartition>)>,
}

record_fields!(AssignmentFacts { epoch, assignor, members });
