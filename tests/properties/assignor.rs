//! Laws of the coordinator's assignors: every wanted partition has one reader who wants it; `uniform` is as equal as any plan
//! can be, and no plan as equal moves fewer partitions (all plans of small groups are tried); `range` is fair topic by topic.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, any, prop, proptest};
use tribunal::coordinator::assignor::{AssignmentSpec, Assignor, MemberSpec};
use tribunal::event::MemberId;
use tribunal::ids::{PartitionIndex, TopicId, TopicPartition};

use crate::support::cases;

/// A group: for each topic its partitions, for each member which topics it wants, for each partition who had it.
#[derive(Clone, Debug)]
struct Case {
    partitions: Vec<u32>,
    wishes: Vec<Vec<bool>>,
    had: Vec<Option<prop::sample::Index>>,
}

fn groups(members: usize, topics: usize, partitions: u32) -> impl Strategy<Value = Case> {
    let partitions = prop::collection::vec(1..=partitions, 1..=topics);
    let wishes = prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.7), topics), 1..=members);
    let had = prop::collection::vec(prop::option::weighted(0.8, any::<prop::sample::Index>()), topics * 8);
    (partitions, wishes, had, any::<bool>()).prop_map(|(partitions, mut wishes, had, is_homogeneous)| {
        if is_homogeneous {
            wishes.iter_mut().for_each(|wishes| wishes.fill(true));
        }
        Case { partitions, wishes, had }
    })
}

fn spec(case: &Case) -> AssignmentSpec {
    let topics: BTreeMap<TopicId, u32> = (1..).map(TopicId).zip(case.partitions.iter().copied()).collect();
    let mut members: Vec<MemberSpec> = (0..)
        .zip(&case.wishes)
        .map(|(place, wishes): (u32, _)| MemberSpec {
            member: MemberId::new(format!("c{place}")),
            topics: topics.keys().zip(wishes).filter(|(_, wanted)| **wanted).map(|(topic, _)| *topic).collect(),
            owned: Vec::new(),
        })
        .collect();
    let all = topics.iter().flat_map(|(topic, count)| (0..*count).map(|index| TopicPartition::new(*topic, PartitionIndex(index))));
    for (partition, had) in all.zip(&case.had) {
        if let Some(had) = had {
            let place = had.index(members.len());
            members[place].owned.push(partition);
        }
    }
    AssignmentSpec { members, topics }
}

/// Each wanted partition once, to somebody who wants it; in order.
fn assert_valid(spec: &AssignmentSpec, plan: &[Vec<TopicPartition>]) {
    assert_eq!(plan.len(), spec.members.len());
    let mut given = BTreeSet::new();
    for (member, share) in spec.members.iter().zip(plan) {
        assert!(share.is_sorted());
        for partition in share {
            assert!(member.topics.contains(&partition.topic), "{partition} goes to one who wants it");
            assert!(given.insert(*partition), "{partition} goes to one only");
        }
    }
    assert_eq!(given.len(), wanted(spec).len(), "every wanted partition is read");
}

fn wanted(spec: &AssignmentSpec) -> Vec<TopicPartition> {
    let topics = spec.topics.iter().filter(|(topic, _)| spec.members.iter().any(|member| member.topics.contains(topic)));
    topics.flat_map(|(topic, count)| (0..*count).map(|index| TopicPartition::new(*topic, PartitionIndex(index)))).collect()
}

/// The sum of the squares of the loads, and how many partitions leave a member that had them and wants them still.
fn cost(spec: &AssignmentSpec, plan: &[Vec<TopicPartition>]) -> (usize, usize) {
    let squares = plan.iter().map(|share| share.len() * share.len()).sum();
    let moved = spec.members.iter().zip(plan).map(|(member, share)| {
        let wanted = member.owned.iter().filter(|owned| member.topics.contains(&owned.topic));
        wanted.filter(|owned| !share.contains(owned)).count()
    });
    (squares, moved.sum())
}

/// The least cost of all plans there are.
fn least(spec: &AssignmentSpec, left: &[TopicPartition], plan: &mut Vec<Vec<TopicPartition>>) -> (usize, usize) {
    let Some((next, rest)) = left.split_first() else { return cost(spec, plan) };
    let mut best = (usize::MAX, usize::MAX);
    for place in 0..plan.len() {
        if spec.members[place].topics.contains(&next.topic) {
            plan[place].push(*next);
            best = best.min(least(spec, rest, plan));
            plan[place].pop();
        }
    }
    best
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn uniform_is_as_equal_as_can_be_and_moves_as_little(case in groups(4, 3, 3)) {
        let spec = spec(&case);
        let plan = Assignor::Uniform.assign(&spec);
        assert_valid(&spec, &plan);
        let partitions = wanted(&spec);
        if partitions.len() <= 6 {
            let mut none = vec![Vec::new(); spec.members.len()];
            assert_eq!(cost(&spec, &plan), least(&spec, &partitions, &mut none));
        }
    }

    #[test]
    fn larger_groups_are_valid_too_and_nothing_moves_twice(case in groups(12, 6, 8)) {
        let mut spec = spec(&case);
        for assignor in [Assignor::Uniform, Assignor::Range] {
            let plan = assignor.assign(&spec);
            assert_valid(&spec, &plan);
            let given = plan.clone();
            for (member, share) in spec.members.iter_mut().zip(plan) {
                member.owned = share;
            }
            assert_eq!(assignor.assign(&spec), given, "a plan that is made anew for the same group is the same");
        }
    }

    #[test]
    fn range_is_fair_in_every_topic(case in groups(6, 4, 8)) {
        let spec = spec(&case);
        let plan = Assignor::Range.assign(&spec);
        assert_valid(&spec, &plan);
        for topic in spec.topics.keys() {
            let readers = spec.members.iter().zip(&plan).filter(|(member, _)| member.topics.contains(topic));
            let loads = readers.map(|(_, share)| share.iter().filter(|partition| partition.topic == *topic).count());
            let loads: Vec<usize> = loads.collect();
            assert!(loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0) <= 1);
        }
    }
}

#[test]
fn a_large_group_of_different_wishes_is_planned_for_within_its_bound() {
    let topics: BTreeMap<TopicId, u32> = (1..=100).map(|number| (TopicId(number), 20)).collect();
    let members = (0..200_u32).map(|place| MemberSpec {
        member: MemberId::new(format!("c{place:03}")),
        topics: topics.keys().copied().filter(|topic| (topic.0 + place) % 7 < 3).collect(),
        owned: Vec::new(),
    });
    let spec = AssignmentSpec { members: members.collect(), topics };
    let plan = Assignor::Uniform.assign(&spec);
    assert_valid(&spec, &plan);
    assert!(plan.iter().all(|share| share.len() == 10), "2,000 partitions among 200 members");
}
