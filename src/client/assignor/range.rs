//! The range assignor: topic by topic, the partitions in a row are cut into runs, one for each member that wants the topic,
//! and the first members get one more where it does not come out even.
//!
//! Invariant: within one topic no member has more than one partition more than another; topics with the same members and the
//! same number of partitions are cut alike, so that what has the same key goes to the same member.
//!
//! Source: Kafka's `RangeAssignor`. Called by: [`super::assign`].

use std::collections::{BTreeMap, BTreeSet};

use super::{AssignorMember, Plan};
use crate::ids::PartitionIndex;
use crate::protocol::NamedPartition;

/// Makes the plan.
pub(super) fn assign(members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Plan {
    let mut in_order: Vec<&AssignorMember> = members.iter().collect();
    in_order.sort_by_cached_key(|member| member.place_in_order());
    // Who wants each topic, by their places in that order.
    let mut wanting: BTreeMap<&String, Vec<usize>> = topics.keys().map(|topic| (topic, Vec::new())).collect();
    for (place, member) in in_order.iter().enumerate() {
        for topic in member.subscription.topics.iter().collect::<BTreeSet<_>>() {
            wanting.entry(topic).or_default().push(place);
        }
    }
    let mut shares = vec![Vec::new(); in_order.len()];
    for (topic, partitions) in topics {
        let wanting = wanting.remove(topic).unwrap_or_default();
        let Some(count) = u32::try_from(wanting.len()).ok().filter(|count| *count > 0) else { continue };
        let (each, with_one_more) = (partitions / count, partitions % count);
        let mut next = 0;
        for (place, number) in wanting.into_iter().zip(0_u32..) {
            let end = next + each + u32::from(number < with_one_more);
            let run = (next..end).map(|index| NamedPartition { topic: topic.clone(), partition: PartitionIndex(index) });
            shares.get_mut(place).expect("it is a member's place").extend(run);
            next = end;
        }
        assert_eq!(next, *partitions, "the runs cover the topic");
    }
    in_order.into_iter().map(|member| member.member.clone()).zip(shares).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::protocol::Subscription;

    fn member(id: &str, instance: Option<&str>, topics: &[&str]) -> AssignorMember {
        let subscription =
            Subscription { topics: topics.iter().map(|topic| (*topic).to_owned()).collect(), ..Subscription::default() };
        let instance = instance.map(|name| Arc::new(name.to_owned()));
        AssignorMember { member: Arc::new(id.to_owned()), instance, subscription }
    }

    fn plan(members: &[AssignorMember], topics: &[(&str, u32)]) -> Vec<String> {
        let topics = topics.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let text = |(member, partitions): (crate::event::MemberId, Vec<NamedPartition>)| {
            let names: Vec<String> = partitions.iter().map(ToString::to_string).collect();
            format!("{member}: {}", names.join(" "))
        };
        assign(members, &topics).into_iter().map(text).collect()
    }

    #[test]
    fn each_topic_is_cut_into_runs_and_the_first_members_get_one_more() {
        let members = [member("c0", None, &["t0", "t1"]), member("c1", None, &["t0", "t1"])];
        assert_eq!(plan(&members, &[("t0", 3), ("t1", 3)]), ["c0: t0-0 t0-1 t1-0 t1-1", "c1: t0-2 t1-2"]);
    }

    #[test]
    fn a_topic_goes_to_those_who_want_it_and_nobody_is_left_out_of_the_plan() {
        let members = [member("c0", None, &["t0"]), member("c1", None, &["t1"]), member("c2", None, &["t9"])];
        assert_eq!(plan(&members, &[("t0", 2), ("t1", 1)]), ["c0: t0-0 t0-1", "c1: t1-0", "c2: "]);
    }

    #[test]
    fn static_members_keep_their_place_whatever_their_ids_are() {
        let members = [member("z", Some("i1"), &["t0"]), member("a", Some("i2"), &["t0"]), member("b", None, &["t0"])];
        assert_eq!(plan(&members, &[("t0", 5)]), ["a: t0-2 t0-3", "b: t0-4", "z: t0-0 t0-1"]);
    }
}
