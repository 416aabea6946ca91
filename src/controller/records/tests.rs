//! What is written is read back, and nothing else is taken.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

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

fn sets() -> impl Strategy<Value = Option<BrokerSet>> {
    prop::option::of(any::<u64>().prop_map(BrokerSet))
}

fn racks() -> impl Strategy<Value = Option<Arc<String>>> {
    prop::option::of(".*".prop_map(Arc::new))
}

fn resources() -> impl Strategy<Value = ConfigResource> {
    prop_oneof![".*".prop_map(ConfigResource::Topic), brokers().prop_map(ConfigResource::Broker), Just(ConfigResource::Cluster)]
}

fn of_brokers() -> impl Strategy<Value = MetadataRecord> {
    let flags = || (any::<bool>(), any::<bool>(), any::<bool>());
    let epochs = || any::<u64>().prop_map(BrokerEpoch);
    prop_oneof![
        (brokers(), any::<u32>(), epochs(), racks(), flags()).prop_map(|(broker, life, epoch, rack, flags)| {
            let (unclean, fenced, in_controlled_shutdown) = flags;
            let incarnation = Incarnation(life);
            let record = BrokerRegistered { broker, incarnation, epoch, rack, unclean, fenced, in_controlled_shutdown };
            MetadataRecord::RegisterBroker(record)
        }),
        (brokers(), epochs(), flags()).prop_map(|(broker, epoch, (fenced, in_controlled_shutdown, _))| {
            MetadataRecord::BrokerRegistrationChange(RegistrationChange { broker, epoch, fenced, in_controlled_shutdown })
        }),
        (brokers(), epochs(), prop::collection::vec(partitions(), 0..4)).prop_map(|(broker, epoch, partitions)| {
            MetadataRecord::OfflineReplicas(OfflineReplicasRecord { broker, epoch, partitions })
        }),
        (brokers(), epochs(), any::<u64>()).prop_map(|(broker, epoch, next)| {
            MetadataRecord::ProducerIds(ProducerIdsRecord { broker, epoch, next: ProducerId(next) })
        }),
    ]
}

fn changes() -> impl Strategy<Value = MetadataRecord> {
    let leaders = prop_oneof![Just(NewLeader::Same), Just(NewLeader::Nobody), brokers().prop_map(NewLeader::Broker)];
    let replicas = prop::option::of(prop::collection::vec(brokers(), 0..5));
    (partitions(), leaders, replicas, prop::array::uniform5(sets())).prop_map(|(partition, leader, replicas, sets)| {
        let [isr, elr, last_known_elr, adding, removing] = sets;
        let change = PartitionChange { partition, leader, isr, elr, last_known_elr, replicas, adding, removing };
        MetadataRecord::PartitionChange(change)
    })
}

fn records() -> impl Strategy<Value = MetadataRecord> {
    prop_oneof![
        of_brokers(),
        changes(),
        (".*", any::<u32>(), prop::collection::vec((".*", ".*"), 0..3))
            .prop_map(|(name, id, config)| { MetadataRecord::Topic(NewTopicRecord { name, id: TopicId(id), config }) }),
        (partitions(), facts()).prop_map(|(partition, facts)| MetadataRecord::Partition(NewPartition { partition, facts })),
        any::<u32>().prop_map(|id| MetadataRecord::RemoveTopic(TopicRemoved { topic: TopicId(id) })),
        any::<u32>().prop_map(|id| MetadataRecord::TopicIdsGiven(TopicId(id))),
        (resources(), ".*", prop::option::of(".*")).prop_map(|(resource, key, value)| MetadataRecord::Config(ConfigRecord {
            resource,
            key,
            value
        })),
        (".*", any::<u16>()).prop_map(|(name, level)| MetadataRecord::FeatureLevel(FeatureLevelRecord { name, level })),
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
    let (broker, epoch) = (BrokerId(64), BrokerEpoch(1));
    let change = RegistrationChange { broker, epoch, fenced: true, in_controlled_shutdown: false };
    assert!(MetadataRecord::decode(&MetadataRecord::BrokerRegistrationChange(change).encode()).is_err());
}
