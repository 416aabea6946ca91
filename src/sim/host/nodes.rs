//! Every process is a madsim node, and the node's task owns the machine: nothing volatile of a process is anywhere else.
//!
//! A crash is a madsim kill: it drops the task and with it the machine. Since madsim drops a killed task only when it comes
//! up next, the host waits for the task's drop guard before it goes on. A restart builds the machine anew from its disk.
//!
//! Invariant: at most one task can run at any time, so that madsim's random choice among tasks cannot matter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use madsim::runtime::{Handle, NodeHandle, Runtime};

use super::mailbox::Mailbox;
use super::thread::Teller;
use super::{HostKind, RunOptions, RunSummary, summary};
use crate::sim::process::Place;
use crate::sim::scenario::Scenario;
use crate::sim::world::{LifeChange, Turn, World};

/// What the host and the tasks of its nodes share.
struct Office {
    world: Mutex<World>,
    /// Per place: the turn its task is to take.
    turns: Vec<Mailbox<Turn>>,
    /// The turn that was taken.
    taken: Mailbox<Turn>,
    /// A task was dropped.
    dropped: Mailbox<()>,
}

impl Office {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_of(&self, place: Place) -> &Mailbox<Turn> {
        self.turns.get(place.index()).expect("there is a mailbox for every place")
    }
}

/// Tells, when its task is dropped, that the machine is gone.
struct Guard(Arc<Office>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.dropped.put(());
    }
}

/// Runs a scenario on this thread, which has done nothing else.
pub(super) fn run(scenario: &Scenario, options: &RunOptions, teller: Teller) -> RunSummary {
    let runtime = Runtime::with_seed_and_config(options.madsim_seed, madsim::Config::default());
    let world = World::new(scenario, options.seed, &options.pins, false);
    runtime.block_on(turn_the_crank(world, teller))
}

async fn turn_the_crank(world: World, mut teller: Teller) -> RunSummary {
    let places = world.place_count();
    let turns = (0..places).map(|_| Mailbox::default()).collect();
    let office = Arc::new(Office { world: Mutex::new(world), turns, taken: Mailbox::default(), dropped: Mailbox::default() });
    let mut nodes = vec![None; places];
    let mut shown = crate::time::Instant::ZERO;
    loop {
        let (turn, lives, now) = {
            let mut world = office.world();
            let turn = world.begin();
            teller.take(&mut world);
            (turn, world.take_lives(), world.now())
        };
        madsim::time::advance(Duration::from_micros(now.since(shown).0));
        shown = now;
        follow(&office, &mut nodes, lives).await;
        let Some(turn) = turn else { break };
        office.turn_of(turn.place()).put(turn);
        let turn = office.taken.take().await;
        let lives = {
            let mut world = office.world();
            world.end(turn);
            teller.take(&mut world);
            world.take_lives()
        };
        follow(&office, &mut nodes, lives).await;
    }
    teller.flush();
    summary(&office.world(), HostKind::Nodes)
}

/// Does to the nodes what has happened to the processes.
async fn follow(office: &Arc<Office>, nodes: &mut [Option<NodeHandle>], lives: Vec<LifeChange>) {
    for life in lives {
        match life {
            LifeChange::Born(place) => {
                let node = nodes.get_mut(place.index()).expect("there is a node for every place");
                match node {
                    Some(node) => Handle::current().restart(node.id()),
                    None => *node = Some(build(office, place)),
                }
            }
            LifeChange::Died(place) => {
                let node = nodes.get(place.index()).and_then(Option::as_ref).expect("only a node that was built can die");
                Handle::current().kill(node.id());
                office.dropped.take().await;
            }
        }
    }
}

fn build(office: &Arc<Office>, place: Place) -> NodeHandle {
    let office = Arc::clone(office);
    let name = office.world().id(place).to_string();
    Handle::current().create_node().name(name).init(move || live(Arc::clone(&office), place)).build()
}

/// The life of one process: its machine exists as long as this task.
async fn live(office: Arc<Office>, place: Place) {
    let _guard = Guard(Arc::clone(&office));
    let mut machine = office.world().build(place);
    loop {
        let mut turn = office.turn_of(place).take().await;
        office.world().step_with(&mut machine, &mut turn);
        office.taken.put(turn);
    }
}
