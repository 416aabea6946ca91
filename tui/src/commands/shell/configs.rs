//! Configurations: set, unset, described as `kafka-configs.sh` does.

use tribunal::error::ErrorCode;
use tribunal::protocol::{ConfigSource, DescribedConfig};
use tribunal::sim::live::Live;

use super::answers;
use super::refusal::Refusal;

/// Sets and unsets keys of a resource (`topic orders`, `broker b1`, `cluster`).
pub(super) fn alter(live: &mut Live, resource: &str, set: &[(String, String)], unset: &[String]) -> Result<String, Refusal> {
    if set.is_empty() && unset.is_empty() {
        return Err(Refusal::malformed("there is no key to set or to unset"));
    }
    check_name(resource)?;
    if !set.is_empty() {
        let pairs: String = set.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        answers::order(live, &format!("set {resource}{pairs}"), resource, ErrorCode::InvalidConfig)?;
    }
    if !unset.is_empty() {
        let keys: String = unset.iter().map(|key| format!(" {key}")).collect();
        answers::order(live, &format!("unset {resource}{keys}"), resource, ErrorCode::InvalidConfig)?;
    }
    Ok(format!("Completed updating config for {resource}."))
}

/// What is configured: what was set while it runs, or all that is in force.
pub(super) fn describe(live: &mut Live, resource: &str, all: bool) -> Result<String, Refusal> {
    check_name(resource)?;
    let configs = answers::configs(live, resource)?;
    let kind = if all { "All" } else { "Dynamic" };
    let mut text = format!("{kind} configs for {resource} are:\n");
    let is_dynamic = |config: &DescribedConfig| {
        matches!(config.source, ConfigSource::Topic | ConfigSource::DynamicBroker | ConfigSource::DynamicDefault)
    };
    for config in configs.iter().filter(|config| all || is_dynamic(config)) {
        let DescribedConfig { key, value, source } = config;
        text += &format!("  {key}={value} sensitive=false synonyms={{{}:{key}={value}}}\n", source_word(*source));
    }
    Ok(text)
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
