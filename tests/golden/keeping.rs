//! Scripts about what one log lets go of: retention and the cleaner. What each command does stands at its variant.
//!
//! A record is written `key/value@time`: `a/1`, `a/-` for a tombstone, `_/1` for a record without a key; the time is its CreateTime
//! in ms since the run's start, the wall clock's if it is not said; `@none` is a record without a timestamp.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use bytes::Bytes;
use tribunal::config::{Profile, Switch, TombstoneClock, TopicConfig};
use tribunal::context::Context;
use tribunal::error::{ErrorCode, Fault};
use tribunal::ids::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicId, TopicPartition};
use tribunal::log::{CleanerRules, Cleaning, Known, PartitionLog, Progress, RetentionView};
use tribunal::record::{BatchBuilder, BatchHeader, Compression, RecordBatch, encode};
use tribunal::sim::disk::SimDisk;
use tribunal::time::Timestamp;

use super::keeping_print::{batch_line, files, write_facts};
use crate::support::{Bench, NothingUnsynced};

pub const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };

#[derive(goldenscript::Command)]
pub enum Command {
    /// Makes the log on an empty disk, with these settings of its topic.
    Create(#[arg(key, many, optional)] BTreeMap<String, String>),
    /// Changes settings of its topic.
    Configure(BTreeMap<String, String>),
    /// Sets the wall clock, in ms since the run's start.
    Clock(i64),
    /// Appends a batch as the leader, of epoch 0 if it is not said.
    Append {
        #[arg(many)]
        words: Vec<String>,
        #[arg(key)]
        producer: Option<u64>,
        #[arg(key)]
        packed: Option<String>,
        #[arg(key, optional)]
        epoch: u32,
    },
    /// Looks which segments are due, and deletes them. The high watermark is the log end if it is not said.
    Retain {
        #[arg(key)]
        high_watermark: Option<u64>,
        /// Variant `retention-by-record-time = off`.
        #[arg(key, optional)]
        by_file: bool,
    },
    /// What a DeleteRecords does to the log.
    DeleteRecords(u64),
    /// Cleans the log, if that is worth it.
    Clean {
        #[arg(key)]
        high_watermark: Option<u64>,
        #[arg(key)]
        map_keys: Option<u64>,
        /// Variant `cleaner-partial-map = off`.
        #[arg(key, optional)]
        whole_segments: bool,
        /// Variant `tombstone-clock = segment-mtime`.
        #[arg(key, optional)]
        by_file: bool,
        /// Variant `cleaner-keeps-epochs = on`.
        #[arg(key, optional)]
        keeps_epochs: bool,
    },
    /// Tries out what comes of it if the process dies, or the power fails, after each single effect of a cleaning.
    FailAnywhere {
        #[arg(key, optional)]
        power: bool,
    },
    /// Makes all of it durable.
    Flush,
    /// Reads all batches.
    Read,
    /// What a reader of all ends with.
    State,
    /// Lists the segments' files.
    Files,
    /// The process dies and starts again.
    Crash,
}

pub struct Runner {
    bench: Bench<SimDisk>,
    config: TopicConfig,
    log: Option<PartitionLog>,
}

impl Runner {
    pub fn new() -> Self {
        let config = TopicConfig { segment_bytes: 150, ..TopicConfig::of(Profile::Fast) };
        Self { bench: Bench::new(), config, log: None }
    }

    fn log(&mut self) -> Result<&mut PartitionLog, &'static str> {
        self.log.as_mut().ok_or("create it first")
    }

