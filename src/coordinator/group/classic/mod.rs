//! A group of the classic protocol: all members join, one of them makes the plan, all hear their share; and whenever somebody
//! comes, goes or wants something else, all of that again.
//!
//! ```text
//!           join                    all joined, or time over             the leader's plan is written
//! Empty ──────────▶ PreparingRebalance ──────────────▶ CompletingRebalance ──────────────▶ Stable
//!   ▲                 ▲        │ nobody joined            │ join, leave, time-out             │ join, leave, time-out
//!   └─────────────────┼────────┘                          │                                   │
//!                     └───────────────────────────────────┴───────────────────────────────────┘
//! ```
//!
//! * `join`: JoinGroup, and when a rebalance is complete. `sync`: SyncGroup and the plan. `member`: what is kept of each.
//! * `beat`: Heartbeat, LeaveGroup, and time-outs.
//!
//! Invariant: a member waits for at most one answer of each kind, and gets it. A generation has one plan.
//!
//! What is decided is collected in an [`Outcome`]; what has to survive is written when the plan is ([`WrittenGroup`]), so a
//! rebalance that a fail-over interrupts begins anew.
//!
//! Called by: `coordinator/runtime`. Source: Kafka's `GroupCoordinator`, `ClassicGroup`; KIP-345 (static members), KIP-394 (member
//! ids), KIP-814 (a static leader comes back).

mod beat;
mod join;
mod member;
mod sync;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{BrokerConfig, Variants};
use crate::context::ReplyTo;
use crate::coordinator::offsets::Aging;
use crate::error::ErrorCode;
use crate::event::canonical::record_fields;
use crate::event::{GroupFact, GroupId, GroupKind, GroupState, InstanceId, MemberId};
use crate::protocol::{NamedPartition, Response};
use crate::time::{Duration, Timestamp};

pub use member::{ClassicMember, Waiting, WrittenMember};

/// What decisions depend on besides the group and the request.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The coordinator's configuration.
    pub config: &'a BrokerConfig,
    /// The historical rules in force.
    pub variants: Variants,
    /// The coordinator's wall clock.
    pub wall: Timestamp,
}

/// A classic group.
#[derive(Clone, Debug)]
pub struct ClassicGroup {
    /// Its id.
    pub id: GroupId,
    pub(super) state: GroupState,
    pub(super) generation: i32,
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<MemberId>,
    pub(super) members: BTreeMap<MemberId, ClassicMember>,
    pub(super) statics: BTreeMap<InstanceId, MemberId>,
    /// Ids that were given to members who have not joined with them yet (KIP-394).
    pub(super) pending: BTreeSet<MemberId>,
    /// In the initial delay of a group that was empty somebody came: wait a little more.
    pub(super) has_newcomer: bool,
    /// It waits for more members, having been empty.
    pub(super) is_in_initial_delay: bool,
    /// The leader has handed in the plan of this generation, and it is being written down.
    pub(super) is_plan_in: bool,
    /// How much of `rebalance.timeout` is left for more initial delays.
    pub(super) delay_left: Duration,
    /// Since when it is in its state.
    pub(super) changed_at: Timestamp,
}

/// A classic group as it is written down (`GroupMetadata`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenGroup {
    /// The generation.
    pub generation: i32,
    /// The assignor.
    pub protocol: Option<String>,
    /// Who made the plan.
    pub leader: Option<MemberId>,
    /// Since when it is as it is.
    pub changed_at: Timestamp,
    /// Its members in the order of their ids.
    pub members: Vec<WrittenMember>,
}

record_fields!(WrittenGroup { generation, protocol, leader, changed_at, members });

/// What is to be done about a request or a deadline, in the order: write, then the rest.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The group is to be written down as it is now; what is parked in it waits for that.
    pub writes: bool,
    /// Answers that leave now.
    pub replies: Vec<(ReplyTo, Response)>,
    /// What is true now.
    pub facts: Vec<GroupFact>,
    /// Deadlines to set, or to drop.
    pub timers: Vec<(Deadline, Option<Duration>)>,
}

/// What a classic group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// A sign of life of this member.
    Session(MemberId),
    /// This member's joining with the id it was given.
    Pending(MemberId),
    /// All members' joining again.
    Join,
    /// All members' asking for their share.
    Sync,
}

