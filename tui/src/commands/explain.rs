//! `tribunal explain`: why a step happened, computed from the trace.

use clap::Args;
use tribunal::trace::{cause, line};

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
        let step = trace.find(&self.step).map_err(|error| Problem::new(error.to_string()))?;
        let event = trace.get(step).expect("find answers with a step of the trace");
        output::line(&line::line(event, trace))?;
        let chain = cause::why(trace, step);
        if chain.is_empty() {
            output::line("  nothing came before it: the scenario or the world itself did this")?;
        }
        for (depth, earlier) in chain.iter().enumerate() {
            let Some(event) = trace.get(*earlier) else { continue };
            let indent = "  ".repeat(depth.min(8) + 1);
            output::line(&format!("{indent}because {}", line::line(event, trace).trim_start()))?;
            if let Some(source) = trace.source(*earlier) {
                output::line(&format!("{indent}        {source}"))?;
            }
        }
        if let Some(source) = trace.source(step) {
            output::line(&format!("the line that told it: {source}"))?;
        }
        Ok(Verdict::Met)
    }
}
