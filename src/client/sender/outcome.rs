//! How attempts and sends end: acknowledged, tried again, split, given up.
//!
//! Invariant: SendFailed is said only of a batch of which every attempt was refused before an append; a lost answer, or one
//! that leaves it open, makes the outcome unknown for good.
//!
//! Source: Kafka's `Sender.completeBatch`, `canRetry`, `failBatch`; KIP-91, KAFKA-8350, KIP-951.

use super::super::backoff::Reason;
use super::super::batch::{Batch, BatchKey};
use super::Sender;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::ClientFact;
use crate::ids::{BrokerId, Offset, PartitionIndex};
use crate::protocol::{ProduceResponse, ProducedPartition};

impl Sender {
    pub(super) fn apply_produced(
        &mut self,
        from: BrokerId,
        batches: &[(PartitionIndex, BatchKey)],
        response: &ProduceResponse,
        cx: &mut Context<'_>,
    ) {
        for (place, (partition, key)) in batches.iter().enumerate() {
            self.accumulator.unmute(*partition);
            let answer = response.partitions.get(place).filter(|answer| answer.partition.partition == *partition);
            match answer.map(|answer| answer.result) {
                Some(Ok(base)) => self.acknowledge(*key, Some(base), Some(from), cx),
                Some(Err(code)) => self.handle_refusal(*key, code, answer, cx),
                None => self.handle_refusal(*key, ErrorCode::UnknownServerError, None, cx),
            }
            self.review(*partition, cx);
        }
    }

    fn handle_refusal(&mut self, key: BatchKey, code: ErrorCode, answer: Option<&ProducedPartition>, cx: &mut Context<'_>) {
        if is_stale_metadata(code) {
            self.metadata.request_update();
        }
        if let Some((partition, leader)) = answer.and_then(|answer| answer.current_leader.map(|leader| (answer.partition, leader)))
        {
            self.metadata.advance_leader(partition, leader);
        }
        let acks = self.setup.config.acks;
        let Some(batch) = self.accumulator.batch(key) else { return };
        batch.note_refusal(code, acks);
        if code == ErrorCode::MessageTooLarge && batch.sends.len() > 1 {
            self.split(key, cx);
        } else {
            self.retry_or_give_up(key, code, cx);
        }
    }

    /// A batch too large for the topic is tried again as two.
    fn split(&mut self, key: BatchKey, cx: &mut Context<'_>) {
        let Some(batch) = self.accumulator.take_apart(key) else { return };
        let (reserved, partition) = (batch.reserved, batch.partition.partition);
        let halves = batch.split().expect("a batch that this producer built can be read back");
        self.accumulator.put_back_halves(key, reserved, halves);
        self.watch_oldest();
        self.review(partition, cx);
    }

    pub(super) fn retry_or_give_up(&mut self, key: BatchKey, code: ErrorCode, cx: &mut Context<'_>) {
        let config = &self.setup.config;
        let is_in_time = cx.mono() < key.created.plus(config.delivery_timeout);
        let batch = self.accumulator.batch(key).expect("whoever calls has just seen it");
        // The first attempt is not a retry.
        let has_retries = batch.attempts <= config.retries;
        if !(code.is_retriable() && is_in_time && has_retries) {
            self.give_up(key, code, cx);
            return;
        }
        let wait = self.backoff.after(batch.attempts, Reason::Partition(batch.partition.partition.0), cx);
        batch.retry_at = Some(cx.mono().plus(wait));
        batch.trail = cx.trail();
        self.accumulator.put_back(key);
    }

    /// The oldest batches have lived for `delivery.timeout.ms`, wherever they are.
    pub(super) fn expire(&mut self, cx: &mut Context<'_>) {
        while let Some((key, trail)) = self.accumulator.oldest() {
            if cx.mono() < key.created.plus(self.setup.config.delivery_timeout) {
                break;
            }
            cx.resume(trail);
            let batch = self.accumulator.batch(key).expect("the oldest batch is there");
            let partition = batch.partition.partition;
            if batch.is_in_flight {
                batch.note_silence(ErrorCode::RequestTimedOut);
            }
            self.give_up(key, ErrorCode::RequestTimedOut, cx);
            self.review(partition, cx);
        }
        self.watch_oldest();
    }

    /// The one place where a send is acknowledged.
    pub(super) fn acknowledge(&mut self, key: BatchKey, base: Option<Offset>, by: Option<BrokerId>, cx: &mut Context<'_>) {
        let Some(batch) = self.finish(key) else { return };
        let acks = self.setup.config.acks;
        for (place, sent) in (0..).zip(&batch.sends) {
            let offset = base.map(|base| base.plus(place));
            let (partition, send, digest) = (batch.partition, sent.send, sent.digest);
            cx.emit(ClientFact::SendAcknowledged { partition, send, acks, offset, by, digest });
            self.note_ending(send, true);
        }
    }

    /// The one place where a send that was queued fails.
    fn give_up(&mut self, key: BatchKey, code: ErrorCode, cx: &mut Context<'_>) {
        let Some(batch) = self.finish(key) else { return };
        let partition = batch.partition;
        for sent in &batch.sends {
            let (send, digest) = (sent.send, sent.digest);
            if batch.is_doubtful {
                cx.emit(ClientFact::SendUnknown { partition, send, digest, code });
            } else {
                cx.emit(ClientFact::SendFailed { partition, send, digest, code });
            }
            self.note_ending(send, false);
        }
    }

    fn finish(&mut self, key: BatchKey) -> Option<Batch> {
        let batch = self.accumulator.finish(key)?;
        self.watch_oldest();
        Some(batch)
    }
}

/// Whether a refusal says that somebody else leads the partition by now (Kafka's `InvalidMetadataException`).
pub(in crate::client) fn is_stale_metadata(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::NetworkException
            | ErrorCode::KafkaStorageError
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::UnknownLeaderEpoch
    )
}
