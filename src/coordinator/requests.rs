//! What members ask: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, ConsumerGroupHeartbeat. Which of the two protocols a group
//! speaks decides who decides.
//!
//! Called by: `broker/groups`.

use super::GroupCoordinator;
use super::desk::Desk;
use super::group::classic::{ClassicGroup, Outcome};
use super::group::consumer::{ConsumerGroup, ConsumerRecord, Decision, JOINING};
use super::handover::{classic_of, handover};
use super::records::GroupRecord;
use super::runtime::Then;
use super::shard::Group;
use crate::context::ReplyTo;
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupId, GroupState, MemberId};
use crate::ids::TopicPartition;
use crate::protocol::{
    ConsumerGroupHeartbeatRequest, HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse, Request, Response,
    SyncGroupRequest,
};
use std::sync::Arc;

/// What a member asks of a group that has to be there.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Sync(&'a SyncGroupRequest),
    Heartbeat(&'a HeartbeatRequest),
    Leave(&'a LeaveGroupRequest),
}

impl Asked<'_> {
    fn request(self) -> Request {
        match self {
            Self::Sync(asked) => asked.clone().into(),
            Self::Heartbeat(asked) => asked.clone().into(),
            Self::Leave(asked) => asked.clone().into(),
        }
    }
}

impl GroupCoordinator {
    /// Serves a request of a member's or an operator's.
    pub fn handle(&mut self, reply_to: ReplyTo, request: &Request, desk: &mut Desk<'_, '_>) {
        let served = match request {
            Request::JoinGroup(asked) => {
                let joined = self.join(reply_to, asked.clone(), desk);
                told_if_fenced((&asked.group, &asked.member), joined, desk)
            }
            Request::SyncGroup(asked) => {
                let synced = self.on_group(&asked.group, (reply_to, Asked::Sync(asked)), desk);
                told_if_fenced((&asked.group, &asked.member), synced, desk)
            }
            Request::Heartbeat(asked) => {
                let beaten = self.on_group(&asked.group, (reply_to, Asked::Heartbeat(asked)), desk);
                told_if_fenced((&asked.group, &asked.member), beaten, desk)
            }
            Request::ConsumerGroupHeartbeat(asked) => {
                let beaten = self.consumer_heartbeat(reply_to, asked, desk);
                told_if_fenced((&asked.group, &asked.member), beaten, desk)
            }
            Request::LeaveGroup(asked) => self.leave(reply_to, asked, desk),
            Request::OffsetCommit(asked) => self.commit_offsets(reply_to, asked, desk),
            Request::OffsetFetch(asked) => self.fetch_offsets(reply_to, asked, desk),
            Request::OffsetDelete(asked) => self.delete_offsets(reply_to, asked, desk),
            Request::DescribeGroups(asked) => self.describe_groups(reply_to, asked, desk),
            Request::ConsumerGroupDescribe(asked) => self.describe_consumer_groups(reply_to, asked, desk),
            Request::ListGroups(_) => self.list_groups(reply_to, desk),
            Request::DeleteGroups(asked) => self.delete_groups(reply_to, asked, desk),
            Request::Produce(_)
            | Request::Fetch(_)
            | Request::ListOffsets(_)
            | Request::OffsetForLeaderEpoch(_)
            | Request::Metadata(_)
            | Request::DeleteRecords(_)
            | Request::DescribeConfigs(_)
            | Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::IncrementalAlterConfigs(_)
            | Request::AlterPartitionReassignments(_)
            | Request::UpdateFeatures(_)
            | Request::DescribeQuorum(_)
            | Request::AddRaftVoter(_)
            | Request::RemoveRaftVoter(_)
            | Request::FindCoordinator(_)
            | Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::AllocateProducerIds(_)
            | Request::Vote(_)
            | Request::BeginQuorumEpoch(_)
            | Request::EndQuorumEpoch(_)
            | Request::FetchSnapshot(_)
            | Request::UpdateRaftVoter(_) => unreachable!("the router hands API {} to somebody else", request.api() as u8),
        };
        if let Err(code) = served {
            desk.cx.reply(reply_to, request.refused(code));
        }
    }

