//! A member of the classic protocol: joins, hands in or asks for the plan, says that it is alive, joins again.
//!
//! ```text
//! Unjoined ──JoinGroup──► Joining ──leader──► Planning ──SyncGroup──► Syncing ──► Synced ──at a poll──► Stable
//!    ▲  ▲                    │ └──── others ────────────SyncGroup──────▲ │                               │
//!    │  └─ MEMBER_ID_REQUIRED┘                                           │                               │
//!    └────────── a refusal of generation or id, max.poll.interval.ms ◄───┴── REBALANCE_IN_PROGRESS ◄─────┘
//! Failed: the coordinator will have none of it (FENCED_INSTANCE_ID and the like)
//! ```
//!
//! Invariant: a generation and a member id are kept only as long as the coordinator has not refused them.
//!
//! Source: Kafka's `AbstractCoordinator`, `ConsumerCoordinator`; KIP-62, KIP-345, KIP-394, KIP-429, KIP-814.
//! Called by: `consumer/classic`.

use std::collections::BTreeMap;

use crate::client::assignor::{AssignorMember, Plan, assign, is_cooperative};
use crate::config::{ConsumerConfig, Strategy};
use crate::error::ErrorCode;
use crate::event::MemberId;
use crate::protocol::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, NamedPartition, Subscription, SyncGroupRequest,
};

use super::Group;

/// How far a member has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::client) enum Stage {
    /// It has no part in the group now.
    Unjoined,
    /// JoinGroup is unanswered.
    Joining,
    /// It leads, and waits for metadata of all topics that the members want: newer than this answer.
    Planning(Box<JoinGroupResponse>, u32),
    /// SyncGroup is unanswered.
    Syncing,
    /// It knows its share, and takes it at the next poll; where topics of it are unknown, after metadata newer than this.
    Synced(Vec<NamedPartition>, Option<u32>),
    /// It has its share.
    Stable,
    /// It has told its application that it can be no member.
    Failed,
}

/// A member of the classic protocol.
#[derive(Clone, Debug)]
pub(in crate::client) struct ClassicMember {
    /// How far it has come.
    pub(in crate::client) stage: Stage,
    /// Its id; empty before the coordinator gave it one.
    pub(in crate::client) id: MemberId,
    /// Its generation; -1 when it has none.
    pub(in crate::client) generation: i32,
    /// It must join again.
    pub(in crate::client) wants_to_join: bool,
    /// It has given back what has to be given back before it joins.
    pub(in crate::client) is_prepared: bool,
    /// The commit that has to be answered before it gives anything back.
    pub(in crate::client) last_commit: Option<u32>,
    /// Refusals in a row.
    pub(in crate::client) failures: u32,
    /// A heartbeat is unanswered.
    pub(in crate::client) is_beating: bool,
    /// What it joined for.
    joined_for: Vec<String>,
    /// It leads: the topics that its group wants, as they were when it made its plan.
    planned_for: Option<BTreeMap<String, Option<u32>>>,
    /// The last share it had, and in which generation (for the sticky assignor).
    last_share: (Vec<NamedPartition>, i32),
    strategy: Option<Strategy>,
    strategies: Vec<Strategy>,
}

impl ClassicMember {
    pub(super) fn new(config: &ConsumerConfig) -> Self {
        Self {
            stage: Stage::Unjoined,
            id: MemberId::default(),
            generation: -1,
            wants_to_join: false,
            is_prepared: false,
            last_commit: None,
            failures: 0,
            is_beating: false,
            joined_for: Vec::new(),
            planned_for: None,
            last_share: (Vec::new(), -1),
            strategy: None,
            strategies: config.assignment_strategy.0.clone(),
        }
    }

    /// Whether it may keep what it owns while it joins again: all its assignors must be of that kind (KIP-429).
    pub(in crate::client) fn is_cooperative(&self) -> bool {
        self.strategies.iter().all(|strategy| is_cooperative(*strategy))
    }

    /// Whether the coordinator is to hear from it regularly.
    pub(in crate::client) fn is_alive(&self) -> bool {
        match self.stage {
            Stage::Planning(..) | Stage::Syncing | Stage::Synced(..) | Stage::Stable => true,
            Stage::Unjoined | Stage::Joining | Stage::Failed => false,
        }
    }

    /// Whether it has to join (again).
    pub(in crate::client) fn has_to_join(&self) -> bool {
        match self.stage {
            Stage::Unjoined => true,
            Stage::Stable => self.wants_to_join,
            Stage::Joining | Stage::Planning(..) | Stage::Syncing | Stage::Synced(..) | Stage::Failed => false,
        }
    }

    /// Topics or their partitions may have changed: it joins again if it wants others than before, or, as the leader, if its
    /// plan was made for others.
    pub(in crate::client) fn review(&mut self, wanted: &[String], partitions_of: impl Fn(&str) -> Option<u32>) {
        if self.stage != Stage::Stable {
            return;
        }
        let mut planned = self.planned_for.iter().flatten();
        self.wants_to_join |= self.joined_for != wanted || planned.any(|(topic, count)| partitions_of(topic) != *count);
    }

