//! Identities and counters of the domain, one newtype each, with only the arithmetic that makes sense.
//!
//! Invariant: two numbers of different meaning never mix: adding two offsets does not compile. `end` always excludes,
//! `last` always includes.
//!
//! Everything here is `Copy`, so that events, messages and map keys stay small and cheap.

use std::fmt;

/// A position in a partition's log; the first record has offset 0. Also used for ends, which name the *next* offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);

    /// The offset after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The offset `count` records further on.
    #[must_use]
    pub fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }

    /// The offset before this one; `None` before the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// How many offsets lie in `earlier..self`; 0 when `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Counts the elections of one partition; a record carries the epoch of the leader that wrote it (KIP-101).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub u32);

impl LeaderEpoch {
    /// The epoch of a partition's first leader.
    pub const ZERO: Self = Self(0);

    /// The epoch of the next leader.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Counts the changes of one partition's record in the metadata: leader, ISR, replicas (KIP-497).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionEpoch(pub u32);

impl PartitionEpoch {
    /// The epoch after one more change.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Names one registration of a broker: the offset of its registration record in the metadata log (KIP-903).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerEpoch(pub u64);

/// Counts the lives of one process in a run; the first is 1. Kafka's incarnation id is a random UUID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u32);

impl Incarnation {
    /// The next life of the same process.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A server's `node.id`: of a broker from 1 to [`BrokerSet::MAX`], of a controller (as requests and logs of the metadata
/// quorum name it) from [`BrokerId::CONTROLLERS`] on, as operators often number them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub u16);

impl BrokerId {
    /// Controller `k1` is node 3001.
    pub const CONTROLLERS: u16 = 3000;

    /// The node id of a server. Clients and the world have none.
    #[must_use]
    pub fn of(process: ProcessId) -> Option<Self> {
        match process {
            ProcessId::Broker(id) => Some(id),
            ProcessId::Controller(number) => Some(Self(Self::CONTROLLERS + number)),
            ProcessId::World | ProcessId::Client(_) => None,
        }
    }

    /// The server with this node id.
    #[must_use]
    pub fn process(self) -> ProcessId {
        match self.0.checked_sub(Self::CONTROLLERS) {
            Some(number) => ProcessId::Controller(number),
            None => ProcessId::Broker(self),
        }
    }
}

/// Names one log directory for good: a replaced disk has another (KIP-853; Kafka's `directory.id` in `meta.properties`).
///
/// Kafka differs: a random UUID there; here the number of the life that formatted the disk, told apart by its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryId(pub u32);

/// A voter of the metadata quorum: the server, and the directory its vote and its log lie in (KIP-853).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoterKey {
    /// The server.
    pub voter: ProcessId,
    /// Its directory; `None` where voters are known by number only (`voter-uuid = off`).
    pub directory: Option<DirectoryId>,
}

/// A topic, told apart from a later topic of the same name (KIP-516).
///
/// Kafka differs: a topic id is a random UUID there and a small number, given out in order, here: it is read by people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u32);

impl TopicId {
    /// The topic `__cluster_metadata`, whose one partition is the controller's log.
    pub const METADATA: Self = Self(0);
}

/// A partition of a topic, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionIndex(pub u32);

/// One partition of one topic: the unit of leadership, replication and order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition within it.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// `__cluster_metadata-0`.
    pub const METADATA: Self = Self { topic: TopicId::METADATA, partition: PartitionIndex(0) };

    /// A partition by its two numbers.
    #[must_use]
    pub fn new(topic: TopicId, partition: PartitionIndex) -> Self {
        Self { topic, partition }
    }
}

/// A place in `log.dirs`: one of the folders, on disks of their own perhaps, over which a server spreads its logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogDirectory(pub u8);

impl LogDirectory {
    /// The only one unless `log.dirs` names more; the metadata log and the quorum state lie in it.
    pub const FIRST: Self = Self(0);
}

/// A producer's id for idempotence (KIP-98).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub u64);

/// Counts the lives of one producer id; an older one is fenced (KIP-98).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerEpoch(pub u16);

/// Numbers the records of one producer to one partition (KIP-98).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u32);

/// A process of the world. Brokers print as `b1`, controllers as `k1`; a client has a name of its own, which the run's
/// opening event tells ([`crate::event::RunFacts`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessId {
    /// The world itself: faults, the network, the referee.
    World,
    /// The broker with this `node.id`.
    Broker(BrokerId),
    /// The controller with this number, from 1.
    Controller(u16),
    /// The client with this place in the scenario, from 1.
    Client(u16),
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World => f.write_str("world"),
            Self::Broker(BrokerId(number)) => write!(f, "b{number}"),
            Self::Controller(number) => write!(f, "k{number}"),
            Self::Client(number) => write!(f, "client{number}"),
        }
    }
}

/// Numbers the requests on one connection, so that a response finds its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorrelationId(pub u32);

/// The dense index of an event in the trace, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(pub u32);

impl Step {
    /// Stands for "no event": the cause of what the run began with.
    pub const NONE: Self = Self(u32::MAX);

    /// The step after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// This step, unless it is [`Step::NONE`].
    #[must_use]
    pub fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// The 64-bit digest of a record's key and value: what checks compare instead of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

/// Numbers the records one producer was asked to send, from 1: the `n` of the trigger `p1 ack n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub u32);

/// A set of brokers (an ISR, say) as one word, in ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerSet(pub u64);

impl BrokerSet {
    /// The highest broker id that a set can hold.
    pub const MAX: u16 = 63;
    /// Nobody.
    pub const EMPTY: Self = Self(0);

    /// Whether `broker` is in it.
    #[must_use]
    pub fn contains(self, broker: BrokerId) -> bool {
        self.0 & Self::bit(broker) != 0
    }

    /// The set with `broker` in it.
    #[must_use]
    pub fn with(self, broker: BrokerId) -> Self {
        Self(self.0 | Self::bit(broker))
    }

    /// The set without `broker`.
    #[must_use]
    pub fn without(self, broker: BrokerId) -> Self {
        Self(self.0 & !Self::bit(broker))
    }

    /// Everybody in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everybody in `other` is in it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How many brokers are in it.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in ascending order.
    pub fn iter(self) -> impl Iterator<Item = BrokerId> {
        (0..=Self::MAX).map(BrokerId).filter(move |broker| self.contains(*broker))
    }

    fn bit(broker: BrokerId) -> u64 {
        assert!(broker.0 <= Self::MAX, "broker ids end at 63, and the scenario reader refuses higher ones");
        1 << broker.0
    }
}

impl FromIterator<BrokerId> for BrokerSet {
    fn from_iter<I: IntoIterator<Item = BrokerId>>(brokers: I) -> Self {
        brokers.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Display for BrokerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (place, broker) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}", broker.0)?;
        }
        f.write_str("}")
    }
}

macro_rules! display_as_number {
    ($($name:ident $prefix:literal),* $(,)?) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        })*
    };
}

display_as_number!(
    Offset "", LeaderEpoch "e", PartitionEpoch "v", BrokerEpoch "", Incarnation "#", DirectoryId "d", TopicId "t",
    PartitionIndex "", ProducerId "", ProducerEpoch "", Sequence "", CorrelationId "", Step "#", SendId "",
);

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_sub(Self::CONTROLLERS) {
            Some(number) => write!(f, "k{number}"),
            None => write!(f, "b{}", self.0),
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::METADATA { f.write_str("__cluster_metadata-0") } else { write!(f, "{}-{}", self.topic, self.partition) }
    }
}
