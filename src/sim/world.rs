//! The world as a value: processes, queue, network, disks, clocks and luck, moved by turns.
//!
//! A turn is one queue entry handled by one machine: [`World::begin`] pops the queue (what is no machine's business, such as
//! faults and messages that get lost, it handles itself) and says which machine takes which input; [`World::step`] lets the
//! machine take it; [`World::end`] takes what came of it. A host calls these three in a loop and decides nothing.
//!
//! A turn costs time: 5 µs and the latency of its disk calls. Until it is over the process is busy: its messages leave at
//! that instant, its inputs wait.
//!
//! Invariant: between two turns the world is whole: a clone of it goes on exactly as the original would. What happens
//! depends on (scenario, seed, pins) alone.

use std::panic::Location;
use std::sync::Arc;

use super::assertion::guarded;
use super::fault_record::Faults;
use super::network::Network;
use super::process::{Place, Process, Slot, Waiting};
use super::queue::{Alarm, Due, Queue};
use super::roles::Roles;
use super::scenario::{FaultSpec, Scenario, When};
use super::setup::Setup;
use super::workload::{Script, Wish};
use crate::choice::{ChoiceKind, Choices, Pin, Subject};
use crate::context::{Context, Effect, Input, Machine, Message, Moment, Outbox};
use crate::event::{Event, Fact, FaultIndex, WorldFact};
use crate::ids::{ProcessId, Step};
use crate::protocol::Response;
use crate::time::{Duration, Instant, Trail};

/// What every turn costs, besides its disk calls.
const TURN_COST: Duration = Duration(5);

/// An event with the line that emitted it.
pub type Told = (Event, &'static Location<'static>);

/// The whole simulated world between two turns.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) setup: Arc<Setup>,
    pub(super) keeps_processes: bool,
    pub(super) now: Instant,
    pub(super) queue: Queue,
    pub(super) network: Network,
    pub(super) choices: Choices,
    pub(super) faults: Faults,
    pub(super) roles: Arc<Roles>,
    pub(super) slots: Vec<Slot>,
    pub(super) scripts: Vec<Script>,
    told: Vec<Told>,
    spare_events: Vec<Told>,
    spare_effects: Vec<Effect>,
    lives: Vec<LifeChange>,
    pub(super) next_step: Step,
    pub(super) turns: u64,
    pub(super) is_over: bool,
    pub(super) failed_assertion: Option<Arc<String>>,
}

/// A change that a host which keeps the machines itself must follow, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeChange {
    /// A new machine lives here (see [`World::build`]).
    Born(Place),
    /// The machine that lived here is dead.
    Died(Place),
}

/// One turn of one machine, between its beginning and its end.
#[derive(Debug)]
pub struct Turn {
    place: Place,
    moment: Moment,
    input: Option<Input>,
    out: Outbox,
    deadline: Option<Instant>,
    failed_assertion: Option<String>,
}

impl Turn {
    pub(super) fn new(place: Place, moment: Moment, input: Input, out: Outbox) -> Self {
        Self { place, moment, input: Some(input), out, deadline: None, failed_assertion: None }
    }

    /// Whose turn it is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The response that it begins with, if it does.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match &self.input {
            Some(Input::Message(Message::Response { response, .. })) => Some(response),
            _ => None,
        }
    }
}

