//! `retention-contract`: a segment goes when a rule makes it due, and not much later.
//!
//! Promises, of each replica by its own wall clock and its records' timestamps: the oldest segment goes, as a whole, if its youngest
//! record is older than `retention.ms`, or the log is no smaller than `retention.bytes` without it, or the log begins after it;
//! never what is not below the high watermark, and by age or size only where `cleanup.policy` says `delete`. A due segment does not
//! outlive two looks of a broker that lives and whose clock runs on. (Where a log is compacted as well its cleaner deletes, when it
//! gets there: how late is not judged.)
//!
//! Violated: at the `SegmentDeleted` that no rule of the broker's configuration allows; or at the first event at which the oldest
//! segment of a live broker has been due for longer than two looks can be apart. No companions.
//!
//! Reported, and no violation: what surprises by true age. A clock that runs ahead deletes what is young, a timestamp in the future
//! keeps what is old, and both are Kafka's rule.
//!
//! Where retention goes by files instead of records (`retention-by-record-time = off`) it is judged by records all the same.
//! What the cleaner left of a segment may be older than its youngest record was: then the broker's word on its age counts.
//!
//! Not exercised: no segment was deleted or due.

use std::collections::BTreeMap;

use super::super::finding::{Finding, Promise, Scene};
use super::super::ledger::PartitionLedger;
use super::super::promises::Promises;
use super::super::{CheckResult, Claim};
use super::Keeping;
use super::overdue::Overdue;
use super::shelf::{Segment, Shelf};
use crate::config::TopicConfig;
use crate::event::{BatchFacts, CleanedFacts, RecoveryFacts, RetentionFacts, RetentionReason};
use crate::ids::{Offset, ProcessId, TopicId, TopicPartition};
use crate::time::{Duration, Instant, Timestamp};

/// The claim.
pub(in super::super) const CLAIM: Claim = Claim {
    name: "retention-contract",
    sentence: "By a broker's own clock a segment goes only when a rule makes it due, and then within two checks.",
    needs: "segments deleted or due",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct RetentionContract {
    shelves: BTreeMap<(ProcessId, TopicPartition), Shelf>,
    overdue: Overdue,
    finding: Finding,
    surprise: Option<String>,
}

/// What is judged against: the partition, and up to where its broker has applied the metadata.
#[derive(Clone, Copy)]
pub(in super::super) struct Sight<'a> {
    pub(in super::super) ledger: &'a PartitionLedger,
    pub(in super::super) keeping: &'a Keeping,
    pub(in super::super) applied: Offset,
}

impl RetentionContract {
    /// Looks as often as a broker does.
    pub(in super::super) fn new(promises: &Promises) -> Self {
        Self { overdue: Overdue::new(promises.retention_patience), ..Self::default() }
    }

    /// A replica wrote a batch.
    pub(in super::super) fn write(&mut self, scene: Scene<'_>, partition: TopicPartition, batch: &BatchFacts) {
        self.shelf(scene, partition).write(batch, scene.event.at);
    }

    /// A new segment begins.
    pub(in super::super) fn roll(&mut self, scene: Scene<'_>, partition: TopicPartition, base: Offset) {
        self.shelf(scene, partition).roll(base);
    }

    /// A log was cut.
    pub(in super::super) fn cut(&mut self, scene: Scene<'_>, partition: TopicPartition, to: Offset) {
        self.shelf(scene, partition).cut(to);
    }

    /// A log begins later now; if it begins beyond its end, anew.
    pub(in super::super) fn begin_at(&mut self, scene: Scene<'_>, partition: TopicPartition, start: Offset, is_anew: bool) {
        let shelf = self.shelf(scene, partition);
        if is_anew {
            shelf.restart();
        } else {
            shelf.begin_at(start);
        }
    }

    /// A log was deleted.
    pub(in super::super) fn forget(&mut self, process: ProcessId, partition: TopicPartition) {
        self.shelves.remove(&(process, partition));
        self.overdue.forget(process, partition);
    }

    /// A disk is empty now.
    pub(in super::super) fn empty_disk(&mut self, process: ProcessId) {
        self.shelves.retain(|(of, _), _| *of != process);
        self.overdue.begin_anew(process);
    }

    /// A log was read back.
    pub(in super::super) fn recover(&mut self, scene: Scene<'_>, recovery: &RecoveryFacts) {
        self.shelf(scene, recovery.partition).recover(recovery, scene.event.at);
    }

    /// A run of segments was cleaned.
    pub(in super::super) fn clean(&mut self, scene: Scene<'_>, cleaned: &CleanedFacts) {
        self.shelf(scene, cleaned.partition).clean(cleaned);
    }

    /// Its broker began a new life, stood still, or has another clock: what was due before says nothing.
    pub(in super::super) fn begin_anew(&mut self, process: ProcessId) {
        self.overdue.begin_anew(process);
    }

