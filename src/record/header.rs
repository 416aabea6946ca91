//! The 61 bytes at the head of every batch.
//!
//! ```text
//!  0 base offset (8) · 8 length of what follows (4) · 12 leader epoch (4) · 16 magic (1) · 17 CRC32C of what follows (4)
//! 21 attributes (2) · 23 last offset delta (4) · 27 base timestamp (8) · 35 max timestamp (8)
//! 43 producer id (8) · 51 producer epoch (2) · 53 base sequence (4) · 57 number of records (4) · 61 records
//! ```
//!
//! Base offset and leader epoch stand before the checksum: the leader sets them without computing it anew.
//!
//! Source: `DefaultRecordBatch`; KIP-98.

use bytes::Buf;

use crate::config::TimestampType;
use crate::error::Fault;
use crate::event::ProducerFacts;
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::time::Timestamp;

/// How many bytes a batch has before its first record.
pub const HEADER_BYTES: usize = 61;

/// The length field counts the bytes after this many.
const LENGTH_COUNTS_FROM: u32 = 12;
/// [`HEADER_BYTES`] as the type that sizes of batches have.
pub(super) const HEADER_SIZE: u32 = 61;
/// Where the checksum stands.
pub(super) const CRC_AT: usize = 17;
/// The checksum is taken over everything from here on.
pub(super) const CRC_COVERS_FROM: usize = 21;
/// The only format there is since Kafka 4.0.
const MAGIC: i8 = 2;

/// A batch's header, as its bytes say. A field that the wire writes as -1 is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record the batch was made with (compaction may have removed it).
    pub base_offset: Offset,
    /// The whole batch in bytes, header included.
    pub size: u32,
    /// Epoch of the leader that appended it; `None` until one has.
    pub leader_epoch: Option<LeaderEpoch>,
    /// CRC32C over everything after it, as written.
    pub crc: u32,
    /// Compression, timestamp type, transactional, control.
    pub attributes: Attributes,
    /// Last offset less base offset; stays when compaction removes records.
    pub last_offset_delta: u32,
    /// What the records' timestamps are relative to.
    pub base_timestamp: Timestamp,
    /// The largest timestamp; under LogAppendTime the timestamp of every record.
    pub max_timestamp: Timestamp,
    /// Its producer, if idempotent; also in transaction markers.
    pub producer_id: Option<ProducerId>,
    /// That producer's epoch.
    pub producer_epoch: Option<ProducerEpoch>,
    /// The sequence of its first record; markers have none.
    pub base_sequence: Option<Sequence>,
    /// How many records it holds.
    pub count: u32,
}

impl BatchHeader {
    /// Reads the header at the front of `bytes`, which need not hold the whole batch.
    ///
    /// Errors: [`Fault::Truncated`] below 61 bytes, [`Fault::Corrupt`] when a field cannot be (another magic, a negative
    /// length, offsets beyond the last one there is).
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut input = bytes.get(..HEADER_BYTES).ok_or(Fault::Truncated("batch header"))?;
        let base_offset = natural_64(input.get_i64()).ok_or_else(|| corrupt("negative base offset"))?;
        let length = natural_32(input.get_i32()).ok_or_else(|| corrupt("negative length"))?;
        let leader_epoch = natural_32(input.get_i32()).map(LeaderEpoch);
        let magic = input.get_i8();
        if magic != MAGIC {
            return Err(corrupt(&format!("magic {magic}, and only 2 is known")));
        }
        let crc = input.get_u32();
        let attributes = Attributes::parse(input.get_u16())?;
        let last_offset_delta = natural_32(input.get_i32()).ok_or_else(|| corrupt("negative last offset delta"))?;
        let base_timestamp = Timestamp(input.get_i64());
        let max_timestamp = Timestamp(input.get_i64());
        let producer_id = natural_64(input.get_i64()).map(ProducerId);
        let producer_epoch = u16::try_from(input.get_i16()).ok().map(ProducerEpoch);
        let base_sequence = natural_32(input.get_i32()).map(Sequence);
        let count = natural_32(input.get_i32()).ok_or_else(|| corrupt("negative number of records"))?;

