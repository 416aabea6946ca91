//! What a server of the quorum has in every role, and the one place where it changes its role.
//!
//! Invariant: `enter` is the only writer of role and quorum state: it writes the state down first, if it changed, and tells
//! the change. The state's epoch never falls.
//!
//! Called by: [`super::node`]. Source: Kafka's `QuorumState`, `KafkaRaftClient`.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::download::Download;
use super::leader::{Asker, Commit, Leader};
use super::metadata_log::MetadataLog;
use super::outside::{RaftNews, RaftSetup};
use super::peers::Peers;
use super::state::{QuorumState, directory_id};
use super::voters::VoterSet;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::Context;
use crate::error::Fault;
use crate::event::{QuorumRole, RaftFact, ResignReason};
use crate::ids::{LeaderEpoch, Offset, ProcessId, VoterKey};
use crate::time::{Duration, Timers};

/// A server of the quorum that has started.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub setup: Arc<RaftSetup>,
    /// Itself, with its directory where voters are known by it.
    pub me: VoterKey,
    /// As it lies on the disk.
    pub state: QuorumState,
    pub role: Role,
    pub log: MetadataLog,
    /// Up to where (excluded) it knows the log to be committed; kept over all changes of role.
    pub high_watermark: Offset,
    pub peers: Peers,
    pub timers: Timers<RaftTimer>,
    pub news: Vec<RaftNews>,
    /// The snapshot interval has passed.
    pub is_snapshot_due: bool,
}

/// What a server is in the quorum, with what belongs to that.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// It knows no leader.
    Unattached(Seeker),
    /// It asks whether it would win.
    Prospective(Ballot),
    /// It stands.
    Candidate(Ballot),
    /// It leads.
    Leader(Box<Leader>),
    /// It follows.
    Follower(Follower),
    /// It led.
    Resigned(Resigned),
}

/// Without a leader, an observer asks one voter after another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seeker {
    pub next_voter: usize,
}

/// The votes so far, or what voters said they would vote.
#[derive(Clone, Debug)]
pub(super) struct Ballot {
    pub granted: BTreeSet<ProcessId>,
    pub refused: BTreeSet<ProcessId>,
}

/// A follower of the leader that the state names.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    pub leader: ProcessId,
    /// The leader answered a fetch in this epoch, and was not heard to resign: its followers do not help to depose it.
    pub has_fetched: bool,
    pub download: Option<Download>,
    /// An observer that cannot reach the leader asks the voters in turn.
    pub next_voter: usize,
}

/// A leader that gave up, until somebody else leads.
#[derive(Clone, Debug)]
pub(super) struct Resigned {
    /// Who should stand, the one furthest in the log first.
    pub successors: Vec<ProcessId>,
    /// Who has not yet confirmed to know.
    pub untold: BTreeSet<ProcessId>,
}

/// What a server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RaftTimer {
    /// The election time-out.
    Election,
    /// The leader was not heard for too long.
    Fetch,
    /// No majority fetched for too long.
    CheckQuorum,
    /// Records were gathered for long enough.
    Write,
    /// A parked fetch has waited for long enough.
    Parked(Asker),
    /// A change of the voters takes too long.
    VoterChange,
    /// A snapshot is due by age.
    Snapshot,
    /// A peer's answer is late.
    Answer(ProcessId),
    /// A peer was left alone for long enough.
    Retry(ProcessId),
}

impl Role {
    pub(super) fn kind(&self) -> QuorumRole {
        match self {
            Self::Unattached(_) => QuorumRole::Unattached,
            Self::Prospective(_) => QuorumRole::Prospective,
            Self::Candidate(_) => QuorumRole::Candidate,
            Self::Leader(_) => QuorumRole::Leader,
            Self::Follower(_) => QuorumRole::Follower,
            Self::Resigned(_) => QuorumRole::Resigned,
        }
    }
}

impl Ballot {
    /// One's own vote is the first.
    fn of(me: ProcessId) -> Self {
        Self { granted: BTreeSet::from([me]), refused: BTreeSet::new() }
    }
}

