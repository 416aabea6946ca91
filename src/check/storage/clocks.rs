//! What each process's wall clock shows, from what the trace tells of it.
//!
//! Invariant: the same sums as the simulation's own clocks; a reading is off by one ms at most, where a restart rounded.
//!
//! Called by: the checks of retention and compaction.

use std::collections::BTreeMap;

use crate::event::{Event, WorldFact};
use crate::ids::ProcessId;
use crate::time::{Instant, Timestamp};

/// Rates are told in millionths.
const MILLION: i128 = 1_000_000;

/// A wall clock: how far it was from true time at an instant, and its rate since.
#[derive(Clone, Copy, Debug, Default)]
struct WallClock {
    anchor: Instant,
    offset_us: i128,
    drift_ppm: i32,
}

/// All wall clocks. One of which nothing was told shows true time.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocks(BTreeMap<ProcessId, WallClock>);

impl Clocks {
    /// A clock was set to a rate, or jumped. Returns whether it was one of these.
    pub(super) fn observe(&mut self, event: &Event, fact: &WorldFact) -> bool {
        let clock = self.0.entry(event.process);
        if let WorldFact::ClockSet { offset_us, drift_ppm } = fact {
            let new = WallClock { anchor: event.at, offset_us: i128::from(*offset_us), drift_ppm: *drift_ppm };
            *clock.or_default() = new;
            return true;
        }
        if let WorldFact::ClockJumped { by_us } = fact {
            clock.or_default().offset_us += i128::from(*by_us);
            return true;
        }
        false
    }

    /// What a process's wall clock shows.
    pub(super) fn wall(&self, process: ProcessId, now: Instant) -> Timestamp {
        let clock = self.0.get(&process).copied().unwrap_or_default();
        let gained = i128::from(now.since(clock.anchor).0) * i128::from(clock.drift_ppm) / MILLION;
        let micros = i128::from(now.0) + clock.offset_us + gained;
        Timestamp(Timestamp::RUN_START.0.saturating_add(i64::try_from(micros.div_euclid(1_000)).unwrap_or(i64::MAX)))
    }

    /// How much slower than true time a process's clocks run: the true span after which they have shown this one, rounded up.
    pub(super) fn true_span(&self, process: ProcessId, local_us: u64) -> u64 {
        let rate = MILLION + i128::from(self.0.get(&process).map_or(0, |clock| clock.drift_ppm));
        let span = (i128::from(local_us) * MILLION + rate - 1).checked_div(rate).unwrap_or(i128::MAX);
        u64::try_from(span).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Fact;
    use crate::ids::{BrokerId, Step};
    use crate::time::Trail;

    fn tell(clocks: &mut Clocks, at: u64, fact: &WorldFact) {
        let process = ProcessId::Broker(BrokerId(1));
        let event = Event { step: Step(0), at: Instant(at), process, trail: Trail::NONE, fact: Fact::World(fact.clone()) };
        assert!(clocks.observe(&event, fact));
    }

    #[test]
    fn a_clock_jumps_and_drifts_as_it_was_told() {
        let (one, mut clocks) = (ProcessId::Broker(BrokerId(1)), Clocks::default());
        let shown = |clocks: &Clocks, at| clocks.wall(one, Instant(at)).0 - Timestamp::RUN_START.0;
        assert_eq!(shown(&clocks, 5_000_000), 5_000);
        tell(&mut clocks, 0, &WorldFact::ClockSet { offset_us: 7_000, drift_ppm: 0 });
        tell(&mut clocks, 1_000_000, &WorldFact::ClockJumped { by_us: -2_000_000 });
        assert_eq!(shown(&clocks, 1_000_000), -993);
        tell(&mut clocks, 1_000_000, &WorldFact::ClockSet { offset_us: -1_993_000, drift_ppm: 100_000 });
        assert_eq!(shown(&clocks, 2_000_000), 107);
        assert_eq!(clocks.true_span(one, 1_100_000), 1_000_000);
    }
}