    fn turn<T>(&mut self, act: impl FnOnce(&mut PartitionLog, &mut Context<'_>) -> T) -> Result<T, &'static str> {
        let log = self.log.as_mut().ok_or("create it first")?;
        Ok(self.bench.turn(|cx| act(log, cx)))
    }

    fn configure(&mut self, settings: &BTreeMap<String, String>) -> Result<(), Box<dyn Error>> {
        for (key, value) in settings {
            self.config.set(key, value)?;
        }
        Ok(())
    }

    /// A producer's batch of these words.
    fn batch(&mut self, words: &[String], producer: Option<u64>, packed: Option<&str>) -> Result<Bytes, Box<dyn Error>> {
        let mut builder: Option<BatchBuilder> = None;
        for word in words {
            let (record, time) = word.split_once('@').map_or((word.as_str(), None), |(record, time)| (record, Some(time)));
            let time = match time {
                Some("none") => Timestamp::NONE,
                Some(ms) => Timestamp(Timestamp::RUN_START.0 + ms.parse::<i64>()?),
                None => self.bench.wall,
            };
            let (key, value) = record.split_once('/').ok_or("a record is key/value")?;
            let key = (key != "_").then_some(key.as_bytes());
            let value = (value != "-").then_some(value.as_bytes());
            builder.get_or_insert_with(|| BatchBuilder::new(time)).append(time, key, value, &[]);
        }
        let batch = RecordBatch::decode(builder.ok_or("a batch has records")?.build())?;
        let how = match packed {
            None => Compression::None,
            Some("gzip") => Compression::Gzip,
            Some("zstd") => Compression::Zstd,
            Some(other) => return Err(format!("packed={other}?").into()),
        };
        let (producer_id, is_known) = (producer.map(ProducerId), producer.is_some());
        let header = BatchHeader {
            producer_id,
            producer_epoch: is_known.then_some(ProducerEpoch(0)),
            base_sequence: is_known.then_some(Sequence(0)),
            attributes: batch.header.attributes.with_compression(how),
            ..batch.header
        };
        Ok(encode(&header, &batch.records))
    }

    fn read(&mut self) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
        let read = self.turn(|log, cx| log.read(log.start_offset(), Offset(u64::MAX), u32::MAX, cx))?;
        Ok(read.map_err(|code: ErrorCode| code.to_string())?.into_iter().map(RecordBatch::decode).collect::<Result<_, Fault>>()?)
    }

    fn state(&mut self) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut state = BTreeMap::new();
        for record in self.read()?.into_iter().flat_map(|batch| batch.records) {
            let key = record.key.as_ref().map_or("_".to_owned(), text);
            match &record.value {
                Some(value) => state.insert(key, text(value)),
                None => state.remove(&key),
            };
        }
        Ok(state)
    }

    fn start(&mut self) -> Result<(), Box<dyn Error>> {
        let (config, log_start) = (self.config.clone(), self.log()?.start_offset());
        let known = Known { log_start, ..Known::default() };
        let loaded = self.bench.turn(|cx| PartitionLog::load(PARTITION, config, known, cx));
        self.log = Some(loaded.map_err(|error| format!("{error:?}"))?);
        Ok(())
    }

    // What is written on the disk after each effect, and what a start makes of that: a line for each run of effects that are alike.
    fn fail_anywhere(&mut self, power: bool, out: &mut String) -> Result<(), Box<dyn Error>> {
        let (disk, log) = (self.bench.disk.clone(), self.log()?.clone());
        let (before, end) = (self.state()?, log.end_offset());
        let fail_after = |runner: &mut Self, effects: u32| -> Result<(String, String), Box<dyn Error>> {
            (runner.bench.disk, runner.log) = (disk.clone(), Some(log.clone()));
            let mut dying = log.clone();
            runner.bench.killed_turn(effects, |cx| clean(&mut dying, RULES, Offset(u64::MAX), cx));
            if power {
                runner.bench.disk.lose_power(&mut NothingUnsynced);
            }
            let mut found = String::new();
            files(&runner.bench.disk, &mut found);
            runner.start()?;
            let mut told = String::new();
            write_facts(runner.bench.facts(), &mut told)?;
            assert_eq!(runner.state()?, before, "after {effects} effects");
            assert_eq!(runner.log()?.end_offset(), end, "after {effects} effects");
            Ok((found, told))
        };
        let last = fail_after(self, u32::MAX)?;
        let mut runs: Vec<(u32, u32, (String, String))> = Vec::new();
        for effects in 0.. {
            let came = fail_after(self, effects)?;
            let is_last = came == last;
            match runs.last_mut().filter(|(_, _, known)| *known == came) {
                Some((_, to, _)) => *to = effects,
                None => runs.push((effects, effects, came)),
            }
            if is_last {
                break;
            }
        }
        for (from, to, (found, told)) in runs {
            let to = if (&found, &told) == (&last.0, &last.1) { "the end".to_owned() } else { to.to_string() };
            write!(out, "after {from} to {to}:\n{found}  {}\n", told.trim_end().replace('\n', "\n  "))?;
        }
        Ok(())
    }

