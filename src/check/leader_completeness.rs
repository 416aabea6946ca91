//! `leader-completeness`: a new leader holds everything committed before.
//!
//! Promises: what a leader of an earlier epoch committed is in the log of every leader of a later one (Raft's property of
//! that name; in Kafka it follows from electing only out of the ISR). The same of the metadata log and the leaders of its quorum.
//!
//! Violated: at a `BecameLeader` or `QuorumLeaderElected` whose log is not the committed log up to where leaders of earlier epochs
//! committed; or at a `HighWatermarkAdvanced` or `MetadataCommitted` of an old leader beyond what the newest one has.
//! Companions: `acks-all-durable` and `any-ack-durable`, when the record was acknowledged; `committed-kept` and `strong-isr`.
//!
//! Not promised: an unclean leader election is allowed (of the quorum it is promised all the same), or disks may lose more than
//! there are copies for, or all who might have led went down in disorder (KIP-966). Not exercised: no leader followed another.

use super::finding::{Finding, Scene};
use super::ledger::PartitionLedger;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{LeaderEpoch, Offset, ProcessId};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "leader-completeness",
    sentence: "A new leader holds everything committed before.",
    needs: "leaders that followed another",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaderCompleteness {
    data: Finding,
    metadata: Finding,
}

impl LeaderCompleteness {
    /// After `BecameLeader` or `QuorumLeaderElected`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, leader: ProcessId, epoch: LeaderEpoch) {
        if epoch == LeaderEpoch::ZERO || (!ledger.is_data() && ledger.committed_end() == Offset::ZERO) {
            return;
        }
        self.finding(ledger).judge();
        self.require(scene, ledger, (leader, epoch), ledger.committed_before(epoch));
    }

    /// After the leader of `epoch` committed all below `end`: a later leader must have it, if there is one already.
    pub(super) fn judge_commit(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, epoch: LeaderEpoch, end: Offset) {
        if let Some((leader, _)) = ledger.newest_leader.filter(|(_, newest)| *newest > epoch) {
            self.require(scene, ledger, (leader, epoch), end);
        }
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

    fn finding(&mut self, ledger: &PartitionLedger) -> &mut Finding {
        if ledger.is_data() { &mut self.data } else { &mut self.metadata }
    }

    fn require(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, (leader, epoch): (ProcessId, LeaderEpoch), end: Offset) {
        let Some(copy) = ledger.copy(leader) else { return };
        if copy.agreed() >= end || self.finding(ledger).is_violated() {
            return;
        }
        let offset = copy.agreed();
        let detail = format!(
            "{} was committed (up to {end}) before {} led, whose log {}",
            scene.names.place(ledger.partition, offset),
            scene.names.process(leader),
            if offset < copy.end() { "has another record there".to_owned() } else { format!("ends at {offset}") },
        );
        if ledger.is_given_up(epoch) {
            return self.data.note_unpromised(scene, (ledger.partition, offset), detail);
        }
        self.finding(ledger).violate(scene, Some((ledger.partition, offset)), detail);
    }
}
