//! A consumer group in the picture: what its coordinator has decided, what each of its consumers believes, and who owned
//! what until now.
//!
//! Invariant: `members` is the coordinator's word alone, `consumers` and `owned` that of the consumers alone; where they
//! contradict each other both stay as they are.

use std::sync::Arc;

use crate::event::{GroupId, GroupKind, GroupState, InstanceId, MemberId};
use crate::ids::{Offset, ProcessId, TopicPartition};
use crate::time::Instant;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub group: GroupId,
    /// The coordinator: who told of it last. It may be dead.
    pub coordinator: Option<ProcessId>,
    /// Whether the coordinator still reads the log that the group is in.
    pub is_loading: bool,
    /// Which protocol; `None` before a coordinator told.
    pub kind: Option<GroupKind>,
    /// What it is doing; `None` before a coordinator told.
    pub state: Option<GroupState>,
    /// Since when.
    pub since: Instant,
    /// Its generation (classic) or group epoch.
    pub epoch: i32,
    /// When each of its epochs began.
    pub epochs: Arc<Vec<(Instant, i32)>>,
    /// What made its last plan: an assignor's name.
    pub assignor: Arc<String>,
    /// Its members by the coordinator's word, in the order of their ids.
    pub members: Vec<MemberView>,
    /// Every consumer that was in it, in the order they came, with what it believes.
    pub consumers: Vec<ConsumerView>,
    /// Every partition that was ever owned or planned, in order, with its owners.
    pub owned: Vec<Arc<OwnedView>>,
    /// How many commits were refused so far.
    pub commits_refused: u32,
    /// How many times a member was told that it is none.
    pub fenced: u32,
}

/// A member, by the coordinator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Its id.
    pub member: MemberId,
    /// Its client's name; `None` when the coordinator found it in its log.
    pub client: Option<Arc<String>>,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The epoch it has reached and what it may own in it (KIP-848); `None` before it has.
    pub reconciled: Option<(i32, Arc<Vec<TopicPartition>>)>,
    /// What it is to own.
    pub target: Vec<TopicPartition>,
}

/// A consumer of the group, by its own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerView {
    /// Which.
    pub process: ProcessId,
    /// The member that it takes itself for; `None` when it knows that it is none.
    pub member: Option<MemberId>,
    /// Under which generation or member epoch.
    pub epoch: i32,
    /// What it owns, in order.
    pub owns: Vec<TopicPartition>,
}

/// A partition and who owned it, by the consumers' word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedView {
    /// Which.
    pub partition: TopicPartition,
    /// Its owners, in the order they began.
    pub holdings: Vec<Holding>,
}

/// A time of ownership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Whose.
    pub process: ProcessId,
    /// Since when.
    pub from: Instant,
    /// Until when; `None` when it lasts.
    pub end: Option<Instant>,
}

/// What a group has committed of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Whose.
    pub group: GroupId,
    /// The next record to read.
    pub offset: Offset,
    /// When it was stored.
    pub at: Instant,
}

impl GroupView {
    pub(super) fn new(group: GroupId) -> Self {
        Self {
            group,
            coordinator: None,
            is_loading: false,
            kind: None,
            state: None,
            since: Instant::ZERO,
            epoch: 0,
            epochs: Arc::default(),
            assignor: Arc::default(),
            members: Vec::new(),
            consumers: Vec::new(),
            owned: Vec::new(),
            commits_refused: 0,
            fenced: 0,
        }
    }

    /// A member by the coordinator's word.
    #[must_use]
    pub fn member(&self, member: &MemberId) -> Option<&MemberView> {
        self.members.iter().find(|known| known.member == *member)
    }

    /// A consumer by its own word.
    #[must_use]
    pub fn consumer(&self, process: ProcessId) -> Option<&ConsumerView> {
        self.consumers.iter().find(|known| known.process == process)
    }

    /// A partition's owners.
    #[must_use]
    pub fn owned(&self, partition: TopicPartition) -> Option<&OwnedView> {
        let place = self.owned.binary_search_by_key(&partition, |known| known.partition).ok()?;
        self.owned.get(place).map(Arc::as_ref)
    }

