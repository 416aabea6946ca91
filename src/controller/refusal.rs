//! NOT_CONTROLLER: what a controller that is not the active one answers, in the words of each API.
//!
//! Called by: [`super::server`] for requests that come to it, [`super::activation`] for those that were waiting when it
//! stopped being active.

use crate::error::ErrorCode;
use crate::protocol::{
    AllocateProducerIdsResponse, AlterPartitionReassignmentsResponse, AlterPartitionResponse, BrokerHeartbeatResponse,
    BrokerRegistrationResponse, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, CreatedTopic,
    DeleteTopicsResponse, ElectLeadersResponse, IncrementalAlterConfigsResponse, ItemsDone, Request, Response,
    UpdateFeaturesResponse,
};

const CODE: ErrorCode = ErrorCode::NotController;

/// The refusal of a request; `None` for what no controller answers.
pub(super) fn refuse_request(request: &Request) -> Option<Response> {
    match request {
        Request::BrokerRegistration(_) => Some(BrokerRegistrationResponse { result: Err(CODE) }.into()),
        Request::BrokerHeartbeat(_) => Some(heartbeat()),
        Request::AlterPartition(_) => Some(AlterPartitionResponse { error: Some(CODE), partitions: Vec::new() }.into()),
        Request::CreateTopics(CreateTopicsRequest { topics, .. }) => {
            let names = topics.iter().map(|topic| topic.name.clone());
            Some(created(names))
        }
        Request::DeleteTopics(_) => Some(DeleteTopicsResponse(nothing_done()).into()),
        Request::CreatePartitions(_) => Some(CreatePartitionsResponse(nothing_done()).into()),
        Request::ElectLeaders(_) => Some(ElectLeadersResponse(nothing_done()).into()),
        Request::IncrementalAlterConfigs(_) => Some(IncrementalAlterConfigsResponse(nothing_done()).into()),
        Request::AlterPartitionReassignments(_) => Some(AlterPartitionReassignmentsResponse(nothing_done()).into()),
        Request::UpdateFeatures(_) => Some(UpdateFeaturesResponse(nothing_done()).into()),
        Request::AllocateProducerIds(_) => Some(AllocateProducerIdsResponse { result: Err(CODE) }.into()),
        Request::Produce(_)
        | Request::Fetch(_)
        | Request::ListOffsets(_)
        | Request::Metadata(_)
        | Request::OffsetForLeaderEpoch(_)
        | Request::DeleteRecords(_)
        | Request::DescribeConfigs(_)
        | Request::Vote(_)
        | Request::BeginQuorumEpoch(_)
        | Request::EndQuorumEpoch(_)
        | Request::DescribeQuorum(_)
        | Request::FetchSnapshot(_)
        | Request::AddRaftVoter(_)
        | Request::RemoveRaftVoter(_)
        | Request::UpdateRaftVoter(_)
        | Request::OffsetCommit(_)
        | Request::OffsetFetch(_)
        | Request::FindCoordinator(_)
        | Request::JoinGroup(_)
        | Request::Heartbeat(_)
        | Request::LeaveGroup(_)
        | Request::SyncGroup(_)
        | Request::DescribeGroups(_)
        | Request::ListGroups(_)
        | Request::DeleteGroups(_)
        | Request::OffsetDelete(_)
        | Request::ConsumerGroupHeartbeat(_)
        | Request::ConsumerGroupDescribe(_) => None,
    }
}

/// The refusal in place of an answer that waited for a commit.
pub(super) fn refuse_answer(answer: Response) -> Response {
    match answer {
        Response::BrokerRegistration(_) => BrokerRegistrationResponse { result: Err(CODE) }.into(),
        Response::BrokerHeartbeat(_) => heartbeat(),
        Response::AlterPartition(_) => AlterPartitionResponse { error: Some(CODE), partitions: Vec::new() }.into(),
        Response::CreateTopics(CreateTopicsResponse { topics }) => created(topics.into_iter().map(|topic| topic.name)),
        Response::DeleteTopics(_) => DeleteTopicsResponse(nothing_done()).into(),
        Response::CreatePartitions(_) => CreatePartitionsResponse(nothing_done()).into(),
        Response::ElectLeaders(_) => ElectLeadersResponse(nothing_done()).into(),
        Response::IncrementalAlterConfigs(_) => IncrementalAlterConfigsResponse(nothing_done()).into(),
        Response::AlterPartitionReassignments(_) => AlterPartitionReassignmentsResponse(nothing_done()).into(),
        Response::UpdateFeatures(_) => UpdateFeaturesResponse(nothing_done()).into(),
        Response::AllocateProducerIds(_) => AllocateProducerIdsResponse { result: Err(CODE) }.into(),
        Response::Produce(_)
        | Response::Fetch(_)
        | Response::ListOffsets(_)
        | Response::Metadata(_)
        | Response::OffsetForLeaderEpoch(_)
        | Response::DeleteRecords(_)
        | Response::DescribeConfigs(_)
        | Response::Vote(_)
        | Response::BeginQuorumEpoch(_)
        | Response::EndQuorumEpoch(_)
        | Response::DescribeQuorum(_)
        | Response::FetchSnapshot(_)
        | Response::AddRaftVoter(_)
        | Response::RemoveRaftVoter(_)
        | Response::UpdateRaftVoter(_)
        | Response::OffsetCommit(_)
        | Response::OffsetFetch(_)
        | Response::FindCoordinator(_)
        | Response::JoinGroup(_)
        | Response::Heartbeat(_)
        | Response::LeaveGroup(_)
        | Response::SyncGroup(_)
        | Response::DescribeGroups(_)
        | Response::ListGroups(_)
        | Response::DeleteGroups(_)
        | Response::OffsetDelete(_)
        | Response::ConsumerGroupHeartbeat(_)
        | Response::ConsumerGroupDescribe(_) => panic!("the controller gives no such answer"),
    }
}

fn heartbeat() -> Response {
    BrokerHeartbeatResponse { error: Some(CODE), is_caught_up: false, is_fenced: true, should_shut_down: false }.into()
}

fn created(names: impl Iterator<Item = String>) -> Response {
    CreateTopicsResponse { topics: names.map(|name| CreatedTopic { name, result: Err(CODE) }).collect() }.into()
}

fn nothing_done() -> ItemsDone {
    ItemsDone { error: Some(CODE), items: Vec::new() }
}
