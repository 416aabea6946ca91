//! What members ask: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, ConsumerGroupHeartbeat. Which of the two protocols a group
//! speaks decides who decides.
//!
//! Called by: `broker/groups`.

use super::GroupCoordinator;
use super::group::classic::{ClassicGroup, Outcome, Rules};
use super::group::consumer::{ClassicHandover, ConsumerGroup, ConsumerRecord, Decision, Environment, HandedOver, JOINING};
use super::records::GroupRecord;
use super::runtime::{Desk, Then};
use super::shard::Group;
use crate::context::ReplyTo;
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupId, GroupState, MemberId};
use crate::ids::TopicPartition;
use crate::protocol::{ConsumerGroupHeartbeatRequest, HeartbeatResponse, NamedPartition, Request, Response};
use std::sync::Arc;

impl GroupCoordinator {
    /// Serves a request of a member's.
    pub fn handle(&mut self, reply_to: ReplyTo, request: &Request, desk: &mut Desk<'_, '_>) {
        let served = match request {
            Request::JoinGroup(asked) => self.join(reply_to, asked.clone(), desk),
            Request::SyncGroup(asked) => self.on_group(&asked.group, (reply_to, request), desk),
            Request::Heartbeat(asked) => self.on_group(&asked.group, (reply_to, request), desk),
            Request::LeaveGroup(asked) => self.on_group(&asked.group, (reply_to, request), desk),
            Request::ConsumerGroupHeartbeat(asked) => self.consumer_heartbeat(reply_to, asked, desk),
            Request::OffsetCommit(asked) => self.commit_offsets(reply_to, asked, desk),
            Request::OffsetFetch(asked) => self.fetch_offsets(reply_to, asked, desk),
            Request::OffsetDelete(asked) => self.delete_offsets(reply_to, asked, desk),
            Request::DescribeGroups(_) | Request::ConsumerGroupDescribe(_) | Request::ListGroups(_) | Request::DeleteGroups(_) => {
                self.administer(reply_to, request, desk);
                Ok(())
            }
            other => panic!("the router hands API {} to somebody else", other.api() as u8),
        };
        if let Err(code) = served {
            self.tell_refusal(request, code, desk);
            desk.cx.reply(reply_to, request.refused(code));
        }
    }

    fn tell_refusal(&self, request: &Request, code: ErrorCode, desk: &mut Desk<'_, '_>) {
        let fenced = match request {
            Request::Heartbeat(asked) => Some((&asked.group, &asked.member)),
            Request::SyncGroup(asked) => Some((&asked.group, &asked.member)),
            Request::JoinGroup(asked) => Some((&asked.group, &asked.member)),
            Request::ConsumerGroupHeartbeat(asked) => Some((&asked.group, &asked.member)),
            _ => None,
        };
        let is_fencing = matches!(
            code,
            ErrorCode::FencedInstanceId
                | ErrorCode::UnknownMemberId
                | ErrorCode::IllegalGeneration
                | ErrorCode::FencedMemberEpoch
                | ErrorCode::StaleMemberEpoch
        );
        if let Some((group, member)) = fenced.filter(|_| is_fencing) {
            desk.cx.emit(GroupFact::MemberFenced { group: group.clone(), member: member.clone(), code });
        }
    }

