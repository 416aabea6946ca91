//! Reads a whole scenario, strictly: every key is known, every name exists, every time lies within the run.
//!
//! Called by: the command line, `explore`, the tests, and whoever reads the text in a trace's first event.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::admin::{admin, topic_sizes};
use super::cast::{ADMIN_ID, Cast};
use super::chaos::chaos;
use super::clients::Clients;
use super::cluster::{cluster, servers, variants};
use super::document::{Item, Table, parse};
use super::expect::{PlacedRule, expectation, rules};
use super::faults::faults;
use super::laws::{clocks, disk, network};
use super::mistake::{Mistake, Read, Source};
use super::model::{Expectation, Scenario, ScenarioKind};
use super::pins::choices;
use super::settings::{Given, Settings};
use super::stage::{Stage, topics_there};
use super::tables::SCENARIO;
use super::topics::{asked_for, topics};
use crate::choice::Luck;
use crate::client::admin::AdminSetup;
use crate::config::{Profile, Value};
use crate::time::{Duration, Instant};

/// No scenario is larger than this.
const BYTES_MAX: u64 = 1 << 20;
/// No run is longer than this: 30 days.
const DURATION_MAX: Duration = Duration::from_secs(30 * 86_400);

/// The words for the kinds, in the order of [`KIND_VALUES`].
pub(super) const KINDS: &[&str] = &["story", "rule", "config", "boundary", "false-alarm", "measure", "chaos"];
const KIND_VALUES: [ScenarioKind; 7] = [
    ScenarioKind::Story,
    ScenarioKind::Rule,
    ScenarioKind::Config,
    ScenarioKind::Boundary,
    ScenarioKind::FalseAlarm,
    ScenarioKind::Measure,
    ScenarioKind::Chaos,
];

impl Scenario {
    /// Reads a scenario from its text. `file_name` is what mistakes call it. Errors: the first mistake.
    pub fn read(text: &str, file_name: &str) -> Result<Self, Mistake> {
        read_with(text, file_name, &[])
    }

    /// Reads a scenario from a file. Errors: the first mistake, in the file or about it.
    pub fn load(path: &Path) -> Result<Self, Mistake> {
        let name = path.display().to_string();
        let wrong = |message: &str| Mistake::without_text(&name, message.to_owned());
        let unreadable = |error: &std::io::Error| wrong(&format!("cannot be read: {error}"));
        if path.is_dir() {
            return Err(wrong("is a directory, and a scenario is a TOML file").help("name a file in it"));
        }
        let file = fs::File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => wrong("there is no such file"),
            _ => unreadable(&error),
        })?;
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
            return Err(wrong("is larger than 1 MiB, and no scenario is"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::read(&text, &name),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Err(wrong(&format!("is not UTF-8 text: byte {at} cannot be read as part of a letter")))
            }
        }
    }

    /// The same text with settings over it, as `--set KEY=VALUE` gives them: a variant, a server's key, `topic.NAME.KEY`,
    /// `producer.ID.KEY`, `consumer.ID.KEY`. Settings that it already has stay in force, before these.
    /// Errors: the first mistake, which points into `KEY=VALUE`.
    pub fn with_settings(&self, settings: &[(String, String)]) -> Result<Self, Mistake> {
        let all: Vec<_> = self.settings.iter().chain(settings).cloned().collect();
        read_with(&self.text, &self.file, &all)
    }
}

/// Reads a text with settings over it.
pub(super) fn read_with(text: &str, file: &str, settings: &[(String, String)]) -> Read<Scenario> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(Mistake::without_text(file, "is larger than 1 MiB, and no scenario is".to_owned()));
    }
    if text.trim().is_empty() {
        let empty = Mistake::without_text(file, "is empty".to_owned());
        return Err(empty.help("a scenario has at least a `name`, a `duration` and a [cluster]"));
    }
    let source = Source::new(file, text);
    let document = parse(source)?;
    let root = Table::open(source, document.get_ref(), document.span(), &SCENARIO)?;
    let written: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let given: Vec<Given<'_>> = settings.iter().zip(&written).map(|((key, value), text)| from_command(key, value, text)).collect();
    let rules = rules(&root)?;
    let mut scenario = assemble(&root, &Settings::new(&given, &root)?, &rules)?;
    for rule in &rules {
        assemble(&root, &Settings::new(&rule.set, &root)?, &rules)?;
    }
    root.close();
    text.clone_into(&mut scenario.text);
    file.clone_into(&mut scenario.file);
    scenario.settings = settings.to_vec();
    Ok(scenario)
}

fn from_command<'a>(key: &str, value: &str, text: &'a str) -> Given<'a> {
    Given {
        source: Source::new("--set", text),
        key: key.to_owned(),
        value: value.to_owned(),
        key_span: 0..key.len(),
        value_span: key.len() + 1..text.len(),
    }
}

