//! Where a broker's metadata comes from: an observer of its own, or the controller in the same process.
//!
//! Invariant: what was handed out once is handed out no more, but for a snapshot, which replaces all before it.
//!
//! Source: KIP-595; Kafka's `SharedServer`. Called by: [`Broker`].

use std::sync::Arc;

use super::Broker;
use crate::context::Context;
use crate::controller::image::{Change, MetadataImage};
use crate::controller::records::MetadataRecord;
use crate::error::Fault;
use crate::event::RaftFact;
use crate::ids::{Offset, ProcessId};
use crate::raft::{Drained, Observer};
use crate::time::Instant;

/// A source of committed metadata.
#[derive(Clone, Debug)]
pub(super) enum MetadataSource {
    /// Fetched from the quorum's leader.
    Fetched(Box<Observer>),
    /// Handed in by the process that also votes.
    HandedIn {
        /// Up to where (excluded).
        end: Offset,
        /// The quorum's leader.
        leader: Option<ProcessId>,
    },
}

impl MetadataSource {
    /// The quorum's leader, as far as is known here: who takes heartbeats, AlterPartition and forwarded requests.
    pub(super) fn leader(&self) -> Option<ProcessId> {
        match self {
            Self::Fetched(observer) => observer.leader(),
            Self::HandedIn { leader, .. } => *leader,
        }
    }

    /// Up to where (excluded) the metadata was handed out.
    pub(super) fn end(&self) -> Offset {
        match self {
            Self::Fetched(observer) => observer.handed_out(),
            Self::HandedIn { end, .. } => *end,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match self {
            Self::Fetched(observer) => observer.next_deadline(),
            Self::HandedIn { .. } => None,
        }
    }

    /// The observer, where there is one.
    pub(super) fn observer(&mut self) -> Option<&mut Observer> {
        match self {
            Self::Fetched(observer) => Some(observer),
            Self::HandedIn { .. } => None,
        }
    }
}

impl Broker {
    /// Takes in metadata that the controller of the same process has committed up to `end`, and who leads the quorum.
    ///
    /// # Panics
    /// When this broker fetches its metadata itself: only one made by [`Broker::combined`] is given any.
    pub fn take_metadata(&mut self, drained: Drained, end: Offset, leader: Option<ProcessId>, cx: &mut Context<'_>) {
        let MetadataSource::HandedIn { end: known, leader: place } = &mut self.metadata else {
            panic!("a broker that observes the quorum is handed no metadata")
        };
        let before = std::mem::replace(known, end);
        *place = leader;
        self.apply_metadata(drained, before, cx);
    }

    /// Takes in what the observer has newly found committed.
    pub(super) fn follow_metadata(&mut self, cx: &mut Context<'_>) {
        let before = self.metadata.end();
        if let Some(observer) = self.metadata.observer() {
            let drained = observer.drain_committed(cx);
            self.apply_metadata(drained, before, cx);
        }
    }

    /// Applies what is newly committed. A control record of the quorum says nothing of the cluster, but whoever has passed
    /// it has applied it too (Kafka's `MetadataLoader`).
    fn apply_metadata(&mut self, drained: Drained, before: Offset, cx: &mut Context<'_>) {
        let end = self.metadata.end();
        if end == before && drained.snapshot.is_none() {
            self.seek_controller(cx);
            return;
        }
        let changes = match self.apply_drained(drained) {
            Ok(changes) => changes,
            Err(fault) => {
                cx.halt(format!("committed metadata cannot be read: {fault}"));
                return;
            }
        };
        cx.emit(RaftFact::MetadataApplied { end });
        self.follow_settings(&changes);
        for change in &changes {
            self.follow_change(change, cx);
        }
        self.seek_controller(cx);
        self.replicate(cx);
    }

    /// Carries the image on. A snapshot replaces it: what is different then is what changed.
    fn apply_drained(&mut self, drained: Drained) -> Result<Vec<Change>, Fault> {
        let Drained { snapshot, records } = drained;
        let mut changes = Vec::new();
        if let Some((end, records)) = snapshot {
            let replaced = MetadataImage::from_snapshot(end, &records)?;
            changes = replaced.changes_since(&self.image);
            self.image = Arc::new(replaced);
        }
        let image = Arc::make_mut(&mut self.image);
        for (offset, bytes) in records {
            changes.push(image.apply(offset, &MetadataRecord::decode(&bytes)?));
        }
        Ok(changes)
    }
}
