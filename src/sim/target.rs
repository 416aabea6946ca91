//! Whom and what a fault is meant for, at the moment it strikes: roles become processes, and what happens is held against
//! what faults wait for.
//!
//! Invariant: a role is resolved from the newest committed metadata (and the quorum's newest election), in the order of places,
//! and names nobody twice.
//!
//! Called by: `fault`.

use super::process::Place;
use super::roles::Roles;
use super::scenario::{Role, Target, Trigger};
use super::world::World;
use crate::event::{ControllerFact, Fact, RaftFact};
use crate::ids::ProcessId;

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
        }
    }
}

impl Trigger {
    /// Whether this fact of that process is what is waited for. `nth` counts the acknowledgements of a producer.
    pub(super) fn is_met(&self, process: ProcessId, nth: u32, fact: &Fact, roles: &Roles) -> bool {
        match (self, fact) {
            (Self::Ack { producer, nth: wanted }, Fact::Client(_)) => *producer == process && *wanted == nth,
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
            (Self::Ack { .. } | Self::Leads { .. } | Self::IsrIs { .. } | Self::LeadsQuorum(_) | Self::Fenced { .. }, _) => false,
        }
    }
}
