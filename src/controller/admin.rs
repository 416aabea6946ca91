//! Requests of operators, item by item: what is refused is told, what is not is written, and all are answered together.
//!
//! Invariant: a refused item changes nothing, and its refusal is told as [`ControllerFact::AdminRefused`].
//!
//! Called by: the files of this folder that decide such requests. Source: Kafka's `ControllerApis`.

use std::collections::BTreeSet;

use super::basis::Basis;
use super::records::MetadataRecord;
use super::server::Controller;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::{ControllerFact, PartitionFacts};
use crate::ids::{BrokerId, BrokerSet, TopicPartition};
use crate::protocol::{ItemsDone, NamedPartition, Response};

/// One item of a request, decided.
#[derive(Debug)]
pub(super) struct Item {
    /// As people name it.
    pub(super) name: String,
    /// What is to be written, or why not.
    pub(super) result: Result<Vec<MetadataRecord>, ErrorCode>,
}

impl Controller {
    /// Writes what the items decided, and answers when it is committed.
    pub(super) fn write_items(
        &mut self,
        items: Vec<Item>,
        reply_to: ReplyTo,
        respond: impl FnOnce(ItemsDone) -> Response,
        cx: &mut Context<'_>,
    ) {
        let mut records = Vec::new();
        let mut done = ItemsDone { error: None, items: Vec::with_capacity(items.len()) };
        for Item { name, result } in items {
            let error = result.map(|decided| records.extend(decided)).err();
            if let Some(code) = error {
                cx.emit(ControllerFact::AdminRefused { code });
            }
            done.items.push((name, error));
        }
        self.write(records, Some((reply_to, respond(done))), cx);
    }
}

impl<'a> Basis<'a> {
    /// A partition by its name. Errors: UNKNOWN_TOPIC_OR_PARTITION.
    pub(super) fn named_partition(&self, name: &NamedPartition) -> Result<(TopicPartition, &'a PartitionFacts), ErrorCode> {
        let topic = self.image.topic_by_name(&name.topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let partition = TopicPartition::new(topic.id, name.partition);
        let facts = self.image.partition(partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        Ok((partition, facts))
    }

    /// How people name a partition.
    pub(super) fn name_of(&self, partition: TopicPartition) -> Option<NamedPartition> {
        let topic = self.image.topic(partition.topic)?.name.clone();
        Some(NamedPartition { topic, partition: partition.partition })
    }

    /// The replicas of a partition, as an operator names them. Errors: INVALID_REPLICA_ASSIGNMENT for nobody, somebody
    /// twice, or a broker that is not registered.
    pub(super) fn assignable(&self, replicas: &[BrokerId]) -> Result<BrokerSet, ErrorCode> {
        let distinct: BTreeSet<&BrokerId> = replicas.iter().collect();
        let are_registered = replicas.iter().all(|broker| self.image.broker(*broker).is_some());
        let is_fine = !replicas.is_empty() && distinct.len() == replicas.len() && are_registered;
        if is_fine { Ok(replicas.iter().copied().collect()) } else { Err(ErrorCode::InvalidReplicaAssignment) }
    }
}
