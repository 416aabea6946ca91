//! Commits: what the group is told of how far the consumer has come, and who waits for the answer.
//!
//! A commit that somebody waits for is tried again until it succeeds, is refused for good, or its time is over:
//! `default.api.timeout.ms` for the application, the group's rebalance time-out for the member. One that nobody waits for is sent
//! once; if it was the consumer's own, and its refusal may pass, the next one comes soon. All commit the *next* offset to read.
//!
//! Invariant: each CommitInvoked is followed by exactly one CommitAnswered, unless the process ends before. Without an answer
//! nobody takes it for stored. What a member was to commit before it gave something back, and has lost, is not sent any more:
//! whoever has the partition now may have gone on.
//!
//! Source: Kafka's `ConsumerCoordinator` (`commitOffsetsSync`, `OffsetCommitResponseHandler`), `CommitRequestManager`; KIP-211,
//! KIP-320, KIP-848. Called by: processing, rebalances, commands, the end of every turn.
//!
//! Kafka differs: a member's commit that is tried again has the newest positions of all it has then; here those of the first try
//! that it has still, since records may be in the application's hands meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Consumer;
use crate::client::backoff::Reason;
use crate::client::connection::{ApplicationDue, Due, GroupDue};
use crate::client::membership::classic::Stage as ClassicStage;
use crate::client::membership::consumer_protocol::Stage as ConsumerStage;
use crate::client::membership::{GroupAsked, Member};
use crate::client::position::Stance;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{ClientFact, CommitFacts, MemberId};
use crate::ids::{BrokerId, LeaderEpoch, Offset};
use crate::protocol::{NamedPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetToCommit};
use crate::time::{Duration, Instant, Trail};

/// Who waits for a commit's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// Nobody (`commitAsync`).
    Nobody,
    /// Nobody, but that the next such commit (`enable.auto.commit`) comes sooner if this one is refused for a while.
    Clock,
    /// The application (`commitSync`).
    Application,
    /// The member, before it gives partitions back.
    Member,
}

#[derive(Clone, Debug)]
struct Commit {
    facts: Arc<CommitFacts>,
    /// Under which numbers the consumer had the partitions, in their order.
    numbers: Vec<u32>,
    partitions: Vec<OffsetToCommit>,
    waiter: Waiter,
    given_up_at: Instant,
    is_in_flight: bool,
    is_resting: bool,
    failures: u32,
    trail: Trail,
}

/// The commits without an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Commits {
    next: u32,
    pending: BTreeMap<u32, Commit>,
}

impl Commits {
    /// Whether there is a commit to be sent: a coordinator is needed.
    pub(super) fn is_waiting(&self) -> bool {
        self.pending.values().any(|commit| !commit.is_in_flight)
    }

    /// Whether this commit is not answered yet.
    pub(super) fn is_pending(&self, number: u32) -> bool {
        self.pending.contains_key(&number)
    }

    /// The back-off of refused commits is over.
    pub(super) fn wake(&mut self) {
        self.pending.values_mut().for_each(|commit| commit.is_resting = false);
    }
}

impl Commit {
    /// Keeps only what the consumer has still.
    fn keep(&mut self, has: impl Fn(u32) -> bool) {
        let kept: Vec<bool> = self.numbers.iter().map(|number| has(*number)).collect();
        if kept.iter().all(|is_kept| *is_kept) {
            return;
        }
        keep_those(&mut self.numbers, &kept);
        keep_those(&mut self.partitions, &kept);
        keep_those(&mut Arc::make_mut(&mut self.facts).offsets, &kept);
    }
}

impl Consumer {
    /// Whether the consumer commits by itself (`enable.auto.commit`).
    pub(super) fn commits_by_itself(&self) -> bool {
        self.group.is_some() && self.setup.config.enable_auto_commit && self.application.leaves_commits_to_consumer()
    }

