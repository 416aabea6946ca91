//! Since when which segments are due and still there.
//!
//! Invariant: a segment is held against a broker only from a look at it on, and only while nothing happened to the broker, its clock
//! or the rule. A broker whose disk stalls is in the middle of something: it looks at nothing until it is heard of at a later moment.
//!
//! Called by: `retention-contract`, four times in a broker's patience.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Offset, ProcessId, TopicId, TopicPartition};
use crate::time::{Duration, Instant};

/// The oldest segments that are due.
#[derive(Clone, Debug, Default)]
pub(super) struct Overdue {
    /// By its own clock a broker that is at work has looked twice after this.
    pub(super) patience: Duration,
    next_look: Instant,
    due: BTreeMap<(ProcessId, TopicPartition), (Offset, Instant)>,
    /// Who waits for a disk that stalls, and since when.
    waiting: BTreeMap<ProcessId, Instant>,
    /// Who has heard, in this life, that it has a replica where.
    serving: BTreeSet<(ProcessId, TopicPartition)>,
}

impl Overdue {
    /// Of brokers that have looked twice after `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Whether it is time for the next look.
    pub(super) fn is_time(&self, now: Instant) -> bool {
        now >= self.next_look
    }

    /// This is a look.
    pub(super) fn look(&mut self, now: Instant) {
        self.next_look = now.plus(Duration(self.patience.0 / 4));
    }

    /// A log's oldest segment, which begins at `base`, is due now. Since when at least?
    pub(super) fn due_since(&mut self, log: (ProcessId, TopicPartition), base: Offset, now: Instant) -> Instant {
        let (known, since) = self.due.entry(log).or_insert((base, now));
        if *known != base {
            (*known, *since) = (base, now);
        }
        *since
    }

    /// A log's oldest segment is not due, or another.
    pub(super) fn forget(&mut self, process: ProcessId, partition: TopicPartition) {
        self.due.remove(&(process, partition));
    }

    /// A broker stood still, or has another clock.
    pub(super) fn begin_anew(&mut self, process: ProcessId) {
        self.due.retain(|(of, _), _| *of != process);
    }

    /// A broker's disk stalls.
    pub(super) fn stall(&mut self, process: ProcessId, now: Instant) {
        self.begin_anew(process);
        self.waiting.insert(process, now);
    }

    /// A process did something.
    pub(super) fn hear_of(&mut self, process: ProcessId, now: Instant) {
        if !self.waiting.is_empty() && self.waiting.get(&process).is_some_and(|since| *since < now) {
            self.waiting.remove(&process);
        }
    }

    /// A broker begins a new life, in which it serves nothing yet.
    pub(super) fn begin_life(&mut self, process: ProcessId) {
        self.begin_anew(process);
        self.waiting.remove(&process);
        self.serving.retain(|(of, _)| *of != process);
    }

    /// A broker acts as a replica of a partition.
    pub(super) fn serve(&mut self, process: ProcessId, partition: TopicPartition) {
        self.serving.insert((process, partition));
    }

    /// Whether it serves the partition, and does not wait for its disk.
    pub(super) fn is_at_work(&self, process: ProcessId, partition: TopicPartition) -> bool {
        self.serving.contains(&(process, partition)) && !self.waiting.contains_key(&process)
    }

    /// A topic's rule is another.
    pub(super) fn change_rule(&mut self, topic: TopicId) {
        self.due.retain(|(_, partition), _| partition.topic != topic);
    }
}
