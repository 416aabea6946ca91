//! How records carry an image on: one record, one change.
//!
//! Invariant: nothing but the record decides what an image becomes; what cannot follow from a log written by the
//! controller is a bug, and asserted.
//!
//! Called by: the controllers and the brokers, for every committed record, in order. Source: Kafka's `MetadataDelta`.

use std::sync::Arc;

use super::partition::assert_sound;
use super::{BrokerImage, MetadataImage, TopicImage, place_of};
use crate::controller::records::{
    BrokerRegistered, ConfigRecord, FeatureLevelRecord, MetadataRecord, NewPartition, NewTopicRecord, OfflineReplicasRecord,
    PartitionChange, ProducerIdsRecord, RegistrationChange, TopicRemoved,
};
use crate::event::PartitionFacts;
use crate::ids::{BrokerEpoch, BrokerId, Offset, PartitionIndex, ProducerId, TopicId, TopicPartition};
use crate::protocol::ConfigResource;

/// What a record changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This broker has a new registration, and is fenced in it.
    BrokerRegistered(BrokerId),
    /// The same, and its former life did not end in order (KIP-966).
    BrokerRegisteredUnclean(BrokerId),
    /// This broker no longer counts as alive.
    BrokerFenced(BrokerId),
    /// This broker counts as alive.
    BrokerUnfenced(BrokerId),
    /// This broker is leaving in order.
    BrokerShuttingDown(BrokerId),
    /// More of this broker's replicas lie in failed log directories.
    ReplicasOffline(BrokerId),
    /// This topic exists; its partitions follow.
    TopicCreated(TopicId),
    /// This topic is no more.
    TopicDeleted {
        /// Which.
        topic: TopicId,
        /// How many partitions it had.
        partitions: u32,
    },
    /// This partition exists.
    PartitionCreated(TopicPartition, Arc<PartitionFacts>),
    /// This partition changed.
    PartitionChanged {
        /// Which.
        partition: TopicPartition,
        /// What was.
        before: Arc<PartitionFacts>,
        /// What is.
        now: Arc<PartitionFacts>,
    },
    /// Something was set or unset for a topic, a broker or all brokers.
    ConfigChanged(ConfigResource),
    /// This feature stands at another level.
    FeatureChanged(String),
    /// Producer ids below `next` are given out, the last block to this broker (0 where that is not known any more).
    ProducerIdsAllocated {
        /// To whom.
        broker: BrokerId,
        /// The first id of the next block.
        next: ProducerId,
    },
    /// Nothing that anybody acts on.
    Nothing,
}

impl MetadataImage {
    /// Takes in the record at `offset`. The only way an image changes. Offsets only grow; the quorum's control records
    /// leave gaps.
    pub fn apply(&mut self, offset: Offset, record: &MetadataRecord) -> Change {
        assert!(offset >= self.end, "a record is applied once, and in order");
        self.end = offset.next();
        if let MetadataRecord::RegisterBroker(record) = record {
            assert_eq!(record.epoch, BrokerEpoch(offset.0), "a broker epoch is the offset of its registration (KIP-903)");
            assert!(record.fenced, "a new registration is fenced");
        }
        self.take(record)
    }

    /// Takes in a record of the log or of a snapshot.
    pub(super) fn take(&mut self, record: &MetadataRecord) -> Change {
        match record {
            MetadataRecord::RegisterBroker(record) => self.take_registration(record),
            MetadataRecord::BrokerRegistrationChange(record) => self.take_registration_change(*record),
            MetadataRecord::OfflineReplicas(record) => self.take_offline_replicas(record),
            MetadataRecord::Topic(record) => self.take_topic(record),
            MetadataRecord::RemoveTopic(record) => self.take_removal(*record),
            MetadataRecord::Partition(record) => self.take_partition(record),
            MetadataRecord::PartitionChange(record) => self.take_partition_change(record),
            MetadataRecord::Config(record) => self.take_config(record),
            MetadataRecord::FeatureLevel(FeatureLevelRecord { name, level }) => {
                self.features.insert(name.clone(), *level);
                Change::FeatureChanged(name.clone())
            }
            MetadataRecord::ProducerIds(ProducerIdsRecord { broker, next, .. }) => {
                assert!(*next >= self.next_producer_id, "a producer id is given once");
                self.next_producer_id = *next;
                Change::ProducerIdsAllocated { broker: *broker, next: *next }
            }
            MetadataRecord::TopicIdsGiven(next) => {
                self.next_topic_id = self.next_topic_id.max(*next);
                Change::Nothing
            }
        }
    }

    fn take_registration(&mut self, record: &BrokerRegistered) -> Change {
        let BrokerRegistered { broker, incarnation, epoch, ref rack, unclean, fenced, in_controlled_shutdown } = *record;
        let (rack, offline) = (rack.clone(), Arc::default());
        self.set_broker(broker, BrokerImage { incarnation, epoch, rack, fenced, in_controlled_shutdown, offline });
        if unclean { Change::BrokerRegisteredUnclean(broker) } else { Change::BrokerRegistered(broker) }
    }

