//! `high-watermark-monotone`: a leader's high watermark never goes back within an epoch.
//!
//! Promises: what a consumer could read from a leader stays readable as long as it leads. A new leader may begin lower: it
//! learns the high watermark one fetch late (KIP-207 guards what that could show).
//!
//! Violated: at a `HighWatermarkAdvanced`, or a `BecameLeader` in an epoch that it led already, with a lower high watermark
//! than that broker had in that epoch.
//!
//! Not exercised: no high watermark was advanced.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{LeaderEpoch, Offset};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "high-watermark-monotone",
    sentence: "A leader's high watermark never goes back within an epoch.",
    needs: "advances of a high watermark",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct HighWatermarkMonotone(Finding);

impl HighWatermarkMonotone {
    /// Before `HighWatermarkAdvanced` or `BecameLeader` is written down.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, epoch: LeaderEpoch, new: Offset) {
        let process = scene.event.process;
        let before = ledger.copy(process).and_then(|copy| copy.led).filter(|(led, _)| *led == epoch);
        let Some((_, old)) = before else { return };
        self.0.judge();
        if new < old {
            let who = scene.names.process(process);
            let place = scene.names.partition(ledger.partition);
            let detail = format!("{place}: the high watermark of {who} went back from {old} to {new} within {epoch}");
            self.0.violate(scene, Some((ledger.partition, new)), detail);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
