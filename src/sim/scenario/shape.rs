//! What a value of the format may look like: the one description from which both the reader's type checks and the JSON
//! Schema are made, so that they cannot differ.

use toml::de::DeValue;

use super::amount;
use super::document::Item;
use super::mistake::Read;
use crate::config::{Owner, nearest};

/// The shape of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number, bounds included.
    Whole(i64, i64),
    /// A whole number of 64 bits.
    Seed,
    /// A percentage, whole or decimal.
    Percent,
    /// `true` or `false`.
    Truth,
    /// A time such as `"400ms"`.
    Time,
    /// A time that may be negative.
    Shift,
    /// A process or a role.
    Target,
    /// A process, a role, or a list of them.
    Side,
    /// A list of these.
    List(&'static Shape),
    /// A list of exactly two of these.
    Pair(&'static Shape),
    /// A table.
    Table(&'static TableSpec),
    /// A list of tables.
    Tables(&'static TableSpec),
    /// One of these.
    Either(&'static [Shape]),
    /// Kafka's keys of this owner, with texts, numbers or truths.
    Config(Owner),
    /// Keys of `--set`, with texts, numbers or truths.
    Settings,
    /// Names of counts, each with a comparison such as `"<= 2"`.
    Counts,
}

/// A table's keys.
#[derive(Debug)]
pub(super) struct TableSpec {
    /// How it is called in messages: `[[faults]]`.
    pub title: &'static str,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// Its keys.
    pub keys: &'static [KeySpec],
}

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeySpec {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it is for, in one sentence.
    pub doc: &'static str,
}

/// A key that may be left out.
pub(super) const fn may(name: &'static str, shape: Shape, doc: &'static str) -> KeySpec {
    KeySpec { name, shape, is_required: false, doc }
}

/// A key that must be there.
pub(super) const fn must(name: &'static str, shape: Shape, doc: &'static str) -> KeySpec {
    KeySpec { name, shape, is_required: true, doc }
}

impl Shape {
    /// What is wanted, for people.
    pub(super) fn wanted(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Words(words) => listed(words),
            Self::Whole(low, i64::MAX) => format!("a whole number from {low} on"),
            Self::Whole(low, high) => format!("a whole number from {low} to {high}"),
            Self::Seed => "a whole number such as 0x2A17".to_owned(),
            Self::Percent => "a percentage such as 5 or 0.25".to_owned(),
            Self::Truth => "true or false".to_owned(),
            Self::Time => amount::TIME.to_owned(),
            Self::Shift => "a time such as \"400ms\" or \"-2h\"".to_owned(),
            Self::Target => "a process or a role".to_owned(),
            Self::Side => "a process, a role or a list of them".to_owned(),
            Self::List(of) => format!("a list, each {}", of.wanted()),
            Self::Pair(of) => format!("a list of two, each {}", of.wanted()),
            Self::Table(_) | Self::Config(_) | Self::Settings | Self::Counts => "a table".to_owned(),
            Self::Tables(_) => "a list of tables".to_owned(),
            Self::Either(shapes) => shapes.iter().map(|shape| shape.wanted()).collect::<Vec<_>>().join(", or "),
        }
    }

    /// Whether a value is of the right type, whatever it holds: what decides among several shapes.
    pub(super) fn is_type_of(self, value: &DeValue<'_>) -> bool {
        match self {
            Self::Text | Self::Words(_) | Self::Time | Self::Shift | Self::Target => matches!(value, DeValue::String(_)),
            Self::Side => matches!(value, DeValue::String(_) | DeValue::Array(_)),
            Self::Whole(..) | Self::Seed => matches!(value, DeValue::Integer(_)),
            Self::Percent => matches!(value, DeValue::Integer(_) | DeValue::Float(_)),
            Self::Truth => matches!(value, DeValue::Boolean(_)),
            Self::List(_) | Self::Pair(_) | Self::Tables(_) => matches!(value, DeValue::Array(_)),
            Self::Table(_) | Self::Config(_) | Self::Settings | Self::Counts => matches!(value, DeValue::Table(_)),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.is_type_of(value)),
        }
    }

    /// Whether `item` looks like this. Tables are looked into when they are opened, not here.
    pub(super) fn check(self, item: &Item<'_>) -> Read<()> {
        if !self.is_type_of(item.value) {
            return Err(item.wrong_type(&self.wanted()));
        }
        match self {
            Self::Text | Self::Target | Self::Truth | Self::Table(_) | Self::Config(_) | Self::Settings | Self::Counts => Ok(()),
            Self::Words(words) => check_word(item, words),
            Self::Whole(low, high) => item.whole(low, high).map(|_| ()),
            Self::Seed => item.seed().map(|_| ()),
            Self::Percent => item.percent().map(|_| ()),
            Self::Time => item.time().map(|_| ()),
            Self::Shift => item.shift().map(|_| ()),
            Self::Tables(spec) => item.items()?.iter().try_for_each(|each| Self::Table(spec).check(each)),
            Self::Side if item.text().is_ok() => Ok(()),
            Self::Side => item.items()?.iter().try_for_each(|each| Self::Target.check(each)),
            Self::List(of) => item.items()?.iter().try_for_each(|each| of.check(each)),
            Self::Pair(of) => {
                let items = item.items()?;
                if items.len() != 2 {
                    return Err(item.bad(format!("`{}` must be {}, not a list of {}", item.key, self.wanted(), items.len())));
                }
                items.iter().try_for_each(|each| of.check(each))
            }
            Self::Either(shapes) => {
                let shape = shapes.iter().find(|shape| shape.is_type_of(item.value));
                shape.expect("one of them has the value's type, which was seen above").check(item)
            }
        }
    }
}

fn check_word(item: &Item<'_>, words: &[&str]) -> Read<()> {
    let text = item.text()?;
    if words.contains(&text) {
        return Ok(());
    }
    let wrong = item.bad(format!("`{}` cannot be \"{text}\"", item.key));
    let advice = match nearest(text, words.iter().copied()) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None => format!("it is {}", listed(words)),
    };
    Err(wrong.help(advice))
}

/// `"a"`, or `one of "a", "b"`.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) }
}
