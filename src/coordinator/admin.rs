//! What operators ask: DescribeGroups, ConsumerGroupDescribe, ListGroups, DeleteGroups.
//!
//! Called by: `requests`.

use super::GroupCoordinator;
use super::desk::Desk;
use super::group::classic::{ClassicGroup, ClassicMember};
use super::records::GroupRecord;
use super::runtime::Then;
use super::shard::{Group, Shard};
use crate::context::ReplyTo;
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupId, GroupKind, GroupState};
use crate::ids::{Offset, TopicPartition};
use crate::protocol::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest,
    DescribeGroupsResponse, DescribedGroup, DescribedMember, ListGroupsResponse,
};
use crate::time::Timestamp;

impl GroupCoordinator {
    pub(super) fn describe_groups(
        &mut self,
        reply_to: ReplyTo,
        asked: &DescribeGroupsRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let groups = asked.groups.iter().map(|id| (id.clone(), self.describe(id, GroupKind::Classic, desk))).collect();
        desk.cx.reply(reply_to, DescribeGroupsResponse { groups }.into());
        Ok(())
    }

    pub(super) fn describe_consumer_groups(
        &mut self,
        reply_to: ReplyTo,
        asked: &ConsumerGroupDescribeRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let groups = asked.groups.iter().map(|id| (id.clone(), self.describe(id, GroupKind::Consumer, desk))).collect();
        desk.cx.reply(reply_to, ConsumerGroupDescribeResponse { groups }.into());
        Ok(())
    }

    /// While anything is being read nothing is listed, lest what is not read yet be taken for gone.
    pub(super) fn list_groups(&mut self, reply_to: ReplyTo, desk: &mut Desk<'_, '_>) -> Result<(), ErrorCode> {
        let is_loading = self.shards.values().any(|shard| shard.loading.is_some());
        let mut groups: Vec<_> = self.shards.values().filter(|_| !is_loading).flat_map(Shard::listed).collect();
        groups.sort();
        let error = is_loading.then_some(ErrorCode::CoordinatorLoadInProgress);
        desk.cx.reply(reply_to, ListGroupsResponse { error, groups }.into());
        Ok(())
    }

    pub(super) fn delete_groups(
        &mut self,
        reply_to: ReplyTo,
        asked: &DeleteGroupsRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let (mut groups, mut written) = (Vec::new(), Vec::new());
        for id in &asked.groups {
            let deleted = self.delete(id, desk);
            written.extend(deleted.ok());
            groups.push((id.clone(), deleted.err()));
        }
        let response = DeleteGroupsResponse { groups }.into();
        match written.pop() {
            Some((place, end)) => {
                let then = Then::Answer { reply_to, response, request: asked.clone().into(), also: written };
                self.park(place, end, then, desk);
            }
            None => desk.cx.reply(reply_to, response),
        }
        Ok(())
    }

    /// A group that speaks this protocol; of one that does not GROUP_ID_NOT_FOUND is said, as in Kafka.
    fn describe(&mut self, id: &GroupId, kind: GroupKind, desk: &Desk<'_, '_>) -> Result<DescribedGroup, ErrorCode> {
        let place = self.place_of(id, desk)?;
        let shard = self.shard_mut(place);
        let Some(group) = shard.groups.get(id) else {
            let only_stores_offsets = shard.is_simple(id) && kind == GroupKind::Classic;
            let group = only_stores_offsets.then(|| describe_classic(&ClassicGroup::new(id.clone(), Timestamp::NONE)));
            return group.ok_or(ErrorCode::GroupIdNotFound);
        };
        if group.standing().0 != kind {
            return Err(ErrorCode::GroupIdNotFound);
        }
        Ok(match group {
            Group::Classic(group) => describe_classic(group),
            Group::Consumer(group) => group.describe(desk.environment()),
        })
    }

    /// Forgets a group with its offsets; the operator hears of it when the tombstones that lie below the offset returned are
    /// committed. Errors: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND, those of finding the coordinator.
    fn delete(&mut self, id: &GroupId, desk: &mut Desk<'_, '_>) -> Result<(TopicPartition, Offset), ErrorCode> {
        let place = self.place_of(id, desk)?;
        let shard = self.shard_mut(place);
        if shard.groups.get(id).is_some_and(|group| !group.is_empty()) {
            return Err(ErrorCode::NonEmptyGroup);
        }
        let offsets = shard.offsets.get(id).map(super::offsets::GroupOffsets::iter).into_iter().flatten();
        let offsets: Vec<_> = offsets.map(|(partition, _)| partition.clone()).collect();
        let mut records: Vec<GroupRecord> =
            offsets.iter().map(|partition| GroupRecord::Offset(id.clone(), partition.clone(), None)).collect();
        match shard.groups.get(id) {
            None if !shard.is_simple(id) => return Err(ErrorCode::GroupIdNotFound),
            group => records.extend(Group::end(id, group)),
        }
        let end = self.append(place, &records, desk)?;
        if let Some(group) = self.shard_mut(place).groups.remove(id) {
            self.forget_deadlines(id, &group);
        }
        let facts = vec![GroupFact::GroupDeleted { group: id.clone() }];
        self.park(place, end, Then::Offsets { records, facts, answer: None }, desk);
        Ok((place, end))
    }
}

/// Only of a stable group are assignor, topics and plan told.
fn describe_classic(group: &ClassicGroup) -> DescribedGroup {
    let is_stable = group.state() == GroupState::Stable;
    let protocol = group.protocol().filter(|_| is_stable).unwrap_or_default();
    let plan = |member: &ClassicMember| if is_stable { member.assignment.clone() } else { Vec::new() };
    let members = group.members().iter().map(|(id, member)| DescribedMember {
        member: id.clone(),
        instance: member.instance.clone(),
        client: member.client.clone(),
        epoch: group.generation(),
        topics: member.subscription(protocol).topics,
        assignment: plan(member),
        target: plan(member),
    });
    DescribedGroup {
        kind: GroupKind::Classic,
        state: group.state(),
        epoch: group.generation(),
        assignor: protocol.to_owned(),
        members: members.collect(),
    }
}
