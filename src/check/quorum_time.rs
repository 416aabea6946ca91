//! For how long the metadata quorum had no leader, or more than one that took itself for it; and how often its voters changed.
//!
//! Two leaders at one time break nothing by themselves: they are of different epochs, and only one can commit. How long the
//! older one goes on answering is what KAFKA-15489 is about, so it is measured.
//!
//! Invariant: at any event, the spans before it are in the counts, up to the last change of who leads.
//!
//! Called by: `Checks`, with the facts of the quorum and of the lives of processes.

use std::collections::BTreeSet;

use super::counts::Counts;
use crate::event::{QuorumRole, VoterSetFacts};
use crate::ids::{LeaderEpoch, Offset, ProcessId};
use crate::time::Instant;

/// Who leads the quorum in its own eyes, and since when that is so.
#[derive(Clone, Debug, Default)]
pub(super) struct QuorumTime {
    leaders: BTreeSet<ProcessId>,
    since: Instant,
    voter_sets: BTreeSet<(Offset, LeaderEpoch)>,
}

impl QuorumTime {
    /// A server plays this role from here on.
    pub(super) fn change_role(&mut self, at: Instant, (process, role): (ProcessId, QuorumRole), counts: &mut Counts) {
        match role {
            QuorumRole::Leader => self.begin(at, process, counts),
            QuorumRole::Unattached
            | QuorumRole::Prospective
            | QuorumRole::Candidate
            | QuorumRole::Follower
            | QuorumRole::Resigned => self.end(at, process, counts),
        }
    }

    /// A server leads from here on.
    pub(super) fn begin(&mut self, at: Instant, process: ProcessId, counts: &mut Counts) {
        if !self.leaders.contains(&process) {
            self.count_until(at, counts);
            self.leaders.insert(process);
        }
    }

    /// A server leads no more, if it did: it knows better, or it is dead.
    pub(super) fn end(&mut self, at: Instant, process: ProcessId, counts: &mut Counts) {
        if self.leaders.contains(&process) {
            self.count_until(at, counts);
            self.leaders.remove(&process);
        }
    }

    /// Whether some live server takes itself for the leader.
    pub(super) fn is_led(&self) -> bool {
        !self.leaders.is_empty()
    }

    /// Counts the time since the last change.
    pub(super) fn count_until(&mut self, at: Instant, counts: &mut Counts) {
        let span = at.0.saturating_sub(self.since.0);
        match self.leaders.len() {
            0 => counts.leaderless_us += span,
            1 => {}
            _ => counts.rival_leader_us += span,
        }
        self.since = at;
    }

    /// A server's copy of the metadata log names these voters. Each set counts once, wherever it is heard of first.
    pub(super) fn change_voters(&mut self, voters: &VoterSetFacts, counts: &mut Counts) {
        if voters.offset > Offset::ZERO && self.voter_sets.insert((voters.offset, voters.epoch)) {
            counts.voter_changes += 1;
        }
    }
}
