//! What a log does when its disk fails it: it takes nothing more in this life.
//!
//! A write that failed half-way leaves bytes of which nobody can say how many are there. Whoever appended behind them would
//! write a log with a hole, so the log is fenced at once, before the failure is even told to anybody else.
//!
//! Invariant: a fenced log never changes again; what it holds can still be read as far as the disk lets one.
//!
//! Source: KAFKA-10778; `UnifiedLog.maybeHandleIOException`, `LocalLog.maybeHandleIOException`.

use std::sync::Arc;

use super::partition_log::PartitionLog;
use crate::context::Context;
use crate::error::{ErrorCode, Fault};
use crate::event::LogFact;

impl PartitionLog {
    /// Whether it takes nothing more.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.fenced_by.is_some()
    }

    /// What failed, if it takes nothing more.
    #[must_use]
    pub fn fenced_by(&self) -> Option<&Fault> {
        self.fenced_by.as_deref()
    }

    /// Errors: [`Fault::Fenced`].
    pub(super) fn check_fence(&self) -> Result<(), Fault> {
        if self.is_fenced() { Err(Fault::Fenced(self.partition().to_string())) } else { Ok(()) }
    }

    /// Passes on what came of a change, and fences the log if it was a failure.
    pub(super) fn fencing<T>(&mut self, done: Result<T, Fault>, cx: &mut Context<'_>) -> Result<T, Fault> {
        if let Err(fault) = &done
            && !self.is_fenced()
        {
            self.fenced_by = Some(Arc::new(fault.clone()));
            let why = Arc::new(fault.to_string());
            cx.emit(LogFact::LogFenced { partition: self.partition(), end: self.end_offset(), why });
        }
        done
    }
}

/// What a client or follower hears of a disk that failed.
pub(super) fn storage_error(_: Fault) -> ErrorCode {
    ErrorCode::KafkaStorageError
}
