//! What is told of a group's decisions; true from the moment when their records are appended. Called by all that decides here.

use std::sync::Arc;

use super::member::{CurrentAssignment, MemberWishes};
use super::state::ConsumerGroup;
use crate::coordinator::assignor::Assignor;
use crate::event::{AssignmentFacts, GroupFact, MemberFacts, MemberId};
use crate::ids::TopicPartition;

/// Somebody is a member now. A pattern stands among the topics as it is written.
pub(super) fn joined(group: &ConsumerGroup, member: &MemberId, wishes: &MemberWishes) -> GroupFact {
    let topics = wishes.topics.iter().chain(&wishes.pattern).cloned().collect();
    let facts = MemberFacts { member: member.clone(), instance: wishes.instance.clone(), client: wishes.client.clone(), topics };
    GroupFact::MemberJoined { group: group.id.clone(), member: Arc::new(facts) }
}

/// There is a new target.
pub(super) fn planned(
    group: &ConsumerGroup,
    epoch: i32,
    assignor: Assignor,
    members: Vec<(MemberId, Vec<TopicPartition>)>,
) -> GroupFact {
    let facts = AssignmentFacts { epoch, assignor: assignor.name().to_owned(), members };
    GroupFact::AssignmentDecided { group: group.id.clone(), assignment: Arc::new(facts) }
}

/// A member has come to another epoch, or other partitions are held for it, what it still has to give back included. A step
/// that changes neither is not told.
pub(super) fn reconciled(group: &ConsumerGroup, id: &MemberId, current: &CurrentAssignment) -> Option<GroupFact> {
    let in_order = |current: &CurrentAssignment| {
        let mut held: Vec<TopicPartition> = current.held().collect();
        held.sort_unstable();
        held
    };
    let owned = in_order(current);
    let before = group.members.get(id).map(|member| &member.current);
    if before.is_some_and(|before| before.epoch == current.epoch && in_order(before) == owned) {
        return None;
    }
    let owned = Arc::new(owned);
    Some(GroupFact::MemberReconciled { group: group.id.clone(), member: id.clone(), epoch: current.epoch, owned })
}