impl World {
    /// The world of a scenario at time zero. With `keeps_processes` it holds the machines itself; else its host does.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64, pins: &[Pin], keeps_processes: bool) -> Self {
        let setup = Arc::new(Setup::new(scenario));
        let pins = scenario.pins.iter().chain(pins).copied().collect::<Vec<_>>();
        let ids = setup.ids();
        let mut world = Self {
            keeps_processes,
            now: Instant::ZERO,
            network: Network::new(ids.len()),
            queue: Queue::new(ids),
            choices: Choices::new(seed, scenario.luck, &pins),
            faults: Faults::default(),
            roles: Arc::new(Roles::new(setup.first_voters())),
            slots: setup.slots(),
            scripts: setup.scripts(),
            told: Vec::new(),
            spare_events: Vec::new(),
            spare_effects: Vec::new(),
            lives: Vec::new(),
            next_step: Step(0),
            turns: 0,
            is_over: false,
            failed_assertion: None,
            setup,
        };
        let run = Arc::new(world.setup.run_facts(scenario, seed, &pins));
        world.tell(ProcessId::World, Trail::NONE, WorldFact::RunStarted { run });
        for clock in &scenario.clocks {
            let fact = WorldFact::ClockSet { offset_us: clock.offset_us, drift_ppm: clock.drift_ppm };
            world.tell(clock.process, Trail::NONE, fact);
        }
        for place in world.setup.places() {
            world.plan_script(place);
        }
        for fault in &scenario.faults {
            world.plan_fault(fault.clone());
        }
        if let Some(chaos) = world.setup.chaos.clone() {
            world.plan_draw(&chaos, chaos.from);
        }
        world
    }

    /// Goes on to the next turn. `None` when the run is over (it has then told so).
    pub fn begin(&mut self) -> Option<Turn> {
        let turn = self.begin_by(self.setup.end);
        if turn.is_none() && !self.is_over {
            self.finish();
        }
        turn
    }

    /// Goes on to the next turn that begins by `end` (included). `None` when there is none: it is `end` then.
    pub fn begin_by(&mut self, end: Instant) -> Option<Turn> {
        let end = end.min(self.setup.end);
        while !self.is_over {
            let Some((at, due)) = self.queue.pop(end, &mut self.choices) else {
                self.now = self.now.max(end);
                return None;
            };
            assert!(at >= self.now, "true time does not go back");
            self.now = at;
            let turn = match due {
                Due::Fault(call) => {
                    self.handle_call(call);
                    None
                }
                Due::Message(flight) => self.arrive(flight),
                Due::Alarm(place, Alarm::Free) => self.free(place),
                Due::Alarm(place, Alarm::Wake) => self.wake(place),
                Due::Alarm(place, Alarm::Script) => self.follow_script(place),
            };
            if turn.is_some() {
                return turn;
            }
        }
        None
    }

    /// Lets the machine take its input. Only for a world that keeps its processes.
    pub fn step(&mut self, turn: &mut Turn) {
        let mut process = self.slot_mut(turn.place).process.take().expect("a process that has a turn is up and kept here");
        self.step_with(Arc::make_mut(&mut process), turn);
        self.slot_mut(turn.place).process = Some(process);
    }

    /// Lets a machine that its host keeps take its input.
    pub fn step_with(&mut self, process: &mut Process, turn: &mut Turn) {
        let Some(input) = turn.input.take() else { return };
        let slot = self.slots.get_mut(turn.place.index()).expect("turns are made for places that exist");
        let disk = Arc::make_mut(&mut slot.disk);
        let mut context = Context::new(turn.moment, disk, &mut self.choices, &mut turn.out);
        let outcome = guarded(|| {
            process.step(input, &mut context);
            turn.deadline = process.next_deadline();
        });
        turn.failed_assertion = outcome.err();
    }

    /// Takes what came of a turn.
    pub fn end(&mut self, turn: Turn) {
        let Turn { place, moment, out, deadline, failed_assertion, .. } = turn;
        self.turns += 1;
        self.take_events(place, out.events, out.next_step);
        // After its death a machine runs on in a world that is not there: what it asserts of that means nothing.
        if let Some(message) = failed_assertion.filter(|_| !out.is_dead) {
            return self.fail(place, moment, message);
        }
        self.tell_faulted(place, moment.trail);
        let free_at = self.now.plus(TURN_COST).plus(self.disk_latency(place));
        let mut effects = out.effects;
        let halt = effects.iter().find_map(|effect| if let Effect::Halt { why } = effect { Some(why.clone()) } else { None });
        let doom = self.slot(place).doom;
        let exits = effects.iter().any(|effect| matches!(effect, Effect::Exit));
        if doom.is_some() || halt.is_some() || exits {
            // What it did before it died has left it; nobody is there to be busy.
            self.depart(place, &mut effects);
            self.spare_effects = effects;
            match (doom, halt) {
                (Some(doom), _) => self.crash(place, doom.kind, Some(doom.fault), moment.trail),
                (None, Some(why)) => self.halt(place, why, moment.trail),
                (None, None) => self.stop(place, moment.trail),
            }
            return;
        }
        let slot = self.slot_mut(place);
        slot.is_busy = true;
        slot.deadline = deadline;
        let spare = std::mem::replace(&mut slot.leaving, effects);
        self.spare_effects = spare;
        self.queue.set(place, Alarm::Free, free_at);
        self.arm(place, free_at);
    }

    /// Hands over the events since the last time, in order.
    pub fn drain(&mut self, observe: &mut dyn FnMut(&Event, &'static Location<'static>)) {
        for (event, source) in self.told.drain(..) {
            observe(&event, source);
        }
    }

    /// The same, by value, behind what is in `into` already.
    pub fn take_told(&mut self, into: &mut Vec<Told>) {
        into.append(&mut self.told);
    }

    /// The births and deaths since the last time, in order; only for a world whose host keeps the machines.
    pub fn take_lives(&mut self) -> Vec<LifeChange> {
        std::mem::take(&mut self.lives)
    }

    /// A new machine for a place, without a past; its disk is the world's.
    #[must_use]
    pub fn build(&self, place: Place) -> Process {
        self.setup.build(place)
    }

    /// Adds a fault to a run that is under way; it strikes at its time, or 1 µs from now if that has passed. Written into the
    /// scenario as its last fault, at the time returned, it makes the same run from the start.
    pub fn inject(&mut self, mut fault: FaultSpec) -> (FaultIndex, Option<Instant>) {
        if let When::At(at) = &mut fault.when {
            *at = (*at).max(self.now.plus(Duration(1)));
        }
        let at = if let When::At(at) = fault.when { Some(at) } else { None };
        (self.plan_fault(fault), at)
    }

    #[track_caller]
    pub(super) fn tell(&mut self, process: ProcessId, trail: Trail, fact: impl Into<Fact>) -> Step {
        let step = self.next_step;
        self.told.push((Event { step, at: self.now, process, trail, fact: fact.into() }, Location::caller()));
        self.next_step = step.next();
        step
    }

    pub(super) fn slot(&self, place: Place) -> &Slot {
        self.slots.get(place.index()).expect("places are made from the list of slots")
    }

    pub(super) fn slot_mut(&mut self, place: Place) -> &mut Slot {
        self.slots.get_mut(place.index()).expect("places are made from the list of slots")
    }

    pub(super) fn id(&self, place: Place) -> ProcessId {
        self.slot(place).id
    }

    pub(super) fn place_of(&self, process: ProcessId) -> Place {
        self.setup.place_of(process)
    }

    pub(super) fn note_life(&mut self, change: LifeChange) {
        if !self.keeps_processes {
            self.lives.push(change);
        }
    }

    /// An empty outbox for the next turn; its buffers are those of earlier ones.
    pub(super) fn take_outbox(&mut self) -> Outbox {
        let mut out = Outbox::starting_at(self.next_step);
        out.events = std::mem::take(&mut self.spare_events);
        out.effects = std::mem::take(&mut self.spare_effects);
        out
    }

    fn take_events(&mut self, place: Place, mut events: Vec<Told>, next_step: Step) {
        for (event, _) in &events {
            match &event.fact {
                Fact::Controller(fact) => self.follow_controller(fact),
                Fact::Raft(fact) => self.follow_quorum(place, fact),
                Fact::Client(fact) => self.follow_client(place, fact),
                Fact::Group(_) => {}
                Fact::Network(_) | Fact::Log(_) | Fact::Replica(_) | Fact::Fault(_) | Fact::World(_) => continue,
            }
            self.trigger(place, event.at, &event.fact);
        }
        self.next_step = next_step;
        self.told.append(&mut events);
        self.spare_events = events;
    }

    fn disk_latency(&mut self, place: Place) -> Duration {
        let slot = self.slot_mut(place);
        let process = slot.id;
        let calls = Arc::make_mut(&mut slot.disk).take_calls();
        let law = self.setup.disk;
        let mut cost = calls.stalled.0;
        for (what, (count, odds)) in
            [(calls.writes, law.write), (calls.reads, law.read), (calls.syncs, law.sync)].into_iter().enumerate()
        {
            if count > 0 {
                let each = self.choices.choose(ChoiceKind::DiskLatency, Subject::of(process).about(what as u64), odds);
                cost += each * u64::from(count);
            }
        }
        Duration(cost)
    }

    pub(super) fn plan_script(&mut self, place: Place) {
        match self.scripts.get(place.index()).and_then(Script::next_time) {
            Some(at) => self.queue.set(place, Alarm::Script, at.max(self.now)),
            None => self.queue.clear(place, Alarm::Script),
        }
    }

    fn follow_script(&mut self, place: Place) -> Option<Turn> {
        let process = self.id(place);
        let script = self.scripts.get_mut(place.index())?;
        let wish = script.next(self.now, process, &mut self.choices);
        self.plan_script(place);
        match wish? {
            Wish::Start => {
                // A fault may have been quicker.
                if !self.slot(place).is_up {
                    self.start(place, Trail::NONE);
                }
                None
            }
            Wish::Tell(command) => self.offer(place, Waiting::Command(command)),
        }
    }

    fn fail(&mut self, place: Place, moment: Moment, message: String) {
        let message = Arc::new(message);
        self.tell(self.id(place), moment.trail, WorldFact::AssertionFailed { message: Arc::clone(&message) });
        self.failed_assertion = Some(message);
        self.finish();
    }

    fn finish(&mut self) {
        self.is_over = true;
        self.tell(ProcessId::World, Trail::NONE, WorldFact::RunEnded { turns: self.turns });
    }
}
