//! Reads `[[producers]]` and `[[consumers]]`, and who the administrator is.

use bytes::Bytes;

use super::amount;
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::{ConsumerSpec, Load, ProducerSpec};
use super::settings::{Settings, configure};
use super::stage::Stage;
use super::tables::{CONSUMER, FROM, HEADER, LOAD, PARTITIONS_MAX, PRODUCER, SEND};
use crate::client::application::ApplicationSetup;
use crate::client::consumer::{ConsumerSetup, StartFrom};
use crate::client::producer::ProducerSetup;
use crate::config::{AutoOffsetReset, ConsumerConfig, Owner, ProducerConfig, Profile, Release, Variants};
use crate::context::NewRecord;
use crate::ids::{Offset, PartitionIndex, ProcessId};
use crate::time::{Instant, Timestamp};

/// The administrator's id.
pub(super) const ADMIN_ID: &str = "admin";

/// What clients share: the profile, the settings, and the list of keys without effect.
pub(super) struct Clients<'r, 'a> {
    pub root: &'r Table<'a>,
    pub profile: Profile,
    pub release: Option<Release>,
    pub settings: &'r Settings<'a>,
    pub no_effect: &'r mut Vec<String>,
}

/// The names of all clients with their ids: producers, consumers, then the administrator.
pub(super) fn names(root: &Table<'_>) -> Read<Vec<(String, ProcessId)>> {
    let mut names: Vec<(String, ProcessId)> = Vec::new();
    let mut next = 1_u16;
    for (list, spec) in [("producers", &PRODUCER), ("consumers", &CONSUMER)] {
        for table in root.tables(list, spec)? {
            let item = table.need("id");
            let id = client_id(&item)?;
            if names.iter().any(|(other, _)| *other == id) {
                return Err(item.bad(format!("there are two clients named `{id}`")));
            }
            names.push((id, ProcessId::Client(next)));
            next = next.checked_add(1).ok_or_else(|| table.bad("there are too many clients"))?;
        }
    }
    names.push((ADMIN_ID.to_owned(), ProcessId::Client(next)));
    Ok(names)
}

/// An id is a word that is no server's name, no role and not the administrator.
fn client_id(item: &Item<'_>) -> Read<String> {
    let id = item.text()?;
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !id.starts_with(|letter: char| letter.is_ascii_alphabetic()) || !id.chars().all(is_legal) {
        let wrong = item.bad(format!("`{id}` is no id for a client"));
        return Err(wrong.help("an id is a letter, then letters, digits, `_` and `-`"));
    }
    let digits = id.strip_prefix(['b', 'k']);
    if digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit())) {
        return Err(item
            .bad(format!("`{id}` is a server's name"))
            .help("brokers are b1, b2 and so on, controllers k1, k2 and so on"));
    }
    if [
        ADMIN_ID,
        "world",
        "controller",
        "controllers",
        "voters-but-leader",
        "leader",
        "follower",
        "followers",
        "coordinator",
        "rack",
    ]
    .contains(&id)
    {
        return Err(item.bad(format!("`{id}` is a reserved name")));
    }
    Ok(id.to_owned())
}