    fn join(
        &mut self,
        reply_to: ReplyTo,
        asked: crate::protocol::JoinGroupRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(&asked.group, desk)?;
        ClassicGroup::check_session(&asked, rules(desk))?;
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
                let decided = group.join((reply_to, &asked), &fresh, rules(desk), &mut out);
                self.carry_out(place, &id, out, desk);
                decided
            }
            Group::Consumer(group) => {
                let decision = group.join(&asked, &fresh, environment(desk))?;
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
        (reply_to, request): (ReplyTo, &Request),
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(id, desk)?;
        let group = self.shard_mut(place).groups.get_mut(id).ok_or(ErrorCode::UnknownMemberId)?;
        match group {
            Group::Classic(group) => {
                let mut out = Outcome::default();
                let decided = ask_classic(group, (reply_to, request), desk, &mut out);
                self.carry_out(place, id, out, desk);
                if let Some(response) = decided? {
                    self.answer_when_committed(place, reply_to, (response, request.clone()), desk);
                }
                Ok(())
            }
            Group::Consumer(group) => {
                let environment = environment(desk);
                let decision = match request {
                    Request::SyncGroup(asked) => group.sync(asked, environment)?.answering_with(),
                    Request::Heartbeat(asked) => group.classic_heartbeat(asked)?.answering_with(),
                    Request::LeaveGroup(asked) => group.classic_leave(asked, environment).answering_with(),
                    _ => return Err(ErrorCode::InvalidRequest),
                };
                self.write_decision(place, id, (reply_to, request.clone()), decision, desk)
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
        let environment = environment(desk);
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
        self.write_decision(place, id, (reply_to, request()), decision.answering_with(), desk)
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
        }
        let after = self.shard_mut(place).groups.get(id).map(Group::standing);
        if let Some((kind, state, epoch)) = after.filter(|after| before != Some(*after)) {
            desk.cx.emit(GroupFact::GroupStateChanged { group: id.clone(), kind, state, epoch });
        }
        Ok(end)
    }

    fn downgrade(&mut self, place: TopicPartition, id: &GroupId, group: ClassicGroup, rebalances: bool, desk: &mut Desk<'_, '_>) {
        let deadlines = group.deadlines_when_loaded();
        self.shard_mut(place).groups.insert(id.clone(), Group::Classic(Box::new(group)));
        let mut out = Outcome { timers: deadlines, ..Outcome::default() };
        if let Some(Group::Classic(group)) = self.shard_mut(place).groups.get_mut(id).filter(|_| rebalances) {
            group.rebalance(rules(desk), &mut out);
        }
        self.carry_out(place, id, out, desk);
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
        group.plan_written(generation, written, rules(desk), &mut out);
        if was == GroupState::CompletingRebalance && group.state() == GroupState::Stable {
            out.facts.insert(0, planned(id, group, desk));
        }
        self.carry_out(place, id, out, desk);
    }
}

/// What a classic group says to a member; nothing yet to one who asks for its share of the plan.
fn ask_classic(
    group: &mut ClassicGroup,
    (reply_to, request): (ReplyTo, &Request),
    desk: &mut Desk<'_, '_>,
    out: &mut Outcome,
) -> Result<Option<Response>, ErrorCode> {
    let rules = rules(desk);
    match request {
        Request::SyncGroup(asked) => group.sync((reply_to, asked), rules, out).map(|()| None),
        Request::Heartbeat(asked) => match group.heartbeat(asked, rules, out) {
            Err(code) if code != ErrorCode::RebalanceInProgress => Err(code),
            beat => Ok(Some(HeartbeatResponse { error: beat.err() }.into())),
        },
        Request::LeaveGroup(asked) => Ok(Some(group.leave(asked, rules, out).into())),
        _ => Err(ErrorCode::InvalidRequest),
    }
}

pub(super) fn rules<'a>(desk: &Desk<'a, '_>) -> Rules<'a> {
    Rules { config: desk.config, variants: desk.variants, wall: desk.cx.wall() }
}

pub(super) fn environment<'a>(desk: &Desk<'a, '_>) -> Environment<'a> {
    Environment { topics: desk.topics, config: desk.config }
}

fn tombstones(id: &GroupId, group: &ConsumerGroup) -> Vec<GroupRecord> {
    group.tombstones().into_iter().map(|record: ConsumerRecord| GroupRecord::Consumer(id.clone(), record)).collect()
}

fn planned(id: &GroupId, group: &ClassicGroup, desk: &Desk<'_, '_>) -> GroupFact {
    let assignment = Arc::new(super::shard::classic_facts(group, desk.topics));
    GroupFact::AssignmentDecided { group: id.clone(), assignment }
}

/// A classic group on its way to the consumer protocol.
fn handover(group: &ClassicGroup, desk: &Desk<'_, '_>) -> ClassicHandover {
    let partition = |named: &NamedPartition| desk.topics.partition(&named.topic, named.partition);
    let member = |(id, member): (&MemberId, &super::group::classic::ClassicMember)| HandedOver {
        member: id.clone(),
        instance: member.instance.clone(),
        client: Arc::clone(&member.client),
        session_timeout: member.session_timeout,
        rebalance_timeout: member.rebalance_timeout,
        protocols: member.protocols.clone(),
        assignment: member.assignment.iter().filter_map(partition).collect(),
    };
    ClassicHandover {
        generation: group.generation(),
        protocol: group.protocol().unwrap_or_default().to_owned(),
        members: group.members().iter().map(member).collect(),
        rebalances: false,
    }
}

/// A group of the consumer protocol on its way back.
fn classic_of(id: &GroupId, handover: &ClassicHandover, desk: &Desk<'_, '_>) -> ClassicGroup {
    let member = |from: &HandedOver| super::group::classic::WrittenMember {
        member: from.member.clone(),
        instance: from.instance.clone(),
        client: Arc::clone(&from.client),
        session_timeout: from.session_timeout,
        rebalance_timeout: from.rebalance_timeout,
        protocols: from.protocols.clone(),
        assignment: from.assignment.iter().filter_map(|partition| desk.topics.named(*partition)).collect(),
    };
    let written = super::group::classic::WrittenGroup {
        generation: handover.generation,
        protocol: Some(handover.protocol.clone()),
        leader: handover.members.first().map(|member| member.member.clone()),
        changed_at: desk.cx.wall(),
        members: handover.members.iter().map(member).collect(),
    };
    ClassicGroup::from_written(id.clone(), &written)
}

impl<A: Into<Response>> Decision<A> {
    /// The same with the answer as it is sent.
    fn answering_with(self) -> Decision<Response> {
        let Self { records, facts, timers, answer, metadata_seen, downgrade } = self;
        Decision { records, facts, timers, answer: answer.into(), metadata_seen, downgrade }
    }
}
