//! A log on a disk whose power fails, at any time and in any way that a disk may fail it while its syncs keep their word:
//! what comes back is what was there, minus a suffix that was never synced.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tribunal::config::{Profile, Switch, TopicConfig};
use tribunal::context::{Context, DiskView};
use tribunal::event::TruncationReason;
use tribunal::files::{FileName, FilePath, Folder};
use tribunal::ids::{LeaderEpoch, LogDirectory, Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::log::{Known, PartitionLog, checkpoint};
use tribunal::record::{BatchBuilder, RecordBatch, restamp};
use tribunal::sim::disk::{PowerLuck, SimDisk};

use crate::support::{Bench, cases};

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
const ROOT: Folder = Folder::Root(LogDirectory::FIRST);

#[derive(Clone, Debug)]
enum Op {
    Append {
        bytes: usize,
        is_new_epoch: bool,
    },
    Truncate(Index),
    StartAt(Index),
    Flush,
    FlushClosed,
    Checkpoint,
    Crash,
    /// The power fails; whatever may be lost is asked of these.
    PowerFailure(Vec<u32>),
    /// The process is killed after so many effects of an append, then the power fails.
    KilledThenPower(u32, Vec<u32>),
    /// An index, or the epochs, are gone when the process starts again.
    LoseDerived(Index),
}

fn op() -> impl Strategy<Value = Op> {
    let luck = || vec(any::<u32>(), 1..30);
    prop_oneof![
        12 => (0..700_usize, any::<bool>()).prop_map(|(bytes, is_new_epoch)| Op::Append { bytes, is_new_epoch }),
        2 => any::<Index>().prop_map(Op::Truncate),
        1 => any::<Index>().prop_map(Op::StartAt),
        3 => Just(Op::Flush),
        2 => Just(Op::FlushClosed),
        3 => Just(Op::Checkpoint),
        1 => Just(Op::Crash),
        3 => luck().prop_map(Op::PowerFailure),
        1 => (0..9_u32, luck()).prop_map(|(effects, luck)| Op::KilledThenPower(effects, luck)),
        1 => any::<Index>().prop_map(Op::LoseDerived),
    ]
}

/// Draws every answer from a list, in a circle.
struct Drawn<'a>(std::iter::Cycle<std::slice::Iter<'a, u32>>);

impl Drawn<'_> {
    fn next(&mut self, below: u64) -> u64 {
        u64::from(*self.0.next().expect("the list is not empty")) % below
    }
}

impl PowerLuck for Drawn<'_> {
    fn folder_survives(&mut self, _: Folder) -> bool {
        self.next(2) == 1
    }
    fn entry_survives(&mut self, _: FilePath) -> bool {
        self.next(2) == 1
    }
    fn bytes_kept(&mut self, _: FilePath, unsynced: u64) -> u64 {
        self.next(unsynced + 1)
    }
    fn torn_sector(&mut self, _: FilePath, sectors: u64) -> Option<u64> {
        Some(self.next(sectors * 2)).filter(|sector| *sector < sectors)
    }
}

struct Trial {
    bench: Bench<SimDisk>,
    log: PartitionLog,
    config: TopicConfig,
    epoch: LeaderEpoch,
    /// Every batch of the log, in order: its base and its bytes.
    batches: Vec<(Offset, Vec<u8>)>,
}

impl Trial {
    fn new() -> Self {
        let mut config = TopicConfig::of(Profile::Fast);
        for (key, value) in [("segment.bytes", "1500"), ("index.interval.bytes", "100")] {
            config.set(key, value).expect("a key of topics");
        }
        let mut bench = Bench::<SimDisk>::new();
        let log = bench.turn(|cx| PartitionLog::create(PARTITION, config.clone(), cx)).expect("the disk is sound");
        Self { bench, log, config, epoch: LeaderEpoch(0), batches: Vec::new() }
    }

