//! What the controller decides.

use std::sync::Arc;

use super::super::finding::Scene;
use super::Checks;
use crate::event::{ControllerFact, Event, PartitionFacts};
use crate::ids::{BrokerId, BrokerSet, ProcessId, TopicId, TopicPartition};

/// The feature whose level says whether there are eligible leader replicas.
const ELR: &str = "elr";
/// The setting that gives up, whenever it is made, that a leader holds what was acknowledged.
const UNCLEAN: &str = "unclean.leader.election.enable";

impl Checks {
    pub(super) fn observe_controller(&mut self, event: &Event, fact: &ControllerFact) {
        match fact {
            ControllerFact::TopicCreated { topic } => {
                self.names.observe(event);
                self.keep_topic(topic);
            }
            ControllerFact::BrokerRegistered { broker, epoch, .. } => {
                if self.fenced_not_in_isr.register(event, *broker, *epoch) {
                    self.ledger.note_registration(*broker);
                }
            }
            ControllerFact::BrokerFenced { broker, epoch } => self.fenced_not_in_isr.fence(event, *broker, *epoch),
            ControllerFact::BrokerUnfenced { broker, epoch } => self.fenced_not_in_isr.unfence(*broker, *epoch),
            ControllerFact::BrokerShuttingDown { broker, epoch } => self.fenced_not_in_isr.leave(*broker, *epoch),
            ControllerFact::PartitionChanged { partition, now } => self.change_partition(event, *partition, now),
            ControllerFact::TopicDeleted { topic } => self.delete_topic(*topic),
            ControllerFact::FeatureChanged { feature, level } => {
                if feature.as_str() == ELR && self.promises.variants.level(ELR) != Some(*level) {
                    self.fenced_not_in_isr.change_rule();
                }
            }
            ControllerFact::ConfigChanged { change } => {
                let allows_any_leader = change.key == UNCLEAN && change.value.as_deref() == Some("true");
                self.promises.unclean_leader_election |= allows_any_leader;
                self.change_rules(change);
            }
            ControllerFact::UncleanShutdownFound { broker, .. } => {
                self.unclean_shutdowns = self.unclean_shutdowns.with(*broker);
            }
            ControllerFact::RegistrationRefused { .. }
            | ControllerFact::LeaderElected { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. }
            | ControllerFact::PartitionsAdded { .. }
            | ControllerFact::ProducerIdsAllocated { .. }
            | ControllerFact::ReassignmentStarted { .. }
            | ControllerFact::ReassignmentCompleted { .. }
            | ControllerFact::ReassignmentCancelled { .. }
            | ControllerFact::ControllerActivated { .. }
            | ControllerFact::ControllerDeactivated { .. } => {}
        }
    }

    fn change_partition(&mut self, event: &Event, partition: TopicPartition, now: &Arc<PartitionFacts>) {
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.epochs_monotone.judge_partition(scene, partition, now);
        let is_known = ledger.facts.as_ref().is_some_and(|known| known.partition_epoch >= now.partition_epoch);
        if is_known || ledger.is_deleted {
            return; // A controller that came back, or came after, tells once more what may not have been told.
        }
        if let Some(leader) = now.leader {
            self.single_leader_per_epoch.judge(scene, partition, now.epoch, ProcessId::Broker(leader));
        }
        let before = ledger.facts.clone();
        ledger.change(Arc::clone(now));
        if before.as_ref().is_some_and(|before| is_beyond_promise(before, now, self.unclean_shutdowns)) {
            ledger.lose_candidates();
        }
        self.committed_kept.judge_change(scene, ledger, before.as_deref());
        self.fenced_not_in_isr.judge_change(scene, ledger, before.as_deref());
        self.replication_quorum_superset.judge_isr(scene, ledger);
        self.judge_isr(event, partition);
    }

    fn delete_topic(&mut self, topic: TopicId) {
        for partition in self.ledger.delete_topic(topic) {
            self.acks_all_durable.forget(partition);
            self.any_ack_durable.forget(partition);
        }
    }
}

/// Whether nobody is left of those who might have led cleanly, all of them brokers that went down in disorder: then nobody leads
/// any more, or the last known leader does, whatever it has (KIP-966).
fn is_beyond_promise(before: &PartitionFacts, now: &PartitionFacts, unclean_shutdowns: BrokerSet) -> bool {
    let candidates = before.isr.union(before.elr);
    let is_left = |broker: BrokerId| candidates.contains(broker) && now.isr.union(now.elr).contains(broker);
    let is_last_known = now.leader.is_none_or(|leader| before.last_known_elr.contains(leader));
    unclean_shutdowns.covers(candidates) && !now.replicas.iter().any(|broker| is_left(*broker)) && is_last_known
}
