//! What checks remember of each partition: the committed log, every replica's difference from it, who leads, and what the
//! controller's committed word on it is.
//!
//! The committed log ends at the *true high watermark*: the highest offset that any leader ever advanced to, answered an
//! acks=all request with, or gave to a reader. No broker knows it; only who reads the trace does.
//!
//! Invariant: an event costs the records it carries (and a commit the records it commits), never a scan of a log. Only a
//! loss does: then the committed log is cut to what the new leader has, so that what comes after is judged on its own.
//!
//! `logs` is what happens to the replicas' logs.
//!
//! Called by: `Checks`, before or after the checks that look at it.

mod logs;
mod pace;

use std::collections::BTreeMap;
use std::sync::Arc;

use pace::Pace;

use super::epoch_model::EpochModel;
use super::log_copy::{DiskState, Entry, LeaderQuorum, LogCopy, end_of, entry_at};
use super::ranges::Ranges;
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, BrokerSet, Digest, LeaderEpoch, Offset, ProcessId, TopicId, TopicPartition};

/// All partitions of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    places: BTreeMap<TopicPartition, usize>,
    partitions: Vec<PartitionLedger>,
}

impl Ledger {
    /// The ledger of a partition, new if it was not heard of.
    pub(super) fn partition_mut(&mut self, partition: TopicPartition) -> &mut PartitionLedger {
        let place = *self.places.entry(partition).or_insert_with(|| {
            self.partitions.push(PartitionLedger::new(partition));
            self.partitions.len() - 1
        });
        self.partitions.get_mut(place).expect("every place in the table is one of the list")
    }

    /// Every partition heard of but the metadata's own.
    pub(super) fn data_partitions(&self) -> impl Iterator<Item = &PartitionLedger> {
        self.partitions.iter().filter(|ledger| ledger.is_data())
    }

    /// A topic is no more. Returns its partitions, as far as they were heard of.
    pub(super) fn delete_topic(&mut self, topic: TopicId) -> Vec<TopicPartition> {
        let of_topic = self.partitions.iter_mut().filter(|ledger| ledger.partition.topic == topic);
        of_topic
            .map(|ledger| {
                ledger.delete();
                ledger.partition
            })
            .collect()
    }

    /// A process lost its life and with it every role.
    pub(super) fn forget_roles(&mut self, process: ProcessId) {
        for ledger in &mut self.partitions {
            ledger.forget_role(process);
            if let Some(copy) = ledger.existing_copy_mut(process) {
                (copy.is_unread, copy.has_role) = (true, false);
            }
        }
    }

    /// The folders of a server's logs are not sure to be on its disk, nor those of deleted ones to be gone.
    pub(super) fn doubt_folders(&mut self, process: ProcessId) {
        for ledger in self.partitions.iter_mut().filter(|ledger| ledger.copy(process).is_some()) {
            let copy = ledger.copy_mut(process);
            copy.may_hold_more = true;
            copy.flushed = copy.start;
        }
    }

    /// A server's disk is empty now.
    pub(super) fn empty_disk(&mut self, process: ProcessId) {
        for ledger in &mut self.partitions {
            if ledger.copy(process).is_none() {
                continue;
            }
            ledger.suspect(process, DiskState::Whole);
            let copy = ledger.copy_mut(process);
            copy.restart(Offset::ZERO);
            copy.cache = EpochModel::default();
            copy.disk = DiskState::Whole;
        }
    }

    /// A broker's new incarnation is known to the controller, so that no proposal can name its old one any more.
    pub(super) fn note_registration(&mut self, broker: BrokerId) {
        for ledger in &mut self.partitions {
            let is_named = ledger.candidates().contains(broker);
            if let Some(copy) = ledger.existing_copy_mut(ProcessId::Broker(broker)) {
                copy.has_registered = true;
                copy.is_suspect &= is_named;
            }
        }
    }
}

/// What became of an advance of the committed log.
#[derive(Clone, Debug, Default)]
pub(super) struct Commit {
    /// The first offset that is newly committed.
    pub(super) from: Offset,
    /// The offset after the last.
    pub(super) to: Offset,
    /// The first offset at which the leader's log is not what was committed before.
    pub(super) differs_at: Option<Offset>,
}

/// One partition.
#[derive(Clone, Debug)]
pub(super) struct PartitionLedger {
    /// Which.
    pub(super) partition: TopicPartition,
    /// The controller's committed word on it.
    pub(super) facts: Option<Arc<PartitionFacts>>,
    /// Who acts as its leader in the newest epoch, as long as it lives and the controller has not gone on to another.
    pub(super) newest_leader: Option<(ProcessId, LeaderEpoch)>,
    newest_epoch: LeaderEpoch,
    /// The smallest replication factor it had in the present leader epoch: a leader may not have heard of a larger one.
    pub(super) least_replicas: usize,
    /// Its topic was deleted.
    pub(super) is_deleted: bool,
    /// Every replica that might have been elected cleanly went down in disorder (KIP-966): more than is promised to be survived.
    pub(super) is_beyond_promise: bool,
    /// What leaders before this epoch committed was given up when it began, in the way above.
    pub(super) given_up_before: LeaderEpoch,
    /// How far its leader had come a while ago.
    pub(super) pace: Pace,
    /// Committed offsets that some replica's cleaner dropped.
    pub(super) cleaned: Ranges,
    /// The highest offset that a replica's log ever began at: below it nobody can count on reading anything.
    pub(super) highest_start: Offset,
    trunk: Vec<Entry>,
    commits: Vec<(LeaderEpoch, Offset)>,
    copies: Vec<LogCopy>,
}

