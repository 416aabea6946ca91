//! Members of the classic protocol in a group of the consumer protocol, during an upgrade (KIP-848): their JoinGroup, SyncGroup,
//! Heartbeat and LeaveGroup are answered from the coordinator's own plan. Nobody of them is the leader; nobody waits for others.
//!
//! Invariant: a generation is the member's epoch. Such a member is told REBALANCE_IN_PROGRESS when its next step can be taken:
//! the group is ahead of it, it has to give back, or what it waits for is free; it takes the step when it joins again.
//! Called by `coordinator/runtime`. Source: KIP-848; Kafka's `classicGroupJoinToConsumerGroup` and its siblings.
//!
//! Kafka differs: a classic process that takes a static name gets the target's epoch at once there, whatever it has reached;
//! here it is led to its target like everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::Environment;
use super::admission::{Arrival, admit};
use super::member::{ClassicWishes, Member, MemberState, MemberWishes};
use super::migration::{After, downgrade_if_only_classic_are_left};
use super::record::{Decision, TimerOrder};
use super::state::ConsumerGroup;
use crate::error::ErrorCode;
use crate::event::{InstanceId, LeaveReason, MemberId};
use crate::ids::TopicPartition;
use crate::protocol::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, Subscription,
    SyncGroupRequest, SyncGroupResponse,
};

impl ConsumerGroup {
    /// Decides about JoinGroup; `fresh` is the id of a member that has none yet. MEMBER_ID_REQUIRED is in the answer, with it.
    ///
    /// Errors: INVALID_SESSION_TIMEOUT, GROUP_MAX_SIZE_REACHED, INCONSISTENT_GROUP_PROTOCOL, UNKNOWN_MEMBER_ID,
    /// FENCED_INSTANCE_ID, UNRELEASED_INSTANCE_ID.
    pub fn join(
        &self,
        request: &JoinGroupRequest,
        fresh: &MemberId,
        environment: Environment<'_>,
    ) -> Result<Decision<JoinGroupResponse>, ErrorCode> {
        self.check_join(request, environment)?;
        let Some((protocol, subscription)) = request.protocols.first() else {
            return Err(ErrorCode::InconsistentGroupProtocol);
        };
        let is_unknown = request.member.is_empty();
        if is_unknown && request.instance.is_none() {
            return Ok(Decision::only(joined(fresh, -1, None, Some(ErrorCode::MemberIdRequired))));
        }
        let id = if is_unknown { fresh } else { &request.member };
        let (before, replaces) = match &request.instance {
            Some(instance) => self.classic_static(&request.member, instance)?,
            None => (self.members.get(id).cloned().unwrap_or_default(), None),
        };
        let owned = owned_of(&before, subscription, environment);
        let wishes = wishes_of(request, subscription);
        let is_new = replaces.is_some() || !self.members.contains_key(id) || wishes != *before.wishes;
        let takes_over = replaces.is_some();
        let arrival = Arrival { id: id.clone(), before, replaces, wishes: is_new.then_some(wishes), owned: Some(owned) };
        let mut decision = admit(self, arrival, environment)?;
        decision.timers.push(TimerOrder::NoJoin(id.clone()));
        decision.timers.push(TimerOrder::Session(id.clone(), request.session_timeout));
        decision.timers.push(TimerOrder::Sync(id.clone(), request.rebalance_timeout));
        if takes_over {
            downgrade_if_only_classic_are_left(self, &mut decision, After::Replacement, environment);
        }
        let generation = decision.answer.epoch;
        Ok(decision.answering(joined(id, generation, Some(protocol.clone()), None)))
    }

