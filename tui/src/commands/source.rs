//! Where a run comes from: an embedded scenario, a file, or a saved trace; and the options that change it.

use std::path::Path;

use clap::{Args, ValueEnum};
use tribunal::choice::Luck;
use tribunal::config::nearest;
use tribunal::ids::Step;
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::{self, Scenario, ScenarioKind};
use tribunal::sim::trial::{self, Outcome, TrialOptions};
use tribunal::time::{Duration, Instant};
use tribunal::trace::line::is_beat;
use tribunal::trace::{PROGRAM, Trace, TraceError};

use super::problem::Problem;

/// A scenario and what to change about it.
#[derive(Args, Debug, Clone)]
pub(crate) struct ScenarioOptions {
    /// A file, or the name of an embedded scenario such as 06-lost-ack.
    pub(crate) scenario: String,
    /// The seed, as 0x2a17 or 10775; the scenario's own if not given.
    #[arg(long, value_parser = seed)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// What to change about a scenario.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Changes {
    /// Change a setting: `producer.p1.acks=all`, `topic.orders.min.insync.replicas=2`, `truncation=high-watermark`.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Add a fault, written as in `[[faults]]`: `at = "1.2s", crash = "leader(orders-0)"`.
    #[arg(long = "fault", value_name = "FAULT")]
    pub(crate) faults: Vec<String>,
    /// Pin a choice: `loss b2->b3 fetch-response #17 = drop`.
    #[arg(long = "choose", value_name = "CHOICE")]
    pub(crate) choices: Vec<String>,
    /// Where luck comes from: the seed, or nowhere (every choice that is not pinned is answered quietly).
    #[arg(long, value_enum, value_name = "LUCK")]
    pub(crate) luck: Option<Fortune>,
}

/// Where luck comes from, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fortune {
    /// From the seed.
    Seeded,
    /// Nowhere.
    None,
}

impl Fortune {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Seeded => "seeded",
            Self::None => "none",
        }
    }
}

impl From<Fortune> for Luck {
    fn from(fortune: Fortune) -> Self {
        match fortune {
            Fortune::Seeded => Self::Seeded,
            Fortune::None => Self::None,
        }
    }
}

impl ScenarioOptions {
    /// The command that makes this run again, under the settings in force.
    pub(crate) fn again(&self, seed: u64, settings: &[(String, String)]) -> String {
        format!("tribunal run {} --seed {seed:#x}{}", self.scenario, self.changes.as_arguments(settings))
    }

    /// Reads the scenario and changes it.
    pub(crate) fn read(&self) -> Result<Scenario, Problem> {
        self.changes.apply(find(&self.scenario)?)
    }
}

impl Changes {
    pub(crate) fn apply(&self, mut scenario: Scenario) -> Result<Scenario, Problem> {
        if !self.settings.is_empty() {
            scenario = scenario.with_settings(&self.settings)?;
        }
        for fault in &self.faults {
            scenario = scenario.with_fault(fault)?;
        }
        for choice in &self.choices {
            scenario = scenario.with_pin(choice)?;
        }
        if let Some(fortune) = self.luck {
            scenario = scenario.with_luck(fortune.into())?;
        }
        Ok(scenario)
    }

    /// As they would be typed again, with these settings.
    pub(crate) fn as_arguments(&self, settings: &[(String, String)]) -> String {
        let mut text = String::new();
        for (key, value) in settings {
            text += &format!(" --set {key}={value}");
        }
        for fault in &self.faults {
            text += &format!(" --fault '{fault}'");
        }
        for choice in &self.choices {
            text += &format!(" --choose '{choice}'");
        }
        if let Some(fortune) = self.luck {
            text += &format!(" --luck {}", fortune.word());
        }
        text
    }
}

/// An embedded scenario by name, or a file.
pub(crate) fn find(name: &str) -> Result<Scenario, Problem> {
    if Path::new(name).is_file() && is_trace_file(Path::new(name)) {
        let help = "watch, explain and check read traces; run and explore make them from scenarios";
        return Err(Problem::with_help(format!("{name} is a trace, not a scenario"), help));
    }
    if Path::new(name).exists() {
        return Ok(Scenario::load(Path::new(name))?);
    }
    if let Some((name, text)) = scenario::embedded(name) {
        return Ok(Scenario::read(text, &format!("{name}.toml"))?);
    }
    if name.contains('/') || name.ends_with(".toml") {
        return Ok(Scenario::load(Path::new(name))?);
    }
    let names = || scenario::stories().chain(scenario::MUSEUM.iter().copied()).map(|(name, _)| name);
    let bare = || names().filter_map(|name| name.split_once('-')).map(|(_, bare)| bare);
    let help = match nearest(name, names().chain(bare())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(Problem::with_help(format!("no scenario or file is called `{name}`"), help))
}

/// The word for what a scenario is for.
pub(crate) fn kind_word(kind: ScenarioKind) -> &'static str {
    match kind {
        ScenarioKind::Story => "story",
        ScenarioKind::Rule => "rule",
        ScenarioKind::Config => "config",
        ScenarioKind::Boundary => "boundary",
        ScenarioKind::FalseAlarm => "false alarm",
        ScenarioKind::Measure => "measure",
        ScenarioKind::Chaos => "chaos",
    }
}

