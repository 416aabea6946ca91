//! The cleaner against its one promise: whoever reads on, from whatever offset, ends with the same state as before.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use tribunal::config::{Profile, Switch, TombstoneClock, TopicConfig};
use tribunal::context::Context;
use tribunal::ids::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicId, TopicPartition};
use tribunal::log::{CleanerRules, Cleaning, Known, PartitionLog, Progress};
use tribunal::record::{BatchBuilder, BatchHeader, Compression, RecordBatch, encode};
use tribunal::sim::disk::SimDisk;
use tribunal::time::Timestamp;

use crate::support::{Bench, cases};

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
const DELETE_RETENTION_MS: i64 = 1_000;

#[derive(Clone, Debug)]
enum Op {
    /// A batch: a key and whether it is a tombstone, of each record; and whether it is packed, and by an idempotent producer.
    Append {
        records: Vec<(u8, bool)>,
        is_packed: bool,
        is_idempotent: bool,
    },
    Wait(u16),
    Clean {
        map_keys: u64,
        high_watermark: u8,
    },
    Crash,
    /// The process dies after so many effects of a cleaning, and starts again.
    KilledCleaning(u32),
    DeleteRecords(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let records = vec((0..6u8, prop::bool::weighted(0.2)), 1..5);
    prop_oneof![
        12 => (records, prop::bool::weighted(0.2), prop::bool::weighted(0.2))
            .prop_map(|(records, is_packed, is_idempotent)| Op::Append { records, is_packed, is_idempotent }),
        2 => (0..1_500u16).prop_map(Op::Wait),
        3 => (1..12u64, any::<u8>()).prop_map(|(map_keys, high_watermark)| Op::Clean { map_keys, high_watermark }),
        1 => Just(Op::Crash),
        2 => (0..60u32).prop_map(Op::KilledCleaning),
        1 => any::<u8>().prop_map(Op::DeleteRecords),
    ]
}

type State = BTreeMap<Bytes, Bytes>;

struct Trial {
    bench: Bench<SimDisk>,
    log: PartitionLog,
    config: TopicConfig,
    written: u32,
    /// Every record that was ever written: its key, and its value with a number of its own.
    rows: Vec<(Bytes, Option<Bytes>)>,
}

impl Trial {
    fn new() -> Self {
        let mut config = TopicConfig::of(Profile::Fast);
        let settings = [
            ("cleanup.policy", "compact"),
            ("segment.bytes", "300"),
            ("min.cleanable.dirty.ratio", "0"),
            ("delete.retention.ms", "1000"),
            ("index.interval.bytes", "80"),
        ];
        for (key, value) in settings {
            config.set(key, value).expect("a key of topics");
        }
        let mut bench = Bench::<SimDisk>::new();
        let log = bench.turn(|cx| PartitionLog::create(PARTITION, config.clone(), cx)).expect("the disk is sound");
        Self { bench, log, config, written: 0, rows: Vec::new() }
    }

    fn append(&mut self, records: &[(u8, bool)], is_packed: bool, is_idempotent: bool) {
        let wall = self.bench.wall;
        let mut builder = BatchBuilder::new(wall);
        for (key, is_tombstone) in records {
            self.written += 1;
            let (key, value) = (Bytes::from(format!("k{key}")), Bytes::from(self.written.to_string()));
            builder.append(wall, Some(&key), (!is_tombstone).then_some(&value), &[]);
            self.rows.push((key, (!is_tombstone).then_some(value)));
        }
        let plain = RecordBatch::decode(builder.build()).expect("it was just made");
        let how = if is_packed { Compression::Gzip } else { Compression::None };
        let header = BatchHeader {
            producer_id: is_idempotent.then_some(ProducerId(3)),
            producer_epoch: is_idempotent.then_some(ProducerEpoch(0)),
            base_sequence: is_idempotent.then_some(Sequence(0)),
            attributes: plain.header.attributes.with_compression(how),
            ..plain.header
        };
        let batch = encode(&header, &plain.records);
        let log = &mut self.log;
        self.bench.turn(|cx| log.append_as_leader(&batch, LeaderEpoch(0), cx)).expect("a good batch");
        self.bench.turn(|cx| log.flush(cx)).expect("the disk is sound");
    }

