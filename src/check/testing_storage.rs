//! What the small cluster of [`super::testing`] forgets: its topic is compacted and expires, keys and tombstones go by digests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::testing::{Cluster, ORDERS, b, k, set};
use crate::event::{
    CleanedFacts, CleaningReason, ControllerFact, LogFact, ReplicaFact, RetentionFacts, RetentionReason, TopicFacts,
};
use crate::ids::{Digest, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use crate::time::{Duration, Instant, Timestamp};

/// A partition that b1 alone knows of, and of which everything expires at once.
pub(super) const STATUS: TopicPartition = TopicPartition { topic: TopicId(2), partition: PartitionIndex(0) };

/// For how long tombstones of the cluster's topic can be read.
pub(super) const DELETE_RETENTION: Duration = Duration::from_millis(5);

/// What is missing from the logs, and what the cleaner knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleanings {
    gaps: [BTreeSet<u64>; 3],
    /// The first offset of each record's batch.
    bases: BTreeMap<u64, u64>,
    horizons: BTreeMap<u64, Timestamp>,
}

impl Cluster {
    /// How the topic is kept.
    pub(super) fn config() -> Vec<(String, String)> {
        let keys = [("cleanup.policy", "compact,delete"), ("delete.retention.ms", "5"), ("retention.bytes", "400")];
        keys.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    /// The key of the record with this digest: one of three.
    pub(super) fn key(digest: Digest) -> Bytes {
        Bytes::from((digest.0 % 3).to_string())
    }

    pub(super) fn is_tombstone(digest: Digest) -> bool {
        digest.0 % 4 == 1
    }

    /// A digest of a record of this key.
    pub(super) fn digest_of(key: u64, number: u64, is_tombstone: bool) -> Digest {
        let wanted = |digest: &Digest| digest.0 % 3 == key && Self::is_tombstone(*digest) == is_tombstone;
        (number * 100..).map(Digest).find(wanted).expect("one of twelve")
    }

    /// The leader writes one batch, everybody in the ISR does, and it is committed. Returns its first offset.
    pub(super) fn store(&mut self, digests: &[Digest]) -> u64 {
        let base = self.append(digests);
        self.replicate_all();
        self.advance(base + digests.len() as u64);
        base
    }

    pub(super) fn is_gap(&self, broker: u16, offset: u64) -> bool {
        self.gaps(broker).contains(&offset)
    }

    fn gaps(&self, broker: u16) -> &BTreeSet<u64> {
        self.shelf.gaps.get(usize::from(broker - 1)).expect("brokers are 1 to 3")
    }

    fn gaps_mut(&mut self, broker: u16) -> &mut BTreeSet<u64> {
        self.shelf.gaps.get_mut(usize::from(broker - 1)).expect("brokers are 1 to 3")
    }

    /// What stands at these offsets is missing from a broker's disk.
    pub(super) fn lack(&mut self, broker: u16, offsets: &[u64]) {
        self.gaps_mut(broker).extend(offsets);
    }

    pub(super) fn cut_gaps(&mut self, broker: u16, to: u64) {
        self.gaps_mut(broker).split_off(&to);
    }

    pub(super) fn begin_batch(&mut self, base: u64, count: usize) {
        self.shelf.bases.extend((base..).take(count).map(|offset| (offset, base)));
        self.shelf.horizons.remove(&base);
    }

    /// A follower comes by a record that its leader has not: it goes without. Returns whether that is so.
    pub(super) fn copy_gap(&mut self, leader: u16, follower: u16, epoch: LeaderEpoch, digest: Digest) -> bool {
        let offset = self.end(follower);
        let is_gap = self.is_gap(leader, offset);
        if is_gap {
            self.log_mut(follower).push((epoch, digest));
            self.gaps_mut(follower).insert(offset);
        }
        is_gap
    }

    pub(super) fn wall(&self) -> Timestamp {
        let now = self.events.last().map_or(Instant::ZERO, |event| event.at);
        Timestamp::RUN_START.plus(Duration(now.0))
    }

    /// A broker's cleaner goes over its log up to the last committed record, as it should.
    pub(super) fn clean(&mut self, broker: u16) {
        let end = self.high_watermark.min(self.end(broker)).saturating_sub(1);
        let there: Vec<(u64, Digest)> = (0..end).zip(self.log(broker)).map(|(offset, (_, digest))| (offset, *digest)).collect();
        let there: Vec<_> = there.into_iter().filter(|(offset, _)| !self.is_gap(broker, *offset)).collect();
        let latest: BTreeMap<u64, u64> = there.iter().map(|(offset, digest)| (digest.0 % 3, *offset)).collect();
        self.push(b(broker), LogFact::CleaningStarted { partition: ORDERS, first_dirty: Offset(0), end: Offset(end) });
        let (mut dropped, mut horizons, wall) = (Vec::new(), Vec::new(), self.wall());
        for (offset, digest) in there {
            let base = self.shelf.bases.get(&offset).copied().unwrap_or(offset);
            if latest.get(&(digest.0 % 3)) != Some(&offset) {
                dropped.push((offset, CleaningReason::Superseded));
            } else if Self::is_tombstone(digest) {
                match self.shelf.horizons.get(&base) {
                    // Nobody is away who might come back with what it deletes.
                    Some(horizon) if *horizon <= wall && self.isr.len() == 3 => dropped.push((offset, CleaningReason::Tombstone)),
                    Some(_) => {}
                    None => horizons.push((Offset(base), wall.plus(DELETE_RETENTION))),
                }
            }
        }
        self.shelf.horizons.extend(horizons.iter().map(|(base, horizon)| (base.0, *horizon)));
        self.push_cleaned(broker, end, &dropped, horizons);
        self.finish_cleaning(broker, end);
    }

    pub(super) fn finish_cleaning(&mut self, broker: u16, end: u64) {
        let end = Offset(end);
        self.push(b(broker), LogFact::CleaningFinished { partition: ORDERS, end, bytes_before: 100, bytes_after: 100 });
    }

    /// A broker's cleaner drops these.
    pub(super) fn drop_records(&mut self, broker: u16, dropped: &[(u64, CleaningReason)]) {
        self.push_cleaned(broker, self.end(broker), dropped, Vec::new());
    }

    pub(super) fn push_cleaned(
        &mut self,
        broker: u16,
        end: u64,
        dropped: &[(u64, CleaningReason)],
        horizons: Vec<(Offset, Timestamp)>,
    ) {
        self.gaps_mut(broker).extend(dropped.iter().map(|(offset, _)| *offset));
        let cleaned = CleanedFacts {
            partition: ORDERS,
            base: Offset(0),
            end: Offset(end),
            wall: self.wall(),
            kept: 0,
            dropped: dropped.iter().map(|(offset, why)| (Offset(*offset), *why)).collect(),
            horizons,
            bytes_before: 100,
            bytes_after: 100,
        };
        self.push(b(broker), LogFact::SegmentCleaned { cleaned: Arc::new(cleaned) });
    }

    /// A broker's retention deletes what lies between two offsets.
    pub(super) fn expire(&mut self, broker: u16, (base, end): (u64, u64), why: RetentionReason) {
        let segment = RetentionFacts {
            partition: ORDERS,
            base: Offset(base),
            end: Offset(end),
            size: 100,
            largest_timestamp: Timestamp::RUN_START,
            wall: self.wall(),
            log_size: 1_000,
            high_watermark: Offset(self.high_watermark),
            why,
        };
        self.push(b(broker), LogFact::SegmentDeleted { segment: Arc::new(segment) });
    }

    /// Of another topic, b1 writes a segment, and deletes it when its time has come.
    pub(super) fn keep_status(&mut self) {
        let config = vec![("retention.ms".to_owned(), "10".to_owned())];
        let topic = TopicFacts { id: STATUS.topic, name: "status".into(), partitions: 1, replication_factor: 1, config };
        self.push(k(1), ControllerFact::TopicCreated { topic: Arc::new(topic) });
        let (partition, epoch, zero, one) = (STATUS, LeaderEpoch(0), Offset(0), Offset(1));
        self.push(b(1), ReplicaFact::BecameLeader { partition, epoch, end: zero, high_watermark: zero, isr: set(&[1]) });
        self.push(b(1), LogFact::EpochStarted { partition, epoch, start: zero });
        self.push(b(1), LogFact::RecordsAppended { partition, batch: Self::batch(0, epoch, &[Digest(1)]) });
        self.push(b(1), ReplicaFact::HighWatermarkAdvanced { partition, old: zero, new: one, epoch });
        self.push(b(1), LogFact::SegmentRolled { partition, base: one });
        self.wait(Duration::from_millis(20));
        let segment = RetentionFacts {
            partition,
            base: zero,
            end: one,
            size: 100,
            largest_timestamp: Timestamp::RUN_START,
            wall: self.wall(),
            log_size: 100,
            high_watermark: one,
            why: RetentionReason::Time,
        };
        self.push(b(1), LogFact::SegmentDeleted { segment: Arc::new(segment) });
        self.push(b(1), LogFact::LogStartAdvanced { partition, old: zero, new: one });
    }
}
