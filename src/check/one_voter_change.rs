//! `one-voter-change`: the voters of the quorum change one at a time.
//!
//! Promises: any majority of one committed set of voters meets any majority of the next, because they differ in one voter at most
//! (KIP-853); and no leader writes down a second change before the first is committed. A server on a new disk is another voter,
//! so to replace it takes two changes.
//!
//! Violated: at a `MetadataCommitted` by which a set of voters becomes the committed one that differs from the one before in more
//! than one voter; or at a `VotersChanged` of a leader in its own epoch, while an earlier change in its log is not committed.
//! Companions: `leader-completeness`, `committed-kept`, once two majorities have not met.
//!
//! Not exercised: the voters never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::VoterSetFacts;
use crate::ids::{LeaderEpoch, Offset, ProcessId, VoterKey};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "one-voter-change",
    sentence: "The voters of the quorum change one at a time.",
    needs: "changes of the voters",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct OneVoterChange {
    /// The sets of voters that each server's log names, in the order of their offsets.
    sets: BTreeMap<ProcessId, Vec<Arc<VoterSetFacts>>>,
    committed: Option<Arc<VoterSetFacts>>,
    committed_end: Offset,
    leader: BTreeMap<ProcessId, LeaderEpoch>,
    finding: Finding,
}

impl OneVoterChange {
    /// After a server became the leader of the quorum.
    pub(super) fn lead(&mut self, process: ProcessId, epoch: LeaderEpoch) {
        self.leader.insert(process, epoch);
    }

    /// After `VotersChanged`.
    pub(super) fn adopt(&mut self, scene: Scene<'_>, now: &Arc<VoterSetFacts>) {
        let process = scene.event.process;
        if now.offset == Offset::ZERO {
            self.committed.get_or_insert_with(|| Arc::clone(now));
        }
        let sets = self.sets.entry(process).or_default();
        while sets.pop_if(|known| known.offset >= now.offset).is_some() {}
        sets.push(Arc::clone(now));
        if self.leader.get(&process) != Some(&now.epoch) || now.offset == Offset::ZERO {
            return;
        }
        self.finding.judge();
        let is_open = |set: &&Arc<VoterSetFacts>| set.offset >= self.committed_end && set.offset > Offset::ZERO;
        let open: Vec<Offset> = sets.iter().filter(is_open).map(|set| set.offset).collect();
        if let [first, .., second] = open.as_slice() {
            let who = scene.names.process(process);
            let detail = format!(
                "{who} changes the voters at offset {second} of the metadata log, and its change at {first} is not committed"
            );
            self.finding.violate(scene, None, detail);
        }
    }

    /// After `MetadataCommitted`.
    pub(super) fn commit(&mut self, scene: Scene<'_>, end: Offset) {
        let sets = self.sets.get(&scene.event.process).map_or(&[][..], Vec::as_slice);
        let newly = sets.iter().filter(|set| set.offset >= self.committed_end && set.offset < end);
        for set in newly {
            let before = self.committed.replace(Arc::clone(set));
            let Some(before) = before.filter(|before| before.offset < set.offset || before.epoch != set.epoch) else { continue };
            self.finding.judge();
            let changes = difference(&before.voters, &set.voters);
            if changes > 1 {
                let detail = format!(
                    "the voters committed at offset {} of the metadata log differ from those before in {changes}",
                    set.offset
                );
                self.finding.violate(scene, None, detail);
            }
        }
        self.committed_end = self.committed_end.max(end);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}

/// How many voters are in one set and not in the other.
fn difference(one: &[VoterKey], other: &[VoterKey]) -> usize {
    let only = |these: &[VoterKey], those: &[VoterKey]| these.iter().filter(|voter| !those.contains(voter)).count();
    only(one, other) + only(other, one)
}
