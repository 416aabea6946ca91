//! Which topics a group's members want: names and patterns looked up in the metadata.
//!
//! Invariant: the digest changes when a wanted topic appears, goes, is made anew or gets more partitions; so the group epoch
//! rises, and a new target is made. Called by `admission` and `departure`.
//!
//! Kafka differs: patterns are resolved there by a thread of their own, at most every ten seconds, and what comes of it is
//! written down; here at the first heartbeat after the metadata changed, and the group's digest carries it. The digest covers
//! no racks.

use std::collections::{BTreeMap, BTreeSet};

use super::member::MemberWishes;
use super::state::ConsumerGroup;
use crate::coordinator::topics::TopicsView;
use crate::event::MemberId;
use crate::ids::TopicId;
use crate::pattern::Pattern;

/// Looks up what members want; each pattern once.
pub(super) struct Lookup<'a> {
    topics: &'a TopicsView,
    by_pattern: BTreeMap<&'a str, Vec<TopicId>>,
}

impl<'a> Lookup<'a> {
    /// Over a group's patterns, and one that is about to be added.
    pub(super) fn new(group: &'a ConsumerGroup, added: Option<(&'a str, &'a Pattern)>, topics: &'a TopicsView) -> Self {
        let known = group.patterns.iter().map(|(text, pattern)| (text.as_str(), pattern));
        let resolve =
            |pattern: &Pattern| topics.all().filter(|(name, ..)| pattern.matches(name)).map(|(_, topic, _)| topic).collect();
        Self { topics, by_pattern: known.chain(added).map(|(text, pattern)| (text, resolve(pattern))).collect() }
    }

    /// The topics that somebody wants and that exist, in order, each once.
    pub(super) fn of(&self, wishes: &MemberWishes) -> Vec<TopicId> {
        let named = wishes.topics.iter().filter_map(|name| self.topics.topic(name)).map(|(topic, _)| topic);
        let matching = wishes.pattern.as_deref().and_then(|pattern| self.by_pattern.get(pattern));
        let wanted: BTreeSet<TopicId> = named.chain(matching.into_iter().flatten().copied()).collect();
        wanted.into_iter().collect()
    }

    /// How many partitions each topic has that any of these want.
    pub(super) fn partitions<'b>(&self, members: impl Iterator<Item = &'b MemberWishes>) -> BTreeMap<TopicId, u32> {
        let mut partitions = BTreeMap::new();
        let mut patterns = BTreeSet::new();
        for wishes in members {
            for name in &wishes.topics {
                partitions.extend(self.topics.topic(name));
            }
            patterns.extend(wishes.pattern.as_deref().and_then(|pattern| self.by_pattern.get_key_value(pattern)));
        }
        for topic in patterns.into_iter().flat_map(|(_, topics)| topics) {
            partitions.extend(self.topics.name(*topic).and_then(|name| self.topics.topic(name)));
        }
        partitions
    }
}

/// The digest of topics and their partitions; 0 of none.
pub(super) fn digest(partitions: &BTreeMap<TopicId, u32>) -> u64 {
    if partitions.is_empty() {
        return 0;
    }
    let bytes: Vec<u8> =
        partitions.iter().flat_map(|(topic, count)| [topic.0.to_be_bytes(), count.to_be_bytes()].concat()).collect();
    xxhash_rust::xxh64::xxh64(&bytes, 0)
}

/// The members of a group as they are to be: without those who go, with the one who comes.
pub(super) fn members_with<'a>(
    group: &'a ConsumerGroup,
    gone: &'a BTreeSet<MemberId>,
    come: Option<(&'a MemberId, &'a MemberWishes)>,
) -> BTreeMap<&'a MemberId, &'a MemberWishes> {
    let stay = group.members.iter().filter(|(id, _)| !gone.contains(*id)).map(|(id, member)| (id, &*member.wishes));
    stay.chain(come).collect()
}
