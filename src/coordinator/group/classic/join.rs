//! JoinGroup (API 11), and when a rebalance is complete.
//!
//! A group that was empty waits `group.initial.rebalance.delay.ms` for more members, and as much again whenever somebody came, as
//! long as the longest rebalance time-out lets it. Any other waits until all have joined again, or that time-out is over; who has
//! not joined by then is out, but for static members, whose places are kept for their sessions' time.
//!
//! Called by: `coordinator/runtime`. Source: Kafka's `classicGroupJoin`, `completeClassicGroupJoin`; KIP-134, KIP-345, KIP-394, KIP-814.

use std::sync::Arc;

use super::member::{ClassicMember, Waiting};
use super::{ClassicGroup, Deadline, Outcome, Rules};
use crate::context::ReplyTo;
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupState, InstanceId, LeaveReason, MemberFacts, MemberId};
use crate::protocol::{JoinGroupRequest, JoinGroupResponse, Subscription};
use crate::time::Duration;

/// For so long a new member may wait for its first generation. A constant in Kafka too (KIP-394).
const NEW_MEMBER_JOIN_TIMEOUT: Duration = Duration::from_secs(300);

impl ClassicGroup {
    /// Takes in that somebody joins; `fresh` is the id of one who has none.
    ///
    /// Errors: INCONSISTENT_GROUP_PROTOCOL, GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
    pub fn join(
        &mut self,
        (reply_to, request): (ReplyTo, &JoinGroupRequest),
        fresh: &MemberId,
        rules: Rules<'_>,
        out: &mut Outcome,
    ) -> Result<(), ErrorCode> {
        if !self.accepts(&request.member, rules) {
            self.remove(&request.member, LeaveReason::Removed, out);
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        let is_shared = |(name, _): &(String, Subscription)| self.members.values().all(|member| member.knows(name));
        if !request.protocols.iter().any(is_shared) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let waiting = Waiting { reply_to };
        if !request.member.is_empty() {
            return self.join_as((waiting, request), rules, out);
        }
        let holder = request.instance.as_ref().and_then(|instance| self.statics.get(instance)).cloned();
        match (&request.instance, holder) {
            (Some(instance), Some(old)) if rules.variants.static_member_fencing.is_on() => {
                self.replace_static((waiting, request), (instance, &old), fresh, rules, out);
            }
            (Some(_), _) => self.admit((waiting, request), fresh, rules, out),
            (None, _) => {
                self.pending.insert(fresh.clone());
                out.timers.push((Deadline::Pending(fresh.clone()), Some(request.session_timeout)));
                let refusal = JoinGroupResponse { error: Some(ErrorCode::MemberIdRequired), ..blank(fresh) };
                out.replies.push((reply_to, refusal.into()));
            }
        }
        Ok(())
    }

    /// Whether a session may be so long. Errors: INVALID_SESSION_TIMEOUT.
    pub fn check_session(request: &JoinGroupRequest, rules: Rules<'_>) -> Result<(), ErrorCode> {
        let allowed = rules.config.group_min_session_timeout..=rules.config.group_max_session_timeout;
        if allowed.contains(&request.session_timeout) { Ok(()) } else { Err(ErrorCode::InvalidSessionTimeout) }
    }

    /// Whether there is room for a member. While all join anew only those count who have, so that a group that is too large loses
    /// who comes last; a static member that comes back without its id counts as one more, as in Kafka.
    fn accepts(&self, member: &MemberId, rules: Rules<'_>) -> bool {
        let has_room = |count: usize| u32::try_from(count).is_ok_and(|count| count < rules.config.group_max_size);
        let known = self.members.get(member);
        match self.state {
            GroupState::Empty | GroupState::Dead | GroupState::Assigning | GroupState::Reconciling => true,
            GroupState::PreparingRebalance => {
                let joined = self.members.values().filter(|member| member.joining.is_some()).count();
                known.is_some_and(|member| member.joining.is_some()) || has_room(joined)
            }
            GroupState::CompletingRebalance | GroupState::Stable => known.is_some() || has_room(self.members.len()),
        }
    }

    /// Somebody joins with an id.
    fn join_as(
        &mut self,
        (waiting, request): (Waiting, &JoinGroupRequest),
        rules: Rules<'_>,
        out: &mut Outcome,
    ) -> Result<(), ErrorCode> {
        let id = &request.member;
        if self.pending.remove(id) {
            out.timers.push((Deadline::Pending(id.clone()), None));
            self.admit((waiting, request), id, rules, out);
            return Ok(());
        }
        self.check_member(id, request.instance.as_ref().filter(|_| rules.variants.static_member_fencing.is_on()))?;
        let member = self.members.get_mut(id).ok_or(ErrorCode::UnknownMemberId)?;
        let is_same = member.protocols == request.protocols;
        let is_leader = self.leader.as_ref() == Some(id);
        match self.state {
            GroupState::PreparingRebalance => self.rejoin((waiting, request), rules, out),
            GroupState::CompletingRebalance if is_same => self.answer_joined(waiting, id, out),
            GroupState::Stable if is_same && !is_leader => self.answer_joined(waiting, id, out),
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.prepare(rules, out);
                self.rejoin((waiting, request), rules, out);
            }
            GroupState::Empty | GroupState::Dead | GroupState::Assigning | GroupState::Reconciling => {
                return Err(ErrorCode::UnknownMemberId);
            }
        }
        Ok(())
    }

