//! The records of the metadata log: what the controller decided, one change each.
//!
//! Invariant: [`MetadataRecord::decode`] gives back exactly what [`MetadataRecord::encode`] was given, refuses everything
//! else with a [`Fault`], and never panics.
//!
//! A record is the value of one record in a real record batch of `__cluster_metadata-0`. The quorum's own LeaderChange is
//! a control record and never comes here (see [`crate::raft`]).
//!
//! Kafka differs: the bytes are our own small form, with a fixed tag per kind and a version, instead of Kafka's generated
//! flexible messages; and a topic's configuration is part of its Topic record instead of ConfigRecords beside it.
//!
//! Called by: [`super::Controller`] (both ways), the brokers (decode). Source: KIP-631.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::Fault;
use crate::event::PartitionFacts;
use crate::event::canonical::{Field, record_fields, unknown};
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Incarnation, TopicId, TopicPartition};

/// The version of the form below.
const VERSION: u8 = 0;

/// One change of the cluster's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataRecord {
    /// A broker joined, fenced.
    RegisterBroker(BrokerRegistered),
    /// A registered broker is fenced, unfenced or shutting down from here on.
    BrokerRegistrationChange(RegistrationChange),
    /// A topic exists; its partitions follow.
    Topic(NewTopicRecord),
    /// A partition exists.
    Partition(NewPartition),
    /// A partition has another leader, or another ISR, or both.
    PartitionChange(PartitionChange),
}

/// A broker's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerRegistered {
    /// Who.
    pub broker: BrokerId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The number of the registration: this record's own offset.
    pub epoch: BrokerEpoch,
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

/// A change of a partition. Its partition epoch grows by one; its leader epoch too, if the leader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionChange {
    /// Which.
    pub partition: TopicPartition,
    /// Who leads it from here on.
    pub leader: NewLeader,
    /// Who is in sync from here on; `None` leaves the ISR as it is.
    pub isr: Option<BrokerSet>,
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

record_fields!(BrokerRegistered { broker, incarnation, epoch });
record_fields!(RegistrationChange { broker, epoch, fenced, in_controlled_shutdown });
record_fields!(NewTopicRecord { name, id, config });
record_fields!(NewPartition { partition, facts });
record_fields!(PartitionChange { partition, leader, isr });

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
            Self::Topic(_) => (None, &[]),
            Self::Partition(record) => (record.facts.leader, &record.facts.replicas),
            Self::PartitionChange(PartitionChange { leader: NewLeader::Broker(leader), .. }) => (Some(*leader), &[]),
            Self::PartitionChange(_) => (None, &[]),
        };
        one.into_iter().chain(replicas.iter().copied())
    }
}

fn put_tagged(tag: u8, record: &impl Field, out: &mut Vec<u8>) {
    out.push(tag);
    record.put(out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

    use super::*;
    use crate::ids::{LeaderEpoch, PartitionEpoch, PartitionIndex};

    fn brokers() -> impl Strategy<Value = BrokerId> {
        (0..=BrokerSet::MAX).prop_map(BrokerId)
    }

    fn partitions() -> impl Strategy<Value = TopicPartition> {
        (any::<u32>(), any::<u32>()).prop_map(|(topic, partition)| TopicPartition::new(TopicId(topic), PartitionIndex(partition)))
    }

    fn facts() -> impl Strategy<Value = Arc<PartitionFacts>> {
        let replicas = prop::collection::vec(brokers(), 0..5);
        (prop::option::of(brokers()), any::<u32>(), any::<u32>(), any::<u64>(), replicas).prop_map(
            |(leader, epoch, version, isr, replicas)| {
                let (epoch, partition_epoch) = (LeaderEpoch(epoch), PartitionEpoch(version));
                let isr = BrokerSet(isr);
                Arc::new(PartitionFacts { leader, epoch, partition_epoch, isr, ..PartitionFacts::new(replicas) })
            },
        )
    }

    fn records() -> impl Strategy<Value = MetadataRecord> {
        let leaders = prop_oneof![
            proptest::strategy::Just(NewLeader::Same),
            proptest::strategy::Just(NewLeader::Nobody),
            brokers().prop_map(NewLeader::Broker)
        ];
        prop_oneof![
            (brokers(), any::<u32>(), any::<u64>()).prop_map(|(broker, life, epoch)| MetadataRecord::RegisterBroker(
                BrokerRegistered { broker, incarnation: Incarnation(life), epoch: BrokerEpoch(epoch) }
            )),
            (brokers(), any::<u64>(), any::<bool>(), any::<bool>()).prop_map(|(broker, epoch, fenced, in_controlled_shutdown)| {
                let epoch = BrokerEpoch(epoch);
                MetadataRecord::BrokerRegistrationChange(RegistrationChange { broker, epoch, fenced, in_controlled_shutdown })
            }),
            (".*", any::<u32>(), prop::collection::vec((".*", ".*"), 0..3))
                .prop_map(|(name, id, config)| { MetadataRecord::Topic(NewTopicRecord { name, id: TopicId(id), config }) }),
            (partitions(), facts()).prop_map(|(partition, facts)| MetadataRecord::Partition(NewPartition { partition, facts })),
            (partitions(), leaders, prop::option::of(any::<u64>())).prop_map(|(partition, leader, isr)| {
                MetadataRecord::PartitionChange(PartitionChange { partition, leader, isr: isr.map(BrokerSet) })
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_what_was_encoded(record in records()) {
            assert_eq!(MetadataRecord::decode(&record.encode()), Ok(record));
        }

        #[test]
        fn a_damaged_record_is_refused_or_read_but_never_panics(
            record in records(),
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = record.encode().to_vec();
            let place = place.index(bytes.len());
            if let Some(hit) = bytes.get_mut(place) {
                *hit = byte;
            }
            let _ = MetadataRecord::decode(&Bytes::from(bytes.clone()));
            bytes.truncate(cut.index(bytes.len()));
            let _ = MetadataRecord::decode(&Bytes::from(bytes));
        }

        #[test]
        fn any_bytes_at_all_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = MetadataRecord::decode(&Bytes::from(bytes));
        }
    }

    #[test]
    fn a_record_that_names_an_impossible_broker_is_refused() {
        let record = BrokerRegistered { broker: BrokerId(64), incarnation: Incarnation(1), epoch: BrokerEpoch(1) };
        assert!(MetadataRecord::decode(&MetadataRecord::RegisterBroker(record).encode()).is_err());
    }
}
