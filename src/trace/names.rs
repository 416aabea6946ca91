//! What people call the processes, topics and faults of a run, as the run itself told.
//!
//! Invariant: a name is learned from an event (`RunStarted`, `TopicCreated`) and never invented; what has none yet prints as
//! its number.
//!
//! Called by: everything that prints.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::keys::Keys;
use crate::event::{ControllerFact, Event, Fact, FaultFact, FaultIndex, WorldFact};
use crate::ids::{BrokerSet, Offset, ProcessId, TopicId, TopicPartition};

/// The names of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    processes: BTreeMap<ProcessId, String>,
    topics: BTreeMap<TopicId, String>,
    faults: BTreeMap<FaultIndex, String>,
}

impl Names {
    /// The names told by these events.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut names = Self::default();
        for event in events {
            names.observe(event);
        }
        names
    }

    /// Learns the names that an event tells.
    pub fn observe(&mut self, event: &Event) {
        match &event.fact {
            Fact::World(WorldFact::RunStarted { run }) => {
                self.processes = run.processes.iter().cloned().collect();
                self.faults = (0..).map(FaultIndex).zip(run.faults.iter().cloned()).collect();
            }
            Fact::Controller(ControllerFact::TopicCreated { topic }) => {
                self.topics.insert(topic.id, topic.name.clone());
            }
            Fact::Fault(FaultFact::FaultDrawn { fault, text }) => {
                self.faults.insert(*fault, text.to_string());
            }
            Fact::World(_)
            | Fact::Controller(_)
            | Fact::Fault(_)
            | Fact::Network(_)
            | Fact::Log(_)
            | Fact::Replica(_)
            | Fact::Raft(_)
            | Fact::Client(_)
            | Fact::Group(_) => {}
        }
    }

    /// A process: `b1`, `k1`, or a client's own name.
    #[must_use]
    pub fn process(&self, process: ProcessId) -> Cow<'_, str> {
        self.processes.get(&process).map_or_else(|| Cow::Owned(process.to_string()), |name| Cow::Borrowed(name.as_str()))
    }

    /// A topic's name.
    #[must_use]
    pub fn topic(&self, topic: TopicId) -> Cow<'_, str> {
        self.topics.get(&topic).map_or_else(|| Cow::Owned(topic.to_string()), |name| Cow::Borrowed(name.as_str()))
    }

    /// A place in a partition: `orders-0 offset 5`.
    #[must_use]
    pub fn place(&self, partition: TopicPartition, offset: Offset) -> String {
        format!("{} offset {offset}", self.partition(partition))
    }

    /// A partition: `orders-0`.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> String {
        match self.topics.get(&partition.topic) {
            Some(name) => format!("{name}-{}", partition.partition),
            None => partition.to_string(),
        }
    }

    /// What the keys of a partition's records are.
    #[must_use]
    pub fn keys(&self, partition: TopicPartition) -> Keys {
        Keys::of(&self.partition(partition))
    }

    /// A fault of the scenario, as written there, or a random one, as drawn.
    #[must_use]
    pub fn fault(&self, fault: FaultIndex) -> Cow<'_, str> {
        self.faults.get(&fault).map_or_else(|| Cow::Owned(format!("fault {}", fault.0)), |text| Cow::Borrowed(text.as_str()))
    }

    /// Every process that has a name, in the order of ids.
    pub fn processes(&self) -> impl Iterator<Item = (ProcessId, &str)> {
        self.processes.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// Every topic that has a name, in the order of ids.
    pub fn topics(&self) -> impl Iterator<Item = (TopicId, &str)> {
        self.topics.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// A set of brokers as people say it: `b1, b2`.
    #[must_use]
    pub fn brokers(&self, brokers: BrokerSet) -> String {
        if brokers.is_empty() {
            return "nobody".to_owned();
        }
        brokers.iter().map(|broker| self.process(ProcessId::Broker(broker)).into_owned()).collect::<Vec<_>>().join(", ")
    }
}
