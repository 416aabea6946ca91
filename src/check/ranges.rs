//! A set of offsets as runs: small where offsets come in order, which they nearly always do.
//!
//! Called by: what a group has processed; what cleaners have dropped from a partition, and what a log has not.

use std::collections::BTreeMap;

use crate::ids::Offset;

/// The set. Each run is kept by its first offset with the offset after its last.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    runs: BTreeMap<Offset, Offset>,
}

impl Ranges {
    /// Whether an offset is in it.
    pub(super) fn contains(&self, offset: Offset) -> bool {
        self.runs.range(..=offset).next_back().is_some_and(|(_, end)| offset < *end)
    }

    /// Puts one in. Returns false if it was there.
    pub(super) fn insert(&mut self, offset: Offset) -> bool {
        if self.contains(offset) {
            return false;
        }
        let (mut base, mut end) = (offset, offset.next());
        if let Some((before, _)) = self.runs.range(..offset).next_back().filter(|(_, end)| **end == offset) {
            base = *before;
        }
        if let Some(after) = self.runs.remove(&end) {
            end = after;
        }
        self.runs.insert(base, end);
        true
    }

    /// Where the run that ends at `end` (excluded) or goes on there begins; `end` itself if none does.
    pub(super) fn before(&self, end: Offset) -> Offset {
        let run = self.runs.range(..end).next_back().filter(|(_, after)| **after >= end);
        run.map_or(end, |(base, _)| *base)
    }

    /// Puts all in that another has from `from` on.
    pub(super) fn extend(&mut self, other: &Self, from: Offset) {
        let runs = other.runs.iter().map(|(base, end)| (base.0.max(from.0), end.0));
        runs.flat_map(|(base, end)| base..end).for_each(|offset| {
            self.insert(Offset(offset));
        });
    }

    /// Takes out all from `from` on: the records there are no more.
    pub(super) fn cut(&mut self, from: Offset) {
        self.runs.split_off(&from);
        if let Some((_, end)) = self.runs.range_mut(..from).next_back() {
            *end = (*end).min(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_in_it_in_whatever_order_it_came() {
        let mut ranges = Ranges::default();
        for offset in [3, 1, 0, 7, 2, 5] {
            assert!(ranges.insert(Offset(offset)), "{offset} is new");
            assert!(!ranges.insert(Offset(offset)), "{offset} is known");
        }
        let inside: Vec<u64> = (0..10).filter(|offset| ranges.contains(Offset(*offset))).collect();
        assert_eq!(inside, [0, 1, 2, 3, 5, 7]);
        assert_eq!(ranges.runs.len(), 3, "neighbours are one run");
        assert_eq!([4, 5, 6, 8].map(|end| ranges.before(Offset(end)).0), [0, 5, 5, 7]);
        let mut some = Ranges::default();
        some.insert(Offset(4));
        some.extend(&ranges, Offset(3));
        let inside_some: Vec<u64> = (0..10).filter(|offset| some.contains(Offset(*offset))).collect();
        assert_eq!(inside_some, [3, 4, 5, 7]);
        ranges.cut(Offset(2));
        let inside: Vec<u64> = (0..10).filter(|offset| ranges.contains(Offset(*offset))).collect();
        assert_eq!(inside, [0, 1]);
    }
}
