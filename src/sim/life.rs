//! The lives of processes: start, crash, come back, pause, go on; and how an input becomes a turn.
//!
//! A process is *up* or down; while up it is *free*, *busy* (its last turn is not over) or held still by a pause. Inputs
//! of a busy or paused process wait in its inbox, in order. A crash forgets machine, inbox and all that had not left; disk
//! and clock stay.
//!
//! Invariant: each life has a number of its own, and nothing meant for one life reaches another.

use std::sync::Arc;

use super::disk::{PowerLuck, SimDisk};
use super::fault::is_random;
use super::process::{Place, Waiting};
use super::queue::Alarm;
use super::world::{LifeChange, Turn, World};
use crate::choice::{ChoiceKind, Choices, Odds, Subject};
use crate::context::{Command, Input, Moment, Outbox};
use crate::event::canonical::Field;
use crate::event::{CrashKind, DropReason, FaultIndex, WorldFact};
use crate::files::{FilePath, Folder};
use crate::ids::ProcessId;
use crate::time::{Instant, Trail};

impl World {
    /// A process begins to live. Its first input waits until this instant's faults are done.
    pub(super) fn start(&mut self, place: Place, trail: Trail) {
        assert!(!self.slot(place).is_up, "only a process that is down can be started");
        let process = self.keeps_processes.then(|| Arc::new(self.setup.build(place)));
        let now = self.now;
        let slot = self.slot_mut(place);
        slot.process = process;
        slot.incarnation = slot.incarnation.next();
        slot.clock.restart(now);
        slot.is_up = true;
        slot.is_busy = true;
        slot.is_unfenced = false;
        slot.is_in_quorum = false;
        if slot.disk.bytes() == 0 {
            slot.formatted_by = slot.incarnation;
        }
        let incarnation = slot.incarnation;
        let started = self.tell(self.id(place), trail, WorldFact::ProcessStarted { incarnation });
        self.slot_mut(place).inbox.push_back(Waiting::Started(started));
        self.queue.set(place, Alarm::Free, now);
        self.note_life(LifeChange::Born(place));
    }

    /// A process dies. If it is down already, more may die with it now than then.
    pub(super) fn crash(&mut self, place: Place, kind: CrashKind, fault: Option<FaultIndex>, trail: Trail) {
        let slot = self.slot_mut(place);
        let incarnation = slot.incarnation;
        if !slot.is_up {
            slot.died_of = worse(slot.died_of, kind);
            return;
        }
        slot.died_of = slot.takes(kind);
        self.tell(self.id(place), trail, WorldFact::ProcessCrashed { incarnation, kind });
        self.prove(fault, |proof| proof.killed += 1);
        self.bury(place);
        self.reset_connections(place, kind);
    }

    /// A process ends itself.
    pub(super) fn halt(&mut self, place: Place, why: String, trail: Trail) {
        let incarnation = self.slot(place).incarnation;
        self.tell(self.id(place), trail, WorldFact::ProcessHalted { incarnation, why: Arc::new(why) });
        let slot = self.slot_mut(place);
        slot.died_of = slot.takes(CrashKind::Process);
        self.bury(place);
        self.reset_connections(place, CrashKind::Process);
    }

    /// A process ends itself in order.
    pub(super) fn stop(&mut self, place: Place, trail: Trail) {
        let incarnation = self.slot(place).incarnation;
        self.tell(self.id(place), trail, WorldFact::ProcessStopped { incarnation });
        let slot = self.slot_mut(place);
        slot.died_of = slot.takes(CrashKind::Process);
        self.bury(place);
        self.reset_connections(place, CrashKind::Process);
    }

    /// Forgets all that dies with a process.
    fn bury(&mut self, place: Place) {
        let slot = self.slot_mut(place);
        slot.process = None;
        slot.is_up = false;
        slot.is_busy = false;
        slot.pauses = 0;
        slot.deadline = None;
        slot.deadline_waits = false;
        slot.doom = None;
        let inbox = std::mem::take(&mut slot.inbox);
        let leaving = std::mem::take(&mut slot.leaving);
        self.queue.clear(place, Alarm::Free);
        self.queue.clear(place, Alarm::Wake);
        for effect in &leaving {
            self.never_sent(place, effect);
        }
        for waiting in inbox {
            if let Waiting::Arrived(flight) = waiting {
                self.drop_message(&flight, DropReason::DeadPeer, None);
            }
        }
        self.network.forget_client(place);
        self.note_life(LifeChange::Died(place));
        self.note_end(place);
    }

