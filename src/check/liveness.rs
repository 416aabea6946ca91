//! Which processes live, and up to where each broker has applied the metadata.
//!
//! Called by: `Checks`; read by `converges`, `acks-all-durable` and `any-ack-durable`.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{BrokerId, BrokerSet, Offset, ProcessId, VoterKey};
use crate::time::Instant;

/// The state of the run's processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Liveness {
    brokers: BrokerSet,
    paused: BrokerSet,
    /// Who waits for a disk, since when.
    stalled: BTreeMap<ProcessId, Instant>,
    applied: BTreeMap<BrokerId, Offset>,
    alive: BTreeSet<ProcessId>,
    voters: Vec<VoterKey>,
    /// Voters whose disk is another now, so that their server votes no more under this key.
    replaced: Vec<VoterKey>,
    /// Up to where the metadata is committed.
    pub(super) metadata_end: Offset,
    /// Since when.
    pub(super) metadata_changed_at: Instant,
}

impl Liveness {
    /// A process lives.
    pub(super) fn start(&mut self, process: ProcessId) {
        self.alive.insert(process);
        if let Some(broker) = broker_of(process) {
            self.brokers = self.brokers.with(broker);
            self.paused = self.paused.without(broker);
        }
    }

    /// A process is dead.
    pub(super) fn stop(&mut self, process: ProcessId) {
        self.alive.remove(&process);
        self.stalled.remove(&process);
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

    /// All metadata below `end` is committed.
    pub(super) fn commit_metadata(&mut self, end: Offset, at: Instant) {
        if end > self.metadata_end {
            (self.metadata_end, self.metadata_changed_at) = (end, at);
        }
    }

    /// These vote in the metadata quorum, as was told last.
    pub(super) fn change_voters(&mut self, voters: &[VoterKey]) {
        voters.clone_into(&mut self.voters);
    }

    /// A server's disk is another: if voters are known by their disks, it is none.
    pub(super) fn replace_disk(&mut self, process: ProcessId) {
        let is_its = |voter: &&VoterKey| voter.voter == process && voter.directory.is_some();
        self.replaced.extend(self.voters.iter().filter(is_its));
    }

    /// Whether more than half of the voters live, as far as it is known who votes.
    pub(super) fn has_voter_majority(&self) -> bool {
        let votes = |voter: &&VoterKey| self.alive.contains(&voter.voter) && !self.replaced.contains(voter);
        let alive = self.voters.iter().filter(votes).count();
        alive * 2 > self.voters.len()
    }

    /// Whether a process is a broker that lives.
    pub(super) fn is_live(&self, process: ProcessId) -> bool {
        broker_of(process).is_some_and(|broker| self.brokers.contains(broker))
    }

    /// Whether it lives and does not stand still, nor waits for its disk.
    pub(super) fn is_at_work(&self, process: ProcessId) -> bool {
        let is_awake = |broker| self.brokers.contains(broker) && !self.paused.contains(broker);
        broker_of(process).is_some_and(is_awake) && !self.stalled.contains_key(&process)
    }

    /// Its disk lets it wait, from now until it does something again.
    pub(super) fn stall(&mut self, process: ProcessId, at: Instant) {
        self.stalled.insert(process, at);
    }

    /// A machine told something: whether its disk had let it wait until now.
    pub(super) fn wake(&mut self, process: ProcessId, now: Instant) -> bool {
        let is_awake = self.stalled.get(&process).is_some_and(|at| *at < now);
        is_awake && self.stalled.remove(&process).is_some()
    }

    /// Up to where a broker has applied the metadata.
    pub(super) fn applied(&self, process: ProcessId) -> Offset {
        broker_of(process).and_then(|broker| self.applied.get(&broker)).copied().unwrap_or_default()
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
