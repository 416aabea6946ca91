//! Scripts about one replica's log on one disk. What each command does stands at its variant.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use bytes::Bytes;
use tribunal::config::{Profile, TopicConfig};
use tribunal::context::Context;
use tribunal::event::{BatchFacts, Fact, LogFact, TruncationReason};
use tribunal::files::FilePath;
use tribunal::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::log::PartitionLog;
use tribunal::record::control::ControlRecord;
use tribunal::record::{BatchBuilder, RecordBatch, restamp};
use tribunal::time::Timestamp;

use crate::scripts::scripts;
use crate::support::Bench;

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };

#[derive(goldenscript::Command)]
enum Command {
    /// Makes the log, with these settings of its topic.
    Create(#[arg(key, many, optional)] BTreeMap<String, String>),
    /// Changes settings of its topic.
    Configure(BTreeMap<String, String>),
    /// Sets the wall clock, in ms since the run's start.
    Clock(i64),
    /// Appends a batch with a record for each word as the leader. `time` is the records' CreateTime in ms since the run's
    /// start, each a ms later than the one before; `spoil` does something to the batch that a good producer would not.
    Append {
        #[arg(many)]
        words: Vec<String>,
        #[arg(key, optional)]
        epoch: u32,
        #[arg(key)]
        time: Option<i64>,
        #[arg(key)]
        spoil: Option<String>,
    },
    /// Appends a batch as b2, the leader, sent it: `at` is its base offset, the log end if it is not said.
    Replicate {
        #[arg(many)]
        words: Vec<String>,
        #[arg(key, optional)]
        epoch: u32,
        #[arg(key)]
        at: Option<u64>,
        #[arg(key)]
        time: Option<i64>,
        #[arg(key)]
        spoil: Option<String>,
    },
    /// Begins an epoch as its leader.
    StartEpoch(u32),
    /// Cuts the log, because its leader's differs from there.
    Truncate(u64),
    /// Drops all and begins anew.
    RestartAt(u64),
    /// Makes all of it durable.
    Flush,
    /// Makes the closed segments durable.
    FlushClosed,
    /// Reads batches.
    Read {
        from: u64,
        #[arg(key)]
        end: Option<u64>,
        #[arg(key)]
        max_bytes: Option<u32>,
    },
    /// Finds the first record not earlier than this time, in ms since the run's start.
    Since(i64),
    /// Asks where this epoch ends.
    EndOfEpoch(u32),
    /// The process dies; its disk loses nothing; it starts again.
    Crash {
        #[arg(key, optional)]
        high_watermark: u64,
    },
    /// The process stops in order and starts again.
    Restart,
    /// The power fails; of each file this many unsynced bytes happen to be on the disk; the process starts again.
    PowerOff {
        #[arg(key, optional)]
        keep: usize,
    },
    /// Changes a byte of a file.
    Damage { file: String, at: usize },
    /// Removes a file.
    Lose { file: String },
    /// Lets the disk fail every write, or work again.
    Disk { state: String },
    /// Lists the files.
    Files,
    /// Shows a checkpoint as text.
    Show { file: String },
}

struct Runner {
    bench: Bench,
    config: TopicConfig,
    log: Option<PartitionLog>,
}

impl Runner {
    fn new() -> Self {
        Self { bench: Bench::new(), config: TopicConfig::of(Profile::Fast), log: None }
    }

    fn time(&self, ms: Option<i64>) -> Timestamp {
        ms.map_or(self.bench.wall, |ms| Timestamp(Timestamp::RUN_START.0 + ms))
    }