    /// A process that is down is started again and finds what its last crash left of its disk.
    pub(super) fn come_back(&mut self, place: Place, fault: Option<FaultIndex>, trail: Trail) {
        match self.slot(place).died_of {
            CrashKind::Process => {}
            CrashKind::Power => self.lose_unsynced(place, fault, trail),
            CrashKind::DiskReplaced => self.replace_disk(place, fault, trail),
        }
        let slot = self.slot_mut(place);
        slot.is_lossy = slot.is_lossy || slot.died_of != CrashKind::Process;
        let is_new_disk = slot.died_of == CrashKind::DiskReplaced;
        slot.died_of = CrashKind::Process;
        self.start(place, trail);
        if is_new_disk && fault.is_some_and(is_random) {
            self.replace_voter(place);
        }
    }

    fn lose_unsynced(&mut self, place: Place, fault: Option<FaultIndex>, trail: Trail) {
        let process = self.id(place);
        let mut disk = std::mem::take(&mut self.slot_mut(place).disk);
        let losses = Arc::make_mut(&mut disk).lose_power(&mut Drawn { process, choices: &mut self.choices });
        self.slot_mut(place).disk = disk;
        for loss in losses {
            self.tell(process, trail, WorldFact::DiskLost { file: loss.file, bytes: loss.bytes });
            self.prove(fault, |proof| proof.bytes_lost += loss.bytes);
        }
    }

    fn replace_disk(&mut self, place: Place, fault: Option<FaultIndex>, trail: Trail) {
        let slot = self.slot_mut(place);
        slot.bad_disk = None;
        let disk = std::mem::replace(&mut slot.disk, Arc::new(SimDisk::default()));
        let bytes = disk.bytes();
        self.tell(self.id(place), trail, WorldFact::DiskReplaced { bytes });
        self.prove(fault, |proof| proof.bytes_lost += bytes);
    }

    /// A process stands still.
    pub(super) fn pause(&mut self, place: Place, trail: Trail) {
        let slot = self.slot_mut(place);
        if !slot.is_up {
            return;
        }
        slot.pauses += 1;
        if slot.pauses == 1 {
            self.tell(self.id(place), trail, WorldFact::ProcessPaused {});
        }
    }

    /// One reason to stand still is over; after the last, the process goes on.
    pub(super) fn resume(&mut self, place: Place, trail: Trail) {
        let slot = self.slot_mut(place);
        slot.pauses = slot.pauses.saturating_sub(1);
        if slot.pauses > 0 {
            return;
        }
        let has_work = slot.is_busy || !slot.inbox.is_empty();
        self.tell(self.id(place), trail, WorldFact::ProcessResumed {});
        if has_work && !self.queue.is_set(place, Alarm::Free) {
            self.slot_mut(place).is_busy = true;
            self.queue.set(place, Alarm::Free, self.now);
        }
    }

    /// A process's turn is over: what it sent leaves, and it takes its next input. (If it is paused, all that waits.)
    pub(super) fn free(&mut self, place: Place) -> Option<Turn> {
        let slot = self.slot_mut(place);
        if slot.pauses > 0 {
            return None;
        }
        slot.is_busy = false;
        if !slot.leaving.is_empty() {
            let mut leaving = std::mem::take(&mut slot.leaving);
            self.depart(place, &mut leaving);
            self.slot_mut(place).leaving = leaving;
        }
        while let Some(waiting) = self.slot_mut(place).inbox.pop_front() {
            let turn = self.open(place, waiting);
            if turn.is_some() {
                return turn;
            }
        }
        None
    }

    /// A process's deadline has come.
    pub(super) fn wake(&mut self, place: Place) -> Option<Turn> {
        self.slot_mut(place).deadline_waits = true;
        self.offer(place, Waiting::Deadline)
    }

    /// Hands a process an input: now, if it is free, else it waits.
    pub(super) fn offer(&mut self, place: Place, waiting: Waiting) -> Option<Turn> {
        let slot = self.slot_mut(place);
        if !slot.is_up {
            return None;
        }
        if slot.is_free() && slot.inbox.is_empty() {
            return self.open(place, waiting);
        }
        slot.inbox.push_back(waiting);
        None
    }

