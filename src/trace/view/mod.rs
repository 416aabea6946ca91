//! The picture of the cluster at one step, folded from the events before it: what every replica's log holds and knows, who
//! lives, who is cut off, what the metadata says, what was promised to whom, how far consumers have read, and who is in which
//! group and owns what.
//!
//! Invariant: the picture depends on the events alone; each replica's lane shows that replica's own knowledge. Applying an
//! event costs the same however long the logs are, and a clone shares all pages that are not written to since.
//!
//! Called by: [`super::course`], the screen, the story.
//!
//! Not modelled: the records of the metadata log (`__cluster_metadata-0`); of that log the picture keeps where each server's copy
//! begins and ends, and what is committed and applied of it.

mod apply;
mod belief;
mod group;
mod groups;
mod link;
mod metadata;
mod pages;
mod partition;
mod replicas;
mod server;

use std::sync::Arc;

use crate::event::{Event, FaultIndex, VoterSetFacts};
use crate::ids::{BrokerId, LeaderEpoch, Offset, ProcessId, Step, TopicPartition};
use crate::time::Instant;

pub use belief::Belief;
pub use group::{Commit, ConsumerView, GroupView, Holding, MemberView, OwnedView};
pub use link::{LastMessage, LinkView};
pub use metadata::TopicView;
pub use pages::Pages;
pub use partition::{Acked, Cell, PartitionView, Reader, ReplicaView, Role};
pub use server::{DiskView, ProcessState, ProcessView, QuorumView, Registration, Standing};

/// The cluster at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    at: Instant,
    applied: u32,
    processes: Arc<Vec<ProcessView>>,
    partitions: Arc<Vec<Arc<PartitionView>>>,
    groups: Arc<Vec<Arc<GroupView>>>,
    links: link::Links,
    topics: Arc<Vec<TopicView>>,
    features: Arc<Vec<(Arc<String>, u16)>>,
    faults: Arc<Vec<FaultIndex>>,
    metadata_end: Offset,
    quorum: Option<(ProcessId, LeaderEpoch)>,
}

impl View {
    /// The picture before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The picture after all these events.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut view = Self::new();
        for event in events {
            view.apply(event);
        }
        view
    }

    /// The time of the last event.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The step of the last event; `None` before the first.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        self.applied.checked_sub(1).map(Step)
    }

    /// Every partition that something happened to, in order.
    pub fn partitions(&self) -> impl Iterator<Item = &PartitionView> {
        self.partitions.iter().map(Arc::as_ref)
    }

    /// One partition.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionView> {
        let place = self.partitions.binary_search_by_key(&partition, |known| known.partition).ok()?;
        self.partitions.get(place).map(Arc::as_ref)
    }

    /// Every group that was told of, in the order of their ids.
    pub fn groups(&self) -> impl Iterator<Item = &GroupView> {
        self.groups.iter().map(Arc::as_ref)
    }

    /// One group.
    #[must_use]
    pub fn group(&self, group: &str) -> Option<&GroupView> {
        let place = self.groups.binary_search_by(|known| known.group.as_str().cmp(group)).ok()?;
        self.groups.get(place).map(Arc::as_ref)
    }

    /// Every process, in order.
    #[must_use]
    pub fn processes(&self) -> &[ProcessView] {
        &self.processes
    }

    /// One process.
    #[must_use]
    pub fn process(&self, process: ProcessId) -> Option<&ProcessView> {
        let place = self.processes.binary_search_by_key(&process, |known| known.process).ok()?;
        self.processes.get(place)
    }

    /// One direction of the network; `None` when nothing ever happened on it.
    #[must_use]
    pub fn link(&self, from: ProcessId, to: ProcessId) -> Option<&LinkView> {
        self.links.get(from, to)
    }

    /// How many messages are on their way.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.links.iter().map(|link| link.in_flight).sum()
    }

    /// The faults that struck and are not over, in the order they struck.
    #[must_use]
    pub fn faults(&self) -> &[FaultIndex] {
        &self.faults
    }

    /// The topics that were created, in that order, deleted ones included.
    #[must_use]
    pub fn topics(&self) -> &[TopicView] {
        &self.topics
    }

    /// The features that were set, with their levels.
    pub fn features(&self) -> impl Iterator<Item = (&str, u16)> {
        self.features.iter().map(|(name, level)| (name.as_str(), *level))
    }

    /// The metadata below this is committed.
    #[must_use]
    pub fn metadata_end(&self) -> Offset {
        self.metadata_end
    }

    /// Who was elected last to lead the metadata quorum and has not given that up, with the epoch. It may be dead.
    #[must_use]
    pub fn quorum_leader(&self) -> Option<(ProcessId, LeaderEpoch)> {
        self.quorum
    }

    /// The committed voters: the newest set that any server knows below what is committed. `None` when nobody told.
    #[must_use]
    pub fn voters(&self) -> Option<&Arc<VoterSetFacts>> {
        let told = self.processes.iter().filter_map(|process| process.quorum.voters.as_ref());
        let committed = told.filter(|set| set.offset < self.metadata_end || set.offset == Offset::ZERO);
        committed.max_by_key(|set| (set.offset, set.epoch))
    }

    /// Whether a server is in the committed voter set.
    #[must_use]
    pub fn is_voter(&self, process: ProcessId) -> bool {
        self.voters().is_some_and(|set| set.voters.iter().any(|voter| voter.voter == process))
    }

    /// The servers of the metadata quorum: the controllers, and whoever votes.
    pub fn quorum(&self) -> impl Iterator<Item = &ProcessView> {
        let members = self.processes.iter();
        members.filter(|known| matches!(known.process, ProcessId::Controller(_)) || self.is_voter(known.process))
    }

    /// Whether a broker lives and is not paused.
    #[must_use]
    pub fn is_up(&self, broker: BrokerId) -> bool {
        self.process(ProcessId::Broker(broker)).is_some_and(|process| process.state == ProcessState::Up)
    }

    /// Whether nothing gets through from one process to the other.
    #[must_use]
    pub fn is_cut(&self, from: ProcessId, to: ProcessId) -> bool {
        self.links.get(from, to).is_some_and(|link| link.cuts > 0)
    }

    /// The peers to or from which nothing gets through, in order.
    #[must_use]
    pub fn cut_from(&self, process: ProcessId) -> Vec<ProcessId> {
        let mut peers: Vec<ProcessId> = self
            .links
            .iter()
            .filter(|link| link.cuts > 0)
            .filter_map(|link| match process {
                _ if link.from == process => Some(link.to),
                _ if link.to == process => Some(link.from),
                _ => None,
            })
            .collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    }
}

#[cfg(test)]
mod tests;
