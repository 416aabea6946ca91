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

/// From when on a group's offsets grow old (KIP-211).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aging {
    /// All of them since then: the group became empty.
    Since(Timestamp),
    /// Each since its own commit.
    SinceCommit,
    /// They do not.
    Never,
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

    /// Whether a partition has one.
    #[must_use]
    pub fn has(&self, partition: &NamedPartition) -> bool {
        self.stored.contains_key(partition)
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

    /// Those that have grown too old by now. Under KIP-211 a group keeps what its members read, and the others go by `aging`: so
    /// what is committed for a group that is empty for long (a reset, say) may be gone at the next look, as in Kafka. Before, each
    /// grew old from its commit on, read or not.
    pub fn expired(
        &self,
        rule: OffsetExpiry,
        is_read: impl Fn(&str) -> bool,
        aging: Aging,
        (now, retention): (Timestamp, Duration),
    ) -> Vec<(NamedPartition, Offset)> {
        let is_old = |(partition, stored): &(&NamedPartition, &StoredOffset)| {
            let since = match (rule, aging) {
                (OffsetExpiry::PerCommit, _) => stored.committed_at,
                (OffsetExpiry::GroupEmpty, _) if is_read(&partition.topic) => return false,
                (OffsetExpiry::GroupEmpty, Aging::Since(empty)) => empty,
                (OffsetExpiry::GroupEmpty, Aging::SinceCommit) => stored.committed_at,
                (OffsetExpiry::GroupEmpty, Aging::Never) => return false,
            };
            since.plus(retention) <= now
        };
        self.stored.iter().filter(is_old).map(|(partition, stored)| (partition.clone(), stored.offset)).collect()
    }
}
