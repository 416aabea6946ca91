//! A batch on its way from the application to a leader, and what its producer knows about its fate.
//!
//! Invariant: once closed its bytes never change, however often they are sent. `is_doubtful` never becomes false again: a
//! batch of which some attempt may have been appended cannot be called refused by a later answer.
//!
//! Source: Kafka's `ProducerBatch`. Called by: accumulator and sender.

use bytes::Bytes;

use crate::context::NewRecord;
use crate::error::{ErrorCode, Fault};
use crate::event::Acks;
use crate::ids::{Digest, LeaderEpoch, SendId, TopicPartition};
use crate::record::{BatchBuilder, RecordBatch};
use crate::time::{Instant, Timestamp, Trail};

/// Names a batch; in the order of their creation, which is the order in which they expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BatchKey {
    /// When its first record came.
    pub(super) created: Instant,
    /// Tells it from others of that instant.
    pub(super) number: u32,
}

/// A record of a batch, as far as its outcome needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// Which send.
    pub(super) send: SendId,
    /// Of its key and value.
    pub(super) digest: Digest,
}

/// A record whose partition is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    /// Where it goes.
    pub(super) partition: TopicPartition,
    /// Which send.
    pub(super) sent: Sent,
    /// Its CreateTime.
    pub(super) timestamp: Timestamp,
    /// The record.
    pub(super) record: &'a NewRecord,
}

#[derive(Clone, Debug)]
enum Content {
    Open(BatchBuilder),
    Closed(Bytes),
}

/// A batch, open or closed.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// Where it goes.
    pub(super) partition: TopicPartition,
    /// Its records in order.
    pub(super) sends: Vec<Sent>,
    /// How much of `buffer.memory` it holds.
    pub(super) reserved: u64,
    /// How often it was sent.
    pub(super) attempts: u32,
    /// Before this it is not sent again.
    pub(super) retry_at: Option<Instant>,
    /// Why the last attempt failed.
    pub(super) last_error: Option<ErrorCode>,
    /// The leader epoch known when it was last sent.
    pub(super) tried_epoch: Option<LeaderEpoch>,
    /// An attempt is unanswered.
    pub(super) is_in_flight: bool,
    /// Some broker may have appended it.
    pub(super) is_doubtful: bool,
    /// What it is sent for: its first record's SendInvoked, later the answer that sent it back.
    pub(super) trail: Trail,
    content: Content,
}

impl Batch {
    /// An open batch without records.
    pub(super) fn open(partition: TopicPartition, first_timestamp: Timestamp, reserved: u64) -> Self {
        Self::with(partition, Content::Open(BatchBuilder::new(first_timestamp)), reserved, Trail::NONE)
    }

    fn with(partition: TopicPartition, content: Content, reserved: u64, trail: Trail) -> Self {
        Self {
            partition,
            sends: Vec::new(),
            reserved,
            attempts: 0,
            retry_at: None,
            last_error: None,
            tried_epoch: None,
            is_in_flight: false,
            is_doubtful: false,
            trail,
            content,
        }
    }

