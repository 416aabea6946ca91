//! Kafka's own command lines, as they stand in every guide: `kafka-topics.sh`, `kafka-console-producer.sh`,
//! `kafka-console-consumer.sh`, `kafka-consumer-groups.sh`, `kafka-get-offsets.sh`, `kafka-configs.sh`.
//!
//! A path before the name, `.sh` or `.bat` behind it, and a `$` before the line are taken off. Options that name a cluster are
//! noted and have no effect. A topic that a console producer writes to is made if it is not there. Kafka differs: partitions and
//! replicas default to 1 (there the broker's settings say); a console consumer ends when it has read to the end, and does not have
//! a topic made that it would only wait in.

use tribunal::time::Timestamp;

use super::command::{Command, GroupShows, OffsetsAt, Reading, RecordShows, Trouble};
use super::line::reset;
use super::options::{Allowed, Options, pairs, parts};
use super::refusal::Refusal;

/// The tools.
pub(super) const TOOLS: [&str; 6] = [
    "kafka-topics.sh",
    "kafka-console-producer.sh",
    "kafka-console-consumer.sh",
    "kafka-consumer-groups.sh",
    "kafka-get-offsets.sh",
    "kafka-configs.sh",
];

/// Which tool a line calls.
pub(super) fn tool_of(word: &str) -> Option<&'static str> {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let bare = name.trim_end_matches(".sh").trim_end_matches(".bat");
    TOOLS.into_iter().find(|tool| tool.trim_end_matches(".sh") == bare)
}

/// Reads a line that calls a tool. Returns the command and what to note.
pub(super) fn read(tool: &str, words: &[String]) -> Result<(Command, Vec<String>), Refusal> {
    let read = |allowed: Allowed, command: fn(&Options) -> Result<Command, Refusal>| {
        let options = Options::read(words, allowed)?;
        if let Some(word) = options.words.first() {
            return Err(Refusal::malformed(format!("`{word}` belongs to no option of {tool}")));
        }
        Ok((command(&options)?, options.notes))
    };
    match tool {
        "kafka-topics.sh" => read(TOPICS, topics),
        "kafka-console-producer.sh" => read(PRODUCER, producer),
        "kafka-console-consumer.sh" => read(CONSUMER, consumer),
        "kafka-consumer-groups.sh" => read(GROUPS, groups),
        "kafka-get-offsets.sh" => read(OFFSETS, offsets),
        _ => read(CONFIGS, configs),
    }
}

const TOPICS: Allowed = Allowed {
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
    ],
    ignored: &[],
};

fn topics(options: &Options) -> Result<Command, Refusal> {
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
        "describe" => {
            let troubles = [
                ("under-replicated-partitions", Trouble::UnderReplicated),
                ("unavailable-partitions", Trouble::Unavailable),
                ("under-min-isr-partitions", Trouble::UnderMinIsr),
            ];
            let only = troubles.into_iter().find(|(option, _)| options.has(option)).map(|(_, trouble)| trouble);
            Ok(Command::DescribeTopics(options.get("topic").map(str::to_owned), only))
        }
        "list" => Ok(Command::ListTopics),
        "delete" => Ok(Command::DeleteTopic { topic: topic()?, if_there: options.has("if-exists") }),
        _ => Ok(Command::GrowTopic { topic: topic()?, partitions: options.need("partitions")?.to_owned() }),
    }
}

const PRODUCER: Allowed = Allowed {
    valued: &["topic", "property", "reader-property"],
    bare: &[],
    ignored: &[
        "producer-property",
        "command-property",
        "request-required-acks",
        "sync",
        "timeout",
        "batch-size",
        "compression-codec",
    ],
};

fn producer(options: &Options) -> Result<Command, Refusal> {
    let property = |name: &str| property(options, &["property", "reader-property"], name);
    let has_key = property("parse.key").is_some_and(|value| value == "true");
    let separator = has_key.then(|| property("key.separator").unwrap_or_else(|| "\t".to_owned()));
    Ok(Command::ProduceLines { topic: options.need("topic")?.to_owned(), separator })
}

