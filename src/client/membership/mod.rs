//! What a consumer keeps about its group: who coordinates it, and what kind of member it is itself.
//!
//! | protocol | who makes the plan | read |
//! |---|---|---|
//! | classic | a member, the group's leader | [`classic`] |
//! | consumer (KIP-848) | the coordinator | [`consumer_protocol`] |
//!
//! These files hold a member's own state and decide what it says; `consumer/{classic,consumer_protocol}` do what follows for
//! the consumer around it.
//!
//! Invariant: a consumer has at most one request about its membership in flight.

pub(super) mod classic;
pub(super) mod consumer_protocol;

use std::sync::Arc;

use super::backoff::Backoff;
use super::connection::Connections;
use crate::config::{ConsumerConfig, GroupProtocol};
use crate::event::{GroupId, InstanceId, MemberId};
use crate::ids::{BrokerId, Incarnation};
use crate::time::Duration;
use classic::ClassicMember;
use consumer_protocol::ConsumerMember;

/// Who coordinates a group, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinator {
    /// Nobody knows: it is asked for when it is needed.
    Unknown,
    /// It is being asked for.
    Asking,
    /// This broker.
    Known(BrokerId),
}

/// A request to the coordinator without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GroupAsked {
    /// JoinGroup.
    Join,
    /// SyncGroup of this generation.
    Sync(i32),
    /// Heartbeat of this member in this generation.
    Heartbeat(MemberId, i32),
    /// ConsumerGroupHeartbeat.
    ConsumerHeartbeat,
    /// The last word: LeaveGroup, or a heartbeat that leaves.
    Leave,
    /// OffsetFetch for the partitions with these numbers.
    OffsetFetch(Vec<u32>),
    /// OffsetCommit, by the consumer's own number of it.
    Commit(u32),
}

/// What kind of member a consumer is.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// Of the classic protocol.
    Classic(ClassicMember),
    /// Of the consumer protocol.
    Consumer(ConsumerMember),
}

/// A consumer's side of its group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Its id.
    pub(super) id: GroupId,
    /// The consumer's static name.
    pub(super) instance: Option<InstanceId>,
    /// The consumer's name.
    pub(super) client: Arc<String>,
    /// Who coordinates it.
    pub(super) coordinator: Coordinator,
    /// Searches in a row that found nobody.
    pub(super) failures: u32,
    /// The connections to coordinators.
    pub(super) connections: Connections<GroupAsked>,
    /// The consumer's membership; it is one only while it is subscribed.
    pub(super) member: Member,
    /// Refusals of OffsetFetch in a row.
    pub(super) fetch_refusals: u32,
}

impl Group {
    /// The group named in the configuration, if there is one.
    pub(super) fn of(config: &ConsumerConfig, name: &str, backoff: Backoff) -> Option<Self> {
        let id = config.group_id.clone()?;
        let member = match config.group_protocol {
            GroupProtocol::Classic => Member::Classic(ClassicMember::new(config)),
            GroupProtocol::Consumer => Member::Consumer(ConsumerMember::new(config)),
        };
        Some(Self {
            id,
            instance: config.group_instance_id.clone(),
            client: Arc::new(name.to_owned()),
            coordinator: Coordinator::Unknown,
            failures: 0,
            connections: Connections::to_coordinators(config.request_timeout, backoff),
            member,
            fetch_refusals: 0,
        })
    }

    /// The coordinator, when it is known and may be talked to.
    pub(super) fn reachable(&self) -> Option<BrokerId> {
        match self.coordinator {
            Coordinator::Known(broker) => Some(broker).filter(|broker| self.connections.is_available(*broker)),
            Coordinator::Unknown | Coordinator::Asking => None,
        }
    }

    /// Under which id and generation or member epoch the consumer commits; the empty id and -1 for one that is no member.
    pub(super) fn identity(&self) -> (MemberId, i32) {
        match &self.member {
            Member::Classic(member) => (member.id.clone(), member.generation),
            Member::Consumer(member) if member.epoch > 0 => (member.id.clone(), member.epoch),
            Member::Consumer(_) => (MemberId::default(), -1),
        }
    }
}

/// The id that a member of the consumer protocol gives itself: its name, its life, a counter.
///
/// Kafka differs: a random UUID there.
pub(super) fn own_member_id(name: &str, incarnation: Incarnation) -> MemberId {
    Arc::new(format!("{name}-{}.1", incarnation.0))
}

/// How long JoinGroup may wait for its answer: the others have the rebalance time-out to come, and a little is left for the
/// way (Kafka's `JOIN_GROUP_TIMEOUT_LAPSE`).
pub(super) fn join_timeout(config: &ConsumerConfig) -> Duration {
    config.request_timeout.max(config.max_poll_interval.plus(Duration::from_secs(5)))
}
