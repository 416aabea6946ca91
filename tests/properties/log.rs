//! A log against the plainest model of one, a list of records, through appends, cuts, crashes and power failures.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tribunal::config::{Profile, TopicConfig};
use tribunal::context::Context;
use tribunal::event::{Fact, LogFact, TruncationReason};
use tribunal::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::log::PartitionLog;
use tribunal::record::{BatchBuilder, RecordBatch, restamp};
use tribunal::time::Timestamp;

use crate::support::{Bench, MemoryDisk, cases};

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };

#[derive(Clone, Debug)]
enum Op {
    Lead {
        values: Vec<u8>,
        skew: i64,
    },
    Follow {
        values: Vec<u8>,
        batches: u8,
    },
    StartEpoch,
    Truncate(Index),
    RestartAt(u8),
    Flush,
    Crash,
    CleanRestart,
    PowerFailure(Vec<Index>),
    /// The process is killed after so many effects of the operation.
    Killed(u32, Box<Op>),
}

fn op() -> impl Strategy<Value = Op> {
    let values = || vec(any::<u8>(), 1..5);
    let plain = prop_oneof![
        6 => (values(), -50..50i64).prop_map(|(values, skew)| Op::Lead { values, skew }),
        4 => (values(), 1..4u8).prop_map(|(values, batches)| Op::Follow { values, batches }),
        2 => Just(Op::StartEpoch),
        2 => any::<Index>().prop_map(Op::Truncate),
        1 => (0..40u8).prop_map(Op::RestartAt),
        2 => Just(Op::Flush),
    ];
    let plain = plain.boxed();
    prop_oneof![
        12 => plain.clone(),
        2 => (0..9u32, plain).prop_map(|(effects, op)| Op::Killed(effects, Box::new(op))),
        1 => Just(Op::Crash),
        1 => Just(Op::CleanRestart),
        1 => vec(any::<Index>(), 1..6).prop_map(Op::PowerFailure),
    ]
}

/// One record as the model has it.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    epoch: LeaderEpoch,
    timestamp: Timestamp,
    value: Vec<u8>,
    ends_batch: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    start: u64,
    rows: Vec<Row>,
}

impl Model {
    fn end(&self) -> u64 {
        self.start + self.rows.len() as u64
    }

    /// Forgets what comes after `end`, which the log answered with; it must be the end of a batch.
    fn cut(&mut self, end: Offset) {
        assert!(end.0 >= self.start && end.0 <= self.end(), "{end} of {}..{}", self.start, self.end());
        self.rows.truncate(usize::try_from(end.0 - self.start).expect("small"));
        assert!(self.rows.last().is_none_or(|row| row.ends_batch), "a batch is cut whole or not at all");
    }
}

struct Trial {
    bench: Bench,
    log: PartitionLog,
    model: Model,
    epoch: LeaderEpoch,
    config: TopicConfig,
}

impl Trial {
    fn new() -> Self {
        let mut config = TopicConfig::of(Profile::Fast);
        for (key, value) in [("segment.bytes", "900"), ("index.interval.bytes", "150"), ("segment.ms", "60000")] {
            config.set(key, value).expect("a key of topics");
        }
        let mut bench: Bench = Bench::new();
        let log = bench.turn(|cx| PartitionLog::create(PARTITION, config.clone(), cx)).expect("the disk is sound");
        Self { bench, log, model: Model::default(), epoch: LeaderEpoch(0), config }
    }

    fn batch(&self, values: &[u8], skew: i64) -> Bytes {
        let first = Timestamp(self.bench.wall.0 + skew);
        let mut builder = BatchBuilder::new(first);
        for (place, value) in values.iter().enumerate() {
            let time = Timestamp(first.0 + i64::try_from(place).expect("small") * 3 - 5);
            builder.append(time, None, Some(&vec![*value; usize::from(*value)]), &[]);
        }
        builder.build()
    }

    fn expect(model: &mut Model, bytes: &Bytes, epoch: LeaderEpoch) {
        let records = RecordBatch::decode(bytes.clone()).expect("well formed").records;
        let count = records.len();
        model.rows.extend(records.into_iter().enumerate().map(|(place, record)| Row {
            epoch,
            timestamp: record.timestamp,
            value: record.value.expect("every record has one").to_vec(),
            ends_batch: place + 1 == count,
        }));
    }

