//! Keys as a person reads them: the user's own as text, those of `__consumer_offsets` as whose record it is.
//!
//! ```text
//!  packers orders-0        the offset that the group packers has committed of orders-0
//!  packers                 the group itself
//!  packers c1-1.1          what its member c1-1.1 says of itself; `plan` and `has` behind it: what it is to have, what it has
//! ```
//!
//! Invariant: every key that people see is made here, so that a line, a story, a picture and a dump name a record alike.
//!
//! Called by: [`super::line`], [`super::story`], the screen's lanes, the command `dump`.

use crate::event::{GroupKey, OFFSETS_TOPIC};

/// What the keys of a partition are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// The user's own.
    Users,
    /// Those of the group coordinator's records.
    Groups,
}

impl Keys {
    /// The keys of the partition of this name, such as `orders-0`.
    #[must_use]
    pub fn of(partition: &str) -> Self {
        let topic = partition.rsplit_once('-').map_or(partition, |(topic, _)| topic);
        if topic == OFFSETS_TOPIC { Self::Groups } else { Self::Users }
    }

    /// How many columns a key may take in a picture.
    #[must_use]
    pub fn longest(self) -> usize {
        match self {
            Self::Users => 6,
            Self::Groups => 14,
        }
    }

    /// A key in at most so many characters.
    #[must_use]
    pub fn words(self, key: &[u8], most: usize) -> String {
        let read = GroupKey::decode(key).ok().filter(|_| self == Self::Groups);
        let Some(read) = read else { return readable(key, most) };
        let group = read.group();
        let (words, more) = match &read {
            GroupKey::Offset(_, at) => (format!("{group} {at}"), ""),
            GroupKey::Classic(_) | GroupKey::Group(_) => (group.to_string(), ""),
            GroupKey::TargetEpoch(_) => (format!("{group} plan"), ""),
            GroupKey::Member(_, member) => (format!("{group} {member}"), ""),
            GroupKey::Target(_, member) => (format!("{group} {member}"), " plan"),
            GroupKey::Current(_, member) => (format!("{group} {member}"), " has"),
        };
        // What of a member it is comes last, and only where there is room for whose it is.
        let full = format!("{words}{more}");
        readable(if full.chars().count() <= most { full.as_bytes() } else { words.as_bytes() }, most)
    }
}

/// Bytes as a person reads them: text when it is text, cut to `most` characters.
#[must_use]
pub fn readable(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let is_text = !text.is_empty() && text.chars().all(|sign| !sign.is_control() && sign != char::REPLACEMENT_CHARACTER);
    let text = if is_text { text.into_owned() } else { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    if text.chars().count() <= most {
        return text;
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::GroupId;
    use crate::ids::PartitionIndex;
    use crate::protocol::NamedPartition;

    fn words(key: &GroupKey, most: usize) -> String {
        Keys::of("__consumer_offsets-0").words(&key.encode(), most)
    }

    #[test]
    fn a_groups_keys_say_whose_they_are() {
        let group = GroupId::new("g1".to_owned());
        let at = NamedPartition { topic: "orders".to_owned(), partition: PartitionIndex(3) };
        assert_eq!(words(&GroupKey::Offset(group.clone(), at), 14), "g1 orders-3");
        assert_eq!(words(&GroupKey::Classic(group.clone()), 14), "g1");
        assert_eq!(words(&GroupKey::TargetEpoch(group.clone()), 14), "g1 plan");
        let member = Arc::new("c1-b1.1.1".to_owned());
        assert_eq!(words(&GroupKey::Current(group.clone(), Arc::clone(&member)), 24), "g1 c1-b1.1.1 has");
        assert_eq!(words(&GroupKey::Current(group, member), 14), "g1 c1-b1.1.1");
    }

    #[test]
    fn what_is_no_groups_key_is_shown_as_it_is() {
        assert_eq!(Keys::of("__consumer_offsets-0").words(b"alice", 6), "alice");
        assert_eq!(Keys::of("orders-0").words(b"alice", 6), "alice");
        let key = GroupKey::Classic(GroupId::new("g1".to_owned())).encode();
        assert!(Keys::of("orders-0").words(&key, 60).starts_with("0200"), "only one topic holds groups");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_hexadecimal() {
        assert_eq!(readable(b"order 117", 24), "order 117");
        assert_eq!(readable(&[0, 255], 24), "00ff");
        assert_eq!(readable(b"abcdef", 4), "abc…");
    }
}
