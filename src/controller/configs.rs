//! Configurations changed while the cluster runs: of topics, of one broker, of all brokers (KIP-226).
//!
//! Rules: the changes of one resource happen all or not at all. A topic takes its own keys; brokers take the keys that Kafka
//! lets them change without a restart, which of what is modelled are the defaults of topics. Keys of Kafka's without effect
//! here are taken and kept. A change of `min.insync.replicas` is looked at again for every partition with eligible replicas.
//!
//! Called by: [`super::server`], [`super::topics`] for a new topic's. Source: KIP-339; Kafka's `ConfigurationControlManager`,
//! `ControllerConfigurationValidator`, `DynamicBrokerConfig`.
//!
//! Not modelled: appending to and subtracting from lists, policies, configurations of clients and groups.

use std::collections::BTreeMap;

use super::admin::Item;
use super::basis::Basis;
use super::elections::{Election, Electorate, Target};
use super::image::set_topic_default;
use super::records::{ConfigRecord, MetadataRecord};
use super::server::Controller;
use crate::config::{ConfigError, Lookup, Owner, Synonym, TopicConfig, known};
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::protocol::{ConfigChange, ConfigResource, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

const MIN_ISR: &str = "min.insync.replicas";

/// The keys of a broker's own that may change while it runs: Kafka's `LogCleaner.RECONFIGURABLE_CONFIGS`, as far as they have an effect.
const DYNAMIC: [&str; 4] =
    ["log.cleaner.backoff.ms", "log.cleaner.dedupe.buffer.size", "log.cleaner.io.buffer.load.factor", "log.cleaner.io.buffer.size"];

impl Controller {
    pub(super) fn handle_alter_configs(
        &mut self,
        reply_to: ReplyTo,
        request: &IncrementalAlterConfigsRequest,
        cx: &mut Context<'_>,
    ) {
        let items = decide_changes(&self.basis(), request);
        let is_min_isr_changed = items.iter().any(|item| item.name == MIN_ISR && item.result.is_ok());
        self.write_items(items, reply_to, |done| IncrementalAlterConfigsResponse(done).into(), cx);
        if is_min_isr_changed {
            let records = decide_min_isr_change(&self.basis());
            self.write(records, None, cx);
        }
    }
}

/// Decides all changes of a resource together.
///
/// Errors: UNKNOWN_TOPIC_OR_PARTITION, BROKER_ID_NOT_REGISTERED, INVALID_CONFIG for a key that Kafka does not know or a
/// value that it does not take (and for one broker's own `min.insync.replicas` under `elr`), INVALID_REQUEST for a broker's
/// key that takes a restart.
fn decide_changes(basis: &Basis<'_>, request: &IncrementalAlterConfigsRequest) -> Vec<Item> {
    let mut refused: BTreeMap<&ConfigResource, ErrorCode> = BTreeMap::new();
    for change in &request.changes {
        if let Err(code) = validate_change(basis, change) {
            refused.entry(&change.resource).or_insert(code);
        }
    }
    let decide = |change: &ConfigChange| {
        let ConfigChange { resource, key, value } = change.clone();
        let result = match refused.get(&resource) {
            Some(code) => Err(*code),
            None => Ok(vec![MetadataRecord::Config(ConfigRecord { resource, key: key.clone(), value })]),
        };
        Item { name: key, result }
    };
    request.changes.iter().map(decide).collect()
}

fn validate_change(basis: &Basis<'_>, change: &ConfigChange) -> Result<(), ErrorCode> {
    let ConfigChange { resource, key, value } = change;
    match resource {
        ConfigResource::Topic(name) => {
            basis.image.topic_by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
            validate_topic_key(&mut basis.topic_defaults(), key, value.as_deref())
        }
        ConfigResource::Broker(broker) => {
            basis.image.broker(*broker).ok_or(ErrorCode::BrokerIdNotRegistered)?;
            if key == MIN_ISR && basis.variants().elr.is_on() {
                return Err(ErrorCode::InvalidConfig);
            }
            validate_server_key(basis, key, value.as_deref())
        }
        ConfigResource::Cluster => validate_server_key(basis, key, value.as_deref()),
    }
}

/// A topic's configuration as it is created with. Errors: INVALID_CONFIG.
pub(super) fn validate_topic_config(defaults: &TopicConfig, config: &[(String, String)]) -> Result<(), ErrorCode> {
    let mut effective = defaults.clone();
    config.iter().try_for_each(|(key, value)| validate_topic_key(&mut effective, key, Some(value)))
}

/// A key must be one of Kafka's, modelled or not; a modelled value must be one that Kafka takes.
fn validate_topic_key(config: &mut TopicConfig, key: &str, value: Option<&str>) -> Result<(), ErrorCode> {
    let Some(value) = value else {
        let is_known = !matches!(Owner::Topic.lookup(key), Lookup::Unknown(_));
        return if is_known { Ok(()) } else { Err(ErrorCode::InvalidConfig) };
    };
    match config.set(key, value) {
        Ok(()) => {}
        Err(ConfigError::UnknownKey(key)) if known::TOPIC.contains(&key.as_str()) => {}
        Err(ConfigError::UnknownKey(_) | ConfigError::BadValue { .. }) => return Err(ErrorCode::InvalidConfig),
    }
    Owner::Topic.check_range(key, value).map_err(|_| ErrorCode::InvalidConfig)
}

fn validate_server_key(basis: &Basis<'_>, key: &str, value: Option<&str>) -> Result<(), ErrorCode> {
    match Owner::Broker.lookup(key) {
        Lookup::Known => Ok(()),
        Lookup::Modelled(own) if DYNAMIC.contains(&own.name) => validate_own(basis, key, value),
        Lookup::Modelled(_) => Err(ErrorCode::InvalidRequest),
        Lookup::Unknown(_) => Err(ErrorCode::InvalidConfig),
        Lookup::TopicDefault(synonym) => validate_topic_default(basis, synonym, value),
    }
}

fn validate_own(basis: &Basis<'_>, key: &str, value: Option<&str>) -> Result<(), ErrorCode> {
    let Some(value) = value else { return Ok(()) };
    basis.setup.config.clone().set(key, value).map_err(|_| ErrorCode::InvalidConfig)?;
    Owner::Broker.check_range(key, value).map_err(|_| ErrorCode::InvalidConfig)
}

fn validate_topic_default(basis: &Basis<'_>, synonym: &Synonym, value: Option<&str>) -> Result<(), ErrorCode> {
    let Some(value) = value else { return Ok(()) };
    let mut config = basis.topic_defaults();
    set_topic_default(&mut config, synonym.server, value).map_err(|_| ErrorCode::InvalidConfig)?;
    if synonym.factor > 1 {
        return Ok(());
    }
    Owner::Topic.check_range(synonym.topic, value).map_err(|_| ErrorCode::InvalidConfig)
}

/// Looks again at every partition with eligible replicas, since the ISR may be large enough by now.
fn decide_min_isr_change(basis: &Basis<'_>) -> Vec<MetadataRecord> {
    let mut electorate = Electorate::new(basis);
    let decide = |partition| {
        let facts = basis.image.partition(partition)?;
        let change = electorate.change(partition, facts, Target::same(facts), Election::Any)?;
        Some(MetadataRecord::PartitionChange(change))
    };
    basis.image.partitions_with_elr().filter_map(decide).collect()
}
