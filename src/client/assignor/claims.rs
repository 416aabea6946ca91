//! Who owns what before a plan is made, as the members claim.
//!
//! Source: KIP-792 (the generation tells which claim is true). Called by: the sticky assignors.

use std::collections::BTreeMap;

use super::AssignorMember;
use crate::protocol::NamedPartition;

/// Who owns what, by the members' places in the order of their ids.
pub(super) type Owners = BTreeMap<NamedPartition, usize>;

/// Who owns each partition by the newest generation. Nobody owns what two claim in the same one.
pub(super) fn owners(members: &[AssignorMember]) -> Owners {
    let mut claims: BTreeMap<&NamedPartition, (i32, Option<usize>)> = BTreeMap::new();
    for (place, member) in members.iter().enumerate() {
        let generation = member.subscription.generation;
        for partition in &member.subscription.owned {
            let (newest, owner) = claims.entry(partition).or_insert((generation, Some(place)));
            if generation > *newest {
                (*newest, *owner) = (generation, Some(place));
            } else if generation == *newest && *owner != Some(place) {
                *owner = None;
            }
        }
    }
    claims.into_iter().filter_map(|(partition, (_, owner))| Some((partition.clone(), owner?))).collect()
}
