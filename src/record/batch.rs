//! A whole batch, read: its header, and its records as slices of its bytes.
//!
//! Called by: consumers, followers and the controller's log for what they read; nobody keeps records decoded.

use bytes::Bytes;

use super::codec::unpack;
use super::digest::digest;
use super::header::{BatchHeader, checksum, corrupt};
use super::wire::each_record;
use crate::error::Fault;
use crate::event::{BatchFacts, RecordFacts};
use crate::ids::Offset;
use crate::time::Timestamp;

/// A record. Its bytes are slices of its batch's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log.
    pub offset: Offset,
    /// The producer's or, under LogAppendTime, the leader's time.
    pub timestamp: Timestamp,
    /// Its key, if any.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers in order; keys may repeat.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// A batch whose checksum was right and whose records were well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatch {
    /// Its header.
    pub header: BatchHeader,
    /// Its records in offset order.
    pub records: Vec<Record>,
    /// The bytes it was read from.
    pub bytes: Bytes,
}

impl RecordBatch {
    /// Reads one whole batch, copying nothing.
    ///
    /// Errors: [`Fault::Truncated`], or [`Fault::Corrupt`] when its checksum is wrong, its size is not that of `bytes`, or
    /// its records are not what the header promises.
    pub fn decode(bytes: Bytes) -> Result<Self, Fault> {
        let header = verify(&bytes)?;
        let unpacked = unpack(&header, &bytes)?;
        let mut records = Vec::with_capacity(likely_count(&header, &unpacked));
        each_record(&header, &unpacked, |raw| {
            let own = |part: &[u8]| unpacked.slice_ref(part);
            let headers = raw.headers().map(|(key, value)| (own(key), value.map(own))).collect();
            let (key, value) = (raw.key.map(own), raw.value.map(own));
            records.push(Record { offset: raw.offset, timestamp: raw.timestamp, key, value, headers });
            Ok(())
        })?;
        drop(unpacked);
        Ok(Self { header, records, bytes })
    }

    /// The producer's time of each record, which stays in the bytes even where the leader's clock stamped the batch.
    #[must_use]
    pub fn create_times(&self) -> Vec<Timestamp> {
        let mut times = Vec::with_capacity(self.records.len());
        if !self.records.is_empty() {
            let unpacked = unpack(&self.header, &self.bytes);
            let read = unpacked.and_then(|unpacked| {
                each_record(&self.header, &unpacked, |raw| {
                    times.push(raw.create_time);
                    Ok(())
                })
            });
            assert_eq!(read, Ok(()), "these bytes were decoded before");
        }
        times
    }

    /// What events say of it. A batch that no leader stamped yet counts as of epoch 0.
    #[must_use]
    pub fn facts(&self) -> BatchFacts {
        let of_record = |record: &Record| RecordFacts {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.clone(),
            is_tombstone: record.value.is_none(),
            digest: digest(record.key.as_deref(), record.value.as_deref()),
        };
        with_records(&self.header, self.records.iter().map(of_record).collect())
    }
}

/// Reads a batch that was verified, for its facts only: what an append and a recovery want, without the records.
/// Errors: as [`RecordBatch::decode`], but for the checksum.
pub(crate) fn facts_of(header: &BatchHeader, bytes: &Bytes) -> Result<BatchFacts, Fault> {
    let unpacked = unpack(header, bytes)?;
    let mut records = Vec::with_capacity(likely_count(header, &unpacked));
    each_record(header, &unpacked, |raw| {
        records.push(RecordFacts {
            offset: raw.offset,
            timestamp: raw.timestamp,
            key: raw.key.map(|key| unpacked.slice_ref(key)),
            is_tombstone: raw.value.is_none(),
            digest: digest(raw.key, raw.value),
        });
        Ok(())
    })?;
    Ok(with_records(header, records))
}

/// Reads the header of one whole batch and compares size and checksum.
/// Errors: [`Fault::Truncated`], [`Fault::Corrupt`].
pub(crate) fn verify(bytes: &[u8]) -> Result<BatchHeader, Fault> {
    let header = BatchHeader::parse(bytes)?;
    verify_body(&header, bytes)?;
    Ok(header)
}

/// Compares size and checksum of one whole batch with what its header says.
/// Errors: [`Fault::Truncated`], [`Fault::Corrupt`].
pub(crate) fn verify_body(header: &BatchHeader, bytes: &[u8]) -> Result<(), Fault> {
    let size = u64::from(header.size);
    match u64::try_from(bytes.len()) {
        Ok(length) if length < size => Err(Fault::Truncated("batch")),
        Ok(length) if length > size => Err(corrupt("more bytes than its length says")),
        _ if checksum(bytes) != header.crc => Err(corrupt("checksum differs")),
        _ => Ok(()),
    }
}

/// Splits a run of bytes into its whole batches, without reading further than their headers. A fault ends it.
pub fn batches_of(bytes: Bytes) -> impl Iterator<Item = Result<Bytes, Fault>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let size = BatchHeader::parse(&rest).and_then(|header| {
            let size = usize::try_from(header.size).map_err(|_| corrupt("larger than memory"))?;
            if size <= rest.len() { Ok(size) } else { Err(Fault::Truncated("batch")) }
        });
        Some(size.map(|size| rest.split_to(size)).inspect_err(|_| rest.clear()))
    })
}

fn with_records(header: &BatchHeader, records: Vec<RecordFacts>) -> BatchFacts {
    BatchFacts {
        base: header.base_offset,
        last: header.last_offset(),
        leader_epoch: header.leader_epoch.unwrap_or_default(),
        crc: header.crc,
        size: header.size,
        producer: header.producer(),
        records,
    }
}

/// How many records to make room for: what the header says, but no more than so many bytes can hold (7 at least each).
fn likely_count(header: &BatchHeader, bytes: &[u8]) -> usize {
    usize::try_from(header.count).unwrap_or(usize::MAX).min(bytes.len() / 7)
}
