//! What was set while the cluster runs: configurations by layer, and feature levels as the rules in force.
//!
//! The layers of a key, the strongest first (KIP-226): the topic's own · one broker's · all brokers' · the server's file ·
//! Kafka's default. Only the first three are metadata; the last two are handed in.
//!
//! Invariant: a value that is refused by its key was never written, so laying it over the others cannot fail.
//!
//! Called by: the brokers, for their configuration and their topics'; the controller, for `min.insync.replicas` and
//! `unclean.leader.election.enable`.

use std::collections::BTreeMap;

use super::{MetadataImage, TopicImage};
use crate::config::{BrokerConfig, ConfigError, Lookup, Owner, TopicConfig, Variants};
use crate::ids::BrokerId;
use crate::protocol::{ConfigResource, ConfigSource};

impl MetadataImage {
    /// The features and their levels, by name.
    pub fn features(&self) -> impl Iterator<Item = (&str, u16)> {
        self.features.iter().map(|(name, level)| (name.as_str(), *level))
    }

    /// The rules in force: those that are features stand where the metadata says, the others as handed in.
    #[must_use]
    pub fn variants(&self, defaults: Variants) -> Variants {
        let mut variants = defaults;
        for (name, level) in &self.features {
            variants.set_level(name, *level).expect("only levels that exist are written");
        }
        variants
    }

    /// What was set for a topic, a broker or all brokers while the cluster ran (for a topic: since it was created).
    pub fn config_of(&self, resource: &ConfigResource) -> impl Iterator<Item = (&str, &str)> {
        let topic = match resource {
            ConfigResource::Topic(name) => self.topic_by_name(name).map(|topic| &topic.config),
            ConfigResource::Broker(_) | ConfigResource::Cluster => None,
        };
        let of_topic = topic.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
        let of_server = self.configs.get(resource).into_iter().flatten();
        of_topic.chain(of_server.map(|(key, value)| (key.as_str(), value.as_str())))
    }

    /// The dynamic layers of one broker: each key once, with the value that counts and the layer it comes from.
    #[must_use]
    pub fn dynamic_config(&self, broker: BrokerId) -> BTreeMap<&str, (&str, ConfigSource)> {
        let mut layers = BTreeMap::new();
        let own = ConfigResource::Broker(broker);
        for (resource, source) in [(&ConfigResource::Cluster, ConfigSource::DynamicDefault), (&own, ConfigSource::DynamicBroker)] {
            layers.extend(self.config_of(resource).map(|(key, value)| (key, (value, source))));
        }
        layers
    }

    /// A broker's configuration: its file's, under what was set for all brokers and for itself.
    #[must_use]
    pub fn broker_config(&self, broker: BrokerId, file: &BrokerConfig) -> BrokerConfig {
        let mut config = file.clone();
        for (key, (value, _)) in self.dynamic_config(broker) {
            // Keys without effect here, and those that set a topic default, set nothing of the broker's own.
            let _ = config.set(key, value);
        }
        config
    }

    /// What a topic is configured as on a server unless it says otherwise: the server's file, under what was set for all
    /// brokers and, if the server is one, for itself.
    #[must_use]
    pub fn topic_defaults(&self, file: &TopicConfig, broker: Option<BrokerId>) -> TopicConfig {
        let mut config = file.clone();
        if self.configs.is_empty() {
            return config;
        }
        let layers = [Some(ConfigResource::Cluster), broker.map(ConfigResource::Broker)];
        for resource in layers.into_iter().flatten() {
            for (key, value) in self.config_of(&resource) {
                let _ = set_topic_default(&mut config, key, value);
            }
        }
        config
    }
}

impl TopicImage {
    /// Its configuration on top of a server's defaults ([`MetadataImage::topic_defaults`]).
    #[must_use]
    pub fn effective_config(&self, defaults: &TopicConfig) -> TopicConfig {
        let mut config = defaults.clone();
        for (key, value) in &self.config {
            // Keys without effect here were accepted at creation and set nothing.
            let _ = config.set(key, value);
        }
        config
    }
}

/// Sets a topic's default by the name that servers have for it (`log.roll.hours` for `segment.ms`); another key of theirs
/// sets nothing. Errors: the value is none that the key takes.
pub(in crate::controller) fn set_topic_default(config: &mut TopicConfig, key: &str, value: &str) -> Result<(), ConfigError> {
    let Lookup::TopicDefault(synonym) = Owner::Broker.lookup(key) else { return Ok(()) };
    let scaled = value.parse::<u64>().ok().filter(|_| synonym.factor > 1).map(|units| units.saturating_mul(synonym.factor));
    let scaled = scaled.map(|units| units.to_string());
    config.set(synonym.topic, scaled.as_deref().unwrap_or(value))
}
