//! What a consumer owns as a member: partitions are taken, given back or lost, and its application hears of each (the rebalance
//! listener).
//!
//! Invariant: nothing of a partition is given to the application after it was given back or lost; a partition that comes back
//! begins where the group left off, whatever was read of it before.
//!
//! Source: Kafka's `ConsumerCoordinator.invokePartitionsRevoked` and the like, `SubscriptionState`; KIP-429. Called by: classic,
//! consumer_protocol, commands.

use std::sync::Arc;

use super::{Consumer, StartFrom};
use crate::client::connection::Due;
use crate::client::position::{Assigned, Beginner};
use crate::context::Context;
use crate::event::ClientFact;
use crate::ids::{PartitionIndex, TopicPartition};
use crate::protocol::NamedPartition;

/// How partitions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// In order: nobody else has them yet.
    Revoked,
    /// Too late: somebody else may have them already.
    Lost,
}

impl Consumer {
    /// What it owns, by name.
    pub(super) fn owned_names(&self) -> Vec<NamedPartition> {
        self.assigned.values().filter_map(|assigned| self.name_of(assigned)).collect()
    }

    /// What it owns, in order.
    pub(super) fn owned(&self) -> Vec<TopicPartition> {
        let mut owned: Vec<_> = self.assigned.values().filter_map(|assigned| assigned.partition).collect();
        owned.sort_unstable();
        owned
    }

    /// The numbers of the partitions that it owns and that are chosen so.
    pub(super) fn numbers_of(&self, is_it: impl Fn(&Assigned) -> bool) -> Vec<u32> {
        self.assigned.iter().filter(|(_, assigned)| is_it(assigned)).map(|(number, _)| *number).collect()
    }

    pub(super) fn name_of(&self, assigned: &Assigned) -> Option<NamedPartition> {
        let topic = self.metadata.name(assigned.topic)?;
        Some(NamedPartition { topic: topic.to_owned(), partition: assigned.index })
    }

    /// A partition is read from now on.
    pub(super) fn add(&mut self, topic: &str, index: PartitionIndex, from: StartFrom, cx: &mut Context<'_>) -> u32 {
        let place = self.metadata.place_of(topic);
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        let mut assigned = Assigned::new(place, index, from);
        if let Some(id) = self.metadata.topic(place) {
            let beginner = Beginner { has_group: self.group.is_some(), policy: self.setup.config.auto_offset_reset };
            assigned.become_known(id, beginner, cx);
            assigned.follow_leader(self.metadata.leader(place, index), self.validates_positions());
        }
        self.assigned.insert(number, assigned);
        number
    }

    /// Partitions are not read any more.
    pub(super) fn remove(&mut self, numbers: &[u32]) -> Vec<TopicPartition> {
        let mut gone = Vec::new();
        for number in numbers {
            self.timers.cancel(Due::Partition(*number));
            gone.extend(self.assigned.remove(number).and_then(|assigned| assigned.partition));
        }
        gone.sort_unstable();
        gone
    }

    /// Takes partitions that it was given; those that it has already stay as they are.
    pub(super) fn take(&mut self, share: &[NamedPartition], cx: &mut Context<'_>) {
        let owned = self.owned_names();
        let mut taken = Vec::new();
        for named in share.iter().filter(|named| !owned.contains(named)) {
            let number = self.add(&named.topic, named.partition, StartFrom::Configured, cx);
            taken.extend(self.assigned.get(&number).and_then(|assigned| assigned.partition));
        }
        let Some(group) = &self.group else { return };
        let (group, epoch) = (group.id.clone(), group.identity().1);
        cx.emit(ClientFact::PartitionsAssigned { group, epoch, partitions: Arc::new(taken) });
    }

    /// Parts with partitions, if there are any.
    pub(super) fn part_with(&mut self, numbers: &[u32], how: Parting, cx: &mut Context<'_>) {
        let gone = self.remove(numbers);
        let Some(group) = self.group.as_ref().filter(|_| !gone.is_empty()) else { return };
        let (group, epoch, partitions) = (group.id.clone(), group.identity().1, Arc::new(gone));
        cx.emit(match how {
            Parting::Revoked => ClientFact::PartitionsRevoked { group, epoch, partitions },
            Parting::Lost => ClientFact::PartitionsLost { group, epoch, partitions },
        });
    }

    /// Parts with everything.
    pub(super) fn part_with_all(&mut self, how: Parting, cx: &mut Context<'_>) {
        let numbers = self.numbers_of(|_| true);
        self.part_with(&numbers, how, cx);
    }

    /// Gives nothing of these partitions to the application any more: they wait for a commit before they go.
    pub(super) fn hold_back_going(&mut self, going: &[u32]) {
        for (number, assigned) in &mut self.assigned {
            assigned.is_going = going.contains(number);
        }
    }
}
