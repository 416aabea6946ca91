//! DeleteRecords: moves the log start of what this broker leads, and answers when every living replica has followed.
//!
//! Invariant: an answer of success names the low watermark, at or beyond the offset asked for.
//!
//! Source: KIP-107; Kafka's `ReplicaManager.deleteRecords`, `DelayedDeleteRecords`. Called by: the router,
//! [`super::release`].

use super::Broker;
use super::refusal::{absence, emit_refusal};
use crate::context::{Context, ReplyTo};
use crate::controller::image::MetadataImage;
use crate::error::ErrorCode;
use crate::event::{ApiKey, is_internal};
use crate::ids::{Offset, TopicPartition};
use crate::protocol::{DeleteRecordsRequest, DeleteRecordsResponse, NamedPartition};
use crate::replica::{Membership, OpenDelete, ParkedDelete, Partitions};

impl Broker {
    /// Deletes here, then waits for the followers.
    pub(super) fn handle_delete_records(&mut self, reply_to: ReplyTo, request: &DeleteRecordsRequest, cx: &mut Context<'_>) {
        let mut parked = ParkedDelete { reply_to, answer: Vec::new(), open: Vec::new(), waited: Vec::new() };
        for (place, (named, to)) in request.partitions.iter().enumerate() {
            let deleted = resolve(&self.image, named);
            let deleted = deleted.and_then(|partition| Ok((partition, self.delete_below(partition, *to, cx)?)));
            let told = deleted.map(|(partition, until)| {
                parked.open.push(OpenDelete { place, partition, until });
                parked.waited.push(partition);
                until
            });
            parked.answer.push((named.clone(), told));
        }
        if settle(&mut parked, &self.partitions, &self.members, &self.image, cx) {
            cx.reply(parked.reply_to, DeleteRecordsResponse { partitions: parked.answer }.into());
        } else {
            self.purgatory.park_delete(parked, request.timeout, &mut self.partitions, cx);
        }
    }

    fn delete_below(&mut self, partition: TopicPartition, to: Option<Offset>, cx: &mut Context<'_>) -> Result<Offset, ErrorCode> {
        let absence = self.absence(partition);
        let replica = self.partitions.get_mut(partition).ok_or(absence);
        let deleted = replica.and_then(|replica| replica.delete_records(to, cx));
        if let Err(code) = deleted {
            emit_refusal(ApiKey::DeleteRecords, partition, code, cx);
        }
        deleted
    }
}

/// Settles what is done or lost by now; true when nothing is open any more.
pub(super) fn settle(
    parked: &mut ParkedDelete,
    partitions: &Partitions,
    members: &Membership,
    image: &MetadataImage,
    cx: &mut Context<'_>,
) -> bool {
    let ParkedDelete { answer, open, .. } = parked;
    open.retain(|item| {
        let replica = partitions.get(item.partition).ok_or_else(|| absence(image, item.partition));
        let outcome = replica.and_then(|replica| replica.low_watermark(members));
        if outcome.is_ok_and(|lowest| lowest < item.until) {
            return true;
        }
        if let Err(code) = outcome {
            emit_refusal(ApiKey::DeleteRecords, item.partition, code, cx);
        }
        let (_, told) = answer.get_mut(item.place).expect("what is open has a place in the answer");
        *told = outcome;
        false
    });
    open.is_empty()
}

/// Errors: INVALID_TOPIC_EXCEPTION for an internal topic; UNKNOWN_TOPIC_OR_PARTITION.
fn resolve(image: &MetadataImage, named: &NamedPartition) -> Result<TopicPartition, ErrorCode> {
    if is_internal(&named.topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let topic = image.topic_by_name(&named.topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    Ok(TopicPartition::new(topic.id, named.partition))
}
