//! Time as integers: µs of a clock, spans of µs, wall time in ms, and the ordered table of a machine's deadlines.
//!
//! Invariant: nothing here reads a clock. An [`Instant`] says nothing by itself; whose clock it belongs to is told by
//! where it stands (the world's true time, or one process's `mono`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ids::Step;

/// µs since a clock's zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// The clock's zero.
    pub const ZERO: Self = Self(0);

    /// This instant moved later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

/// A span of µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// A span that no run outlasts: "never".
    pub const MAX: Self = Self(u64::MAX);

    /// A span of whole ms.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// The whole ms in it, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The sum of two spans.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Wall time in ms since 1970-01-01T00:00Z, as records carry it. Runs begin at [`Timestamp::RUN_START`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 2026-01-01T00:00Z: what an unskewed wall clock shows when a run begins.
    pub const RUN_START: Self = Self(1_767_225_600_000);
    /// Kafka's "no timestamp".
    pub const NONE: Self = Self(-1);

    /// This time so much later, in whole ms.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(span.0 / 1_000))
    }

    /// This time so much earlier, in whole ms.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0 / 1_000))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            us if us >= 1_000_000 && us % 1_000_000 == 0 => write!(f, "{}s", us / 1_000_000),
            us if us >= 1_000_000 => write!(f, "{}.{:03}s", us / 1_000_000, us / 1_000 % 1_000),
            us if us % 1_000 == 0 => write!(f, "{}ms", us / 1_000),
            us => write!(f, "{us}us"),
        }
    }
}

/// Why something happens: the event before it, and the request it serves. Kept with whatever is parked or due later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The event that made this happen.
    pub cause: Step,
    /// The event of the request it serves.
    pub origin: Step,
}

impl Trail {
    /// Nothing before it: the run began here.
    pub const NONE: Self = Self { cause: Step::NONE, origin: Step::NONE };
}

/// A machine's deadlines on its own `mono` clock: at most one per key, ordered by time, then key.
#[derive(Clone, Debug)]
pub struct Timers<K> {
    by_key: BTreeMap<K, (Instant, Trail)>,
    by_time: BTreeSet<(Instant, K)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets or moves the deadline of `key`.
    pub fn set(&mut self, key: K, at: Instant, trail: Trail) {
        self.cancel(key.clone());
        self.by_key.insert(key.clone(), (at, trail));
        self.by_time.insert((at, key));
    }

    /// Forgets the deadline of `key`, if there is one.
    pub fn cancel(&mut self, key: K) {
        if let Some((at, _)) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, key));
        }
    }

    /// When `key` is due.
    #[must_use]
    pub fn due(&self, key: &K) -> Option<Instant> {
        self.by_key.get(key).map(|(at, _)| *at)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes out the earliest deadline that is due at `now` (inclusive).
    pub fn pop_due(&mut self, now: Instant) -> Option<(K, Trail)> {
        if self.by_time.first().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        let (_, trail) = self.by_key.remove(&key).expect("both tables hold the same keys");
        Some((key, trail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_deadline_comes_first_and_a_moved_one_only_once() {
        let mut timers = Timers::default();
        timers.set("session", Instant(50), Trail::NONE);
        timers.set("fetch", Instant(20), Trail::NONE);
        timers.set("session", Instant(10), Trail::NONE);
        assert_eq!(timers.next_deadline(), Some(Instant(10)));
        assert_eq!(timers.pop_due(Instant(30)).map(|(key, _)| key), Some("session"));
        assert_eq!(timers.pop_due(Instant(30)).map(|(key, _)| key), Some("fetch"));
        assert_eq!(timers.pop_due(Instant(60)), None);
    }
}
