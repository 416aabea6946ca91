//! `reader-up-to-date`: whoever has read to the end of a compacted topic knows the last word on every key.
//!
//! Advisory: a reader that comes late is given less than one that was there, and must end with the same. But a tombstone is kept for
//! `delete.retention.ms` and no longer. Whoever had the value before, and comes by after that, is never told that the key is gone;
//! nobody promises it to a reader that needs so long.
//!
//! Violated: at the `PollReturned` with which a reader has come to the end of the committed log, and of some key goes by another
//! record than the last one, which it passed over.
//!
//! A reader knows nothing where its position is set: at first, after a seek, after a reset, in another life or for another owner.
//! What was written before the place where it began is not asked of it.
//!
//! Invariant: a key stands among the wrong ones if its latest record below the reader's position was not given to the reader, unless
//! both that record and what the reader goes by say that the key is gone. A record costs nothing while none was passed over.
//!
//! Not exercised: nobody came to the end of a compacted topic.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::super::finding::{Finding, Promise, Scene};
use super::super::ledger::PartitionLedger;
use super::super::promises::Promises;
use super::super::ranges::Ranges;
use super::super::{CheckResult, Claim};
use super::chains::Chains;
use crate::event::PollFacts;
use crate::ids::{Offset, ProcessId, TopicPartition};

/// The claim.
pub(in super::super) const CLAIM: Claim = Claim {
    name: "reader-up-to-date",
    sentence: "Whoever has read to the end knows the last word on every key (advisory: a tombstone does not wait for ever).",
    needs: "ends of compacted topics reached",
    advisory: true,
};

/// A key that a reader goes by another record of than the last.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    /// The record it goes by; `None` if it was given none.
    present: Option<Offset>,
    /// The last one, which it was not given.
    missing: Offset,
}

/// What a reader was given of a partition.
#[derive(Clone, Debug, Default)]
struct Reader {
    from: Offset,
    next: Offset,
    /// What it passed over.
    gaps: Ranges,
    wrong: BTreeMap<NonZeroU64, Wrong>,
}

/// The check.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct ReaderUpToDate {
    readers: BTreeMap<(ProcessId, TopicPartition), Reader>,
    finding: Finding,
}

impl ReaderUpToDate {
    /// After `PositionSet`.
    pub(in super::super) fn set_position(&mut self, reader: ProcessId, (partition, position): (TopicPartition, Offset)) {
        self.readers.insert((reader, partition), Reader { from: position, next: position, ..Reader::default() });
    }

    /// After `PollReturned`. Topics that are not compacted have no chains.
    pub(in super::super) fn judge(
        &mut self,
        scene: Scene<'_>,
        (ledger, chains): (&PartitionLedger, Option<&Chains>),
        poll: &PollFacts,
    ) {
        let Some(chains) = chains else { return };
        let Some(reader) = self.readers.get_mut(&(scene.event.process, poll.partition)) else { return };
        for record in &poll.records {
            reader.pass((ledger, chains), record.offset);
            reader.take(ledger, record.offset);
        }
        reader.pass((ledger, chains), poll.position);
        if poll.position < poll.high_watermark || self.finding.is_violated() {
            return;
        }
        self.finding.judge();
        if let Some(wrong) = reader.wrong.values().min_by_key(|wrong| wrong.missing) {
            let detail = wrong.words(scene, ledger);
            self.finding.violate(scene, Some((poll.partition, wrong.missing)), detail);
        }
    }

    /// A consumer does not read these partitions any more, or begins anew with them.
    pub(in super::super) fn give_back(&mut self, consumer: ProcessId, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.readers.remove(&(consumer, *partition));
        }
    }

    /// A consumer died, and with it what it knew.
    pub(in super::super) fn forget(&mut self, consumer: ProcessId) {
        self.readers.retain(|(of, _), _| *of != consumer);
    }

    /// The committed log of a partition is another than was read.
    pub(in super::super) fn forget_partition(&mut self, partition: TopicPartition) {
        self.readers.retain(|(_, of), _| *of != partition);
    }

    /// At the end of the run.
    pub(in super::super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}

impl Reader {
    /// It is given what stands at `to` next, or nothing below it: all from its position on is passed over.
    fn pass(&mut self, (ledger, chains): (&PartitionLedger, &Chains), to: Offset) {
        for missing in (self.next.0..to.0).map(Offset) {
            self.gaps.insert(missing);
            self.miss((ledger, chains), missing);
        }
        self.next = self.next.max(to);
    }

    /// It is given this record.
    fn take(&mut self, ledger: &PartitionLedger, offset: Offset) {
        self.next = self.next.max(offset.next());
        if let Some(key) = ledger.committed(offset).filter(|_| !self.wrong.is_empty()).and_then(|entry| entry.key) {
            self.wrong.remove(&key);
        }
    }

    fn miss(&mut self, (ledger, chains): (&PartitionLedger, &Chains), missing: Offset) {
        let Some(entry) = ledger.committed(missing) else { return };
        let Some(key) = entry.key else { return };
        // An earlier one that was passed over too was looked at then.
        let known = self.wrong.get(&key).and_then(|wrong| wrong.present);
        let was_given = |offset: &Offset| *offset >= self.from && !self.gaps.contains(*offset);
        let present = chains.before(missing).filter(was_given).or(known);
        let is_gone = |offset| ledger.committed(offset).is_some_and(|entry| entry.is_tombstone);
        if entry.is_tombstone && present.is_none_or(is_gone) {
            self.wrong.remove(&key);
        } else {
            self.wrong.insert(key, Wrong { present, missing });
        }
    }
}

impl Wrong {
    fn words(&self, scene: Scene<'_>, ledger: &PartitionLedger) -> String {
        let is_tombstone = ledger.committed(self.missing).is_some_and(|entry| entry.is_tombstone);
        let what = if is_tombstone { "was deleted" } else { "got a value" };
        let goes_by = match self.present {
            Some(present) => format!("goes by record {present} for its key"),
            None => "knows nothing of its key".to_owned(),
        };
        let who = scene.names.process(scene.event.process);
        let place = scene.names.place(ledger.partition, self.missing);
        format!("{who} has read to the end and {goes_by}; the key {what} at {place}, which was gone when {who} came by")
    }
}
