//! Settings over a table's own keys: `--set consumer.c1.start=2s`, `--set consumer.c1.processing.writes.above=90`.
//!
//! Invariant: a setting is taken or refused as the same value would be if it stood in the file, since the same code reads it.
//!
//! Called by: `topics`, `clients`, `consumers`, `applications`.

use std::borrow::Cow;

use toml::de::DeValue;

use super::document::{Item, Table};
use super::mistake::{Mistake, Read};
use super::settings::Given;
use super::shape::{Shape, TableSpec};
use crate::config::nearest;
use crate::time::Duration;

/// A table, which may be missing, under the settings of its keys.
pub(super) struct Overlay<'t, 'a> {
    spec: &'static TableSpec,
    table: Option<&'t Table<'a>>,
    /// What stands before its keys in a setting: `processing.`.
    prefix: &'static str,
    settings: &'t [Given<'t>],
}

impl<'t, 'a> Overlay<'t, 'a> {
    /// Errors: a setting of a key that the table has not, or that is itself a table.
    pub(super) fn new(
        spec: &'static TableSpec,
        table: Option<&'t Table<'a>>,
        (prefix, settings): (&'static str, &'t [Given<'t>]),
    ) -> Read<Self> {
        let overlay = Self { spec, table, prefix, settings };
        settings.iter().try_for_each(|given| overlay.check(given))?;
        Ok(overlay)
    }

    fn check(&self, given: &Given<'_>) -> Read<()> {
        let name = given.key.strip_prefix(self.prefix).unwrap_or_default();
        let Some(key) = self.spec.keys.iter().find(|key| key.name == name) else {
            let wrong = given.bad_key(format!("{} has no `{name}` to set", self.spec.title));
            return Err(match nearest(name, self.settable()) {
                Some(near) => wrong.help(format!("did you mean `{}{near}`?", self.prefix)),
                None => wrong.help(self.said()),
            });
        };
        if is_settable(key.shape) { Ok(()) } else { Err(self.is_a_table(given, key.shape)) }
    }

    fn is_a_table(&self, given: &Given<'_>, shape: Shape) -> Mistake {
        let wrong = given.bad_key(format!("`{}` is a table, and its keys are set one by one", given.key));
        match shape {
            Shape::Table(spec) => {
                let inner: Vec<_> = spec.keys.iter().filter(|key| is_settable(key.shape)).collect();
                wrong.help(inner.iter().map(|key| format!("`{}.{}`", given.key, key.name)).collect::<Vec<_>>().join(", "))
            }
            _ => wrong.help(format!("Kafka's keys are set without it: `{}KEY`", self.prefix)),
        }
    }

    fn settable(&self) -> impl Iterator<Item = &'static str> {
        self.spec.keys.iter().filter(|key| is_settable(key.shape)).map(|key| key.name)
    }

    /// What is settable, for people.
    fn said(&self) -> String {
        let names: Vec<_> = self.settable().map(|name| format!("`{}{name}`", self.prefix)).collect();
        format!("what is set is {}", names.join(", "))
    }

    /// The value of a key, read by `read`: of its last setting, else as it is written.
    pub(super) fn get<T>(&self, key: &str, read: impl FnOnce(&Item<'_>) -> Read<T>) -> Read<Option<T>> {
        let written = self.table.and_then(|table| table.get(key));
        let is_set = |given: &&Given<'_>| given.key.strip_prefix(self.prefix) == Some(key);
        match self.settings.iter().rev().find(is_set) {
            Some(given) => {
                let spec = self.spec.keys.iter().find(|spec| spec.name == key);
                let shape = spec.expect("only keys of the table's own list are asked for").shape;
                as_written(given, shape, read).map(Some)
            }
            None => written.map(|item| read(&item)).transpose(),
        }
    }

    /// The same, or `default`.
    pub(super) fn or<T>(&self, key: &str, default: T, read: impl FnOnce(&Item<'_>) -> Read<T>) -> Read<T> {
        Ok(self.get(key, read)?.unwrap_or(default))
    }
}

/// What of a table in a list is set over it: some of its own keys, those of one table in it, and Kafka's. Who somebody is and what it
/// is for is the scenario, and not a setting of it.
pub(super) struct Settable {
    /// What it is called in a setting.
    pub word: &'static str,
    /// All keys that it may have.
    pub spec: &'static TableSpec,
    /// Those of them that are set.
    pub own: &'static [&'static str],
    /// The table in it whose keys are set.
    pub within: Option<&'static str>,
    /// Its own keys that say the same as one of Kafka's, by which they are set.
    pub kafkas: &'static [(&'static str, &'static str)],
}

/// The settings over a table.
pub(super) struct SetOver<'a> {
    pub own: Vec<Given<'a>>,
    pub within: Vec<Given<'a>>,
    pub kafkas: Vec<Given<'a>>,
}

impl Settable {
    /// Sorts settings by whose they are. Errors: one of a key of the table that is not set.
    pub(super) fn sort<'a>(&self, settings: Vec<Given<'a>>) -> Read<SetOver<'a>> {
        let is_within = |given: &Given<'_>| {
            let table = given.key.split_once('.').map(|(table, _)| table);
            table.is_some() && table == self.within
        };
        let (within, rest): (Vec<_>, Vec<_>) = settings.into_iter().partition(is_within);
        let (own, kafkas): (Vec<_>, Vec<_>) = rest.into_iter().partition(|given| self.is_own(given));
        own.iter().try_for_each(|given| self.check(given))?;
        Ok(SetOver { own, within, kafkas })
    }

    /// Whether a setting is of a key of the table, or is meant to be, and not of one of Kafka's.
    fn is_own(&self, given: &Given<'_>) -> bool {
        let key = given.key.strip_prefix("config.").map_or(given.key.as_str(), |_| "config");
        self.spec.keys.iter().any(|own| own.name == key)
    }

    fn check(&self, given: &Given<'_>) -> Read<()> {
        let key = given.key.as_str();
        if self.own.contains(&key) {
            return Ok(());
        }
        let kafkas = self.kafkas.iter().find(|(own, _)| *own == key).map(|(_, kafkas)| (*kafkas).to_owned());
        let within = self.within.filter(|within| *within == key).map(|within| format!("{within}.KEY"));
        let config = key.strip_prefix("config.").or((key == "config").then_some("KEY")).map(str::to_owned);
        let Some(instead) = kafkas.or(within).or(config) else {
            let wrong = given.bad_key(format!("`{key}` is written in the file and not set over it"));
            let own = self.own.iter().map(|key| format!("`{key}`"));
            let own: Vec<_> = own.chain(self.within.map(|within| format!("`{within}.KEY`"))).collect();
            return Err(wrong.help(format!("of a {} {} and Kafka's keys are set", self.word, own.join(", "))));
        };
        let wrong = given.bad_key(format!("`{key}` is not set by that name"));
        Err(wrong.help(format!("write `{}.NAME.{instead}`", self.word)))
    }
}

