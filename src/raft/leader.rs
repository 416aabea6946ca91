//! What the leader of the metadata quorum knows besides its log: how far everybody is, who fetches, what waits.
//!
//! Invariant: `high_watermark` only grows; it covers nothing that is not synced on a majority of the voters, and nothing at
//! all before the first record of the leader's own epoch is.
//!
//! Source: KIP-595; Kafka's `LeaderState`, `BatchAccumulator`. KIP-1166: a fetch that finds no new records is answered at
//! once if its sender has not heard of the present high watermark, and parked otherwise.
//!
//! Called by: [`super::leading`], [`super::membership`].
//!
//! Kafka differs: a sender's knowledge of the high watermark is kept here per connection, where KIP-1166 puts it into the
//! request; the leader advances after its sync, where Kafka's lets a single voter's count before.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::quorum;
use super::voters::VoterSet;
use crate::context::ReplyTo;
use crate::event::ConnectionNumber;
use crate::ids::{Offset, ProcessId, Step, VoterKey};
use crate::protocol::FetchPartition;
use crate::time::{Instant, Trail};

/// A leader.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    /// The offset of the epoch's first record.
    pub epoch_start: Offset,
    /// Records that wait to be written together.
    pub pending: Vec<Bytes>,
    /// Everybody who fetched, voters and observers.
    pub replicas: BTreeMap<VoterKey, Progress>,
    /// Up to where (excluded) the log is committed, once that is known in this epoch.
    pub high_watermark: Option<Offset>,
    /// Which voters have not yet shown that they know who leads.
    pub untold: BTreeSet<ProcessId>,
    /// Which voters fetched since the last time a majority had.
    pub fetchers: BTreeSet<ProcessId>,
    pub parked: BTreeMap<Asker, ParkedFetch>,
    /// Which high watermark each follower was told last, on which connection.
    pub told: BTreeMap<ProcessId, (ConnectionNumber, Option<Offset>)>,
    /// A voter to be added that has not caught up yet.
    pub joining: Option<Joining>,
    /// Changes of the voters that are in the log and not yet committed.
    pub changes: Vec<VoterChange>,
}

/// An advance of the committed end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Everything below counts.
    pub end: Offset,
    /// The event that told it: at the leader that it is committed, elsewhere the message that said so.
    pub step: Step,
}

/// One connection of one follower.
pub(super) type Asker = (ProcessId, ConnectionNumber);

/// How far a replica is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// It holds everything below; a voter has it synced.
    pub end: Offset,
    /// When it fetched last.
    pub fetched_at: Instant,
    /// The leader's log end at that time.
    pub leader_end_then: Offset,
    /// It once held all that the leader held when it fetched the time before.
    pub is_caught_up: bool,
}

/// A fetch that found nothing new.
#[derive(Clone, Copy, Debug)]
pub(super) struct ParkedFetch {
    pub reply_to: ReplyTo,
    pub item: FetchPartition,
    pub max_bytes: u32,
}

/// Somebody to be added as a voter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joining {
    pub voter: VoterKey,
    pub reply_to: ReplyTo,
    pub trail: Trail,
}

/// A change of the voters that waits for its commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct VoterChange {
    /// Everything below must be committed.
    pub end: Offset,
    pub kind: ChangeKind,
    pub reply_to: ReplyTo,
}

/// Which request asked for a change of the voters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Add,
    Remove,
    Update,
}

impl Leader {
    /// The leader of a new epoch, which is on disk already and begins at `epoch_start`.
    pub(super) fn new(epoch_start: Offset, others: BTreeSet<ProcessId>) -> Self {
        Self {
            epoch_start,
            pending: Vec::new(),
            replicas: BTreeMap::new(),
            high_watermark: None,
            untold: others,
            fetchers: BTreeSet::new(),
            parked: BTreeMap::new(),
            told: BTreeMap::new(),
            joining: None,
            changes: Vec::new(),
        }
    }

    /// A replica fetches at `offset`: it holds all below. Returns whether it caught up with this.
    pub(super) fn note_fetch(&mut self, replica: VoterKey, offset: Offset, log_end: Offset, now: Instant) -> bool {
        let fresh = Progress { end: Offset::ZERO, fetched_at: now, leader_end_then: log_end, is_caught_up: false };
        let progress = self.replicas.entry(replica).or_insert(fresh);
        let had_caught_up = progress.is_caught_up;
        progress.is_caught_up |= offset >= progress.leader_end_then;
        progress.end = offset;
        progress.fetched_at = now;
        progress.leader_end_then = log_end;
        progress.is_caught_up && !had_caught_up
    }

    /// A voter shows that it follows. Returns whether a majority has now, since the last time one had.
    pub(super) fn note_follower(&mut self, voter: ProcessId, needed: usize) -> bool {
        self.untold.remove(&voter);
        self.fetchers.insert(voter);
        let is_majority = self.fetchers.len() >= needed;
        if is_majority {
            self.fetchers.clear();
        }
        is_majority
    }

    /// The committed end that follows from what the voters hold, of which the leader itself holds `own`.
    pub(super) fn committed_end(&self, voters: &VoterSet, me: VoterKey, own: Offset) -> Option<Offset> {
        let of_voter = |voter: VoterKey| match self.replicas.get(&voter) {
            _ if voter == me => own,
            Some(progress) => progress.end,
            None => Offset::ZERO,
        };
        quorum::committed_end(voters.iter().map(of_voter).collect(), self.epoch_start)
    }

    /// The other voters, the one furthest in the log first.
    pub(super) fn successors(&self, voters: &VoterSet, me: ProcessId) -> Vec<ProcessId> {
        let end = |voter: &VoterKey| self.replicas.get(voter).map(|progress| progress.end).unwrap_or_default();
        let mut others: Vec<VoterKey> = voters.iter().filter(|voter| voter.voter != me).collect();
        others.sort_by_key(|voter| (std::cmp::Reverse(end(voter)), voter.voter));
        others.into_iter().map(|voter| voter.voter).collect()
    }
}
