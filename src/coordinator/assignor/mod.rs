//! The coordinator's own assignors (KIP-848): who is to read which partition of a group of the consumer protocol.
//!
//! Invariant: an assignment gives every partition of a topic that somebody wants to exactly one of those who want it.
//! Assignors are pure: the same members, topics and former plan make the same plan.
//!
//! Called by `coordinator/group/consumer/target`. Source: KIP-848; Kafka's `UniformAssignor` and `RangeAssignor`.
//! Not modelled: racks; assignors of the operator's own (a class name in `group.consumer.assignors`).

mod balance;
mod range;
mod uniform;

use std::collections::BTreeMap;

use crate::config::Names;
use crate::event::MemberId;
use crate::ids::{TopicId, TopicPartition};

/// One of the coordinator's assignors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// As equal as can be over all topics, and as little moved as can be.
    Uniform,
    /// Each topic by itself in equal shares, so that partitions of one number meet at one member; kept where they were.
    Range,
}

impl Assignor {
    /// The assignor of this name, as `group.consumer.assignors` and `group.remote.assignor` spell it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "uniform" => Some(Self::Uniform),
            "range" => Some(Self::Range),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// The one that most members ask for; of several, and when nobody asks, the first that is configured.
    #[must_use]
    pub fn most_wanted<'a>(configured: &Names, wanted: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for name in wanted.flatten() {
            *votes.entry(name).or_default() += 1;
        }
        let known = configured.0.iter().rev().filter_map(|name| Self::named(name));
        known.max_by_key(|assignor| votes.get(assignor.name()).copied()).unwrap_or(Self::Uniform)
    }

    /// Makes the plan: for each member of the spec, in its order, the partitions in order.
    #[must_use]
    pub fn assign(self, spec: &AssignmentSpec) -> Vec<Vec<TopicPartition>> {
        match self {
            Self::Uniform => uniform::assign(spec),
            Self::Range => range::assign(spec),
        }
    }
}

/// What an assignor goes by.
#[derive(Clone, Debug, Default)]
pub struct AssignmentSpec {
    /// The members in the order of their ids.
    pub members: Vec<MemberSpec>,
    /// How many partitions each topic has; topics that nobody wants may be missing, and topics missing are given to nobody.
    pub topics: BTreeMap<TopicId, u32>,
}

/// A member as an assignor sees it.
#[derive(Clone, Debug, Default)]
pub struct MemberSpec {
    /// Its id.
    pub member: MemberId,
    /// The topics it wants, in order, each once.
    pub topics: Vec<TopicId>,
    /// What the former plan gave it, in order.
    pub owned: Vec<TopicPartition>,
}

impl AssignmentSpec {
    /// Whether all members want the same topics.
    fn is_homogeneous(&self) -> bool {
        self.members.windows(2).all(|pair| match pair {
            [left, right] => left.topics == right.topics,
            _ => true,
        })
    }

    /// The topics that somebody wants and that exist: the partitions of each, and who wants it (places in `members`).
    fn wanted(&self) -> BTreeMap<TopicId, (u32, Vec<usize>)> {
        let mut wanted: BTreeMap<TopicId, (u32, Vec<usize>)> = BTreeMap::new();
        for (place, member) in self.members.iter().enumerate() {
            for topic in &member.topics {
                if let Some(count) = self.topics.get(topic) {
                    wanted.entry(*topic).or_insert_with(|| (*count, Vec::new())).1.push(place);
                }
            }
        }
        wanted
    }
}
