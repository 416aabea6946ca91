//! How topics come to be: names, numbers, assignments and configurations as Kafka allows them, and the first state of
//! their partitions.
//!
//! Invariant: a topic is created with all its partitions or not at all; each begins in leader epoch 0 and partition epoch
//! 0, with its active replicas as ISR and the first of them as leader.
//!
//! Called by: [`super::server`]. Source: Kafka's `ReplicationControlManager.createTopics`, `Topic.validate`, KIP-516.
//!
//! Not modelled: deletion, more partitions later, changed configurations, broker-wide limits of a create-topic policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::image::MetadataImage;
use super::placement::Placer;
use super::records::{MetadataRecord, NewPartition, NewTopicRecord};
use crate::choice::Odds;
use crate::config::{ConfigError, TopicConfig, known};
use crate::error::ErrorCode;
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, PartitionIndex, TopicId, TopicPartition};
use crate::protocol::{CreateTopicsRequest, CreatedTopic, NewTopic};

/// How many partitions one request may make (Kafka's `MAX_PARTITIONS_PER_BATCH`).
const MAX_PARTITIONS_PER_REQUEST: u64 = 10_000;
/// How long a topic's name may be, so that the folders of its partitions can be named.
const MAX_NAME_CHARS: usize = 249;
/// The one topic that is not created by anybody.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// Decides each topic of a request by itself. `luck` answers where its placement begins.
///
/// Errors: POLICY_VIOLATION for the whole request when it makes too many partitions at once. Per topic:
/// INVALID_TOPIC_EXCEPTION, INVALID_REQUEST (a name twice, or an internal one), TOPIC_ALREADY_EXISTS, INVALID_CONFIG,
/// INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT.
pub(super) fn decide_create_topics(
    image: &MetadataImage,
    defaults: &TopicConfig,
    request: &CreateTopicsRequest,
    luck: &mut dyn FnMut(TopicId, Odds) -> u64,
) -> Result<(Vec<MetadataRecord>, Vec<CreatedTopic>), ErrorCode> {
    if request.topics.iter().map(partition_count).sum::<u64>() > MAX_PARTITIONS_PER_REQUEST {
        return Err(ErrorCode::PolicyViolation);
    }
    let mut id = image.next_topic_id();
    let mut records = Vec::new();
    let mut answers = Vec::with_capacity(request.topics.len());
    let mut names = BTreeSet::new();
    for topic in &request.topics {
        let is_second = request.topics.iter().filter(|other| other.name == topic.name).count() > 1;
        let decided = if is_second { Err(ErrorCode::InvalidRequest) } else { validate_name(image, &names, &topic.name) }
            .and_then(|()| decide_topic(image, defaults, topic, id, &mut |odds| luck(id, odds)));
        let result = decided.map(|new| {
            let given = id;
            names.insert(without_separators(&topic.name));
            records.extend(new);
            id = TopicId(given.0 + 1);
            given
        });
        answers.push(CreatedTopic { name: topic.name.clone(), result });
    }
    Ok((records, answers))
}

fn partition_count(topic: &NewTopic) -> u64 {
    if topic.assignment.is_empty() { u64::from(topic.partitions) } else { topic.assignment.len() as u64 }
}

fn decide_topic(
    image: &MetadataImage,
    defaults: &TopicConfig,
    topic: &NewTopic,
    id: TopicId,
    luck: &mut dyn FnMut(Odds) -> u64,
) -> Result<Vec<MetadataRecord>, ErrorCode> {
    validate_config(defaults, &topic.config)?;
    let assignment = if topic.assignment.is_empty() { place(image, topic, luck)? } else { validate_assignment(image, topic)? };
    let mut records = Vec::with_capacity(assignment.len() + 1);
    records.push(MetadataRecord::Topic(NewTopicRecord { name: topic.name.clone(), id, config: topic.config.clone() }));
    for (index, replicas) in (0..).map(PartitionIndex).zip(assignment) {
        let partition = TopicPartition::new(id, index);
        records.push(MetadataRecord::Partition(NewPartition { partition, facts: Arc::new(first_state(image, replicas)) }));
    }
    Ok(records)
}

fn first_state(image: &MetadataImage, replicas: Vec<BrokerId>) -> PartitionFacts {
    let active = || replicas.iter().copied().filter(|broker| image.active().contains(*broker));
    let (leader, isr) = (active().next(), active().collect());
    PartitionFacts { leader, isr, ..PartitionFacts::new(replicas) }
}

fn place(image: &MetadataImage, topic: &NewTopic, luck: &mut dyn FnMut(Odds) -> u64) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
    if topic.partitions == 0 {
        return Err(ErrorCode::InvalidPartitions);
    }
    let mut placer = Placer::new(image, luck);
    (0..topic.partitions).map(|_| placer.place(topic.replication_factor, luck)).collect()
}

/// Each partition names registered brokers, each once, as many as the first partition, and one of them is active.
fn validate_assignment(image: &MetadataImage, topic: &NewTopic) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
    let width = topic.assignment.first().map_or(0, Vec::len);
    let is_fine = |replicas: &Vec<BrokerId>| {
        let distinct: BTreeSet<_> = replicas.iter().collect();
        let are_registered = replicas.iter().all(|broker| image.broker(*broker).is_some());
        let is_any_active = replicas.iter().any(|broker| are_registered && image.active().contains(*broker));
        distinct.len() == replicas.len() && replicas.len() == width && is_any_active
    };
    if topic.assignment.iter().all(is_fine) { Ok(topic.assignment.clone()) } else { Err(ErrorCode::InvalidReplicaAssignment) }
}

/// A key must be one of Kafka's, modelled or not; a modelled value must be one that Kafka takes.
fn validate_config(defaults: &TopicConfig, config: &[(String, String)]) -> Result<(), ErrorCode> {
    let mut effective = defaults.clone();
    for (key, value) in config {
        match effective.set(key, value) {
            Ok(()) => {}
            Err(ConfigError::UnknownKey(key)) if known::TOPIC.contains(&key.as_str()) => {}
            Err(ConfigError::UnknownKey(_) | ConfigError::BadValue { .. }) => return Err(ErrorCode::InvalidConfig),
        }
    }
    let is_in_range = effective.min_insync_replicas >= 1 && effective.flush_messages >= 1;
    if is_in_range { Ok(()) } else { Err(ErrorCode::InvalidConfig) }
}

fn validate_name(image: &MetadataImage, new_names: &BTreeSet<String>, name: &str) -> Result<(), ErrorCode> {
    if name == METADATA_TOPIC {
        return Err(ErrorCode::InvalidRequest);
    }
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_dots = matches!(name, "" | "." | "..");
    if is_dots || name.len() > MAX_NAME_CHARS || !name.chars().all(is_legal) {
        return Err(ErrorCode::InvalidTopicException);
    }
    if image.topic_by_name(name).is_some() {
        return Err(ErrorCode::TopicAlreadyExists);
    }
    // Metrics cannot tell `a.b` from `a_b`, so Kafka has only one of them.
    let bare = without_separators(name);
    let has_separator = name.contains(['.', '_']);
    let collides = new_names.contains(&bare) || image.topics().any(|topic| without_separators(&topic.name) == bare);
    if has_separator && collides { Err(ErrorCode::InvalidTopicException) } else { Ok(()) }
}

fn without_separators(name: &str) -> String {
    name.replace('.', "_")
}