    fn turn<T, E: std::fmt::Debug>(&mut self, act: impl FnOnce(&mut PartitionLog, &mut Context<'_>) -> Result<T, E>) -> T {
        let log = &mut self.log;
        self.bench.turn(|cx| act(log, cx)).expect("the disk is sound")
    }

    fn batch(&self, bytes: usize) -> bytes::Bytes {
        let mut builder = BatchBuilder::new(self.bench.wall);
        builder.append(self.bench.wall, None, Some(&vec![7; bytes]), &[]);
        builder.append(self.bench.wall, None, Some(b"second"), &[]);
        builder.build()
    }

    fn read_all(&mut self) -> Vec<(Offset, Vec<u8>)> {
        let read = self.turn(|log, cx| log.read(log.start_offset(), log.end_offset(), u32::MAX, cx));
        let whole = |bytes: bytes::Bytes| {
            let base = RecordBatch::decode(bytes.clone()).expect("what a start kept is sound").header.base_offset;
            (base, bytes.to_vec())
        };
        read.into_iter().map(whole).collect()
    }

    fn known(&mut self) -> Known {
        let mut offset = |name| {
            let found = checkpoint::read(ROOT.file(name), &mut self.bench.disk).expect("it is whole");
            found.first().map_or(Offset::ZERO, |(_, offset)| *offset)
        };
        let recovery_point = offset(FileName::RecoveryPointCheckpoint);
        Known { recovery_point, log_start: offset(FileName::LogStartCheckpoint), ..Known::default() }
    }

    /// Starts again. What is not there any more was never flushed.
    fn recover(&mut self, flushed: Offset) {
        let (config, known) = (self.config.clone(), self.known());
        let loaded = self.bench.turn(|cx| PartitionLog::load(PARTITION, config, known, cx));
        self.log = loaded.expect("no power failure makes a log that is to be refused");
        let end = self.log.end_offset();
        assert!(end >= flushed, "all below {flushed} was flushed, and the log ends at {end}");
        let start = self.log.start_offset();
        let before: Vec<_> = self.batches.iter().filter(|(base, _)| *base >= start).cloned().collect();
        let after = self.read_all();
        let after: Vec<_> = after.into_iter().filter(|(base, _)| *base >= start).collect();
        assert!(before.starts_with(&after), "what came back is a prefix of what was there");
        self.batches.retain(|(base, _)| *base < end);
        if known.recovery_point > end {
            self.checkpoint(); // as a broker does
        }
        for (base, bytes) in &after {
            let epoch = RecordBatch::decode(bytes.clone().into()).expect("sound").header.leader_epoch;
            assert_eq!(self.log.epochs().epoch_at(*base), epoch, "the epoch of {base}");
        }
    }

    fn lose_power(&mut self, luck: &[u32]) {
        let flushed = self.log.flushed_offset();
        self.bench.disk.lose_power(&mut Drawn(luck.iter().cycle()));
        // A log whose name was never synced is lost whole, with its start.
        let is_gone = !DiskView::folders(&self.bench.disk).contains(&Folder::Log(LogDirectory::FIRST, PARTITION));
        if is_gone && flushed == Offset::ZERO {
            self.batches.clear();
        }
        self.recover(flushed);
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Append { bytes, is_new_epoch } => {
                if *is_new_epoch {
                    self.epoch = self.epoch.next();
                }
                let (batch, epoch) = (self.batch(*bytes), self.epoch);
                let appended = self.turn(|log, cx| log.append_as_leader(&batch, epoch, cx));
                let read = self.turn(|log, cx| log.read(appended.base, Offset(u64::MAX), u32::MAX, cx));
                self.batches.push((appended.base, read[0].to_vec()));
            }
            Op::Truncate(place) => {
                let (start, end) = (self.log.start_offset(), self.log.end_offset());
                let to = Offset(start.0 + place.index(usize::try_from(end.0 - start.0).expect("small") + 1) as u64);
                self.turn(|log, cx| log.truncate_to(to, TruncationReason::DivergingEpoch, cx));
                self.checkpoint(); // as a broker does, or the recovery point would speak for other records
                let end = self.log.end_offset();
                self.batches.retain(|(base, _)| *base < end);
            }
            Op::StartAt(place) => {
                let (start, end) = (self.log.start_offset(), self.log.end_offset());
                let to = Offset(start.0 + place.index(usize::try_from(end.0 - start.0).expect("small") + 1) as u64);
                // A log start is a promise only to who heard of it; here it is written down at once.
                self.turn(PartitionLog::flush);
                self.turn(|log, cx| log.advance_start(to, cx));
                self.checkpoint();
            }
            Op::Flush => self.turn(PartitionLog::flush),
            Op::FlushClosed => self.turn(PartitionLog::flush_closed),
            Op::Checkpoint => self.checkpoint(),
            Op::Crash => self.recover(self.log.end_offset()),
            Op::PowerFailure(luck) => self.lose_power(luck),
            Op::KilledThenPower(effects, luck) => {
                let flushed = self.log.flushed_offset();
                let (batch, epoch, log) = (self.batch(100), self.epoch, &mut self.log);
                self.bench.killed_turn(*effects, |cx| {
                    let _ = log.append_as_leader(&batch, epoch, cx);
                });
                // Whether the batch is there is nobody's to know: take it in if it is.
                let base = self.batches.last().map_or(Offset::ZERO, |(_, bytes)| {
                    RecordBatch::decode(bytes.clone().into()).expect("sound").header.last_offset().next()
                });
                let base = base.max(self.log.start_offset());
                self.batches.push((base, restamp(&batch, base, epoch, None).to_vec()));
                self.bench.disk.lose_power(&mut Drawn(luck.iter().cycle()));
                self.recover(flushed);
            }
            Op::LoseDerived(which) => {
                let folder = Folder::Log(LogDirectory::FIRST, PARTITION);
                let names = DiskView::files(&self.bench.disk, folder).into_iter();
                let derived: Vec<_> = names.filter(|name| name.segment_base().is_none()).collect();
                if !derived.is_empty() {
                    self.bench.disk.lose_file(folder.file(*which.get(&derived)));
                }
                self.recover(self.log.end_offset());
            }
        }
    }

    fn checkpoint(&mut self) {
        let (flushed, start) = (self.log.flushed_offset(), self.log.start_offset());
        let disk = &mut self.bench.disk;
        for (name, offset) in [(FileName::RecoveryPointCheckpoint, flushed), (FileName::LogStartCheckpoint, start)] {
            checkpoint::write(ROOT.file(name), &[(PARTITION, offset)], Switch::On, disk).expect("the disk is sound");
        }
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_power_failure_takes_an_unsynced_suffix_and_nothing_else(ops in vec(op(), 1..40)) {
        let mut trial = Trial::new();
        for op in &ops {
            trial.step(op);
        }
    }
}
