//! ConsumerGroupHeartbeat (API 68): a member joins, lives on, gives back, takes, or leaves (KIP-848).
//!
//! Invariant: a member with an epoch that is not the present one is fenced, but for two: 0, with which a fenced member begins
//! anew under its old id (KAFKA-19233), and the epoch before the present one, when it owns no more than it may: then an answer
//! was lost. A static name belongs to one process at a time, until that leaves with -2 or falls silent.
//! Called by `coordinator/runtime`. Source: KIP-848; Kafka's `GroupMetadataManager.consumerGroupHeartbeat`.
//!
//! Kafka differs: a static member that joins again under its own id, because the answer to its join was lost, is refused there
//! with UNRELEASED_INSTANCE_ID for its session's time; here it is known.
//!
//! Kafka differs: it tells a member its share once. If that answer goes to a connection that the member does not listen to any more
//! (a heartbeat that arrived late, or twice), the member never learns of it and the partition has no reader, while everybody takes
//! the group for stable (chaos/groups seed 0x59d). Here the share is told until the member has said that it owns just that.

use std::sync::Arc;

use super::Environment;
use super::admission::{Arrival, admit};
use super::member::{CurrentAssignment, JOINING, LEAVING, LEFT_FOR_A_WHILE, Member, MemberWishes};
use super::record::{Decision, TimerOrder};
use super::state::ConsumerGroup;
use crate::coordinator::assignor::Assignor;
use crate::error::ErrorCode;
use crate::event::{InstanceId, MemberId};
use crate::ids::TopicPartition;
use crate::protocol::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

/// What a heartbeat is answered with when its decision is written.
pub type HeartbeatDecision = Decision<ConsumerGroupHeartbeatResponse>;

impl ConsumerGroup {
    /// Decides about a heartbeat to this group. A heartbeat with epoch 0 to a group that is not there is one to
    /// [`ConsumerGroup::new`]; any other is GROUP_ID_NOT_FOUND, which the caller says.
    ///
    /// Errors: INVALID_REQUEST, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION, GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID,
    /// FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID, UNRELEASED_INSTANCE_ID.
    pub fn heartbeat(
        &self,
        request: &ConsumerGroupHeartbeatRequest,
        environment: Environment<'_>,
    ) -> Result<HeartbeatDecision, ErrorCode> {
        validate(request, environment)?;
        if request.epoch < JOINING {
            let left = self.leave(request, environment)?;
            return Ok(left.answering(ConsumerGroupHeartbeatResponse {
                error: None,
                member: request.member.clone(),
                epoch: request.epoch,
                heartbeat_interval: environment.config.group_consumer_heartbeat_interval,
                assignment: None,
            }));
        }
        self.check_size(request, environment)?;
        let arrival = self.arrival(request)?;
        let before = Arc::clone(&arrival.before.current);
        let mut decision = admit(self, arrival, environment)?;
        let session = environment.config.group_consumer_session_timeout;
        decision.timers.push(TimerOrder::Session(request.member.clone(), session));
        let current = Arc::clone(&decision.answer);
        let has_heard = self.has_heard(request, &current);
        Ok(decision.answering(answer(request, (&before, &current), has_heard, environment)))
    }

    /// Whether what the member says now, or said last, that it owns is its share; if it has not said anything yet, that is taken
    /// for granted.
    fn has_heard(&self, request: &ConsumerGroupHeartbeatRequest, current: &CurrentAssignment) -> bool {
        match &request.owned {
            Some(owned) => {
                let mut owned = owned.clone();
                owned.sort_unstable();
                owned == current.assigned
            }
            None => self.said(&request.member).is_none_or(|said| said == current.assigned),
        }
    }

    /// A static member that comes back under another id counts as one more, as in Kafka. Errors: GROUP_MAX_SIZE_REACHED.
    fn check_size(&self, request: &ConsumerGroupHeartbeatRequest, environment: Environment<'_>) -> Result<(), ErrorCode> {
        let is_full = u32::try_from(self.members.len()).is_ok_and(|size| size >= environment.config.group_consumer_max_size);
        let is_new = request.epoch == JOINING && !self.members.contains_key(&request.member);
        if is_full && is_new { Err(ErrorCode::GroupMaxSizeReached) } else { Ok(()) }
    }

    fn arrival(&self, request: &ConsumerGroupHeartbeatRequest) -> Result<Arrival, ErrorCode> {
        let mut owned = request.owned.clone();
        if let Some(owned) = &mut owned {
            owned.sort_unstable();
        }
        let (before, replaces) = match &request.instance {
            None => (self.dynamic_member(request, owned.as_deref())?, None),
            Some(instance) => self.static_arrival(request, instance, owned.as_deref())?,
        };
        let wishes = new_wishes(&before, request);
        let id = request.member.clone();
        let replaces = replaces.filter(|old| *old != id);
        Ok(Arrival { id, before, replaces, wishes, owned })
    }

    /// Errors: UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH.
    fn dynamic_member(
        &self,
        request: &ConsumerGroupHeartbeatRequest,
        owned: Option<&[TopicPartition]>,
    ) -> Result<Member, ErrorCode> {
        match self.members.get(&request.member) {
            Some(member) => {
                check_epoch(&member.current, request.epoch, owned)?;
                Ok(member.clone())
            }
            None if request.epoch == JOINING => Ok(Member::new()),
            None => Err(ErrorCode::UnknownMemberId),
        }
    }

