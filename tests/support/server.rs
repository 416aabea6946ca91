//! A server under a microscope: one machine, its disk in memory, its clock in the test's hand.

use tribunal::choice::{Choices, Luck};
use tribunal::context::{Context, Effect, Moment, Outbox};
use tribunal::event::Event;
use tribunal::ids::{Incarnation, ProcessId};
use tribunal::time::{Duration, Instant, Timestamp, Trail};

use super::disk::MemoryDisk;

/// One process and all that belongs to it.
pub struct Server<M> {
    /// The machine.
    pub machine: M,
    /// Its disk.
    pub disk: MemoryDisk,
    /// Its `mono` clock, which the test moves.
    pub now: Instant,
    process: ProcessId,
    choices: Choices,
    out: Outbox,
}

impl<M> Server<M> {
    /// A process with an empty disk and quiet luck.
    pub fn new(process: ProcessId, machine: M) -> Self {
        Self::with_luck(process, machine, Choices::new(0, Luck::None, &[]))
    }

    /// The same, with luck.
    pub fn with_luck(process: ProcessId, machine: M, choices: Choices) -> Self {
        Self { machine, disk: MemoryDisk::default(), now: Instant::ZERO, process, choices, out: Outbox::default() }
    }

    /// Does something with the machine and a Context.
    pub fn turn<T>(&mut self, act: impl FnOnce(&mut M, &mut Context<'_>) -> T) -> T {
        self.out.effect_count = 0;
        let moment = Moment {
            at: self.now,
            process: self.process,
            incarnation: Incarnation(1),
            mono: self.now,
            wall: Timestamp(Timestamp::RUN_START.0 + i64::try_from(self.now.0 / 1_000).expect("small")),
            trail: Trail::NONE,
        };
        act(&mut self.machine, &mut Context::new(moment, &mut self.disk, &mut self.choices, &mut self.out))
    }

    /// After so many effects of its next turns the process is dead; `None` lets it live.
    pub fn kill_after(&mut self, effects: Option<u32>) {
        self.out.last_effect = effects;
        self.out.is_dead = false;
    }

    /// Lets time pass.
    pub fn advance(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    /// Takes what was told and what was done since the last time.
    pub fn take(&mut self) -> (Vec<Event>, Vec<Effect>) {
        let events = self.out.events.drain(..).map(|(event, _)| event).collect();
        (events, std::mem::take(&mut self.out.effects))
    }
}
