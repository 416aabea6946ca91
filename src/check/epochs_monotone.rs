//! `epochs-monotone`: epochs never go back.
//!
//! Promises: of one partition, a later version has no earlier leader epoch, and a version says one thing for good, whoever tells
//! it (a deleted topic's successor has another id, so it is another partition); and no server goes back to an earlier epoch of
//! the metadata quorum while it lives, nor does one of its voters across its lives: a vote is on disk before it counts.
//! A disk that was replaced, or that lied about the file of the quorum's state, excuses its server.
//!
//! Violated: at a `PartitionChanged` whose leader epoch is below that of an earlier version or above that of a later one, or
//! which tells a version anew and otherwise; at a `QuorumRoleChanged`, `VoteCast`, `QuorumLeaderElected` or `MetadataCommitted`
//! of a lower quorum epoch than the same server told before. Companions: `single-leader-per-epoch`, `election-safety`.
//!
//! Not exercised: no version of a partition and no quorum epoch followed another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::PartitionFacts;
use crate::ids::{LeaderEpoch, Offset, ProcessId, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim =
    Claim { name: "epochs-monotone", sentence: "Epochs never go back.", needs: "epochs that followed another", advisory: false };

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct EpochsMonotone {
    versions: BTreeMap<TopicPartition, Vec<Arc<PartitionFacts>>>,
    quorum: BTreeMap<ProcessId, LeaderEpoch>,
    voters: BTreeSet<ProcessId>,
    finding: Finding,
}

impl EpochsMonotone {
    /// After `PartitionChanged`, also when it is told once more.
    pub(super) fn judge_partition(&mut self, scene: Scene<'_>, partition: TopicPartition, now: &Arc<PartitionFacts>) {
        let versions = self.versions.entry(partition).or_default();
        let place = match versions.binary_search_by_key(&now.partition_epoch, |known| known.partition_epoch) {
            Ok(place) => {
                if versions.get(place).is_some_and(|known| known != now) {
                    let detail = format!("{}: {} says two things", scene.names.partition(partition), now.partition_epoch);
                    self.finding.violate(scene, Some((partition, Offset::ZERO)), detail);
                }
                return;
            }
            Err(place) => place,
        };
        let before = place.checked_sub(1).and_then(|place| versions.get(place)).map(|known| known.epoch);
        let after = versions.get(place).map(|known| known.epoch);
        versions.insert(place, Arc::clone(now));
        if before.is_some() || after.is_some() {
            self.finding.judge();
        }
        let gone_back = before.filter(|before| *before > now.epoch).map(|before| (before, now.epoch));
        if let Some((high, low)) = gone_back.or(after.filter(|after| *after < now.epoch).map(|after| (now.epoch, after))) {
            let detail = format!("{}: the leader epoch goes back from {high} to {low}", scene.names.partition(partition));
            self.finding.violate(scene, Some((partition, Offset::ZERO)), detail);
        }
    }

    /// After anything a server says in an epoch of the metadata quorum.
    pub(super) fn judge_quorum(&mut self, scene: Scene<'_>, epoch: LeaderEpoch) {
        let process = scene.event.process;
        let known = self.quorum.entry(process).or_insert(epoch);
        if *known == epoch {
            return;
        }
        self.finding.judge();
        if epoch < *known {
            let who = scene.names.process(process);
            let detail = format!("{who} goes back from {known} to {epoch} of the metadata quorum");
            self.finding.violate(scene, None, detail);
        }
        *known = epoch;
    }

    /// A server votes, or did once.
    pub(super) fn note_voter(&mut self, voter: ProcessId) {
        self.voters.insert(voter);
    }

    /// A server's life is over; one that does not vote need not remember the epoch.
    pub(super) fn end_life(&mut self, process: ProcessId) {
        if !self.voters.contains(&process) && !matches!(process, ProcessId::Controller(_)) {
            self.quorum.remove(&process);
        }
    }

    /// A server's disk is another, or has lied about the quorum's state.
    pub(super) fn forget_disk(&mut self, process: ProcessId) {
        self.quorum.remove(&process);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
