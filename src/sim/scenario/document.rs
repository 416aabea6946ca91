//! A TOML document with the place of everything in it: items and tables that know how to complain.
//!
//! Invariant: a table gives out only keys of its [`TableSpec`], and [`Table::close`] asserts that every one of them was
//! asked for; so the list of keys, the reader and the schema cannot differ.

use std::cell::Cell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::amount;
use super::mistake::{Mistake, Read, Source};
use super::shape::{Shape, TableSpec};
use crate::config::nearest;
use crate::time::Duration;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    /// Where it is from.
    pub source: Source<'a>,
    /// The key it stands under.
    pub key: &'a str,
    /// The value.
    pub value: &'a DeValue<'a>,
    /// Its bytes in what was parsed.
    pub span: Range<usize>,
    /// Whether it is a member of the list under that key.
    pub is_member: bool,
}

impl<'a> Item<'a> {
    /// A mistake here.
    pub(super) fn bad(&self, message: impl Into<String>) -> Mistake {
        self.source.mistake(&self.span, message)
    }

    /// How it is written.
    pub(super) fn written(&self) -> &'a str {
        match self.value {
            DeValue::String(text) => text,
            _ => self.source.slice(&self.span),
        }
    }

    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("the text \"{text}\""),
            DeValue::Integer(_) | DeValue::Float(_) => format!("the number {}", self.source.slice(&self.span)),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// A mistake of a value that is not what was wanted.
    pub(super) fn wrong_type(&self, wanted: &str) -> Mistake {
        let member = if self.is_member { "a member of " } else { "" };
        self.bad(format!("{member}`{}` must be {wanted}, not {}", self.key, self.kind()))
    }

    pub(super) fn text(&self) -> Read<&'a str> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong_type("a text")),
        }
    }

    pub(super) fn truth(&self) -> Read<bool> {
        match self.value {
            DeValue::Boolean(truth) => Ok(*truth),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    /// A whole number within bounds, both included.
    pub(super) fn whole(&self, low: i64, high: i64) -> Read<i64> {
        let DeValue::Integer(number) = self.value else {
            return Err(self.wrong_type(&Shape::Whole(low, high).wanted()));
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let within = number.filter(|number| (low..=high).contains(number));
        within.ok_or_else(|| self.wrong_type(&Shape::Whole(low, high).wanted()))
    }

    /// A whole number within bounds, both included, of a smaller type.
    pub(super) fn number<T: TryFrom<i64>>(&self, low: i64, high: i64) -> Read<T> {
        let number = self.whole(low, high)?;
        T::try_from(number).map_err(|_| self.wrong_type(&Shape::Whole(low, high).wanted()))
    }

    /// A whole number of 64 bits.
    pub(super) fn seed(&self) -> Read<u64> {
        let DeValue::Integer(number) = self.value else { return Err(self.wrong_type(&Shape::Seed.wanted())) };
        u64::from_str_radix(number.as_str(), number.radix()).map_err(|_| self.wrong_type("a whole number from 0 to 2^64 - 1"))
    }

    /// In parts per million.
    pub(super) fn percent(&self) -> Read<u32> {
        match self.value {
            DeValue::Integer(_) | DeValue::Float(_) => amount::percent(self.source.slice(&self.span)).map_err(|why| self.bad(why)),
            _ => Err(self.wrong_type(&Shape::Percent.wanted())),
        }
    }

    pub(super) fn time(&self) -> Read<Duration> {
        amount::time(self.text()?).map_err(|why| self.bad(why))
    }

    /// In µs.
    pub(super) fn shift(&self) -> Read<i64> {
        amount::shift(self.text()?).map_err(|why| self.bad(why))
    }

    /// The members of a list.
    pub(super) fn items(&self) -> Read<Vec<Self>> {
        let DeValue::Array(values) = self.value else { return Err(self.wrong_type("a list")) };
        let item = |value: &'a Spanned<DeValue<'a>>| Self {
            source: self.source,
            key: self.key,
            value: value.get_ref(),
            span: value.span(),
            is_member: true,
        };
        Ok(values.iter().map(item).collect())
    }

    /// The entries of a table with free keys, in the order of the file.
    pub(super) fn entries(&self) -> Read<Vec<Entry<'a>>> {
        match self.value {
            DeValue::Table(table) => Ok(entries(self.source, table)),
            _ => Err(self.wrong_type("a table")),
        }
    }

    /// A table with the keys of `spec`.
    pub(super) fn table(&self, spec: &'static TableSpec) -> Read<Table<'a>> {
        match self.value {
            DeValue::Table(table) => Table::open(self.source, table, self.span.clone(), spec),
            _ => Err(self.wrong_type("a table")),
        }
    }

    /// A list of tables with the keys of `spec`.
    pub(super) fn tables(&self, spec: &'static TableSpec) -> Read<Vec<Table<'a>>> {
        self.items()?.iter().map(|item| item.table(spec)).collect()
    }
}

/// A key, its place, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub key_span: Range<usize>,
    pub item: Item<'a>,
}

fn entries<'a>(source: Source<'a>, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| -> Entry<'a> {
        let name: &'a std::borrow::Cow<'a, str> = key.get_ref();
        let item = Item { source, key: name, value: value.get_ref(), span: value.span(), is_member: false };
        Entry { key_span: key.span(), item }
    };
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

/// A table whose keys are all in its list, and whose values all have the right shape.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Where it is from.
    pub source: Source<'a>,
    /// Its head, or all of it when it is written in one line.
    pub span: Range<usize>,
    spec: &'static TableSpec,
    entries: Vec<Entry<'a>>,
    asked: Cell<u64>,
}

