//! `epoch-cache`: the epoch cache matches the log.
//!
//! Promises: what a replica says of where an epoch begins is what its records say. Truncation asks nothing else (KIP-101,
//! KIP-279). An epoch may have begun at the log end without a record yet, and what the log holds only as a gap, because a cleaner
//! dropped it, it says nothing of.
//!
//! Violated: at an `EpochStarted` at whose offset, or before it, the log has a record of another (or too new an) epoch; at a
//! write or a cut before which the cache does not give the log's last record its own epoch; or at a `LogRecovered` whose cache
//! gives one of its batches another epoch. Companions: none.
//!
//! Not exercised: no epoch began.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::RecoveryFacts;
use crate::ids::{LeaderEpoch, Offset};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "epoch-cache",
    sentence: "The epoch cache matches the log.",
    needs: "epochs begun or read back",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct EpochCache(Finding);

impl EpochCache {
    /// Before `EpochStarted` is written down.
    pub(super) fn judge_start(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, (epoch, start): (LeaderEpoch, Offset)) {
        let Some(copy) = ledger.copy(scene.event.process).filter(|_| !self.0.is_violated()) else { return };
        self.0.judge();
        let epoch_at = |offset: Offset| ledger.entry(copy, offset).map(|entry| entry.epoch);
        let wrong_there = epoch_at(start).filter(|there| *there != epoch).map(|there| (start, there));
        let last_held = copy.gaps.before(start).previous();
        let wrong_before = || last_held.and_then(|before| Some((before, epoch_at(before)?))).filter(|(_, before)| *before >= epoch);
        if let Some((offset, found)) = wrong_there.or_else(wrong_before) {
            self.tell(scene, ledger, offset, &format!("says that {epoch} begins at {start}, and offset {offset} is of {found}"));
        }
    }

    /// Before a replica's log is written to or cut: by now the cache must know the log's last record.
    pub(super) fn judge_end(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        let Some(copy) = ledger.copy(scene.event.process).filter(|_| !self.0.is_violated()) else { return };
        let Some(last) = copy.end().previous() else { return };
        let (Some(entry), Some(cached)) = (ledger.entry(copy, last), copy.cache.epoch_at(last)) else { return };
        if cached != Some(entry.epoch) {
            self.tell(scene, ledger, last, &Self::differs(last, entry.epoch, cached));
        }
    }

    /// After `LogRecovered`.
    pub(super) fn judge_recovery(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, recovery: &RecoveryFacts) {
        let Some(copy) = ledger.copy(scene.event.process).filter(|_| !self.0.is_violated()) else { return };
        self.0.judge();
        let cached = |copy: &LogCopy, offset| copy.cache.epoch_at(offset).flatten();
        let kept = recovery.batches.iter().filter(|batch| batch.base >= recovery.start);
        let wrong = kept.map(|batch| (batch.base, batch.leader_epoch, cached(copy, batch.base)));
        if let Some((offset, epoch, cached)) = wrong.into_iter().find(|(_, epoch, cached)| *cached != Some(*epoch)) {
            self.tell(scene, ledger, offset, &Self::differs(offset, epoch, cached));
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }

    fn differs(offset: Offset, epoch: LeaderEpoch, cached: Option<LeaderEpoch>) -> String {
        match cached {
            Some(cached) => format!("says that offset {offset} is of {cached}, and it is of {epoch}"),
            None => format!("knows no epoch for offset {offset}, which is of {epoch}"),
        }
    }

    fn tell(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, offset: Offset, what: &str) {
        let who = scene.names.process(scene.event.process);
        let detail = format!("{}: the epoch cache of {who} {what}", scene.names.partition(ledger.partition));
        self.0.violate(scene, Some((ledger.partition, offset)), detail);
    }
}
