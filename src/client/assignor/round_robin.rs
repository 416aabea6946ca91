//! The round robin assignor: all partitions of all topics in a row are dealt to the members in turn, each to the next one
//! that wants its topic.
//!
//! Invariant: members that want the same topics own the same number of partitions, or one more.
//!
//! Source: Kafka's `RoundRobinAssignor`. Called by: [`super::assign`].

use std::collections::{BTreeMap, VecDeque};

use super::{AssignorMember, Plan, wanted_partitions};

/// Makes the plan.
pub(super) fn assign(members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Plan {
    let mut plan: Plan = members.iter().map(|member| (member.member.clone(), Vec::new())).collect();
    let mut in_turn: Vec<&AssignorMember> = members.iter().collect();
    in_turn.sort_by_key(|member| member.place_in_order());
    let mut turns = VecDeque::from(in_turn);
    for partition in wanted_partitions(members, topics) {
        // Who does not want the topic loses its turn: it comes again after all others.
        let skipped = turns.iter().position(|member| member.wants(&partition.topic)).expect("somebody wants the topic");
        turns.rotate_left(skipped);
        let taker = turns.pop_front().expect("there is the one that was found");
        turns.push_back(taker);
        plan.entry(taker.member.clone()).or_default().push(partition);
    }
    plan
}
