//! What may go wrong in a scenario, as values: scripted faults, whom they strike and when, and the random ones.

use crate::context::Command;
use crate::event::{ApiKey, CrashKind, DiskFault};
use crate::files::FileName;
use crate::ids::{BrokerId, BrokerSet, LogDirectory, PartitionIndex, ProcessId};
use crate::time::{Duration, Instant};

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
    /// So long after something happened (1 µs at least).
    After(Trigger, Duration),
}

/// Something that happens, as `after = "p1 ack 2"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A client did something for the n-th time, counted from 1.
    Done {
        /// Which client.
        client: ProcessId,
        /// What.
        doing: Doing,
        /// The how-manieth.
        nth: u32,
    },
    /// A consumer was given a partition, or gave it back or lost it.
    Given {
        /// Which consumer.
        consumer: ProcessId,
        /// Of which topic.
        topic: String,
        /// Which partition.
        partition: PartitionIndex,
        /// It has it no more.
        is_revoked: bool,
    },
    /// Everybody in a group owns what is planned, as its coordinator sees it.
    GroupStable(String),
    /// A group reaches a generation or group epoch.
    GroupEpoch {
        /// Which group.
        group: String,
        /// This one, or a later one.
        epoch: i32,
    },
    /// A broker is made a partition's leader, as committed.
    Leads {
        /// Who.
        broker: BrokerId,
        /// Of which topic.
        topic: String,
        /// Of which partition.
        partition: PartitionIndex,
    },
    /// A partition's ISR is made this, as committed.
    IsrIs {
        /// Of which topic.
        topic: String,
        /// Of which partition.
        partition: PartitionIndex,
        /// Its members.
        isr: BrokerSet,
    },
    /// A server wins the metadata quorum's election.
    LeadsQuorum(ProcessId),
    /// A broker is fenced, or unfenced, as committed.
    Fenced {
        /// Who.
        broker: BrokerId,
        /// Which of the two.
        is_fenced: bool,
    },
}

/// What a client does that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// A producer is told that a record is stored.
    Acknowledge,
    /// A consumer's poll returns records.
    Poll,
    /// A consumer's application is done with a record.
    Process,
    /// A consumer's commit is stored.
    Commit,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultAction {
    /// Kills processes (with their machines, with their disks); `lasts` says when they are started again.
    Crash {
        /// Whom.
        targets: Vec<Target>,
        /// What dies with them.
        kind: CrashKind,
    },
    /// Asks servers to end themselves in order; `lasts` says when they are started again, counted from their ends.
    ShutDown {
        /// Whom.
        targets: Vec<Target>,
    },
    /// Shuts servers down in order and starts them again, one after the other.
    RollingRestart {
        /// Whom, in this order.
        targets: Vec<Target>,
        /// How long to wait when one is back before the next is asked.
        between: Duration,
    },
    /// Starts processes that are down.
    Restart {
        /// Whom.
        targets: Vec<Target>,
    },
    /// Stops processes without killing them.
    Pause {
        /// Whom.
        targets: Vec<Target>,
    },
    /// Makes disks fail.
    Disk {
        /// Whose.
        targets: Vec<Target>,
        /// How.
        fault: DiskFault,
        /// On which files; on every one without.
        file: Option<FileSpec>,
        /// How often; until it ends without.
        times: Option<u32>,
        /// How much longer a stalled call takes.
        stall: Duration,
    },
    /// Takes files from the disk of a server that is down.
    LoseFile {
        /// Whose.
        target: Target,
        /// Which.
        file: FileSpec,
    },
    /// Has the administrator ask for something (random ones only; a scenario has `[[admin]]`).
    Order(Command),
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
        /// Only these messages.
        only: Option<MessageSpec>,
    },
    /// Slows messages from one side to the other.
    Delay {
        /// The senders.
        from: Vec<Target>,
        /// The receivers.
        to: Vec<Target>,
        /// By how much.
        by: Duration,
        /// Only these messages.
        only: Option<MessageSpec>,
    },
    /// Delivers requests from one side to the other twice.
    Duplicate {
        /// The senders.
        from: Vec<Target>,
        /// The receivers.
        to: Vec<Target>,
        /// How many in a million.
        ppm: u32,
        /// Only these messages.
        only: Option<MessageSpec>,
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

/// One kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageSpec {
    /// Of this API.
    pub api: ApiKey,
    /// The responses, and not the requests.
    pub is_response: bool,
}

/// Files on a server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileSpec {
    /// `orders-0`: the segments of a partition; when files are lost, its whole folder.
    Partition(String, PartitionIndex),
    /// `orders-0/index`: what a partition's folder has of one kind.
    InPartition(String, PartitionIndex, FileKind),
    /// `quorum-state`: every file of this name, in whatever folder.
    Named(FileName),
    /// `d1`: a whole log directory.
    Directory(LogDirectory),
}

/// A kind of file, by the name or the ending that Kafka gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `log`: segments.
    Segment,
    /// `index`: offset indexes.
    OffsetIndex,
    /// `timeindex`: time indexes.
    TimeIndex,
    /// A file of this very name.
    Named(FileName),
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
    /// `controller`: the active one, the newest leader of the metadata quorum.
    Controller,
    /// `controllers`: every server with that role, standbys too.
    Controllers,
    /// `voters-but-leader`: the voters of the metadata quorum that do not lead it.
    VotersButLeader,
    /// `rack(A)`: the servers in that rack.
    Rack(String),
    /// `coordinator(g1)`: the broker that leads the group's partition of the offsets topic.
    Coordinator(String),
    /// `owner(g1 orders-0)`: the consumer that was given this partition last, as a member of this group.
    Owner(String, String, PartitionIndex),
    /// `members(g1)`, or the id of a table that makes several: these clients.
    Clients(Vec<ProcessId>),
}

impl Role {
    /// Whether servers hold it, and not clients.
    #[must_use]
    pub fn is_of_servers(&self) -> bool {
        match self {
            Self::Clients(_) | Self::Owner(..) => false,
            Self::Leader(..)
            | Self::Follower(..)
            | Self::Followers(..)
            | Self::Controller
            | Self::Controllers
            | Self::VotersButLeader
            | Self::Rack(_)
            | Self::Coordinator(_) => true,
        }
    }

    /// Whether several may hold it at once.
    #[must_use]
    pub fn is_of_several(&self) -> bool {
        match self {
            Self::Followers(..) | Self::Controllers | Self::VotersButLeader | Self::Rack(_) | Self::Clients(_) => true,
            Self::Leader(..) | Self::Follower(..) | Self::Controller | Self::Coordinator(_) | Self::Owner(..) => false,
        }
    }
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
    /// Controlled shutdown, and back.
    ShutDown,
    /// Writes to a disk fail.
    WriteFails,
    /// Reads from a disk fail.
    ReadFails,
    /// Syncs fail.
    SyncFails,
    /// Syncs lie.
    SyncLies,
    /// Reads give too little.
    ShortRead,
    /// Reads give flipped bits.
    BitRot,
    /// Writes go astray.
    MisdirectedWrite,
    /// A disk is full.
    Full,
    /// A disk stalls.
    Stalls,
    /// A partition is moved to other brokers.
    Reassign,
    /// Preferred leaders are elected.
    Elect,
    /// A voter leaves the quorum, or a controller joins it.
    Voter,
    /// A consumer's process crashes.
    ClientCrash,
    /// A consumer stands still.
    ClientPause,
    /// A consumer is closed in order, and started again.
    ClientClose,
}
