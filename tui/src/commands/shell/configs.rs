//! Configurations: set, unset, described as `kafka-configs.sh` does.

use tribunal::config::{BrokerConfig, ConfigError, Lookup, Owner, Profile, TopicConfig};
use tribunal::error::ErrorCode;
use tribunal::ids::ProcessId;
use tribunal::protocol::{ConfigSource, DescribedConfig};
use tribunal::sim::live::Live;

use super::answers;
use super::command::ConfigsOf;
use super::refusal::Refusal;

/// Sets and unsets keys of a resource (`topic orders`, `broker b1`, `cluster`).
pub(super) fn alter(live: &mut Live, resource: &str, set: &[(String, String)], unset: &[String]) -> Result<String, Refusal> {
    if set.is_empty() && unset.is_empty() {
        return Err(Refusal::malformed("there is no key to set or to unset"));
    }
    check_name(resource)?;
    if !set.is_empty() {
        let pairs: String = set.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        answers::order(live, &format!("set {resource}{pairs}"), resource, ErrorCode::InvalidConfig)
            .map_err(|refusal| explained(refusal, resource, set))?;
    }
    if !unset.is_empty() {
        let keys: String = unset.iter().map(|key| format!(" {key}")).collect();
        answers::order(live, &format!("unset {resource}{keys}"), resource, ErrorCode::InvalidConfig)?;
    }
    Ok(format!("Completed updating config for {resource}."))
}

/// What is configured: what was set while it runs, or all that is in force.
pub(super) fn describe(live: &mut Live, of: &ConfigsOf, all: bool) -> Result<String, Refusal> {
    let resources: Vec<String> = match of {
        ConfigsOf::One(resource) => vec![resource.clone()],
        ConfigsOf::Topics => answers::topics(live)?.iter().map(|topic| format!("topic {}", topic.name)).collect(),
        ConfigsOf::Brokers => {
            let servers = live.servers().map(|(process, _)| process);
            let brokers = servers.filter(|process| matches!(process, ProcessId::Broker(_)));
            brokers.map(|broker| format!("broker {broker}")).chain(["cluster".to_owned()]).collect()
        }
    };
    resources.iter().map(|resource| describe_one(live, resource, all)).collect()
}

fn describe_one(live: &mut Live, resource: &str, all: bool) -> Result<String, Refusal> {
    check_name(resource)?;
    let configs = answers::configs(live, resource)?;
    let kind = if all { "All" } else { "Dynamic" };
    let mut text = match resource {
        "cluster" => "Default configs for brokers in the cluster are:\n".to_owned(),
        resource => format!("{kind} configs for {resource} are:\n"),
    };
    let is_dynamic = |config: &DescribedConfig| {
        matches!(config.source, ConfigSource::Topic | ConfigSource::DynamicBroker | ConfigSource::DynamicDefault)
    };
    for config in configs.iter().filter(|config| all || is_dynamic(config)) {
        let DescribedConfig { key, value, source } = config;
        text += &format!("  {key}={value} sensitive=false synonyms={{{}:{key}={value}}}\n", source_word(*source));
    }
    Ok(text)
}

/// A refusal with what is wrong about the first key that is, if that can be told from the key and its value.
fn explained(refusal: Refusal, resource: &str, set: &[(String, String)]) -> Refusal {
    let is_topic = resource.starts_with("topic ");
    if refusal.is(ErrorCode::InvalidRequest) {
        let at_start = |(key, _): &&(String, String)| matches!(Owner::Broker.lookup(key), Lookup::Modelled(_));
        let key = set.iter().find(at_start).filter(|_| !is_topic);
        let told = key.map(|(key, _)| format!("`{key}` is read when a broker starts: it cannot change while one runs"));
        return told.map_or(refusal, |told| Refusal::new(ErrorCode::InvalidRequest, told));
    }
    if !refusal.is(ErrorCode::InvalidConfig) {
        return refusal;
    }
    let wrong = set.iter().find_map(|(key, value)| if is_topic { topic_value(key, value) } else { broker_value(key, value) });
    wrong.map_or(refusal, |wrong| Refusal::new(ErrorCode::InvalidConfig, wrong))
}

/// What is wrong with the value of a topic's key.
fn topic_value(key: &str, value: &str) -> Option<String> {
    out_of_place(TopicConfig::of(Profile::Fast).set(key, value), Owner::Topic, (key, value))
}

/// What is wrong with the value of a broker's key.
fn broker_value(key: &str, value: &str) -> Option<String> {
    match Owner::Broker.lookup(key) {
        Lookup::TopicDefault(synonym) => topic_value(synonym.topic, value),
        Lookup::Modelled(_) | Lookup::Known | Lookup::Unknown(_) => {
            out_of_place(BrokerConfig::of(Profile::Fast).set(key, value), Owner::Broker, (key, value))
        }
    }
}

fn out_of_place(set: Result<(), ConfigError>, owner: Owner, (key, value): (&str, &str)) -> Option<String> {
    match set {
        Err(error @ ConfigError::BadValue { .. }) => Some(error.to_string()),
        Err(ConfigError::UnknownKey(_)) => None,
        Ok(()) => owner.check_range(key, value).err().map(|why| format!("`{key}` cannot be `{value}`: {why}")),
    }
}

fn check_name(resource: &str) -> Result<(), Refusal> {
    resource.strip_prefix("topic ").map_or(Ok(()), answers::legal_topic)
}

/// Kafka's word for where a value comes from.
fn source_word(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::Topic => "DYNAMIC_TOPIC_CONFIG",
        ConfigSource::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
        ConfigSource::DynamicDefault => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        ConfigSource::Static => "STATIC_BROKER_CONFIG",
        ConfigSource::Default => "DEFAULT_CONFIG",
    }
}
