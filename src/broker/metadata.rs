//! Metadata: who leads what, as this broker believes.
//!
//! A topic that is named and not there is made, if asker and broker allow it; the answer is UNKNOWN_TOPIC_OR_PARTITION all the same.
//!
//! Invariant: the answer is this broker's image, which may lag; the leader epochs in it tell how old it is. Before the
//! broker has caught up with the metadata for the first time it knows of no topic, as in Kafka.
//!
//! Source: Kafka's `KafkaApis.getTopicMetadata`, `KRaftMetadataCache`. Called by: the router.

use std::sync::Arc;

use super::Broker;
use crate::context::{Context, ReplyTo};
use crate::controller::is_legal_topic_name;
use crate::error::ErrorCode;
use crate::event::PartitionFacts;
use crate::ids::{BrokerSet, PartitionIndex, TopicId};
use crate::protocol::{MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic};

impl Broker {
    /// Answers from the image. Who asks for all topics by name or not has none made.
    pub(super) fn handle_metadata(&mut self, reply_to: ReplyTo, request: &MetadataRequest, cx: &mut Context<'_>) {
        let is_ready = self.lifecycle.is_caught_up();
        if request.may_create && !request.all && self.setup.config.auto_create_topics {
            let image = Arc::clone(&self.image);
            let is_missing = |name: &&str| image.topic_by_name(name).is_none() && is_legal_topic_name(name);
            self.make_topics(request.topics.iter().map(String::as_str).filter(is_missing), cx);
        }
        let brokers = if is_ready { self.image.alive() } else { BrokerSet::EMPTY };
        let mut topics: Vec<_> = request.topics.iter().map(|name| self.describe_topic(name, is_ready)).collect();
        if request.all && is_ready {
            let others = self.image.topics().filter(|topic| !request.topics.contains(&topic.name));
            topics.extend(others.map(|topic| self.describe_topic(&topic.name, is_ready)));
        }
        cx.reply(reply_to, MetadataResponse { brokers, topics }.into());
    }

    fn describe_topic(&self, name: &str, is_ready: bool) -> MetadataTopic {
        let Some(topic) = self.image.topic_by_name(name).filter(|_| is_ready) else {
            let is_legal = is_legal_topic_name(name);
            let error = if is_legal { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
            return MetadataTopic { name: name.to_owned(), error: Some(error), id: TopicId::default(), partitions: Vec::new() };
        };
        let partitions = self.image.partitions_of(topic.id);
        let partitions = partitions.map(|(index, facts)| describe_partition(index, facts, self.image.alive())).collect();
        MetadataTopic { name: name.to_owned(), error: None, id: topic.id, partitions }
    }
}

fn describe_partition(partition: PartitionIndex, facts: &PartitionFacts, alive: BrokerSet) -> MetadataPartition {
    let leader = facts.leader.filter(|leader| alive.contains(*leader));
    MetadataPartition {
        partition,
        error: leader.is_none().then_some(ErrorCode::LeaderNotAvailable),
        leader,
        leader_epoch: facts.epoch,
        replicas: facts.replicas.clone(),
        isr: facts.isr,
    }
}