    /// At a poll: every `auto.commit.interval.ms` what the polls before it returned.
    pub(super) fn commit_by_itself(&mut self, cx: &mut Context<'_>) {
        let due = Due::Application(ApplicationDue::AutoCommit);
        if !self.commits_by_itself() || self.timers.due(&due).is_some() {
            return;
        }
        if self.may_commit().is_ok() {
            self.commit_positions(Waiter::Clock, cx);
        }
        self.await_auto_commit(cx);
    }

    /// The next commit of the consumer's own is due in `auto.commit.interval.ms`.
    pub(super) fn await_auto_commit(&mut self, cx: &mut Context<'_>) {
        self.commit_by_itself_in(self.setup.config.auto_commit_interval, cx);
    }

    fn commit_by_itself_in(&mut self, wait: Duration, cx: &mut Context<'_>) {
        if self.commits_by_itself() {
            self.timers.set(Due::Application(ApplicationDue::AutoCommit), cx.mono().plus(wait), cx.trail());
        }
    }

    /// Commits the positions of all partitions that have one. Returns the commit's number, if there is anything to wait for.
    pub(super) fn commit_positions(&mut self, waiter: Waiter, cx: &mut Context<'_>) -> Option<u32> {
        let mut partitions = Vec::new();
        for (number, assigned) in &self.assigned {
            // Only what is known to be in the log as it was read is committed (Kafka's `allConsumed`).
            let Stance::Fetching(position) = assigned.stance else { continue };
            partitions.push((*number, position.offset, position.offset_epoch));
        }
        self.commit(&partitions, waiter, cx)
    }

