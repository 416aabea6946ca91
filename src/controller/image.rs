//! The metadata as a value: brokers, topics, partitions. The controller and every broker hold one, each as far as it has
//! applied the log; that they lag behind one another is the point.
//!
//! Invariant: an image is a function of the records below its `end`, and of nothing else: [`MetadataImage::apply`] takes
//! an offset and a record, so a replay rebuilds the same image. A leader is in the ISR, or there is none; an ISR is never
//! empty and holds only replicas; epochs never fall.
//!
//! Called by: [`super::Controller`] when it writes a record, the brokers when a record is committed. Source: KIP-631.
//!
//! Not modelled: snapshots, features, ACLs, quotas, client and broker configurations; topics are never deleted yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::{
    BrokerRegistered, MetadataRecord, NewLeader, NewPartition, NewTopicRecord, PartitionChange, RegistrationChange,
};
use crate::config::TopicConfig;
use crate::event::PartitionFacts;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Incarnation, Offset, PartitionIndex, TopicId, TopicPartition};

/// Everything the metadata says, up to `end`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataImage {
    brokers: BTreeMap<BrokerId, BrokerImage>,
    alive: BrokerSet,
    active: BrokerSet,
    topics: BTreeMap<TopicId, Arc<TopicImage>>,
    names: BTreeMap<String, TopicId>,
    partitions: BTreeMap<TopicPartition, Arc<PartitionFacts>>,
    end: Offset,
}

/// A registered broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerImage {
    /// Which life of it is registered.
    pub incarnation: Incarnation,
    /// The number of the registration.
    pub epoch: BrokerEpoch,
    /// It does not count as alive.
    pub fenced: bool,
    /// It is leaving in order.
    pub in_controlled_shutdown: bool,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// Its own configuration, as Kafka's keys and values.
    pub config: Vec<(String, String)>,
}

/// What a record changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This broker has a new registration, and is fenced in it.
    BrokerRegistered(BrokerId),
    /// This broker no longer counts as alive.
    BrokerFenced(BrokerId),
    /// This broker counts as alive.
    BrokerUnfenced(BrokerId),
    /// This broker is leaving in order.
    BrokerShuttingDown(BrokerId),
    /// This topic exists; its partitions follow.
    TopicCreated(TopicId),
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
}

impl MetadataImage {
    /// Takes in the record at `offset`. The only way an image changes. Offsets only grow; the quorum's control records
    /// leave gaps.
    pub fn apply(&mut self, offset: Offset, record: &MetadataRecord) -> Change {
        assert!(offset >= self.end, "a record is applied once, and in order");
        self.end = offset.next();
        match record {
            MetadataRecord::RegisterBroker(record) => self.apply_registration(offset, record),
            MetadataRecord::BrokerRegistrationChange(record) => self.apply_registration_change(record),
            MetadataRecord::Topic(record) => self.apply_topic(record),
            MetadataRecord::Partition(record) => self.apply_partition(record),
            MetadataRecord::PartitionChange(record) => self.apply_partition_change(record),
        }
    }

    /// Up to which offset (excluded) the image reflects the log's metadata records.
    #[must_use]
    pub fn end(&self) -> Offset {
        self.end
    }

    /// A registered broker.
    #[must_use]
    pub fn broker(&self, broker: BrokerId) -> Option<&BrokerImage> {
        self.brokers.get(&broker)
    }

    /// Every registered broker, in ascending order.
    pub fn brokers(&self) -> impl Iterator<Item = (BrokerId, &BrokerImage)> {
        self.brokers.iter().map(|(id, broker)| (*id, broker))
    }

    /// The number of a broker's present registration.
    #[must_use]
    pub fn broker_epoch(&self, broker: BrokerId) -> Option<BrokerEpoch> {
        self.broker(broker).map(|broker| broker.epoch)
    }

    /// The brokers that count as alive: registered and not fenced.
    #[must_use]
    pub fn alive(&self) -> BrokerSet {
        self.alive
    }

    /// Whether a broker counts as alive.
    #[must_use]
    pub fn is_alive(&self, broker: BrokerId) -> bool {
        self.alive.contains(broker)
    }

    /// The brokers that may lead and join an ISR: alive, and not leaving (KIP-841).
    #[must_use]
    pub fn active(&self) -> BrokerSet {
        self.active
    }

    /// A topic by its id.
    #[must_use]
    pub fn topic(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.topics.get(&id)
    }

    /// A topic by its name.
    #[must_use]
    pub fn topic_by_name(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.names.get(name).and_then(|id| self.topics.get(id))
    }

