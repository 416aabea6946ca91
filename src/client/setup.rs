//! What a client is told before it starts.
//!
//! Called by: the scenario, which tells it; the client's own files.

use super::application::ApplicationSetup;
use crate::config::{ConsumerConfig, ProducerConfig, Variants};
use crate::ids::{BrokerId, Offset, PartitionIndex, ProcessId};
use crate::time::Timestamp;

/// What a producer is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// Its configuration.
    pub config: ProducerConfig,
    /// The topic it sends to.
    pub topic: String,
    /// The one partition it sends to, if the scenario names it.
    pub partition: Option<PartitionIndex>,
}

/// What a consumer is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// Its configuration.
    pub config: ConsumerConfig,
    /// What it reads.
    pub assign: Vec<(String, PartitionIndex)>,
    /// Where it begins.
    pub from: StartFrom,
    /// The topics it subscribes to at its start, as a member of the group `group.id`.
    pub subscribe: Vec<String>,
    /// The pattern of topics it subscribes to at its start.
    pub pattern: Option<String>,
    /// What its application does.
    pub application: ApplicationSetup,
    /// The historical rules in force.
    pub variants: Variants,
}

/// Where a consumer begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// Where its group left off; without a group, or where that has stored nothing, `auto.offset.reset` decides.
    Configured,
    /// At the log start.
    Beginning,
    /// At the end.
    End,
    /// At this offset.
    Offset(Offset),
    /// At the first record that is not older.
    Timestamp(Timestamp),
}