    /// A topic's rule is another.
    pub(in super::super) fn change_rule(&mut self, topic: TopicId) {
        self.overdue.change_rule(topic);
    }

    /// At a `SegmentDeleted`. Returns how it was by true time, for a segment that went by its age.
    pub(in super::super) fn judge(&mut self, scene: Scene<'_>, sight: Sight<'_>, facts: &RetentionFacts) -> Option<Timing> {
        let key = (scene.event.process, facts.partition);
        let shelf = self.shelves.entry(key).or_default();
        let (segment, size, first) = (shelf.segment(facts.base, facts.end), shelf.size(), shelf.first());
        shelf.delete(facts.end);
        self.overdue.forget(scene.event.process, facts.partition);
        let mut rules = sight.keeping.rules.of(facts.partition.topic, sight.applied).peekable();
        if self.finding.is_violated() || rules.peek().is_none() {
            return None;
        }
        self.finding.judge();
        let wall = sight.keeping.clocks.wall(scene.event.process, scene.event.at);
        let copy = sight.ledger.copy(scene.event.process);
        let (start, high_watermark) = copy.map_or((Offset::ZERO, Offset::ZERO), |copy| (copy.start, copy.high_watermark));
        let found = Found { facts, segment, size, first, wall, start, high_watermark };
        let kept = rules.peek().map(|config| config.retention_ms);
        let what = found.out_of_order().or_else(|| {
            let refusals: Option<Vec<String>> = rules.map(|config| found.refusal(config)).collect();
            refusals.and_then(|mut refusals| refusals.pop())
        });
        if let Some(what) = what {
            self.violate(scene, key, facts.base, &what);
            return None;
        }
        let kept = kept.filter(|_| facts.why == RetentionReason::Time)?;
        self.surprise = self.surprise.take().or_else(|| too_young(scene, kept, &found));
        found.timing(scene, kept, self.overdue.patience)
    }

    /// Whether it is time to look for segments that are due.
    pub(in super::super) fn is_time(&self, now: Instant) -> bool {
        self.overdue.is_time(now)
    }

    /// Looks at the oldest segment of every log whose broker is at work.
    pub(in super::super) fn look(&mut self, scene: Scene<'_>, keeping: &Keeping, replica_of: &mut ReplicaOf<'_>) {
        self.overdue.look(scene.event.at);
        let mut wrong = None;
        for ((process, partition), shelf) in &self.shelves {
            let Some((high_watermark, applied)) = replica_of(*process, *partition) else { continue };
            let Some(segment) = shelf.oldest().filter(|segment| segment.end <= high_watermark) else {
                self.overdue.forget(*process, *partition); // what was due before has grown beyond the high watermark
                continue;
            };
            let wall = keeping.clocks.wall(*process, scene.event.at);
            let mut rules = keeping.rules.of(partition.topic, applied).peekable();
            let is_judged = rules.peek().is_some();
            if !is_judged || !rules.all(|config| is_due(config, &segment, shelf.size(), wall)) {
                self.overdue.forget(*process, *partition);
                self.surprise = self.surprise.take().or_else(|| too_old(scene, keeping, (*partition, &segment), applied));
                continue;
            }
            self.finding.judge();
            let patience = keeping.clocks.true_span(*process, self.overdue.patience.0);
            let since = self.overdue.due_since((*process, *partition), segment.base, scene.event.at);
            if scene.event.at.since(since).0 > patience {
                wrong = wrong.or(Some((*process, *partition, segment, since)));
            }
        }
        if let Some((process, partition, segment, since)) = wrong {
            let what = format!("it is due since {since} at least, and still there");
            self.violate(scene, (process, partition), segment.base, &what);
        }
    }

    /// At the end of the run.
    pub(in super::super) fn finish(self, promises: &Promises) -> CheckResult {
        let mut result = self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name));
        if let Some(surprise) = self.surprise {
            result.detail = format!("{}; {surprise}", result.detail);
        }
        result
    }

    fn shelf(&mut self, scene: Scene<'_>, partition: TopicPartition) -> &mut Shelf {
        self.shelves.entry((scene.event.process, partition)).or_default()
    }

    fn violate(&mut self, scene: Scene<'_>, (process, partition): (ProcessId, TopicPartition), base: Offset, what: &str) {
        let (which, who) = (scene.names.partition(partition), scene.names.process(process));
        self.finding.violate(scene, Some((partition, base)), format!("{which}: the segment at {base} of {who}: {what}"));
    }
}

/// The high watermark of a replica whose broker is at work, and up to where that has applied the metadata.
pub(in super::super) type ReplicaOf<'a> = dyn FnMut(ProcessId, TopicPartition) -> Option<(Offset, Offset)> + 'a;

/// How a segment that went by its age stood to `retention.ms` by true time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Timing {
    /// It was not there for so long yet.
    Early,
    /// It was, and no longer than looks are apart.
    InTime,
    /// It was there for longer.
    Late,
}

