//! A disk as text: the fields of Kafka's dump-log tool under their names there, and what that tool cannot know.
//!
//! What the cluster keeps for itself is decoded without being asked: Kafka's tool wants `--cluster-metadata-decoder` for the
//! metadata log and `--offsets-decoder` for `__consumer_offsets`.

use std::fmt::Display;
use std::ops::Range;

use tribunal::context::DiskView;
use tribunal::controller::records::MetadataRecord;
use tribunal::coordinator::records::GroupRecord;
use tribunal::error::Fault;
use tribunal::files::FileName;
use tribunal::ids::{Offset, ProcessId, TopicPartition};
use tribunal::log::dump::{self, BatchDump, Checkpoint, DirectoryDump, FileDump, LogDump, SegmentDump};
use tribunal::record::control::ControlRecord;
use tribunal::record::{Compression, Record};
use tribunal::trace::{Keys, Names};

use super::words::plainly;

/// A log: its segments with their indexes, its epochs, and what the checkpoints of its log directory say of it.
pub(super) fn log(heading: &str, log: &LogDump, directories: &[DirectoryDump], names: &Names) -> String {
    let name = names.partition(log.partition);
    let mut text = format!("{name} on {heading}\n");
    let what = if log.partition == TopicPartition::METADATA { Written::Metadata } else { Written::Records(Keys::of(&name)) };
    for segment in &log.segments {
        text += &one_segment(&name, segment, what);
    }
    if let Some(epochs) = &log.epochs {
        text += &dumping(&name, "leader-epoch-checkpoint", find(log, FileName::LeaderEpochCheckpoint));
        match epochs {
            Ok(epochs) => {
                epochs.iter().for_each(|entry| text += &format!("epoch: {} startOffset: {}\n", entry.epoch.0, entry.start.0));
            }
            Err(fault) => text += &format!("cannot be read: {fault}\n"),
        }
    }
    // No checkpoint speaks of the metadata log: its high watermark is its quorum's.
    for directory in directories.iter().filter(|_| log.partition != TopicPartition::METADATA) {
        for (what, checkpoint) in checkpoints(directory) {
            let said = match checkpoint {
                Err(fault) => format!("cannot be read: {fault}"),
                Ok(entries) => match entries.iter().find(|(partition, _)| *partition == log.partition) {
                    Some((_, offset)) => format!("{name} {}", offset.0),
                    None => format!("nothing about {name}"),
                },
            };
            text += &format!("Dumping {what}\n{said}\n");
        }
    }
    text
}

/// What there is on a disk, file by file, with the checkpoints told.
pub(super) fn disk(heading: &str, server: ProcessId, disk: &dyn DiskView, names: &Names) -> String {
    let mut text = format!("{heading}\n");
    for directory in dump::directories(disk) {
        let found = dump::dump_directory(directory, disk);
        text += &format!("Log directory {}\n", directory.0);
        for file in &found.files {
            text += &file_line(&file.path.name, file);
        }
        if found.was_clean {
            text += "  its last life ended in order\n";
        }
        for log in &found.logs {
            text += &format!("{}\n", names.partition(*log));
            let files = dump::dump_log(*log, disk).map(|log| log.files).unwrap_or_default();
            files.iter().for_each(|file| text += &file_line(&file.path.name, file));
        }
        // A controller keeps no partitions but the metadata log.
        let is_broker = matches!(server, ProcessId::Broker(_));
        for (what, checkpoint) in checkpoints(&found).into_iter().filter(|_| is_broker) {
            text += &format!("Dumping {what}\n");
            match checkpoint {
                Err(fault) => text += &format!("cannot be read: {fault}\n"),
                Ok(entries) => entries.iter().for_each(|entry| text += &offset_of(entry, names)),
            }
        }
    }
    text
}

fn offset_of((partition, offset): &(TopicPartition, Offset), names: &Names) -> String {
    format!("{} {}\n", names.partition(*partition), offset.0)
}

fn checkpoints(directory: &DirectoryDump) -> Vec<(&'static str, &Checkpoint)> {
    let all = [
        ("recovery-point-offset-checkpoint", &directory.recovery_points),
        ("replication-offset-checkpoint", &directory.high_watermarks),
        ("log-start-offset-checkpoint", &directory.log_starts),
    ];
    all.into_iter().filter_map(|(name, checkpoint)| Some((name, checkpoint.as_ref()?))).collect()
}

fn file_line(name: &impl Display, file: &FileDump) -> String {
    format!("  {name} {} bytes{}\n", file.bytes, not_synced(file).map(|what| format!(" · {what}")).unwrap_or_default())
}

fn find(log: &LogDump, name: FileName) -> Option<&FileDump> {
    log.files.iter().find(|file| file.path.name == name)
}

/// A segment's batches and its two indexes.
fn one_segment(log: &str, segment: &SegmentDump, what: Written) -> String {
    let name = FileName::Segment(segment.base).to_string();
    let mut text = dumping(log, &name, Some(&segment.file));
    text += &format!("Log starting offset: {}\n", segment.base.0);
    for found in &segment.batches {
        text += &batch(found, what);
    }
    if let Some(rest) = &segment.rest {
        text += &format!("position: {} {} bytes that are no batch: {}\n", rest.position, rest.bytes, rest.why);
    }
    if let Some(entries) = &segment.offset_index {
        text += &dumping(log, &FileName::OffsetIndex(segment.base).to_string(), None);
        entries.iter().for_each(|entry| text += &format!("offset: {} position: {}\n", entry.offset.0, entry.position));
    }
    if let Some(entries) = &segment.time_index {
        text += &dumping(log, &FileName::TimeIndex(segment.base).to_string(), None);
        entries.iter().for_each(|entry| text += &format!("timestamp: {} offset: {}\n", entry.timestamp.0, entry.offset.0));
    }
    text
}

