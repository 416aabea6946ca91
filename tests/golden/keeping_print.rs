//! How a log, its files and its facts are written down under a script about retention or the cleaner.

use std::error::Error;
use std::fmt::Write as _;

use bytes::Bytes;
use tribunal::context::DiskView;
use tribunal::event::{CleanedFacts, CleaningReason, Fact, LogFact, RetentionFacts};
use tribunal::record::{Compression, Record, RecordBatch};
use tribunal::sim::disk::SimDisk;
use tribunal::time::Timestamp;

pub fn since_start(time: Timestamp) -> String {
    if time == Timestamp::NONE { "no time".to_owned() } else { format!("{} ms", time.0 - Timestamp::RUN_START.0) }
}

/// A batch in a line: its offsets, its records, and what else is told of it.
pub fn batch_line(batch: &RecordBatch) -> String {
    let header = &batch.header;
    let mut line = format!("{}..={}:", header.base_offset, header.last_offset());
    for record in &batch.records {
        line.push(' ');
        line.push_str(&word(record));
    }
    if batch.records.is_empty() {
        line.push_str(" only a header");
    }
    if let Some(horizon) = header.delete_horizon() {
        line.push_str(&format!(", tombstones stay until {}", since_start(horizon)));
    }
    if let Some(producer) = header.producer() {
        line.push_str(&format!(", {producer:?}"));
    }
    match header.attributes.compression() {
        Compression::None => {}
        how @ (Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd) => {
            line.push_str(&format!(", {how:?}"));
        }
    }
    line
}

fn word(record: &Record) -> String {
    let text =
        |bytes: Option<&Bytes>, none: &str| bytes.map_or(none.to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned());
    let (key, value) = (text(record.key.as_ref(), "_"), text(record.value.as_ref(), "-"));
    format!("{}={key}/{value}@{}", record.offset, record.timestamp.0 - Timestamp::RUN_START.0)
}

/// The files of segments, without the zeros before their names.
pub fn files(disk: &SimDisk, out: &mut String) {
    for folder in DiskView::folders(disk) {
        for name in DiskView::files(disk, folder) {
            let text = name.to_string();
            if text.contains(".log") {
                let short = text.trim_start_matches('0');
                let zero = if short.starts_with('.') { "0" } else { "" };
                let bytes = disk.content(folder.file(name)).map_or(0, |content| content.len());
                out.push_str(&format!("  {zero}{short} {bytes}\n"));
            }
        }
    }
}

pub fn write_facts(facts: Vec<Fact>, out: &mut String) -> Result<(), Box<dyn Error>> {
    for fact in facts {
        let Fact::Log(fact) = fact else { return Err(format!("a log told {fact:?}").into()) };
        write_fact(&fact, out)?;
    }
    Ok(())
}

fn write_fact(fact: &LogFact, out: &mut String) -> Result<(), Box<dyn Error>> {
    match fact {
        LogFact::IndexProbed { probe } if probe.indexed != probe.scanned => {
            return Err(format!("an index led astray: {probe:?}").into());
        }
        LogFact::SegmentDeleted { segment } => deleted(segment, out)?,
        LogFact::SegmentCleaned { cleaned } => cleaned_line(cleaned, out)?,
        LogFact::LogStartAdvanced { old, new, .. } => writeln!(out, "LogStartAdvanced from {old} to {new}")?,
        LogFact::SegmentRolled { base, .. } => writeln!(out, "SegmentRolled at {base}")?,
        LogFact::CleaningStarted { first_dirty, end, .. } => writeln!(out, "CleaningStarted from {first_dirty} to {end}")?,
        LogFact::CleaningFinished { end, bytes_before, bytes_after, .. } => {
            writeln!(out, "CleaningFinished to {end}, {bytes_before} bytes are {bytes_after}")?;
        }
        LogFact::CleaningFailed { why, .. } => writeln!(out, "CleaningFailed: {why}")?,
        LogFact::SwapRecovered { base, was_completed, .. } => {
            writeln!(out, "SwapRecovered at {base}, {}", if *was_completed { "completed" } else { "undone" })?;
        }
        LogFact::LogRecovered { recovery } => writeln!(out, "LogRecovered {}..{}", recovery.start, recovery.end)?,
        LogFact::LogFenced { end, .. } => writeln!(out, "LogFenced at {end}")?,
        LogFact::LogRefused { why, .. } => writeln!(out, "LogRefused: {why}")?,
        // What was written, and how it was made durable, is what the scripts of logs and recovery are about.
        LogFact::RecordsAppended { .. }
        | LogFact::RecordsReplicated { .. }
        | LogFact::IndexProbed { .. }
        | LogFact::LogCreated { .. }
        | LogFact::EpochStarted { .. }
        | LogFact::LogFlushed { .. }
        | LogFact::LogTruncated { .. }
        | LogFact::LogDeleted { .. }
        | LogFact::LogDirectoryFailed { .. }
        | LogFact::IndexesRebuilt { .. }
        | LogFact::HighWatermarksCheckpointed { .. }
        | LogFact::RecoveryPointsCheckpointed { .. }
        | LogFact::LogStartsCheckpointed { .. }
        | LogFact::CleanerCheckpointed { .. } => {}
    }
    Ok(())
}

fn deleted(facts: &RetentionFacts, out: &mut String) -> std::fmt::Result {
    let RetentionFacts { base, end, size, log_size, why, .. } = facts;
    let (mark, wall) = (since_start(facts.largest_timestamp), since_start(facts.wall));
    writeln!(out, "SegmentDeleted {base}..{end}, {why:?}: {size} of {log_size} bytes, youngest of {mark}, it is {wall}")
}

fn cleaned_line(facts: &CleanedFacts, out: &mut String) -> std::fmt::Result {
    let of = |wanted: CleaningReason| {
        let offsets = facts.dropped.iter().filter(|(_, why)| *why == wanted).map(|(offset, _)| offset.to_string());
        offsets.collect::<Vec<_>>().join(" ")
    };
    write!(out, "SegmentCleaned {}..{}: keeps {}", facts.base, facts.end, facts.kept)?;
    for why in [CleaningReason::Superseded, CleaningReason::Tombstone, CleaningReason::Keyless] {
        let gone = of(why);
        if !gone.is_empty() {
            write!(out, ", {why:?} [{gone}]")?;
        }
    }
    for (base, horizon) in &facts.horizons {
        write!(out, ", tombstones of {base} stay until {}", since_start(*horizon))?;
    }
    writeln!(out)
}
