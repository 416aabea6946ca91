//! How a member goes: it says so, falls silent, does not give back in time, or is put out by an operator (KIP-848, KIP-345).
//!
//! Invariant: whoever goes for good is forgotten in the same batch that raises the group epoch; the next heartbeat of anybody
//! plans anew. A static member that leaves with -2 keeps its place and what it may own for its session's time.
//! When only members of the classic protocol are left, the group goes on as one of theirs (`migration`).
//! Called by `heartbeat`, by `classic`, and by `coordinator/runtime` when a deadline is due.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::member::{CurrentAssignment, LEFT_FOR_A_WHILE, MemberState};
use super::record::{ConsumerRecord, Decision, GroupEpoch, TimerOrder};
use super::state::ConsumerGroup;
use super::topics_wanted::{Lookup, digest, members_with};
use super::{Environment, facts, migration};
use crate::error::ErrorCode;
use crate::event::{GroupFact, LeaveReason, MemberId};
use crate::protocol::ConsumerGroupHeartbeatRequest;

impl ConsumerGroup {
    /// A member leaves. Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
    pub(super) fn leave(
        &self,
        request: &ConsumerGroupHeartbeatRequest,
        environment: Environment<'_>,
    ) -> Result<Decision<()>, ErrorCode> {
        let id = match &request.instance {
            None => &request.member,
            Some(instance) => self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?,
        };
        if *id != request.member {
            return Err(ErrorCode::FencedInstanceId);
        }
        if request.epoch == LEFT_FOR_A_WHILE {
            return self.leave_for_a_while(id);
        }
        if !self.members.contains_key(id) {
            return Err(ErrorCode::UnknownMemberId);
        }
        Ok(self.put_out(&BTreeSet::from([id.clone()]), LeaveReason::Left, environment))
    }

    fn leave_for_a_while(&self, id: &MemberId) -> Result<Decision<()>, ErrorCode> {
        let member = self.members.get(id).ok_or(ErrorCode::UnknownMemberId)?;
        let current = CurrentAssignment {
            epoch: LEFT_FOR_A_WHILE,
            previous_epoch: member.current.epoch,
            revoking: Vec::new(),
            ..(*member.current).clone()
        };
        let mut decision = Decision::only(());
        decision.facts.extend(facts::reconciled(self, id, &current));
        decision.records.push(ConsumerRecord::Current(id.clone(), Some(Arc::new(current))));
        decision.timers.push(TimerOrder::NoRebalance(id.clone()));
        Ok(decision)
    }

    /// The deadlines that a coordinator sets which has just read the group from the log: everybody has its whole time again.
    #[must_use]
    pub fn deadlines_when_loaded(&self, environment: Environment<'_>) -> Vec<TimerOrder> {
        let mut orders = Vec::new();
        for (id, member) in &self.members {
            let within = member.wishes.rebalance_timeout;
            match &member.wishes.classic {
                Some(classic) => orders.push(TimerOrder::Session(id.clone(), classic.session_timeout)),
                None => orders.push(TimerOrder::Session(id.clone(), environment.config.group_consumer_session_timeout)),
            }
            if member.current.state == MemberState::Unrevoked && !member.is_classic() {
                orders.push(TimerOrder::Rebalance(id.clone(), within));
            }
        }
        orders
    }

    /// Nothing was heard of a member for its session's time; `None` when it is gone already.
    #[must_use]
    pub fn session_due(&self, member: &MemberId, environment: Environment<'_>) -> Option<Decision<()>> {
        self.members.get(member)?;
        Some(self.put_out(&BTreeSet::from([member.clone()]), LeaveReason::SessionExpired, environment))
    }

    /// A member had until now to give back what it was asked for; `None` when it has, or is gone already.
    #[must_use]
    pub fn rebalance_due(&self, member: &MemberId, environment: Environment<'_>) -> Option<Decision<()>> {
        self.members.get(member).filter(|member| member.current.state == MemberState::Unrevoked)?;
        Some(self.put_out(&BTreeSet::from([member.clone()]), LeaveReason::RebalanceTimedOut, environment))
    }

    /// A classic member had until now to join again or to ask for its share; `None` when it is gone already.
    #[must_use]
    pub fn classic_due(&self, member: &MemberId, environment: Environment<'_>) -> Option<Decision<()>> {
        self.members.get(member).filter(|member| member.is_classic())?;
        Some(self.put_out(&BTreeSet::from([member.clone()]), LeaveReason::RebalanceTimedOut, environment))
    }

    /// Forgets members, and raises the group epoch if the group goes on under this protocol: the generation of one that does not is
    /// the epoch it had, so that its members hear REBALANCE_IN_PROGRESS.
    #[must_use]
    pub fn put_out(&self, gone: &BTreeSet<MemberId>, why: LeaveReason, environment: Environment<'_>) -> Decision<()> {
        let mut decision = Decision::only(());
        for member in gone {
            decision.records.push(ConsumerRecord::Current(member.clone(), None));
            decision.records.push(ConsumerRecord::Target(member.clone(), None));
            decision.records.push(ConsumerRecord::Member(member.clone(), None));
            decision.timers.push(TimerOrder::None(member.clone()));
            decision.facts.push(GroupFact::MemberLeft { group: self.id.clone(), member: member.clone(), why });
        }
        if gone.is_empty() {
            return decision;
        }
        migration::downgrade_if_only_classic_are_left(self, &mut decision, migration::After::Departure, environment);
        if decision.downgrade.is_some() {
            return decision;
        }
        let lookup = Lookup::new(self, None, environment.topics);
        let members = members_with(self, gone, None);
        let metadata_hash = digest(&lookup.partitions(members.values().copied()));
        let epoch = GroupEpoch { epoch: self.epoch.epoch + 1, metadata_hash };
        decision.records.push(ConsumerRecord::Group(Some(epoch)));
        decision
    }
}
