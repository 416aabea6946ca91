//! Ends in order: servers are asked to end themselves, and started again when they have.
//!
//! A rolling restart asks one server after the other, as operators do: the next is asked when the one before is back: a broker
//! unfenced and in every ISR that it belongs to, a controller at work in the quorum.
//!
//! Invariant: nobody is asked twice in one life by one fault, and a server that was asked and died otherwise counts as gone.
//!
//! Called by: `fault`, which strikes; `life`, which tells of deaths.

use std::collections::VecDeque;

use super::fault::{Call, is_random};
use super::process::{Place, Waiting};
use super::queue::Alarm;
use super::world::World;
use crate::event::{FaultFact, FaultIndex, WorldFact};
use crate::ids::{Incarnation, ProcessId};
use crate::time::{Duration, Trail};

/// How soon a rolling restart looks again whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How far a rolling restart has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Rolling {
    /// Who is still to be asked.
    pub rest: VecDeque<Place>,
    /// Who was asked, in which life.
    pub current: Option<(Place, Incarnation)>,
    /// How long to wait between two.
    pub between: Duration,
}

impl World {
    /// Asks a server to end itself in order (SIGTERM).
    pub(super) fn ask_to_stop(&mut self, fault: FaultIndex, place: Place, trail: Trail) {
        if !self.slot(place).is_up {
            return;
        }
        let asked = self.tell(self.id(place), trail, WorldFact::ShutdownRequested {});
        self.prove(Some(fault), |proof| proof.asked += 1);
        self.slot_mut(place).asked_by.push(fault);
        self.hand(place, Waiting::ShutDown(asked));
    }

    /// Gives a process an input that it takes once this instant's faults are done.
    pub(super) fn hand(&mut self, place: Place, waiting: Waiting) {
        let now = self.now;
        let slot = self.slot_mut(place);
        slot.inbox.push_back(waiting);
        if slot.is_free() {
            slot.is_busy = true;
            self.queue.set(place, Alarm::Free, now);
        }
    }

    /// A process that was asked to end itself is down, in whatever way it came to that.
    pub(super) fn note_end(&mut self, place: Place) {
        for fault in std::mem::take(&mut self.slot_mut(place).asked_by) {
            let lasts = self.faults.get_mut(fault).and_then(|record| record.spec.lasts);
            if let Some(lasts) = lasts {
                self.call(self.now.plus(lasts), Call::Return(fault, place));
            }
        }
    }

    /// Starts a server again that was asked to end itself and did. The fault is over when the last of its victims is back.
    pub(super) fn return_from_shutdown(&mut self, fault: FaultIndex, place: Place) {
        let Some(record) = self.faults.get_mut(fault) else { return };
        let Some((_, life)) = record.bound.iter().copied().find(|(other, _)| *other == place) else { return };
        if is_random(fault) && !self.may_come_back(fault, &[(place, life)]) {
            return self.call(self.now.plus(super::chaos::LOOK_AGAIN), Call::Return(fault, place));
        }
        let slot = self.slot(place);
        let is_down = !slot.is_up && slot.incarnation == life;
        let Some(record) = self.faults.get_mut(fault) else { return };
        record.returned += 1;
        let is_last = record.returned == record.bound.len();
        let mut trail = Trail::NONE;
        if is_last {
            record.is_over = true;
            let target = if record.bound.len() == 1 { Some(self.id(place)) } else { None };
            let healed = self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultHealed { fault, target });
            trail = Trail { cause: healed, ..Trail::NONE };
        }
        if is_down {
            self.come_back(place, Some(fault), trail);
            self.prove(Some(fault), |proof| proof.started += 1);
        }
    }

    /// Goes on with a rolling restart as far as it may.
    pub(super) fn roll(&mut self, fault: FaultIndex, trail: Trail) {
        let Some(rolling) = self.faults.get_mut(fault).map(|record| record.rolling.clone()) else { return };
        match rolling.current {
            Some((place, life)) if self.slot(place).incarnation == life => {
                if !self.slot(place).is_up {
                    self.come_back(place, Some(fault), trail);
                    self.prove(Some(fault), |proof| proof.started += 1);
                }
                self.call(self.now.plus(LOOK_AGAIN), Call::Roll(fault));
            }
            Some((place, _)) if self.is_back(place) => {
                self.set_rolling(fault, Rolling { current: None, ..rolling.clone() });
                self.call(self.now.plus(rolling.between), Call::Roll(fault));
            }
            Some(_) => self.call(self.now.plus(LOOK_AGAIN), Call::Roll(fault)),
            None => self.roll_on(fault, rolling, trail),
        }
    }

    /// Asks the next server; without one, the restart is over.
    fn roll_on(&mut self, fault: FaultIndex, mut rolling: Rolling, trail: Trail) {
        let Some(place) = rolling.rest.pop_front() else {
            if let Some(record) = self.faults.get_mut(fault) {
                record.is_over = true;
            }
            self.tell(ProcessId::World, trail, FaultFact::FaultHealed { fault, target: None });
            return;
        };
        rolling.current = Some((place, self.slot(place).incarnation));
        self.set_rolling(fault, rolling);
        self.ask_to_stop(fault, place, trail);
        self.call(self.now.plus(LOOK_AGAIN), Call::Roll(fault));
    }

    fn set_rolling(&mut self, fault: FaultIndex, rolling: Rolling) {
        if let Some(record) = self.faults.get_mut(fault) {
            record.rolling = rolling;
        }
    }

    /// Whether a server is at work again in all that it is there for.
    fn is_back(&self, place: Place) -> bool {
        let slot = self.slot(place);
        let is_quorum_done = slot.is_in_quorum || !self.setup.controllers.contains(&slot.id);
        let is_broker_done = match slot.id {
            ProcessId::Broker(broker) => slot.is_unfenced && self.roles.is_in_sync(broker),
            ProcessId::World | ProcessId::Controller(_) | ProcessId::Client(_) => true,
        };
        slot.is_up && is_quorum_done && is_broker_done
    }
}
