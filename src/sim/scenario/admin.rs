//! Reads `[[admin]]`: what an operator asks of the cluster, and when.
//!
//! Only the form is checked, and that keys are Kafka's: an operator may ask for what Kafka refuses (a topic that does not
//! exist, a broker that is not there), and then hears Kafka's own error code.

use std::sync::Arc;

use super::amount;
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::Cluster;
use super::settings::{Given, configure};
use super::tables::ADMIN;
use super::topics::{created, topic_name};
use crate::config::{Lookup, Owner, Variants, nearest};
use crate::context::{Command, GroupOrder, SeekTo};
use crate::ids::{BrokerId, BrokerSet, DirectoryId, Offset, PartitionIndex, ProcessId, VoterKey};
use crate::protocol::{
    AddRaftVoterRequest, AlterPartitionReassignmentsRequest, ConfigChange, ConfigResource, CreatePartitionsRequest,
    CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeQuorumRequest, ElectLeadersRequest, ElectionType,
    IncrementalAlterConfigsRequest, MetadataRequest, MorePartitions, NamedPartition, NewTopic, Reassignment,
    RemoveRaftVoterRequest, Request, UpdateFeaturesRequest,
};
use crate::time::{Duration, Instant, Timestamp};

/// What an administrator can do, for people.
pub(super) const FORMS: &str = "`create-topic NAME partitions=2 replication-factor=3 KEY=VALUE`, `describe-topic NAME`, \
    `delete-topic NAME`, `create-partitions NAME COUNT`, `reassign NAME-0 to 2,3,4`, `cancel-reassignment NAME-0`, \
    `elect-preferred NAME-0` or `all`, `elect-unclean NAME-0`, `set topic NAME KEY=VALUE`, `set broker b1 KEY=VALUE`, \
    `set cluster KEY=VALUE`, `unset …`, `update-feature NAME=WORD`, `add-voter k4`, `remove-voter k1`, \
    `delete-records NAME-0 to 50`, `describe-quorum`, `list-topics`, `list-offsets NAME` or `NAME 1s`, `list-groups`, `group-offsets g1`, `describe-group g1`, `delete-group g1`, \
    `delete-offsets g1 NAME` or `NAME-0`, `reset-offsets g1 NAME to-earliest`, `to-latest`, `to-offset 5` or `to-timestamp 1s`.";

/// The verbs, each with an example.
const VERBS: [(&str, &str); 24] = [
    ("create-topic", "create-topic orders partitions=2 replication-factor=3"),
    ("describe-topic", "describe-topic orders"),
    ("delete-topic", "delete-topic orders"),
    ("create-partitions", "create-partitions orders 4"),
    ("reassign", "reassign orders-0 to 2,3,4"),
    ("cancel-reassignment", "cancel-reassignment orders-0"),
    ("elect-preferred", "elect-preferred orders-0"),
    ("elect-unclean", "elect-unclean orders-0"),
    ("set", "set topic orders min.insync.replicas=2"),
    ("unset", "unset topic orders min.insync.replicas"),
    ("update-feature", "update-feature elr=on"),
    ("add-voter", "add-voter k4"),
    ("remove-voter", "remove-voter k1"),
    ("delete-records", "delete-records orders-0 to 50"),
    ("describe-quorum", "describe-quorum"),
    ("describe-configs", "describe-configs topic orders"),
    ("list-topics", "list-topics"),
    ("list-offsets", "list-offsets orders"),
    ("list-groups", "list-groups"),
    ("group-offsets", "group-offsets g1"),
    ("describe-group", "describe-group g1"),
    ("delete-group", "delete-group g1"),
    ("delete-offsets", "delete-offsets g1 orders"),
    ("reset-offsets", "reset-offsets g1 orders to-earliest"),
];

/// Reads `[[admin]]`. Its times are checked against `end`.
pub(super) fn admin(root: &Table<'_>, cluster: &Cluster, request_timeout: Duration, end: Instant) -> Read<Vec<(Instant, Command)>> {
    let mut commands = Vec::new();
    for table in root.tables("admin", &ADMIN)? {
        let item = table.need("at");
        let at = Instant::ZERO.plus(item.time()?);
        if at >= end {
            return Err(item.bad(format!("`at` is {}, and the run is over at {}s", item.written(), super::stage::seconds(end))));
        }
        let order = Order { item: &table.need("do"), cluster, timeout: request_timeout };
        commands.push((at, order.read()?));
        table.close();
    }
    Ok(commands)
}

