//! `replication-quorum-superset`: the leader's maximal ISR covers the controller's ISR and its eligible leaders.
//!
//! Promises: whoever the controller may elect next without loss is waited for by the leader of the present epoch. The committed
//! ISR grows only by what that leader proposed, and a proposal counts for it from the moment it is made; what the leader has
//! not heard of yet can only be a shrinking. Eligible leaders outside the ISR (KIP-966) must be covered only while the high
//! watermark moves: below `min.insync.replicas` it stands still, and they miss nothing.
//!
//! Violated: at a `PartitionChanged` that takes a replica into the ISR on which the leader of its epoch does not count; at an
//! `IsrAdopted` by which that leader leaves out a member, unless it tells of a later version than the controller has; or at a
//! `HighWatermarkAdvanced` that does not wait for an eligible leader. Companions: none at that event; `strong-isr` and
//! `committed-kept` once the high watermark moves.
//!
//! Not exercised: no leader of a present epoch.
//!
//! Source: ReplicationQuorumSupersetProperty of the TLA+ specifications of KRaft's replication and of KIP-966.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{BrokerSet, Offset};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "replication-quorum-superset",
    sentence: "The leader's maximal ISR covers the controller's ISR and its eligible leaders.",
    needs: "looks at a leader's maximal ISR",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicationQuorumSuperset(Finding);

impl ReplicationQuorumSuperset {
    /// After `PartitionChanged`, `IsrProposed` or `IsrAdopted`.
    pub(super) fn judge_isr(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        self.require(scene, ledger, ledger.isr(), "in the ISR");
    }

    /// After `HighWatermarkAdvanced`.
    pub(super) fn judge_advance(&mut self, scene: Scene<'_>, ledger: &PartitionLedger) {
        let epoch = ledger.facts.as_ref().map(|facts| facts.epoch);
        let leads_now = ledger.copy(scene.event.process).is_some_and(|copy| copy.leads.is_some() && copy.leads == epoch);
        if leads_now {
            self.require(scene, ledger, ledger.candidates(), "eligible to lead");
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }

    fn require(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, wanted: BrokerSet, role: &str) {
        let Some(facts) = &ledger.facts else { return };
        if self.0.is_violated() {
            return;
        }
        let Some(leader) = ledger.copies().iter().find(|copy| copy.leads == Some(facts.epoch)) else { return };
        if leader.quorum.partition_epoch.is_some_and(|known| known > facts.partition_epoch) {
            return; // It knows more than was told: the controller that committed it died before it could tell.
        }
        self.0.judge();
        let Some(missing) = wanted.iter().find(|broker| !leader.quorum.maximal.contains(*broker)) else { return };
        let detail = format!(
            "{}: {missing} is {role} (ISR {}, eligible {}), and {}, which leads {}, waits for {} only",
            scene.names.partition(ledger.partition),
            facts.isr,
            facts.elr,
            scene.names.process(leader.process),
            facts.epoch,
            leader.quorum.maximal,
        );
        self.0.violate(scene, Some((ledger.partition, Offset::ZERO)), detail);
    }
}
