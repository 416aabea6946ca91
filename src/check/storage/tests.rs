//! What the cleaner may do, what it may not, and what logs with gaps hold.

use std::sync::Arc;

use crate::check::testing::{CONSUMER, Cluster, ORDERS, b};
use crate::check::testing_storage::DELETE_RETENTION;
use crate::event::{CleaningReason, ClientFact, LogFact, PositionReason, ReplicaFact, TruncationReason, WorldFact};
use crate::ids::{BrokerId, Digest, LeaderEpoch, Offset};
use crate::time::Duration;

const NOTHING: [&str; 0] = [];

/// A value of one of three keys.
fn value(key: u64, number: u64) -> Digest {
    Cluster::digest_of(key, number, false)
}

fn tombstone(key: u64, number: u64) -> Digest {
    Cluster::digest_of(key, number, true)
}

/// Four records, one batch each; offsets 0 and 1 are of one key, 2 and 3 of others.
fn stored() -> Cluster {
    let mut cluster = Cluster::new();
    for digest in [value(0, 1), value(0, 2), value(1, 3), value(2, 4)] {
        cluster.store(&[digest]);
    }
    cluster
}

fn superseded(offsets: &[u64]) -> Vec<(u64, CleaningReason)> {
    offsets.iter().map(|offset| (*offset, CleaningReason::Superseded)).collect()
}

/// The first batch has three records of one key and one of another, of which the cleaner leaves two; the first is replaced.
fn cleaned() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.store(&[value(0, 1), value(0, 2), value(1, 3), value(0, 4)]);
    cluster.store(&[value(1, 5)]);
    cluster.drop_records(1, &superseded(&[0, 1, 2]));
    cluster
}

/// b3 comes into the ISR again.
fn join(cluster: &mut Cluster) {
    cluster.propose(3);
    cluster.isr = vec![1, 2, 3];
    cluster.change_isr();
}

#[test]
fn a_copy_of_a_cleaned_log_holds_what_was_cleaned_away() {
    let mut cluster = cleaned();
    cluster.crash(3);
    cluster.push(b(3), WorldFact::DiskReplaced { bytes: 100 });
    cluster.log_mut(3).clear();
    cluster.epochs_of(3);
    cluster.restart(3);
    cluster.register(3, 30);
    cluster.follow(3);
    let (mut broken, epoch) = (cluster.clone(), cluster.epoch);
    cluster.replicate(3);
    join(&mut cluster);
    cluster.elect(3);
    cluster.clean(3);
    cluster.wait(Duration::from_secs(20));
    cluster.finish();
    assert_eq!(cluster.violated(), NOTHING);
    // Offset 3 is there still, and whoever passes over it lacks it.
    let batch = Cluster::batch(4, epoch, &[value(1, 5)]);
    broken.begin_epoch(3, epoch);
    broken.push(b(3), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(1), batch });
    assert_eq!(broken.violated(), NOTHING, "an empty log may begin anywhere");
    let later = Cluster::batch(6, epoch, &[value(1, 6)]);
    broken.push(b(3), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(1), batch: later });
    assert_eq!(broken.violated(), ["log-matching"]);
}

/// The cleaner keeps a batch's first and last offset, whatever it takes out of it.
#[test]
fn what_is_missing_inside_a_batch_is_held_if_it_was_cleaned_away() {
    let mut cluster = cleaned();
    cluster.crash(3);
    cluster.push(b(3), WorldFact::DiskReplaced { bytes: 100 });
    cluster.restart(3);
    cluster.register(3, 30);
    cluster.push(b(3), LogFact::EpochStarted { partition: ORDERS, epoch: LeaderEpoch(0), start: Offset(0) });
    let mut sparse = (*Cluster::batch(0, LeaderEpoch(0), &[value(0, 1), value(0, 2), value(1, 3), value(0, 4)])).clone();
    sparse.records.retain(|record| record.offset == Offset(3));
    let mut too_sparse = (cluster.clone(), sparse.clone());
    cluster.push(b(3), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(1), batch: Arc::new(sparse) });
    let batch = Cluster::batch(4, LeaderEpoch(0), &[value(1, 5)]);
    cluster.push(b(3), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(1), batch });
    let leader_log = cluster.log(1).clone();
    cluster.log_mut(3).clone_from(&leader_log);
    join(&mut cluster);
    assert_eq!(cluster.violated(), NOTHING);
    let (cluster, batch) = (&mut too_sparse.0, &mut too_sparse.1);
    batch.records.clear();
    cluster.push(b(3), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(1), batch: Arc::new(batch.clone()) });
    assert_eq!(cluster.violated(), ["log-matching"]);
}

