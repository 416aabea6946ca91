//! Who votes: the set, its form in the log, and which set counted from which offset on.
//!
//! Invariant: a set counts from the moment it is appended, committed or not, and when the log is cut below it the one before
//! counts again. Sets are in ascending order and never empty.
//!
//! Source: KIP-853; Kafka's `VoterSet`, `VoterSetHistory`.
//!
//! Called by: [`super::metadata_log`], which keeps the history beside the log; [`super::node`], which asks who votes.

use std::sync::Arc;

use crate::error::Fault;
use crate::event::VoterSetFacts;
use crate::ids::{DirectoryId, LeaderEpoch, Offset, ProcessId, VoterKey};
use crate::record::control::{ControlRecord, ControlVoter};

use super::{server, voter_number};

/// The directory of every initial voter: the life that formatted its disk is the first.
const FIRST_DIRECTORY: DirectoryId = DirectoryId(1);

/// Everybody who votes, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoterSet(Vec<VoterKey>);

impl VoterSet {
    /// The voters that a quorum begins with, known by their directories or not.
    #[must_use]
    pub fn initial(voters: &[ProcessId], by_directory: bool) -> Self {
        let directory = by_directory.then_some(FIRST_DIRECTORY);
        let mut voters: Vec<VoterKey> = voters.iter().map(|voter| VoterKey { voter: *voter, directory }).collect();
        voters.sort_unstable();
        Self(voters)
    }

    /// The voters.
    pub fn iter(&self) -> impl Iterator<Item = VoterKey> {
        self.0.iter().copied()
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody votes, which no set in force says.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this very voter, directory included, is in it.
    #[must_use]
    pub fn contains(&self, key: VoterKey) -> bool {
        self.0.binary_search(&key).is_ok()
    }

    /// The voter of this number, whatever its directory.
    #[must_use]
    pub fn get(&self, voter: ProcessId) -> Option<VoterKey> {
        self.0.iter().find(|key| key.voter == voter).copied()
    }

    /// The set with one more voter, in place of the one of that number if there is one.
    #[must_use]
    pub fn with(&self, key: VoterKey) -> Self {
        let mut voters = self.without(key.voter).0;
        voters.push(key);
        voters.sort_unstable();
        Self(voters)
    }

    /// The set without the voter of this number.
    #[must_use]
    pub fn without(&self, voter: ProcessId) -> Self {
        Self(self.iter().filter(|key| key.voter != voter).collect())
    }

    /// Its record.
    #[must_use]
    pub(super) fn record(&self) -> ControlRecord {
        let of = |key: &VoterKey| ControlVoter {
            id: i32::from(voter_number(key.voter).0),
            directory: key.directory.map(|directory| directory.0),
        };
        ControlRecord::Voters { voters: self.0.iter().map(of).collect() }
    }

    /// What a record says. Errors: [`Fault::Corrupt`] for a node id that no server has.
    pub(super) fn of_record(voters: &[ControlVoter]) -> Result<Self, Fault> {
        let of = |voter: &ControlVoter| Ok(VoterKey { voter: server(voter.id)?, directory: voter.directory.map(DirectoryId) });
        let mut voters: Vec<VoterKey> = voters.iter().map(of).collect::<Result<_, Fault>>()?;
        voters.sort_unstable();
        Ok(Self(voters))
    }
}

/// A set, and since where it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VoterEntry {
    /// The offset of its record; 0 for the initial set.
    pub offset: Offset,
    /// The epoch it was written in.
    pub epoch: LeaderEpoch,
    /// The set.
    pub voters: VoterSet,
}

impl VoterEntry {
    /// The initial set.
    pub(super) fn initial(voters: VoterSet) -> Self {
        Self { offset: Offset::ZERO, epoch: LeaderEpoch::ZERO, voters }
    }

    /// As the trace tells it.
    pub(super) fn facts(&self) -> VoterSetFacts {
        VoterSetFacts { offset: self.offset, epoch: self.epoch, voters: self.voters.0.clone() }
    }
}

/// The sets in the order of their offsets, of which the last counts.
#[derive(Clone, Debug)]
pub(super) struct VoterHistory {
    entries: Vec<Arc<VoterEntry>>,
}

impl VoterHistory {
    /// Begins with the set that counts where the log begins.
    pub(super) fn new(first: VoterEntry) -> Self {
        Self { entries: vec![Arc::new(first)] }
    }

    /// The one that counts.
    pub(super) fn latest(&self) -> &Arc<VoterEntry> {
        self.entries.last().expect("a history begins with a set and never loses its first")
    }

    /// The one that counted below `end`.
    pub(super) fn at(&self, end: Offset) -> &Arc<VoterEntry> {
        let below = self.entries.iter().rev().find(|entry| entry.offset < end);
        below.or(self.entries.first()).expect("a history begins with a set and never loses its first")
    }

    /// A set was appended.
    pub(super) fn push(&mut self, entry: VoterEntry) {
        assert!(entry.offset >= self.latest().offset, "sets follow each other in the log");
        self.entries.push(Arc::new(entry));
    }

    /// The log was cut: what lies at `end` or beyond no longer counts.
    pub(super) fn truncate(&mut self, end: Offset) {
        while self.entries.len() > 1 && self.latest().offset >= end {
            self.entries.pop();
        }
    }

    /// Forgets the sets that were replaced before `start`.
    pub(super) fn trim(&mut self, start: Offset) {
        while self.entries.get(1).is_some_and(|next| next.offset < start) {
            self.entries.remove(0);
        }
    }
}
