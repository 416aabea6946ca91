//! The logs of a broker: opening them at a start, giving a new one its place, failing them with their log directory, and the
//! checkpoints beside them.
//!
//! Every directory of `log.dirs` may be on a disk of its own. One call that a disk fails is enough: its directory is not used
//! any more in this life, and every replica in it is offline. The metadata log lies in the first one, so the broker ends
//! itself when that fails, and when the last one does.
//!
//! Invariant: a replica is offline exactly if its directory has failed, its log was refused, or there was no directory left to
//! make it in; and a directory that has failed stays so until the next start.
//!
//! Source: Kafka's `LogManager`, `LogDirFailureChannel`, `ReplicaManager.handleLogDirFailure`, `CleanShutdownFileHandler`.
//! Called by: [`Broker`] at its start and after each of its turns, [`super::roles`] for new logs, [`super::upkeep`] by the
//! clock.
//!
//! Kafka differs: it loads the topics' own settings before the logs, and writes its checkpoints whether they changed or not;
//! it does not sync the folder after the mark of a clean shutdown is gone, so that a power failure may bring the mark back.
//!
//! Not modelled: directory ids of brokers (KIP-858; a heartbeat names the replicas), moving a replica between directories.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Broker;
use crate::context::{Context, Disk};
use crate::controller::image::MetadataImage;
use crate::error::Fault;
use crate::event::{Fact, LogFact, ReplicaFact};
use crate::files::{FileName, Folder};
use crate::ids::{BrokerEpoch, LogDirectory, Offset, TopicPartition};
use crate::log::{Known, LoadError, LogPlace, PartitionLog, checkpoint, finish_deletion};
use crate::replica::{Partition, RoleChange};

/// One offset per partition.
type Entries = Vec<(TopicPartition, Offset)>;

/// The log directories of a broker.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    directories: Vec<Directory>,
    /// Replicas that are offline and have no log here, and why.
    without_log: BTreeMap<TopicPartition, Arc<String>>,
    previous_epoch: Option<BrokerEpoch>,
}

#[derive(Clone, Debug, Default)]
struct Directory {
    has_failed: bool,
    /// The checkpoints as they lie on the disk: they are not written again unchanged.
    written: [Entries; 4],
}

/// A file with an offset for each log of its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checkpoint {
    HighWatermarks,
    RecoveryPoints,
    LogStarts,
    /// Of the logs that were cleaned: from where on they are dirty.
    Cleaner,
}

impl Checkpoint {
    fn name(self) -> FileName {
        match self {
            Self::HighWatermarks => FileName::HighWatermarkCheckpoint,
            Self::RecoveryPoints => FileName::RecoveryPointCheckpoint,
            Self::LogStarts => FileName::LogStartCheckpoint,
            Self::Cleaner => FileName::CleanerCheckpoint,
        }
    }

    fn of(self, replica: &Partition) -> Option<Offset> {
        match self {
            Self::HighWatermarks => Some(replica.high_watermark()),
            Self::RecoveryPoints => Some(replica.log().flushed_offset()),
            Self::LogStarts => Some(replica.log().start_offset()),
            Self::Cleaner => replica.log().first_dirty(),
        }
    }

    fn written(self, partitions: u32) -> LogFact {
        match self {
            Self::HighWatermarks => LogFact::HighWatermarksCheckpointed { partitions },
            Self::RecoveryPoints => LogFact::RecoveryPointsCheckpointed { partitions },
            Self::LogStarts => LogFact::LogStartsCheckpointed { partitions },
            Self::Cleaner => LogFact::CleanerCheckpointed { partitions },
        }
    }
}

impl Logs {
    /// The registration of the life before, if that ended in order, in every directory (KIP-966).
    #[must_use]
    pub fn previous_epoch(&self) -> Option<BrokerEpoch> {
        self.previous_epoch
    }

    /// Whether this replica is offline without a log.
    #[must_use]
    pub fn is_offline(&self, partition: TopicPartition) -> bool {
        self.without_log.contains_key(&partition)
    }

    /// The partition is not this broker's any more.
    pub(super) fn forget(&mut self, partition: TopicPartition) {
        self.without_log.remove(&partition);
    }

    fn is_live(&self, directory: LogDirectory) -> bool {
        self.directories.get(usize::from(directory.0)).is_some_and(|known| !known.has_failed)
    }

    fn live(&self) -> impl Iterator<Item = LogDirectory> + use<> {
        let live: Vec<_> = (0..).zip(&self.directories).filter(|(_, known)| !known.has_failed).map(|(place, _)| place).collect();
        live.into_iter().map(LogDirectory)
    }
}