#[test]
fn a_log_comes_back_without_what_its_cleaner_dropped_and_with_all_else() {
    let mut cluster = cleaned();
    let mut lacking = cluster.clone();
    cluster.crash(1);
    cluster.come_back(1);
    assert_eq!(cluster.violated(), NOTHING);
    lacking.crash(1);
    lacking.cut_gaps(1, 0);
    lacking.lack(1, &[0, 1, 2, 3]);
    lacking.come_back(1);
    assert_eq!(lacking.violated(), ["recovery-prefix"], "offset 3 was not cleaned away");
}

/// Found by chaos/compaction at seed 0x1551: a cut is told before it is made, and the disk refused it.
#[test]
fn what_was_cleaned_before_a_cut_that_was_never_made_may_be_missing() {
    let mut cluster = cleaned();
    let whole = cluster.log(1).to_vec();
    cluster.cut(1, 0, TruncationReason::BehindLogStart);
    cluster.crash(1);
    *cluster.log_mut(1) = whole;
    let mut lacking = cluster.clone();
    cluster.lack(1, &[0, 1, 2]);
    cluster.come_back(1);
    assert!(!cluster.violated().contains(&"recovery-prefix"), "{:?}", cluster.violated());
    lacking.lack(1, &[0, 1, 2, 3]);
    lacking.come_back(1);
    assert!(lacking.violated().contains(&"recovery-prefix"));
}

/// The process dies before it says what it dropped, and the next start completes the swap.
#[test]
fn a_cleaning_that_is_completed_by_the_next_start_is_judged_then() {
    let mut cluster = stored();
    cluster.crash(1);
    let untold = cluster.clone();
    cluster.push(b(1), LogFact::CleaningStarted { partition: ORDERS, first_dirty: Offset(0), end: Offset(3) });
    for (place, (mut cluster, dropped)) in [(cluster.clone(), 0), (cluster, 1), (untold, 0)].into_iter().enumerate() {
        cluster.lack(1, &[dropped]);
        cluster.come_back(1);
        let expected: &[&str] = [&[][..], &["compaction-contract"], &["recovery-prefix"]].get(place).copied().expect("three");
        assert_eq!(cluster.violated(), expected, "case {place}");
    }
}

#[test]
fn a_reader_passes_over_what_was_cleaned_away_and_over_nothing_else() {
    let mut cluster = cleaned();
    let mut blind = cluster.clone();
    cluster.push_poll(cluster.committed_from(0));
    assert_eq!(cluster.violated(), ["no-foreign-values"], "nobody sent these");
    blind.push_poll(cluster.committed_from(4));
    assert!(blind.violated().contains(&"no-poll-skip"), "{:?}", blind.violated());
    let why = PositionReason::Reset;
    let mut late = stored();
    late.push(b(2), ReplicaFact::HighWatermarkLearned { partition: ORDERS, old: Offset(0), new: Offset(4) });
    late.push(b(2), LogFact::LogStartAdvanced { partition: ORDERS, old: Offset(0), new: Offset(2) });
    late.push(CONSUMER, ClientFact::PositionSet { partition: ORDERS, offset: Offset(2), epoch: None, why });
    assert_eq!(late.violated(), NOTHING, "any replica may be the one that is read from");
}

#[test]
fn the_latest_record_of_a_key_stays_whatever_the_reason_that_is_given() {
    for (offset, why, expected) in [
        (0, CleaningReason::Superseded, &[][..]),
        (1, CleaningReason::Superseded, &["compaction-contract"][..]),
        (1, CleaningReason::Tombstone, &["compaction-contract"][..]),
        (1, CleaningReason::Keyless, &["compaction-contract"][..]),
        (9, CleaningReason::Superseded, &["compaction-contract"][..]),
    ] {
        let mut cluster = stored();
        cluster.drop_records(2, &[(offset, why)]);
        assert_eq!(cluster.violated(), expected, "{offset} as {why:?}");
    }
}

#[test]
fn only_what_is_committed_supersedes() {
    let mut cluster = stored();
    let mut early = cluster.clone();
    let base = early.append(&[value(1, 9)]);
    early.drop_records(1, &superseded(&[2]));
    assert_eq!(early.violated(), ["compaction-contract"], "offset {base} may be cut off yet");
    cluster.crash(3);
    cluster.store(&[value(1, 9)]);
    cluster.drop_records(3, &superseded(&[2]));
    assert_eq!(cluster.violated(), ["compaction-contract"], "b3 has not the newer one");
}

/// A tombstone and what it deletes.
fn deleted() -> Cluster {
    let mut cluster = Cluster::new();
    for digest in [value(0, 1), tombstone(0, 2), value(1, 3), value(2, 4)] {
        cluster.store(&[digest]);
    }
    cluster
}

