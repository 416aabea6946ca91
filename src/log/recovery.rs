//! Reading a log back from its disk after a start.
//!
//! Every batch is read and its checksum verified. What follows the first that is damaged, or missing, is cut off: after a
//! power failure a log is a prefix of what it was. The indexes are made anew where they differ, and the epoch cache loses
//! what began beyond the end and gains what the batches say.
//!
//! Invariant: what memory holds afterwards is what the disk holds, and a second recovery finds the same.
//!
//! Source: `LogLoader`, `LogSegment.recover`.
//!
//! Called by: replica and raft, when a process starts and finds the folder of a log.
//!
//! Kafka differs: it trusts the log below its recovery point, or all of it after a clean stop, and does not read it; and it
//! does not miss a segment that the disk lost whole. Here everything is read, because the event tells every batch.

use std::sync::Arc;

use super::checkpoint;
use super::epochs::EpochCache;
use super::partition_log::PartitionLog;
use super::segment::Segment;
use crate::config::TopicConfig;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::{BatchFacts, LogFact, RecoveryFacts};
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{LogDirectory, Offset, TopicPartition};
use crate::record::{BatchHeader, HEADER_BYTES, facts_of, verify};

impl PartitionLog {
    /// Reads the log of `partition` back; makes a new one when there is nothing to read. `high_watermark` is what its
    /// checkpoint says, `was_clean` whether the process had been shut down in order, so that all was flushed.
    ///
    /// Errors: as [`Disk`]'s calls. Damaged bytes are none: they are cut off.
    pub fn recover(
        partition: TopicPartition,
        config: TopicConfig,
        high_watermark: Offset,
        was_clean: bool,
        cx: &mut Context<'_>,
    ) -> Result<Self, Fault> {
        let mut scan =
            Scan { interval_bytes: config.index_interval_bytes, segments: Vec::new(), batches: Vec::new(), torn_bytes: 0 };
        scan.read_folder(partition, cx)?;
        if !was_clean || scan.torn_bytes > 0 {
            // What was removed here, or in the turn that was cut short, must not come back behind new records.
            cx.sync_folder(Folder::Log(LogDirectory::FIRST, partition))?;
        }
        let mut log = match scan.segments.pop() {
            None => Self::begin(partition, config, Offset::ZERO, cx)?,
            Some(active) => Self {
                partition,
                config,
                start: scan.segments.first().unwrap_or(&active).base(),
                closed: Arc::new(scan.segments.into_iter().map(Arc::new).collect()),
                active: Arc::new(active),
                epochs: EpochCache::default(),
                flushed: Offset::ZERO,
                is_folder_unsynced: false,
            },
        };
        // After an unclean stop nobody knows what of it is durable.
        log.flushed = if was_clean && scan.torn_bytes == 0 { log.end_offset() } else { log.start_offset() };
        log.recover_epochs(&scan.batches, cx)?;
        let recovery = RecoveryFacts {
            partition,
            start: log.start_offset(),
            end: log.end_offset(),
            high_watermark: high_watermark.clamp(log.start_offset(), log.end_offset()),
            was_clean,
            torn_bytes: scan.torn_bytes,
            epochs: log.epochs.entries().iter().map(|entry| (entry.epoch, entry.start)).collect(),
            batches: scan.batches,
        };
        cx.emit(LogFact::LogRecovered { recovery: Arc::new(recovery) });
        log.active.probe_indexes(cx);
        Ok(log)
    }

    /// Takes the epochs from the checkpoint, as far as the log reaches, and from the batches what the checkpoint lacks.
    fn recover_epochs(&mut self, batches: &[Arc<BatchFacts>], cx: &mut Context<'_>) -> Result<(), Fault> {
        let file = FilePath::log(self.partition, FileName::LeaderEpochCheckpoint);
        let stored = checkpoint::read_epochs(file, cx).unwrap_or_default(); // a damaged one is as good as none
        let mut epochs = EpochCache::default();
        for entry in &stored {
            epochs.assign(entry.epoch, entry.start);
        }
        epochs.truncate_from_end(self.end_offset());
        for batch in batches {
            if epochs.latest().is_none_or(|latest| batch.leader_epoch > latest) {
                epochs.assign(batch.leader_epoch, batch.base);
            }
        }
        if epochs.entries() != stored {
            return self.write_epochs(epochs, cx);
        }
        self.epochs = epochs;
        Ok(())
    }
}

/// What reading a folder finds.
struct Scan {
    interval_bytes: u64,
    segments: Vec<Segment>,
    batches: Vec<Arc<BatchFacts>>,
    torn_bytes: u64,
}

