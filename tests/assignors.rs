//! The assignors of classic groups against Kafka's own client: 300 plans (tests/data/kafka-vectors).
//!
//! Range and round robin agree to the letter. The sticky ones have to be as even and move no more. What Kafka's file holds
//! for cooperative-sticky is the first round's plan, where what changes hands is given to nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use tribunal::client::assignor::{AssignorMember, Plan, assign};
use tribunal::config::Strategy as Assignor;
use tribunal::ids::PartitionIndex;
use tribunal::protocol::{NamedPartition, Subscription};

const VECTORS: &str = include_str!("data/kafka-vectors/assignors.jsonl");

struct Vector {
    topics: BTreeMap<String, u32>,
    members: Vec<AssignorMember>,
    kafka: Plan,
}

fn field<'a>(line: &'a Value, name: &str) -> &'a Value {
    line.get(name).expect("the README describes the fields")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a name").to_owned()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().expect("a number")).expect("a small number")
}

fn partitions(value: &Value) -> Vec<NamedPartition> {
    let one = |pair: &Value| NamedPartition {
        topic: text(pair.get(0).expect("a topic")),
        partition: PartitionIndex(number(pair.get(1).expect("a partition"))),
    };
    value.as_array().expect("a list").iter().map(one).collect()
}

fn vectors(assignor: &str) -> Vec<Vector> {
    let lines = VECTORS.lines().map(|line| serde_json::from_str::<Value>(line).expect("one JSON object a line"));
    lines.filter(|line| text(field(line, "assignor")) == assignor).map(|line| vector(&line)).collect()
}

fn vector(line: &Value) -> Vector {
    let entries = |name: &str| field(line, name).as_object().expect("an object").iter();
    let member = |(id, said): (&String, &Value)| AssignorMember {
        member: Arc::new(id.clone()),
        instance: field(said, "instance").as_str().map(|name| Arc::new(name.to_owned())),
        subscription: Subscription {
            topics: field(said, "topics").as_array().expect("a list").iter().map(text).collect(),
            owned: partitions(field(said, "owned")),
            generation: 1,
            ..Subscription::default()
        },
    };
    Vector {
        topics: entries("topics").map(|(name, count)| (name.clone(), number(count))).collect(),
        members: entries("members").map(member).collect(),
        kafka: entries("assignment").map(|(id, share)| (Arc::new(id.clone()), partitions(share))).collect(),
    }
}

impl Vector {
    fn plan(&self, strategy: Assignor) -> Plan {
        assign(strategy, &self.members, &self.topics)
    }

    fn wants(&self, member: &str, topic: &String) -> bool {
        self.members.iter().any(|known| *known.member == member && known.subscription.topics.contains(topic))
    }

    fn is_wanted(&self, topic: &String) -> bool {
        self.members.iter().any(|member| member.subscription.topics.contains(topic))
    }

    /// Kafka's client was handed topics that nobody wants and dealt them out too: its quotas are not this group's.
    fn deals_unwanted(&self) -> bool {
        self.kafka.values().flatten().any(|partition| !self.is_wanted(&partition.topic))
    }

    fn wanted(&self) -> BTreeSet<NamedPartition> {
        let each = |(topic, count): (&String, &u32)| {
            let topic = topic.clone();
            (0..*count).map(move |index| NamedPartition { topic: topic.clone(), partition: PartitionIndex(index) })
        };
        self.topics.iter().filter(|(topic, _)| self.is_wanted(topic)).flat_map(each).collect()
    }

    fn assert_whole(&self, plan: &Plan) {
        assert_eq!(plan.len(), self.members.len(), "every member is in the plan");
        let given: Vec<&NamedPartition> = plan.values().flatten().collect();
        assert_eq!(given.len(), self.wanted().len(), "nothing is given twice: {plan:?}");
        assert_eq!(given.into_iter().cloned().collect::<BTreeSet<_>>(), self.wanted());
        for (member, share) in plan {
            assert!(share.iter().all(|partition| self.wants(member, &partition.topic)), "{member} wants all of {share:?}");
        }
    }

