//! Logs, disks, clocks and processes in words.

use super::{Mark, Told, counted, key, range};
use crate::event::{BatchFacts, CrashKind, DiskFault, LogFact, RetentionReason, TruncationReason, WorldFact};
use crate::time::Duration;
use crate::trace::keys::Keys;
use crate::trace::names::Names;

#[expect(clippy::too_many_lines, reason = "a table: an arm for each fact")]
pub(super) fn log(fact: &LogFact, names: &Names) -> Told {
    match fact {
        LogFact::SegmentDeleted { segment } => {
            let why = match segment.why {
                RetentionReason::Time => "older than retention.ms",
                RetentionReason::Size => "more than retention.bytes",
                RetentionReason::BelowLogStart => "below the log start",
            };
            let words = format!("delete {} {} to {}: {why}", names.partition(segment.partition), segment.base, segment.end);
            Told::new(Mark::Cut, words)
        }
        LogFact::CleaningStarted { partition, first_dirty, end } => {
            Told::new(Mark::Change, format!("cleans {}: dirty from {first_dirty} to {end}", names.partition(*partition)))
        }
        LogFact::SegmentCleaned { cleaned } => Told::new(
            Mark::Cut,
            format!(
                "cleaned {} {} to {}: keeps {}, drops {}",
                names.partition(cleaned.partition),
                cleaned.base,
                cleaned.end,
                cleaned.kept,
                cleaned.dropped.len()
            ),
        ),
        LogFact::CleaningFinished { partition, end, bytes_before, bytes_after } => Told::new(
            Mark::Change,
            format!("{} is clean below {end}: {bytes_before} → {bytes_after} bytes", names.partition(*partition)),
        ),
        LogFact::CleaningFailed { partition, why } => {
            Told::new(Mark::Refused, format!("cannot clean {}: {}", names.partition(*partition), one_line(why)))
        }
        LogFact::CleanerCheckpointed { partitions } => {
            Told::new(Mark::Change, format!("writes down how far {} clean", counted(*partitions, "log is", "logs are")))
        }
        LogFact::SwapRecovered { partition, base, was_completed } => {
            let how = if *was_completed { "completes" } else { "undoes" };
            Told::new(Mark::Change, format!("{how} the swap of cleaned segments of {} at {base}", names.partition(*partition)))
        }
        LogFact::RecordsAppended { partition, batch } => Told::new(
            Mark::Change,
            format!("append {} {}", names.partition(*partition), batch_words(batch, names.keys(*partition))),
        ),
        LogFact::RecordsReplicated { partition, from, batch } => {
            let words =
                format!("replicate {} {} from {from}", names.partition(*partition), batch_words(batch, names.keys(*partition)));
            Told::new(Mark::Change, words)
        }
        LogFact::LogTruncated { partition, from, to, why } => {
            Told::new(Mark::Cut, format!("truncate {} {from} → {to}: {}", names.partition(*partition), truncation_words(*why)))
        }
        LogFact::LogFlushed { partition, to } => {
            Told::new(Mark::Change, format!("flush {}: all below {to} is on disk", names.partition(*partition)))
        }
        LogFact::LogStartAdvanced { partition, old, new } => {
            Told::new(Mark::Change, format!("log start {} {old} → {new}", names.partition(*partition)))
        }
        LogFact::SegmentRolled { partition, base } => {
            Told::new(Mark::Change, format!("new segment of {} at {base}", names.partition(*partition)))
        }
        LogFact::LogRecovered { recovery } => {
            let torn =
                if recovery.torn_bytes > 0 { format!(", {} torn bytes cut off", recovery.torn_bytes) } else { String::new() };
            let how = if recovery.was_clean { "clean" } else { "scanned" };
            Told::new(
                Mark::Back,
                format!(
                    "recover {}: {} to {}, HW {} from its checkpoint ({how}{torn})",
                    names.partition(recovery.partition),
                    recovery.start,
                    recovery.end,
                    recovery.high_watermark
                ),
            )
        }
        LogFact::EpochStarted { partition, epoch, start } => {
            Told::new(Mark::Change, format!("epoch {epoch} of {} begins at {start}", names.partition(*partition)))
        }
        LogFact::LogFenced { partition, end, why } => {
            Told::new(Mark::Fault, format!("appends nothing more to {} at {end}: {}", names.partition(*partition), one_line(why)))
        }
        LogFact::LogRefused { partition, why } => {
            Told::new(Mark::Fault, format!("cannot trust its log of {}: {}", names.partition(*partition), one_line(why)))
        }
        LogFact::LogDirectoryFailed { directory, why } => {
            Told::new(Mark::Fault, format!("its log directory {directory} failed: {}", one_line(why)))
        }
        LogFact::RecoveryPointsCheckpointed { partitions } => {
            Told::new(Mark::Change, format!("writes down {}", counted(*partitions, "recovery point", "recovery points")))
        }
        LogFact::LogStartsCheckpointed { partitions } => {
            Told::new(Mark::Change, format!("writes down {}", counted(*partitions, "log start", "log starts")))
        }
        LogFact::IndexesRebuilt { partition, base } => {
            Told::new(Mark::Back, format!("makes the indexes of {} at {base} anew", names.partition(*partition)))
        }
        LogFact::LogCreated { partition } => {
            Told::new(Mark::Change, format!("begins an empty log of {}", names.partition(*partition)))
        }
        LogFact::LogDeleted { partition } => Told::new(Mark::Cut, format!("deletes its log of {}", names.partition(*partition))),
        LogFact::IndexProbed { probe } => Told::new(
            Mark::Change,
            format!("looks up offset {} of {} in its indexes, and by a walk", probe.offset, names.partition(probe.partition)),
        ),
        LogFact::HighWatermarksCheckpointed { partitions } => {
            let of = counted(*partitions, "partition", "partitions");
            Told::new(Mark::Change, format!("writes down the high watermarks of {of}"))
        }
    }
}

