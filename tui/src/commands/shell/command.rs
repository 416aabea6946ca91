//! What can be done: every command of the shell, as `line` and `kafka_tools` read it and `session` carries it out.

use std::path::PathBuf;

use tribunal::time::{Duration, Timestamp};

use super::record_line::{LineMarks, Record};

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Explain, all or one thing.
    Help(Option<String>),
    /// Say which options a tool of Kafka's takes here.
    HelpOnTool {
        tool: &'static str,
        options: Vec<String>,
    },
    /// Say which version this is.
    Version,
    /// End.
    Quit,
    CreateTopic {
        topic: String,
        partitions: String,
        factor: String,
        configs: Vec<(String, String)>,
        if_missing: bool,
    },
    DescribeTopics(TopicsShown),
    /// Where partitions end, or begin.
    GetOffsets {
        only: Vec<PartitionsOf>,
        at: OffsetsAt,
        hides_internal: bool,
    },
    /// Delete the records that this file of Kafka's names.
    DeleteRecords(PathBuf),
    ListTopics {
        hides_internal: bool,
    },
    DeleteTopic {
        topic: String,
        if_there: bool,
    },
    GrowTopic {
        topic: String,
        partitions: String,
    },
    Produce(Record),
    /// Records from the lines that follow: to which topic, and what parts a line.
    ProduceLines {
        topic: String,
        marks: LineMarks,
    },
    Consume(Reading),
    ListGroups {
        with_states: bool,
    },
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
        of: ConfigsOf,
        all: bool,
    },
    Fault(FaultCommand),
    /// So much simulated time.
    Wait(String),
    Status,
    Watch,
    Save(String),
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
    /// As Kafka's console consumer does: what its `print.` properties ask for, in this order; what parts it, what ends it, and
    /// what stands for nothing.
    Console { parts: Vec<RecordPart>, separator: String, line_end: String, null: String },
}

/// What may be printed of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordPart {
    Timestamp,
    Partition,
    Offset,
    Key,
    Value,
}

/// What is shown of topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TopicsShown {
    /// One of them, or all.
    pub(super) topic: Option<String>,
    /// All their partitions, or those in this trouble.
    pub(super) only: Option<Trouble>,
    /// Only the topics with settings of their own, without their partitions.
    pub(super) with_overrides: bool,
    /// Not Kafka's own.
    pub(super) hides_internal: bool,
}

/// Partitions of one topic, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartitionsOf {
    pub(super) topic: Option<String>,
    /// From this number up to that (excluded).
    pub(super) numbers: (u32, u32),
}

/// Whose configurations are described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConfigsOf {
    /// `topic orders`, `broker b1` or `cluster`.
    One(String),
    /// All topics'.
    Topics,
    /// All brokers', and what holds for every one of them.
    Brokers,
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
    /// It has just as many as that.
    AtMinIsr,
}

/// What is shown of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupShows {
    Offsets,
    Members { with_assignments: bool },
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

/// The tools of Kafka's that a line may call.
pub(super) const TOOLS: [&str; 7] = [
    "kafka-topics.sh",
    "kafka-console-producer.sh",
    "kafka-console-consumer.sh",
    "kafka-consumer-groups.sh",
    "kafka-get-offsets.sh",
    "kafka-delete-records.sh",
    "kafka-configs.sh",
];
