//! What changes while the broker runs: its own configuration, its topics', and the historical rules in force.
//!
//! Invariant: the effective setup is the server's file under the dynamic layers of the image, and every replica acts by it.
//!
//! Source: KIP-226, KIP-584; Kafka's `DynamicBrokerConfig`, `TopicConfigHandler`. Called by: [`super::roles`].
//!
//! Kafka differs: only some keys may change while a broker runs there; here whatever the controller accepted does. The copy
//! of the metadata log keeps the time-outs it was started with.

use std::sync::Arc;

use super::{Broker, BrokerSetup};
use crate::controller::image::Change;
use crate::ids::TopicId;
use crate::protocol::ConfigResource;
use crate::replica::ReplicaSetup;

impl BrokerSetup {
    /// What its replicas are told of it.
    pub(super) fn of_replicas(&self) -> ReplicaSetup {
        ReplicaSetup { me: self.me, lag_time_max: self.config.replica_lag_time_max, variants: self.variants, rules: self.rules }
    }
}

impl Broker {
    /// Takes in what these changes set for this broker, before it follows any of them.
    pub(super) fn follow_settings(&mut self, changes: &[Change]) {
        let is_mine = |change: &Change| match change {
            Change::FeatureChanged(_) | Change::ConfigChanged(ConfigResource::Cluster) => true,
            Change::ConfigChanged(ConfigResource::Broker(broker)) => *broker == self.setup.me,
            Change::ConfigChanged(ConfigResource::Topic(_))
            | Change::BrokerRegistered(_)
            | Change::BrokerRegisteredUnclean(_)
            | Change::BrokerFenced(_)
            | Change::BrokerUnfenced(_)
            | Change::BrokerShuttingDown(_)
            | Change::ReplicasOffline(_)
            | Change::TopicCreated(_)
            | Change::TopicDeleted { .. }
            | Change::PartitionCreated(..)
            | Change::PartitionChanged { .. }
            | Change::ProducerIdsAllocated { .. }
            | Change::Nothing => false,
        };
        if changes.iter().any(is_mine) {
            self.refresh_setup();
        }
    }

    /// A topic's own configuration holds from now on for every replica of it.
    pub(super) fn follow_topic_config(&mut self, topic: TopicId) {
        let Some(known) = self.image.topic(topic) else { return };
        let config = known.effective_config(&self.setup.topic_defaults);
        for (index, _) in self.image.partitions_of(topic) {
            if let Some(replica) = self.partitions.get_mut(crate::ids::TopicPartition::new(topic, index)) {
                replica.set_config(config.clone());
            }
        }
    }

    fn refresh_setup(&mut self) {
        let me = self.file.me;
        let now = BrokerSetup {
            config: self.image.broker_config(me, &self.file.config),
            topic_defaults: self.image.topic_defaults(&self.file.topic_defaults, Some(me)),
            variants: self.image.variants(self.file.variants),
            ..BrokerSetup::clone(&self.file)
        };
        let before = std::mem::replace(&mut self.setup, Arc::new(now));
        let is_same_for_replicas =
            before.variants == self.setup.variants && before.config.replica_lag_time_max == self.setup.config.replica_lag_time_max;
        if !is_same_for_replicas {
            self.replica_setup = Arc::new(self.setup.of_replicas());
            for replica in self.partitions.iter_mut() {
                replica.set_setup(Arc::clone(&self.replica_setup));
            }
        }
        if before.topic_defaults != self.setup.topic_defaults {
            let topics: Vec<_> = self.image.topics().map(|topic| topic.id).collect();
            for topic in topics {
                self.follow_topic_config(topic);
            }
        }
    }
}
