//! Facts of producers, consumers and admins: the history that the checks judge.

use std::sync::Arc;

use bytes::Bytes;

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
use super::group::{GroupId, MemberId};
use super::network::ApiKey;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, Digest, LeaderEpoch, Offset, SendId, TopicPartition};
use crate::time::Timestamp;

facts! {
    /// What producers, consumers and admins do.
    "client" ClientFact {
        /// An application gave its producer a record, and the producer chose its partition.
        [500] SendInvoked { partition: TopicPartition, send: SendId, acks: Acks, record: Arc<SentRecord> }
        /// The producer was told that the record is stored (with acks=0: assumed so).
        [501] SendAcknowledged { partition: TopicPartition, send: SendId, acks: Acks, offset: Option<Offset>, by: Option<BrokerId>, digest: Digest }
        /// The producer gave up without knowing whether the record is stored.
        [502] SendUnknown { partition: TopicPartition, send: SendId, digest: Digest, code: ErrorCode }
        /// The record was refused for good: it is stored nowhere.
        [503] SendFailed { partition: TopicPartition, send: SendId, digest: Digest, code: ErrorCode }
        /// A batch is sent again.
        [504] SendRetried { partition: TopicPartition, first: SendId, records: u32, code: ErrorCode }
        /// A consumer will read on from here.
        [505] PositionSet { partition: TopicPartition, offset: Offset, epoch: Option<LeaderEpoch>, why: PositionReason }
        /// A consumer was given records.
        [506] PollReturned { poll: Arc<PollFacts> }
        /// A client learned who leads what.
        [507] MetadataRefreshed { from: BrokerId, topics: u32 }
        /// An admin's request was answered; no code means done.
        [508] AdminAnswered { api: ApiKey, code: Option<ErrorCode> }
        /// A send could not even be queued: no partition was known for it in time.
        [509] SendRefused { send: SendId, code: ErrorCode }
        /// A consumer found that what it had read was truncated away on the new leader (KIP-320).
        [510] TruncationDetected { partition: TopicPartition, position: Offset, end: Offset }
        /// A consumer cannot read on from here, and tells its application why.
        [511] ReadFailed { partition: TopicPartition, offset: Offset, code: ErrorCode }
        /// A consumer asked to be given a share of these topics, as a member of a group.
        [512] Subscribed { group: GroupId, topics: Arc<Vec<String>> }
        /// A consumer is a member of its group, under this generation or member epoch.
        [513] GroupJoined { group: GroupId, member: MemberId, epoch: i32 }
        /// A consumer has left its group in order.
        [514] GroupLeft { group: GroupId, member: MemberId }
        /// A consumer learned that it is no member any more, or never was.
        [515] MembershipLost { group: GroupId, member: MemberId, code: ErrorCode }
        /// A consumer was given these partitions, in addition to what it has (the rebalance listener's `onPartitionsAssigned`).
        [516] PartitionsAssigned { group: GroupId, epoch: i32, partitions: Arc<Vec<TopicPartition>> }
        /// A consumer gave these partitions back, and processes nothing of them from now on (`onPartitionsRevoked`).
        [517] PartitionsRevoked { group: GroupId, epoch: i32, partitions: Arc<Vec<TopicPartition>> }
        /// A consumer found that these partitions may have another owner already (`onPartitionsLost`).
        [518] PartitionsLost { group: GroupId, epoch: i32, partitions: Arc<Vec<TopicPartition>> }
        /// A consumer did not poll within `max.poll.interval.ms`, and leaves its group.
        [519] PollOverdue { group: GroupId }
        /// An application has done with a record what it wanted to do; the rest of the world can see it.
        [520] RecordProcessed { partition: TopicPartition, offset: Offset, digest: Digest }
        /// A consumer asked for its group's offsets to be stored: for each partition the next record to read.
        [521] CommitInvoked { commit: Arc<CommitFacts> }
        /// It was answered; no code means that they are stored.
        [522] CommitAnswered { commit: Arc<CommitFacts>, code: Option<ErrorCode> }
        /// An application wants nothing of these partitions for a while.
        [523] PartitionsPaused { partitions: Arc<Vec<TopicPartition>> }
        /// It wants them again.
        [524] PartitionsResumed { partitions: Arc<Vec<TopicPartition>> }
        /// An application goes on without a record: what it was to write of it is not acknowledged, and it does not try again.
        [525] RecordGivenUp { partition: TopicPartition, offset: Offset, digest: Digest }
    }
}

/// What a producer wants to hear before a send counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acks {
    /// Nothing.
    None,
    /// The leader's own append.
    Leader,
    /// Every member of the ISR, and at least `min.insync.replicas` of them.
    All,
}

tagged_words!(Acks { 0 None, 1 Leader, 2 All });

/// A record as the application gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRecord {
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its CreateTime.
    pub timestamp: Timestamp,
    /// Digest of key and value.
    pub digest: Digest,
}

record_fields!(SentRecord { key, value, timestamp, digest });

/// What one poll returned for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollFacts {
    /// The partition read.
    pub partition: TopicPartition,
    /// The records, in the order given.
    pub records: Vec<ReadRecord>,
    /// Where the consumer reads on.
    pub position: Offset,
    /// The high watermark that the leader told.
    pub high_watermark: Offset,
}

record_fields!(PollFacts { partition, records, position, high_watermark });

/// A commit as a consumer sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitFacts {
    /// For which group.
    pub group: GroupId,
    /// By which member; empty for a consumer that is none.
    pub member: MemberId,
    /// Under which generation or member epoch; -1 for a consumer that is no member.
    pub epoch: i32,
    /// The next offset to read of each partition.
    pub offsets: Vec<(TopicPartition, Offset)>,
}

record_fields!(CommitFacts { group, member, epoch, offsets });

/// A record as a consumer saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRecord {
    /// Its offset.
    pub offset: Offset,
    /// The epoch of the leader that wrote it.
    pub leader_epoch: LeaderEpoch,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// Its key, for people.
    pub key: Option<Bytes>,
    /// Digest of key and value.
    pub digest: Digest,
}

record_fields!(ReadRecord { offset, leader_epoch, timestamp, key, digest });

/// Why a consumer's position is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionReason {
    /// The application asked for the beginning.
    Beginning,
    /// The application asked for the end.
    End,
    /// The application asked for this offset.
    Seek,
    /// The application asked for the first record not older than a timestamp.
    Timestamp,
    /// The old position was no longer in the log: `auto.offset.reset` decided.
    Reset,
    /// The log was truncated below the old position (KIP-320).
    Truncation,
    /// The group had committed it.
    Committed,
    /// The group had committed nothing: `auto.offset.reset` decided.
    NoCommit,
}

tagged_words!(PositionReason { 0 Beginning, 1 End, 2 Seek, 3 Timestamp, 4 Reset, 5 Truncation, 6 Committed, 7 NoCommit });
