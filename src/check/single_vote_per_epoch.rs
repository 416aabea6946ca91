//! `single-vote-per-epoch`: a voter gives one vote an epoch, across restarts.
//!
//! Promises: who voted in an epoch of the quorum has it on disk before anybody hears of it, and votes for nobody else in that epoch. A
//! voter is a server with its directory (KIP-853): on a new disk it is another, unless voters are known by number only
//! (`voter-uuid = off`), where a replaced disk makes a server vote twice. A disk that lied about the quorum's state is excused.
//!
//! Violated: at a `VoteCast` for another candidate than the same voter voted for in that epoch. Companion: `election-safety`,
//! when both won.
//!
//! Not exercised: nobody voted.

use std::collections::BTreeMap;

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::ids::{LeaderEpoch, ProcessId, VoterKey};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "single-vote-per-epoch",
    sentence: "A voter gives one vote an epoch, across restarts.",
    needs: "votes",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct SingleVotePerEpoch {
    votes: BTreeMap<(ProcessId, LeaderEpoch), VoterKey>,
    known_by_disk: bool,
    finding: Finding,
}

impl SingleVotePerEpoch {
    /// For a run that promises this.
    pub(super) fn new(promises: &Promises) -> Self {
        Self { known_by_disk: promises.variants.voter_uuid.is_on(), ..Self::default() }
    }

    /// After `VoteCast`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, epoch: LeaderEpoch, candidate: VoterKey) {
        let voter = scene.event.process;
        self.finding.judge();
        let first = *self.votes.entry((voter, epoch)).or_insert(candidate);
        if first != candidate {
            let who = scene.names.process(voter);
            let (one, other) = (scene.names.process(first.voter), scene.names.process(candidate.voter));
            let detail = format!("{who} voted for {one} in {epoch} of the metadata quorum, and votes for {other} in it too");
            self.finding.violate(scene, None, detail);
        }
    }

    /// A server's disk is another now.
    pub(super) fn replace_disk(&mut self, process: ProcessId) {
        if self.known_by_disk {
            self.forget_votes(process);
        }
    }

    /// A server's disk has lied about the quorum's state: what it voted is not held against it.
    pub(super) fn forget_votes(&mut self, process: ProcessId) {
        self.votes.retain(|(voter, _), _| *voter != process);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