    /// Members leave. Of a group that is not there nobody is a member, and each hears so, as in Kafka.
    fn leave(&mut self, reply_to: ReplyTo, asked: &LeaveGroupRequest, desk: &mut Desk<'_, '_>) -> Result<(), ErrorCode> {
        let left = self.on_group(&asked.group, (reply_to, Asked::Leave(asked)), desk);
        if left != Err(ErrorCode::UnknownMemberId) {
            return left;
        }
        let members = asked.members.iter().map(|(member, _)| (member.clone(), Some(ErrorCode::UnknownMemberId)));
        desk.cx.reply(reply_to, LeaveGroupResponse { error: None, members: members.collect() }.into());
        Ok(())
    }

    fn join(
        &mut self,
        reply_to: ReplyTo,
        asked: crate::protocol::JoinGroupRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(&asked.group, desk)?;
        ClassicGroup::check_session(&asked, desk.rules())?;
        let fresh = self.fresh_member(&asked.client, desk.cx);
        let id = asked.group.clone();
        if let Some(Group::Consumer(group)) = self.shard_mut(place).groups.get(&id)
            && group.members().is_empty()
        {
            // Nobody is in it: it goes on as a classic group, and what was written of it goes.
            let records = tombstones(&id, group);
            self.append(place, &records, desk)?;
            self.shard_mut(place).groups.remove(&id);
        }
        if !self.shard_mut(place).groups.contains_key(&id) {
            self.found_group(place, &asked, desk)?;
        }
        match self.shard_mut(place).groups.get_mut(&id).ok_or(ErrorCode::UnknownMemberId)? {
            Group::Classic(group) => {
                let mut out = Outcome::default();
                let decided = group.join((reply_to, &asked), &fresh, desk.rules(), &mut out);
                self.carry_out(place, &id, out, desk);
                decided
            }
            Group::Consumer(group) => {
                let decision = group.join(&asked, &fresh, desk.environment())?;
                self.write_decision(place, &id, (reply_to, asked.into()), decision.answering_with(), desk)
            }
        }
    }

    /// A new classic group, which is written down at once. Errors: UNKNOWN_MEMBER_ID to one who has an id of an older group.
    fn found_group(
        &mut self,
        place: TopicPartition,
        asked: &crate::protocol::JoinGroupRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        if !asked.member.is_empty() {
            return Err(ErrorCode::UnknownMemberId);
        }
        let group = ClassicGroup::new(asked.group.clone(), desk.cx.wall());
        self.append(place, &[GroupRecord::Classic(asked.group.clone(), Some(Arc::new(group.written())))], desk)?;
        self.shard_mut(place).groups.insert(asked.group.clone(), Group::Classic(Box::new(group)));
        Ok(())
    }

