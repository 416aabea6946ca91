//! Whom and what a fault is meant for, at the moment it strikes: roles become processes, and what happens is held against
//! what faults wait for.
//!
//! Invariant: a role is resolved from the newest committed metadata (and the quorum's newest election), in the order of places,
//! and names nobody twice.
//!
//! Called by: `fault`.

use super::process::Place;
use super::roles::Roles;
use super::scenario::{Doing, Role, Target, Trigger};
use super::world::World;
use crate::event::{ClientFact, ControllerFact, Fact, GroupFact, GroupState, RaftFact};
use crate::ids::{ProcessId, TopicPartition};

impl World {
    /// Everybody who is meant, each once.
    pub(super) fn resolve_all(&self, targets: &[Target]) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        for place in targets.iter().flat_map(|target| self.resolve(target)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    fn resolve(&self, target: &Target) -> Vec<Place> {
        let broker = |id| self.place_of(ProcessId::Broker(id));
        let server = |id: ProcessId| self.place_of(id);
        match target {
            Target::Process(id) => vec![self.place_of(*id)],
            Target::Role(Role::Leader(topic, partition)) => self.roles.leader(topic, *partition).into_iter().map(broker).collect(),
            Target::Role(Role::Follower(topic, partition)) => {
                self.roles.follower(topic, *partition).into_iter().map(broker).collect()
            }
            Target::Role(Role::Followers(topic, partition)) => {
                self.roles.followers(topic, *partition).into_iter().map(broker).collect()
            }
            Target::Role(Role::Controller) => self.roles.controller().into_iter().map(server).collect(),
            Target::Role(Role::Controllers) => self.setup.controllers.iter().copied().map(server).collect(),
            Target::Role(Role::VotersButLeader) => {
                let leader = self.roles.controller();
                let voters = self.roles.voters().iter().map(|key| key.voter).filter(|voter| Some(*voter) != leader);
                voters.map(server).collect()
            }
            Target::Role(Role::Rack(rack)) => self.setup.servers_in(rack),
            Target::Role(Role::Coordinator(group)) => self.roles.coordinator(group).into_iter().map(broker).collect(),
            Target::Role(Role::Owner(group, topic, partition)) => {
                self.roles.owner(group, topic, *partition).into_iter().map(server).collect()
            }
            Target::Role(Role::Clients(clients)) => clients.iter().copied().map(server).collect(),
        }
    }
}

impl Trigger {
    /// Whether this fact of that process is what is waited for. `done` is what it did by it, and how often by now.
    pub(super) fn is_met(&self, process: ProcessId, done: Option<(Doing, u32)>, fact: &Fact, roles: &Roles) -> bool {
        match (self, fact) {
            (Self::Done { client, doing, nth }, Fact::Client(_)) => *client == process && done == Some((*doing, *nth)),
            (Self::Given { consumer, topic, partition, is_revoked }, Fact::Client(fact)) => {
                let named = roles.partition_named(topic, *partition);
                *consumer == process && named.is_some_and(|named| hands(fact, *is_revoked).contains(&named))
            }
            (Self::GroupStable(group), Fact::Group(GroupFact::GroupStateChanged { group: changed, state, .. })) => {
                *changed.as_ref() == *group && *state == GroupState::Stable
            }
            (Self::GroupEpoch { group, epoch }, Fact::Group(GroupFact::GroupStateChanged { group: changed, epoch: now, .. })) => {
                *changed.as_ref() == *group && now >= epoch
            }
            (
                Self::Leads { broker, topic, partition },
                Fact::Controller(ControllerFact::PartitionChanged { partition: changed, now }),
            ) => roles.partition_named(topic, *partition) == Some(*changed) && now.leader == Some(*broker),
            (
                Self::IsrIs { topic, partition, isr },
                Fact::Controller(ControllerFact::PartitionChanged { partition: changed, now }),
            ) => roles.partition_named(topic, *partition) == Some(*changed) && now.isr == *isr,
            (Self::LeadsQuorum(server), Fact::Raft(RaftFact::QuorumLeaderElected { .. })) => *server == process,
            (Self::Fenced { broker, is_fenced: true }, Fact::Controller(ControllerFact::BrokerFenced { broker: fenced, .. })) => {
                broker == fenced
            }
            (
                Self::Fenced { broker, is_fenced: false },
                Fact::Controller(ControllerFact::BrokerUnfenced { broker: unfenced, .. }),
            ) => broker == unfenced,
            (
                Self::Done { .. }
                | Self::Given { .. }
                | Self::GroupStable(_)
                | Self::GroupEpoch { .. }
                | Self::Leads { .. }
                | Self::IsrIs { .. }
                | Self::LeadsQuorum(_)
                | Self::Fenced { .. },
                _,
            ) => false,
        }
    }
}

/// The partitions that a consumer has from now on by this fact, or has no more.
fn hands(fact: &ClientFact, is_revoked: bool) -> &[TopicPartition] {
    match fact {
        ClientFact::PartitionsAssigned { partitions, .. } if !is_revoked => partitions,
        ClientFact::PartitionsRevoked { partitions, .. } | ClientFact::PartitionsLost { partitions, .. } if is_revoked => {
            partitions
        }
        _ => &[],
    }
}
