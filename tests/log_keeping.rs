//! What a log lets go of: retention and the cleaner, on one log, and a crash at every single effect of a cleaning.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed, which is what it is for")]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use tribunal::config::{Profile, Switch, TombstoneClock, TopicConfig};
use tribunal::context::Context;
use tribunal::event::{Fact, LogFact, RetentionReason, TruncationReason};
use tribunal::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::log::{CleanerRules, Cleaning, Known, PartitionLog, Progress, RetentionView};
use tribunal::record::{BatchBuilder, RecordBatch};
use tribunal::sim::disk::SimDisk;
use tribunal::time::Timestamp;

use support::Bench;

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
const END: Offset = Offset(u64::MAX);
const RULES: CleanerRules = CleanerRules {
    map_keys: 1_000,
    buffer_bytes: 128,
    partial_map: Switch::On,
    keeps_epochs: Switch::Off,
    tombstone_clock: TombstoneClock::BatchHorizon,
};

fn config(settings: &[(&str, &str)]) -> TopicConfig {
    let mut config = TopicConfig::of(Profile::Fast);
    for (key, value) in settings {
        config.set(key, value).expect("a setting that there is");
    }
    config
}

fn append(log: &mut PartitionLog, records: &[(&str, Option<&str>)], cx: &mut Context<'_>) {
    let now = cx.wall();
    let mut batch = BatchBuilder::new(now);
    for (key, value) in records {
        batch.append(now, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    log.append_as_leader(&batch.build(), LeaderEpoch(0), cx).expect("a good batch");
}

type Folded = BTreeMap<Bytes, Bytes>;

/// What a reader from `from` on ends with.
fn fold(log: &PartitionLog, from: Offset, cx: &mut Context<'_>) -> Folded {
    let mut state = Folded::new();
    for bytes in log.read(from, END, u32::MAX, cx).expect("it is in the log") {
        for record in RecordBatch::decode(bytes).expect("sound").records {
            let key = record.key.expect("all have one");
            match record.value.filter(|_| record.offset >= from) {
                Some(value) => drop(state.insert(key, value)),
                None => drop(state.remove(&key)),
            }
        }
    }
    state
}

/// A compacted log of several segments.
fn dirty_log(bench: &mut Bench<SimDisk>) -> PartitionLog {
    let config = config(&[("cleanup.policy", "compact"), ("segment.bytes", "300"), ("min.cleanable.dirty.ratio", "0.01")]);
    bench.turn(|cx| {
        let mut log = PartitionLog::create(PARTITION, config, cx).expect("the disk is well");
        for round in 0..12 {
            let (one, two) = (format!("k{}", round % 4), format!("k{}", (round + 1) % 3));
            let value = format!("v{round}");
            append(&mut log, &[(&one, Some(&value)), (&two, (round % 5 != 0).then_some(&value))], cx);
        }
        log.flush(cx).expect("the disk is well");
        log
    })
}

fn clean(log: &mut PartitionLog, rules: CleanerRules, cx: &mut Context<'_>) -> Option<Progress> {
    let plan = log.cleaning_candidate(log.end_offset(), cx.wall(), cx)?;
    let mut cleaning = Cleaning::begin(plan, rules, log, cx);
    loop {
        match cleaning.step(log, cx).expect("the disk is well") {
            Progress::Goes => {}
            other => return Some(other),
        }
    }
}

#[test]
fn every_reader_from_every_offset_ends_with_the_same_state_after_a_cleaning() {
    for map_keys in [1, 2, 3, 1_000] {
        let mut bench = Bench::<SimDisk>::new();
        let mut log = dirty_log(&mut bench);
        let (end, size) = (log.end_offset(), log.size_bytes());
        let before: Vec<Folded> = (0..end.0).map(|from| bench.turn(|cx| fold(&log, Offset(from), cx))).collect();
        let done = bench.turn(|cx| clean(&mut log, CleanerRules { map_keys, ..RULES }, cx));
        assert_eq!(done, Some(Progress::Finished));
        assert_eq!(log.end_offset(), end);
        for (from, before) in (0..end.0).zip(before) {
            assert_eq!(bench.turn(|cx| fold(&log, Offset(from), cx)), before, "from {from}, {map_keys} keys");
        }
        assert!(map_keys < 1_000 || log.size_bytes() < size);
    }
}

#[test]
fn a_tombstone_goes_when_its_horizon_has_passed_and_not_before() {
    let mut bench = Bench::<SimDisk>::new();
    let config = config(&[
        ("cleanup.policy", "compact"),
        ("segment.bytes", "100"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", "1000"),
    ]);
    let mut log = bench.turn(|cx| {
        let mut log = PartitionLog::create(PARTITION, config, cx).expect("the disk is well");
        append(&mut log, &[("a", Some("1"))], cx);
        append(&mut log, &[("a", None)], cx);
        append(&mut log, &[("b", Some("1"))], cx);
        log
    });
    let mut tombstones = Vec::new();
    for after_ms in [0, 999, 1_000] {
        bench.wall = Timestamp(Timestamp::RUN_START.0 + after_ms);
        let done = bench.turn(|cx| {
            append(&mut log, &[("c", Some("1"))], cx);
            clean(&mut log, RULES, cx)
        });
        assert_eq!(done, Some(Progress::Finished));
        let batches = bench.turn(|cx| log.read(Offset::ZERO, END, u32::MAX, cx)).expect("it is there");
        let records = batches.into_iter().flat_map(|bytes| RecordBatch::decode(bytes).expect("sound").records);
        tombstones.push(records.filter(|record| record.value.is_none()).count());
    }
    assert_eq!(tombstones, [1, 1, 0]);
}

#[test]
fn a_crash_at_any_effect_of_a_cleaning_loses_no_state() {
    let mut completed = 0;
    let mut killed_at = 0;
    loop {
        let mut bench = Bench::<SimDisk>::new();
        let mut log = dirty_log(&mut bench);
        let (end, config) = (log.end_offset(), log.config().clone());
        let before = bench.turn(|cx| fold(&log, Offset::ZERO, cx));
        let mut last = None;
        bench.killed_turn(killed_at, |cx| last = clean(&mut log, RULES, cx));
        let known = Known { recovery_point: Offset::ZERO, ..Known::default() };
        let loaded = bench.turn(|cx| PartitionLog::load(PARTITION, config, known, cx)).expect("it can be read");
        assert_eq!(loaded.end_offset(), end, "killed at {killed_at}");
        assert_eq!(bench.turn(|cx| fold(&loaded, Offset::ZERO, cx)), before, "killed at {killed_at}");
        let swapped = |fact: &Fact| matches!(fact, Fact::Log(LogFact::SwapRecovered { was_completed: true, .. }));
        completed += usize::from(bench.facts().iter().any(swapped));
        killed_at += 1;
        if killed_at > 120 {
            break;
        }
    }
    assert!(completed > 3, "some crashes fell into a swap: {completed}");
}

#[test]
fn retention_takes_the_oldest_segments_and_then_the_active_one() {
    let mut bench = Bench::<SimDisk>::new();
    let config = config(&[("retention.ms", "1000"), ("segment.bytes", "100")]);
    let mut log = bench.turn(|cx| PartitionLog::create(PARTITION, config, cx).expect("the disk is well"));
    for ms in [0, 500, 900] {
        bench.wall = Timestamp(Timestamp::RUN_START.0 + ms);
        bench.turn(|cx| append(&mut log, &[("a", Some("1"))], cx));
    }
    let mut starts = Vec::new();
    for (ms, high_watermark) in [(1_000, 3), (1_001, 3), (5_000, 2), (5_000, 3)] {
        bench.wall = Timestamp(Timestamp::RUN_START.0 + ms);
        let view = RetentionView { high_watermark: Offset(high_watermark), by_record_time: Switch::On };
        bench.turn(|cx| log.delete_due_segments(view, cx)).expect("the disk is well");
        starts.push(log.start_offset().0);
    }
    assert_eq!(starts, [0, 1, 2, 3]);
    assert_eq!((log.end_offset(), log.segment_count()), (Offset(3), 1));
    let why: Vec<_> = bench
        .facts()
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Log(LogFact::SegmentDeleted { segment }) => Some(segment.why),
            _ => None,
        })
        .collect();
    assert_eq!(why, [RetentionReason::Time; 3]);
    assert!(log.next_removal().is_some(), "their files stay for a while");
}

#[test]
fn a_log_that_is_compacted_no_more_is_left_as_it_is_in_the_middle_of_its_cleaning() {
    let mut bench = Bench::<SimDisk>::new();
    let mut log = dirty_log(&mut bench);
    let (first_dirty, size) = (log.first_dirty(), log.size_bytes());
    let plan = bench.turn(|cx| log.cleaning_candidate(log.end_offset(), cx.wall(), cx)).expect("it is dirty");
    let mut cleaning = bench.turn(|cx| Cleaning::begin(plan, RULES, &log, cx));
    assert_eq!(bench.turn(|cx| cleaning.step(&mut log, cx)).ok(), Some(Progress::Goes));
    log.set_config(config(&[("cleanup.policy", "delete")]));
    assert_eq!(bench.turn(|cx| cleaning.step(&mut log, cx)).ok(), Some(Progress::GaveUp));
    assert_eq!((log.first_dirty(), log.size_bytes()), (first_dirty, size));
}

#[test]
fn a_cut_voids_a_cleaning_that_has_begun() {
    let mut bench = Bench::<SimDisk>::new();
    let mut log = dirty_log(&mut bench);
    let plan = bench.turn(|cx| log.cleaning_candidate(log.end_offset(), cx.wall(), cx)).expect("it is dirty");
    let mut cleaning = bench.turn(|cx| Cleaning::begin(plan, RULES, &log, cx));
    assert_eq!(bench.turn(|cx| cleaning.step(&mut log, cx)).ok(), Some(Progress::Goes));
    bench.turn(|cx| log.truncate_to(Offset(4), TruncationReason::DivergingEpoch, cx)).expect("the disk is well");
    bench.turn(|cx| append(&mut log, &[("k0", Some("another")), ("k1", Some("history"))], cx));
    let before = bench.turn(|cx| fold(&log, Offset(0), cx));
    assert_eq!(bench.turn(|cx| cleaning.step(&mut log, cx)).ok(), Some(Progress::GaveUp));
    assert_eq!(bench.turn(|cx| fold(&log, Offset(0), cx)), before);
}

#[test]
fn what_comes_in_place_of_a_cut_is_dirty() {
    let mut bench = Bench::<SimDisk>::new();
    let mut log = dirty_log(&mut bench);
    assert_eq!(bench.turn(|cx| clean(&mut log, RULES, cx)), Some(Progress::Finished));
    let first_dirty = log.first_dirty().expect("it was cleaned");
    bench.turn(|cx| log.truncate_to(Offset(4), TruncationReason::DivergingEpoch, cx)).expect("the disk is well");
    while log.end_offset() <= first_dirty.next() {
        bench.turn(|cx| append(&mut log, &[("k0", Some("another")), ("k1", Some("history"))], cx));
    }
    let found = bench.turn(|cx| log.cleaning_candidate(log.end_offset(), cx.wall(), cx)).expect("it is dirty");
    assert!(found.first_dirty <= Offset(4), "{found:?}, and it was cleaned to {first_dirty}");
}

#[test]
fn a_checkpoint_of_the_cleaner_beyond_the_end_counts_for_nothing() {
    let mut bench = Bench::<SimDisk>::new();
    let end = dirty_log(&mut bench).end_offset();
    let settings = config(&[("cleanup.policy", "compact"), ("segment.bytes", "300"), ("min.cleanable.dirty.ratio", "0.01")]);
    for (cleaned, first_dirty) in [(end.next(), Offset(0)), (Offset(4), Offset(4))] {
        let known = Known { cleaned: Some(cleaned), ..Known::default() };
        let log = bench.turn(|cx| PartitionLog::load(PARTITION, settings.clone(), known, cx)).expect("its files are whole");
        let found = bench.turn(|cx| log.cleaning_candidate(log.end_offset(), cx.wall(), cx)).expect("it is dirty");
        assert_eq!(found.first_dirty, first_dirty, "cleaned to {cleaned}, as the checkpoint says");
    }
}
