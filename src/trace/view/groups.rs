//! How group facts change the picture: the coordinators' and the consumers' own.

use std::sync::Arc;

use super::View;
use super::group::{Commit, ConsumerView, GroupView, Holding, MemberView};
use crate::event::{AssignmentFacts, ClientFact, GroupFact, GroupId, GroupState, offsets_partition};
use crate::ids::{Offset, ProcessId, TopicPartition};

impl View {
    pub(super) fn apply_group(&mut self, broker: ProcessId, fact: &GroupFact) {
        match fact {
            GroupFact::CoordinatorLoading { partition, .. } => self.change_groups_in(*partition, |group| {
                (group.coordinator, group.is_loading) = (Some(broker), true);
            }),
            // What is in its log is told right after this; what is not is gone.
            GroupFact::CoordinatorLoaded { partition, .. } => self.change_groups_in(*partition, |group| {
                (group.coordinator, group.is_loading, group.state) = (Some(broker), false, None);
                group.members.clear();
            }),
            GroupFact::CoordinatorUnloaded { partition } => self.change_groups_in(*partition, |group| {
                if group.coordinator == Some(broker) {
                    (group.coordinator, group.is_loading) = (None, false);
                }
            }),
            GroupFact::OffsetCommitted { group, partition, offset, .. } => {
                self.store(*partition, group, Some(*offset));
                self.group_mut(group).coordinator = Some(broker);
            }
            GroupFact::OffsetExpired { group, partition, .. } | GroupFact::OffsetDeleted { group, partition } => {
                self.store(*partition, group, None);
            }
            GroupFact::GroupStateChanged { .. }
            | GroupFact::MemberJoined { .. }
            | GroupFact::MemberLeft { .. }
            | GroupFact::AssignmentDecided { .. }
            | GroupFact::MemberReconciled { .. }
            | GroupFact::CommitRefused { .. }
            | GroupFact::GroupDeleted { .. }
            | GroupFact::MemberFenced { .. }
            | GroupFact::GroupProtocolChanged { .. }
            | GroupFact::GroupLoaded { .. } => self.decide(broker, fact),
        }
    }

    /// What a coordinator decides of one group.
    fn decide(&mut self, broker: ProcessId, fact: &GroupFact) {
        let Some(id) = fact.group() else { return };
        let at = self.at;
        let group = self.group_mut(id);
        (group.coordinator, group.is_loading) = (Some(broker), false);
        match fact {
            GroupFact::GroupStateChanged { kind, state, epoch, .. } => {
                (group.kind, group.state, group.since) = (Some(*kind), Some(*state), at);
                group.reach(*epoch, at);
            }
            GroupFact::MemberJoined { member, .. } => {
                let known = group.member_mut(&member.member);
                (known.client, known.instance) = (Some(Arc::clone(&member.client)), member.instance.clone());
            }
            GroupFact::MemberLeft { member, .. } => group.members.retain(|known| known.member != *member),
            GroupFact::AssignmentDecided { assignment, .. } => {
                group.plan(assignment);
                group.reach(assignment.epoch, at);
            }
            GroupFact::MemberReconciled { member, epoch, owned, .. } => {
                group.member_mut(member).reconciled = Some((*epoch, Arc::clone(owned)));
            }
            GroupFact::CommitRefused { .. } => group.commits_refused = group.commits_refused.saturating_add(1),
            GroupFact::MemberFenced { .. } => group.fenced = group.fenced.saturating_add(1),
            GroupFact::GroupDeleted { .. } => {
                (group.state, group.since) = (Some(GroupState::Dead), at);
                group.members.clear();
            }
            GroupFact::GroupProtocolChanged { to, .. } => group.kind = Some(*to),
            GroupFact::GroupLoaded { kind, state, members, .. } => {
                (group.kind, group.state, group.since) = (Some(*kind), Some(*state), at);
                group.members.clear();
                group.plan(members);
                group.reach(members.epoch, at);
            }
            GroupFact::CoordinatorLoading { .. }
            | GroupFact::CoordinatorLoaded { .. }
            | GroupFact::CoordinatorUnloaded { .. }
            | GroupFact::OffsetCommitted { .. }
            | GroupFact::OffsetExpired { .. }
            | GroupFact::OffsetDeleted { .. } => {}
        }
    }

    /// What a consumer believes of its group.
    pub(super) fn apply_member(&mut self, process: ProcessId, fact: &ClientFact) {
        match fact {
            ClientFact::Subscribed { group, .. } => {
                self.group_mut(group).consumer_mut(process);
            }
            ClientFact::GroupJoined { group, member, epoch } => {
                let known = self.group_mut(group).consumer_mut(process);
                (known.member, known.epoch) = (Some(Arc::clone(member)), *epoch);
            }
            ClientFact::GroupLeft { group, .. } => {
                self.let_go(group, process, None);
                self.forget_membership(group, process);
            }
            ClientFact::MembershipLost { group, .. } => self.forget_membership(group, process),
            ClientFact::PartitionsAssigned { group, epoch, partitions } => self.take(group, process, *epoch, partitions),
            ClientFact::PartitionsRevoked { group, partitions, .. } | ClientFact::PartitionsLost { group, partitions, .. } => {
                self.let_go(group, process, Some(partitions));
            }
            ClientFact::RecordProcessed { partition, offset, .. } => {
                if let Some(view) = self.partition_mut(*partition) {
                    view.process(process, offset.next());
                }
            }
            ClientFact::PartitionsPaused { partitions } => self.pause(process, partitions, true),
            ClientFact::PartitionsResumed { partitions } => self.pause(process, partitions, false),
            ClientFact::PollOverdue { .. }
            | ClientFact::RecordGivenUp { .. }
            | ClientFact::CommitInvoked { .. }
            | ClientFact::CommitAnswered { .. }
            | ClientFact::SendInvoked { .. }
            | ClientFact::SendAcknowledged { .. }
            | ClientFact::SendUnknown { .. }
            | ClientFact::SendFailed { .. }
            | ClientFact::SendRetried { .. }
            | ClientFact::PositionSet { .. }
            | ClientFact::PollReturned { .. }
            | ClientFact::MetadataRefreshed { .. }
            | ClientFact::AdminAnswered { .. }
            | ClientFact::SendRefused { .. }
            | ClientFact::ReadFailed { .. }
            | ClientFact::TruncationDetected { .. } => {}
        }
    }

