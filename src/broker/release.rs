//! Answers to requests that waited: because something happened, or because their time is over.
//!
//! Invariant: an append wakes followers, a new high watermark wakes produces and consumers and *not* followers
//! (KAFKA-9952), a follower's log start wakes deletes, a new role or epoch and the end of a replica wake everybody; whoever is not satisfied waits on.
//!
//! Source: Kafka's `DelayedOperationPurgatory`, `Partition.tryCompleteDelayedRequests`,
//! `ReplicaManager.completeDelayedOperationsWhenNotPartitionLeader`. Called by: whatever moves a log, a high watermark or
//! a role.

use super::Broker;
use super::delete_records;
use super::produce::{not_produced, settle};
use super::refusal::emit_refusal;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::ApiKey;
use crate::ids::{Step, TopicPartition};
use crate::protocol::{DeleteRecordsResponse, ProduceResponse};
use crate::replica::purgatory::Expired;
use crate::replica::{ParkedDelete, ParkedId, ParkedProduce, RoleChange, Waiting};

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
        self.settle_groups(partition, cx);
    }

    /// A follower told that its log begins later, with the request that this event tells of.
    pub(super) fn release_deleted(&mut self, partition: TopicPartition, told: Step, cx: &mut Context<'_>) {
        let waiting = self.partitions.get(partition).map(|replica| replica.waiting.deletes.clone()).unwrap_or_default();
        self.release_deletes(&waiting, told, cx);
    }

    /// A replica is gone, as that event tells: everybody who waited for it hears so.
    pub(super) fn release_gone(&mut self, partition: TopicPartition, waiting: &Waiting, gone: Step, cx: &mut Context<'_>) {
        self.release_produces(&waiting.produces, gone, cx);
        self.release_deletes(&waiting.deletes, gone, cx);
        self.release_fetches(&waiting.fetches(), partition, gone, cx);
        self.follow_group_role(partition, cx);
    }

    /// A replica changed its role, or its leader epoch.
    pub(super) fn release_changed(&mut self, partition: TopicPartition, change: RoleChange, cx: &mut Context<'_>) {
        if let Some(announced) = change.announced {
            let Some(replica) = self.partitions.get(partition) else { return };
            let fetches = replica.waiting.fetches();
            let lost = change.stopped_leading.then(|| (replica.waiting.produces.clone(), replica.waiting.deletes.clone()));
            if let Some((produces, deletes)) = lost {
                self.release_produces(&produces, announced, cx);
                self.release_deletes(&deletes, announced, cx);
            }
            self.release_fetches(&fetches, partition, announced, cx);
        }
        if let Some(moved) = change.high_watermark {
            self.release_committed(partition, moved, cx);
        }
        self.follow_group_role(partition, cx);
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
                Expired::Delete(delete) => give_up_delete(delete, cx),
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

    fn release_deletes(&mut self, waiting: &[ParkedId], by: Step, cx: &mut Context<'_>) {
        for id in waiting {
            let Some(parked) = self.purgatory.delete_mut(*id) else { continue };
            if !delete_records::settle(parked, &self.partitions, &self.members, &self.image, cx) {
                continue;
            }
            let delete = self.purgatory.take_delete(*id, &mut self.partitions).expect("it was parked just now");
            cx.reply_released(delete.reply_to, DeleteRecordsResponse { partitions: delete.answer }.into(), by);
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

fn give_up_delete(mut delete: ParkedDelete, cx: &mut Context<'_>) {
    for open in std::mem::take(&mut delete.open) {
        let code = ErrorCode::RequestTimedOut;
        emit_refusal(ApiKey::DeleteRecords, open.partition, code, cx);
        let (_, told) = delete.answer.get_mut(open.place).expect("what is open has a place in the answer");
        *told = Err(code);
    }
    cx.reply(delete.reply_to, DeleteRecordsResponse { partitions: delete.answer }.into());
}