    /// Makes a turn of an input, unless the input has become void while it waited.
    fn open(&mut self, place: Place, waiting: Waiting) -> Option<Turn> {
        let now = self.now;
        let (input, trail) = match waiting {
            Waiting::Started(started) => (Input::Started, Trail { cause: started, ..Trail::NONE }),
            Waiting::Arrived(flight) => self.take(flight)?,
            Waiting::Command(command) => (Input::Command(command), Trail::NONE),
            Waiting::ShutDown(asked) => (Input::Command(Command::ShutDown), Trail { cause: asked, ..Trail::NONE }),
            Waiting::Deadline => {
                let slot = self.slot_mut(place);
                slot.deadline_waits = false;
                if slot.deadline.is_none_or(|deadline| deadline > slot.clock.mono(now)) {
                    self.arm(place, now);
                    return None;
                }
                (Input::Deadline, Trail::NONE)
            }
        };
        let slot = self.slot(place);
        let (mono, wall) = (slot.clock.mono(now), slot.clock.wall(now));
        let moment = Moment { at: now, process: slot.id, incarnation: slot.incarnation, mono, wall, trail };
        let (bent_by, last_effect) = (slot.bent_by, slot.doom.map(|doom| doom.last_effect));
        if bent_by.is_some() {
            self.prove(bent_by, |proof| proof.readings_skewed += 1);
        }
        let out = Outbox { last_effect, ..self.take_outbox() };
        Some(Turn::new(place, moment, input, out))
    }

    /// Sets the one wake-up of a process for its machine's next deadline, not before `earliest`.
    pub(super) fn arm(&mut self, place: Place, earliest: Instant) {
        let slot = self.slot(place);
        if slot.deadline_waits || !slot.is_up {
            return;
        }
        match slot.deadline {
            Some(deadline) => {
                let at = slot.clock.true_time(deadline).max(earliest);
                self.queue.set(place, Alarm::Wake, at);
            }
            None => self.queue.clear(place, Alarm::Wake),
        }
    }
}

/// What a power failure leaves, drawn as choices of the process whose disk it is.
struct Drawn<'a> {
    process: ProcessId,
    choices: &'a mut Choices,
}

impl Drawn<'_> {
    fn coin(&mut self, what: u64) -> bool {
        let odds = Odds::Range { low: 0, high: 1, quiet: 0 };
        self.choices.choose(ChoiceKind::SurvivingEntry, Subject::of(self.process).about(what), odds) == 1
    }
}

impl PowerLuck for Drawn<'_> {
    fn folder_survives(&mut self, folder: Folder) -> bool {
        self.coin(number_of(&folder))
    }

    fn entry_survives(&mut self, file: FilePath) -> bool {
        self.coin(number_of(&file))
    }

    fn bytes_kept(&mut self, file: FilePath, unsynced: u64) -> u64 {
        let odds = Odds::Range { low: 0, high: unsynced, quiet: 0 };
        self.choices.choose(ChoiceKind::SurvivingBytes, Subject::of(self.process).about(number_of(&file)), odds)
    }

    /// About one time in four, one is missing.
    fn torn_sector(&mut self, file: FilePath, sectors: u64) -> Option<u64> {
        let odds = Odds::Range { low: 0, high: sectors.saturating_mul(4), quiet: sectors };
        let subject = Subject::of(self.process).about(number_of(&file));
        Some(self.choices.choose(ChoiceKind::TornSector, subject, odds)).filter(|sector| *sector < sectors)
    }
}

/// Of two ways to die, the one that takes more.
pub(super) fn worse(one: CrashKind, other: CrashKind) -> CrashKind {
    match (one, other) {
        (CrashKind::DiskReplaced, _) | (_, CrashKind::DiskReplaced) => CrashKind::DiskReplaced,
        (CrashKind::Power, _) | (_, CrashKind::Power) => CrashKind::Power,
        (CrashKind::Process, CrashKind::Process) => CrashKind::Process,
    }
}

/// A stable number for a file or folder, for the subject of its luck.
fn number_of(place: &impl Field) -> u64 {
    let mut name = Vec::new();
    place.put(&mut name);
    xxhash_rust::xxh64::xxh64(&name, 0)
}
