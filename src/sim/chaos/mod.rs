//! Random faults, within what Kafka promises to survive.
//!
//! * `bounds`: what may be struck at all, and what a disk may lose: the rules that keep every promise testable.
//! * `orders`: what a random operator asks for: moves, elections, voters that come and go.
//! * `describe`: a random fault in one line.
//!
//! * A power failure or a lost disk stops its victim at once, or in the middle of its next turn. What the disk lost is
//!   drawn when the machine comes back.
//! * A random shutdown is a controlled one, and its victim comes back when the fault is over.
//! * No random fault lasts beyond the end of the chaos (a controlled shutdown takes as long as it takes).
//!
//! Invariant: whom, when, what and how long are choices, so a random fault can be written down as a scripted one.

mod bounds;
mod describe;
mod orders;

use super::fault::Call;
use super::process::Place;
use super::scenario::{Chaos, ChaosKind, FaultAction, FaultSpec, Target, When};
use super::world::World;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::event::{CrashKind, DiskFault, FaultFact};
use crate::ids::ProcessId;
use crate::time::{Duration, Instant, Trail};

/// How soon a broker that may not come back yet is looked at again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// A random crash happens at once or after one of this many effects of the victim's next turn.
const CRASH_POINTS: u64 = 6;
/// How much a random delay adds.
const DELAY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(200));
/// How much longer the calls of a random stall take.
const STALL: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(400));
/// How many calls a random stall strikes: a start that reads a log back makes hundreds of them in one turn, and would be
/// busy with that until long after the fault is over.
const STALLED_CALLS: u32 = 20;
/// How many in a hundred a random loss takes.
const LOSS_PERCENT: (u64, u64) = (1, 15);
/// How many in a hundred are repeated at random.
const DUPLICATE_PERCENT: (u64, u64) = (5, 50);
/// A hundredth, in parts per million.
const PERCENT: u32 = 10_000;
/// How far a wall clock jumps at random, in ms, either way.
const JUMP_MS: u64 = 5_000;
/// How much clocks drift at random, in parts per million, either way.
const DRIFT_PPM: u64 = 50_000;

