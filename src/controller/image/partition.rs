//! The state of one partition: how a change carries it on, and what is always true of it.
//!
//! Invariant: a leader is in the ISR, or there is none; ISR and eligible replicas are replicas, and no replica is both;
//! epochs never fall.
//!
//! Called by: [`super::MetadataImage`], the controller when it answers with a state that is about to be.

use crate::controller::records::{NewLeader, PartitionChange};
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, BrokerSet};

impl PartitionFacts {
    /// The state after a change: one partition epoch on, and one leader epoch on if it tells the leader.
    #[must_use]
    pub fn after(&self, change: &PartitionChange) -> Self {
        let (leader, epoch) = match change.leader {
            NewLeader::Same => (self.leader, self.epoch),
            NewLeader::Nobody => (None, self.epoch.next()),
            NewLeader::Broker(leader) => (Some(leader), self.epoch.next()),
        };
        Self {
            leader,
            epoch,
            partition_epoch: self.partition_epoch.next(),
            isr: change.isr.unwrap_or(self.isr),
            replicas: change.replicas.clone().unwrap_or_else(|| self.replicas.clone()),
            elr: change.elr.unwrap_or(self.elr),
            last_known_elr: change.last_known_elr.unwrap_or(self.last_known_elr),
            adding: change.adding.unwrap_or(self.adding),
            removing: change.removing.unwrap_or(self.removing),
        }
    }

    /// All its replicas, without their order.
    #[must_use]
    pub fn replica_set(&self) -> BrokerSet {
        self.replicas.iter().copied().collect()
    }

    /// The replica that leads if it can: the first.
    #[must_use]
    pub fn preferred(&self) -> Option<BrokerId> {
        self.replicas.first().copied()
    }

    /// Whether a move of its replicas is under way.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }
}

/// Holds what is always true of a partition.
pub(super) fn assert_sound(facts: &PartitionFacts) {
    let replicas = facts.replica_set();
    assert!(replicas.covers(facts.isr), "only replicas are in sync");
    assert!(replicas.covers(facts.elr), "only replicas are eligible");
    assert!(facts.isr.iter().all(|broker| !facts.elr.contains(broker)), "who is in sync is not merely eligible");
    assert!(facts.leader.is_none_or(|leader| facts.isr.contains(leader)), "a leader is in the ISR");
    assert!(replicas.covers(facts.adding), "who is to come is a replica already");
    assert!(replicas.covers(facts.removing), "who is to go is a replica still");
}