/// The topics that a run may have at one time or another, with the most partitions they may have: those listed, those that the
/// administrator makes, and of those that are `asked_for` the ones that are neither.
pub(super) fn topic_sizes(
    topics: &[NewTopic],
    asked_for: Vec<(String, u32)>,
    commands: &[(Instant, Command)],
) -> Vec<(String, u32)> {
    let mut sizes: Vec<(String, u32)> = topics.iter().map(|topic| (topic.name.clone(), topic.partitions)).collect();
    let made = commands.iter().filter_map(|(_, command)| match command {
        Command::CreateTopics(request) => Some(&request.topics),
        _ => None,
    });
    sizes.extend(made.flatten().map(|topic| (topic.name.clone(), topic.partitions)));
    for (name, partitions) in asked_for {
        if !sizes.iter().any(|(other, _)| *other == name) {
            sizes.push((name, partitions));
        }
    }
    let grown = commands.iter().filter_map(|(_, command)| match command {
        Command::Ask(Request::CreatePartitions(request)) => Some(&request.topics),
        _ => None,
    });
    for more in grown.flatten() {
        let topic = sizes.iter_mut().find(|(name, _)| *name == more.topic);
        topic.into_iter().for_each(|(_, size)| *size = (*size).max(more.count));
    }
    sizes
}

/// One order, as it is read.
struct Order<'r, 'a> {
    item: &'r Item<'a>,
    cluster: &'r Cluster,
    timeout: Duration,
}

