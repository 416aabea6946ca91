//! DescribeConfigs: the values in force, each with the layer it comes from.
//!
//! Invariant: the answer is what this broker acts on now, as far as its image of the metadata reaches.
//!
//! Source: KIP-133, KIP-226; Kafka's `ConfigHelper`. Called by: the router.
//!
//! Not modelled: keys without effect here, documentation, sensitive values.

use std::collections::BTreeMap;

use super::Broker;
use crate::config::{BrokerConfig, Key, SYNONYMS, TopicConfig};
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::protocol::{ConfigResource, ConfigSource, DescribeConfigsRequest, DescribeConfigsResponse, DescribedConfig};

/// What was set while the cluster ran: each key once, with the layer that counts.
type Dynamic<'a> = BTreeMap<&'a str, (&'a str, ConfigSource)>;

impl Broker {
    /// Answers from the image and from this broker's own file.
    pub(super) fn handle_describe_configs(&self, reply_to: ReplyTo, request: &DescribeConfigsRequest, cx: &mut Context<'_>) {
        let result = match &request.resource {
            ConfigResource::Topic(name) => self.describe_topic_config(name),
            ConfigResource::Broker(broker) if *broker == self.setup.me => Ok(self.describe_broker_config()),
            // Another broker's file is not known here.
            ConfigResource::Broker(_) => Err(ErrorCode::InvalidRequest),
            ConfigResource::Cluster => Ok(self.describe_cluster_config()),
        };
        cx.reply(reply_to, DescribeConfigsResponse { result }.into());
    }

    fn describe_topic_config(&self, name: &str) -> Result<Vec<DescribedConfig>, ErrorCode> {
        let topic = self.image.topic_by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let dynamic = self.image.dynamic_config(self.setup.me);
        let values = topic.effective_config(&self.setup.topic_defaults);
        let described = TopicConfig::KEYS.iter().map(|key| {
            let is_own = topic.config.iter().any(|(own, _)| own == key.name);
            let value = values.get(key.name).unwrap_or_default();
            let server_names = SYNONYMS.iter().filter(|synonym| synonym.topic == key.name).map(|synonym| synonym.server);
            let source = if is_own { ConfigSource::Topic } else { source_of(&value, key, server_names, &dynamic) };
            DescribedConfig { key: key.name.to_owned(), value, source }
        });
        Ok(described.collect())
    }

    fn describe_broker_config(&self) -> Vec<DescribedConfig> {
        let dynamic = self.image.dynamic_config(self.setup.me);
        let described = BrokerConfig::KEYS.iter().map(|key| {
            let value = self.setup.config.get(key.name).unwrap_or_default();
            let source = source_of(&value, key, [key.name].into_iter(), &dynamic);
            DescribedConfig { key: key.name.to_owned(), value, source }
        });
        described.collect()
    }

    /// Of the cluster as a whole only what was set for it is told, as in Kafka.
    fn describe_cluster_config(&self) -> Vec<DescribedConfig> {
        let set = self.image.config_of(&ConfigResource::Cluster);
        let described = set.map(|(key, value)| DescribedConfig {
            key: key.to_owned(),
            value: value.to_owned(),
            source: ConfigSource::DynamicDefault,
        });
        described.collect()
    }
}

/// The layer a value comes from: the strongest that names the key; a value that no layer names and that is no profile's
/// default stands in the server's file.
fn source_of(value: &str, key: &Key, names: impl Iterator<Item = &'static str>, dynamic: &Dynamic<'_>) -> ConfigSource {
    let set = names.filter_map(|name| dynamic.get(name)).map(|(_, source)| *source).min();
    let is_default = value == key.kafka || value == key.fast;
    set.unwrap_or(if is_default { ConfigSource::Default } else { ConfigSource::Static })
}