    /// How many partitions are taken from members that still want them.
    fn moved(&self, plan: &Plan) -> usize {
        let taken = |member: &AssignorMember| {
            let kept = plan.get(&member.member).expect("every member is in the plan");
            let owned = member.subscription.owned.iter();
            owned.filter(|owned| member.subscription.topics.contains(&owned.topic) && !kept.contains(owned)).count()
        };
        self.members.iter().map(taken).sum()
    }

    /// Nobody can be given something along any chain of members by somebody who has two more: then no plan is more even.
    fn assert_even(&self, plan: &Plan) {
        for (giver, share) in plan {
            let mut reached: BTreeSet<&str> = BTreeSet::from([giver.as_str()]);
            let mut ahead = vec![giver.as_str()];
            while let Some(member) = ahead.pop() {
                let held = plan.iter().find(|(id, _)| id.as_str() == member).map(|(_, share)| share).expect("a member");
                for next in plan.keys().filter(|next| held.iter().any(|given| self.wants(next, &given.topic))) {
                    if reached.insert(next) {
                        ahead.push(next);
                    }
                }
            }
            for (taker, other) in plan.iter().filter(|(taker, _)| reached.contains(taker.as_str())) {
                assert!(share.len() <= other.len() + 1, "{giver} could give {taker} something: {plan:?}");
            }
        }
    }

    /// The least sum of squares that Kafka's plan can come to, wherever what it withholds will go.
    fn least_unevenness(&self) -> usize {
        let given: BTreeSet<NamedPartition> = self.kafka.values().flatten().cloned().collect();
        let withheld: Vec<NamedPartition> = self.wanted().difference(&given).cloned().collect();
        self.completed(&mut self.kafka.iter().map(|(id, share)| (id.as_str(), share.len())).collect(), &withheld)
    }

    fn completed<'a>(&'a self, sizes: &mut BTreeMap<&'a str, usize>, withheld: &[NamedPartition]) -> usize {
        let Some((first, rest)) = withheld.split_first() else { return sizes.values().map(|size| size * size).sum() };
        let takers = self.kafka.keys().filter(|id| self.wants(id, &first.topic));
        let outcomes = takers.map(|id| {
            *sizes.get_mut(id.as_str()).expect("a member") += 1;
            let outcome = self.completed(sizes, rest);
            *sizes.get_mut(id.as_str()).expect("a member") -= 1;
            outcome
        });
        outcomes.min().expect("somebody wants it")
    }
}

fn unevenness(plan: &Plan) -> usize {
    plan.values().map(|share| share.len() * share.len()).sum()
}

fn sorted(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.values_mut().for_each(|share| share.sort_unstable());
    plan
}

fn assert_agrees(strategy: Assignor, count: usize) {
    let vectors = vectors(strategy.word());
    assert_eq!(vectors.len(), count, "no line of the vectors is left out");
    for vector in vectors {
        let plan = vector.plan(strategy);
        vector.assert_whole(&plan);
        assert_eq!(sorted(&plan), sorted(&vector.kafka));
    }
}

/// How many lines agree to the letter, and how many cannot be compared.
fn compare_sticky(strategy: Assignor, count: usize) -> (usize, usize) {
    let vectors = vectors(strategy.word());
    assert_eq!(vectors.len(), count, "no line of the vectors is left out");
    let (mut same, mut incomparable) = (0, 0);
    for vector in vectors {
        let plan = vector.plan(Assignor::Sticky);
        vector.assert_whole(&plan);
        vector.assert_even(&plan);
        if vector.deals_unwanted() {
            incomparable += 1;
            continue;
        }
        let (ours, theirs) = (unevenness(&plan), vector.least_unevenness());
        assert!(ours <= theirs, "Kafka's plan is more even: {plan:?} and {:?}", vector.kafka);
        let (moved, by_kafka) = (vector.moved(&plan), vector.moved(&vector.kafka));
        assert!(moved <= by_kafka || ours < theirs, "Kafka moves {by_kafka}, not {moved}: {plan:?}, {:?}", vector.kafka);
        same += usize::from(sorted(&vector.plan(strategy)) == sorted(&vector.kafka));
    }
    (same, incomparable)
}

