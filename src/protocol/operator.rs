//! What an operator asks of a running cluster: DeleteTopics (API 20), DeleteRecords (21), DescribeConfigs (32),
//! CreatePartitions (37), ElectLeaders (43), IncrementalAlterConfigs (44), AlterPartitionReassignments (45), UpdateFeatures
//! (57); and AllocateProducerIds (67), which brokers ask. All but DeleteRecords and DescribeConfigs are forwarded to the
//! controller (KIP-590).

use std::fmt;

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{BrokerEpoch, BrokerId, Offset, PartitionIndex, ProducerId};
use crate::time::Duration;

/// A partition by its topic's name, as people write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
}

impl fmt::Display for NamedPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What a configuration belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigResource {
    /// A topic, by name.
    Topic(String),
    /// One broker.
    Broker(BrokerId),
    /// All brokers (Kafka's broker resource without a name).
    Cluster,
}

/// Which leaders an operator wants elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionType {
    /// The first replica of the assignment.
    Preferred,
    /// Any replica that lives, where nobody who may lead does.
    Unclean,
}

/// Asks for topics to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteTopicsRequest {
    /// Their names.
    pub topics: Vec<String>,
    /// How long the controller may take.
    pub timeout: Duration,
}

/// Asks for more partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatePartitionsRequest {
    /// For which topics.
    pub topics: Vec<MorePartitions>,
    /// How long the controller may take.
    pub timeout: Duration,
}

/// How many partitions a topic is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MorePartitions {
    /// Its name.
    pub topic: String,
    /// How many in all; fewer or as many as there are is refused.
    pub count: u32,
    /// The replicas of each new one, preferred leader first; empty lets the controller place them.
    pub assignment: Vec<Vec<BrokerId>>,
}

/// Asks for configurations to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncrementalAlterConfigsRequest {
    /// What.
    pub changes: Vec<ConfigChange>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// Whose.
    pub resource: ConfigResource,
    /// Kafka's key.
    pub key: String,
    /// Its new value; `None` goes back to the default.
    pub value: Option<String>,
}

/// Asks what is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeConfigsRequest {
    /// For whom.
    pub resource: ConfigResource,
}

/// What is configured, and where each value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeConfigsResponse {
    /// The values by key, or the refusal.
    pub result: Result<Vec<DescribedConfig>, ErrorCode>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConfig {
    /// Kafka's key.
    pub key: String,
    /// Its value in force.
    pub value: String,
    /// Which layer it comes from.
    pub source: ConfigSource,
}

/// The layers of configuration, the strongest first (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigSource {
    /// The topic's own.
    Topic,
    /// Set for one broker while it ran.
    DynamicBroker,
    /// Set for all brokers while they ran.
    DynamicDefault,
    /// From the server's file.
    Static,
    /// Kafka's default.
    Default,
}

/// Asks for partitions to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterPartitionReassignmentsRequest {
    /// Which, and where to.
    pub partitions: Vec<Reassignment>,
    /// How long the controller may take.
    pub timeout: Duration,
}

/// One move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// Of which partition.
    pub partition: NamedPartition,
    /// The replicas it is to have, preferred leader first; `None` calls a move off.
    pub replicas: Option<Vec<BrokerId>>,
}

/// Asks for elections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectLeadersRequest {
    /// Which kind.
    pub kind: ElectionType,
    /// For which partitions; `None` is all.
    pub partitions: Option<Vec<NamedPartition>>,
    /// How long the controller may take.
    pub timeout: Duration,
}

/// Asks for features to stand at other levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateFeaturesRequest {
    /// Each feature and its level.
    pub updates: Vec<(String, u16)>,
}

/// Asks for records to be deleted: a log start to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRecordsRequest {
    /// Of which partitions, and the first offset to stay (`None`: the high watermark).
    pub partitions: Vec<(NamedPartition, Option<Offset>)>,
    /// How long the leaders may take.
    pub timeout: Duration,
}

/// Where the logs begin now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRecordsResponse {
    /// In the order of the request.
    pub partitions: Vec<(NamedPartition, Result<Offset, ErrorCode>)>,
}

/// A broker asks for producer ids to give out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocateProducerIdsRequest {
    /// Who.
    pub broker: BrokerId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
}

/// A block of producer ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocateProducerIdsResponse {
    /// The first and how many, or the refusal.
    pub result: Result<(ProducerId, u32), ErrorCode>,
}

/// How it went, item by item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsDone {
    /// A refusal of the request as a whole.
    pub error: Option<ErrorCode>,
    /// Each item as people name it (`orders`, `orders-0`, `min.insync.replicas`), in the order of the request, and its refusal.
    pub items: Vec<(String, Option<ErrorCode>)>,
}

impl ItemsDone {
    /// The first refusal, if there is one.
    #[must_use]
    pub fn first_error(&self) -> Option<ErrorCode> {
        self.error.or_else(|| self.items.iter().find_map(|(_, error)| *error))
    }
}

macro_rules! answers_by_item {
    ($($(#[doc = $doc:literal])+ $response:ident),* $(,)?) => {
        $($(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $response(pub ItemsDone);

        impl $response {
            pub(super) fn describe(&self, facts: &mut MessageFacts) {
                facts.error = self.0.first_error();
            }
        })*
    };
}

answers_by_item! {
    /// The answer to DeleteTopics.
    DeleteTopicsResponse,
    /// The answer to CreatePartitions.
    CreatePartitionsResponse,
    /// The answer to IncrementalAlterConfigs.
    IncrementalAlterConfigsResponse,
    /// The answer to AlterPartitionReassignments.
    AlterPartitionReassignmentsResponse,
    /// The answer to ElectLeaders.
    ElectLeadersResponse,
    /// The answer to UpdateFeatures.
    UpdateFeaturesResponse,
}

macro_rules! describe_nothing {
    ($($request:ident),* $(,)?) => {
        $(impl $request {
            #[allow(clippy::unused_self, reason = "every payload describes itself; this one has nothing to say")]
            pub(super) fn describe(&self, _facts: &mut MessageFacts) {}
        })*
    };
}

describe_nothing!(
    DeleteTopicsRequest,
    CreatePartitionsRequest,
    IncrementalAlterConfigsRequest,
    DescribeConfigsRequest,
    AlterPartitionReassignmentsRequest,
    ElectLeadersRequest,
    UpdateFeaturesRequest,
    DeleteRecordsRequest,
    AllocateProducerIdsRequest,
);

impl DescribeConfigsResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.result.as_ref().err().copied();
    }
}

impl DeleteRecordsResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.partitions.iter().find_map(|(_, result)| result.err());
    }
}

impl AllocateProducerIdsResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.result.err();
    }
}
