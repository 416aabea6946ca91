//! The topics there are, as a coordinator has to know them: names, ids, how many partitions.
//!
//! Invariant: a name stands for one id and back; `version` changes with every change. Kept by `broker/groups` from the
//! broker's metadata; called by `coordinator/group`.

use std::collections::BTreeMap;

use crate::ids::{PartitionIndex, TopicId, TopicPartition};
use crate::protocol::NamedPartition;

/// What a coordinator needs of the metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicsView {
    by_name: BTreeMap<String, (TopicId, u32)>,
    names: BTreeMap<TopicId, String>,
    version: u64,
}

impl TopicsView {
    /// Takes in that there is a topic, or that it has more partitions.
    pub fn put(&mut self, name: &str, topic: TopicId, partitions: u32) {
        self.version += 1;
        if let Some((before, _)) = self.by_name.insert(name.to_owned(), (topic, partitions)) {
            self.names.remove(&before);
        }
        self.names.insert(topic, name.to_owned());
    }

    /// Takes in that there is no such topic any more.
    pub fn remove(&mut self, topic: TopicId) {
        self.version += 1;
        if let Some(name) = self.names.remove(&topic) {
            self.by_name.remove(&name);
        }
    }

    /// Changes with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The topic of this name, and how many partitions it has.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<(TopicId, u32)> {
        self.by_name.get(name).copied()
    }

    /// A topic's name.
    #[must_use]
    pub fn name(&self, topic: TopicId) -> Option<&str> {
        self.names.get(&topic).map(String::as_str)
    }

    /// All topics in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = (&str, TopicId, u32)> {
        self.by_name.iter().map(|(name, (topic, partitions))| (name.as_str(), *topic, *partitions))
    }

    /// A partition by its topic's name; `None` when there is no such topic.
    #[must_use]
    pub fn named(&self, partition: TopicPartition) -> Option<NamedPartition> {
        let topic = self.name(partition.topic)?.to_owned();
        Some(NamedPartition { topic, partition: partition.partition })
    }

    /// A partition by its topic's id; `None` when there is no such topic.
    #[must_use]
    pub fn partition(&self, topic: &str, partition: PartitionIndex) -> Option<TopicPartition> {
        let (topic, _) = self.topic(topic)?;
        Some(TopicPartition::new(topic, partition))
    }
}
