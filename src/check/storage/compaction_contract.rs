//! `compaction-contract`: every reader from every offset still ends with the latest value per key, and sees a tombstone for its horizon.
//!
//! Promises, of each replica of a compacted topic: its cleaner drops a record only if a newer committed one of its key is in the same
//! log; a tombstone also when `delete.retention.ms` has gone by its own clock since it was first cleaned, and nothing older of its
//! key is left; a record without a key in any case. So whoever reads on from any offset ends with what he would have ended with.
//! And whoever comes to lead has a log that ends so.
//!
//! Violated: at the `SegmentCleaned` that drops any other record, or gives a tombstone less time; at the `LogRecovered` that
//! completes such a cleaning; or at a `BecameLeader` of a replica that has all committed records, as far as they were not cleaned
//! away, and in whose log a key ends with an older value or with one that was deleted: the newer record was cleaned away everywhere
//! before it was fetched, the older one was there already. No companions.
//!
//! A topic that was never to be compacted loses nothing to a cleaner.
//!
//! Not modelled: how long `min.compaction.lag.ms` protects, and how late `max.compaction.lag.ms` allows a cleaning to be.
//!
//! Not exercised: no segment was cleaned.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Finding, Promise, Scene};
use super::super::ledger::{Commit, PartitionLedger};
use super::super::log_copy::{Entry, LogCopy, Written};
use super::super::promises::Promises;
use super::super::{CheckResult, Claim};
use super::Keeping;
use super::chains::Chains;
use super::stale::Stale;
use crate::event::{BatchFacts, CleanedFacts, CleaningReason};
use crate::ids::{Offset, ProcessId, TopicId, TopicPartition};
use crate::time::{Duration, Timestamp};

/// The claim.
pub(in super::super) const CLAIM: Claim = Claim {
    name: "compaction-contract",
    sentence: "Every reader from every offset still ends with the latest value per key, and sees a tombstone for its horizon.",
    needs: "runs of segments cleaned",
    advisory: false,
};

/// A log that is or was cleaned.
#[derive(Clone, Debug, Default)]
struct Cleaned {
    /// What the wall clock showed when the present cleaning began.
    began: Option<Timestamp>,
    /// How far each cleaning went that went farther than those before, and when it began.
    passes: Vec<(Offset, Timestamp)>,
}

/// The check.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct CompactionContract {
    /// Topics that are or were to be compacted.
    compacted: BTreeSet<TopicId>,
    chains: BTreeMap<TopicPartition, Chains>,
    logs: BTreeMap<(ProcessId, TopicPartition), Cleaned>,
    stale: BTreeMap<(ProcessId, TopicPartition), Stale>,
    /// From when on the tombstones of a batch may go, by its first offset.
    horizons: BTreeMap<(TopicPartition, Offset), Timestamp>,
    finding: Finding,
}

/// What a cleaning is judged by.
#[derive(Clone, Copy)]
struct Measure {
    process: ProcessId,
    wall: Timestamp,
    delete_retention: Duration,
}

impl CompactionContract {
    /// A topic is there, or its rule is another.
    pub(in super::super) fn note_rule(&mut self, topic: TopicId, keeping: &Keeping) {
        if keeping.is_compacted(topic) {
            self.compacted.insert(topic);
        }
    }

    /// After more of a partition is committed.
    pub(in super::super) fn commit(&mut self, ledger: &PartitionLedger, commit: &Commit) {
        if self.compacted.contains(&ledger.partition.topic) {
            let chains = self.chains.entry(ledger.partition).or_default();
            // It begins at the committed end, unless the topic has only now come to be compacted.
            let entries = (chains.end().0..commit.to.0).map_while(|offset| ledger.committed(Offset(offset)));
            entries.for_each(|entry| chains.push(entry));
        }
    }

    /// A compacted partition's committed records by key.
    pub(in super::super) fn chains(&self, partition: TopicPartition) -> Option<&Chains> {
        self.chains.get(&partition)
    }

    /// After the committed log was cut: these are its records no more.
    pub(in super::super) fn uncommit(&mut self, ledger: &PartitionLedger, lost: &[Entry]) {
        let Some(chains) = self.chains.get_mut(&ledger.partition) else { return };
        let end = ledger.committed_end();
        let known = usize::try_from(chains.end().since(end)).unwrap_or(usize::MAX);
        chains.pop(lost.get(..known).unwrap_or(lost));
        self.horizons.retain(|(partition, base), _| *partition != ledger.partition || *base < end);
        self.stale.iter_mut().filter(|((_, of), _)| *of == ledger.partition).for_each(|(_, stale)| stale.cut(end));
    }

