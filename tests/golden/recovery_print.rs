//! How a log, its files and its facts are written down under a script.

use std::error::Error;
use std::fmt::Write as _;

use tribunal::context::DiskView;
use tribunal::event::{Fact, LogFact};
use tribunal::ids::Offset;
use tribunal::log::dump::{SegmentDump, dump_log};
use tribunal::record::RecordBatch;
use tribunal::sim::disk::SimDisk;
use tribunal::time::Timestamp;

use super::PARTITION;

/// A batch in a line: `[0 a, 1 b] e0`.
pub fn words(batch: &RecordBatch) -> String {
    let word = |key: Option<&[u8]>| key.map_or("-".to_owned(), |key| String::from_utf8_lossy(key).into_owned());
    let records: Vec<String> =
        batch.records.iter().map(|record| format!("{} {}", record.offset, word(record.key.as_deref()))).collect();
    format!("[{}] {}", records.join(", "), batch.header.leader_epoch.unwrap_or_default())
}

pub fn files(disk: &SimDisk, out: &mut String) -> Result<(), Box<dyn Error>> {
    for folder in DiskView::folders(disk) {
        for name in DiskView::files(disk, folder) {
            let path = folder.file(name);
            let bytes = disk.content(path).map_or(0, |content| content.len());
            let name = if disk.is_entry_durable(path) { "" } else { ", name not durable" };
            let unsynced: u64 = disk.not_durable(path).iter().map(|range| range.end - range.start).sum();
            let unsynced = if unsynced > 0 { format!(", {unsynced} not durable") } else { String::new() };
            writeln!(out, "{path} {bytes}{unsynced}{name}")?;
        }
    }
    Ok(())
}

pub fn dump(disk: &SimDisk, out: &mut String) -> Result<(), Box<dyn Error>> {
    let Some(dump) = dump_log(PARTITION, disk) else {
        writeln!(out, "there is no log")?;
        return Ok(());
    };
    let offset = |offset: Option<Offset>| offset.map_or("-".to_owned(), |offset| offset.to_string());
    writeln!(out, "{}: recovery point {}, log start {}", dump.partition, offset(dump.recovery_point), offset(dump.log_start))?;
    match &dump.epochs {
        None => writeln!(out, "no leader epochs")?,
        Some(Ok(entries)) => {
            let entries: Vec<_> = entries.iter().map(|entry| format!("{} at {}", entry.epoch, entry.start)).collect();
            writeln!(out, "leader epochs [{}]", entries.join(", "))?;
        }
        Some(Err(why)) => writeln!(out, "leader epochs: {why}")?,
    }
    for segment in &dump.segments {
        dump_segment(segment, out)?;
    }
    Ok(())
}

fn dump_segment(segment: &SegmentDump, out: &mut String) -> Result<(), Box<dyn Error>> {
    writeln!(out, "segment {}: {} bytes, not durable {:?}", segment.base, segment.file.bytes, segment.file.not_durable)?;
    for batch in &segment.batches {
        let what = batch.damage.as_ref().map_or("sound".to_owned(), ToString::to_string);
        let durable = if batch.is_durable { "durable" } else { "not durable" };
        let (base, last) = (batch.header.base_offset, batch.header.last_offset());
        writeln!(out, "  {base}..={last} at {}: {} bytes, {what}, {durable}", batch.position, batch.header.size)?;
    }
    if let Some(rest) = &segment.rest {
        writeln!(out, "  {} bytes at {} are no batch: {}", rest.bytes, rest.position, rest.why)?;
    }
    let entries = segment.offset_index.iter().flatten().map(|entry| format!("{} at {}", entry.offset, entry.position));
    writeln!(out, "  offset index [{}]", entries.collect::<Vec<_>>().join(", "))?;
    let times = segment.time_index.iter().flatten();
    let times = times.map(|entry| format!("{} until +{}", entry.offset, entry.timestamp.0 - Timestamp::RUN_START.0));
    writeln!(out, "  time index [{}]", times.collect::<Vec<_>>().join(", "))?;
    Ok(())
}

pub fn write_fact(fact: &Fact, out: &mut String) -> Result<(), Box<dyn Error>> {
    let Fact::Log(fact) = fact else { return Err(format!("a log told {fact:?}").into()) };
    if let LogFact::LogCreated { .. } = fact {
        return Ok(()); // every script's log begins
    }
    if let LogFact::IndexProbed { probe } = fact {
        // No script is about it, and it holds in all of them.
        return if probe.indexed == probe.scanned { Ok(()) } else { Err(format!("an index led astray: {probe:?}").into()) };
    }
    write!(out, "{}", fact.name())?;
    match fact {
        LogFact::RecordsAppended { batch, .. } | LogFact::RecordsReplicated { batch, .. } => {
            writeln!(out, " {}..={}, {} bytes", batch.base, batch.last, batch.size)?;
        }
        LogFact::LogRecovered { recovery } => {
            let epochs: Vec<String> = recovery.epochs.iter().map(|(epoch, start)| format!("{epoch} at {start}")).collect();
            let how = if recovery.was_clean { "clean" } else { "unclean" };
            let (start, end, torn, epochs) = (recovery.start, recovery.end, recovery.torn_bytes, epochs.join(", "));
            writeln!(out, " {start}..{end}, {how}, {torn} bytes torn, epochs [{epochs}]")?;
        }
        LogFact::LogRefused { why, .. } => writeln!(out, ": {why}")?,
        LogFact::LogFenced { end, .. } => writeln!(out, " at {end}")?,
        LogFact::LogFlushed { to, .. } => writeln!(out, " to {to}")?,
        LogFact::SegmentRolled { base, .. } | LogFact::IndexesRebuilt { base, .. } => writeln!(out, " at {base}")?,
        LogFact::EpochStarted { epoch, start, .. } => writeln!(out, " {epoch} at {start}")?,
        LogFact::LogStartAdvanced { old, new, .. } => writeln!(out, " from {old} to {new}")?,
        LogFact::LogTruncated { from, to, .. } => writeln!(out, " from {from} to {to}")?,
        LogFact::LogDeleted { .. }
        | LogFact::LogCreated { .. }
        | LogFact::IndexProbed { .. }
        | LogFact::HighWatermarksCheckpointed { .. }
        | LogFact::RecoveryPointsCheckpointed { .. }
        | LogFact::LogStartsCheckpointed { .. }
        | LogFact::LogDirectoryFailed { .. } => writeln!(out)?,
        other => writeln!(out, " {other:?}")?,
    }
    Ok(())
}
