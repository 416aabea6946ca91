//! One replica's log as a difference from what is committed: up to `agreed` it is the committed log itself; from there
//! on it is a tail of its own, either not yet committed or not like the committed log.
//!
//! Invariant: the first entry of the tail, where the committed log reaches that far, differs from it. An entry's `chain`
//! sums up the whole log up to it, so that two logs are compared at one offset.
//!
//! Called by: the ledger.

use std::collections::VecDeque;

use super::epoch_model::EpochModel;
use crate::event::{BatchFacts, RecoveryFacts};
use crate::ids::{BrokerSet, Digest, LeaderEpoch, Offset, PartitionEpoch, ProcessId, Step};

/// One record of a log, as far as checks compare logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The epoch of the leader that wrote it.
    pub(super) epoch: LeaderEpoch,
    /// Digest of its key and value.
    pub(super) digest: Digest,
    /// Digest of the log up to it (included).
    pub(super) chain: u64,
}

impl Entry {
    /// The entry that follows a log whose last chain is `chain` (0: no log).
    fn after(chain: u64, epoch: LeaderEpoch, digest: Digest) -> Self {
        let word = chain.rotate_left(23) ^ digest.0 ^ u64::from(epoch.0).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let word = (word ^ (word >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { epoch, digest, chain: (word ^ (word >> 29)) | 1 }
    }
}

/// The entry at `offset` of the committed log.
pub(super) fn entry_at(trunk: &[Entry], offset: Offset) -> Option<Entry> {
    usize::try_from(offset.0).ok().and_then(|place| trunk.get(place)).copied()
}

/// Where the committed log ends.
pub(super) fn end_of(trunk: &[Entry]) -> Offset {
    Offset(trunk.len() as u64)
}

/// How an append did not continue the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It left out the offsets from this one on.
    Hole(Offset),
    /// It wrote an offset again that the log had.
    Overlap(Offset),
}

/// What a replica that acts as a leader counts on, as it tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeaderQuorum {
    /// The ISR that it takes for the committed one.
    pub(super) isr: BrokerSet,
    /// That and what it proposed: whom its high watermark waits for.
    pub(super) maximal: BrokerSet,
    /// The version of the partition that it knows; `None` until it told one.
    pub(super) partition_epoch: Option<PartitionEpoch>,
    /// Members of its ISR whose disks have lost something since they came into it.
    pub(super) excused: BrokerSet,
    /// What it proposed last, and when.
    pub(super) proposed: Option<(BrokerSet, Step)>,
}

/// One replica's log.
#[derive(Clone, Debug)]
pub(super) struct LogCopy {
    /// Whose log.
    pub(super) process: ProcessId,
    /// Its first offset.
    pub(super) start: Offset,
    /// What this replica takes the high watermark to be.
    pub(super) high_watermark: Offset,
    /// All below is on its disk for sure.
    pub(super) flushed: Offset,
    /// The epoch it leads, while it acts as a leader.
    pub(super) leads: Option<LeaderEpoch>,
    /// The last epoch it led, and the high watermark it had in it.
    pub(super) led: Option<(LeaderEpoch, Offset)>,
    /// Its disk lost data and the committed ISR may still name it: it does not count.
    pub(super) is_suspect: bool,
    /// It has registered again since its disk lost data.
    pub(super) has_registered: bool,
    /// The epoch that the committed word named when its disk last lost data, or its log was deleted.
    pub(super) lost_in: Option<LeaderEpoch>,
    /// Its files can not be trusted or read: it serves nobody until it is read back.
    pub(super) is_offline: bool,
    /// Its process began a new life and has not told what it read back.
    pub(super) is_unread: bool,
    /// A write failed half-way, so that more may be on its disk than was told.
    pub(super) may_hold_more: bool,
    /// What it counts on while it acts as a leader.
    pub(super) quorum: LeaderQuorum,
    /// Its epoch cache, as far as it was told.
    pub(super) cache: EpochModel,
    /// What its disk did since it was last read back.
    pub(super) disk: DiskState,
    agreed: Offset,
    tail: VecDeque<Entry>,
    /// What its last cut took off, as long as nothing was written since: told before it was made, it may never have been.
    cut_off: Vec<Entry>,
    /// What it held when it was deleted, and from where on, as long as none was begun since: a power failure may bring it back.
    deleted: Option<(Offset, Vec<Entry>)>,
    /// What it held when its disk last lost something: `agreed` and tail of then.
    before_loss: Option<(Offset, VecDeque<Entry>)>,
}

