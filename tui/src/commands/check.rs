//! `tribunal check`: judges a saved trace again, by the same code that judged the live run.

use std::path::PathBuf;

use clap::Args;
use tribunal::check::{Checks, Status};
use tribunal::sim::trial;

use super::problem::Problem;
use super::source;
use super::{Verdict, json, output};

/// Judge a saved trace again.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The trace file.
    trace: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let trace = source::read_trace(&self.trace)?;
        let scenario = source::scenario_of(&trace)?;
        let mut checks = Checks::new(scenario.promises());
        for event in &trace.events {
            checks.observe(event);
        }
        let counts = *checks.counts();
        let results = checks.finish();
        let met = trial::judge(&scenario, &results, &counts);
        if self.json {
            output::line(&json::of_judgement(&scenario, &trace, &results, met).to_string())?;
        } else {
            for check in &results {
                let at = check.step.map(|step| format!(" at step {}", step.0)).unwrap_or_default();
                output::line(&format!("{:<13} {}{at} {}", check.status.word(), check.name, check.detail))?;
            }
            for miscount in trial::miscounts(&scenario, &counts) {
                output::line(&format!("{:<13} counts {miscount}", Status::Violated.word()))?;
            }
            let violated = results.iter().filter(|check| check.status == Status::Violated).count();
            let judged = match met {
                Some(true) => "met",
                Some(false) => "NOT MET",
                None => "unjudged",
            };
            output::line(&format!("{judged}: {violated} violated, {} events of {}", trace.events.len(), scenario.name))?;
        }
        Ok(if met == Some(false) { Verdict::NotMet } else { Verdict::Met })
    }
}