    /// Commits what follows one record of one partition, and the application waits.
    pub(super) fn commit_one(&mut self, number: u32, offset: Offset, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Option<u32> {
        self.commit(&[(number, offset, Some(epoch))], Waiter::Application, cx)
    }

    fn commit(&mut self, offsets: &[(u32, Offset, Option<LeaderEpoch>)], waiter: Waiter, cx: &mut Context<'_>) -> Option<u32> {
        let group = self.group.as_ref()?;
        let (mut numbers, mut told, mut partitions) = (Vec::new(), Vec::new(), Vec::new());
        for (number, offset, leader_epoch) in offsets {
            let Some(assigned) = self.assigned.get(number) else { continue };
            let (Some(partition), Some(topic)) = (assigned.partition, self.metadata.name(assigned.topic)) else { continue };
            numbers.push(*number);
            told.push((partition, *offset));
            let partition = NamedPartition { topic: topic.to_owned(), partition: assigned.index };
            partitions.push(OffsetToCommit { partition, offset: *offset, leader_epoch: *leader_epoch, metadata: String::new() });
        }
        if partitions.is_empty() {
            return None;
        }
        let (member, epoch) = group.identity();
        let facts = Arc::new(CommitFacts { group: group.id.clone(), member, epoch, offsets: told });
        cx.emit(ClientFact::CommitInvoked { commit: facts.clone() });
        if let Err(code) = self.may_commit() {
            cx.emit(ClientFact::CommitAnswered { commit: facts, code: Some(code) });
            return None;
        }
        let number = self.commits.next;
        self.commits.next = number.wrapping_add(1);
        let given_up_at = cx.mono().plus(self.patience_of(waiter));
        let commit = Commit {
            facts,
            numbers,
            partitions,
            waiter,
            given_up_at,
            is_in_flight: false,
            is_resting: false,
            failures: 0,
            trail: cx.trail(),
        };
        self.commits.pending.insert(number, commit);
        self.watch_commits(cx);
        Some(number)
    }

    /// How long a commit is tried at most.
    fn patience_of(&self, waiter: Waiter) -> Duration {
        let config = &self.setup.config;
        match waiter {
            Waiter::Nobody | Waiter::Clock | Waiter::Application => config.default_api_timeout,
            Waiter::Member => config.max_poll_interval,
        }
    }

    /// Whether a commit has any hope. A member in the middle of its group's round is refused at once (Kafka's
    /// `generationIfStable`), as is one that has lost its membership.
    pub(super) fn may_commit(&self) -> Result<(), ErrorCode> {
        let Some(group) = self.group.as_ref().filter(|_| self.is_subscribed()) else { return Ok(()) };
        match &group.member {
            Member::Classic(member) => match member.stage {
                ClassicStage::Stable => Ok(()),
                ClassicStage::Joining | ClassicStage::Planning(..) | ClassicStage::Syncing | ClassicStage::Synced(..) => {
                    Err(ErrorCode::RebalanceInProgress)
                }
                ClassicStage::Unjoined | ClassicStage::Failed => Err(ErrorCode::UnknownMemberId),
            },
            Member::Consumer(member) => match member.stage {
                ConsumerStage::Reconciling | ConsumerStage::Acknowledging | ConsumerStage::Stable => Ok(()),
                ConsumerStage::Joining
                | ConsumerStage::Outside
                | ConsumerStage::Fenced
                | ConsumerStage::Stale
                | ConsumerStage::Failed => Err(ErrorCode::UnknownMemberId),
            },
        }
    }

    /// What the member was to commit before it gave something back, and has lost since, is not its to commit any more.
    fn drop_what_is_lost(&mut self, cx: &mut Context<'_>) {
        let assigned = &self.assigned;
        let is_members = |commit: &Commit| commit.waiter == Waiter::Member && !commit.is_in_flight;
        let mut empty = Vec::new();
        for (number, commit) in self.commits.pending.iter_mut().filter(|(_, commit)| is_members(commit)) {
            commit.keep(|number| assigned.contains_key(&number));
            if commit.partitions.is_empty() {
                empty.push(*number);
            }
        }
        for number in empty {
            self.end_commit(number, Some(ErrorCode::UnknownMemberId), cx);
        }
    }

    /// Sends what waits to be sent. The member that commits is the one that it is now.
    pub(super) fn send_commits(&mut self, cx: &mut Context<'_>) {
        self.drop_what_is_lost(cx);
        let Some(group) = self.group.as_mut().filter(|group| group.reachable().is_some()) else { return };
        let (member, epoch) = group.identity();
        let (id, instance) = (group.id.clone(), group.instance.clone());
        let is_due = |commit: &Commit| !commit.is_in_flight && !commit.is_resting;
        let due: Vec<u32> = self.commits.pending.iter().filter(|(_, commit)| is_due(commit)).map(|(number, _)| *number).collect();
        for number in due {
            let Some(commit) = self.commits.pending.get_mut(&number) else { continue };
            commit.is_in_flight = true;
            follow_identity(&mut commit.facts, &member, epoch);
            let request = OffsetCommitRequest {
                group: id.clone(),
                epoch,
                member: member.clone(),
                instance: instance.clone(),
                partitions: commit.partitions.clone(),
            };
            cx.resume(commit.trail);
            let timeout = self.setup.config.request_timeout;
            self.tell_coordinator(request.into(), GroupAsked::Commit(number), timeout, cx);
        }
        self.watch_commits(cx);
    }

    /// A commit was answered by the coordinator.
    pub(super) fn apply_committed(&mut self, from: BrokerId, number: u32, response: &OffsetCommitResponse, cx: &mut Context<'_>) {
        let Some(code) = response.partitions.iter().find_map(|(_, error)| *error) else {
            self.end_commit(number, None, cx);
            return;
        };
        let sent = self.commits.pending.get(&number).map(|commit| (commit.facts.member.clone(), commit.facts.epoch));
        match code {
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::RequestTimedOut => {
                self.forget_coordinator(from, cx);
            }
            ErrorCode::RebalanceInProgress
            | ErrorCode::IllegalGeneration
            | ErrorCode::UnknownMemberId
            | ErrorCode::FencedInstanceId
            | ErrorCode::FencedMemberEpoch => {
                if let Some((member, epoch)) = sent {
                    self.commit_was_fenced((&member, epoch), code, cx);
                }
            }
            _ => {}
        }
        self.refuse_commit(number, code, cx);
    }

    /// A commit was refused, or its answer is lost: it is tried again if somebody waits for it and that may help.
    pub(super) fn refuse_commit(&mut self, number: u32, code: ErrorCode, cx: &mut Context<'_>) {
        let backoff = self.backoff;
        let Some(commit) = self.commits.pending.get_mut(&number) else { return };
        let may_pass = code.is_retriable() || code == ErrorCode::StaleMemberEpoch;
        let is_waited_for = matches!(commit.waiter, Waiter::Application | Waiter::Member);
        if !is_waited_for || !may_pass || cx.mono() >= commit.given_up_at {
            self.end_commit(number, Some(code), cx);
            return;
        }
        commit.is_in_flight = false;
        commit.is_resting = true;
        commit.failures = commit.failures.saturating_add(1);
        let wait = backoff.after(commit.failures, Reason::Commit, cx);
        self.timers.set(Due::Group(GroupDue::Commit), cx.mono().plus(wait), cx.trail());
        self.watch_commits(cx);
    }

    /// Those that wait too long, or all whose coordinator will not be there, are answered without having been stored, as far as
    /// is known here.
    pub(super) fn give_up_commits(&mut self, code: ErrorCode, cx: &mut Context<'_>) {
        let now = cx.mono();
        let is_over = |commit: &Commit| !commit.is_in_flight && commit.given_up_at <= now;
        let over: Vec<u32> = self.commits.pending.iter().filter(|(_, commit)| is_over(commit)).map(|(number, _)| *number).collect();
        for number in over {
            self.end_commit(number, Some(code), cx);
        }
        self.watch_commits(cx);
    }

    /// The process ends: nobody will hear an answer any more.
    pub(super) fn give_up_all_commits(&mut self, cx: &mut Context<'_>) {
        for commit in std::mem::take(&mut self.commits.pending).into_values() {
            cx.emit(ClientFact::CommitAnswered { commit: commit.facts, code: Some(ErrorCode::NetworkException) });
        }
        self.watch_commits(cx);
    }

    fn end_commit(&mut self, number: u32, code: Option<ErrorCode>, cx: &mut Context<'_>) {
        let Some(commit) = self.commits.pending.remove(&number) else { return };
        cx.emit(ClientFact::CommitAnswered { commit: commit.facts, code });
        self.watch_commits(cx);
        match commit.waiter {
            Waiter::Application => self.commit_is_answered(cx),
            Waiter::Clock if code.is_some_and(ErrorCode::is_retriable) => {
                self.commit_by_itself_in(self.setup.config.retry_backoff, cx);
            }
            // The member looks for its own at the next poll.
            Waiter::Nobody | Waiter::Clock | Waiter::Member => {}
        }
    }

    fn watch_commits(&mut self, cx: &Context<'_>) {
        let waiting = self.commits.pending.values().filter(|commit| !commit.is_in_flight);
        let due = Due::Group(GroupDue::CommitTimeout);
        match waiting.map(|commit| commit.given_up_at).min() {
            None => self.timers.cancel(due),
            Some(at) if self.timers.due(&due) == Some(at) => {}
            Some(at) => self.timers.set(due, at, cx.trail()),
        }
    }
}

/// The member that sends the commit may not be the one any more that asked for it.
fn follow_identity(facts: &mut Arc<CommitFacts>, member: &MemberId, epoch: i32) {
    if facts.member != *member || facts.epoch != epoch {
        let facts = Arc::make_mut(facts);
        facts.member.clone_from(member);
        facts.epoch = epoch;
    }
}

fn keep_those<T>(all: &mut Vec<T>, kept: &[bool]) {
    let mut is_kept = kept.iter();
    all.retain(|_| is_kept.next().is_none_or(|is_kept| *is_kept));
}
