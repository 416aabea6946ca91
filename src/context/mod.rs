//! What a machine is and all it can see: one input, one [`Context`].
//!
//! Invariant: what is not in `self`, the input or the Context does not exist: no clock, no luck, no network, no disk.
//! Whatever a machine does leaves through the Context, in order: events, disk calls, messages.
//!
//! Called by: the world, once per turn. Only `sim/disk` implements [`Disk`] for real bytes; the Context implements it by
//! passing the calls on, counting them.

mod input;
mod outbox;

use std::ops::Range;
use std::panic::Location;

use bytes::Bytes;

use crate::choice::{ChoiceKind, Choices, Odds, Subject};
use crate::error::Fault;
use crate::event::{Event, Fact, MessageFacts, NetworkFact, Purpose};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{CorrelationId, Incarnation, LogDirectory, ProcessId, Step};
use crate::protocol::{Request, Response};
use crate::time::{Instant, Timestamp, Trail};

pub use input::{Command, ConsumerCommand, GroupOrder, Input, Message, NewRecord, ReplyTo, SeekTo};
pub use outbox::{Effect, Outbox, Outgoing, Payload};

/// A broker, controller, producer, consumer or admin: a synchronous, total state machine.
pub trait Machine {
    /// Takes one input to its end.
    fn step(&mut self, input: Input, cx: &mut Context<'_>);

    /// When it wants an [`Input::Deadline`] at the latest, on its own `mono` clock. The world holds one wake-up per process.
    fn next_deadline(&self) -> Option<Instant>;
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
    /// Gives a folder with all its files another name in the same log directory; nothing happens when there is none. A folder
    /// of that name must not hold anything. Errors: [`Fault::Io`].
    fn rename_folder(&mut self, from: Folder, to: Folder) -> Result<(), Fault>;
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
    /// Tells it what the server's wall clock shows: whatever is written from now on was last modified then.
    fn set_wall(&mut self, now: Timestamp);
    /// When a file was last written to, by the wall clock of its server; a new name changes nothing. `None` when there is none.
    fn modified(&mut self, file: FilePath) -> Option<Timestamp>;
    /// Gives a file another time of its last writing (utimes). Errors: [`Fault::NoSuchFile`], [`Fault::Io`].
    fn set_modified(&mut self, file: FilePath, to: Timestamp) -> Result<(), Fault>;
}

/// A disk as somebody sees it who only looks: nothing fails, nothing costs time, nothing changes.
pub trait DiskView {
    /// The folders that hold a file, in order.
    fn folders(&self) -> Vec<Folder>;
    /// The files of a folder, in the order of their names.
    fn files(&self, folder: Folder) -> Vec<FileName>;
    /// What a file holds, as the page cache has it; `None` when there is none.
    fn content(&self, file: FilePath) -> Option<Bytes>;
    /// The bytes of a file that a power failure may take, in order.
    fn not_durable(&self, file: FilePath) -> Vec<Range<u64>>;
    /// Whether a power failure leaves the file under its name.
    fn is_entry_durable(&self, file: FilePath) -> bool;
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
    disk_failures: Vec<(LogDirectory, Fault)>,
}

impl<'a> Context<'a> {
    /// The window of one turn.
    pub fn new(moment: Moment, disk: &'a mut dyn Disk, choices: &'a mut Choices, out: &'a mut Outbox) -> Self {
        disk.set_wall(moment.wall);
        Self { moment, disk, choices, out, disk_failures: Vec::new() }
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

    /// Ends the process in order after this turn, as it was asked to.
    pub fn exit(&mut self) {
        if self.out.count_effect() {
            self.out.effects.push(Effect::Exit);
        }
    }

    /// Whether the process ends in order after this turn.
    #[must_use]
    pub fn is_exiting(&self) -> bool {
        self.out.effects.iter().any(|effect| matches!(effect, Effect::Exit))
    }

    /// Ends the process after this turn: it can not go on.
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

/// Writes count as effects and do not happen after the process's death; reads answer still, since nobody will see it. Every
/// failure is noted (see [`Context::take_disk_failures`]).
impl Disk for Context<'_> {
    fn append(&mut self, file: FilePath, bytes: Bytes) -> Result<u64, Fault> {
        if !self.out.count_effect() {
            return Ok(self.disk.len(file).unwrap_or(0));
        }
        let done = self.disk.append(file, bytes);
        self.noting(file.folder, done)
    }
    fn read(&mut self, file: FilePath, at: u64, count: u64) -> Result<Bytes, Fault> {
        let done = self.disk.read(file, at, count);
        self.noting(file.folder, done)
    }
    fn len(&mut self, file: FilePath) -> Option<u64> {
        self.disk.len(file)
    }
    fn truncate(&mut self, file: FilePath, to: u64) -> Result<(), Fault> {
        self.change(file.folder, |disk| disk.truncate(file, to))
    }
    fn rename(&mut self, from: FilePath, to: FilePath) -> Result<(), Fault> {
        self.change(from.folder, |disk| disk.rename(from, to))
    }
    fn rename_folder(&mut self, from: Folder, to: Folder) -> Result<(), Fault> {
        self.change(from, |disk| disk.rename_folder(from, to))
    }
    fn delete(&mut self, file: FilePath) -> Result<(), Fault> {
        self.change(file.folder, |disk| disk.delete(file))
    }
    fn list(&mut self, folder: Folder) -> Vec<FileName> {
        self.disk.list(folder)
    }
    fn folders(&mut self) -> Vec<Folder> {
        self.disk.folders()
    }
    fn sync(&mut self, file: FilePath) -> Result<(), Fault> {
        self.change(file.folder, |disk| disk.sync(file))
    }
    fn sync_folder(&mut self, folder: Folder) -> Result<(), Fault> {
        self.change(folder, |disk| disk.sync_folder(folder))
    }
    fn set_wall(&mut self, now: Timestamp) {
        self.disk.set_wall(now);
    }
    fn modified(&mut self, file: FilePath) -> Option<Timestamp> {
        self.disk.modified(file)
    }
    fn set_modified(&mut self, file: FilePath, to: Timestamp) -> Result<(), Fault> {
        self.change(file.folder, |disk| disk.set_modified(file, to))
    }
}

impl Context<'_> {
    /// What the disk failed to do in this turn since this was last asked, by log directory: whatever became of the failed call
    /// itself, the directory is not to be trusted any more. (Kafka's `LogDirFailureChannel`.)
    pub fn take_disk_failures(&mut self) -> Vec<(LogDirectory, Fault)> {
        std::mem::take(&mut self.disk_failures)
    }

    /// Whether something of this kind was told in this turn.
    #[must_use]
    pub fn has_told(&self, is_it: impl Fn(&Fact) -> bool) -> bool {
        self.out.events.iter().any(|(event, _)| is_it(&event.fact))
    }

    fn change(&mut self, folder: Folder, act: impl FnOnce(&mut dyn Disk) -> Result<(), Fault>) -> Result<(), Fault> {
        if !self.out.count_effect() {
            return Ok(());
        }
        let done = act(self.disk);
        self.noting(folder, done)
    }

    fn noting<T>(&mut self, folder: Folder, done: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &done {
            self.disk_failures.push((folder.directory(), fault.clone()));
        }
        done
    }
}