/// A deleted segment, and what is known of it and of the log it was deleted from.
struct Found<'a> {
    facts: &'a RetentionFacts,
    segment: Option<Segment>,
    size: u64,
    first: Option<Offset>,
    wall: Timestamp,
    start: Offset,
    high_watermark: Offset,
}

impl Found<'_> {
    /// What is wrong with its going, whatever the configuration says.
    fn out_of_order(&self) -> Option<String> {
        if let Some(first) = self.first.filter(|first| *first < self.facts.base) {
            return Some(format!("it went, and older records, from {first} on, did not"));
        }
        (self.facts.end > self.high_watermark).then(|| format!("it went, and the high watermark is {}", self.high_watermark))
    }

    /// Why it may not go under this configuration.
    fn refusal(&self, config: &TopicConfig) -> Option<String> {
        let is_deleting = config.cleanup_policy.delete;
        match self.facts.why {
            RetentionReason::BelowLogStart => {
                (self.facts.end > self.start).then(|| format!("it went as one below the log's start, which is {}", self.start))
            }
            RetentionReason::Time | RetentionReason::Size if !is_deleting => {
                Some("it went, and cleanup.policy does not say delete".to_owned())
            }
            RetentionReason::Time => {
                let youngest = self.youngest();
                let is_due = is_older(youngest, config, Timestamp(self.wall.0.saturating_add(1)));
                let (age, kept) = (self.wall.0.saturating_sub(youngest.0), config.retention_ms);
                (!is_due).then(|| format!("it went at an age of {age} ms by its broker's clock, and retention.ms is {kept}"))
            }
            RetentionReason::Size => {
                let gone = self.segment.map_or(self.facts.size, |segment| segment.size);
                let size = if self.segment.is_some() { self.size } else { self.facts.log_size };
                (!is_too_large(gone, size, config))
                    .then(|| format!("it went with {gone} of {size} bytes, and retention.bytes is {:?}", config.retention_bytes.0))
            }
        }
    }

    /// How long it was there, against how long it was to be. What the cleaner left of a segment was written at no one time.
    fn timing(&self, scene: Scene<'_>, kept: Duration, patience: Duration) -> Option<Timing> {
        let age = scene.event.at.since(self.segment.filter(|segment| !segment.is_sparse)?.written);
        let timing = if age < kept { Timing::Early } else { Timing::InTime };
        Some(if age.0.saturating_sub(kept.0) > patience.0 { Timing::Late } else { timing })
    }

    /// Its largest timestamp: the broker's word counts where no record has one, or the cleaner may have taken it.
    fn youngest(&self) -> Timestamp {
        let known = self.segment.filter(|segment| !segment.is_sparse).and_then(|segment| segment.largest);
        known.unwrap_or(self.facts.largest_timestamp)
    }
}

fn is_older(youngest: Timestamp, config: &TopicConfig, wall: Timestamp) -> bool {
    let kept = i64::try_from(config.retention_ms.as_millis()).unwrap_or(i64::MAX);
    config.retention_ms != Duration::MAX && wall.0.saturating_sub(youngest.0) > kept
}

fn is_too_large(segment: u64, log: u64, config: &TopicConfig) -> bool {
    config.retention_bytes.0.is_some_and(|limit| log.saturating_sub(segment) >= limit)
}

/// Whether the oldest segment is to go by itself.
fn is_due(config: &TopicConfig, segment: &Segment, size: u64, wall: Timestamp) -> bool {
    let is_old = segment.largest.is_some_and(|largest| is_older(largest, config, wall));
    config.cleanup_policy.delete && !config.cleanup_policy.compact && (is_old || is_too_large(segment.size, size, config))
}

/// A word on a segment that went although, by true time, it was here for less than `retention.ms`.
fn too_young(scene: Scene<'_>, kept: Duration, found: &Found<'_>) -> Option<String> {
    let age = scene.event.at.since(found.segment?.written);
    let kept = Some(kept).filter(|kept| age < *kept)?;
    let what = scene.names.place(found.facts.partition, found.facts.base);
    Some(format!("by true time the segment at {what} was {age} old when it went, and retention.ms is {kept}"))
}

/// A word on a segment that stays although, by true time, it is here for much longer than `retention.ms`.
fn too_old(scene: Scene<'_>, keeping: &Keeping, found: (TopicPartition, &Segment), applied: Offset) -> Option<String> {
    let (partition, segment) = found;
    let rules = keeping.rules.of(partition.topic, applied).filter(|config| config.cleanup_policy.delete);
    let kept = rules.map(|config| config.retention_ms).max()?;
    let age = scene.event.at.since(segment.written);
    (age.0 > kept.0.saturating_mul(2)).then(|| {
        let what = scene.names.place(partition, segment.base);
        format!("by true time the segment at {what} is {age} old and stays, and retention.ms is {kept}")
    })
}
