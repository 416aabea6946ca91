//! How a classic group's leader makes its plan: which member is to own which partition.
//!
//! Invariant: each partition of a topic that somebody wants is given to exactly one member that wants it; every member is in
//! the plan, if only with nothing.
//!
//! Source: Kafka's `ConsumerPartitionAssignor`, `AbstractPartitionAssignor`; KIP-429. Called by: the consumer that leads its
//! group.
//!
//! Not modelled: racks (KIP-881), assignors of the application's own.

mod claims;
mod cooperative;
mod range;
mod round_robin;
mod sticky;
mod uneven;

use std::collections::BTreeMap;

use crate::config::Strategy;
use crate::event::{InstanceId, MemberId};
use crate::ids::PartitionIndex;
use crate::protocol::{NamedPartition, Subscription};

/// A member as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignorMember {
    /// Its id.
    pub member: MemberId,
    /// Its static name: the order of such members is that of their names, which outlive their ids (KIP-345).
    pub instance: Option<InstanceId>,
    /// What it said of itself.
    pub subscription: Subscription,
}

impl AssignorMember {
    /// Static members come first, by their names; the others by their ids (Kafka's `MemberInfo.compareTo`).
    fn place_in_order(&self) -> (bool, String) {
        match &self.instance {
            Some(name) => (false, name.as_ref().clone()),
            None => (true, self.member.as_ref().clone()),
        }
    }

    fn wants(&self, topic: &str) -> bool {
        self.subscription.topics.iter().any(|wanted| wanted == topic)
    }
}

/// All partitions of the topics that somebody wants, in order.
fn wanted_partitions(members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Vec<NamedPartition> {
    let wanted = topics.iter().filter(|(topic, _)| members.iter().any(|member| member.wants(topic)));
    let each = |(topic, count): (&String, &u32)| {
        let topic = topic.clone();
        (0..*count).map(move |index| NamedPartition { topic: topic.clone(), partition: PartitionIndex(index) })
    };
    wanted.flat_map(each).collect()
}

/// Who is to own what: each member with its partitions, in order.
pub type Plan = BTreeMap<MemberId, Vec<NamedPartition>>;

/// Makes the plan. `topics` tells how many partitions each topic has; a topic that is not in it is given to nobody.
#[must_use]
pub fn assign(strategy: Strategy, members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Plan {
    match strategy {
        Strategy::Range => range::assign(members, topics),
        Strategy::RoundRobin => round_robin::assign(members, topics),
        Strategy::Sticky => sticky::assign(members, topics),
        Strategy::CooperativeSticky => cooperative::assign(members, topics),
    }
}

/// Whether a member of this strategy may keep what it owns while it joins again (KIP-429).
#[must_use]
pub fn is_cooperative(strategy: Strategy) -> bool {
    match strategy {
        Strategy::CooperativeSticky => true,
        Strategy::Range | Strategy::RoundRobin | Strategy::Sticky => false,
    }
}
