//! One replica's log: record batches in segments on a disk, two sparse indexes per segment, and the leader-epoch cache.
//!
//! | file | holds |
//! |---|---|
//! | `partition_log` | the log itself: append as leader or follower, read, flush |
//! | `validator` | what a leader checks and decides about a producer's batch before it is appended |
//! | `segment` | one segment: its file of batches, where each begins, its two indexes |
//! | `index` | the sparse indexes: offset to position, timestamp to offset |
//! | `epochs` | which leader epoch began where, and the question of KIP-279: where did that one end? |
//! | `start` | moving the beginning forward; deleting the whole log |
//! | `truncation` | cutting the end off, starting anew elsewhere |
//! | `recovery` | reading a log back after a start; cutting a torn tail |
//! | [`checkpoint`] | small files that are replaced as a whole |
//! | [`dump`] | what lies on a disk, file by file, for people |
//!
//! Invariant: what lies on the disk is what was appended, byte for byte; memory holds positions and numbers only, and all
//! of it can be rebuilt from the disk. Offsets in a log rise without a gap.
//!
//! Called by: replica (partitions), raft (the metadata log), broker (checkpoints).
//!
//! Not modelled: retention, compaction, producer state and the transaction index (each gets a file of its own).

pub mod checkpoint;
pub mod dump;
mod epochs;
mod index;
mod partition_log;
mod probe;
mod recovery;
mod segment;
mod start;
mod truncation;
mod validator;

pub use epochs::{EpochCache, EpochEntry};
pub use partition_log::{Appended, PartitionLog};
