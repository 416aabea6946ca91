//! Reads `[cluster]`, `[[servers]]` and `[variants]`.

use super::document::{Item, Table};
use super::mistake::Read;
use super::model::{Cluster, ServerSpec};
use super::settings::{Settings, configure};
use super::stage::Stage;
use super::tables::{CLUSTER, SERVER, VARIANTS};
use crate::config::{BrokerConfig, ConfigError, Owner, Profile, Release, TopicConfig, Variants};
use crate::ids::{BrokerId, BrokerSet, ProcessId};
use crate::time::Instant;

/// What a table of releases sets is what a test of it has set before.
const TESTED: &str = "a test reads every row of the table of releases";

impl Cluster {
    /// The servers that vote in the metadata quorum when the run begins.
    #[must_use]
    pub fn voters(&self) -> Vec<ProcessId> {
        let voter = |number| if self.is_combined { ProcessId::Broker(BrokerId(number)) } else { ProcessId::Controller(number) };
        (1..=self.voters).map(voter).collect()
    }

    /// The servers with a controller in them: the voters, then the standbys.
    #[must_use]
    pub fn controllers(&self) -> Vec<ProcessId> {
        let first = if self.is_combined { 1 } else { self.voters + 1 };
        let standbys = (first..first + self.standbys).map(ProcessId::Controller);
        self.voters().into_iter().chain(standbys).collect()
    }

    /// Every server: the brokers, then the controllers that are no brokers.
    pub fn servers(&self) -> impl Iterator<Item = ProcessId> {
        let brokers = (1..=self.brokers).map(|number| ProcessId::Broker(BrokerId(number)));
        brokers.chain(self.controllers().into_iter().filter(|process| matches!(process, ProcessId::Controller(_))))
    }

    /// The rack that a server stands in.
    #[must_use]
    pub fn rack_of(&self, server: ProcessId) -> Option<&str> {
        let (racks, number) = match server {
            ProcessId::Broker(BrokerId(number)) => (&self.racks, number),
            ProcessId::Controller(number) => (&self.controller_racks, number),
            ProcessId::World | ProcessId::Client(_) => return None,
        };
        racks.get(usize::from(number).checked_sub(1)?).map(String::as_str)
    }

    /// Every rack, in order.
    #[must_use]
    pub fn all_racks(&self) -> Vec<String> {
        let mut racks: Vec<String> = self.racks.iter().chain(&self.controller_racks).cloned().collect();
        racks.sort();
        racks.dedup();
        racks
    }

    /// What a server is told of itself, if that is not what all are told.
    #[must_use]
    pub fn spec_of(&self, server: ProcessId) -> Option<&ServerSpec> {
        self.servers.iter().find(|spec| spec.process == server)
    }
}

/// Reads `[cluster]`; also returns the keys without effect.
pub(super) fn cluster(root: &Table<'_>, profile: Profile, settings: &Settings<'_>) -> Read<(Cluster, Vec<String>)> {
    let table = root.need("cluster").table(&CLUSTER)?;
    let brokers: u16 = table.need("brokers").number(1, i64::from(BrokerSet::MAX))?;
    let voters: u16 = table.or("controllers", 1, |item| item.number(1, i64::from(u16::MAX)))?;
    let standbys: u16 = table.or("standby-controllers", 0, |item| item.number(0, i64::from(u16::MAX)))?;
    let is_combined = table.or("combined", false, Item::truth)?;
    if let Some(item) = table.get("controllers").filter(|_| is_combined && voters > brokers) {
        let wrong = item.bad(format!("{voters} of the brokers cannot be controllers as well: there are {brokers}"));
        return Err(wrong.help("with `combined = true` the first brokers are the voters"));
    }
    let alone = standbys + if is_combined { 0 } else { voters };
    let release = table.or("kafka", None, |item| Ok(Release::named(item.written())))?;
    // Kafka differs: a scenario has the topics it lists. It begins while its brokers are joining, and a client that is faster than
    // the administrator would have his topics made for him, by the defaults. So none is made by itself unless the file says so.
    let mut config = BrokerConfig { auto_create_topics: false, ..BrokerConfig::of(profile) };
    let mut topic_defaults = TopicConfig::of(profile);
    if let Some(release) = release {
        release.defaults(Owner::Broker, profile).for_each(|(key, value)| config.set(key, value).expect(TESTED));
        release.defaults(Owner::Topic, profile).for_each(|(key, value)| topic_defaults.set(key, value).expect(TESTED));
    }
    let configured = configure(
        Owner::Broker,
        table.get("config").as_ref(),
        settings.of(Owner::Broker, ""),
        |key, value| config.set(key, value),
        |synonym, value| topic_defaults.set(synonym.topic, value),
    )?;
    config.check().map_err(|error| configured.refuse(Some(&table), &error))?;
    let cluster = Cluster {
        brokers,
        voters,
        standbys,
        is_combined,
        racks: racks(&table, "racks", brokers, "broker")?,
        controller_racks: racks(&table, "controller-racks", alone, "controller")?,
        release,
        servers: Vec::new(),
        config,
        topic_defaults,
    };
    table.close();
    Ok((cluster, configured.no_effect))
}

