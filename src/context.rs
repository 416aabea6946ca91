//! What a machine is and all it can see: one input, one [`Context`].
//!
//! Invariant: what is not in `self`, the input or the Context does not exist: no clock, no luck, no network, no disk.
//! Whatever a machine does leaves through the Context, in order: events, disk calls, messages.
//!
//! Called by: the world, once per turn. Only `sim/disk` implements [`Disk`] for real bytes; the Context implements it by
//! passing the calls on, counting them.

use std::panic::Location;

use bytes::Bytes;

use crate::choice::{ChoiceKind, Choices, Odds, Subject};
use crate::error::Fault;
use crate::event::{ConnectionNumber, Event, Fact, MessageFacts, NetworkFact, Purpose};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{CorrelationId, Incarnation, PartitionIndex, ProcessId, Step};
use crate::protocol::{CreateTopicsRequest, Request, Response};
use crate::time::{Instant, Timestamp, Trail};

/// A broker, controller, producer, consumer or admin: a synchronous, total state machine.
pub trait Machine {
    /// Takes one input to its end.
    fn step(&mut self, input: Input, cx: &mut Context<'_>);

    /// When it wants an [`Input::Deadline`] at the latest, on its own `mono` clock. The world holds one wake-up per process.
    fn next_deadline(&self) -> Option<Instant>;
}

/// What a turn begins with.
#[derive(Clone, Debug)]
pub enum Input {
    /// The process lives: its first turn. Its disk may hold what an earlier incarnation wrote.
    Started,
    /// Something arrived.
    Message(Message),
    /// `next_deadline` has come.
    Deadline,
    /// The scenario wants something of it.
    Command(Command),
}

/// What arrives from other processes.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request to be answered with [`Context::reply`], now or later, at most once.
    Request {
        /// Who asks.
        from: ProcessId,
        /// Where the answer goes.
        reply_to: ReplyTo,
        /// What is asked.
        request: Request,
    },
    /// The answer to an earlier request.
    Response {
        /// Who answers.
        from: ProcessId,
        /// On which connection.
        purpose: Purpose,
        /// Which request.
        correlation: CorrelationId,
        /// The answer.
        response: Response,
    },
    /// A connection of ours was reset: what is unanswered on it stays so.
    Disconnected {
        /// The server it led to.
        from: ProcessId,
        /// What it was for.
        purpose: Purpose,
    },
}

/// What the scenario tells a client to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To a producer: send this record.
    Send(NewRecord),
    /// To an admin: create topics.
    CreateTopics(CreateTopicsRequest),
    /// To an admin: describe a topic (Metadata).
    DescribeTopic(String),
}

/// A record for a producer to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Its key; without one the partitioner is free.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers, in order; keys may repeat.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// A partition named by the application, which overrules the partitioner.
    pub partition: Option<PartitionIndex>,
    /// A CreateTime given by the application; else the producer's wall clock.
    pub timestamp: Option<Timestamp>,
}

/// The address of an answer, and whose request it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// Who asked.
    pub client: ProcessId,
    /// On which connection.
    pub connection: ConnectionNumber,
    /// What that is for.
    pub purpose: Purpose,
    /// Which request.
    pub correlation: CorrelationId,
    /// The event of the request, kept for the trail of whatever answers it later.
    pub origin: Step,
}

/// A server's disk: bytes in files, as a page cache over a device sees them.
///
/// A call answers at once and adds its latency to the turn. Writing is not syncing: after a power failure only what was
/// synced is sure to be there, and a new, renamed or deleted entry only after [`Disk::sync_folder`].
pub trait Disk {
    /// Appends to a file, which is made if need be. Returns the position of the first byte written.
    /// Errors: [`Fault::Io`], [`Fault::DiskFull`].
    fn append(&mut self, file: FilePath, bytes: Bytes) -> Result<u64, Fault>;
    /// Reads `count` bytes from `at`; copies nothing when they lie in one appended chunk.
    /// Errors: [`Fault::NoSuchFile`], [`Fault::ShortRead`], [`Fault::Io`].
    fn read(&mut self, file: FilePath, at: u64, count: u64) -> Result<Bytes, Fault>;
    /// The length of a file in bytes; `None` when there is none.
    fn len(&mut self, file: FilePath) -> Option<u64>;
    /// Cuts a file to its first `to` bytes. Errors: [`Fault::NoSuchFile`], [`Fault::Io`].
    fn truncate(&mut self, file: FilePath, to: u64) -> Result<(), Fault>;
    /// Gives a file another name; a file of that name is replaced. Errors: [`Fault::NoSuchFile`], [`Fault::Io`].
    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault>;
    /// Removes a file; nothing happens when there is none. Errors: [`Fault::Io`].
    fn delete(&mut self, file: FilePath) -> Result<(), Fault>;
    /// The files of a folder, in the order of their names.
    fn list(&mut self, folder: Folder) -> Vec<FileName>;
    /// The folders that hold a file, in order.
    fn folders(&mut self) -> Vec<Folder>;
    /// Makes a file's bytes durable (fsync). Errors: [`Fault::NoSuchFile`], [`Fault::Io`].
    fn sync(&mut self, file: FilePath) -> Result<(), Fault>;
    /// Makes a folder's entries durable (fsync of the directory). Errors: [`Fault::Io`].
    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault>;
}

