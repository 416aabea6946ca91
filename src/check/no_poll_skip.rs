//! `no-poll-skip`: a reader misses nothing that was there to be read.
//!
//! Promises: from its position on a consumer is given every committed record of a partition, up to where it has come. A position
//! that the application, a rebalance or a commit sets begins anew; one that `auto.offset.reset` moves forward may pass over what
//! retention deleted, and nothing that is still there.
//!
//! Violated: at the `PollReturned` or `PositionSet` that passes over a record which is still to be read; and at the `PollReturned`
//! of a reader that goes on from its position although the log was cut below it and has grown again: what was written there instead
//! it never sees (KIP-320). Records that it had fetched before the cut, as their epochs tell, are no such going on.
//!
//! What retention, a moved log start or the cleaner took away before the reader came is no skip.
//!
//! Not exercised: nothing was read.

use std::collections::BTreeMap;

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::{PollFacts, PositionReason};
use crate::ids::{LeaderEpoch, Offset, ProcessId, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "no-poll-skip",
    sentence: "A reader misses nothing that was there to be read.",
    needs: "polls with records",
    advisory: false,
};

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
struct Reader {
    /// The next record it is to be given.
    next: Offset,
    /// From here on, below its position, the log holds other records than it was given, of this epoch or later ones.
    other_from: Option<(Offset, LeaderEpoch)>,
}

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct NoPollSkip {
    readers: BTreeMap<(ProcessId, TopicPartition), Reader>,
    finding: Finding,
}

/// Whether a record is there to be read: committed, not below the log's start, not cleaned away.
pub(super) type IsReadable<'a> = &'a dyn Fn(Offset) -> bool;

impl NoPollSkip {
    /// After `PositionSet`.
    pub(super) fn set_position(
        &mut self,
        scene: Scene<'_>,
        (partition, position): (TopicPartition, Offset),
        why: PositionReason,
        is_readable: IsReadable<'_>,
    ) {
        let new = Reader { next: position, other_from: None };
        let Some(old) = self.readers.insert((scene.event.process, partition), new) else { return };
        if why == PositionReason::Reset {
            self.judge_gap(scene, partition, (old.next, position), is_readable);
        }
    }

    /// After `PollReturned`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, poll: &PollFacts, is_readable: IsReadable<'_>) {
        let Some(first) = poll.records.first() else { return };
        self.finding.judge();
        let key = (scene.event.process, poll.partition);
        let old = self.readers.get(&key).copied();
        let known = old.and_then(|old| old.other_from);
        // Fetched before the cut: what it reads next will tell whether it has noticed.
        let other_from = known.filter(|(_, epoch)| first.leader_epoch < *epoch);
        self.readers.insert(key, Reader { next: poll.position, other_from });
        let Some(old) = old else { return };
        if let Some((from, _)) = known.filter(|(from, _)| *from < first.offset && other_from.is_none()) {
            let (who, what) = (scene.names.process(scene.event.process), scene.names.place(poll.partition, from));
            let detail = format!("{who} reads on from {} although the log holds other records from {what} on", first.offset);
            self.finding.violate(scene, Some((poll.partition, from)), detail);
        }
        self.judge_gap(scene, poll.partition, (old.next, first.offset), is_readable);
    }

    fn judge_gap(
        &mut self,
        scene: Scene<'_>,
        partition: TopicPartition,
        (from, to): (Offset, Offset),
        is_readable: IsReadable<'_>,
    ) {
        if self.finding.is_violated() {
            return;
        }
        if let Some(missed) = (from.0..to.0).map(Offset).find(|offset| is_readable(*offset)) {
            let (who, what) = (scene.names.process(scene.event.process), scene.names.place(partition, missed));
            let detail = format!("{who} was to read on from {from} and reads on from {to}: it misses {what}");
            self.finding.violate(scene, Some((partition, missed)), detail);
        }
    }

    /// The committed log of a partition is another from here on, by the word of the leader of this epoch.
    pub(super) fn diverge(&mut self, partition: TopicPartition, (from, epoch): (Offset, LeaderEpoch)) {
        let readers = self.readers.iter_mut().filter(|((_, of), reader)| *of == partition && reader.next > from);
        for (_, reader) in readers {
            reader.other_from = Some((reader.other_from.map_or(from, |(known, _)| known.min(from)), epoch));
        }
    }

    /// A consumer does not read these partitions any more; if they come back to it, it begins anew.
    pub(super) fn give_back(&mut self, consumer: ProcessId, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.readers.remove(&(consumer, *partition));
        }
    }

    /// A consumer died, and its next life begins where it likes.
    pub(super) fn forget(&mut self, consumer: ProcessId) {
        self.readers.retain(|(of, _), _| *of != consumer);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
