//! `processed-at-least-once` and `processed-at-most-once`: nothing a group was to process is left out, or done twice, as its
//! applications promise.
//!
//! Promises, where a scenario's application does (its way of committing says which): every committed record from the group's
//! first position in a partition on is processed by some member; or none is processed twice.
//!
//! At least once is violated at the `PositionSet` or `PollReturned` with which a member of the group goes on beyond a record that
//! nobody processed, that no live member has in hand, and that is still to be read: from then on nobody comes back to it. Likewise when
//! an application that lives has given a record up (`RecordGivenUp`) and its group has committed beyond it, whichever comes last
//! (`CommitAnswered` is when the application can know). Until then its own next life, or whoever is given the partition, may still
//! come back to it. What a live application has in hand it will process, whatever is committed and whoever owns the partition: only
//! its death or its own word ends that. At most once is violated at the second `RecordProcessed`. What an application jumps over by a seek of its own it does not want: that was
//! never promised (a reset is none of its seeks). What retention or the cleaner deleted before it was read, and what was
//! truncated, is nobody's to process.
//!
//! Not exercised: nothing was processed in such a group.

use std::collections::BTreeMap;

use super::super::finding::{Finding, Promise, Scene};
use super::super::promises::{Processing, Promises};
use super::super::ranges::Ranges;
use super::super::{CheckResult, Claim};
use crate::event::PollFacts;
use crate::ids::{Offset, ProcessId, TopicPartition};

/// The claim that nothing is left out.
pub(in super::super) const AT_LEAST_ONCE: Claim = Claim {
    name: "processed-at-least-once",
    sentence: "Every record that a group was to process is processed.",
    needs: "records processed where that is promised",
    advisory: false,
};

/// The claim that nothing is done twice.
pub(in super::super) const AT_MOST_ONCE: Claim = Claim {
    name: "processed-at-most-once",
    sentence: "No record is processed twice by a group.",
    needs: "records processed where that is promised",
    advisory: false,
};

/// What a group has done in a partition. A consumer without a group is a group of its own.
#[derive(Clone, Debug, Default)]
struct Progress {
    processed: Ranges,
    /// Polled and not processed: by whom, as long as that consumer lives.
    in_hand: BTreeMap<Offset, Option<ProcessId>>,
    /// Polled, and given up by a consumer that lives on.
    given_up: BTreeMap<Offset, ProcessId>,
    /// All below it the group has stored as read.
    committed: Option<Offset>,
    /// Where the group came to: all below it was polled or passed over, from its first position on.
    frontier: Option<Offset>,
}

/// Both checks: they look at the same.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Processed {
    progress: BTreeMap<(usize, TopicPartition), Progress>,
    at_least_once: Finding,
    at_most_once: Finding,
}

/// Whether a record is there to be read: committed, above the log's start, neither cleaned away nor truncated.
pub(in super::super) type IsReadable<'a> = &'a dyn Fn(Offset) -> bool;

impl Processed {
    /// After a `PositionSet` that the application asked for: it does not want what lies between.
    pub(in super::super) fn seek(&mut self, reader: ProcessId, processing: &Processing, place: (TopicPartition, Offset)) {
        let (partition, position) = place;
        let progress = self.progress.entry((processing.group, partition)).or_default();
        // What nobody has in hand and lies before it nobody wants any more; what it polled from here on it will poll again.
        let is_left =
            |offset: &Offset, holder: Option<ProcessId>| if *offset < position { holder.is_some() } else { holder != Some(reader) };
        progress.in_hand.retain(|offset, holder| is_left(offset, *holder));
        progress.given_up = progress.given_up.split_off(&position);
        progress.frontier = progress.frontier.max(Some(position));
    }

    /// After any other `PositionSet` of a consumer that promises something, or at a poll: it reads on from here.
    pub(in super::super) fn go_on(
        &mut self,
        scene: Scene<'_>,
        processing: &Processing,
        (partition, position): (TopicPartition, Offset),
        is_readable: IsReadable<'_>,
    ) {
        let reader = Some(scene.event.process);
        let progress = self.progress.entry((processing.group, partition)).or_default();
        // What it polled from here on it will poll again.
        progress.in_hand.retain(|offset, holder| *holder != reader || *offset < position);
        let Some(frontier) = progress.frontier.replace(progress.frontier.map_or(position, |known| known.max(position))) else {
            return;
        };
        if !processing.at_least_once || self.at_least_once.is_violated() {
            return;
        }
        let passed = (frontier.0..position.0).map(Offset).find(|offset| is_readable(*offset));
        let dropped = progress.in_hand.range(..position).find(|(offset, holder)| holder.is_none() && is_readable(**offset));
        let given_up = progress.given_up.range(..position).find(|(offset, who)| Some(**who) != reader && is_readable(**offset));
        if let Some(offset) = passed.or(dropped.map(|(offset, _)| *offset)).or(given_up.map(|(offset, _)| *offset)) {
            let (who, what) = (scene.names.process(scene.event.process), scene.names.place(partition, offset));
            let detail = format!("{who} reads on beyond {what}, which its group never processed");
            self.at_least_once.violate(scene, Some((partition, offset)), detail);
        }
    }

