//! Reads `[[topics]]`, and topics that `[[admin]]` makes later.

use super::client_tables::{CONSUMER, PRODUCER};
use super::document::{Item, Table};
use super::mistake::{Mistake, Read};
use super::model::Cluster;
use super::overlay::{Overlay, SetOver, Settable};
use super::settings::{Given, Settings, configure};
use super::tables::{PARTITIONS_MAX, TOPIC};
use crate::config::{Owner, Profile, TopicConfig};
use crate::ids::{BrokerId, BrokerSet};
use crate::protocol::NewTopic;

/// What of a topic is set over its table.
const SETTABLE: Settable =
    Settable { word: "topic", spec: &TOPIC, own: &["partitions", "replication-factor"], within: None, kafkas: &[] };

/// Kafka's longest topic name.
const NAME_MAX: usize = 249;

/// Reads `[[topics]]`; adds the keys without effect to `no_effect`.
pub(super) fn topics(
    root: &Table<'_>,
    cluster: &Cluster,
    settings: &Settings<'_>,
    no_effect: &mut Vec<String>,
) -> Read<Vec<NewTopic>> {
    let mut topics: Vec<NewTopic> = Vec::new();
    for table in root.tables("topics", &TOPIC)? {
        let item = table.need("name");
        let name = topic_name(&item, item.text()?)?;
        if topics.iter().any(|topic| topic.name == name) {
            return Err(item.bad(format!("there are two topics named `{name}`")));
        }
        topics.push(topic(&table, name, cluster, settings, no_effect)?);
        table.close();
    }
    Ok(topics)
}

fn topic(
    table: &Table<'_>,
    name: String,
    cluster: &Cluster,
    settings: &Settings<'_>,
    no_effect: &mut Vec<String>,
) -> Read<NewTopic> {
    let SetOver { own, kafkas, .. } = SETTABLE.sort(settings.of(Owner::Topic, &name))?;
    let over = Overlay::new(&TOPIC, Some(table), ("", &own))?;
    let mut topic = NewTopic {
        name,
        partitions: over.or("partitions", 1, |item| item.number(1, PARTITIONS_MAX))?,
        replication_factor: over.or("replication-factor", 1, |item| replication_factor(item, cluster))?,
        assignment: Vec::new(),
        config: Vec::new(),
    };
    if let Some(item) = table.get("assignment") {
        topic.assignment = assignment(&item, cluster)?;
        let count = u32::try_from(topic.assignment.len()).unwrap_or(u32::MAX);
        let copies = topic.assignment.first().map_or(0, Vec::len);
        let copies = u16::try_from(copies).unwrap_or(u16::MAX);
        agree(&over, "partitions", (topic.partitions, count), "of them")?;
        agree(&over, "replication-factor", (u32::from(topic.replication_factor), u32::from(copies)), "replicas each")?;
        (topic.partitions, topic.replication_factor) = (count, copies);
    }
    topic.config = topic_config(&topic.name, table.get("config").as_ref(), kafkas, no_effect)?;
    Ok(topic)
}

/// What is written of a topic, or set, is what its `assignment` has.
fn agree(over: &Overlay<'_, '_>, key: &str, (said, assigned): (u32, u32), what: &str) -> Read<()> {
    let check = |item: &Item<'_>| match said {
        said if said == assigned => Ok(()),
        said => Err(item.bad(format!("`{key}` is {said}, and `assignment` has {assigned} {what}"))),
    };
    over.get(key, check).map(|_| ())
}

/// The modelled keys of a topic, with their last values.
fn topic_config(
    name: &str,
    item: Option<&Item<'_>>,
    settings: Vec<Given<'_>>,
    no_effect: &mut Vec<String>,
) -> Read<Vec<(String, String)>> {
    let mut check = TopicConfig::of(Profile::Kafka);
    let mut config: Vec<(String, String)> = Vec::new();
    let set = |key: &str, value: &str| {
        check.set(key, value)?;
        config.retain(|(other, _)| other != key);
        config.push((key.to_owned(), value.to_owned()));
        Ok(())
    };
    let configured = configure(Owner::Topic, item, settings, set, |_, _| Ok(()))?;
    no_effect.extend(configured.no_effect.iter().map(|key| format!("topic.{name}.{key}")));
    Ok(config)
}

fn replication_factor(item: &Item<'_>, cluster: &Cluster) -> Read<u16> {
    let factor = item.number(1, i64::from(BrokerSet::MAX))?;
    if factor <= cluster.brokers { Ok(factor) } else { Err(too_many_replicas(item, u64::from(factor), cluster)) }
}

fn too_many_replicas(item: &Item<'_>, factor: u64, cluster: &Cluster) -> Mistake {
    let wrong = item.bad(format!("{factor} replicas need {factor} brokers, and there {}", brokers(cluster)));
    wrong.help("a broker holds one replica of a partition at most")
}

