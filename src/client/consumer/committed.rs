//! Where the group left off: OffsetFetch for every partition that has no position yet.
//!
//! Source: Kafka's `ConsumerCoordinator.initWithCommittedOffsetsIfNeeded`, `OffsetFetchResponseHandler`; KIP-211, KIP-320,
//! KIP-447, KIP-848. Called by: the end of every turn.

use super::Consumer;
use crate::client::backoff::Reason;
use crate::client::connection::{Due, GroupDue};
use crate::client::membership::{GroupAsked, Member};
use crate::client::position::{Position, Stance};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::PositionReason;
use crate::ids::{BrokerId, Offset};
use crate::protocol::{FetchedOffset, NamedPartition, OffsetFetchRequest, OffsetFetchResponse};

impl Consumer {
    /// Whether a partition waits for the group's offset: a coordinator is needed.
    pub(super) fn wants_committed_offsets(&self) -> bool {
        self.assigned.values().any(|assigned| assigned.stance == Stance::Committed && !assigned.is_asking)
    }

    /// Asks for the offsets of all partitions that wait for one.
    pub(super) fn fetch_committed_offsets(&mut self, cx: &mut Context<'_>) {
        let is_resting = self.timers.due(&Due::Group(GroupDue::OffsetFetch)).is_some();
        let Some(group) = self.group.as_ref().filter(|group| !is_resting && group.reachable().is_some()) else { return };
        let mut numbers = Vec::new();
        let mut partitions = Vec::new();
        for (number, assigned) in &mut self.assigned {
            if assigned.stance != Stance::Committed || assigned.is_asking {
                continue;
            }
            let Some(topic) = self.metadata.name(assigned.topic) else { continue };
            assigned.is_asking = true;
            numbers.push(*number);
            partitions.push(NamedPartition { topic: topic.to_owned(), partition: assigned.index });
        }
        if numbers.is_empty() {
            return;
        }
        let member = match &group.member {
            Member::Consumer(member) if member.epoch > 0 => Some((member.id.clone(), member.epoch)),
            Member::Consumer(_) | Member::Classic(_) => None,
        };
        let request = OffsetFetchRequest { group: group.id.clone(), member, partitions: Some(partitions), require_stable: true };
        let timeout = self.setup.config.request_timeout;
        self.tell_coordinator(request.into(), GroupAsked::OffsetFetch(numbers), timeout, cx);
    }

    /// Takes in where the group left off.
    pub(super) fn apply_fetched_offsets(
        &mut self,
        from: BrokerId,
        numbers: &[u32],
        response: &OffsetFetchResponse,
        cx: &mut Context<'_>,
    ) {
        let refused = response.error.or_else(|| response.partitions.iter().find_map(|fetched| fetched.error));
        if let Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) = refused {
            self.forget_coordinator(from, cx);
        }
        if refused.is_some() {
            self.offsets_not_fetched(numbers, cx);
            return;
        }
        if let Some(group) = &mut self.group {
            group.fetch_refusals = 0;
        }
        for number in numbers {
            self.begin_where_committed(*number, &response.partitions, cx);
        }
    }

    fn begin_where_committed(&mut self, number: u32, told: &[FetchedOffset], cx: &mut Context<'_>) {
        let validates = self.validates_positions();
        let Some(assigned) = self.assigned.get_mut(&number) else { return };
        assigned.is_asking = false;
        if assigned.stance != Stance::Committed {
            return;
        }
        let name = self.metadata.name(assigned.topic);
        let is_it =
            |told: &&FetchedOffset| Some(told.partition.topic.as_str()) == name && told.partition.partition == assigned.index;
        let Some((offset, epoch)) = told.iter().find(is_it).and_then(|told| Some((told.offset?, told.leader_epoch))) else {
            assigned.reset(Offset::ZERO, self.setup.config.auto_offset_reset, PositionReason::NoCommit, cx);
            return;
        };
        assigned.seek(Position { offset, offset_epoch: epoch, leader: None }, PositionReason::Committed, cx);
        if let Some((partition, epoch)) = assigned.partition.zip(epoch) {
            self.metadata.saw_epoch(partition, epoch);
        }
        assigned.follow_leader(self.metadata.leader(assigned.topic, assigned.index), validates);
    }

    /// The offsets could not be told: they are asked for again after a while.
    pub(super) fn offsets_not_fetched(&mut self, numbers: &[u32], cx: &mut Context<'_>) {
        for number in numbers {
            if let Some(assigned) = self.assigned.get_mut(number) {
                assigned.is_asking = false;
            }
        }
        let Some(group) = &mut self.group else { return };
        group.fetch_refusals = group.fetch_refusals.saturating_add(1);
        let wait = self.backoff.after(group.fetch_refusals, Reason::OffsetFetch, cx);
        self.timers.set(Due::Group(GroupDue::OffsetFetch), cx.mono().plus(wait), cx.trail());
    }
}