/// The line above a file, and what of it is not on the device.
fn dumping(log: &str, name: &str, file: Option<&FileDump>) -> String {
    let told = file.and_then(not_synced).map(|what| format!("  ({what})")).unwrap_or_default();
    format!("Dumping {log}/{name}{told}\n")
}

/// What a power failure may take of a file; `None` when it would leave it whole.
fn not_synced(file: &FileDump) -> Option<String> {
    if !file.is_entry_durable {
        return Some("its name is not synced yet: a power failure may take all of it".to_owned());
    }
    let ranges: Vec<_> = file.not_durable.iter().filter(|range| !range.is_empty()).map(in_words).collect();
    if ranges.is_empty() { None } else { Some(format!("not synced yet: {}", ranges.join(", "))) }
}

fn in_words(range: &Range<u64>) -> String {
    format!("bytes {} to {}", range.start, range.end.saturating_sub(1))
}

/// A batch in one line, under the names of Kafka's tool, and its records below.
fn batch(batch: &BatchDump, what: Written) -> String {
    let header = &batch.header;
    let or_minus = |number: Option<u64>| number.map_or("-1".to_owned(), |number| number.to_string());
    let sequence = header.base_sequence.map(|sequence| u64::from(sequence.0));
    let codec = match header.attributes.compression() {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    };
    let mut text = format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} partitionLeaderEpoch: {} \
         isTransactional: {} isControl: {} position: {} CreateTime: {} size: {} magic: 2 compresscodec: {codec} crc: {} \
         isvalid: {}{}\n",
        header.base_offset.0,
        header.last_offset().0,
        header.count,
        or_minus(sequence),
        or_minus(sequence.map(|first| first + u64::from(header.last_offset_delta))),
        or_minus(header.producer_id.map(|id| id.0)),
        or_minus(header.producer_epoch.map(|epoch| u64::from(epoch.0))),
        or_minus(header.leader_epoch.map(|epoch| u64::from(epoch.0))),
        header.attributes.is_transactional(),
        header.attributes.is_control(),
        batch.position,
        header.max_timestamp.0,
        header.size,
        header.crc,
        batch.damage.is_none(),
        if batch.is_durable { "" } else { "  (not synced)" },
    );
    if let Some(damage) = &batch.damage {
        text += &format!("| {damage}\n");
    }
    for record in &batch.records {
        text += &one_record(record, header.attributes.is_control(), what);
    }
    text
}

/// What stands in the records of a log, and so how they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// Decisions of the controller. Kafka's tool: `--cluster-metadata-decoder`.
    Metadata,
    /// Keys and values. Those of `__consumer_offsets` Kafka's tool reads with `--offsets-decoder`.
    Records(Keys),
}

fn one_record(record: &Record, is_control: bool, what: Written) -> String {
    let what = match what {
        _ if is_control => decoded(ControlRecord::decode(record).map(|control| format!("{control:?}"))),
        Written::Metadata => {
            let value = record.value.clone().unwrap_or_default();
            decoded(MetadataRecord::decode(&value).map(|record| format!("{record:?}")))
        }
        Written::Records(keys) => key_and_value(record, keys),
    };
    format!("| offset: {} CreateTime: {} {what}\n", record.offset.0, record.timestamp.0)
}

fn key_and_value(record: &Record, keys: Keys) -> String {
    let size = |part: Option<usize>| part.map_or("-1".to_owned(), |bytes| bytes.to_string());
    let headers: Vec<_> = record.headers.iter().map(|(key, _)| readable(key)).collect();
    let group = record.key.as_ref().filter(|_| keys == Keys::Groups);
    let group = group.and_then(|key| GroupRecord::decode(key, record.value.as_ref()).ok());
    let key = record.key.as_ref().map(|key| if group.is_some() { keys.words(key, usize::MAX) } else { readable(key) });
    let payload = match &group {
        Some(group) => group.value_words().map(|words| plainly(&words)),
        None => record.value.as_ref().map(|value| readable(value)),
    };
    format!(
        "keySize: {} valueSize: {} headerKeys: [{}]{}{}",
        size(record.key.as_deref().map(<[u8]>::len)),
        size(record.value.as_deref().map(<[u8]>::len)),
        headers.join(","),
        key.map(|key| format!(" key: {key}")).unwrap_or_default(),
        payload.map_or(" (a tombstone)".to_owned(), |payload| format!(" payload: {payload}")),
    )
}

fn decoded(record: Result<String, Fault>) -> String {
    match record {
        Ok(debug) => format!("payload: {}", plainly(&debug)),
        Err(fault) => format!("cannot be decoded: {fault}"),
    }
}

/// Bytes as text, what is no letter as a dot.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().map(|letter| if letter.is_control() { '.' } else { letter }).collect()
}
