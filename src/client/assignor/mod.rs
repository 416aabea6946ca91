//! How a classic group's leader makes its plan: which member is to own which partition.
//!
//! Invariant: each partition of a topic that somebody wants is given to exactly one member that wants it; every member is in
//! the plan, if only with nothing.
//!
//! Source: Kafka's `ConsumerPartitionAssignor`, `AbstractPartitionAssignor`; KIP-429. Called by: the consumer that leads its
//! group.
//!
//! Not modelled: racks (KIP-881), assignors of the application's own.

mod range;

use std::collections::BTreeMap;

use crate::config::Strategy;
use crate::event::{InstanceId, MemberId};
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

/// Who is to own what: each member with its partitions, in order.
pub type Plan = BTreeMap<MemberId, Vec<NamedPartition>>;

/// Makes the plan. `topics` tells how many partitions each topic has; a topic that is not in it is given to nobody.
#[must_use]
pub fn assign(strategy: Strategy, members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Plan {
    match strategy {
        Strategy::Range => range::assign(members, topics),
        // TODO(walls): round robin, sticky and cooperative-sticky have files of their own.
        Strategy::RoundRobin | Strategy::Sticky | Strategy::CooperativeSticky => {
            todo!("{} makes no plan yet", strategy.word())
        }
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
