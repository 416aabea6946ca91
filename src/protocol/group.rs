//! Groups: FindCoordinator (API 10), JoinGroup (11), Heartbeat (12), LeaveGroup (13), SyncGroup (14), DescribeGroups (15),
//! ListGroups (16), DeleteGroups (42), ConsumerGroupHeartbeat (68), ConsumerGroupDescribe (69).
//!
//! Kafka differs: what members say of their subscriptions and what leaders plan are bytes there, which a coordinator passes on
//! without reading; here they are structs.

use crate::error::ErrorCode;
use crate::event::{GroupId, GroupKind, GroupState, InstanceId, MemberId, MessageFacts};
use crate::ids::{BrokerId, TopicPartition};
use crate::time::Duration;

use super::NamedPartition;

/// Asks which brokers coordinate these groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindCoordinatorRequest {
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// Who coordinates what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindCoordinatorResponse {
    /// One for each group asked about. Codes: COORDINATOR_NOT_AVAILABLE, INVALID_GROUP_ID.
    pub coordinators: Vec<(GroupId, Result<BrokerId, ErrorCode>)>,
}

/// What a member tells the maker of the plan (Kafka's `ConsumerProtocolSubscription`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The topics it wants to read.
    pub topics: Vec<String>,
    /// What it owns now (cooperative and sticky assignors).
    pub owned: Vec<NamedPartition>,
    /// The generation in which it got that; -1 when it does not know.
    pub generation: i32,
    /// Where it stands.
    pub rack: Option<String>,
}

/// Asks to become a member, or to stay one through a rebalance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinGroupRequest {
    /// The group.
    pub group: GroupId,
    /// The member's id; empty when it has none yet.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The client's name (`client.id`).
    pub client: std::sync::Arc<String>,
    /// After this much silence it is out.
    pub session_timeout: Duration,
    /// After this long without joining again it is out (`max.poll.interval.ms`).
    pub rebalance_timeout: Duration,
    /// The assignors it knows, the dearest first, each with what it tells the maker of the plan.
    pub protocols: Vec<(String, Subscription)>,
}

/// Says that all have joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinGroupResponse {
    /// Why not. MEMBER_ID_REQUIRED comes with the id to join with.
    pub error: Option<ErrorCode>,
    /// The generation that begins; -1 with an error.
    pub generation: i32,
    /// The assignor that all know.
    pub protocol: Option<String>,
    /// Who is to make the plan.
    pub leader: MemberId,
    /// The member's own id.
    pub member: MemberId,
    /// All members with their static names and what they said; only for the leader.
    pub members: Vec<(MemberId, Option<InstanceId>, Subscription)>,
    /// The leader need make no plan: the old one holds (a static leader came back, KIP-814).
    pub skip_assignment: bool,
}

/// Hands in the plan (the leader), or asks for one's share of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncGroupRequest {
    /// The group.
    pub group: GroupId,
    /// The generation.
    pub generation: i32,
    /// The member.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The assignor, as the member heard it.
    pub protocol: Option<String>,
    /// The plan; empty from all but the leader.
    pub assignments: Vec<(MemberId, Vec<NamedPartition>)>,
}

/// A member's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncGroupResponse {
    /// Why there is none.
    pub error: Option<ErrorCode>,
    /// The assignor.
    pub protocol: Option<String>,
    /// The partitions.
    pub assignment: Vec<NamedPartition>,
}

/// Says that a member is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatRequest {
    /// The group.
    pub group: GroupId,
    /// The generation.
    pub generation: i32,
    /// The member.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
}

/// What the coordinator says to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatResponse {
    /// REBALANCE_IN_PROGRESS asks the member to join again.
    pub error: Option<ErrorCode>,
}

/// Says that members leave (KIP-345: several at once, by an operator).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveGroupRequest {
    /// The group.
    pub group: GroupId,
    /// Who; a member without an id is known by its static name.
    pub members: Vec<(MemberId, Option<InstanceId>)>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveGroupResponse {
    /// Why nothing was done.
    pub error: Option<ErrorCode>,
    /// For each member.
    pub members: Vec<(MemberId, Option<ErrorCode>)>,
}