    /// What a group that is there is asked.
    fn on_group(
        &mut self,
        id: &GroupId,
        (reply_to, asked): (ReplyTo, Asked<'_>),
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(id, desk)?;
        let group = self.shard_mut(place).groups.get_mut(id).ok_or(ErrorCode::UnknownMemberId)?;
        match group {
            Group::Classic(group) => {
                let mut out = Outcome::default();
                let decided = ask_classic(group, (reply_to, asked), desk, &mut out);
                self.carry_out(place, id, out, desk);
                if let Some(response) = decided? {
                    self.answer_when_committed(place, reply_to, (response, asked.request()), desk);
                }
                Ok(())
            }
            Group::Consumer(group) => {
                let environment = desk.environment();
                let decision = match asked {
                    Asked::Sync(asked) => group.sync(asked, environment)?.answering_with(),
                    Asked::Heartbeat(asked) => group.classic_heartbeat(asked)?.answering_with(),
                    Asked::Leave(asked) => group.classic_leave(asked, environment).answering_with(),
                };
                self.write_decision(place, id, (reply_to, asked.request()), decision, desk)
            }
        }
    }

    fn consumer_heartbeat(
        &mut self,
        reply_to: ReplyTo,
        asked: &ConsumerGroupHeartbeatRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(&asked.group, desk)?;
        let id = &asked.group;
        let request = || Request::from(asked.clone());
        let environment = desk.environment();
        let decision = match self.shard_mut(place).groups.get(id) {
            Some(Group::Consumer(group)) => group.heartbeat(asked, environment)?,
            None if asked.epoch == JOINING => ConsumerGroup::new(id.clone()).heartbeat(asked, environment)?,
            Some(Group::Classic(group)) if asked.epoch == JOINING => {
                if group.state() == GroupState::Empty {
                    ConsumerGroup::new(id.clone()).heartbeat(asked, environment)?
                } else {
                    ConsumerGroup::upgrade(id, &handover(group, desk), asked, environment)?
                }
            }
            None | Some(Group::Classic(_)) => return Err(ErrorCode::GroupIdNotFound),
        };
        self.write_decision(place, id, (reply_to, request()), decision.answering_with(), desk)?;
        if let (Some(Group::Consumer(group)), Some(owned)) = (self.shard_mut(place).groups.get_mut(id), &asked.owned) {
            group.note_said(&asked.member, owned);
        }
        Ok(())
    }

    /// Appends and applies what was decided about a group of the consumer protocol, tells it, and parks the answer.
    pub(super) fn write_decision(
        &mut self,
        place: TopicPartition,
        id: &GroupId,
        (reply_to, request): (ReplyTo, Request),
        decision: Decision<Response>,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let response = decision.answer.clone();
        match self.take_decision(place, id, decision.answering(()), desk)? {
            Some(end) => self.park(place, end, Then::Answer { reply_to, response, request, also: Vec::new() }, desk),
            None => self.answer_when_committed(place, reply_to, (response, request), desk),
        }
        Ok(())
    }

    /// The same without an answer. Returns the offset after what was written, if anything was. A classic group's own record ends
    /// in the batch that makes it one of the consumer protocol.
    pub(super) fn take_decision(
        &mut self,
        place: TopicPartition,
        id: &GroupId,
        decision: Decision<()>,
        desk: &mut Desk<'_, '_>,
    ) -> Result<Option<crate::ids::Offset>, ErrorCode> {
        let was_classic = matches!(self.shard_mut(place).groups.get(id), Some(Group::Classic(_)));
        let mut records: Vec<GroupRecord> = if was_classic { vec![GroupRecord::Classic(id.clone(), None)] } else { Vec::new() };
        records.extend(decision.records.iter().map(|record| GroupRecord::Consumer(id.clone(), record.clone())));
        let classic = decision.downgrade.as_ref().map(|handover| classic_of(id, handover, desk));
        if let Some(group) = &classic {
            records.push(GroupRecord::Classic(id.clone(), Some(Arc::new(group.written()))));
        }
        let end = if records.is_empty() { None } else { Some(self.append(place, &records, desk)?) };
        let before = self.shard_mut(place).groups.get(id).map(Group::standing);
        if was_classic && let Some(group) = self.shard_mut(place).groups.remove(id) {
            self.forget_deadlines(id, &group);
            self.refuse_group(group, desk);
        }
        for record in &records {
            self.shard_mut(place).apply_consumer(record);
        }
        if let Some(seen) = decision.metadata_seen
            && let Some(Group::Consumer(group)) = self.shard_mut(place).groups.get_mut(id)
        {
            group.note_metadata_seen(seen);
        }
        for fact in decision.facts {
            desk.cx.emit(fact);
        }
        self.obey(id, decision.timers, desk);
        if let (Some(group), Some(handover)) = (classic, decision.downgrade) {
            self.downgrade(place, id, group, handover.rebalances, desk);
            return Ok(end);
        }
        let after = self.shard_mut(place).groups.get(id).map(Group::standing);
        if let Some((kind, state, epoch)) = after.filter(|after| before != Some(*after)) {
            desk.cx.emit(GroupFact::GroupStateChanged { group: id.clone(), kind, state, epoch });
        }
        Ok(end)
    }

    /// Does what was decided about a classic group.
    pub(super) fn carry_out(&mut self, place: TopicPartition, id: &GroupId, out: Outcome, desk: &mut Desk<'_, '_>) {
        for fact in out.facts {
            desk.cx.emit(fact);
        }
        self.obey_classic(id, out.timers, desk);
        if !out.writes {
            for (reply_to, response) in out.replies {
                desk.cx.reply(reply_to, response);
            }
            return;
        }
        let Some(Group::Classic(group)) = self.shard_mut(place).groups.get(id) else { return };
        let (generation, written) = (group.generation(), Arc::new(group.written()));
        let then = Then::Plan { group: id.clone(), generation, replies: out.replies };
        match self.append(place, &[GroupRecord::Classic(id.clone(), Some(written))], desk) {
            Ok(end) => self.park(place, end, then, desk),
            Err(code) => {
                let parked =
                    super::runtime::Parked { partition: place, end: crate::ids::Offset::ZERO, trail: desk.cx.trail(), then };
                self.fail(parked, code, desk);
            }
        }
    }

    /// A classic group's plan is committed, or will not be.
    pub(super) fn plan_written(
        &mut self,
        place: TopicPartition,
        id: &GroupId,
        generation: i32,
        written: Result<(), ErrorCode>,
        desk: &mut Desk<'_, '_>,
    ) {
        let Some(shard) = self.shards.get_mut(&place.partition) else { return };
        let Some(Group::Classic(group)) = shard.groups.get_mut(id) else { return };
        let was = group.state();
        let mut out = Outcome::default();
        group.plan_written(generation, written, desk.rules(), &mut out);
        if was == GroupState::CompletingRebalance && group.state() == GroupState::Stable {
            out.facts.insert(0, planned(id, group, desk));
        }
        self.carry_out(place, id, out, desk);
    }
}

/// What a classic group says to a member; nothing yet to one who asks for its share of the plan.
fn ask_classic(
    group: &mut ClassicGroup,
    (reply_to, asked): (ReplyTo, Asked<'_>),
    desk: &mut Desk<'_, '_>,
    out: &mut Outcome,
) -> Result<Option<Response>, ErrorCode> {
    let rules = desk.rules();
    match asked {
        Asked::Sync(asked) => group.sync((reply_to, asked), rules, out).map(|()| None),
        Asked::Heartbeat(asked) => match group.heartbeat(asked, rules, out) {
            Ok(()) => Ok(Some(HeartbeatResponse { error: None }.into())),
            Err(code @ ErrorCode::RebalanceInProgress) => Ok(Some(HeartbeatResponse { error: Some(code) }.into())),
            Err(code) => Err(code),
        },
        Asked::Leave(asked) => Ok(Some(group.leave(asked, rules, out).into())),
    }
}

/// Tells that somebody heard that he is no member, or not as he believes.
fn told_if_fenced(
    (group, member): (&GroupId, &MemberId),
    served: Result<(), ErrorCode>,
    desk: &mut Desk<'_, '_>,
) -> Result<(), ErrorCode> {
    if let Err(
        code @ (ErrorCode::FencedInstanceId
        | ErrorCode::UnknownMemberId
        | ErrorCode::IllegalGeneration
        | ErrorCode::FencedMemberEpoch
        | ErrorCode::StaleMemberEpoch),
    ) = served
    {
        desk.cx.emit(GroupFact::MemberFenced { group: group.clone(), member: member.clone(), code });
    }
    served
}

fn tombstones(id: &GroupId, group: &ConsumerGroup) -> Vec<GroupRecord> {
    group.tombstones().into_iter().map(|record: ConsumerRecord| GroupRecord::Consumer(id.clone(), record)).collect()
}

fn planned(id: &GroupId, group: &ClassicGroup, desk: &Desk<'_, '_>) -> GroupFact {
    let assignment = Arc::new(super::shard::classic_facts(group, desk.topics));
    GroupFact::AssignmentDecided { group: id.clone(), assignment }
}

impl<A: Into<Response>> Decision<A> {
    /// The same with the answer as it is sent.
    fn answering_with(self) -> Decision<Response> {
        let Self { records, facts, timers, answer, metadata_seen, downgrade } = self;
        Decision { records, facts, timers, answer: answer.into(), metadata_seen, downgrade }
    }
}
