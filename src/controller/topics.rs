//! How topics come to be and go: names, numbers, assignments and configurations as Kafka allows them, and the first state
//! of their partitions.
//!
//! Invariant: a topic is created with all its partitions or not at all; each begins in leader epoch 0 and partition epoch
//! 0, with its active replicas as ISR and the first of them as leader. A topic that is created again is another topic, with
//! another id (KIP-516).
//!
//! Called by: [`super::server`]. Source: Kafka's `ReplicationControlManager` (`createTopics`, `deleteTopics`,
//! `createPartitions`), `Topic.validate`, KIP-516.
//!
//! Not modelled: broker-wide limits of a create-topic policy, `delete.topic.enable`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admin::Item;
use super::basis::Basis;
use super::configs::validate_topic_config;
use super::image::{MetadataImage, TopicImage};
use super::placement::Placer;
use super::records::{MetadataRecord, NewPartition, NewTopicRecord, TopicRemoved};
use super::server::Controller;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::{ControllerFact, PartitionFacts};
use crate::ids::{BrokerId, PartitionIndex, TopicId, TopicPartition};
use crate::protocol::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, CreatedTopic,
    DeleteTopicsRequest, DeleteTopicsResponse, MorePartitions, NewTopic,
};

/// How many partitions one request may make (Kafka's `MAX_PARTITIONS_PER_BATCH`).
const MAX_PARTITIONS_PER_REQUEST: u64 = 10_000;
/// How long a topic's name may be, so that the folders of its partitions can be named.
const MAX_NAME_CHARS: usize = 249;
/// The one topic that is not created by anybody.
const METADATA_TOPIC: &str = "__cluster_metadata";

impl Controller {
    pub(super) fn handle_create_topics(&mut self, reply_to: ReplyTo, request: &CreateTopicsRequest, cx: &mut Context<'_>) {
        let decided = decide_create_topics(&self.basis(), request, &mut placement_luck(cx));
        let refuse =
            |code| request.topics.iter().map(|topic| CreatedTopic { name: topic.name.clone(), result: Err(code) }).collect();
        let (records, topics) = decided.unwrap_or_else(|code| (Vec::new(), refuse(code)));
        for code in topics.iter().filter_map(|topic| topic.result.err()) {
            cx.emit(ControllerFact::AdminRefused { code });
        }
        self.write(records, Some((reply_to, CreateTopicsResponse { topics }.into())), cx);
    }

    pub(super) fn handle_delete_topics(&mut self, reply_to: ReplyTo, request: &DeleteTopicsRequest, cx: &mut Context<'_>) {
        let items = decide_delete_topics(self.basis().image, request);
        self.write_items(items, reply_to, |done| DeleteTopicsResponse(done).into(), cx);
    }

    pub(super) fn handle_create_partitions(&mut self, reply_to: ReplyTo, request: &CreatePartitionsRequest, cx: &mut Context<'_>) {
        let items = decide_create_partitions(&self.basis(), request, &mut placement_luck(cx));
        self.write_items(items, reply_to, |done| CreatePartitionsResponse(done).into(), cx);
    }
}

/// Where the placement of a topic begins, by luck.
fn placement_luck<'a>(cx: &'a mut Context<'_>) -> impl FnMut(TopicId, Odds) -> u64 + 'a {
    let me = Subject::of(cx.process());
    move |topic, odds| cx.choose(ChoiceKind::Placement, me.about(u64::from(topic.0)), odds)
}

