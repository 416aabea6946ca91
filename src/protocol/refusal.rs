//! A refusal of a whole request, in the answer of its own kind: item by item where the answer has no place for one.
//!
//! Called by: brokers, for what they cannot serve or did not get answered in time.

use super::{
    AddRaftVoterResponse, AllocateProducerIdsResponse, AlterPartitionReassignmentsResponse, AlterPartitionResponse,
    BeginQuorumEpochResponse, BrokerHeartbeatResponse, BrokerRegistrationResponse, CreatePartitionsResponse, CreateTopicsResponse,
    CreatedTopic, DeleteRecordsResponse, DeleteTopicsResponse, DescribeConfigsResponse, DescribeQuorumResponse,
    ElectLeadersResponse, EndOffset, EndQuorumEpochResponse, FetchResponse, FetchSnapshotResponse, IncrementalAlterConfigsResponse,
    ItemsDone, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, MetadataRequest, MetadataResponse, MetadataTopic,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse, ProducedPartition,
    QuorumEpochResponse, RemoveRaftVoterResponse, Request, Response, UpdateFeaturesResponse, UpdateRaftVoterResponse, VoteResponse,
    VoterChangeResponse, group_refusal,
};
use crate::error::ErrorCode;
use crate::ids::{BrokerSet, LeaderEpoch, Offset, TopicId};
use crate::time::Duration;
use bytes::Bytes;

impl Request {
    /// The answer that says nothing but this code.
    #[must_use]
    pub fn refused(&self, code: ErrorCode) -> Response {
        let error = Some(code);
        let done = || ItemsDone { error, items: Vec::new() };
        let (epoch, leader) = (LeaderEpoch::ZERO, None);
        match self {
            Self::Produce(request) => refused_produce(request, code).into(),
            Self::Fetch(_) => FetchResponse { error, partitions: Vec::new() }.into(),
            Self::ListOffsets(request) => refused_list(request, code).into(),
            Self::Metadata(request) => refused_metadata(request, code).into(),
            Self::OffsetForLeaderEpoch(request) => refused_ends(request, code).into(),
            Self::CreateTopics(request) => {
                let refused = request.topics.iter().map(|topic| CreatedTopic { name: topic.name.clone(), result: Err(code) });
                CreateTopicsResponse { topics: refused.collect() }.into()
            }
            Self::DeleteRecords(request) => {
                let refused = request.partitions.iter().map(|(named, _)| (named.clone(), Err(code)));
                DeleteRecordsResponse { partitions: refused.collect() }.into()
            }
            Self::AlterPartition(_) => AlterPartitionResponse { error, partitions: Vec::new() }.into(),
            Self::BrokerRegistration(_) => BrokerRegistrationResponse { result: Err(code) }.into(),
            Self::BrokerHeartbeat(_) => {
                BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false }.into()
            }
            Self::DeleteTopics(_) => DeleteTopicsResponse(done()).into(),
            Self::DescribeConfigs(_) => DescribeConfigsResponse { result: Err(code) }.into(),
            Self::CreatePartitions(_) => CreatePartitionsResponse(done()).into(),
            Self::ElectLeaders(_) => ElectLeadersResponse(done()).into(),
            Self::IncrementalAlterConfigs(_) => IncrementalAlterConfigsResponse(done()).into(),
            Self::AlterPartitionReassignments(_) => AlterPartitionReassignmentsResponse(done()).into(),
            Self::UpdateFeatures(_) => UpdateFeaturesResponse(done()).into(),
            Self::AllocateProducerIds(_) => AllocateProducerIdsResponse { result: Err(code) }.into(),
            Self::Vote(_) => VoteResponse { error, epoch, leader, granted: false }.into(),
            Self::BeginQuorumEpoch(_) => BeginQuorumEpochResponse(QuorumEpochResponse { error, epoch, leader }).into(),
            Self::EndQuorumEpoch(_) => EndQuorumEpochResponse(QuorumEpochResponse { error, epoch, leader }).into(),
            Self::DescribeQuorum(_) => {
                let (high_watermark, replicas) = (Offset::ZERO, Vec::new());
                DescribeQuorumResponse { error, epoch, leader, high_watermark, replicas }.into()
            }
            Self::FetchSnapshot(request) => {
                let snapshot = request.snapshot;
                FetchSnapshotResponse { error, epoch, leader, snapshot, size: 0, position: 0, bytes: Bytes::new() }.into()
            }
            Self::AddRaftVoter(_) => AddRaftVoterResponse(VoterChangeResponse { error }).into(),
            Self::RemoveRaftVoter(_) => RemoveRaftVoterResponse(VoterChangeResponse { error }).into(),
            Self::UpdateRaftVoter(_) => UpdateRaftVoterResponse(VoterChangeResponse { error }).into(),
            Self::FindCoordinator(_)
            | Self::JoinGroup(_)
            | Self::Heartbeat(_)
            | Self::LeaveGroup(_)
            | Self::SyncGroup(_)
            | Self::DescribeGroups(_)
            | Self::ListGroups(_)
            | Self::DeleteGroups(_)
            | Self::ConsumerGroupHeartbeat(_)
            | Self::ConsumerGroupDescribe(_)
            | Self::OffsetCommit(_)
            | Self::OffsetFetch(_)
            | Self::OffsetDelete(_) => group_refusal::refused(self, code),
        }
    }

    /// How long whoever serves it may take, where it says so.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Produce(request) => Some(request.timeout),
            Self::Fetch(request) => Some(request.max_wait),
            Self::CreateTopics(request) => Some(request.timeout),
            Self::DeleteTopics(request) => Some(request.timeout),
            Self::DeleteRecords(request) => Some(request.timeout),
            Self::CreatePartitions(request) => Some(request.timeout),
            Self::ElectLeaders(request) => Some(request.timeout),
            Self::AlterPartitionReassignments(request) => Some(request.timeout),
            Self::ListOffsets(_)
            | Self::Metadata(_)
            | Self::OffsetForLeaderEpoch(_)
            | Self::AlterPartition(_)
            | Self::BrokerRegistration(_)
            | Self::BrokerHeartbeat(_)
            | Self::DescribeConfigs(_)
            | Self::IncrementalAlterConfigs(_)
            | Self::UpdateFeatures(_)
            | Self::AllocateProducerIds(_)
            | Self::Vote(_)
            | Self::BeginQuorumEpoch(_)
            | Self::EndQuorumEpoch(_)
            | Self::DescribeQuorum(_)
            | Self::FetchSnapshot(_)
            | Self::AddRaftVoter(_)
            | Self::RemoveRaftVoter(_)
            | Self::UpdateRaftVoter(_)
            | Self::FindCoordinator(_)
            | Self::JoinGroup(_)
            | Self::Heartbeat(_)
            | Self::LeaveGroup(_)
            | Self::SyncGroup(_)
            | Self::DescribeGroups(_)
            | Self::ListGroups(_)
            | Self::DeleteGroups(_)
            | Self::ConsumerGroupHeartbeat(_)
            | Self::ConsumerGroupDescribe(_)
            | Self::OffsetCommit(_)
            | Self::OffsetFetch(_)
            | Self::OffsetDelete(_) => None,
        }
    }
}