impl World {
    /// Luck draws a random fault, and when it draws the next.
    pub(super) fn draw_fault(&mut self) {
        let Some(chaos) = self.setup.chaos.clone() else { return };
        self.plan_draw(&chaos, self.now);
        let Some(kind) = self.draw_kind(&chaos) else { return };
        let lasts = self.range_span(kind as u64 * 2, (chaos.lasts_min, chaos.lasts_max)).min(chaos.until.since(self.now));
        let Some(action) = self.draw_action(kind) else {
            let text = format!("{} {}: nobody to strike", self.now, kind.word());
            let fault = self.faults.add_random(FaultSpec::drawn(self.now, None, FaultAction::nothing(), text));
            self.prove(Some(fault), |proof| proof.was_missed = true);
            self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultMissed { fault });
            return;
        };
        let span = match action {
            FaultAction::Order(_) => String::new(),
            FaultAction::ShutDown { .. } => format!(", back after {lasts}"),
            _ => format!(", for {lasts}"),
        };
        let text = format!("{} {}{span}", self.now, self.describe(kind, &action));
        let lasts = if matches!(action, FaultAction::Order(_)) { Duration::ZERO } else { lasts };
        let fault = self.faults.add_random(FaultSpec::drawn(self.now, Some(lasts), action, text.clone()));
        self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultDrawn { fault, text: text.into() });
        self.handle_call(Call::Strike(fault));
    }

    /// Queues the next draw, unless that would be after the end of the chaos.
    pub(super) fn plan_draw(&mut self, chaos: &Chaos, from: Instant) {
        let mean = chaos.every.0.max(1);
        let odds = Odds::Range { low: mean / 2, high: mean + mean / 2, quiet: mean };
        let gap = self.choices.choose(ChoiceKind::FaultTime, Subject::default(), odds);
        let at = from.plus(Duration(gap.max(1)));
        if at < chaos.until {
            self.call(at, Call::Draw);
        }
    }

    /// After which effect of its next turn a victim dies; 0 for at once.
    pub(super) fn draw_crash_point(&mut self, victim: Place) -> u32 {
        let subject = Subject::of(self.id(victim));
        let point = self.choices.choose(ChoiceKind::CrashPoint, subject, Odds::Range { low: 0, high: CRASH_POINTS, quiet: 0 });
        u32::try_from(point).expect("there are few crash points")
    }

    fn draw_kind(&mut self, chaos: &Chaos) -> Option<ChaosKind> {
        let drawn = self.choices.choose(ChoiceKind::FaultKind, Subject::default(), Odds::one_of(chaos.kinds.len()));
        chaos.kinds.get(usize::try_from(drawn).ok()?).copied()
    }

    /// What a fault of that kind does, and to whom; `None` when there is nobody whom it may strike.
    fn draw_action(&mut self, kind: ChaosKind) -> Option<FaultAction> {
        if matches!(kind, ChaosKind::Reassign | ChaosKind::Elect | ChaosKind::Voter) {
            return self.draw_order(kind).map(FaultAction::Order);
        }
        let victim = self.draw_victim(kind)?;
        let target = Target::Process(self.id(victim));
        let from = vec![target.clone()];
        let strength = kind as u64 * 2 + 1;
        Some(match kind {
            ChaosKind::Crash | ChaosKind::ClientCrash => FaultAction::Crash { targets: from, kind: CrashKind::Process },
            ChaosKind::Power => FaultAction::Crash { targets: from, kind: CrashKind::Power },
            ChaosKind::DiskReplaced => FaultAction::Crash { targets: from, kind: CrashKind::DiskReplaced },
            ChaosKind::Pause | ChaosKind::ClientPause => FaultAction::Pause { targets: from },
            ChaosKind::ShutDown | ChaosKind::ClientClose => FaultAction::ShutDown { targets: from },
            ChaosKind::Cut => FaultAction::Cut { from, to: self.draw_peers(victim, kind), one_way: false },
            ChaosKind::CutOneWay => {
                let peers = self.draw_peers(victim, kind);
                let is_inward = self.range(ChoiceKind::FaultSpan, strength, (0, 1)) == 1;
                let (from, to) = if is_inward { (peers, from) } else { (from, peers) };
                FaultAction::Cut { from, to, one_way: true }
            }
            ChaosKind::Loss => {
                let ppm = self.range_percent(strength, LOSS_PERCENT);
                FaultAction::Loss { from, to: self.draw_peers(victim, kind), ppm, only: None }
            }
            ChaosKind::Delay => {
                let by = self.range_span(strength, DELAY);
                FaultAction::Delay { from, to: self.draw_peers(victim, kind), by, only: None }
            }
            ChaosKind::Duplicate => {
                let ppm = self.range_percent(strength, DUPLICATE_PERCENT);
                FaultAction::Duplicate { from: self.draw_peers(victim, kind), to: from, ppm, only: None }
            }
            ChaosKind::ClockJump => FaultAction::ClockJump { target, by_us: self.range_around(strength, JUMP_MS) * 1_000 },
            ChaosKind::ClockDrift => {
                let ppm = self.range_around(strength, DRIFT_PPM);
                FaultAction::ClockDrift { target, ppm: i32::try_from(ppm).expect("the range is small") }
            }
            ChaosKind::WriteFails
            | ChaosKind::ReadFails
            | ChaosKind::SyncFails
            | ChaosKind::SyncLies
            | ChaosKind::ShortRead
            | ChaosKind::BitRot
            | ChaosKind::MisdirectedWrite
            | ChaosKind::Full
            | ChaosKind::Stalls => FaultAction::Disk {
                targets: from,
                fault: kind.disk_fault()?,
                file: None,
                times: (kind == ChaosKind::Stalls).then_some(STALLED_CALLS),
                stall: self.range_span(strength, STALL),
            },
            ChaosKind::Reassign | ChaosKind::Elect | ChaosKind::Voter => return None,
        })
    }

    fn draw_victim(&mut self, kind: ChaosKind) -> Option<Place> {
        let candidates = self.setup.places().filter(|place| self.may_strike(kind, *place)).collect::<Vec<_>>();
        let drawn =
            self.choices.choose(ChoiceKind::FaultTarget, Subject::default().about(kind as u64), Odds::one_of(candidates.len()));
        candidates.get(usize::try_from(drawn).ok()?).copied()
    }

    /// Everybody else, or some of them.
    fn draw_peers(&mut self, victim: Place, kind: ChaosKind) -> Vec<Target> {
        let others = self.setup.places().filter(|place| *place != victim).map(|place| self.id(place)).collect::<Vec<_>>();
        let mask = Odds::Range { low: 0, high: u64::MAX, quiet: 0 };
        let subject = Subject::of(self.id(victim)).about(kind as u64);
        let drawn = self.choices.choose(ChoiceKind::FaultTarget, subject, mask);
        // Three in four times everybody; else each with even odds, but at least one.
        let is_everybody = drawn % 4 != 3;
        let chosen = |number: &usize| is_everybody || (drawn >> (2 + *number % 62)) & 1 == 1;
        let mut peers = others.iter().enumerate().filter(|(number, _)| chosen(number)).map(|(_, id)| *id).collect::<Vec<_>>();
        if peers.is_empty() {
            peers.extend(others.first());
        }
        peers.into_iter().map(Target::Process).collect()
    }

    fn range(&mut self, kind: ChoiceKind, what: u64, (low, high): (u64, u64)) -> u64 {
        let quiet = low + (high - low) / 2;
        self.choices.choose(kind, Subject::default().about(what), Odds::Range { low, high, quiet })
    }

    /// A percentage, in parts per million.
    fn range_percent(&mut self, what: u64, bounds: (u64, u64)) -> u32 {
        u32::try_from(self.range(ChoiceKind::FaultSpan, what, bounds)).expect("there are a hundred in a hundred") * PERCENT
    }

    /// A span in whole ms, as a scenario file would have it.
    fn range_span(&mut self, what: u64, (low, high): (Duration, Duration)) -> Duration {
        Duration::from_millis(self.range(ChoiceKind::FaultSpan, what, (low.as_millis().max(1), high.as_millis().max(1))))
    }

    /// A number up to `most` either way.
    fn range_around(&mut self, what: u64, most: u64) -> i64 {
        let drawn = self.range(ChoiceKind::FaultSpan, what, (0, most * 2));
        i64::try_from(drawn).expect("the ranges are small") - i64::try_from(most).expect("the ranges are small")
    }
}

