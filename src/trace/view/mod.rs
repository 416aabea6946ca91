//! The picture of the cluster at one step, folded from the events before it: what every replica's log holds and knows, who
//! lives, who is cut off, what the metadata says, what was promised to whom and how far consumers have read.
//!
//! Invariant: the picture depends on the events alone; each replica's lane shows that replica's own knowledge. Applying an
//! event costs the same however long the logs are, and a clone shares all pages that are not written to since.
//!
//! Called by: [`super::course`], the screen, the story.
//!
//! Not modelled: the metadata log itself (`__cluster_metadata-0`), whose events the picture leaves out.

mod apply;
mod pages;
mod partition;

use std::sync::Arc;

use crate::event::{CrashKind, Event};
use crate::ids::{BrokerId, Incarnation, ProcessId, Step, TopicPartition};
use crate::time::Instant;

pub use pages::Pages;
pub use partition::{Acked, Cell, PartitionView, Reader, ReplicaView, Role};

/// The cluster at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    at: Instant,
    applied: u32,
    processes: Arc<Vec<ProcessView>>,
    partitions: Vec<Arc<PartitionView>>,
    cuts: Arc<Vec<Link>>,
    min_insync: Arc<Vec<(crate::ids::TopicId, u32)>>,
}

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessView {
    /// Which.
    pub process: ProcessId,
    /// Whether it lives.
    pub state: ProcessState,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// How far its wall clock is from true time, in µs.
    pub clock_offset_us: i64,
    /// How much too fast its clocks run.
    pub clock_drift_ppm: i32,
    /// Whether the controller counts it as alive (brokers only).
    pub is_fenced: bool,
}

/// Whether a process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessState {
    /// It has not started yet.
    #[default]
    NotStarted,
    /// It lives.
    Up,
    /// It stands still.
    Paused,
    /// It died, and this died with it.
    Down(CrashKind),
    /// It ended itself.
    Halted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    from: ProcessId,
    to: ProcessId,
    /// How many cuts hold it at once.
    cuts: u32,
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

    /// Every process, in order.
    #[must_use]
    pub fn processes(&self) -> &[ProcessView] {
        &self.processes
    }

    /// One process.
    #[must_use]
    pub fn process(&self, process: ProcessId) -> Option<&ProcessView> {
        self.processes.iter().find(|known| known.process == process)
    }

    /// Whether a broker lives and is not paused.
    #[must_use]
    pub fn is_up(&self, broker: BrokerId) -> bool {
        self.process(ProcessId::Broker(broker)).is_some_and(|process| process.state == ProcessState::Up)
    }

    /// Whether nothing gets through from one process to the other.
    #[must_use]
    pub fn is_cut(&self, from: ProcessId, to: ProcessId) -> bool {
        self.cuts.iter().any(|link| link.from == from && link.to == to)
    }

    /// The peers to or from which nothing gets through, in order.
    #[must_use]
    pub fn cut_from(&self, process: ProcessId) -> Vec<ProcessId> {
        let mut peers: Vec<ProcessId> = self
            .cuts
            .iter()
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
