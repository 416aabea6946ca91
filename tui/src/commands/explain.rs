//! `tribunal explain`: why a step happened, computed from the trace.

use clap::Args;
use tribunal::time::{Duration, Instant};
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
    /// The whole chain, however long.
    #[arg(long)]
    all: bool,
}

/// A gap in which nothing came: what a session's end is made of.
const WORTH_TELLING: Duration = Duration::from_millis(100);

/// A chain that is longer usually walks back along heartbeats.
const CAUSES: usize = 16;

impl Explain {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let recorded = source::record(&self.options)?;
        let trace = &recorded.trace;
        let step = source::step_of(trace, &self.step)?;
        let names = trace.names();
        let chain = cause::why(&trace.events, step);
        let shown = if self.all { chain.len() } else { chain.len().min(CAUSES) };
        let mut later = None;
        for (depth, earlier) in chain.iter().copied().take(shown).enumerate() {
            let Some(event) = trace.event(earlier) else { continue };
            let passed = later.map_or(Duration::ZERO, |later: Instant| later.since(event.at));
            if passed >= WORTH_TELLING {
                output::line(&format!("{:>8}  … {} pass …", "", Duration::from_millis(passed.as_millis())))?;
            }
            later = Some(event.at);
            let because = if depth == 0 { "" } else { "because " };
            output::line(&format!("{because:>8}{}", line(event, &names, &trace.events).trim()))?;
            if let Some(source) = trace.source(earlier) {
                output::line(&format!("{:>8}  told by {}:{}", "", source.file, source.line))?;
            }
        }
        if let Some(first) = chain.last().filter(|_| shown < chain.len()) {
            output::line(&format!("{:>8}and {} causes more, back to {first}: --all shows them", "", chain.len() - shown))?;
        }
        Ok(Verdict::Met)
    }
}
