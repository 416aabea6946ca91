//! One replica's log: record batches in segments on a disk, two sparse indexes per segment, and the leader-epoch cache.
//!
//! | file | holds |
//! |---|---|
//! | `partition_log` | the log itself: append as leader or follower |
//! | `reading` · `flushing` | reading it by offset and by time; making it durable |
//! | `place` | where it lies, and whether folders are synced |
//! | `fence` | a disk that failed a write gets no more |
//! | `validator` | what a leader checks and decides about a producer's batch before it is appended |
//! | `segment` | one segment: its file of batches, where each begins, its two indexes |
//! | `index` | the sparse indexes: offset to position, timestamp to offset |
//! | `epochs` | which leader epoch began where, and the question of KIP-279: where did that one end? |
//! | `truncation` | cutting the end off, starting anew elsewhere |
//! | `start` | moving the beginning forward; deleting the whole log |
//! | `retention` · `removal` | letting old segments go; the files that are still there for a while |
//! | [`cleaner`] | compaction: keeping the newest record of each key |
//! | `recovery` · `scan` | reading a log back after a start: what is trusted, what is cut, what is refused |
//! | [`checkpoint`] | small files that are replaced as a whole |
//! | [`dump`] | what lies on a disk, file by file, for people |
//!
//! Invariant: what lies on the disk is what was appended, byte for byte; memory holds positions and numbers only, and all
//! of it can be rebuilt from the disk. Segments follow one another without a gap; within one, offsets may be missing.
//!
//! Called by: replica (partitions), raft (the metadata log), broker (checkpoints).
//!
//! Not modelled: producer state and the transaction index (each gets a file of its own).

pub mod checkpoint;
pub mod cleaner;
pub mod dump;
mod epochs;
mod fence;
mod flushing;
mod index;
mod known;
mod partition_log;
mod place;
mod probe;
mod reading;
mod recovery;
mod removal;
mod retention;
mod scan;
mod segment;
mod start;
mod truncation;
mod validator;

pub use cleaner::{Candidate, CleanerRules, Cleaning, Progress};
pub use epochs::{EpochCache, EpochEntry};
pub use known::{Known, LoadError};
pub use partition_log::{Appended, PartitionLog};
pub use place::LogPlace;
pub use retention::RetentionView;
pub use start::finish_deletion;