impl ClassicGroup {
    /// A group that nobody is in.
    #[must_use]
    pub fn new(id: GroupId, at: Timestamp) -> Self {
        Self {
            id,
            state: GroupState::Empty,
            generation: 0,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            pending: BTreeSet::new(),
            has_newcomer: false,
            is_in_initial_delay: false,
            is_plan_in: false,
            delay_left: Duration::ZERO,
            changed_at: at,
        }
    }

    /// A group as it was written down: stable, or empty.
    #[must_use]
    pub fn from_written(id: GroupId, written: &WrittenGroup) -> Self {
        let members: BTreeMap<MemberId, ClassicMember> =
            written.members.iter().map(|member| (member.member.clone(), ClassicMember::from_written(member))).collect();
        let statics = members.iter().filter_map(|(id, member)| member.instance.clone().map(|instance| (instance, id.clone())));
        Self {
            state: if members.is_empty() { GroupState::Empty } else { GroupState::Stable },
            generation: written.generation,
            protocol: written.protocol.clone(),
            leader: written.leader.clone(),
            statics: statics.collect(),
            changed_at: written.changed_at,
            members,
            ..Self::new(id, written.changed_at)
        }
    }

    /// As it is to be written down.
    #[must_use]
    pub fn written(&self) -> WrittenGroup {
        WrittenGroup {
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            changed_at: self.changed_at,
            members: self.members.iter().map(|(id, member)| member.written(id, self.protocol.as_deref())).collect(),
        }
    }

    /// What it does.
    #[must_use]
    pub fn state(&self) -> GroupState {
        self.state
    }

    /// Its generation.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// The assignor in use.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Its members in the order of their ids.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<MemberId, ClassicMember> {
        &self.members
    }

    /// From when on its offsets grow old (KIP-211): from when it became empty; in a stable group from their commits, which counts
    /// for topics that nobody reads; and not at all while it rebalances.
    #[must_use]
    pub fn aging(&self) -> Aging {
        match self.state {
            GroupState::Empty if self.generation > 0 => Aging::Since(self.changed_at),
            // Nobody was ever in it: it only stores offsets.
            GroupState::Empty | GroupState::Stable => Aging::SinceCommit,
            GroupState::PreparingRebalance
            | GroupState::CompletingRebalance
            | GroupState::Dead
            | GroupState::Assigning
            | GroupState::Reconciling => Aging::Never,
        }
    }

    /// Whether a member wants this topic: then its offsets are kept.
    #[must_use]
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.members.values().any(|member| member.wants(topic))
    }

    /// The deadlines of a group that was read from the log.
    #[must_use]
    pub fn deadlines_when_loaded(&self) -> Vec<(Deadline, Option<Duration>)> {
        let sessions = self.members.iter();
        sessions.map(|(id, member)| (Deadline::Session(id.clone()), Some(member.session_timeout))).collect()
    }

    /// Whether a commit is taken. Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS.
    ///
    /// While members join again the old generation may still commit what it has done; while they wait for the plan nobody may.
    pub fn check_commit(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: i32,
        rules: Rules<'_>,
    ) -> Result<(), ErrorCode> {
        if generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if !rules.variants.commit_fencing.is_on() {
            return Ok(());
        }
        self.check_member(member, instance.filter(|_| rules.variants.static_member_fencing.is_on()))?;
        if generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        match self.state {
            GroupState::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::Stable | GroupState::PreparingRebalance => Ok(()),
            GroupState::Empty | GroupState::Dead | GroupState::Assigning | GroupState::Reconciling => {
                Err(ErrorCode::UnknownMemberId)
            }
        }
    }

    /// Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
    pub(super) fn check_member(&self, member: &MemberId, instance: Option<&InstanceId>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            let known = self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?;
            return if known == member { Ok(()) } else { Err(ErrorCode::FencedInstanceId) };
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// The one place where it comes to another state.
    pub(super) fn become_state(&mut self, state: GroupState, rules: Rules<'_>, out: &mut Outcome) {
        if self.state != state {
            self.state = state;
            self.changed_at = rules.wall;
            let (group, epoch) = (self.id.clone(), self.generation);
            out.facts.push(GroupFact::GroupStateChanged { group, kind: GroupKind::Classic, state, epoch });
        }
    }

    /// What a member is to read by the plan.
    #[must_use]
    pub fn assignment(&self, member: &MemberId) -> &[NamedPartition] {
        self.members.get(member).map_or(&[], |member| &member.assignment)
    }
}
