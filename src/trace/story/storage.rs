//! What disks and logs do when they fail, and what becomes of the replica.

use super::what::Scene;
use crate::event::{DiskFault, LogFact, ReplicaFact, WorldFact};
use crate::files::FilePath;

impl Scene<'_> {
    /// What goes wrong with a log, or is done away with.
    pub(super) fn log_trouble(&self, fact: &LogFact) -> Option<String> {
        let me = self.me();
        match fact {
            LogFact::LogFenced { partition, end, why } => Some(format!(
                "A change of {me}'s log of {} failed half-way ({why}): nobody knows what the disk holds now. Nothing more is appended at \
                 {end} in this life, else bytes would follow that were never whole (KAFKA-10778).",
                self.partition(*partition)
            )),
            LogFact::LogRefused { partition, why } => Some(format!(
                "{me} can not trust its files of {} ({why}). It leaves them as they are and serves nobody: a wrong record would be worse \
                 than none.",
                self.partition(*partition)
            )),
            LogFact::LogDirectoryFailed { directory, why } => Some(format!(
                "{me}'s log directory {directory} failed ({why}). Every replica in it is offline; those in other directories go on. When the last \
                 directory fails, the broker ends itself."
            )),
            LogFact::LogDeleted { partition } => Some(format!(
                "{me} deletes its log of {}: by the metadata the partition is gone, or lives elsewhere.",
                self.partition(*partition)
            )),
            LogFact::LogStartAdvanced { partition, old, new } => Some(format!(
                "{me}'s log of {} begins at {new} now, not at {old}: what stood before that is gone from it, and a reader that asks for it is told \
                 OFFSET_OUT_OF_RANGE.",
                self.partition(*partition)
            )),
            _ => None,
        }
    }

    pub(super) fn replica_trouble(&self, fact: &ReplicaFact) -> Option<String> {
        let me = self.me();
        match fact {
            ReplicaFact::ReplicaOffline { partition, why } => Some(format!(
                "{me}'s replica of {} is offline: {why}. It leads nothing and follows nobody; the other replicas have to do without it.",
                self.partition(*partition)
            )),
            ReplicaFact::ReplicaResigned { partition, .. } => Some(format!(
                "{me} plays no role in {} any more: the metadata does not count it among the replicas.",
                self.partition(*partition)
            )),
            ReplicaFact::ReadReplicaChosen { partition, replica, .. } => Some(format!(
                "{me} leads {}, but {replica} is in the consumer's own rack and holds what is committed: the consumer is sent there (KIP-392).",
                self.partition(*partition)
            )),
            _ => None,
        }
    }

    /// What processes and disks do.
    pub(super) fn machine(&self, fact: &WorldFact) -> Option<String> {
        let me = self.me();
        match fact {
            WorldFact::DiskFaulted { file, fault } => Some(self.disk_fault(*file, *fault)),
            WorldFact::DiskCorrupted { file, at } => Some(format!(
                "{me}'s disk gives back other bytes of {file} than were written, at {at}. Only a checksum can notice that."
            )),
            WorldFact::ShutdownRequested {} => Some(format!(
                "{me} is asked to shut down. It leaves in order: first it lets go of what it leads, then it writes down what it has, then it ends."
            )),
            WorldFact::ProcessStopped { .. } => {
                Some(format!("{me} has shut down in order. What it wrote is on its disk, and it left a mark that says so."))
            }
            WorldFact::ProcessHalted { why, .. } => {
                Some(format!("{me} ends itself: {why}. Rather no server than one that may lie."))
            }
            _ => None,
        }
    }

    fn disk_fault(&self, file: FilePath, fault: DiskFault) -> String {
        let me = self.me();
        match fault {
            DiskFault::WriteFailed => format!("{me}'s disk fails to write {file}; some first part of it may be there."),
            DiskFault::ReadFailed => format!("{me}'s disk fails to read {file}."),
            DiskFault::SyncFailed => format!(
                "{me}'s disk fails to sync {file}. The unsynced pages are gone from the cache, so a second sync would say «done» of bytes \
                 that are nowhere."
            ),
            DiskFault::SyncLied => {
                format!("{me}'s disk says that it synced {file}, and did not: nobody notices until the power fails.")
            }
            DiskFault::ShortRead => format!("{me}'s disk gives back fewer bytes of {file} than there are."),
            DiskFault::BitRot => format!("{me}'s disk gives back flipped bits of {file}; only a checksum can notice that."),
            DiskFault::MisdirectedWrite => format!("{me}'s disk puts a write to {file} in another place."),
            DiskFault::Full => format!("{me}'s disk has no room left for {file}. What is there stays readable."),
            DiskFault::Stalled => format!("{me}'s disk takes far longer over {file} than usual, and {me} waits for it."),
        }
    }
}
