//! Answers to requests that waited: because something happened, or because their time is over.
//!
//! Invariant: an append wakes followers, a new high watermark wakes produces and consumers and *not* followers
//! (KAFKA-9952), a new role or epoch wakes everybody; whoever is not satisfied waits on.
//!
//! Source: Kafka's `DelayedOperationPurgatory`, `Partition.tryCompleteDelayedRequests`,
//! `ReplicaManager.completeDelayedOperationsWhenNotPartitionLeader`. Called by: whatever moves a log, a high watermark or
//! a role.

use super::Broker;
use super::produce::{not_produced, settle};
use super::refusal::emit_refusal;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::ApiKey;
use crate::ids::{Step, TopicPartition};
use crate::protocol::ProduceResponse;
use crate::replica::purgatory::Expired;
use crate::replica::{ParkedId, ParkedProduce, RoleChange};

impl Broker {
    /// The log of a partition grew, which that event tells.
    pub(super) fn release_appended(&mut self, partition: TopicPartition, grown: Step, cx: &mut Context<'_>) {
        let waiting = self.partitions.get(partition).map(|replica| replica.waiting.followers.clone()).unwrap_or_default();
        self.release_fetches(&waiting, partition, grown, cx);
    }

    /// The high watermark of a partition moved, which that event tells.
    pub(super) fn release_committed(&mut self, partition: TopicPartition, moved: Step, cx: &mut Context<'_>) {
        let Some(replica) = self.partitions.get(partition) else { return };
        let (produces, consumers) = (replica.waiting.produces.clone(), replica.waiting.consumers.clone());
        self.release_produces(&produces, moved, cx);
        self.release_fetches(&consumers, partition, moved, cx);
    }

    /// A replica changed its role, or its leader epoch.
    pub(super) fn release_changed(&mut self, partition: TopicPartition, change: RoleChange, cx: &mut Context<'_>) {
        if let Some(announced) = change.announced {
            let Some(replica) = self.partitions.get(partition) else { return };
            let mut fetches = replica.waiting.followers.clone();
            fetches.extend_from_slice(&replica.waiting.consumers);
            let produces = if change.stopped_leading { replica.waiting.produces.clone() } else { Vec::new() };
            self.release_produces(&produces, announced, cx);
            self.release_fetches(&fetches, partition, announced, cx);
        }
        if let Some(moved) = change.high_watermark {
            self.release_committed(partition, moved, cx);
        }
    }

    /// Answers everybody whose time is over: fetches with what there is, produces with REQUEST_TIMED_OUT.
    pub(super) fn release_expired(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        while let Some((expired, trail)) = self.purgatory.pop_expired(now, &mut self.partitions) {
            cx.resume(trail);
            match expired {
                Expired::Fetch(fetch) => {
                    let reading = self.read_again(&fetch.request, cx);
                    cx.reply(fetch.reply_to, reading.answer.into());
                }
                Expired::Produce(produce) => self.give_up_produce(produce, cx),
            }
        }
    }

    fn release_fetches(&mut self, waiting: &[ParkedId], partition: TopicPartition, by: Step, cx: &mut Context<'_>) {
        for id in waiting {
            let Some(parked) = self.purgatory.fetch(*id).cloned() else { continue };
            if !self.is_worth_answering(&parked.request, partition, cx) {
                continue;
            }
            drop(parked);
            let fetch = self.purgatory.take_fetch(*id, &mut self.partitions).expect("it was parked just now");
            let reading = self.read_again(&fetch.request, cx);
            cx.reply_released(fetch.reply_to, reading.answer.into(), by);
        }
    }

    fn release_produces(&mut self, waiting: &[ParkedId], by: Step, cx: &mut Context<'_>) {
        for id in waiting {
            let Some(parked) = self.purgatory.produce_mut(*id) else { continue };
            if !settle(parked, &self.partitions, &self.image, cx) {
                continue;
            }
            let produce = self.purgatory.take_produce(*id, &mut self.partitions).expect("it was parked just now");
            cx.reply_released(produce.reply_to, ProduceResponse { partitions: produce.answer }.into(), by);
        }
    }

    fn give_up_produce(&mut self, mut produce: ParkedProduce, cx: &mut Context<'_>) {
        for open in std::mem::take(&mut produce.open) {
            let code = ErrorCode::RequestTimedOut;
            emit_refusal(ApiKey::Produce, open.partition, code, cx);
            let told = produce.answer.get_mut(open.place).expect("what is open has a place in the answer");
            *told = not_produced(open.partition, code, &self.partitions, &self.image);
        }
        cx.reply(produce.reply_to, ProduceResponse { partitions: produce.answer }.into());
    }
}
