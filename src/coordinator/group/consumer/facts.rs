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

/// A member has gone a step: these are held for it, what it still has to give back included.
pub(super) fn reconciled(group: &ConsumerGroup, member: &MemberId, current: &CurrentAssignment) -> GroupFact {
    let mut owned: Vec<TopicPartition> = current.held().collect();
    owned.sort_unstable();
    GroupFact::MemberReconciled { group: group.id.clone(), member: member.clone(), epoch: current.epoch, owned: Arc::new(owned) }
}
