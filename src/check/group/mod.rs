//! The checks about groups, and what they share: who is in a group by its coordinator's word, and what each of its consumers
//! takes for its own.
//!
//! * [`one_owner_per_partition`]: two live members never process one partition at once.
//! * [`no_stale_commit`]: only a partition's present owner moves its group's offset.
//! * [`processed`]: nothing a group was to process is left out, or done twice, as its applications promise.
//! * [`settled`]: what `converges` wants of groups; [`rest`]: that they stay so.
//! * [`idle_time`]: for how long partitions belonged to nobody; no check, but a measure.
//!
//! Two words stand against each other here. The *coordinator* says who is a member and who is to own what; a *consumer* says what
//! it was given and has not given back. Kafka lets a consumer that was put out go on for a while, since nobody can tell it: such a
//! zombie is no member, and what it does is judged by what it brings about (a commit that is not refused, a record done twice).
//!
//! Invariant: an event costs the partitions it names.
//!
//! Called by: `Checks`.

pub(super) mod idle_time;
pub(super) mod no_stale_commit;
pub(super) mod one_owner_per_partition;
pub(super) mod processed;
pub(super) mod rest;
pub(super) mod settled;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::{AssignmentFacts, GroupFact, GroupId, GroupKind, GroupState, MemberId, offsets_partition};
use crate::ids::{LeaderEpoch, PartitionIndex, ProcessId, Step, TopicPartition};

/// Every group and every consumer that is or was in one.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    groups: BTreeMap<GroupId, Group>,
    consumers: BTreeMap<ProcessId, Consumer>,
    /// Who coordinates the groups in each partition of the offsets topic, and in which epoch. Whoever did before and has not
    /// heard of it yet goes on for a while: nobody believes him.
    coordinators: BTreeMap<PartitionIndex, (LeaderEpoch, ProcessId)>,
    /// The members that ever had a static name.
    statics: BTreeSet<MemberId>,
    /// How many partitions that topic has.
    offsets_partitions: u32,
}

/// A group by its coordinator's word.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Its protocol.
    pub(super) kind: GroupKind,
    /// What it does.
    pub(super) state: GroupState,
    /// Who is in it.
    pub(super) members: BTreeSet<MemberId>,
    /// The generation or epoch of the newest plan.
    planned: i32,
    /// By the newest plan, who is to own what.
    plan: BTreeMap<TopicPartition, MemberId>,
    /// By the members' own progress, who may own what (KIP-848).
    reached: BTreeMap<TopicPartition, MemberId>,
    /// When any of this changed last.
    pub(super) changed_at: Step,
}

/// A consumer by its own word.
#[derive(Clone, Debug, Default)]
pub(super) struct Consumer {
    /// The group it is or was in.
    pub(super) group: GroupId,
    /// Under which id.
    pub(super) member: MemberId,
    /// In which generation or member epoch.
    epoch: i32,
    /// Its application does not poll.
    is_silent: bool,
    /// The topics it wants to read.
    pub(super) topics: Arc<Vec<String>>,
    /// What it takes for its own.
    pub(super) owned: BTreeSet<TopicPartition>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            kind: GroupKind::Classic,
            state: GroupState::Empty,
            members: BTreeSet::new(),
            planned: 0,
            plan: BTreeMap::new(),
            reached: BTreeMap::new(),
            changed_at: Step(0),
        }
    }
}

impl Group {
    /// Whether somebody is to own a partition, by the newest plan.
    pub(super) fn plans(&self, partition: TopicPartition) -> bool {
        self.plan.contains_key(&partition)
    }

    /// Who owns a partition as far as the coordinator knows: by the plan, or by what the members have reached.
    pub(super) fn owner(&self, partition: TopicPartition) -> Option<&MemberId> {
        match self.kind {
            GroupKind::Classic => self.plan.get(&partition),
            GroupKind::Consumer => self.reached.get(&partition),
        }
    }

    fn decide(&mut self, assignment: &AssignmentFacts) {
        self.plan.clear();
        self.planned = assignment.epoch;
        for (member, partitions) in &assignment.members {
            self.plan.extend(partitions.iter().map(|partition| (*partition, member.clone())));
        }
    }

    fn reach(&mut self, member: &MemberId, owned: &[TopicPartition]) {
        self.reached.retain(|_, owner| owner != member);
        self.reached.extend(owned.iter().map(|partition| (*partition, member.clone())));
    }

