//! The records of the metadata log: what the controller decided, one change each.
//!
//! Invariant: [`MetadataRecord::decode`] gives back exactly what [`MetadataRecord::encode`] was given, refuses everything
//! else with a [`Fault`], and never panics.
//!
//! A record is the value of one record in a real record batch of `__cluster_metadata-0`. The quorum's own LeaderChange is
//! a control record and never comes here (see [`crate::raft`]).
//!
//! Kafka differs: the bytes are our own small form, with a fixed tag per kind and a version, instead of Kafka's generated
//! flexible messages; the configuration a topic is created with is part of its Topic record; and offline replicas are named
//! one by one, where Kafka names directories.
//!
//! Called by: [`super::Controller`] (both ways), the brokers (decode). Source: KIP-631.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::Fault;
use crate::event::PartitionFacts;
use crate::event::canonical::{Field, record_fields, unknown};
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Incarnation, ProducerId, TopicId, TopicPartition};
use crate::protocol::ConfigResource;

#[cfg(test)]
mod tests;

/// The version of the form below.
const VERSION: u8 = 1;

/// One change of the cluster's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataRecord {
    /// A broker joined, fenced (in a snapshot: as it stood).
    RegisterBroker(BrokerRegistered),
    /// A registered broker is fenced, unfenced or shutting down from here on.
    BrokerRegistrationChange(RegistrationChange),
    /// A topic exists; its partitions follow.
    Topic(NewTopicRecord),
    /// A partition exists.
    Partition(NewPartition),
    /// A partition has another leader, ISR, set of eligible leaders or assignment.
    PartitionChange(PartitionChange),
    /// A topic and all its partitions are no more.
    RemoveTopic(TopicRemoved),
    /// A key of a configuration has this value from here on.
    Config(ConfigRecord),
    /// A feature stands at this level from here on.
    FeatureLevel(FeatureLevelRecord),
    /// Producer ids up to here are given out.
    ProducerIds(ProducerIdsRecord),
    /// These replicas of a broker lie in a log directory that failed.
    OfflineReplicas(OfflineReplicasRecord),
    /// Topic ids below this one were given once. Only in snapshots: a log tells it by its topics.
    TopicIdsGiven(TopicId),
}

/// A broker's registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistered {
    /// Who.
    pub broker: BrokerId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The number of the registration: this record's own offset.
    pub epoch: BrokerEpoch,
    /// Its `broker.rack`.
    pub rack: Option<Arc<String>>,
    /// Its former life did not end in order (KIP-966). Only its own offset's record says so; an image does not keep it.
    pub unclean: bool,
    /// It does not count as alive; a new registration never does.
    pub fenced: bool,
    /// It is leaving in order.
    pub in_controlled_shutdown: bool,
}

/// What is true of a registered broker from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationChange {
    /// Who.
    pub broker: BrokerId,
    /// Which registration.
    pub epoch: BrokerEpoch,
    /// It does not count as alive.
    pub fenced: bool,
    /// It is leaving in order: it is given nothing to lead any more.
    pub in_controlled_shutdown: bool,
}

/// A new topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopicRecord {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
    /// Its own configuration, as Kafka's keys and values.
    pub config: Vec<(String, String)>,
}

/// A new partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPartition {
    /// Which.
    pub partition: TopicPartition,
    /// Its first state.
    pub facts: Arc<PartitionFacts>,
}

/// A change of a partition. Its partition epoch grows by one; its leader epoch too, if the leader is told. What is `None`
/// stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionChange {
    /// Which.
    pub partition: TopicPartition,
    /// Who leads it from here on.
    pub leader: NewLeader,
    /// Who is in sync from here on; nobody only where eligible leader replicas are kept (KIP-966).
    pub isr: Option<BrokerSet>,
    /// Who is eligible though not in sync (KIP-966).
    pub elr: Option<BrokerSet>,
    /// Who led last, while nobody can.
    pub last_known_elr: Option<BrokerSet>,
    /// All its replicas, the preferred leader first.
    pub replicas: Option<Vec<BrokerId>>,
    /// The replicas that a move is adding.
    pub adding: Option<BrokerSet>,
    /// The replicas that a move will remove.
    pub removing: Option<BrokerSet>,
}

