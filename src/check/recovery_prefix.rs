//! `recovery-prefix`: a recovered log is the old one minus an unsynced suffix.
//!
//! Promises: what comes back from a disk is what was written there, with nothing missing from the middle, nothing below what was
//! synced, and nothing at all unless the disk lost something. Holds for the metadata log as well.
//!
//! A write is told as soon as it is made and a cut before it is: a process that dies in the middle of a cut leaves more than it
//! told of. So the log may go on beyond its known end with the very records that its last cut took off, if nothing was written
//! since. A deletion is told before it is durable: the log may come back as it was, until another is begun.
//!
//! A write that failed half-way is not told; what of it is on the disk may come back too. A sync that lied made nothing sure: a
//! log is held to what was synced after the last lie. What was found is taken back if the disk is told in the same turn to
//! have failed the reading.
//!
//! An empty log may come back empty anywhere: a process that dies between cutting all off and beginning anew leaves no file that
//! says where it was to begin, and a start begins at the log start that was last written down (Kafka's `LogLoader` does).
//!
//! What a cleaner dropped, or is at work to drop, may be missing, at the end too.
//!
//! A batch's checksum does not cover its leader epoch, so a disk that flipped bits may bring the same record back under another.
//!
//! Violated: at the `LogRecovered` that has another record than the old log, or lacks one between two that it has, goes on beyond it without that excuse, or ends too
//! early. (A disk that gave back other bytes than were written excuses any shorter end.) Companions: `committed-kept` and
//! `strong-isr`, when the replica is in the ISR.
//!
//! Not exercised: no log was read back.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::{DiskState, LogCopy};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::RecoveryFacts;
use crate::ids::Offset;

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "recovery-prefix",
    sentence: "A recovered log is the old one minus an unsynced suffix.",
    needs: "logs read back",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct RecoveryPrefix(Finding);

impl RecoveryPrefix {
    /// Before `LogRecovered` is written down.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, recovery: &RecoveryFacts) {
        if self.0.is_violated() {
            return;
        }
        self.0.judge();
        let unknown = LogCopy::new(scene.event.process);
        let old = ledger.copy(scene.event.process).unwrap_or(&unknown);
        if let Some((offset, what)) = Self::first_wrong(ledger, old, recovery) {
            let who = scene.names.process(scene.event.process);
            let detail = format!("{} on {who}: {what}", scene.names.partition(ledger.partition));
            self.0.violate(scene, Some((ledger.partition, offset)), detail);
        }
    }

    /// What was found at this moment is the doing of a disk that lied.
    pub(super) fn forgive(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        self.0.forgive(scene.event, ledger.partition);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }

    fn first_wrong(ledger: &PartitionLedger, old: &LogCopy, recovery: &RecoveryFacts) -> Option<(Offset, String)> {
        let records = recovery.batches.iter().flat_map(|batch| batch.records.iter().map(|record| (batch.leader_epoch, record)));
        let mut expected = if ledger.is_data() { old.known_from().max(recovery.start) } else { recovery.end };
        for (epoch, record) in records.filter(|(_, record)| record.offset >= old.known_from()) {
            let offset = record.offset;
            if let Some(missing) = (expected.0..offset.0).map(Offset).find(|missing| !old.may_lack(*missing)) {
                return Some((missing, format!("offset {missing} did not come back, and what comes after it did")));
            }
            expected = offset.next();
            match ledger.entry(old, offset).or_else(|| old.entry_cut_off(offset)) {
                Some(entry) if entry.digest == record.digest && entry.epoch == epoch => {}
                Some(entry) if entry.digest == record.digest && old.disk == DiskState::Corrupted => {}
                Some(_) => return Some((offset, format!("offset {offset} came back as another record"))),
                None if old.may_hold_more && offset >= old.end() => {}
                None => return Some((offset, format!("offset {offset} came back, and the log ended at {}", old.end()))),
            }
        }
        if old.end() == old.start {
            return None; // there was nothing to bring back
        }
        let (least, why) = match old.disk {
            DiskState::Whole => (old.gaps.before(old.end()), "its disk lost nothing"),
            // Where nothing above its start was synced, not even the log's folder is sure to be there.
            DiskState::LostUnsynced if old.flushed == old.start => (Offset::ZERO, ""),
            DiskState::LostUnsynced => (old.gaps.before(old.flushed), "all below was synced"),
            DiskState::Corrupted => (old.start, ""),
        };
        (recovery.end < least).then(|| (recovery.end, format!("the log came back up to {} of {least}, and {why}", recovery.end)))
    }
}