    /// The member that is to own a partition.
    #[must_use]
    pub fn target_of(&self, partition: TopicPartition) -> Option<&MemberView> {
        self.members.iter().find(|member| member.target.contains(&partition))
    }

    pub(super) fn member_mut(&mut self, member: &MemberId) -> &mut MemberView {
        let place = match self.members.binary_search_by(|known| known.member.cmp(member)) {
            Ok(place) => place,
            Err(place) => {
                self.members.insert(place, MemberView::new(Arc::clone(member)));
                place
            }
        };
        self.members.get_mut(place).expect("it was found or put there")
    }

    pub(super) fn consumer_mut(&mut self, process: ProcessId) -> &mut ConsumerView {
        let place = self.consumers.iter().position(|known| known.process == process).unwrap_or_else(|| {
            self.consumers.push(ConsumerView { process, member: None, epoch: -1, owns: Vec::new() });
            self.consumers.len() - 1
        });
        self.consumers.get_mut(place).expect("it was found or put there")
    }

    pub(super) fn owned_mut(&mut self, partition: TopicPartition) -> &mut OwnedView {
        let place = match self.owned.binary_search_by_key(&partition, |known| known.partition) {
            Ok(place) => place,
            Err(place) => {
                self.owned.insert(place, Arc::new(OwnedView { partition, holdings: Vec::new() }));
                place
            }
        };
        self.owned.get_mut(place).map(Arc::make_mut).expect("it was found or put there")
    }

    /// The coordinator counts another epoch now.
    pub(super) fn reach(&mut self, epoch: i32, at: Instant) {
        if self.epoch != epoch || self.epochs.is_empty() {
            self.epoch = epoch;
            Arc::make_mut(&mut self.epochs).push((at, epoch));
        }
    }
}

impl MemberView {
    pub(super) fn new(member: MemberId) -> Self {
        Self { member, client: None, instance: None, reconciled: None, target: Vec::new() }
    }
}

impl OwnedView {
    /// The consumers that own it now: more than one is against the rules.
    pub fn owners(&self) -> impl Iterator<Item = ProcessId> {
        self.holdings.iter().filter(|holding| holding.end.is_none()).map(|holding| holding.process)
    }

    /// How long nobody owned it, from its first owner to a time.
    #[must_use]
    pub fn idle_us(&self, now: Instant) -> u64 {
        let Some(first) = self.holdings.first() else { return 0 };
        let (mut idle, mut covered) = (0_u64, first.from);
        for holding in &self.holdings {
            if holding.from > covered {
                idle = idle.saturating_add(holding.from.since(covered).0);
            }
            covered = covered.max(holding.end.unwrap_or(now));
        }
        if now > covered { idle.saturating_add(now.since(covered).0) } else { idle }
    }
}

impl Holding {
    /// Whether it lasted at some time in `from..end`.
    #[must_use]
    pub fn overlaps(&self, from: Instant, end: Instant) -> bool {
        self.from < end && self.end.is_none_or(|over| over > from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_what_no_owner_covers() {
        let client = ProcessId::Client;
        let holding = |who, from, end: Option<u64>| Holding { process: client(who), from: Instant(from), end: end.map(Instant) };
        let owned = OwnedView {
            partition: TopicPartition::METADATA,
            holdings: vec![holding(1, 10, Some(20)), holding(2, 15, Some(30)), holding(1, 35, None)],
        };
        assert_eq!(owned.idle_us(Instant(40)), 5);
        assert_eq!(owned.owners().collect::<Vec<_>>(), [client(1)]);
        let ended = OwnedView { holdings: vec![holding(1, 10, Some(20))], ..owned };
        assert_eq!(ended.idle_us(Instant(50)), 30);
        assert!(holding(1, 10, Some(20)).overlaps(Instant(19), Instant(25)));
        assert!(!holding(1, 10, Some(20)).overlaps(Instant(20), Instant(25)));
    }
}
