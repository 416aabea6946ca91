//! A scenario as a value: read, checked and with every default filled in.

use super::fault_model::{Chaos, FaultSpec};
use crate::choice::{Luck, Odds, Pin};
use crate::client::admin::AdminSetup;
use crate::client::consumer::ConsumerSetup;
use crate::client::producer::ProducerSetup;
use crate::config::{BrokerConfig, Profile, Release, TopicConfig, Variants};
use crate::context::{Command, NewRecord};
use crate::ids::ProcessId;
use crate::protocol::NewTopic;
use crate::time::{Duration, Instant};

/// Everything a run needs but the seed's luck.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name, as `run` takes it.
    pub name: String,
    /// What it is for.
    pub kind: ScenarioKind,
    /// Its story in a sentence or two.
    pub story: String,
    /// What keeps it from happening: the configuration or the version.
    pub fixed_by: String,
    /// Where to read more.
    pub sources: Vec<String>,
    /// The seed to run it with unless another is given.
    pub seed: u64,
    /// How much simulated time it takes.
    pub duration: Duration,
    /// Which defaults it builds on.
    pub profile: Profile,
    /// Whether unpinned choices are drawn or quiet.
    pub luck: Luck,
    /// The quiet time after the last fault within which everything must have converged.
    pub heal_time: Duration,
    /// The servers.
    pub cluster: Cluster,
    /// The historical rules in force.
    pub variants: Variants,
    /// How messages travel.
    pub network: NetworkLaw,
    /// How long disk calls take.
    pub disk: DiskLaw,
    /// The topics made at the start.
    pub topics: Vec<NewTopic>,
    /// The process that makes them and carries out `[[admin]]` (its id is `admin`, the last client).
    pub admin: AdminSetup,
    /// What the admin does, and when (topics are made at time zero).
    pub admin_commands: Vec<(Instant, Command)>,
    /// The producers, in file order.
    pub producers: Vec<ProducerSpec>,
    /// The consumers, in file order.
    pub consumers: Vec<ConsumerSpec>,
    /// Clocks that are not exact from the start.
    pub clocks: Vec<ClockSpec>,
    /// The scripted faults, in file order.
    pub faults: Vec<FaultSpec>,
    /// The random ones.
    pub chaos: Option<Chaos>,
    /// Pinned choices.
    pub pins: Vec<Pin>,
    /// What must come of it with the settings written in the file.
    pub expect: Expectation,
    /// The same under other settings.
    pub rules: Vec<RuleBlock>,
    /// Keys that Kafka knows and that have no effect here, as written.
    pub no_effect: Vec<String>,
    /// The text it was read from, for the trace's first event.
    pub text: String,
    /// The file it was read from, for messages.
    pub file: String,
    /// The settings applied over the text (`--set` or a rule block).
    pub settings: Vec<(String, String)>,
}

/// What a scenario is for (the kinds of the museum).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioKind {
    /// Something to watch.
    Story,
    /// An old rule fails, the new one holds.
    Rule,
    /// A bad setting fails, a good one holds.
    Config,
    /// Lost by right: which promise ends where.
    Boundary,
    /// It looks wrong, and no check may fire.
    FalseAlarm,
    /// A number moves.
    Measure,
    /// Random weather in which every check must hold.
    Chaos,
}

/// The servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// How many brokers: b1, b2, …
    pub brokers: u16,
    /// How many servers vote in the metadata quorum when the run begins: k1, …, or the first brokers when combined.
    pub voters: u16,
    /// How many controllers do not vote when the run begins; they come after the voters.
    pub standbys: u16,
    /// The voters are brokers as well (`process.roles=broker,controller`).
    pub is_combined: bool,
    /// The brokers' racks, one each; empty when there are none.
    pub racks: Vec<String>,
    /// The controllers' racks, one each; empty when there are none.
    pub controller_racks: Vec<String>,
    /// The release whose rules and defaults they follow; `None` is the newest.
    pub release: Option<Release>,
    /// The servers that are not as all others.
    pub servers: Vec<ServerSpec>,
    /// Their configuration.
    pub config: BrokerConfig,
    /// The topics' defaults (the brokers' `log.` keys).
    pub topic_defaults: TopicConfig,
}

/// A server with words of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSpec {
    /// Which.
    pub process: ProcessId,
    /// When it first starts.
    pub start: Instant,
    /// Its configuration: everybody's, with its own keys over it.
    pub config: BrokerConfig,
}

/// How messages travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkLaw {
    /// How long a message is on its way, in µs.
    pub latency: Odds,
    /// The same between two racks (or within one), either way, for whoever stands in them.
    pub between: Vec<(String, String, Odds)>,
}

/// How long disk calls take, in µs. Reads and appends hit the page cache; a sync goes to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskLaw {
    /// An append, truncate, rename or delete.
    pub write: Odds,
    /// A read.
    pub read: Odds,
    /// A sync.
    pub sync: Odds,
}

/// A producer and what it is told to send.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerSpec {
    /// The machine's settings.
    pub setup: ProducerSetup,
    /// When it starts.
    pub start: Instant,
    /// Scripted sends.
    pub sends: Vec<(Instant, NewRecord)>,
    /// Generated sends.
    pub load: Option<Load>,
}

/// A stream of generated sends with unique values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// From when (included).
    pub from: Instant,
    /// Until when (excluded).
    pub until: Instant,
    /// Sends per second, on average.
    pub rate: u32,
    /// How many different keys; 0 sends keyless records.
    pub keys: u32,
    /// How many bytes a value has at least.
    pub value_bytes: u32,
    /// How many of a thousand are tombstones of their key.
    pub tombstones: u32,
    /// How far their CreateTimes lie from the time at which they are sent, in µs: from the least to the most. Without, the
    /// producer's clock says when they are.
    pub timestamps: Option<(i64, i64)>,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSpec {
    /// The machine's settings.
    pub setup: ConsumerSetup,
    /// When it starts.
    pub start: Instant,
    /// What it is told, and when.
    pub commands: Vec<(Instant, Command)>,
    /// The id of the table that makes it and others like it.
    pub crew: Option<String>,
    /// What its application promises about what it processes.
    pub promise: Promise,
}

/// What an application promises about the records of its group, as long as all its members keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Each is processed, some more than once.
    AtLeastOnce,
    /// None is processed more than once, some not at all.
    AtMostOnce,
    /// Nothing.
    None,
}

/// A process's clock at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSpec {
    /// Whose.
    pub process: ProcessId,
    /// How far its wall clock is ahead, in µs.
    pub offset_us: i64,
    /// How much too fast both its clocks run, in parts per million.
    pub drift_ppm: i32,
}

/// What must come of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Checks that must be violated.
    pub violated: Vec<String>,
    /// Checks that may be.
    pub may_violate: Vec<String>,
    /// Checks that must hold although the settings do not promise them, or nobody counts on them.
    pub holds: Vec<String>,
    /// How often things must happen.
    pub counts: Vec<CountSpec>,
}

/// How often something must happen in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountSpec {
    /// The count, as [`crate::check::Counts`] names it.
    pub count: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub number: u64,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

/// The same seed and faults under other settings, judged the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleBlock {
    /// Its name.
    pub name: String,
    /// What it sets, as `--set` would.
    pub set: Vec<(String, String)>,
    /// What must come of it.
    pub expect: Expectation,
}
