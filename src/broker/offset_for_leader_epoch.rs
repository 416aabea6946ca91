//! OffsetForLeaderEpoch: where an epoch ends in the leader's log, so that a reader notices a truncation.
//!
//! Source: KIP-101, KIP-279, KIP-320; Kafka's `ReplicaManager.lastOffsetForLeaderEpoch`. Called by: the router.

use super::Broker;
use super::refusal::emit_refusal;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::ApiKey;
use crate::protocol::{
    DivergingEpoch, EndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
};

impl Broker {
    /// Answers every look-up at once.
    pub(super) fn handle_offset_for_leader_epoch(
        &self,
        reply_to: ReplyTo,
        request: &OffsetForLeaderEpochRequest,
        cx: &mut Context<'_>,
    ) {
        let partitions = request.partitions.iter().map(|item| self.end_of_epoch(item, cx)).collect();
        cx.reply(reply_to, OffsetForLeaderEpochResponse { partitions }.into());
    }

    fn end_of_epoch(&self, item: &OffsetForLeaderPartition, cx: &mut Context<'_>) -> EndOffset {
        let partition = item.partition;
        match self.look_up_epoch(item) {
            Ok(found) => EndOffset {
                partition,
                error: None,
                leader_epoch: found.map(|shared| shared.epoch),
                end_offset: found.map(|shared| shared.end_offset),
            },
            Err(code) => {
                emit_refusal(ApiKey::OffsetForLeaderEpoch, partition, code, cx);
                EndOffset { partition, error: Some(code), leader_epoch: None, end_offset: None }
            }
        }
    }

    fn look_up_epoch(&self, item: &OffsetForLeaderPartition) -> Result<Option<DivergingEpoch>, ErrorCode> {
        let replica = self.partitions.get(item.partition).ok_or_else(|| self.absence(item.partition))?;
        replica.leading(item.current_leader_epoch)?;
        Ok(replica.end_of_epoch(item.leader_epoch))
    }
}
