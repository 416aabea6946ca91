//! The plain loop: begin, step, end, until the run is over.

use super::{HostKind, Observer, RunOptions, RunSummary, summary};
use crate::sim::scenario::Scenario;
use crate::sim::world::World;

/// Runs a scenario on the caller's own thread.
pub(super) fn run(scenario: &Scenario, options: &RunOptions, observe: Observer<'_>) -> RunSummary {
    let mut world = World::new(scenario, options.seed, &options.pins, true);
    while turn(&mut world) {
        world.drain(observe);
    }
    world.drain(observe);
    summary(&world, HostKind::Plain)
}

/// One turn of a world that keeps its processes. False when the run is over.
pub(super) fn turn(world: &mut World) -> bool {
    let Some(mut turn) = world.begin() else { return false };
    world.step(&mut turn);
    world.end(turn);
    true
}
