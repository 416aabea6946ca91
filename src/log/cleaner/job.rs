//! One cleaning of one log, a step at a time.
//!
//! ```text
//!   begin ──► mapping, a segment a step ──► runs, a run of segments a step ──► finished
//!     └─────────────┴── gave_up: the log was cut meanwhile, or is not compacted any more
//!                       failed: a batch cannot be read, or the map is too small
//! ```
//!
//! Between two steps the log goes on: it is appended to, its start moves, retention takes segments from its beginning. Only a cut
//! of its end voids what was planned; and a log whose policy changed is left as it is.
//!
//! Invariant: what a finished cleaning calls clean holds one record of each key, and tombstones until their horizon.
//!
//! Source: `Cleaner.clean`, `buildOffsetMap`; KAFKA-3587 (a map that is too small), KAFKA-5413 (grouping).
//!
//! Called by: `broker/cleaner`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::CleanerRules;
use super::candidate::Candidate;
use super::group::{Sized, group};
use super::map::OffsetMap;
use super::run::Sight;
use crate::config::Switch;
use crate::context::Context;
use crate::error::Fault;
use crate::event::LogFact;
use crate::ids::{Offset, ProducerId, TopicPartition};
use crate::log::PartitionLog;
use crate::record::{each_record, unpack};
use crate::time::Timestamp;

/// A cleaning that has begun.
#[derive(Clone, Debug)]
pub struct Cleaning {
    plan: Candidate,
    rules: CleanerRules,
    /// How often the log had been cut when it began.
    cuts: u64,
    map: OffsetMap,
    stage: Stage,
    /// Under `tombstone-clock = segment-mtime`: tombstones of segments last written later than this stay.
    mtime_horizon: Timestamp,
    bytes_before: u64,
    bytes_after: u64,
}

/// What is still to be done.
#[derive(Clone, Debug)]
enum Stage {
    /// Segments to be read into the map, by their bases.
    Mapping(VecDeque<Offset>),
    /// Runs to be cleaned, and the last batch of each producer.
    Running { runs: VecDeque<Vec<Offset>>, producers: BTreeMap<ProducerId, Offset> },
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    Goes,
    /// All is done.
    Finished,
    /// The log was cut meanwhile, or is not compacted any more: nothing of the plan holds.
    GaveUp,
    /// The log cannot be cleaned; `CleaningFailed` says why.
    Failed,
}

impl Cleaning {
    /// Begins with a log that was found to be worth it.
    #[must_use]
    pub fn begin(plan: Candidate, rules: CleanerRules, log: &PartitionLog, cx: &mut Context<'_>) -> Self {
        assert_eq!(plan.partition, log.partition(), "the plan is for this log");
        cx.emit(LogFact::CleaningStarted { partition: plan.partition, first_dirty: plan.first_dirty, end: plan.end });
        let dirty = log.closed_between(plan.first_dirty, plan.end).map(crate::log::segment::Segment::base).collect();
        let last_clean = log.closed_between(log.start_of_all(), plan.first_dirty).last();
        let mtime_horizon = last_clean.map_or(Timestamp(0), |segment| segment.modified(cx).minus(log.config.delete_retention));
        Self {
            plan,
            rules,
            cuts: log.cuts,
            map: OffsetMap::new(rules.map_keys),
            stage: Stage::Mapping(dirty),
            mtime_horizon,
            bytes_before: 0,
            bytes_after: 0,
        }
    }

    /// Whose log it cleans.
    #[must_use]
    pub fn partition(&self) -> TopicPartition {
        self.plan.partition
    }

    /// Does one step.
    ///
    /// Errors: as the disk's calls; the log is fenced then.
    pub fn step(&mut self, log: &mut PartitionLog, cx: &mut Context<'_>) -> Result<Progress, Fault> {
        if log.cuts != self.cuts || log.is_fenced() || !log.config.cleanup_policy.compact {
            return Ok(Progress::GaveUp);
        }
        match self.try_step(log, cx) {
            Err(why @ (Fault::Corrupt { .. } | Fault::Truncated(_))) => {
                cx.emit(LogFact::CleaningFailed { partition: self.plan.partition, why: Arc::new(why.to_string()) });
                Ok(Progress::Failed)
            }
            done => done,
        }
    }

