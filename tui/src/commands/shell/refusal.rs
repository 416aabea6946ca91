//! What cannot be done: Kafka's own name for it, and a sentence.

use std::fmt;

use tribunal::error::ErrorCode;
use tribunal::sim::scenario::Mistake;

/// Why a line was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Kafka's name of the error.
    name: &'static str,
    /// What is wrong, for people.
    sentence: String,
}

impl Refusal {
    /// The cluster, or a client, refused it.
    pub(super) fn new(code: ErrorCode, sentence: impl Into<String>) -> Self {
        Self { name: code.name(), sentence: sentence.into() }
    }

    /// Whether this is the error.
    pub(super) fn is(&self, code: ErrorCode) -> bool {
        self.name == code.name()
    }

    /// The line itself is wrong.
    pub(super) fn malformed(sentence: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, sentence)
    }

    /// The reader of scenarios does not take what the line says.
    pub(super) fn unread(code: ErrorCode, mistake: &Mistake) -> Self {
        let help = mistake.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        Self::new(code, format!("{}{help}", mistake.message))
    }

    /// The cluster refused something about `what` (a topic, a group, a broker) with this code.
    pub(super) fn of(code: ErrorCode, what: &str) -> Self {
        let sentence = match code {
            ErrorCode::UnknownTopicOrPartition => format!("there is no topic or partition {what}"),
            ErrorCode::TopicAlreadyExists => format!("{what} already exists"),
            ErrorCode::InvalidTopicException => format!("{what} is no name that a topic can have"),
            ErrorCode::InvalidReplicationFactor => format!("{what} wants more replicas than there are brokers alive"),
            ErrorCode::InvalidPartitions => format!("{what} has as many partitions already, or more: their number can only grow"),
            ErrorCode::InvalidConfig => format!("{what} cannot be configured so"),
            ErrorCode::GroupIdNotFound => format!("there is no group {what}"),
            ErrorCode::InvalidGroupId => format!("no group can be called {what}"),
            ErrorCode::NonEmptyGroup => format!("{what} has members: they have to leave first"),
            ErrorCode::UnknownMemberId => format!("{what} has members, and who asked is none of them"),
            ErrorCode::LeaderNotAvailable => format!("nobody leads {what} now"),
            ErrorCode::NotLeaderOrFollower => format!("whoever was asked does not lead {what}"),
            ErrorCode::CoordinatorNotAvailable => format!("{what} has no coordinator now"),
            ErrorCode::NotCoordinator => format!("whoever was asked does not coordinate {what}"),
            ErrorCode::CoordinatorLoadInProgress => format!("the coordinator of {what} is still reading its log"),
            ErrorCode::RequestTimedOut => {
                format!("nobody answered about {what} in time: the brokers are down, cut off, or too few")
            }
            ErrorCode::NetworkException => format!("the connection broke before an answer about {what} came"),
            ErrorCode::NotEnoughReplicas => {
                format!("{what} has fewer replicas in sync than min.insync.replicas: nothing was appended")
            }
            ErrorCode::NotEnoughReplicasAfterAppend => {
                format!("{what} lost replicas while it appended: fewer than min.insync.replicas have it")
            }
            ErrorCode::MessageTooLarge => format!("the record is larger than max.message.bytes of {what}"),
            ErrorCode::InvalidTimestamp => {
                format!("the record's timestamp is too far from the clock of the broker that leads {what}")
            }
            ErrorCode::InvalidRecord => format!("{what} is compacted: it takes no record without a key"),
            ErrorCode::OffsetOutOfRange => format!("the offset lies outside the log of {what}"),
            ErrorCode::KafkaStorageError => format!("the disk under {what} failed"),
            ErrorCode::PolicyViolation => format!("{what} asks for more than is allowed at once"),
            _ => format!("{what} was refused"),
        };
        Self::new(code, sentence)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR {}: {}", self.name, self.sentence)
    }
}
