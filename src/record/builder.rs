//! Batches in the making: what a producer's accumulator fills, and the encoder for a batch whose every field is known.
//!
//! Invariant: what is built decodes to what was appended.
//!
//! Source: `MemoryRecordsBuilder`.

use bytes::Bytes;

use super::batch::Record;
use super::codec::compress;
use super::header::{Attributes, BatchHeader, Compression, HEADER_BYTES, HEADER_SIZE, overwrite, seal};
use super::wire::{NewBody, put_record, size_of_record};
use crate::ids::Offset;
use crate::time::Timestamp;

/// Headers as an application gives them.
type Headers = [(String, Option<Bytes>)];

/// An uncompressed batch being filled: base offset 0, no leader epoch, no producer id.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// Room for the header, then the records so far.
    bytes: Vec<u8>,
    attributes: Attributes,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
    count: i32,
}

impl BatchBuilder {
    /// A batch whose first record will have this timestamp.
    #[must_use]
    pub fn new(first_timestamp: Timestamp) -> Self {
        Self::with_attributes(first_timestamp, Attributes::of(false))
    }

    /// A control batch ([`super::control`]).
    pub(super) fn control(timestamp: Timestamp) -> Self {
        Self::with_attributes(timestamp, Attributes::of(true))
    }

    fn with_attributes(first_timestamp: Timestamp, attributes: Attributes) -> Self {
        let bytes = vec![0; HEADER_BYTES];
        Self { bytes, attributes, base_timestamp: first_timestamp, max_timestamp: Timestamp::NONE, count: 0 }
    }

    /// Adds a record. Its offset is the number of records before it.
    pub fn append(&mut self, timestamp: Timestamp, key: Option<&[u8]>, value: Option<&[u8]>, headers: &Headers) {
        put_record(self.body(timestamp, key, value), headers, &mut self.bytes);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.count += 1;
    }

    /// How many bytes the batch has so far, header included.
    #[must_use]
    pub fn estimated_size(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes it would have with this record added.
    #[must_use]
    pub fn size_with(&self, timestamp: Timestamp, key: Option<&[u8]>, value: Option<&[u8]>, headers: &Headers) -> usize {
        self.bytes.len() + size_of_record(self.body(timestamp, key, value), headers)
    }

    /// How many records it holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count.cast_unsigned()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The finished batch. There must be a record in it.
    #[must_use]
    pub fn build(self) -> Bytes {
        assert!(!self.is_empty(), "a batch is built to hold a record");
        let header = BatchHeader {
            base_offset: Offset::ZERO,
            size: size_in_bytes(&self.bytes),
            leader_epoch: None,
            crc: 0,
            attributes: self.attributes,
            last_offset_delta: self.count() - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: None,
            producer_epoch: None,
            base_sequence: None,
            count: self.count(),
        };
        finish(&header, self.bytes)
    }

    fn body<'a>(&self, timestamp: Timestamp, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> NewBody<'a> {
        // An application may name any timestamp; one too far from the first for a difference is kept as near as can be.
        let timestamp_delta = timestamp.0.saturating_sub(self.base_timestamp.0);
        NewBody { timestamp_delta, offset_delta: self.count, key, value }
    }
}

/// The bytes of a batch with these fields and records, packed as its attributes say; size and checksum are computed.
///
/// The records' offsets lie between the header's. Their timestamps are the producer's: under LogAppendTime they are in the
/// bytes still, though readers see the header's.
#[must_use]
pub fn encode(header: &BatchHeader, records: &[Record]) -> Bytes {
    let mut bytes = vec![0; HEADER_BYTES];
    for record in records {
        let offset_delta = i32::try_from(record.offset.since(header.base_offset)).expect("a batch spans less than 2^31 offsets");
        let body = NewBody {
            timestamp_delta: record.timestamp.0.saturating_sub(header.base_timestamp.0),
            offset_delta,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
        };
        put_record(body, &record.headers, &mut bytes);
    }
    let how = header.attributes.compression();
    if how != Compression::None {
        let packed = compress(how, bytes.get(HEADER_BYTES..).unwrap_or_default());
        bytes.truncate(HEADER_BYTES);
        bytes.extend_from_slice(&packed);
    }
    let header = BatchHeader { size: size_in_bytes(&bytes), ..*header };
    finish(&header, bytes)
}

/// Fills the room at the front with the header and computes the checksum.
pub(super) fn finish(header: &BatchHeader, mut bytes: Vec<u8>) -> Bytes {
    let mut head = Vec::with_capacity(HEADER_BYTES);
    header.put(&mut head);
    assert_eq!(head.len(), HEADER_BYTES, "a header has 61 bytes");
    assert!(header.size >= HEADER_SIZE, "a batch is no shorter than its header");
    overwrite(&mut bytes, 0, &head);
    seal(&mut bytes);
    Bytes::from(bytes)
}

/// The size of a whole batch.
pub(super) fn size_in_bytes(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a request is limited to 100 MB long before a batch reaches 2 GiB")
}