    /// The member as it was, and whose place it takes. Errors: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, FENCED_MEMBER_EPOCH,
    /// UNRELEASED_INSTANCE_ID.
    fn static_arrival(
        &self,
        request: &ConsumerGroupHeartbeatRequest,
        instance: &InstanceId,
        owned: Option<&[TopicPartition]>,
    ) -> Result<(Member, Option<MemberId>), ErrorCode> {
        let present = self.statics.get(instance).and_then(|id| self.members.get(id).map(|member| (id, member)));
        let Some((id, member)) = present else {
            let is_new = request.epoch == JOINING;
            return if is_new { Ok((Member::new(), None)) } else { Err(ErrorCode::UnknownMemberId) };
        };
        if request.epoch != JOINING {
            if *id != request.member {
                return Err(ErrorCode::FencedInstanceId);
            }
            check_epoch(&member.current, request.epoch, owned)?;
            return Ok((member.clone(), None));
        }
        if *id == request.member && !member.is_away() {
            return Ok((member.clone(), None));
        }
        if !member.is_away() && !member.is_classic() {
            return Err(ErrorCode::UnreleasedInstanceId);
        }
        Ok((member.successor(), Some(id.clone())))
    }
}

/// Errors: INVALID_REQUEST, UNSUPPORTED_ASSIGNOR.
fn validate(request: &ConsumerGroupHeartbeatRequest, environment: Environment<'_>) -> Result<(), ErrorCode> {
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
    let has_no_name = request.instance.as_ref().is_some_and(|instance| instance.is_empty());
    if request.group.is_empty() || request.member.is_empty() || has_no_name || is_empty(&request.rack) {
        return Err(ErrorCode::InvalidRequest);
    }
    match request.epoch {
        ..LEFT_FOR_A_WHILE => return Err(ErrorCode::InvalidRequest),
        LEFT_FOR_A_WHILE if request.instance.is_none() => return Err(ErrorCode::InvalidRequest),
        LEFT_FOR_A_WHILE | LEAVING => return Ok(()),
        JOINING => {
            let owns_nothing = request.owned.as_ref().is_some_and(Vec::is_empty);
            let wants_nothing = request.topics.is_none() && request.pattern.is_none();
            if request.rebalance_timeout.is_none() || !owns_nothing || wants_nothing {
                return Err(ErrorCode::InvalidRequest);
            }
        }
        _ => {}
    }
    let Some(wanted) = &request.assignor else { return Ok(()) };
    let is_known = Assignor::named(wanted).is_some() && environment.config.group_consumer_assignors.0.contains(wanted);
    if is_known { Ok(()) } else { Err(ErrorCode::UnsupportedAssignor) }
}

/// Errors: FENCED_MEMBER_EPOCH.
fn check_epoch(current: &CurrentAssignment, epoch: i32, owned: Option<&[TopicPartition]>) -> Result<(), ErrorCode> {
    let has_lost_an_answer = epoch == current.previous_epoch
        && owned.is_some_and(|owned| owned.iter().all(|partition| current.assigned.binary_search(partition).is_ok()));
    if epoch == current.epoch || epoch == JOINING || (epoch < current.epoch && has_lost_an_answer) {
        Ok(())
    } else {
        Err(ErrorCode::FencedMemberEpoch)
    }
}

/// What the member says of itself; `None` when it is as before. One that spoke the classic protocol does so no longer.
fn new_wishes(before: &Member, request: &ConsumerGroupHeartbeatRequest) -> Option<MemberWishes> {
    let old = &*before.wishes;
    let is_silent = request.rack.is_none()
        && request.rebalance_timeout.is_none()
        && request.topics.is_none()
        && request.pattern.is_none()
        && request.assignor.is_none();
    if is_silent && old.instance == request.instance && old.client == request.client && old.classic.is_none() {
        return None;
    }
    let topics = request.topics.as_ref().map(|topics| {
        let mut topics = topics.clone();
        topics.sort_unstable();
        topics.dedup();
        topics
    });
    let pattern = match &request.pattern {
        Some(pattern) => Some(pattern.clone()).filter(|pattern| !pattern.is_empty()),
        None => old.pattern.clone(),
    };
    let wishes = MemberWishes {
        instance: request.instance.clone().or_else(|| old.instance.clone()),
        rack: request.rack.clone().or_else(|| old.rack.clone()),
        client: request.client.clone(),
        rebalance_timeout: request.rebalance_timeout.unwrap_or(old.rebalance_timeout),
        topics: topics.unwrap_or_else(|| old.topics.clone()),
        pattern,
        assignor: request.assignor.clone().or_else(|| old.assignor.clone()),
        classic: None,
    };
    let is_unwritten = before.current.epoch == JOINING;
    (is_unwritten || wishes != *old).then_some(wishes)
}

/// The share is told to one who joins or says everything anew, when it changed, and to one who has not heard of it.
fn answer(
    request: &ConsumerGroupHeartbeatRequest,
    (before, current): (&CurrentAssignment, &CurrentAssignment),
    has_heard: bool,
    environment: Environment<'_>,
) -> ConsumerGroupHeartbeatResponse {
    let says_everything =
        request.rebalance_timeout.is_some() && (request.topics.is_some() || request.pattern.is_some()) && request.owned.is_some();
    let is_told = request.epoch == JOINING || says_everything || before.assigned != current.assigned || !has_heard;
    ConsumerGroupHeartbeatResponse {
        error: None,
        member: request.member.clone(),
        epoch: current.epoch,
        heartbeat_interval: environment.config.group_consumer_heartbeat_interval,
        assignment: is_told.then(|| current.assigned.clone()),
    }
}