impl Member {
    /// Reads back what an earlier life left. Errors: those of the disk.
    pub(super) fn open(setup: Arc<RaftSetup>, cx: &mut Context<'_>) -> Result<Self, Fault> {
        let by_directory = setup.variants.voter_uuid.is_on();
        let directory = directory_id(setup.variants.folder_sync, cx)?;
        let me = VoterKey { voter: setup.me, directory: by_directory.then_some(directory) };
        let mut state = QuorumState::read(cx)?;
        let initial = VoterSet::initial(&setup.voters, by_directory);
        let mut log = MetadataLog::open(initial, &setup.config, setup.variants.folder_sync, cx)?;
        log.flush(cx)?; // what an earlier life left unsynced must be on disk before anybody is told of it
        let last_epoch = log.reach().0.unwrap_or_default();
        if state.epoch < last_epoch {
            state = QuorumState { epoch: last_epoch, leader: None, voted_for: None };
        }
        let committed = log.newest_snapshot().map_or(Offset::ZERO, |newest| newest.end);
        Ok(Self {
            setup,
            me,
            state,
            role: Role::Unattached(Seeker::default()),
            log,
            high_watermark: committed,
            peers: Peers::default(),
            timers: Timers::default(),
            news: Vec::new(),
            is_snapshot_due: false,
        })
    }