impl PartitionLedger {
    /// A partition of which nothing is known.
    pub(super) fn new(partition: TopicPartition) -> Self {
        Self {
            partition,
            facts: None,
            newest_leader: None,
            newest_epoch: LeaderEpoch::ZERO,
            least_replicas: usize::MAX,
            is_deleted: false,
            is_beyond_promise: false,
            given_up_before: LeaderEpoch::ZERO,
            pace: Pace::default(),
            cleaned: Ranges::default(),
            highest_start: Offset::ZERO,
            trunk: Vec::new(),
            commits: Vec::new(),
            copies: Vec::new(),
        }
    }

    /// Whether it holds clients' records.
    pub(super) fn is_data(&self) -> bool {
        self.partition != TopicPartition::METADATA
    }

    /// The committed ISR.
    pub(super) fn isr(&self) -> BrokerSet {
        self.facts.as_ref().map_or(BrokerSet::EMPTY, |facts| facts.isr)
    }

    /// Whether the committed ISR names it.
    pub(super) fn is_in_sync(&self, process: ProcessId) -> bool {
        matches!(process, ProcessId::Broker(broker) if self.isr().contains(broker))
    }

    /// The true high watermark.
    pub(super) fn committed_end(&self) -> Offset {
        end_of(&self.trunk)
    }

    /// Whether a reader may expect to be given the record at `offset`: it is committed, no replica's log begins after it and no
    /// replica's cleaner dropped it.
    pub(super) fn is_readable(&self, offset: Offset) -> bool {
        offset >= self.highest_start && self.committed(offset).is_some() && !self.cleaned.contains(offset)
    }

    /// The committed record at `offset`.
    pub(super) fn committed(&self, offset: Offset) -> Option<Entry> {
        entry_at(&self.trunk, offset)
    }

    /// Up to where leaders of epochs before `epoch` committed.
    pub(super) fn committed_before(&self, epoch: LeaderEpoch) -> Offset {
        let earlier = self.commits.iter().take_while(|(committer, _)| *committer < epoch);
        earlier.map(|(_, end)| *end).max().unwrap_or(Offset::ZERO)
    }

    /// Every replica's log.
    pub(super) fn copies(&self) -> &[LogCopy] {
        &self.copies
    }

    /// One replica's log.
    pub(super) fn copy(&self, process: ProcessId) -> Option<&LogCopy> {
        self.copies.iter().find(|copy| copy.process == process)
    }

    /// One replica's log, empty if it was not heard of.
    pub(super) fn copy_mut(&mut self, process: ProcessId) -> &mut LogCopy {
        let place = self.copies.iter().position(|copy| copy.process == process).unwrap_or_else(|| {
            self.copies.push(LogCopy::new(process));
            self.copies.len() - 1
        });
        self.copies.get_mut(place).expect("the place was found or made above")
    }

    /// The record at `offset` of a replica's log.
    pub(super) fn entry(&self, copy: &LogCopy, offset: Offset) -> Option<Entry> {
        copy.entry(&self.trunk, offset)
    }

    /// The record at `offset` that a replica held when its disk last lost something.
    pub(super) fn entry_before_loss(&self, copy: &LogCopy, offset: Offset) -> Option<Entry> {
        copy.entry_before_loss(&self.trunk, offset)
    }

    /// Whether a replica holds all that is committed.
    pub(super) fn holds_all_committed(&self, copy: &LogCopy) -> bool {
        copy.agreed() >= self.committed_end()
    }

    /// The first offset below `end` at which the first log has a record and the second has not the same.
    pub(super) fn first_difference(&self, one: &LogCopy, other: &LogCopy, end: Offset) -> Option<Offset> {
        if one.agreed().min(other.agreed()) >= end {
            return None;
        }
        let last = end.previous()?;
        let chain = |copy: &LogCopy| self.entry(copy, last).map(|entry| entry.chain);
        if chain(one).is_none_or(|chain_of_one| chain(other) == Some(chain_of_one)) {
            return None;
        }
        let from = one.agreed().min(other.agreed()).max(one.start).max(other.start);
        (from.0..end.0).map(Offset).find(|offset| self.entry(one, *offset) != self.entry(other, *offset))
    }

    /// A replica that has this record, which a reader was given beyond the true high watermark.
    pub(super) fn exposed_by(&self, offset: Offset, digest: Digest) -> Option<ProcessId> {
        if offset < self.committed_end() {
            return None;
        }
        let has = |copy: &&LogCopy| self.entry(copy, offset).is_some_and(|entry| entry.digest == digest);
        self.copies.iter().find(has).map(|copy| copy.process)
    }