impl<'a> Order<'_, 'a> {
    fn read(&self) -> Read<Command> {
        let words: Vec<&str> = self.item.text()?.split_whitespace().collect();
        let request: Request = match words[..] {
            ["create-topic", name, ref rest @ ..] => {
                let name = topic_name(self.item, name)?;
                let topic = created(self.item, name, rest.iter().copied(), self.cluster)?;
                return Ok(Command::CreateTopics(CreateTopicsRequest { topics: vec![topic], timeout: self.timeout }));
            }
            ["describe-topic", name] => return Ok(Command::DescribeTopic(topic_name(self.item, name)?)),
            ["delete-topic", name] => {
                DeleteTopicsRequest { topics: vec![topic_name(self.item, name)?], timeout: self.timeout }.into()
            }
            ["create-partitions", name, count] => self.create_partitions(name, count)?,
            ["reassign", partition, "to", replicas] => self.reassign(partition, Some(replicas))?,
            ["cancel-reassignment", partition] => self.reassign(partition, None)?,
            ["elect-preferred", partition] => self.elect(ElectionType::Preferred, partition)?,
            ["elect-unclean", partition] => self.elect(ElectionType::Unclean, partition)?,
            ["set", ref rest @ ..] => self.set(rest)?,
            ["unset", ref rest @ ..] => self.unset(rest)?,
            ["describe-configs", ref rest @ ..] => self.describe_configs(rest)?,
            ["update-feature", feature] => self.update_feature(feature)?,
            ["add-voter", name, ref rest @ ..] => AddRaftVoterRequest { voter: self.voter(name, rest)? }.into(),
            ["remove-voter", name, ref rest @ ..] => RemoveRaftVoterRequest { voter: self.voter(name, rest)? }.into(),
            ["delete-records", partition, "to", offset] => self.delete_records(partition, offset)?,
            ["describe-quorum"] => DescribeQuorumRequest {}.into(),
            ["list-topics"] => MetadataRequest { all: true, ..MetadataRequest::default() }.into(),
            _ => return self.group_order(&words),
        };
        Ok(Command::Ask(request))
    }

    fn group_order(&self, words: &[&str]) -> Read<Command> {
        let name = |group: &str| Arc::new(group.to_owned());
        let order = match *words {
            ["list-groups"] => GroupOrder::List,
            ["list-offsets", topic] => GroupOrder::ListOffsets(topic_name(self.item, topic)?, None),
            ["list-offsets", topic, at] => GroupOrder::ListOffsets(topic_name(self.item, topic)?, Some(self.timestamp(at)?)),
            ["group-offsets", group] => GroupOrder::FetchOffsets(name(group)),
            ["describe-group", group] => GroupOrder::Describe(name(group)),
            ["delete-group", group] => GroupOrder::Delete(name(group)),
            ["delete-offsets", group, of] => {
                let (topic, partition) = self.topic_or_partition(of)?;
                GroupOrder::DeleteOffsets(name(group), topic, partition)
            }
            ["reset-offsets", group, of, ref to @ ..] => {
                let to = match *to {
                    ["to-earliest"] => SeekTo::Beginning,
                    ["to-latest"] => SeekTo::End,
                    ["to-offset", offset] => SeekTo::Offset(Offset(self.number(offset, "an offset")?)),
                    ["to-timestamp", at] => SeekTo::Timestamp(self.timestamp(at)?),
                    _ => return Err(self.not_understood("reset-offsets")),
                };
                let (topic, partition) = self.topic_or_partition(of)?;
                GroupOrder::Reset { group: name(group), topic, partition, to }
            }
            _ => return Err(self.not_understood(words.first().copied().unwrap_or_default())),
        };
        Ok(Command::Group(order))
    }

    /// In ms since 1970, or as a time since the run's beginning.
    fn timestamp(&self, text: &str) -> Read<Timestamp> {
        match text.parse::<i64>() {
            Ok(ms) => Ok(Timestamp(ms)),
            Err(_) => amount::shift(text).map(amount::since_start).map_err(|why| self.item.bad(why)),
        }
    }

    /// A partition, where the text ends like one, or else a topic. (A topic called `orders-0` is not meant.)
    fn topic_or_partition(&self, text: &str) -> Read<(String, Option<PartitionIndex>)> {
        let is_partition = text.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
        if !is_partition {
            return Ok((topic_name(self.item, text)?, None));
        }
        self.partition(text).map(|named| (named.topic, Some(named.partition)))
    }

    fn not_understood(&self, verb: &str) -> super::Mistake {
        if let Some((verb, example)) = VERBS.iter().find(|(known, _)| *known == verb) {
            return self.item.bad(format!("`{verb}` is told otherwise")).help(format!("write \"{example}\""));
        }
        let wrong = self.item.bad(format!("an administrator cannot `{verb}`"));
        match nearest(verb, VERBS.iter().map(|(verb, _)| *verb)) {
            Some(verb) => wrong.help(format!("did you mean `{verb}`?")),
            None => wrong.help(format!("it can {}", VERBS.map(|(verb, _)| verb).join(", "))),
        }
    }

    fn create_partitions(&self, name: &str, count: &str) -> Read<Request> {
        let topic = topic_name(self.item, name)?;
        let count = self.number(count, "a number of partitions")?;
        Ok(CreatePartitionsRequest { topics: vec![MorePartitions { topic, count, assignment: Vec::new() }], timeout: self.timeout }
            .into())
    }

    fn reassign(&self, partition: &str, replicas: Option<&str>) -> Read<Request> {
        let replicas = replicas.map(|list| list.split(',').map(|word| self.broker(word)).collect::<Read<Vec<_>>>()).transpose()?;
        let partitions = vec![Reassignment { partition: self.partition(partition)?, replicas }];
        Ok(AlterPartitionReassignmentsRequest { partitions, timeout: self.timeout }.into())
    }

    fn elect(&self, kind: ElectionType, which: &str) -> Read<Request> {
        let partitions = if which == "all" { None } else { Some(vec![self.partition(which)?]) };
        Ok(ElectLeadersRequest { kind, partitions, timeout: self.timeout }.into())
    }

    fn delete_records(&self, partition: &str, offset: &str) -> Read<Request> {
        let partition = self.partition(partition)?;
        let offset = if offset == "end" { None } else { Some(Offset(self.number(offset, "an offset, or `end`")?)) };
        Ok(DeleteRecordsRequest { partitions: vec![(partition, offset)], timeout: self.timeout }.into())
    }

    fn update_feature(&self, feature: &str) -> Read<Request> {
        let Some((name, word)) = feature.split_once('=') else { return Err(self.not_understood("update-feature")) };
        let Some(variant) = Variants::ALL.iter().find(|variant| variant.name == name) else {
            let wrong = self.item.bad(format!("there is no feature `{name}`"));
            let near = nearest(name, Variants::ALL.iter().map(|variant| variant.name));
            return Err(
                wrong.help(near.map_or_else(|| "[variants] lists them".to_owned(), |near| format!("did you mean `{near}`?")))
            );
        };
        let level = variant.words.iter().position(|other| *other == word).and_then(|place| u16::try_from(place).ok());
        let level = level.ok_or_else(|| {
            self.item.bad(format!("`{name}` cannot be `{word}`")).help(format!("it is one of {}", variant.words.join(", ")))
        })?;
        Ok(UpdateFeaturesRequest { updates: vec![(name.to_owned(), level)] }.into())
    }

    /// `k4`, or with its disk named as well: `k4 directory=2`.
    fn voter(&self, name: &str, rest: &[&str]) -> Read<VoterKey> {
        let all = self.cluster.controllers();
        let voter = all.iter().find(|process| process.to_string() == name).copied();
        let voter = voter.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(ProcessId::to_string).collect();
            self.item.bad(format!("there is no controller `{name}`")).help(format!("there are {}", names.join(", ")))
        })?;
        let directory = match rest {
            [] => None,
            [word] => {
                let number = word.strip_prefix("directory=");
                let number = number.ok_or_else(|| self.item.bad(format!("`{word}` is not of the form directory=NUMBER")))?;
                Some(DirectoryId(self.number(number, "the number of the life that formatted the disk")?))
            }
            [_, more, ..] => return Err(self.item.bad(format!("`{more}` is one word too many"))),
        };
        Ok(VoterKey { voter, directory })
    }

    fn describe_configs(&self, words: &[&str]) -> Read<Request> {
        let (resource, _, rest) = self.resource("describe-configs", words)?;
        match rest {
            [] => Ok(crate::protocol::DescribeConfigsRequest { resource }.into()),
            [word, ..] => Err(self.item.bad(format!("`{word}` is one word too many"))),
        }
    }

    fn set(&self, words: &[&str]) -> Read<Request> {
        let (resource, owner, rest) = self.resource("set", words)?;
        let mut changes = Vec::new();
        for word in rest {
            let Some((key, value)) = word.split_once('=') else {
                return Err(self.item.bad(format!("`{word}` is not of the form KEY=VALUE")));
            };
            self.check_key(owner, key)?;
            changes.push(ConfigChange { resource: resource.clone(), key: key.to_owned(), value: Some(value.to_owned()) });
        }
        self.alter("set", changes)
    }

    fn unset(&self, words: &[&str]) -> Read<Request> {
        let (resource, owner, rest) = self.resource("unset", words)?;
        let mut changes = Vec::new();
        for key in rest {
            self.check_key(owner, key)?;
            changes.push(ConfigChange { resource: resource.clone(), key: (*key).to_owned(), value: None });
        }
        self.alter("unset", changes)
    }

    fn alter(&self, verb: &str, changes: Vec<ConfigChange>) -> Read<Request> {
        if changes.is_empty() {
            return Err(self.not_understood(verb));
        }
        Ok(IncrementalAlterConfigsRequest { changes }.into())
    }

    /// Whose configuration, of which kind, and the words behind it.
    fn resource<'w>(&self, verb: &str, words: &'w [&'a str]) -> Read<(ConfigResource, Owner, &'w [&'a str])> {
        match words {
            ["topic", name, rest @ ..] => Ok((ConfigResource::Topic(topic_name(self.item, name)?), Owner::Topic, rest)),
            ["broker", name, rest @ ..] => Ok((ConfigResource::Broker(self.broker(name)?), Owner::Broker, rest)),
            ["cluster", rest @ ..] => Ok((ConfigResource::Cluster, Owner::Broker, rest)),
            _ => Err(self.not_understood(verb)),
        }
    }

    /// A key that Kafka does not know is a slip of the pen; what it may be set to is for Kafka to say.
    fn check_key(&self, owner: Owner, key: &str) -> Read<()> {
        if let Lookup::Unknown(_) = owner.lookup(key) {
            let given = Given::within(self.item, key, "");
            configure(owner, None, vec![given], |_, _| Ok(()), |_, _| Ok(()))?;
        }
        Ok(())
    }

    fn partition(&self, text: &str) -> Read<NamedPartition> {
        let parts = text.rsplit_once('-').and_then(|(topic, number)| Some((topic, number.parse().ok()?)));
        let Some((topic, number)) = parts else {
            return Err(self.item.bad(format!("`{text}` names no partition")).help(format!("its first is `{text}-0`")));
        };
        Ok(NamedPartition { topic: topic_name(self.item, topic)?, partition: PartitionIndex(number) })
    }

    fn broker(&self, text: &str) -> Read<BrokerId> {
        let number = text.strip_prefix('b').unwrap_or(text).parse::<u16>().ok();
        let number = number.filter(|number| (1..=BrokerSet::MAX).contains(number));
        let wrong = || self.item.bad(format!("`{text}` is no broker's number from 1 to {}", BrokerSet::MAX));
        number.map(BrokerId).ok_or_else(wrong)
    }

    fn number<T: std::str::FromStr>(&self, text: &str, what: &str) -> Read<T> {
        text.parse().map_err(|_| self.item.bad(format!("`{text}` is not {what}")))
    }
}
