//! `any-ack-durable`: no acknowledged record at all is lost.
//!
//! Promises: nothing. acks=1 confirms the leader's own append and no more, so this is advisory: it shows what that costs
//! and decides only where the expectation names it. acks=0 is no acknowledgement: nobody answered.
//!
//! Violated: as `acks-all-durable`, for records acknowledged with acks=1 or acks=all (companion: `acks-all-durable`, when
//! the record was acknowledged with acks=all).
//!
//! At risk: as `acks-all-durable`. Not exercised: nothing was acknowledged.

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
    name: "any-ack-durable",
    sentence: "No acknowledged record at all is lost (advisory: acks=1 does not promise it).",
    needs: "acknowledgements",
    advisory: true,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct AnyAckDurable(Acked);

impl AnyAckDurable {
    /// After `SendAcknowledged`.
    pub(super) fn acknowledge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, record: AckedRecord) {
        if record.acks != Acks::None {
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
        let promise = self.0.finding.unless_beyond(Promise::MADE);
        self.0.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }
}