    fn leave(&mut self, member: &MemberId) {
        self.members.remove(member);
        self.plan.retain(|_, owner| owner != member);
        self.reached.retain(|_, owner| owner != member);
    }
}

impl Groups {
    /// A group, if it was heard of.
    pub(super) fn group(&self, group: &GroupId) -> Option<&Group> {
        self.groups.get(group)
    }

    /// The groups.
    pub(super) fn all(&self) -> impl Iterator<Item = (&GroupId, &Group)> {
        self.groups.iter()
    }

    /// A consumer, if it was ever in a group.
    pub(super) fn consumer(&self, process: ProcessId) -> Option<&Consumer> {
        self.consumers.get(&process)
    }

    /// The consumers that live and are or were in this group.
    pub(super) fn consumers_of(&self, group: &GroupId) -> impl Iterator<Item = (ProcessId, &Consumer)> {
        self.consumers.iter().filter(move |(_, consumer)| consumer.group == *group).map(|(process, consumer)| (*process, consumer))
    }

    /// A broker coordinates the groups in a partition from now on, one of so many. What it found of them it tells next.
    pub(super) fn load(&mut self, process: ProcessId, partition: PartitionIndex, epoch: LeaderEpoch, partitions: u32) {
        self.offsets_partitions = partitions;
        if self.coordinators.get(&partition).is_none_or(|(newest, _)| *newest <= epoch) {
            self.coordinators.insert(partition, (epoch, process));
            self.groups.retain(|group, _| offsets_partition(group, partitions) != partition);
        }
    }

    /// Whether this broker is the group's newest coordinator.
    pub(super) fn is_coordinator(&self, process: ProcessId, group: &GroupId) -> bool {
        let newest = self.coordinators.get(&offsets_partition(group, self.offsets_partitions));
        newest.is_none_or(|(_, coordinator)| *coordinator == process)
    }

    /// The coordinator said something.
    pub(super) fn apply(&mut self, process: ProcessId, step: Step, fact: &GroupFact) {
        if fact.group().is_some_and(|group| !self.is_coordinator(process, group)) {
            return;
        }
        match fact {
            GroupFact::MemberLeft { group, .. }
            | GroupFact::AssignmentDecided { group, .. }
            | GroupFact::MemberReconciled { group, .. }
            | GroupFact::GroupProtocolChanged { group, .. } => self.group_mut(group).changed_at = step,
            _ => {}
        }
        match fact {
            GroupFact::GroupStateChanged { group, kind, state, .. } => {
                let known = self.group_mut(group);
                (known.kind, known.state) = (*kind, *state);
            }
            GroupFact::MemberJoined { group, member } => {
                if member.instance.is_some() {
                    self.statics.insert(member.member.clone());
                }
                self.group_mut(group).members.insert(member.member.clone());
            }
            GroupFact::MemberLeft { group, member, .. } => self.group_mut(group).leave(member),
            GroupFact::AssignmentDecided { group, assignment } => self.group_mut(group).decide(assignment),
            GroupFact::MemberReconciled { group, member, owned, .. } => self.group_mut(group).reach(member, owned),
            GroupFact::GroupProtocolChanged { group, to } => self.group_mut(group).kind = *to,
            GroupFact::GroupDeleted { group } => {
                self.groups.remove(group);
            }
            GroupFact::GroupLoaded { group, kind, state, members } => {
                let known = self.group_mut(group);
                *known = Group { kind: *kind, state: *state, planned: members.epoch, changed_at: step, ..Group::default() };
                known.members.extend(members.members.iter().map(|(member, _)| member.clone()));
                for (member, owned) in &members.members {
                    match kind {
                        GroupKind::Classic => known.plan.extend(owned.iter().map(|partition| (*partition, member.clone()))),
                        GroupKind::Consumer => known.reach(member, owned),
                    }
                }
            }
            GroupFact::CoordinatorLoading { .. }
            | GroupFact::CoordinatorLoaded { .. }
            | GroupFact::CoordinatorUnloaded { .. }
            | GroupFact::OffsetCommitted { .. }
            | GroupFact::CommitRefused { .. }
            | GroupFact::OffsetExpired { .. }
            | GroupFact::OffsetDeleted { .. }
            | GroupFact::MemberFenced { .. } => {}
        }
    }