    /// Does one operation on the log, and the same on a copy of the model.
    fn act(&mut self, op: &Op, killed: Option<u32>) -> Model {
        let mut after = self.model.clone();
        let (epoch, base) = (self.epoch, self.log.end_offset());
        match op {
            Op::Lead { values, skew } => {
                let batch = self.batch(values, *skew);
                Self::expect(&mut after, &batch, epoch);
                self.turn(killed, |log, cx| log.append_as_leader(&batch, epoch, cx).map(|_| ()).map_err(|code| code.to_string()));
            }
            Op::Follow { values, batches } => {
                let mut fetched = Vec::new();
                let mut next = base;
                for skew in 0..i64::from(*batches) {
                    let batch = self.batch(values, skew);
                    Self::expect(&mut after, &batch, epoch);
                    fetched.push(restamp(&batch, next, epoch, None));
                    next = next.plus(values.len() as u64);
                }
                self.turn(killed, |log, cx| log.append_as_follower(&fetched, BrokerId(2), cx).map_err(|code| code.to_string()));
            }
            Op::StartEpoch => {
                self.epoch = self.epoch.next();
                let epoch = self.epoch;
                self.turn(killed, |log, cx| log.start_epoch(epoch, cx).map_err(|fault| fault.to_string()));
            }
            Op::Truncate(to) => {
                let to = Offset(after.start + to.index(after.rows.len() + 1) as u64);
                self.turn(killed, |log, cx| {
                    log.truncate_to(to, TruncationReason::DivergingEpoch, cx).map_err(|fault| fault.to_string())
                });
                assert!(self.log.end_offset() <= to);
                after.cut(self.log.end_offset());
            }
            Op::RestartAt(at) => {
                let at = after.end() + u64::from(*at);
                after = Model { start: at, rows: Vec::new() };
                self.turn(killed, |log, cx| log.restart_at(Offset(at), cx).map_err(|fault| fault.to_string()));
            }
            Op::Flush => self.turn(killed, |log, cx| log.flush(cx).map_err(|fault| fault.to_string())),
            Op::Crash | Op::CleanRestart | Op::PowerFailure(_) | Op::Killed(..) => unreachable!("not operations on a log"),
        }
        after
    }

    fn turn(&mut self, killed: Option<u32>, act: impl FnOnce(&mut PartitionLog, &mut Context<'_>) -> Result<(), String>) {
        let log = &mut self.log;
        match killed {
            None => self.bench.turn(|cx| act(log, cx)).expect("the disk is sound and the input is good"),
            Some(effects) => self.bench.killed_turn(effects, |cx| act(log, cx)),
        }
    }

    fn recover(&mut self, was_clean: bool) {
        let (config, watermark) = (self.config.clone(), Offset(7));
        let recovered = self.bench.turn(|cx| PartitionLog::recover(PARTITION, config, watermark, was_clean, cx));
        self.log = recovered.expect("the disk is sound");
        let facts = self.bench.facts();
        let told = facts
            .iter()
            .rev()
            .find_map(|fact| if let Fact::Log(LogFact::LogRecovered { recovery }) = fact { Some(recovery) } else { None });
        let recovery = told.unwrap_or_else(|| panic!("{facts:?}"));
        assert_eq!((recovery.start, recovery.end), (self.log.start_offset(), self.log.end_offset()));
        assert!(recovery.high_watermark >= recovery.start && recovery.high_watermark <= recovery.end);
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Crash => self.recover(false),
            Op::CleanRestart => {
                self.act(&Op::Flush, None);
                self.recover(true);
            }
            Op::PowerFailure(luck) => {
                let flushed = self.log.flushed_offset();
                let mut luck = luck.iter().cycle();
                self.bench.disk.lose_power(|_, unsynced| luck.next().expect("there is some").index(unsynced + 1));
                self.recover(false);
                self.lost_at_most_down_to(flushed);
            }
            Op::Killed(effects, op) => {
                let before = self.model.clone();
                let after = self.act(op, Some(*effects));
                self.recover(false);
                // Whatever happened of it, the log is a prefix of what it was or of what it was to become.
                let is_new = self.log.start_offset().0 == after.start && after.end() >= before.end();
                self.model = if is_new { after } else { before };
                if self.log.start_offset().0 != self.model.start {
                    assert_eq!(self.log.end_offset(), Offset(0), "the process died between the old log and the new one");
                    self.model = Model::default();
                }
                self.model.cut(self.log.end_offset());
            }
            Op::Lead { .. } | Op::Follow { .. } | Op::StartEpoch | Op::Truncate(_) | Op::RestartAt(_) | Op::Flush => {
                self.model = self.act(op, None);
            }
        }
        self.bench.wall.0 += 1000;
    }

