//! Since when which segments are due and still there.
//!
//! Invariant: a segment is held against a broker only from a look at it on, and only while nothing happened to the broker, its clock
//! or the rule.
//!
//! Called by: `retention-contract`, four times in a broker's patience.

use std::collections::BTreeMap;

use crate::ids::{Offset, ProcessId, TopicId, TopicPartition};
use crate::time::{Duration, Instant};

/// The oldest segments that are due.
#[derive(Clone, Debug, Default)]
pub(super) struct Overdue {
    /// By its own clock a broker that is at work has looked twice after this.
    pub(super) patience: Duration,
    next_look: Instant,
    due: BTreeMap<(ProcessId, TopicPartition), (Offset, Instant)>,
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

    /// A broker began a new life, stood still, or has another clock.
    pub(super) fn begin_anew(&mut self, process: ProcessId) {
        self.due.retain(|(of, _), _| *of != process);
    }

    /// A topic's rule is another.
    pub(super) fn change_rule(&mut self, topic: TopicId) {
        self.due.retain(|(_, partition), _| partition.topic != topic);
    }
}