/// What a change says about the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewLeader {
    /// The same as before, in the same epoch.
    Same,
    /// Nobody.
    Nobody,
    /// This broker; it may be the old one, in a new epoch.
    Broker(BrokerId),
}

/// A topic that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicRemoved {
    /// Which.
    pub topic: TopicId,
}

/// A value of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRecord {
    /// Whose.
    pub resource: ConfigResource,
    /// Kafka's key.
    pub key: String,
    /// Its value; `None` goes back to what is below it.
    pub value: Option<String>,
}

/// A feature's level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureLevelRecord {
    /// Which.
    pub name: String,
    /// The place of its word, the oldest rule being 0.
    pub level: u16,
}

/// A block of producer ids was given to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdsRecord {
    /// To whom.
    pub broker: BrokerId,
    /// Under which registration.
    pub epoch: BrokerEpoch,
    /// The first id of the next block.
    pub next: ProducerId,
}

impl ProducerIdsRecord {
    /// How many ids a block has. A constant in Kafka too.
    pub const BLOCK: u32 = 1_000;
}

/// The replicas that a broker cannot serve since their disk failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineReplicasRecord {
    /// Who.
    pub broker: BrokerId,
    /// Under which registration; they are forgotten at the next.
    pub epoch: BrokerEpoch,
    /// All of them, those told earlier included, in order.
    pub partitions: Vec<TopicPartition>,
}

record_fields!(BrokerRegistered { broker, incarnation, epoch, rack, unclean, fenced, in_controlled_shutdown });
record_fields!(RegistrationChange { broker, epoch, fenced, in_controlled_shutdown });
record_fields!(NewTopicRecord { name, id, config });
record_fields!(NewPartition { partition, facts });
record_fields!(PartitionChange { partition, leader, isr, elr, last_known_elr, replicas, adding, removing });
record_fields!(TopicRemoved { topic });
record_fields!(ConfigRecord { resource, key, value });
record_fields!(FeatureLevelRecord { name, level });
record_fields!(ProducerIdsRecord { broker, epoch, next });
record_fields!(OfflineReplicasRecord { broker, epoch, partitions });

impl PartitionChange {
    /// A change that changes nothing yet.
    #[must_use]
    pub fn nothing(partition: TopicPartition) -> Self {
        let (leader, isr, elr, last_known_elr) = (NewLeader::Same, None, None, None);
        Self { partition, leader, isr, elr, last_known_elr, replicas: None, adding: None, removing: None }
    }
}

impl Field for NewLeader {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Same => out.push(0),
            Self::Nobody => out.push(1),
            Self::Broker(broker) => {
                out.push(2);
                broker.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        match u8::take(input)? {
            0 => Ok(Self::Same),
            1 => Ok(Self::Nobody),
            2 => BrokerId::take(input).map(Self::Broker),
            tag => Err(unknown("new leader", tag)),
        }
    }
}

impl Field for ConfigResource {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Topic(name) => {
                out.push(0);
                name.put(out);
            }
            Self::Broker(broker) => {
                out.push(1);
                broker.put(out);
            }
            Self::Cluster => out.push(2),
        }
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        match u8::take(input)? {
            0 => String::take(input).map(Self::Topic),
            1 => BrokerId::take(input).map(Self::Broker),
            2 => Ok(Self::Cluster),
            tag => Err(unknown("configuration resource", tag)),
        }
    }
}

