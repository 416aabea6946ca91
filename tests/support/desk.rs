//! A client alone on a desk: one turn at a time, without a world around it.

use bytes::Bytes;
use tribunal::choice::Choices;
use tribunal::context::{Context, Disk, Input, Machine, Moment, Outbox};
use tribunal::error::Fault;
use tribunal::files::{FileName, FilePath, Folder};
use tribunal::ids::{Incarnation, ProcessId};
use tribunal::time::{Instant, Timestamp, Trail};

/// The client on the desk.
pub const ME: ProcessId = ProcessId::Client(1);

/// Gives the machine one input at `now`, on clocks that are right.
pub fn turn(machine: &mut dyn Machine, input: Input, now: Instant, choices: &mut Choices) -> Outbox {
    let wall = Timestamp(Timestamp::RUN_START.0 + i64::try_from(now.0 / 1_000).expect("a test is short"));
    let moment = Moment { at: now, process: ME, incarnation: Incarnation(1), mono: now, wall, trail: Trail::NONE };
    let mut out = Outbox::default();
    machine.step(input, &mut Context::new(moment, &mut NoDisk, choices, &mut out));
    out
}

/// Clients have no disk.
struct NoDisk;

impl Disk for NoDisk {
    fn append(&mut self, _: FilePath, _: Bytes) -> Result<u64, Fault> {
        unreachable!("a client has no disk")
    }
    fn read(&mut self, _: FilePath, _: u64, _: u64) -> Result<Bytes, Fault> {
        unreachable!("a client has no disk")
    }
    fn len(&mut self, _: FilePath) -> Option<u64> {
        None
    }
    fn truncate(&mut self, _: FilePath, _: u64) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
    fn rename(&mut self, _: FilePath, _: FilePath) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
    fn rename_folder(&mut self, _: Folder, _: Folder) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
    fn delete(&mut self, _: FilePath) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
    fn list(&mut self, _: Folder) -> Vec<FileName> {
        Vec::new()
    }
    fn folders(&mut self) -> Vec<Folder> {
        Vec::new()
    }
    fn sync(&mut self, _: FilePath) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
    fn sync_folder(&mut self, _: Folder) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
    fn set_wall(&mut self, _: Timestamp) {}
    fn modified(&mut self, _: FilePath) -> Option<Timestamp> {
        None
    }
    fn set_modified(&mut self, _: FilePath, _: Timestamp) -> Result<(), Fault> {
        unreachable!("a client has no disk")
    }
}
