//! What the world does: lives, disks, faults.

use super::super::finding::Scene;
use super::super::log_copy::DiskState;
use super::Checks;
use crate::event::{DiskFault, Event, FaultFact, WorldFact};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{ProcessId, TopicPartition};

impl Checks {
    pub(super) fn observe_fault(&mut self, event: &Event, fact: &FaultFact) {
        self.converges.disturb(event.at, &self.promises);
        match fact {
            FaultFact::LinkCut { .. } => self.converges.count_cut(true),
            FaultFact::LinkHealed { .. } => self.converges.count_cut(false),
            FaultFact::FaultStruck { .. }
            | FaultFact::FaultHealed { .. }
            | FaultFact::FaultSpared { .. }
            | FaultFact::FaultMissed { .. }
            | FaultFact::FaultDrawn { .. } => {}
        }
    }

    pub(super) fn observe_world(&mut self, event: &Event, fact: &WorldFact) {
        let process = event.process;
        match fact {
            WorldFact::RunStarted { .. } => self.names.observe(event),
            WorldFact::RunEnded { .. } => {
                self.quorum_time.count_until(event.at, &mut self.counts);
                self.idle_times.finish(event.at, &self.groups, &mut self.counts);
                return;
            }
            WorldFact::ProcessStarted { .. } => {
                self.live.start(process);
                self.retention_contract.begin_anew(process);
                self.assertions_hold.start();
            }
            WorldFact::ProcessCrashed { .. } | WorldFact::ProcessHalted { .. } | WorldFact::ProcessStopped { .. } => {
                self.live.stop(process);
                self.ledger.forget_roles(process);
                self.sends.abandon(process);
                self.poll_order.forget(process);
                self.no_poll_skip.forget(process);
                self.reader_up_to_date.forget(process);
                self.processed.end(process);
                self.end_member(event);
                self.epochs_monotone.end_life(process);
                self.quorum_time.end(event.at, process, &mut self.counts);
            }
            WorldFact::ProcessPaused {} => self.live.pause(process, true),
            WorldFact::ProcessResumed {} => {
                self.live.pause(process, false);
                self.retention_contract.begin_anew(process);
            }
            WorldFact::DiskLost { file, .. } => self.suspect(process, *file, DiskState::LostUnsynced),
            WorldFact::DiskCorrupted { file, .. } => {
                self.suspect(process, *file, DiskState::Corrupted);
                self.forgive(event, *file);
            }
            WorldFact::DiskReplaced { .. } => {
                self.ledger.empty_disk(process);
                self.retention_contract.empty_disk(process);
                self.compaction_contract.empty_disk(process);
                self.live.replace_disk(process);
                self.epochs_monotone.forget_disk(process);
                self.single_vote_per_epoch.replace_disk(process);
            }
            WorldFact::DiskFaulted { file, fault } => self.fail_disk(event, *file, *fault),
            WorldFact::AssertionFailed { message } => self.assertions_hold.fail(Scene { event, names: &self.names }, message),
            WorldFact::ClockSet { .. } | WorldFact::ClockJumped { .. } => self.set_clock(event, fact),
            WorldFact::ShutdownRequested {} => {}
        }
        self.converges.disturb(event.at, &self.promises);
    }

    /// A call to a disk went wrong. What the log holds may be less (or more) than was told; the broker's own duty remains.
    fn fail_disk(&mut self, event: &Event, file: FilePath, fault: DiskFault) {
        match fault {
            DiskFault::WriteFailed | DiskFault::Full => {
                if let Some(partition) = log_of(file) {
                    self.ledger.partition_mut(partition).copy_mut(event.process).may_hold_more = true;
                }
            }
            DiskFault::SyncLied => {
                if let Some(partition) = log_of(file) {
                    let copy = self.ledger.partition_mut(partition).copy_mut(event.process);
                    copy.flushed = copy.start;
                }
                if let Folder::Root(_) = file.folder {
                    self.ledger.doubt_folders(event.process);
                }
                self.forgive(event, file);
            }
            DiskFault::SyncFailed => self.suspect(event.process, file, DiskState::LostUnsynced),
            DiskFault::MisdirectedWrite | DiskFault::BitRot | DiskFault::ShortRead => {
                self.suspect(event.process, file, DiskState::Corrupted);
                self.forgive(event, file);
            }
            DiskFault::Stalled => self.live.stall(event.process, event.at),
            DiskFault::ReadFailed => {}
        }
    }

    fn suspect(&mut self, process: ProcessId, file: FilePath, disk: DiskState) {
        if let Some(partition) = log_of(file) {
            self.ledger.partition_mut(partition).suspect(process, disk);
        }
    }

    /// What a disk did wrong is told after what came of it in the same turn.
    fn forgive(&mut self, event: &Event, file: FilePath) {
        if is_quorum_state(file) {
            self.epochs_monotone.forget_disk(event.process);
            self.single_vote_per_epoch.forget_votes(event.process);
        }
        let Some(partition) = log_of(file) else { return };
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.recovery_prefix.forgive(scene, ledger);
        self.committed_kept.forgive(scene, ledger);
        self.strong_isr.forgive(scene, ledger);
        self.weak_isr.forgive(scene, ledger);
    }
}

/// The log whose records are in this file.
fn log_of(file: FilePath) -> Option<TopicPartition> {
    match (file.folder, file.name) {
        (Folder::Log(_, partition), FileName::Segment(_)) => Some(partition),
        _ => None,
    }
}

/// Whether a voter's epoch and vote are in this file, or were about to be.
fn is_quorum_state(file: FilePath) -> bool {
    let state = FilePath { name: FileName::QuorumState, ..file };
    matches!(file.folder, Folder::Root(_)) && (file == state || file == state.temporary())
}
