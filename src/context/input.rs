//! What a turn begins with: messages from other processes, deadlines, and what the scenario wants.
//!
//! Called by: the world, which makes inputs; machines, which take them.

use bytes::Bytes;

use crate::event::{ConnectionNumber, GroupId, Purpose};
use crate::ids::{CorrelationId, Offset, PartitionIndex, ProcessId, Step};
use crate::protocol::{CreateTopicsRequest, NamedPartition, Request, Response};
use crate::time::Timestamp;

/// What a turn begins with.
#[derive(Clone, Debug)]
pub enum Input {
    /// The process lives: its first turn. Its disk may hold what an earlier incarnation wrote.
    Started,
    /// Something arrived.
    Message(Message),
    /// `next_deadline` has come.
    Deadline,
    /// The scenario wants something of it.
    Command(Command),
}

/// What arrives from other processes.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request to be answered with [`Context::reply`], now or later, at most once.
    Request {
        /// Who asks.
        from: ProcessId,
        /// Where the answer goes.
        reply_to: ReplyTo,
        /// What is asked.
        request: Request,
    },
    /// The answer to an earlier request.
    Response {
        /// Who answers.
        from: ProcessId,
        /// On which connection.
        purpose: Purpose,
        /// Which request.
        correlation: CorrelationId,
        /// The answer.
        response: Response,
    },
    /// A connection of ours was reset: what is unanswered on it stays so.
    Disconnected {
        /// The server it led to.
        from: ProcessId,
        /// What it was for.
        purpose: Purpose,
    },
}

/// What the scenario tells a client to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To a producer: send this record.
    Send(NewRecord),
    /// To an admin: create topics.
    CreateTopics(CreateTopicsRequest),
    /// To an admin: describe a topic (Metadata).
    DescribeTopic(String),
    /// To an admin: ask the cluster this.
    Ask(Request),
    /// To an admin: do this about a group.
    Group(GroupOrder),
    /// To a consumer: do this.
    Consume(ConsumerCommand),
    /// To a server: end yourself in order (SIGTERM).
    ShutDown,
}

/// What an application does with its consumer besides polling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerCommand {
    /// Reads these topics from now on, as a member of its group.
    Subscribe(Vec<String>),
    /// Reads all topics whose names match this pattern, as a member of its group.
    SubscribePattern(String),
    /// Reads these partitions from now on, alone.
    Assign(Vec<NamedPartition>),
    /// Reads nothing from now on, and leaves its group.
    Unsubscribe,
    /// Reads on from elsewhere: in one partition, or in all it has.
    Seek(Option<NamedPartition>, SeekTo),
    /// Fetches nothing of these partitions for a while; of all it has when none is named.
    Pause(Vec<NamedPartition>),
    /// Fetches them again.
    Resume(Vec<NamedPartition>),
    /// Commits its positions.
    Commit,
    /// Ends in order: commits if it commits by itself, and leaves its group (static members do not, in the classic protocol).
    Close,
}

/// What an operator wants of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupOrder {
    /// To know which groups there are.
    List,
    /// To know what it is doing.
    Describe(GroupId),
    /// To know how far it has come, by what it has committed.
    FetchOffsets(GroupId),
    /// To know where the partitions of a topic begin and end, and, if a time is named, which is the first record of each that is
    /// not older (no group's affair).
    ListOffsets(String, Option<Timestamp>),
    /// It to be forgotten, with all its offsets.
    Delete(GroupId),
    /// Its offsets of a topic, or of one partition of it, to be forgotten.
    DeleteOffsets(GroupId, String, Option<PartitionIndex>),
    /// Its members to read on from elsewhere.
    Reset {
        /// Which group.
        group: GroupId,
        /// In which topic.
        topic: String,
        /// In which partition; in all of them without.
        partition: Option<PartitionIndex>,
        /// From where; what lies outside the log is brought within it.
        to: SeekTo,
    },
}

impl GroupOrder {
    /// The group it is about.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::List | Self::ListOffsets(..) => None,
            Self::FetchOffsets(group)
            | Self::Describe(group)
            | Self::Delete(group)
            | Self::DeleteOffsets(group, ..)
            | Self::Reset { group, .. } => Some(group),
        }
    }

    /// The topic whose offsets it is about.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        match self {
            Self::DeleteOffsets(_, topic, _) | Self::ListOffsets(topic, _) | Self::Reset { topic, .. } => Some(topic),
            Self::List | Self::FetchOffsets(_) | Self::Describe(_) | Self::Delete(_) => None,
        }
    }

    /// The one partition it is about, if it is about one.
    #[must_use]
    pub fn partition(&self) -> Option<PartitionIndex> {
        match self {
            Self::DeleteOffsets(_, _, partition) | Self::Reset { partition, .. } => *partition,
            Self::List | Self::FetchOffsets(_) | Self::ListOffsets(..) | Self::Describe(_) | Self::Delete(_) => None,
        }
    }
}

/// Where a consumer reads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTo {
    /// At the log start.
    Beginning,
    /// At the end.
    End,
    /// At this offset, which need not be in the log.
    Offset(Offset),
    /// At the first record that is not older.
    Timestamp(Timestamp),
}

/// A record for a producer to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Its key; without one the partitioner is free.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers, in order; keys may repeat.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// A partition named by the application, which overrules the partitioner.
    pub partition: Option<PartitionIndex>,
    /// A CreateTime given by the application; else the producer's wall clock.
    pub timestamp: Option<Timestamp>,
}

/// The address of an answer, and whose request it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// Who asked.
    pub client: ProcessId,
    /// On which connection.
    pub connection: ConnectionNumber,
    /// What that is for.
    pub purpose: Purpose,
    /// Which request.
    pub correlation: CorrelationId,
    /// The event of the request, kept for the trail of whatever answers it later.
    pub origin: Step,
}