    /// Every topic, in the order of creation.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.topics.values()
    }

    /// The id that the next topic gets.
    #[must_use]
    pub fn next_topic_id(&self) -> TopicId {
        self.topics.last_key_value().map_or(TopicId(TopicId::METADATA.0 + 1), |(last, _)| TopicId(last.0 + 1))
    }

    /// The state of one partition.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<&Arc<PartitionFacts>> {
        self.partitions.get(&partition)
    }

    /// Every partition, in the order of topics and then of numbers.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &Arc<PartitionFacts>)> {
        self.partitions.iter().map(|(partition, facts)| (*partition, facts))
    }

    /// The partitions of one topic, in order.
    pub fn partitions_of(&self, topic: TopicId) -> impl Iterator<Item = (PartitionIndex, &Arc<PartitionFacts>)> {
        let all = TopicPartition::new(topic, PartitionIndex(0))..=TopicPartition::new(topic, PartitionIndex(u32::MAX));
        self.partitions.range(all).map(|(partition, facts)| (partition.partition, facts))
    }

    fn apply_registration(&mut self, offset: Offset, record: &BrokerRegistered) -> Change {
        let BrokerRegistered { broker, incarnation, epoch } = *record;
        assert_eq!(epoch, BrokerEpoch(offset.0), "a broker epoch is the offset of its registration (KIP-903)");
        self.set_broker(broker, BrokerImage { incarnation, epoch, fenced: true, in_controlled_shutdown: false });
        Change::BrokerRegistered(broker)
    }

    fn apply_registration_change(&mut self, record: &RegistrationChange) -> Change {
        let RegistrationChange { broker, epoch, fenced, in_controlled_shutdown } = *record;
        let before = *self.broker(broker).expect("a registration is written before its changes");
        assert_eq!(before.epoch, epoch, "a change is written for the present registration");
        self.set_broker(broker, BrokerImage { fenced, in_controlled_shutdown, ..before });
        match (before.fenced, fenced) {
            (false, true) => Change::BrokerFenced(broker),
            (true, false) => Change::BrokerUnfenced(broker),
            (true, true) | (false, false) => Change::BrokerShuttingDown(broker),
        }
    }

    fn set_broker(&mut self, broker: BrokerId, image: BrokerImage) {
        let is_active = !image.fenced && !image.in_controlled_shutdown;
        self.alive = if image.fenced { self.alive.without(broker) } else { self.alive.with(broker) };
        self.active = if is_active { self.active.with(broker) } else { self.active.without(broker) };
        self.brokers.insert(broker, image);
    }

    fn apply_topic(&mut self, record: &NewTopicRecord) -> Change {
        let NewTopicRecord { name, id, config } = record.clone();
        assert!(!self.names.contains_key(&name), "a topic's name is taken once");
        self.names.insert(name.clone(), id);
        let earlier = self.topics.insert(id, Arc::new(TopicImage { id, name, partitions: 0, config }));
        assert!(earlier.is_none(), "a topic id is given once");
        Change::TopicCreated(id)
    }

    fn apply_partition(&mut self, record: &NewPartition) -> Change {
        let topic = self.topics.get_mut(&record.partition.topic).expect("a topic is written before its partitions");
        Arc::make_mut(topic).partitions += 1;
        assert_sound(&record.facts);
        let earlier = self.partitions.insert(record.partition, Arc::clone(&record.facts));
        assert!(earlier.is_none(), "a partition is created once");
        Change::PartitionCreated(record.partition, Arc::clone(&record.facts))
    }

    fn apply_partition_change(&mut self, record: &PartitionChange) -> Change {
        let place = self.partitions.get_mut(&record.partition).expect("a partition is written before its changes");
        let before = Arc::clone(place);
        *place = Arc::new(before.after(record));
        assert_sound(place);
        Change::PartitionChanged { partition: record.partition, before, now: Arc::clone(place) }
    }
}

impl TopicImage {
    /// Its configuration on top of the cluster's defaults.
    #[must_use]
    pub fn effective_config(&self, defaults: &TopicConfig) -> TopicConfig {
        let mut config = defaults.clone();
        for (key, value) in &self.config {
            // Keys without effect here were accepted at creation and set nothing.
            let _ = config.set(key, value);
        }
        config
    }
}

impl PartitionFacts {
    /// The state after a change: one partition epoch on, and one leader epoch on if it tells the leader.
    #[must_use]
    pub fn after(&self, change: &PartitionChange) -> Self {
        let (leader, epoch) = match change.leader {
            NewLeader::Same => (self.leader, self.epoch),
            NewLeader::Nobody => (None, self.epoch.next()),
            NewLeader::Broker(leader) => (Some(leader), self.epoch.next()),
        };
        let isr = change.isr.unwrap_or(self.isr);
        Self { leader, epoch, partition_epoch: self.partition_epoch.next(), isr, ..self.clone() }
    }
}

fn assert_sound(facts: &PartitionFacts) {
    let replicas: BrokerSet = facts.replicas.iter().copied().collect();
    assert!(!facts.isr.is_empty(), "the last in-sync replica stays in the ISR");
    assert!(replicas.covers(facts.isr), "only replicas are in sync");
    assert!(facts.leader.is_none_or(|leader| facts.isr.contains(leader)), "a leader is in the ISR");
}
