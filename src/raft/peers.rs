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
use crate::time::{Duration, Instant};

/// After how many failures in a row the wait no longer doubles.
const DOUBLINGS: u32 = 5;

/// What is between this server and its peers.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers {
    busy: BTreeMap<ProcessId, Busy>,
    failures: BTreeMap<ProcessId, u32>,
    /// Since when a peer owes an answer on the connection to it, to whatever role.
    silent: BTreeMap<ProcessId, Instant>,
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
    pub(super) fn begin(&mut self, peer: ProcessId, now: Instant) -> CorrelationId {
        self.silent.entry(peer).or_insert(now);
        let correlation = self.next_correlation;
        self.next_correlation = CorrelationId(correlation.0.wrapping_add(1));
        self.busy.insert(peer, Busy::Awaiting(correlation));
        correlation
    }

    /// Whether a peer has owed an answer for too long, though the role that asked for it may be no more: nothing comes through
    /// on such a connection, and whoever goes on with it is never heard (Kafka's `NetworkClient` closes it).
    pub(super) fn is_mute(&self, peer: ProcessId, now: Instant, timeout: Duration) -> bool {
        self.silent.get(&peer).is_some_and(|since| since.plus(timeout) <= now)
    }

    /// The connection to a peer is gone, and with it what was owed on it.
    pub(super) fn disconnect(&mut self, peer: ProcessId) {
        self.silent.remove(&peer);
    }

    /// An answer came. False when nobody waits for it.
    pub(super) fn take_answer(&mut self, peer: ProcessId, correlation: CorrelationId) -> bool {
        self.silent.remove(&peer);
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
