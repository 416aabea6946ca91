//! A member of the consumer protocol (KIP-848): says in heartbeats what it wants and has, and is told what it is to have.
//!
//! ```text
//! Outside ──subscribe──► Joining ──an assignment──► Reconciling ──at a poll: gives back, takes──► Acknowledging ──► Stable
//!    ▲                      ▲ ▲                         ▲                                                          │
//!    │                      │ └── at a poll: all is lost ◄── Fenced (FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID) ◄─────┤
//!    │                      └──── at a poll: all is lost ◄── Stale (max.poll.interval.ms is over) ◄────────────────┤
//!    └── unsubscribe, close: the epoch -1, or -2 of a static member that is expected back ◄───────────────────────┘
//! Failed: the coordinator will have none of it (FENCED_INSTANCE_ID, UNSUPPORTED_ASSIGNOR and the like)
//! ```
//!
//! Invariant: what it says it owns is what it owns: a partition is named to the coordinator only after it was taken, and left
//! out only after it was given back. As long as such a word is unanswered nothing is taken.
//!
//! Source: Kafka's `ConsumerMembershipManager`, `ConsumerHeartbeatRequestManager`; KIP-848. Called by:
//! `consumer/consumer_protocol`.
//!
//! Kafka differs: there a member takes what it was told before while such a word is on its way. It had not named it, so that the
//! coordinator may have counted it as given back and given it to another: both own it until the next heartbeat fences the first
//! (chaos/groups seed 0x5aa).
//!
//! Kafka differs: `MemberState` has PREPARE_LEAVING and LEAVING besides; here one turn gives back, says so and is outside.

use crate::config::ConsumerConfig;
use crate::event::MemberId;
use crate::ids::TopicPartition;
use crate::protocol::ConsumerGroupHeartbeatRequest;
use crate::time::Duration;

use super::Group;

/// The epoch that leaves.
const LEAVES: i32 = -1;
/// The epoch of a static member that leaves for a while.
const LEAVES_FOR_A_WHILE: i32 = -2;

/// How far a member has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum Stage {
    /// It has no part in the group.
    Outside,
    /// It has asked, or is about to ask, to be a member.
    Joining,
    /// It is to own other partitions than it does.
    Reconciling,
    /// It owns what it is to own, as far as it knows the topics by name, and has yet to say so.
    Acknowledging,
    /// It owns what it is to own, as far as it knows.
    Stable,
    /// It was told that it is no member; the next poll loses what it has, and joins again.
    Fenced,
    /// It left because its application did not poll; the next poll loses what it has, and joins again.
    Stale,
    /// It has told its application that it can be no member.
    Failed,
}

/// What the coordinator was last told; a field that has not changed is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    topics: Option<Vec<String>>,
    pattern: Option<String>,
    owned: Option<Vec<TopicPartition>>,
}

/// A member of the consumer protocol.
#[derive(Clone, Debug)]
pub(in crate::client) struct ConsumerMember {
    /// How far it has come.
    pub(in crate::client) stage: Stage,
    /// Its id, which it gave itself; empty before it started.
    pub(in crate::client) id: MemberId,
    /// Its epoch; 0 while it joins.
    pub(in crate::client) epoch: i32,
    /// What it is to own.
    pub(in crate::client) target: Vec<TopicPartition>,
    /// A heartbeat is unanswered.
    pub(in crate::client) is_beating: bool,
    /// It said what it owns before it had taken all that it was told: what of that it may still take, the next answer tells.
    pub(in crate::client) is_target_in_doubt: bool,
    /// The commit that has to be answered before it gives anything back.
    pub(in crate::client) last_commit: Option<u32>,
    /// Refusals in a row.
    pub(in crate::client) failures: u32,
    /// How often it is to say that it is alive.
    pub(in crate::client) interval: Duration,
    told: Told,
    is_new: bool,
    rebalance_timeout: Duration,
    rack: Option<String>,
    assignor: Option<String>,
}

/// What a member wants and has, for its next heartbeat.
pub(in crate::client) struct Wishes {
    /// The topics it wants.
    pub(in crate::client) topics: Vec<String>,
    /// The pattern of topics it wants; empty for none.
    pub(in crate::client) pattern: String,
    /// What it owns, in order.
    pub(in crate::client) owned: Vec<TopicPartition>,
}