    fn lost_at_most_down_to(&mut self, flushed: Offset) {
        if self.log.start_offset().0 == self.model.start {
            assert!(self.log.end_offset() >= flushed, "{} was flushed, {} is left", flushed, self.log.end_offset());
        } else {
            assert_eq!((flushed.0, self.log.end_offset().0), (self.model.start, 0), "only a log never synced is lost whole");
            self.model = Model::default();
        }
        self.model.cut(self.log.end_offset());
    }

    /// Compares everything a log can be asked with what the model says.
    fn judge(&mut self) {
        let (log, model) = (&self.log, &self.model);
        assert_eq!((log.start_offset().0, log.end_offset().0), (model.start, model.end()));
        let batches = self.bench.turn(|cx| log.read(log.start_offset(), log.end_offset(), u32::MAX, cx)).expect("in range");
        let decoded: Vec<RecordBatch> = batches.into_iter().map(|bytes| RecordBatch::decode(bytes).expect("sound")).collect();
        let mut read = Vec::new();
        for batch in &decoded {
            read.extend(batch.records.iter().map(|record| Row {
                epoch: batch.header.leader_epoch.expect("stamped"),
                timestamp: record.timestamp,
                value: record.value.clone().expect("every record has one").to_vec(),
                ends_batch: record.offset == batch.header.last_offset(),
            }));
        }
        assert_eq!(read, model.rows);
        for (place, row) in model.rows.iter().enumerate() {
            let offset = Offset(model.start + place as u64);
            assert_eq!(log.epochs().epoch_at(offset), Some(row.epoch), "the epoch of {offset}");
            let first = self.bench.turn(|cx| log.read(offset, log.end_offset(), 1, cx)).expect("in range");
            let header = RecordBatch::decode(first[0].clone()).expect("sound").header;
            assert!(first.len() == 1 && header.base_offset <= offset && offset <= header.last_offset(), "{offset}: {header:?}");
            let since = self.bench.turn(|cx| log.offset_for_timestamp(row.timestamp, cx)).expect("sound");
            let wanted = model.rows.iter().position(|other| other.timestamp >= row.timestamp).expect("at least this one");
            assert_eq!(since.map(|(offset, ..)| offset.0), Some(model.start + wanted as u64), "since {:?}", row.timestamp);
        }
        let stored: usize = decoded.iter().map(|batch| batch.bytes.len()).sum();
        assert_eq!(log.size_bytes(), stored as u64);
    }
}

/// An index file says of a recovered log what a scan of it says: recovery changes nothing the second time.
fn assert_recovery_is_stable(trial: &mut Trial) {
    trial.recover(false);
    let once: MemoryDisk = trial.bench.disk.clone();
    trial.recover(false);
    assert!(once.files().eq(trial.bench.disk.files()));
    for (path, _) in once.files() {
        assert_eq!(once.bytes(path), trial.bench.disk.bytes(path), "{path}");
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_log_is_the_list_of_its_records_whatever_happens(ops in vec(op(), 1..40)) {
        let mut trial = Trial::new();
        for op in &ops {
            trial.step(op);
            trial.judge();
        }
        assert_recovery_is_stable(&mut trial);
    }

    #[test]
    fn damage_anywhere_in_the_files_leaves_a_prefix(
        ops in vec((vec(any::<u8>(), 1..5), -50..50i64).prop_map(|(values, skew)| Op::Lead { values, skew }), 1..30),
        damage in vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut trial = Trial::new();
        for op in &ops {
            trial.step(op);
        }
        for (file, at, byte) in damage {
            let files: Vec<_> = trial.bench.disk.files().filter(|(_, length)| *length > 0).collect();
            let (path, length) = *file.get(&files);
            trial.bench.disk.bytes_mut(path).expect("it was listed")[at.index(length)] = byte;
        }
        let config = trial.config.clone();
        let before = trial.bench.disk.clone();
        let recovered = trial.bench.turn(|cx| PartitionLog::recover(PARTITION, config, Offset(7), false, cx));
        let log = match recovered {
            Ok(log) => log,
            Err(why) => {
                // The base offset lies outside the checksum: a sound batch that is another than its file's name says.
                prop_assert!(why.to_string().contains("begins with offset"), "{why}");
                prop_assert!(before.files().filter(|(path, _)| path.name.segment_base().is_some()).eq(
                    trial.bench.disk.files().filter(|(path, _)| path.name.segment_base().is_some())));
                return Ok(());
            }
        };
        let (start, end) = (log.start_offset(), log.end_offset());
        prop_assert_eq!(start, Offset(0));
        let batches = trial.bench.turn(|cx| log.read(start, end, u32::MAX, cx)).expect("in range");
        prop_assert!(batches.into_iter().all(|bytes| RecordBatch::decode(bytes).is_ok()));
    }
}
