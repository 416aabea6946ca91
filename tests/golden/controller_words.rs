//! How the controller's scripts write down what was told, answered and decided.

use std::fmt::Write as _;

use tribunal::controller::image::MetadataImage;
use tribunal::event::{ControllerFact, PartitionFacts};
use tribunal::ids::BrokerId;
use tribunal::protocol::Response;

use super::operator;

fn who(broker: Option<BrokerId>) -> String {
    broker.map_or("nobody".to_owned(), |broker| broker.to_string())
}

fn state(facts: &PartitionFacts) -> String {
    let replicas = facts.replicas.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    let PartitionFacts { leader, epoch, partition_epoch, isr, elr, last_known_elr, adding, removing, .. } = facts;
    let sets = [("elr", elr), ("last-known", last_known_elr), ("adding", adding), ("removing", removing)];
    let more: String = sets.iter().filter(|(_, set)| !set.is_empty()).map(|(name, set)| format!(" {name} {set}")).collect();
    format!("{} leads {epoch} {partition_epoch} isr {isr} replicas [{replicas}]{more}", who(*leader))
}

pub(super) fn decision(fact: &ControllerFact) -> String {
    match fact {
        ControllerFact::BrokerRegistered { broker, incarnation, epoch, rack } => {
            let rack = rack.as_ref().map_or(String::new(), |rack| format!(", rack {rack}"));
            format!("{broker}{incarnation} registered, broker epoch {epoch}{rack}")
        }
        ControllerFact::RegistrationRefused { broker, incarnation, code } => {
            format!("{broker}{incarnation} may not register: {code}")
        }
        ControllerFact::BrokerFenced { broker, .. } => format!("{broker} fenced"),
        ControllerFact::BrokerUnfenced { broker, .. } => format!("{broker} unfenced"),
        ControllerFact::BrokerShuttingDown { broker, .. } => format!("{broker} is shutting down"),
        ControllerFact::TopicCreated { topic } => {
            let set: String = topic.config.iter().map(|(key, value)| format!(" {key}={value}")).collect();
            format!("{} created: {} x{} replicas, {}{set}", topic.name, topic.partitions, topic.replication_factor, topic.id)
        }
        ControllerFact::PartitionChanged { partition, now } => format!("{partition}: {}", state(now)),
        ControllerFact::LeaderElected { partition, from, leader, epoch, clean } => {
            let clean = if *clean { "" } else { ", UNCLEAN" };
            format!("{partition}: from {} to {} in {epoch}{clean}", who(*from), who(*leader))
        }
        ControllerFact::AlterPartitionRefused { partition, leader, code } => format!("{partition}: {leader}'s ISR refused: {code}"),
        ControllerFact::AdminRefused { code } => format!("refused: {code}"),
        ControllerFact::UncleanShutdownFound { broker, .. } => format!("{broker} was not shut down in order"),
        ControllerFact::TopicDeleted { topic } => format!("{topic} deleted"),
        ControllerFact::PartitionsAdded { topic, partitions } => format!("{topic} has {partitions} partitions"),
        ControllerFact::ConfigChanged { change } => {
            let value = change.value.as_deref().unwrap_or("unset");
            format!("config of {}: {} = {value}", change.resource, change.key)
        }
        ControllerFact::FeatureChanged { feature, level } => format!("feature {feature} at {level}"),
        ControllerFact::ProducerIdsAllocated { broker, first, count } => format!("{broker} has {count} producer ids from {first}"),
        ControllerFact::ReassignmentStarted { partition, adding, removing } => {
            format!("{partition}: move begins, adding {adding} removing {removing}")
        }
        ControllerFact::ReassignmentCompleted { partition } => format!("{partition}: move complete"),
        ControllerFact::ReassignmentCancelled { partition } => format!("{partition}: move called off"),
        ControllerFact::ControllerActivated { epoch } => format!("active from {epoch}"),
        ControllerFact::ControllerDeactivated { epoch } => format!("not active any more, was from {epoch}"),
    }
}

pub(super) fn answer(response: &Response) -> String {
    match response {
        Response::BrokerRegistration(told) => match told.result {
            Ok(epoch) => format!("registered, broker epoch {epoch}"),
            Err(code) => code.to_string(),
        },
        Response::BrokerHeartbeat(told) => {
            let words = [(told.is_caught_up, "caught-up"), (told.is_fenced, "fenced"), (told.should_shut_down, "shut-down-now")];
            let said: Vec<&str> = words.iter().filter_map(|(holds, word)| holds.then_some(*word)).collect();
            told.error.map_or(format!("heartbeat [{}]", said.join(" ")), |code| code.to_string())
        }
        Response::AlterPartition(told) => {
            let of = |item: &tribunal::protocol::AlteredPartition| match item.result {
                Ok(now) => format!("{} leads {} {} isr {}", who(now.leader), now.leader_epoch, now.partition_epoch, now.isr),
                Err(code) => code.to_string(),
            };
            told.error.map_or_else(|| told.partitions.iter().map(of).collect::<Vec<_>>().join("; "), |code| code.to_string())
        }
        Response::CreateTopics(told) => {
            let of = |topic: &tribunal::protocol::CreatedTopic| match topic.result {
                Ok(id) => format!("{} is {id}", topic.name),
                Err(code) => format!("{} {code}", topic.name),
            };
            told.topics.iter().map(of).collect::<Vec<_>>().join("; ")
        }
        Response::Fetch(told) => {
            let Some(item) = told.partitions.first() else { return format!("{:?}", told.error) };
            let leads = item.current_leader.map_or(String::new(), |now| format!(", {} leads {}", now.leader, now.epoch));
            match (item.error, item.diverging_epoch) {
                (Some(code), _) => format!("{code}{leads}"),
                (None, Some(part)) => format!("logs part: {} ends at {}", part.epoch, part.end_offset),
                (None, None) => format!("{} batches, high watermark {}", item.batches.len(), item.high_watermark),
            }
        }
        other => operator::answer(other),
    }
}

pub(super) fn picture(image: &MetadataImage) -> String {
    let mut out = String::new();
    for (id, broker) in image.brokers() {
        let how = match (broker.fenced, broker.in_controlled_shutdown) {
            (true, _) => "fenced",
            (false, true) => "shutting down",
            (false, false) => "unfenced",
        };
        writeln!(out, "{id}{} epoch {} {how}", broker.incarnation, broker.epoch).expect("a String takes all");
    }
    for (partition, facts) in image.partitions() {
        let name = image.topic(partition.topic).map_or("?", |topic| &topic.name);
        writeln!(out, "{name}-{}: {}", partition.partition, state(facts)).expect("a String takes all");
    }
    out
}
