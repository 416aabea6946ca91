//! All replicas of one broker, by partition.
//!
//! Invariant: sorted by partition, one replica each. Every replica stands behind its own `Arc`, so that a clone of a broker
//! costs pointers and a change copies one replica.
//!
//! Called by: `broker`.

use std::sync::Arc;

use super::partition::Partition;
use crate::ids::TopicPartition;

/// A sorted table of replicas.
#[derive(Clone, Debug, Default)]
pub struct Partitions {
    sorted: Vec<(TopicPartition, Arc<Partition>)>,
}

impl Partitions {
    /// The replica of a partition, if this broker holds one.
    #[must_use]
    pub fn get(&self, partition: TopicPartition) -> Option<&Partition> {
        let place = self.place(partition).ok()?;
        self.sorted.get(place).map(|(_, replica)| &**replica)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, partition: TopicPartition) -> Option<&mut Partition> {
        let place = self.place(partition).ok()?;
        self.sorted.get_mut(place).map(|(_, replica)| Arc::make_mut(replica))
    }

    /// Adds a replica. There must be none of this partition yet.
    pub fn insert(&mut self, replica: Partition) {
        let partition = replica.partition();
        match self.place(partition) {
            Ok(_) => panic!("a broker holds one replica of a partition"),
            Err(place) => self.sorted.insert(place, (partition, Arc::new(replica))),
        }
    }

    /// Takes a replica out: the partition is not here any more.
    pub fn remove(&mut self, partition: TopicPartition) -> Option<Partition> {
        let place = self.place(partition).ok()?;
        let (_, replica) = self.sorted.remove(place);
        Some(Arc::unwrap_or_clone(replica))
    }

    /// Every replica, to change them all.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Partition> {
        self.sorted.iter_mut().map(|(_, replica)| Arc::make_mut(replica))
    }

    /// Every replica, in the order of partitions.
    pub fn iter(&self) -> impl Iterator<Item = &Partition> {
        self.sorted.iter().map(|(_, replica)| &**replica)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.sorted.binary_search_by_key(&partition, |(known, _)| *known)
    }
}