    fn try_step(&mut self, log: &mut PartitionLog, cx: &mut Context<'_>) -> Result<Progress, Fault> {
        match &mut self.stage {
            Stage::Mapping(bases) => {
                let is_full = match bases.pop_front() {
                    Some(base) => self.map_segment(log, base, cx)?,
                    None => true,
                };
                let is_over = matches!(&self.stage, Stage::Mapping(bases) if bases.is_empty());
                if is_full || is_over {
                    self.stage = Stage::Running { runs: self.runs(log), producers: log.last_of_producers() };
                }
                Ok(Progress::Goes)
            }
            Stage::Running { runs, producers } => {
                let Some(run) = runs.pop_front() else { return Ok(self.finish(log, cx)) };
                let sight =
                    Sight { map: &self.map, producers, rules: &self.rules, end: self.plan.end, mtime_horizon: self.mtime_horizon };
                let (before, after) = log.clean_run(&run, &sight, cx)?;
                self.bytes_before += before;
                self.bytes_after += after;
                Ok(Progress::Goes)
            }
        }
    }

    /// Reads the dirty part of a segment into the map. Returns whether the map is full.
    ///
    /// Errors: [`Fault::Corrupt`] for a batch that cannot be read, and, under `cleaner-partial-map = off`, for a segment with more
    /// offsets than the map has room for: that rule takes whole segments only, and its cleaner dies of one that is too large.
    fn map_segment(&mut self, log: &PartitionLog, base: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let Some(segment) = log.segments_from(base).next().filter(|segment| segment.base() == base) else { return Ok(false) };
        let (from, end) = (self.plan.first_dirty.max(log.start_offset()), segment.end());
        if self.rules.partial_map == Switch::Off && end.since(base) > self.map.room() {
            let (offsets, room) = (end.since(base), self.rules.map_keys);
            if offsets <= room {
                return Ok(true); // the next cleaning has room for it
            }
            let why = format!("{offsets} offsets in the segment at {base}, and the map has room for {room} keys");
            return Err(Fault::Corrupt { what: "cleaning", why });
        }
        for place in segment.batches_from(from) {
            let (header, batch) = segment.read_verified(place, cx)?;
            if !header.attributes.is_control() {
                let unpacked = unpack(&header, &batch)?;
                let mut has_room = true;
                each_record(&header, &unpacked, |record| {
                    if let Some(key) = record.key.filter(|_| has_room && record.offset >= from) {
                        has_room = self.map.put(unpacked.slice_ref(key), record.offset);
                    }
                    Ok(())
                })?;
                if !has_room {
                    return Ok(true);
                }
            }
            self.map.advance(header.last_offset());
        }
        if let Some(last) = end.previous() {
            self.map.advance(last);
        }
        Ok(false)
    }

    /// Where the cleaning ends: after the last record that the map knows of.
    fn end(&self) -> Offset {
        self.map.latest().map_or(self.plan.first_dirty, Offset::next).max(self.plan.first_dirty)
    }

    /// From the beginning of the log on, the clean part too: its records may be superseded by now.
    fn runs(&self, log: &PartitionLog) -> VecDeque<Vec<Offset>> {
        let sized = |segment: &crate::log::segment::Segment| Sized {
            base: segment.base(),
            end: segment.end(),
            bytes: u64::from(segment.size()),
            index_bytes: segment.index_bytes(),
        };
        let segments: Vec<Sized> = log.closed_between(log.start_of_all(), self.end()).map(sized).collect();
        group(&segments, &log.config).into()
    }

    fn finish(&self, log: &mut PartitionLog, cx: &mut Context<'_>) -> Progress {
        let end = self.end();
        assert!(end <= log.end_offset(), "what is cleaned is in the log");
        log.first_dirty = Some(end);
        let (bytes_before, bytes_after) = (self.bytes_before, self.bytes_after);
        cx.emit(LogFact::CleaningFinished { partition: self.plan.partition, end, bytes_before, bytes_after });
        Progress::Finished
    }
}

impl PartitionLog {
    /// The last offset of each producer's last batch.
    fn last_of_producers(&self) -> BTreeMap<ProducerId, Offset> {
        self.segments().flat_map(|segment| segment.produced().iter().copied()).collect()
    }
}
