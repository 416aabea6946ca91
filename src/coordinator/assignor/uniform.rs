//! The assignor `uniform`, Kafka's default: over all topics together as equal as can be, and moving as little as can be.
//!
//! Invariant: where all members want the same topics, no two differ by more than one partition, and no plan as equal moves
//! fewer partitions. Where they want different ones, no partition could be handed over, nor a chain of them, that made the
//! loads more equal (`balance`, which has a bound for the very largest of such groups).
//! Source: KIP-848, Kafka's `UniformAssignor`. Called by `coordinator/assignor`.
//!
//! Kafka differs: for members that want different topics Kafka hands over one partition at a time until nothing improves;
//! here chains of hand-overs are looked for too, so that the outcome is never less equal than Kafka's.

use std::collections::{BTreeMap, BTreeSet};

use super::{AssignmentSpec, balance};
use crate::ids::{PartitionIndex, TopicId, TopicPartition};

/// Makes the plan; see [`super::Assignor::assign`].
pub(super) fn assign(spec: &AssignmentSpec) -> Vec<Vec<TopicPartition>> {
    let mut free = Free::of(spec);
    let owned = still_wanted(spec, &mut free);
    let mut plan = if spec.is_homogeneous() {
        among_equals(owned, free)
    } else {
        let counts = balance::counts(spec, &owned);
        by_counts(owned, &counts, free)
    };
    for share in &mut plan {
        share.sort_unstable();
    }
    plan
}

/// The partitions that nobody has.
struct Free(BTreeMap<TopicId, BTreeSet<PartitionIndex>>);

impl Free {
    fn of(spec: &AssignmentSpec) -> Self {
        Self(spec.wanted().into_iter().map(|(topic, (count, _))| (topic, (0..count).map(PartitionIndex).collect())).collect())
    }

    fn take(&mut self, partition: TopicPartition) -> bool {
        self.0.get_mut(&partition.topic).is_some_and(|free| free.remove(&partition.partition))
    }

    fn put_back(&mut self, partition: TopicPartition) {
        self.0.entry(partition.topic).or_default().insert(partition.partition);
    }

    fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }
}

/// What each member has and wants still, taken out of `free`. What two claim goes to the first.
fn still_wanted(spec: &AssignmentSpec, free: &mut Free) -> Vec<Vec<TopicPartition>> {
    let mut owned = Vec::with_capacity(spec.members.len());
    for member in &spec.members {
        let wanted = member.owned.iter().copied().filter(|owned| member.topics.binary_search(&owned.topic).is_ok());
        owned.push(wanted.filter(|owned| free.take(*owned)).collect());
    }
    owned
}

/// All want the same: whoever has more than its share gives up the rest, and whoever has less takes from it.
fn among_equals(mut owned: Vec<Vec<TopicPartition>>, mut free: Free) -> Vec<Vec<TopicPartition>> {
    let total = free.len() + owned.iter().map(Vec::len).sum::<usize>();
    let Some(quota) = total.checked_div(owned.len()) else { return owned };
    let mut extras = total % owned.len();
    let mut has_extra = vec![false; owned.len()];
    for (share, has_extra) in owned.iter_mut().zip(&mut has_extra) {
        if share.len() > quota && extras > 0 {
            extras -= 1;
            *has_extra = true;
        }
        for given_up in share.drain((quota + usize::from(*has_extra)).min(share.len())..) {
            free.put_back(given_up);
        }
    }
    let mut rest =
        free.0.into_iter().flat_map(|(topic, free)| free.into_iter().map(move |index| TopicPartition::new(topic, index)));
    for (share, has_extra) in owned.iter_mut().zip(has_extra) {
        let gets_extra = !has_extra && extras > 0;
        extras -= usize::from(gets_extra);
        let missing = quota + usize::from(has_extra || gets_extra) - share.len();
        share.extend(rest.by_ref().take(missing));
    }
    assert!(rest.next().is_none(), "every partition of a wanted topic has found its reader");
    owned
}

/// Turns counts into partitions: of each topic a member keeps what it has, up to its count, and then takes what is free.
fn by_counts(owned: Vec<Vec<TopicPartition>>, counts: &[BTreeMap<TopicId, u32>], mut free: Free) -> Vec<Vec<TopicPartition>> {
    let mut plan = Vec::with_capacity(owned.len());
    for (share, counts) in owned.into_iter().zip(counts) {
        let mut missing = counts.clone();
        let (kept, given_up): (Vec<_>, Vec<_>) = share.into_iter().partition(|partition| match missing.get_mut(&partition.topic) {
            Some(left @ 1..) => {
                *left -= 1;
                true
            }
            Some(0) | None => false,
        });
        given_up.into_iter().for_each(|partition| free.put_back(partition));
        plan.push((kept, missing));
    }
    let taken = plan.into_iter().map(|(mut share, missing)| {
        for (topic, missing) in missing {
            let free = free.0.entry(topic).or_default();
            for _ in 0..missing {
                let next = free.pop_first().expect("the counts of a topic add up to its partitions");
                share.push(TopicPartition::new(topic, next));
            }
        }
        share
    });
    taken.collect()
}
