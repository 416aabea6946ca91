//! The application around a consumer: it polls, processes what it was given, and commits. When it commits is what decides
//! between at-most-once and at-least-once. What it makes of its records it may write to another topic.
//!
//! Called by: the consumer.

use bytes::Bytes;

use crate::config::ProducerConfig;
use crate::context::NewRecord;
use crate::ids::PartitionIndex;
use crate::time::Duration;

/// How an application treats what it polls.
#[derive(Clone, Debug, PartialEq)]
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
    /// It writes what it makes of its records to another topic.
    pub writes: Option<WriteSetup>,
}

/// What an application writes, and where to. It is done with a record when what it wrote of it is acknowledged, and commits
/// after processing only when all it wrote has come to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteSetup {
    /// The topic it writes to.
    pub topic: String,
    /// The one partition of it, if the scenario names one.
    pub partition: Option<PartitionIndex>,
    /// Only records whose value is a number greater than this make it write.
    pub above: Option<i64>,
    /// How its producer is configured.
    pub config: ProducerConfig,
}

impl WriteSetup {
    /// What is made of a record that was read at this place: the same key, and a value that says where it comes from. A tombstone
    /// makes a tombstone.
    #[must_use]
    pub fn output(&self, place: &str, key: Option<&Bytes>, value: Option<&Bytes>) -> Option<NewRecord> {
        let text = value.map(|value| String::from_utf8_lossy(value));
        if let Some(least) = self.above {
            let number = text.as_deref().and_then(|text| text.trim().parse::<i64>().ok());
            number.filter(|number| *number > least)?;
        }
        let value = text.map(|text| Bytes::from(format!("{text} from {place}")));
        Some(NewRecord { key: key.cloned(), value, ..NewRecord::default() })
    }
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
        Self { per_record: Duration::ZERO, per_poll: Duration::ZERO, commit: CommitMode::Auto, hands_over: false, writes: None }
    }
}
