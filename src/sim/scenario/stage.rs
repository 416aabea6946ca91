//! Who and what a scenario has: the names that its other parts may refer to.

use super::admin::topic_sizes;
use super::cast::Cast;
use super::document::Item;
use super::mistake::Read;
use super::model::Scenario;
use crate::config::nearest;
use crate::event::OFFSETS_TOPIC;
use crate::ids::{BrokerId, PartitionIndex, ProcessId};
use crate::time::{Duration, Instant};

/// The processes, topics and the end of a run.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub brokers: u16,
    /// The servers with a controller in them, standbys included.
    pub controllers: Vec<ProcessId>,
    /// The racks there are, in order.
    pub racks: Vec<String>,
    /// The clients, in the order of their numbers.
    pub clients: Cast,
    /// The topics, those of `[[admin]]` too, with the number of their partitions.
    pub topics: Vec<(String, u32)>,
    /// When the run ends.
    pub end: Instant,
}

impl Scenario {
    /// Every process with its name: brokers, controllers, then clients in the order of their ids.
    #[must_use]
    pub fn processes(&self) -> Vec<(ProcessId, String)> {
        let stage = Stage::of(self);
        let servers = stage.servers().map(|process| (process, process.to_string()));
        servers.chain(stage.clients.all.iter().map(|(name, process)| (*process, name.clone()))).collect()
    }
}

