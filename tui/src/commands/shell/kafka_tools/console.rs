//! `kafka-console-producer.sh` and `kafka-console-consumer.sh`.
//!
//! A topic that a console producer writes to is made if it is not there. Kafka differs: a console consumer ends when it has read to
//! the end, and does not have a topic made that it would only wait in.

use super::properties::Properties;
use crate::commands::shell::command::{Command, Reading, RecordPart, RecordShows};
use crate::commands::shell::options::{Allowed, Options};
use crate::commands::shell::record_line::{HeaderMarks, LineMarks};
use crate::commands::shell::refusal::Refusal;

pub(super) const PRODUCER: Allowed = Allowed {
    valued: &["topic", "property", "reader-property"],
    bare: &["sync"],
    ignored: &[
        "producer-property",
        "command-property",
        "producer.config",
        "request-required-acks",
        "request-timeout-ms",
        "timeout",
        "batch-size",
        "compression-codec",
        "line-reader",
    ],
};

pub(super) fn producer(options: &mut Options) -> Result<Command, Refusal> {
    let mut properties = Properties::of(options, &["property", "reader-property"])?;
    let mut mark = |name: &str, unless_told: &str| properties.take(name).unwrap_or_else(|| unless_told.to_owned());
    let key = mark("key.separator", "\t");
    let headers = HeaderMarks {
        behind: mark("headers.delimiter", "\t"),
        between: mark("headers.separator", ","),
        within: mark("headers.key.separator", ":"),
    };
    let marks = LineMarks {
        key: properties.is_set("parse.key", false).then_some(key),
        headers: properties.is_set("parse.headers", false).then_some(headers),
        null: properties.take("null.marker"),
        is_lenient: properties.is_set("ignore.error", false),
    };
    properties.note_rest(options);
    if options.has("sync") {
        options.notes.push("note: --sync has no effect here: each record is waited for".to_owned());
    }
    Ok(Command::ProduceLines { topic: options.need("topic")?.to_owned(), marks })
}

pub(super) const CONSUMER: Allowed = Allowed {
    valued: &[
        "topic",
        "group",
        "partition",
        "offset",
        "max-messages",
        "property",
        "formatter-property",
        "consumer-property",
        "command-property",
    ],
    bare: &["from-beginning"],
    ignored: &["timeout-ms", "consumer.config", "isolation-level", "formatter", "formatter-config"],
};

/// The parts of a record in the order in which Kafka prints them, each with its property and whether it is printed untold.
const PARTS: [(RecordPart, &str, bool); 5] = [
    (RecordPart::Timestamp, "print.timestamp", false),
    (RecordPart::Partition, "print.partition", false),
    (RecordPart::Offset, "print.offset", false),
    (RecordPart::Key, "print.key", false),
    (RecordPart::Value, "print.value", true),
];

pub(super) fn consumer(options: &mut Options) -> Result<Command, Refusal> {
    let mut shown = Properties::of(options, &["property", "formatter-property"])?;
    let mut config = Properties::of(options, &["consumer-property", "command-property"])?;
    let parts = PARTS.into_iter().filter(|(_, name, unless_told)| shown.is_set(name, *unless_told)).map(|(part, ..)| part);
    let parts = parts.collect();
    let resets = config.take("auto.offset.reset").is_some_and(|word| word == "earliest");
    let reading = Reading {
        topic: options.need("topic")?.to_owned(),
        group: options.get("group").map(str::to_owned).or_else(|| config.take("group.id")),
        from_beginning: options.has("from-beginning") || resets,
        partition: options.number("partition")?,
        offset: options.get("offset").map(str::to_owned),
        max: options.number("max-messages")?,
        shows: RecordShows::Console {
            parts,
            separator: shown.take("key.separator").unwrap_or_else(|| "\t".to_owned()),
            line_end: shown.take("line.separator").unwrap_or_else(|| "\n".to_owned()),
            null: shown.take("null.literal").unwrap_or_else(|| "null".to_owned()),
        },
    };
    shown.note_rest(options);
    config.note_rest(options);
    Ok(Command::Consume(reading))
}
