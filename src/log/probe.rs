//! A log looks itself up: once through a segment's indexes, once by walking through the segment, and tells both answers.
//!
//! It does so when it closes a segment, whose indexes nobody writes any more, and when it was read back. The walk passes every
//! batch of one segment, so this is done once a segment and life, not at every lookup.
//!
//! Invariant: only tells; it changes nothing and touches no disk.
//!
//! Kafka differs: it has no such thing. It is there for the check `index-matches-scan`.
//!
//! Called by: [`super::partition_log`], [`super::recovery`].

use std::sync::Arc;

use super::segment::Segment;
use crate::context::Context;
use crate::event::{IndexProbe, LogFact};
use crate::ids::{Offset, TopicPartition};
use crate::time::Timestamp;

impl Segment {
    /// Looks up the offset in the middle of a segment and the timestamp of its last batch. An empty segment has nothing to
    /// look up.
    pub(super) fn probe_indexes(&self, partition: TopicPartition, cx: &mut Context<'_>) {
        let Some(last) = self.batches().last().copied() else { return };
        let middle = Offset(self.base().0.midpoint(last.last().0));
        for probe in [self.probe_offset(middle), self.probe_timestamp(last.max_timestamp, last.last())] {
            let probe = IndexProbe { partition, ..probe };
            cx.emit(LogFact::IndexProbed { probe: Arc::new(probe) });
        }
    }

    fn probe_offset(&self, offset: Offset) -> IndexProbe {
        let indexed = self.batches_from(offset).first();
        let scanned = self.batches().iter().find(|batch| batch.last() >= offset);
        self.probe((offset, None), indexed.map(|batch| batch.base), scanned.map(|batch| batch.base))
    }

    fn probe_timestamp(&self, timestamp: Timestamp, offset: Offset) -> IndexProbe {
        let indexed = self.batches_since(timestamp).iter().find(|batch| batch.max_timestamp >= timestamp);
        let scanned = self.batches().iter().find(|batch| batch.max_timestamp >= timestamp);
        self.probe((offset, Some(timestamp)), indexed.map(|batch| batch.base), scanned.map(|batch| batch.base))
    }

    fn probe(
        &self,
        (offset, timestamp): (Offset, Option<Timestamp>),
        indexed: Option<Offset>,
        scanned: Option<Offset>,
    ) -> IndexProbe {
        IndexProbe { partition: TopicPartition::default(), base: self.base(), offset, timestamp, indexed, scanned }
    }
}
