//! `tribunal run`: one run, narrated, judged.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tribunal::check::{CheckResult, Status, loss};
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::{Scenario, ScenarioKind};
use tribunal::sim::trial::{self, Outcome, TrialOptions};
use tribunal::trace::line::{is_beat, line};
use tribunal::trace::{PROGRAM, Trace};

use super::problem::Problem;
use super::source::ScenarioOptions;
use super::stopwatch::Stopwatch;
use super::{Verdict, json, output};

/// One run: the narrated events, the table of checks, the verdict.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    options: ScenarioOptions,
    /// Which host turns the crank; all give the same run.
    #[arg(long, value_enum, default_value_t = Host::Plain)]
    host: Host,
    /// Save the trace to this file.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Only the last lines: met or not, and the hash.
    #[arg(long)]
    quiet: bool,
    /// Every event, not only those worth telling.
    #[arg(long, conflicts_with_all = ["quiet", "json"])]
    all: bool,
    /// Warnings count as failures.
    #[arg(long)]
    strict: bool,
    /// Also run the scenario under each of its `[[rules]]`, and judge those.
    #[arg(long)]
    rules: bool,
}

/// A host, as the command line names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Host {
    /// A plain loop.
    Plain,
    /// The same loop within one madsim task.
    Inline,
    /// Every process a madsim node whose task owns the machine.
    Nodes,
}

impl From<Host> for HostKind {
    fn from(host: Host) -> Self {
        match host {
            Host::Plain => Self::Plain,
            Host::Inline => Self::Inline,
            Host::Nodes => Self::Nodes,
        }
    }
}

impl Run {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let scenario = self.options.read()?;
        let mut verdict = self.one(&scenario)?;
        if self.rules {
            for rule in &scenario.rules {
                let under_rule = scenario.with_settings(&rule.set)?;
                if self.one(&under_rule)? == Verdict::NotMet {
                    verdict = Verdict::NotMet;
                }
            }
        }
        Ok(verdict)
    }

    fn one(&self, scenario: &Scenario) -> Result<Verdict, Problem> {
        let seed = self.options.seed.unwrap_or(scenario.seed);
        let keep_trace = self.trace.is_some() || !(self.quiet || self.json);
        let host = available(self.host);
        let started = Stopwatch::start();
        let outcome = trial::hold(scenario, &TrialOptions { host, seed, keep_trace });
        let wall_us = started.elapsed().0;
        if let Some(missed) = outcome.summary.faults.iter().find(|fault| !fault.is_random && fault.effect.was_missed) {
            let help = "a role is resolved when its fault strikes, from the newest committed metadata";
            return Err(Problem::with_help(format!("nobody held the role that this fault is meant for: {}", missed.text), help));
        }
        if let (Some(path), Some(trace)) = (&self.trace, &outcome.trace) {
            trace.write(path).map_err(|error| Problem::new(error.to_string()))?;
        }
        if self.json {
            output::line(&json::of_run(scenario, &outcome, wall_us).to_string())?;
        } else {
            self.tell(scenario, &outcome)?;
        }
        let strict_failure = self.strict && !outcome.warnings.is_empty();
        Ok(if outcome.met == Some(false) || strict_failure { Verdict::NotMet } else { Verdict::Met })
    }

    fn tell(&self, scenario: &Scenario, outcome: &Outcome) -> Result<(), Problem> {
        let under = scenario.rule().map(|rule| format!(" under the rule `{}`", rule.name)).unwrap_or_default();
        if !self.quiet {
            output::line(&format!("{}{under}: {}", scenario.name, scenario.story))?;
            output::line(&opening(scenario, outcome))?;
        }
        if let Some(trace) = outcome.trace.as_ref().filter(|_| !self.quiet) {
            narrate(trace, self.all)?;
            output::line("")?;
            output::line(&table(&outcome.checks))?;
            for miscount in &outcome.miscounts {
                output::line(&format!("  ✗ {:<13} {:<24} {miscount}", Status::Violated.word(), "counts"))?;
            }
            self.tell_violations(scenario, outcome, trace)?;
            output::line("")?;
        }
        for warning in &outcome.warnings {
            output::line(&format!("warning: {warning}"))?;
        }
        output::line(&closing(scenario, outcome, &under))
    }
}

impl Run {
    /// The verdict on each broken claim; a loss that two claims speak of is told once.
    fn tell_violations(&self, scenario: &Scenario, outcome: &Outcome, trace: &Trace) -> Result<(), Problem> {
        let again = self.options.again(outcome.seed, &scenario.settings);
        let mut told: Vec<&CheckResult> = Vec::new();
        for violated in outcome.checks.iter().filter(|check| check.status == Status::Violated) {
            output::line("")?;
            let same = told
                .iter()
                .find(|earlier| earlier.place.is_some() && (earlier.place, earlier.step) == (violated.place, violated.step));
            match same {
                Some(earlier) => output::line(&format!("{} is violated by the same record as {}", violated.name, earlier.name))?,
                None => output::line(&loss::Verdict::of(&trace.events, violated, Some(&again)).to_string())?,
            }
            told.push(violated);
        }
        Ok(())
    }
}

