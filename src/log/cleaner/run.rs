//! What stays of a run of segments, written as one new segment.
//!
//! A record goes when the map knows a newer one of its key; a tombstone when its time is up; a record without a key at once. What is
//! newer than all that the map has read stays. Of a batch that was emptied a header stays if it is the last of its producer, of
//! what may be cleaned now, or of the run; under `cleaner-keeps-epochs` also if a leader epoch begins with it.
//!
//! Invariant: the new segment begins and ends at the same offsets as the run. Nothing is told before it is sure to be there after
//! a crash, and nothing old is gone before that.
//!
//! Source: `Cleaner.cleanSegments`, `cleanInto`, `shouldRetainRecord`, `checkBatchRetention`.
//!
//! Called by: [`super::job`].
//!
//! Kafka differs: it reads the clock once a cleaning; here each run does. It also reads batches whose checksum is wrong. And it
//! keeps no header for a run's sake: there a segment may end before the next one begins; here it says itself where it ends.
//!
//! Not modelled: producers that are forgotten after `producer.id.expiration.ms`, whose last batches may go as well.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::CleanerRules;
use super::map::OffsetMap;
use crate::config::TombstoneClock;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::{CleanedFacts, CleaningReason, LogFact};
use crate::ids::{Offset, ProducerId};
use crate::log::PartitionLog;
use crate::log::reading::is_another;
use crate::log::segment::{BatchPlace, Segment};
use crate::record::clean::{BatchRule, SeenRecord, clean};
use crate::record::{BatchHeader, verify};
use crate::time::Timestamp;

/// What a run is cleaned by.
pub(super) struct Sight<'a> {
    /// The newest offsets.
    pub(super) map: &'a OffsetMap,
    /// The last batch of each producer, by its last offset.
    pub(super) producers: &'a BTreeMap<ProducerId, Offset>,
    pub(super) rules: &'a CleanerRules,
    /// Up to where (excluded) may be cleaned now.
    pub(super) end: Offset,
    /// Under `tombstone-clock = segment-mtime`: tombstones of segments last written later than this stay.
    pub(super) mtime_horizon: Timestamp,
}

/// A new segment in the making.
struct NewSegment {
    segment: Segment,
    /// Batches that were noted and are not written yet.
    unwritten: BytesMut,
    facts: CleanedFacts,
}

/// How the records of one batch are judged.
#[derive(Clone, Copy)]
struct Moment {
    now: Timestamp,
    delete_horizon: Option<Timestamp>,
    /// Whether the clock of segments (`segment-mtime`) still keeps its tombstones; `None` under the clock of batches.
    mtime_keeps: Option<bool>,
}