impl Clients<'_, '_> {
    /// What the cluster's release has otherwise than today. (Clients are taken to be as old as their cluster.)
    fn defaults(&self, owner: Owner) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let profile = self.profile;
        self.release.into_iter().flat_map(move |release| release.defaults(owner, profile))
    }

    /// Reads `[[producers]]`.
    pub(super) fn producers(&mut self, stage: &Stage) -> Read<Vec<ProducerSpec>> {
        let tables = self.root.tables("producers", &PRODUCER)?;
        tables.iter().map(|table| self.producer(table, stage)).collect()
    }

    fn producer(&mut self, table: &Table<'_>, stage: &Stage) -> Read<ProducerSpec> {
        let name = table.need("id").text()?.to_owned();
        let process = stage.process_named(&name).expect("the stage holds every client's id");
        let mut config = ProducerConfig::of(self.profile);
        for (key, value) in self.defaults(Owner::Producer) {
            config.set(key, value).expect("a test reads every row of the table of releases");
        }
        let item = table.get("config");
        let settings = self.settings.of(Owner::Producer, &name);
        let configured = configure(Owner::Producer, item.as_ref(), settings, |key, value| config.set(key, value), |_, _| Ok(()))?;
        let is_set = configured.has("delivery.timeout.ms");
        config.settle(is_set).map_err(|error| configured.refuse(table, &error))?;
        self.no_effect.extend(configured.no_effect.iter().map(|key| format!("producer.{name}.{key}")));
        let item = table.need("topic");
        let (topic, partition) = stage.topic_or_partition(&item)?;
        let mut sends = Vec::new();
        for send in table.tables("send", &SEND)? {
            sends.push(record(&send, stage, &topic, partition)?);
        }
        let load = table.get("load").map(|item| load(&item, stage)).transpose()?;
        table.close();
        let setup = ProducerSetup { process, name, bootstrap: stage.broker_ids(), config, topic, partition };
        Ok(ProducerSpec { setup, sends, load })
    }

    /// Reads `[[consumers]]`.
    pub(super) fn consumers(&mut self, stage: &Stage) -> Read<Vec<ConsumerSpec>> {
        let tables = self.root.tables("consumers", &CONSUMER)?;
        tables.iter().map(|table| self.consumer(table, stage)).collect()
    }

    fn consumer(&mut self, table: &Table<'_>, stage: &Stage) -> Read<ConsumerSpec> {
        let name = table.need("id").text()?.to_owned();
        let process = stage.process_named(&name).expect("the stage holds every client's id");
        let mut config = ConsumerConfig::of(self.profile);
        for (key, value) in self.defaults(Owner::Consumer) {
            config.set(key, value).expect("a test reads every row of the table of releases");
        }
        let item = table.get("config");
        let settings = self.settings.of(Owner::Consumer, &name);
        let configured = configure(Owner::Consumer, item.as_ref(), settings, |key, value| config.set(key, value), |_, _| Ok(()))?;
        self.no_effect.extend(configured.no_effect.iter().map(|key| format!("consumer.{name}.{key}")));
        let mut assign: Vec<(String, PartitionIndex)> = Vec::new();
        for item in table.need("assign").items()? {
            let partition = stage.partition(&item)?;
            if assign.contains(&partition) {
                return Err(item.bad(format!("`{}` is assigned twice", item.written())));
            }
            assign.push(partition);
        }
        let from = match (table.get("from"), config.auto_offset_reset) {
            (Some(item), _) => start_from(&item)?,
            (None, AutoOffsetReset::Earliest) => StartFrom::Beginning,
            (None, AutoOffsetReset::Latest) => StartFrom::End,
            (None, AutoOffsetReset::ByDuration(_)) => StartFrom::Configured,
            (None, AutoOffsetReset::None) => {
                let wrong = table.bad(format!("the consumer `{name}` has no position to begin at"));
                return Err(wrong.help("with auto.offset.reset = \"none\" it needs `from`"));
            }
        };
        let start = table.or("start", Instant::ZERO, |item| stage.moment(item))?;
        table.close();
        let setup = ConsumerSetup {
            process,
            name,
            bootstrap: stage.broker_ids(),
            config,
            assign,
            from,
            subscribe: Vec::new(),
            pattern: None,
            application: ApplicationSetup::default(),
            variants: Variants::default(),
        };
        Ok(ConsumerSpec { setup, start })
    }
}

fn record(table: &Table<'_>, stage: &Stage, topic: &str, named: Option<PartitionIndex>) -> Read<(Instant, NewRecord)> {
    let at = stage.moment(&table.need("at"))?;
    let text = |key: &str| table.get(key).map(|item| Ok(Bytes::copy_from_slice(item.text()?.as_bytes()))).transpose();
    let mut headers = Vec::new();
    for header in table.tables("headers", &HEADER)? {
        let value = header.get("value").map(|item| Ok(Bytes::copy_from_slice(item.text()?.as_bytes()))).transpose()?;
        headers.push((header.need("key").text()?.to_owned(), value));
        header.close();
    }
    let partition = match table.get("partition") {
        None => None,
        Some(item) if named.is_some() => {
            return Err(item.bad("the producer's `topic` names the partition already"));
        }
        Some(item) => {
            let number: u32 = item.number(0, PARTITIONS_MAX)?;
            stage.partition_in(&item, &format!("{topic}-{number}"))?;
            Some(PartitionIndex(number))
        }
    };
    let record = NewRecord {
        key: text("key")?,
        value: text("value")?,
        headers,
        partition,
        timestamp: table.get("timestamp").map(|item| timestamp(&item)).transpose()?,
    };
    table.close();
    Ok((at, record))
}

fn load(item: &Item<'_>, stage: &Stage) -> Read<Load> {
    let table = item.table(&LOAD)?;
    let from = table.or("from", Instant::ZERO, |item| stage.moment(item))?;
    let until = table.or("until", stage.end, |item| stage.until(item))?;
    if from >= until {
        return Err(item.bad("the load ends before it begins"));
    }
    let load = Load {
        from,
        until,
        rate: table.need("rate").number(1, i64::from(u32::MAX))?,
        keys: table.or("keys", 16, |item| item.number(0, i64::from(u32::MAX)))?,
        value_bytes: table.or("value-bytes", 0, |item| item.number(0, i64::from(u32::MAX)))?,
    };
    table.close();
    Ok(load)
}

fn start_from(item: &Item<'_>) -> Read<StartFrom> {
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

/// In ms since 1970, or as a time since the run's beginning.
fn timestamp(item: &Item<'_>) -> Read<Timestamp> {
    match item.text() {
        Ok(_) => Ok(amount::since_start(item.shift()?)),
        Err(_) => item.whole(0, i64::MAX).map(Timestamp),
    }
}