#[test]
fn range_plans_as_kafka_does() {
    assert_agrees(Assignor::Range, 75);
}

#[test]
fn round_robin_plans_as_kafka_does() {
    assert_agrees(Assignor::RoundRobin, 75);
}

#[test]
fn sticky_is_as_even_as_kafka_and_moves_no_more() {
    assert_eq!(compare_sticky(Assignor::Sticky, 75), (66, 8), "one plan differs from Kafka's; eight deal unwanted topics");
}

#[test]
fn cooperative_sticky_is_as_even_as_kafka_and_moves_no_more() {
    assert_eq!(compare_sticky(Assignor::CooperativeSticky, 75), (71, 2), "two plans differ; two deal unwanted topics");
}

fn joined(id: &str, topics: &[&str], owned: &[(&str, u32)], generation: i32) -> AssignorMember {
    let named = |(topic, index): &(&str, u32)| NamedPartition { topic: (*topic).to_owned(), partition: PartitionIndex(*index) };
    let subscription = Subscription {
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        owned: owned.iter().map(named).collect(),
        generation,
        ..Subscription::default()
    };
    AssignorMember { member: Arc::new(id.to_owned()), instance: None, subscription }
}

fn shown(plan: &Plan) -> Vec<String> {
    let names = |share: &Vec<NamedPartition>| share.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    plan.iter().map(|(member, share)| format!("{member}: {}", names(share))).collect()
}

fn planned(strategy: Assignor, members: &[AssignorMember], topics: &[(&str, u32)]) -> Vec<String> {
    shown(&assign(strategy, members, &topics.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()))
}

#[test]
fn the_newest_generation_owns_and_what_two_claim_in_it_is_free() {
    let members = [
        joined("a", &["t"], &[("t", 0), ("t", 1)], 4),
        joined("b", &["t"], &[("t", 0), ("t", 2)], 5),
        joined("c", &["t"], &[("t", 2), ("t", 3)], 5),
    ];
    // a keeps 1, b keeps 0, c keeps 3; 2 is free and goes to the first in turn.
    assert_eq!(planned(Assignor::Sticky, &members, &[("t", 4)]), ["a: t-1 t-2", "b: t-0", "c: t-3"]);
    // Both claimants of 2 have to give it back first.
    assert_eq!(planned(Assignor::CooperativeSticky, &members, &[("t", 4)]), ["a: t-1", "b: t-0", "c: t-3"]);
}

#[test]
fn what_changes_hands_is_withheld_until_it_was_given_back() {
    let first = [joined("a", &["t"], &[("t", 0), ("t", 1), ("t", 2), ("t", 3)], 1), joined("b", &["t"], &[], -1)];
    assert_eq!(planned(Assignor::CooperativeSticky, &first, &[("t", 4)]), ["a: t-0 t-1", "b: "]);
    let second = [joined("a", &["t"], &[("t", 0), ("t", 1)], 2), joined("b", &["t"], &[], 2)];
    assert_eq!(planned(Assignor::CooperativeSticky, &second, &[("t", 4)]), ["a: t-0 t-1", "b: t-2 t-3"]);
}

#[test]
fn a_chain_of_members_evens_out_what_no_single_move_can() {
    // a has three and c nothing, but c wants only what b has: b passes one on and is given one.
    let members = [
        joined("a", &["t"], &[("t", 0), ("t", 1), ("t", 2)], 1),
        joined("b", &["t", "u"], &[("u", 0), ("u", 1)], 1),
        joined("c", &["u"], &[], 1),
    ];
    let plan = planned(Assignor::Sticky, &members, &[("t", 3), ("u", 2)]);
    let sizes: Vec<usize> = plan.iter().map(|line| line.split(' ').filter(|word| word.contains('-')).count()).collect();
    assert_eq!(sizes, [2, 2, 1], "{plan:?}");
}

