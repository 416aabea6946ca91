//! Facts of the controller. They are told when the record behind them is committed, not when it is written.

use std::sync::Arc;

use super::canonical::record_fields;
use super::facts::facts;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Incarnation, LeaderEpoch, PartitionEpoch, ProducerId, TopicId, TopicPartition};

facts! {
    /// What the controller decides.
    "controller" ControllerFact {
        /// A broker joined, fenced until it has caught up with the metadata.
        [400] BrokerRegistered { broker: BrokerId, incarnation: Incarnation, epoch: BrokerEpoch, rack: Option<Arc<String>> }
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
        /// A broker came back without having been shut down in order: its replicas count for nothing until they have caught up (KIP-966).
        [410] UncleanShutdownFound { broker: BrokerId, epoch: BrokerEpoch }
        /// A topic is no more; its replicas are deleted.
        [411] TopicDeleted { topic: TopicId }
        /// A topic has this many partitions from here on.
        [412] PartitionsAdded { topic: TopicId, partitions: u32 }
        /// A configuration was changed while the cluster runs.
        [413] ConfigChanged { change: Arc<ConfigFacts> }
        /// A feature stands at this level from here on; what it gates behaves accordingly.
        [414] FeatureChanged { feature: Arc<String>, level: u16 }
        /// A broker got a block of producer ids to give out.
        [415] ProducerIdsAllocated { broker: BrokerId, first: ProducerId, count: u32 }
        /// A partition is to move: these replicas are to come, those to go.
        [416] ReassignmentStarted { partition: TopicPartition, adding: BrokerSet, removing: BrokerSet }
        /// A partition has moved.
        [417] ReassignmentCompleted { partition: TopicPartition }
        /// A move was called off; the partition goes back to the replicas it had.
        [418] ReassignmentCancelled { partition: TopicPartition }
        /// This controller is the active one: it has applied all that was committed before its epoch.
        [419] ControllerActivated { epoch: LeaderEpoch }
        /// This controller is not the active one any more, and has forgotten what was not committed.
        [420] ControllerDeactivated { epoch: LeaderEpoch }
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
    /// Who is not in sync but holds all that was committed, and so may lead (KIP-966).
    pub elr: BrokerSet,
    /// The last members of the ISR that is empty now, which an election may fall back on (KIP-966).
    pub last_known_elr: BrokerSet,
    /// The replicas that a move is adding.
    pub adding: BrokerSet,
    /// The replicas that a move will remove.
    pub removing: BrokerSet,
}

record_fields!(PartitionFacts { leader, epoch, partition_epoch, isr, replicas, elr, last_known_elr, adding, removing });

impl PartitionFacts {
    /// A partition as it begins: the first replica leads, all are in sync, nothing moves.
    #[must_use]
    pub fn new(replicas: Vec<BrokerId>) -> Self {
        Self {
            leader: replicas.first().copied(),
            epoch: LeaderEpoch::ZERO,
            partition_epoch: PartitionEpoch::default(),
            isr: replicas.iter().copied().collect(),
            replicas,
            elr: BrokerSet::EMPTY,
            last_known_elr: BrokerSet::EMPTY,
            adding: BrokerSet::EMPTY,
            removing: BrokerSet::EMPTY,
        }
    }
}

/// One change of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFacts {
    /// Whose: a topic's name, a broker such as `b1`, or `cluster`.
    pub resource: String,
    /// Kafka's key.
    pub key: String,
    /// Its value; `None` goes back to the default.
    pub value: Option<String>,
}

record_fields!(ConfigFacts { resource, key, value });
