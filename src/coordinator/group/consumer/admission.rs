//! What happens to a group when somebody is heard of: written down, counted, planned for and led on (KIP-848).
//!
//! 1. What it says of itself is written down when it is new.
//! 2. When it wants other topics, or the topics changed, the group epoch rises.
//! 3. When the group epoch is above the target's, the coordinator makes a new target.
//! 4. The member goes one step towards its target (`reconcile`).
//!
//! Invariant: a decision that changes nothing has no records. Called by `heartbeat` and by `classic::join`.
//! Source: Kafka's `GroupMetadataManager` and `TargetAssignmentBuilder`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::member::{CurrentAssignment, JOINING, Member, MemberState, MemberWishes};
use super::reconcile::{self, Goal};
use super::record::{ConsumerRecord, Decision, GroupEpoch, TimerOrder};
use super::state::ConsumerGroup;
use super::topics_wanted::{Lookup, digest, members_with};
use super::{Environment, facts};
use crate::coordinator::assignor::{AssignmentSpec, Assignor, MemberSpec};
use crate::error::ErrorCode;
use crate::event::{GroupFact, LeaveReason, MemberId};
use crate::ids::{TopicId, TopicPartition};
use crate::pattern::Pattern;

/// Somebody who is heard of.
pub(super) struct Arrival {
    /// Its id.
    pub(super) id: MemberId,
    /// What is known of it.
    pub(super) before: Member,
    /// The member whose static name and place it takes.
    pub(super) replaces: Option<MemberId>,
    /// What it says of itself now, when that is new.
    pub(super) wishes: Option<MemberWishes>,
    /// What it says that it owns, in order.
    pub(super) owned: Option<Vec<TopicPartition>>,
}

/// Decides about an arrival; the answer is what the member has been given. Errors: INVALID_REGULAR_EXPRESSION.
pub(super) fn admit(
    group: &ConsumerGroup,
    arrival: Arrival,
    environment: Environment<'_>,
) -> Result<Decision<Arc<CurrentAssignment>>, ErrorCode> {
    let mut draft = Draft::new(group, arrival, environment)?;
    draft.replace();
    draft.write_wishes();
    draft.raise_epoch();
    let target = draft.target();
    Ok(draft.lead_on(&target))
}

struct Draft<'a> {
    group: &'a ConsumerGroup,
    environment: Environment<'a>,
    id: MemberId,
    before: Member,
    gone: BTreeSet<MemberId>,
    wishes: Arc<MemberWishes>,
    has_new_wishes: bool,
    wants_otherwise: bool,
    added: Option<(String, Pattern)>,
    owned: Option<Vec<TopicPartition>>,
    epoch: GroupEpoch,
    decision: Decision<()>,
}

impl<'a> Draft<'a> {
    fn new(group: &'a ConsumerGroup, arrival: Arrival, environment: Environment<'a>) -> Result<Self, ErrorCode> {
        let Arrival { id, before, replaces, wishes, owned } = arrival;
        let old = &before.wishes;
        let wants_otherwise = match &wishes {
            Some(wishes) => wishes.topics != old.topics || wishes.pattern != old.pattern,
            None => false,
        };
        let added = match wishes.as_ref().and_then(|wishes| wishes.pattern.as_ref()) {
            Some(pattern) if !group.patterns.contains_key(pattern) => Some((pattern.clone(), Pattern::read(pattern)?)),
            Some(_) | None => None,
        };
        Ok(Self {
            group,
            environment,
            has_new_wishes: wishes.is_some(),
            wishes: wishes.map_or_else(|| Arc::clone(old), Arc::new),
            id,
            before,
            gone: replaces.into_iter().collect(),
            wants_otherwise,
            added,
            owned,
            epoch: group.epoch,
            decision: Decision::only(()),
        })
    }

    /// A static member's place goes over to its new process, with target and partitions: nothing moves.
    fn replace(&mut self) {
        let Some(old) = self.gone.first().cloned() else { return };
        let decision = &mut self.decision;
        decision.records.push(ConsumerRecord::Current(old.clone(), None));
        decision.records.push(ConsumerRecord::Target(old.clone(), None));
        decision.records.push(ConsumerRecord::Member(old.clone(), None));
        decision.timers.push(TimerOrder::None(old.clone()));
        decision.facts.push(GroupFact::MemberLeft {
            group: self.group.id.clone(),
            member: old.clone(),
            why: LeaveReason::Replaced,
        });
        let target = self.group.targets.get(&old).cloned().unwrap_or_default();
        decision.records.push(ConsumerRecord::Member(self.id.clone(), Some(Arc::clone(&self.wishes))));
        decision.records.push(ConsumerRecord::Target(self.id.clone(), Some(target)));
        decision.records.push(ConsumerRecord::Current(self.id.clone(), Some(Arc::clone(&self.before.current))));
        decision.facts.push(facts::joined(self.group, &self.id, &self.wishes));
        self.has_new_wishes = false;
    }

    fn write_wishes(&mut self) {
        if !self.has_new_wishes {
            return;
        }
        self.decision.records.push(ConsumerRecord::Member(self.id.clone(), Some(Arc::clone(&self.wishes))));
        if !self.group.members.contains_key(&self.id) {
            self.decision.facts.push(facts::joined(self.group, &self.id, &self.wishes));
        }
    }

