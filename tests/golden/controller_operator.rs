//! What operators ask in the controller's scripts, and what they are answered.

use std::collections::BTreeMap;

use goldenscript::ArgumentConsumer;
use tribunal::config::Variants;
use tribunal::ids::{BrokerEpoch, BrokerId, PartitionIndex};
use tribunal::protocol::{
    AllocateProducerIdsRequest, AlterPartitionReassignmentsRequest, ConfigChange, ConfigResource, CreatePartitionsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, ElectionType, IncrementalAlterConfigsRequest, ItemsDone, MorePartitions,
    NamedPartition, Reassignment, Request, Response, UpdateFeaturesRequest,
};
use tribunal::time::Duration;

use super::{Outcome, broker};

const TIMEOUT: Duration = Duration::from_secs(3);

/// The request of a command.
pub(super) fn request(name: &str, args: &mut ArgumentConsumer<'_>, epochs: &BTreeMap<BrokerId, BrokerEpoch>) -> Outcome<Request> {
    Ok(match name {
        "delete" => DeleteTopicsRequest { topics: rest(args), timeout: TIMEOUT }.into(),
        "add-partitions" => {
            let count = args.take_key("to").ok_or("how many?")?.parse()?;
            let assignment = lists(args.take_key("assignment").unwrap_or_default())?;
            let more = |topic| MorePartitions { topic, count, assignment: assignment.clone() };
            CreatePartitionsRequest { topics: rest(args).into_iter().map(more).collect(), timeout: TIMEOUT }.into()
        }
        "reassign" | "cancel" => {
            let to = args.take_key("to").map(|text| text.split(',').filter(|id| !id.is_empty()).map(broker).collect());
            let replicas: Option<Vec<BrokerId>> = to.transpose()?;
            let mut partitions = Vec::new();
            while let Some(name) = args.next_pos() {
                partitions.push(Reassignment { partition: named(name)?, replicas: replicas.clone() });
            }
            AlterPartitionReassignmentsRequest { partitions, timeout: TIMEOUT }.into()
        }
        "elect" => {
            let kind = match args.next_pos() {
                Some("preferred") => ElectionType::Preferred,
                Some("unclean") => ElectionType::Unclean,
                other => return Err(format!("no such election: {other:?}").into()),
            };
            let names = rest(args);
            let is_all = names.iter().any(|name| name == "all");
            let named = names.iter().filter(|_| !is_all).map(|name| named(name)).collect::<Outcome<Vec<_>>>()?;
            ElectLeadersRequest { kind, partitions: (!is_all).then_some(named), timeout: TIMEOUT }.into()
        }
        "set" | "unset" => {
            let resource = resource(args.next_pos().ok_or("whose?")?)?;
            let mut changes = Vec::new();
            while let Some((key, value)) = args.next_key() {
                changes.push(ConfigChange { resource: resource.clone(), key: key.to_owned(), value: Some(value.to_owned()) });
            }
            for key in rest(args) {
                changes.push(ConfigChange { resource: resource.clone(), key, value: None });
            }
            IncrementalAlterConfigsRequest { changes }.into()
        }
        "feature" => {
            let mut updates = Vec::new();
            while let Some((name, level)) = args.next_key() {
                updates.push((name.to_owned(), level_of(name, level)?));
            }
            UpdateFeaturesRequest { updates }.into()
        }
        "producer-ids" => {
            let broker = broker(args.next_pos().ok_or("for whom?")?)?;
            let known = epochs.get(&broker).copied().unwrap_or_default();
            let broker_epoch = args.take_key("broker-epoch").map(str::parse).transpose()?.map_or(known, BrokerEpoch);
            AllocateProducerIdsRequest { broker, broker_epoch }.into()
        }
        other => return Err(format!("unknown command {other}").into()),
    })
}

/// How an operator's request was answered.
pub(super) fn answer(response: &Response) -> String {
    match response {
        Response::DeleteTopics(told) => items(&told.0),
        Response::CreatePartitions(told) => items(&told.0),
        Response::AlterPartitionReassignments(told) => items(&told.0),
        Response::ElectLeaders(told) => items(&told.0),
        Response::IncrementalAlterConfigs(told) => items(&told.0),
        Response::UpdateFeatures(told) => items(&told.0),
        Response::AllocateProducerIds(told) => match told.result {
            Ok((first, count)) => format!("{count} producer ids from {first}"),
            Err(code) => code.to_string(),
        },
        other => other.facts().error.map_or_else(|| "done".to_owned(), |code| code.to_string()),
    }
}

/// The words that are left.
pub(super) fn rest(args: &mut ArgumentConsumer<'_>) -> Vec<String> {
    std::iter::from_fn(|| args.next_pos().map(str::to_owned)).collect()
}

fn items(done: &ItemsDone) -> String {
    let of = |(name, error): &(String, Option<tribunal::error::ErrorCode>)| match error {
        Some(code) => format!("{name} {code}"),
        None => format!("{name} done"),
    };
    match done.error {
        Some(code) => code.to_string(),
        None if done.items.is_empty() => "nothing to do".to_owned(),
        None => done.items.iter().map(of).collect::<Vec<_>>().join("; "),
    }
}

/// A level by its number, or by the word of the variant.
fn level_of(name: &str, text: &str) -> Outcome<u16> {
    if let Ok(level) = text.parse() {
        return Ok(level);
    }
    let mut variants = Variants::default();
    variants.set(name, text)?;
    Ok(variants.level(name).ok_or("no level")?)
}

fn resource(text: &str) -> Outcome<ConfigResource> {
    Ok(match text.split_once(':') {
        Some(("topic", name)) => ConfigResource::Topic(name.to_owned()),
        Some(("broker", id)) => ConfigResource::Broker(broker(id)?),
        _ if text == "cluster" => ConfigResource::Cluster,
        _ => return Err(format!("whose configuration is {text}?").into()),
    })
}

fn named(name: &str) -> Outcome<NamedPartition> {
    let (topic, index) = name.rsplit_once('-').ok_or("a partition is topic-index")?;
    Ok(NamedPartition { topic: topic.to_owned(), partition: PartitionIndex(index.parse()?) })
}

fn lists(text: &str) -> Outcome<Vec<Vec<BrokerId>>> {
    text.split(';').filter(|list| !list.is_empty()).map(|list| list.split(',').map(broker).collect()).collect()
}
