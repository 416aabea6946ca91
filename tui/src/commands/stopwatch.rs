//! Real time, for the figures that are about the program and not about the run.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "how fast the program is, is no part of a run")]

use std::time::Instant;

use tribunal::time::Duration;

/// Runs from its start.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has run.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration(u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}
