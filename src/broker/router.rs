//! Which request goes where: a table.
//!
//! Called by: [`Broker`], for every request that arrives.

use super::Broker;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::protocol::{AlterPartitionResponse, BrokerHeartbeatResponse, BrokerRegistrationResponse, Request};

impl Broker {
    /// Hands a request to its handler. What only a controller may answer is refused.
    pub(super) fn route(&mut self, reply_to: ReplyTo, request: Request, cx: &mut Context<'_>) {
        match request {
            Request::Produce(request) => self.handle_produce(reply_to, &request, cx),
            Request::Fetch(request) => self.handle_fetch(reply_to, request, cx),
            Request::ListOffsets(request) => self.handle_list_offsets(reply_to, &request, cx),
            Request::OffsetForLeaderEpoch(request) => self.handle_offset_for_leader_epoch(reply_to, &request, cx),
            Request::Metadata(request) => self.handle_metadata(reply_to, &request, cx),
            Request::CreateTopics(request) => self.forward_create_topics(reply_to, request, cx),
            Request::AlterPartition(_) => {
                let refusal = AlterPartitionResponse { error: Some(ErrorCode::NotController), partitions: Vec::new() };
                cx.reply(reply_to, refusal.into());
            }
            Request::BrokerRegistration(_) => {
                cx.reply(reply_to, BrokerRegistrationResponse { result: Err(ErrorCode::NotController) }.into());
            }
            Request::BrokerHeartbeat(_) => {
                let error = Some(ErrorCode::NotController);
                let refusal = BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false };
                cx.reply(reply_to, refusal.into());
            }
            // TODO(walls): served as the controller learns them.
            other => drop(other),
        }
    }
}