    /// JoinGroup: who it is, and for each assignor what it wants and has.
    pub(in crate::client) fn join(
        &mut self,
        group: &Group,
        config: &ConsumerConfig,
        topics: &[String],
        owned: &[NamedPartition],
    ) -> JoinGroupRequest {
        self.stage = Stage::Joining;
        self.wants_to_join = false;
        self.planned_for = None;
        self.joined_for = topics.to_vec();
        let rack = config.client_rack.as_ref().map(|rack| rack.as_ref().clone());
        let (last_share, generation) = (&self.last_share, self.generation);
        let protocol = |strategy: &Strategy| {
            let (owned, generation) = match strategy {
                Strategy::Sticky => last_share.clone(),
                Strategy::Range | Strategy::RoundRobin | Strategy::CooperativeSticky => (owned.to_vec(), generation),
            };
            (strategy.word().to_owned(), Subscription { topics: topics.to_vec(), owned, generation, rack: rack.clone() })
        };
        JoinGroupRequest {
            group: group.id.clone(),
            member: self.id.clone(),
            instance: group.instance.clone(),
            client: group.client.clone(),
            session_timeout: config.session_timeout,
            rebalance_timeout: config.max_poll_interval,
            protocols: self.strategies.iter().map(protocol).collect(),
        }
    }

    /// The group's round has begun: this is its generation, its id and its assignor.
    pub(in crate::client) fn follow_join(&mut self, response: &JoinGroupResponse) {
        self.id = response.member.clone();
        self.generation = response.generation;
        let chosen = response.protocol.as_deref();
        self.strategy = self.strategies.iter().copied().find(|strategy| Some(strategy.word()) == chosen);
        self.failures = 0;
    }

    /// SyncGroup with a plan (the leader's), or with none.
    pub(in crate::client) fn sync(&mut self, group: &Group, plan: Plan) -> SyncGroupRequest {
        self.stage = Stage::Syncing;
        SyncGroupRequest {
            group: group.id.clone(),
            generation: self.generation,
            member: self.id.clone(),
            instance: group.instance.clone(),
            protocol: self.strategy.map(|strategy| strategy.word().to_owned()),
            assignments: plan.into_iter().collect(),
        }
    }

    /// The leader's plan for the topics that its group wants, `None` being those that are not there. From now on it watches
    /// whether they change.
    pub(in crate::client) fn plan(&mut self, response: &JoinGroupResponse, wanted: BTreeMap<String, Option<u32>>) -> Plan {
        let topics: BTreeMap<String, u32> = wanted.iter().filter_map(|(name, count)| Some((name.clone(), (*count)?))).collect();
        let member = |(member, instance, subscription): &(MemberId, _, Subscription)| AssignorMember {
            member: member.clone(),
            instance: Option::clone(instance),
            subscription: subscription.clone(),
        };
        let members: Vec<AssignorMember> = response.members.iter().map(member).collect();
        let plan = match self.strategy {
            Some(strategy) if !response.skip_assignment => assign(strategy, &members, &topics),
            Some(_) | None => Plan::new(),
        };
        self.planned_for = Some(wanted);
        plan
    }

    /// It has taken its share.
    pub(in crate::client) fn become_stable(&mut self, share: Vec<NamedPartition>) {
        self.stage = Stage::Stable;
        self.is_prepared = false;
        self.last_share = (share, self.generation);
    }

    /// The heartbeat of this generation.
    pub(in crate::client) fn heartbeat(&self, group: &Group) -> HeartbeatRequest {
        HeartbeatRequest {
            group: group.id.clone(),
            generation: self.generation,
            member: self.id.clone(),
            instance: group.instance.clone(),
        }
    }

    /// LeaveGroup, if there is somebody to say it of. Static members do not leave: they are expected back (KIP-345).
    pub(in crate::client) fn leave(&self, group: &Group) -> Option<LeaveGroupRequest> {
        let may_leave = group.instance.is_none() && !self.id.is_empty() && self.stage != Stage::Unjoined;
        may_leave.then(|| LeaveGroupRequest { group: group.id.clone(), members: vec![(self.id.clone(), None)] })
    }

    /// The round has failed and begins again; id and generation are kept.
    pub(in crate::client) fn join_again(&mut self) {
        self.stage = Stage::Unjoined;
        self.wants_to_join = true;
    }

    /// Its generation is the group's no more. What it owns is lost, but its id may still be known.
    pub(in crate::client) fn forget_generation(&mut self) {
        self.join_again();
        self.generation = -1;
        self.planned_for = None;
        self.is_prepared = false;
        self.last_commit = None;
    }

    /// It is a member no more: its id is forgotten as well.
    pub(in crate::client) fn forget(&mut self) {
        self.forget_generation();
        self.id = MemberId::default();
    }

    /// Its application is told that it can be no member.
    pub(in crate::client) fn become_failed(&mut self, code: ErrorCode) {
        assert!(!code.is_retriable(), "what may pass is tried again");
        self.forget();
        self.stage = Stage::Failed;
    }
}
