//! `tribunal diff`: the first event in which two traces differ.

use std::path::PathBuf;

use clap::Args;
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

/// Tells the first difference; the same is [`Verdict::Met`].
pub(crate) fn tell(left: &Trace, right: &Trace) -> Result<Verdict, Problem> {
    let Some(difference) = diff::first_difference(&left.events, &right.events) else {
        output::line(&format!("the same {} events", left.events.len()))?;
        return Ok(Verdict::Met);
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
