//! ListOffsets: where a consumer may begin.
//!
//! Source: KIP-207, KIP-320; Kafka's `KafkaApis.handleListOffsetRequest`. Called by: the router.

use super::Broker;
use super::refusal::emit_refusal;
use crate::context::{Context, ReplyTo};
use crate::event::ApiKey;
use crate::protocol::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListedOffset};

impl Broker {
    /// Answers every look-up at once.
    pub(super) fn handle_list_offsets(&self, reply_to: ReplyTo, request: &ListOffsetsRequest, cx: &mut Context<'_>) {
        let partitions = request.partitions.iter().map(|item| self.list_offset(item, cx)).collect();
        cx.reply(reply_to, ListOffsetsResponse { partitions }.into());
    }

    fn list_offset(&self, item: &ListOffsetsPartition, cx: &mut Context<'_>) -> ListedOffset {
        let partition = item.partition;
        let replica = self.partitions.get(partition).ok_or_else(|| self.absence(partition));
        match replica.and_then(|replica| replica.list_offset(item.current_leader_epoch, item.spec, cx)) {
            Ok(listed) => ListedOffset {
                partition,
                error: None,
                offset: listed.offset,
                timestamp: listed.timestamp,
                leader_epoch: listed.epoch,
            },
            Err(code) => {
                emit_refusal(ApiKey::ListOffsets, partition, code, cx);
                ListedOffset { partition, error: Some(code), offset: None, timestamp: None, leader_epoch: None }
            }
        }
    }
}
