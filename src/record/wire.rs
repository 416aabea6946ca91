//! One record's bytes within a batch, read in place and written.
//!
//! ```text
//! length · attributes (1, unused) · timestamp delta · offset delta · key · value · number of headers · headers
//! ```
//!
//! Lengths and deltas are varints; key, value and a header's value begin with their length, -1 for null.
//!
//! Invariant: what is read lies within the bytes given; nothing is copied or allocated here.
//!
//! Source: `DefaultRecord`.

use super::header::{BatchHeader, HEADER_BYTES, corrupt};
use super::varint::{put_varint, put_varlong, size_of_varlong, take_varint, take_varlong};
use crate::config::TimestampType;
use crate::error::Fault;
use crate::ids::Offset;
use crate::time::Timestamp;

/// A record as it lies in its batch's bytes.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp: under LogAppendTime the batch's.
    pub timestamp: Timestamp,
    /// The producer's time, which stays in the bytes whatever the leader stamped.
    pub create_time: Timestamp,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// How many headers it has.
    pub header_count: u32,
    /// Their bytes, known to be well formed.
    headers: &'a [u8],
}

impl<'a> RawRecord<'a> {
    /// Its headers, in order.
    pub(super) fn headers(self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let mut rest = self.headers;
        (0..self.header_count).map_while(move |_| take_header(&mut rest).ok())
    }
}

/// Reads every record of an uncompressed batch whose header is `header`, in order.
///
/// Errors: the first of `visit`; [`Fault::Corrupt`] or [`Fault::Truncated`] when the bytes are not `header.count` records
/// and nothing else, with rising offsets up to the last one that the header names.
pub(crate) fn each_record<'a>(
    header: &BatchHeader,
    batch: &'a [u8],
    mut visit: impl FnMut(RawRecord<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rest = batch.get(HEADER_BYTES..).ok_or(Fault::Truncated("batch"))?;
    let mut next_delta = 0;
    for _ in 0..header.count {
        let record = take_record(header, &mut rest)?;
        let delta = record.offset.since(header.base_offset);
        if delta < next_delta {
            return Err(corrupt("offsets that do not rise"));
        }
        next_delta = delta + 1;
        visit(record)?;
    }
    if !rest.is_empty() {
        return Err(corrupt("bytes after its last record"));
    }
    Ok(())
}

fn take_record<'a>(header: &BatchHeader, input: &mut &'a [u8]) -> Result<RawRecord<'a>, Fault> {
    let mut body = take_sized(input)?.ok_or_else(|| corrupt("a record of negative length"))?;
    let (_unused_attributes, rest) = body.split_first().ok_or(Fault::Truncated("record"))?;
    body = rest;
    let timestamp_delta = take_varlong(&mut body)?;
    let offset_delta = u32::try_from(take_varint(&mut body)?).ok().filter(|delta| *delta <= header.last_offset_delta);
    let offset_delta = offset_delta.ok_or_else(|| corrupt("an offset outside its batch"))?;
    let key = take_sized(&mut body)?;
    let value = take_sized(&mut body)?;
    let header_count = u32::try_from(take_varint(&mut body)?).map_err(|_| corrupt("a negative number of headers"))?;
    let headers = body;
    for _ in 0..header_count {
        take_header(&mut body)?;
    }
    if !body.is_empty() {
        return Err(corrupt("a record longer than its fields"));
    }
    let create_time = header.base_timestamp.0.checked_add(timestamp_delta).map(Timestamp);
    let create_time = create_time.ok_or_else(|| corrupt("a timestamp past the end of time"))?;
    let timestamp = match header.attributes.timestamp_type() {
        TimestampType::LogAppendTime => header.max_timestamp,
        TimestampType::CreateTime => create_time,
    };
    let offset = header.base_offset.plus(u64::from(offset_delta));
    Ok(RawRecord { offset, timestamp, create_time, key, value, header_count, headers })
}

fn take_header<'a>(input: &mut &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>), Fault> {
    let key = take_sized(input)?.ok_or_else(|| corrupt("a header without a key"))?;
    Ok((key, take_sized(input)?))
}

/// Takes a length and as many bytes; `None` for a negative length, which stands for null.
fn take_sized<'a>(input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Fault> {
    let Ok(count) = usize::try_from(take_varint(input)?) else { return Ok(None) };
    let (head, tail) = input.split_at_checked(count).ok_or(Fault::Truncated("record"))?;
    *input = tail;
    Ok(Some(head))
}

/// What is written of a record besides its headers.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewBody<'a> {
    /// Its timestamp less the batch's base timestamp.
    pub timestamp_delta: i64,
    /// Its offset less the batch's base offset.
    pub offset_delta: i32,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// Appends a record.
pub(super) fn put_record<K: AsRef<[u8]>, V: AsRef<[u8]>>(body: NewBody<'_>, headers: &[(K, Option<V>)], out: &mut Vec<u8>) {
    put_varint(wire_length(size_of_body(body, headers)), out);
    out.push(0);
    put_varlong(body.timestamp_delta, out);
    put_varint(body.offset_delta, out);
    put_sized(body.key, out);
    put_sized(body.value, out);
    put_varint(wire_length(headers.len()), out);
    for (key, value) in headers {
        put_sized(Some(key.as_ref()), out);
        put_sized(value.as_ref().map(AsRef::as_ref), out);
    }
}

/// How many bytes [`put_record`] appends.
pub(super) fn size_of_record<K: AsRef<[u8]>, V: AsRef<[u8]>>(body: NewBody<'_>, headers: &[(K, Option<V>)]) -> usize {
    let size = size_of_body(body, headers);
    size_of_length(size) + size
}

fn size_of_body<K: AsRef<[u8]>, V: AsRef<[u8]>>(body: NewBody<'_>, headers: &[(K, Option<V>)]) -> usize {
    let NewBody { timestamp_delta, offset_delta, key, value } = body;
    let of_header =
        |(key, value): &(K, Option<V>)| size_of_sized(Some(key.as_ref())) + size_of_sized(value.as_ref().map(AsRef::as_ref));
    1 + size_of_varlong(timestamp_delta)
        + size_of_varlong(i64::from(offset_delta))
        + size_of_sized(key)
        + size_of_sized(value)
        + size_of_length(headers.len())
        + headers.iter().map(of_header).sum::<usize>()
}

fn put_sized(part: Option<&[u8]>, out: &mut Vec<u8>) {
    match part {
        Some(bytes) => {
            put_varint(wire_length(bytes.len()), out);
            out.extend_from_slice(bytes);
        }
        None => put_varint(-1, out),
    }
}

fn size_of_sized(part: Option<&[u8]>) -> usize {
    part.map_or(1, |bytes| size_of_length(bytes.len()) + bytes.len())
}

fn size_of_length(length: usize) -> usize {
    size_of_varlong(i64::from(wire_length(length)))
}

fn wire_length(length: usize) -> i32 {
    i32::try_from(length).expect("a request is limited to 100 MB long before a length reaches 2 GiB")
}
