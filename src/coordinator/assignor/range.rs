//! The assignor `range`: each topic by itself, in equal shares of neighbouring partitions, kept where they were.
//!
//! Invariant: of one topic no two of its members differ by more than one partition. With the same topics wanted by all, and
//! as many partitions in each, a member gets the same numbers of every topic (co-partitioning) as long as nothing is kept.
//! Source: KIP-848, Kafka's server-side `RangeAssignor`. Called by `coordinator/assignor`.
//!
//! Kafka differs: members go in the order of a hash table there, and in the order of their ids here.

use std::collections::BTreeSet;

use super::AssignmentSpec;
use crate::ids::{PartitionIndex, TopicId, TopicPartition};

/// Makes the plan; see [`super::Assignor::assign`].
pub(super) fn assign(spec: &AssignmentSpec) -> Vec<Vec<TopicPartition>> {
    let mut plan = vec![Vec::new(); spec.members.len()];
    for (topic, (count, members)) in spec.wanted() {
        share_out(spec, topic, Topic { count, members: &members }, &mut plan);
    }
    for share in &mut plan {
        share.sort_unstable();
    }
    plan
}

/// A topic to be shared out: how many partitions it has, and among whom.
#[derive(Clone, Copy)]
struct Topic<'a> {
    count: u32,
    members: &'a [usize],
}

/// Gives each member what it keeps, then the rest in order to those who have less than their share.
fn share_out(spec: &AssignmentSpec, topic: TopicId, shared: Topic<'_>, plan: &mut [Vec<TopicPartition>]) {
    let readers = u32::try_from(shared.members.len()).expect("a group's size is a u32 (group.consumer.max.size)");
    let quota = shared.count.checked_div(readers).expect("a wanted topic is wanted by somebody");
    let mut extras = shared.count % readers;
    let mut free: BTreeSet<PartitionIndex> = (0..shared.count).map(PartitionIndex).collect();
    let mut unfilled = Vec::new();
    for place in shared.members.iter().copied() {
        let (Some(member), Some(share)) = (spec.members.get(place), plan.get_mut(place)) else { continue };
        let mut kept = 0;
        for owned in member.owned.iter().filter(|owned| owned.topic == topic && free.contains(&owned.partition)) {
            if kept < quota || (kept == quota && extras > 0) {
                kept += 1;
                share.push(*owned);
            }
        }
        for owned in share.iter().filter(|owned| owned.topic == topic) {
            free.remove(&owned.partition);
        }
        if kept > quota {
            extras -= 1;
        } else {
            unfilled.push((place, quota - kept));
        }
    }
    for (place, missing) in unfilled {
        let extra = u32::from(extras > 0);
        extras -= extra;
        let Some(share) = plan.get_mut(place) else { continue };
        for _ in 0..missing + extra {
            let next = free.pop_first().expect("the shares add up to the partitions there are");
            share.push(TopicPartition::new(topic, next));
        }
    }
    assert!(free.is_empty(), "every partition of a wanted topic has found its reader");
}