    /// A consumer wants these topics.
    pub(super) fn subscribe(&mut self, process: ProcessId, group: &GroupId, topics: &Arc<Vec<String>>) {
        let consumer = self.consumers.entry(process).or_default();
        (consumer.group, consumer.topics) = (group.clone(), Arc::clone(topics));
    }

    /// A consumer is in its group under this id, in this generation or epoch.
    pub(super) fn join(&mut self, process: ProcessId, group: &GroupId, (member, epoch): (&MemberId, i32)) {
        let consumer = self.consumers.entry(process).or_default();
        (consumer.group, consumer.member, consumer.epoch) = (group.clone(), member.clone(), epoch);
        consumer.is_silent = false;
    }

    /// A consumer was given partitions.
    pub(super) fn assign(&mut self, process: ProcessId, group: &GroupId, partitions: &[TopicPartition]) {
        let consumer = self.consumers.entry(process).or_default();
        consumer.group = group.clone();
        consumer.owned.extend(partitions);
    }

    /// A consumer gave partitions back, or lost them.
    pub(super) fn give_back(&mut self, process: ProcessId, partitions: &[TopicPartition]) {
        if let Some(consumer) = self.consumers.get_mut(&process) {
            partitions.iter().for_each(|partition| {
                consumer.owned.remove(partition);
            });
        }
    }

    /// A consumer left in order, or was told for good that it can be no member.
    pub(super) fn leave(&mut self, process: ProcessId) {
        if let Some(consumer) = self.consumers.get_mut(&process) {
            consumer.topics = Arc::default();
            consumer.member = MemberId::default();
        }
    }

    /// A consumer has said goodbye because its application does not poll: until it joins anew it is a member under no id.
    pub(super) fn go_silent(&mut self, process: ProcessId) {
        if let Some(consumer) = self.consumers.get_mut(&process) {
            consumer.member = MemberId::default();
            consumer.is_silent = true;
        }
    }

    /// A process died, and with it all it took for its own. Returns what it was, if it was ever in a group.
    pub(super) fn end(&mut self, process: ProcessId) -> Option<Consumer> {
        self.consumers.remove(&process)
    }

    /// Whether a consumer is a member of this group by the coordinator's word, under the id that it goes by.
    pub(super) fn is_member(&self, process: ProcessId, group: &GroupId) -> bool {
        let consumer = self.consumers.get(&process).filter(|consumer| consumer.group == *group);
        let members = self.groups.get(group).map(|known| &known.members);
        consumer.zip(members).is_some_and(|(consumer, members)| members.contains(&consumer.member))
    }

    /// Whether a live consumer goes by this id.
    pub(super) fn is_live(&self, group: &GroupId, member: &MemberId) -> bool {
        self.consumers_of(group).any(|(_, consumer)| consumer.member == *member)
    }

    /// A consumer that wants to be a member, whose application polls, and that is none by the coordinator's word.
    pub(super) fn outsider(&self, group: &GroupId) -> Option<ProcessId> {
        let members = &self.groups.get(group)?.members;
        let is_out =
            |consumer: &Consumer| !consumer.topics.is_empty() && !consumer.is_silent && !members.contains(&consumer.member);
        self.consumers_of(group).find(|(_, consumer)| is_out(consumer)).map(|(process, _)| process)
    }

    /// Another live consumer of the same group, still a member by the coordinator's word, that takes this partition for its own.
    pub(super) fn rival(&self, process: ProcessId, group: &GroupId, partition: TopicPartition) -> Option<ProcessId> {
        let known = self.groups.get(group)?;
        let is_member = |other: &Consumer| known.members.contains(&other.member) && !self.has_missed_a_round(known, other);
        let mut others = self.consumers_of(group).filter(|(other, _)| *other != process);
        others.find(|(_, other)| other.owned.contains(&partition) && is_member(other)).map(|(other, _)| other)
    }

    /// Whether a static classic member keeps its place though it did not come to the last round in time (KIP-345): what it has from
    /// the one before may be another's now.
    fn has_missed_a_round(&self, group: &Group, consumer: &Consumer) -> bool {
        group.kind == GroupKind::Classic && consumer.epoch < group.planned && self.statics.contains(&consumer.member)
    }

    fn group_mut(&mut self, group: &GroupId) -> &mut Group {
        self.groups.entry(group.clone()).or_default()
    }
}