/// Puts the parts together, in the order in which they refer to each other.
fn assemble(root: &Table<'_>, settings: &Settings<'_>, rules: &[PlacedRule<'_>]) -> Read<Scenario> {
    let profile = root.or("profile", Profile::Fast, |item| Profile::parse(item.text()?).map_err(|why| item.bad(why)))?;
    let duration = duration(root)?;
    let end = Instant::ZERO.plus(duration);
    let (mut cluster, mut no_effect) = cluster(root, profile, settings)?;
    let topics = topics(root, &cluster, settings, &mut no_effect)?;
    let clients = Cast::read(root, settings)?;
    let admin_setup = admin_setup(&clients, profile, cluster.brokers);
    let admin_commands = admin(root, &cluster, admin_setup.request_timeout, end)?;
    let stage = Stage {
        brokers: cluster.brokers,
        controllers: cluster.controllers(),
        racks: cluster.all_racks(),
        topics: topics_there(
            topic_sizes(&topics, asked_for(root, &topics, &cluster)?, &admin_commands),
            &clients,
            cluster.config.offsets_topic_partitions,
        ),
        clients,
        end,
    };
    cluster.servers = servers(root, &cluster, &stage, &mut no_effect)?;
    let variants = variants(root, cluster.release, settings)?;
    let mut reader = Clients { root, profile, release: cluster.release, variants, settings, no_effect: &mut no_effect };
    let producers = reader.producers(&stage)?;
    let consumers = reader.consumers(&stage)?;
    let expect = expectation(root.get("expect").as_ref())?;
    Ok(Scenario {
        name: name(root)?,
        kind: kind(root, &expect)?,
        story: root.or("story", String::new(), |item| Ok(item.text()?.to_owned()))?,
        fixed_by: root.or("fixed-by", String::new(), |item| Ok(item.text()?.to_owned()))?,
        sources: root.or("sources", Vec::new(), |item| item.items()?.iter().map(|item| Ok(item.text()?.to_owned())).collect())?,
        seed: root.or("seed", 1, Item::seed)?,
        duration,
        profile,
        luck: root.or("luck", Luck::Seeded, luck)?,
        heal_time: root.or("heal-time", heal_time(profile), Item::time)?,
        variants,
        cluster,
        network: network(root, &stage)?,
        disk: disk(root)?,
        topics,
        admin: admin_setup,
        admin_commands,
        producers,
        consumers,
        clocks: clocks(root, &stage)?,
        faults: faults(root, &stage)?,
        chaos: chaos(root, &stage)?,
        pins: choices(root, &stage)?,
        expect,
        rules: rules.iter().map(|rule| rule.block.clone()).collect(),
        no_effect,
        text: String::new(),
        file: String::new(),
        settings: Vec::new(),
    })
}

/// A name is what the command line calls the scenario, so it is one word.
fn name(root: &Table<'_>) -> Read<String> {
    let item = root.need("name");
    let name = item.text()?;
    let is_legal = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if !name.is_empty() && name.chars().all(is_legal) {
        return Ok(name.to_owned());
    }
    Err(item.bad(format!("`{name}` is no name for a scenario")).help("write small letters, digits and `-`, such as lost-ack"))
}

/// What it is for. What measures says what comes of it.
fn kind(root: &Table<'_>, expect: &Expectation) -> Read<ScenarioKind> {
    let Some(item) = root.get("kind") else { return Ok(ScenarioKind::Story) };
    let place = KINDS.iter().position(|kind| *kind == item.written());
    let kind = place.and_then(|place| KIND_VALUES.get(place).copied()).unwrap_or(ScenarioKind::Story);
    if kind == ScenarioKind::Measure && expect.counts.is_empty() {
        let wrong = item.bad("a scenario that measures says what comes of it");
        return Err(wrong.help("[expect] counts = { elections = \"<= 2\" }"));
    }
    Ok(kind)
}

fn luck(item: &Item<'_>) -> Read<Luck> {
    Ok(if item.text()? == "none" { Luck::None } else { Luck::Seeded })
}

fn heal_time(profile: Profile) -> Duration {
    match profile {
        Profile::Fast => Duration::from_secs(15),
        Profile::Kafka => Duration::from_secs(150),
    }
}

fn duration(root: &Table<'_>) -> Read<Duration> {
    let item = root.need("duration");
    let duration = item.time()?;
    if duration == Duration::ZERO {
        return Err(item.bad("`duration` must be longer than no time"));
    }
    if duration <= DURATION_MAX { Ok(duration) } else { Err(item.bad("`duration` must be 30d at most")) }
}

/// Kafka's admin client: request.timeout.ms 30 s, retry.backoff.ms 100 ms, default.api.timeout.ms 60 s.
fn admin_setup(clients: &Cast, profile: Profile, brokers: u16) -> AdminSetup {
    let admin = clients.all.iter().find(|(name, _)| name == ADMIN_ID);
    let process = admin.map(|(_, process)| *process).expect("the administrator is always among the clients");
    let ms = |kafka: u64| match profile {
        Profile::Kafka => Duration::from_millis(kafka),
        Profile::Fast => Duration::from_millis(kafka / 10),
    };
    AdminSetup {
        process,
        name: ADMIN_ID.to_owned(),
        bootstrap: (1..=brokers).map(crate::ids::BrokerId).collect(),
        request_timeout: ms(30_000),
        retry_backoff: ms(100),
        api_timeout: ms(60_000),
    }
}