/// The racks of some servers, one each.
fn racks(table: &Table<'_>, key: &str, count: u16, what: &str) -> Read<Vec<String>> {
    let Some(item) = table.get(key) else { return Ok(Vec::new()) };
    let mut racks = Vec::new();
    for member in item.items()? {
        let name = member.text()?;
        let is_legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(is_legal) {
            return Err(member.bad(format!("`{name}` is no name for a rack")).help("write letters, digits, `_`, `-` and `.`"));
        }
        racks.push(name.to_owned());
    }
    if racks.len() == usize::from(count) {
        return Ok(racks);
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let wrong = format!("`{key}` has {} rack{}, and there {}", racks.len(), plural(racks.len()), there_are(count, what));
    Err(item.bad(wrong).help(format!("every {what} stands in one")))
}

fn there_are(count: u16, what: &str) -> String {
    if count == 1 { format!("is 1 {what}") } else { format!("are {count} {what}s") }
}

/// Reads `[[servers]]`.
pub(super) fn servers(root: &Table<'_>, cluster: &Cluster, stage: &Stage, no_effect: &mut Vec<String>) -> Read<Vec<ServerSpec>> {
    let mut servers: Vec<ServerSpec> = Vec::new();
    for table in root.tables("servers", &SERVER)? {
        let item = table.need("id");
        let process = stage.process(&item)?;
        if matches!(process, ProcessId::Client(_)) {
            return Err(item.bad(format!("`{}` is no server", item.written())));
        }
        if servers.iter().any(|server| server.process == process) {
            return Err(item.bad(format!("`{}` is described twice", item.written())));
        }
        if !table.has("start") && !table.has("config") {
            return Err(table.bad("a server needs `start`, `config` or both"));
        }
        let start = table.or("start", Instant::ZERO, |item| stage.moment(item))?;
        let mut config = cluster.config.clone();
        let of_all = |synonym: &str, value: &str| ConfigError::BadValue {
            key: "config",
            value: value.to_owned(),
            why: format!("the defaults of topics are the same on all servers here; {synonym} belongs to [cluster]"),
        };
        let own = table.get("config");
        let set_default = |synonym: &'static crate::config::Synonym, value: &str| Err(of_all(synonym.server, value));
        let configured = configure(Owner::Broker, own.as_ref(), Vec::new(), |key, value| config.set(key, value), set_default)?;
        config.check().map_err(|error| configured.refuse(Some(&table), &error))?;
        no_effect.extend(configured.no_effect.iter().map(|key| format!("{}.{key}", item.written())));
        table.close();
        servers.push(ServerSpec { process, start, config });
    }
    Ok(servers)
}

/// Reads `[variants]` over the rules of a release, and the settings of variants over both.
pub(super) fn variants(root: &Table<'_>, release: Option<Release>, settings: &Settings<'_>) -> Read<Variants> {
    let mut variants = release.map_or_else(Variants::default, Release::variants);
    if let Some(item) = root.get("variants") {
        let table = item.table(&VARIANTS)?;
        for variant in Variants::ALL {
            if let Some(item) = table.get(variant.name) {
                variants.set(variant.name, item.text()?).map_err(|why| item.bad(why))?;
            }
        }
        table.close();
    }
    for variant in Variants::ALL {
        if let Some(given) = settings.variant(variant.name) {
            let refused = |why| given.bad_value(format!("`{}` cannot be `{}`: {why}", variant.name, given.value));
            variants.set(variant.name, &given.value).map_err(refused)?;
        }
    }
    Ok(variants)
}
