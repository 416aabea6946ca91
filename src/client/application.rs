//! The application around a consumer: it polls, processes what it was given, and commits. When it commits is what decides
//! between at-most-once and at-least-once.
//!
//! Called by: the consumer.

use crate::time::Duration;

/// How an application treats what it polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSetup {
    /// How long it takes over one record.
    pub per_record: Duration,
    /// How long it takes over a poll besides, before it polls again.
    pub per_poll: Duration,
    /// When it commits.
    pub commit: CommitMode,
    /// It hands records to a worker and polls on at once; the worker takes the time. (Its consumer still commits what the
    /// poll before returned, as if it were done.)
    pub hands_over: bool,
}

/// When an application's group learns how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitMode {
    /// Never.
    Never,
    /// By itself, every `auto.commit.interval.ms`, at a poll: what the polls before it returned (`enable.auto.commit`).
    Auto,
    /// After each poll, before anything of it is processed, and waits for the answer: at most once.
    BeforeProcessing,
    /// After all of a poll is processed, and waits for the answer: at least once.
    AfterProcessing,
    /// The same without waiting (`commitAsync`).
    AfterProcessingAsync,
    /// After each record, and waits for the answer.
    EachRecord,
}

impl Default for ApplicationSetup {
    /// It takes no time and commits as the configuration says.
    fn default() -> Self {
        Self { per_record: Duration::ZERO, per_poll: Duration::ZERO, commit: CommitMode::Auto, hands_over: false }
    }
}
