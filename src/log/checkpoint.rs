//! Small files that are replaced as a whole: high watermarks, recovery points, leader epochs.
//!
//! Invariant: whenever the power fails, the old content or the new one is found, never a mixture: the new content is
//! written under a temporary name, synced, renamed over the old one, and the folder synced.
//!
//! The form is Kafka's: a version line, a line with the number of entries, a line per entry.
//!
//! Source: `CheckpointFile`, `OffsetCheckpointFile`, `LeaderEpochCheckpointFile`.
//!
//! Called by: the log (epochs), replica (high watermarks).
//!
//! Kafka differs: partitions are named by topic there and by the number of the topic here.

use bytes::Bytes;

use super::epochs::EpochEntry;
use crate::config::Switch;
use crate::context::Disk;
use crate::error::Fault;
use crate::files::FilePath;
use crate::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};

const VERSION: &str = "0";

/// Replaces a checkpoint of one offset per partition. Errors: as [`Disk`]'s calls.
pub fn write(file: FilePath, entries: &[(TopicPartition, Offset)], folder_sync: Switch, disk: &mut dyn Disk) -> Result<(), Fault> {
    let line = |(at, offset): &(TopicPartition, Offset)| format!("{} {} {}", at.topic.0, at.partition.0, offset.0);
    replace_lines(file, entries.iter().map(line), folder_sync, disk)
}

/// Reads a checkpoint of one offset per partition; none when there is no file.
/// Errors: [`Fault::Corrupt`], or as [`Disk::read`].
pub fn read(file: FilePath, disk: &mut dyn Disk) -> Result<Vec<(TopicPartition, Offset)>, Fault> {
    content(file, disk)?.map_or_else(|| Ok(Vec::new()), |bytes| parse(&bytes))
}

/// Reads the bytes of a checkpoint of one offset per partition. Errors: [`Fault::Corrupt`].
pub fn parse(bytes: &[u8]) -> Result<Vec<(TopicPartition, Offset)>, Fault> {
    let entry = |[topic, partition, offset]: [u64; 3]| {
        let (topic, partition) = (u32::try_from(topic).ok()?, u32::try_from(partition).ok()?);
        Some((TopicPartition::new(TopicId(topic), PartitionIndex(partition)), Offset(offset)))
    };
    entries(bytes, entry)
}

/// Replaces a log's leader-epoch checkpoint. Errors: as [`Disk`]'s calls.
pub(super) fn write_epochs(file: FilePath, epochs: &[EpochEntry], folder_sync: Switch, disk: &mut dyn Disk) -> Result<(), Fault> {
    replace_lines(file, epochs.iter().map(|entry| format!("{} {}", entry.epoch.0, entry.start.0)), folder_sync, disk)
}

/// Reads a log's leader-epoch checkpoint; none when there is no file.
/// Errors: [`Fault::Corrupt`], or as [`Disk::read`].
pub(super) fn read_epochs(file: FilePath, disk: &mut dyn Disk) -> Result<Vec<EpochEntry>, Fault> {
    content(file, disk)?.map_or_else(|| Ok(Vec::new()), |bytes| parse_epochs(&bytes))
}

/// Reads the bytes of a leader-epoch checkpoint. Errors: [`Fault::Corrupt`].
pub(super) fn parse_epochs(bytes: &[u8]) -> Result<Vec<EpochEntry>, Fault> {
    let entry =
        |[epoch, start]: [u64; 2]| Some(EpochEntry { epoch: LeaderEpoch(u32::try_from(epoch).ok()?), start: Offset(start) });
    entries(bytes, entry)
}

fn replace_lines(
    file: FilePath,
    lines: impl ExactSizeIterator<Item = String>,
    folder_sync: Switch,
    disk: &mut dyn Disk,
) -> Result<(), Fault> {
    let mut text = format!("{VERSION}\n{}\n", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    replace(file, Bytes::from(text), folder_sync, disk)
}

/// Replaces a small file as a whole; on return it survives a power failure, unless folders are not synced (`folder-sync`).
/// Errors: as [`Disk`]'s calls.
pub fn replace(file: FilePath, content: Bytes, folder_sync: Switch, disk: &mut dyn Disk) -> Result<(), Fault> {
    let temporary = file.temporary();
    disk.delete(temporary)?; // an earlier attempt may have ended half way
    disk.append(temporary, content)?;
    disk.sync(temporary)?;
    disk.rename(temporary, file)?;
    if folder_sync.is_on() { disk.sync_folder(file.folder) } else { Ok(()) }
}

fn content(file: FilePath, disk: &mut dyn Disk) -> Result<Option<Bytes>, Fault> {
    match disk.len(file) {
        Some(length) => disk.read(file, 0, length).map(Some),
        None => Ok(None),
    }
}

fn entries<const N: usize, T>(bytes: &[u8], entry: impl Fn([u64; N]) -> Option<T>) -> Result<Vec<T>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| corrupt("not text"))?;
    let mut lines = text.lines();
    if lines.next() != Some(VERSION) {
        return Err(corrupt("another version"));
    }
    let count: usize = lines.next().and_then(|line| line.parse().ok()).ok_or_else(|| corrupt("no number of entries"))?;
    let found: Option<Vec<T>> = lines.map(|line| numbers(line).and_then(&entry)).collect();
    found.filter(|found| found.len() == count).ok_or_else(|| corrupt("an entry that is none, or too few"))
}

fn numbers<const N: usize>(line: &str) -> Option<[u64; N]> {
    let words: Option<Vec<u64>> = line.split(' ').map(|word| word.parse().ok()).collect();
    words?.try_into().ok()
}

fn corrupt(why: &str) -> Fault {
    Fault::Corrupt { what: "checkpoint", why: why.to_owned() }
}
