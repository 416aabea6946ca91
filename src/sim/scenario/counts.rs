//! How often things must happen: `counts = { elections = "<= 2" }`, read and judged.
//!
//! A count goes by its name in `check::Counts`, with `-` for `_`.

use super::document::Table;
use super::mistake::Read;
use super::model::{Comparison, CountSpec};
use crate::check::Counts;
use crate::config::nearest;

/// The signs, a longer one before those it begins with.
const SIGNS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("!=", Comparison::Unequal),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Equal),
];

/// The names of all counts, as a scenario writes them.
pub(super) fn names() -> Vec<String> {
    Counts::NAMES.iter().map(|name| name.replace('_', "-")).collect()
}

/// Reads `counts`.
pub(super) fn counts(table: &Table<'_>) -> Read<Vec<CountSpec>> {
    let Some(item) = table.get("counts") else { return Ok(Vec::new()) };
    let names = names();
    let mut counts = Vec::new();
    for entry in item.entries()? {
        let name = entry.item.key;
        if !names.iter().any(|known| known == name) {
            let wrong = entry.item.source.mistake(&entry.key_span, format!("nobody counts `{name}`"));
            return Err(match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => wrong.help(format!("did you mean `{near}`?")),
                None => wrong.help(format!("counts are {}", names.join(", "))),
            });
        }
        let text = entry.item.text()?;
        let parsed = SIGNS.iter().find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, *comparison)));
        let parsed = parsed.and_then(|(number, comparison)| Some((comparison, number.trim().parse::<u64>().ok()?)));
        let Some((comparison, number)) = parsed else {
            let wrong = entry.item.bad(format!("`{text}` compares with nothing"));
            return Err(wrong.help("write one of <, <=, =, !=, >=, > and a whole number, such as \"<= 2\""));
        };
        counts.push(CountSpec { count: name.to_owned(), comparison, number });
    }
    Ok(counts)
}

impl CountSpec {
    /// How often it happened.
    #[must_use]
    pub fn actual(&self, counts: &Counts) -> u64 {
        counts.by_name(&self.count).unwrap_or(0)
    }

    /// Whether it happened as often as it must.
    #[must_use]
    pub fn is_met(&self, counts: &Counts) -> bool {
        let actual = self.actual(counts);
        match self.comparison {
            Comparison::Less => actual < self.number,
            Comparison::AtMost => actual <= self.number,
            Comparison::Equal => actual == self.number,
            Comparison::Unequal => actual != self.number,
            Comparison::AtLeast => actual >= self.number,
            Comparison::More => actual > self.number,
        }
    }
}

impl CountSpec {
    /// What is wanted, as it is written: `<= 2`.
    #[must_use]
    pub fn wanted(&self) -> String {
        let sign = SIGNS.iter().find(|(_, comparison)| *comparison == self.comparison).map_or("", |(sign, _)| sign);
        format!("{sign} {}", self.number)
    }
}
