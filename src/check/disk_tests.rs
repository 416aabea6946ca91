//! Logs that go, by order or by a disk's doing: what is a loss and what is not.

use super::testing::{Cluster, ORDERS, b, k};
use super::{CheckResult, Promises, Status};
use crate::event::{Acks, ControllerFact, CrashKind, DiskFault, LogFact, ReplicaFact, WorldFact};
use crate::files::{FileName, FilePath};
use crate::ids::{Digest, Incarnation, LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::time::Duration;

const NOTHING: [&str; 0] = [];

fn named<'a>(results: &'a [CheckResult], name: &str) -> &'a CheckResult {
    results.iter().find(|result| result.name == name).expect("every claim has a line in the table")
}

fn segment(partition: TopicPartition) -> FilePath {
    FilePath::log(partition, FileName::Segment(Offset(0)))
}

#[test]
fn a_topic_that_is_deleted_loses_nothing() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    cluster.push(k(1), ControllerFact::TopicDeleted { topic: TopicId(1) });
    for broker in 1..=3 {
        cluster.push(b(broker), ReplicaFact::ReplicaResigned { partition: ORDERS, epoch: LeaderEpoch(0) });
        cluster.push(b(broker), LogFact::LogDeleted { partition: ORDERS });
    }
    cluster.wait(Duration::from_secs(20));
    cluster.finish();
    assert_eq!(cluster.violated(), NOTHING);
    let results = cluster.judge(Promises::default());
    assert_eq!(named(&results, "acks-all-durable").status, Status::Ok, "nobody is at risk either");
}

#[test]
fn a_replica_that_is_deleted_is_a_loss_only_while_the_controller_counts_on_it() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    let mut early = cluster.clone();
    early.push(b(3), LogFact::LogDeleted { partition: ORDERS });
    assert_eq!(early.violated(), ["committed-kept", "strong-isr", "weak-isr"]);
    cluster.isr = vec![1, 2];
    cluster.change_partition(Some(1));
    cluster.push(b(3), LogFact::LogDeleted { partition: ORDERS });
    cluster.produce(1, Acks::All);
    assert_eq!(cluster.violated(), NOTHING, "the leader has not heard yet, and that is no loss");
}

/// A log is renamed before it is gone for good: a power failure may give it its name back, with all that was in it.
#[test]
fn a_deleted_log_may_come_back_as_it_was_until_another_is_begun() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    cluster.isr = vec![1, 2];
    cluster.change_partition(Some(1));
    cluster.push(b(3), LogFact::LogDeleted { partition: ORDERS });
    let mut anew = cluster.clone();
    for cluster in [&mut cluster, &mut anew] {
        cluster.push(b(3), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Power });
        cluster.restart(3);
    }
    cluster.recover(3, 3);
    assert_eq!(cluster.violated(), NOTHING);
    let mut created = anew.clone();
    created.push(b(3), LogFact::LogCreated { partition: ORDERS });
    assert_eq!(created.violated(), NOTHING);
    anew.log_mut(3).truncate(1);
    anew.recover(3, 1);
    anew.log_mut(3).extend([(LeaderEpoch(0), Digest(7)), (LeaderEpoch(0), Digest(8))]);
    anew.recover(3, 3);
    assert_eq!(anew.violated(), ["log-matching", "recovery-prefix"], "what was not in it does not come back");
}

/// Found by the storm over a quorum at seed 0x1c4: b2 stood still when it was to lead e1. Meanwhile b3 lost its unsynced end,
/// left the ISR for that, and b1 led e2; b2 goes on, and hears of e1 first, whose ISR had b3 in it.
#[test]
fn a_leader_of_an_epoch_long_past_may_count_on_a_copy_that_was_lost_since() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    (cluster.leader, cluster.epoch) = (2, LeaderEpoch(1));
    cluster.change_partition(Some(2));
    cluster.push(b(3), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Power });
    cluster.isr = vec![1, 2];
    cluster.change_partition(Some(2));
    cluster.push(b(3), WorldFact::DiskLost { file: segment(ORDERS), bytes: 200 });
    cluster.restart(3);
    cluster.recover(3, 1);
    cluster.register(3, 13);
    let mut wrong = cluster.clone();
    (cluster.leader, cluster.epoch) = (1, LeaderEpoch(2));
    cluster.change_partition(Some(1));
    let isr = super::testing::set(&[1, 2, 3]);
    let late =
        ReplicaFact::BecameLeader { partition: ORDERS, epoch: LeaderEpoch(1), end: Offset(3), high_watermark: Offset(3), isr };
    cluster.push(b(2), late);
    assert_eq!(cluster.violated(), NOTHING, "nobody has told b2 yet");
    wrong.isr = vec![1, 2, 3];
    wrong.elect(1);
    assert_eq!(wrong.violated(), ["committed-kept", "strong-isr", "weak-isr"], "who counts on it anew is wrong");
}

/// A member reads back less than it had synced: that is its own fault, unless its disk is told to have done it.
#[test]
fn a_disk_that_fails_the_reading_is_told_after_it_and_excuses_it() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    cluster.push(b(3), LogFact::LogFlushed { partition: ORDERS, to: Offset(3) });
    cluster.push(b(3), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    cluster.restart(3);
    cluster.recover(3, 1);
    assert_eq!(cluster.violated(), ["committed-kept", "strong-isr", "weak-isr", "recovery-prefix"]);
    cluster.push_at_once(b(3), WorldFact::DiskFaulted { file: segment(ORDERS), fault: DiskFault::BitRot });
    assert_eq!(cluster.violated(), NOTHING);
}

/// A power failure took the folder of a log: nothing is read back, and the broker says so by where its log ends.
#[test]
fn a_log_that_begins_anew_without_a_word_is_a_log_read_back_empty() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    cluster.crash(3);
    cluster.push(b(3), WorldFact::DiskLost { file: segment(ORDERS), bytes: 300 });
    cluster.restart(3);
    cluster.log_mut(3).clear();
    cluster.epochs_of(3);
    let mut synced = cluster.clone();
    cluster.follow(3);
    cluster.replicate(3);
    assert_eq!(cluster.violated(), NOTHING);
    let flush = synced.events.iter().position(|event| event.process == b(3) && event.fact.name() == "RecordsReplicated");
    let place = flush.expect("b3 has replicated something") + 1;
    let flushed = LogFact::LogFlushed { partition: ORDERS, to: Offset(1) };
    let event = synced.events.get(place).cloned().expect("more came after it");
    synced.events.insert(place, crate::event::Event { process: b(3), fact: flushed.into(), ..event });
    synced.follow(3);
    assert_eq!(synced.violated(), ["recovery-prefix"]);
}

#[test]
fn a_sync_that_lied_makes_nothing_sure() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    cluster.push(b(3), LogFact::LogFlushed { partition: ORDERS, to: Offset(3) });
    let mut honest = cluster.clone();
    cluster.push(b(3), WorldFact::DiskFaulted { file: segment(ORDERS), fault: DiskFault::SyncLied });
    for cluster in [&mut cluster, &mut honest] {
        cluster.crash(3);
        cluster.push(b(3), WorldFact::DiskLost { file: segment(ORDERS), bytes: 100 });
        cluster.restart(3);
        cluster.recover(3, 1);
    }
    assert_eq!(cluster.violated(), NOTHING);
    assert_eq!(honest.violated(), ["recovery-prefix"]);
}
