//! Facts of producers, consumers and admins: the history that the checks judge.

use std::sync::Arc;

use bytes::Bytes;

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
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
}

tagged_words!(PositionReason { 0 Beginning, 1 End, 2 Seek, 3 Timestamp, 4 Reset, 5 Truncation });
