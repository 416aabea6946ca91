//! `committed-kept`: nothing below the true high watermark is ever lost.
//!
//! Promises: whoever may be elected cleanly, each member of the committed ISR and each eligible leader (KIP-966), keeps every
//! committed record at its offset. What a reader was given counts as committed, whatever its leader thought of it.
//! A replica whose disk lost data does not count from `DiskLost` until the controller names it in neither.
//! Of the metadata log: what a leader of the quorum said was committed is never cut off and never committed otherwise.
//!
//! Violated: at a `LogTruncated` or `LogRecovered` of a member of the ISR that takes a committed record away; at a
//! `PartitionChanged` that elects, or takes into the ISR or among the eligible leaders, a replica without one; at a
//! `HighWatermarkAdvanced` over another record than the committed one; and for the metadata log at a `LogTruncated` of a server
//! whose disk is whole, or at a `MetadataCommitted` over another record. (A high watermark that runs ahead of the ISR is `strong-isr`'s alone: here a copy must go,
//! or a candidate come without it.) Companions: `strong-isr`, `leader-completeness`.
//!
//! Not promised: an unclean leader election is allowed (of the metadata log it is promised all the same), or disks may lose more
//! than there are copies for, or all who might have led went down in disorder (KIP-966). Not exercised: no such event while something was committed.

use super::finding::{Finding, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::PartitionFacts;
use crate::ids::{BrokerSet, LeaderEpoch, Offset, ProcessId};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "committed-kept",
    sentence: "Nothing below the true high watermark is ever lost.",
    needs: "changes of the ISR or of a member's log with something committed",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct CommittedKept {
    data: Finding,
    metadata: Finding,
}

impl CommittedKept {
    /// After `LogTruncated` or `LogRecovered`.
    pub(super) fn judge_replica(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId) {
        if ledger.is_candidate(process) {
            let role = if ledger.is_in_sync(process) { "is in the ISR" } else { "is an eligible leader" };
            self.require(scene, ledger, process, role);
        }
    }

    /// Before a `LogTruncated` of the metadata log is written down.
    pub(super) fn judge_metadata_cut(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, to: Offset) {
        let Some(copy) = ledger.copy(scene.event.process).filter(|copy| !copy.is_suspect) else { return };
        self.metadata.judge();
        let kept = copy.agreed().min(ledger.committed_end());
        if to < kept {
            let who = scene.names.process(scene.event.process);
            let place = scene.names.place(ledger.partition, to);
            let detail = format!("{place} was committed (up to {}), and {who} cuts it off", ledger.committed_end());
            self.metadata.violate(scene, Some((ledger.partition, to)), detail);
        }
    }

    /// After `PartitionChanged`: `before` is what was true until now.
    pub(super) fn judge_change(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, before: Option<&PartitionFacts>) {
        let Some(now) = &ledger.facts else { return };
        let old_isr = before.map_or(BrokerSet::EMPTY, |before| before.isr);
        let old_elr = before.map_or(BrokerSet::EMPTY, |before| before.elr);
        if let Some(leader) = now.leader.filter(|leader| before.is_none_or(|before| before.leader != Some(*leader))) {
            self.require(scene, ledger, ProcessId::Broker(leader), "was elected");
        }
        for broker in now.isr.iter().filter(|broker| !old_isr.contains(*broker)) {
            self.require(scene, ledger, ProcessId::Broker(broker), "came into the ISR");
        }
        for broker in now.elr.iter().filter(|broker| !old_elr.contains(*broker)) {
            self.require(scene, ledger, ProcessId::Broker(broker), "became an eligible leader");
        }
    }

    /// After a leader committed over a record that was committed before.
    pub(super) fn judge_conflict(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, (offset, epoch): (Offset, LeaderEpoch)) {
        let who = scene.names.process(scene.event.process);
        let detail =
            format!("{} was committed, and {who} commits another record there", scene.names.place(ledger.partition, offset));
        if ledger.is_given_up(epoch) {
            return self.data.note_unpromised(scene, (ledger.partition, offset), detail);
        }
        let finding = if ledger.is_data() { &mut self.data } else { &mut self.metadata };
        finding.violate(scene, Some((ledger.partition, offset)), detail);
    }

    /// What was found at this moment is the doing of a disk that lied.
    pub(super) fn forgive(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        self.data.forgive(scene.event, ledger.partition);
        self.metadata.forgive(scene.event, ledger.partition);
    }

    /// At the end of the run.
    pub(super) fn finish(mut self, promises: &Promises) -> CheckResult {
        let is_named = promises.named.contains(CLAIM.name);
        if self.metadata.is_violated() {
            return self.metadata.result(&CLAIM, promises.quorum_keeps(), is_named);
        }
        self.data.add(&self.metadata);
        let promise = self.data.unless_beyond(promises.copies_are_kept());
        self.data.result(&CLAIM, promise, is_named)
    }

    fn require(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId, role: &str) {
        if self.data.is_violated() || ledger.committed_end() == Offset::ZERO {
            return;
        }
        self.data.judge();
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
        if ledger.is_beyond_promise {
            return self.data.note_unpromised(scene, (ledger.partition, offset), detail);
        }
        self.data.violate(scene, Some((ledger.partition, offset)), detail);
    }
}
