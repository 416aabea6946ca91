//! What lies below the beginning of a log is nobody's any more.

use crate::check::testing::{Cluster, ORDERS, b};
use crate::event::{LogFact, ReplicaFact};
use crate::ids::{BrokerId, Digest, Offset};

const NOTHING: [&str; 0] = [];

fn value(key: u64, number: u64) -> Digest {
    Cluster::digest_of(key, number, false)
}

/// Found by chaos/compaction at seed 0x2: b3 has a record at offset 2 that was never committed, and the leader, whose log begins
/// behind it by now, has nothing that would tell it so.
fn parted_at_two() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.store(&[value(0, 1)]);
    cluster.store(&[value(1, 2)]);
    cluster.append(&[value(2, 3)]);
    cluster.replicate(3);
    cluster.isr = vec![1, 2];
    cluster.elect(2);
    cluster.store(&[value(2, 4)]);
    cluster.store(&[value(0, 5)]);
    cluster
}

fn begin_at(cluster: &mut Cluster, broker: u16, new: u64) {
    if broker != cluster.leader {
        let learned = ReplicaFact::HighWatermarkLearned { partition: ORDERS, old: Offset(0), new: Offset(new) };
        cluster.push(b(broker), learned);
    }
    cluster.push(b(broker), LogFact::LogStartAdvanced { partition: ORDERS, old: Offset(0), new: Offset(new) });
}

fn take_over(cluster: &mut Cluster) {
    let epoch = cluster.epoch;
    cluster.begin_epoch(3, epoch);
    cluster.log_mut(3).push((epoch, value(0, 5)));
    let batch = Cluster::batch(3, epoch, &[value(0, 5)]);
    cluster.push(b(3), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(2), batch });
}

fn join(cluster: &mut Cluster) {
    cluster.propose(3);
    cluster.isr = vec![1, 2, 3];
    cluster.change_isr();
}

#[test]
fn a_follower_that_differs_below_its_leaders_log_start_lets_go_of_that() {
    let mut cluster = parted_at_two();
    let mut whole = cluster.clone();
    begin_at(&mut cluster, 2, 3);
    take_over(&mut cluster);
    begin_at(&mut cluster, 3, 3);
    join(&mut cluster);
    cluster.store(&[value(1, 6)]);
    // Its log start was not written down yet, so that what it let go of is there again (seed 0x2f6).
    cluster.crash(3);
    cluster.restart(3);
    cluster.recover(3, 5);
    assert_eq!(cluster.violated(), NOTHING);
    take_over(&mut whole);
    assert_eq!(whole.violated(), ["log-matching"], "where the leader's log has that offset it is to be cut");
    join(&mut whole);
    assert_eq!(whole.violated(), ["committed-kept", "log-matching", "strong-isr", "weak-isr"]);
}

#[test]
fn a_follower_that_differs_above_its_leaders_log_start_is_found() {
    let mut cluster = parted_at_two();
    begin_at(&mut cluster, 2, 2);
    take_over(&mut cluster);
    begin_at(&mut cluster, 3, 2);
    assert_eq!(cluster.violated(), ["log-matching"]);
}

#[test]
fn it_is_the_leaders_log_start_that_counts_and_nobody_elses() {
    let mut cluster = parted_at_two();
    begin_at(&mut cluster, 1, 3);
    take_over(&mut cluster);
    assert_eq!(cluster.violated(), ["log-matching"], "b2, which b3 follows, has that offset");
}

/// Found by chaos/compaction at seed 0x14b5: the leader's log began later yet when its answer came.
#[test]
fn a_follower_that_ends_before_its_leaders_log_start_lets_go_of_all() {
    let mut cluster = parted_at_two();
    cluster.store(&[value(1, 6)]);
    begin_at(&mut cluster, 2, 5);
    take_over(&mut cluster);
    assert_eq!(cluster.violated(), NOTHING);
}

/// Found by chaos/compaction at seed 0xf4: a full disk kept b3 from beginning its log anew.
#[test]
fn an_empty_log_may_come_back_empty_anywhere() {
    let mut cluster = Cluster::new();
    cluster.store(&[value(0, 1)]);
    cluster.store(&[value(1, 2)]);
    cluster.isr = vec![1, 2];
    cluster.change_isr();
    let mut kept = cluster.clone();
    begin_at(&mut cluster, 3, 2);
    for cluster in [&mut cluster, &mut kept] {
        cluster.restart(3);
        cluster.log_mut(3).clear();
        cluster.recover(3, 0);
    }
    assert_eq!(cluster.violated(), NOTHING);
    assert_eq!(kept.violated(), ["recovery-prefix"], "two records were in it");
}
