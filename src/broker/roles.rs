//! What the metadata means for the replicas here: new topics get logs, partitions get leaders, others get followed.
//!
//! Invariant: committed records are applied in order, each once; roles change only after the broker has caught up with the
//! metadata for the first time in this life, and then follow every change.
//!
//! Source: KIP-631; Kafka's `BrokerMetadataPublisher`, `ReplicaManager.applyDelta`. Called by: [`Broker`], when the
//! observer has made progress; [`super::lifecycle`], when the broker has caught up.

use std::sync::Arc;

use super::Broker;
use crate::context::Context;
use crate::controller::image::{Change, MetadataImage};
use crate::ids::{BrokerId, PartitionIndex, TopicPartition};
use crate::protocol::ConfigResource;
use crate::replica::{Partition, Registration};

impl Broker {
    /// Reads back every log that lies on the disk, then begins to follow the metadata and to register.
    pub(super) fn start(&mut self, cx: &mut Context<'_>) {
        self.open_logs(cx);
        self.begin_upkeep(cx);
        if let Some(observer) = self.metadata.observer() {
            observer.start(cx);
        }
        self.begin_lifecycle(cx);
    }

    /// Takes on every role that the image has for this broker: it has caught up for the first time. What lies on its disk
    /// and is not its own any more goes (KAFKA-14616).
    pub(super) fn take_all_roles(&mut self, cx: &mut Context<'_>) {
        let image = Arc::clone(&self.image);
        let is_mine = |partition| image.partition(partition).is_some_and(|facts| facts.replicas.contains(&self.setup.me));
        let held = self.partitions.iter().map(Partition::partition);
        let strays: Vec<_> = held.filter(|partition| !is_mine(*partition)).collect();
        for partition in strays {
            self.drop_replica(partition, &image, cx);
        }
        for (partition, facts) in image.partitions() {
            if facts.replicas.contains(&self.setup.me) {
                self.take_role(partition, &image, cx);
            }
        }
        self.replicate(cx);
    }

    pub(super) fn follow_change(&mut self, change: &Change, cx: &mut Context<'_>) {
        self.follow_group_topics(change, cx);
        match change {
            Change::BrokerRegistered(broker)
            | Change::BrokerRegisteredUnclean(broker)
            | Change::BrokerFenced(broker)
            | Change::BrokerUnfenced(broker)
            | Change::BrokerShuttingDown(broker) => self.follow_registration(*broker),
            Change::PartitionCreated(partition, _) | Change::PartitionChanged { partition, .. } => {
                if self.lifecycle.is_caught_up() {
                    let image = Arc::clone(&self.image);
                    self.take_role(*partition, &image, cx);
                }
            }
            Change::TopicDeleted { topic, partitions } => {
                let image = Arc::clone(&self.image);
                for index in 0..*partitions {
                    self.drop_replica(TopicPartition::new(*topic, PartitionIndex(index)), &image, cx);
                }
            }
            Change::ConfigChanged(ConfigResource::Topic(name)) => {
                if let Some(topic) = self.image.topic_by_name(name).map(|topic| topic.id) {
                    self.follow_topic_config(topic);
                }
            }
            // Settings of brokers and rules were taken in before; the others are no replica's business.
            Change::ConfigChanged(ConfigResource::Broker(_) | ConfigResource::Cluster)
            | Change::FeatureChanged(_)
            | Change::TopicCreated(_)
            | Change::ReplicasOffline(_)
            | Change::ProducerIdsAllocated { .. }
            | Change::Nothing => {}
        }
    }

    fn follow_registration(&mut self, broker: BrokerId) {
        if let Some(known) = self.image.broker(broker) {
            let fenced = known.fenced || known.in_controlled_shutdown;
            self.members.set(broker, Registration { epoch: known.epoch, fenced });
            self.members.set_rack(broker, known.rack.clone());
        }
    }

    /// Does for one partition what the image says. A partition that changed more than once ends in the newest state.
    fn take_role(&mut self, partition: TopicPartition, image: &MetadataImage, cx: &mut Context<'_>) {
        // A partition that came and went in one batch is no more.
        let Some(facts) = image.partition(partition) else {
            self.drop_replica(partition, image, cx);
            return;
        };
        let me = self.setup.me;
        if !facts.replicas.contains(&me) {
            self.drop_replica(partition, image, cx);
            return;
        }
        if !self.ensure_log(partition, image, cx) {
            return;
        }
        let replica = self.partitions.get_mut(partition).expect("its log was made or found just now");
        let change = if facts.leader == Some(me) {
            self.replicator.forget(partition, cx);
            replica.become_leader(facts, &self.members, cx)
        } else {
            let change = replica.become_follower(facts, cx);
            self.replicator.follow(partition, replica, cx);
            change
        };
        self.release_changed(partition, change, cx);
    }

    /// The partition is not here any more: moved away, or deleted. Its log goes, and whoever waits for it hears so.
    fn drop_replica(&mut self, partition: TopicPartition, image: &MetadataImage, cx: &mut Context<'_>) {
        self.logs.forget(partition);
        let Some(mut replica) = self.partitions.remove(partition) else { return };
        self.replicator.forget(partition, cx);
        replica.resign(image.partition(partition).map(|facts| &**facts), cx);
        let waiting = std::mem::take(&mut replica.waiting);
        if let Err(fault) = replica.delete_log(cx) {
            cx.halt(format!("a log cannot be deleted: {fault}"));
            return;
        }
        self.release_gone(partition, &waiting, cx.latest(), cx);
    }
}
