//! An image as records, and back: what a snapshot of the metadata log holds.
//!
//! Invariant: `from_snapshot(image.end(), image.to_records())` is the image again.
//!
//! Called by: the controller and the brokers, when the log below the records was cut away or never fetched. Source: KIP-630;
//! Kafka's `MetadataImage.write`.

use std::sync::Arc;

use bytes::Bytes;

use super::{Change, MetadataImage};
use crate::controller::records::{
    BrokerRegistered, ConfigRecord, FeatureLevelRecord, MetadataRecord, NewPartition, NewTopicRecord, OfflineReplicasRecord,
    ProducerIdsRecord,
};
use crate::error::Fault;
use crate::ids::{BrokerEpoch, BrokerId, Offset, PartitionIndex, ProducerId, TopicId, TopicPartition};
use crate::protocol::ConfigResource;

impl MetadataImage {
    /// Reads a snapshot that stands for everything below `end`. Errors: a record that cannot be read.
    pub fn from_snapshot(end: Offset, records: &[Bytes]) -> Result<Self, Fault> {
        let mut image = Self::default();
        for bytes in records {
            image.take(&MetadataRecord::decode(bytes)?);
        }
        image.end = end;
        Ok(image)
    }

    /// The records that build this image from nothing.
    #[must_use]
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        for (name, level) in self.features() {
            records.push(MetadataRecord::FeatureLevel(FeatureLevelRecord { name: name.to_owned(), level }));
        }
        for (broker, state) in self.brokers() {
            records.push(MetadataRecord::RegisterBroker(BrokerRegistered {
                broker,
                incarnation: state.incarnation,
                epoch: state.epoch,
                rack: state.rack.clone(),
                unclean: false,
                fenced: state.fenced,
                in_controlled_shutdown: state.in_controlled_shutdown,
            }));
            if !state.offline.is_empty() {
                let partitions = state.offline.iter().copied().collect();
                let record = OfflineReplicasRecord { broker, epoch: state.epoch, partitions };
                records.push(MetadataRecord::OfflineReplicas(record));
            }
        }
        for topic in self.topics() {
            let (name, config) = (topic.name.clone(), topic.config.clone());
            records.push(MetadataRecord::Topic(NewTopicRecord { name, id: topic.id, config }));
            for (index, facts) in self.partitions_of(topic.id) {
                let (partition, facts) = (TopicPartition::new(topic.id, index), Arc::clone(facts));
                records.push(MetadataRecord::Partition(NewPartition { partition, facts }));
            }
        }
        for (resource, keys) in &self.configs {
            for (key, value) in keys {
                let (resource, key, value) = (resource.clone(), key.clone(), Some(value.clone()));
                records.push(MetadataRecord::Config(ConfigRecord { resource, key, value }));
            }
        }
        if self.next_producer_id > ProducerId(0) {
            let (broker, epoch, next) = (BrokerId(0), BrokerEpoch(0), self.next_producer_id);
            records.push(MetadataRecord::ProducerIds(ProducerIdsRecord { broker, epoch, next }));
        }
        if self.next_topic_id > TopicId::METADATA {
            records.push(MetadataRecord::TopicIdsGiven(self.next_topic_id));
        }
        records
    }

    /// What is different since an earlier image, as changes in the order in which a log could have told them: for whoever
    /// got a snapshot in place of the records between.
    #[must_use]
    pub fn changes_since(&self, old: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.feature_changes(old, &mut changes);
        self.broker_changes(old, &mut changes);
        for topic in old.topics().filter(|topic| self.topic(topic.id).is_none()) {
            changes.push(Change::TopicDeleted { topic: topic.id, partitions: topic.partitions });
        }
        for topic in self.topics() {
            let before = old.topic(topic.id);
            match before {
                None => changes.push(Change::TopicCreated(topic.id)),
                Some(before) if before.config != topic.config => {
                    changes.push(Change::ConfigChanged(ConfigResource::Topic(topic.name.clone())));
                }
                Some(_) => {}
            }
            self.partition_changes(topic.id, old, &mut changes);
        }
        if self.next_producer_id != old.next_producer_id {
            changes.push(Change::ProducerIdsAllocated { broker: BrokerId(0), next: self.next_producer_id });
        }
        changes
    }

    fn feature_changes(&self, old: &Self, changes: &mut Vec<Change>) {
        for (name, level) in &self.features {
            if old.features.get(name) != Some(level) {
                changes.push(Change::FeatureChanged(name.clone()));
            }
        }
        let gone = old.configs.keys().filter(|resource| !self.configs.contains_key(*resource));
        for resource in self.configs.keys().chain(gone) {
            if self.configs.get(resource) != old.configs.get(resource) {
                changes.push(Change::ConfigChanged(resource.clone()));
            }
        }
    }

    fn broker_changes(&self, old: &Self, changes: &mut Vec<Change>) {
        for (broker, now) in self.brokers() {
            let before = old.broker(broker).filter(|before| before.epoch == now.epoch);
            if before.is_none() {
                changes.push(Change::BrokerRegistered(broker));
            }
            let was = before.map_or((true, false), |before| (before.fenced, before.in_controlled_shutdown));
            match (was, (now.fenced, now.in_controlled_shutdown)) {
                (was, is) if was == is => {}
                ((false, _), (true, _)) => changes.push(Change::BrokerFenced(broker)),
                ((true, _), (false, false)) => changes.push(Change::BrokerUnfenced(broker)),
                (_, (_, true)) => changes.push(Change::BrokerShuttingDown(broker)),
                (_, (_, false)) => changes.push(Change::BrokerUnfenced(broker)),
            }
            if before.map_or(!now.offline.is_empty(), |before| before.offline != now.offline) {
                changes.push(Change::ReplicasOffline(broker));
            }
        }
    }

    fn partition_changes(&self, topic: TopicId, old: &Self, changes: &mut Vec<Change>) {
        let before: &[_] = old.partitions.get(&topic).map_or(&[], |partitions| partitions.as_slice());
        let now: &[_] = self.partitions.get(&topic).map_or(&[], |partitions| partitions.as_slice());
        for (place, facts) in now.iter().enumerate() {
            let index = u32::try_from(place).expect("a topic's partitions are counted by a u32");
            let partition = TopicPartition::new(topic, PartitionIndex(index));
            match before.get(place) {
                None => changes.push(Change::PartitionCreated(partition, Arc::clone(facts))),
                Some(before) if before == facts => {}
                Some(before) => {
                    let (before, now) = (Arc::clone(before), Arc::clone(facts));
                    changes.push(Change::PartitionChanged { partition, before, now });
                }
            }
        }
    }
}
