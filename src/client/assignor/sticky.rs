//! The sticky assignor: as even as can be, and what members own stays with them as far as that allows.
//!
//! Invariant: where all want the same topics, no member has more than one partition more than another; nothing moves that
//! need not move for it.
//!
//! Source: Kafka's `AbstractStickyAssignor`; KIP-54, KIP-792 (the generation tells which claim is true). Called by:
//! [`super::assign`], the cooperative assignor.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::claims::{Owners, owners};
use super::{AssignorMember, Plan, uneven, wanted_partitions};
use crate::protocol::NamedPartition;

/// Makes the plan.
pub(super) fn assign(members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Plan {
    // They seldom come in another order: then they are copied, with all that they own.
    let mut members = Cow::Borrowed(members);
    if !members.is_sorted_by_key(|member| &member.member) {
        members.to_mut().sort_by(|one, other| one.member.cmp(&other.member));
    }
    let all = wanted_partitions(&members, topics);
    let owners = kept_by_right(&members, &all);
    let shares = if want_the_same(&members) { even(members.len(), all, &owners) } else { uneven::shares(&members, all, &owners) };
    let in_order = |mut share: Vec<NamedPartition>| {
        share.sort_unstable();
        share
    };
    members.iter().map(|member| member.member.clone()).zip(shares.into_iter().map(in_order)).collect()
}

/// The owners that may stay so: the partition is there, and they still want its topic.
fn kept_by_right(members: &[AssignorMember], all: &[NamedPartition]) -> Owners {
    let mut kept = owners(members);
    kept.retain(|partition, place| {
        all.binary_search(partition).is_ok() && members.get(*place).is_some_and(|member| member.wants(&partition.topic))
    });
    kept
}

fn want_the_same(members: &[AssignorMember]) -> bool {
    let are_alike = |one: &AssignorMember, other: &AssignorMember| {
        let (one, other) = (&one.subscription.topics, &other.subscription.topics);
        one == other || one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
    };
    members.windows(2).all(|pair| matches!(pair, [one, other] if are_alike(one, other)))
}

/// All want the same: each keeps up to its quota, and those that have least are dealt the rest in turn.
fn even(count: usize, all: Vec<NamedPartition>, owners: &Owners) -> Vec<Vec<NamedPartition>> {
    let Some(least) = all.len().checked_div(count) else { return Vec::new() };
    let mut with_one_more = all.len() - least * count;
    let mut shares = vec![Vec::new(); count];
    for (partition, place) in owners {
        shares.get_mut(*place).expect("owners are members").push(partition.clone());
    }
    for share in &mut shares {
        let is_larger = share.len() > least && with_one_more > 0;
        with_one_more -= usize::from(is_larger);
        share.sort_unstable_by(|one, other| (one.partition, &one.topic).cmp(&(other.partition, &other.topic)));
        share.truncate(least + usize::from(is_larger));
    }
    deal(&mut shares, all, least);
    shares
}

fn deal(shares: &mut [Vec<NamedPartition>], all: Vec<NamedPartition>, least: usize) {
    let mut kept: Vec<NamedPartition> = shares.iter().flatten().cloned().collect();
    kept.sort_unstable();
    let of_size = |fits: fn(usize, usize) -> bool| -> VecDeque<usize> {
        shares.iter().enumerate().filter(|(_, share)| fits(share.len(), least)).map(|(place, _)| place).collect()
    };
    let mut lacking = of_size(|len, least| len < least);
    let mut satisfied = of_size(|len, least| len == least);
    for partition in all.into_iter().filter(|partition| kept.binary_search(partition).is_err()) {
        let taker = lacking.pop_front().or_else(|| satisfied.pop_front()).expect("the quotas add up to all partitions");
        let share = shares.get_mut(taker).expect("takers are members");
        share.push(partition);
        if share.len() < least {
            lacking.push_back(taker);
        } else if share.len() == least {
            satisfied.push_back(taker);
        }
    }
}