fn refused_produce(request: &ProduceRequest, code: ErrorCode) -> ProduceResponse {
    let refused = request.partitions.iter().map(|item| ProducedPartition {
        partition: item.partition,
        result: Err(code),
        log_append_time: None,
        log_start_offset: Offset::ZERO,
        current_leader: None,
    });
    ProduceResponse { partitions: refused.collect() }
}

fn refused_list(request: &ListOffsetsRequest, code: ErrorCode) -> ListOffsetsResponse {
    let refused = request.partitions.iter().map(|item| ListedOffset {
        partition: item.partition,
        error: Some(code),
        offset: None,
        timestamp: None,
        leader_epoch: None,
    });
    ListOffsetsResponse { partitions: refused.collect() }
}

fn refused_ends(request: &OffsetForLeaderEpochRequest, code: ErrorCode) -> OffsetForLeaderEpochResponse {
    let refused = request.partitions.iter();
    let refused =
        refused.map(|item| EndOffset { partition: item.partition, error: Some(code), leader_epoch: None, end_offset: None });
    OffsetForLeaderEpochResponse { partitions: refused.collect() }
}

fn refused_metadata(request: &MetadataRequest, code: ErrorCode) -> MetadataResponse {
    let refused = request.topics.iter().map(|name| MetadataTopic {
        name: name.clone(),
        error: Some(code),
        id: TopicId::default(),
        partitions: Vec::new(),
    });
    MetadataResponse { brokers: BrokerSet::EMPTY, topics: refused.collect() }
}
