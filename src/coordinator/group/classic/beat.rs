//! Heartbeat (API 12), LeaveGroup (13), and members of whom nothing is heard.
//!
//! Called by: `coordinator/runtime`. Source: Kafka's `classicGroupHeartbeat`, `classicGroupLeave`, `expireClassicGroupMemberHeartbeat`.

use super::{ClassicGroup, ClassicMember, Deadline, Outcome, Rules};
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupState, InstanceId, LeaveReason, MemberId};
use crate::protocol::{HeartbeatRequest, LeaveGroupRequest, LeaveGroupResponse};

impl ClassicGroup {
    /// Takes in that a member lives; the answer is told by the result.
    ///
    /// Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION; REBALANCE_IN_PROGRESS asks it to join again.
    pub fn heartbeat(&mut self, request: &HeartbeatRequest, rules: Rules<'_>, out: &mut Outcome) -> Result<(), ErrorCode> {
        self.check_member(&request.member, request.instance.as_ref().filter(|_| rules.variants.static_member_fencing.is_on()))?;
        if request.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        if let Some(member) = self.members.get(&request.member) {
            out.timers.push((Deadline::Session(request.member.clone()), Some(member.session_timeout)));
        }
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => Ok(()),
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::Empty | GroupState::Dead | GroupState::Assigning | GroupState::Reconciling => {
                Err(ErrorCode::UnknownMemberId)
            }
        }
    }

    /// Takes in that members leave.
    pub fn leave(&mut self, request: &LeaveGroupRequest, rules: Rules<'_>, out: &mut Outcome) -> LeaveGroupResponse {
        let gone = request.members.iter().map(|(id, instance)| {
            let left = self.leave_one(id, instance.as_ref(), out);
            (id.clone(), left.err())
        });
        let members: Vec<(MemberId, Option<ErrorCode>)> = gone.collect();
        if members.iter().any(|(_, error)| error.is_none()) {
            self.go_on_without(rules, out);
        }
        LeaveGroupResponse { error: None, members }
    }

    fn leave_one(&mut self, id: &MemberId, instance: Option<&InstanceId>, out: &mut Outcome) -> Result<(), ErrorCode> {
        if self.pending.remove(id) {
            out.timers.push((Deadline::Pending(id.clone()), None));
            return Ok(());
        }
        let by_name = instance.filter(|_| id.is_empty()).map(|instance| self.statics.get(instance).cloned());
        let (id, why) = match by_name {
            Some(found) => (found.ok_or(ErrorCode::UnknownMemberId)?, LeaveReason::Removed),
            None => {
                self.check_member(id, instance)?;
                (id.clone(), LeaveReason::Left)
            }
        };
        self.remove(&id, why, out);
        Ok(())
    }

    /// Nothing was heard of a member for its session's time, or a new one waited too long for its first generation.
    pub fn session_due(&mut self, member: &MemberId, rules: Rules<'_>, out: &mut Outcome) {
        let is_silent = |member: &ClassicMember| member.is_new || (member.joining.is_none() && member.syncing.is_none());
        if self.members.get(member).is_some_and(is_silent) {
            self.remove(member, LeaveReason::SessionExpired, out);
            self.go_on_without(rules, out);
            self.complete_if_nobody_is_missing(rules, out);
        }
    }

    /// Somebody never joined with the id he was given.
    pub fn pending_due(&mut self, member: &MemberId, rules: Rules<'_>, out: &mut Outcome) {
        if self.pending.remove(member) {
            self.complete_if_nobody_is_missing(rules, out);
        }
    }

    /// A member is gone that was not removed here: what it read has no reader.
    pub fn rebalance(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        self.go_on_without(rules, out);
    }

    /// The ids that were given and not joined with yet.
    #[must_use]
    pub fn pending(&self) -> &std::collections::BTreeSet<MemberId> {
        &self.pending
    }

    /// Everybody who waits hears this.
    pub fn refuse_all(&mut self, code: ErrorCode, out: &mut Outcome) {
        for (id, mut member) in std::mem::take(&mut self.members) {
            self.refuse_waiting(&id, &mut member, code, out);
        }
    }

    fn go_on_without(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.prepare(rules, out);
                self.complete_if_all_joined(rules, out);
            }
            GroupState::PreparingRebalance => self.complete_if_all_joined(rules, out),
            GroupState::Empty | GroupState::Dead | GroupState::Assigning | GroupState::Reconciling => {}
        }
    }

    /// The one place where a member goes.
    pub(super) fn remove(&mut self, id: &MemberId, why: LeaveReason, out: &mut Outcome) {
        let Some(mut member) = self.members.remove(id) else { return };
        self.refuse_waiting(id, &mut member, ErrorCode::UnknownMemberId, out);
        if let Some(instance) = &member.instance
            && self.statics.get(instance) == Some(id)
        {
            self.statics.remove(instance);
        }
        if self.leader.as_ref() == Some(id) {
            self.leader = None;
        }
        out.timers.push((Deadline::Session(id.clone()), None));
        out.facts.push(GroupFact::MemberLeft { group: self.id.clone(), member: id.clone(), why });
    }
}
