//! Faults: when they strike, whom, and how they end. `chaos` draws the random ones, `life` and `weather` carry them out.
//!
//! A role is resolved when its fault strikes, from the newest committed metadata, and stays bound to those processes (in
//! that life) until the fault ends.
//!
//! Invariant: every fault is told when it strikes and when it ends, and keeps the proof of what it did.

use std::sync::Arc;

use super::effect::Proof;
use super::faulty_disks::Failing;
use super::process::Place;
use super::scenario::{FaultAction, FaultSpec, Target, When};
use super::shutdown::Rolling;
use super::weather::{Front, Harm};
use super::world::World;
use crate::event::{CrashKind, Fact, FaultFact, FaultIndex, WorldFact};
use crate::ids::ProcessId;
use crate::time::{Duration, Instant, Trail};

/// What the queue holds of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// It strikes.
    Strike(FaultIndex),
    /// It ends.
    Heal(FaultIndex),
    /// A server that it asked to end itself is started again.
    Return(FaultIndex, Place),
    /// It restarts the next server in turn, or looks whether it may.
    Roll(FaultIndex),
    /// Luck draws the next random one.
    Draw,
}

impl Call {
    /// Its place among those of one instant: file order; random ones last.
    fn order(self) -> u64 {
        match self {
            Self::Strike(fault) => u64::from(fault.0) * 2,
            Self::Heal(fault) | Self::Return(fault, _) | Self::Roll(fault) => u64::from(fault.0) * 2 + 1,
            Self::Draw => u64::MAX,
        }
    }
}

/// Whether a fault was drawn by luck.
pub(super) fn is_random(fault: FaultIndex) -> bool {
    fault >= FaultIndex::FIRST_RANDOM
}

impl World {
    /// Adds a scripted fault, to strike at its time or after its trigger.
    pub(super) fn plan_fault(&mut self, spec: FaultSpec) -> FaultIndex {
        let at = match spec.when {
            When::At(at) => Some(at),
            When::After(..) => None,
        };
        let fault = self.faults.add(spec);
        if let Some(at) = at {
            self.call(at, Call::Strike(fault));
        }
        fault
    }

    /// Adds to what a fault is known to have done.
    pub(super) fn prove(&mut self, fault: Option<FaultIndex>, change: impl FnOnce(&mut Proof)) {
        if let Some(record) = fault.and_then(|fault| self.faults.get_mut(fault)) {
            change(&mut record.proof);
        }
    }

    /// Looks whether a fact is what a fault has been waiting for; such a fault strikes 1 µs later at the earliest.
    pub(super) fn trigger(&mut self, place: Place, at: Instant, fact: &Fact) {
        let done = if let Fact::Client(fact) = fact { self.faults.tally(place, at, fact) } else { None };
        if self.faults.waiting.is_empty() {
            return;
        }
        let (process, roles) = (self.id(place), Arc::clone(&self.roles));
        let due: Vec<_> =
            self.faults.waiting.extract_if(.., |(_, trigger, _)| trigger.is_met(process, done, fact, &roles)).collect();
        for (fault, _, wait) in due {
            self.call(self.now.plus(wait.max(Duration(1))), Call::Strike(fault));
        }
    }

    /// Queues a call.
    pub(super) fn call(&mut self, at: Instant, call: Call) {
        self.queue.push_fault(at, call.order(), call);
    }

    /// Carries out what the queue held of a fault.
    pub(super) fn handle_call(&mut self, call: Call) {
        match call {
            Call::Strike(fault) => self.strike(fault),
            Call::Heal(fault) => self.heal(fault),
            Call::Return(fault, place) => self.return_from_shutdown(fault, place),
            Call::Roll(fault) => self.roll(fault, Trail::NONE),
            Call::Draw => self.draw_fault(),
        }
    }

