//! Facts of the controller. They are told when the record behind them is committed, not when it is written.

use std::sync::Arc;

use super::canonical::record_fields;
use super::facts::facts;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Incarnation, LeaderEpoch, PartitionEpoch, TopicId, TopicPartition};

facts! {
    /// What the controller decides.
    "controller" ControllerFact {
        /// A broker joined, fenced until it has caught up with the metadata.
        [400] BrokerRegistered { broker: BrokerId, incarnation: Incarnation, epoch: BrokerEpoch }
        /// A broker may not join.
        [401] RegistrationRefused { broker: BrokerId, incarnation: Incarnation, code: ErrorCode }
        /// A broker no longer counts as alive: it leads nothing and leaves every ISR.
        [402] BrokerFenced { broker: BrokerId, epoch: BrokerEpoch }
        /// A broker counts as alive.
        [403] BrokerUnfenced { broker: BrokerId, epoch: BrokerEpoch }
        /// A topic exists.
        [404] TopicCreated { topic: Arc<TopicFacts> }
        /// The committed truth about a partition is now this.
        [405] PartitionChanged { partition: TopicPartition, now: Arc<PartitionFacts> }
        /// A partition got another leader (or none); `clean` when it was in the ISR.
        [406] LeaderElected { partition: TopicPartition, from: Option<BrokerId>, leader: Option<BrokerId>, epoch: LeaderEpoch, clean: bool }
        /// A leader's proposal for an ISR was turned down.
        [407] AlterPartitionRefused { partition: TopicPartition, leader: BrokerId, code: ErrorCode }
        /// The controller's answer to an admin request was a refusal.
        [408] AdminRefused { code: ErrorCode }
        /// A broker is leaving in order: it is given nothing to lead any more, and loses what it leads.
        [409] BrokerShuttingDown { broker: BrokerId, epoch: BrokerEpoch }
    }
}

/// A topic as created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many replicas each has.
    pub replication_factor: u16,
    /// Its own configuration, as Kafka's keys and values.
    pub config: Vec<(String, String)>,
}

record_fields!(TopicFacts { id, name, partitions, replication_factor, config });

/// The metadata's word on one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionFacts {
    /// Who leads it.
    pub leader: Option<BrokerId>,
    /// Its leader epoch.
    pub epoch: LeaderEpoch,
    /// How often it changed.
    pub partition_epoch: PartitionEpoch,
    /// Who is in sync.
    pub isr: BrokerSet,
    /// All its replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
}

record_fields!(PartitionFacts { leader, epoch, partition_epoch, isr, replicas });
