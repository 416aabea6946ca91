//! Disks that fail on purpose: rules laid upon them, what these struck, and files that are lost while their server is down.
//!
//! Invariant: whatever a rule struck is told as an event of the turn in which it did, and is proof of its fault's effect.
//!
//! Called by: `fault`, which strikes and heals; `world`, after each turn.

use std::sync::Arc;

use super::disk::{DiskRule, Place as OnDisk};
use super::fault::is_random;
use super::process::{BadDisk, Place};
use super::scenario::{FileKind, FileSpec};
use super::world::World;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::DiskView;
use crate::event::{DiskFault, FaultIndex, WorldFact};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::TopicPartition;
use crate::time::{Duration, Trail};

/// How a disk is to fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failing<'a> {
    /// What it does.
    pub fault: DiskFault,
    /// On which files.
    pub file: Option<&'a FileSpec>,
    /// How often.
    pub times: Option<u32>,
    /// How much longer a stalled call takes.
    pub stall: Duration,
}

impl World {
    /// Lays a rule on a disk. Nothing happens when it is about a partition that nobody knows.
    pub(super) fn break_disk(&mut self, id: FaultIndex, place: Place, failing: Failing<'_>) {
        let only = match failing.file {
            None => None,
            Some(file) => match self.place_on_disk(file) {
                Some(only) => Some(only),
                None => return,
            },
        };
        let subject = Subject::of(self.id(place)).about(failing.fault as u64);
        let odds = Odds::Range { low: 0, high: u64::MAX, quiet: 0 };
        let luck = self.choices.choose(ChoiceKind::DiskFault, subject, odds);
        if is_random(id) {
            let costs = self.cost_of(place, failing.fault);
            self.slot_mut(place).bad_disk = Some(BadDisk { fault: id, costs });
        }
        let rule = DiskRule { kind: failing.fault, only, left: failing.times, id, luck, stall: failing.stall };
        Arc::make_mut(&mut self.slot_mut(place).disk).add_rule(rule);
    }

    /// A disk fails no more.
    pub(super) fn mend_disk(&mut self, id: FaultIndex, place: Place) {
        let slot = self.slot_mut(place);
        slot.bad_disk = slot.bad_disk.filter(|bad| bad.fault != id);
        Arc::make_mut(&mut slot.disk).remove_rule(id);
    }

    /// Tells what rules have struck since the last time.
    pub(super) fn tell_faulted(&mut self, place: Place, trail: Trail) {
        let faulted = Arc::make_mut(&mut self.slot_mut(place).disk).take_faulted();
        for struck in faulted {
            let process = self.id(place);
            self.tell(process, trail, WorldFact::DiskFaulted { file: struck.file, fault: struck.fault });
            if let Some(at) = struck.corrupted_at {
                self.tell(process, trail, WorldFact::DiskCorrupted { file: struck.file, at });
            }
            self.note_suspect(place, struck.rule, struck.fault);
            self.prove(Some(struck.rule), |proof| proof.disk_calls += 1);
        }
    }

    /// Takes files from the disk of a server, if that is down.
    pub(super) fn lose_files(&mut self, fault: FaultIndex, place: Place, spec: &FileSpec, trail: Trail) {
        if self.slot(place).is_up {
            return;
        }
        let folders = self.slot(place).disk.folders();
        for folder in folders {
            for name in self.slot(place).disk.files(folder) {
                let file = FilePath { folder, name };
                if !self.is_meant(spec, file) {
                    continue;
                }
                let Some(bytes) = Arc::make_mut(&mut self.slot_mut(place).disk).lose_file(file) else { continue };
                self.tell(self.id(place), trail, WorldFact::DiskLost { file, bytes });
                self.prove(Some(fault), |proof| {
                    proof.files_lost += 1;
                    proof.bytes_lost += bytes;
                });
            }
        }
    }

    fn is_meant(&self, spec: &FileSpec, file: FilePath) -> bool {
        match spec {
            FileSpec::Named(name) => file.name == *name,
            FileSpec::Directory(directory) => file.folder.directory() == *directory,
            FileSpec::Partition(topic, partition) => self.is_in(file.folder, self.roles.partition_named(topic, *partition)),
            FileSpec::InPartition(topic, partition, kind) => {
                self.is_in(file.folder, self.roles.partition_named(topic, *partition)) && is_of(*kind, file.name)
            }
        }
    }

    fn is_in(&self, folder: Folder, partition: Option<TopicPartition>) -> bool {
        match folder {
            Folder::Root(_) => false,
            Folder::Log(_, other) | Folder::Deleted(_, other) => Some(other) == partition,
        }
    }

    fn place_on_disk(&self, spec: &FileSpec) -> Option<OnDisk> {
        match spec {
            FileSpec::Named(name) => Some(OnDisk::Name(*name)),
            FileSpec::Directory(directory) => Some(OnDisk::Directory(*directory)),
            FileSpec::Partition(topic, partition) | FileSpec::InPartition(topic, partition, _) => {
                self.roles.partition_named(topic, *partition).map(OnDisk::Segments)
            }
        }
    }
}

fn is_of(kind: FileKind, name: FileName) -> bool {
    match kind {
        FileKind::Segment => matches!(name, FileName::Segment(_)),
        FileKind::OffsetIndex => matches!(name, FileName::OffsetIndex(_)),
        FileKind::TimeIndex => matches!(name, FileName::TimeIndex(_)),
        FileKind::Named(wanted) => name == wanted,
    }
}
