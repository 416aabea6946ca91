//! One exhibit at length: its story, what every run gave, what fixes it, where to read more.

use std::collections::BTreeSet;

use tribunal::check::{Status, loss};
use tribunal::sim::scenario::Scenario;

use super::super::output;
use super::super::problem::Problem;
use super::super::source::kind_word;
use super::exhibit::{Exhibit, Shown};
use super::{WIDTH, wrap};

/// Tells one exhibit.
pub(super) fn tell(exhibit: &Exhibit) -> Result<(), Problem> {
    let scenario = &exhibit.scenario;
    output::line(&format!("{} · {} · seed {:#x}", exhibit.name, kind_word(scenario.kind), scenario.seed))?;
    output::line("")?;
    for line in wrap(&scenario.story, WIDTH) {
        output::line(&line)?;
    }
    output::line("\nWhat goes wrong")?;
    for fault in &scenario.faults {
        output::line(&format!("  {}", fault.text))?;
    }
    output::line("\nThe same seed, the same faults")?;
    output::line(&side_by_side(exhibit))?;
    for shown in &exhibit.shown {
        for wrong in shown.differences() {
            let under = shown.rule.as_ref().map_or("as written".to_owned(), |rule| format!("under {rule}"));
            output::line(&format!("  ✗ {under}: {wrong}"))?;
        }
    }
    tell_the_loss(exhibit)?;
    if !scenario.fixed_by.is_empty() {
        output::line("\nWhat ends it")?;
        for line in wrap(&scenario.fixed_by, WIDTH - 2) {
            output::line(&format!("  {line}"))?;
        }
    }
    output::line("\nSee for yourself")?;
    for command in commands(exhibit) {
        output::line(&format!("  {command}"))?;
    }
    if !scenario.sources.is_empty() {
        output::line("\nRead more")?;
        for source in &scenario.sources {
            output::line(&format!("  {source}"))?;
        }
    }
    output::line("")
}

/// The checks on which the runs do not agree, or that one of them violates: a row each, a column for each run.
fn side_by_side(exhibit: &Exhibit) -> String {
    let title = |shown: &Shown| shown.rule.clone().unwrap_or_else(|| "as written".to_owned());
    let broken: BTreeSet<&str> = exhibit.shown.iter().flat_map(|shown| shown.violated()).map(|check| check.name).collect();
    let rows = exhibit.shown.first().map(|shown| shown.outcome.checks.as_slice()).unwrap_or_default();
    let mut columns: Vec<Vec<String>> = vec![vec![String::new()]];
    columns.extend(exhibit.shown.iter().map(|shown| vec![title(shown)]));
    for row in rows.iter().filter(|row| broken.contains(row.name)) {
        let cells = std::iter::once(row.name.to_owned()).chain(exhibit.shown.iter().map(|shown| cell(shown, row.name)));
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    let wanted = exhibit.scenario.expect.counts.iter().map(|spec| spec.count.as_str());
    for name in wanted {
        let counted = |shown: &Shown| shown.outcome.counts.by_name(name).unwrap_or(0).to_string();
        let cells = std::iter::once(name.to_owned()).chain(exhibit.shown.iter().map(counted));
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    if broken.is_empty() && exhibit.scenario.expect.counts.is_empty() {
        let held = exhibit.shown.iter().map(|shown| shown.told());
        for (column, cell) in columns.iter_mut().zip(std::iter::once("every check".to_owned()).chain(held)) {
            column.push(cell);
        }
    }
    laid_out(&columns)
}

fn cell(shown: &Shown, name: &str) -> String {
    let Some(check) = shown.outcome.checks.iter().find(|check| check.name == name) else { return String::new() };
    if check.status == Status::Violated { format!("✗ violated{}", shown.place(check)) } else { check.status.word().to_owned() }
}

/// Columns as lines, each column as wide as its widest cell.
fn laid_out(columns: &[Vec<String>]) -> String {
    let widths: Vec<usize> =
        columns.iter().map(|column| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)).collect();
    let rows = columns.first().map_or(0, Vec::len);
    let mut text = String::new();
    for row in 0..rows {
        let mut line = String::new();
        for (column, width) in columns.iter().zip(&widths) {
            line += &format!("  {:<width$}", column.get(row).map(String::as_str).unwrap_or_default());
        }
        text += line.trim_end();
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// The verdict on what the file says is violated, as written.
fn tell_the_loss(exhibit: &Exhibit) -> Result<(), Problem> {
    let Some(shown) = exhibit.shown.first() else { return Ok(()) };
    let named = &exhibit.scenario.expect.violated;
    let Some(check) = shown.violated().into_iter().find(|check| named.iter().any(|name| name == check.name)) else { return Ok(()) };
    let Some(trace) = &shown.outcome.trace else { return Ok(()) };
    output::line("\nAs written")?;
    let again = format!("tribunal run {} --seed {:#x}", exhibit.name, shown.outcome.seed);
    for line in loss::Verdict::of(&trace.events, check, Some(&again)).lines() {
        output::line(&format!("  {line}"))?;
    }
    Ok(())
}

fn commands(exhibit: &Exhibit) -> Vec<String> {
    let name = exhibit.name;
    let mut commands = vec![format!("tribunal watch {name}"), format!("tribunal run {name} --rules")];
    let changed =
        |scenario: &Scenario| scenario.settings.iter().map(|(key, value)| format!(" --set {key}={value}")).collect::<String>();
    commands.extend(exhibit.shown.iter().skip(1).map(|shown| format!("tribunal watch {name}{}", changed(&shown.scenario))));
    commands.push(format!("tribunal museum {name} --seeds 0..100"));
    commands
}
