//! What the administrator was told, found in the responses he got.

use std::collections::BTreeMap;

use tribunal::error::ErrorCode;
use tribunal::ids::{BrokerId, Offset, PartitionIndex, TopicId};
use tribunal::protocol::{DescribedConfig, DescribedGroup, FetchedOffset, MetadataTopic, NamedPartition, Response};
use tribunal::sim::live::{Answer, Live};
use tribunal::time::Timestamp;

use super::refusal::Refusal;

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) start: Offset,
    pub(super) end: Offset,
}

/// The partitions of a topic, and where each begins and ends.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) topic: TopicId,
    pub(super) partitions: BTreeMap<PartitionIndex, Ends>,
}

/// Gives the administrator an order about `what`. `unread` is the code when its words cannot even be read.
/// Errors: Kafka's refusal.
pub(super) fn order(live: &mut Live, words: &str, what: &str, unread: ErrorCode) -> Result<Vec<Response>, Refusal> {
    let Answer { code, responses } = live.order(words).map_err(|mistake| Refusal::unread(unread, &mistake))?;
    match code {
        None => Ok(responses),
        Some(code) => Err(Refusal::of(code, what)),
    }
}

/// Asks for a topic's partitions.
pub(super) fn topic(live: &mut Live, topic: &str) -> Result<MetadataTopic, Refusal> {
    legal_topic(topic)?;
    let responses = order(live, &format!("describe-topic {topic}"), topic, ErrorCode::InvalidTopicException)?;
    let found = responses.iter().rev().find_map(|response| match response {
        Response::Metadata(metadata) => metadata.topics.iter().find(|told| told.name == topic && told.error.is_none()).cloned(),
        _ => None,
    });
    found.ok_or_else(|| Refusal::of(ErrorCode::UnknownTopicOrPartition, topic))
}

/// Asks for all topics, in the order of their names.
pub(super) fn topics(live: &mut Live) -> Result<Vec<MetadataTopic>, Refusal> {
    let responses = order(live, "list-topics", "the topics", ErrorCode::InvalidRequest)?;
    let found = responses.into_iter().rev().find_map(|response| match response {
        Response::Metadata(metadata) => Some(metadata.topics),
        _ => None,
    });
    let mut topics = found.unwrap_or_default();
    topics.retain(|topic| topic.error.is_none());
    topics.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(topics)
}

/// Asks where the partitions of a topic begin and end.
pub(super) fn bounds(live: &mut Live, topic: &str) -> Result<Bounds, Refusal> {
    legal_topic(topic)?;
    let responses = order(live, &format!("list-offsets {topic}"), topic, ErrorCode::InvalidTopicException)?;
    let mut id = None;
    let mut found: BTreeMap<PartitionIndex, Vec<Offset>> = BTreeMap::new();
    for response in responses {
        match response {
            Response::Metadata(metadata) => {
                id = metadata.topics.iter().find(|told| told.name == topic).map(|told| told.id).or(id);
            }
            Response::ListOffsets(listed) => {
                for listed in listed.partitions {
                    found.entry(listed.partition.partition).or_default().extend(listed.offset);
                }
            }
            _ => {}
        }
    }
    // Every partition's beginning was asked for before its end.
    let ends = |offsets: Vec<Offset>| match offsets[..] {
        [.., start, end] => Ends { start, end },
        [] | [_] => Ends { start: Offset::ZERO, end: Offset::ZERO },
    };
    let topic = id.ok_or_else(|| Refusal::of(ErrorCode::UnknownTopicOrPartition, topic))?;
    Ok(Bounds { topic, partitions: found.into_iter().map(|(partition, offsets)| (partition, ends(offsets))).collect() })
}

/// Asks for the first record of each partition of a topic that is not older than this; a partition without one is left out.
pub(super) fn first_since(live: &mut Live, topic: &str, at: Timestamp) -> Result<BTreeMap<PartitionIndex, Offset>, Refusal> {
    legal_topic(topic)?;
    let ms = at.0.max(0); // less has other meanings
    let responses = order(live, &format!("list-offsets {topic} {ms}"), topic, ErrorCode::InvalidTopicException)?;
    let listed = responses.into_iter().filter_map(|response| match response {
        Response::ListOffsets(listed) => Some(listed.partitions),
        _ => None,
    });
    // That is the last question about each of them.
    let last: BTreeMap<_, _> = listed.flatten().map(|listed| (listed.partition.partition, listed.offset)).collect();
    Ok(last.into_iter().filter_map(|(partition, offset)| Some((partition, offset?))).collect())
}

/// Asks for a group: who coordinates it, and what it is doing.
pub(super) fn group(live: &mut Live, group: &str) -> Result<(Option<BrokerId>, DescribedGroup), Refusal> {
    legal_group(group)?;
    let responses = order(live, &format!("describe-group {group}"), group, ErrorCode::InvalidGroupId)?;
    let coordinator = responses.iter().rev().find_map(|response| match response {
        Response::FindCoordinator(found) => found.coordinators.first().and_then(|(_, result)| result.ok()),
        _ => None,
    });
    let described = responses.into_iter().rev().find_map(|response| match response {
        Response::DescribeGroups(told) => told.groups.into_iter().find_map(|(_, result)| result.ok()),
        Response::ConsumerGroupDescribe(told) => told.groups.into_iter().find_map(|(_, result)| result.ok()),
        _ => None,
    });
    let described = described.ok_or_else(|| Refusal::of(ErrorCode::GroupIdNotFound, group))?;
    Ok((coordinator, described))
}

/// Asks what a group has committed.
pub(super) fn committed(live: &mut Live, group: &str) -> Result<BTreeMap<(String, PartitionIndex), Offset>, Refusal> {
    let responses = order(live, &format!("group-offsets {group}"), group, ErrorCode::InvalidGroupId)?;
    let fetched = responses.into_iter().rev().find_map(|response| match response {
        Response::OffsetFetch(fetched) => Some(fetched.partitions),
        _ => None,
    });
    let known = |fetched: FetchedOffset| {
        let NamedPartition { topic, partition } = fetched.partition;
        fetched.offset.map(|offset| ((topic, partition), offset))
    };
    Ok(fetched.unwrap_or_default().into_iter().filter_map(known).collect())
}

/// Asks how something is configured.
pub(super) fn configs(live: &mut Live, resource: &str) -> Result<Vec<DescribedConfig>, Refusal> {
    let responses = order(live, &format!("describe-configs {resource}"), resource, ErrorCode::InvalidRequest)?;
    let found = responses.into_iter().rev().find_map(|response| match response {
        Response::DescribeConfigs(told) => told.result.ok(),
        _ => None,
    });
    Ok(found.unwrap_or_default())
}

/// Kafka's rule for names of topics.
pub(super) fn legal_topic(topic: &str) -> Result<(), Refusal> {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    if !topic.is_empty() && topic != "." && topic != ".." && topic.len() <= 249 && topic.chars().all(is_legal) {
        return Ok(());
    }
    let rule = "Kafka takes 1 to 249 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`";
    Err(Refusal::new(ErrorCode::InvalidTopicException, format!("`{topic}` is no name for a topic: {rule}")))
}

/// A group is called by one word here.
pub(super) fn legal_group(group: &str) -> Result<(), Refusal> {
    if !group.is_empty() && !group.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::InvalidGroupId, format!("`{group}` is no name for a group: one word is wanted")))
}