    fn check_join(&self, request: &JoinGroupRequest, environment: Environment<'_>) -> Result<(), ErrorCode> {
        let config = environment.config;
        let allowed = config.group_min_session_timeout..=config.group_max_session_timeout;
        if !allowed.contains(&request.session_timeout) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        let is_full = u32::try_from(self.members.len()).is_ok_and(|size| size >= config.group_consumer_max_size);
        if is_full && !self.members.contains_key(&request.member) {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        let common = self.common_protocols();
        let is_known = |name: &String| common.as_ref().is_none_or(|common| common.contains(name));
        if request.protocols.iter().any(|(name, _)| is_known(name)) { Ok(()) } else { Err(ErrorCode::InconsistentGroupProtocol) }
    }

    /// The member as it was, and whose place it takes. Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
    fn classic_static(&self, id: &MemberId, instance: &InstanceId) -> Result<(Member, Option<MemberId>), ErrorCode> {
        let present = self.statics.get(instance).and_then(|id| self.members.get(id).map(|member| (id, member)));
        match present {
            None if id.is_empty() => Ok((Member::new(), None)),
            None => Err(ErrorCode::UnknownMemberId),
            Some((present, member)) if id.is_empty() => Ok((member.successor(), Some(present.clone()))),
            Some((present, member)) if present == id => Ok((member.clone(), None)),
            Some(_) => Err(ErrorCode::FencedInstanceId),
        }
    }

    /// Decides about SyncGroup: the member's share is what it has been given. Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID,
    /// INCONSISTENT_GROUP_PROTOCOL, ILLEGAL_GENERATION.
    pub fn sync(&self, request: &SyncGroupRequest, environment: Environment<'_>) -> Result<Decision<SyncGroupResponse>, ErrorCode> {
        let (member, classic) = self.classic_member(&request.member, request.instance.as_ref())?;
        let protocol = classic.protocols.first().map(|(name, _)| name.clone());
        if request.protocol.is_some() && request.protocol != protocol {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if request.generation != member.current.epoch {
            return Err(ErrorCode::IllegalGeneration);
        }
        let within = member.wishes.rebalance_timeout;
        if self.epoch() > member.current.epoch && member.current.state != MemberState::Unrevoked {
            let error = Some(ErrorCode::RebalanceInProgress);
            let mut decision = Decision::only(SyncGroupResponse { error, protocol: None, assignment: Vec::new() });
            decision.timers.push(TimerOrder::Join(request.member.clone(), within));
            return Ok(decision);
        }
        let share = member.current.assigned.iter().filter_map(|partition| environment.topics.named(*partition));
        let mut decision = Decision::only(SyncGroupResponse { error: None, protocol, assignment: share.collect() });
        decision.timers.push(TimerOrder::NoSync(request.member.clone()));
        decision.timers.push(TimerOrder::Session(request.member.clone(), classic.session_timeout));
        Ok(decision)
    }

    /// Decides about Heartbeat. Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION.
    pub fn classic_heartbeat(&self, request: &HeartbeatRequest) -> Result<Decision<HeartbeatResponse>, ErrorCode> {
        let (member, classic) = self.classic_member(&request.member, request.instance.as_ref())?;
        let current = &member.current;
        if request.generation != current.epoch {
            return Err(ErrorCode::IllegalGeneration);
        }
        let can_go_on = match current.state {
            MemberState::Stable => false,
            MemberState::Unrevoked => true,
            MemberState::Unreleased => self.has_all_free(&request.member, member),
        };
        let error = (current.epoch < self.epoch() || can_go_on).then_some(ErrorCode::RebalanceInProgress);
        let mut decision = Decision::only(HeartbeatResponse { error });
        decision.timers.push(TimerOrder::Session(request.member.clone(), classic.session_timeout));
        if error.is_some() {
            decision.timers.push(TimerOrder::Join(request.member.clone(), member.wishes.rebalance_timeout));
        }
        Ok(decision)
    }

    /// Whether nobody else holds any of what the member is to have.
    fn has_all_free(&self, id: &MemberId, member: &Member) -> bool {
        let missing = self.target(id).iter().filter(|target| member.current.assigned.binary_search(target).is_err());
        missing.copied().all(|partition| self.holder(partition).is_none())
    }

    /// Decides about LeaveGroup, of classic members; and of static ones of either kind where an operator names no member id.
    #[must_use]
    pub fn classic_leave(&self, request: &LeaveGroupRequest, environment: Environment<'_>) -> Decision<LeaveGroupResponse> {
        let mut gone = BTreeSet::new();
        let mut answers = Vec::new();
        for (id, instance) in &request.members {
            let leaves = match instance {
                Some(instance) if id.is_empty() => self.statics.get(instance).cloned().ok_or(ErrorCode::UnknownMemberId),
                Some(_) | None => self.classic_member(id, instance.as_ref()).map(|_| id.clone()),
            };
            answers.push((id.clone(), leaves.as_ref().err().copied()));
            gone.extend(leaves);
        }
        let is_operators = request.members.iter().all(|(id, _)| id.is_empty());
        let why = if is_operators { LeaveReason::Removed } else { LeaveReason::Left };
        self.put_out(&gone, why, environment).answering(LeaveGroupResponse { error: None, members: answers })
    }

    /// Errors: UNKNOWN_MEMBER_ID (also of a member that speaks the consumer protocol), FENCED_INSTANCE_ID.
    fn classic_member(&self, id: &MemberId, instance: Option<&InstanceId>) -> Result<(&Member, &ClassicWishes), ErrorCode> {
        if let Some(instance) = instance {
            let present = self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?;
            if present != id {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        let member = self.members.get(id).ok_or(ErrorCode::UnknownMemberId)?;
        member.wishes.classic.as_ref().map(|classic| (member, classic)).ok_or(ErrorCode::UnknownMemberId)
    }

    /// The assignors that all classic members know; `None` when there are no such members.
    fn common_protocols(&self) -> Option<BTreeSet<String>> {
        let classic = self.members.values().filter_map(|member| member.wishes.classic.as_ref());
        let known = classic.map(|classic| classic.protocols.iter().map(|(name, _)| name.clone()).collect());
        known.reduce(|common: BTreeSet<String>, known| common.intersection(&known).cloned().collect())
    }

    /// The assignor that all classic members know and most of them like best.
    pub(super) fn common_protocol(&self) -> Option<String> {
        let common = self.common_protocols()?;
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for classic in self.members.values().filter_map(|member| member.wishes.classic.as_ref()) {
            if let Some((name, _)) = classic.protocols.iter().find(|(name, _)| common.contains(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        votes.into_iter().rev().max_by_key(|(_, votes)| *votes).map(|(name, _)| name.to_owned())
    }
}

fn joined(member: &MemberId, generation: i32, protocol: Option<String>, error: Option<ErrorCode>) -> JoinGroupResponse {
    JoinGroupResponse {
        error,
        generation,
        protocol,
        leader: MemberId::default(),
        member: member.clone(),
        members: Vec::new(),
        skip_assignment: false,
    }
}

fn wishes_of(request: &JoinGroupRequest, subscription: &Subscription) -> MemberWishes {
    let mut topics = subscription.topics.clone();
    topics.sort_unstable();
    topics.dedup();
    MemberWishes {
        instance: request.instance.clone(),
        rack: subscription.rack.clone(),
        client: request.client.clone(),
        rebalance_timeout: request.rebalance_timeout,
        topics,
        pattern: None,
        assignor: None,
        classic: Some(ClassicWishes { session_timeout: request.session_timeout, protocols: request.protocols.clone() }),
    }
}

/// What the member owns, in order. What it says counts when it comes with its present generation, or names no more than what
/// it was given; else it owns nothing.
fn owned_of(before: &Member, subscription: &Subscription, environment: Environment<'_>) -> Vec<TopicPartition> {
    let partitions = subscription.owned.iter();
    let known = partitions.filter_map(|owned| environment.topics.partition(&owned.topic, owned.partition));
    let mut owned: Vec<TopicPartition> = known.collect();
    owned.sort_unstable();
    let is_present = subscription.generation == before.current.epoch;
    let is_given = owned.iter().all(|partition| before.current.held().any(|held| held == *partition));
    if is_present || is_given { owned } else { Vec::new() }
}
