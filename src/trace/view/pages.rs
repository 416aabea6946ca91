//! A table by offset whose clone shares what neither side writes to: pages behind `Arc`, copied on the first write.
//!
//! Invariant: a value set at an offset is found there until it is removed; reading never copies.
//!
//! Called by: the view, which is cloned once per checkpoint and written to once per event.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::Offset;

const PAGE: u64 = 128;

/// Values by offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Pages<T> {
    pages: Arc<BTreeMap<u64, Arc<BTreeMap<u64, T>>>>,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Arc::new(BTreeMap::new()) }
    }
}

impl<T: Clone> Pages<T> {
    /// What stands at an offset.
    #[must_use]
    pub fn get(&self, offset: Offset) -> Option<&T> {
        self.pages.get(&(offset.0 / PAGE))?.get(&offset.0)
    }

    /// Puts a value at an offset.
    pub fn set(&mut self, offset: Offset, value: T) {
        let page = Arc::make_mut(&mut self.pages).entry(offset.0 / PAGE).or_default();
        Arc::make_mut(page).insert(offset.0, value);
    }

    /// Removes what stands at an offset, if anything does.
    pub fn remove(&mut self, offset: Offset) {
        if self.get(offset).is_none() {
            return;
        }
        let pages = Arc::make_mut(&mut self.pages);
        let Some(page) = pages.get_mut(&(offset.0 / PAGE)) else { return };
        Arc::make_mut(page).remove(&offset.0);
        if page.is_empty() {
            pages.remove(&(offset.0 / PAGE));
        }
    }

    /// Removes everything at or above an offset.
    pub fn cut_from(&mut self, offset: Offset) {
        if self.last().is_none_or(|(last, _)| last < offset) {
            return;
        }
        let pages = Arc::make_mut(&mut self.pages);
        pages.split_off(&(offset.0 / PAGE).saturating_add(1));
        if let Some(page) = pages.get_mut(&(offset.0 / PAGE)) {
            Arc::make_mut(page).split_off(&offset.0);
        }
        pages.retain(|_, page| !page.is_empty());
    }

    /// Removes everything below an offset.
    pub fn cut_below(&mut self, offset: Offset) {
        let pages = Arc::make_mut(&mut self.pages);
        *pages = pages.split_off(&(offset.0 / PAGE));
        if let Some(page) = pages.get_mut(&(offset.0 / PAGE)) {
            let page = Arc::make_mut(page);
            *page = page.split_off(&offset.0);
        }
        pages.retain(|_, page| !page.is_empty());
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.pages = Arc::new(BTreeMap::new());
    }

    /// The first value and its offset.
    #[must_use]
    pub fn first(&self) -> Option<(Offset, &T)> {
        let (_, page) = self.pages.first_key_value()?;
        page.first_key_value().map(|(offset, value)| (Offset(*offset), value))
    }

    /// The last value and its offset.
    #[must_use]
    pub fn last(&self) -> Option<(Offset, &T)> {
        let (_, page) = self.pages.last_key_value()?;
        page.last_key_value().map(|(offset, value)| (Offset(*offset), value))
    }

    /// The values in `from..end`, in order.
    pub fn range(&self, from: Offset, end: Offset) -> impl Iterator<Item = (Offset, &T)> {
        let last = end.0.max(from.0);
        let pages = self.pages.range(from.0 / PAGE..=last / PAGE);
        pages.flat_map(move |(_, page)| page.range(from.0..last)).map(|(offset, value)| (Offset(*offset), value))
    }

    /// Every value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Offset, &T)> {
        self.pages.values().flat_map(|page| page.iter()).map(|(offset, value)| (Offset(*offset), value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_are_a_sorted_table_and_clones_do_not_hear_of_each_other(
            doings in proptest::collection::vec((0_u8..5, 0_u64..600), 0..120),
        ) {
            let (mut pages, mut model) = (Pages::default(), BTreeMap::new());
            let mut earlier = Vec::new();
            for (doing, offset) in doings {
                earlier.push((pages.clone(), model.clone()));
                match doing {
                    0 => { pages.cut_from(Offset(offset)); model.split_off(&offset); }
                    1 => { pages.cut_below(Offset(offset / 4)); model = model.split_off(&(offset / 4)); }
                    2 => { pages.remove(Offset(offset)); model.remove(&offset); }
                    _ => { pages.set(Offset(offset), offset); model.insert(offset, offset); }
                }
            }
            earlier.push((pages, model));
            for (pages, model) in earlier {
                prop_assert!(pages.iter().map(|(offset, value)| (offset.0, *value)).eq(model.iter().map(|(at, value)| (*at, *value))));
                let part: Vec<u64> = pages.range(Offset(100), Offset(300)).map(|(_, value)| *value).collect();
                prop_assert!(part.iter().eq(model.range(100..300).map(|(_, value)| value)));
                prop_assert_eq!(pages.last().map(|(at, _)| at.0), model.last_key_value().map(|(at, _)| *at));
                prop_assert_eq!(pages.first().map(|(at, _)| at.0), model.first_key_value().map(|(at, _)| *at));
            }
        }
    }
}
