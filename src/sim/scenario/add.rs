//! Faults and pinned choices that the command line adds to a scenario: they are written into its text, so that the text
//! alone makes the run again.

use std::fmt::Write as _;

use toml::de::DeValue;

use super::document::{Item, Table, parse, syntax};
use super::fault_tables::FAULT;
use super::faults::fault;
use super::mistake::{Mistake, Source};
use super::model::Scenario;
use super::read::read_with;
use super::stage::Stage;
use super::tables::SCENARIO;
use crate::choice::Luck;

impl Scenario {
    /// The scenario with one more fault at its end, written as in a `[[faults]]` table but on one line:
    /// `at = "1.2s", crash = "leader(orders-0)"`. Errors: the mistake, which points into that text.
    pub fn with_fault(&self, text: &str) -> Result<Self, Mistake> {
        let inline = format!("{{{text}}}");
        let source = Source { file: "--fault", text, shift: 1 };
        let value = DeValue::parse(&inline).map_err(|error| syntax(source, &error))?;
        let item = Item { source, key: "fault", value: value.get_ref(), span: value.span(), is_member: false };
        fault(&item.table(&FAULT)?, &Stage::of(self))?;
        let mut block = String::from("[[faults]]\n");
        for entry in item.entries()? {
            // What stands between two entries belongs to neither, and a value is copied as it is written.
            let written = inline.get(entry.item.span.clone()).unwrap_or_default();
            writeln!(block, "{} = {written}", entry.item.key).expect("a String takes every text");
        }
        self.with_block("faults", &block)
    }

    /// The scenario with one more pinned choice, as `--choose` takes it. Errors: the mistake, which points into that text.
    pub fn with_pin(&self, text: &str) -> Result<Self, Mistake> {
        let pin = self.pin(text)?;
        self.with_block("choices", &format!("[[choices]]\npin = \"{}\"\n", self.pin_text(&pin)))
    }

    /// The scenario with its luck drawn from the seed, or with none, written into its text. Errors: as [`Scenario::read`].
    pub fn with_luck(&self, luck: Luck) -> Result<Self, Mistake> {
        let word = match luck {
            Luck::Seeded => "\"seeded\"",
            Luck::None => "\"none\"",
        };
        let source = Source::new(&self.file, &self.text);
        let document = parse(source)?;
        let root = Table::open(source, document.get_ref(), document.span(), &SCENARIO)?;
        let mut text = self.text.clone();
        match root.get("luck") {
            Some(item) => text.replace_range(item.span, word),
            None => text.insert_str(0, &format!("luck = {word}\n")),
        }
        read_with(&text, &self.file, &self.settings)
    }

    fn with_block(&self, list: &str, block: &str) -> Result<Self, Mistake> {
        let line = if self.text.ends_with('\n') { "" } else { "\n" };
        let text = format!("{}{line}\n{block}", self.text);
        read_with(&text, &self.file, &self.settings).map_err(|mistake| {
            let is_static_list = mistake.message.starts_with("this is not TOML");
            if !is_static_list {
                return mistake;
            }
            mistake.help(format!("to add to them, write them as [[{list}]] tables and not as a list"))
        })
    }
}
