//! Keys as a person reads them: the user's own, and those of `__consumer_offsets`, which say of whom a record is.

use tribunal::coordinator::group::consumer::ConsumerRecord;
use tribunal::coordinator::records::GroupRecord;
use tribunal::trace::line::readable;

/// The topic that groups are kept in.
const OFFSETS: &str = "__consumer_offsets-";

/// What the keys of a partition are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// The user's own.
    Users,
    /// Those of the group coordinator's records.
    Groups,
}

impl Keys {
    /// The keys of the partition of this name.
    pub(super) fn of(partition: &str) -> Self {
        if partition.starts_with(OFFSETS) { Self::Groups } else { Self::Users }
    }

    /// How many columns a key may take.
    pub(super) fn longest(self) -> usize {
        match self {
            Self::Users => 6,
            Self::Groups => 14,
        }
    }

    /// A key in words: `g1 orders-0` is an offset, `g1` the group itself, `g1 c1…` one of its members.
    pub(super) fn words(self, key: &[u8], most: usize) -> String {
        // A tombstone has every kind of key, and no value that could be wrong.
        let read = GroupRecord::decode(key, None).ok().filter(|_| self == Self::Groups);
        let Some(record) = read else { return readable(key, most) };
        let group = record.group();
        let words = match &record {
            GroupRecord::Offset(_, at, _) => format!("{group} {}-{}", at.topic, at.partition),
            GroupRecord::Classic(..) | GroupRecord::Consumer(_, ConsumerRecord::Group(_)) => group.to_string(),
            GroupRecord::Consumer(_, ConsumerRecord::TargetEpoch(_)) => format!("{group} plan"),
            GroupRecord::Consumer(
                _,
                ConsumerRecord::Member(member, _) | ConsumerRecord::Target(member, _) | ConsumerRecord::Current(member, _),
            ) => format!("{group} {member}"),
        };
        readable(words.as_bytes(), most)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tribunal::event::GroupId;
    use tribunal::ids::PartitionIndex;
    use tribunal::protocol::NamedPartition;

    use super::*;

    #[test]
    fn a_groups_keys_say_whose_they_are() {
        let group = GroupId::new("g1".to_owned());
        let at = NamedPartition { topic: "orders".to_owned(), partition: PartitionIndex(3) };
        let words = |record: GroupRecord| {
            let key = record.encode().0;
            Keys::of("__consumer_offsets-0").words(&key, 14)
        };
        assert_eq!(words(GroupRecord::Offset(group.clone(), at, None)), "g1 orders-3");
        assert_eq!(words(GroupRecord::Classic(group.clone(), None)), "g1");
        let member = Arc::new("c1-b1.1.1".to_owned());
        assert_eq!(words(GroupRecord::Consumer(group, ConsumerRecord::Current(member, None))), "g1 c1-b1.1.1");
    }

    #[test]
    fn what_is_no_groups_key_is_shown_as_it_is() {
        let key = b"alice";
        assert_eq!(Keys::of("__consumer_offsets-0").words(key, 6), "alice");
        assert_eq!(Keys::of("orders-0").words(key, 6), "alice");
    }
}
