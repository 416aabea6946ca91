//! What the world keeps of what servers tell, for roles and for the bounds of random faults: see `roles`.
//!
//! Invariant: a fact told again changes nothing.
//!
//! Called by: `world`, with every event of the controller, the quorum and the clients.

use std::sync::Arc;

use super::process::Place;
use super::world::World;
use crate::event::{ClientFact, ControllerFact, QuorumRole, RaftFact};
use crate::ids::ProcessId;

impl World {
    /// Keeps the picture of committed metadata that roles and random faults need.
    pub(super) fn follow_controller(&mut self, fact: &ControllerFact) {
        match fact {
            ControllerFact::TopicCreated { topic } => Arc::make_mut(&mut self.roles).create_topic(topic),
            ControllerFact::TopicDeleted { topic } => Arc::make_mut(&mut self.roles).delete_topic(*topic),
            ControllerFact::PartitionChanged { partition, now } => {
                Arc::make_mut(&mut self.roles).change_partition(*partition, now);
            }
            ControllerFact::BrokerFenced { broker, .. } => Arc::make_mut(&mut self.roles).fence(*broker, true),
            ControllerFact::BrokerRegistered { broker, incarnation, .. } => {
                Arc::make_mut(&mut self.roles).fence(*broker, true);
                let slot = self.slot_mut(self.place_of(ProcessId::Broker(*broker)));
                slot.is_lossy = slot.is_lossy && slot.incarnation != *incarnation;
            }
            ControllerFact::BrokerUnfenced { broker, .. } => {
                Arc::make_mut(&mut self.roles).fence(*broker, false);
                let slot = self.slot_mut(self.place_of(ProcessId::Broker(*broker)));
                slot.is_unfenced = slot.is_up;
            }
            ControllerFact::RegistrationRefused { .. }
            | ControllerFact::LeaderElected { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. }
            | ControllerFact::BrokerShuttingDown { .. }
            | ControllerFact::UncleanShutdownFound { .. }
            | ControllerFact::PartitionsAdded { .. }
            | ControllerFact::ConfigChanged { .. }
            | ControllerFact::FeatureChanged { .. }
            | ControllerFact::ProducerIdsAllocated { .. }
            | ControllerFact::ReassignmentStarted { .. }
            | ControllerFact::ReassignmentCompleted { .. }
            | ControllerFact::ReassignmentCancelled { .. }
            | ControllerFact::ControllerActivated { .. }
            | ControllerFact::ControllerDeactivated { .. } => {}
        }
    }

    /// Keeps the picture of who reads what for its group that roles need.
    pub(super) fn follow_client(&mut self, place: Place, fact: &ClientFact) {
        if let ClientFact::PartitionsAssigned { group, partitions, .. } = fact {
            let consumer = self.id(place);
            Arc::make_mut(&mut self.roles).give(group, partitions, consumer);
        }
    }

    /// Keeps the picture of the metadata quorum that roles and random faults need.
    pub(super) fn follow_quorum(&mut self, place: Place, fact: &RaftFact) {
        let process = self.id(place);
        match fact {
            RaftFact::QuorumLeaderElected { epoch } => {
                Arc::make_mut(&mut self.roles).elect_controller(process, *epoch);
                self.slot_mut(place).is_in_quorum = true;
            }
            RaftFact::QuorumRoleChanged { role, .. } => {
                let slot = self.slot_mut(place);
                slot.is_in_quorum = slot.is_in_quorum || matches!(role, QuorumRole::Leader | QuorumRole::Follower);
            }
            RaftFact::VotersChanged { voters } => Arc::make_mut(&mut self.roles).change_voters(process, voters),
            RaftFact::MetadataCommitted { end, .. } => {
                if self.roles.is_voter_change_open() {
                    Arc::make_mut(&mut self.roles).settle_voters(*end);
                }
            }
            RaftFact::MetadataApplied { .. }
            | RaftFact::VoteCast { .. }
            | RaftFact::VoteRefused { .. }
            | RaftFact::QuorumLeaderResigned { .. }
            | RaftFact::SnapshotTaken { .. }
            | RaftFact::SnapshotInstalled { .. }
            | RaftFact::VoterCaughtUp { .. } => {}
        }
    }
}
