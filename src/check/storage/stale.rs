//! The keys of which one replica's log, read from its start, ends with an older value than the committed log, or with one that was
//! deleted: it has an old record, and the newer one was cleaned away elsewhere before the replica fetched it.
//!
//! Invariant: a key stands here if the latest record of it that the log holds is one that it has not (a gap), and it has an
//! earlier one; unless both say that the key is gone.
//!
//! Called by: `compaction-contract`.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::chains::Chains;
use crate::check::ledger::PartitionLedger;
use crate::check::log_copy::{LogCopy, key_of};
use crate::event::BatchFacts;
use crate::ids::Offset;

/// A key that the log has an old value of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong {
    /// The record that is there.
    pub(super) present: Offset,
    /// The newer one that is not.
    pub(super) missing: Offset,
    /// A still newer one that is there and makes it good.
    cured_at: Option<Offset>,
}

/// The stale keys of one log.
#[derive(Clone, Debug, Default)]
pub(super) struct Stale(BTreeMap<NonZeroU64, Wrong>);

impl Stale {
    /// After a batch was written: `filled` are the offsets that were missing before it and in it.
    pub(super) fn write(
        &mut self,
        (ledger, copy, chains): (&PartitionLedger, &LogCopy, &Chains),
        batch: &BatchFacts,
        filled: &[Offset],
    ) {
        let mut gaps = filled.iter().copied().peekable();
        for record in &batch.records {
            while let Some(gap) = gaps.next_if(|gap| *gap < record.offset) {
                self.miss((ledger, copy, chains), gap);
            }
            if self.0.is_empty() {
                continue;
            }
            if let Some(wrong) = key_of(record).and_then(|key| self.0.get_mut(&key)) {
                wrong.cured_at.get_or_insert(record.offset);
            }
        }
        gaps.for_each(|gap| self.miss((ledger, copy, chains), gap));
    }

    /// A committed record is missing.
    fn miss(&mut self, (ledger, copy, chains): (&PartitionLedger, &LogCopy, &Chains), missing: Offset) {
        let Some(entry) = ledger.committed(missing) else { return };
        let Some(key) = entry.key else { return };
        // An earlier one that is missing too was looked at when it was passed over.
        let known = self.0.get(&key).filter(|wrong| wrong.cured_at.is_none()).map(|wrong| wrong.present);
        let is_there = |offset: &Offset| *offset >= copy.start && !copy.gaps.contains(*offset);
        let Some(present) = chains.before(missing).filter(is_there).or(known) else { return };
        let is_gone = |offset| ledger.committed(offset).is_some_and(|entry| entry.is_tombstone);
        if is_gone(present) && entry.is_tombstone {
            self.0.remove(&key);
        } else {
            self.0.insert(key, Wrong { present, missing, cured_at: None });
        }
    }

    /// The log was cut.
    pub(super) fn cut(&mut self, to: Offset) {
        self.0.retain(|_, wrong| wrong.missing < to);
        for wrong in self.0.values_mut() {
            wrong.cured_at = wrong.cured_at.filter(|offset| *offset < to);
        }
    }

    /// The first key that a reader of a log that begins at `start` ends with an older value of.
    pub(super) fn first(&self, start: Offset) -> Option<Wrong> {
        let wrong = self.0.values().filter(|wrong| wrong.cured_at.is_none() && wrong.present >= start);
        wrong.copied().min_by_key(|wrong| wrong.present)
    }
}