impl<'a> Table<'a> {
    pub(super) fn open(source: Source<'a>, table: &'a DeTable<'a>, span: Range<usize>, spec: &'static TableSpec) -> Read<Self> {
        let opened = Self { source, span, spec, entries: entries(source, table), asked: Cell::new(0) };
        for entry in &opened.entries {
            match spec.keys.iter().find(|key| key.name == entry.item.key) {
                Some(key) => key.shape.check(&entry.item)?,
                None => return Err(opened.unknown(entry)),
            }
        }
        let missing = spec.keys.iter().find(|key| key.is_required && !opened.has(key.name));
        match missing {
            Some(key) => {
                let missing = opened.bad(format!("{} needs `{}`", spec.title, key.name));
                Err(missing.help(format!("{} It is {}.", key.doc, key.shape.wanted())))
            }
            None => Ok(opened),
        }
    }

    fn unknown(&self, entry: &Entry<'a>) -> Mistake {
        let name = entry.item.key;
        let wrong = |message: String| self.source.mistake(&entry.key_span, message);
        let unknown = wrong(format!("unknown key `{name}` in {}", self.spec.title));
        match nearest(name, self.spec.keys.iter().map(|key| key.name)) {
            Some(key) => unknown.help(format!("did you mean `{key}`?")),
            None => {
                let keys: Vec<_> = self.spec.keys.iter().map(|key| format!("`{}`", key.name)).collect();
                unknown.help(format!("its keys are {}", keys.join(", ")))
            }
        }
    }

    /// A mistake of the whole table.
    pub(super) fn bad(&self, message: impl Into<String>) -> Mistake {
        self.source.mistake(&self.span, message)
    }

    /// Whether a key is there (which does not count as asking for it).
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.item.key == key)
    }

    /// The value of a key that may be missing.
    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        let place = self.spec.keys.iter().position(|spec| spec.name == key);
        let place = place.expect("only keys of the table's own list are asked for");
        self.asked.set(self.asked.get() | 1 << place);
        self.entries.iter().find(|entry| entry.item.key == key).map(|entry| entry.item.clone())
    }

    /// The value of a key that is required.
    pub(super) fn need(&self, key: &str) -> Item<'a> {
        self.get(key).expect("`open` refused the table without its required keys")
    }

    /// The value of a key, read by `read`, or `default` without it.
    pub(super) fn or<T>(&self, key: &str, default: T, read: impl FnOnce(&Item<'a>) -> Read<T>) -> Read<T> {
        self.get(key).map_or(Ok(default), |item| read(&item))
    }

    /// The tables of a list under a key.
    pub(super) fn tables(&self, key: &str, spec: &'static TableSpec) -> Read<Vec<Table<'a>>> {
        self.or(key, Vec::new(), |item| item.tables(spec))
    }

    /// Asserts that the reader asked for every key that the table may have.
    pub(super) fn close(&self) {
        for (place, key) in self.spec.keys.iter().enumerate() {
            assert!(self.asked.get() & 1 << place != 0, "nobody reads the key `{}` of {}", key.name, self.spec.title);
        }
    }
}

/// Parses a whole document.
pub(super) fn parse<'a>(source: Source<'a>) -> Read<Spanned<DeTable<'a>>> {
    DeTable::parse(source.text).map_err(|error| syntax(source, &error))
}

/// What the TOML parser did not like.
pub(super) fn syntax(source: Source<'_>, error: &toml::de::Error) -> Mistake {
    let span = error.span().unwrap_or(0..0);
    source.mistake(&span, format!("this is not TOML: {}", error.message()))
}
