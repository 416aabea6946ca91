//! The metadata as a value: brokers, topics, partitions, configurations, features. The controllers and every broker hold
//! one, each as far as it has applied the log; that they lag behind one another is the point.
//!
//! * `apply`: records and changes. `partition`: the state of one partition. `configs`: layers of configuration, features. `snapshot`: an image as
//!   records. `index`: which partitions a broker has to do with.
//!
//! Invariant: an image is a function of the records below its `end`, and of nothing else: [`MetadataImage::apply`] takes
//! an offset and a record, so a replay rebuilds the same image, and a snapshot stands for its records. A leader is in the
//! ISR, or there is none; epochs never fall; a topic id is given once.
//!
//! A clone costs a pointer for each topic, broker and configuration; partitions are shared until they change.
//!
//! Called by: [`super::Controller`] when it writes a record or a record is committed, the brokers when one is committed.
//! Source: KIP-631.
//!
//! Not modelled: ACLs, quotas, client configurations, delegation tokens, controller registrations.

mod apply;
mod configs;
mod index;
mod partition;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::PartitionFacts;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Incarnation, Offset, PartitionIndex, ProducerId, TopicId, TopicPartition};
use crate::protocol::ConfigResource;

pub use apply::Change;
pub(super) use configs::set_topic_default;
use index::Index;

/// Everything the metadata says, up to `end`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataImage {
    brokers: BTreeMap<BrokerId, BrokerImage>,
    alive: BrokerSet,
    active: BrokerSet,
    topics: BTreeMap<TopicId, Arc<TopicImage>>,
    names: BTreeMap<String, TopicId>,
    /// A topic's partitions, each at the place of its number.
    partitions: BTreeMap<TopicId, Arc<Vec<Arc<PartitionFacts>>>>,
    index: Arc<Index>,
    /// Of brokers and of the cluster; a topic's own is with the topic.
    configs: BTreeMap<ConfigResource, BTreeMap<String, String>>,
    features: BTreeMap<String, u16>,
    next_topic_id: TopicId,
    next_producer_id: ProducerId,
    end: Offset,
}

/// A registered broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerImage {
    /// Which life of it is registered.
    pub incarnation: Incarnation,
    /// The number of the registration.
    pub epoch: BrokerEpoch,
    /// Its `broker.rack`.
    pub rack: Option<Arc<String>>,
    /// It does not count as alive.
    pub fenced: bool,
    /// It is leaving in order.
    pub in_controlled_shutdown: bool,
    /// Its replicas that lie in a failed log directory: they can neither lead nor be in sync.
    pub offline: Arc<BTreeSet<TopicPartition>>,
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

impl MetadataImage {
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
        self.next_topic_id.max(TopicId(TopicId::METADATA.0 + 1))
    }

    /// The first producer id of the next block.
    #[must_use]
    pub fn next_producer_id(&self) -> ProducerId {
        self.next_producer_id
    }

    /// The state of one partition.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<&Arc<PartitionFacts>> {
        self.partitions.get(&partition.topic)?.get(place_of(partition.partition))
    }

    /// Every partition, in the order of topics and then of numbers.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &Arc<PartitionFacts>)> {
        let of_topic =
            |topic: TopicId| self.partitions_of(topic).map(move |(index, facts)| (TopicPartition::new(topic, index), facts));
        self.partitions.keys().copied().flat_map(of_topic)
    }

    /// The partitions of one topic, in order.
    pub fn partitions_of(&self, topic: TopicId) -> impl Iterator<Item = (PartitionIndex, &Arc<PartitionFacts>)> {
        let all = self.partitions.get(&topic).map_or(&[][..], |partitions| partitions.as_slice());
        (0..).map(PartitionIndex).zip(all)
    }

    /// The partitions in whose ISR, or among whose eligible replicas, a broker is.
    pub fn partitions_with_member(&self, broker: BrokerId) -> impl Iterator<Item = TopicPartition> {
        self.index.members(broker)
    }

    /// The partitions that nobody leads.
    pub fn leaderless(&self) -> impl Iterator<Item = TopicPartition> {
        self.index.leaderless()
    }

    /// The partitions that another than their preferred replica leads, or nobody.
    pub fn displaced(&self) -> impl Iterator<Item = TopicPartition> {
        self.index.displaced()
    }

    /// The partitions with eligible replicas outside the ISR (KIP-966).
    pub fn partitions_with_elr(&self) -> impl Iterator<Item = TopicPartition> {
        self.index.with_elr()
    }

    /// Whether a broker leads any partition.
    #[must_use]
    pub fn leads_anything(&self, broker: BrokerId) -> bool {
        self.index.leads_anything(broker)
    }

    /// Of how many partitions a broker is the preferred replica.
    #[must_use]
    pub fn preferred_count(&self, broker: BrokerId) -> usize {
        self.index.preferred_count(broker)
    }

    /// Whether a broker's replica of a partition lies in a failed log directory.
    #[must_use]
    pub fn is_offline(&self, broker: BrokerId, partition: TopicPartition) -> bool {
        self.broker(broker).is_some_and(|broker| broker.offline.contains(&partition))
    }
}

fn place_of(index: PartitionIndex) -> usize {
    usize::try_from(index.0).expect("a u32 is a place in a list")
}
