//! `offset-bounds`: log start ≤ last stable offset ≤ high watermark ≤ log end, on every replica.
//!
//! Promises: a replica's own numbers make sense to it. (Without transactions the last stable offset is the high watermark.)
//!
//! Violated: at the event after which a replica's log start lies above its high watermark, or its high watermark above its
//! log end: `HighWatermarkAdvanced`, `HighWatermarkLearned`, `BecameLeader`, `BecameFollower`, `LogStartAdvanced`,
//! `LogRecovered`. A cut takes the watermark down with it, so a cut by itself never violates this.
//! Companions: `strong-isr`, for a leader's watermark that no follower has reached.
//!
//! Not exercised: no replica has a high watermark.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::promises::Promises;
use super::{CheckResult, Claim};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "offset-bounds",
    sentence: "Log start ≤ last stable offset ≤ high watermark ≤ log end, on every replica.",
    needs: "looks at a replica's offsets",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetBounds(Finding);

impl OffsetBounds {
    /// After an event that moves one of a replica's offsets other than its end.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        if self.0.is_violated() || !ledger.is_data() {
            return;
        }
        let Some(copy) = ledger.copy(scene.event.process) else { return };
        self.0.judge();
        let (start, high_watermark, end) = (copy.start, copy.high_watermark, copy.end());
        if start > high_watermark || high_watermark > end {
            let who = scene.names.process(copy.process);
            let place = scene.names.partition(ledger.partition);
            let detail = format!("{place} on {who}: log start {start}, high watermark {high_watermark}, log end {end}");
            self.0.violate(scene, Some((ledger.partition, high_watermark)), detail);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
