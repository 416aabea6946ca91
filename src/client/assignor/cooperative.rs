//! The cooperative sticky assignor: the sticky plan in two rounds. What is to change hands is given to nobody in the first;
//! who owned it gives it back and joins again, and the second round finds it free.
//!
//! Invariant: nobody is given a partition that another member still claims, unless it is the rightful owner itself.
//!
//! Source: Kafka's `CooperativeStickyAssignor.adjustAssignment`; KIP-429. Called by: [`super::assign`].

use std::collections::{BTreeMap, BTreeSet};

use super::claims::owners;
use super::{AssignorMember, Plan, sticky};
use crate::event::MemberId;
use crate::protocol::NamedPartition;

// ANCHOR: cooperative
/// Makes the plan of this round.
pub(super) fn assign(members: &[AssignorMember], topics: &BTreeMap<String, u32>) -> Plan {
    let mut plan = sticky::assign(members, topics);
    let owners = owners(members);
    let claimed: BTreeSet<&NamedPartition> = members.iter().flat_map(|member| &member.subscription.owned).collect();
    let rightful = |partition: &NamedPartition| -> Option<&MemberId> {
        owners.get(partition).and_then(|place| members.get(*place)).map(|member| &member.member)
    };
    for (member, share) in &mut plan {
        share.retain(|partition| !claimed.contains(partition) || rightful(partition) == Some(member));
    }
    plan
}
// ANCHOR_END: cooperative
