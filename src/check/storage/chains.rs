//! The committed records of one partition by key: which comes before and which after each.
//!
//! Invariant: covers the committed log from its beginning. A new record costs a look at the table of the latest ones.
//!
//! Called by: `compaction-contract`.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::super::log_copy::Entry;
use crate::ids::Offset;

/// The neighbours of a record among those of its key.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    before: Option<Offset>,
    after: Option<Offset>,
}

/// The records of a partition.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Chains {
    links: Vec<Link>,
    latest: BTreeMap<NonZeroU64, Offset>,
}

impl Chains {
    /// The offset after the last that it covers.
    pub(super) fn end(&self) -> Offset {
        Offset(self.links.len() as u64)
    }

    /// One more record is committed.
    pub(super) fn push(&mut self, entry: Entry) {
        let at = self.end();
        let before = entry.key.and_then(|key| self.latest.insert(key, at));
        if let Some(link) = before.and_then(|before| self.link_mut(before)) {
            link.after = Some(at);
        }
        self.links.push(Link { before, after: None });
    }

    /// The last records are committed no more.
    pub(super) fn pop(&mut self, lost: &[Entry]) {
        for entry in lost.iter().rev() {
            let (Some(link), Some(key)) = (self.links.pop(), entry.key) else { continue };
            match link.before {
                Some(before) => self.latest.insert(key, before),
                None => self.latest.remove(&key),
            };
            if let Some(link) = link.before.and_then(|before| self.link_mut(before)) {
                link.after = None;
            }
        }
    }

    /// The record of the same key before this one.
    pub(super) fn before(&self, offset: Offset) -> Option<Offset> {
        self.link(offset)?.before
    }

    /// The record of the same key after this one.
    pub(super) fn after(&self, offset: Offset) -> Option<Offset> {
        self.link(offset)?.after
    }

    fn link(&self, offset: Offset) -> Option<&Link> {
        usize::try_from(offset.0).ok().and_then(|place| self.links.get(place))
    }

    fn link_mut(&mut self, offset: Offset) -> Option<&mut Link> {
        usize::try_from(offset.0).ok().and_then(|place| self.links.get_mut(place))
    }
}