    /// After a replica wrote a batch.
    pub(in super::super) fn write(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, batch: &BatchFacts, written: &Written) {
        let key = (scene.event.process, ledger.partition);
        let is_looked_at = !written.filled.is_empty() || self.stale.contains_key(&key);
        let (Some(chains), Some(copy)) = (self.chains.get(&ledger.partition), ledger.copy(key.0)) else { return };
        if is_looked_at {
            self.stale.entry(key).or_default().write((ledger, copy, chains), batch, &written.filled);
        }
    }

    /// A replica's log was cut, or begins anew (`to` is its beginning then).
    pub(in super::super) fn cut(&mut self, process: ProcessId, partition: TopicPartition, to: Offset) {
        if let Some(stale) = self.stale.get_mut(&(process, partition)) {
            stale.cut(to);
        }
        if let Some(log) = self.logs.get_mut(&(process, partition)) {
            log.passes.iter_mut().for_each(|(end, _)| *end = (*end).min(to));
        }
    }

    /// A replica's log is gone.
    pub(in super::super) fn forget(&mut self, process: ProcessId, partition: TopicPartition) {
        self.stale.remove(&(process, partition));
        self.logs.remove(&(process, partition));
    }

    /// A disk is empty now.
    pub(in super::super) fn empty_disk(&mut self, process: ProcessId) {
        self.stale.retain(|(of, _), _| *of != process);
        self.logs.retain(|(of, _), _| *of != process);
    }

    /// A cleaning begins.
    pub(in super::super) fn begin(&mut self, scene: Scene<'_>, partition: TopicPartition, keeping: &Keeping) {
        let wall = keeping.clocks.wall(scene.event.process, scene.event.at);
        self.logs.entry((scene.event.process, partition)).or_default().began = Some(wall);
    }

    /// A cleaning is done: it went up to `end`.
    pub(in super::super) fn end(&mut self, process: ProcessId, partition: TopicPartition, end: Offset) {
        let Some(log) = self.logs.get_mut(&(process, partition)) else { return };
        let is_farther = log.passes.last().is_none_or(|(last, _)| *last < end);
        if let Some(began) = log.began.take().filter(|_| is_farther) {
            log.passes.push((end, began));
        }
    }

    /// At a `SegmentCleaned`; writes down what it dropped.
    pub(in super::super) fn clean(
        &mut self,
        scene: Scene<'_>,
        ledger: &mut PartitionLedger,
        (keeping, applied): (&Keeping, Offset),
        cleaned: &CleanedFacts,
    ) {
        let mut rules = keeping.rules.of(cleaned.partition.topic, applied).peekable();
        let is_judged = rules.peek().is_some() && !self.finding.is_violated();
        let measure = Measure {
            process: scene.event.process,
            wall: keeping.clocks.wall(scene.event.process, scene.event.at),
            delete_retention: rules.map(|config| config.delete_retention).min().unwrap_or_default(),
        };
        if is_judged {
            self.finding.judge();
            self.judge_run(scene, measure, cleaned);
        }
        for (offset, why) in &cleaned.dropped {
            if is_judged && !self.finding.is_violated() {
                self.judge_drop(scene, ledger, measure, (*offset, *why));
            }
            ledger.clean(scene.event.process, *offset);
        }
    }

    /// After a `LogRecovered` that showed what a cleaning had dropped that was not told to its end.
    pub(in super::super) fn recover(
        &mut self,
        scene: Scene<'_>,
        ledger: &PartitionLedger,
        (keeping, applied): (&Keeping, Offset),
        gone: &[Offset],
    ) {
        self.cut(scene.event.process, ledger.partition, ledger.copy(scene.event.process).map_or(Offset::ZERO, LogCopy::end));
        let rules = keeping.rules.of(ledger.partition.topic, applied);
        let Some(delete_retention) = rules.map(|config| config.delete_retention).min() else { return };
        let wall = keeping.clocks.wall(scene.event.process, scene.event.at);
        let measure = Measure { process: scene.event.process, wall, delete_retention };
        for offset in gone {
            if self.finding.is_violated() {
                return;
            }
            let is_superseded = self.is_superseded(ledger, scene.event.process, *offset);
            let entry = ledger.committed(*offset);
            let why = match entry {
                Some(entry) if entry.key.is_none() => CleaningReason::Keyless,
                Some(entry) if entry.is_tombstone && !is_superseded => CleaningReason::Tombstone,
                Some(_) | None => CleaningReason::Superseded,
            };
            self.judge_drop(scene, ledger, measure, (*offset, why));
        }
    }

    /// After a `BecameLeader`.
    pub(in super::super) fn lead(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        let process = scene.event.process;
        let (Some(stale), Some(copy)) = (self.stale.get(&(process, ledger.partition)), ledger.copy(process)) else { return };
        let wrong = stale.first(copy.start).filter(|_| ledger.holds_all_committed(copy));
        if let Some(wrong) = wrong {
            let what = |offset| {
                if ledger.committed(offset).is_some_and(|entry| entry.is_tombstone) { "was deleted" } else { "got a new value" }
            };
            let detail = format!(
                "{} leads, and in its log a key ends with {}; it {} at offset {}, which was cleaned away before {0} fetched it",
                scene.names.process(process),
                scene.names.place(ledger.partition, wrong.present),
                what(wrong.missing),
                wrong.missing,
            );
            self.finding.violate(scene, Some((ledger.partition, wrong.present)), detail);
        }
    }

