//! `tribunal explain`: why a step happened, computed from the trace.

use clap::Args;
use tribunal::trace::{cause, line::line};

use super::problem::Problem;
use super::source::{self, ScenarioOptions};
use super::{Verdict, output};

/// Why a step happened: the chain of causes, with source lines.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    #[command(flatten)]
    options: ScenarioOptions,
    /// A step (`412`) or a time (`1.284s`).
    #[arg(long, value_name = "STEP|TIME")]
    step: String,
}

impl Explain {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let recorded = source::record(&self.options)?;
        let trace = &recorded.trace;
        let step = source::step_of(trace, &self.step)?;
        let names = trace.names();
        for (depth, earlier) in cause::why(&trace.events, step).into_iter().enumerate() {
            let Some(event) = trace.event(earlier) else { continue };
            let because = if depth == 0 { "" } else { "because " };
            output::line(&format!("{because:>8}{}", line(event, &names, &trace.events).trim()))?;
            if let Some(source) = trace.source(earlier) {
                output::line(&format!("{:>8}  told by {}:{}", "", source.file, source.line))?;
            }
        }
        Ok(Verdict::Met)
    }
}
