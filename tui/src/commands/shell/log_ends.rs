//! Where logs end and begin: told as `kafka-get-offsets.sh` does, and moved as `kafka-delete-records.sh` does.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tribunal::error::ErrorCode;
use tribunal::event::is_internal;
use tribunal::ids::{Offset, PartitionIndex};
use tribunal::protocol::Response;
use tribunal::sim::live::Live;

use super::answers::{self, Ends};
use super::command::{OffsetsAt, PartitionsOf};
use super::refusal::Refusal;

/// Where partitions end, or begin, or reach a time, as Kafka's tool prints it: one that does not reach it is left out.
pub(super) fn offsets(live: &mut Live, only: &[PartitionsOf], at: OffsetsAt, hides_internal: bool) -> Result<String, Refusal> {
    let named = only.iter().filter_map(|of| of.topic.as_deref());
    let mut topics: Vec<String> = if only.iter().all(|of| of.topic.is_some()) {
        named.map(str::to_owned).collect()
    } else {
        answers::topics(live)?.into_iter().map(|topic| topic.name).collect()
    };
    topics.sort();
    topics.dedup();
    let mut text = String::new();
    for topic in topics.iter().filter(|topic| !(hides_internal && is_internal(topic))) {
        for (partition, offset) in offsets_of(live, topic, at)? {
            let is_it = |of: &PartitionsOf| {
                of.topic.as_ref().is_none_or(|of| of == topic) && (of.numbers.0..of.numbers.1).contains(&partition.0)
            };
            if only.iter().any(is_it) {
                text += &format!("{topic}:{}:{offset}\n", partition.0);
            }
        }
    }
    if text.is_empty() && at == OffsetsAt::End {
        return Err(Refusal::malformed("no topic and partition there is matches that"));
    }
    Ok(text)
}

fn offsets_of(live: &mut Live, topic: &str, at: OffsetsAt) -> Result<BTreeMap<PartitionIndex, Offset>, Refusal> {
    let bound = |ends: Ends| if at == OffsetsAt::Start { ends.start } else { ends.end };
    match at {
        OffsetsAt::Time(at) => answers::first_since(live, topic, at),
        OffsetsAt::Start | OffsetsAt::End => {
            let partitions = answers::bounds(live, topic)?.partitions;
            Ok(partitions.into_iter().map(|(partition, ends)| (partition, bound(ends))).collect())
        }
    }
}

/// Deletes what lies below the offsets that a file names. One that is refused does not hold up the others.
pub(super) fn delete_records(live: &mut Live, file: &Path) -> Result<String, Refusal> {
    let wanted = read(file)?;
    let mut text = "Executing records delete operation\nRecords delete operation completed:\n".to_owned();
    for (topic, partition, offset) in wanted {
        answers::legal_topic(&topic)?;
        let offset = offset.map_or_else(|| "end".to_owned(), |offset| offset.to_string());
        let place = format!("{topic}-{partition}");
        let order = format!("delete-records {place} to {offset}");
        text += &match answers::order(live, &order, &place, ErrorCode::UnknownTopicOrPartition) {
            Ok(responses) => format!("partition: {place}\tlow_watermark: {}\n", low_watermark(&responses)),
            Err(refusal) => format!("partition: {place}\terror: {}\n", refusal.to_string().trim_start_matches("ERROR ")),
        };
    }
    Ok(text)
}

fn low_watermark(responses: &[Response]) -> String {
    let deleted = responses.iter().rev().find_map(|response| match response {
        Response::DeleteRecords(deleted) => deleted.partitions.first().and_then(|(_, low)| low.ok()),
        _ => None,
    });
    deleted.map_or_else(|| "-".to_owned(), |low| low.to_string())
}

/// Reads `{"partitions": [{"topic": "orders", "partition": 0, "offset": 3}], "version": 1}`; the offset -1 is the end (`None`).
fn read(file: &Path) -> Result<Vec<(String, u64, Option<u64>)>, Refusal> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Refusal::malformed(format!("{name} cannot be read: {error}")))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| Refusal::malformed(format!("{name} is no JSON: {error}")))?;
    let partitions = json.get("partitions").and_then(Value::as_array);
    let partitions = partitions.ok_or_else(|| Refusal::malformed(format!("{name} has no list of `partitions`")))?;
    let one = |item: &Value| {
        let topic = item.get("topic").and_then(Value::as_str)?.to_owned();
        let partition = item.get("partition").and_then(Value::as_u64)?;
        let offset = item.get("offset").and_then(Value::as_i64).filter(|offset| *offset >= -1)?;
        Some((topic, partition, u64::try_from(offset).ok()))
    };
    let wrong =
        |item: &Value| Refusal::malformed(format!("{name}: {item} wants a topic, a partition and an offset (-1 is the end)"));
    partitions.iter().map(|item| one(item).ok_or_else(|| wrong(item))).collect()
}
