//! `no-duplicates`: a record sent once is in the log once, where idempotence promised it.
//!
//! Promises: for a record that neither its producer nor the network sent again, or whose producer is idempotent (KIP-98): it
//! stands in the committed log at most as often as an application sent it. Without idempotence a retry whose first attempt was
//! stored after all stands twice by right; such records are told as `not-promised` and never held against a run.
//! Where a script sends the same key and value to a partition several times, how often they were sent is what is compared.
//!
//! Violated: at the event that commits the record once too often (`HighWatermarkAdvanced`, `ProduceCommitted`).
//!
//! Not promised: every committed record had been sent again. Not exercised: nothing was committed.

use super::finding::{Finding, Promise, Scene};
use super::ledger::{Commit, PartitionLedger};
use super::log_copy::Entry;
use super::promises::Promises;
use super::sends::Sends;
use super::{CheckResult, Claim};
use crate::ids::{Offset, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "no-duplicates",
    sentence: "A record sent once is in the log once, where idempotence promised it.",
    needs: "committed records under the promise",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct NoDuplicates {
    finding: Finding,
    promised: u64,
    unpromised: u64,
}

impl NoDuplicates {
    /// After more was committed.
    pub(super) fn commit(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, sends: &mut Sends, commit: &Commit) {
        for offset in (commit.from.0..commit.to.0).map(Offset) {
            let Some(entry) = ledger.committed(offset) else { return };
            let Some(tally) = sends.digests.get_mut(ledger.partition, entry.digest) else { continue };
            tally.stored += 1;
            let (is_repeated, is_too_often) = (tally.is_repeated, tally.stored > tally.sent);
            if is_repeated {
                self.unpromised += 1;
            } else {
                self.promised += 1;
                self.finding.judge();
            }
            if is_too_often {
                let (sent, stored) = (tally.sent, tally.stored);
                let place = scene.names.place(ledger.partition, offset);
                let detail = format!("{place} holds a record for the {stored}. time that was sent {sent} times");
                if is_repeated {
                    self.finding.note_unpromised(scene, (ledger.partition, offset), detail);
                } else {
                    self.finding.violate(scene, Some((ledger.partition, offset)), detail);
                }
            }
        }
    }

    /// After these records were lost from the committed log.
    pub(super) fn uncommit(&mut self, partition: TopicPartition, sends: &mut Sends, lost: &[Entry]) {
        for entry in lost {
            if let Some(tally) = sends.digests.get_mut(partition, entry.digest) {
                tally.stored = tally.stored.saturating_sub(1);
            }
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        let made = self.promised > 0 || self.unpromised == 0;
        let promise = Promise::when(made, "every committed record had been sent again, by producers without idempotence");
        self.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }
}
