//! What lies on a disk, file by file, for people: the fields behind `tribunal dump`.
//!
//! Invariant: looking changes nothing, and trusts nothing: what cannot be read is told as such, with its bytes counted.
//!
//! Source: Kafka's `DumpLogSegments`. Called by: the command line, on the disk of a process at some step.

use std::ops::Range;

use bytes::Bytes;

use super::checkpoint;
use super::epochs::EpochEntry;
use crate::context::DiskView;
use crate::error::Fault;
use crate::files::{FileName, FilePath, Folder};
use crate::ids::{LogDirectory, Offset, TopicPartition};
use crate::record::{BatchHeader, HEADER_BYTES, Record, RecordBatch};
use crate::time::Timestamp;

/// One replica's log as it lies on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct LogDump {
    /// Whose log.
    pub partition: TopicPartition,
    /// The log directory it lies in.
    pub directory: LogDirectory,
    /// Its segments, oldest first.
    pub segments: Vec<SegmentDump>,
    /// The leader-epoch checkpoint: which epoch began where; `None` when there is no such file.
    pub epochs: Option<Result<Vec<EpochEntry>, Fault>>,
    /// Up to where the recovery-point checkpoint of its directory says it is on the device.
    pub recovery_point: Option<Offset>,
    /// What the high-watermark checkpoint of its directory says.
    pub high_watermark: Option<Offset>,
    /// Where the log-start checkpoint of its directory says it begins.
    pub log_start: Option<Offset>,
    /// Every file in its folder, in the order of their names.
    pub files: Vec<FileDump>,
}

/// A file, and what a power failure might take of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDump {
    /// Where it lies.
    pub path: FilePath,
    /// Its length.
    pub bytes: u64,
    /// Which of its bytes are not on the device for sure.
    pub not_durable: Vec<Range<u64>>,
    /// Whether its name would be found again.
    pub is_entry_durable: bool,
}

/// One segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentDump {
    /// The offset it is named by.
    pub base: Offset,
    /// Its file of batches.
    pub file: FileDump,
    /// The batches in it, as far as one header leads to the next.
    pub batches: Vec<BatchDump>,
    /// What follows them and is no batch.
    pub rest: Option<RestDump>,
    /// Its offset index; `None` when there is no such file.
    pub offset_index: Option<Vec<OffsetEntryDump>>,
    /// Its time index; `None` when there is no such file.
    pub time_index: Option<Vec<TimeEntryDump>>,
}

/// One batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchDump {
    /// Where in the file it begins.
    pub position: u64,
    /// What its header says: offsets, epoch, checksum, timestamps, producer, size.
    pub header: BatchHeader,
    /// What is wrong with it, its checksum for instance; `None` when it is sound.
    pub damage: Option<Fault>,
    /// Whether all of it is on the device for sure.
    pub is_durable: bool,
    /// Its records; none when it is damaged or compressed.
    pub records: Vec<Record>,
}

/// Bytes in which no batch can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestDump {
    /// Where they begin.
    pub position: u64,
    /// How many they are.
    pub bytes: u64,
    /// Why no batch begins there.
    pub why: Fault,
}

/// An entry of an offset index: the batch that ends with `offset` begins at `position`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetEntryDump {
    /// The offset.
    pub offset: Offset,
    /// The position in the segment's file.
    pub position: u32,
}

/// An entry of a time index: up to `offset` no record is later than `timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeEntryDump {
    /// The timestamp.
    pub timestamp: Timestamp,
    /// The offset.
    pub offset: Offset,
}

/// What lies in a log directory beside the logs.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryDump {
    /// Which.
    pub directory: LogDirectory,
    /// Its files, in the order of their names.
    pub files: Vec<FileDump>,
    /// The recovery-point checkpoint; `None` when there is no such file.
    pub recovery_points: Option<Checkpoint>,
    /// The high-watermark checkpoint. (A controller keeps something else under this name: how far the trace was told.)
    pub high_watermarks: Option<Checkpoint>,
    /// The log-start checkpoint.
    pub log_starts: Option<Checkpoint>,
    /// The bytes of the quorum state, to be read by `raft`.
    pub quorum_state: Option<Bytes>,
    /// The bytes of `meta.properties`, to be read by `raft`.
    pub meta_properties: Option<Bytes>,
    /// Whether the last life ended in order.
    pub was_clean: bool,
    /// The logs in it.
    pub logs: Vec<TopicPartition>,
}

/// One offset per partition, or why the file cannot be read.
pub type Checkpoint = Result<Vec<(TopicPartition, Offset)>, Fault>;

