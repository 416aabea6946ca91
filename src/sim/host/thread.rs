//! A madsim run gets a fresh thread (madsim's determinism asks for one), and its events come back to the caller's thread in
//! batches: whoever observes may use threads, clocks and files as it likes.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Observer, RunOptions, RunSummary};
use crate::sim::scenario::Scenario;
use crate::sim::world::{Told, World};

/// How many events travel together.
const BATCH: usize = 1_024;
/// How many batches may be under way.
const BATCHES: usize = 16;

/// The madsim side of the channel.
pub(super) struct Teller {
    batch: Vec<Told>,
    channel: SyncSender<Vec<Told>>,
}

impl Teller {
    /// Takes over what a world has told.
    pub(super) fn take(&mut self, world: &mut World) {
        world.take_told(&mut self.batch);
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }

    /// Hands over what is left. (Nobody listens any more only when the caller's thread has failed; then it tells why.)
    pub(super) fn flush(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH + 64));
        self.channel.send(batch).ok();
    }
}

/// How a host runs a scenario on its thread.
type Body = fn(&Scenario, &RunOptions, Teller) -> RunSummary;

/// Runs a host's body on a thread of its own and hands its events to the observer here.
pub(super) fn run(scenario: &Scenario, options: &RunOptions, observe: Observer<'_>, body: Body) -> RunSummary {
    let (channel, told): (_, Receiver<Vec<Told>>) = sync_channel(BATCHES);
    let teller = Teller { batch: Vec::with_capacity(BATCH + 64), channel };
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(move || body(scenario, options, teller));
        for batch in told {
            for (event, source) in batch {
                observe(&event, source);
            }
        }
        run.join()
    });
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}