/// What the files of a directory say of its logs.
struct Beside {
    high_watermarks: Entries,
    recovery_points: Entries,
    log_starts: Entries,
    cleaned: Entries,
    /// Its content, if there is a mark of a clean shutdown.
    clean_mark: Option<Bytes>,
}

impl Beside {
    fn of(&self, partition: TopicPartition) -> Known {
        let entry =
            |entries: &Entries| entries.iter().find(|(checkpointed, _)| *checkpointed == partition).map(|(_, offset)| *offset);
        let offset = |entries: &Entries| entry(entries).unwrap_or(Offset::ZERO);
        Known {
            high_watermark: offset(&self.high_watermarks),
            recovery_point: offset(&self.recovery_points),
            log_start: offset(&self.log_starts),
            cleaned: entry(&self.cleaned),
            was_clean: self.clean_mark.is_some(),
        }
    }
}

impl Broker {
    /// Reads every directory of `log.dirs` back. What cannot be read is offline from the beginning.
    pub(super) fn open_logs(&mut self, cx: &mut Context<'_>) {
        let count = self.setup.config.log_dirs.0;
        self.logs.directories = vec![Directory::default(); usize::from(count)];
        let folders = cx.folders();
        let mut marks = Vec::new();
        for directory in (0..count).map(LogDirectory) {
            let inside: Vec<Folder> = folders.iter().copied().filter(|folder| folder.directory() == directory).collect();
            match self.open_directory(directory, &inside, cx) {
                Ok(mark) => marks.push(mark),
                Err(fault) => self.take_unread_offline(&inside, &fault, cx),
            }
        }
        // A log that ends before its recovery point must not have it speak for the records that come next.
        self.write_checkpoint(Checkpoint::RecoveryPoints, cx);
        let epoch = |mark: &Option<Bytes>| mark.as_deref().and_then(|mark| std::str::from_utf8(mark).ok()?.parse().ok());
        let first = marks.first().and_then(epoch);
        let all_agree = marks.len() == usize::from(count) && marks.iter().all(|mark| epoch(mark) == first);
        self.logs.previous_epoch = first.filter(|_| all_agree).map(BrokerEpoch);
    }

    /// Reads the logs of one directory back; returns what the mark of a clean shutdown said.
    fn open_directory(&mut self, directory: LogDirectory, inside: &[Folder], cx: &mut Context<'_>) -> Result<Option<Bytes>, Fault> {
        let root = Folder::Root(directory);
        let beside = Beside {
            high_watermarks: read_checkpoint(root, Checkpoint::HighWatermarks, cx)?,
            recovery_points: read_checkpoint(root, Checkpoint::RecoveryPoints, cx)?,
            log_starts: read_checkpoint(root, Checkpoint::LogStarts, cx)?,
            cleaned: read_checkpoint(root, Checkpoint::Cleaner, cx)?,
            clean_mark: self.take_clean_mark(root, cx)?,
        };
        for folder in inside {
            match *folder {
                Folder::Deleted(_, partition) => finish_deletion(self.place(directory, partition), cx)?,
                Folder::Log(_, partition) if partition != TopicPartition::METADATA => {
                    self.open_log(self.place(directory, partition), beside.of(partition), cx)?;
                }
                Folder::Log(..) | Folder::Root(_) => {}
            }
        }
        if let Some(known) = self.logs.directories.get_mut(usize::from(directory.0)) {
            known.written = [beside.high_watermarks, beside.recovery_points, beside.log_starts, beside.cleaned];
        }
        Ok(beside.clean_mark)
    }

    /// The topics' own configuration is not known before the metadata is.
    fn open_log(&mut self, place: LogPlace, known: Known, cx: &mut Context<'_>) -> Result<(), Fault> {
        if self.partitions.get(place.partition).is_some() {
            let why = format!("{} is a second log of {}", place.folder(), place.partition);
            cx.emit(LogFact::LogRefused { partition: place.partition, why: Arc::new(why) });
            return Ok(());
        }
        match PartitionLog::load(place, self.setup.topic_defaults.clone(), known, cx) {
            Ok(log) => self.partitions.insert(Partition::new(Arc::clone(&self.replica_setup), log, known.high_watermark)),
            Err(LoadError::Refused(why)) => self.take_offline(place.partition, &why, cx),
            Err(LoadError::Failed(fault)) => return Err(fault),
        }
        Ok(())
    }