    /// A leader of `epoch` says that all below `to` is committed.
    pub(super) fn advance_committed(&mut self, process: ProcessId, epoch: LeaderEpoch, to: Offset) -> Commit {
        let from = self.committed_end();
        let mut commit = Commit { from, to: from, differs_at: None };
        let Some(copy) = self.copies.iter().find(|copy| copy.process == process) else { return commit };
        if copy.agreed() < from.min(to) {
            commit.differs_at = Some(copy.agreed());
            return commit;
        }
        match self.commits.binary_search_by_key(&epoch, |(committer, _)| *committer) {
            Ok(place) => {
                if let Some((_, end)) = self.commits.get_mut(place) {
                    *end = to.max(*end);
                }
            }
            Err(place) => self.commits.insert(place, (epoch, to)),
        }
        if to <= from || copy.agreed() != from {
            return commit;
        }
        self.trunk.extend(copy.own_entries(from, to));
        for copy in &mut self.copies {
            copy.settle(&self.trunk);
        }
        commit.to = self.committed_end();
        commit
    }

    /// A broker acts as the leader. Returns whether nobody leads or led in a newer epoch.
    pub(super) fn become_leader(&mut self, process: ProcessId, epoch: LeaderEpoch, high_watermark: Offset) -> bool {
        let excused = self.suspects().union(self.lost_since(epoch));
        let copy = self.copy_mut(process);
        copy.is_offline = false;
        copy.quorum = LeaderQuorum { excused, ..LeaderQuorum::default() };
        copy.leads = Some(epoch);
        copy.led = Some((epoch, high_watermark));
        copy.high_watermark = high_watermark;
        let newest = self.facts.as_ref().map_or(self.newest_epoch, |facts| facts.epoch.max(self.newest_epoch));
        if epoch < newest {
            return false;
        }
        self.newest_epoch = epoch;
        self.newest_leader = Some((process, epoch));
        true
    }

    /// A leader raised its high watermark.
    pub(super) fn advance_high_watermark(&mut self, process: ProcessId, epoch: LeaderEpoch, new: Offset) {
        let copy = self.copy_mut(process);
        copy.high_watermark = new;
        copy.led = Some((epoch, new));
    }

    /// A process leads nothing here any more.
    pub(super) fn forget_role(&mut self, process: ProcessId) {
        if let Some(copy) = self.existing_copy_mut(process) {
            copy.leads = None;
        }
        self.newest_leader = self.newest_leader.filter(|(leader, _)| *leader != process);
    }

    /// The committed word on the partition changed.
    pub(super) fn change(&mut self, facts: Arc<PartitionFacts>) {
        let (before, after) = (self.candidates(), facts.isr.union(facts.elr));
        for copy in &mut self.copies {
            let ProcessId::Broker(broker) = copy.process else { continue };
            let is_released = !after.contains(broker) && (before.contains(broker) || copy.has_registered);
            copy.is_suspect &= !is_released;
        }
        self.newest_leader = self.newest_leader.filter(|(_, epoch)| *epoch >= facts.epoch);
        let is_same_epoch = self.facts.as_ref().is_some_and(|known| known.epoch == facts.epoch);
        let earlier = if is_same_epoch { self.least_replicas } else { usize::MAX };
        self.least_replicas = facts.replicas.len().min(earlier);
        self.facts = Some(facts);
    }

    /// The topic is no more: nobody owes anything about it.
    pub(super) fn delete(&mut self) {
        self.is_deleted = true;
        self.facts = None;
        self.newest_leader = None;
    }

    /// A replica's log was deleted: what it holds is forgotten. A leader that has not heard of that may count on it still; if
    /// the controller does not, that is no loss.
    pub(super) fn delete_copy(&mut self, process: ProcessId) {
        self.forget_role(process);
        if !self.is_candidate(process) {
            self.excuse(process);
        }
        let trunk = std::mem::take(&mut self.trunk);
        if let Some(copy) = self.existing_copy_mut(process) {
            copy.delete(&trunk);
        }
        self.trunk = trunk;
    }

    /// Its disk lost something of this log (or worse): the replica does not count until the ISR lets go of it.
    pub(super) fn suspect(&mut self, process: ProcessId, disk: DiskState) {
        let copy = self.copy_mut(process);
        copy.remember();
        copy.disk = copy.disk.max(disk);
        copy.is_suspect = true;
        copy.has_registered = false;
        self.excuse(process);
    }

    /// Whoever leads, by its own account, may count on this replica until it hears of what happened; so may who has yet to
    /// hear that it was to lead.
    fn excuse(&mut self, process: ProcessId) {
        let ProcessId::Broker(broker) = process else { return };
        let epoch = self.facts.as_ref().map_or(self.newest_epoch, |facts| facts.epoch);
        self.copy_mut(process).lost_in = Some(epoch);
        for leader in self.copies.iter_mut().filter(|copy| copy.leads.is_some()) {
            leader.quorum.excused = leader.quorum.excused.with(broker);
        }
    }

    fn existing_copy_mut(&mut self, process: ProcessId) -> Option<&mut LogCopy> {
        self.copies.iter_mut().find(|copy| copy.process == process)
    }
}
