//! What becomes of partitions when a broker goes, comes back, comes back without its page cache, or loses a disk.
//!
//! Invariant: afterwards the broker leads nothing it may not lead, and is in no ISR it may not be in, but as the last
//! member where eligible leader replicas are off.
//!
//! Called by: [`super::brokers`]. Source: Kafka's `ReplicationControlManager` (`handleBrokerFenced`, `handleBrokerUnfenced`,
//! `handleBrokerInControlledShutdown`, `handleUncleanBrokerShutdown`, `handleDirectoriesOffline`); KIP-841, KIP-858, KIP-966.

use super::basis::Basis;
use super::elections::{Electorate, Target};
use super::records::MetadataRecord;
use crate::ids::{BrokerId, TopicPartition};

/// `broker` may lead no more and is in sync no more.
pub(super) fn decide_departure(basis: &Basis<'_>, broker: BrokerId) -> Vec<MetadataRecord> {
    let partitions = basis.image.partitions_with_member(broker);
    decide(basis, Electorate::new(basis).without(broker), partitions, Some(broker))
}

/// `broker` comes back and may have lost what it had not synced: it is neither in sync nor eligible (KIP-966).
pub(super) fn decide_unclean_shutdown(basis: &Basis<'_>, broker: BrokerId) -> Vec<MetadataRecord> {
    let partitions = basis.image.partitions_with_member(broker);
    decide(basis, Electorate::new(basis).after_unclean_shutdown(broker), partitions, Some(broker))
}

/// `broker` may lead again: partitions without a leader may find one.
pub(super) fn decide_return(basis: &Basis<'_>, broker: BrokerId) -> Vec<MetadataRecord> {
    decide(basis, Electorate::new(basis).with(broker), basis.image.leaderless(), None)
}

/// The replicas of these partitions on `broker` lie on a disk that failed.
pub(super) fn decide_loss_of_disk(basis: &Basis<'_>, broker: BrokerId, lost: &[TopicPartition]) -> Vec<MetadataRecord> {
    decide(basis, Electorate::new(basis).without(broker), lost.iter().copied(), Some(broker))
}

fn decide(
    basis: &Basis<'_>,
    mut electorate: Electorate<'_>,
    partitions: impl Iterator<Item = TopicPartition>,
    gone: Option<BrokerId>,
) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for partition in partitions {
        let Some(facts) = basis.image.partition(partition) else { continue };
        let isr = gone.map_or(facts.isr, |broker| facts.isr.without(broker));
        let election = electorate.usual_election(partition.topic);
        let change = electorate.change(partition, facts, Target { isr, ..Target::same(facts) }, election);
        records.extend(change.map(MetadataRecord::PartitionChange));
    }
    records
}
