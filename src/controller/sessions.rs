//! Which brokers the controller has heard from lately. Soft state: never written to the log, begun anew by a new
//! controller, so that no broker is fenced for what an earlier controller did not hear.
//!
//! Invariant: a session is valid from a contact on for `broker.session.timeout.ms`, on the controller's own `mono` clock.
//!
//! Called by: [`super::server`] (contacts, expiry), [`super::brokers`] (validity, the offsets told in heartbeats).
//! Source: Kafka's `BrokerHeartbeatManager`, `BrokerHeartbeatTracker`; KIP-631.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::ids::{BrokerId, BrokerSet, Offset};
use crate::time::{Duration, Instant, Timers};

/// The contacts of every registered broker.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    timeout: Duration,
    ends: Timers<BrokerId>,
    told: BTreeMap<BrokerId, Told>,
}

/// What a broker said, or was decided of it, in its present session.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// The end of the metadata it has applied.
    metadata_end: Option<Offset>,
    /// The end of what was decided for its departure; the others must have applied it before it may leave.
    shutdown_end: Option<Offset>,
}

impl Sessions {
    /// Nobody's.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, ends: Timers::default(), told: BTreeMap::new() }
    }

    /// A broker registered, or a new controller found its registration: its session begins.
    pub(super) fn begin(&mut self, broker: BrokerId, cx: &Context<'_>) {
        self.told.insert(broker, Told::default());
        self.ends.set(broker, cx.mono().plus(self.timeout), cx.trail());
    }

    /// A broker said that it lives.
    pub(super) fn touch(&mut self, broker: BrokerId, metadata_end: Offset, cx: &Context<'_>) {
        self.told.entry(broker).or_default().metadata_end = Some(metadata_end);
        self.ends.set(broker, cx.mono().plus(self.timeout), cx.trail());
    }

    /// A broker that leaves waits until the others have applied the metadata up to `end`; `is_news` says that something
    /// was decided for its departure just now.
    pub(super) fn await_others(&mut self, broker: BrokerId, end: Offset, is_news: bool) {
        let told = self.told.entry(broker).or_default();
        if is_news || told.shutdown_end.is_none() {
            told.shutdown_end = Some(end);
        }
    }

    /// Whether a broker was heard from within the time-out.
    pub(super) fn is_valid(&self, broker: BrokerId, now: Instant) -> bool {
        self.ends.due(&broker).is_some_and(|end| end > now)
    }

    /// Whether all of `others` have applied what was decided for the departure of `broker`.
    pub(super) fn may_leave(&self, broker: BrokerId, others: BrokerSet) -> bool {
        let Some(wanted) = self.told.get(&broker).and_then(|told| told.shutdown_end) else { return false };
        others.iter().all(|other| self.told.get(&other).and_then(|told| told.metadata_end).is_some_and(|end| end >= wanted))
    }

    /// Takes out a broker whose session has ended; what follows happens because of its last contact.
    pub(super) fn pop_expired(&mut self, cx: &mut Context<'_>) -> Option<BrokerId> {
        let (broker, trail) = self.ends.pop_due(cx.mono())?;
        cx.resume(trail);
        Some(broker)
    }

    /// When the next session ends.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.ends.next_deadline()
    }
}
