//! A group on its way from one protocol to the other (KIP-848): what is kept of it, in the words of each.
//!
//! Called by: `requests`.

use std::sync::Arc;

use super::GroupCoordinator;
use super::desk::Desk;
use super::group::classic::{ClassicGroup, ClassicMember, Outcome, WrittenGroup, WrittenMember};
use super::group::consumer::{ClassicHandover, HandedOver};
use super::shard::Group;
use crate::event::{GroupFact, GroupId, GroupKind, MemberId};
use crate::ids::TopicPartition;
use crate::protocol::NamedPartition;

impl GroupCoordinator {
    /// The group is a classic one from now on; it rebalances at once if somebody left.
    pub(super) fn downgrade(
        &mut self,
        place: TopicPartition,
        id: &GroupId,
        group: ClassicGroup,
        rebalances: bool,
        desk: &mut Desk<'_, '_>,
    ) {
        let (state, epoch) = (group.state(), group.generation());
        desk.cx.emit(GroupFact::GroupStateChanged { group: id.clone(), kind: GroupKind::Classic, state, epoch });
        let deadlines = group.deadlines_when_loaded();
        self.shard_mut(place).groups.insert(id.clone(), Group::Classic(Box::new(group)));
        let mut out = Outcome { timers: deadlines, ..Outcome::default() };
        if let Some(Group::Classic(group)) = self.shard_mut(place).groups.get_mut(id).filter(|_| rebalances) {
            group.rebalance(desk.rules(), &mut out);
        }
        self.carry_out(place, id, out, desk);
    }
}

/// A classic group on its way to the consumer protocol.
pub(super) fn handover(group: &ClassicGroup, desk: &Desk<'_, '_>) -> ClassicHandover {
    let partition = |named: &NamedPartition| desk.topics.partition(&named.topic, named.partition);
    let member = |(id, member): (&MemberId, &ClassicMember)| HandedOver {
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
pub(super) fn classic_of(id: &GroupId, handover: &ClassicHandover, desk: &Desk<'_, '_>) -> ClassicGroup {
    let member = |from: &HandedOver| WrittenMember {
        member: from.member.clone(),
        instance: from.instance.clone(),
        client: Arc::clone(&from.client),
        session_timeout: from.session_timeout,
        rebalance_timeout: from.rebalance_timeout,
        protocols: from.protocols.clone(),
        assignment: from.assignment.iter().filter_map(|partition| desk.topics.named(*partition)).collect(),
    };
    let written = WrittenGroup {
        generation: handover.generation,
        protocol: Some(handover.protocol.clone()),
        leader: handover.members.first().map(|member| member.member.clone()),
        changed_at: desk.cx.wall(),
        members: handover.members.iter().map(member).collect(),
    };
    ClassicGroup::from_written(id.clone(), &written)
}
