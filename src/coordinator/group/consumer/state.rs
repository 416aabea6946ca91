//! A group of the consumer protocol as it is written down (KIP-848): its members, its epochs, its target, who holds what.
//!
//! Invariant: `apply` takes the record alone, so that replay of the log makes the same group (`metadata_seen` and
//! `said`, which are bookkeeping, excepted). The group epoch is never below the target's, nor a member's epoch above the target's. A partition
//! is held by one member at most. Called by `coordinator/runtime` (apply), and by all that decides in this folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::member::{CurrentAssignment, Member, MemberWishes};
use super::record::{ConsumerRecord, GroupEpoch};
use crate::event::{GroupId, GroupState, InstanceId, MemberId};
use crate::ids::TopicPartition;
use crate::pattern::Pattern;

/// A group whose members speak ConsumerGroupHeartbeat; some may speak the classic protocol still.
#[derive(Clone, Debug)]
pub struct ConsumerGroup {
    /// Its id.
    pub id: GroupId,
    pub(super) epoch: GroupEpoch,
    pub(super) target_epoch: i32,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) statics: BTreeMap<InstanceId, MemberId>,
    pub(super) targets: BTreeMap<MemberId, Arc<Vec<TopicPartition>>>,
    held: BTreeMap<TopicPartition, MemberId>,
    pub(super) patterns: BTreeMap<String, Pattern>,
    pub(super) metadata_seen: Option<u64>,
    /// What members said last that they own, in order, as far as this coordinator has heard them.
    said: BTreeMap<MemberId, Vec<TopicPartition>>,
}

impl ConsumerGroup {
    /// A group that nobody is in and nothing is written of.
    #[must_use]
    pub fn new(id: GroupId) -> Self {
        Self {
            id,
            epoch: GroupEpoch::default(),
            target_epoch: 0,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            targets: BTreeMap::new(),
            held: BTreeMap::new(),
            patterns: BTreeMap::new(),
            metadata_seen: None,
            said: BTreeMap::new(),
        }
    }

    /// Takes in what has been written down.
    pub fn apply(&mut self, record: &ConsumerRecord) {
        match record {
            ConsumerRecord::Group(epoch) => self.epoch = epoch.unwrap_or_default(),
            ConsumerRecord::Member(member, Some(wishes)) => self.apply_wishes(member, wishes),
            ConsumerRecord::Member(member, None) => self.apply_departure(member),
            ConsumerRecord::TargetEpoch(epoch) => self.target_epoch = epoch.unwrap_or_default(),
            ConsumerRecord::Target(member, Some(target)) => {
                self.targets.insert(member.clone(), Arc::clone(target));
            }
            ConsumerRecord::Target(member, None) => {
                self.targets.remove(member);
            }
            ConsumerRecord::Current(member, current) => self.apply_current(member, &current.clone().unwrap_or_default()),
        }
    }

    fn apply_wishes(&mut self, id: &MemberId, wishes: &Arc<MemberWishes>) {
        let member = self.members.entry(id.clone()).or_default();
        let before = std::mem::replace(&mut member.wishes, Arc::clone(wishes));
        if let Some(instance) = &wishes.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.change_pattern(before.pattern.as_ref(), wishes.pattern.as_ref());
    }

    fn apply_departure(&mut self, id: &MemberId) {
        self.apply_current(id, &Arc::default());
        self.said.remove(id);
        let Some(member) = self.members.remove(id) else { return };
        if let Some(instance) = &member.wishes.instance
            && self.statics.get(instance) == Some(id)
        {
            self.statics.remove(instance);
        }
        self.change_pattern(member.wishes.pattern.as_ref(), None);
    }

    fn apply_current(&mut self, id: &MemberId, current: &Arc<CurrentAssignment>) {
        let Some(member) = self.members.get_mut(id) else { return };
        let before = std::mem::replace(&mut member.current, Arc::clone(current));
        for partition in before.held() {
            if self.held.get(&partition) == Some(id) {
                self.held.remove(&partition);
            }
        }
        for partition in current.held() {
            self.held.insert(partition, id.clone());
        }
    }

    /// Keeps every pattern that a member wants read, and no other.
    fn change_pattern(&mut self, before: Option<&String>, now: Option<&String>) {
        if before == now {
            return;
        }
        if let Some(text) = now
            && let Ok(pattern) = Pattern::read(text)
        {
            self.patterns.insert(text.clone(), pattern);
        }
        if let Some(text) = before
            && !self.members.values().any(|member| member.wishes.pattern.as_ref() == Some(text))
        {
            self.patterns.remove(text);
        }
    }

    /// Notes that the group's topics were looked up in this version of the metadata. Not written down: it saves looking again.
    pub fn note_metadata_seen(&mut self, version: u64) {
        self.metadata_seen = Some(version);
    }

    /// Notes what a member says that it owns. Not written down: another coordinator is told everything anew.
    pub fn note_said(&mut self, member: &MemberId, owned: &[TopicPartition]) {
        if self.members.contains_key(member) {
            let mut owned = owned.to_vec();
            owned.sort_unstable();
            self.said.insert(member.clone(), owned);
        }
    }

    /// What a member said last that it owns, if it was heard.
    pub(super) fn said(&self, member: &MemberId) -> Option<&[TopicPartition]> {
        self.said.get(member).map(Vec::as_slice)
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch.epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(self.target_epoch)) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// Its epoch: how often its members, their wishes or their topics changed.
    #[must_use]
    pub fn epoch(&self) -> i32 {
        self.epoch.epoch
    }

    /// The epoch that its target was made for.
    #[must_use]
    pub fn target_epoch(&self) -> i32 {
        self.target_epoch
    }

    /// Its members in the order of their ids.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// What a member is to have.
    #[must_use]
    pub fn target(&self, member: &MemberId) -> &[TopicPartition] {
        self.targets.get(member).map_or(&[], |target| target)
    }

    /// The member with this static name.
    #[must_use]
    pub fn static_member(&self, instance: &InstanceId) -> Option<&MemberId> {
        self.statics.get(instance)
    }

    /// Who holds a partition: may own it, or has not given it back yet.
    #[must_use]
    pub fn holder(&self, partition: TopicPartition) -> Option<&MemberId> {
        self.held.get(&partition)
    }

    /// Whether any member wants this topic, by name or by pattern: then its offsets are kept.
    #[must_use]
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.patterns.values().any(|pattern| pattern.matches(topic))
            || self.members.values().any(|member| member.wishes.topics.iter().any(|name| name == topic))
    }
}

/// Written down alike (bookkeeping is not compared).
impl PartialEq for ConsumerGroup {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.epoch == other.epoch
            && self.target_epoch == other.target_epoch
            && self.members == other.members
            && self.statics == other.statics
            && self.targets == other.targets
            && self.held == other.held
            && self.patterns.keys().eq(other.patterns.keys())
    }
}

impl Eq for ConsumerGroup {}