/// What leaves a turn besides events and disk calls.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A message for the network to carry.
    Send(Outgoing),
    /// A client closes its connection to a server.
    Close {
        /// The server.
        server: ProcessId,
        /// Which connection.
        purpose: Purpose,
    },
    /// The process ends itself (Kafka's `Exit.halt`).
    Halt {
        /// Why, for people.
        why: String,
    },
}

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The step of its [`NetworkFact::MessageSent`]: its name.
    pub sent: Step,
    /// The step that the receiver's events should name as the request they serve.
    pub origin: Step,
    /// The receiver.
    pub to: ProcessId,
    /// What it says.
    pub payload: Payload,
}

/// A request or a response with its address.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A request on the client's connection for this purpose (opened if there is none).
    Request {
        /// Which connection.
        purpose: Purpose,
        /// Which request.
        correlation: CorrelationId,
        /// What is asked.
        request: Request,
    },
    /// The answer to a request.
    Response {
        /// Which request.
        reply_to: ReplyTo,
        /// The answer.
        response: Response,
    },
}

/// Collects what a turn does, in order.
///
/// Disk calls and sends share one counter of effects. After effect `last_effect` the process lives on until it tries the
/// next one: that is refused, and from then on nothing it does or tells has happened. So whatever happened was told, as
/// far as the machine tells an effect before it tries another.
#[derive(Debug, Default)]
pub struct Outbox {
    /// The events so far, each with the line that emitted it.
    pub events: Vec<(Event, &'static Location<'static>)>,
    /// The effects so far.
    pub effects: Vec<Effect>,
    /// The step of the next event.
    pub next_step: Step,
    /// How many effects there were.
    pub effect_count: u32,
    /// The last effect that still happens, counted from 1; `None` for all.
    pub last_effect: Option<u32>,
    /// Whether the process died: an effect was refused.
    pub is_dead: bool,
}

impl Outbox {
    /// An empty outbox whose first event gets this step.
    #[must_use]
    pub fn starting_at(next_step: Step) -> Self {
        Self { next_step, ..Self::default() }
    }

    /// Counts an effect; false when the process died before it.
    fn count_effect(&mut self) -> bool {
        self.is_dead |= self.last_effect.is_some_and(|last| self.effect_count >= last);
        self.effect_count += u32::from(!self.is_dead);
        !self.is_dead
    }
}

/// Which process a turn belongs to, and what its clocks show.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// True time; for the events only, machines never see it.
    pub at: Instant,
    /// The process.
    pub process: ProcessId,
    /// Its life.
    pub incarnation: Incarnation,
    /// Its monotonic clock: 0 when the process began; all deadlines are on it.
    pub mono: Instant,
    /// Its wall clock, which may be skewed and may jump.
    pub wall: Timestamp,
    /// What this turn follows from.
    pub trail: Trail,
}

/// A machine's window on the world, for one turn.
pub struct Context<'a> {
    moment: Moment,
    disk: &'a mut dyn Disk,
    choices: &'a mut Choices,
    out: &'a mut Outbox,
}

impl<'a> Context<'a> {
    /// The window of one turn.
    pub fn new(moment: Moment, disk: &'a mut dyn Disk, choices: &'a mut Choices, out: &'a mut Outbox) -> Self {
        Self { moment, disk, choices, out }
    }

    /// The process whose turn it is.
    #[must_use]
    pub fn process(&self) -> ProcessId {
        self.moment.process
    }