impl PartitionLog {
    /// Cleans the segments of these bases, as far as they are still there, into one. Returns their bytes before and after.
    ///
    /// Errors: [`Fault::Corrupt`], [`Fault::Truncated`] for a batch that cannot be read: nothing has changed then. As the disk's
    /// calls: the log is fenced then.
    pub(super) fn clean_run(&mut self, bases: &[Offset], sight: &Sight<'_>, cx: &mut Context<'_>) -> Result<(u64, u64), Fault> {
        let Some(places) = self.places_of(bases) else { return Ok((0, 0)) };
        let run: Vec<Arc<Segment>> = self.closed.get(places.clone()).unwrap_or_default().to_vec();
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok((0, 0)) };
        let modified = last.modified(cx);
        let new = match self.write_new(&run, (first.base(), last.end()), sight, cx) {
            Err(why @ (Fault::Corrupt { .. } | Fault::Truncated(_))) => return Err(why),
            other => self.fencing(other, cx)?,
        };
        let (before, after) = (new.facts.bytes_before, new.facts.bytes_after);
        let swapped = self.swap_in(places, new, modified, cx);
        self.fencing(swapped, cx)?;
        Ok((before, after))
    }

    /// Where the segments of these bases stand, which are neighbours. Retention may have taken the first ones.
    fn places_of(&self, bases: &[Offset]) -> Option<Range<usize>> {
        let find = |base: &Offset| self.closed.binary_search_by_key(base, |segment| segment.base()).ok();
        let first = bases.iter().find_map(find)?;
        let last = bases.iter().rev().find_map(find)?;
        Some(first..last + 1)
    }

    fn write_new(
        &self,
        run: &[Arc<Segment>],
        (base, end): (Offset, Offset),
        sight: &Sight<'_>,
        cx: &mut Context<'_>,
    ) -> Result<NewSegment, Fault> {
        let segment = Segment::cleaned(self.place.folder(), base, cx.wall());
        segment.delete(cx)?; // what an earlier attempt left
        segment.create(cx)?;
        let facts = CleanedFacts {
            partition: self.partition(),
            base,
            end,
            wall: cx.wall(),
            kept: 0,
            dropped: Vec::new(),
            horizons: Vec::new(),
            bytes_before: run.iter().map(|segment| u64::from(segment.size())).sum(),
            bytes_after: 0,
        };
        let mut new = NewSegment { segment, unwritten: BytesMut::new(), facts };
        for old in run {
            let mtime_keeps = match sight.rules.tombstone_clock {
                TombstoneClock::BatchHorizon => None,
                TombstoneClock::SegmentMtime => Some(old.modified(cx) > sight.mtime_horizon),
            };
            for place in old.batches() {
                let read = old.read_verified(place, cx)?;
                self.clean_batch(read, mtime_keeps, sight, &mut new, cx)?;
            }
        }
        new.write(cx)?;
        new.segment.note_closed();
        new.facts.bytes_after = u64::from(new.segment.size());
        assert_eq!(new.segment.end(), end, "the last batch of a run stays, if only as a header");
        Ok(new)
    }

    fn clean_batch(
        &self,
        (header, batch): (BatchHeader, Bytes),
        mtime_keeps: Option<bool>,
        sight: &Sight<'_>,
        new: &mut NewSegment,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let now = cx.wall();
        let moment = Moment { now, delete_horizon: header.delete_horizon(), mtime_keeps };
        let horizon = mtime_keeps.is_none().then(|| now.plus(self.config.delete_retention));
        let dropped = &mut new.facts.dropped;
        let rule = if self.keeps_as_beginning(&header, sight) {
            BatchRule::KeepEmptied
        } else {
            batch_rule(&header, new.facts.end, sight)
        };
        let cleaned = clean(&header, &batch, rule, horizon, |record| {
            let why = if header.attributes.is_control() { None } else { why_dropped(record, sight.map, moment) };
            dropped.extend(why.map(|why| (record.offset, why)));
            why.is_none()
        })?;
        new.facts.kept += cleaned.kept;
        new.facts.horizons.extend(cleaned.new_horizon.map(|horizon| (header.base_offset, horizon)));
        let Some(bytes) = cleaned.bytes else { return Ok(()) };
        new.segment.add(&BatchHeader::parse(&bytes)?, self.config.index_interval_bytes);
        new.unwritten.extend_from_slice(&bytes);
        if new.unwritten.len() as u64 >= sight.rules.buffer_bytes { new.write(cx) } else { Ok(()) }
    }

    /// Whether it stays because a leader epoch begins with it. A replica that copies this log without it takes the epoch's next
    /// batch for its beginning, and would tell a returning replica that the epoch before reached that far: what was never committed
    /// would stay in that one's log.
    fn keeps_as_beginning(&self, header: &BatchHeader, sight: &Sight<'_>) -> bool {
        sight.rules.keeps_epochs.is_on() && self.epochs.begins_at(header.base_offset)
    }

    /// Puts the new segment in the place of the old ones.
    fn swap_in(&mut self, places: Range<usize>, new: NewSegment, modified: Timestamp, cx: &mut Context<'_>) -> Result<(), Fault> {
        let NewSegment { mut segment, facts, .. } = new;
        segment.rebuild_indexes(cx)?;
        segment.sync(true, cx)?;
        segment.set_modified(modified, cx)?;
        self.become_sparse(cx)?;
        segment.announce_swap(cx)?;
        self.place.sync_folder(cx)?;
        cx.emit(LogFact::SegmentCleaned { cleaned: Arc::new(facts) }); // from here on a start completes it
        let at = places.start;
        self.set_aside(places, cx)?;
        self.place.sync_folder(cx)?;
        segment.complete_swap(cx)?;
        self.place.sync_folder(cx)?;
        segment.probe_indexes(self.partition(), cx);
        Arc::make_mut(&mut self.closed).insert(at, Arc::new(segment));
        Ok(())
    }
}

impl NewSegment {
    fn write(&mut self, disk: &mut dyn Disk) -> Result<(), Fault> {
        let batches = self.unwritten.split().freeze();
        if batches.is_empty() { Ok(()) } else { self.segment.write_noted(batches, disk) }
    }
}

impl Segment {
    /// Reads a batch and verifies that it is the one that was written there.
    /// Errors: as [`Disk::read`]; [`Fault::Corrupt`].
    pub(super) fn read_verified(&self, place: &BatchPlace, disk: &mut dyn Disk) -> Result<(BatchHeader, Bytes), Fault> {
        let bytes = self.read(place, disk)?;
        let header = verify(&bytes)?;
        if is_another(place, &bytes) {
            return Err(Fault::Corrupt { what: "batch", why: format!("it is not the one of offset {}", place.base) });
        }
        Ok((header, bytes))
    }
}

/// What becomes of a batch that is emptied.
fn batch_rule(header: &BatchHeader, run_end: Offset, sight: &Sight<'_>) -> BatchRule {
    let last = header.last_offset();
    let is_last_of_producer = header.producer_id.is_some_and(|producer| sight.producers.get(&producer) == Some(&last));
    let ends_something = last.next() == run_end || last.next() == sight.end;
    if is_last_of_producer || ends_something { BatchRule::KeepEmptied } else { BatchRule::DropEmptied }
}

// ANCHOR: why-dropped
/// Why a record goes, if it does.
fn why_dropped(record: &SeenRecord<'_>, map: &OffsetMap, moment: Moment) -> Option<CleaningReason> {
    if map.latest().is_none_or(|latest| record.offset > latest) {
        return None; // nothing is known of what follows it
    }
    let Some(key) = record.key else { return Some(CleaningReason::Keyless) };
    if map.newest(key).is_some_and(|newest| record.offset < newest) {
        return Some(CleaningReason::Superseded);
    }
    let is_tombstone = record.value.is_none();
    (is_tombstone && moment.is_up()).then_some(CleaningReason::Tombstone)
}
// ANCHOR_END: why-dropped

impl Moment {
    /// Whether the tombstones of this batch have been there long enough.
    fn is_up(&self) -> bool {
        match self.mtime_keeps {
            Some(keeps) => !keeps,
            None => self.delete_horizon.is_some_and(|horizon| self.now >= horizon),
        }
    }
}
