//! Reads what goes wrong with disks: `disk` and `lose-file` of `[[faults]]`, and the names of files in them.

use super::document::Item;
use super::fault_model::{FaultAction, FileKind, FileSpec};
use super::fault_tables::{DISK_FAULT, LOSE_FILE, TIMES_MAX};
use super::mistake::Read;
use super::stage::Stage;
use super::target::{Wanted, side, side_text, target};
use crate::config::nearest;
use crate::event::DiskFault;
use crate::files::FileName;
use crate::ids::{LogDirectory, PartitionIndex};
use crate::time::Duration;

/// How a file is named, for people.
pub(super) const FILE_FORM: &str =
    "Which files: a partition (orders-0), a name (quorum-state), a log directory (d1); files are lost also by orders-0/index.";

/// The words for how a disk fails, in the order of [`FAULTS`].
pub(super) const DISK_WORDS: &[&str] =
    &["write-fails", "read-fails", "sync-fails", "sync-lies", "short-read", "bit-rot", "misdirected-write", "full", "stalls"];

const FAULTS: [DiskFault; 9] = [
    DiskFault::WriteFailed,
    DiskFault::ReadFailed,
    DiskFault::SyncFailed,
    DiskFault::SyncLied,
    DiskFault::ShortRead,
    DiskFault::BitRot,
    DiskFault::MisdirectedWrite,
    DiskFault::Full,
    DiskFault::Stalled,
];

/// The files that may be named, by Kafka's names; of segments and indexes the endings.
const FILES: [(&str, FileKind); 10] = [
    ("log", FileKind::Segment),
    ("index", FileKind::OffsetIndex),
    ("timeindex", FileKind::TimeIndex),
    ("leader-epoch-checkpoint", FileKind::Named(FileName::LeaderEpochCheckpoint)),
    ("recovery-point-offset-checkpoint", FileKind::Named(FileName::RecoveryPointCheckpoint)),
    ("replication-offset-checkpoint", FileKind::Named(FileName::HighWatermarkCheckpoint)),
    ("log-start-offset-checkpoint", FileKind::Named(FileName::LogStartCheckpoint)),
    ("quorum-state", FileKind::Named(FileName::QuorumState)),
    ("meta.properties", FileKind::Named(FileName::MetaProperties)),
    (".kafka_cleanshutdown", FileKind::Named(FileName::CleanShutdown)),
];

/// How much longer a stalled call takes unless written.
const STALL: Duration = Duration::from_millis(500);
/// The metadata log as files name it.
pub(super) const METADATA: &str = "__cluster_metadata";

/// Reads `disk = { of = …, fault = …, file = …, times = … }`.
pub(super) fn disk(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&DISK_FAULT)?;
    let of = table.need("of");
    let targets = side(stage, &of, Wanted::Server)?;
    let word = table.need("fault");
    let place = DISK_WORDS.iter().position(|other| *other == word.written());
    let fault = place.and_then(|place| FAULTS.get(place).copied()).expect("the shape allows these words alone");
    let named = table.get("file");
    let file = named.as_ref().map(|item| failing(item, stage)).transpose()?;
    let stall = table.or("stall", STALL, Item::time)?;
    if let Some(item) = table.get("stall").filter(|_| fault != DiskFault::Stalled) {
        return Err(item.bad(format!("`stall` goes with \"stalls\", not with \"{}\"", word.written())));
    }
    let times = table.get("times").map(|item| item.number(1, TIMES_MAX)).transpose()?;
    table.close();
    let on = named.map(|item| format!(" on {}", item.written())).unwrap_or_default();
    let often = match times {
        None => String::new(),
        Some(1) => " once".to_owned(),
        Some(times) => format!(" {times} times"),
    };
    let text = format!("disk of {}: {}{on}{often}", side_text(&of)?, word.written());
    Ok((FaultAction::Disk { targets, fault, file, times, stall }, text))
}

/// A disk fails by partition, by file name or by log directory.
fn failing(item: &Item<'_>, stage: &Stage) -> Read<FileSpec> {
    match file(item, stage)? {
        FileSpec::InPartition(..) => {
            let wrong = item.bad("a disk fails on a partition's log or on a file of some name, not on both at once");
            Err(wrong.help("write `orders-0` or `leader-epoch-checkpoint`"))
        }
        file @ (FileSpec::Partition(..) | FileSpec::Named(_) | FileSpec::Directory(_)) => Ok(file),
    }
}

/// Reads `lose-file = { of = …, file = … }`.
pub(super) fn lose_file(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&LOSE_FILE)?;
    let of = table.need("of");
    let target = target(stage, &of, Wanted::Named)?;
    let named = table.need("file");
    let file = file(&named, stage)?;
    table.close();
    Ok((FaultAction::LoseFile { target, file }, format!("lose {} of {}", named.written(), of.written())))
}

/// `orders-0`, `leader-epoch-checkpoint`, `orders-0/leader-epoch-checkpoint`, `d1`.
fn file(item: &Item<'_>, stage: &Stage) -> Read<FileSpec> {
    let text = item.text()?;
    if let Some((folder, name)) = text.split_once('/') {
        let (topic, partition) = partition(item, stage, folder)?;
        return Ok(FileSpec::InPartition(topic, partition, kind(item, name)?));
    }
    if let Some(number) = text.strip_prefix('d').and_then(|number| number.parse().ok()) {
        return Ok(FileSpec::Directory(LogDirectory(number)));
    }
    let is_partition = text.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    if is_partition || text == METADATA {
        let (topic, partition) = partition(item, stage, text)?;
        return Ok(FileSpec::Partition(topic, partition));
    }
    match kind(item, text)? {
        FileKind::Named(name) => Ok(FileSpec::Named(name)),
        FileKind::Segment | FileKind::OffsetIndex | FileKind::TimeIndex => {
            Err(item.bad(format!("`{text}` files lie in the folders of partitions")).help(format!("write `orders-0/{text}`")))
        }
    }
}

fn partition(item: &Item<'_>, stage: &Stage, text: &str) -> Read<(String, PartitionIndex)> {
    if text == METADATA || text.strip_prefix(METADATA) == Some("-0") {
        return Ok((METADATA.to_owned(), PartitionIndex(0)));
    }
    stage.partition_in(item, text)
}

fn kind(item: &Item<'_>, name: &str) -> Read<FileKind> {
    let kind = FILES.iter().find(|(other, _)| *other == name).map(|(_, kind)| *kind);
    kind.ok_or_else(|| {
        let names = || FILES.iter().map(|(name, _)| *name);
        let wrong = item.bad(format!("there is no file `{name}` on a server's disk"));
        match nearest(name, names()) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong.help(format!("it is one of {}, or a partition such as orders-0", names().collect::<Vec<_>>().join(", "))),
        }
    })
}
