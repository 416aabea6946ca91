//! `weak-isr`: below a leader's high watermark all members of its own ISR are identical.
//!
//! Promises: what a leader shows, or answers acks=all with, is on every replica that it counts on itself, whatever the
//! controller has decided meanwhile. A member whose disk lost data does not count until the leader's ISR no longer names it;
//! nor for a leader that hears only afterwards, of an epoch long past, that it was to lead with that member.
//!
//! Violated: where `strong-isr` looks, and at `IsrAdopted`, if a replica that acts as leader has a record below its high
//! watermark that a member of the ISR it goes by has not. Companion: `strong-isr`, when the committed ISR names the member too.
//!
//! Not promised: an unclean leader election is allowed. Not exercised: no leader with a high watermark above 0.
//!
//! Source: WeakIsr of the TLA+ specification of KIP-101, 279 and 320.

use super::finding::{Finding, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::ProcessId;

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "weak-isr",
    sentence: "Below a leader's high watermark all members of its own ISR are identical.",
    needs: "comparisons of a leader with its own ISR",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct WeakIsr(Finding);

impl WeakIsr {
    /// After an event that moves a high watermark, an ISR, a leader or takes records away. `strong_holds` says that every
    /// member of the committed ISR was just compared with every leader, so that only others are left to be.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, strong_holds: bool) {
        if self.0.is_violated() || !ledger.is_data() {
            return;
        }
        for leader in ledger.standing_leaders() {
            if leader.high_watermark <= leader.start {
                continue;
            }
            self.0.judge();
            if strong_holds && ledger.candidates().covers(leader.quorum.isr) {
                continue;
            }
            for member in ledger.copies().iter().filter(|member| member.process != leader.process) {
                let ProcessId::Broker(broker) = member.process else { continue };
                if leader.quorum.isr.contains(broker) && !leader.quorum.excused.contains(broker) && !member.is_suspect {
                    self.compare(scene, ledger, leader, member);
                }
            }
        }
    }

    /// What was found at this moment is the doing of a disk that lied.
    pub(super) fn forgive(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        self.0.forgive(scene.event, ledger.partition);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, promises.copies_are_kept(), promises.named.contains(CLAIM.name))
    }

    fn compare(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, leader: &LogCopy, member: &LogCopy) {
        let end = leader.high_watermark;
        let Some(offset) = ledger.first_difference(leader, member, end) else { return };
        let detail = format!(
            "{} is below the high watermark {end} of {}, and {} is in its ISR {} and has {}",
            scene.names.place(ledger.partition, offset),
            scene.names.process(leader.process),
            scene.names.process(member.process),
            leader.quorum.isr,
            if ledger.entry(member, offset).is_some() { "another record there" } else { "none there" },
        );
        self.0.violate(scene, Some((ledger.partition, offset)), detail);
    }
}