    /// The mark counts for one start: the process may not end in order again.
    fn take_clean_mark(&self, root: Folder, cx: &mut Context<'_>) -> Result<Option<Bytes>, Fault> {
        let file = root.file(FileName::CleanShutdown);
        let Some(length) = cx.len(file) else { return Ok(None) };
        let mark = cx.read(file, 0, length)?;
        cx.delete(file)?;
        if self.setup.variants.folder_sync.is_on() {
            cx.sync_folder(root)?;
        }
        Ok(Some(mark))
    }

    /// A replica without a log that could be read or made.
    fn take_offline(&mut self, partition: TopicPartition, why: &Arc<String>, cx: &mut Context<'_>) {
        if self.logs.without_log.insert(partition, Arc::clone(why)).is_none() {
            cx.emit(ReplicaFact::ReplicaOffline { partition, why: Arc::clone(why) });
        }
    }

    fn take_unread_offline(&mut self, inside: &[Folder], fault: &Fault, cx: &mut Context<'_>) {
        let why = Arc::new(fault.to_string());
        for folder in inside {
            match *folder {
                Folder::Log(_, partition) if partition != TopicPartition::METADATA => {
                    if self.partitions.get(partition).is_none() {
                        self.take_offline(partition, &why, cx);
                    }
                }
                Folder::Log(..) | Folder::Root(_) | Folder::Deleted(..) => {}
            }
        }
    }

    /// Makes the log of a partition if there is none yet. Returns whether the replica can take a role: not while it is offline.
    pub(super) fn ensure_log(&mut self, partition: TopicPartition, image: &MetadataImage, cx: &mut Context<'_>) -> bool {
        let topic = image.topic(partition.topic).expect("a topic is written before its partitions");
        if let Some(replica) = self.partitions.get_mut(partition) {
            if replica.epoch().is_none() {
                replica.set_config(topic.effective_config(&self.setup.topic_defaults));
            }
            return true;
        }
        if self.logs.is_offline(partition) {
            return false;
        }
        let config = topic.effective_config(&self.setup.topic_defaults);
        let Some(directory) = self.emptiest_directory() else { return false };
        match PartitionLog::create(self.place(directory, partition), config, cx) {
            Ok(log) => {
                self.partitions.insert(Partition::new(Arc::clone(&self.replica_setup), log, Offset::ZERO));
                true
            }
            Err(fault) => {
                self.take_offline(partition, &Arc::new(fault.to_string()), cx);
                false
            }
        }
    }

    /// The live directory with the fewest logs; of several, the first.
    fn emptiest_directory(&self) -> Option<LogDirectory> {
        let mut live = self.logs.live();
        let first = live.next()?;
        let Some(second) = live.next() else { return Some(first) };
        let logs_in = |directory| self.partitions.iter().filter(|replica| replica.log().directory() == directory).count();
        [first, second].into_iter().chain(live).min_by_key(|directory| logs_in(*directory))
    }

    fn place(&self, directory: LogDirectory, partition: TopicPartition) -> LogPlace {
        LogPlace { directory, partition, folder_sync: self.setup.variants.folder_sync }
    }

    /// After a turn: a log that was cut has a lower recovery point, which must not speak for the records that come next; and
    /// what the disk failed to do takes the directories along.
    pub(super) fn settle_disks(&mut self, cx: &mut Context<'_>) {
        let is_cut = |fact: &Fact| matches!(fact, Fact::Log(LogFact::LogTruncated { .. } | LogFact::LogStartAdvanced { .. }));
        if cx.has_told(is_cut) {
            self.write_checkpoint(Checkpoint::RecoveryPoints, cx);
            self.write_checkpoint(Checkpoint::Cleaner, cx);
        }
        self.handle_disk_failures(cx);
    }

    fn handle_disk_failures(&mut self, cx: &mut Context<'_>) {
        loop {
            let failures = cx.take_disk_failures();
            if failures.is_empty() {
                return;
            }
            for (directory, fault) in failures {
                if self.logs.is_live(directory) {
                    self.fail_directory(directory, &fault, cx);
                }
            }
        }
    }

