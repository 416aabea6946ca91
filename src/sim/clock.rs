//! A process's two clocks. `mono` starts at 0 with the process and only drifts: every deadline stands on it. `wall`
//! drifts and jumps: record timestamps, retention, segment roll.
//!
//! Invariant: integer-exact. A local reading is rounded down and the instant at which a local time comes is rounded up,
//! so that no timer fires before its local time. A jump moves `wall` only; a drift re-anchors both.
//!
//! Called by: the world: a reading per turn, an instant per wake-up.

use crate::time::{Instant, Timestamp};

/// Local µs gained per true second are counted in millionths.
const MILLION: i128 = 1_000_000;

/// The clocks of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The true time at which the readings below were exact.
    anchor: Instant,
    mono: Instant,
    /// µs since 2026-01-01T00:00Z.
    wall_us: i64,
    drift_ppm: i32,
}

impl Clock {
    /// Clocks at the beginning of a run, the wall clock `offset_us` ahead, both running `drift_ppm` too fast.
    ///
    /// The rate must stay above zero: `drift_ppm` is more than -1,000,000.
    #[must_use]
    pub fn new(offset_us: i64, drift_ppm: i32) -> Self {
        assert!(drift_ppm > -1_000_000, "a clock that stands still or runs backwards never reaches a deadline");
        Self { anchor: Instant::ZERO, mono: Instant::ZERO, wall_us: offset_us, drift_ppm }
    }

    /// What the monotonic clock shows at the true time `now`.
    #[must_use]
    pub fn mono(&self, now: Instant) -> Instant {
        Instant(self.mono.0 + self.local_span(now))
    }

    /// What the wall clock shows at the true time `now`, in whole ms.
    #[must_use]
    pub fn wall(&self, now: Instant) -> Timestamp {
        Timestamp(Timestamp::RUN_START.0 + self.wall_us_at(now).div_euclid(1_000))
    }

    /// How far the wall clock is ahead of true time, in µs.
    #[must_use]
    pub fn offset_us(&self, now: Instant) -> i64 {
        self.wall_us_at(now) - i64::try_from(now.0).expect("runs are shorter than 292,000 years")
    }

    /// How much too fast both clocks run.
    #[must_use]
    pub fn drift_ppm(&self) -> i32 {
        self.drift_ppm
    }

    /// The first true time at which the monotonic clock shows `local` or more; never before the last change of the clock.
    #[must_use]
    pub fn true_time(&self, local: Instant) -> Instant {
        let span = i128::from(local.0.saturating_sub(self.mono.0));
        let rate = MILLION + i128::from(self.drift_ppm);
        let true_span = (span * MILLION + rate - 1) / rate;
        Instant(self.anchor.0.saturating_add(u64::try_from(true_span).unwrap_or(u64::MAX)))
    }

    /// A new process begins: its monotonic clock shows 0, the wall clock goes on.
    pub fn restart(&mut self, now: Instant) {
        self.anchor_at(now);
        self.mono = Instant::ZERO;
    }

    /// Changes the rate of both clocks from here on.
    pub fn drift(&mut self, now: Instant, drift_ppm: i32) {
        assert!(drift_ppm > -1_000_000, "a clock that stands still or runs backwards never reaches a deadline");
        self.anchor_at(now);
        self.drift_ppm = drift_ppm;
    }

    /// Moves the wall clock; the monotonic one does not notice.
    pub fn jump(&mut self, by_us: i64) {
        self.wall_us = self.wall_us.saturating_add(by_us);
    }

    fn anchor_at(&mut self, now: Instant) {
        assert!(now >= self.anchor, "true time does not go back");
        let (mono, wall_us) = (self.mono(now), self.wall_us_at(now));
        *self = Self { anchor: now, mono, wall_us, drift_ppm: self.drift_ppm };
    }

    fn wall_us_at(&self, now: Instant) -> i64 {
        let span = i64::try_from(self.local_span(now)).expect("runs are shorter than 292,000 years");
        self.wall_us.saturating_add(span)
    }

    fn local_span(&self, now: Instant) -> u64 {
        let span = now.since(self.anchor).0;
        if self.drift_ppm == 0 {
            return span;
        }
        let local = i128::from(span) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
        u64::try_from(local).expect("rates are positive, and runs are shorter than 292,000 years")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_assert, prop_oneof, proptest};

    use super::*;

    #[test]
    fn a_jump_moves_the_wall_clock_only_and_a_drift_both() {
        let mut clock = Clock::new(0, 0);
        clock.jump(-2_000_000);
        assert_eq!(clock.mono(Instant(1_000_000)), Instant(1_000_000));
        assert_eq!(clock.wall(Instant(1_000_000)), Timestamp(Timestamp::RUN_START.0 - 1_000));
        clock.drift(Instant(1_000_000), 100_000);
        assert_eq!(clock.mono(Instant(2_000_000)), Instant(2_100_000));
        assert_eq!(clock.offset_us(Instant(2_000_000)), -1_900_000);
        clock.restart(Instant(2_000_000));
        assert_eq!(clock.mono(Instant(2_000_000)), Instant::ZERO);
        assert_eq!(clock.offset_us(Instant(2_000_000)), -1_900_000);
    }

    #[derive(Clone, Debug)]
    enum Change {
        Drift(i32),
        Jump(i64),
        Restart,
    }

    fn change() -> impl Strategy<Value = (u64, Change)> {
        let kind = prop_oneof![
            (-900_000_i32..900_000).prop_map(Change::Drift),
            (-10_000_000_i64..10_000_000).prop_map(Change::Jump),
            Just(Change::Restart),
        ];
        (0_u64..5_000_000, kind)
    }

    proptest! {
        #[test]
        fn no_timer_fires_before_its_local_time_nor_a_microsecond_late(
            changes in proptest::collection::vec(change(), 0..6),
            ahead in 0_u64..10_000_000,
        ) {
            let mut clock = Clock::new(0, 0);
            let mut now = Instant::ZERO;
            for (after, change) in changes {
                now = Instant(now.0 + after);
                let before = clock.mono(now);
                match change {
                    Change::Drift(ppm) => clock.drift(now, ppm),
                    Change::Jump(by_us) => clock.jump(by_us),
                    Change::Restart => clock.restart(now),
                }
                prop_assert!(matches!(change, Change::Restart) || clock.mono(now) == before);
            }
            let deadline = Instant(clock.mono(now).0 + ahead);
            let due = clock.true_time(deadline);
            prop_assert!(clock.mono(due) >= deadline);
            prop_assert!(due <= now || clock.mono(Instant(due.0 - 1)) < deadline);
        }
    }
}