        let size = length + LENGTH_COUNTS_FROM; // a wire length has 31 bits
        if size < HEADER_SIZE {
            return Err(corrupt("a length that ends within the header"));
        }
        if base_offset.checked_add(u64::from(last_offset_delta)).is_none_or(|last| last >= i64::MAX.cast_unsigned()) {
            return Err(corrupt("offsets beyond the last one there is"));
        }
        Ok(Self {
            base_offset: Offset(base_offset),
            size,
            leader_epoch,
            crc,
            attributes,
            last_offset_delta,
            base_timestamp,
            max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            count,
        })
    }

    /// Offset of its last record (included).
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(u64::from(self.last_offset_delta))
    }

    /// From when on its tombstones may go, if that was written down (KIP-534).
    #[must_use]
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// The producer fields, when all three are there: an idempotent producer's batch.
    #[must_use]
    pub fn producer(&self) -> Option<ProducerFacts> {
        Some(ProducerFacts { id: self.producer_id?, epoch: self.producer_epoch?, base_sequence: self.base_sequence? })
    }

    /// Appends the 61 bytes. The checksum is the field's: [`seal`] computes it once the records are there.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let length = self.size.saturating_sub(LENGTH_COUNTS_FROM);
        let wire_64 = |number: Option<u64>| number.map_or(-1, u64::cast_signed);
        let wire_32 = |number: Option<u32>| number.map_or(-1, u32::cast_signed);
        out.extend_from_slice(&self.base_offset.0.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&wire_32(self.leader_epoch.map(|epoch| epoch.0)).to_be_bytes());
        out.extend_from_slice(&MAGIC.to_be_bytes());
        out.extend_from_slice(&self.crc.to_be_bytes());
        out.extend_from_slice(&self.attributes.0.to_be_bytes());
        out.extend_from_slice(&self.last_offset_delta.to_be_bytes());
        out.extend_from_slice(&self.base_timestamp.0.to_be_bytes());
        out.extend_from_slice(&self.max_timestamp.0.to_be_bytes());
        out.extend_from_slice(&wire_64(self.producer_id.map(|id| id.0)).to_be_bytes());
        out.extend_from_slice(&self.producer_epoch.map_or(-1, |epoch| epoch.0.cast_signed()).to_be_bytes());
        out.extend_from_slice(&wire_32(self.base_sequence.map(|sequence| sequence.0)).to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
    }
}

/// Computes the checksum of a whole batch, writes it in and returns it.
pub(super) fn seal(batch: &mut [u8]) -> u32 {
    let crc = checksum(batch);
    overwrite(batch, CRC_AT, &crc.to_be_bytes());
    crc
}

/// CRC32C over the part of a whole batch that it covers.
pub(super) fn checksum(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(CRC_COVERS_FROM..).unwrap_or_default())
}

/// Writes a field of a header that is known to be there.
pub(super) fn overwrite(batch: &mut [u8], at: usize, field: &[u8]) {
    batch.get_mut(at..at + field.len()).expect("every field lies within the 61 bytes that every batch has").copy_from_slice(field);
}

/// What kind of batch it is: compression in bits 0-2, then timestamp type, transactional, control, delete horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(u16);

impl Attributes {
    const COMPRESSION: u16 = 0b111;
    const LOG_APPEND_TIME: u16 = 1 << 3;
    const TRANSACTIONAL: u16 = 1 << 4;
    const CONTROL: u16 = 1 << 5;
    const DELETE_HORIZON: u16 = 1 << 6;

    /// An ordinary batch, or a control batch.
    pub(super) fn of(is_control: bool) -> Self {
        Self(if is_control { Self::CONTROL } else { 0 })
    }

    fn parse(bits: u16) -> Result<Self, Fault> {
        if bits & Self::COMPRESSION > 4 {
            return Err(corrupt("unknown compression"));
        }
        Ok(Self(bits))
    }

    /// The same, with this timestamp type.
    #[must_use]
    pub(super) fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        match timestamp_type {
            TimestampType::CreateTime => Self(self.0 & !Self::LOG_APPEND_TIME),
            TimestampType::LogAppendTime => Self(self.0 | Self::LOG_APPEND_TIME),
        }
    }

    /// The same, with its records packed in this way.
    #[must_use]
    pub fn with_compression(self, how: Compression) -> Self {
        let bits = match how {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        };
        Self((self.0 & !Self::COMPRESSION) | bits)
    }

    /// The same, with or without a delete horizon.
    #[must_use]
    pub(super) fn with_delete_horizon(self, has_one: bool) -> Self {
        Self(if has_one { self.0 | Self::DELETE_HORIZON } else { self.0 & !Self::DELETE_HORIZON })
    }

    /// The bits as the wire has them.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// How its records are packed.
    #[must_use]
    pub fn compression(self) -> Compression {
        match self.0 & Self::COMPRESSION {
            1 => Compression::Gzip,
            2 => Compression::Snappy,
            3 => Compression::Lz4,
            4 => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// Whose clock stamped its records.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// Whether it belongs to a transaction (KIP-98).
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Whether its record is for the log's readers themselves, not for applications ([`super::control`]).
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether the base timestamp says since when its tombstones may be removed (KIP-534).
    #[must_use]
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }
}

/// How a batch's records are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// lz4.
    Lz4,
    /// zstd (KIP-110).
    Zstd,
}

pub(super) fn corrupt(why: &str) -> Fault {
    Fault::Corrupt { what: "batch", why: why.to_owned() }
}

fn natural_64(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}

fn natural_32(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}
/// The offset of a batch's first record, read without looking at the rest; `None` when not even that is there.
#[must_use]
pub fn base_offset_of(batch: &[u8]) -> Option<Offset> {
    let (first, _) = batch.split_first_chunk()?;
    Some(Offset(u64::from_be_bytes(*first)))
}
