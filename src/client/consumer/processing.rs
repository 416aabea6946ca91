//! What the application does between two polls: it processes what it was given, record by record, and commits when it means
//! to. It may crash at any moment of it: that is where at-most-once and at-least-once part.
//!
//! ```text
//! poll ──► [commit, before] ──► record ──► record ──► … ──► the poll's own time ──► [commit, after] ──► poll
//!                                 └─ [commit, each]
//! writing:       … record ──► its output is sent … ──► [all outputs have come to their ends] ──► [commit, after] ──► poll
//! handing over:  poll ──► [commit] ──► poll …    and a worker beside it:  record ──► record ──► …
//! ```
//!
//! An application whose commit fails goes on all the same: what it has polled stays polled. So does one that cannot write, and
//! the record that it could not write of is not processed.
//!
//! Invariant: records are processed in the order polled, each once in a life of the process.
//!
//! Called by: the poll, deadlines, answers to commits.

use std::collections::VecDeque;

use super::Consumer;
use super::commits::Waiter;
use crate::client::application::{ApplicationSetup, CommitMode};
use crate::client::connection::{ApplicationDue, Due, GroupDue};
use crate::context::{Context, NewRecord};
use crate::ids::{Digest, LeaderEpoch, Offset, TopicPartition};
use crate::time::{Duration, Trail};

/// A record that an application was given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The number of its partition among the consumer's.
    pub(super) number: u32,
    /// Its partition.
    pub(super) partition: TopicPartition,
    /// Its offset.
    pub(super) offset: Offset,
    /// The epoch of the leader that wrote it.
    pub(super) leader_epoch: LeaderEpoch,
    /// Digest of key and value.
    pub(super) digest: Digest,
    /// What the application writes because of it.
    pub(super) output: Option<Box<NewRecord>>,
    /// The poll that returned it: whatever is done with it happens because of that.
    pub(super) polled: Trail,
}

/// What an application is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It polls.
    Polling,
    /// It processes a record.
    Processing,
    /// It does what it does once a poll.
    Finishing,
    /// It waits until all it has written has come to its end, and then commits, if it does.
    Writing,
    /// It waits for the answer to a commit, and then goes on.
    Committing(Then),
    /// It waits until its last words are answered, and ends.
    Ending,
}

/// What comes after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The records of the poll, from the first that is left.
    Process,
    /// The next poll.
    Poll,
    /// The end.
    Close,
}

/// The application around a consumer.
#[derive(Clone, Debug)]
pub(super) struct Application {
    doing: Doing,
    given: VecDeque<Given>,
    /// The record whose output is waited for because its commit follows.
    to_commit: Option<Given>,
    handed_over: VecDeque<Given>,
    is_worker_busy: bool,
    per_record: Duration,
    per_poll: Duration,
    commit: CommitMode,
    hands_over: bool,
    tells: bool,
}

impl Application {
    /// One that polls. It tells of each record it has processed if there is anybody to tell: a group, or a wish in its setup.
    pub(super) fn new(setup: &ApplicationSetup, has_group: bool) -> Self {
        Self {
            doing: Doing::Polling,
            given: VecDeque::new(),
            to_commit: None,
            handed_over: VecDeque::new(),
            is_worker_busy: false,
            per_record: setup.per_record,
            per_poll: setup.per_poll,
            commit: if has_group { setup.commit } else { CommitMode::Never },
            hands_over: setup.hands_over,
            tells: has_group || *setup != ApplicationSetup::default(),
        }
    }

    /// Whether it is anywhere but in a poll.
    pub(super) fn is_busy(&self) -> bool {
        self.doing != Doing::Polling
    }

    /// Whether it waits for the end of its last words.
    pub(super) fn is_ending(&self) -> bool {
        self.doing == Doing::Ending
    }

    /// Whether the consumer commits by itself, if it is configured to.
    pub(super) fn leaves_commits_to_consumer(&self) -> bool {
        self.commit == CommitMode::Auto
    }

    /// Whether anything is to be done with the records themselves.
    pub(super) fn wants_records(&self) -> bool {
        self.tells
    }
}

impl Consumer {
    // ANCHOR: process
    /// The application was given these records by one poll.
    pub(super) fn process(&mut self, given: Vec<Given>, cx: &mut Context<'_>) {
        if !self.application.tells {
            return;
        }
        self.application.given.extend(given);
        self.application.doing = Doing::Processing;
        self.watch_poll_interval(cx);
        match self.application.commit {
            CommitMode::BeforeProcessing => self.commit_and_wait(Then::Process, cx),
            CommitMode::Never
            | CommitMode::Auto
            | CommitMode::AfterProcessing
            | CommitMode::AfterProcessingAsync
            | CommitMode::EachRecord => self.process_next(cx),
        }
    }
    // ANCHOR_END: process

    /// Ends without a commit.
    pub(super) fn close(&mut self, cx: &mut Context<'_>) {
        self.go_on(Then::Close, cx);
    }

    /// The next record, or what comes after the last.
    fn process_next(&mut self, cx: &mut Context<'_>) {
        if self.application.hands_over {
            let given = std::mem::take(&mut self.application.given);
            self.application.handed_over.extend(given);
            self.work(cx);
            self.commit_after(cx);
            return;
        }
        while !self.application.given.is_empty() {
            self.application.doing = Doing::Processing;
            if self.application.per_record > Duration::ZERO {
                self.set_application_timer(ApplicationDue::Processed, self.application.per_record, cx);
                return;
            }
            if self.finish_record(cx) {
                return;
            }
        }
        if self.application.per_poll > Duration::ZERO {
            self.application.doing = Doing::Finishing;
            self.set_application_timer(ApplicationDue::Processed, self.application.per_poll, cx);
        } else {
            self.commit_after(cx);
        }
    }