impl MetadataRecord {
    /// The record as the value of a record in the log.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        match self {
            Self::RegisterBroker(record) => put_tagged(1, record, &mut out),
            Self::BrokerRegistrationChange(record) => put_tagged(2, record, &mut out),
            Self::Topic(record) => put_tagged(3, record, &mut out),
            Self::Partition(record) => put_tagged(4, record, &mut out),
            Self::PartitionChange(record) => put_tagged(5, record, &mut out),
            Self::RemoveTopic(record) => put_tagged(6, record, &mut out),
            Self::Config(record) => put_tagged(7, record, &mut out),
            Self::FeatureLevel(record) => put_tagged(8, record, &mut out),
            Self::ProducerIds(record) => put_tagged(9, record, &mut out),
            Self::OfflineReplicas(record) => put_tagged(10, record, &mut out),
            Self::TopicIdsGiven(next) => put_tagged(11, next, &mut out),
        }
        Bytes::from(out)
    }

    /// Reads a record back. Errors: [`Fault::Truncated`] when the bytes end early, [`Fault::Corrupt`] when they are of
    /// another version, say nothing known, name a broker that cannot be, or go on after the record.
    pub fn decode(bytes: &Bytes) -> Result<Self, Fault> {
        let mut input: &[u8] = bytes;
        let version = u8::take(&mut input)?;
        if version != VERSION {
            return Err(unknown("metadata record version", version));
        }
        let record = match u8::take(&mut input)? {
            1 => Self::RegisterBroker(Field::take(&mut input)?),
            2 => Self::BrokerRegistrationChange(Field::take(&mut input)?),
            3 => Self::Topic(Field::take(&mut input)?),
            4 => Self::Partition(Field::take(&mut input)?),
            5 => Self::PartitionChange(Field::take(&mut input)?),
            6 => Self::RemoveTopic(Field::take(&mut input)?),
            7 => Self::Config(Field::take(&mut input)?),
            8 => Self::FeatureLevel(Field::take(&mut input)?),
            9 => Self::ProducerIds(Field::take(&mut input)?),
            10 => Self::OfflineReplicas(Field::take(&mut input)?),
            11 => Self::TopicIdsGiven(Field::take(&mut input)?),
            tag => return Err(unknown("metadata record", tag)),
        };
        if !input.is_empty() {
            return Err(Fault::Corrupt { what: "metadata record", why: format!("{} bytes after its end", input.len()) });
        }
        let impossible = record.brokers().find(|broker| broker.0 > BrokerSet::MAX);
        match impossible {
            Some(broker) => Err(Fault::Corrupt { what: "metadata record", why: format!("no broker can be {broker}") }),
            None => Ok(record),
        }
    }

    /// Every broker named singly (an ISR is a set, which holds only what can be).
    fn brokers(&self) -> impl Iterator<Item = BrokerId> {
        let (one, replicas): (Option<BrokerId>, &[BrokerId]) = match self {
            Self::RegisterBroker(record) => (Some(record.broker), &[]),
            Self::BrokerRegistrationChange(record) => (Some(record.broker), &[]),
            Self::Topic(_) | Self::RemoveTopic(_) | Self::FeatureLevel(_) | Self::TopicIdsGiven(_) => (None, &[]),
            Self::Partition(record) => (record.facts.leader, &record.facts.replicas),
            Self::PartitionChange(record) => (record.leader.broker(), record.replicas.as_deref().unwrap_or_default()),
            Self::Config(ConfigRecord { resource: ConfigResource::Broker(broker), .. }) => (Some(*broker), &[]),
            Self::Config(_) => (None, &[]),
            Self::ProducerIds(record) => (Some(record.broker), &[]),
            Self::OfflineReplicas(record) => (Some(record.broker), &[]),
        };
        one.into_iter().chain(replicas.iter().copied())
    }
}

impl NewLeader {
    fn broker(self) -> Option<BrokerId> {
        match self {
            Self::Same | Self::Nobody => None,
            Self::Broker(broker) => Some(broker),
        }
    }
}

fn put_tagged(tag: u8, record: &impl Field, out: &mut Vec<u8>) {
    out.push(tag);
    record.put(out);
}
