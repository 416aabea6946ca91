//! `single-leader-per-epoch`: a partition has at most one leader in an epoch.
//!
//! Promises: an epoch names a leader, so that a record's epoch names who wrote it. (Two brokers may well act as leaders at
//! one time: of different epochs.)
//!
//! Violated: at a `BecameLeader`, `RecordsAppended` or committed `PartitionChanged` that gives an epoch to a second broker.
//! Companion: `log-matching`, when both wrote in it.
//!
//! Not exercised: nobody became a leader.

use std::collections::BTreeMap;

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{LeaderEpoch, Offset, ProcessId, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "single-leader-per-epoch",
    sentence: "A partition has at most one leader in an epoch.",
    needs: "leaderships",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct SingleLeaderPerEpoch {
    leaders: BTreeMap<(TopicPartition, LeaderEpoch), ProcessId>,
    newest: BTreeMap<TopicPartition, (LeaderEpoch, ProcessId)>,
    finding: Finding,
}

impl SingleLeaderPerEpoch {
    /// After anything that says who leads an epoch.
    pub(super) fn judge(&mut self, scene: Scene<'_>, partition: TopicPartition, epoch: LeaderEpoch, leader: ProcessId) {
        if self.newest.get(&partition) == Some(&(epoch, leader)) || partition == TopicPartition::METADATA {
            return;
        }
        self.finding.judge();
        self.newest.insert(partition, (epoch, leader));
        let first = *self.leaders.entry((partition, epoch)).or_insert(leader);
        if first != leader {
            let (one, other) = (scene.names.process(first), scene.names.process(leader));
            let detail = format!("{}: {epoch} belongs to {one}, and {other} leads in it too", scene.names.partition(partition));
            self.finding.violate(scene, Some((partition, Offset::ZERO)), detail);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
