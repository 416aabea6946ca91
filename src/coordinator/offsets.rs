//! A group's offsets: the next record to read of each partition.
//!
//! Invariant: what is stored is what was written; [`GroupOffsets::apply`] is the only way in.
//!
//! Source: Kafka's `OffsetMetadataManager`; KIP-211 (from when on they grow old). Called by: `runtime`.

use std::collections::BTreeMap;

use crate::config::OffsetExpiry;
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::{FetchedOffset, NamedPartition};
use crate::time::{Duration, Timestamp};

/// One partition's next offset to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOffset {
    /// The offset.
    pub offset: Offset,
    /// The epoch of the last record read (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
    /// The application's note.
    pub metadata: String,
    /// When it was committed, by the coordinator's wall clock.
    pub committed_at: Timestamp,
}

/// All of one group's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupOffsets {
    stored: BTreeMap<NamedPartition, StoredOffset>,
}

impl GroupOffsets {
    /// Takes in what was written.
    pub fn apply(&mut self, partition: &NamedPartition, value: Option<&StoredOffset>) {
        match value {
            Some(offset) => {
                self.stored.insert(partition.clone(), offset.clone());
            }
            None => {
                self.stored.remove(partition);
            }
        }
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }

    /// How many partitions have one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&NamedPartition, &StoredOffset)> {
        self.stored.iter()
    }

    /// What is told of a partition.
    #[must_use]
    pub fn fetched(&self, partition: &NamedPartition) -> FetchedOffset {
        let stored = self.stored.get(partition);
        FetchedOffset {
            partition: partition.clone(),
            error: None,
            offset: stored.map(|stored| stored.offset),
            leader_epoch: stored.and_then(|stored| stored.leader_epoch),
            metadata: stored.map(|stored| stored.metadata.clone()).unwrap_or_default(),
        }
    }

    /// Those that have grown too old by now. Under KIP-211 a group that is not empty keeps what it reads, and an empty one's
    /// offsets grow old from when it became empty, or from their commit if that was later.
    pub fn expired(
        &self,
        rule: OffsetExpiry,
        is_read: impl Fn(&str) -> bool,
        empty_since: Option<Timestamp>,
        (now, retention): (Timestamp, Duration),
    ) -> Vec<(NamedPartition, Offset)> {
        let is_old = |(partition, stored): &(&NamedPartition, &StoredOffset)| {
            let since = match rule {
                OffsetExpiry::PerCommit => stored.committed_at,
                OffsetExpiry::GroupEmpty if is_read(&partition.topic) => return false,
                OffsetExpiry::GroupEmpty => empty_since.map_or(stored.committed_at, |empty| empty.max(stored.committed_at)),
            };
            since.plus(retention) <= now
        };
        self.stored.iter().filter(is_old).map(|(partition, stored)| (partition.clone(), stored.offset)).collect()
    }
}