    /// Somebody new.
    fn admit(&mut self, (waiting, request): (Waiting, &JoinGroupRequest), id: &MemberId, rules: Rules<'_>, out: &mut Outcome) {
        let mut member = ClassicMember::new(request);
        member.joining = Some(waiting);
        out.facts.push(self.joined(id, &member));
        if let Some(instance) = &request.instance {
            self.statics.entry(instance.clone()).or_insert_with(|| id.clone());
        }
        self.members.insert(id.clone(), member);
        self.leader.get_or_insert_with(|| id.clone());
        out.timers.push((Deadline::Session(id.clone()), Some(NEW_MEMBER_JOIN_TIMEOUT)));
        self.has_newcomer |= self.is_in_initial_delay;
        if self.state == GroupState::PreparingRebalance {
            self.complete_if_all_joined(rules, out);
        } else {
            self.prepare(rules, out);
            self.complete_if_all_joined(rules, out);
        }
    }

    /// A member joins again.
    fn rejoin(&mut self, (waiting, request): (Waiting, &JoinGroupRequest), rules: Rules<'_>, out: &mut Outcome) {
        let Some(member) = self.members.get_mut(&request.member) else { return };
        member.update(request);
        // If it was waiting already it asks on a new connection, and nobody listens on the old one.
        member.joining = Some(waiting);
        out.timers.push((Deadline::Session(request.member.clone()), None));
        self.complete_if_all_joined(rules, out);
    }

    /// A new process takes a static name: the old one's id is fenced from now on, wherever it asks (KAFKA-8500). If the group would
    /// still choose the same assignor nobody need rebalance, whatever topics the new process wants (as in Kafka); the new id is
    /// written down at once (KAFKA-10284).
    ///
    /// Kafka differs: when that cannot be written the old id is put back there; here the new one stays, and is written down with
    /// the next plan.
    fn replace_static(
        &mut self,
        (waiting, request): (Waiting, &JoinGroupRequest),
        (instance, old): (&InstanceId, &MemberId),
        fresh: &MemberId,
        rules: Rules<'_>,
        out: &mut Outcome,
    ) {
        let Some(mut member) = self.members.remove(old) else { return };
        let code = ErrorCode::FencedInstanceId;
        self.refuse_waiting(old, &mut member, code, out);
        out.timers.push((Deadline::Session(old.clone()), None));
        out.facts.push(GroupFact::MemberFenced { group: self.id.clone(), member: old.clone(), code });
        out.facts.push(GroupFact::MemberLeft { group: self.id.clone(), member: old.clone(), why: LeaveReason::Replaced });
        member.update(request);
        out.facts.push(self.joined(fresh, &member));
        self.statics.insert(instance.clone(), fresh.clone());
        if self.leader.as_ref() == Some(old) {
            self.leader = Some(fresh.clone());
        }
        out.timers.push((Deadline::Session(fresh.clone()), Some(member.session_timeout)));
        self.members.insert(fresh.clone(), member);
        if self.state == GroupState::Stable && self.voted() == self.protocol {
            self.answer_joined(waiting, fresh, out);
            out.writes = true;
            return;
        }
        if self.state != GroupState::PreparingRebalance {
            self.prepare(rules, out);
        }
        if let Some(member) = self.members.get_mut(fresh) {
            member.joining = Some(waiting);
        }
        self.complete_if_all_joined(rules, out);
    }

    /// The answer to one who joins a group that need not rebalance for it.
    ///
    /// It is no sign of life: whoever joined before heartbeats.
    fn answer_joined(&self, waiting: Waiting, id: &MemberId, out: &mut Outcome) {
        let is_leader = self.leader.as_ref() == Some(id);
        let mut answer = self.joined_answer(id, is_leader);
        answer.skip_assignment = is_leader && self.state == GroupState::Stable;
        out.replies.push((waiting.reply_to, answer.into()));
    }

    fn joined_answer(&self, id: &MemberId, is_leader: bool) -> JoinGroupResponse {
        let protocol = self.protocol.clone().unwrap_or_default();
        let told =
            |(id, member): (&MemberId, &ClassicMember)| (id.clone(), member.instance.clone(), member.subscription(&protocol));
        JoinGroupResponse {
            error: None,
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            members: if is_leader { self.members.iter().map(told).collect() } else { Vec::new() },
            ..blank(id)
        }
    }

