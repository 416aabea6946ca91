//! One replica's log after its broker read it back from disk.
//!
//! Invariant: what is missing from its middle it holds as it did before, if a cleaner may have dropped it; and what it had let go
//! of below some start stays of no account, whatever its last checkpoint of the start says.
//!
//! Called by: the ledger.

use super::{DiskState, Entry, EpochModel, LogCopy, entry_at};
use crate::event::RecoveryFacts;
use crate::ids::{Digest, LeaderEpoch, Offset};

impl LogCopy {
    /// Becomes what was read back from disk. What is missing from its middle it holds as before, if a cleaner may have dropped
    /// it. Returns the offsets that are missing by now and were not before.
    pub(in super::super) fn recover(&mut self, trunk: &[Entry], recovery: &RecoveryFacts) -> Vec<Offset> {
        let old = self.clone();
        let first = recovery.batches.first().map_or(recovery.end, |batch| batch.base);
        let first = if (recovery.start.0..first.0).all(|at| old.may_lack(Offset(at))) { first.min(recovery.start) } else { first };
        self.restart(first);
        let mut gone = Vec::new();
        for batch in &recovery.batches {
            for record in &batch.records {
                self.keep_up_to(record.offset, (trunk, &old), &mut gone);
                let entry = Entry::after(self.last_chain(trunk), batch, record);
                self.push(trunk, entry);
            }
            self.keep_up_to(batch.last.next(), (trunk, &old), &mut gone);
        }
        self.start = recovery.start.max(first);
        self.let_go_below(trunk, self.start.max(old.outgrown));
        self.high_watermark = recovery.high_watermark;
        (self.is_offline, self.may_hold_more, self.is_unread) = (false, false, false);
        self.cache = EpochModel::read_back(&recovery.epochs);
        self.flushed = if recovery.was_clean { self.end() } else { old.flushed.min(self.end()) };
        self.disk = DiskState::Whole;
        self.cleaning_to = None;
        gone
    }

    /// Whether an offset may be missing from its disk: it was before, or its cleaner was at work there.
    pub(in super::super) fn may_lack(&self, offset: Offset) -> bool {
        self.lacked(offset) || self.cleaning_to.is_some_and(|to| offset < to)
    }

    /// Whether it was missing from its disk before, also if that was cut off since, as far as was told.
    fn lacked(&self, offset: Offset) -> bool {
        self.gaps.contains(offset) || self.cut_off_gaps.contains(offset)
    }

    fn keep_up_to(&mut self, to: Offset, (trunk, old): (&[Entry], &Self), gone: &mut Vec<Offset>) {
        while self.end() < to {
            let at = self.end();
            let kept = old.entry(trunk, at).or_else(|| entry_at(trunk, at));
            self.push(trunk, kept.unwrap_or_else(|| Entry::unknown(self.last_chain(trunk), LeaderEpoch::ZERO, Digest::default())));
            self.gaps.insert(at);
            if !old.lacked(at) && old.may_lack(at) {
                gone.push(at);
            }
        }
    }
}
