//! CreateTopics (API 19). Sent to any broker, which forwards it to the controller (KIP-590).

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{BrokerId, TopicId};
use crate::time::Duration;

/// Asks for topics to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTopicsRequest {
    /// Which.
    pub topics: Vec<NewTopic>,
    /// How long the controller may take.
    pub timeout: Duration,
}

/// A topic to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; ignored with an assignment.
    pub partitions: u32,
    /// How many replicas of each; ignored with an assignment.
    pub replication_factor: u16,
    /// The replicas of each partition, preferred leader first; empty lets the controller place them.
    pub assignment: Vec<Vec<BrokerId>>,
    /// Its own configuration, as Kafka's keys and values.
    pub config: Vec<(String, String)>,
}

/// How it went, per topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTopicsResponse {
    /// In the order of the request.
    pub topics: Vec<CreatedTopic>,
}

/// How it went for one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// Its name.
    pub name: String,
    /// Its id, or the refusal.
    pub result: Result<TopicId, ErrorCode>,
}

impl CreateTopicsRequest {
    #[allow(clippy::unused_self, reason = "every payload describes itself; this one has nothing to say")]
    pub(super) fn describe(&self, _facts: &mut MessageFacts) {}
}

impl CreateTopicsResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.topics.iter().find_map(|topic| topic.result.as_ref().err().copied());
    }
}