    fn take_registration_change(&mut self, record: RegistrationChange) -> Change {
        let RegistrationChange { broker, epoch, fenced, in_controlled_shutdown } = record;
        let before = self.registered(broker, epoch);
        let was_fenced = before.fenced;
        self.set_broker(broker, BrokerImage { fenced, in_controlled_shutdown, ..before });
        match (was_fenced, fenced) {
            (false, true) => Change::BrokerFenced(broker),
            (true, false) => Change::BrokerUnfenced(broker),
            (true, true) | (false, false) => Change::BrokerShuttingDown(broker),
        }
    }

    fn take_offline_replicas(&mut self, record: &OfflineReplicasRecord) -> Change {
        let before = self.registered(record.broker, record.epoch);
        let offline = Arc::new(record.partitions.iter().copied().collect());
        self.set_broker(record.broker, BrokerImage { offline, ..before });
        Change::ReplicasOffline(record.broker)
    }

    fn registered(&self, broker: BrokerId, epoch: BrokerEpoch) -> BrokerImage {
        let before = self.broker(broker).expect("a registration is written before its changes");
        assert_eq!(before.epoch, epoch, "a change is written for the present registration");
        before.clone()
    }

    fn set_broker(&mut self, broker: BrokerId, image: BrokerImage) {
        let is_active = !image.fenced && !image.in_controlled_shutdown;
        self.alive = if image.fenced { self.alive.without(broker) } else { self.alive.with(broker) };
        self.active = if is_active { self.active.with(broker) } else { self.active.without(broker) };
        self.brokers.insert(broker, image);
    }

    fn take_topic(&mut self, record: &NewTopicRecord) -> Change {
        let NewTopicRecord { name, id, config } = record.clone();
        assert!(!self.names.contains_key(&name), "a topic's name is taken once");
        assert!(id >= self.next_topic_id, "a topic id is given once");
        self.next_topic_id = TopicId(id.0 + 1);
        self.names.insert(name.clone(), id);
        self.topics.insert(id, Arc::new(TopicImage { id, name, partitions: 0, config }));
        self.partitions.insert(id, Arc::default());
        Change::TopicCreated(id)
    }

    fn take_removal(&mut self, TopicRemoved { topic }: TopicRemoved) -> Change {
        let removed = self.topics.remove(&topic).expect("a topic is written before its removal");
        self.names.remove(&removed.name);
        let partitions = self.partitions.remove(&topic).unwrap_or_default();
        let index = Arc::make_mut(&mut self.index);
        for (number, facts) in (0..).map(PartitionIndex).zip(partitions.iter()) {
            index.update(TopicPartition::new(topic, number), Some(facts), None);
        }
        Change::TopicDeleted { topic, partitions: removed.partitions }
    }

    fn take_partition(&mut self, record: &NewPartition) -> Change {
        let TopicPartition { topic, partition } = record.partition;
        let image = Arc::make_mut(self.topics.get_mut(&topic).expect("a topic is written before its partitions"));
        assert_eq!(partition, PartitionIndex(image.partitions), "partitions are created once, in the order of their numbers");
        image.partitions += 1;
        assert_sound(&record.facts);
        Arc::make_mut(self.partitions.entry(topic).or_default()).push(Arc::clone(&record.facts));
        Arc::make_mut(&mut self.index).update(record.partition, None, Some(&record.facts));
        Change::PartitionCreated(record.partition, Arc::clone(&record.facts))
    }

    fn take_partition_change(&mut self, record: &PartitionChange) -> Change {
        let partition = record.partition;
        let shelf = self.partitions.get_mut(&partition.topic).map(Arc::make_mut);
        let place = shelf.and_then(|partitions| partitions.get_mut(place_of(partition.partition)));
        let place = place.expect("a partition is written before its changes");
        let (before, now) = (Arc::clone(place), Arc::new(place.after(record)));
        assert_sound(&now);
        *place = Arc::clone(&now);
        Arc::make_mut(&mut self.index).update(partition, Some(&before), Some(&now));
        Change::PartitionChanged { partition, before, now }
    }

    fn take_config(&mut self, record: &ConfigRecord) -> Change {
        let ConfigRecord { resource, key, value } = record;
        if let ConfigResource::Topic(name) = resource {
            let topic = self.names.get(name).and_then(|id| self.topics.get_mut(id));
            let topic = Arc::make_mut(topic.expect("only a topic that exists is configured"));
            topic.config.retain(|(other, _)| other != key);
            topic.config.extend(value.clone().map(|value| (key.clone(), value)));
        } else {
            let keys = self.configs.entry(resource.clone()).or_default();
            match value {
                Some(value) => keys.insert(key.clone(), value.clone()),
                None => keys.remove(key),
            };
            self.configs.retain(|_, keys| !keys.is_empty());
        }
        Change::ConfigChanged(resource.clone())
    }
}
