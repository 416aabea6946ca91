//! The two kinds of wrong that the world may do: an [`ErrorCode`] told to a client, a [`Fault`] met inside a process.
//! (What only our own bug can do is an assertion, never a value.)

use thiserror::Error;

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $number:literal $code:ident = $name:literal $retriable:ident),* $(,)?) => {
        /// Kafka's error codes, with its names and numbers, as far as something here answers with them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
        #[repr(i16)]
        pub enum ErrorCode { $($(#[doc = $doc])+ #[error($name)] $code = $number),* }

        impl ErrorCode {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Kafka's name for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name),* }
            }

            /// Kafka's number for it.
            #[must_use]
            pub fn number(self) -> i16 {
                self as i16
            }

            /// Whether trying again may help (Kafka's `RetriableException`).
            #[must_use]
            pub fn is_retriable(self) -> bool {
                match self { $(Self::$code => error_codes!($retriable)),* }
            }
        }
    };
    (retriable) => { true };
    (fatal) => { false };
}

error_codes! {
    /// Anything the other side cannot name.
    -1 UnknownServerError = "UNKNOWN_SERVER_ERROR" fatal,
    /// The offset lies outside the log.
    1 OffsetOutOfRange = "OFFSET_OUT_OF_RANGE" fatal,
    /// The record batch is damaged.
    2 CorruptMessage = "CORRUPT_MESSAGE" retriable,
    /// No such topic or partition here.
    3 UnknownTopicOrPartition = "UNKNOWN_TOPIC_OR_PARTITION" retriable,
    /// The partition has no leader now.
    5 LeaderNotAvailable = "LEADER_NOT_AVAILABLE" retriable,
    /// This broker does not lead the partition.
    6 NotLeaderOrFollower = "NOT_LEADER_OR_FOLLOWER" retriable,
    /// The request was not done in time.
    7 RequestTimedOut = "REQUEST_TIMED_OUT" retriable,
    /// The batch is larger than `max.message.bytes`.
    10 MessageTooLarge = "MESSAGE_TOO_LARGE" fatal,
    /// The note on a committed offset is too long.
    12 OffsetMetadataTooLarge = "OFFSET_METADATA_TOO_LARGE" fatal,
    /// The connection broke before an answer came.
    13 NetworkException = "NETWORK_EXCEPTION" retriable,
    /// The coordinator is still reading its groups.
    14 CoordinatorLoadInProgress = "COORDINATOR_LOAD_IN_PROGRESS" retriable,
    /// The group has no coordinator now.
    15 CoordinatorNotAvailable = "COORDINATOR_NOT_AVAILABLE" retriable,
    /// This broker does not coordinate the group.
    16 NotCoordinator = "NOT_COORDINATOR" retriable,
    /// No topic can have that name.
    17 InvalidTopicException = "INVALID_TOPIC_EXCEPTION" fatal,
    /// Fewer replicas in sync than `min.insync.replicas`: nothing was appended.
    19 NotEnoughReplicas = "NOT_ENOUGH_REPLICAS" retriable,
    /// Appended, but the ISR shrank below `min.insync.replicas` before it was committed.
    20 NotEnoughReplicasAfterAppend = "NOT_ENOUGH_REPLICAS_AFTER_APPEND" retriable,
    /// `acks` is none of 0, 1, all.
    21 InvalidRequiredAcks = "INVALID_REQUIRED_ACKS" fatal,
    /// The generation is not the present one.
    22 IllegalGeneration = "ILLEGAL_GENERATION" fatal,
    /// The member speaks no protocol that the others speak.
    23 InconsistentGroupProtocol = "INCONSISTENT_GROUP_PROTOCOL" fatal,
    /// No group can have that id.
    24 InvalidGroupId = "INVALID_GROUP_ID" fatal,
    /// The group has no such member.
    25 UnknownMemberId = "UNKNOWN_MEMBER_ID" fatal,
    /// The session time-out is outside what the coordinator allows.
    26 InvalidSessionTimeout = "INVALID_SESSION_TIMEOUT" fatal,
    /// The group is rebalancing: join again.
    27 RebalanceInProgress = "REBALANCE_IN_PROGRESS" fatal,
    /// The commit is larger than a batch may be.
    28 InvalidCommitOffsetSize = "INVALID_COMMIT_OFFSET_SIZE" fatal,
    /// The record's timestamp is too far from the broker's clock.
    32 InvalidTimestamp = "INVALID_TIMESTAMP" fatal,
    /// The request is of a version that is not spoken here.
    35 UnsupportedVersion = "UNSUPPORTED_VERSION" fatal,
    /// The topic exists already.
    36 TopicAlreadyExists = "TOPIC_ALREADY_EXISTS" fatal,
    /// A topic needs at least one partition.
    37 InvalidPartitions = "INVALID_PARTITIONS" fatal,
    /// More replicas asked for than brokers are there.
    38 InvalidReplicationFactor = "INVALID_REPLICATION_FACTOR" fatal,
    /// The assignment names a broker twice or one that is not there.
    39 InvalidReplicaAssignment = "INVALID_REPLICA_ASSIGNMENT" fatal,
    /// A configuration value that Kafka refuses.
    40 InvalidConfig = "INVALID_CONFIG" fatal,
    /// This node is not the active controller.
    41 NotController = "NOT_CONTROLLER" retriable,
    /// The request makes no sense.
    42 InvalidRequest = "INVALID_REQUEST" fatal,
    /// The request asks for more than is allowed at once.
    44 PolicyViolation = "POLICY_VIOLATION" fatal,
    /// The disk failed.
    56 KafkaStorageError = "KAFKA_STORAGE_ERROR" retriable,
    /// A move of one of the partitions is under way already.
    60 ReassignmentInProgress = "REASSIGNMENT_IN_PROGRESS" fatal,
    /// The group has members.
    68 NonEmptyGroup = "NON_EMPTY_GROUP" fatal,
    /// There is no such group.
    69 GroupIdNotFound = "GROUP_ID_NOT_FOUND" fatal,
    /// Topics may not be deleted here.
    73 TopicDeletionDisabled = "TOPIC_DELETION_DISABLED" fatal,
    /// The leader epoch asked with is older than the partition's.
    74 FencedLeaderEpoch = "FENCED_LEADER_EPOCH" retriable,
    /// The leader epoch asked with is newer than this broker knows.
    75 UnknownLeaderEpoch = "UNKNOWN_LEADER_EPOCH" retriable,
    /// The batch is compressed in a way that is not known here.
    76 UnsupportedCompressionType = "UNSUPPORTED_COMPRESSION_TYPE" fatal,
    /// The broker epoch is not the one of its present registration.
    77 StaleBrokerEpoch = "STALE_BROKER_EPOCH" fatal,
    /// The high watermark is not yet known to cover the offsets (KIP-207).
    78 OffsetNotAvailable = "OFFSET_NOT_AVAILABLE" retriable,
    /// A member has to join again with the id it was given (KIP-394).
    79 MemberIdRequired = "MEMBER_ID_REQUIRED" fatal,
    /// The preferred leader may not lead now.
    80 PreferredLeaderNotAvailable = "PREFERRED_LEADER_NOT_AVAILABLE" retriable,
    /// The group has as many members as it may.
    81 GroupMaxSizeReached = "GROUP_MAX_SIZE_REACHED" fatal,
    /// Another process took this static name (KIP-345).
    82 FencedInstanceId = "FENCED_INSTANCE_ID" fatal,
    /// None of the eligible replicas may lead now.
    83 EligibleLeadersNotAvailable = "ELIGIBLE_LEADERS_NOT_AVAILABLE" retriable,
    /// The leader is the preferred one already.
    84 ElectionNotNeeded = "ELECTION_NOT_NEEDED" fatal,
    /// No move of this partition is under way.
    85 NoReassignmentInProgress = "NO_REASSIGNMENT_IN_PROGRESS" fatal,
    /// A group that reads the topic keeps its offsets.
    86 GroupSubscribedToTopic = "GROUP_SUBSCRIBED_TO_TOPIC" fatal,
    /// The record batch is whole but not what a client may send: its count, its offsets, or control records (KIP-467).
    87 InvalidRecord = "INVALID_RECORD" fatal,
    /// A transaction has offsets of the group in the making.
    88 UnstableOffsetCommit = "UNSTABLE_OFFSET_COMMIT" retriable,
    /// The voters named are not those of the quorum.
    94 InconsistentVoterSet = "INCONSISTENT_VOTER_SET" fatal,
    /// The partition changed since the request was made (KIP-497).
    95 InvalidUpdateVersion = "INVALID_UPDATE_VERSION" fatal,
    /// The feature cannot stand at that level.
    96 FeatureUpdateFailed = "FEATURE_UPDATE_FAILED" fatal,
    /// There is no such snapshot.
    98 SnapshotNotFound = "SNAPSHOT_NOT_FOUND" fatal,
    /// The position lies outside the snapshot.
    99 PositionOutOfRange = "POSITION_OUT_OF_RANGE" fatal,
    /// No such topic id.
    100 UnknownTopicId = "UNKNOWN_TOPIC_ID" retriable,
    /// Another incarnation of this broker holds the registration.
    101 DuplicateBrokerRegistration = "DUPLICATE_BROKER_REGISTRATION" fatal,
    /// The broker must register before it sends heartbeats.
    102 BrokerIdNotRegistered = "BROKER_ID_NOT_REGISTERED" fatal,
    /// A replica proposed for the ISR may not be in it (KIP-841, KIP-903).
    107 IneligibleReplica = "INELIGIBLE_REPLICA" fatal,
    /// The leader moved while the request was on its way.
    108 NewLeaderElected = "NEW_LEADER_ELECTED" fatal,
    /// The member is to begin anew: its epoch is ahead of or too far behind the coordinator's (KIP-848).
    110 FencedMemberEpoch = "FENCED_MEMBER_EPOCH" fatal,
    /// The static name is still in use (KIP-848).
    111 UnreleasedInstanceId = "UNRELEASED_INSTANCE_ID" fatal,
    /// The coordinator knows no such assignor (KIP-848).
    112 UnsupportedAssignor = "UNSUPPORTED_ASSIGNOR" fatal,
    /// The member epoch is not the present one (KIP-848).
    113 StaleMemberEpoch = "STALE_MEMBER_EPOCH" fatal,
    /// The voter's directory is not the one that voted (KIP-853).
    125 InvalidVoterKey = "INVALID_VOTER_KEY" fatal,
    /// The quorum has that voter already.
    126 DuplicateVoter = "DUPLICATE_VOTER" fatal,
    /// The quorum has no such voter.
    127 VoterNotFound = "VOTER_NOT_FOUND" fatal,
    /// The pattern of topics cannot be read.
    128 InvalidRegularExpression = "INVALID_REGULAR_EXPRESSION" fatal,
}

impl ErrorCode {
    /// The code with this number, if it is one of ours.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

/// What a disk or a decoder reports inside a process.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The file is not there.
    #[error("no such file: {0}")]
    NoSuchFile(String),
    /// A read reached past the end.
    #[error("read past the end of {file}: wanted {wanted} bytes at {at}")]
    ShortRead {
        /// The file.
        file: String,
        /// Where the read began.
        at: u64,
        /// How many bytes were wanted.
        wanted: u64,
    },
    /// The device failed the call.
    #[error("I/O error on {0}")]
    Io(String),
    /// There is no room left.
    #[error("no space left on device")]
    DiskFull,
    /// A write to this log failed earlier, so nothing is written to it any more.
    #[error("the log of {0} is fenced since a write to it failed")]
    Fenced(String),
    /// Bytes that are not what they should be: where, and why.
    #[error("corrupt {what}: {why}")]
    Corrupt {
        /// What was being decoded.
        what: &'static str,
        /// What was wrong with it.
        why: String,
    },
    /// Bytes that end before the thing does.
    #[error("truncated {0}")]
    Truncated(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_number() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(*code), "{}", code.name());
        }
    }
}
