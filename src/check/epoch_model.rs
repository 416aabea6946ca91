//! A replica's epoch cache as the trace tells it: which epoch it says began where.
//!
//! Invariant: epochs and starts both rise.
//!
//! Called by: [`super::log_copy`], which cuts it with the log; read by `epoch-cache`.

use crate::ids::{LeaderEpoch, Offset};

/// One log's epoch cache.
#[derive(Clone, Debug, Default)]
pub(super) struct EpochModel {
    entries: Vec<(LeaderEpoch, Offset)>,
    /// The log began anew in a way that tells nothing of its epochs; nothing is known until one is told.
    is_unknown: bool,
}

impl EpochModel {
    /// Nothing is known of it.
    pub(super) fn unknown() -> Self {
        Self { entries: Vec::new(), is_unknown: true }
    }

    /// As a replica read it back from its disk.
    pub(super) fn read_back(epochs: &[(LeaderEpoch, Offset)]) -> Self {
        Self { entries: epochs.to_vec(), is_unknown: false }
    }

    /// The replica says that `epoch` begins at `start`: what contradicts that has given way.
    pub(super) fn start(&mut self, epoch: LeaderEpoch, start: Offset) {
        self.is_unknown = false;
        while self.entries.pop_if(|(known, from)| *known >= epoch || *from >= start).is_some() {}
        self.entries.push((epoch, start));
    }

    /// The log was cut: what began from `to` on is forgotten.
    pub(super) fn cut(&mut self, to: Offset) {
        while self.entries.pop_if(|(_, from)| *from >= to).is_some() {}
    }

    /// The epoch it gives to the record at `offset`; `None` when nothing is known of it.
    pub(super) fn epoch_at(&self, offset: Offset) -> Option<Option<LeaderEpoch>> {
        let after = self.entries.partition_point(|(_, from)| *from <= offset);
        let known = after.checked_sub(1).and_then(|place| self.entries.get(place)).map(|(epoch, _)| *epoch);
        (!self.is_unknown || known.is_some()).then_some(known)
    }
}