fn brokers(cluster: &Cluster) -> String {
    match cluster.brokers {
        1 => "is 1".to_owned(),
        count => format!("are {count}"),
    }
}

fn assignment(item: &Item<'_>, cluster: &Cluster) -> Read<Vec<Vec<BrokerId>>> {
    let mut partitions: Vec<Vec<BrokerId>> = Vec::new();
    for list in item.items()? {
        let mut replicas: Vec<BrokerId> = Vec::new();
        for member in list.items()? {
            let broker = BrokerId(member.number(1, i64::from(BrokerSet::MAX))?);
            if broker.0 > cluster.brokers {
                return Err(member.bad(format!("there is no broker {}: there {}", broker.0, brokers(cluster))));
            }
            if replicas.contains(&broker) {
                return Err(member.bad(format!("broker {} stands twice in one partition's replicas", broker.0)));
            }
            replicas.push(broker);
        }
        if replicas.is_empty() {
            return Err(list.bad("a partition needs at least one replica"));
        }
        // Kafka refuses this as INVALID_REPLICA_ASSIGNMENT.
        if partitions.first().is_some_and(|first| first.len() != replicas.len()) {
            return Err(list.bad("all partitions of a topic have the same number of replicas"));
        }
        partitions.push(replicas);
    }
    if partitions.is_empty() { Err(item.bad("`assignment` lists no partition")) } else { Ok(partitions) }
}

/// Kafka's rule for topic names.
pub(super) fn topic_name(item: &Item<'_>, name: &str) -> Read<String> {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    if name.is_empty() || name == "." || name == ".." || name.len() > NAME_MAX || !name.chars().all(is_legal) {
        let wrong = item.bad(format!("`{name}` is no name for a topic"));
        return Err(wrong.help("Kafka takes 1 to 249 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`"));
    }
    if name == "__cluster_metadata" {
        return Err(item.bad("`__cluster_metadata` is the controller's own topic"));
    }
    Ok(name.to_owned())
}

/// The topics that clients name and that are not listed, with the partitions they are made with. What ends in a number is a
/// partition, unless a listed topic is called just so. Without `auto.create.topics.enable` there are none: a name that nobody lists is
/// a slip.
pub(super) fn asked_for(root: &Table<'_>, listed: &[NewTopic], cluster: &Cluster) -> Read<Vec<(String, u32)>> {
    if !cluster.config.auto_create_topics {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for table in root.tables("producers", &PRODUCER)? {
        all.push(named(&table.need("topic"), listed)?);
    }
    for table in root.tables("consumers", &CONSUMER)? {
        for key in ["assign", "topics"] {
            let items = table.get(key).map_or(Ok(Vec::new()), |item| item.items())?;
            all.extend(items.iter().map(|item| named(item, listed)).collect::<Read<Vec<_>>>()?);
        }
    }
    Ok(all.into_iter().map(|name| (name, cluster.config.num_partitions)).collect())
}

/// The topic of a text that is a topic's name or a partition's.
fn named(item: &Item<'_>, listed: &[NewTopic]) -> Read<String> {
    let text = item.text()?;
    let is_listed = listed.iter().any(|topic| topic.name == text);
    let partition = text.rsplit_once('-').filter(|(_, number)| number.parse::<u32>().is_ok());
    let topic = partition.filter(|_| !is_listed).map_or(text, |(topic, _)| topic);
    topic_name(item, topic)
}

/// A topic as `create-topic` describes it.
pub(super) fn created<'t>(
    item: &Item<'_>,
    name: String,
    words: impl Iterator<Item = &'t str>,
    cluster: &Cluster,
) -> Read<NewTopic> {
    let mut topic = NewTopic { name, partitions: 1, replication_factor: 1, assignment: Vec::new(), config: Vec::new() };
    let mut check = TopicConfig::of(Profile::Kafka);
    for word in words {
        let Some((key, value)) = word.split_once('=') else {
            return Err(item.bad(format!("`{word}` is not of the form KEY=VALUE")));
        };
        let number = || value.parse::<u16>().ok().filter(|number| *number > 0);
        let wanted = || item.bad(format!("`{key}` must be a whole number from 1 on, not `{value}`"));
        match key {
            "partitions" => topic.partitions = u32::from(number().ok_or_else(wanted)?),
            "replication-factor" => {
                topic.replication_factor = number().ok_or_else(wanted)?;
                if topic.replication_factor > cluster.brokers {
                    return Err(too_many_replicas(item, u64::from(topic.replication_factor), cluster));
                }
            }
            _ => {
                let given = Given::within(item, key, value);
                let configured = configure(Owner::Topic, None, vec![given], |key, value| check.set(key, value), |_, _| Ok(()))?;
                if configured.no_effect.is_empty() {
                    topic.config.push((key.to_owned(), value.to_owned()));
                }
            }
        }
    }
    Ok(topic)
}
