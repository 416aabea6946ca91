//! Settings over a scenario's text: `--set` and the `set` of a rule block, and Kafka's keys of a `config` table, which are
//! read and refused the same way.

use std::ops::Range;

use toml::de::DeValue;

use super::cast::COUNT_MAX;
use super::document::{Entry, Item, Table};
use super::mistake::{Mistake, Read, Source};
use super::tables::VARIANTS;
use crate::config::{ConfigError, Hint, Lookup, Owner, Synonym, nearest};

/// A key and a value somebody wrote, and where.
#[derive(Clone, Debug)]
pub(super) struct Given<'a> {
    pub source: Source<'a>,
    /// Kafka's key, or all of a setting's key.
    pub key: String,
    pub value: String,
    pub key_span: Range<usize>,
    pub value_span: Range<usize>,
}

impl<'a> Given<'a> {
    /// An entry of a table.
    pub(super) fn from_entry(entry: Entry<'a>) -> Read<Self> {
        let Entry { key_span, item } = entry;
        let value = match item.value {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Integer(_) => item.whole(i64::MIN, i64::MAX)?.to_string(),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                return Err(item.bad(format!("`{}` must be a text, a number, true or false, not {}", item.key, item.kind())));
            }
        };
        Ok(Self { source: item.source, key: item.key.to_owned(), value, key_span, value_span: item.span })
    }

    /// A key and a value that stand somewhere in a text.
    pub(super) fn within(item: &Item<'a>, key: &str, value: &str) -> Self {
        let (key_span, value_span) = (item.span.clone(), item.span.clone());
        Self { source: item.source, key: key.to_owned(), value: value.to_owned(), key_span, value_span }
    }

    /// Key and value alone.
    pub(super) fn pair(&self) -> (String, String) {
        (self.key.clone(), self.value.clone())
    }

    pub(super) fn bad_key(&self, message: impl Into<String>) -> Mistake {
        self.source.mistake(&self.key_span, message)
    }

    pub(super) fn bad_value(&self, message: impl Into<String>) -> Mistake {
        self.source.mistake(&self.value_span, message)
    }

    /// The same for the configuration it belongs to.
    pub(super) fn named(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }
}

/// The settings over a scenario's text, each with the part of the scenario that it sets.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings<'a> {
    all: Vec<(Part, Given<'a>)>,
}

/// What a setting sets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Variant,
    Config(Owner, String),
}

impl<'a> Settings<'a> {
    /// Finds the part that each setting belongs to. Errors: a key that names no part of the scenario.
    pub(super) fn new(given: &[Given<'a>], root: &Table<'a>) -> Read<Self> {
        let owners = [(Owner::Topic, "topics", "name"), (Owner::Producer, "producers", "id"), (Owner::Consumer, "consumers", "id")];
        let named = owners.map(|(owner, list, key)| (owner, names(root, list, key)));
        let mut all = Vec::new();
        for given in given {
            all.push(place(given, &named)?);
        }
        Ok(Self { all })
    }

    /// The settings of one configuration; `name` is empty for the servers'.
    pub(super) fn of(&self, owner: Owner, name: &str) -> Vec<Given<'a>> {
        let part = Part::Config(owner, name.to_owned());
        self.all.iter().filter(|(whose, _)| *whose == part).map(|(_, given)| given.clone()).collect()
    }

    /// The last setting of a variant.
    pub(super) fn variant(&self, name: &str) -> Option<&Given<'a>> {
        self.all.iter().rev().find(|(part, given)| *part == Part::Variant && given.key == name).map(|(_, given)| given)
    }
}

/// The names under `key` in the tables of a list, as far as they are texts; where a table makes several, theirs as well.
fn names(root: &Table<'_>, list: &str, key: &str) -> Vec<String> {
    let tables = root.get(list).and_then(|item| item.items().ok()).unwrap_or_default();
    let mut names = Vec::new();
    for table in tables {
        let entries = table.entries().unwrap_or_default();
        let entry = |key: &str| entries.iter().find(|entry| entry.item.key == key).map(|entry| &entry.item);
        let Some(name) = entry(key).and_then(|item| item.text().ok()) else { continue };
        let count: i64 = entry("count").and_then(|item| item.whole(1, COUNT_MAX).ok()).unwrap_or(0);
        names.extend((1..=count).map(|number| format!("{name}-{number}")));
        names.push(name.to_owned());
    }
    names
}

fn place<'a>(given: &Given<'a>, named: &[(Owner, Vec<String>); 3]) -> Read<(Part, Given<'a>)> {
    if VARIANTS.keys.iter().any(|variant| variant.name == given.key) {
        return Ok((Part::Variant, given.clone()));
    }
    for (owner, names) in named {
        let Some(rest) = given.key.strip_prefix(owner.word()).and_then(|rest| rest.strip_prefix('.')) else { continue };
        // A topic's name may hold dots: the longest name that fits is meant.
        let fitting = names.iter().filter(|name| rest.strip_prefix(name.as_str()).is_some_and(|key| key.starts_with('.')));
        if let Some(name) = fitting.max_by_key(|name| name.len()) {
            let key = rest.get(name.len() + 1..).unwrap_or_default();
            return Ok((Part::Config(*owner, (*name).to_owned()), given.named(key)));
        }
        let name = rest.split('.').next().unwrap_or_default();
        // `producer.id.expiration.ms` is a server's key and no producer's.
        if Owner::Broker.names().any(|key| key == given.key) {
            break;
        }
        let wrong = given.bad_key(format!("there is no {} `{name}` to set something for", owner.word()));
        return Err(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong.help(format!("write {}.NAME.KEY", owner.word())),
        });
    }
    if let Lookup::Unknown(hint) = Owner::Broker.lookup(&given.key) {
        return Err(no_such_setting(given, hint));
    }
    Ok((Part::Config(Owner::Broker, String::new()), given.clone()))
}

