//! What people call the processes and topics of a run, as the run itself told.
//!
//! Invariant: a name is learned from an event and never invented; what has none yet prints as its number.
//!
//! Called by: the checks, when they write down what they found.

use std::collections::BTreeMap;

use crate::event::{ControllerFact, Event, Fact, WorldFact};
use crate::ids::{BrokerSet, Offset, ProcessId, TopicId, TopicPartition};

/// The names of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    processes: BTreeMap<ProcessId, String>,
    topics: BTreeMap<TopicId, String>,
}

impl Names {
    /// Learns the names that an event tells.
    pub(super) fn observe(&mut self, event: &Event) {
        match &event.fact {
            Fact::World(WorldFact::RunStarted { run }) => self.processes = run.processes.iter().cloned().collect(),
            Fact::Controller(ControllerFact::TopicCreated { topic }) => {
                self.topics.insert(topic.id, topic.name.clone());
            }
            _ => {}
        }
    }

    /// A process: `b1`, `k1`, or a client's own name.
    pub(super) fn process(&self, process: ProcessId) -> String {
        self.processes.get(&process).cloned().unwrap_or_else(|| process.to_string())
    }

    /// A topic's name.
    pub(super) fn topic(&self, topic: TopicId) -> String {
        self.topics.get(&topic).cloned().unwrap_or_else(|| topic.to_string())
    }

    /// A partition: `orders-0`.
    pub(super) fn partition(&self, partition: TopicPartition) -> String {
        match self.topics.get(&partition.topic) {
            Some(name) => format!("{name}-{}", partition.partition),
            None => partition.to_string(),
        }
    }

    /// A place in a partition: `orders-0 offset 5`.
    pub(super) fn place(&self, partition: TopicPartition, offset: Offset) -> String {
        format!("{} offset {offset}", self.partition(partition))
    }

    /// A set of brokers as people say it: `b1, b2`.
    pub(super) fn brokers(&self, brokers: BrokerSet) -> String {
        if brokers.is_empty() {
            return "nobody".to_owned();
        }
        brokers.iter().map(|broker| self.process(ProcessId::Broker(broker))).collect::<Vec<_>>().join(", ")
    }
}
