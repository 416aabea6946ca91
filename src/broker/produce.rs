//! Produce: append to what this broker leads; with acks=all, answer when it is committed.
//!
//! Invariant: with acks=all nobody hears of success before the high watermark has passed the records, and the ISR was
//! large enough both before the append and at the answer.
//!
//! Source: Kafka's `KafkaApis.handleProduceRequest`, `ReplicaManager.appendRecords`. Called by: the router.
//!
//! Kafka differs: with acks=0 a refusal makes Kafka close the connection, the only sign that the producer gets; here a
//! server closes no connection, and the producer hears nothing.

use super::Broker;
use super::refusal::{absence, emit_refusal, leader_hint};
use crate::context::{Context, ReplyTo};
use crate::controller::image::MetadataImage;
use crate::error::ErrorCode;
use crate::event::{Acks, ApiKey, ReplicaFact};
use crate::ids::{BrokerSet, Offset, TopicPartition};
use crate::protocol::{ProducePartition, ProduceRequest, ProduceResponse, ProducedPartition};
use crate::replica::purgatory::OpenProduce;
use crate::replica::{Appended, ParkedProduce, Partition, Partitions};

impl Broker {
    // ANCHOR: handle-produce
    /// Appends every batch of the request. The answer leaves at once, when all is committed, or never (acks=0).
    pub(super) fn handle_produce(&mut self, reply_to: ReplyTo, request: &ProduceRequest, cx: &mut Context<'_>) {
        let mut answer = Vec::with_capacity(request.partitions.len());
        let mut open = Vec::new();
        for (place, item) in request.partitions.iter().enumerate() {
            let partition = item.partition;
            match self.append(item, request.acks, cx) {
                Ok(appended) => {
                    answer.push(self.produced(partition, &appended));
                    open.push(OpenProduce { place, partition, last: appended.last });
                }
                Err(code) => {
                    emit_refusal(ApiKey::Produce, partition, code, cx);
                    answer.push(not_produced(partition, code, &self.partitions, &self.image));
                }
            }
        }
        match request.acks {
            Acks::None => {}
            Acks::Leader => cx.reply(reply_to, ProduceResponse { partitions: answer }.into()),
            Acks::All => self.answer_or_park(ParkedProduce { reply_to, answer, open }, request, cx),
        }
    }
    // ANCHOR_END: handle-produce

    /// Appends one batch and wakes whoever waited for it.
    fn append(&mut self, item: &ProducePartition, acks: Acks, cx: &mut Context<'_>) -> Result<Appended, ErrorCode> {
        let absence = self.absence(item.partition);
        let replica = self.partitions.get_mut(item.partition).ok_or(absence)?;
        let appended = replica.append(&item.batch, acks, &self.members, cx)?;
        self.flush_rolled_soon(item.partition, cx);
        self.release_appended(item.partition, appended.told, cx);
        if let Some(moved) = appended.high_watermark {
            self.release_committed(item.partition, moved, cx);
        }
        Ok(appended)
    }

    fn answer_or_park(&mut self, mut produce: ParkedProduce, request: &ProduceRequest, cx: &mut Context<'_>) {
        if settle(&mut produce, &self.partitions, &self.image, cx) {
            cx.reply(produce.reply_to, ProduceResponse { partitions: produce.answer }.into());
        } else {
            self.purgatory.park_produce(produce, request.timeout, &mut self.partitions, cx);
        }
    }

    fn produced(&self, partition: TopicPartition, appended: &Appended) -> ProducedPartition {
        let replica = self.partitions.get(partition).expect("it was appended to just now");
        ProducedPartition {
            partition,
            result: Ok(appended.base),
            log_append_time: appended.log_append_time,
            log_start_offset: replica.log().start_offset(),
            current_leader: None,
        }
    }
}

/// Settles what is committed or lost by now; true when nothing is open any more.
pub(super) fn settle(parked: &mut ParkedProduce, partitions: &Partitions, image: &MetadataImage, cx: &mut Context<'_>) -> bool {
    let ParkedProduce { answer, open, .. } = parked;
    open.retain(|item| {
        let replica = partitions.get(item.partition);
        let outcome = replica.map_or_else(
            || Some(Err(absence(image, item.partition))),
            |replica| replica.commitment(item.last.next()).map(|outcome| outcome.map(|isr| (isr, replica))),
        );
        let Some(outcome) = outcome else { return true };
        let told = answer.get_mut(item.place).expect("what is open has a place in the answer");
        match outcome {
            Ok((isr, replica)) => emit_committed(told, item.last, isr, replica, cx),
            Err(code) => {
                emit_refusal(ApiKey::Produce, item.partition, code, cx);
                *told = not_produced(item.partition, code, partitions, image);
            }
        }
        false
    });
    open.is_empty()
}

/// What is said of a partition that took nothing, or whose records cannot be vouched for.
pub(super) fn not_produced(
    partition: TopicPartition,
    code: ErrorCode,
    partitions: &Partitions,
    image: &MetadataImage,
) -> ProducedPartition {
    ProducedPartition {
        partition,
        result: Err(code),
        log_append_time: None,
        log_start_offset: partitions.get(partition).map_or(Offset::ZERO, |replica| replica.log().start_offset()),
        current_leader: leader_hint(image, partition, code),
    }
}

fn emit_committed(told: &ProducedPartition, last: Offset, isr: BrokerSet, replica: &Partition, cx: &mut Context<'_>) {
    let base = told.result.expect("what is open was appended");
    let min_insync = u32::try_from(replica.effective_min_isr()).expect("there are at most 64 brokers");
    cx.emit(ReplicaFact::ProduceCommitted { partition: told.partition, base, last, isr, min_insync });
}