    /// Whether it takes no more records.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.content, Content::Closed(_))
    }

    /// Its bytes so far.
    pub(super) fn size(&self) -> u64 {
        match &self.content {
            Content::Open(builder) => builder.estimated_size() as u64,
            Content::Closed(bytes) => bytes.len() as u64,
        }
    }

    /// Whether the record still fits below `limit` bytes; the first one always does.
    pub(super) fn has_room(&self, placed: &Placed<'_>, limit: u64) -> bool {
        let record = placed.record;
        match &self.content {
            Content::Open(_) if self.sends.is_empty() => true,
            Content::Open(builder) => {
                let (key, value) = (record.key.as_deref(), record.value.as_deref());
                builder.size_with(placed.timestamp, key, value, &record.headers) as u64 <= limit
            }
            Content::Closed(_) => false,
        }
    }

    /// Adds a record. Returns by how many bytes it grew.
    ///
    /// # Panics
    /// When it is closed: the accumulator asks [`Batch::has_room`] first.
    pub(super) fn append(&mut self, placed: &Placed<'_>) -> u64 {
        let before = self.size();
        let Content::Open(builder) = &mut self.content else { unreachable!("a closed batch has no room") };
        let record = placed.record;
        builder.append(placed.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
        self.sends.push(placed.sent);
        self.size() - before
    }

    /// Closes it, if it is open, and gives its bytes: the same ones each time.
    pub(super) fn close(&mut self) -> Bytes {
        let placeholder = Content::Closed(Bytes::new());
        let bytes = match std::mem::replace(&mut self.content, placeholder) {
            Content::Open(builder) => builder.build(),
            Content::Closed(bytes) => bytes,
        };
        self.content = Content::Closed(bytes.clone());
        assert!(!self.sends.is_empty(), "a batch is opened for a record");
        bytes
    }

    /// Notes a refusal, and whether it leaves it open that the batch was appended.
    pub(super) fn note_refusal(&mut self, code: ErrorCode, acks: Acks) {
        self.last_error = Some(code);
        self.is_doubtful |= !is_definite(code, acks);
    }

    /// Notes that an attempt's answer will never come.
    pub(super) fn note_silence(&mut self, code: ErrorCode) {
        self.last_error = Some(code);
        self.is_doubtful = true;
    }

    /// Splits a batch that was too large for the topic into two of about half its size (KAFKA-8350); their records keep
    /// their order. Errors: only if its own bytes cannot be read back.
    pub(super) fn split(mut self) -> Result<[Self; 2], Fault> {
        let decoded = RecordBatch::decode(self.close())?;
        assert_eq!(decoded.records.len(), self.sends.len(), "each record of a batch is a send");
        let half = self.sends.len().div_ceil(2);
        let part = |from: usize, to: usize| {
            let records = decoded.records.get(from..to).unwrap_or_default();
            let first = records.first().map_or(Timestamp::NONE, |record| record.timestamp);
            let mut builder = BatchBuilder::new(first);
            for record in records {
                let own = |(key, value): &(Bytes, Option<Bytes>)| (String::from_utf8_lossy(key).into_owned(), value.clone());
                let headers: Vec<_> = record.headers.iter().map(own).collect();
                builder.append(record.timestamp, record.key.as_deref(), record.value.as_deref(), &headers);
            }
            let mut part = Self::with(self.partition, Content::Closed(builder.build()), 0, self.trail);
            part.sends = self.sends.get(from..to).unwrap_or_default().to_vec();
            part.is_doubtful = self.is_doubtful;
            part.last_error = self.last_error;
            part.attempts = self.attempts;
            part
        };
        Ok([part(0, half), part(half, self.sends.len())])
    }
}

/// Whether a refusal is certain proof that this attempt appended nothing.
///
/// With acks=all a leader that loses its role or its partition while the batch waits for the ISR answers just as one that
/// never had it, so these answers prove nothing there.
fn is_definite(code: ErrorCode, acks: Acks) -> bool {
    let is_refusal = matches!(
        code,
        ErrorCode::MessageTooLarge
            | ErrorCode::CorruptMessage
            | ErrorCode::InvalidTimestamp
            | ErrorCode::InvalidRequiredAcks
            | ErrorCode::InvalidRecord
            | ErrorCode::InvalidRequest
            | ErrorCode::UnsupportedCompressionType
            | ErrorCode::NotEnoughReplicas
    );
    let is_absence =
        matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::UnknownTopicOrPartition | ErrorCode::LeaderNotAvailable);
    // Of all others nobody can say, or no broker answers a Produce request with them: whoever does is not to be trusted.
    is_refusal || (is_absence && acks != Acks::All)
}

/// The most bytes a record takes in a batch: its fields, and 21 for the varints and attributes around them.
/// Source: Kafka's `DefaultRecord.recordSizeUpperBound`.
pub(super) fn record_size_bound(record: &NewRecord) -> u64 {
    const AROUND: u64 = 21;
    const LENGTH: u64 = 5;
    let field = |bytes: &Option<Bytes>| LENGTH + bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
    let headers: u64 = record.headers.iter().map(|(key, value)| LENGTH + key.len() as u64 + field(value)).sum();
    AROUND + field(&record.key) + field(&record.value) + headers
}