    /// The group epoch rises when the member wants other topics than before, or when the wanted topics changed.
    fn raise_epoch(&mut self) {
        let version = self.environment.topics.version();
        let is_first = self.group.epoch.epoch == 0;
        if !self.wants_otherwise && !is_first && self.group.metadata_seen == Some(version) {
            return;
        }
        let lookup = self.lookup();
        let members = members_with(self.group, &self.gone, Some((&self.id, &self.wishes)));
        let metadata_hash = digest(&lookup.partitions(members.values().copied()));
        self.decision.metadata_seen = Some(version);
        if self.wants_otherwise || is_first || metadata_hash != self.group.epoch.metadata_hash {
            self.epoch = GroupEpoch { epoch: self.group.epoch.epoch + 1, metadata_hash };
            self.decision.records.push(ConsumerRecord::Group(Some(self.epoch)));
        }
    }

    fn lookup(&self) -> Lookup<'_> {
        let added = self.added.as_ref().map(|(text, pattern)| (text.as_str(), pattern));
        Lookup::new(self.group, added, self.environment.topics)
    }

    /// What the member is to have; a new plan for all when the group epoch is above the present one's.
    fn target(&mut self) -> Arc<Vec<TopicPartition>> {
        if self.epoch.epoch <= self.group.target_epoch {
            return self.old_target(&self.id).cloned().unwrap_or_default();
        }
        let spec = self.spec();
        let members = members_with(self.group, &self.gone, Some((&self.id, &self.wishes)));
        let wanted = members.values().map(|wishes| wishes.assignor.as_deref());
        let assignor = Assignor::most_wanted(&self.environment.config.group_consumer_assignors, wanted);
        let plan = assignor.assign(&spec);
        let mut mine = Arc::default();
        let mut whole = Vec::with_capacity(plan.len());
        for (member, share) in spec.members.into_iter().zip(plan) {
            let is_new = member.owned != share || !self.group.targets.contains_key(&member.member);
            let share = Arc::new(share);
            if is_new && (!self.gone_target_is(&member.member, &share)) {
                self.decision.records.push(ConsumerRecord::Target(member.member.clone(), Some(Arc::clone(&share))));
            }
            if member.member == self.id {
                mine = Arc::clone(&share);
            }
            whole.push((member.member, (*share).clone()));
        }
        self.decision.records.push(ConsumerRecord::TargetEpoch(Some(self.epoch.epoch)));
        self.decision.facts.push(facts::planned(self.group, self.epoch.epoch, assignor, whole));
        mine
    }

    /// Whether a replaced member's target, handed on already, is this very one.
    fn gone_target_is(&self, member: &MemberId, share: &[TopicPartition]) -> bool {
        *member == self.id && !self.gone.is_empty() && self.old_target(member).is_some_and(|target| **target == *share)
    }

    /// What the present plan gives a member; to one that takes another's place, what it gives that one.
    fn old_target(&self, member: &MemberId) -> Option<&Arc<Vec<TopicPartition>>> {
        let place = if *member == self.id { self.gone.first().unwrap_or(member) } else { member };
        self.group.targets.get(place)
    }

    fn spec(&self) -> AssignmentSpec {
        let lookup = self.lookup();
        let wishes = members_with(self.group, &self.gone, Some((&self.id, &self.wishes)));
        let topics: BTreeMap<TopicId, u32> = lookup.partitions(wishes.values().copied());
        let members = wishes.into_iter().map(|(id, wishes)| MemberSpec {
            member: id.clone(),
            topics: lookup.of(wishes),
            owned: self.old_target(id).map(|target| target.to_vec()).unwrap_or_default(),
        });
        AssignmentSpec { members: members.collect(), topics }
    }

    fn lead_on(self, target: &[TopicPartition]) -> Decision<Arc<CurrentAssignment>> {
        let target_epoch = self.epoch.epoch.max(self.group.target_epoch);
        let goal = Goal { epoch: target_epoch, target, owned: self.owned.as_deref() };
        let current = reconcile::step(&self.before, goal, |partition| self.is_held(partition));
        let mut decision = self.decision;
        if current != self.before.current {
            assert!(
                current.epoch >= self.before.current.epoch || self.before.current.epoch <= JOINING,
                "a member's epoch never goes back"
            );
            decision.records.push(ConsumerRecord::Current(self.id.clone(), Some(Arc::clone(&current))));
            decision.facts.extend(facts::reconciled(self.group, &self.id, &current));
            if self.wishes.classic.is_none() {
                decision.timers.push(revocation(&self.id, &current, &self.wishes));
            }
        }
        decision.answering(current)
    }

    /// Whether anybody holds it; what a replaced member held is its successor's.
    fn is_held(&self, partition: TopicPartition) -> bool {
        self.group.holder(partition).is_some()
    }
}

fn revocation(id: &MemberId, current: &CurrentAssignment, wishes: &MemberWishes) -> TimerOrder {
    match current.state {
        MemberState::Unrevoked => TimerOrder::Rebalance(id.clone(), wishes.rebalance_timeout),
        MemberState::Stable | MemberState::Unreleased => TimerOrder::NoRebalance(id.clone()),
    }
}
