//! `acks-all-durable`: no record acknowledged to an acks=all producer is lost.
//!
//! Promises: an acknowledged record stands at its offset in the log of every later leader, for as long as log starts
//! have not passed it.
//!
//! Violated: at the first `BecameLeader` (of the newest epoch; a straggler that acts on old metadata serves nobody), or
//! `LogRecovered` of a replica that is the whole committed ISR, whose log lacks, or has another record at, an acknowledged
//! offset; or at a `SendAcknowledged` that arrives when such a leader stands already.
//!
//! At risk: the run ends and an acknowledged record is on fewer than two live replicas, although there should be more.
//!
//! Not promised: no producer asks for acks=all, an unclean leader election is allowed, disks may lose more than there are
//! copies for, or all who might have led went down in disorder (KIP-966). Not exercised: nothing was acknowledged.

use super::acked::{Acked, AckedRecord};
use super::finding::{Promise, Scene};
use super::ledger::{Ledger, PartitionLedger};
use super::liveness::Liveness;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::Acks;
use crate::ids::{ProcessId, TopicPartition};
use crate::trace::Names;

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "acks-all-durable",
    sentence: "No record acknowledged to an acks=all producer is lost.",
    needs: "acknowledgements of acks=all",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct AcksAllDurable(Acked);

impl AcksAllDurable {
    /// After `SendAcknowledged`.
    pub(super) fn acknowledge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, record: AckedRecord) {
        if record.acks == Acks::All {
            self.0.acknowledge(scene, ledger, record);
        }
    }

    /// After the committed log grew.
    pub(super) fn settle(&mut self, ledger: &PartitionLedger) {
        self.0.settle(ledger);
    }

    /// After `BecameLeader` of the newest epoch, or `LogRecovered` of the whole ISR.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, process: ProcessId, role: &str) {
        self.0.judge(scene, ledger, process, role);
    }

    /// The partition is deleted.
    pub(super) fn forget(&mut self, partition: TopicPartition) {
        self.0.forget(partition);
    }

    /// At the end of the run.
    pub(super) fn finish(mut self, promises: &Promises, ledger: &Ledger, live: &Liveness, names: &Names) -> CheckResult {
        self.0.judge_end(ledger, live, names);
        let promise = if promises.acks.contains(&Acks::All) {
            self.0.finding.unless_beyond(promises.copies_are_kept())
        } else {
            Promise::when(false, "no producer asks for acks=all")
        };
        self.0.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }
}
