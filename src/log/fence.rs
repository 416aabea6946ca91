//! What a log does when its disk fails it: it takes nothing more in this life.
//!
//! A write that failed half-way leaves bytes of which nobody can say how many are there. Whoever appended behind them would
//! write a log with a hole, so the log is fenced at once, before the failure is even told to anybody else.
//!
//! Invariant: a fenced log never changes again; what it holds can still be read as far as the disk lets one.
//!
//! Source: KAFKA-10778; `UnifiedLog.maybeHandleIOException`, `LocalLog.maybeHandleIOException`.

use super::partition_log::PartitionLog;
use crate::context::Context;
use crate::error::{ErrorCode, Fault};
use crate::event::LogFact;

impl PartitionLog {
    /// Whether it takes nothing more.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.is_fenced
    }

    /// Errors: [`Fault::Fenced`].
    pub(super) fn check_fence(&self) -> Result<(), Fault> {
        if self.is_fenced { Err(Fault::Fenced(self.partition().to_string())) } else { Ok(()) }
    }

    /// Passes on what came of a change, and fences the log if it was a failure.
    pub(super) fn fencing<T>(&mut self, done: Result<T, Fault>, cx: &mut Context<'_>) -> Result<T, Fault> {
        if done.is_err() && !self.is_fenced {
            self.is_fenced = true;
            cx.emit(LogFact::LogFenced { partition: self.partition(), end: self.end_offset() });
        }
        done
    }
}

/// What a client or follower hears of a disk that failed.
pub(super) fn storage_error(_: Fault) -> ErrorCode {
    ErrorCode::KafkaStorageError
}
