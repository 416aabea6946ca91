//! Compaction: a log keeps the newest record of each key, and no offset ever changes.
//!
//! ```text
//!   clean (below first_dirty)   │ dirty, cleanable       │ not yet: young, uncommitted │ active segment
//!   one record of each key      │ read into the map      │                             │ never touched
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `candidate` | whether a log is worth cleaning, and from where to where |
//! | `map` | the newest offset of each key of the dirty part, as far as there is room |
//! | `group` | which segments become one |
//! | [`job`] | one cleaning, a step at a time: the map first, then a run of segments a step |
//! | `run` | what stays of a run: superseded records, tombstones, records without a key |
//! | `swap` | putting the new segment in the place of the old ones, so that a crash leaves either |
//!
//! Invariant: whoever reads on from any offset ends with the same latest value of each key as before. Segments still follow one
//! another without a gap, since the last batch of each stays, if only as a header.
//!
//! Source: Kafka's `LogCleaner`, `Cleaner`, `LogCleanerManager`; KIP-58 (min lag), KIP-354 (max lag), KIP-534 (delete horizon).
//!
//! Called by: `broker/cleaner`, a step at a time, on each replica by itself; a start finishes the swaps that a crash left.
//!
//! Kafka differs: a run is one step of a thread there, too, but other threads go on beside it; and only the last batch of a whole
//! cleaning is kept as a header, so that a lost end of a segment cannot be told from a cleaned one.
//!
//! Not modelled: transactions (markers are kept for ever), several cleaner threads, the throttle of its I/O; a producer counts
//! as active for ever.

mod candidate;
mod group;
mod job;
mod map;
mod run;
mod swap;

use crate::config::{Switch, TombstoneClock};

pub use candidate::Candidate;
pub use job::{Cleaning, Progress};

pub(super) use swap::finish_swaps;

/// What a broker tells its cleaner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanerRules {
    /// How many keys its map may hold: `log.cleaner.dedupe.buffer.size` as far as `log.cleaner.io.buffer.load.factor` allows, 24
    /// bytes each.
    pub map_keys: u64,
    /// How many bytes it writes at once (`log.cleaner.io.buffer.size`).
    pub buffer_bytes: u64,
    /// Variant `cleaner-partial-map`.
    pub partial_map: Switch,
    /// Variant `cleaner-keeps-epochs`.
    pub keeps_epochs: Switch,
    /// Variant `tombstone-clock`.
    pub tombstone_clock: TombstoneClock,
}