const CONSUMER: Allowed = Allowed {
    valued: &["topic", "group", "partition", "offset", "max-messages", "property", "formatter-property"],
    bare: &["from-beginning"],
    ignored: &["timeout-ms", "consumer-property", "command-property", "isolation-level", "formatter"],
};

fn consumer(options: &Options) -> Result<Command, Refusal> {
    let property = |name: &str| property(options, &["property", "formatter-property"], name);
    let prints = |name: &str| property(&format!("print.{name}")).is_some_and(|value| value == "true");
    Ok(Command::Consume(Reading {
        topic: options.need("topic")?.to_owned(),
        group: options.get("group").map(str::to_owned),
        from_beginning: options.has("from-beginning"),
        partition: options.number("partition")?,
        offset: options.get("offset").map(str::to_owned),
        max: options.number("max-messages")?,
        shows: RecordShows::Console {
            timestamp: prints("timestamp"),
            partition: prints("partition"),
            offset: prints("offset"),
            key: prints("key"),
            separator: property("key.separator").unwrap_or_else(|| "\t".to_owned()),
        },
    }))
}

const GROUPS: Allowed = Allowed {
    valued: &["group", "topic", "to-offset", "shift-by", "to-datetime", "by-duration"],
    bare: &[
        "list",
        "describe",
        "delete",
        "reset-offsets",
        "delete-offsets",
        "members",
        "state",
        "offsets",
        "verbose",
        "execute",
        "dry-run",
        "to-earliest",
        "to-latest",
        "to-current",
        "all-groups",
        "all-topics",
    ],
    ignored: &["timeout"],
};

/// Kafka differs: its tool takes several groups and topics in one line; here each has a line of its own.
fn groups(options: &Options) -> Result<Command, Refusal> {
    for option in ["group", "topic"] {
        if options.all(option).count() > 1 {
            return Err(Refusal::malformed(format!("--{option} is taken once here: write a line for each")));
        }
    }
    let group = || options.need("group").map(str::to_owned);
    match action(options, &["list", "describe", "delete", "reset-offsets", "delete-offsets"])? {
        "list" => Ok(Command::ListGroups),
        "describe" => {
            let shows = match (options.has("members"), options.has("state")) {
                (true, _) => GroupShows::Members,
                (false, true) => GroupShows::State,
                (false, false) => GroupShows::Offsets,
            };
            let group = if options.has("all-groups") { None } else { Some(group()?) };
            Ok(Command::DescribeGroup { group, shows })
        }
        "delete" => Ok(Command::DeleteGroup(group()?)),
        "reset-offsets" => {
            let topic = if options.has("all-topics") { None } else { Some(options.need("topic")?) };
            Ok(Command::ResetOffsets(reset(options, &group()?, topic, options.has("execute"))?))
        }
        _ => Ok(Command::DeleteOffsets { group: group()?, topic: options.need("topic")?.to_owned() }),
    }
}

const OFFSETS: Allowed = Allowed { valued: &["topic", "time"], bare: &[], ignored: &[] };

fn offsets(options: &Options) -> Result<Command, Refusal> {
    let at = match options.get("time") {
        None | Some("-1" | "latest") => OffsetsAt::End,
        Some("-2" | "earliest") => OffsetsAt::Start,
        Some(time) => match time.parse() {
            Ok(ms) if ms >= 0 => OffsetsAt::Time(Timestamp(ms)),
            Ok(_) | Err(_) => {
                let wrong = format!("--time is latest (-1), earliest (-2) or ms since 1970 here, and not `{time}`");
                return Err(Refusal::malformed(wrong));
            }
        },
    };
    Ok(Command::GetOffsets { topic: options.need("topic")?.to_owned(), at })
}