    fn strike(&mut self, fault: FaultIndex) {
        let Some(spec) = self.faults.get_mut(fault).map(|record| Arc::clone(&record.spec)) else { return };
        let places = self.resolve_all(spec.action.victims());
        let front = self.front(fault, &spec.action);
        let is_missed = places.is_empty() && front.is_none() && !matches!(spec.action, FaultAction::Order(_));
        if is_missed {
            self.prove(Some(fault), |proof| proof.was_missed = true);
            self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultMissed { fault });
            return;
        }
        let target = if let [only] = places.as_slice() { Some(self.id(*only)) } else { None };
        let struck = self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultStruck { fault, target });
        let bound = places.iter().map(|place| (*place, self.slot(*place).incarnation)).collect();
        let now = self.now;
        if let Some(record) = self.faults.get_mut(fault) {
            record.struck = Some(now);
            record.bound = bound;
        }
        let trail = Trail { cause: struck, ..Trail::NONE };
        match &spec.action {
            FaultAction::RollingRestart { between, .. } => {
                let rolling = Rolling { rest: places.into(), current: None, between: *between };
                if let Some(record) = self.faults.get_mut(fault) {
                    record.rolling = rolling;
                }
                return self.roll(fault, trail);
            }
            FaultAction::Order(command) => self.give_order(fault, command.clone()),
            action => places.into_iter().for_each(|place| self.strike_one(fault, place, action, trail)),
        }
        if let Some(front) = front {
            self.begin_front(front, trail);
        }
        let ends_with_its_victims = matches!(spec.action, FaultAction::ShutDown { .. });
        if let Some(lasts) = spec.lasts.filter(|_| !ends_with_its_victims) {
            self.call(self.now.plus(lasts), Call::Heal(fault));
        }
    }

    fn strike_one(&mut self, fault: FaultIndex, place: Place, action: &FaultAction, trail: Trail) {
        match action {
            FaultAction::Crash { kind, .. } => self.strike_down(fault, place, *kind, trail),
            FaultAction::Restart { .. } => {
                if !self.slot(place).is_up {
                    self.come_back(place, Some(fault), trail);
                    self.prove(Some(fault), |proof| proof.started += 1);
                }
            }
            FaultAction::Pause { .. } => self.pause(place, trail),
            FaultAction::ClockJump { by_us, .. } => self.jump_clock(place, *by_us, Some(fault), trail),
            FaultAction::ClockDrift { ppm, .. } => self.drift_clock(place, *ppm, Some(fault), trail),
            FaultAction::ShutDown { .. } => self.ask_to_stop(fault, place, trail),
            FaultAction::Disk { fault: kind, file, times, stall, .. } => {
                let failing = Failing { fault: *kind, file: file.as_ref(), times: *times, stall: *stall };
                self.break_disk(fault, place, failing);
            }
            FaultAction::LoseFile { file, .. } => self.lose_files(fault, place, file, trail),
            FaultAction::RollingRestart { .. } | FaultAction::Order(_) => {}
            FaultAction::Cut { .. } | FaultAction::Loss { .. } | FaultAction::Delay { .. } | FaultAction::Duplicate { .. } => {}
        }
    }

    fn heal(&mut self, fault: FaultIndex) {
        let Some(record) = self.faults.get_mut(fault) else { return };
        let (spec, bound, struck) = (Arc::clone(&record.spec), record.bound.clone(), record.struck);
        // A disk fails its server in every life.
        let bound = match spec.action {
            FaultAction::Disk { .. } => bound.iter().map(|(place, _)| (*place, self.slot(*place).incarnation)).collect(),
            _ => bound,
        };
        let keeps_victims_down = matches!(spec.action, FaultAction::Crash { .. } | FaultAction::Disk { .. });
        if keeps_victims_down && is_random(fault) {
            self.retire_disk(fault, &bound);
            if !self.may_come_back(fault, &bound) {
                return self.call(self.now.plus(super::chaos::LOOK_AGAIN), Call::Heal(fault));
            }
        }
        if let Some(record) = self.faults.get_mut(fault) {
            record.is_over = true;
        }
        let target = if let [(only, _)] = bound.as_slice() { Some(self.id(*only)) } else { None };
        let healed = self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultHealed { fault, target });
        let trail = Trail { cause: healed, ..Trail::NONE };
        let span = self.now.since(struck.unwrap_or(self.now));
        for (place, life) in bound {
            let slot = self.slot(place);
            let is_same_life = slot.incarnation == life;
            match &spec.action {
                FaultAction::Crash { .. } if is_same_life && !slot.is_up => {
                    self.prove(Some(fault), |proof| proof.stopped = proof.stopped.plus(span));
                    self.come_back(place, Some(fault), trail);
                }
                FaultAction::Crash { .. } => self.forget_doom(place, fault),
                FaultAction::Pause { .. } if is_same_life && slot.is_up => {
                    self.prove(Some(fault), |proof| proof.stopped = proof.stopped.plus(span));
                    self.resume(place, trail);
                }
                FaultAction::ClockJump { by_us, .. } => self.jump_clock(place, by_us.saturating_neg(), None, trail),
                FaultAction::ClockDrift { .. } => self.drift_clock(place, self.setup.first_drift(place), None, trail),
                FaultAction::Disk { .. } => {
                    self.mend_disk(fault, place);
                    if is_random(fault) && !self.slot(place).is_up && !self.is_held_down(place) {
                        self.come_back(place, Some(fault), trail);
                    }
                }
                FaultAction::ShutDown { .. }
                | FaultAction::RollingRestart { .. }
                | FaultAction::LoseFile { .. }
                | FaultAction::Order(_)
                | FaultAction::Pause { .. }
                | FaultAction::Restart { .. }
                | FaultAction::Cut { .. }
                | FaultAction::Loss { .. }
                | FaultAction::Delay { .. }
                | FaultAction::Duplicate { .. } => {}
            }
        }
        let front = self.network.weather.end(fault);
        for (from, to) in front.filter(|front| front.harm == Harm::Cut).iter().flat_map(Front::links) {
            self.tell(ProcessId::World, trail, FaultFact::LinkHealed { fault, from: self.id(from), to: self.id(to) });
        }
    }

    /// Whether another fault keeps a process down and will see to its return.
    fn is_held_down(&self, place: Place) -> bool {
        let life = (place, self.slot(place).incarnation);
        let keeps_down = |action: &FaultAction| matches!(action, FaultAction::Crash { .. } | FaultAction::ShutDown { .. });
        self.faults.iter().any(|(record, _)| !record.is_over && keeps_down(&record.spec.action) && record.bound.contains(&life))
    }

    fn begin_front(&mut self, front: Front, trail: Trail) {
        if front.harm == Harm::Cut {
            for (from, to) in front.links() {
                let fact = FaultFact::LinkCut { fault: front.fault, from: self.id(from), to: self.id(to) };
                self.tell(ProcessId::World, trail, fact);
            }
        }
        self.network.weather.begin(front);
    }

    /// What a fault does to links; `None` when it does nothing to them or finds nobody on one side.
    fn front(&self, fault: FaultIndex, action: &FaultAction) -> Option<Front> {
        let (from, to, is_both_ways, harm, only) = match action {
            FaultAction::Cut { from, to, one_way } => (from, to, !one_way, Harm::Cut, None),
            FaultAction::Loss { from, to, ppm, only } => (from, to, false, Harm::Loss(*ppm), *only),
            FaultAction::Delay { from, to, by, only } => (from, to, false, Harm::Delay(*by), *only),
            FaultAction::Duplicate { from, to, ppm, only } => (from, to, false, Harm::Duplicate(*ppm), *only),
            FaultAction::Crash { .. }
            | FaultAction::ShutDown { .. }
            | FaultAction::RollingRestart { .. }
            | FaultAction::Restart { .. }
            | FaultAction::Pause { .. }
            | FaultAction::Disk { .. }
            | FaultAction::LoseFile { .. }
            | FaultAction::Order(_)
            | FaultAction::ClockJump { .. }
            | FaultAction::ClockDrift { .. } => return None,
        };
        let (from, to) = (self.resolve_all(from), self.resolve_all(to));
        if from.is_empty() || to.is_empty() {
            return None;
        }
        Some(Front { fault, from: from.into_iter().collect(), to: to.into_iter().collect(), is_both_ways, only, harm })
    }

    pub(super) fn jump_clock(&mut self, place: Place, by_us: i64, fault: Option<FaultIndex>, trail: Trail) {
        let slot = self.slot_mut(place);
        slot.clock.jump(by_us);
        slot.bent_by = fault;
        self.tell(self.id(place), trail, WorldFact::ClockJumped { by_us });
    }

    pub(super) fn drift_clock(&mut self, place: Place, drift_ppm: i32, fault: Option<FaultIndex>, trail: Trail) {
        let now = self.now;
        let slot = self.slot_mut(place);
        slot.clock.drift(now, drift_ppm);
        slot.bent_by = fault;
        let offset_us = slot.clock.offset_us(now);
        self.tell(self.id(place), trail, WorldFact::ClockSet { offset_us, drift_ppm });
        self.arm(place, now);
    }

    /// A crash strikes: at once, or, drawn by luck, in the middle of the victim's next turn.
    fn strike_down(&mut self, fault: FaultIndex, place: Place, kind: CrashKind, trail: Trail) {
        let last_effect = if is_random(fault) { self.draw_crash_point(place) } else { 0 };
        if last_effect == 0 || !self.slot(place).is_up {
            return self.crash(place, kind, Some(fault), trail);
        }
        self.slot_mut(place).doom = Some(super::process::Doom { fault, kind, last_effect });
    }

    fn forget_doom(&mut self, place: Place, fault: FaultIndex) {
        let slot = self.slot_mut(place);
        slot.doom = slot.doom.filter(|doom| doom.fault != fault);
    }
}

impl FaultAction {
    /// The processes it acts on (not: the links).
    fn victims(&self) -> &[Target] {
        match self {
            Self::Crash { targets, .. }
            | Self::ShutDown { targets }
            | Self::RollingRestart { targets, .. }
            | Self::Restart { targets }
            | Self::Pause { targets }
            | Self::Disk { targets, .. } => targets,
            Self::LoseFile { target, .. } | Self::ClockJump { target, .. } | Self::ClockDrift { target, .. } => {
                std::slice::from_ref(target)
            }
            Self::Cut { .. } | Self::Loss { .. } | Self::Delay { .. } | Self::Duplicate { .. } | Self::Order(_) => &[],
        }
    }
}
