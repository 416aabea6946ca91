//! Which request goes where: a table.
//!
//! Called by: [`Broker`], for every request that arrives.

use super::Broker;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::protocol::Request;

impl Broker {
    /// Hands a request to its handler, or to the controller (KIP-590). What only another controller or broker may ask, and
    /// only a controller may answer, is refused.
    pub(super) fn route(&mut self, reply_to: ReplyTo, request: Request, cx: &mut Context<'_>) {
        match request {
            Request::Produce(request) => self.handle_produce(reply_to, &request, cx),
            Request::Fetch(request) => self.handle_fetch(reply_to, request, cx),
            Request::ListOffsets(request) => self.handle_list_offsets(reply_to, &request, cx),
            Request::OffsetForLeaderEpoch(request) => self.handle_offset_for_leader_epoch(reply_to, &request, cx),
            Request::Metadata(request) => self.handle_metadata(reply_to, &request, cx),
            Request::DeleteRecords(request) => self.handle_delete_records(reply_to, &request, cx),
            Request::DescribeConfigs(request) => self.handle_describe_configs(reply_to, &request, cx),
            Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::IncrementalAlterConfigs(_)
            | Request::AlterPartitionReassignments(_)
            | Request::UpdateFeatures(_)
            | Request::DescribeQuorum(_)
            | Request::AddRaftVoter(_)
            | Request::RemoveRaftVoter(_) => self.forward(reply_to, request, cx),
            Request::FindCoordinator(request) => self.handle_find_coordinator(reply_to, &request, cx),
            Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::DescribeGroups(_)
            | Request::ListGroups(_)
            | Request::DeleteGroups(_)
            | Request::ConsumerGroupHeartbeat(_)
            | Request::ConsumerGroupDescribe(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_)
            | Request::OffsetDelete(_) => self.handle_group_request(reply_to, &request, cx),
            Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::AllocateProducerIds(_)
            | Request::Vote(_)
            | Request::BeginQuorumEpoch(_)
            | Request::EndQuorumEpoch(_)
            | Request::FetchSnapshot(_)
            | Request::UpdateRaftVoter(_) => cx.reply(reply_to, request.refused(ErrorCode::NotController)),
        }
    }
}
