//! `committed-kept`: nothing below the true high watermark is ever lost.
//!
//! Promises: every member of the committed ISR, whoever may be elected cleanly, keeps every committed record at its offset.
//! What a reader was given counts as committed, whatever its leader thought of it.
//! A replica whose disk lost data does not count from `DiskLost` until the committed ISR no longer names it.
//!
//! Violated: at a `LogTruncated` or `LogRecovered` of a member of the ISR that takes a committed record away; at a
//! `PartitionChanged` that elects, or takes into the ISR, a replica without one; at a `HighWatermarkAdvanced` over another
//! record than the committed one. (A high watermark that runs ahead of the ISR is `strong-isr`'s alone: here a copy must go,
//! or a candidate come without it.) Companions: `strong-isr`, `leader-completeness`.
//!
//! Not promised: an unclean leader election is allowed. Not exercised: no such event while something was committed.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::PartitionFacts;
use crate::ids::{BrokerSet, Offset, ProcessId};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "committed-kept",
    sentence: "Nothing below the true high watermark is ever lost.",
    needs: "changes of the ISR or of a member's log with something committed",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedKept(Finding);

impl CommittedKept {
    /// After `LogTruncated` or `LogRecovered`.
    pub(super) fn judge_replica(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId) {
        if ledger.is_in_sync(process) {
            self.require(scene, ledger, process, "is in the ISR");
        }
    }

    /// After `PartitionChanged`: `before` is what was true until now.
    pub(super) fn judge_change(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, before: Option<&PartitionFacts>) {
        let Some(now) = &ledger.facts else { return };
        let old_isr = before.map_or(BrokerSet::EMPTY, |before| before.isr);
        if let Some(leader) = now.leader.filter(|leader| before.is_none_or(|before| before.leader != Some(*leader))) {
            self.require(scene, ledger, ProcessId::Broker(leader), "was elected");
        }
        for broker in now.isr.iter().filter(|broker| !old_isr.contains(*broker)) {
            self.require(scene, ledger, ProcessId::Broker(broker), "came into the ISR");
        }
    }

    /// After a leader committed over a record that was committed before.
    pub(super) fn judge_conflict(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, offset: Offset) {
        let who = scene.names.process(scene.event.process);
        let detail =
            format!("{} was committed, and {who} commits another record there", scene.names.place(ledger.partition, offset));
        self.0.violate(scene, Some((ledger.partition, offset)), detail);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        let promise = Promise::when(!promises.unclean_leader_election, "unclean.leader.election.enable=true gives it up");
        self.0.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }

    fn require(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId, role: &str) {
        if self.0.is_violated() || ledger.committed_end() == Offset::ZERO {
            return;
        }
        self.0.judge();
        let copy = ledger.copy(process);
        if copy.is_some_and(|copy| copy.is_suspect || ledger.holds_all_committed(copy)) {
            return;
        }
        let offset = copy.map_or(Offset::ZERO, LogCopy::agreed);
        let end = copy.map_or(Offset::ZERO, LogCopy::end);
        let detail = format!(
            "{} was committed (the true high watermark is {}), and {} {role} and {}",
            scene.names.place(ledger.partition, offset),
            ledger.committed_end(),
            scene.names.process(process),
            if offset < end { "has another record there".to_owned() } else { format!("ends at {end}") },
        );
        self.0.violate(scene, Some((ledger.partition, offset)), detail);
    }
}
