//! Facts of the world itself: the run, its processes, their clocks and disks.

use std::sync::Arc;

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
use crate::files::FilePath;
use crate::ids::{Incarnation, ProcessId};

facts! {
    /// Processes, clocks, disks and the run itself.
    "world" WorldFact {
        /// A run begins: what is needed to make it again.
        [700] RunStarted { run: Arc<RunFacts> }
        /// The run is over. A trace without this is truncated.
        [701] RunEnded { turns: u64 }
        /// A process lives.
        [702] ProcessStarted { incarnation: Incarnation }
        /// A process died.
        [703] ProcessCrashed { incarnation: Incarnation, kind: CrashKind }
        /// A process stands still: its inputs wait, its deadlines pass.
        [704] ProcessPaused {}
        /// A process goes on.
        [705] ProcessResumed {}
        /// A process ended itself, and why.
        [706] ProcessHalted { incarnation: Incarnation, why: Arc<String> }
        /// A process's clocks run at this rate from here on; its wall clock is this far from true time.
        [707] ClockSet { offset_us: i64, drift_ppm: i32 }
        /// A process's wall clock jumped.
        [708] ClockJumped { by_us: i64 }
        /// A disk lost bytes that were never synced (all of the file when its directory entry was not).
        [709] DiskLost { file: FilePath, bytes: u64 }
        /// A server came back with an empty disk.
        [710] DiskReplaced { bytes: u64 }
        /// A machine's own assertion failed: the run ends here.
        [711] AssertionFailed { message: Arc<String> }
        /// A disk gave back other bytes than were written.
        [712] DiskCorrupted { file: FilePath, at: u64 }
        /// A disk did not do what it was asked.
        [713] DiskFaulted { file: FilePath, fault: DiskFault }
        /// A process ended itself in order, as it was asked to.
        [714] ProcessStopped { incarnation: Incarnation }
        /// A process was asked to end itself in order (SIGTERM).
        [715] ShutdownRequested {}
    }
}

/// What dies with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashKind {
    /// The process alone: all written bytes survive.
    Process,
    /// The machine: unsynced bytes and directory entries are lost.
    Power,
    /// The machine and its disk.
    DiskReplaced,
}

tagged_words!(CrashKind { 0 Process, 1 Power, 2 DiskReplaced });

/// How a disk fails a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskFault {
    /// A write failed; some first part of it may be there.
    WriteFailed,
    /// A read failed.
    ReadFailed,
    /// A sync failed, and the unsynced pages are gone from the cache, as after a real fsync error.
    SyncFailed,
    /// A sync said it was done and was not.
    SyncLied,
    /// A read gave fewer bytes than there are.
    ShortRead,
    /// A read gave back flipped bits.
    BitRot,
    /// A write went to another place.
    MisdirectedWrite,
    /// There was no room left.
    Full,
    /// The call took much longer than usual.
    Stalled,
}

tagged_words!(DiskFault {
    0 WriteFailed, 1 ReadFailed, 2 SyncFailed, 3 SyncLied, 4 ShortRead, 5 BitRot, 6 MisdirectedWrite, 7 Full, 8 Stalled,
});

/// What is needed to make a run again, and to read its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// Version of the trace format.
    pub format: u32,
    /// Version of the program.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Text of the scenario, with everything set from the command line in it.
    pub text: String,
    /// The seed.
    pub seed: u64,
    /// What was set from the command line, as `key=value`.
    pub settings: Vec<(String, String)>,
    /// The pinned choices, as written.
    pub pins: Vec<String>,
    /// Every process and its name.
    pub processes: Vec<(ProcessId, String)>,
    /// Every fault of the scenario, as one line each.
    pub faults: Vec<String>,
}

record_fields!(RunFacts { format, version, scenario, text, seed, settings, pins, processes, faults });
