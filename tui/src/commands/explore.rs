//! `tribunal explore`: many seeds on all cores; distinct failures, each with the command that reproduces it.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use serde_json::json;
use tribunal::sim::batch::{self, Batch};
use tribunal::sim::explore::{Plan, Shard};
use tribunal::sim::scenario::Scenario;
use tribunal::time::Duration;

use super::problem::Problem;
use super::source::{Changes, find, seeds};
use super::stopwatch::Stopwatch;
use super::{Verdict, json, output};

/// Many seeds: distinct failures, each with the command that reproduces it.
#[derive(Args, Debug)]
pub(crate) struct Explore {
    /// A file, or the name of an embedded scenario such as storm.
    scenario: String,
    /// Which seeds, B excluded.
    #[arg(long, value_name = "A..B", value_parser = seeds, default_value = "0..100")]
    seeds: std::ops::Range<u64>,
    /// How many runs at once; all cores if not given.
    #[arg(long)]
    jobs: Option<usize>,
    /// Only one share of the seeds: `0/4` is the first of four.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
    /// Stop at the first failure.
    #[arg(long)]
    until_failure: bool,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    changes: Changes,
}

impl Explore {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let scenario = self.changes.apply(find(&self.scenario)?)?;
        let jobs = self.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get)).max(1);
        let plan = Plan { seeds: self.seeds.clone(), jobs, shard: self.shard.unwrap_or(Shard::WHOLE) };
        let bar = Bar::new(!self.json, plan.count());
        let begun = Stopwatch::start();
        let batch = batch::hold(&scenario, &plan, self.until_failure, &|done, failed| bar.show(done, failed));
        let wall = begun.elapsed();
        bar.clear();
        if self.json {
            output::line(&self.as_json(&scenario, &batch, wall).to_string())?;
        } else {
            self.tell(&scenario, &batch, wall)?;
        }
        Ok(if batch.failures.is_empty() { Verdict::Met } else { Verdict::NotMet })
    }

    fn again(&self, seed: u64) -> String {
        format!("tribunal run {} --seed {seed:#x}{}", self.scenario, self.changes.as_arguments(&self.changes.settings))
    }

    fn tell(&self, scenario: &Scenario, batch: &Batch, wall: Duration) -> Result<(), Problem> {
        let (events, turns) = batch.rates(wall);
        output::line(&format!(
            "{}: {}, {} failed · {} events, {} turns · {} events/s, {} turns/s",
            scenario.name,
            output::count(batch.seeds, "seed"),
            batch.failed,
            batch.events,
            batch.turns,
            events,
            turns
        ))?;
        let counted: Vec<_> =
            batch.counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
        output::line(&format!("  {}", counted.join(" · ")))?;
        for distinct in batch.distinct() {
            output::line(&format!(
                "\n✗ {} in {}, first:",
                distinct.first.check,
                output::count(u64::try_from(distinct.count).unwrap_or(u64::MAX), "seed")
            ))?;
            output::line(&format!("  {}", distinct.first.detail))?;
            output::line(&format!("  {}", self.again(distinct.first.seed)))?;
        }
        Ok(())
    }

    fn as_json(&self, scenario: &Scenario, batch: &Batch, wall: Duration) -> serde_json::Value {
        let (events_per_second, turns_per_second) = batch.rates(wall);
        let failures: Vec<_> = batch
            .failures
            .iter()
            .map(|failure| json!({ "seed": failure.seed, "check": failure.check, "detail": failure.detail, "command": self.again(failure.seed) }))
            .collect();
        json!({
            "scenario": scenario.name,
            "version": env!("CARGO_PKG_VERSION"),
            "seeds": batch.seeds,
            "failed": batch.failed,
            "failures": failures,
            "events": batch.events,
            "turns": batch.turns,
            "events_per_second": events_per_second,
            "turns_per_second": turns_per_second,
            "counts": json::of_counts(&batch.counts),
        })
    }
}

/// A progress bar on standard error, on a terminal only.
struct Bar {
    shown: bool,
    total: u64,
}

impl Bar {
    fn new(wanted: bool, total: u64) -> Self {
        Self { shown: wanted && std::io::stderr().is_terminal(), total }
    }

    fn show(&self, done: u64, failed: u64) {
        if !self.shown {
            return;
        }
        let width = 40;
        let filled = usize::try_from(done * width / self.total.max(1)).unwrap_or(0);
        let bar: String = (0..usize::try_from(width).unwrap_or(0)).map(|place| if place < filled { '█' } else { '·' }).collect();
        let mut out = std::io::stderr().lock();
        let _ = write!(out, "\r{bar} {done}/{} seeds, {failed} failed ", self.total);
        let _ = out.flush();
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Reads `I/N`, I from 0.
fn shard(text: &str) -> Result<Shard, String> {
    let wanted = || format!("`{text}` is no share: write I/N, I from 0 and below N");
    let (index, of) = text.split_once('/').ok_or_else(wanted)?;
    let (index, of) = (index.parse().map_err(|_| wanted())?, of.parse().map_err(|_| wanted())?);
    if index < of { Ok(Shard { index, of }) } else { Err(wanted()) }
}
