//! What the application does with its consumer besides polling: subscribe, assign, seek, pause, commit, close. It is one
//! thread: while it is busy, what it is told to do waits.
//!
//! Source: Kafka's `Consumer` interface. Called by: the scenario, through the poll.
//!
//! Kafka differs: there a consumer has to unsubscribe before it is assigned partitions; here `assign` does so itself.

use std::sync::Arc;

use super::commits::Waiter;
use super::processing::Then;
use super::{Consumer, StartFrom};
use crate::context::{ConsumerCommand, Context, SeekTo};
use crate::error::ErrorCode;
use crate::event::ClientFact;
use crate::ids::{Offset, TopicPartition};
use crate::protocol::NamedPartition;

impl Consumer {
    /// Does what it is told.
    pub(super) fn obey(&mut self, command: ConsumerCommand, cx: &mut Context<'_>) {
        match command {
            ConsumerCommand::Subscribe(topics) => self.subscribe(topics, cx),
            ConsumerCommand::SubscribePattern(pattern) => self.subscribe_to_pattern(pattern, cx),
            ConsumerCommand::Assign(partitions) => self.assign(&partitions, cx),
            ConsumerCommand::Unsubscribe => {
                self.unsubscribe(cx);
            }
            ConsumerCommand::Seek(partition, to) => self.seek(partition.as_ref(), to, cx),
            ConsumerCommand::Pause(partitions) => self.pause(&partitions, true, cx),
            ConsumerCommand::Resume(partitions) => self.pause(&partitions, false, cx),
            ConsumerCommand::Commit => self.commit_and_wait(Then::Poll, cx),
            ConsumerCommand::Close if self.commits_by_itself() => self.commit_and_wait(Then::Close, cx),
            ConsumerCommand::Close => self.close(cx),
        }
    }

    /// Reads these partitions from now on, alone. Those that it reads already go on where they are.
    fn assign(&mut self, partitions: &[NamedPartition], cx: &mut Context<'_>) {
        if self.is_subscribed() {
            self.unsubscribe(cx);
        } else if self.commits_by_itself() {
            self.commit_positions(Waiter::Clock, cx);
        }
        let is_unwanted = |named: Option<NamedPartition>| named.is_none_or(|named| !partitions.contains(&named));
        let gone = self.numbers_of(|assigned| is_unwanted(self.name_of(assigned)));
        self.remove(&gone);
        let owned = self.owned_names();
        for named in partitions.iter().filter(|named| !owned.contains(named)) {
            self.add(&named.topic, named.partition, StartFrom::Configured, cx);
        }
    }

    fn seek(&mut self, which: Option<&NamedPartition>, to: SeekTo, cx: &mut Context<'_>) {
        let numbers = match which {
            Some(named) => self.find(std::slice::from_ref(named), cx),
            None => self.numbers_of(|_| true),
        };
        let validates = self.validates_positions();
        for number in numbers {
            let Some(assigned) = self.assigned.get_mut(&number) else { continue };
            assigned.follow_seek(to, cx);
            assigned.follow_leader(self.metadata.leader(assigned.topic, assigned.index), validates);
        }
    }

    fn pause(&mut self, which: &[NamedPartition], is_paused: bool, cx: &mut Context<'_>) {
        let numbers = if which.is_empty() { self.numbers_of(|_| true) } else { self.find(which, cx) };
        let mut changed = Vec::new();
        for number in numbers {
            let Some(assigned) = self.assigned.get_mut(&number).filter(|assigned| assigned.is_paused != is_paused) else {
                continue;
            };
            assigned.is_paused = is_paused;
            changed.extend(assigned.partition);
        }
        if changed.is_empty() {
            return;
        }
        let partitions = Arc::new(changed);
        cx.emit(if is_paused { ClientFact::PartitionsPaused { partitions } } else { ClientFact::PartitionsResumed { partitions } });
    }

    /// The numbers of these partitions. The application is told of those that are not its own (Kafka's
    /// `IllegalStateException`).
    fn find(&self, which: &[NamedPartition], cx: &mut Context<'_>) -> Vec<u32> {
        let mut found = Vec::new();
        for named in which {
            let numbers = self.numbers_of(|assigned| self.name_of(assigned).as_ref() == Some(named));
            if let Some(topic) = self.metadata.id_of(&named.topic).filter(|_| numbers.is_empty()) {
                let partition = TopicPartition::new(topic, named.partition);
                cx.emit(ClientFact::ReadFailed { partition, offset: Offset::ZERO, code: ErrorCode::InvalidRequest });
            }
            found.extend(numbers);
        }
        found
    }

    /// Leaves, and ends when the coordinator has heard of it.
    pub(super) fn leave_and_end(&mut self, cx: &mut Context<'_>) {
        self.give_up_all_commits(cx);
        if !self.unsubscribe(cx) {
            cx.exit();
        }
    }

    /// The coordinator has heard, or will not hear, that the member is gone.
    pub(super) fn handle_left(&mut self, cx: &mut Context<'_>) {
        if self.application.is_ending() {
            cx.exit();
        }
    }
}