    fn pause(&mut self, process: ProcessId, partitions: &[TopicPartition], is_paused: bool) {
        for partition in partitions {
            let readers = self.partition_mut(*partition).map(|view| view.readers.as_mut_slice()).unwrap_or_default();
            readers.iter_mut().filter(|reader| reader.consumer == process).for_each(|reader| reader.is_paused = is_paused);
        }
    }

    fn take(&mut self, group: &GroupId, process: ProcessId, epoch: i32, partitions: &[TopicPartition]) {
        let at = self.at;
        let group = self.group_mut(group);
        let known = group.consumer_mut(process);
        known.epoch = epoch;
        known.owns.extend(partitions.iter().copied());
        known.owns.sort_unstable();
        known.owns.dedup();
        for partition in partitions {
            let owned = group.owned_mut(*partition);
            if !owned.owners().any(|owner| owner == process) {
                owned.holdings.push(Holding { process, from: at, end: None });
            }
        }
    }

    /// A consumer owns these partitions no more; all of them with `None`.
    fn let_go(&mut self, group: &GroupId, process: ProcessId, partitions: Option<&[TopicPartition]>) {
        let at = self.at;
        let group = self.group_mut(group);
        let known = group.consumer_mut(process);
        let gone = partitions.map_or_else(|| known.owns.clone(), <[TopicPartition]>::to_vec);
        known.owns.retain(|owned| !gone.contains(owned));
        for partition in &gone {
            let open = group.owned_mut(*partition).holdings.iter_mut().rev();
            open.filter(|holding| holding.process == process && holding.end.is_none()).for_each(|holding| holding.end = Some(at));
        }
        for partition in gone {
            if let Some(view) = self.partition_mut(partition) {
                view.readers.retain(|reader| reader.consumer != process);
            }
        }
    }

    fn forget_membership(&mut self, group: &GroupId, process: ProcessId) {
        let known = self.group_mut(group).consumer_mut(process);
        (known.member, known.epoch) = (None, -1);
    }

    /// A dead consumer owns nothing and believes nothing.
    pub(super) fn bury_consumer(&mut self, process: ProcessId) {
        let is_alive = |group: &&Arc<GroupView>| group.consumer(process).is_some_and(ConsumerView::is_in);
        let of: Vec<GroupId> = self.groups.iter().filter(is_alive).map(|group| Arc::clone(&group.group)).collect();
        for group in of {
            self.let_go(&group, process, None);
            self.forget_membership(&group, process);
        }
    }

    fn store(&mut self, partition: TopicPartition, group: &GroupId, offset: Option<Offset>) {
        let at = self.at;
        let Some(view) = self.partition_mut(partition) else { return };
        let known = view.commits.iter().position(|commit| commit.group == *group);
        match (offset, known.and_then(|place| view.commits.get_mut(place))) {
            (Some(offset), Some(commit)) => (commit.offset, commit.at) = (offset, at),
            (Some(offset), None) => view.commits.push(Commit { group: Arc::clone(group), offset, at }),
            (None, _) => view.commits.retain(|commit| commit.group != *group),
        }
    }

    /// The groups that are in a partition of `__consumer_offsets`.
    fn change_groups_in(&mut self, place: TopicPartition, change: impl Fn(&mut GroupView)) {
        let count = self.partitions.iter().filter(|known| known.partition.topic == place.topic).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let is_in = |group: &GroupView| offsets_partition(&group.group, count) == place.partition;
        if self.groups.iter().any(|group| is_in(group)) {
            let groups = Arc::make_mut(&mut self.groups);
            groups.iter_mut().filter(|group| is_in(group)).map(Arc::make_mut).for_each(change);
        }
    }

    fn group_mut(&mut self, id: &GroupId) -> &mut GroupView {
        let groups = Arc::make_mut(&mut self.groups);
        let place = match groups.binary_search_by(|known| known.group.cmp(id)) {
            Ok(place) => place,
            Err(place) => {
                groups.insert(place, Arc::new(GroupView::new(Arc::clone(id))));
                place
            }
        };
        groups.get_mut(place).map(Arc::make_mut).expect("it was found or put there")
    }
}

impl GroupView {
    /// Takes a plan: who is to own what.
    fn plan(&mut self, plan: &AssignmentFacts) {
        self.assignor = Arc::new(plan.assignor.clone());
        self.members.iter_mut().for_each(|member| member.target.clear());
        for (member, target) in &plan.members {
            self.member_mut(member).target.clone_from(target);
            for partition in target {
                self.owned_mut(*partition);
            }
        }
    }
}

impl ConsumerView {
    /// Whether it takes itself for a member, or owns anything.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.member.is_some() || !self.owns.is_empty()
    }
}

impl MemberView {
    /// Whether it has reached an epoch with all that it is to own (KIP-848).
    #[must_use]
    pub fn has_reconciled(&self, epoch: i32) -> bool {
        self.reconciled.as_ref().is_some_and(|(reached, owned)| *reached == epoch && **owned == self.target)
    }
}