impl FaultAction {
    /// A fault that found nobody: a cut between nobody and nobody.
    fn nothing() -> Self {
        Self::Cut { from: Vec::new(), to: Vec::new(), one_way: false }
    }
}

impl FaultSpec {
    fn drawn(at: Instant, lasts: Option<Duration>, action: FaultAction, text: String) -> Self {
        Self { when: When::At(at), action, lasts, text, line: 0 }
    }
}

impl ChaosKind {
    /// How a disk fails by it, if it is that kind.
    fn disk_fault(self) -> Option<DiskFault> {
        match self {
            Self::WriteFails => Some(DiskFault::WriteFailed),
            Self::ReadFails => Some(DiskFault::ReadFailed),
            Self::SyncFails => Some(DiskFault::SyncFailed),
            Self::SyncLies => Some(DiskFault::SyncLied),
            Self::ShortRead => Some(DiskFault::ShortRead),
            Self::BitRot => Some(DiskFault::BitRot),
            Self::MisdirectedWrite => Some(DiskFault::MisdirectedWrite),
            Self::Full => Some(DiskFault::Full),
            Self::Stalls => Some(DiskFault::Stalled),
            Self::Crash
            | Self::Power
            | Self::DiskReplaced
            | Self::Pause
            | Self::Cut
            | Self::CutOneWay
            | Self::Loss
            | Self::Delay
            | Self::Duplicate
            | Self::ClockJump
            | Self::ClockDrift
            | Self::ShutDown
            | Self::Reassign
            | Self::Elect
            | Self::Voter
            | Self::ClientCrash
            | Self::ClientPause
            | Self::ClientClose => None,
        }
    }
}