/// Decides each topic of a request by itself. `luck` answers where its placement begins.
///
/// Errors: POLICY_VIOLATION for the whole request when it makes too many partitions at once. Per topic:
/// INVALID_TOPIC_EXCEPTION, INVALID_REQUEST (a name twice, or an internal one), TOPIC_ALREADY_EXISTS, INVALID_CONFIG,
/// INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT.
fn decide_create_topics(
    basis: &Basis<'_>,
    request: &CreateTopicsRequest,
    luck: &mut dyn FnMut(TopicId, Odds) -> u64,
) -> Result<(Vec<MetadataRecord>, Vec<CreatedTopic>), ErrorCode> {
    if request.topics.iter().map(partition_count).sum::<u64>() > MAX_PARTITIONS_PER_REQUEST {
        return Err(ErrorCode::PolicyViolation);
    }
    let mut id = basis.image.next_topic_id();
    let mut records = Vec::new();
    let mut answers = Vec::with_capacity(request.topics.len());
    let mut names = BTreeSet::new();
    for topic in &request.topics {
        let is_second = request.topics.iter().filter(|other| other.name == topic.name).count() > 1;
        let valid = if is_second { Err(ErrorCode::InvalidRequest) } else { validate_name(basis.image, &names, &topic.name) };
        let result = valid.and_then(|()| decide_topic(basis, topic, id, &mut |odds| luck(id, odds))).map(|new| {
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

/// Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST (a name twice).
fn decide_delete_topics(image: &MetadataImage, request: &DeleteTopicsRequest) -> Vec<Item> {
    let mut seen = BTreeSet::new();
    let mut decide = |name: &String| {
        if !seen.insert(name.clone()) {
            return Err(ErrorCode::InvalidRequest);
        }
        let topic = image.topic_by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition)?.id;
        Ok(vec![MetadataRecord::RemoveTopic(TopicRemoved { topic })])
    };
    request.topics.iter().map(|name| Item { name: name.clone(), result: decide(name) }).collect()
}

/// Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST (a name twice), INVALID_PARTITIONS (no more than there are),
/// INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT.
fn decide_create_partitions(
    basis: &Basis<'_>,
    request: &CreatePartitionsRequest,
    luck: &mut dyn FnMut(TopicId, Odds) -> u64,
) -> Vec<Item> {
    let mut seen = BTreeSet::new();
    let mut decide = |more: &MorePartitions| {
        if !seen.insert(more.topic.clone()) {
            return Err(ErrorCode::InvalidRequest);
        }
        let topic = basis.image.topic_by_name(&more.topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        decide_more_partitions(basis, topic, more, &mut |odds| luck(topic.id, odds))
    };
    request.topics.iter().map(|more| Item { name: more.topic.clone(), result: decide(more) }).collect()
}

fn decide_more_partitions(
    basis: &Basis<'_>,
    topic: &TopicImage,
    more: &MorePartitions,
    luck: &mut dyn FnMut(Odds) -> u64,
) -> Result<Vec<MetadataRecord>, ErrorCode> {
    let added = more.count.checked_sub(topic.partitions).filter(|added| *added > 0).ok_or(ErrorCode::InvalidPartitions)?;
    if u64::from(added) > MAX_PARTITIONS_PER_REQUEST {
        return Err(ErrorCode::PolicyViolation);
    }
    let first = basis.image.partitions_of(topic.id).next();
    let width = first.map_or(1, |(_, facts)| facts.replicas.len());
    let assignment = if more.assignment.is_empty() {
        let factor = u16::try_from(width).map_err(|_| ErrorCode::InvalidReplicationFactor)?;
        place(basis.image, added, factor, luck)?
    } else {
        if u32::try_from(more.assignment.len()) != Ok(added) {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        validate_assignment(basis, &more.assignment, width)?
    };
    let numbers = (topic.partitions..).map(PartitionIndex);
    Ok(numbers.zip(assignment).map(|(number, replicas)| new_partition(basis, topic.id, number, replicas)).collect())
}

fn new_partition(basis: &Basis<'_>, topic: TopicId, number: PartitionIndex, replicas: Vec<BrokerId>) -> MetadataRecord {
    let partition = TopicPartition::new(topic, number);
    MetadataRecord::Partition(NewPartition { partition, facts: Arc::new(first_state(basis.image, replicas)) })
}

fn partition_count(topic: &NewTopic) -> u64 {
    if topic.assignment.is_empty() { u64::from(topic.partitions) } else { topic.assignment.len() as u64 }
}

fn decide_topic(
    basis: &Basis<'_>,
    topic: &NewTopic,
    id: TopicId,
    luck: &mut dyn FnMut(Odds) -> u64,
) -> Result<Vec<MetadataRecord>, ErrorCode> {
    validate_topic_config(&basis.topic_defaults(), &topic.config)?;
    let assignment = if topic.assignment.is_empty() {
        place(basis.image, topic.partitions, topic.replication_factor, luck)?
    } else {
        validate_assignment(basis, &topic.assignment, topic.assignment.first().map_or(0, Vec::len))?
    };
    let mut records = Vec::with_capacity(assignment.len() + 1);
    records.push(MetadataRecord::Topic(NewTopicRecord { name: topic.name.clone(), id, config: topic.config.clone() }));
    let numbers = (0..).map(PartitionIndex);
    records.extend(numbers.zip(assignment).map(|(number, replicas)| new_partition(basis, id, number, replicas)));
    Ok(records)
}

fn first_state(image: &MetadataImage, replicas: Vec<BrokerId>) -> PartitionFacts {
    let active = || replicas.iter().copied().filter(|broker| image.active().contains(*broker));
    let (leader, isr) = (active().next(), active().collect());
    PartitionFacts { leader, isr, ..PartitionFacts::new(replicas) }
}

fn place(
    image: &MetadataImage,
    partitions: u32,
    replication_factor: u16,
    luck: &mut dyn FnMut(Odds) -> u64,
) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
    if partitions == 0 {
        return Err(ErrorCode::InvalidPartitions);
    }
    let mut placer = Placer::new(image, luck);
    (0..partitions).map(|_| placer.place(replication_factor, luck)).collect()
}

/// Each partition names registered brokers, each once, so many of them, and one of them is active.
fn validate_assignment(basis: &Basis<'_>, assignment: &[Vec<BrokerId>], width: usize) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
    for replicas in assignment {
        basis.assignable(replicas)?;
        let is_any_active = replicas.iter().any(|broker| basis.image.active().contains(*broker));
        if replicas.len() != width || !is_any_active {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
    }
    Ok(assignment.to_vec())
}

fn validate_name(image: &MetadataImage, new_names: &BTreeSet<String>, name: &str) -> Result<(), ErrorCode> {
    if name == METADATA_TOPIC {
        return Err(ErrorCode::InvalidRequest);
    }
    if !is_legal_topic_name(name) {
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

/// Whether a topic can have this name. Source: Kafka's `Topic.validate`.
#[must_use]
pub fn is_legal_topic_name(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_dots = matches!(name, "" | "." | "..");
    !is_dots && name.len() <= MAX_NAME_CHARS && name.chars().all(is_legal)
}

fn without_separators(name: &str) -> String {
    name.replace('.', "_")
}
