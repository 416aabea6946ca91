//! Reads `[[consumers]]`: who reads what, from where, with whom, when it comes and when it goes.
//!
//! Called by: the reader. What its application does with what it reads is in `applications`.

use super::applications::{application, commands, usual_promise};
use super::cast::{names_of, number_of};
use super::client_tables::{CONSUMER, FROM};
use super::clients::{Clients, timestamp};
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::ConsumerSpec;
use super::overlay::{Overlay, SetOver, Settable, time};
use super::settings::{Given, configure};
use super::stage::Stage;
use crate::client::consumer::{ConsumerSetup, StartFrom};
use crate::config::{AutoOffsetReset, ConsumerConfig, GroupProtocol, Owner, Release, Value};
use crate::context::{Command, ConsumerCommand};
use crate::ids::{Offset, PartitionIndex};
use crate::pattern::Pattern;
use crate::time::{Duration, Instant};

/// What of a consumer is set over its table.
const SETTABLE: Settable = Settable {
    word: "consumer",
    spec: &CONSUMER,
    own: &["start", "start-every", "stop", "from"],
    within: Some("processing"),
    kafkas: &[("group", "group.id"), ("instance", "group.instance.id")],
};

/// The oldest release whose brokers speak the consumer protocol.
const CONSUMER_PROTOCOL: &str = "4.0";

impl Clients<'_, '_> {
    /// Reads `[[consumers]]`.
    pub(super) fn consumers(&mut self, stage: &Stage) -> Read<Vec<ConsumerSpec>> {
        let mut all = Vec::new();
        for table in self.root.tables("consumers", &CONSUMER)? {
            let id = table.need("id").text()?.to_owned();
            let crew = table.has("count").then(|| id.clone());
            for (place, name) in (0..).zip(names_of(&table, &id)?) {
                all.push(self.consumer(&table, stage, &Who { id: &id, name, place, crew: crew.clone() })?);
            }
            table.close();
        }
        Ok(all)
    }

    fn consumer(&mut self, table: &Table<'_>, stage: &Stage, who: &Who<'_>) -> Read<ConsumerSpec> {
        let name = who.name.clone();
        let named = stage.process_named(&name).expect("the stage holds every client's id");
        let process = number_of(table)?.unwrap_or(named);
        let mut settings = self.settings.of(Owner::Consumer, who.id);
        if who.crew.is_some() {
            settings.extend(self.settings.of(Owner::Consumer, &name));
        }
        let SetOver { own, within: of_application, kafkas } = SETTABLE.sort(settings)?;
        let (mut config, says_auto_commit) = self.consumer_config(table, who, kafkas)?;
        let writes = |table: Option<&Table<'_>>, settings: Vec<Given<'_>>| self.writes(table, settings, stage, &who.name);
        let (application, promise) = application(table, &of_application, &mut config, says_auto_commit, writes)?;
        let reads = Reads::read(table, stage)?;
        let group = config.group_id.clone();
        if let Some(item) = reads.needs_group.as_ref().filter(|_| group.is_none()) {
            let wrong = item.bad(format!("`{}` needs a group to share its partitions with", item.key));
            return Err(wrong.help("group = \"g1\"; without one, `assign` names partitions"));
        }
        let over = Overlay::new(&CONSUMER, Some(table), ("", &own))?;
        let start = over.or("start", Instant::ZERO, |item| stage.moment(item))?;
        let each = over.or("start-every", Duration::ZERO, time)?;
        let start = start.plus(Duration(each.0.saturating_mul(who.place)));
        let stop = over.get("stop", |item| match stage.moment(item)? {
            at if at <= start => Err(item.bad(format!("`{name}` stops before it starts"))),
            at => Ok(at),
        })?;
        let mut commands = commands(table, stage, group.is_some())?;
        commands.extend(stop.map(|at| (at, Command::Consume(ConsumerCommand::Close))));
        let promise = promise.unwrap_or_else(|| usual_promise(&application, &config, &commands));
        let from = match over.get("from", |item| start_from(item, &reads))? {
            Some(from) => from,
            None => Self::begin_at(table, &config, &reads, &name)?,
        };
        let setup = ConsumerSetup {
            process,
            name,
            bootstrap: stage.broker_ids(),
            config,
            assign: reads.assign,
            from,
            subscribe: reads.topics,
            pattern: reads.pattern,
            application,
            variants: self.variants,
        };
        Ok(ConsumerSpec { setup, start, commands, crew: who.crew.clone(), promise })
    }

    /// Its configuration, and whether that speaks of automatic commits.
    fn consumer_config(&mut self, table: &Table<'_>, who: &Who<'_>, settings: Vec<Given<'_>>) -> Read<(ConsumerConfig, bool)> {
        let mut config = ConsumerConfig::of(self.profile);
        for (key, value) in self.defaults(Owner::Consumer) {
            config.set(key, value).expect("a test reads every row of the table of releases");
        }
        for (word, key) in [("group", "group.id"), ("instance", "group.instance.id")] {
            let Some(item) = table.get(word) else { continue };
            if item.text()?.is_empty() {
                return Err(item.bad(format!("`{word}` is a name and cannot be empty")));
            }
            config.set(key, item.text()?).expect("a name is any text");
        }
        let item = table.get("config");
        let configured = configure(Owner::Consumer, item.as_ref(), settings, |key, value| config.set(key, value), |_, _| Ok(()))?;
        let name = &who.name;
        self.no_effect.extend(configured.no_effect.iter().map(|key| format!("consumer.{name}.{key}")));
        if let Some(given) = configured.given.iter().rev().find(|given| given.key == "group.protocol") {
            let is_old = self.release.is_some_and(|release| Release::named(CONSUMER_PROTOCOL).is_some_and(|first| release < first));
            if is_old && config.group_protocol == GroupProtocol::Consumer {
                let wrong = given.bad_value("the consumer protocol is not in this release");
                return Err(wrong.help(format!("KIP-848 is there from kafka = \"{CONSUMER_PROTOCOL}\" on")));
            }
        }
        // Every one of several has a static name of its own.
        if let (Some(instance), Some(_)) = (&config.group_instance_id, &who.crew) {
            let own = format!("{instance}-{}", who.place + 1);
            config.group_instance_id = Value::parse(&own).expect("a name is any text");
        }
        Ok((config, configured.has("enable.auto.commit")))
    }

