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
use crate::controller::records::MetadataRecord;
use crate::event::RaftFact;
use crate::ids::{BrokerId, TopicPartition};
use crate::raft::Drained;
use crate::replica::Registration;

impl Broker {
    /// Reads back every log that lies on the disk, then begins to follow the metadata and to register.
    pub(super) fn start(&mut self, cx: &mut Context<'_>) {
        self.open_logs(cx);
        self.begin_upkeep(cx);
        self.observer.start(cx);
        self.begin_lifecycle(cx);
    }

    /// Applies what is newly committed. A control record of the quorum says nothing of the cluster, but whoever has passed
    /// it has applied it too (Kafka's `MetadataLoader`).
    pub(super) fn follow_metadata(&mut self, cx: &mut Context<'_>) {
        let before = self.observer.handed_out();
        let Drained { snapshot, records } = self.observer.drain_committed(cx);
        let end = self.observer.handed_out();
        if end == before {
            self.seek_controller(cx);
            return;
        }
        let mut touched = Vec::new();
        let image = Arc::make_mut(&mut self.image);
        if let Some((end, records)) = snapshot {
            match MetadataImage::from_snapshot(end, &records) {
                Ok(newer) => {
                    touched = newer.changes_since(image);
                    *image = newer;
                }
                Err(fault) => {
                    cx.halt(format!("a metadata snapshot cannot be read: {fault}"));
                    return;
                }
            }
        }
        for (offset, bytes) in records {
            match MetadataRecord::decode(&bytes) {
                Ok(record) => touched.push(image.apply(offset, &record)),
                Err(fault) => {
                    cx.halt(format!("a committed metadata record cannot be read: {fault}"));
                    return;
                }
            }
        }
        cx.emit(RaftFact::MetadataApplied { end });
        for change in touched {
            self.follow_change(&change, cx);
        }
        self.seek_controller(cx);
        self.replicate(cx);
    }

    /// Takes on every role that the image has for this broker: it has caught up for the first time.
    pub(super) fn take_all_roles(&mut self, cx: &mut Context<'_>) {
        let image = Arc::clone(&self.image);
        for (partition, facts) in image.partitions() {
            if facts.replicas.contains(&self.setup.me) {
                self.take_role(partition, &image, cx);
            }
        }
        self.replicate(cx);
    }

    fn follow_change(&mut self, change: &Change, cx: &mut Context<'_>) {
        match *change {
            Change::BrokerRegistered(broker)
            | Change::BrokerRegisteredUnclean(broker)
            | Change::BrokerFenced(broker)
            | Change::BrokerUnfenced(broker)
            | Change::BrokerShuttingDown(broker) => self.follow_registration(broker),
            Change::TopicCreated(_)
            | Change::TopicDeleted { .. }
            | Change::ReplicasOffline(_)
            | Change::ConfigChanged(_)
            | Change::FeatureChanged(_)
            | Change::ProducerIdsAllocated { .. }
            | Change::Nothing => {}
            Change::PartitionCreated(partition, _) | Change::PartitionChanged { partition, .. } => {
                if self.lifecycle.is_caught_up() {
                    let image = Arc::clone(&self.image);
                    self.take_role(partition, &image, cx);
                }
            }
        }
    }

    fn follow_registration(&mut self, broker: BrokerId) {
        if let Some(known) = self.image.broker(broker) {
            let fenced = known.fenced || known.in_controlled_shutdown;
            self.members.set(broker, Registration { epoch: known.epoch, fenced });
        }
    }

    /// Does for one partition what the image says. A partition that changed more than once ends in the newest state.
    fn take_role(&mut self, partition: TopicPartition, image: &MetadataImage, cx: &mut Context<'_>) {
        let facts = image.partition(partition).expect("a changed partition is in the image");
        let me = self.setup.me;
        if !facts.replicas.contains(&me) {
            self.logs.forget(partition);
            if let Some(replica) = self.partitions.get_mut(partition) {
                let change = replica.become_idle(facts, cx);
                self.replicator.forget(partition, cx);
                self.release_changed(partition, change, cx);
            }
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
}
