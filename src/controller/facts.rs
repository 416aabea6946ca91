//! What the trace is told of a committed change.
//!
//! Invariant: a function of the changes and the image after them, so that it does not matter when it is worked out.
//!
//! Called by: [`super::server`].

use std::sync::Arc;

use super::image::{Change, MetadataImage};
use crate::event::{ControllerFact, PartitionFacts, TopicFacts};
use crate::ids::{BrokerId, TopicId, TopicPartition};

/// The facts of the changes that one decision made; `image` is the one after all of them.
pub(super) fn facts_of(changes: &[Change], image: &MetadataImage) -> Vec<ControllerFact> {
    let mut facts = Vec::with_capacity(changes.len());
    for change in changes {
        match change {
            Change::BrokerRegistered(broker) => facts.extend(registered(*broker, image)),
            Change::BrokerFenced(broker) => {
                facts.extend(image.broker_epoch(*broker).map(|epoch| ControllerFact::BrokerFenced { broker: *broker, epoch }));
            }
            Change::BrokerUnfenced(broker) => {
                facts.extend(image.broker_epoch(*broker).map(|epoch| ControllerFact::BrokerUnfenced { broker: *broker, epoch }));
            }
            Change::BrokerShuttingDown(broker) => {
                let epoch = image.broker_epoch(*broker);
                facts.extend(epoch.map(|epoch| ControllerFact::BrokerShuttingDown { broker: *broker, epoch }));
            }
            Change::TopicCreated(topic) => facts.extend(created(*topic, image)),
            Change::PartitionCreated(partition, now) => {
                facts.push(ControllerFact::PartitionChanged { partition: *partition, now: Arc::clone(now) });
            }
            Change::PartitionChanged { partition, before, now } => {
                facts.push(ControllerFact::PartitionChanged { partition: *partition, now: Arc::clone(now) });
                facts.extend(elected(*partition, before, now));
            }
        }
    }
    facts
}

/// The facts of changes that may have been told before a crash: of each partition only the last.
pub(super) fn latest_facts_of(changes: &[Change], image: &MetadataImage) -> Vec<ControllerFact> {
    let partition_of = |change: &Change| match change {
        Change::PartitionCreated(partition, _) | Change::PartitionChanged { partition, .. } => Some(*partition),
        Change::BrokerRegistered(_) | Change::BrokerFenced(_) | Change::BrokerUnfenced(_) => None,
        Change::BrokerShuttingDown(_) | Change::TopicCreated(_) => None,
    };
    let mut latest = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        let is_superseded = partition_of(change)
            .is_some_and(|partition| changes.iter().skip(place + 1).any(|later| partition_of(later) == Some(partition)));
        if !is_superseded {
            latest.push(change.clone());
        }
    }
    facts_of(&latest, image)
}

fn registered(broker: BrokerId, image: &MetadataImage) -> Option<ControllerFact> {
    let now = image.broker(broker)?;
    Some(ControllerFact::BrokerRegistered { broker, incarnation: now.incarnation, epoch: now.epoch, rack: None })
}

fn created(topic: TopicId, image: &MetadataImage) -> Option<ControllerFact> {
    let topic = image.topic(topic)?;
    let width = image.partitions_of(topic.id).next().map_or(0, |(_, facts)| facts.replicas.len());
    let replication_factor = u16::try_from(width).unwrap_or(u16::MAX);
    let (name, config) = (topic.name.clone(), topic.config.clone());
    let facts = TopicFacts { id: topic.id, name, partitions: topic.partitions, replication_factor, config };
    Some(ControllerFact::TopicCreated { topic: Arc::new(facts) })
}

/// A new leader, or none, in a new epoch. Clean when it was in the ISR before; to lose the leader is no election at all,
/// and as such clean.
fn elected(partition: TopicPartition, before: &PartitionFacts, now: &PartitionFacts) -> Option<ControllerFact> {
    let clean = now.leader.is_none_or(|leader| before.isr.contains(leader));
    let (from, leader, epoch) = (before.leader, now.leader, now.epoch);
    (now.epoch != before.epoch).then_some(ControllerFact::LeaderElected { partition, from, leader, epoch, clean })
}
