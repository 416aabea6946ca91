//! `kafka-get-offsets.sh` and `kafka-delete-records.sh`: where partitions end, begin, or are to begin.

use std::path::PathBuf;

use tribunal::time::Timestamp;

use crate::commands::shell::command::{Command, OffsetsAt, PartitionsOf};
use crate::commands::shell::options::{Allowed, Options, parts};
use crate::commands::shell::refusal::Refusal;

pub(super) const ALLOWED: Allowed =
    Allowed { valued: &["topic", "partitions", "topic-partitions", "time"], bare: &["exclude-internal-topics"], ignored: &[] };

pub(super) fn read(options: &mut Options) -> Result<Command, Refusal> {
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
    let only = match (options.get("topic"), options.get("partitions"), options.get("topic-partitions")) {
        (None, None, Some(list)) => parts(list).into_iter().map(of_topic).collect::<Result<_, _>>()?,
        (topic, Some(list), None) => {
            let ranges = parts(list).into_iter().map(range).collect::<Result<Vec<_>, _>>()?;
            ranges.into_iter().map(|numbers| PartitionsOf { topic: topic.map(str::to_owned), numbers }).collect()
        }
        (Some(topic), None, None) => vec![PartitionsOf { topic: Some(topic.to_owned()), numbers: ALL }],
        (None, None, None) => vec![PartitionsOf { topic: None, numbers: ALL }],
        (_, _, Some(_)) => {
            return Err(Refusal::malformed("--topic-partitions stands for --topic and --partitions: take one or the other"));
        }
    };
    Ok(Command::GetOffsets { only, at, hides_internal: options.has("exclude-internal-topics") })
}

const ALL: (u32, u32) = (0, u32::MAX);

/// `orders`, `orders:1` or `orders:0-2` (the end excluded, as in Kafka).
fn of_topic(text: &str) -> Result<PartitionsOf, Refusal> {
    let (topic, numbers) = match text.rsplit_once(':') {
        Some((topic, numbers)) => (topic, range(numbers)?),
        None => (text, ALL),
    };
    Ok(PartitionsOf { topic: (!topic.is_empty()).then(|| topic.to_owned()), numbers })
}

/// `3`, `0-2`, `2-` or `-2`: from where, and up to where (excluded).
fn range(text: &str) -> Result<(u32, u32), Refusal> {
    let wrong = || Refusal::malformed(format!("`{text}` is no partition, and no range such as 0-2"));
    let number = |text: &str, unless_told: u32| if text.is_empty() { Ok(unless_told) } else { text.parse().map_err(|_| wrong()) };
    match text.split_once('-') {
        Some((from, until)) => Ok((number(from, 0)?, number(until, u32::MAX)?)),
        None => text.parse().map(|only: u32| (only, only.saturating_add(1))).map_err(|_| wrong()),
    }
}

pub(super) const DELETE_RECORDS: Allowed = Allowed { valued: &["offset-json-file"], bare: &[], ignored: &[] };

pub(super) fn delete_records(options: &mut Options) -> Result<Command, Refusal> {
    Ok(Command::DeleteRecords(PathBuf::from(options.need("offset-json-file")?)))
}
