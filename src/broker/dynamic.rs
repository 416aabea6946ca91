//! What changes while the broker runs: its own configuration, its topics', and the historical rules in force.
//!
//! Invariant: the effective setup is the server's file under the dynamic layers of the image, and every replica acts by it.
//!
//! Source: KIP-226, KIP-584; Kafka's `DynamicBrokerConfig`, `TopicConfigHandler`. Called by: [`super::roles`].

use super::Broker;
use crate::config::TopicConfig;

impl Broker {
    /// What a topic is configured as here unless it says otherwise.
    pub(super) fn topic_defaults(&self) -> TopicConfig {
        self.setup.topic_defaults.clone()
    }
}
