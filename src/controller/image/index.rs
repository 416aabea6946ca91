//! Which partitions a broker leads, is in sync with or could lead, so that its coming and going costs what it touches and
//! not a walk over the whole cluster.
//!
//! Invariant: a function of the partitions alone: rebuilt from them it is the same (held by the property tests, which
//! compare images).
//!
//! Called by: [`super::MetadataImage`], for every partition that comes, changes or goes.
//! Source: Kafka's `BrokersToIsrs`, and `imbalancedPartitions` of its `ReplicationControlManager`.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::PartitionFacts;
use crate::ids::{BrokerId, TopicPartition};

/// The partitions by what brokers are to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// In whose ISR, or among whose eligible replicas (KIP-966).
    members: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    /// Led by whom.
    leads: BTreeMap<BrokerId, usize>,
    /// Whose preferred replica it is, and how many of those.
    preferred: BTreeMap<BrokerId, usize>,
    /// Those that nobody leads.
    leaderless: BTreeSet<TopicPartition>,
    /// Those led by another than the preferred replica, or by nobody.
    displaced: BTreeSet<TopicPartition>,
    /// Those with eligible replicas outside the ISR.
    with_elr: BTreeSet<TopicPartition>,
}

impl Index {
    /// A partition is so now; before it was so, or not there.
    pub(super) fn update(&mut self, partition: TopicPartition, before: Option<&PartitionFacts>, now: Option<&PartitionFacts>) {
        let members = |facts: Option<&PartitionFacts>| facts.map_or_else(Default::default, |facts| facts.isr.union(facts.elr));
        let (old, new) = (members(before), members(now));
        if old != new {
            for gone in old.iter().filter(|broker| !new.contains(*broker)) {
                self.members.entry(gone).or_default().remove(&partition);
            }
            for come in new.iter().filter(|broker| !old.contains(*broker)) {
                self.members.entry(come).or_default().insert(partition);
            }
            self.members.retain(|_, partitions| !partitions.is_empty());
        }
        recount(&mut self.leads, before.and_then(|facts| facts.leader), now.and_then(|facts| facts.leader));
        recount(&mut self.preferred, before.and_then(preferred), now.and_then(preferred));
        keep(&mut self.leaderless, partition, now.is_some_and(|facts| facts.leader.is_none()));
        keep(&mut self.displaced, partition, now.is_some_and(|facts| facts.leader != preferred(facts)));
        keep(&mut self.with_elr, partition, now.is_some_and(|facts| !facts.elr.is_empty()));
    }

    pub(super) fn members(&self, broker: BrokerId) -> impl Iterator<Item = TopicPartition> {
        self.members.get(&broker).into_iter().flatten().copied()
    }

    pub(super) fn leads_anything(&self, broker: BrokerId) -> bool {
        self.leads.contains_key(&broker)
    }

    pub(super) fn preferred_count(&self, broker: BrokerId) -> usize {
        self.preferred.get(&broker).copied().unwrap_or(0)
    }

    pub(super) fn leaderless(&self) -> impl Iterator<Item = TopicPartition> {
        self.leaderless.iter().copied()
    }

    pub(super) fn displaced(&self) -> impl Iterator<Item = TopicPartition> {
        self.displaced.iter().copied()
    }

    pub(super) fn with_elr(&self) -> impl Iterator<Item = TopicPartition> {
        self.with_elr.iter().copied()
    }
}

fn preferred(facts: &PartitionFacts) -> Option<BrokerId> {
    facts.replicas.first().copied()
}

fn recount(counts: &mut BTreeMap<BrokerId, usize>, before: Option<BrokerId>, now: Option<BrokerId>) {
    if before == now {
        return;
    }
    if let Some(broker) = now {
        *counts.entry(broker).or_insert(0) += 1;
    }
    if let Some(broker) = before {
        let count = counts.get_mut(&broker).expect("what was counted is there");
        *count -= 1;
        if *count == 0 {
            counts.remove(&broker);
        }
    }
}

fn keep(set: &mut BTreeSet<TopicPartition>, partition: TopicPartition, belongs: bool) {
    if belongs {
        set.insert(partition);
    } else {
        set.remove(&partition);
    }
}