impl Scan {
    /// Reads the segments in order, cuts the tail that cannot be read, and puts the indexes right.
    fn read_folder(&mut self, partition: TopicPartition, cx: &mut Context<'_>) -> Result<(), Fault> {
        let names = cx.list(Folder::Log(LogDirectory::FIRST, partition));
        let mut is_whole = true;
        for base in names.iter().filter_map(segment_base) {
            let segment = Segment::new(partition, base);
            let length = cx.len(segment.file()).unwrap_or(0);
            let follows = self.segments.last().is_none_or(|last| last.end() == base);
            if !is_whole || !follows {
                is_whole = false;
                self.torn_bytes += length;
                segment.delete(cx)?;
                continue;
            }
            is_whole = self.read_segment(segment, length, cx)?;
        }
        self.close_all_but_last(cx)?;
        self.remove_strays(partition, &names, cx)
    }

    /// Reads one segment up to its end or to what cannot be read, which is cut off. Returns whether it was whole.
    fn read_segment(&mut self, mut segment: Segment, length: u64, cx: &mut Context<'_>) -> Result<bool, Fault> {
        while u64::from(segment.size()) < length {
            let Some((header, facts)) = read_batch(&segment, length, cx)? else { break };
            segment.add(&header, self.interval_bytes);
            self.batches.push(Arc::new(facts));
        }
        let torn = length - u64::from(segment.size());
        if torn > 0 {
            cx.truncate(segment.file(), u64::from(segment.size()))?;
            self.torn_bytes += torn;
        }
        self.segments.push(segment);
        Ok(torn == 0)
    }

    fn close_all_but_last(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let last = self.segments.len().saturating_sub(1);
        for (place, segment) in self.segments.iter_mut().enumerate() {
            if place < last {
                segment.note_closed();
            }
            segment.repair_indexes(cx)?;
        }
        Ok(())
    }

    /// Removes indexes without a segment and checkpoints that were never renamed into place.
    fn remove_strays(&self, partition: TopicPartition, names: &[FileName], cx: &mut Context<'_>) -> Result<(), Fault> {
        for name in names {
            let is_stray = match name {
                FileName::OffsetIndex(base) | FileName::TimeIndex(base) => {
                    self.segments.binary_search_by_key(base, Segment::base).is_err()
                }
                FileName::Temporary(_) => true,
                FileName::Segment(_)
                | FileName::LeaderEpochCheckpoint
                | FileName::RecoveryPointCheckpoint
                | FileName::HighWatermarkCheckpoint
                | FileName::LogStartCheckpoint
                | FileName::QuorumState
                | FileName::CleanShutdown
                | FileName::Snapshot(..)
                | FileName::MetaProperties => false,
            };
            if is_stray {
                cx.delete(FilePath::log(partition, *name))?;
            }
        }
        Ok(())
    }
}

/// Reads the batch at the end of what was read of `segment` so far; `None` when no whole, sound batch that continues the
/// log lies there. Errors: as [`Disk::read`].
fn read_batch(segment: &Segment, length: u64, cx: &mut Context<'_>) -> Result<Option<(BatchHeader, BatchFacts)>, Fault> {
    let at = u64::from(segment.size());
    let header_bytes = u64::try_from(HEADER_BYTES).expect("61 fits");
    if length - at < header_bytes {
        return Ok(None);
    }
    let Ok(header) = BatchHeader::parse(&cx.read(segment.file(), at, header_bytes)?) else { return Ok(None) };
    let end = at + u64::from(header.size);
    if end > length || u32::try_from(end).is_err() || header.base_offset != segment.end() || header.leader_epoch.is_none() {
        return Ok(None);
    }
    let bytes = cx.read(segment.file(), at, u64::from(header.size))?;
    let sound = verify(&bytes).and_then(|header| Ok((header, facts_of(&header, &bytes)?)));
    Ok(sound.ok())
}

fn segment_base(name: &FileName) -> Option<Offset> {
    match name {
        FileName::Segment(base) => Some(*base),
        FileName::OffsetIndex(_)
        | FileName::TimeIndex(_)
        | FileName::LeaderEpochCheckpoint
        | FileName::RecoveryPointCheckpoint
        | FileName::HighWatermarkCheckpoint
        | FileName::LogStartCheckpoint
        | FileName::QuorumState
        | FileName::CleanShutdown
        | FileName::Snapshot(..)
        | FileName::MetaProperties
        | FileName::Temporary(_) => None,
    }
}
