//! `strong-isr`: below a leader's high watermark all members of the controller's ISR are identical.
//!
//! Promises: whatever a leader shows to consumers or answers acks=all with is on every replica that may be elected cleanly:
//! the members of the ISR, and the eligible leaders outside of it (KIP-966).
//! A replica whose disk lost data does not count from `DiskLost` until the controller names it in neither.
//!
//! Violated: at `HighWatermarkAdvanced`, `BecameLeader`, `PartitionChanged`, `LogTruncated` or `LogRecovered` after which a
//! replica that acts as leader has a record below its high watermark that a member of the committed ISR has not.
//! Companions: `committed-kept`, when a copy goes or a member comes without it; a watermark that runs ahead is this check's alone.
//!
//! Not promised: an unclean leader election is allowed. Not exercised: no leader with a high watermark above 0.

use super::finding::{Finding, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::{CheckResult, Claim};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "strong-isr",
    sentence: "Below a leader's high watermark all members of the controller's ISR are identical.",
    needs: "comparisons of a leader with its ISR",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct StrongIsr(Finding);

impl StrongIsr {
    /// After an event that moves a high watermark, an ISR, a leader or takes records away.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        if self.0.is_violated() || !ledger.is_data() {
            return;
        }
        for leader in ledger.standing_leaders() {
            for member in ledger.copies() {
                let counts = ledger.is_candidate(member.process) && !member.is_suspect && member.process != leader.process;
                if counts && leader.high_watermark > leader.start {
                    self.compare(scene, ledger, leader, member);
                }
            }
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, promises.copies_are_kept(), promises.named.contains(CLAIM.name))
    }

    /// Whether nothing was found so far.
    pub(super) fn holds(&self) -> bool {
        !self.0.is_violated()
    }

    /// What was found at this moment is the doing of a disk that lied.
    pub(super) fn forgive(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        self.0.forgive(scene.event, ledger.partition);
    }

    fn compare(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, leader: &LogCopy, member: &LogCopy) {
        self.0.judge();
        let end = leader.high_watermark;
        let Some(offset) = ledger.first_difference(leader, member, end) else { return };
        let detail = format!(
            "{} is below the high watermark {end} of {}, and {} is in the {} and has {}",
            scene.names.place(ledger.partition, offset),
            scene.names.process(leader.process),
            scene.names.process(member.process),
            standing(ledger, member),
            if ledger.entry(member, offset).is_some() { "another record there" } else { "none there" },
        );
        self.0.violate(scene, Some((ledger.partition, offset)), detail);
    }
}

/// Where the controller names it.
fn standing(ledger: &PartitionLedger, member: &LogCopy) -> String {
    if ledger.is_in_sync(member.process) {
        return format!("ISR {}", ledger.isr());
    }
    format!("eligible leader replicas {}", ledger.facts.as_ref().map(|facts| facts.elr).unwrap_or_default())
}
