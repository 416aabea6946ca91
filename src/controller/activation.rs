//! How a controller comes to be the active one and ceases to be it, what it holds back until it is committed, and what it
//! tells.
//!
//! ```text
//!   Following ──leads the quorum──► Claiming ──has applied all below its epoch──► Active
//!       ▲                              │                                             │
//!       └───────────── leads no more ──┴─────────────────────────────────────────────┘
//! ```
//!
//! Two images: the *committed* one follows the log as everybody's does; the *written* one, which only the active controller
//! has, is ahead of it by the decisions that wait for their commit. Decisions go by the written one; who stops being active
//! forgets it, and with it what was not committed. (What was written may count still, if the next leader has it.)
//!
//! Invariant: an answer or a fact leaves when everything it builds on is committed, facts before answers, and answers
//! before the observers hear of it. A fact is told once per cluster, by the active controller: whoever hears from another
//! leader that something is committed knows that it was told, and a successor tells what it does not know to have been told.
//!
//! Called by: [`super::server`]. Source: Kafka's `QuorumController` (`claim`, `renounce`, `ControllerWriteEvent`).

use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::basis::Basis;
use super::facts::{Told, facts_of, latest_facts_of};
use super::image::MetadataImage;
use super::records::MetadataRecord;
use super::refusal::refuse_answer;
use super::server::Controller;
use super::sessions::Sessions;
use super::{features, told};
use crate::context::{Context, ReplyTo};
use crate::error::Fault;
use crate::event::ControllerFact;
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::Response;
use crate::raft::{Commit, Drained, RaftNews};
use crate::time::{Timers, Trail};

/// What a controller is to the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// It follows the log.
    #[default]
    Following,
    /// It leads the quorum, and has not applied yet what earlier leaders left.
    Claiming {
        /// The epoch.
        epoch: LeaderEpoch,
        /// The offset of its first record.
        epoch_start: Offset,
    },
    /// It decides.
    Active {
        /// In which epoch.
        epoch: LeaderEpoch,
    },
}

/// What a decision holds back until it is committed.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// Everything below must be committed.
    end: Offset,
    trail: Trail,
    /// What it wrote, with the offset of the first.
    first: Offset,
    records: Vec<MetadataRecord>,
    answer: Option<(ReplyTo, Response)>,
}

