//! `kafka-topics.sh`.
//!
//! Kafka differs: partitions and replicas default to 1 (there the broker's settings say).

use super::action;
use crate::commands::shell::command::{Command, TopicsShown, Trouble};
use crate::commands::shell::options::{Allowed, Options, pairs};
use crate::commands::shell::refusal::Refusal;

pub(super) const ALLOWED: Allowed = Allowed {
    valued: &["topic", "partitions", "replication-factor", "config"],
    bare: &[
        "create",
        "describe",
        "list",
        "delete",
        "alter",
        "if-not-exists",
        "if-exists",
        "under-replicated-partitions",
        "unavailable-partitions",
        "under-min-isr-partitions",
        "at-min-isr-partitions",
        "topics-with-overrides",
        "exclude-internal",
    ],
    ignored: &[],
};

pub(super) fn read(options: &mut Options) -> Result<Command, Refusal> {
    let topic = || options.need("topic").map(str::to_owned);
    let counted = |name: &str| options.get(name).unwrap_or("1").to_owned();
    match action(options, &["create", "describe", "list", "delete", "alter"])? {
        "create" => Ok(Command::CreateTopic {
            topic: topic()?,
            partitions: counted("partitions"),
            factor: counted("replication-factor"),
            configs: options.all("config").map(pairs).collect::<Result<Vec<_>, _>>()?.concat(),
            if_missing: options.has("if-not-exists"),
        }),
        "describe" => Ok(Command::DescribeTopics(TopicsShown {
            topic: options.get("topic").map(str::to_owned),
            only: trouble(options),
            with_overrides: options.has("topics-with-overrides"),
            hides_internal: options.has("exclude-internal"),
        })),
        "list" => Ok(Command::ListTopics { hides_internal: options.has("exclude-internal") }),
        "delete" => Ok(Command::DeleteTopic { topic: topic()?, if_there: options.has("if-exists") }),
        _ => Ok(Command::GrowTopic { topic: topic()?, partitions: options.need("partitions")?.to_owned() }),
    }
}

fn trouble(options: &Options) -> Option<Trouble> {
    let troubles = [
        ("under-replicated-partitions", Trouble::UnderReplicated),
        ("unavailable-partitions", Trouble::Unavailable),
        ("under-min-isr-partitions", Trouble::UnderMinIsr),
        ("at-min-isr-partitions", Trouble::AtMinIsr),
    ];
    troubles.into_iter().find(|(option, _)| options.has(option)).map(|(_, trouble)| trouble)
}