impl Stage {
    /// The stage of a scenario that was read before.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let clients = Cast::of(scenario);
        Self {
            brokers: scenario.cluster.brokers,
            controllers: scenario.cluster.controllers(),
            racks: scenario.cluster.all_racks(),
            topics: topics_there(
                topic_sizes(&scenario.topics, topics_read(scenario), &scenario.admin_commands),
                &clients,
                scenario.cluster.config.offsets_topic_partitions,
            ),
            clients,
            end: Instant::ZERO.plus(scenario.duration),
        }
    }

    /// All servers: brokers, then controllers that are no brokers.
    pub(super) fn servers(&self) -> impl Iterator<Item = ProcessId> {
        let brokers = (1..=self.brokers).map(|number| ProcessId::Broker(BrokerId(number)));
        brokers.chain(self.controllers.iter().copied().filter(|process| matches!(process, ProcessId::Controller(_))))
    }

    /// The servers that may vote in the metadata quorum.
    pub(super) fn quorum(&self) -> &[ProcessId] {
        &self.controllers
    }

    /// All broker ids.
    pub(super) fn broker_ids(&self) -> Vec<BrokerId> {
        (1..=self.brokers).map(BrokerId).collect()
    }

    /// The process of this name.
    pub(super) fn process_named(&self, name: &str) -> Option<ProcessId> {
        let client = self.clients.all.iter().find(|(client, _)| client == name).map(|(_, process)| *process);
        client.or_else(|| self.servers().find(|server| server.to_string() == name))
    }

    /// The name of a process.
    pub(super) fn name_of(&self, process: ProcessId) -> String {
        let client = self.clients.all.iter().find(|(_, client)| *client == process);
        client.map_or_else(|| process.to_string(), |(name, _)| name.clone())
    }

    /// The process that an item names.
    pub(super) fn process(&self, item: &Item<'_>) -> Read<ProcessId> {
        let name = item.text()?;
        self.process_named(name).ok_or_else(|| item.bad(format!("there is no process `{name}`")).help(self.cast(name)))
    }

    /// The consumers that this group has, if there is such a group.
    pub(super) fn members(&self, group: &str) -> Option<&[ProcessId]> {
        self.clients.groups.iter().find(|(name, _)| name == group).map(|(_, members)| members.as_slice())
    }

    /// A group of this name, which stands somewhere in `item`.
    pub(super) fn group_in(&self, item: &Item<'_>, name: &str) -> Read<String> {
        if self.members(name).is_some() {
            return Ok(name.to_owned());
        }
        let wrong = item.bad(format!("there is no group `{name}`"));
        let names = self.clients.groups.iter().map(|(name, _)| name.as_str());
        Err(match nearest(name, names.clone()) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None if self.clients.groups.is_empty() => wrong.help("no consumer has a `group`"),
            None => wrong.help(format!("there are {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        })
    }

    /// The clients that one table makes, if this is its id and it makes several.
    pub(super) fn crew(&self, id: &str) -> Option<&[ProcessId]> {
        self.clients.crews.iter().find(|(name, _)| name == id).map(|(_, crew)| crew.as_slice())
    }

    /// Who there is, for messages.
    pub(super) fn cast(&self, wrong: &str) -> String {
        if let Some(crew) = self.crew(wrong) {
            return format!("`{wrong}` is several: {wrong}-1 to {wrong}-{}", crew.len());
        }
        let clients = self.clients.all.iter().map(|(name, _)| name.as_str());
        if let Some(name) = nearest(wrong, clients.clone()) {
            return format!("did you mean `{name}`?");
        }
        let range = |letter: char, count: u16| match count {
            1 => format!("{letter}1"),
            count => format!("{letter}1 to {letter}{count}"),
        };
        let controllers = self.controllers.iter().filter(|process| matches!(process, ProcessId::Controller(_))).count();
        let mut names = vec![range('b', self.brokers)];
        names.extend((controllers > 0).then(|| range('k', u16::try_from(controllers).unwrap_or(u16::MAX))));
        names.extend(clients.map(str::to_owned));
        format!("there are {}", names.join(", "))
    }

    /// A topic.
    pub(super) fn topic(&self, item: &Item<'_>) -> Read<String> {
        let text = item.text()?;
        let is_there = self.topics.iter().any(|(name, _)| name == text);
        if is_there { Ok(text.to_owned()) } else { Err(self.no_topic(item, text)) }
    }

    /// A topic, or one of its partitions, as `orders` or `orders-0`. A topic of just that name comes first.
    pub(super) fn topic_or_partition(&self, item: &Item<'_>) -> Read<(String, Option<PartitionIndex>)> {
        let text = item.text()?;
        if self.topics.iter().any(|(name, _)| name == text) {
            return Ok((text.to_owned(), None));
        }
        self.partition_in(item, text).map(|(topic, partition)| (topic, Some(partition)))
    }

    /// A partition as `orders-0`.
    pub(super) fn partition(&self, item: &Item<'_>) -> Read<(String, PartitionIndex)> {
        self.partition_in(item, item.text()?)
    }

    /// A partition as `orders-0`, which stands somewhere in `item`.
    pub(super) fn partition_in(&self, item: &Item<'_>, text: &str) -> Read<(String, PartitionIndex)> {
        let parts = text.rsplit_once('-').and_then(|(topic, number)| Some((topic, number.parse::<u32>().ok()?)));
        let Some((topic, partition)) = parts else {
            if self.topics.iter().any(|(name, _)| name == text) {
                return Err(item.bad(format!("`{text}` names no partition")).help(format!("its first is `{text}-0`")));
            }
            return Err(self.no_topic(item, text));
        };
        let Some((_, count)) = self.topics.iter().find(|(name, _)| name == topic) else {
            return Err(self.no_topic(item, topic));
        };
        if partition >= *count {
            let last = count.saturating_sub(1);
            return Err(item
                .bad(format!("there is no partition `{text}`"))
                .help(format!("the last of `{topic}` is `{topic}-{last}`")));
        }
        Ok((topic.to_owned(), PartitionIndex(partition)))
    }

    fn no_topic(&self, item: &Item<'_>, topic: &str) -> super::Mistake {
        let wrong = item.bad(format!("there is no topic `{topic}`"));
        let names = self.topics.iter().map(|(name, _)| name.as_str());
        match nearest(topic, names.clone()) {
            Some(name) => wrong.help(format!("did you mean `{name}`?")),
            None if self.topics.is_empty() => wrong.help("no topic is made in [[topics]] or [[admin]]"),
            None => wrong.help(format!("there are {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        }
    }

    /// A time at which something begins: before the end.
    pub(super) fn moment(&self, item: &Item<'_>) -> Read<Instant> {
        let at = Instant::ZERO.plus(item.time()?);
        if at < self.end { Ok(at) } else { Err(self.past_the_end(item, &format!("`{}` is {}", item.key, item.written()))) }
    }

    /// A time at which something is over: at the end at the latest.
    pub(super) fn until(&self, item: &Item<'_>) -> Read<Instant> {
        let at = Instant::ZERO.plus(item.time()?);
        if at <= self.end { Ok(at) } else { Err(self.past_the_end(item, &format!("`{}` is {}", item.key, item.written()))) }
    }

    /// How long something lasts that begins at `from`: until the end at the latest.
    pub(super) fn lasting(&self, item: &Item<'_>, from: Instant) -> Read<Duration> {
        let span = item.time()?;
        let over = from.plus(span);
        if over <= self.end {
            return Ok(span);
        }
        let what = format!("`{}` ends the fault at {}s", item.key, seconds(over));
        Err(self.past_the_end(item, &what))
    }

    fn past_the_end(&self, item: &Item<'_>, what: &str) -> super::Mistake {
        item.bad(format!("{what}, and the run is over at {}s", seconds(self.end))).help("make `duration` longer, or this earlier")
    }
}

/// The topics that the clients of a scenario name, if they are made when they are asked for.
fn topics_read(scenario: &Scenario) -> Vec<(String, u32)> {
    let config = &scenario.cluster.config;
    let written = scenario.producers.iter().map(|producer| &producer.setup.topic);
    let assigned = scenario.consumers.iter().flat_map(|consumer| consumer.setup.assign.iter().map(|(topic, _)| topic));
    let subscribed = scenario.consumers.iter().flat_map(|consumer| &consumer.setup.subscribe);
    let all = written.chain(assigned).chain(subscribed).filter(|_| config.auto_create_topics);
    all.map(|topic| (topic.clone(), config.num_partitions)).collect()
}

/// The topics that a run may have: those that are made, and the offsets' own where groups commit.
pub(super) fn topics_there(made: Vec<(String, u32)>, clients: &Cast, offsets_partitions: u32) -> Vec<(String, u32)> {
    let is_made = made.iter().any(|(name, _)| name == OFFSETS_TOPIC);
    let offsets = (!is_made && !clients.groups.is_empty()).then(|| (OFFSETS_TOPIC.to_owned(), offsets_partitions));
    made.into_iter().chain(offsets).collect()
}

/// A time as decimal seconds without trailing zeros.
pub(super) fn seconds(at: Instant) -> String {
    let text = format!("{}.{:06}", at.0 / 1_000_000, at.0 % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
