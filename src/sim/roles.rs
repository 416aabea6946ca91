//! Who holds which role, as committed metadata says: a small fold of the controller's facts inside the world, so that
//! faults may aim at roles and a clone keeps them.
//!
//! Invariant: only committed facts count (the controller tells no others). `isr_seats` and `last_seats` always agree
//! with the partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{PartitionFacts, TopicFacts};
use crate::ids::{BrokerId, BrokerSet, PartitionIndex, ProcessId, TopicId, TopicPartition};

/// The newest committed metadata, as far as roles need it.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    topics: BTreeMap<String, TopicId>,
    partitions: BTreeMap<TopicPartition, Arc<PartitionFacts>>,
    controller: Option<ProcessId>,
    /// In how many ISRs each broker is.
    isr_seats: Vec<u32>,
    /// Of how many ISRs each broker is the last member.
    last_seats: Vec<u32>,
    /// The brokers that count as alive: registered and not fenced.
    unfenced: BrokerSet,
}

impl Default for Roles {
    fn default() -> Self {
        let seats = vec![0; usize::from(BrokerSet::MAX) + 1];
        Self {
            topics: BTreeMap::new(),
            partitions: BTreeMap::new(),
            controller: None,
            isr_seats: seats.clone(),
            last_seats: seats,
            unfenced: BrokerSet::EMPTY,
        }
    }
}

impl Roles {
    /// A topic exists.
    pub(super) fn create_topic(&mut self, topic: &TopicFacts) {
        self.topics.insert(topic.name.clone(), topic.id);
    }

    /// The committed truth about a partition has changed.
    pub(super) fn change_partition(&mut self, partition: TopicPartition, now: &Arc<PartitionFacts>) {
        let old = self.partitions.insert(partition, Arc::clone(now));
        if let Some(old) = old {
            self.count(old.isr, |seats| *seats -= 1);
        }
        self.count(now.isr, |seats| *seats += 1);
    }

    /// A broker counts as alive from here on, or no more.
    pub(super) fn fence(&mut self, broker: BrokerId, is_fenced: bool) {
        self.unfenced = if is_fenced { self.unfenced.without(broker) } else { self.unfenced.with(broker) };
    }

    /// A controller won the metadata quorum's election.
    pub(super) fn elect_controller(&mut self, controller: ProcessId) {
        self.controller = Some(controller);
    }

    /// The controller that leads the metadata quorum.
    pub(super) fn controller(&self) -> Option<ProcessId> {
        self.controller
    }

    /// The leader of a partition.
    pub(super) fn leader(&self, topic: &str, partition: PartitionIndex) -> Option<BrokerId> {
        self.partition(topic, partition)?.leader
    }

    /// The lowest id in the ISR that does not lead.
    pub(super) fn follower(&self, topic: &str, partition: PartitionIndex) -> Option<BrokerId> {
        let facts = self.partition(topic, partition)?;
        facts.isr.iter().find(|broker| Some(*broker) != facts.leader)
    }

    /// All replicas that do not lead.
    pub(super) fn followers(&self, topic: &str, partition: PartitionIndex) -> Vec<BrokerId> {
        let Some(facts) = self.partition(topic, partition) else { return Vec::new() };
        facts.replicas.iter().copied().filter(|broker| Some(*broker) != facts.leader).collect()
    }

    /// Whether a broker is the last member of any ISR.
    pub(super) fn is_last_in_an_isr(&self, broker: BrokerId) -> bool {
        self.last_seats.get(usize::from(broker.0)).is_some_and(|seats| *seats > 0)
    }

    /// Whether no ISR names a broker, nor may one before it registers again: it is fenced, and so every proposal is refused
    /// that names it (KIP-841).
    pub(super) fn is_out_of_every_isr(&self, broker: BrokerId) -> bool {
        let has_seat = self.isr_seats.get(usize::from(broker.0)).is_some_and(|seats| *seats > 0);
        !has_seat && !self.unfenced.contains(broker)
    }

    fn partition(&self, topic: &str, partition: PartitionIndex) -> Option<&PartitionFacts> {
        let topic = *self.topics.get(topic)?;
        self.partitions.get(&TopicPartition { topic, partition }).map(Arc::as_ref)
    }

    fn count(&mut self, isr: BrokerSet, change: impl Fn(&mut u32)) {
        let is_last = isr.len() == 1;
        for broker in isr.iter() {
            let place = usize::from(broker.0);
            self.isr_seats.get_mut(place).into_iter().for_each(&change);
            if is_last {
                self.last_seats.get_mut(place).into_iter().for_each(&change);
            }
        }
    }
}
