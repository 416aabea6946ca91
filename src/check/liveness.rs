//! Which processes live, and up to where each broker has applied the metadata.
//!
//! Called by: `Checks`; read by `converges`, `acks-all-durable` and `any-ack-durable`.

use std::collections::BTreeMap;

use crate::ids::{BrokerId, BrokerSet, Offset, ProcessId};

/// The state of the run's processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Liveness {
    brokers: BrokerSet,
    paused: BrokerSet,
    applied: BTreeMap<BrokerId, Offset>,
    /// Up to where the metadata is committed.
    pub(super) metadata_end: Offset,
}

impl Liveness {
    /// A process lives.
    pub(super) fn start(&mut self, process: ProcessId) {
        if let Some(broker) = broker_of(process) {
            self.brokers = self.brokers.with(broker);
            self.paused = self.paused.without(broker);
        }
    }

    /// A process is dead.
    pub(super) fn stop(&mut self, process: ProcessId) {
        if let Some(broker) = broker_of(process) {
            self.brokers = self.brokers.without(broker);
            self.paused = self.paused.without(broker);
            self.applied.remove(&broker);
        }
    }

    /// A process stands still, or goes on.
    pub(super) fn pause(&mut self, process: ProcessId, is_paused: bool) {
        if let Some(broker) = broker_of(process) {
            self.paused = if is_paused { self.paused.with(broker) } else { self.paused.without(broker) };
        }
    }

    /// A broker's image reflects the metadata below `end`.
    pub(super) fn apply_metadata(&mut self, process: ProcessId, end: Offset) {
        if let Some(broker) = broker_of(process) {
            self.applied.insert(broker, end);
        }
    }

    /// Whether a process is a broker that lives.
    pub(super) fn is_live(&self, process: ProcessId) -> bool {
        broker_of(process).is_some_and(|broker| self.brokers.contains(broker))
    }

    /// The brokers that live.
    pub(super) fn brokers(&self) -> BrokerSet {
        self.brokers
    }

    /// Whether somebody lives but stands still.
    pub(super) fn is_anybody_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    /// A live broker that has not applied all committed metadata, and up to where it has.
    pub(super) fn behind(&self) -> Option<(BrokerId, Offset)> {
        let applied = |broker| self.applied.get(&broker).copied().unwrap_or_default();
        self.brokers.iter().map(|broker| (broker, applied(broker))).find(|(_, end)| *end < self.metadata_end)
    }
}

/// The broker, if it is one whose id a set can hold.
fn broker_of(process: ProcessId) -> Option<BrokerId> {
    match process {
        ProcessId::Broker(broker) if broker.0 <= BrokerSet::MAX => Some(broker),
        _ => None,
    }
}
