//! Reads `[[producers]]`: who writes, and what.

use bytes::Bytes;

use super::amount;
use super::applications::WRITING;
use super::cast::number_of;
use super::client_tables::{HEADER, LOAD, PRODUCER, SEND, WRITES};
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::{Load, ProducerSpec};
use super::overlay::{Overlay, SetOver, Settable};
use super::settings::{Given, Settings, configure};
use super::stage::Stage;
use super::tables::PARTITIONS_MAX;
use crate::client::application::WriteSetup;
use crate::client::producer::ProducerSetup;
use crate::config::{Lookup, Owner, ProducerConfig, Profile, Release, Variants, nearest};
use crate::context::NewRecord;
use crate::ids::PartitionIndex;
use crate::time::{Instant, Timestamp};

/// What of a producer is set over its table.
const SETTABLE: Settable = Settable { word: "producer", spec: &PRODUCER, own: &["start"], within: Some("load"), kafkas: &[] };

/// What clients share: the profile, the settings, and the list of keys without effect.
pub(super) struct Clients<'r, 'a> {
    pub root: &'r Table<'a>,
    pub profile: Profile,
    pub release: Option<Release>,
    pub variants: Variants,
    pub settings: &'r Settings<'a>,
    pub no_effect: &'r mut Vec<String>,
}

impl Clients<'_, '_> {
    /// What the cluster's release has otherwise than today. (Clients are taken to be as old as their cluster.)
    pub(super) fn defaults(&self, owner: Owner) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
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
        let named = stage.process_named(&name).expect("the stage holds every client's id");
        let process = number_of(table)?.unwrap_or(named);
        let SetOver { own, within: of_load, kafkas } = SETTABLE.sort(self.settings.of(Owner::Producer, &name))?;
        let config = self.producer_config(Some(table), &format!("producer.{name}"), kafkas)?;
        let item = table.need("topic");
        let (topic, partition) = stage.topic_or_partition(&item)?;
        let mut sends = Vec::new();
        for send in table.tables("send", &SEND)? {
            sends.push(record(&send, stage, &topic, partition)?);
        }
        let load = load(table.get("load").as_ref(), &of_load, stage)?;
        let start = Overlay::new(&PRODUCER, Some(table), ("", &own))?.or("start", Instant::ZERO, |item| stage.moment(item))?;
        table.close();
        let setup = ProducerSetup { process, name, bootstrap: stage.broker_ids(), config, topic, partition };
        Ok(ProducerSpec { setup, start, sends, load })
    }
}

impl Clients<'_, '_> {
    /// What the application of a consumer writes, and with what: as the table says, under the settings of its own keys and of
    /// Kafka's. Without either it writes nothing.
    pub(super) fn writes(
        &mut self,
        table: Option<&Table<'_>>,
        settings: Vec<Given<'_>>,
        stage: &Stage,
        consumer: &str,
    ) -> Read<Option<WriteSetup>> {
        if table.is_none() && settings.is_empty() {
            return Ok(None);
        }
        let inner = |given: &Given<'_>| given.key.strip_prefix(WRITING).unwrap_or_default().to_owned();
        let is_own = |given: &Given<'_>| {
            let key = inner(given);
            let is_kafkas = !matches!(Owner::Producer.lookup(&key), Lookup::Unknown(_));
            !is_kafkas && nearest(&key, WRITES.keys.iter().map(|own| own.name)).is_some()
        };
        let (own, of_producer): (Vec<_>, Vec<_>) = settings.into_iter().partition(is_own);
        let over = Overlay::new(&WRITES, table, (WRITING, &own))?;
        let place = over.get("topic", |item| stage.topic_or_partition(item))?;
        let above = over.get("above", |item| item.whole(i64::MIN, i64::MAX))?;
        let Some((topic, partition)) = place else {
            let given = own.first().or(of_producer.first()).expect("without a table there is a setting");
            let wrong = given.bad_key("an application that writes needs a topic to write to");
            return Err(wrong.help(format!("set `{WRITING}topic` as well")));
        };
        let of_producer = of_producer.into_iter().map(|given| given.named(&inner(&given))).collect();
        let config = self.producer_config(table, &format!("consumer.{consumer}.processing.writes"), of_producer)?;
        Ok(Some(WriteSetup { topic, partition, above, config }))
    }

    /// The configuration of a producer that goes by `path` in messages.
    fn producer_config(&mut self, table: Option<&Table<'_>>, path: &str, settings: Vec<Given<'_>>) -> Read<ProducerConfig> {
        let mut config = ProducerConfig::of(self.profile);
        for (key, value) in self.defaults(Owner::Producer) {
            config.set(key, value).expect("a test reads every row of the table of releases");
        }
        let item = table.and_then(|table| table.get("config"));
        let configured = configure(Owner::Producer, item.as_ref(), settings, |key, value| config.set(key, value), |_, _| Ok(()))?;
        let is_set = configured.has("delivery.timeout.ms");
        config.settle(is_set).map_err(|error| configured.refuse(table, &error))?;
        self.no_effect.extend(configured.no_effect.iter().map(|key| format!("{path}.{key}")));
        Ok(config)
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

/// The load of a producer, as its table says under the settings of its keys. Without either it has none.
fn load(item: Option<&Item<'_>>, settings: &[Given<'_>], stage: &Stage) -> Read<Option<Load>> {
    let table = item.map(|item| item.table(&LOAD)).transpose()?;
    let over = Overlay::new(&LOAD, table.as_ref(), ("load.", settings))?;
    let wrong = |why: &str| match (settings.first(), item) {
        (Some(given), _) => given.bad_key(why),
        (None, item) => item.expect("without a setting there is a table").bad(why),
    };
    let Some(rate) = over.get("rate", |item| item.number(1, i64::from(u32::MAX)))? else {
        return if settings.is_empty() { Ok(None) } else { Err(wrong("a load needs a rate").help("set `load.rate` as well")) };
    };
    let load = Load {
        from: over.or("from", Instant::ZERO, |item| stage.moment(item))?,
        until: over.or("until", stage.end, |item| stage.until(item))?,
        tombstones: over.or("tombstones", 0, |item| item.number(0, 1_000))?,
        timestamps: over.get("timestamps", shifts)?,
        rate,
        keys: over.or("keys", 16, |item| item.number(0, i64::from(u32::MAX)))?,
        value_bytes: over.or("value-bytes", 0, |item| item.number(0, i64::from(u32::MAX)))?,
    };
    if let Some(table) = &table {
        table.close();
    }
    if load.from >= load.until {
        return Err(wrong("the load ends before it begins"));
    }
    if load.tombstones > 0 && load.keys == 0 {
        return Err(wrong("a tombstone needs a key, and this load has no keys"));
    }
    Ok(Some(load))
}

/// How far CreateTimes lie from when their records are sent: always so far, or from the least to the most.
fn shifts(item: &Item<'_>) -> Read<(i64, i64)> {
    if item.text().is_ok() {
        return item.shift().map(|shift| (shift, shift));
    }
    let bounds = item.items()?.iter().map(Item::shift).collect::<Read<Vec<_>>>()?;
    match bounds[..] {
        [least, most] if least <= most => Ok((least, most)),
        _ => Err(item.bad("the first of `timestamps` must be the earlier one")),
    }
}

/// In ms since 1970, or as a time since the run's beginning.
pub(super) fn timestamp(item: &Item<'_>) -> Read<Timestamp> {
    match item.text() {
        Ok(_) => Ok(amount::since_start(item.shift()?)),
        Err(_) => item.whole(0, i64::MAX).map(Timestamp),
    }
}
