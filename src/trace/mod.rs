//! The trace: the only window on a run. Checks, screens, `explain`, golden tests and the book's pictures read it, never a
//! broker's insides.
//!
//! * [`recorder`]: takes every event as it happens; hashes always, keeps when asked.
//! * [`trace`], [`file`]: a kept run in memory and on disk.
//! * [`names`], [`keys`], [`line`], [`story`]: events in words, from one line to what, why and next.
//! * [`view`]: the events folded to a picture of the cluster at one step; [`course`] finds that picture for any step.
//! * [`cause`], [`find`], [`diff`]: walking the why, the next event of a kind, the first difference of two runs.
//!
//! Invariant: nothing here changes a run; the same events give the same hash, words and pictures.

pub mod cause;
pub mod course;
pub mod diff;
pub mod file;
pub mod find;
pub mod keys;
pub mod line;
pub mod names;
pub mod recorder;
pub mod story;
#[doc(hidden)]
pub mod testing;
#[allow(clippy::module_inception, reason = "the value a trace file holds is called a trace")]
pub mod trace;
pub mod view;

pub use file::TraceError;
pub use keys::Keys;
pub use names::Names;
pub use recorder::Recorder;
pub use trace::{Source, Trace};
pub use view::View;

/// The version of the trace format, as it stands in `RunStarted` and in the head of a file.
pub const FORMAT: u32 = 1;

/// The version of the program that writes.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");
