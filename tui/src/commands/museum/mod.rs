//! `tribunal museum`: every famous failure as written, and under the rules that end it, on the same seed and faults.
//!
//! An exhibit behaves when each of its runs came out as its file expects. `--seeds` holds the rules to many seeds, with
//! latencies drawn from the seed: a rule that holds by luck is no rule.

mod at_length;
mod exhibit;

use std::ops::Range;

use clap::Args;
use serde_json::json;
use tribunal::config::nearest;
use tribunal::sim::scenario::MUSEUM;

use exhibit::{Exhibit, Shown};

use super::problem::Problem;
use super::source::{kind_word, seeds};
use super::{Verdict, output};

/// The museum of famous failures: each as written, and under the rules that end it.
#[derive(Args, Debug)]
pub(crate) struct Museum {
    /// One exhibit, by its name or its number (r1), told at length.
    name: Option<String>,
    /// Hold every rule to these seeds too, B excluded, with latencies drawn from the seed.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Lines of text end here.
const WIDTH: usize = 100;

impl Museum {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let asked = self.asked()?;
        let is_one = self.name.is_some();
        if !self.json && !is_one {
            output::line(&opening(asked.len(), self.seeds.as_ref()))?;
            output::line("")?;
        }
        let mut exhibits = Vec::new();
        for (name, text) in asked {
            let exhibit = Exhibit::visit(name, text, self.seeds.as_ref())?;
            match (self.json, is_one) {
                (true, _) => {}
                (false, true) => at_length::tell(&exhibit)?,
                (false, false) => {
                    output::line(&row(&exhibit))?;
                    output::line("")?;
                }
            }
            exhibits.push(exhibit);
        }
        let behaving = exhibits.iter().filter(|exhibit| exhibit.behaves()).count();
        if self.json {
            output::line(&as_json(&exhibits).to_string())?;
        } else {
            output::line(&closing(behaving, exhibits.len()))?;
        }
        Ok(if behaving == exhibits.len() { Verdict::Met } else { Verdict::NotMet })
    }

    /// The exhibits asked for, in the museum's order.
    fn asked(&self) -> Result<Vec<(&'static str, &'static str)>, Problem> {
        let Some(name) = &self.name else { return Ok(MUSEUM.to_vec()) };
        let number = |full: &'static str| full.split_once('-').map_or(full, |(number, _)| number);
        let bare = |full: &'static str| full.split_once('-').map_or(full, |(_, bare)| bare);
        let wanted = name.to_lowercase();
        // `r12` means all three of r12a, r12b and r12c.
        let room = |full: &'static str| number(full).trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        let is_meant = |full: &'static str| [full, number(full), room(full), bare(full)].contains(&wanted.as_str());
        let found: Vec<_> = MUSEUM.iter().copied().filter(|(full, _)| is_meant(full)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let words = MUSEUM.iter().flat_map(|(full, _)| [*full, number(full), bare(full)]);
        let help = match nearest(&wanted, words) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`tribunal museum` shows them all".to_owned(),
        };
        Err(Problem::with_help(format!("the museum has no exhibit `{name}`"), help))
    }
}

fn opening(count: usize, seeds: Option<&Range<u64>>) -> String {
    let mut text = format!(
        "The museum: {count} famous failures of Kafka. Each runs as it happened, and then under other rules, with the same \
         seed and\nthe same faults. `tribunal museum r1` tells one at length; `tribunal watch r1` shows it step by step.\n"
    );
    if let Some(seeds) = seeds {
        text += &format!("Every run is also made with seeds {}..{} and random latencies.\n", seeds.start, seeds.end);
    }
    text
}

fn closing(behaving: usize, all: usize) -> String {
    if behaving == all {
        format!("{all} of {all} behave as they should")
    } else {
        format!("only {behaving} of {all} behave as they should")
    }
}

/// An exhibit in the table: its name and kind, what it shows, and what came of each run.
fn row(exhibit: &Exhibit) -> String {
    let mark = if exhibit.behaves() { '✓' } else { '✗' };
    let mut text = format!("{mark} {}   {}\n", exhibit.name, kind_word(exhibit.scenario.kind));
    for line in wrap(exhibit.headline(), WIDTH - 4) {
        text += &format!("    {line}\n");
    }
    let under = |shown: &Shown| shown.rule.as_ref().map_or("as written".to_owned(), |rule| format!("under {rule}"));
    let width = exhibit.shown.iter().map(|shown| under(shown).chars().count()).max().unwrap_or(0);
    for shown in &exhibit.shown {
        text += &format!("      {:<width$}  {}\n", under(shown), shown.told());
        for wrong in shown.differences() {
            text += &format!("      {:<width$}  ✗ {wrong}\n", "");
        }
    }
    text
}

fn as_json(exhibits: &[Exhibit]) -> serde_json::Value {
    let all: Vec<_> = exhibits
        .iter()
        .map(|exhibit| {
            json!({
                "name": exhibit.name,
                "kind": kind_word(exhibit.scenario.kind),
                "behaves": exhibit.behaves(),
                "runs": exhibit.shown.iter().map(Shown::as_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "behave": exhibits.iter().all(Exhibit::behaves),
        "exhibits": all,
    })
}

/// Breaks a text into lines of at most `width` letters, between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