    /// Where it begins in what it is assigned without a `from`. (A member of a group begins where its group has committed.)
    fn begin_at(table: &Table<'_>, config: &ConsumerConfig, reads: &Reads<'_>, name: &str) -> Read<StartFrom> {
        match config.auto_offset_reset {
            _ if config.group_id.is_some() || reads.assign.is_empty() => Ok(StartFrom::Configured),
            AutoOffsetReset::Earliest => Ok(StartFrom::Beginning),
            AutoOffsetReset::Latest => Ok(StartFrom::End),
            AutoOffsetReset::ByDuration(_) => Ok(StartFrom::Configured),
            AutoOffsetReset::None => {
                let wrong = table.bad(format!("the consumer `{name}` has no position to begin at"));
                Err(wrong.help("with auto.offset.reset = \"none\" it needs `from`"))
            }
        }
    }
}

/// One consumer of those that a table makes.
struct Who<'n> {
    /// The table's id.
    id: &'n str,
    /// Its own.
    name: String,
    /// Its place among them, counted from 0.
    place: u64,
    /// The table's id, if it makes several.
    crew: Option<String>,
}

/// What a consumer reads from its start on.
struct Reads<'a> {
    assign: Vec<(String, PartitionIndex)>,
    topics: Vec<String>,
    pattern: Option<String>,
    /// What cannot be had without a group.
    needs_group: Option<Item<'a>>,
}

impl<'a> Reads<'a> {
    fn read(table: &Table<'a>, stage: &Stage) -> Read<Self> {
        let (assign, topics, pattern) = (table.get("assign"), table.get("topics"), table.get("pattern"));
        let given: Vec<_> = [&assign, &topics, &pattern].into_iter().flatten().collect();
        if let [first, second, ..] = given[..] {
            return Err(second.bad(format!("a consumer reads one way, and this one already has `{}`", first.key)));
        }
        if given.is_empty() && !table.has("do") {
            let wrong = table.bad("this consumer reads nothing");
            return Err(wrong.help("assign = [\"orders-0\"], or group = \"g1\" and topics = [\"orders\"]"));
        }
        let needs_group = topics.clone().or_else(|| pattern.clone());
        Ok(Self {
            assign: assign.map_or(Ok(Vec::new()), |item| partitions(&item, stage))?,
            topics: topics.map_or(Ok(Vec::new()), |item| topic_names(&item, stage))?,
            pattern: pattern.map(|item| pattern_text(&item)).transpose()?,
            needs_group,
        })
    }
}

/// A list of partitions, each once.
pub(super) fn partitions(item: &Item<'_>, stage: &Stage) -> Read<Vec<(String, PartitionIndex)>> {
    let mut all: Vec<(String, PartitionIndex)> = Vec::new();
    for item in item.items()? {
        let partition = stage.partition(&item)?;
        if all.contains(&partition) {
            return Err(item.bad(format!("`{}` is assigned twice", item.written())));
        }
        all.push(partition);
    }
    Ok(all)
}

/// A list of topics, each once.
pub(super) fn topic_names(item: &Item<'_>, stage: &Stage) -> Read<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    for item in item.items()? {
        let topic = stage.topic(&item)?;
        if all.contains(&topic) {
            return Err(item.bad(format!("`{topic}` is named twice")));
        }
        all.push(topic);
    }
    if all.is_empty() {
        return Err(item.bad(format!("`{}` names no topic", item.key)));
    }
    Ok(all)
}

/// A pattern of topics' names.
pub(super) fn pattern_text(item: &Item<'_>) -> Read<String> {
    let text = item.text()?;
    Pattern::read(text).map_err(|code| item.bad(format!("`{text}` is no pattern: {code}")))?;
    Ok(text.to_owned())
}

fn start_from(item: &Item<'_>, reads: &Reads<'_>) -> Read<StartFrom> {
    if reads.needs_group.is_some() {
        let wrong = item.bad("`from` goes with `assign`: a member begins where its group has committed");
        return Err(wrong.help("`auto.offset.reset` decides where nothing is committed"));
    }
    match item.text() {
        Ok("beginning") => return Ok(StartFrom::Beginning),
        Ok(_) => return Ok(StartFrom::End),
        Err(_) => {}
    }
    let table = item.table(&FROM)?;
    let from = match (table.get("offset"), table.get("timestamp")) {
        (Some(offset), None) => StartFrom::Offset(Offset(offset.number(0, i64::MAX)?)),
        (None, Some(item)) => StartFrom::Timestamp(timestamp(&item)?),
        (None, None) | (Some(_), Some(_)) => return Err(item.bad("`from` needs either `offset` or `timestamp`")),
    };
    table.close();
    Ok(from)
}
