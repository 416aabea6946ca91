//! The processes of a world: the closed list of machines, and the slot that a process lives in.
//!
//! Invariant: a slot outlives its process's incarnations: disk and clock stay, the machine is made anew. A machine sits
//! behind `Arc` and is copied only when a clone of the world goes on separately.

use std::collections::VecDeque;
use std::sync::Arc;

use super::clock::Clock;
use super::disk::SimDisk;
use super::life::worse;
use super::network::Flight;
use crate::client::admin::{Admin, AdminSetup};
use crate::client::consumer::{Consumer, ConsumerSetup};
use crate::client::producer::{Producer, ProducerSetup};
use crate::context::{Command, Context, Effect, Input, Machine};
use crate::event::{CrashKind, FaultIndex};
use crate::ids::{Incarnation, ProcessId, Step};
use crate::node::{Node, NodeSetup};
use crate::time::Instant;

/// A process's place in the world: brokers first, then controllers, then clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u16);

impl Place {
    pub(super) fn new(index: usize) -> Self {
        Self(u16::try_from(index).expect("the scenario reader refuses more than 65,535 processes"))
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn number(self) -> u32 {
        u32::from(self.0)
    }
}

/// Every kind of machine there is.
#[derive(Clone, Debug)]
pub enum Process {
    /// A server.
    Node(Node),
    /// A producer.
    Producer(Producer),
    /// A consumer.
    Consumer(Consumer),
    /// An admin.
    Admin(Admin),
}

impl Machine for Process {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match self {
            Self::Node(node) => node.step(input, cx),
            Self::Producer(producer) => producer.step(input, cx),
            Self::Consumer(consumer) => consumer.step(input, cx),
            Self::Admin(admin) => admin.step(input, cx),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match self {
            Self::Node(node) => node.next_deadline(),
            Self::Producer(producer) => producer.next_deadline(),
            Self::Consumer(consumer) => consumer.next_deadline(),
            Self::Admin(admin) => admin.next_deadline(),
        }
    }
}

/// What a process is made from, at every start.
#[derive(Clone, Debug)]
pub(super) enum Blueprint {
    /// A server.
    Node(Arc<NodeSetup>),
    /// A producer.
    Producer(Arc<ProducerSetup>),
    /// A consumer.
    Consumer(Arc<ConsumerSetup>),
    /// An admin.
    Admin(Arc<AdminSetup>),
}

impl Blueprint {
    /// A new process, without a past.
    pub(super) fn build(&self) -> Process {
        match self {
            Self::Node(setup) => Process::Node(Node::new(Arc::clone(setup))),
            Self::Producer(setup) => Process::Producer(Producer::new(Arc::clone(setup))),
            Self::Consumer(setup) => Process::Consumer(Consumer::new(Arc::clone(setup))),
            Self::Admin(setup) => Process::Admin(Admin::new(Arc::clone(setup))),
        }
    }
}

/// Where one process lives.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Who lives here.
    pub id: ProcessId,
    /// Its machine, while it is up and the world keeps it (the host `nodes` keeps machines in its tasks).
    pub process: Option<Arc<Process>>,
    /// What its machine finds again after a crash.
    pub disk: Arc<SimDisk>,
    /// Its two clocks.
    pub clock: Clock,
    /// Its present or last life; 0 before the first.
    pub incarnation: Incarnation,
    /// Whether it lives.
    pub is_up: bool,
    /// What the last crash took with it; decides what the next start finds.
    pub died_of: CrashKind,
    /// How many faults hold it still.
    pub pauses: u32,
    /// Its last turn is not over yet.
    pub is_busy: bool,
    /// What leaves it when the turn is over.
    pub leaving: Vec<Effect>,
    /// Inputs that wait until it is free.
    pub inbox: VecDeque<Waiting>,
    /// Its machine's next deadline, on its own clock.
    pub deadline: Option<Instant>,
    /// A deadline came while it was busy and waits in the inbox.
    pub deadline_waits: bool,
    /// It will die within its next turn.
    pub doom: Option<Doom>,
    /// The fault that last bent its clocks, while it lasts.
    pub bent_by: Option<FaultIndex>,
    /// The faults that have asked it to end itself.
    pub asked_by: Vec<FaultIndex>,
    /// What its disk is not to be trusted with any more, by a random fault: what its next death takes.
    pub suspect: Option<CrashKind>,
    /// The random disk fault that holds.
    pub bad_disk: Option<BadDisk>,
    /// It came back without all that it had, and has not registered since.
    pub is_lossy: bool,
    /// The life that found this disk empty: the directory id of a voter.
    pub formatted_by: Incarnation,
    /// It was unfenced in this life.
    pub is_unfenced: bool,
    /// It has been at work in the metadata quorum in this life.
    pub is_in_quorum: bool,
}

/// A disk that fails at random.
#[derive(Clone, Copy, Debug)]
pub(super) struct BadDisk {
    /// The fault.
    pub fault: FaultIndex,
    /// What it may cost at most.
    pub costs: CrashKind,
}

impl BadDisk {
    /// Whether what was written may be gone by it, or wrong.
    pub(super) fn may_lose(self) -> bool {
        self.costs != CrashKind::Process
    }
}

/// A death that waits for the victim's next turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doom {
    /// The fault that wants it.
    pub fault: FaultIndex,
    /// What dies with the process.
    pub kind: CrashKind,
    /// The last effect of that turn which still happens.
    pub last_effect: u32,
}

/// An input on its way into a machine.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// Its first.
    Started(Step),
    /// A message that has arrived.
    Arrived(Arc<Flight>),
    /// A deadline.
    Deadline,
    /// A command of the scenario.
    Command(Command),
    /// A request to end itself in order, told at that step.
    ShutDown(Step),
}

impl Slot {
    /// An empty place.
    pub(super) fn new(id: ProcessId, clock: Clock) -> Self {
        Self {
            id,
            process: None,
            disk: Arc::default(),
            clock,
            incarnation: Incarnation(0),
            is_up: false,
            died_of: CrashKind::Process,
            pauses: 0,
            is_busy: false,
            leaving: Vec::new(),
            inbox: VecDeque::new(),
            deadline: None,
            deadline_waits: false,
            doom: None,
            bent_by: None,
            asked_by: Vec::new(),
            suspect: None,
            bad_disk: None,
            is_lossy: false,
            formatted_by: Incarnation(0),
            is_unfenced: false,
            is_in_quorum: false,
        }
    }

    /// What a death takes with it that would take so much of a sound disk.
    pub(super) fn takes(&mut self, kind: CrashKind) -> CrashKind {
        let suspect = self.suspect.take().unwrap_or(kind);
        let bad = self.bad_disk.map_or(kind, |bad| bad.costs);
        worse(worse(kind, suspect), bad)
    }

    /// Whether an input can be taken at once.
    pub(super) fn is_free(&self) -> bool {
        !self.is_busy && self.pauses == 0
    }
}
