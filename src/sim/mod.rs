//! The simulator: the world as a value, and the hosts that turn its crank.
//!
//! * [`world`]: [`World`](world::World): processes, queue, network, disks, clocks, luck. It moves by turns.
//! * `queue`: what happens next: faults before timers before messages; equal instants are ordered by luck.
//! * `process`: the closed list of machines, and the slot each lives in; `life` starts, kills, pauses and resumes them.
//! * `network`: connections, and what cuts, loss, delay and duplication do to them; `carry` moves the messages;
//!   [`clock`], [`disk`]: what else a process touches.
//! * `fault`: the faults of the scenario; `target`: whom they mean and what they wait for; `shutdown`, `faulty_disks`, `weather`:
//!   what some of them do; `chaos`: the random ones; `roles`: who leads what, as committed, and `follow`: how that is known.
//! * [`host`]: plain loop, one madsim task, a madsim node per process: three ways to run the same world.
//! * [`live`]: a session that is told what to do while it runs, and can be saved as a scenario.
//! * [`scenario`]: what a run is made of. [`trial`]: one run recorded, checked and judged. [`explore`]: many seeds on all
//!   cores; [`batch`]: many trials.
//!
//! Invariant: a run is (scenario, seed, pins). Nothing in here but `host` and `explore` knows threads or madsim.

mod assertion;
pub mod batch;
mod carry;
mod chaos;
pub mod clock;
pub mod disk;
pub mod effect;
pub mod explore;
mod fault;
mod fault_record;
mod faulty_disks;
mod follow;
pub mod host;
mod life;
pub mod live;
mod losses;
mod network;
mod process;
mod promises;
mod queue;
pub mod report;
mod roles;
pub mod scenario;
mod setup;
mod shutdown;
mod target;
#[cfg(test)]
mod tests;
pub mod trial;
mod weather;
mod workload;
pub mod world;
