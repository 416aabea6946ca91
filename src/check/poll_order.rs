//! `poll-order`: a reader goes forward only.
//!
//! Promises: a consumer is given the records of a partition in the order of their offsets, none twice and none from before its
//! position, until its position is set anew (by the application, by `auto.offset.reset`, or because the log was truncated: KIP-320).
//!
//! Violated: at the `PollReturned` that goes back. Not exercised: nothing was read.

use std::collections::BTreeMap;

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::PollFacts;
use crate::ids::{Offset, ProcessId, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim =
    Claim { name: "poll-order", sentence: "A reader goes forward only.", needs: "polls with records", advisory: false };

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct PollOrder {
    positions: BTreeMap<(ProcessId, TopicPartition), Offset>,
    finding: Finding,
}

impl PollOrder {
    /// After `PositionSet`.
    pub(super) fn set_position(&mut self, consumer: ProcessId, partition: TopicPartition, position: Offset) {
        self.positions.insert((consumer, partition), position);
    }

    /// A consumer died, and its next life begins where it likes.
    pub(super) fn forget(&mut self, consumer: ProcessId) {
        self.positions.retain(|(of, _), _| *of != consumer);
    }

    /// After `PollReturned`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, poll: &PollFacts) {
        let position = self.positions.entry((scene.event.process, poll.partition)).or_default();
        if !poll.records.is_empty() {
            self.finding.judge();
        }
        let mut expected = *position;
        for record in &poll.records {
            if record.offset < expected {
                let who = scene.names.process(scene.event.process);
                let place = scene.names.place(poll.partition, record.offset);
                let detail = format!("{who} was given {place} when it had come to offset {expected}");
                self.finding.violate(scene, Some((poll.partition, record.offset)), detail);
            }
            expected = record.offset.next().max(expected);
        }
        *position = poll.position.max(expected);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
