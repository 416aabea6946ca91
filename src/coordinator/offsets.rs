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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PartitionIndex;

    #[test]
    fn an_offset_expires_in_the_millisecond_in_which_its_time_is_up() {
        let orders = NamedPartition { topic: "orders".to_owned(), partition: PartitionIndex(0) };
        let stored =
            |ms| StoredOffset { offset: Offset(7), leader_epoch: None, metadata: String::new(), committed_at: Timestamp(ms) };
        let mut offsets = GroupOffsets::default();
        offsets.apply(&orders, Some(&stored(1_000)));
        let retention = Duration::from_millis(500);
        let count = |rule, aging, now| offsets.expired(rule, |_| false, aging, (Timestamp(now), retention)).len();
        for (rule, aging, since) in [
            (OffsetExpiry::GroupEmpty, Aging::SinceCommit, 1_000),
            (OffsetExpiry::GroupEmpty, Aging::Since(Timestamp(3_000)), 3_000),
            (OffsetExpiry::PerCommit, Aging::Since(Timestamp(3_000)), 1_000),
        ] {
            assert_eq!((count(rule, aging, since + 499), count(rule, aging, since + 500)), (0, 1), "{rule:?}, {aging:?}");
        }
        assert_eq!(count(OffsetExpiry::GroupEmpty, Aging::Never, i64::MAX / 2), 0);
    }
}