    fn restart(&mut self) {
        let (config, known) = (self.config.clone(), Known { log_start: self.log.start_offset(), ..Known::default() });
        self.log = self.bench.turn(|cx| PartitionLog::load(PARTITION, config, known, cx)).expect("it can be read");
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Append { records, is_packed, is_idempotent } => self.append(records, *is_packed, *is_idempotent),
            Op::Wait(ms) => self.bench.wall.0 += i64::from(*ms),
            Op::Clean { map_keys, high_watermark } => {
                let end = self.log.end_offset();
                let high_watermark = Offset(end.0.saturating_sub(u64::from(*high_watermark % 8)));
                let log = &mut self.log;
                self.bench.turn(|cx| clean(log, *map_keys, high_watermark, cx));
            }
            Op::Crash => self.restart(),
            Op::KilledCleaning(effects) => {
                let (mut dying, end) = (self.log.clone(), self.log.end_offset());
                self.bench.killed_turn(*effects, |cx| clean(&mut dying, 1_000, end, cx));
                self.restart();
            }
            Op::DeleteRecords(share) => {
                let (start, end) = (self.log.start_offset().0, self.log.end_offset().0);
                let to = Offset(start + (end - start) * u64::from(*share) / 1_024);
                let log = &mut self.log;
                self.bench.turn(|cx| log.advance_start(to, cx)).expect("the disk is sound");
            }
        }
    }

    /// Everything that can be read, by its offset.
    fn read(&mut self) -> BTreeMap<u64, (Bytes, Option<Bytes>)> {
        let log = &self.log;
        let read = self.bench.turn(|cx| log.read(log.start_offset(), Offset(u64::MAX), u32::MAX, cx)).expect("it is all there");
        let records = read.into_iter().flat_map(|bytes| RecordBatch::decode(bytes).expect("sound").records);
        records.map(|record| (record.offset.0, (record.key.expect("all have one"), record.value))).collect()
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.log.end_offset().0, self.rows.len() as u64, "no offset ever changes");
        let start = self.log.start_offset().0;
        let found = self.read();
        for (offset, record) in &found {
            let written = usize::try_from(*offset).ok().and_then(|offset| self.rows.get(offset));
            prop_assert!(*offset < start || written == Some(record), "offset {} is what was written there", offset);
        }
        for from in start..=self.log.end_offset().0 {
            let all = self.rows.iter().skip(usize::try_from(from).expect("small"));
            let left = found.range(from..).map(|(_, record)| record);
            prop_assert_eq!(fold(left), fold(all), "a reader from {} on", from);
        }
        Ok(())
    }
}

fn fold<'a>(records: impl Iterator<Item = &'a (Bytes, Option<Bytes>)>) -> State {
    let mut state = State::new();
    for (key, value) in records {
        match value {
            Some(value) => drop(state.insert(key.clone(), value.clone())),
            None => drop(state.remove(key)),
        }
    }
    state
}

fn clean(log: &mut PartitionLog, map_keys: u64, high_watermark: Offset, cx: &mut Context<'_>) {
    let rules = CleanerRules {
        map_keys,
        buffer_bytes: 128,
        partial_map: Switch::On,
        keeps_epochs: Switch::Off,
        tombstone_clock: TombstoneClock::BatchHorizon,
    };
    let Some(plan) = log.cleaning_candidate(high_watermark, cx.wall(), cx) else { return };
    let mut cleaning = Cleaning::begin(plan, rules, log, cx);
    while let Ok(Progress::Goes) = cleaning.step(log, cx) {}
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn every_reader_at_every_offset_ends_with_the_state_that_was_written(ops in vec(op(), 1..60)) {
        let mut trial = Trial::new();
        for op in &ops {
            trial.apply(op);
            trial.check()?;
        }
    }

    /// Who comes within `delete.retention.ms` after a tombstone was first cleaned sees it: only superseded ones go before.
    #[test]
    fn a_tombstone_is_seen_for_its_time(ops in vec(op(), 1..60)) {
        let mut trial = Trial::new();
        let mut since: BTreeMap<u64, i64> = BTreeMap::new();
        for op in &ops {
            let before = trial.read();
            trial.apply(op);
            let (after, now) = (trial.read(), trial.bench.wall.0 - Timestamp::RUN_START.0);
            let start = trial.log.start_offset().0;
            for (offset, (key, _)) in before.iter().filter(|(offset, (_, value))| value.is_none() && **offset >= start) {
                let is_superseded = before.range(offset + 1..).any(|(_, (other, _))| other == key);
                let is_cleaning = matches!(op, Op::Clean { .. } | Op::KilledCleaning(_));
                if !after.contains_key(offset) && !is_superseded {
                    let first = since.get(offset).copied();
                    prop_assert!(first.is_some_and(|first| now >= first + DELETE_RETENTION_MS), "{} at {}, {:?}", offset, now, first);
                }
                if is_cleaning {
                    since.entry(*offset).or_insert(now);
                }
            }
        }
    }
}
