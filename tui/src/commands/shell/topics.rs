//! Topics: made, described in Kafka's columns, grown, deleted.

use tribunal::error::ErrorCode;
use tribunal::event::is_internal;
use tribunal::ids::{BrokerId, ProcessId};
use tribunal::protocol::{ConfigSource, MetadataPartition, MetadataTopic};
use tribunal::sim::live::Live;

use super::answers;
use super::command::{TopicsShown, Trouble};
use super::refusal::Refusal;

/// A topic to be made.
pub(super) struct NewTopic<'t> {
    pub(super) topic: &'t str,
    pub(super) partitions: &'t str,
    pub(super) factor: &'t str,
    pub(super) configs: &'t [(String, String)],
    pub(super) if_missing: bool,
}

/// Makes a topic.
pub(super) fn create(live: &mut Live, new: &NewTopic<'_>) -> Result<String, Refusal> {
    let NewTopic { topic, partitions, factor, configs, if_missing } = *new;
    answers::legal_topic(topic)?;
    let partitions = count(partitions, "partitions", ErrorCode::InvalidPartitions)?;
    let factor = count(factor, "replicas", ErrorCode::InvalidReplicationFactor)?;
    let brokers = live.servers().filter(|(process, _)| matches!(process, ProcessId::Broker(_))).count();
    if usize::from(factor) > brokers {
        let wrong = format!("replication factor {factor} is larger than the number of brokers, {brokers}");
        return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, wrong));
    }
    let configs: String = configs.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    let words = format!("create-topic {topic} partitions={partitions} replication-factor={factor}{configs}");
    let answer = live.order(&words).map_err(|mistake| Refusal::unread(ErrorCode::InvalidConfig, &mistake))?;
    match answer.code {
        None => Ok(format!("Created topic {topic}.")),
        Some(ErrorCode::TopicAlreadyExists) if if_missing => Ok(String::new()),
        Some(ErrorCode::TopicAlreadyExists) => {
            Err(Refusal::new(ErrorCode::TopicAlreadyExists, format!("Topic '{topic}' already exists.")))
        }
        Some(code) => Err(Refusal::of(code, topic)),
    }
}

fn count(text: &str, what: &str, code: ErrorCode) -> Result<u16, Refusal> {
    let number = text.parse::<u16>().ok().filter(|number| (1..=10_000).contains(number));
    number.ok_or_else(|| Refusal::new(code, format!("the number of {what} is a whole number from 1 on, and not `{text}`")))
}

/// Describes one topic, or all of them.
pub(super) fn describe(live: &mut Live, shown: &TopicsShown) -> Result<String, Refusal> {
    let mut topics = match &shown.topic {
        Some(name) => vec![answers::topic(live, name)?],
        None => answers::topics(live)?,
    };
    topics.retain(|topic| !(shown.hides_internal && is_internal(&topic.name)));
    let mut text = String::new();
    for topic in &topics {
        let configs = answers::configs(live, &format!("topic {}", topic.name))?;
        let own = configs.iter().filter(|config| config.source == ConfigSource::Topic);
        let own: Vec<_> = own.map(|config| format!("{}={}", config.key, config.value)).collect();
        let lines = |is_meant: &dyn Fn(&MetadataPartition) -> bool| -> String {
            topic.partitions.iter().filter(|line| is_meant(line)).map(|line| partition_line(&topic.name, line)).collect()
        };
        text += &match shown.only {
            Some(trouble) => {
                let min_isr = configs.iter().find(|config| config.key == "min.insync.replicas");
                let min_isr = min_isr.and_then(|config| config.value.parse().ok()).unwrap_or(1);
                lines(&|partition| is_in(trouble, partition, min_isr))
            }
            None if shown.with_overrides && own.is_empty() => String::new(),
            None if shown.with_overrides => topic_line(topic, &own.join(",")),
            None => topic_line(topic, &own.join(",")) + &lines(&|_| true),
        };
    }
    Ok(text)
}

/// A topic in Kafka's columns.
fn topic_line(topic: &MetadataTopic, configs: &str) -> String {
    let factor = topic.partitions.first().map_or(0, |partition| partition.replicas.len());
    let (name, id, count) = (&topic.name, topic.id, topic.partitions.len());
    format!("Topic: {name}\tTopicId: {id}\tPartitionCount: {count}\tReplicationFactor: {factor}\tConfigs: {configs}\n")
}

/// Whether a partition is in this trouble.
fn is_in(trouble: Trouble, partition: &MetadataPartition, min_isr: usize) -> bool {
    match trouble {
        Trouble::UnderReplicated => partition.isr.len() < partition.replicas.len(),
        Trouble::Unavailable => partition.leader.is_none(),
        Trouble::UnderMinIsr => partition.isr.len() < min_isr,
        Trouble::AtMinIsr => partition.isr.len() == min_isr,
    }
}

fn partition_line(topic: &str, partition: &MetadataPartition) -> String {
    let leader = partition.leader.map_or_else(|| "none".to_owned(), |leader| leader.0.to_string());
    // Kafka lists the ISR in the order of the replicas, as the controller keeps it.
    let isr: Vec<BrokerId> = partition.replicas.iter().copied().filter(|broker| partition.isr.contains(*broker)).collect();
    let (index, replicas, isr) = (partition.partition.0, numbers(&partition.replicas), numbers(&isr));
    format!(
        "\tTopic: {topic}\tPartition: {index}\tLeader: {leader}\tReplicas: {replicas}\tIsr: {isr}\tElr: N/A\tLastKnownElr: N/A\n"
    )
}

fn numbers(brokers: &[BrokerId]) -> String {
    brokers.iter().map(|broker| broker.0.to_string()).collect::<Vec<_>>().join(",")
}

/// The names of all topics, or of all but Kafka's own.
pub(super) fn list(live: &mut Live, hides_internal: bool) -> Result<String, Refusal> {
    let topics = answers::topics(live)?;
    let shown = topics.iter().filter(|topic| !(hides_internal && is_internal(&topic.name)));
    Ok(shown.map(|topic| format!("{}\n", topic.name)).collect())
}

/// Deletes a topic.
pub(super) fn delete(live: &mut Live, topic: &str, if_there: bool) -> Result<String, Refusal> {
    answers::legal_topic(topic)?;
    let answer =
        live.order(&format!("delete-topic {topic}")).map_err(|mistake| Refusal::unread(ErrorCode::InvalidRequest, &mistake))?;
    match answer.code {
        None => Ok(format!("Deleted topic {topic}.")),
        Some(ErrorCode::UnknownTopicOrPartition) if if_there => Ok(String::new()),
        Some(code) => Err(Refusal::of(code, topic)),
    }
}

/// Gives a topic more partitions.
pub(super) fn grow(live: &mut Live, topic: &str, partitions: &str) -> Result<String, Refusal> {
    answers::legal_topic(topic)?;
    let partitions = count(partitions, "partitions", ErrorCode::InvalidPartitions)?;
    answers::order(live, &format!("create-partitions {topic} {partitions}"), topic, ErrorCode::InvalidPartitions)?;
    Ok(format!("{topic} has {partitions} partitions now. Records of one key may lie in two of them."))
}
