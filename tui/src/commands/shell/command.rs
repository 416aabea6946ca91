//! What can be done: every command of the shell, as `line` and `kafka_tools` read it and `session` carries it out.

use tribunal::time::{Duration, Timestamp};

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Explain, all or one thing.
    Help(Option<String>),
    /// End.
    Quit,
    CreateTopic {
        topic: String,
        partitions: String,
        factor: String,
        configs: Vec<(String, String)>,
        if_missing: bool,
    },
    /// One topic, or all of them; all their partitions, or those in this trouble.
    DescribeTopics(Option<String>, Option<Trouble>),
    /// Where the partitions of a topic end, or begin.
    GetOffsets {
        topic: String,
        at: OffsetsAt,
    },
    ListTopics,
    DeleteTopic {
        topic: String,
        if_there: bool,
    },
    GrowTopic {
        topic: String,
        partitions: String,
    },
    Produce(Record),
    /// Records from the lines that follow: to which topic, and what parts key and value.
    ProduceLines {
        topic: String,
        separator: Option<String>,
    },
    Consume(Reading),
    ListGroups,
    /// One group, or all of them.
    DescribeGroup {
        group: Option<String>,
        shows: GroupShows,
    },
    DeleteGroup(String),
    ResetOffsets(Reset),
    DeleteOffsets {
        group: String,
        topic: String,
    },
    /// Of whom (`topic orders`, `broker b1`, `cluster`), what to set and what to unset; and how Kafka calls it.
    AlterConfigs {
        resource: String,
        set: Vec<(String, String)>,
        unset: Vec<String>,
    },
    DescribeConfigs {
        resource: String,
        all: bool,
    },
    Fault(FaultCommand),
    /// So much simulated time.
    Wait(String),
    Status,
    Watch,
    Save(String),
}

/// A record to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) topic: String,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) partition: Option<u32>,
    pub(super) headers: Vec<(String, String)>,
}

/// What to read, and how to show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) topic: String,
    pub(super) group: Option<String>,
    pub(super) from_beginning: bool,
    pub(super) partition: Option<u32>,
    /// Where to begin in that partition: a number, `earliest` or `latest`.
    pub(super) offset: Option<String>,
    pub(super) max: Option<usize>,
    pub(super) shows: RecordShows,
}

/// What is shown of a record, besides its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum RecordShows {
    /// Where it lies, its key, its value.
    #[default]
    Place,
    /// As Kafka's console consumer does: the value, and what its `print.` properties ask for.
    Console { timestamp: bool, partition: bool, offset: bool, key: bool, separator: String },
}

/// What may be wrong with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It has fewer replicas in sync than replicas.
    UnderReplicated,
    /// Nobody leads it.
    Unavailable,
    /// It has fewer replicas in sync than `min.insync.replicas`.
    UnderMinIsr,
}

/// What is shown of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupShows {
    Offsets,
    Members,
    State,
}

/// A reset of a group's offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reset {
    pub(super) group: String,
    /// The topic (all that it has committed offsets in, without), and the partitions of it that are meant; all without.
    pub(super) topic: Option<String>,
    pub(super) partitions: Vec<u32>,
    pub(super) to: ResetTo,
    /// Whether to do it, or only to show what would be done.
    pub(super) is_executed: bool,
}

/// Which offsets of a topic are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetsAt {
    Start,
    End,
    /// The first record that is not older.
    Time(Timestamp),
}

/// Where a group is to read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ResetTo {
    Earliest,
    Latest,
    Current,
    Offset(i64),
    Shift(i64),
    /// At the first record that is not older.
    Time(Timestamp),
    /// The same, so long before now.
    Ago(Duration),
}

/// Something that goes wrong, or right again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FaultCommand {
    /// `crash`, `power-off`, `restart`, `pause`: whom.
    Process(&'static str, Vec<String>),
    Resume(Vec<String>),
    Cut {
        sides: [String; 2],
        one_way: bool,
    },
    Loss {
        from: String,
        to: String,
        percent: String,
    },
    Delay {
        from: String,
        to: String,
        by: String,
    },
    Skew {
        process: String,
        by: String,
    },
    Drift {
        process: String,
        ppm: String,
    },
    /// What was cut, lost or delayed between two, or all of it.
    Heal(Option<[String; 2]>),
}

/// The words that a line may begin with.
pub(super) const VERBS: [&str; 25] = [
    "topics",
    "produce",
    "consume",
    "groups",
    "offsets",
    "configs",
    "crash",
    "power-off",
    "restart",
    "pause",
    "resume",
    "cut",
    "loss",
    "delay",
    "heal",
    "skew",
    "drift",
    "wait",
    "step",
    "status",
    "watch",
    "save",
    "help",
    "quit",
    "exit",
];