    /// Which life of it.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.moment.incarnation
    }

    /// Its monotonic clock.
    #[must_use]
    pub fn mono(&self) -> Instant {
        self.moment.mono
    }

    /// Its wall clock, in ms.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        self.moment.wall
    }

    /// Why this is happening: to be kept with whatever is parked or due later.
    #[must_use]
    pub fn trail(&self) -> Trail {
        self.moment.trail
    }

    /// The newest event of the run so far: what just happened, as the cause of what it releases.
    #[must_use]
    pub fn latest(&self) -> Step {
        self.out.next_step.0.checked_sub(1).map_or(Step::NONE, Step)
    }

    /// Goes on with something parked earlier: what follows happens for its sake.
    pub fn resume(&mut self, trail: Trail) {
        self.moment.trail = trail;
    }

    /// Asks luck (see [`crate::choice`]).
    pub fn choose(&mut self, kind: ChoiceKind, subject: Subject, odds: Odds) -> u64 {
        self.choices.choose(kind, subject, odds)
    }

    /// Tells that something happened. Returns its step, to be kept as the cause of what it releases.
    #[track_caller]
    pub fn emit(&mut self, fact: impl Into<Fact>) -> Step {
        self.emit_at(fact.into(), self.moment.trail, Location::caller())
    }

    /// Sends a request on this process's connection to `to` for `purpose`, which the network opens if there is none.
    /// Requests on one connection arrive in order, or not at all.
    #[track_caller]
    pub fn request(&mut self, to: ProcessId, purpose: Purpose, correlation: CorrelationId, request: Request) {
        if !self.out.count_effect() {
            return;
        }
        let message = MessageFacts { purpose, correlation, ..request.facts() };
        let sent = self.emit_at(NetworkFact::MessageSent { to, message }.into(), self.moment.trail, Location::caller());
        let payload = Payload::Request { purpose, correlation, request };
        self.out.effects.push(Effect::Send(Outgoing { sent, origin: sent, to, payload }));
    }

    /// Answers a request.
    #[track_caller]
    pub fn reply(&mut self, reply_to: ReplyTo, response: Response) {
        self.reply_because(reply_to, response, self.moment.trail.cause, Location::caller());
    }

    /// Answers a parked request, because of the event that released it.
    #[track_caller]
    pub fn reply_released(&mut self, reply_to: ReplyTo, response: Response, released_by: Step) {
        self.reply_because(reply_to, response, released_by, Location::caller());
    }

    /// Closes this process's connection to a server; what is still unanswered on it stays so.
    pub fn close(&mut self, server: ProcessId, purpose: Purpose) {
        if self.out.count_effect() {
            self.out.effects.push(Effect::Close { server, purpose });
        }
    }

    /// Ends the process after this turn.
    pub fn halt(&mut self, why: String) {
        if self.out.count_effect() {
            self.out.effects.push(Effect::Halt { why });
        }
    }

    fn reply_because(&mut self, reply_to: ReplyTo, response: Response, cause: Step, source: &'static Location<'static>) {
        if !self.out.count_effect() {
            return;
        }
        let ReplyTo { client, purpose, correlation, origin, .. } = reply_to;
        let message = MessageFacts { purpose, correlation, ..response.facts() };
        let sent = self.emit_at(NetworkFact::MessageSent { to: client, message }.into(), Trail { cause, origin }, source);
        let payload = Payload::Response { reply_to, response };
        self.out.effects.push(Effect::Send(Outgoing { sent, origin, to: client, payload }));
    }

    fn emit_at(&mut self, fact: Fact, trail: Trail, source: &'static Location<'static>) -> Step {
        let step = self.out.next_step;
        if self.out.is_dead {
            return step;
        }
        let event = Event { step, at: self.moment.at, process: self.moment.process, trail, fact };
        self.out.events.push((event, source));
        self.out.next_step = step.next();
        step
    }
}

/// Writes count as effects and do not happen after the process's death; reads answer still, since nobody will see it.
impl Disk for Context<'_> {
    fn append(&mut self, file: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        if self.out.count_effect() { self.disk.append(file, bytes) } else { Ok(self.disk.len(file).unwrap_or(0)) }
    }
    fn read(&mut self, file: FilePath, at: u64, count: u64) -> Result<Bytes, Fault> {
        self.disk.read(file, at, count)
    }
    fn len(&mut self, file: FilePath) -> Option<u64> {
        self.disk.len(file)
    }
    fn truncate(&mut self, file: FilePath, to: u64) -> Result<(), Fault> {
        if self.out.count_effect() { self.disk.truncate(file, to) } else { Ok(()) }
    }
    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault> {
        if self.out.count_effect() { self.disk.rename(from, to) } else { Ok(()) }
    }
    fn delete(&mut self, file: FilePath) -> Result<(), Fault> {
        if self.out.count_effect() { self.disk.delete(file) } else { Ok(()) }
    }
    fn list(&mut self, folder: Folder) -> Vec<FileName> {
        self.disk.list(folder)
    }
    fn folders(&mut self) -> Vec<Folder> {
        self.disk.folders()
    }
    fn sync(&mut self, file: FilePath) -> Result<(), Fault> {
        if self.out.count_effect() { self.disk.sync(file) } else { Ok(()) }
    }
    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault> {
        if self.out.count_effect() { self.disk.sync_folder(folder) } else { Ok(()) }
    }
}