    /// Takes up the role that follows from the state on the disk.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        cx.emit(RaftFact::VotersChanged { voters: Arc::new(self.log.voters().facts()) });
        if let Some(newest) = self.log.newest_snapshot() {
            self.news.push(RaftNews::SnapshotLoaded { end: newest.end });
        }
        self.arm_snapshot_timer(cx);
        let QuorumState { epoch, leader, voted_for } = self.state;
        if self.is_voter() && self.log.voters().voters.len() == 1 {
            return self.stand(cx);
        }
        match leader {
            Some(leader) if leader == self.me.voter && self.is_voter() => {
                self.enter(Role::Resigned(Resigned { successors: Vec::new(), untold: self.other_voters() }), self.state, cx)?;
                self.arm_election_timer(cx);
                Ok(())
            }
            Some(leader) if leader != self.me.voter => self.become_follower(epoch, leader, cx),
            Some(_) | None if voted_for == Some(self.me) && self.is_voter() => {
                self.enter(Role::Candidate(Ballot::of(self.me.voter)), self.state, cx)?;
                self.arm_election_timer(cx);
                Ok(())
            }
            Some(_) | None => self.become_unattached(epoch, cx),
        }
    }

    /// Whether it votes, as its own copy of the log says.
    pub(super) fn is_voter(&self) -> bool {
        self.log.voters().voters.contains(self.me)
    }

    /// Everybody else who votes.
    pub(super) fn other_voters(&self) -> BTreeSet<ProcessId> {
        self.log.voters().voters.iter().map(|key| key.voter).filter(|voter| *voter != self.me.voter).collect()
    }

    /// Who leads the present epoch, as far as it knows.
    pub(super) fn leader(&self) -> Option<ProcessId> {
        match self.role {
            Role::Resigned(_) => None,
            Role::Unattached(_) | Role::Prospective(_) | Role::Candidate(_) | Role::Leader(_) | Role::Follower(_) => {
                self.state.leader
            }
        }
    }

    /// The offset that the next appended record gets.
    pub(super) fn next_offset(&self) -> Offset {
        match &self.role {
            Role::Leader(leader) => self.log.end().plus(leader.pending.len() as u64),
            Role::Unattached(_) | Role::Prospective(_) | Role::Candidate(_) | Role::Follower(_) | Role::Resigned(_) => {
                self.log.end()
            }
        }
    }

    /// The one place where role and state change: written down, then true, then told.
    fn enter(&mut self, role: Role, state: QuorumState, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(state.epoch >= self.state.epoch, "the quorum epoch never falls");
        if state != self.state {
            state.write(self.setup.variants.folder_sync, cx)?;
        }
        let before = (self.role.kind(), self.state.epoch, self.leader());
        let old_epoch = mem::replace(&mut self.state, state).epoch;
        let old_role = mem::replace(&mut self.role, role);
        self.peers.forget_requests();
        self.timers = Timers::default();
        self.arm_snapshot_timer(cx);
        let now = (self.role.kind(), self.state.epoch, self.leader());
        if now != before {
            cx.emit(RaftFact::QuorumRoleChanged { role: now.0, epoch: now.1, leader: now.2 });
        }
        if let Role::Leader(leader) = old_role {
            self.news.push(RaftNews::StoppedLeading { epoch: old_epoch });
            self.dismiss(*leader, cx);
        }
        Ok(())
    }

    /// No leader is known in this epoch. What is left of the election time-out is kept.
    pub(super) fn become_unattached(&mut self, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Result<(), Fault> {
        let left = self.timers.due(&RaftTimer::Election).filter(|_| epoch > self.state.epoch);
        let same = QuorumState { leader: None, ..self.state };
        let state = if epoch > self.state.epoch { QuorumState { epoch, leader: None, voted_for: None } } else { same };
        self.enter(Role::Unattached(Seeker::default()), state, cx)?;
        match left {
            Some(due) if self.is_voter() => self.timers.set(RaftTimer::Election, due, cx.trail()),
            Some(_) | None => self.arm_election_timer(cx),
        }
        Ok(())
    }

    /// Follows the leader of an epoch.
    pub(super) fn become_follower(&mut self, epoch: LeaderEpoch, leader: ProcessId, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(leader != self.me.voter, "nobody follows itself");
        let voted_for = self.state.voted_for.filter(|_| epoch == self.state.epoch);
        let role = Follower { leader, has_fetched: false, download: None, next_voter: 0 };
        self.enter(Role::Follower(role), QuorumState { epoch, leader: Some(leader), voted_for }, cx)?;
        self.arm_fetch_timer(self.setup.config.quorum_fetch_timeout, cx);
        Ok(())
    }

    /// Wants a leader: asks whether it would win, or (`prevote = off`) stands at once.
    pub(super) fn stand(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(self.is_voter(), "an observer does not stand for election");
        if self.setup.variants.prevote.is_on() { self.become_prospective(cx) } else { self.become_candidate(cx) }
    }

    fn become_prospective(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.enter(Role::Prospective(Ballot::of(self.me.voter)), self.state, cx)?;
        self.arm_election_timer(cx);
        self.settle(cx)
    }

    /// Votes for itself in a new epoch.
    pub(super) fn become_candidate(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let epoch = self.state.epoch.next();
        let state = QuorumState { epoch, leader: None, voted_for: Some(self.me) };
        self.enter(Role::Candidate(Ballot::of(self.me.voter)), state, cx)?;
        cx.emit(RaftFact::VoteCast { epoch, candidate: self.me });
        self.arm_election_timer(cx);
        self.settle(cx)
    }

    /// Was elected: tells it, then begins the epoch in the log.
    pub(super) fn become_leader(&mut self, granted: &BTreeSet<ProcessId>, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(matches!(self.role, Role::Candidate(_)), "only a candidate is elected");
        let epoch = self.state.epoch;
        let leader = Leader::new(self.log.end(), self.other_voters());
        let state = QuorumState { leader: Some(self.me.voter), ..self.state };
        self.enter(Role::Leader(Box::new(leader)), state, cx)?;
        cx.emit(RaftFact::QuorumLeaderElected { epoch });
        self.news.push(RaftNews::BecameLeader { epoch, epoch_start: self.log.end() });
        self.arm_check_quorum(cx);
        self.begin_epoch(granted, cx)
    }

    /// Gives up its epoch, and why.
    pub(super) fn become_resigned(&mut self, why: ResignReason, cx: &mut Context<'_>) -> Result<(), Fault> {
        let Role::Leader(leader) = &self.role else { return Ok(()) };
        let successors = leader.successors(&self.log.voters().voters, self.me.voter);
        cx.emit(RaftFact::QuorumLeaderResigned { epoch: self.state.epoch, why });
        self.enter(Role::Resigned(Resigned { successors, untold: self.other_voters() }), self.state, cx)?;
        self.arm_election_timer(cx);
        Ok(())
    }

    /// Hears of an epoch and perhaps of its leader. Returns whether that changed its role.
    pub(super) fn learn(&mut self, epoch: LeaderEpoch, leader: Option<ProcessId>, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let leader = leader.filter(|leader| *leader != self.me.voter);
        match leader {
            Some(leader) if epoch > self.state.epoch => self.become_follower(epoch, leader, cx)?,
            None if epoch > self.state.epoch => self.become_unattached(epoch, cx)?,
            Some(leader) if epoch == self.state.epoch && self.state.leader.is_none() => self.become_follower(epoch, leader, cx)?,
            Some(_) | None => return Ok(false),
        }
        Ok(true)
    }

    /// An election time-out: the configured one, and a random part of as much again. Without luck, the first voter's is the
    /// shortest.
    pub(super) fn arm_election_timer(&mut self, cx: &mut Context<'_>) {
        if !self.is_voter() && !matches!(self.role, Role::Resigned(_)) {
            return;
        }
        let low = self.setup.config.quorum_election_timeout.0;
        let voters = &self.log.voters().voters;
        let place = voters.iter().take_while(|key| key.voter != self.me.voter).count() as u64;
        let quiet = low + low * place / (voters.len() as u64 + 1);
        let odds = Odds::Range { low, high: (low * 2).saturating_sub(1).max(low), quiet };
        let wait = cx.choose(ChoiceKind::QuorumJitter, Subject::of(self.me.voter), odds);
        self.timers.set(RaftTimer::Election, cx.mono().plus(Duration(wait)), cx.trail());
    }

    /// How long the leader may be silent.
    pub(super) fn arm_fetch_timer(&mut self, span: Duration, cx: &mut Context<'_>) {
        self.timers.set(RaftTimer::Fetch, cx.mono().plus(span), cx.trail());
    }

    fn arm_snapshot_timer(&mut self, cx: &mut Context<'_>) {
        let interval = self.setup.config.snapshot_interval;
        if interval > Duration::ZERO && self.timers.due(&RaftTimer::Snapshot).is_none() {
            self.timers.set(RaftTimer::Snapshot, cx.mono().plus(interval), cx.trail());
        }
    }

    /// Other voters count than before.
    pub(super) fn adopt_voters(&mut self, cx: &mut Context<'_>) {
        cx.emit(RaftFact::VotersChanged { voters: Arc::new(self.log.voters().facts()) });
        if matches!(self.role, Role::Follower(_)) {
            self.arm_fetch_timer(self.setup.config.quorum_fetch_timeout, cx);
        }
    }

    /// The committed end as a follower hears of it.
    pub(super) fn hear_committed(&mut self, end: Offset, cx: &mut Context<'_>) {
        if end > self.high_watermark {
            self.high_watermark = end;
            self.news.push(RaftNews::Committed(Commit { end, step: cx.trail().cause }));
        }
    }

    pub(super) fn wants_snapshot(&self) -> bool {
        let covered = self.log.newest_snapshot().map_or(Offset::ZERO, |newest| newest.end);
        let is_large = self.log.new_bytes() >= self.setup.config.snapshot_record_bytes;
        self.high_watermark > covered && (is_large || self.is_snapshot_due)
    }

    pub(super) fn write_snapshot(&mut self, end: Offset, records: Vec<Bytes>, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(end <= self.high_watermark, "a snapshot says only what is committed");
        self.is_snapshot_due = false;
        self.timers.cancel(RaftTimer::Snapshot);
        self.arm_snapshot_timer(cx);
        self.log.write_snapshot(end, records, cx)
    }
}
