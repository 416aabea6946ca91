//! How long a client waits before it tries again: exponential, with 20 % of jitter, up to a maximum (KIP-580).
//!
//! Invariant: the wait never exceeds `retry.backoff.max.ms`; only the jitter is luck, and it has a name.
//!
//! Source: Kafka's `ExponentialBackoff`.

use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::Context;
use crate::ids::BrokerId;
use crate::time::Duration;

/// The law of the waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    /// The wait before the first retry (`retry.backoff.ms`).
    pub(super) initial: Duration,
    /// The longest wait (`retry.backoff.max.ms`).
    pub(super) max: Duration,
}

/// What is waited for: each has its own stream of luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Metadata.
    Metadata,
    /// A broker that did not answer.
    Reconnect(BrokerId),
    /// A partition, by the client's own number of it.
    Partition(u32),
    /// An admin's command.
    Command,
    /// A group's coordinator that did not answer, by its broker.
    Coordinator(BrokerId),
    /// The question who coordinates a group.
    FindCoordinator,
    /// A member's wish to join, or its heartbeat.
    Membership,
    /// The offsets that a group has committed.
    OffsetFetch,
    /// A commit.
    Commit,
}

impl Reason {
    fn number(self) -> u64 {
        match self {
            Self::Metadata => 0,
            Self::Command => 1,
            Self::FindCoordinator => 2,
            Self::Membership => 3,
            Self::OffsetFetch => 4,
            Self::Commit => 5,
            Self::Coordinator(broker) => 2_000 + u64::from(broker.0),
            Self::Reconnect(broker) => 1_000 + u64::from(broker.0),
            Self::Partition(number) => 1_000_000 + u64::from(number),
        }
    }
}

impl Backoff {
    /// The wait after this many failures in a row, the first being 1.
    pub(super) fn after(self, failures: u32, reason: Reason, cx: &mut Context<'_>) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let term = self.initial.0.saturating_mul(1 << doublings).min(self.max.0.max(self.initial.0));
        let fifth = term / 5;
        let high = term.saturating_add(fifth).min(self.max.0.max(self.initial.0));
        let odds = Odds::Range { low: term - fifth, high, quiet: term };
        Duration(cx.choose(ChoiceKind::Backoff, Subject::of(cx.process()).about(reason.number()), odds))
    }
}
