//! A disk, a clock and an outbox, to call a part of a machine with.

use tribunal::choice::{Choices, Luck};
use tribunal::context::{Context, Disk, Moment, Outbox};
use tribunal::event::Fact;
use tribunal::ids::{BrokerId, Incarnation, ProcessId};
use tribunal::time::{Instant, Timestamp, Trail};

use super::disk::MemoryDisk;

/// Broker b1, its disk, and what it told so far.
pub struct Bench<D = MemoryDisk> {
    /// Its disk.
    pub disk: D,
    /// What its wall clock shows.
    pub wall: Timestamp,
    choices: Choices,
    out: Outbox,
}

impl<D: Disk + Default> Bench<D> {
    /// With an empty disk, at the beginning of a run.
    pub fn new() -> Self {
        Self { disk: D::default(), wall: Timestamp::RUN_START, choices: Choices::new(0, Luck::Seeded, &[]), out: Outbox::default() }
    }

    /// Does something with a Context.
    pub fn turn<T>(&mut self, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let moment = Moment {
            at: Instant::ZERO,
            process: ProcessId::Broker(BrokerId(1)),
            incarnation: Incarnation(1),
            mono: Instant::ZERO,
            wall: self.wall,
            trail: Trail::NONE,
        };
        act(&mut Context::new(moment, &mut self.disk, &mut self.choices, &mut self.out))
    }

    /// Does something, but the process is killed after so many effects of it; what was told is forgotten.
    pub fn killed_turn<T>(&mut self, effects: u32, act: impl FnOnce(&mut Context<'_>) -> T) {
        self.out = Outbox { last_effect: Some(effects), ..Outbox::default() };
        self.turn(act);
        self.out = Outbox::default();
    }

    /// Takes what was told since the last time.
    pub fn facts(&mut self) -> Vec<Fact> {
        self.out.events.drain(..).map(|(event, _)| event.fact).collect()
    }
}
