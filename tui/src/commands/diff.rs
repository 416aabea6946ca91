//! `tribunal diff`: the first event in which two traces differ.

use std::path::PathBuf;

use clap::Args;
use tribunal::event::Event;
use tribunal::trace::{Trace, diff, line::line};

use super::problem::Problem;
use super::source;
use super::{Verdict, output};

/// The first event in which two traces differ.
#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// One trace file.
    left: PathBuf,
    /// The other.
    right: PathBuf,
}

impl Diff {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let left = source::read_trace(&self.left)?;
        let right = source::read_trace(&self.right)?;
        tell(&left, &right)
    }
}

/// Tells what the runs were made from, where that differs, and the first event in which they part.
pub(crate) fn tell(left: &Trace, right: &Trace) -> Result<Verdict, Problem> {
    let inputs = differing_inputs(left, right);
    for input in &inputs {
        output::line(input)?;
    }
    // The first event tells the inputs themselves.
    let Some(difference) = diff::first_difference(after_the_first(left), after_the_first(right)) else {
        output::line(&format!("the same {} events", left.events.len()))?;
        return Ok(if inputs.is_empty() { Verdict::Met } else { Verdict::NotMet });
    };
    output::line(&format!("equal up to step {}, then:", difference.step.0))?;
    for (name, trace, event) in [("left ", left, difference.left), ("right", right, difference.right)] {
        match event {
            Some(event) => output::line(&format!("  {name} {}", line(event, &trace.names(), &trace.events).trim()))?,
            None => output::line(&format!("  {name} ended"))?,
        }
    }
    Ok(Verdict::NotMet)
}

fn after_the_first(trace: &Trace) -> &[Event] {
    trace.events.get(1..).unwrap_or_default()
}

/// What was put into one run and not into the other.
fn differing_inputs(left: &Trace, right: &Trace) -> Vec<String> {
    let (Some(one), Some(other)) = (left.run(), right.run()) else { return Vec::new() };
    let mut told = Vec::new();
    let mut tell = |what: &str, one: String, other: String| {
        if one != other {
            told.push(format!("{what}: {one} against {other}"));
        }
    };
    tell("scenario", one.scenario.clone(), other.scenario.clone());
    tell("version", one.version.clone(), other.version.clone());
    tell("seed", format!("{:#x}", one.seed), format!("{:#x}", other.seed));
    tell("settings", settings(&one.settings), settings(&other.settings));
    tell("faults", one.faults.join("; "), other.faults.join("; "));
    tell("pinned choices", one.pins.join("; "), other.pins.join("; "));
    told
}

fn settings(settings: &[(String, String)]) -> String {
    let all: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}
