//! One request at a time to each peer: which answer is awaited, and how long to wait after a failure.
//!
//! Invariant: an answer counts only while it is awaited. A change of role forgets every request, so an answer to a role that
//! is no more is not heard.
//!
//! Source: Kafka's `RequestManager`, `ConnectionCache`. Called by: [`super::member`].
//!
//! Kafka differs: the wait after a failure doubles with each in a row, up to 32 times `retry.backoff`; there the network
//! client adds a growing wait of its own before it connects again.

use std::collections::BTreeMap;

use crate::ids::{CorrelationId, ProcessId};
use crate::time::Duration;

/// After how many failures in a row the wait no longer doubles.
const DOUBLINGS: u32 = 5;

/// What is between this server and its peers.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers {
    busy: BTreeMap<ProcessId, Busy>,
    failures: BTreeMap<ProcessId, u32>,
    next_correlation: CorrelationId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    Awaiting(CorrelationId),
    BackingOff,
}

impl Peers {
    /// Whether a request may be sent to this peer.
    pub(super) fn is_ready(&self, peer: ProcessId) -> bool {
        !self.busy.contains_key(&peer)
    }

    /// Whether an answer of this peer is awaited.
    pub(super) fn is_awaiting(&self, peer: ProcessId) -> bool {
        matches!(self.busy.get(&peer), Some(Busy::Awaiting(_)))
    }

    /// A request leaves; its number.
    pub(super) fn begin(&mut self, peer: ProcessId) -> CorrelationId {
        let correlation = self.next_correlation;
        self.next_correlation = CorrelationId(correlation.0.wrapping_add(1));
        self.busy.insert(peer, Busy::Awaiting(correlation));
        correlation
    }

    /// An answer came. False when nobody waits for it.
    pub(super) fn take_answer(&mut self, peer: ProcessId, correlation: CorrelationId) -> bool {
        let is_awaited = self.busy.get(&peer) == Some(&Busy::Awaiting(correlation));
        if is_awaited {
            self.busy.remove(&peer);
        }
        is_awaited
    }

    /// The peer is well again.
    pub(super) fn succeed(&mut self, peer: ProcessId) {
        self.failures.remove(&peer);
    }

    /// The peer failed. How long it is to be left alone, given the shortest such wait.
    pub(super) fn fail(&mut self, peer: ProcessId, shortest: Duration) -> Duration {
        self.busy.insert(peer, Busy::BackingOff);
        let failures = self.failures.entry(peer).or_insert(0);
        let wait = Duration(shortest.0 << (*failures).min(DOUBLINGS));
        *failures = failures.saturating_add(1);
        wait
    }

    /// Enough waited.
    pub(super) fn end_back_off(&mut self, peer: ProcessId) {
        if self.busy.get(&peer) == Some(&Busy::BackingOff) {
            self.busy.remove(&peer);
        }
    }

    /// How often in a row this peer failed.
    pub(super) fn failures(&self, peer: ProcessId) -> u32 {
        self.failures.get(&peer).copied().unwrap_or(0)
    }

    /// Forgets what is awaited and who is left alone.
    pub(super) fn forget_requests(&mut self) {
        self.busy.clear();
    }
}