const CONFIGS: Allowed = Allowed {
    valued: &["entity-type", "entity-name", "topic", "broker", "add-config", "delete-config"],
    bare: &["alter", "describe", "all", "entity-default"],
    ignored: &[],
};

fn configs(options: &Options) -> Result<Command, Refusal> {
    let resource = match (options.get("topic"), options.get("broker"), options.get("entity-type")) {
        (Some(topic), None, None) => format!("topic {topic}"),
        (None, Some(broker), None) => format!("broker {broker}"),
        (None, None, Some("topics")) => format!("topic {}", options.need("entity-name")?),
        (None, None, Some("brokers")) => match options.get("entity-name") {
            Some(broker) => format!("broker {broker}"),
            None if options.has("entity-default") => "cluster".to_owned(),
            None => return Err(Refusal::malformed("--entity-name or --entity-default is missing")),
        },
        _ => return Err(Refusal::malformed("--entity-type is topics or brokers here, with one --entity-name")),
    };
    match action(options, &["alter", "describe"])? {
        "alter" => {
            let set = options.all("add-config").map(pairs).collect::<Result<Vec<_>, _>>()?.concat();
            let unset: Vec<_> = options.all("delete-config").flat_map(parts).map(str::to_owned).collect();
            Ok(Command::AlterConfigs { resource, set, unset })
        }
        _ => Ok(Command::DescribeConfigs { resource, all: options.has("all") }),
    }
}

/// The one action that a tool is told.
fn action(options: &Options, actions: &[&'static str]) -> Result<&'static str, Refusal> {
    let mut given = actions.iter().copied().filter(|action| options.has(action));
    match (given.next(), given.next()) {
        (Some(action), None) => Ok(action),
        _ => {
            let all = actions.iter().map(|action| format!("--{action}")).collect::<Vec<_>>().join(", ");
            Err(Refusal::malformed(format!("exactly one of {all} is wanted")))
        }
    }
}

/// The value of `--property name=value`.
fn property(options: &Options, lists: &[&str], name: &str) -> Option<String> {
    let all = lists.iter().flat_map(|list| options.all(list));
    all.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<(Command, Vec<String>), Refusal> {
        let words = super::super::words::split(text)?;
        let tool = words.first().and_then(|word| tool_of(word)).ok_or_else(|| Refusal::malformed("no tool"))?;
        read(tool, words.get(1..).unwrap_or_default())
    }

    #[test]
    fn the_quickstart_of_kafka_is_read_as_it_stands() {
        let (command, notes) =
            line("bin/kafka-topics.sh --create --topic quickstart-events --bootstrap-server localhost:9092").expect("it is read");
        assert_eq!(notes.len(), 1);
        assert!(matches!(command, Command::CreateTopic { partitions, factor, .. } if partitions == "1" && factor == "1"));
        let (command, _) =
            line("kafka-console-producer --topic t --property parse.key=true --property key.separator=:").expect("read");
        assert_eq!(command, Command::ProduceLines { topic: "t".to_owned(), separator: Some(":".to_owned()) });
        assert!(line("kafka-topics.sh --create --describe --topic t").is_err());
        assert!(line("kafka-topics.sh --create t").is_err());
        let (command, _) = line("kafka-topics.sh --describe --under-replicated-partitions").expect("read");
        assert_eq!(command, Command::DescribeTopics(None, Some(Trouble::UnderReplicated)));
        let (command, _) = line("kafka-consumer-groups.sh --describe --all-groups").expect("read");
        assert_eq!(command, Command::DescribeGroup { group: None, shows: GroupShows::Offsets });
        let reset = "kafka-consumer-groups.sh --group g --reset-offsets --to-earliest --all-topics --execute";
        assert!(matches!(line(reset), Ok((Command::ResetOffsets(reset), _)) if reset.topic.is_none() && reset.is_executed));
        let (command, _) = line("kafka-get-offsets.sh --topic t --time -2").expect("read");
        assert_eq!(command, Command::GetOffsets { topic: "t".to_owned(), at: OffsetsAt::Start });
    }
}