/// A recorded run, made now from a scenario or read from a trace file.
pub(crate) struct Recorded {
    /// Its events.
    pub(crate) trace: Trace,
    /// The scenario it was made from.
    pub(crate) scenario: Scenario,
    /// The outcome, if it was made now.
    pub(crate) outcome: Option<Outcome>,
}

/// Runs a scenario, or reads a trace; which of the two is told by the file's first bytes.
pub(crate) fn record(options: &ScenarioOptions) -> Result<Recorded, Problem> {
    let path = Path::new(&options.scenario);
    if path.is_file() && is_trace_file(path) {
        let trace = read_trace(path)?;
        let scenario = scenario_of(&trace)?;
        return Ok(Recorded { trace, scenario, outcome: None });
    }
    let scenario = options.read()?;
    let seed = options.seed.unwrap_or(scenario.seed);
    let mut outcome = trial::hold(&scenario, &TrialOptions { host: HostKind::Plain, seed, keep_trace: true });
    let trace = outcome.trace.take().expect("the trace was asked for");
    Ok(Recorded { trace, scenario, outcome: Some(outcome) })
}

/// Reads a trace file.
pub(crate) fn read_trace(path: &Path) -> Result<Trace, Problem> {
    let trace = Trace::read(path).map_err(|error| Problem::new(error.to_string()))?;
    if trace.written_by != PROGRAM {
        eprintln!(
            "{}: written by version {}, this is {PROGRAM}: its scenario may run otherwise now",
            path.display(),
            trace.written_by
        );
    }
    Ok(trace)
}

/// Whether a file is a trace and not a scenario: a scenario is a short text.
fn is_trace_file(path: &Path) -> bool {
    !matches!(Trace::read(path), Err(TraceError::NotATrace { .. }))
}

/// The scenario a trace was made from, as its first event tells it.
pub(crate) fn scenario_of(trace: &Trace) -> Result<Scenario, Problem> {
    let run = trace.run().ok_or_else(|| Problem::new("the trace does not begin with RunStarted"))?;
    let scenario = Scenario::read(&run.text, &format!("{}.toml", run.scenario))?;
    Ok(if run.settings.is_empty() { scenario } else { scenario.with_settings(&run.settings)? })
}

/// Reads a seed, in hexadecimal or decimal.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is no seed: a number such as 10775 or 0x2a17 is wanted"))
}

/// Reads `A..B`, which excludes B.
pub(crate) fn seeds(text: &str) -> Result<std::ops::Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or_else(|| format!("`{text}` is no range of seeds: write A..B, B excluded"))?;
    let range = seed(from)?..seed(to)?;
    if range.is_empty() { Err(format!("`{text}` holds no seed: B is excluded and must be larger than A")) } else { Ok(range) }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` sets nothing: write KEY=VALUE"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// A step by number (`412`, `#412`), or by time (`1.284s`): the last beat that is shown with that time or an earlier one.
pub(crate) fn step_of(trace: &Trace, text: &str) -> Result<Step, Problem> {
    let last = trace.last().ok_or_else(|| Problem::new("the trace holds no events"))?;
    if let Ok(number) = text.trim_start_matches('#').parse::<u32>() {
        let step = Step(number);
        let beyond = || Problem::new(format!("there is no step {number}: the last one is {}", last.0));
        return if step <= last { Ok(step) } else { Err(beyond()) };
    }
    let time = text.strip_suffix('s').and_then(parse_micros);
    let time = time.ok_or_else(|| Problem::new(format!("`{text}` is no step and no time: write 412 or 1.284s")))?;
    let shown_as_later = Instant(time / 1_000 * 1_000).plus(Duration::from_millis(1));
    let beat = trace.events.iter().rev().find(|event| event.at < shown_as_later && is_beat(event));
    Ok(beat.map_or(Step(0), |event| event.step))
}

/// `1.284` seconds as µs, without floating point: `None` when that is no number.
fn parse_micros(seconds: &str) -> Option<u64> {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let digits = format!("{part:0<6}");
    let part = digits.get(..6)?.parse::<u64>().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part)
}