    fn fail_directory(&mut self, directory: LogDirectory, fault: &Fault, cx: &mut Context<'_>) {
        if let Some(known) = self.logs.directories.get_mut(usize::from(directory.0)) {
            known.has_failed = true;
        }
        cx.emit(LogFact::LogDirectoryFailed { directory: directory.0, why: Arc::new(fault.to_string()) });
        let inside = self.partitions.iter().filter(|replica| replica.log().directory() == directory);
        for partition in inside.map(Partition::partition).collect::<Vec<_>>() {
            let Some(replica) = self.partitions.get_mut(partition) else { continue };
            replica.become_offline(fault, cx);
            self.replicator.forget(partition, cx);
            let change = RoleChange { announced: Some(cx.latest()), stopped_leading: true, high_watermark: None };
            self.release_changed(partition, change, cx);
        }
        if directory == LogDirectory::FIRST {
            cx.halt(format!("the log directory of the metadata log failed: {fault}"));
        } else if self.logs.live().next().is_none() {
            cx.halt(format!("every log directory has failed: {fault}"));
        }
        self.report_soon(cx);
    }

    /// The replicas that serve nobody, for the controller to know.
    pub(super) fn offline_replicas(&self) -> Vec<TopicPartition> {
        let has_failed = self.logs.directories.iter().any(|directory| directory.has_failed);
        let failed = self.partitions.iter().filter(|replica| has_failed && replica.is_offline()).map(Partition::partition);
        let mut offline: Vec<_> = self.logs.without_log.keys().copied().chain(failed).collect();
        offline.sort_unstable();
        offline
    }

    /// Writes one checkpoint of every live directory, where it changed. A failure takes its directory along.
    pub(super) fn write_checkpoint(&mut self, which: Checkpoint, cx: &mut Context<'_>) {
        for directory in self.logs.live() {
            let inside = self.partitions.iter().filter(|replica| replica.log().directory() == directory);
            let now: Entries = inside.filter_map(|replica| Some((replica.partition(), which.of(replica)?))).collect();
            let Some(known) = self.logs.directories.get_mut(usize::from(directory.0)) else { continue };
            let [high_watermarks, recovery_points, log_starts, cleaned] = &mut known.written;
            let written = match which {
                Checkpoint::HighWatermarks => high_watermarks,
                Checkpoint::RecoveryPoints => recovery_points,
                Checkpoint::LogStarts => log_starts,
                Checkpoint::Cleaner => cleaned,
            };
            let file = Folder::Root(directory).file(which.name());
            if *written == now || checkpoint::write(file, &now, self.setup.variants.folder_sync, cx).is_err() {
                continue;
            }
            cx.emit(which.written(u32::try_from(now.len()).expect("a broker holds fewer than 2^32 partitions")));
            *written = now;
        }
    }

    /// `flush.ms`: flushes the logs that were not flushed for so long.
    pub(super) fn flush_old(&mut self, cx: &mut Context<'_>) {
        let is_due = |replica: &&Partition| replica.log().is_flush_due(cx.mono()) && !replica.is_offline();
        let due: Vec<_> = self.partitions.iter().filter(is_due).map(Partition::partition).collect();
        for partition in due {
            if let Some(replica) = self.partitions.get_mut(partition) {
                replica.flush(cx);
            }
        }
    }

    /// The last deed of a broker that ends in order: everything is made durable, and a mark says so, with the registration of
    /// this life (KIP-966). A directory that fails meanwhile gets no mark.
    pub fn close_logs(&mut self, epoch: Option<BrokerEpoch>, cx: &mut Context<'_>) {
        let all: Vec<_> = self.partitions.iter().filter(|replica| !replica.is_offline()).map(Partition::partition).collect();
        for partition in all {
            if let Some(replica) = self.partitions.get_mut(partition) {
                replica.flush(cx);
            }
        }
        for which in [Checkpoint::RecoveryPoints, Checkpoint::LogStarts, Checkpoint::HighWatermarks] {
            self.write_checkpoint(which, cx);
        }
        self.handle_disk_failures(cx);
        let content = Bytes::from(epoch.map_or(String::new(), |epoch| epoch.0.to_string()));
        for directory in self.logs.live() {
            let file = Folder::Root(directory).file(FileName::CleanShutdown);
            let written = checkpoint::replace(file, content.clone(), self.setup.variants.folder_sync, cx);
            if written.is_err() {
                continue; // its directory fails after this turn, and the next start scans it
            }
        }
    }
}

/// A checkpoint that is damaged says nothing: its logs are scanned whole. Errors: the disk's.
fn read_checkpoint(root: Folder, which: Checkpoint, cx: &mut Context<'_>) -> Result<Entries, Fault> {
    match checkpoint::read(root.file(which.name()), cx) {
        Err(Fault::Corrupt { .. }) => Ok(Vec::new()),
        other => other,
    }
}
