//! The plain loop as one madsim task: madsim's clock follows the world's.

use std::time::Duration;

use madsim::runtime::Runtime;

use super::plain::turn;
use super::thread::Teller;
use super::{HostKind, RunOptions, RunSummary, summary};
use crate::sim::scenario::Scenario;
use crate::sim::world::World;

/// Runs a scenario on this thread, which has done nothing else.
pub(super) fn run(scenario: &Scenario, options: &RunOptions, mut teller: Teller) -> RunSummary {
    Runtime::with_seed_and_config(options.madsim_seed, madsim::Config::default()).block_on(async {
        let mut world = World::new(scenario, options.seed, &options.pins, true);
        let mut shown = world.now();
        while turn(&mut world) {
            madsim::time::advance(Duration::from_micros(world.now().since(shown).0));
            shown = world.now();
            teller.take(&mut world);
        }
        teller.take(&mut world);
        teller.flush();
        summary(&world, HostKind::Inline)
    })
}
