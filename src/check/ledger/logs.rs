//! What happens to the logs of a partition's replicas: writes, cuts, starts that move, cleanings, logs read back, losses.
//!
//! Invariant: what a cleaner dropped stays committed and stays held; `cleaned` says that nobody may expect to read it.
//!
//! Called by: `Checks`.

use super::PartitionLedger;
use crate::check::log_copy::{Entry, LogCopy, Written};
use crate::event::{BatchFacts, RecoveryFacts};
use crate::ids::{BrokerId, Offset, ProcessId};

impl PartitionLedger {
    /// A replica wrote a batch.
    pub(in super::super) fn append(&mut self, process: ProcessId, batch: &BatchFacts) -> Written {
        let (trunk, cleaned) = (std::mem::take(&mut self.trunk), std::mem::take(&mut self.cleaned));
        let written = self.copy_mut(process).append((&trunk, &cleaned), batch);
        (self.trunk, self.cleaned) = (trunk, cleaned);
        written
    }

    /// A follower takes over what it was sent, and with it where its leader's log begins (which it tells a little later). Where it
    /// differs below that, no truncation can find it, and it lets go of what it has: the leader's epochs begin there as well, and
    /// its log goes on behind.
    ///
    /// Source: `LeaderEpochFileCache.endOffsetFor`: asked for less than the first epoch it knows, it answers with where that begins.
    pub(in super::super) fn follow_start(&mut self, process: ProcessId, leader: BrokerId) {
        let Some(start) = self.copy(ProcessId::Broker(leader)).map(|copy| copy.start) else { return };
        if self.copy(process).is_some_and(|copy| copy.agreed() < start) {
            let trunk = std::mem::take(&mut self.trunk);
            self.copy_mut(process).let_go_below(&trunk, start);
            self.trunk = trunk;
        }
    }

    /// A replica's log begins later now.
    pub(in super::super) fn advance_start(&mut self, process: ProcessId, new: Offset) {
        let trunk = std::mem::take(&mut self.trunk);
        self.copy_mut(process).advance_start(&trunk, new);
        self.trunk = trunk;
        self.highest_start = self.highest_start.max(new);
    }

    /// A replica's cleaner dropped what stood at this offset. It is still held, as long as it was committed.
    pub(in super::super) fn clean(&mut self, process: ProcessId, offset: Offset) {
        self.copy_mut(process).gaps.insert(offset);
        if offset < self.committed_end() {
            self.cleaned.insert(offset);
        }
    }

    /// A replica cut its log.
    pub(in super::super) fn truncate(&mut self, process: ProcessId, to: Offset) {
        let trunk = std::mem::take(&mut self.trunk);
        self.copy_mut(process).cut(&trunk, to);
        self.trunk = trunk;
    }

    /// A replica read its log back. Returns what a cleaning that nobody told of had dropped.
    pub(in super::super) fn recover(&mut self, process: ProcessId, recovery: &RecoveryFacts) -> Vec<Offset> {
        let trunk = std::mem::take(&mut self.trunk);
        let gone = self.copy_mut(process).recover(&trunk, recovery);
        self.trunk = trunk;
        for offset in &gone {
            self.clean(process, *offset);
        }
        gone
    }

    /// Cuts the committed log to what this new leader has of it: the rest is lost, and has been told of. Returns what is lost.
    pub(in super::super) fn abandon_lost(&mut self, leader: ProcessId) -> Vec<Entry> {
        let Some(cut) = self.copy(leader).map(LogCopy::agreed).filter(|agreed| *agreed < self.committed_end()) else {
            return Vec::new();
        };
        for copy in &mut self.copies {
            copy.unsettle(&self.trunk, cut);
        }
        for (_, end) in &mut self.commits {
            *end = cut.min(*end);
        }
        self.cleaned.cut(cut);
        self.highest_start = self.highest_start.min(cut);
        usize::try_from(cut.0).map_or_else(|_| Vec::new(), |place| self.trunk.split_off(place))
    }
}
