//! SyncGroup (API 14): the leader hands in the plan, the plan is written down, and everybody hears his share.
//!
//! Called by: `coordinator/runtime`. Source: Kafka's `classicGroupSync`; KAFKA-12890 (the time to sync is bounded).

use std::collections::BTreeMap;

use super::member::{ClassicMember, Waiting};
use super::{ClassicGroup, Deadline, Outcome, Rules};
use crate::context::ReplyTo;
use crate::error::ErrorCode;
use crate::event::{GroupState, LeaveReason, MemberId};
use crate::protocol::{NamedPartition, SyncGroupRequest, SyncGroupResponse};

impl ClassicGroup {
    /// Takes in that a member asks for its share, the leader with the plan.
    ///
    /// Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, INCONSISTENT_GROUP_PROTOCOL, REBALANCE_IN_PROGRESS.
    pub fn sync(
        &mut self,
        (reply_to, request): (ReplyTo, &SyncGroupRequest),
        rules: Rules<'_>,
        out: &mut Outcome,
    ) -> Result<(), ErrorCode> {
        self.check_member(&request.member, request.instance.as_ref().filter(|_| rules.variants.static_member_fencing.is_on()))?;
        if request.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        if request.protocol.is_some() && request.protocol != self.protocol {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match self.state {
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::CompletingRebalance => {
                self.park_sync((Waiting { reply_to }, request), out);
                Ok(())
            }
            GroupState::Stable => {
                self.answer_share(Waiting { reply_to }, &request.member, out);
                self.forget_sync_time(out);
                Ok(())
            }
            GroupState::Empty | GroupState::Dead | GroupState::Assigning | GroupState::Reconciling => {
                Err(ErrorCode::UnknownMemberId)
            }
        }
    }

    fn park_sync(&mut self, (waiting, request): (Waiting, &SyncGroupRequest), out: &mut Outcome) {
        if let Some(member) = self.members.get_mut(&request.member) {
            member.syncing = Some(waiting);
            member.has_synced = true;
            out.timers.push((Deadline::Session(request.member.clone()), None));
        }
        if self.leader.as_ref() != Some(&request.member) || self.is_plan_in {
            return;
        }
        let mut plan: BTreeMap<MemberId, Vec<NamedPartition>> = request.assignments.iter().cloned().collect();
        for (id, member) in &mut self.members {
            member.assignment = plan.remove(id).unwrap_or_default();
        }
        self.is_plan_in = true;
        out.writes = true;
    }

    /// The plan of this generation is written down, or could not be.
    pub fn plan_written(&mut self, generation: i32, written: Result<(), ErrorCode>, rules: Rules<'_>, out: &mut Outcome) {
        if generation != self.generation || self.state != GroupState::CompletingRebalance || !self.is_plan_in {
            return;
        }
        if let Err(code) = written {
            self.refuse_syncs(code, out);
            self.prepare(rules, out);
            return;
        }
        self.is_plan_in = false;
        self.become_state(GroupState::Stable, rules, out);
        self.forget_sync_time(out);
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let Some(member) = self.members.get_mut(&id) else { continue };
            let session = Some(member.session_timeout);
            if let Some(waiting) = member.syncing.take() {
                self.answer_share(waiting, &id, out);
                out.timers.push((Deadline::Session(id), session)); // it was not to heartbeat while it waited
            }
        }
    }

    fn answer_share(&mut self, waiting: Waiting, id: &MemberId, out: &mut Outcome) {
        let protocol = self.protocol.clone();
        let Some(member) = self.members.get_mut(id) else { return };
        member.has_synced = true;
        let answer = SyncGroupResponse { error: None, protocol, assignment: member.assignment.clone() };
        out.replies.push((waiting.reply_to, answer.into()));
    }

    /// Nobody hears of a plan of this generation.
    pub(super) fn refuse_syncs(&mut self, code: ErrorCode, out: &mut Outcome) {
        self.is_plan_in = false;
        for (id, member) in &mut self.members {
            member.assignment = Vec::new();
            if let Some(waiting) = member.syncing.take() {
                out.replies.push((waiting.reply_to, refused(code).into()));
                out.timers.push((Deadline::Session(id.clone()), Some(member.session_timeout)));
            }
        }
    }

    /// Once all have asked for their shares nobody is waited for.
    fn forget_sync_time(&self, out: &mut Outcome) {
        if self.members.values().all(|member| member.has_synced) {
            out.timers.push((Deadline::Sync, None));
        }
    }

    /// The time to ask for a share is over: who has not asked is out, in a stable group too.
    pub fn sync_due(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        let is_awaiting = matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable);
        let late = self.members.iter().filter(|(_, member)| !member.has_synced).map(|(id, _)| id.clone());
        let late: Vec<MemberId> = late.filter(|_| is_awaiting).collect();
        if late.is_empty() {
            return;
        }
        for id in &late {
            self.remove(id, LeaveReason::RebalanceTimedOut, out);
        }
        self.prepare(rules, out);
        self.complete_if_all_joined(rules, out);
    }

    /// Whoever waits as this member hears this.
    pub(super) fn refuse_waiting(&self, id: &MemberId, member: &mut ClassicMember, code: ErrorCode, out: &mut Outcome) {
        if let Some(waiting) = member.syncing.take() {
            out.replies.push((waiting.reply_to, refused(code).into()));
        }
        if let Some(waiting) = member.joining.take() {
            let answer = crate::protocol::JoinGroupResponse {
                error: Some(code),
                generation: -1,
                protocol: None,
                leader: MemberId::default(),
                member: id.clone(),
                members: Vec::new(),
                skip_assignment: false,
            };
            out.replies.push((waiting.reply_to, answer.into()));
        }
    }
}

fn refused(code: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error: Some(code), protocol: None, assignment: Vec::new() }
}