/// What a disk did to a log since it was last read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DiskState {
    /// It kept everything.
    #[default]
    Whole,
    /// It lost bytes that were not synced.
    LostUnsynced,
    /// It gave back other bytes than were written.
    Corrupted,
}

impl LogCopy {
    /// An empty log.
    pub(super) fn new(process: ProcessId) -> Self {
        Self {
            process,
            start: Offset::ZERO,
            high_watermark: Offset::ZERO,
            flushed: Offset::ZERO,
            leads: None,
            led: None,
            is_suspect: false,
            has_registered: false,
            lost_in: None,
            is_offline: false,
            is_unread: false,
            may_hold_more: false,
            quorum: LeaderQuorum::default(),
            cache: EpochModel::default(),
            disk: DiskState::Whole,
            agreed: Offset::ZERO,
            tail: VecDeque::new(),
            cut_off: Vec::new(),
            deleted: None,
            before_loss: None,
        }
    }

    /// The log end offset.
    pub(super) fn end(&self) -> Offset {
        self.agreed.plus(self.tail.len() as u64)
    }

    /// Up to where (excluded) it is the committed log itself.
    pub(super) fn agreed(&self) -> Offset {
        self.agreed
    }

    /// The entry at `offset`, unless the log does not reach there or begins later.
    pub(super) fn entry(&self, trunk: &[Entry], offset: Offset) -> Option<Entry> {
        if offset < self.start {
            return None;
        }
        if offset < self.agreed {
            return entry_at(trunk, offset);
        }
        usize::try_from(offset.since(self.agreed)).ok().and_then(|place| self.tail.get(place)).copied()
    }

    /// The entry at `offset` that its last cut took off, or its deletion.
    pub(super) fn entry_cut_off(&self, offset: Offset) -> Option<Entry> {
        let (base, entries) = match &self.deleted {
            Some((start, entries)) => (*start, entries),
            None => (self.end(), &self.cut_off),
        };
        let place = offset.0.checked_sub(base.0)?;
        usize::try_from(place).ok().and_then(|place| entries.get(place)).copied()
    }

    /// The first offset of which something is known: where it begins, or did when it was deleted.
    pub(super) fn known_from(&self) -> Offset {
        self.deleted.as_ref().map_or(self.start, |(start, _)| *start)
    }

    /// It is deleted.
    pub(super) fn delete(&mut self, trunk: &[Entry]) {
        let held = (self.start.0..self.end().0).map_while(|offset| self.entry(trunk, Offset(offset))).collect();
        *self = Self { deleted: Some((self.start, held)), lost_in: self.lost_in, ..Self::new(self.process) };
    }

    /// Its disk loses something: what it held until now is remembered.
    pub(super) fn remember(&mut self) {
        self.before_loss = Some((self.agreed, self.tail.clone()));
    }

    /// The entry at `offset` that it held when its disk last lost something.
    pub(super) fn entry_before_loss(&self, trunk: &[Entry], offset: Offset) -> Option<Entry> {
        let (agreed, tail) = self.before_loss.as_ref()?;
        if offset < *agreed {
            return entry_at(trunk, offset);
        }
        usize::try_from(offset.since(*agreed)).ok().and_then(|place| tail.get(place)).copied()
    }

    /// Writes a batch at its offsets; says so if it does not continue the log.
    pub(super) fn append(&mut self, trunk: &[Entry], batch: &BatchFacts) -> Option<Misfit> {
        let end = self.end();
        let misfit = if batch.base == end {
            None
        } else if batch.base < end {
            self.cut(trunk, batch.base);
            Some(Misfit::Overlap(batch.base))
        } else {
            let was_empty = end == self.start;
            self.restart(batch.base);
            (!was_empty).then_some(Misfit::Hole(end))
        };
        self.cut_off.clear();
        self.deleted = None;
        let mut chain = self.last_chain(trunk);
        for record in &batch.records {
            let entry = Entry::after(chain, batch.leader_epoch, record.digest);
            chain = entry.chain;
            self.push(trunk, entry);
        }
        misfit
    }