    fn act(&mut self, command: &Command, out: &mut String) -> Result<(), Box<dyn Error>> {
        match command {
            Command::Create(settings) => {
                self.configure(settings)?;
                self.bench.disk = SimDisk::default();
                let config = self.config.clone();
                self.log = Some(self.bench.turn(|cx| PartitionLog::create(PARTITION, config, cx))?);
            }
            Command::Configure(settings) => {
                self.configure(settings)?;
                let config = self.config.clone();
                self.log()?.set_config(config);
            }
            Command::Clock(ms) => self.bench.wall = Timestamp(Timestamp::RUN_START.0 + ms),
            Command::Append { words, producer, packed, epoch } => {
                let batch = self.batch(words, *producer, packed.as_deref())?;
                if let Err(code) = self.turn(|log, cx| log.append_as_leader(&batch, LeaderEpoch(*epoch), cx))? {
                    writeln!(out, "refused: {code}")?;
                }
            }
            Command::Retain { high_watermark, by_file } => {
                let high_watermark = high_watermark.map_or(self.log()?.end_offset(), Offset);
                let view = RetentionView { high_watermark, by_record_time: if *by_file { Switch::Off } else { Switch::On } };
                if !self.turn(|log, cx| log.delete_due_segments(view, cx))?? {
                    writeln!(out, "nothing is due")?;
                }
            }
            Command::DeleteRecords(to) => drop(self.turn(|log, cx| log.advance_start(Offset(*to), cx))??),
            Command::Clean { high_watermark, map_keys, whole_segments, by_file, keeps_epochs } => {
                let rules = CleanerRules {
                    map_keys: map_keys.unwrap_or(RULES.map_keys),
                    partial_map: if *whole_segments { Switch::Off } else { Switch::On },
                    keeps_epochs: if *keeps_epochs { Switch::On } else { Switch::Off },
                    tombstone_clock: if *by_file { TombstoneClock::SegmentMtime } else { TombstoneClock::BatchHorizon },
                    ..RULES
                };
                let high_watermark = high_watermark.map_or(self.log()?.end_offset(), Offset);
                if self.turn(|log, cx| clean(log, rules, high_watermark, cx))?.is_none() {
                    writeln!(out, "nothing is worth cleaning")?;
                }
            }
            Command::FailAnywhere { power } => self.fail_anywhere(*power, out)?,
            Command::Flush => self.turn(PartitionLog::flush)??,
            Command::Read => {
                for batch in self.read()? {
                    writeln!(out, "{}", batch_line(&batch))?;
                }
            }
            Command::State => {
                let state: Vec<String> = self.state()?.iter().map(|(key, value)| format!("{key}/{value}")).collect();
                writeln!(out, "{}", state.join(" "))?;
            }
            Command::Files => files(&self.bench.disk, out),
            Command::Crash => self.start()?,
        }
        Ok(())
    }
}

const RULES: CleanerRules = CleanerRules {
    map_keys: 1_000,
    buffer_bytes: 128,
    partial_map: Switch::On,
    keeps_epochs: Switch::Off,
    tombstone_clock: TombstoneClock::BatchHorizon,
};

fn clean(log: &mut PartitionLog, rules: CleanerRules, high_watermark: Offset, cx: &mut Context<'_>) -> Option<Progress> {
    let plan = log.cleaning_candidate(high_watermark.min(log.end_offset()), cx.wall(), cx)?;
    let mut cleaning = Cleaning::begin(plan, rules, log, cx);
    loop {
        match cleaning.step(log, cx) {
            Ok(Progress::Goes) => {}
            Ok(other) => return Some(other),
            Err(_) => return Some(Progress::Failed),
        }
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Result<String, Box<dyn Error>> {
        let mut answer = String::new();
        let acted = self.act(command, &mut answer);
        let mut out = String::new();
        write_facts(self.bench.facts(), &mut out)?;
        acted?;
        Ok(out + &answer)
    }
}
