//! What the trace is told of a committed change.
//!
//! Invariant: a function of the changes and the image after them, so that it does not matter when it is worked out.
//!
//! Called by: [`super::activation`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::image::{Change, MetadataImage};
use super::records::{ConfigRecord, MetadataRecord, ProducerIdsRecord};
use crate::event::{ConfigFacts, ControllerFact, PartitionFacts, TopicFacts};
use crate::ids::{BrokerId, ProducerId, TopicId, TopicPartition};
use crate::protocol::ConfigResource;

/// A change with what a fact needs of the record behind it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    change: Change,
    /// The key and the value, if a configuration changed.
    set: Option<(String, Option<String>)>,
}

impl Told {
    /// Applies nothing: pairs a change with its record.
    pub(super) fn new(change: Change, record: &MetadataRecord) -> Self {
        let set = match record {
            MetadataRecord::Config(ConfigRecord { key, value, .. }) => Some((key.clone(), value.clone())),
            MetadataRecord::RegisterBroker(_)
            | MetadataRecord::BrokerRegistrationChange(_)
            | MetadataRecord::Topic(_)
            | MetadataRecord::Partition(_)
            | MetadataRecord::PartitionChange(_)
            | MetadataRecord::RemoveTopic(_)
            | MetadataRecord::FeatureLevel(_)
            | MetadataRecord::ProducerIds(_)
            | MetadataRecord::OfflineReplicas(_)
            | MetadataRecord::TopicIdsGiven(_) => None,
        };
        Self { change, set }
    }
}

/// The facts of the changes that one decision made; `image` is the one after all of them.
pub(super) fn facts_of(changes: &[Told], image: &MetadataImage) -> Vec<ControllerFact> {
    let mut facts = Vec::with_capacity(changes.len());
    let mut new_topics: BTreeSet<TopicId> = BTreeSet::new();
    for Told { change, set } in changes {
        match change {
            Change::BrokerRegistered(broker) => facts.extend(registered(*broker, image)),
            Change::BrokerRegisteredUnclean(broker) => {
                facts.extend(registered(*broker, image));
                let epoch = image.broker_epoch(*broker);
                facts.extend(epoch.map(|epoch| ControllerFact::UncleanShutdownFound { broker: *broker, epoch }));
            }
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
            Change::TopicCreated(topic) => {
                new_topics.insert(*topic);
                facts.extend(created(*topic, image));
            }
            Change::TopicDeleted { topic, .. } => facts.push(ControllerFact::TopicDeleted { topic: *topic }),
            Change::PartitionCreated(partition, now) => {
                if new_topics.insert(partition.topic) {
                    let topic = image.topic(partition.topic);
                    facts.extend(
                        topic.map(|topic| ControllerFact::PartitionsAdded { topic: topic.id, partitions: topic.partitions }),
                    );
                }
                facts.push(ControllerFact::PartitionChanged { partition: *partition, now: Arc::clone(now) });
            }
            Change::PartitionChanged { partition, before, now } => {
                facts.extend(moving(*partition, before, now));
                facts.push(ControllerFact::PartitionChanged { partition: *partition, now: Arc::clone(now) });
                facts.extend(elected(*partition, before, now));
            }
            Change::ConfigChanged(resource) => facts.extend(set.as_ref().map(|set| configured(resource, set))),
            Change::FeatureChanged(name) => facts.extend(feature(name, image)),
            Change::ProducerIdsAllocated { broker, next } => {
                let first = ProducerId(next.0.saturating_sub(u64::from(ProducerIdsRecord::BLOCK)));
                facts.push(ControllerFact::ProducerIdsAllocated { broker: *broker, first, count: ProducerIdsRecord::BLOCK });
            }
            Change::ReplicasOffline(_) | Change::Nothing => {}
        }
    }
    facts
}

/// What a change is about, so that only the last word on it is told again.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Registration(BrokerId),
    State(BrokerId),
    Partition(TopicPartition),
    Config(ConfigResource, String),
    Feature(String),
}