    /// At the end of the run.
    pub(in super::super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }

    /// Whether the topic is to be compacted, and the horizons that this run sets leave readers the time they are promised.
    fn judge_run(&mut self, scene: Scene<'_>, measure: Measure, cleaned: &CleanedFacts) {
        let (partition, who) = (cleaned.partition, scene.names.process(measure.process));
        if !self.compacted.contains(&partition.topic) {
            let detail = format!("{who} cleans {}, which is not to be compacted", scene.names.partition(partition));
            return self.finding.violate(scene, Some((partition, cleaned.base)), detail);
        }
        let began = self.logs.get(&(measure.process, partition)).and_then(|log| log.began).unwrap_or(measure.wall);
        let least = began.min(measure.wall).plus(measure.delete_retention);
        for (base, horizon) in &cleaned.horizons {
            if horizon.0.saturating_add(1) < least.0 {
                let detail = format!(
                    "{who} gives the tombstones of {} until {}, and delete.retention.ms would be over at {}",
                    scene.names.place(partition, *base),
                    horizon.0,
                    least.0,
                );
                self.finding.violate(scene, Some((partition, *base)), detail);
            }
            let known = self.horizons.entry((partition, *base)).or_insert(*horizon);
            *known = (*known).min(*horizon);
        }
    }

    fn judge_drop(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, measure: Measure, drop: (Offset, CleaningReason)) {
        let (offset, why) = drop;
        let wrong = match (why, self.committed_of(ledger, measure.process, offset)) {
            (_, None) => Some("what is not committed"),
            (CleaningReason::Keyless, Some(entry)) => entry.key.is_some().then_some("for want of a key it has"),
            (CleaningReason::Superseded, Some(_)) => {
                (!self.is_superseded(ledger, measure.process, offset)).then_some("and its log has no newer record of that key")
            }
            (CleaningReason::Tombstone, Some(entry)) => self.tombstone_wrong(ledger, measure, (offset, entry)),
        };
        if let Some(what) = wrong {
            let who = scene.names.process(measure.process);
            let detail = format!("{who} drops {}, {what}", scene.names.place(ledger.partition, offset));
            self.finding.violate(scene, Some((ledger.partition, offset)), detail);
        }
    }

    /// The record at `offset` of a replica's log, if it is the committed one.
    fn committed_of(&self, ledger: &PartitionLedger, process: ProcessId, offset: Offset) -> Option<Entry> {
        let copy = ledger.copy(process)?;
        ledger.committed(offset).filter(|_| offset < copy.agreed())
    }

    /// Whether a newer committed record of its key is in a replica's log.
    fn is_superseded(&self, ledger: &PartitionLedger, process: ProcessId, offset: Offset) -> bool {
        let after = self.chains.get(&ledger.partition).and_then(|chains| chains.after(offset));
        after.is_some_and(|after| ledger.copy(process).is_some_and(|copy| after < copy.agreed()))
    }

    /// Why a tombstone may not go yet, unless it may.
    fn tombstone_wrong(&self, ledger: &PartitionLedger, measure: Measure, place: (Offset, Entry)) -> Option<&'static str> {
        let (offset, entry) = place;
        if !entry.is_tombstone {
            return Some("which is no tombstone");
        }
        let older = self.chains.get(&ledger.partition).and_then(|chains| chains.before(offset));
        let copy = ledger.copy(measure.process)?;
        let is_left = |older: &Offset| *older >= copy.start && !copy.gaps.contains(*older);
        let has_value = |older: &Offset| ledger.committed(*older).is_some_and(|entry| !entry.is_tombstone);
        if older.filter(is_left).is_some_and(|older| has_value(&older)) {
            return Some("and the value that it deletes is still there");
        }
        let wall = Timestamp(measure.wall.0.saturating_add(1));
        let base = (0..=offset.0).rev().map(Offset).find(|at| ledger.committed(*at).is_none_or(|entry| entry.begins_batch));
        let horizon = base.and_then(|base| self.horizons.get(&(ledger.partition, base)));
        let passes = self.logs.get(&(measure.process, ledger.partition)).map_or(&[][..], |log| log.passes.as_slice());
        let first = passes.iter().find(|(end, _)| *end > offset);
        let is_due = horizon.is_some_and(|horizon| *horizon <= wall)
            || first.is_some_and(|(_, began)| began.plus(measure.delete_retention) <= wall);
        (!is_due).then_some("a tombstone, before delete.retention.ms has gone since it was cleaned first")
    }
}
