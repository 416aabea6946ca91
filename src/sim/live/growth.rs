//! A world that grows while it runs: clients that come, and commands and faults that nobody had thought of at the start.
//!
//! Invariant: what is added lies in the future, and the world is afterwards as if it had been planned from the beginning. A client
//! that has not started leaves no trace, so it does not matter that its place was not there.
//!
//! Called by: the live session.

use std::sync::Arc;

use crate::event::FaultIndex;
use crate::sim::fault::Call;
use crate::sim::process::Place;
use crate::sim::scenario::Scenario;
use crate::sim::setup::Setup;
use crate::sim::world::World;
use crate::time::Instant;

impl World {
    /// Takes over the clients of a scenario that were not there yet, and all that it plans from `from` on. Whoever was there
    /// already is in the scenario too, under the same number.
    pub(super) fn grow(&mut self, scenario: &Scenario, from: Instant) {
        assert!(from > self.now, "what is added lies in the future");
        let setup = Arc::new(Setup::new(scenario));
        let known = self.slots.len();
        self.slots.extend(setup.slots().into_iter().skip(known));
        self.network.grow(self.slots.len());
        self.queue.grow(setup.ids());
        for (index, script) in setup.scripts().into_iter().enumerate() {
            let is_wanted = match self.scripts.get_mut(index) {
                Some(mine) => mine.extend_from(&script, from),
                None => {
                    self.scripts.push(script);
                    true
                }
            };
            if is_wanted {
                self.plan_script(Place::new(index));
            }
        }
        self.setup = setup;
        for fault in &scenario.faults {
            self.plan_fault(fault.clone());
        }
    }

    /// Ends the fault of this number at `at`, as if it had been known from the beginning when it ends.
    pub(super) fn end_fault(&mut self, number: usize, at: Instant) {
        let fault = FaultIndex(u16::try_from(number).expect("the reader refuses more faults"));
        self.call(at, Call::Heal(fault));
    }
}