fn batch_words(batch: &BatchFacts, keys: Keys) -> String {
    let named: Vec<String> = batch.records.iter().take(4).map(|record| key(keys, record.key.as_ref())).collect();
    let more = if batch.records.len() > 4 { ", …" } else { "" };
    format!("{} {} ({}{more})", range(batch.base, batch.last), batch.leader_epoch, named.join(", "))
}

/// Why a log was cut, in words.
pub(crate) fn truncation_words(why: TruncationReason) -> &'static str {
    match why {
        TruncationReason::DivergingEpoch => "the leader's log parts from it there",
        TruncationReason::HighWatermark => "down to its own high watermark (the old rule)",
        TruncationReason::BehindLogStart => "the leader's log begins later",
    }
}

pub(super) fn world(fact: &WorldFact) -> Told {
    match fact {
        WorldFact::RunStarted { run } => Told::new(Mark::Change, format!("run of {} begins, seed 0x{:X}", run.scenario, run.seed)),
        WorldFact::RunEnded { turns } => Told::new(Mark::Change, format!("the run ends after {turns} turns")),
        WorldFact::ProcessStarted { incarnation } if incarnation.0 > 1 => {
            Told::new(Mark::Back, format!("starts again, life {incarnation}"))
        }
        WorldFact::ProcessStarted { .. } => Told::new(Mark::Change, "starts"),
        WorldFact::ProcessCrashed { kind, .. } => Told::new(Mark::Crash, crash_words(*kind)),
        WorldFact::ProcessPaused {} => Told::new(Mark::Fault, "stands still"),
        WorldFact::ProcessResumed {} => Told::new(Mark::Back, "goes on"),
        WorldFact::ProcessHalted { why, .. } => Told::new(Mark::Crash, format!("ends itself: {}", one_line(why))),
        WorldFact::ClockSet { offset_us, drift_ppm } => {
            Told::new(Mark::Clock, format!("its clocks run at {drift_ppm:+} ppm; its wall clock is {} off", signed(*offset_us)))
        }
        WorldFact::ClockJumped { by_us } => Told::new(Mark::Clock, format!("its wall clock jumps by {}", signed(*by_us))),
        WorldFact::DiskLost { file, bytes } => Told::new(Mark::Lost, format!("its disk lost {bytes} unsynced bytes of {file}")),
        WorldFact::DiskReplaced { bytes } => Told::new(Mark::Lost, format!("its disk was replaced: {bytes} bytes are gone")),
        WorldFact::AssertionFailed { message } => Told::new(Mark::Crash, format!("assertion failed: {}", one_line(message))),
        WorldFact::DiskCorrupted { file, at } => Told::new(Mark::Lost, format!("its disk corrupts {file} at byte {at}")),
        WorldFact::DiskFaulted { file, fault } => Told::new(Mark::Fault, format!("its disk {} {file}", disk_fault_words(*fault))),
        WorldFact::ProcessStopped { .. } => Told::new(Mark::Change, "has shut down in order"),
        WorldFact::ShutdownRequested {} => Told::new(Mark::Change, "is asked to shut down"),
    }
}

/// What a disk does to a file instead of what it was asked.
pub(crate) fn disk_fault_words(fault: DiskFault) -> &'static str {
    match fault {
        DiskFault::WriteFailed => "fails to write",
        DiskFault::ReadFailed => "fails to read",
        DiskFault::SyncFailed => "fails to sync",
        DiskFault::SyncLied => "claims to have synced",
        DiskFault::ShortRead => "cuts short a read of",
        DiskFault::BitRot => "flips bits in",
        DiskFault::MisdirectedWrite => "puts elsewhere a write to",
        DiskFault::Full => "has no room left for",
        DiskFault::Stalled => "stalls over",
    }
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A crash in words.
pub(crate) fn crash_words(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::Process => "crashes; what it wrote stays",
        CrashKind::Power => "loses power; what it never synced may be gone",
        CrashKind::DiskReplaced => "crashes, and its disk with it",
    }
}

fn signed(us: i64) -> String {
    let sign = if us < 0 { '-' } else { '+' };
    format!("{sign}{}", Duration(us.unsigned_abs()))
}
