//! The leader-epoch cache: which leader epoch began at which offset of this log.
//!
//! It answers the one question by which replicas find where their logs part (KIP-101, KIP-279): how far does your log
//! reach in this epoch?
//!
//! Invariant: epochs and start offsets both rise strictly.
//!
//! Source: `LeaderEpochFileCache`.
//!
//! Called by: the log, which writes each change down before it goes on; replica and raft ask.

use crate::ids::{LeaderEpoch, Offset};

/// "The records of this epoch begin here."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// The offset of its first record, or the log end when its leader began.
    pub start: Offset,
}

/// The epochs of one log, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochCache {
    entries: Vec<EpochEntry>,
}

impl EpochCache {
    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The newest epoch.
    #[must_use]
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// The epoch of the record at `offset`, if the log reaches so far.
    #[must_use]
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        self.entries.get(after.checked_sub(1)?).map(|entry| entry.epoch)
    }

    /// Whether an epoch begins at `offset`.
    #[must_use]
    pub fn begins_at(&self, offset: Offset) -> bool {
        self.entries.binary_search_by_key(&offset, |entry| entry.start).is_ok()
    }

    // ANCHOR: end-offset-for-epoch
    /// Where epoch `asked` ends in a log that ends at `log_end` (excluded): the largest epoch here that is not larger than
    /// `asked`, and its end. `None` when `asked` is newer than all, so that nothing can be said of it.
    ///
    /// An epoch older than all here is answered with itself and the start of the oldest.
    ///
    /// Source: KIP-279; `LeaderEpochFileCache.endOffsetFor`.
    #[must_use]
    pub fn end_offset_for(&self, asked: LeaderEpoch, log_end: Offset) -> Option<(LeaderEpoch, Offset)> {
        let latest = self.latest()?;
        if asked > latest {
            return None;
        }
        if asked == latest {
            return Some((latest, log_end));
        }
        let above = self.entries.partition_point(|entry| entry.epoch <= asked);
        let end = self.entries.get(above)?.start;
        let floor = above.checked_sub(1).and_then(|place| self.entries.get(place));
        Some((floor.map_or(asked, |entry| entry.epoch), end))
    }
    // ANCHOR_END: end-offset-for-epoch

    /// Notes that `epoch` has records from `start` on. Returns the entry now newest, if anything changed.
    ///
    /// Entries that contradict it, of newer epochs or later starts, give way: they were of leaders that wrote nothing here.
    ///
    /// Kafka differs: an entry of the same epoch that begins earlier is kept; there it is replaced and its start forgotten.
    pub(super) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> Option<EpochEntry> {
        let before = self.entries.len();
        let contradicts =
            |last: &EpochEntry| last.epoch > epoch || last.start > start || (last.start == start && last.epoch < epoch);
        while self.entries.pop_if(|last| contradicts(last)).is_some() {}
        let is_new = self.latest() != Some(epoch);
        if is_new {
            self.entries.push(EpochEntry { epoch, start });
        }
        let has_changed = is_new || self.entries.len() < before;
        self.entries.last().filter(|_| has_changed).copied()
    }

    /// Forgets the epochs that end at `start` or before; the one that holds it begins there now. Returns whether any did.
    pub(super) fn truncate_from_start(&mut self, start: Offset) -> bool {
        let below = self.entries.partition_point(|entry| entry.start < start);
        let Some(last_below) = below.checked_sub(1) else { return false };
        let begins_there = self.entries.get(below).is_some_and(|next| next.start == start);
        let gone = if begins_there { below } else { last_below };
        self.entries.drain(..gone);
        if let Some(first) = self.entries.first_mut() {
            first.start = start;
        }
        true
    }

    /// Forgets what begins at `end` or later. Returns whether anything did.
    pub(super) fn truncate_from_end(&mut self, end: Offset) -> bool {
        let before = self.entries.len();
        while self.entries.pop_if(|last| last.start >= end).is_some() {}
        self.entries.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(u32, u64)]) -> EpochCache {
        let mut cache = EpochCache::default();
        for (epoch, start) in entries {
            cache.assign(LeaderEpoch(*epoch), Offset(*start));
        }
        cache
    }

    fn asked(cache: &EpochCache, epoch: u32) -> Option<(u32, u64)> {
        cache.end_offset_for(LeaderEpoch(epoch), Offset(20)).map(|(epoch, end)| (epoch.0, end.0))
    }

    #[test]
    fn an_epoch_ends_where_the_next_one_known_begins() {
        let cache = cache(&[(2, 5), (4, 9), (7, 12)]);
        assert_eq!(asked(&cache, 7), Some((7, 20)), "the latest ends with the log");
        assert_eq!(asked(&cache, 4), Some((4, 12)));
        assert_eq!(asked(&cache, 3), Some((2, 9)), "an epoch this log never saw: the largest below it");
        assert_eq!(asked(&cache, 1), Some((1, 5)), "older than all: it ended before the oldest began");
        assert_eq!(asked(&cache, 8), None, "newer than all");
        assert_eq!(asked(&EpochCache::default(), 0), None);
    }

    #[test]
    fn an_epoch_without_records_gives_way_to_the_next() {
        let cache = cache(&[(1, 0), (2, 6), (3, 6)]);
        assert_eq!(
            cache.entries(),
            [(1, 0), (3, 6)].map(|(epoch, start)| EpochEntry { epoch: LeaderEpoch(epoch), start: Offset(start) })
        );
    }

    #[test]
    fn a_leader_that_wrote_nothing_leaves_an_older_epoch_in_its_place() {
        let mut cache = cache(&[(4, 3), (5, 10)]);
        let newest = cache.assign(LeaderEpoch(4), Offset(10));
        assert_eq!(newest, Some(EpochEntry { epoch: LeaderEpoch(4), start: Offset(3) }));
        assert_eq!(cache.assign(LeaderEpoch(4), Offset(11)), None, "nothing new");
    }

    #[test]
    fn moving_the_log_start_forgets_what_ended_before_it() {
        let mut cache = cache(&[(1, 0), (2, 6), (3, 8)]);
        assert!(!cache.truncate_from_start(Offset(0)));
        assert!(cache.truncate_from_start(Offset(7)));
        assert_eq!(asked(&cache, 2), Some((2, 8)));
        assert_eq!(asked(&cache, 1), Some((1, 7)), "older than all: it ended before the oldest began");
        assert!(cache.truncate_from_start(Offset(8)));
        assert_eq!(cache.entries(), [EpochEntry { epoch: LeaderEpoch(3), start: Offset(8) }]);
        assert!(cache.truncate_from_start(Offset(20)));
        assert_eq!(cache.latest(), Some(LeaderEpoch(3)), "the newest epoch stays, at the log's start");
    }

    #[test]
    fn cutting_the_log_forgets_what_began_beyond_the_cut() {
        let mut cache = cache(&[(1, 0), (2, 6), (3, 8)]);
        assert!(cache.truncate_from_end(Offset(6)));
        assert_eq!(cache.latest(), Some(LeaderEpoch(1)));
        assert_eq!(cache.epoch_at(Offset(3)), Some(LeaderEpoch(1)));
        assert!(!cache.truncate_from_end(Offset(6)));
    }
}