    /// Takes the offsets from `to` (included) off.
    pub(super) fn cut(&mut self, trunk: &[Entry], to: Offset) {
        let mut cut_off: Vec<_> = (to.0..self.end().0).map_while(|offset| self.entry(trunk, Offset(offset))).collect();
        cut_off.append(&mut self.cut_off);
        self.cut_off = cut_off;
        if to < self.agreed {
            self.agreed = to;
            self.tail.clear();
        } else {
            self.tail.truncate(usize::try_from(to.since(self.agreed)).unwrap_or(usize::MAX));
        }
        self.cache.cut(to);
        self.start = self.start.min(to);
        self.flushed = self.flushed.min(to);
        self.high_watermark = self.high_watermark.min(to);
    }

    /// Begins anew, empty, at `start`.
    pub(super) fn restart(&mut self, start: Offset) {
        self.start = start;
        self.cache = EpochModel::unknown();
        self.agreed = start;
        self.tail.clear();
        self.cut_off.clear();
        self.deleted = None;
        self.flushed = start;
        self.high_watermark = start;
    }

    /// Begins at `start`, beyond whose end it begins anew.
    pub(super) fn advance_start(&mut self, start: Offset) {
        if start > self.end() {
            self.restart(start);
        } else {
            self.start = start;
        }
    }

    /// Becomes what was read back from disk.
    pub(super) fn recover(&mut self, trunk: &[Entry], recovery: &RecoveryFacts) {
        let first = recovery.batches.first().map_or(recovery.end, |batch| batch.base);
        let flushed = self.flushed;
        self.restart(first);
        for batch in &recovery.batches {
            self.append(trunk, batch);
        }
        self.start = recovery.start.max(first);
        self.high_watermark = recovery.high_watermark;
        (self.is_offline, self.may_hold_more, self.is_unread) = (false, false, false);
        self.cache = EpochModel::read_back(&recovery.epochs);
        self.flushed = if recovery.was_clean { self.end() } else { flushed.min(self.end()) };
        self.disk = DiskState::Whole;
    }

    /// Compares its tail with the committed log, which has grown.
    pub(super) fn settle(&mut self, trunk: &[Entry]) {
        while let Some(next) = self.tail.front() {
            if entry_at(trunk, self.agreed) != Some(*next) {
                return;
            }
            self.tail.pop_front();
            self.agreed = self.agreed.next();
        }
    }

    /// Takes the committed log from `cut` on into its own tail, before the committed log is cut there.
    pub(super) fn unsettle(&mut self, trunk: &[Entry], cut: Offset) {
        while self.agreed > cut {
            let Some(last) = self.agreed.previous() else { return };
            let Some(entry) = entry_at(trunk, last) else { return };
            self.tail.push_front(entry);
            self.agreed = last;
        }
    }

    /// The entries from `from` on that are its own.
    pub(super) fn own_entries(&self, from: Offset, to: Offset) -> impl Iterator<Item = Entry> {
        let skip = usize::try_from(from.since(self.agreed)).unwrap_or(usize::MAX);
        let take = usize::try_from(to.since(from)).unwrap_or(usize::MAX);
        self.tail.iter().skip(skip).take(take).copied()
    }

    fn push(&mut self, trunk: &[Entry], entry: Entry) {
        if self.tail.is_empty() && entry_at(trunk, self.agreed) == Some(entry) {
            self.agreed = self.agreed.next();
        } else {
            self.tail.push_back(entry);
        }
    }

    fn last_chain(&self, trunk: &[Entry]) -> u64 {
        match self.tail.back() {
            Some(entry) => entry.chain,
            None => self.agreed.previous().and_then(|last| entry_at(trunk, last)).map_or(0, |entry| entry.chain),
        }
    }
}
