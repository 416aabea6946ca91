//! The codecs of compressed batches: what lies between a batch's header and its end is its records, packed as one piece.
//!
//! | word | form |
//! |---|---|
//! | gzip | RFC 1952 |
//! | snappy | the framing of xerial's snappy-java: a head of 16 bytes, then blocks of 32 KB, each behind its length; bare snappy is read too |
//! | lz4 | LZ4 frames of independent blocks of 64 KB |
//! | zstd | RFC 8878 (KIP-110) |
//!
//! Invariant: what was packed is unpacked to the same bytes; nothing is unpacked to more than [`MOST_BYTES`].
//!
//! Source: Kafka's `Compression`, `SnappyOutputStream` of snappy-java, `Lz4BlockOutputStream`.
//!
//! Called by: whoever looks at the records of a batch. A log keeps the batch packed as it came.
//!
//! Kafka differs: its compressors find other, equally valid packings, and it takes levels (KIP-390).

use std::borrow::Cow;
use std::io::{Read, Write};

use bytes::{BufMut, Bytes, BytesMut};
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::header::{BatchHeader, Compression, HEADER_BYTES, corrupt};
use crate::error::Fault;

/// No batch has more bytes than this when it is unpacked: what a single request may have (`socket.request.max.bytes`).
pub const MOST_BYTES: u64 = 104_857_600;

/// How xerial's framing begins: its magic, its version, and the oldest version that can read it.
const XERIAL_HEAD: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
const XERIAL_BLOCK: usize = 32 * 1024;

/// Packs records.
#[must_use]
pub fn compress(how: Compression, records: &[u8]) -> Vec<u8> {
    let packed = match how {
        Compression::None => Ok(records.to_vec()),
        Compression::Gzip => gzip(records),
        Compression::Snappy => snappy(records),
        Compression::Lz4 => lz4(records),
        Compression::Zstd => Ok(compress_to_vec(records, CompressionLevel::Fastest)),
    };
    packed.expect("memory takes whatever is written into it, and a batch is smaller than any codec's limit")
}

/// Unpacks records.
///
/// Errors: [`Fault::Corrupt`] when they are not packed in this way, or unpack to more than [`MOST_BYTES`].
pub fn decompress(how: Compression, packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let unpacked = match how {
        Compression::None => Ok(packed.to_vec()),
        Compression::Gzip => read_all(flate2::read::MultiGzDecoder::new(packed)),
        Compression::Snappy => return unsnappy(packed),
        Compression::Lz4 => read_all(FrameDecoder::new(packed)),
        Compression::Zstd => unzstd(packed),
    };
    unpacked.map_err(|why| corrupt(&format!("{how:?}: {why}")))
}

/// The same batch with its records unpacked: header, then the records as they lie in a batch that is not compressed. The header
/// still speaks of the packed batch.
///
/// Errors: as [`decompress`].
pub(crate) fn unpack<'a>(header: &BatchHeader, batch: &'a Bytes) -> Result<Cow<'a, Bytes>, Fault> {
    let how = header.attributes.compression();
    if how == Compression::None || header.count == 0 {
        return Ok(Cow::Borrowed(batch)); // a batch that was emptied is not packed
    }
    let (head, packed) = batch.split_at_checked(HEADER_BYTES).ok_or(Fault::Truncated("batch"))?;
    let records = decompress(how, packed)?;
    let mut whole = BytesMut::with_capacity(HEADER_BYTES + records.len());
    whole.put_slice(head);
    whole.put_slice(&records);
    Ok(Cow::Owned(whole.freeze()))
}

fn gzip(records: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(records)?;
    encoder.finish()
}

fn lz4(records: &[u8]) -> std::io::Result<Vec<u8>> {
    let frame = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
    encoder.write_all(records)?;
    encoder.finish().map_err(std::io::Error::other)
}

fn snappy(records: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = XERIAL_HEAD.to_vec();
    for block in records.chunks(XERIAL_BLOCK) {
        let block = snap::raw::Encoder::new().compress_vec(block).map_err(std::io::Error::other)?;
        let length = u32::try_from(block.len()).map_err(std::io::Error::other)?;
        packed.put_u32(length);
        packed.put_slice(&block);
    }
    Ok(packed)
}

fn unsnappy(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let Some(mut rest) = packed.strip_prefix(&XERIAL_HEAD) else {
        return unsnappy_block(packed, MOST_BYTES);
    };
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk().ok_or(Fault::Truncated("snappy"))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| corrupt("snappy: larger than memory"))?;
        let (block, tail) = tail.split_at_checked(length).ok_or(Fault::Truncated("snappy"))?;
        let room = MOST_BYTES.saturating_sub(records.len() as u64);
        records.extend_from_slice(&unsnappy_block(block, room)?);
        rest = tail;
    }
    Ok(records)
}

fn unsnappy_block(block: &[u8], most: u64) -> Result<Vec<u8>, Fault> {
    let told = snap::raw::decompress_len(block).map_err(|why| corrupt(&format!("snappy: {why}")))?;
    if told as u64 > most {
        return Err(corrupt("snappy: too large"));
    }
    snap::raw::Decoder::new().decompress_vec(block).map_err(|why| corrupt(&format!("snappy: {why}")))
}

fn unzstd(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut rest = packed;
    let decoder = StreamingDecoder::new(&mut rest).map_err(std::io::Error::other)?;
    read_all(decoder)
}

fn read_all(mut unpacked: impl Read) -> std::io::Result<Vec<u8>> {
    let mut records = Vec::new();
    unpacked.by_ref().take(MOST_BYTES + 1).read_to_end(&mut records)?;
    if records.len() as u64 > MOST_BYTES { Err(std::io::Error::other("too large")) } else { Ok(records) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 5] = [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    #[test]
    fn what_was_packed_is_unpacked() {
        let long: Vec<u8> = (0..200_000_u32).map(|n| (n / 7 % 251) as u8).collect();
        for records in [&b""[..], b"a", b"the same, the same, the same", &long] {
            for how in ALL {
                assert_eq!(decompress(how, &compress(how, records)).as_deref(), Ok(records), "{how:?}");
            }
        }
    }

    #[test]
    fn packing_makes_repetition_small() {
        let records = vec![7; 100_000];
        for how in ALL.into_iter().skip(1) {
            assert!(compress(how, &records).len() < 10_000, "{how:?}");
        }
    }

    #[test]
    fn bare_snappy_is_read_too() {
        let bare = snap::raw::Encoder::new().compress_vec(b"bare").expect("it is small");
        assert_eq!(decompress(Compression::Snappy, &bare).as_deref(), Ok(&b"bare"[..]));
    }

    #[test]
    fn damage_is_a_fault() {
        for how in ALL.into_iter().skip(1) {
            let mut packed = compress(how, b"some records that are of some length");
            packed.truncate(packed.len() / 2);
            assert!(decompress(how, &packed).is_err(), "{how:?} cut short");
            assert!(decompress(how, b"no such thing").is_err(), "{how:?} of noise");
        }
    }
}
