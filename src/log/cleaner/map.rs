//! The newest offset of each key, as far as there is room.
//!
//! Invariant: of every key with a record in the dirty part up to `latest`, it names the newest of these records.
//!
//! Source: `OffsetMap`, `SkimpyOffsetMap`. Called by: [`super::job`], which fills it; `run`, which asks it.
//!
//! Kafka differs: it keeps a hash of each key, 16 bytes long, in a table of fixed size, and takes equal hashes for equal keys.
//! Here the keys themselves are kept, and only their number is what that table would hold.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::ids::Offset;

/// The map of one cleaning.
#[derive(Clone, Debug)]
pub(super) struct OffsetMap {
    newest: BTreeMap<Bytes, Offset>,
    most_keys: u64,
    latest: Option<Offset>,
}

impl OffsetMap {
    /// An empty one with room for so many keys, but for one at least.
    pub(super) fn new(most_keys: u64) -> Self {
        Self { newest: BTreeMap::new(), most_keys: most_keys.max(1), latest: None }
    }

    /// How many keys it may still take.
    pub(super) fn room(&self) -> u64 {
        self.most_keys.saturating_sub(self.newest.len() as u64)
    }

    /// Notes a newer record. Returns whether there was room; without, not even a key that it knows is taken.
    pub(super) fn put(&mut self, key: Bytes, offset: Offset) -> bool {
        if self.room() == 0 {
            return false;
        }
        assert!(self.latest.is_none_or(|latest| latest < offset), "records are read in order");
        self.newest.insert(key, offset);
        self.latest = Some(offset);
        true
    }

    /// Notes that all records up to this offset were read.
    pub(super) fn advance(&mut self, offset: Offset) {
        self.latest = self.latest.max(Some(offset));
    }

    /// Up to where (included) it knows the newest; `None` before anything was read.
    pub(super) fn latest(&self) -> Option<Offset> {
        self.latest
    }

    /// The newest record of a key that it knows of.
    pub(super) fn newest(&self, key: &[u8]) -> Option<Offset> {
        self.newest.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_offset_of_a_key_is_kept_until_there_is_no_room() {
        let mut map = OffsetMap::new(2);
        let key = |name: &'static str| Bytes::from_static(name.as_bytes());
        assert!(map.put(key("a"), Offset(3)));
        assert!(map.put(key("a"), Offset(4)));
        assert!(map.put(key("b"), Offset(6)));
        assert!(!map.put(key("a"), Offset(7)), "it is full: not even a key that it knows is taken");
        assert_eq!((map.newest(b"a"), map.newest(b"b"), map.newest(b"c")), (Some(Offset(4)), Some(Offset(6)), None));
        assert_eq!(map.latest(), Some(Offset(6)));
        map.advance(Offset(9));
        map.advance(Offset(8));
        assert_eq!(map.latest(), Some(Offset(9)));
    }
}
