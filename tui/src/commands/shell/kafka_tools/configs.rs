//! `kafka-configs.sh`.

use super::action;
use crate::commands::shell::command::{Command, ConfigsOf};
use crate::commands::shell::options::{Allowed, Options, pairs, parts};
use crate::commands::shell::refusal::Refusal;

pub(super) const ALLOWED: Allowed = Allowed {
    valued: &["entity-type", "entity-name", "topic", "broker", "add-config", "delete-config"],
    bare: &["alter", "describe", "all", "entity-default", "broker-defaults"],
    ignored: &[],
};

pub(super) fn read(options: &mut Options) -> Result<Command, Refusal> {
    let of = whose(options)?;
    match (action(options, &["alter", "describe"])?, of) {
        ("alter", ConfigsOf::One(resource)) => {
            let set = options.all("add-config").map(pairs).collect::<Result<Vec<_>, _>>()?.concat();
            let unset: Vec<_> = options.all("delete-config").flat_map(parts).map(str::to_owned).collect();
            Ok(Command::AlterConfigs { resource, set, unset })
        }
        ("alter", ConfigsOf::Topics | ConfigsOf::Brokers) => {
            Err(Refusal::malformed("whose? --entity-name is missing (or --entity-default, for all brokers)"))
        }
        (_, of) => Ok(Command::DescribeConfigs { of, all: options.has("all") }),
    }
}

fn whose(options: &Options) -> Result<ConfigsOf, Refusal> {
    let named = |kind: &str, name: &str| ConfigsOf::One(format!("{kind} {name}"));
    let is_default = options.has("entity-default") || options.has("broker-defaults");
    let name = options.get("entity-name");
    match (options.get("topic"), options.get("broker"), options.get("entity-type")) {
        (None, None, None | Some("brokers")) if is_default => Ok(ConfigsOf::One("cluster".to_owned())),
        (Some(topic), None, None) => Ok(named("topic", topic)),
        (None, Some(broker), None) => Ok(named("broker", broker)),
        (None, None, Some("topics")) => Ok(name.map_or(ConfigsOf::Topics, |topic| named("topic", topic))),
        (None, None, Some("brokers")) => Ok(name.map_or(ConfigsOf::Brokers, |broker| named("broker", broker))),
        _ => Err(Refusal::malformed("--entity-type is topics or brokers here, with one --entity-name or none")),
    }
}
