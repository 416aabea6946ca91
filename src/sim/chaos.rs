//! Random faults, within what Kafka promises to survive.
//!
//! * A power failure or a lost disk stops its victim at once, or in the middle of its next turn. What the disk lost is
//!   drawn when the machine comes back, and a broker comes back only once committed metadata has it in no ISR and fenced:
//!   until then its copy still counts, or a proposal on its way may make it count. (Kafka promises nothing for a disk that is
//!   lost while an AlterPartition names its broker: an empty replica in the ISR.) The last member of an ISR comes back with
//!   its disk whole, and the fault says that it was spared.
//! * Of the controllers at most a minority is down or still at a time (one, where there is one), and none loses its disk:
//!   what the metadata quorum has synced is the ground that all else stands on.
//! * No random fault lasts beyond the end of the chaos.
//!
//! Invariant: whom, when, what and how long are choices, so a random fault can be written down as a scripted one.

use super::fault::{Call, is_random};
use super::process::Place;
use super::scenario::{Chaos, ChaosKind, FaultAction, FaultSpec, Target, When};
use super::world::World;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::event::{CrashKind, FaultFact, FaultIndex};
use crate::ids::{Incarnation, ProcessId};
use crate::time::{Duration, Instant, Trail};

/// How soon a broker that may not come back yet is looked at again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// A random crash happens at once or after one of this many effects of the victim's next turn.
const CRASH_POINTS: u64 = 6;
/// How much a random delay adds.
const DELAY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(200));
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
        let text = format!("{} {}, for {lasts}", self.now, self.describe(kind, &action));
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

    /// Whether the victim of a random crash may come back. Spares its disk where it holds a last in-sync copy.
    pub(super) fn may_come_back(&mut self, fault: FaultIndex, bound: &[(Place, Incarnation)]) -> bool {
        let Some((place, life)) = bound.first().copied() else { return true };
        let slot = self.slot(place);
        let ProcessId::Broker(broker) = slot.id else { return true };
        if slot.is_up || slot.incarnation != life || slot.died_of == CrashKind::Process || !is_random(fault) {
            return true;
        }
        if self.roles.is_last_in_an_isr(broker) {
            self.slot_mut(place).died_of = CrashKind::Process;
            self.prove(Some(fault), |proof| proof.was_spared = true);
            self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultSpared { fault, target: ProcessId::Broker(broker) });
            return true;
        }
        self.roles.is_out_of_every_isr(broker)
    }

    fn draw_kind(&mut self, chaos: &Chaos) -> Option<ChaosKind> {
        let drawn = self.choices.choose(ChoiceKind::FaultKind, Subject::default(), Odds::one_of(chaos.kinds.len()));
        chaos.kinds.get(usize::try_from(drawn).ok()?).copied()
    }

    /// What a fault of that kind does, and to whom; `None` when there is nobody whom it may strike.
    fn draw_action(&mut self, kind: ChaosKind) -> Option<FaultAction> {
        let victim = self.draw_victim(kind)?;
        let target = Target::Process(self.id(victim));
        let from = vec![target.clone()];
        let strength = kind as u64 * 2 + 1;
        Some(match kind {
            ChaosKind::Crash => FaultAction::Crash { target, kind: CrashKind::Process },
            ChaosKind::Power => FaultAction::Crash { target, kind: CrashKind::Power },
            ChaosKind::DiskReplaced => FaultAction::Crash { target, kind: CrashKind::DiskReplaced },
            ChaosKind::Pause => FaultAction::Pause { target },
            ChaosKind::Cut => FaultAction::Cut { from, to: self.draw_peers(victim, kind), one_way: false },
            ChaosKind::CutOneWay => {
                let peers = self.draw_peers(victim, kind);
                let is_inward = self.range(ChoiceKind::FaultSpan, strength, (0, 1)) == 1;
                let (from, to) = if is_inward { (peers, from) } else { (from, peers) };
                FaultAction::Cut { from, to, one_way: true }
            }
            ChaosKind::Loss => {
                let ppm = self.range_percent(strength, LOSS_PERCENT);
                FaultAction::Loss { from, to: self.draw_peers(victim, kind), ppm }
            }
            ChaosKind::Delay => {
                let by = self.range_span(strength, DELAY);
                FaultAction::Delay { from, to: self.draw_peers(victim, kind), by }
            }
            ChaosKind::Duplicate => {
                let ppm = self.range_percent(strength, DUPLICATE_PERCENT);
                FaultAction::Duplicate { from: self.draw_peers(victim, kind), to: from, ppm }
            }
            ChaosKind::ClockJump => FaultAction::ClockJump { target, by_us: self.range_around(strength, JUMP_MS) * 1_000 },
            ChaosKind::ClockDrift => {
                let ppm = self.range_around(strength, DRIFT_PPM);
                FaultAction::ClockDrift { target, ppm: i32::try_from(ppm).expect("the range is small") }
            }
        })
    }

    fn draw_victim(&mut self, kind: ChaosKind) -> Option<Place> {
        let candidates = self.setup.places().filter(|place| self.may_strike(kind, *place)).collect::<Vec<_>>();
        let drawn =
            self.choices.choose(ChoiceKind::FaultTarget, Subject::default().about(kind as u64), Odds::one_of(candidates.len()));
        candidates.get(usize::try_from(drawn).ok()?).copied()
    }

    fn may_strike(&self, kind: ChaosKind, place: Place) -> bool {
        let slot = self.slot(place);
        let is_well = slot.is_up && slot.pauses == 0 && slot.doom.is_none();
        match (kind, slot.id) {
            (_, ProcessId::World) => false,
            (ChaosKind::ClockJump | ChaosKind::ClockDrift, _) => slot.bent_by.is_none(),
            (_, ProcessId::Client(_)) | (ChaosKind::DiskReplaced, ProcessId::Controller(_)) => false,
            (ChaosKind::Crash | ChaosKind::Power | ChaosKind::Pause, ProcessId::Controller(_)) => {
                is_well && self.may_miss_a_controller()
            }
            (ChaosKind::Crash | ChaosKind::Power | ChaosKind::DiskReplaced | ChaosKind::Pause, ProcessId::Broker(_)) => is_well,
            (
                ChaosKind::Cut | ChaosKind::CutOneWay | ChaosKind::Loss | ChaosKind::Delay | ChaosKind::Duplicate,
                ProcessId::Broker(_) | ProcessId::Controller(_),
            ) => true,
        }
    }

    fn may_miss_a_controller(&self) -> bool {
        let controllers =
            self.setup.places().map(|place| self.slot(place)).filter(|slot| matches!(slot.id, ProcessId::Controller(_)));
        let (all, missing) = controllers.fold((0, 0), |(all, missing), slot| {
            let is_missing = !slot.is_up || slot.pauses > 0 || slot.doom.is_some();
            (all + 1, missing + u32::from(is_missing))
        });
        missing < ((all - 1) / 2).max(1)
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

    fn describe(&self, kind: ChaosKind, action: &FaultAction) -> String {
        let names = |targets: &[Target]| {
            let names = targets.iter().map(|target| match target {
                Target::Process(id) => self.setup.name(*id),
                Target::Role(_) => "a role".to_owned(),
            });
            names.collect::<Vec<_>>().join(" ")
        };
        let name = kind.word();
        match action {
            FaultAction::Crash { target, .. } | FaultAction::Restart { target } | FaultAction::Pause { target } => {
                format!("{name} {}", names(std::slice::from_ref(target)))
            }
            FaultAction::Cut { from, to, one_way } => {
                format!("{name} {} {} {}", names(from), if *one_way { "->" } else { "|" }, names(to))
            }
            FaultAction::Loss { from, to, ppm } | FaultAction::Duplicate { from, to, ppm } => {
                format!("{name} {}% {} -> {}", ppm / PERCENT, names(from), names(to))
            }
            FaultAction::Delay { from, to, by } => format!("{name} {by} {} -> {}", names(from), names(to)),
            FaultAction::ClockJump { target, by_us } => {
                format!("{name} {} by {}ms", names(std::slice::from_ref(target)), by_us / 1_000)
            }
            FaultAction::ClockDrift { target, ppm } => format!("{name} {} by {ppm}ppm", names(std::slice::from_ref(target))),
        }
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