    /// A record is processed: the world can see it. Returns whether its commit is waited for.
    fn finish_record(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(mut done) = self.application.given.pop_front() else { return false };
        self.finish_or_write(&mut done, cx);
        if self.application.commit != CommitMode::EachRecord {
            return false;
        }
        if self.is_writing() {
            self.application.to_commit = Some(done);
            self.application.doing = Doing::Writing;
            return true;
        }
        self.commit_record(&done, cx);
        self.application.doing != Doing::Processing
    }

    /// An application that waited for what it has written goes on when all of that has come to its end.
    pub(super) fn go_on_after_writing(&mut self, cx: &mut Context<'_>) {
        if self.application.doing != Doing::Writing || self.is_writing() {
            return;
        }
        let Some(done) = self.application.to_commit.take() else {
            self.commit_written(cx);
            return;
        };
        self.commit_record(&done, cx);
        if self.application.doing == Doing::Processing {
            self.process_next(cx);
        }
    }

    /// The time of a record, or of a poll, is over.
    pub(super) fn go_on_processing(&mut self, cx: &mut Context<'_>) {
        match self.application.doing {
            Doing::Processing => {
                if !self.finish_record(cx) {
                    self.process_next(cx);
                }
            }
            Doing::Finishing => self.commit_after(cx),
            Doing::Polling | Doing::Writing | Doing::Committing(_) | Doing::Ending => unreachable!("nothing is being processed"),
        }
    }

    // ANCHOR: commit-after
    /// All of a poll is processed, or handed over. Who commits because of that waits for what it has written.
    fn commit_after(&mut self, cx: &mut Context<'_>) {
        let waits = matches!(self.application.commit, CommitMode::AfterProcessing | CommitMode::AfterProcessingAsync);
        if waits && self.is_writing() {
            self.application.doing = Doing::Writing;
        } else {
            self.commit_written(cx);
        }
    }

    fn commit_written(&mut self, cx: &mut Context<'_>) {
        self.application.doing = Doing::Processing;
        match self.application.commit {
            CommitMode::AfterProcessing => self.commit_and_wait(Then::Poll, cx),
            CommitMode::EachRecord if self.application.hands_over => self.commit_and_wait(Then::Poll, cx),
            CommitMode::AfterProcessingAsync => {
                self.commit_positions(Waiter::Nobody, cx);
                self.go_on(Then::Poll, cx);
            }
            CommitMode::EachRecord | CommitMode::Never | CommitMode::Auto | CommitMode::BeforeProcessing => {
                self.go_on(Then::Poll, cx);
            }
        }
    }
    // ANCHOR_END: commit-after

    /// Commits the positions and waits for the answer; with nothing to commit there is nothing to wait for.
    pub(super) fn commit_and_wait(&mut self, then: Then, cx: &mut Context<'_>) {
        self.application.doing = Doing::Committing(then);
        self.watch_poll_interval(cx);
        if self.commit_positions(Waiter::Application, cx).is_none() {
            self.go_on(then, cx);
        }
    }

    /// Commits what follows one record, and waits for the answer.
    fn commit_record(&mut self, done: &Given, cx: &mut Context<'_>) {
        self.application.doing = Doing::Committing(Then::Process);
        if self.commit_one(done.number, done.offset.next(), done.leader_epoch, cx).is_none() {
            self.application.doing = Doing::Processing;
        }
    }

    /// The commit that the application waits for is answered, well or not.
    pub(super) fn commit_is_answered(&mut self, cx: &mut Context<'_>) {
        if let Doing::Committing(then) = self.application.doing {
            self.go_on(then, cx);
        }
    }

    fn go_on(&mut self, then: Then, cx: &mut Context<'_>) {
        match then {
            Then::Process => self.process_next(cx),
            Then::Poll => {
                self.application.doing = Doing::Polling;
                self.timers.cancel(Due::Group(GroupDue::PollInterval));
            }
            Then::Close => {
                self.application.doing = Doing::Ending;
                self.leave_and_end(cx);
            }
        }
    }

    /// From here on the application has `max.poll.interval.ms` until it polls again.
    fn watch_poll_interval(&mut self, cx: &mut Context<'_>) {
        let due = Due::Group(GroupDue::PollInterval);
        if self.is_subscribed() && self.timers.due(&due).is_none() {
            self.timers.set(due, cx.mono().plus(self.setup.config.max_poll_interval), cx.trail());
        }
    }

    /// The worker takes the next record of those that were handed over.
    fn work(&mut self, cx: &mut Context<'_>) {
        while !self.application.is_worker_busy && !self.application.handed_over.is_empty() {
            self.application.is_worker_busy = true;
            if self.application.per_record > Duration::ZERO {
                self.set_application_timer(ApplicationDue::Worked, self.application.per_record, cx);
                return;
            }
            self.finish_work(cx);
        }
    }

    fn finish_work(&mut self, cx: &mut Context<'_>) {
        self.application.is_worker_busy = false;
        if let Some(mut done) = self.application.handed_over.pop_front() {
            self.finish_or_write(&mut done, cx);
        }
    }

    /// The worker's time with a record is over.
    pub(super) fn go_on_working(&mut self, cx: &mut Context<'_>) {
        self.finish_work(cx);
        self.work(cx);
    }

    fn set_application_timer(&mut self, due: ApplicationDue, span: Duration, cx: &mut Context<'_>) {
        self.timers.set(Due::Application(due), cx.mono().plus(span), cx.trail());
    }
}
