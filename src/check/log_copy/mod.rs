//! One replica's log as a difference from what is committed: up to `agreed` it is the committed log itself; from there
//! on it is a tail of its own, either not yet committed or not like the committed log.
//!
//! Invariant: the first entry of the tail, where the committed log reaches that far, differs from it. An entry's `chain`
//! sums up the whole log up to it, so that two logs are compared at one offset.
//!
//! A log holds what its cleaner, or that of whom it was copied from, dropped: an offset that is missing from a batch, or between
//! two, and that some replica's cleaner dropped, stands for the committed record. `gaps` are the offsets it holds in that way only.
//!
//! Called by: the ledger.

mod entry;
mod read_back;

use std::collections::VecDeque;

pub(super) use entry::{Entry, end_of, entry_at, key_of};

use super::epoch_model::EpochModel;
use super::ranges::Ranges;
use crate::event::BatchFacts;
use crate::ids::{BrokerSet, Digest, LeaderEpoch, Offset, PartitionEpoch, ProcessId, Step};

/// How an append did not continue the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It left out the offsets from this one on.
    Hole(Offset),
    /// It wrote an offset again that the log had.
    Overlap(Offset),
}

/// What a batch did to a log.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// How it did not continue the log.
    pub(super) misfit: Option<Misfit>,
    /// The offsets before it and in it that a cleaner had dropped.
    pub(super) filled: Vec<Offset>,
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
    /// What it holds below is of no account: it begins later itself, or the leader did that it took something over from.
    pub(super) outgrown: Offset,

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
    /// Its broker leads it or follows by it, in this life of its process.
    pub(super) has_role: bool,
    /// A write failed half-way, so that more may be on its disk than was told.
    pub(super) may_hold_more: bool,
    /// What it counts on while it acts as a leader.
    pub(super) quorum: LeaderQuorum,
    /// Its epoch cache, as far as it was told.
    pub(super) cache: EpochModel,
    /// What its disk did since it was last read back.
    pub(super) disk: DiskState,
    /// Offsets that it holds only because a cleaner dropped what stood there.
    pub(super) gaps: Ranges,
    /// Up to where (excluded) its cleaner is at work, so that it may have dropped more than was told.
    pub(super) cleaning_to: Option<Offset>,
    agreed: Offset,
    tail: VecDeque<Entry>,
    /// What its last cut took off, as long as nothing was written since: told before it was made, it may never have been.
    cut_off: Vec<Entry>,
    /// Offsets that what its last cut took off held only because a cleaner had dropped what stood there.
    cut_off_gaps: Ranges,
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
            outgrown: Offset::ZERO,
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
            has_role: false,
            may_hold_more: false,
            quorum: LeaderQuorum::default(),
            cache: EpochModel::default(),
            disk: DiskState::Whole,
            gaps: Ranges::default(),
            cleaning_to: None,
            agreed: Offset::ZERO,
            tail: VecDeque::new(),
            cut_off: Vec::new(),
            cut_off_gaps: Ranges::default(),
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
        if offset < self.start.max(self.outgrown) {
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
        self.deleted.as_ref().map_or(self.start.max(self.outgrown), |(start, _)| *start)
    }

    /// It is deleted.
    pub(super) fn delete(&mut self, trunk: &[Entry]) {
        let held = (self.start.0..self.end().0).map_while(|offset| self.entry(trunk, Offset(offset))).collect();
        let gaps = std::mem::take(&mut self.gaps);
        *self = Self { deleted: Some((self.start, held)), gaps, lost_in: self.lost_in, ..Self::new(self.process) };
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
    pub(super) fn append(&mut self, (trunk, cleaned): (&[Entry], &Ranges), batch: &BatchFacts) -> Written {
        let mut written = Written::default();
        if self.deleted.take().is_some() {
            self.gaps = Ranges::default();
        }
        let end = self.end();
        if batch.base < end {
            self.cut(trunk, batch.base);
            written.misfit = Some(Misfit::Overlap(batch.base));
        } else if let Some(missing) = (end.0..batch.base.0).map(Offset).find(|at| !self.fill(trunk, cleaned, *at, &mut written)) {
            if end > self.start {
                written.misfit = Some(Misfit::Hole(missing));
            }
            self.restart(batch.base);
            written.filled.clear();
        }
        self.forget_cut();
        for record in &batch.records {
            self.fill_up_to(record.offset, (trunk, cleaned), batch, &mut written);
            let entry = Entry::after(self.last_chain(trunk), batch, record);
            self.push(trunk, entry);
        }
        self.fill_up_to(batch.last.next(), (trunk, cleaned), batch, &mut written);
        written
    }

    /// What is missing from a batch up to `to`, because a cleaner dropped it. (Anything else is wrong, and stands for no record.)
    fn fill_up_to(&mut self, to: Offset, (trunk, cleaned): (&[Entry], &Ranges), batch: &BatchFacts, written: &mut Written) {
        while self.end() < to {
            let at = self.end();
            if !self.fill(trunk, cleaned, at, written) {
                written.misfit.get_or_insert(Misfit::Hole(at));
                let entry = Entry::unknown(self.last_chain(trunk), batch.leader_epoch, Digest::default());
                self.push(trunk, entry);
            }
        }
    }

    /// Goes on with the committed record at its end, if a cleaner dropped that.
    fn fill(&mut self, trunk: &[Entry], cleaned: &Ranges, at: Offset, written: &mut Written) -> bool {
        let can = self.tail.is_empty() && self.agreed == at && entry_at(trunk, at).is_some() && cleaned.contains(at);
        if can {
            self.agreed = at.next();
            self.gaps.insert(at);
            written.filled.push(at);
        }
        can
    }

    /// What it holds below `start` is nobody's any more: if it parted from the committed log only there, it is that log again.
    pub(super) fn let_go_below(&mut self, trunk: &[Entry], start: Offset) {
        let start = start.min(self.end()); // it may be far behind
        let is_committed = start.previous().is_some_and(|last| entry_at(trunk, last).is_some());
        if self.agreed >= start || !is_committed {
            return;
        }
        let gone = usize::try_from(start.since(self.agreed)).unwrap_or(usize::MAX);
        let own = self.tail.split_off(gone);
        self.tail.clear();
        (self.agreed, self.outgrown) = (start, start);
        for entry in own {
            let next = entry.following(self.last_chain(trunk));
            self.push(trunk, next);
        }
    }

    /// Takes the offsets from `to` (included) off.
    pub(super) fn cut(&mut self, trunk: &[Entry], to: Offset) {
        let mut cut_off: Vec<_> = (to.0..self.end().0).map_while(|offset| self.entry(trunk, Offset(offset))).collect();
        cut_off.append(&mut self.cut_off);
        self.cut_off = cut_off;
        self.cut_off_gaps.extend(&self.gaps, to);
        if to < self.agreed {
            self.agreed = to;
            self.tail.clear();
        } else {
            self.tail.truncate(usize::try_from(to.since(self.agreed)).unwrap_or(usize::MAX));
        }
        self.cache.cut(to);
        self.gaps.cut(to);
        self.start = self.start.min(to);
        self.outgrown = self.outgrown.min(to);
        self.flushed = self.flushed.min(to);
        self.high_watermark = self.high_watermark.min(to);
    }

    /// What was cut off can not come back any more.
    fn forget_cut(&mut self) {
        self.cut_off.clear();
        self.cut_off_gaps = Ranges::default();
    }

    /// Begins anew, empty, at `start`.
    pub(super) fn restart(&mut self, start: Offset) {
        (self.start, self.outgrown) = (start, Offset::ZERO);
        self.cache = EpochModel::unknown();
        self.agreed = start;
        self.tail.clear();
        self.gaps = Ranges::default();
        self.forget_cut();
        self.deleted = None;
        self.flushed = start;
        self.high_watermark = start;
    }

    /// Begins at `start`, beyond whose end it begins anew.
    pub(super) fn advance_start(&mut self, trunk: &[Entry], start: Offset) {
        if start > self.end() {
            self.restart(start);
        } else {
            self.start = start;
            self.let_go_below(trunk, start);
        }
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