    /// A producer's batch.
    fn batch(&self, words: &[String], time: Option<i64>, spoil: Option<&str>) -> Result<Bytes, Box<dyn Error>> {
        let first = self.time(time);
        let mut builder = BatchBuilder::new(first);
        let mut at = first;
        for word in words {
            builder.append(at, Some(word.as_bytes()), Some(word.as_bytes()), &[]);
            at.0 += 1;
        }
        let mut bytes = builder.build().to_vec();
        match spoil {
            None => {}
            Some("value") => *bytes.last_mut().ok_or("empty")? ^= 1,
            Some("magic") => bytes[16] = 1,
            Some("count") => bytes[60] += 1,
            Some("cut-short") => bytes.truncate(65),
            Some("record") => bytes[61] ^= 4, // the length of its first record
            Some("control") => return Ok(ControlRecord::Commit { coordinator_epoch: 0 }.batch(first)),
            Some(other) => return Err(format!("spoil={other}?").into()),
        }
        if matches!(spoil, Some("count" | "record")) {
            let crc = crc32c::crc32c(&bytes[21..]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        }
        Ok(Bytes::from(bytes))
    }

    fn turn<T, E: std::fmt::Display>(
        &mut self,
        act: impl FnOnce(&mut PartitionLog, &mut Context<'_>) -> Result<T, E>,
    ) -> Result<Result<T, String>, Box<dyn Error>> {
        let log = self.log.as_mut().ok_or("create it first")?;
        Ok(self.bench.turn(|cx| act(log, cx)).map_err(|error| error.to_string()))
    }

    fn start(&mut self, high_watermark: u64, was_clean: bool) -> Result<(), Box<dyn Error>> {
        let config = self.config.clone();
        let recover = |cx: &mut Context<'_>| PartitionLog::recover(PARTITION, config, Offset(high_watermark), was_clean, cx);
        self.log = Some(self.bench.turn(recover)?);
        Ok(())
    }

    fn configure(&mut self, settings: &BTreeMap<String, String>) -> Result<(), Box<dyn Error>> {
        for (key, value) in settings {
            self.config.set(key, value)?;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> Result<FilePath, Box<dyn Error>> {
        let found = self.bench.disk.files().map(|(path, _)| path).find(|path| path.name.to_string() == name);
        found.ok_or_else(|| format!("no file {name}").into())
    }

    /// Answers a question, which changes nothing.
    fn ask(&mut self, command: &Command, out: &mut String) -> Result<(), Box<dyn Error>> {
        match command {
            Command::Read { from, end, max_bytes } => {
                let (end, max_bytes) = (Offset(end.unwrap_or(u64::MAX)), max_bytes.unwrap_or(u32::MAX));
                match self.turn(|log, cx| log.read(Offset(*from), end, max_bytes, cx))? {
                    Ok(batches) => write_batches(&batches, out)?,
                    Err(code) => writeln!(out, "refused: {code}")?,
                }
            }
            Command::Since(ms) => {
                let time = self.time(Some(*ms));
                match self.turn(|log, cx| log.offset_for_timestamp(time, cx))?? {
                    Some((offset, time, epoch)) => writeln!(out, "offset {offset}, {}, {epoch}", since_start(time))?,
                    None => writeln!(out, "none")?,
                }
            }
            Command::EndOfEpoch(epoch) => {
                match self.log.as_ref().ok_or("create it first")?.end_offset_for_epoch(LeaderEpoch(*epoch)) {
                    Some((epoch, end)) => writeln!(out, "{epoch} ends at {end}")?,
                    None => writeln!(out, "unknown")?,
                }
            }
            _ => unreachable!("only questions are passed on"),
        }
        Ok(())
    }

    /// Does a command, and writes what it answers; the facts are written by `run`.
    fn act(&mut self, command: &Command, out: &mut String) -> Result<(), Box<dyn Error>> {
        match command {
            Command::Create(settings) => {
                self.configure(settings)?;
                let config = self.config.clone();
                self.log = Some(self.bench.turn(|cx| PartitionLog::create(PARTITION, config, cx))?);
            }
            Command::Configure(settings) => {
                self.configure(settings)?;
                let config = self.config.clone();
                self.log.as_mut().ok_or("create it first")?.set_config(config);
            }
            Command::Clock(ms) => self.bench.wall = self.time(Some(*ms)),
            Command::Append { words, epoch, time, spoil } => {
                let batch = self.batch(words, *time, spoil.as_deref())?;
                match self.turn(|log, cx| log.append_as_leader(&batch, LeaderEpoch(*epoch), cx))? {
                    Ok(appended) => {
                        if let Some(time) = appended.log_append_time {
                            writeln!(out, "log append time {}", since_start(time))?;
                        }
                    }
                    Err(code) => writeln!(out, "refused: {code}")?,
                }
            }
            Command::Replicate { words, epoch, at, time, spoil } => {
                let end = self.log.as_ref().ok_or("create it first")?.end_offset();
                let sent = restamp(&self.batch(words, *time, None)?, at.map_or(end, Offset), LeaderEpoch(*epoch), None);
                let mut bytes = sent.to_vec();
                if spoil.is_some() {
                    *bytes.last_mut().ok_or("empty")? ^= 1;
                }
                let batches = [Bytes::from(bytes)];
                if let Err(code) = self.turn(|log, cx| log.append_as_follower(&batches, BrokerId(2), cx))? {
                    writeln!(out, "refused: {code}")?;
                }
            }
            Command::StartEpoch(epoch) => report(self.turn(|log, cx| log.start_epoch(LeaderEpoch(*epoch), cx))?, out)?,
            Command::Truncate(to) => {
                let why = TruncationReason::DivergingEpoch;
                report(self.turn(|log, cx| log.truncate_to(Offset(*to), why, cx))?, out)?;
            }
            Command::RestartAt(at) => report(self.turn(|log, cx| log.restart_at(Offset(*at), cx))?, out)?,
            Command::Flush => report(self.turn(PartitionLog::flush)?, out)?,
            Command::FlushClosed => report(self.turn(PartitionLog::flush_closed)?, out)?,
            Command::Read { .. } | Command::Since(_) | Command::EndOfEpoch(_) => self.ask(command, out)?,
            Command::Crash { high_watermark } => self.start(*high_watermark, false)?,
            Command::Restart => {
                report(self.turn(PartitionLog::flush)?, out)?;
                self.start(0, true)?;
            }
            Command::PowerOff { keep } => {
                self.bench.disk.lose_power(|_, unsynced| unsynced.min(*keep));
                self.start(0, false)?;
            }
            Command::Damage { file, at } => {
                let path = self.path(file)?;
                *self.bench.disk.bytes_mut(path).and_then(|bytes| bytes.get_mut(*at)).ok_or("no such byte")? ^= 0xff;
            }
            Command::Lose { file } => {
                let path = self.path(file)?;
                self.bench.disk.lose(path);
            }
            Command::Disk { state } => self.bench.disk.set_failing(state == "fails"),
            Command::Files => {
                for (path, length) in self.bench.disk.files() {
                    writeln!(out, "{path} {length}")?;
                }
            }
            Command::Show { file } => {
                let path = self.path(file)?;
                out.push_str(std::str::from_utf8(self.bench.disk.bytes(path).ok_or("gone")?)?);
            }
        }
        Ok(())
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Result<String, Box<dyn Error>> {
        let mut answer = String::new();
        self.act(command, &mut answer)?;
        let mut out = String::new();
        for fact in self.bench.facts() {
            write_fact(&fact, &mut out)?;
        }
        Ok(out + &answer)
    }
}

fn report(done: Result<(), String>, out: &mut String) -> std::fmt::Result {
    done.or_else(|error| writeln!(out, "failed: {error}"))
}

fn since_start(time: Timestamp) -> String {
    format!("{} ms", time.0 - Timestamp::RUN_START.0)
}

fn write_batches(batches: &[Bytes], out: &mut String) -> Result<(), Box<dyn Error>> {
    for bytes in batches {
        writeln!(out, "{}", batch_line(&RecordBatch::decode(bytes.clone())?.facts()))?;
    }
    if batches.is_empty() {
        writeln!(out, "nothing")?;
    }
    Ok(())
}

/// A batch in a line: `[0 a, 1 b] e0 +0 ms`.
fn batch_line(batch: &BatchFacts) -> String {
    let word = |key: &Option<Bytes>| key.as_deref().map_or("-".to_owned(), |key| String::from_utf8_lossy(key).into_owned());
    let records: Vec<String> = batch.records.iter().map(|record| format!("{} {}", record.offset, word(&record.key))).collect();
    let first = batch.records.first().map_or(String::new(), |record| since_start(record.timestamp));
    format!("[{}] {} from {first}, {} bytes", records.join(", "), batch.leader_epoch, batch.size)
}

fn write_fact(fact: &Fact, out: &mut String) -> Result<(), Box<dyn Error>> {
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
        LogFact::RecordsAppended { batch, .. } => writeln!(out, " {}", batch_line(batch))?,
        LogFact::RecordsReplicated { batch, from, .. } => writeln!(out, " {} of {from}", batch_line(batch))?,
        LogFact::LogTruncated { from, to, why, .. } => writeln!(out, " from {from} to {to}, {why:?}")?,
        LogFact::LogFlushed { to, .. } => writeln!(out, " to {to}")?,
        LogFact::LogStartAdvanced { old, new, .. } => writeln!(out, " from {old} to {new}")?,
        LogFact::SegmentRolled { base, .. } => writeln!(out, " at {base}")?,
        LogFact::EpochStarted { epoch, start, .. } => writeln!(out, " {epoch} at {start}")?,
        LogFact::HighWatermarksCheckpointed { partitions }
        | LogFact::RecoveryPointsCheckpointed { partitions }
        | LogFact::LogStartsCheckpointed { partitions } => writeln!(out, " {partitions}")?,
        LogFact::LogFenced { end, .. } => writeln!(out, " at {end}")?,
        LogFact::LogRefused { why, .. } => writeln!(out, ": {why}")?,
        LogFact::LogDirectoryFailed { directory, why } => writeln!(out, " {directory}: {why}")?,
        LogFact::IndexesRebuilt { base, .. } => writeln!(out, " at {base}")?,
        LogFact::LogDeleted { .. } | LogFact::LogCreated { .. } | LogFact::IndexProbed { .. } => writeln!(out)?,
        LogFact::LogRecovered { recovery } => {
            let epochs: Vec<String> = recovery.epochs.iter().map(|(epoch, start)| format!("{epoch} at {start}")).collect();
            let how = if recovery.was_clean { "clean" } else { "unclean" };
            let (start, end, watermark) = (recovery.start, recovery.end, recovery.high_watermark);
            writeln!(
                out,
                " {start}..{end}, HW {watermark}, {how}, {} bytes torn, epochs [{}]",
                recovery.torn_bytes,
                epochs.join(", ")
            )?;
            for batch in &recovery.batches {
                writeln!(out, "  {}", batch_line(batch))?;
            }
        }
        // Retention and the cleaner have scripts of their own.
        other => writeln!(out, " {other:?}")?,
    }
    Ok(())
}

scripts!("log", Runner::new() =>
    a_batch_is_refused,
    a_consumer_asks_by_time,
    a_follower_copies_a_cleaned_log,
    a_follower_is_behind_the_log_start,
    a_follower_kept_what_its_leader_lost,
    a_leader_numbers_what_it_appends,
    a_leader_wrote_nothing,
    a_power_failure_tears_the_last_batch,
    a_segment_is_full,
    a_whole_segment_was_never_synced,
    an_index_file_is_damaged,
    the_disk_refuses_to_write,
    the_epoch_checkpoint_is_lost,
    where_did_that_epoch_end,
);
