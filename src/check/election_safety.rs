//! `election-safety`: the metadata quorum has at most one leader in an epoch.
//!
//! Promises: an epoch of the quorum names one leader, in its own eyes and in those of all who follow. (Two servers may well take
//! themselves for the leader at one time: of different epochs.)
//!
//! Violated: at a `QuorumLeaderElected` or a `QuorumRoleChanged` that gives an epoch to a second server, be it as its
//! leader or as the one it follows. Companions: `metadata-log-matching`, when both wrote; `single-vote-per-epoch`, when somebody
//! voted twice.
//!
//! Not exercised: nobody led the quorum.

use std::collections::BTreeMap;

use super::finding::{Finding, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{LeaderEpoch, ProcessId};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "election-safety",
    sentence: "The metadata quorum has at most one leader in an epoch.",
    needs: "leaders of the quorum",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct ElectionSafety {
    leaders: BTreeMap<LeaderEpoch, ProcessId>,
    finding: Finding,
}

impl ElectionSafety {
    /// After anything that says who leads an epoch of the quorum.
    pub(super) fn judge(&mut self, scene: Scene<'_>, epoch: LeaderEpoch, leader: ProcessId) {
        let first = *self.leaders.entry(epoch).or_insert(leader);
        self.finding.judge();
        if first != leader {
            let (one, other) = (scene.names.process(first), scene.names.process(leader));
            let detail = format!("{epoch} of the metadata quorum belongs to {one}, and {other} leads in it too");
            self.finding.violate(scene, None, detail);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, promises.quorum_keeps(), promises.named.contains(CLAIM.name))
    }
}