/// A member says what it is and what it has; the coordinator says what it is to have (KIP-848).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupHeartbeatRequest {
    /// The group.
    pub group: GroupId,
    /// The member's id, which it chose.
    pub member: MemberId,
    /// Its epoch: 0 joins, -1 leaves, -2 leaves for a while (static members).
    pub epoch: i32,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// Where it stands; absent when it is as before.
    pub rack: Option<String>,
    /// The client's name (`client.id`).
    pub client: std::sync::Arc<String>,
    /// How long it may take to give partitions back; absent when it is as before.
    pub rebalance_timeout: Option<Duration>,
    /// The topics it wants to read; absent when they are as before.
    pub topics: Option<Vec<String>>,
    /// A pattern of topics it wants to read; absent when it is as before, empty for none.
    pub pattern: Option<String>,
    /// The assignor it wants; absent when it is as before or all the same.
    pub assignor: Option<String>,
    /// What it owns; absent when it is as before.
    pub owned: Option<Vec<TopicPartition>>,
}

/// What the coordinator says to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupHeartbeatResponse {
    /// Why not.
    pub error: Option<ErrorCode>,
    /// The member.
    pub member: MemberId,
    /// Its epoch from now on.
    pub epoch: i32,
    /// When it should say so again.
    pub heartbeat_interval: Duration,
    /// What it is to own; absent when it is as before.
    pub assignment: Option<Vec<TopicPartition>>,
}

/// Asks what groups are doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeGroupsRequest {
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// What they are doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeGroupsResponse {
    /// One for each asked about; GROUP_ID_NOT_FOUND, NOT_COORDINATOR.
    pub groups: Vec<(GroupId, Result<DescribedGroup, ErrorCode>)>,
}

/// Asks what groups of the consumer protocol are doing (KIP-848); others are GROUP_ID_NOT_FOUND to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupDescribeRequest {
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// What they are doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupDescribeResponse {
    /// One for each asked about.
    pub groups: Vec<(GroupId, Result<DescribedGroup, ErrorCode>)>,
}

/// A group as its coordinator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// Its protocol.
    pub kind: GroupKind,
    /// What it does.
    pub state: GroupState,
    /// Its generation or group epoch.
    pub epoch: i32,
    /// The assignor in use; empty when there is none yet.
    pub assignor: String,
    /// Its members in the order of their ids.
    pub members: Vec<DescribedMember>,
}

/// A member as its coordinator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The client's name.
    pub client: std::sync::Arc<String>,
    /// Its member epoch; the generation in the classic protocol.
    pub epoch: i32,
    /// What it wants to read.
    pub topics: Vec<String>,
    /// What it owns as far as the coordinator knows.
    pub assignment: Vec<NamedPartition>,
    /// What it is to own.
    pub target: Vec<NamedPartition>,
}

/// Asks which groups are coordinated by this broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListGroupsRequest;

/// The groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListGroupsResponse {
    /// Why there are none to be told: COORDINATOR_LOAD_IN_PROGRESS.
    pub error: Option<ErrorCode>,
    /// Each with its protocol and state, in the order of their ids.
    pub groups: Vec<(GroupId, GroupKind, GroupState)>,
}

/// Asks for groups to be forgotten with all their offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteGroupsRequest {
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteGroupsResponse {
    /// For each; NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND.
    pub groups: Vec<(GroupId, Option<ErrorCode>)>,
}

macro_rules! describes_error {
    ($($type:ident: $error:expr),* $(,)?) => {
        $(impl $type {
            /// What went wrong.
            const ERROR: fn(&Self) -> Option<ErrorCode> = $error;

            pub(super) fn describe(&self, facts: &mut MessageFacts) {
                facts.error = (Self::ERROR)(self);
            }
        })*
    };
}
pub(super) use describes_error;

describes_error! {
    FindCoordinatorRequest: |_| None,
    FindCoordinatorResponse: |response| response.coordinators.iter().find_map(|(_, result)| result.err()),
    JoinGroupRequest: |_| None,
    JoinGroupResponse: |response| response.error,
    SyncGroupRequest: |_| None,
    SyncGroupResponse: |response| response.error,
    HeartbeatRequest: |_| None,
    HeartbeatResponse: |response| response.error,
    LeaveGroupRequest: |_| None,
    LeaveGroupResponse: |response| response.error.or_else(|| response.members.iter().find_map(|(_, error)| *error)),
    ConsumerGroupHeartbeatRequest: |_| None,
    ConsumerGroupHeartbeatResponse: |response| response.error,
    DescribeGroupsRequest: |_| None,
    DescribeGroupsResponse: |response| response.groups.iter().find_map(|(_, result)| result.as_ref().err().copied()),
    ConsumerGroupDescribeRequest: |_| None,
    ConsumerGroupDescribeResponse: |response| response.groups.iter().find_map(|(_, result)| result.as_ref().err().copied()),
    ListGroupsRequest: |_| None,
    ListGroupsResponse: |response| response.error,
    DeleteGroupsRequest: |_| None,
    DeleteGroupsResponse: |response| response.groups.iter().find_map(|(_, error)| *error),
}