/// The best there is, by trying all plans: the least sum of squares, and the fewest moves that reach it.
fn best(vector: &Vector, left: &[NamedPartition], plan: &mut Plan) -> (usize, usize) {
    let Some((first, rest)) = left.split_first() else { return (unevenness(plan), vector.moved(plan)) };
    let takers = vector.members.iter().filter(|member| member.subscription.topics.contains(&first.topic));
    let outcomes = takers.map(|member| {
        plan.entry(member.member.clone()).or_default().push(first.clone());
        let outcome = best(vector, rest, plan);
        plan.entry(member.member.clone()).or_default().pop();
        outcome
    });
    outcomes.min().expect("somebody wants it")
}

/// Members of drawn wishes (a bit a topic), with the topics' numbers of partitions, and who owned each partition before.
fn drawn(wishes: &[u32], counts: &[u32], owners: Vec<usize>) -> (BTreeMap<String, u32>, Vec<AssignorMember>) {
    let names = ["t", "u", "v"];
    let topics: BTreeMap<String, u32> = names.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let everything = names.iter().zip(counts).flat_map(|(name, count)| (0..*count).map(move |index| (*name, index)));
    let owned: Vec<((&str, u32), usize)> = everything.zip(owners).collect();
    let member = |(place, wish): (usize, &u32)| {
        let wanted: Vec<&str> = names.iter().zip(0..).filter(|(_, bit)| wish >> bit & 1 == 1).map(|(name, _)| *name).collect();
        let own: Vec<(&str, u32)> = owned.iter().filter(|(_, owner)| *owner == place).map(|(named, _)| *named).collect();
        joined(&format!("m{place:02}"), &wanted, &own, 1)
    };
    (topics, wishes.iter().enumerate().map(member).collect())
}

proptest! {
    #[test]
    fn no_plan_is_more_even_or_as_even_with_less_moved(
        wishes in proptest::collection::vec(1_u32..8, 1..4),
        counts in proptest::collection::vec(0_u32..4, 3),
        owners in proptest::collection::vec(0_usize..5, 12),
    ) {
        let (topics, members) = drawn(&wishes, &counts, owners);
        let nothing: Plan = members.iter().map(|member| (member.member.clone(), Vec::new())).collect();
        let vector = Vector { topics, members, kafka: Plan::new() };
        let plan = vector.plan(Assignor::Sticky);
        vector.assert_whole(&plan);
        let wanted: Vec<NamedPartition> = vector.wanted().into_iter().collect();
        prop_assert_eq!((unevenness(&plan), vector.moved(&plan)), best(&vector, &wanted, &mut nothing.clone()));
    }
}

proptest! {
    #[test]
    fn each_assignor_gives_each_wanted_partition_one_owner(
        wishes in proptest::collection::vec(1_u32..8, 1..12),
        counts in proptest::collection::vec(0_u32..9, 3),
        owners in proptest::collection::vec(0_usize..14, 24),
    ) {
        let (topics, members) = drawn(&wishes, &counts, owners);
        let vector = Vector { topics, members, kafka: Plan::new() };
        for strategy in [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky] {
            vector.assert_whole(&vector.plan(strategy));
        }
        // What changes hands under cooperative-sticky is nobody's for a round; when it was given back the next plan is whole.
        let first = vector.plan(Assignor::CooperativeSticky);
        let mut given: Vec<&NamedPartition> = first.values().flatten().collect();
        let all = given.len();
        given.sort_unstable();
        given.dedup();
        prop_assert_eq!(given.len(), all, "no partition has two owners");
        let mut next = vector;
        for member in &mut next.members {
            member.subscription.owned = first.get(&member.member).cloned().unwrap_or_default();
            member.subscription.generation = 2;
        }
        next.assert_whole(&next.plan(Assignor::CooperativeSticky));
    }
}
