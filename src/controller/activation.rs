//! How a controller comes to be the active one, what it holds back until it is committed, and what it tells.
//!
//! Two images: the *committed* one follows the log as everybody's does; the *written* one, which only the active controller
//! has, is ahead of it by the decisions that wait for their commit. Decisions go by the written one.
//!
//! Invariant: an answer or a fact leaves when everything it builds on is committed, facts before answers, and answers
//! before the observers hear of it; a fact is told once per cluster, not once per controller life (see `told`).
//!
//! Called by: [`super::server`]. Source: Kafka's `QuorumController` (`claim`, `renounce`, `ControllerWriteEvent`).

use std::sync::Arc;

use super::basis::Basis;
use super::facts::{Told, facts_of, latest_facts_of};
use super::image::MetadataImage;
use super::records::MetadataRecord;
use super::server::Controller;
use super::{features, told};
use crate::context::{Context, ReplyTo};
use crate::error::Fault;
use crate::event::ControllerFact;
use crate::ids::Offset;
use crate::protocol::Response;
use crate::time::Trail;

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
    /// The ground of the next decision.
    pub(super) fn basis(&self) -> Basis<'_> {
        Basis { image: &self.written, setup: &self.setup }
    }

    /// Becomes active: rebuilds the image from the log and begins a session for every broker in it, since this
    /// controller does not know when they were heard from last.
    pub(super) fn try_start(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let told = told::read(cx)?;
        let Some(recovered) = self.raft.start(cx) else { return Ok(()) };
        // All but the last batch were told before another was written.
        let untold = told.max(recovered.last_batch);
        let image = Arc::make_mut(&mut self.committed);
        let mut changes: Vec<Told> = Vec::new();
        for (offset, bytes) in recovered.records {
            let record = MetadataRecord::decode(&bytes)?;
            let change = Told::new(image.apply(offset, &record), &record);
            if offset >= untold {
                changes.push(change);
            }
        }
        tell(latest_facts_of(&changes, &self.committed), cx.trail(), cx);
        self.raft.take_commit();
        told::restart(self.raft.committed(), cx)?;
        self.become_active(cx);
        Ok(())
    }

    fn become_active(&mut self, cx: &mut Context<'_>) {
        self.written = Arc::new(MetadataImage::clone(&self.committed));
        for (broker, _) in self.committed.brokers() {
            self.sessions.begin(broker, cx);
        }
        self.begin_tasks(cx);
        if self.written.features().next().is_none() {
            let records = features::bootstrap(&self.setup.variants);
            self.write(records, None, cx);
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

    /// After a commit: applies it, tells the facts, remembers that they were told, answers, and lets the observers know.
    pub(super) fn publish(&mut self, cx: &mut Context<'_>) {
        let Some(commit) = self.raft.take_commit() else { return };
        let mut answers = Vec::new();
        while let Some(done) = self.waiting.pop_front_if(|waiting| waiting.end <= commit.end) {
            let image = Arc::make_mut(&mut self.committed);
            let offsets = (done.first.0..).map(Offset);
            let apply = |(offset, record)| Told::new(image.apply(offset, record), record);
            let changes: Vec<Told> = offsets.zip(&done.records).map(apply).collect();
            tell(facts_of(&changes, &self.committed), done.trail, cx);
            answers.extend(done.answer);
        }
        if let Err(fault) = told::write(commit.end, cx) {
            cx.halt(format!("the controller's disk failed: {fault}"));
        }
        for (reply_to, response) in answers {
            cx.reply_released(reply_to, response, commit.step);
        }
        self.raft.release_fetches(commit.step, cx);
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