/// Tables are set key by key.
fn is_settable(shape: Shape) -> bool {
    !matches!(shape, Shape::Table(_) | Shape::Tables(_) | Shape::Config(_) | Shape::Settings | Shape::Counts)
}

/// Reads a setting's value as the item that it would be in a file. A text needs no quotes in a setting, so a value is one unless
/// the key wants something else.
fn as_written<T>(given: &Given<'_>, shape: Shape, read: impl FnOnce(&Item<'_>) -> Read<T>) -> Read<T> {
    let text = DeValue::String(Cow::Borrowed(given.value.as_str()));
    let parsed = DeValue::parse(&given.value).ok().map(toml::Spanned::into_inner);
    let is_wanted = |value: &DeValue<'_>| !matches!(value, DeValue::String(_)) && shape.is_type_of(value);
    let value = parsed.filter(is_wanted).unwrap_or(text);
    let item = Item { source: given.source, key: &given.key, value: &value, span: given.value_span.clone(), is_member: false };
    shape.check(&item)?;
    read(&item)
}

/// Reads a time, whichever of the two it comes from.
pub(super) fn time(item: &Item<'_>) -> Read<Duration> {
    item.time()
}

/// Reads `true` or `false`, likewise.
pub(super) fn truth(item: &Item<'_>) -> Read<bool> {
    item.truth()
}
