//! `log-matching`: two logs that agree on an offset's epoch agree on everything below it.
//!
//! Promises: an epoch has one leader and a leader writes an offset once, so (offset, epoch) names a record and all before it.
//! Of the metadata log, `metadata-log-matching` says the same.
//!
//! Violated: at `RecordsAppended`, `RecordsReplicated` or `LogRecovered` that brings a record whose epoch another replica has
//! at the same offset, while the logs differ there or below; and where a batch leaves a hole or writes an offset again.
//! Companions: `strong-isr` and `committed-kept`, when the difference lies below the high watermark and in the ISR.
//!
//! Not exercised: no replica wrote at an offset that another has.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::{LogCopy, Misfit};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{Offset, ProcessId};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "log-matching",
    sentence: "Two logs that agree on an offset's epoch agree on everything below it.",
    needs: "batches written by a second replica",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct LogMatching(Finding);

impl LogMatching {
    /// After a replica wrote the offsets from `base` to the end of its log.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId, base: Offset) {
        if self.0.is_violated() {
            return;
        }
        let Some(copy) = ledger.copy(process) else { return };
        for other in ledger.copies().iter().filter(|other| other.process != process && other.end() > base) {
            self.0.judge();
            self.compare(scene, ledger, (copy, other), base);
        }
    }

    /// After a replica wrote a batch that does not continue its log.
    pub(super) fn judge_misfit(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId, misfit: Misfit) {
        let who = scene.names.process(process);
        let (offset, what) = match misfit {
            Misfit::Hole(offset) => (offset, format!("{who} left out the offsets from {offset} on")),
            Misfit::Overlap(offset) => (offset, format!("{who} wrote offset {offset} again without cutting its log")),
        };
        let detail = format!("{}: {what}", scene.names.partition(ledger.partition));
        self.0.violate(scene, Some((ledger.partition, offset)), detail);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }

    /// What was found, for a claim of another name.
    pub(super) fn into_finding(self) -> Finding {
        self.0
    }

    /// Compares the last offset that both logs have; only if they differ there, the written ones below it too.
    fn compare(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, (copy, other): (&LogCopy, &LogCopy), base: Offset) {
        let end = copy.end().min(other.end());
        let first = base.max(copy.start).max(other.start);
        let pair = |offset| Some((ledger.entry(copy, offset)?, ledger.entry(other, offset)?));
        let Some((mine, theirs)) = end.previous().and_then(pair) else { return };
        if mine.chain == theirs.chain {
            return;
        }
        let forked = (first.0..end.0)
            .map(Offset)
            .find(|offset| pair(*offset).is_some_and(|(mine, theirs)| mine.epoch == theirs.epoch && mine.chain != theirs.chain));
        let Some(offset) = forked else { return };
        let below = ledger.first_difference(copy, other, offset.next()).unwrap_or(offset);
        let detail = format!(
            "{}: {} and {} both have offset {offset} from the same epoch and differ at offset {below}",
            scene.names.partition(ledger.partition),
            scene.names.process(copy.process),
            scene.names.process(other.process),
        );
        self.0.violate(scene, Some((ledger.partition, below)), detail);
    }
}