/// Without the cfg there is no madsim: the plain loop gives the same run, and we say so once.
fn available(host: Host) -> HostKind {
    match HostKind::from(host).available() {
        Ok(host) => host,
        Err(why) => {
            eprintln!("{why}");
            HostKind::Plain
        }
    }
}

fn opening(scenario: &Scenario, outcome: &Outcome) -> String {
    let cluster = &scenario.cluster;
    let plural = |count: u16, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut servers = plural(cluster.brokers, "broker");
    if cluster.is_combined {
        servers += &format!(", {} of them controllers as well", cluster.voters);
    } else {
        servers += &format!(" · {}", plural(cluster.voters, "controller"));
    }
    if cluster.standbys > 0 {
        servers += &format!(" and {} on standby", cluster.standbys);
    }
    let release = cluster.release.map(|release| format!(" · as Kafka {release}")).unwrap_or_default();
    format!(
        "seed {:#x} · {servers}{release} · profile {} · {} simulated\n\
         enable.idempotence is false here (Kafka's default is true): idempotent producers are not built yet\n",
        outcome.seed,
        scenario.profile.word(),
        scenario.duration,
    )
}

fn narrate(trace: &Trace, all: bool) -> Result<(), Problem> {
    let names = trace.names();
    for event in trace.events.iter().filter(|event| all || is_beat(event)) {
        output::line(line(event, &names, &trace.events).trim_end())?;
    }
    Ok(())
}

/// The checks, one line each: status, name, sentence; the details of what is not simply ok below.
fn table(checks: &[CheckResult]) -> String {
    let mut text = String::from("checks\n");
    for check in checks {
        let mark = match check.status {
            Status::Ok => "✓",
            Status::AtRisk => "~",
            Status::Violated => "✗",
            Status::NotExercised | Status::NotPromised => "·",
        };
        let sentence = tribunal::check::claim(check.name).map_or("", |claim| claim.sentence);
        text += &format!("  {mark} {:<13} {:<24} {sentence}\n", check.status.word(), check.name);
    }
    text
}

fn closing(scenario: &Scenario, outcome: &Outcome, under: &str) -> String {
    let facts = format!(
        "{} events · {} turns · hash {:016x} · seed {:#x} · version {}",
        outcome.summary.events, outcome.summary.turns, outcome.hash, outcome.seed, PROGRAM
    );
    let violated = outcome.checks.iter().filter(|check| check.status == Status::Violated);
    let mut violated: Vec<_> =
        violated.map(|check| if check.decides { check.name.to_owned() } else { format!("{}, advisory", check.name) }).collect();
    violated.extend(outcome.miscounts.iter().cloned());
    let shown = if violated.is_empty() { "nothing is violated".to_owned() } else { format!("violated: {}", violated.join("; ")) };
    let judged = match outcome.met {
        Some(true) => format!("met: {}{under} does what it expects ({shown})", scenario.name),
        Some(false) => format!("NOT MET: {}{under} expects otherwise ({shown})", scenario.name),
        None => format!("unjudged: nothing is expected of these settings ({shown})"),
    };
    let measured = measured(scenario, outcome);
    let open = outcome.counts.sends.saturating_sub(outcome.counts.acked + outcome.counts.unknown + outcome.counts.failed);
    let open = match open {
        0 => String::new(),
        1 => "\n1 send is still without an answer when the run ends".to_owned(),
        many => format!("\n{many} sends are still without an answer when the run ends"),
    };
    format!("{judged}{measured}{open}\n{facts}")
}

/// What a measurement found: the counts that its expectation in force speaks of, and the time for which partitions of each
/// group belonged to nobody.
fn measured(scenario: &Scenario, outcome: &Outcome) -> String {
    if scenario.kind != ScenarioKind::Measure {
        return String::new();
    }
    let wanted = scenario.expectation().map(|expectation| expectation.counts.as_slice()).unwrap_or_default();
    let counts: Vec<_> = wanted.iter().map(|spec| format!("{} {}", spec.count, spec.actual(&outcome.counts))).collect();
    let counts = if counts.is_empty() { String::new() } else { format!("\nmeasured: {}", counts.join(" · ")) };
    let idle = outcome.idle_times.iter().map(|idle| {
        let (group, way) = (&idle.group, idle.rebalancing.word());
        let (total, longest) = (idle.total.0 / 1_000, idle.longest.0 / 1_000);
        format!("\nidle partitions of {group} ({way}): {total} ms in {} gaps, the longest {longest} ms", idle.gaps)
    });
    format!("{counts}{}", idle.collect::<String>())
}