    /// After a consumer was given records: it has them in hand.
    pub(in super::super) fn poll(
        &mut self,
        scene: Scene<'_>,
        processing: &Processing,
        poll: &PollFacts,
        is_readable: IsReadable<'_>,
    ) {
        let Some(first) = poll.records.first() else { return };
        self.go_on(scene, processing, (poll.partition, first.offset), is_readable);
        let progress = self.progress.entry((processing.group, poll.partition)).or_default();
        for record in &poll.records {
            if !progress.processed.contains(record.offset) {
                progress.given_up.remove(&record.offset);
                progress.in_hand.insert(record.offset, Some(scene.event.process));
            }
        }
        progress.frontier = progress.frontier.max(Some(poll.position));
    }

    /// After an application was done with a record.
    pub(in super::super) fn process(&mut self, scene: Scene<'_>, processing: &Processing, place: (TopicPartition, Offset)) {
        let (partition, offset) = place;
        let progress = self.progress.entry((processing.group, partition)).or_default();
        progress.in_hand.remove(&offset);
        progress.given_up.remove(&offset);
        let is_new = progress.processed.insert(offset);
        if processing.at_least_once {
            self.at_least_once.judge();
        }
        if processing.at_most_once {
            self.at_most_once.judge();
            if !is_new {
                let what = scene.names.place(partition, offset);
                let detail = format!("{} processed {what}, which was processed before", scene.names.process(scene.event.process));
                self.at_most_once.violate(scene, Some(place), detail);
            }
        }
    }

    /// After an application gave up a record that it had in hand: it goes on without it.
    pub(in super::super) fn give_up(
        &mut self,
        scene: Scene<'_>,
        processing: &Processing,
        (partition, offset): (TopicPartition, Offset),
        is_readable: IsReadable<'_>,
    ) {
        let progress = self.progress.entry((processing.group, partition)).or_default();
        // Whoever polled it since has it in hand.
        let held = progress.in_hand.get(&offset).copied().flatten();
        if held == Some(scene.event.process) && !progress.processed.contains(offset) {
            progress.in_hand.remove(&offset);
            progress.given_up.insert(offset, scene.event.process);
        }
        self.judge_given_up(scene, processing, partition, is_readable);
    }

    /// After a group's commit was answered well: nobody comes back to what lies below it.
    pub(in super::super) fn commit(
        &mut self,
        scene: Scene<'_>,
        processing: &Processing,
        (partition, next): (TopicPartition, Offset),
        is_readable: IsReadable<'_>,
    ) {
        let progress = self.progress.entry((processing.group, partition)).or_default();
        progress.committed = Some(next);
        self.judge_given_up(scene, processing, partition, is_readable);
    }

    fn judge_given_up(
        &mut self,
        scene: Scene<'_>,
        processing: &Processing,
        partition: TopicPartition,
        is_readable: IsReadable<'_>,
    ) {
        let Some(progress) = self.progress.get(&(processing.group, partition)) else { return };
        let Some(committed) = progress.committed.filter(|_| processing.at_least_once && !self.at_least_once.is_violated()) else {
            return;
        };
        if let Some((offset, who)) = progress.given_up.range(..committed).find(|(offset, _)| is_readable(**offset)) {
            let (who, what) = (scene.names.process(*who), scene.names.place(partition, *offset));
            let detail = format!("{who} has given up {what}, and its group has committed {committed}");
            self.at_least_once.violate(scene, Some((partition, *offset)), detail);
        }
    }

    /// A consumer died: what it had in hand, or had given up, nobody has now.
    pub(in super::super) fn end(&mut self, process: ProcessId) {
        for progress in self.progress.values_mut().filter(|progress| !progress.given_up.is_empty()) {
            let given_up = std::mem::take(&mut progress.given_up).into_iter();
            let (of_it, of_others): (BTreeMap<_, _>, BTreeMap<_, _>) = given_up.partition(|(_, who)| *who == process);
            progress.in_hand.extend(of_it.into_keys().map(|offset| (offset, None)));
            progress.given_up = of_others;
        }
        let in_hand = self.progress.values_mut().flat_map(|progress| progress.in_hand.values_mut());
        in_hand.filter(|holder| **holder == Some(process)).for_each(|holder| *holder = None);
    }

    /// The committed history of a partition is another from here on: what was done above is undone.
    pub(in super::super) fn truncate(&mut self, partition: TopicPartition, from: Offset) {
        let of_partition = self.progress.iter_mut().filter(|((_, other), _)| *other == partition);
        for (_, progress) in of_partition {
            progress.processed.cut(from);
            progress.in_hand.split_off(&from);
            progress.given_up.split_off(&from);
            progress.committed = progress.committed.map(|committed| committed.min(from));
            progress.frontier = progress.frontier.map(|frontier| frontier.min(from));
        }
    }

    /// At the end of the run: both claims, at least once first.
    pub(in super::super) fn finish(self, promises: &Promises) -> [CheckResult; 2] {
        let line = |finding: Finding, claim: &Claim, promised: bool| {
            let promise = Promise::when(promised, "no application of this run promises it");
            finding.result(claim, promise, promises.named.contains(claim.name))
        };
        let promised = |is_it: fn(&Processing) -> bool| promises.processing.is_empty() || promises.processing.values().any(is_it);
        [
            line(self.at_least_once, &AT_LEAST_ONCE, promised(|processing| processing.at_least_once)),
            line(self.at_most_once, &AT_MOST_ONCE, promised(|processing| processing.at_most_once)),
        ]
    }
}
