//! Record batch format v2, to the byte: what producers build, leaders stamp, followers copy, disks keep and consumers read.
//!
//! A batch is a header of 61 bytes ([`BatchHeader`]) and its records, each with varint lengths and with timestamp and
//! offset as differences to the header's ([`Record`]). The leader fills in offset and epoch when it appends; both lie
//! before the checksummed part, so that a batch travels from producer to disk to consumer without a new checksum.
//!
//! Invariant: decoding is total: whatever the bytes, the answer is a value or a [`Fault`](crate::error::Fault), never a panic, and no length
//! read from them is trusted with memory before as many bytes are known to be there.
//!
//! Source: Kafka's `DefaultRecordBatch`, `DefaultRecord`, `MemoryRecordsBuilder`; KIP-98 (format v2), KIP-32 (timestamps).
//!
//! Called by: client (builds and reads), log (validates, stamps, stores), raft (control batches).
//!
//! A compressed batch is carried as it is; whoever looks at its records unpacks it ([`codec`]).
//!
//! Not modelled: formats v0 and v1.

mod batch;
mod builder;
pub mod clean;
pub mod codec;
pub mod control;
mod digest;
mod header;
mod stamp;
mod varint;
mod wire;

pub use batch::{Record, RecordBatch, batches_of};
pub use builder::{BatchBuilder, encode};
pub use digest::digest;
pub use header::{Attributes, BatchHeader, Compression, HEADER_BYTES, base_offset_of};
pub use stamp::{Stamp, restamp, stamp};

pub(crate) use batch::{facts_of, verify, verify_body};
pub(crate) use codec::unpack;
pub(crate) use wire::each_record;
