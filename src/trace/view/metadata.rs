//! How the metadata changes the picture: what the controller told, and the quorum that keeps its log.

use std::sync::Arc;

use super::View;
use super::server::{ProcessView, Registration, Standing};
use crate::event::{ConfigFacts, ControllerFact, QuorumRole, RaftFact, TopicFacts};
use crate::ids::{BrokerEpoch, BrokerId, ProcessId, TopicId};

/// A topic, as the metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// Its `min.insync.replicas`, if it set one.
    pub min_insync: Option<u32>,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

const MIN_INSYNC: &str = "min.insync.replicas";

impl View {
    pub(super) fn apply_controller(&mut self, process: ProcessId, fact: &ControllerFact) {
        match fact {
            ControllerFact::BrokerRegistered { broker, incarnation, epoch, rack } => {
                let (standing, rack) = (Standing::Fenced, rack.clone());
                let registration = Registration { standing, epoch: *epoch, incarnation: *incarnation, rack };
                self.process_mut(ProcessId::Broker(*broker)).registration = Some(registration);
            }
            ControllerFact::BrokerFenced { broker, epoch } => self.stand(*broker, *epoch, Standing::Fenced),
            ControllerFact::BrokerUnfenced { broker, epoch } => self.stand(*broker, *epoch, Standing::Alive),
            ControllerFact::BrokerShuttingDown { broker, epoch } => self.stand(*broker, *epoch, Standing::ShuttingDown),
            ControllerFact::TopicCreated { topic } => self.create(topic),
            ControllerFact::TopicDeleted { topic } => {
                Arc::make_mut(&mut self.topics).iter_mut().filter(|known| known.id == *topic).for_each(|known| {
                    known.is_deleted = true;
                });
                for partition in Arc::make_mut(&mut self.partitions) {
                    if partition.partition.topic == *topic {
                        Arc::make_mut(partition).is_deleted = true;
                    }
                }
            }
            ControllerFact::PartitionChanged { partition, now } => {
                let is_dead = |broker: &BrokerId| self.process(ProcessId::Broker(*broker)).is_some_and(ProcessView::is_dead);
                let dead: Vec<BrokerId> = now.replicas.iter().copied().filter(is_dead).collect();
                if let Some(view) = self.partition_mut(*partition) {
                    view.commit(now, &dead);
                }
            }
            ControllerFact::ConfigChanged { change } => self.configure(change),
            ControllerFact::FeatureChanged { feature, level } => {
                let features = Arc::make_mut(&mut self.features);
                match features.iter_mut().find(|(name, _)| name == feature) {
                    Some((_, known)) => *known = *level,
                    None => features.push((Arc::clone(feature), *level)),
                }
            }
            ControllerFact::ControllerActivated { epoch } => self.process_mut(process).quorum.active = Some(*epoch),
            ControllerFact::ControllerDeactivated { .. } => self.process_mut(process).quorum.active = None,
            // What came of these stands in the PartitionChanged beside them, or concerns who asked.
            ControllerFact::LeaderElected { .. }
            | ControllerFact::RegistrationRefused { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. }
            | ControllerFact::UncleanShutdownFound { .. }
            | ControllerFact::PartitionsAdded { .. }
            | ControllerFact::ProducerIdsAllocated { .. }
            | ControllerFact::ReassignmentStarted { .. }
            | ControllerFact::ReassignmentCompleted { .. }
            | ControllerFact::ReassignmentCancelled { .. } => {}
        }
    }

    fn stand(&mut self, broker: BrokerId, epoch: BrokerEpoch, standing: Standing) {
        let known = self.process_mut(ProcessId::Broker(broker));
        let incarnation = known.incarnation;
        match known.registration.as_mut().filter(|registration| registration.epoch == epoch) {
            Some(registration) => registration.standing = standing,
            None => known.registration = Some(Registration { standing, epoch, incarnation, rack: None }),
        }
    }

    fn create(&mut self, topic: &TopicFacts) {
        let min_insync = topic.config.iter().find(|(key, _)| key == MIN_INSYNC).and_then(|(_, value)| value.parse().ok());
        if self.topics.iter().any(|known| known.id == topic.id) {
            return;
        }
        let view = TopicView { id: topic.id, name: topic.name.clone(), min_insync, is_deleted: false };
        Arc::make_mut(&mut self.topics).push(view);
    }

    fn configure(&mut self, change: &ConfigFacts) {
        if change.key != MIN_INSYNC {
            return;
        }
        let min = change.value.as_ref().and_then(|value| value.parse().ok());
        let topics = Arc::make_mut(&mut self.topics);
        let Some(topic) = topics.iter_mut().find(|topic| topic.name == change.resource && !topic.is_deleted) else { return };
        topic.min_insync = min;
        let id = topic.id;
        for partition in Arc::make_mut(&mut self.partitions) {
            if partition.partition.topic == id {
                Arc::make_mut(partition).min_insync = min;
            }
        }
    }

    pub(super) fn apply_raft(&mut self, process: ProcessId, fact: &RaftFact) {
        match fact {
            RaftFact::QuorumLeaderElected { epoch } => {
                self.quorum = Some((process, *epoch));
                let quorum = &mut self.process_mut(process).quorum;
                (quorum.role, quorum.epoch, quorum.leader) = (Some(QuorumRole::Leader), *epoch, Some(process));
            }
            RaftFact::QuorumLeaderResigned { epoch, .. } => {
                if self.quorum == Some((process, *epoch)) {
                    self.quorum = None;
                }
            }
            RaftFact::QuorumRoleChanged { role, epoch, leader } => {
                let quorum = &mut self.process_mut(process).quorum;
                (quorum.role, quorum.epoch, quorum.leader) = (Some(*role), *epoch, *leader);
            }
            RaftFact::VoteCast { epoch, candidate } => {
                self.process_mut(process).quorum.vote = Some((*epoch, *candidate));
            }
            RaftFact::VotersChanged { voters } => self.process_mut(process).quorum.voters = Some(Arc::clone(voters)),
            RaftFact::MetadataCommitted { end, .. } => self.metadata_end = self.metadata_end.max(*end),
            RaftFact::MetadataApplied { end } => self.process_mut(process).applied = Some(*end),
            RaftFact::SnapshotTaken { end, .. } => self.process_mut(process).quorum.snapshot = Some(*end),
            RaftFact::SnapshotInstalled { end, .. } => {
                let known = self.process_mut(process);
                known.quorum.snapshot = Some(*end);
                known.metadata_log = (*end, *end);
            }
            RaftFact::VoteRefused { .. } | RaftFact::VoterCaughtUp { .. } => {}
        }
    }
}