/// The log directories that hold something, in order.
#[must_use]
pub fn directories(disk: &dyn DiskView) -> Vec<LogDirectory> {
    let mut found: Vec<LogDirectory> = disk.folders().into_iter().map(Folder::directory).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What lies in one log directory beside the logs, and which logs there are.
#[must_use]
pub fn dump_directory(directory: LogDirectory, disk: &dyn DiskView) -> DirectoryDump {
    let root = Folder::Root(directory);
    let checkpoint = |name| disk.content(root.file(name)).map(|bytes| checkpoint::parse(&bytes));
    let log = |folder| match folder {
        Folder::Log(other, partition) if other == directory => Some(partition),
        Folder::Log(..) | Folder::Root(_) | Folder::Deleted(..) => None,
    };
    DirectoryDump {
        directory,
        files: files_of(root, disk),
        recovery_points: checkpoint(FileName::RecoveryPointCheckpoint),
        high_watermarks: checkpoint(FileName::HighWatermarkCheckpoint),
        log_starts: checkpoint(FileName::LogStartCheckpoint),
        quorum_state: disk.content(root.file(FileName::QuorumState)),
        meta_properties: disk.content(root.file(FileName::MetaProperties)),
        was_clean: disk.content(root.file(FileName::CleanShutdown)).is_some(),
        logs: disk.folders().into_iter().filter_map(log).collect(),
    }
}

/// The log of one partition, in whichever log directory it lies; `None` when there is none.
#[must_use]
pub fn dump_log(partition: TopicPartition, disk: &dyn DiskView) -> Option<LogDump> {
    let folder = disk.folders().into_iter().find(|folder| matches!(folder, Folder::Log(_, other) if *other == partition))?;
    let beside = dump_directory(folder.directory(), disk);
    let entry = |checkpoint: Option<Checkpoint>| {
        checkpoint?.ok()?.into_iter().find_map(|(other, offset)| (other == partition).then_some(offset))
    };
    let names = disk.files(folder);
    let epochs = disk.content(folder.file(FileName::LeaderEpochCheckpoint));
    Some(LogDump {
        partition,
        directory: folder.directory(),
        segments: names.iter().filter_map(|name| dump_segment(folder, *name, disk)).collect(),
        epochs: epochs.map(|bytes| checkpoint::parse_epochs(&bytes)),
        recovery_point: entry(beside.recovery_points),
        high_watermark: entry(beside.high_watermarks),
        log_start: entry(beside.log_starts),
        files: files_of(folder, disk),
    })
}

fn files_of(folder: Folder, disk: &dyn DiskView) -> Vec<FileDump> {
    disk.files(folder).into_iter().map(|name| dump_file(folder.file(name), disk)).collect()
}

fn dump_file(path: FilePath, disk: &dyn DiskView) -> FileDump {
    let bytes = disk.content(path).map_or(0, |content| content.len() as u64);
    FileDump { path, bytes, not_durable: disk.not_durable(path), is_entry_durable: disk.is_entry_durable(path) }
}

/// The segment of this name; `None` when the name is that of another kind of file.
fn dump_segment(folder: Folder, name: FileName, disk: &dyn DiskView) -> Option<SegmentDump> {
    let base = name.segment_base()?;
    let file = dump_file(folder.file(name), disk);
    let content = disk.content(file.path)?;
    let mut batches = Vec::new();
    let mut position = 0;
    let mut rest = None;
    while position < content.len() {
        match dump_batch(&content, position, &file.not_durable) {
            Ok((batch, end)) => {
                batches.push(batch);
                position = end;
            }
            Err(why) => {
                rest = Some(RestDump { position: position as u64, bytes: (content.len() - position) as u64, why });
                break;
            }
        }
    }
    let offset_index = disk.content(folder.file(FileName::OffsetIndex(base))).map(|bytes| offset_entries(base, &bytes));
    let time_index = disk.content(folder.file(FileName::TimeIndex(base))).map(|bytes| time_entries(base, &bytes));
    Some(SegmentDump { base, file, batches, rest, offset_index, time_index })
}

/// The batch at a position, and where it ends. Errors: there is none, or not all of one.
fn dump_batch(content: &Bytes, position: usize, not_durable: &[Range<u64>]) -> Result<(BatchDump, usize), Fault> {
    let header = BatchHeader::parse(content.get(position..).unwrap_or_default())?;
    let size = usize::try_from(header.size).map_err(|_| Fault::Truncated("batch"))?;
    let end = position.checked_add(size.max(HEADER_BYTES)).ok_or(Fault::Truncated("batch"))?;
    if end > content.len() {
        return Err(Fault::Truncated("batch"));
    }
    let (records, damage) = match RecordBatch::decode(content.slice(position..end)) {
        Ok(batch) => (batch.records, None),
        Err(damage) => (Vec::new(), Some(damage)),
    };
    let is_durable = !not_durable.iter().any(|range| range.start < end as u64 && range.end > position as u64);
    Ok((BatchDump { position: position as u64, header, damage, is_durable, records }, end))
}

fn offset_entries(base: Offset, bytes: &[u8]) -> Vec<OffsetEntryDump> {
    let entry = |raw: &[u8; 8]| {
        let [a, b, c, d, e, f, g, h] = *raw;
        OffsetEntryDump {
            offset: base.plus(u64::from(u32::from_be_bytes([a, b, c, d]))),
            position: u32::from_be_bytes([e, f, g, h]),
        }
    };
    bytes.as_chunks().0.iter().map(entry).collect()
}

fn time_entries(base: Offset, bytes: &[u8]) -> Vec<TimeEntryDump> {
    let entry = |raw: &[u8; 12]| {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *raw;
        TimeEntryDump {
            timestamp: Timestamp(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
            offset: base.plus(u64::from(u32::from_be_bytes([i, j, k, l]))),
        }
    };
    bytes.as_chunks().0.iter().map(entry).collect()
}
