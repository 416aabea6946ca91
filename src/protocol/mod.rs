//! What processes say to each other: plain structs, one file per family of requests, with Kafka's names for their fields.
//! No bytes here, except the record batches, which are Kafka's own bytes.
//!
//! Kafka differs: messages are structs and not bytes, and one version of each API is spoken: the newest in which all that
//! is modelled can be said.

mod admin;
mod broker;
mod fetch;
mod group;
mod group_offsets;
mod group_refusal;
mod metadata;
mod offsets;
mod operator;
mod partition;
mod produce;
mod quorum;
mod refusal;

use crate::event::{ApiKey, MessageFacts, Purpose};
use crate::ids::CorrelationId;

pub use admin::{CreateTopicsRequest, CreateTopicsResponse, CreatedTopic, NewTopic};
pub use broker::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse};
pub use fetch::{DivergingEpoch, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ReplicaState};
pub use group::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedMember,
    FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, Subscription, SyncGroupRequest,
    SyncGroupResponse,
};
pub use group_offsets::{
    FetchedOffset, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse, OffsetToCommit,
};
pub use metadata::{MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic};
pub use offsets::{
    EndOffset, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetSpec,
};
pub use operator::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse, ConfigChange, ConfigResource, ConfigSource, CreatePartitionsRequest,
    CreatePartitionsResponse, DeleteRecordsRequest, DeleteRecordsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    DescribeConfigsRequest, DescribeConfigsResponse, DescribedConfig, ElectLeadersRequest, ElectLeadersResponse, ElectionType,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, ItemsDone, MorePartitions, NamedPartition, Reassignment,
    UpdateFeaturesRequest, UpdateFeaturesResponse,
};
pub use partition::{AlterPartitionItem, AlterPartitionRequest, AlterPartitionResponse, AlteredPartition, AlteredState, IsrMember};
pub use produce::{ProducePartition, ProduceRequest, ProduceResponse, ProducedPartition};
pub use quorum::{
    AddRaftVoterRequest, AddRaftVoterResponse, BeginQuorumEpochRequest, BeginQuorumEpochResponse, DescribeQuorumRequest,
    DescribeQuorumResponse, EndQuorumEpochRequest, EndQuorumEpochResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    QuorumEpochResponse, QuorumReplica, RemoveRaftVoterRequest, RemoveRaftVoterResponse, SnapshotId, UpdateRaftVoterRequest,
    UpdateRaftVoterResponse, VoteRequest, VoteResponse, VoterChangeResponse,
};

macro_rules! apis {
    ($($api:ident: $request:ident => $response:ident),* $(,)?) => {
        /// A request of any API.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "named and documented by their payloads")]
        pub enum Request { $($api($request)),* }

        /// A response of any API.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "named and documented by their payloads")]
        pub enum Response { $($api($response)),* }

        $(impl From<$request> for Request {
            fn from(request: $request) -> Self {
                Self::$api(request)
            }
        }
        impl From<$response> for Response {
            fn from(response: $response) -> Self {
                Self::$api(response)
            }
        })*

        impl Request {
            /// Which API it belongs to.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Self::$api(_) => ApiKey::$api),* }
            }

            /// What the trace tells of it; purpose and correlation are the sender's to fill in.
            #[must_use]
            pub fn facts(&self) -> MessageFacts {
                let mut facts = blank(self.api(), false);
                match self { $(Self::$api(request) => request.describe(&mut facts)),* }
                facts
            }
        }

        impl Response {
            /// Which API it belongs to.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Self::$api(_) => ApiKey::$api),* }
            }

            /// What the trace tells of it; purpose and correlation are the sender's to fill in.
            #[must_use]
            pub fn facts(&self) -> MessageFacts {
                let mut facts = blank(self.api(), true);
                match self { $(Self::$api(response) => response.describe(&mut facts)),* }
                facts
            }
        }
    };
}

apis! {
    Produce: ProduceRequest => ProduceResponse,
    Fetch: FetchRequest => FetchResponse,
    ListOffsets: ListOffsetsRequest => ListOffsetsResponse,
    Metadata: MetadataRequest => MetadataResponse,
    CreateTopics: CreateTopicsRequest => CreateTopicsResponse,
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse,
    AlterPartition: AlterPartitionRequest => AlterPartitionResponse,
    BrokerRegistration: BrokerRegistrationRequest => BrokerRegistrationResponse,
    BrokerHeartbeat: BrokerHeartbeatRequest => BrokerHeartbeatResponse,
    DeleteTopics: DeleteTopicsRequest => DeleteTopicsResponse,
    DeleteRecords: DeleteRecordsRequest => DeleteRecordsResponse,
    DescribeConfigs: DescribeConfigsRequest => DescribeConfigsResponse,
    CreatePartitions: CreatePartitionsRequest => CreatePartitionsResponse,
    ElectLeaders: ElectLeadersRequest => ElectLeadersResponse,
    IncrementalAlterConfigs: IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse,
    AlterPartitionReassignments: AlterPartitionReassignmentsRequest => AlterPartitionReassignmentsResponse,
    UpdateFeatures: UpdateFeaturesRequest => UpdateFeaturesResponse,
    AllocateProducerIds: AllocateProducerIdsRequest => AllocateProducerIdsResponse,
    Vote: VoteRequest => VoteResponse,
    BeginQuorumEpoch: BeginQuorumEpochRequest => BeginQuorumEpochResponse,
    EndQuorumEpoch: EndQuorumEpochRequest => EndQuorumEpochResponse,
    DescribeQuorum: DescribeQuorumRequest => DescribeQuorumResponse,
    FetchSnapshot: FetchSnapshotRequest => FetchSnapshotResponse,
    AddRaftVoter: AddRaftVoterRequest => AddRaftVoterResponse,
    RemoveRaftVoter: RemoveRaftVoterRequest => RemoveRaftVoterResponse,
    UpdateRaftVoter: UpdateRaftVoterRequest => UpdateRaftVoterResponse,
    OffsetCommit: OffsetCommitRequest => OffsetCommitResponse,
    OffsetFetch: OffsetFetchRequest => OffsetFetchResponse,
    FindCoordinator: FindCoordinatorRequest => FindCoordinatorResponse,
    JoinGroup: JoinGroupRequest => JoinGroupResponse,
    Heartbeat: HeartbeatRequest => HeartbeatResponse,
    LeaveGroup: LeaveGroupRequest => LeaveGroupResponse,
    SyncGroup: SyncGroupRequest => SyncGroupResponse,
    DescribeGroups: DescribeGroupsRequest => DescribeGroupsResponse,
    ListGroups: ListGroupsRequest => ListGroupsResponse,
    DeleteGroups: DeleteGroupsRequest => DeleteGroupsResponse,
    OffsetDelete: OffsetDeleteRequest => OffsetDeleteResponse,
    ConsumerGroupHeartbeat: ConsumerGroupHeartbeatRequest => ConsumerGroupHeartbeatResponse,
    ConsumerGroupDescribe: ConsumerGroupDescribeRequest => ConsumerGroupDescribeResponse,
}

fn blank(api: ApiKey, is_response: bool) -> MessageFacts {
    MessageFacts {
        api,
        is_response,
        purpose: Purpose::Client,
        correlation: CorrelationId(0),
        partition: None,
        offset: None,
        diverging: None,
        batches: 0,
        error: None,
    }
}