/// Both cleaners take the value, and give the tombstone its horizon.
fn begin_horizon(cluster: &mut Cluster, broker: u16, given: Duration) {
    cluster.push(b(broker), LogFact::CleaningStarted { partition: ORDERS, first_dirty: Offset(0), end: Offset(3) });
    let horizon = cluster.wall().plus(given);
    cluster.push_cleaned(broker, 3, &superseded(&[0]), vec![(Offset(1), horizon)]);
    cluster.finish_cleaning(broker, 3);
}

#[test]
fn a_tombstone_is_there_until_its_horizon() {
    let gone = [(1, CleaningReason::Tombstone)];
    let mut cluster = deleted();
    begin_horizon(&mut cluster, 1, DELETE_RETENTION);
    let mut early = cluster.clone();
    early.drop_records(1, &gone);
    assert_eq!(early.violated(), ["compaction-contract"]);
    cluster.wait(DELETE_RETENTION);
    cluster.drop_records(1, &gone);
    assert_eq!(cluster.violated(), NOTHING);

    let mut short = deleted();
    begin_horizon(&mut short, 1, Duration::from_millis(1));
    assert_eq!(short.violated(), ["compaction-contract"], "the horizon is too near");

    let mut left = deleted();
    left.push_cleaned(1, 3, &[], vec![(Offset(1), left.wall().plus(DELETE_RETENTION))]);
    left.wait(DELETE_RETENTION.plus(Duration::from_millis(1)));
    left.drop_records(1, &gone);
    assert_eq!(left.violated(), ["compaction-contract"], "the value is still there");
}

/// The old rule: the batch says nothing, and the time counts from the first cleaning.
#[test]
fn a_tombstone_without_a_horizon_goes_by_when_it_was_first_cleaned() {
    let mut cluster = deleted();
    cluster.push(b(1), LogFact::CleaningStarted { partition: ORDERS, first_dirty: Offset(0), end: Offset(3) });
    cluster.push_cleaned(1, 3, &superseded(&[0]), Vec::new());
    cluster.finish_cleaning(1, 3);
    let mut early = cluster.clone();
    for (cluster, wait, expected) in [(&mut early, 0, &["compaction-contract"][..]), (&mut cluster, 6, &[])] {
        cluster.wait(Duration::from_millis(wait));
        cluster.drop_records(1, &[(1, CleaningReason::Tombstone)]);
        assert_eq!(cluster.violated(), expected);
    }
}

/// Museum S10: b3 is away while the tombstone comes and is cleaned away, fetches from its end and never sees it.
#[test]
fn a_leader_in_whose_log_a_deleted_key_lives_again_is_found() {
    let mut cluster = Cluster::new();
    cluster.store(&[value(0, 1)]);
    cluster.crash(3);
    for digest in [tombstone(0, 2), value(1, 3), value(2, 4)] {
        cluster.store(&[digest]);
    }
    for broker in [1, 2] {
        begin_horizon(&mut cluster, broker, DELETE_RETENTION);
    }
    let mut in_time = cluster.clone();
    cluster.wait(DELETE_RETENTION);
    for broker in [1, 2] {
        cluster.drop_records(broker, &[(1, CleaningReason::Tombstone)]);
    }
    for cluster in [&mut cluster, &mut in_time] {
        cluster.come_back(3);
    }
    let mut cured = cluster.clone();
    cluster.elect(3);
    assert_eq!(cluster.violated(), ["compaction-contract"]);
    in_time.elect(3);
    assert_eq!(in_time.violated(), NOTHING, "the tombstone was still there to be fetched");
    cured.store(&[value(0, 8)]);
    cured.elect(3);
    assert_eq!(cured.violated(), NOTHING, "a newer value says what is true");
}

#[test]
fn a_follower_that_fetches_only_the_latest_value_is_not_stale() {
    let mut cluster = Cluster::new();
    cluster.store(&[value(0, 1)]);
    cluster.crash(3);
    for digest in [value(0, 2), value(0, 3), value(1, 4), value(2, 5)] {
        cluster.store(&[digest]);
    }
    cluster.drop_records(1, &superseded(&[0, 1]));
    cluster.come_back(3);
    cluster.elect(3);
    assert_eq!(cluster.violated(), NOTHING);
}

#[test]
fn a_topic_that_was_never_to_be_compacted_is_left_alone() {
    let mut cluster = Cluster::new();
    cluster.keep_status();
    let clean = cluster.clone();
    let status = crate::check::testing_storage::STATUS;
    let last = clean.events.len();
    cluster.drop_records(1, &[]);
    if let Some(event) = cluster.events.get_mut(last)
        && let crate::event::Fact::Log(LogFact::SegmentCleaned { cleaned }) = &mut event.fact
    {
        Arc::make_mut(cleaned).partition = status;
    }
    assert_eq!(cluster.violated(), ["compaction-contract"]);
}