fn no_such_setting(given: &Given<'_>, hint: Hint) -> Mistake {
    if let Some(variant) = nearest(&given.key, VARIANTS.keys.iter().map(|key| key.name)) {
        return given.bad_key(format!("there is no setting `{}`", given.key)).help(format!("did you mean `{variant}`?"));
    }
    match hint {
        Hint::BelongsTo(owner) => {
            let wrong = given.bad_key(format!("`{}` is set for one {}", given.key, owner.word()));
            wrong.help(format!("write `{}.NAME.{}`", owner.word(), given.key))
        }
        Hint::Nearest(_) | Hint::ServerName(_) | Hint::TopicName(_) | Hint::Nothing => unknown(Owner::Broker, given, hint),
    }
}

/// What becomes of a `config` table and the settings over it.
pub(super) struct Configured<'a> {
    /// Everything written, settings last.
    pub given: Vec<Given<'a>>,
    /// The keys without effect here.
    pub no_effect: Vec<String>,
}

impl Configured<'_> {
    /// A refusal of the configuration as a whole, at whatever set `key` last, or at `table`.
    pub(super) fn refuse(&self, table: Option<&Table<'_>>, error: &ConfigError) -> Mistake {
        let is_named = |given: &&Given<'_>| matches!(error, ConfigError::BadValue { key, .. } if given.key == *key);
        match (self.given.iter().rev().find(is_named), table) {
            (Some(given), _) => given.bad_value(error.to_string()),
            (None, Some(table)) => table.bad(error.to_string()),
            (None, None) => Mistake::without_text("--set", error.to_string()),
        }
    }

    /// Whether a key was written at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given.iter().any(|given| given.key == key)
    }
}

/// Applies a `config` table and the settings over it, key by key: `set` takes modelled keys, `set_default` the servers'
/// names for topic keys.
pub(super) fn configure<'a>(
    owner: Owner,
    config: Option<&Item<'a>>,
    settings: Vec<Given<'a>>,
    mut set: impl FnMut(&str, &str) -> Result<(), ConfigError>,
    mut set_default: impl FnMut(&'static Synonym, &str) -> Result<(), ConfigError>,
) -> Read<Configured<'a>> {
    let mut given = Vec::new();
    for entry in config.map_or(Ok(Vec::new()), Item::entries)? {
        given.push(Given::from_entry(entry)?);
    }
    given.extend(settings);
    let mut no_effect: Vec<String> = Vec::new();
    let mut defaults = Vec::new();
    for pair in &given {
        match owner.lookup(&pair.key) {
            Lookup::Modelled(_) => {
                owner.check_range(&pair.key, &pair.value).map_err(|why| refused(pair, &why))?;
                set(&pair.key, &pair.value).map_err(|error| pair.bad_value(error.to_string()))?;
            }
            Lookup::TopicDefault(synonym) => defaults.push((synonym, pair)),
            Lookup::Known if no_effect.contains(&pair.key) => {}
            Lookup::Known => no_effect.push(pair.key.clone()),
            Lookup::Unknown(hint) => return Err(unknown(owner, pair, hint)),
        }
    }
    // The stronger of two names for one topic key comes later in the list of synonyms, wherever it stands in the file.
    defaults.sort_by_key(|(synonym, _)| owner.synonyms().iter().position(|other| other == *synonym));
    for (synonym, pair) in defaults {
        let value = in_topic_units(synonym, pair)?;
        Owner::Topic.check_range(synonym.topic, &value).map_err(|why| refused(pair, &why))?;
        set_default(synonym, &value).map_err(|error| match error {
            ConfigError::BadValue { why, .. } => refused(pair, &why),
            ConfigError::UnknownKey(_) => pair.bad_key(error.to_string()),
        })?;
    }
    Ok(Configured { given, no_effect })
}

fn refused(pair: &Given<'_>, why: &str) -> Mistake {
    pair.bad_value(format!("`{}` cannot be `{}`: {why}", pair.key, pair.value))
}

fn in_topic_units(synonym: &Synonym, pair: &Given<'_>) -> Read<String> {
    if synonym.factor == 1 {
        return Ok(pair.value.clone());
    }
    let number = pair.value.parse::<u64>().ok().and_then(|number| number.checked_mul(synonym.factor));
    number.map(|number| number.to_string()).ok_or_else(|| refused(pair, "a whole number is wanted"))
}

fn unknown(owner: Owner, pair: &Given<'_>, hint: Hint) -> Mistake {
    let wrong = pair.bad_key(format!("Kafka has no {} key `{}`", owner.word(), pair.key));
    match hint {
        Hint::Nearest(key) => wrong.help(format!("did you mean `{key}`?")),
        Hint::ServerName(key) => wrong.help(format!("a server calls it `{key}`")),
        Hint::TopicName(key) => wrong.help(format!("a topic calls it `{key}`")),
        Hint::BelongsTo(other) => wrong.help(format!("it is a key of a {}", other.word())),
        Hint::Nothing => wrong,
    }
}