/// The facts of changes that may have been told before a crash: of each broker, partition, key and feature only
/// the last, and nothing of partitions that are no more.
pub(super) fn latest_facts_of(changes: &[Told], image: &MetadataImage) -> Vec<ControllerFact> {
    let mut seen = BTreeSet::new();
    let mut latest: Vec<Told> = Vec::new();
    for told in changes.iter().rev() {
        let about = match &told.change {
            Change::PartitionCreated(partition, _) | Change::PartitionChanged { partition, .. } => {
                if image.partition(*partition).is_none() {
                    continue;
                }
                Some(About::Partition(*partition))
            }
            Change::ConfigChanged(resource) => told.set.as_ref().map(|(key, _)| About::Config(resource.clone(), key.clone())),
            Change::FeatureChanged(name) => Some(About::Feature(name.clone())),
            Change::BrokerRegistered(broker) | Change::BrokerRegisteredUnclean(broker) => Some(About::Registration(*broker)),
            Change::BrokerFenced(broker) | Change::BrokerUnfenced(broker) | Change::BrokerShuttingDown(broker) => {
                if seen.contains(&About::Registration(*broker)) {
                    continue;
                }
                Some(About::State(*broker))
            }
            Change::ReplicasOffline(_)
            | Change::TopicCreated(_)
            | Change::TopicDeleted { .. }
            | Change::ProducerIdsAllocated { .. }
            | Change::Nothing => None,
        };
        if about.is_none_or(|about| seen.insert(about)) {
            latest.push(told.clone());
        }
    }
    latest.reverse();
    facts_of(&latest, image)
}

fn registered(broker: BrokerId, image: &MetadataImage) -> Option<ControllerFact> {
    let now = image.broker(broker)?;
    let (incarnation, epoch, rack) = (now.incarnation, now.epoch, now.rack.clone());
    Some(ControllerFact::BrokerRegistered { broker, incarnation, epoch, rack })
}

fn created(topic: TopicId, image: &MetadataImage) -> Option<ControllerFact> {
    let topic = image.topic(topic)?;
    let width = image.partitions_of(topic.id).next().map_or(0, |(_, facts)| facts.replicas.len());
    let replication_factor = u16::try_from(width).unwrap_or(u16::MAX);
    let (name, config) = (topic.name.clone(), topic.config.clone());
    let facts = TopicFacts { id: topic.id, name, partitions: topic.partitions, replication_factor, config };
    Some(ControllerFact::TopicCreated { topic: Arc::new(facts) })
}

/// Another leader, or none, in a new epoch. (The same one in a new epoch, when replicas were taken away, was not elected.)
/// Clean when it was in the ISR or eligible before, or came into the ISR with the
/// proposal that completes a move; to lose the leader is no election at all, and as such clean.
fn elected(partition: TopicPartition, before: &PartitionFacts, now: &PartitionFacts) -> Option<ControllerFact> {
    let was_safe = |leader| before.isr.union(before.elr).contains(leader) || is_move_done(before, now);
    let clean = now.leader.is_none_or(was_safe);
    let (from, leader, epoch) = (before.leader, now.leader, now.epoch);
    (from != leader).then_some(ControllerFact::LeaderElected { partition, from, leader, epoch, clean })
}

/// Who was to come is there, and who was to go is gone.
fn is_move_done(before: &PartitionFacts, now: &PartitionFacts) -> bool {
    let has = now.replica_set();
    let is_over = before.is_moving() && !now.is_moving();
    is_over && has.covers(before.adding) && before.removing.iter().all(|broker| !has.contains(broker))
}

/// A move that begins, ends or is called off with this change. One that ends as it begins (nobody is to come) only ends.
fn moving(partition: TopicPartition, before: &PartitionFacts, now: &PartitionFacts) -> Option<ControllerFact> {
    if now.is_moving() {
        let (adding, removing) = (now.adding, now.removing);
        let is_news = (adding, removing) != (before.adding, before.removing);
        return is_news.then_some(ControllerFact::ReassignmentStarted { partition, adding, removing });
    }
    if !before.is_moving() {
        return (before.replica_set() != now.replica_set()).then_some(ControllerFact::ReassignmentCompleted { partition });
    }
    Some(if is_move_done(before, now) {
        ControllerFact::ReassignmentCompleted { partition }
    } else {
        ControllerFact::ReassignmentCancelled { partition }
    })
}

fn configured(resource: &ConfigResource, (key, value): &(String, Option<String>)) -> ControllerFact {
    let resource = match resource {
        ConfigResource::Topic(name) => name.clone(),
        ConfigResource::Broker(broker) => broker.to_string(),
        ConfigResource::Cluster => "cluster".to_owned(),
    };
    ControllerFact::ConfigChanged { change: Arc::new(ConfigFacts { resource, key: key.clone(), value: value.clone() }) }
}

fn feature(name: &str, image: &MetadataImage) -> Option<ControllerFact> {
    let (_, level) = image.features().find(|(other, _)| *other == name)?;
    Some(ControllerFact::FeatureChanged { feature: Arc::new(name.to_owned()), level })
}
