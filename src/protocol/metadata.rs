//! Metadata (API 3): who leads what, as the broker that answers believes.

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, PartitionIndex, TopicId, TopicPartition};

/// Asks any broker about topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataRequest {
    /// By name; empty means none (only the brokers are wanted).
    pub topics: Vec<String>,
    /// Every other topic as well (for those who subscribe by a pattern).
    pub all: bool,
    /// Whether a topic that is not there may be made (`allow_auto_topic_creation`).
    pub may_create: bool,
}

/// A broker's picture of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataResponse {
    /// The brokers that count as alive.
    pub brokers: BrokerSet,
    /// In the order of the request; then all others, if they were asked for.
    pub topics: Vec<MetadataTopic>,
}

/// A topic as the broker believes it to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataTopic {
    /// Its name.
    pub name: String,
    /// A refusal.
    pub error: Option<ErrorCode>,
    /// Its id.
    pub id: TopicId,
    /// Its partitions in order.
    pub partitions: Vec<MetadataPartition>,
}

/// A partition as the broker believes it to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataPartition {
    /// Which.
    pub partition: PartitionIndex,
    /// LEADER_NOT_AVAILABLE when nobody leads it.
    pub error: Option<ErrorCode>,
    /// Who leads it.
    pub leader: Option<BrokerId>,
    /// Since which epoch.
    pub leader_epoch: LeaderEpoch,
    /// All its replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Who is in sync.
    pub isr: BrokerSet,
}

impl MetadataRequest {
    #[allow(clippy::unused_self, reason = "every payload describes itself; this one has nothing to say")]
    pub(super) fn describe(&self, _facts: &mut MessageFacts) {}
}

impl MetadataResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.topics.iter().find_map(|topic| topic.error);
        let topic = self.topics.first().filter(|topic| topic.error.is_none());
        facts.partition = topic.map(|topic| TopicPartition::new(topic.id, PartitionIndex(0)));
    }
}