impl ConsumerMember {
    pub(super) fn new(config: &ConsumerConfig) -> Self {
        Self {
            stage: Stage::Outside,
            id: MemberId::default(),
            epoch: 0,
            target: Vec::new(),
            is_beating: false,
            is_target_in_doubt: false,
            last_commit: None,
            failures: 0,
            interval: config.heartbeat_interval,
            told: Told::default(),
            is_new: true,
            rebalance_timeout: config.max_poll_interval,
            rack: config.client_rack.as_ref().map(|rack| rack.as_ref().clone()),
            assignor: config.group_remote_assignor.as_ref().map(|name| name.as_ref().clone()),
        }
    }

    /// Whether the coordinator is to hear from it regularly.
    pub(in crate::client) fn is_alive(&self) -> bool {
        match self.stage {
            Stage::Joining | Stage::Reconciling | Stage::Acknowledging | Stage::Stable => true,
            Stage::Outside | Stage::Fenced | Stage::Stale | Stage::Failed => false,
        }
    }

    /// Whether the next heartbeat does not wait for its time.
    pub(in crate::client) fn is_urgent(&self) -> bool {
        matches!(self.stage, Stage::Joining | Stage::Acknowledging)
    }

    /// Begins (again) as a newcomer: everything is said anew.
    pub(in crate::client) fn become_joining(&mut self) {
        self.stage = Stage::Joining;
        self.epoch = 0;
        self.target.clear();
        self.is_target_in_doubt = false;
        self.say_all();
    }

    /// The last heartbeat may not have arrived: the next one says all.
    pub(in crate::client) fn say_all(&mut self) {
        self.told = Told::default();
        self.is_new = true;
    }

    /// The heartbeat that is due: only what has changed since the last one.
    pub(in crate::client) fn heartbeat(&mut self, group: &Group, wishes: Wishes) -> ConsumerGroupHeartbeatRequest {
        let Wishes { topics, pattern, owned } = wishes;
        let is_new = std::mem::take(&mut self.is_new);
        let has_all = owned == self.target;
        let request = ConsumerGroupHeartbeatRequest {
            group: group.id.clone(),
            member: self.id.clone(),
            epoch: self.epoch,
            instance: group.instance.clone(),
            rack: self.rack.clone().filter(|_| is_new),
            client: group.client.clone(),
            rebalance_timeout: is_new.then_some(self.rebalance_timeout),
            topics: Some(topics).filter(|topics| self.told.topics.as_ref() != Some(topics)),
            pattern: Some(pattern).filter(|pattern| self.told.pattern.as_deref().unwrap_or_default() != pattern),
            assignor: self.assignor.clone().filter(|_| is_new),
            owned: Some(owned).filter(|owned| self.told.owned.as_ref() != Some(owned)),
        };
        if let Some(topics) = &request.topics {
            self.told.topics = Some(topics.clone());
        }
        if let Some(pattern) = &request.pattern {
            self.told.pattern = Some(pattern.clone());
        }
        if let Some(owned) = &request.owned {
            self.told.owned = Some(owned.clone());
            self.is_target_in_doubt = !has_all;
        }
        self.is_beating = true;
        if self.stage == Stage::Acknowledging {
            self.stage = if has_all { Stage::Stable } else { Stage::Reconciling };
        }
        request
    }

    /// The last heartbeat: the member goes, for good or (a static one) for a while.
    pub(in crate::client) fn farewell(&self, group: &Group) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group: group.id.clone(),
            member: self.id.clone(),
            epoch: if group.instance.is_some() { LEAVES_FOR_A_WHILE } else { LEAVES },
            instance: group.instance.clone(),
            rack: None,
            client: group.client.clone(),
            rebalance_timeout: None,
            topics: None,
            pattern: None,
            assignor: None,
            owned: None,
        }
    }

    /// Takes in what it is to own. Returns whether that is other than what it owns.
    pub(in crate::client) fn follow_target(&mut self, target: &[TopicPartition], owned: &[TopicPartition]) -> bool {
        self.target = target.to_vec();
        self.target.sort_unstable();
        let is_other = self.target != owned;
        self.stage = match self.stage {
            Stage::Joining | Stage::Reconciling | Stage::Acknowledging | Stage::Stable if is_other => Stage::Reconciling,
            Stage::Joining | Stage::Reconciling => Stage::Stable,
            stage => stage,
        };
        is_other
    }
}