impl Controller {
    /// Whether it decides.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Active { .. })
    }

    /// The metadata as written so far, committed or not; of a controller that is not active, as committed to its knowledge.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        if self.is_active() { &self.written } else { &self.committed }
    }

    /// What is committed from `from` on, to this controller's knowledge, and where it ends: for the broker in the same
    /// process. `None` when there is nothing new, or the disk failed.
    pub fn committed_since(&mut self, from: Offset, cx: &mut Context<'_>) -> Option<(Drained, Offset)> {
        let end = self.applied;
        if end <= from {
            return None;
        }
        let (mut snapshot, mut next) = (None, from);
        if from < self.raft.start_offset() {
            let (id, records) = self.raft.snapshot(cx)?;
            snapshot = Some((id.end, records));
            next = id.end;
        }
        let records = if next < end { self.raft.read(next, end, cx)? } else { Vec::new() };
        Some((Drained { snapshot, records }, end.max(next)))
    }

    /// The ground of the next decision.
    pub(super) fn basis(&self) -> Basis<'_> {
        Basis { image: &self.written, setup: &self.setup }
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_>) {
        let known = told::read(cx).and_then(|told| told::restart(told, cx).map(|()| told));
        self.told = self.or_halt(known, cx).unwrap_or_default();
        self.raft.start(cx);
        self.settle(cx);
    }

    /// Takes in what happened in the quorum; after every call that goes to it.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) {
        // A disk that will not take the snapshot ends the process after this turn, and must not be asked for ever.
        let mut has_written = false;
        loop {
            while let Some(news) = self.raft.take_news() {
                match news {
                    RaftNews::BecameLeader { epoch, epoch_start } => self.standing = Standing::Claiming { epoch, epoch_start },
                    RaftNews::StoppedLeading { epoch } => self.become_following(epoch, cx),
                    RaftNews::SnapshotLoaded { end } => self.load_snapshot(end, cx),
                    RaftNews::Committed(commit) => self.publish(commit, cx),
                }
            }
            if has_written || !self.raft.wants_snapshot() || self.applied < self.raft.committed() {
                return;
            }
            has_written = true;
            let records = self.committed.to_records().iter().map(MetadataRecord::encode).collect();
            self.raft.write_snapshot(self.applied, records, cx);
        }
    }

    /// Begins a session for every broker, since this controller does not know when they were heard from last.
    fn become_active(&mut self, epoch: LeaderEpoch, cx: &mut Context<'_>) {
        assert!(self.waiting.is_empty(), "who was not active has decided nothing");
        self.standing = Standing::Active { epoch };
        cx.emit(ControllerFact::ControllerActivated { epoch });
        let untold = mem::take(&mut self.untold);
        tell(latest_facts_of(&untold, &self.committed), cx.trail(), cx);
        self.note_told(self.applied, cx);
        self.written = Arc::new(MetadataImage::clone(&self.committed));
        for (broker, _) in self.committed.brokers() {
            self.sessions.begin(broker, cx);
        }
        self.begin_tasks(cx);
        if self.committed.features().next().is_none() {
            let records = features::bootstrap(&self.setup.variants);
            self.write(records, None, cx);
        }
    }

    /// Forgets what was not committed; who waits for it is told to ask the next controller.
    fn become_following(&mut self, epoch: LeaderEpoch, cx: &mut Context<'_>) {
        let was_active = self.is_active();
        self.standing = Standing::Following;
        if !was_active {
            return;
        }
        let because = cx.emit(ControllerFact::ControllerDeactivated { epoch });
        self.written = Arc::default();
        self.sessions = Sessions::new(self.setup.config.broker_session_timeout);
        self.tasks = Timers::default();
        for (reply_to, answer) in mem::take(&mut self.waiting).into_iter().filter_map(|waiting| waiting.answer) {
            cx.reply_released(reply_to, refuse_answer(answer), because);
        }
    }

    /// Writes a decision's records to the log and to the image, and holds its facts and its answer back. A decision
    /// without records waits for the earlier ones it was built on, if they are not committed yet.
    pub(super) fn write(&mut self, records: Vec<MetadataRecord>, answer: Option<(ReplyTo, Response)>, cx: &mut Context<'_>) {
        let first = self.raft.next_offset();
        if !records.is_empty() {
            let image = Arc::make_mut(&mut self.written);
            for (offset, record) in (first.0..).map(Offset).zip(&records) {
                image.apply(offset, record);
            }
            self.raft.append(records.iter().map(MetadataRecord::encode), cx);
        }
        let end = self.raft.next_offset();
        match answer {
            Some((reply_to, response)) if end <= self.raft.committed() => cx.reply(reply_to, response),
            None if records.is_empty() => {}
            answer => self.waiting.push_back(Waiting { end, trail: cx.trail(), first, records, answer }),
        }
    }

    /// Something is committed. The active controller tells what follows from its own decisions, remembers that it did,
    /// answers, and lets the observers know; the others follow.
    fn publish(&mut self, commit: Commit, cx: &mut Context<'_>) {
        match self.standing {
            Standing::Following => {
                self.catch_up(commit.end, cx);
                self.untold.clear();
                self.note_told(self.applied, cx);
            }
            Standing::Claiming { epoch, epoch_start } => {
                self.catch_up(commit.end, cx);
                if self.applied > epoch_start {
                    self.become_active(epoch, cx);
                }
                self.raft.release_fetches(commit.step, cx);
            }
            Standing::Active { .. } => self.publish_decisions(commit, cx),
        }
    }

    fn publish_decisions(&mut self, commit: Commit, cx: &mut Context<'_>) {
        let mut answers = Vec::new();
        while let Some(done) = self.waiting.pop_front_if(|waiting| waiting.end <= commit.end) {
            let image = Arc::make_mut(&mut self.committed);
            let offsets = (done.first.0..).map(Offset);
            let apply = |(offset, record)| Told::new(image.apply(offset, record), record);
            let changes: Vec<Told> = offsets.zip(&done.records).map(apply).collect();
            tell(facts_of(&changes, &self.committed), done.trail, cx);
            answers.extend(done.answer);
            self.applied = done.end;
        }
        if self.waiting.is_empty() {
            self.applied = commit.end;
        }
        self.note_told(self.applied, cx);
        for (reply_to, response) in answers {
            cx.reply_released(reply_to, response, commit.step);
        }
        self.raft.release_fetches(commit.step, cx);
    }

    /// Applies what others decided, up to `end`.
    fn catch_up(&mut self, end: Offset, cx: &mut Context<'_>) {
        if self.applied >= end {
            return;
        }
        let Some(records) = self.raft.read(self.applied, end, cx) else { return };
        let applied = self.apply_all(&records);
        if self.or_halt(applied, cx).is_some() {
            self.applied = end;
        }
    }

    fn apply_all(&mut self, records: &[(Offset, Bytes)]) -> Result<(), Fault> {
        let image = Arc::make_mut(&mut self.committed);
        for (offset, bytes) in records {
            let record = MetadataRecord::decode(bytes)?;
            let change = image.apply(*offset, &record);
            if *offset >= self.told {
                self.untold.push(Told::new(change, &record));
            }
        }
        Ok(())
    }

    /// Replaces the committed image by a snapshot: its own from an earlier life, or the leader's. Either was told.
    fn load_snapshot(&mut self, end: Offset, cx: &mut Context<'_>) {
        let Some((_, records)) = self.raft.snapshot(cx) else { return };
        let image = MetadataImage::from_snapshot(end, &records);
        if let Some(image) = self.or_halt(image, cx) {
            self.committed = Arc::new(image);
            self.applied = end;
            self.untold.clear();
            self.note_told(end, cx);
        }
    }

    /// Everything below `end` was told.
    fn note_told(&mut self, end: Offset, cx: &mut Context<'_>) {
        if end > self.told {
            self.told = end;
            let written = told::write(end, cx);
            self.or_halt(written, cx);
        }
    }

    fn or_halt<T>(&self, result: Result<T, Fault>, cx: &mut Context<'_>) -> Option<T> {
        result.map_err(|fault| cx.halt(format!("the controller failed: {fault}"))).ok()
    }
}

/// Tells the facts of one decision. What happened to a broker or a topic is the cause of what happened to partitions, and
/// the change of a partition the cause of its election.
fn tell(facts: Vec<ControllerFact>, trail: Trail, cx: &mut Context<'_>) {
    let (mut root, mut change) = (trail.cause, trail.cause);
    for fact in facts {
        let is_root = !matches!(fact, ControllerFact::PartitionChanged { .. } | ControllerFact::LeaderElected { .. });
        let is_election = matches!(fact, ControllerFact::LeaderElected { .. });
        let cause = match (is_root, is_election) {
            (true, _) => trail.cause,
            (false, true) => change,
            (false, false) => root,
        };
        cx.resume(Trail { cause, origin: trail.origin });
        change = cx.emit(fact);
        if is_root {
            root = change;
        }
    }
    cx.resume(trail);
}