    /// A rebalance begins.
    pub(super) fn prepare(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        if self.state == GroupState::CompletingRebalance {
            self.refuse_syncs(ErrorCode::RebalanceInProgress, out);
        }
        out.timers.push((Deadline::Sync, None));
        let longest = self.longest_rebalance();
        let delay = rules.config.group_initial_rebalance_delay;
        self.is_in_initial_delay = self.state == GroupState::Empty && delay > Duration::ZERO;
        let wait = if self.is_in_initial_delay { delay } else { longest };
        self.delay_left = Duration(longest.0.saturating_sub(wait.0));
        self.has_newcomer = false;
        out.timers.push((Deadline::Join, Some(wait)));
        self.become_state(GroupState::PreparingRebalance, rules, out);
    }

    /// The time to join is over.
    pub fn join_due(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        if self.state != GroupState::PreparingRebalance {
            return;
        }
        if self.is_in_initial_delay && std::mem::take(&mut self.has_newcomer) && self.delay_left > Duration::ZERO {
            let more = rules.config.group_initial_rebalance_delay.min(self.delay_left);
            self.delay_left = Duration(self.delay_left.0 - more.0);
            out.timers.push((Deadline::Join, Some(more)));
            return;
        }
        self.complete_join(rules, out);
    }

    /// Goes on if nobody is waited for; in the initial delay everybody is.
    pub(super) fn complete_if_all_joined(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        if !self.is_in_initial_delay {
            self.complete_if_nobody_is_missing(rules, out);
        }
    }

    /// The same when somebody is given up, which ends the initial delay, too, if all others have joined (as in Kafka).
    pub(super) fn complete_if_nobody_is_missing(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        let is_waiting = self.state == GroupState::PreparingRebalance;
        if is_waiting && self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some()) {
            self.complete_join(rules, out);
        }
    }

    fn complete_join(&mut self, rules: Rules<'_>, out: &mut Outcome) {
        self.is_in_initial_delay = false;
        out.timers.push((Deadline::Join, None));
        let is_late = |(_, member): &(&MemberId, &ClassicMember)| member.joining.is_none() && member.instance.is_none();
        let late: Vec<MemberId> = self.members.iter().filter(is_late).map(|(id, _)| id.clone()).collect();
        for id in late {
            self.remove(&id, LeaveReason::RebalanceTimedOut, out);
        }
        let has_anybody_joined = self.members.values().any(|member| member.joining.is_some());
        if !has_anybody_joined && !self.members.is_empty() {
            // Only static members are left, and none of them is here: their sessions decide.
            out.timers.push((Deadline::Join, Some(self.longest_rebalance())));
            return;
        }
        self.generation += 1;
        if self.members.is_empty() {
            (self.protocol, self.leader) = (None, None);
            self.become_state(GroupState::Empty, rules, out);
            out.writes = true;
            return;
        }
        self.protocol = self.voted();
        let has_joined = |id: &MemberId| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if !self.leader.as_ref().is_some_and(has_joined) {
            let first = self.members.iter().find(|(_, member)| member.joining.is_some());
            self.leader = first.map(|(id, _)| id.clone());
        }
        self.become_state(GroupState::CompletingRebalance, rules, out);
        if rules.variants.sync_timer.is_on() {
            out.timers.push((Deadline::Sync, Some(self.longest_rebalance())));
        }
        self.answer_all_joined(out);
    }

    fn answer_all_joined(&mut self, out: &mut Outcome) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let answer = self.joined_answer(&id, self.leader.as_ref() == Some(&id));
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.has_synced = false;
            member.is_new = false;
            out.timers.push((Deadline::Session(id.clone()), Some(member.session_timeout)));
            if let Some(waiting) = member.joining.take() {
                out.replies.push((waiting.reply_to, answer.into()));
            }
        }
    }

    /// The assignor that all know and most members like best; among equals the one that the first member names first.
    fn voted(&self) -> Option<String> {
        let is_shared = |name: &str| self.members.values().all(|member| member.knows(name));
        let favourite = |member: &ClassicMember| member.protocols.iter().map(|(name, _)| name.clone()).find(|name| is_shared(name));
        let votes: Vec<String> = self.members.values().filter_map(favourite).collect();
        let count = |name: &String| votes.iter().filter(|vote| *vote == name).count();
        let most = votes.iter().map(count).max()?;
        votes.iter().find(|name| count(name) == most).cloned()
    }

    pub(super) fn longest_rebalance(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or(Duration::ZERO)
    }

    fn joined(&self, id: &MemberId, member: &ClassicMember) -> GroupFact {
        let topics = member.protocols.first().map(|(_, told)| told.topics.clone()).unwrap_or_default();
        let (instance, client) = (member.instance.clone(), Arc::clone(&member.client));
        let facts = MemberFacts { member: id.clone(), instance, client, topics };
        GroupFact::MemberJoined { group: self.id.clone(), member: Arc::new(facts) }
    }
}

fn blank(member: &MemberId) -> JoinGroupResponse {
    JoinGroupResponse {
        error: None,
        generation: -1,
        protocol: None,
        leader: MemberId::default(),
        member: member.clone(),
        members: Vec::new(),
        skip_assignment: false,
    }
}
