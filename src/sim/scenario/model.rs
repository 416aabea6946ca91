//! A scenario as a value: read, checked and with every default filled in.

use crate::choice::{Luck, Odds, Pin};
use crate::client::admin::AdminSetup;
use crate::client::consumer::ConsumerSetup;
use crate::client::producer::ProducerSetup;
use crate::config::{BrokerConfig, Profile, TopicConfig, Variants};
use crate::context::{Command, NewRecord};
use crate::event::CrashKind;
use crate::ids::{PartitionIndex, ProcessId};
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
    /// How many controllers: k1, …
    pub controllers: u16,
    /// Their configuration.
    pub config: BrokerConfig,
    /// The topics' defaults (the brokers' `log.` keys).
    pub topic_defaults: TopicConfig,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkLaw {
    /// How long a message is on its way, in µs.
    pub latency: Odds,
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
}

/// A consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSpec {
    /// The machine's settings.
    pub setup: ConsumerSetup,
    /// When it starts.
    pub start: Instant,
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

/// A scripted fault.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSpec {
    /// When it strikes.
    pub when: When,
    /// What it does.
    pub action: FaultAction,
    /// When it ends: healed, resumed, restarted. `None`: never.
    pub lasts: Option<Duration>,
    /// One line for people, such as `1.284s crash leader(orders-0), restart after 1200ms`.
    pub text: String,
    /// Its line in the file.
    pub line: u32,
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At a time.
    At(Instant),
    /// Right after something happened (1 µs later).
    After(Trigger),
}

/// Something that happens, as `after = "p1 ack 2"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A producer got its n-th acknowledgement, counted from 1.
    Ack {
        /// Which producer.
        producer: ProcessId,
        /// The how-manieth.
        nth: u32,
    },
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultAction {
    /// Kills a process (with its machine, with its disk); `lasts` says when it is started again.
    Crash {
        /// Whom.
        target: Target,
        /// What dies with it.
        kind: CrashKind,
    },
    /// Starts a process that is down.
    Restart {
        /// Whom.
        target: Target,
    },
    /// Stops a process without killing it.
    Pause {
        /// Whom.
        target: Target,
    },
    /// Lets nothing through between two sides.
    Cut {
        /// One side.
        from: Vec<Target>,
        /// The other.
        to: Vec<Target>,
        /// Only from the first to the second.
        one_way: bool,
    },
    /// Loses messages from one side to the other.
    Loss {
        /// The senders.
        from: Vec<Target>,
        /// The receivers.
        to: Vec<Target>,
        /// How many in a million.
        ppm: u32,
    },
    /// Slows messages from one side to the other.
    Delay {
        /// The senders.
        from: Vec<Target>,
        /// The receivers.
        to: Vec<Target>,
        /// By how much.
        by: Duration,
    },
    /// Delivers requests from one side to the other twice.
    Duplicate {
        /// The senders.
        from: Vec<Target>,
        /// The receivers.
        to: Vec<Target>,
        /// How many in a million.
        ppm: u32,
    },
    /// Moves a wall clock.
    ClockJump {
        /// Whose.
        target: Target,
        /// By how much, in µs.
        by_us: i64,
    },
    /// Changes the rate of a process's clocks.
    ClockDrift {
        /// Whose.
        target: Target,
        /// How much too fast, in parts per million.
        ppm: i32,
    },
}

/// Whom a fault is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This process.
    Process(ProcessId),
    /// Whoever holds the role when the fault strikes.
    Role(Role),
}

/// A role, resolved from the newest committed metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// `leader(orders-0)`
    Leader(String, PartitionIndex),
    /// `follower(orders-0)`: the lowest id in the ISR that does not lead.
    Follower(String, PartitionIndex),
    /// `followers(orders-0)`: all replicas that do not lead.
    Followers(String, PartitionIndex),
    /// `controller`: the active one.
    Controller,
}

/// Random faults, within what Kafka promises to survive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// From when (included).
    pub from: Instant,
    /// Until when faults may begin or last.
    pub until: Instant,
    /// Mean time between two faults.
    pub every: Duration,
    /// The shortest time one lasts.
    pub lasts_min: Duration,
    /// The longest.
    pub lasts_max: Duration,
    /// Which kinds may strike; each as often as it is named.
    pub kinds: Vec<ChaosKind>,
}

/// A kind of random fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChaosKind {
    /// Process crash.
    Crash,
    /// Machine crash.
    Power,
    /// Machine crash, and the disk is replaced.
    DiskReplaced,
    /// Pause.
    Pause,
    /// A broker is cut from everybody, or from some, both ways.
    Cut,
    /// The same, one way.
    CutOneWay,
    /// Lossy links.
    Loss,
    /// Slow links.
    Delay,
    /// Duplicated requests.
    Duplicate,
    /// A wall clock jumps.
    ClockJump,
    /// Clocks run too fast or too slow.
    ClockDrift,
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
