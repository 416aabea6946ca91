//! What retention may delete, what it may not, and what it must.

use std::sync::Arc;

use crate::check::testing::{Cluster, ORDERS, b, k};
use crate::check::{Promises, Status};
use crate::event::{ConfigFacts, ControllerFact, CrashKind, DiskFault, LogFact, RaftFact, ReplicaFact, RetentionReason, WorldFact};
use crate::files::{FileName, FilePath};
use crate::ids::{Digest, Incarnation, Offset};
use crate::time::Duration;

const NOTHING: [&str; 0] = [];
const DAY: Duration = Duration::from_secs(86_400);

/// A value of one of three keys.
fn value(key: u64, number: u64) -> Digest {
    Cluster::digest_of(key, number, false)
}

/// A leader with segments of one batch each, the first of which expires.
fn segments() -> Cluster {
    let mut cluster = Cluster::new();
    for number in 1..=4 {
        let base = cluster.store(&[value(0, number)]);
        cluster.push(b(1), LogFact::SegmentRolled { partition: ORDERS, base: Offset(base + 1) });
    }
    cluster
}

fn configure(cluster: &mut Cluster, key: &str, value: &str) {
    let change = ConfigFacts { resource: "orders".to_owned(), key: key.to_owned(), value: Some(value.to_owned()) };
    cluster.push(k(1), ControllerFact::ConfigChanged { change: Arc::new(change) });
}

/// Every broker applies more of the metadata than was committed before.
fn catch_up(cluster: &mut Cluster) {
    let end = cluster.metadata_end.plus(1);
    cluster.metadata_end = end;
    for broker in 1..=3 {
        cluster.push(b(broker), RaftFact::MetadataApplied { end });
    }
}

#[test]
fn a_segment_goes_by_age_by_size_or_below_the_start_and_not_otherwise() {
    let mut old = segments();
    old.wait(DAY.plus(DAY).plus(DAY).plus(DAY).plus(DAY).plus(DAY).plus(DAY));
    old.expire(1, (0, 1), RetentionReason::Time);
    assert_eq!(old.violated(), NOTHING);
    assert_eq!((old.counts().segments_deleted_early, old.counts().segments_deleted_late), (0, 0));
    let young = |why| {
        let mut cluster = segments();
        cluster.expire(1, (0, 1), why);
        cluster.violated()
    };
    assert_eq!(young(RetentionReason::Time), ["retention-contract"]);
    assert_eq!(young(RetentionReason::Size), ["retention-contract"], "300 bytes would be left of 400");
    assert_eq!(young(RetentionReason::BelowLogStart), ["retention-contract"]);
    let mut large = segments();
    large.store(&[value(0, 5)]);
    large.expire(1, (0, 1), RetentionReason::Size);
    assert_eq!(large.violated(), NOTHING);
    large.expire(1, (1, 2), RetentionReason::Size);
    assert_eq!(large.violated(), ["retention-contract"], "one is enough");
    let mut moved = segments();
    moved.push(b(1), LogFact::LogStartAdvanced { partition: ORDERS, old: Offset(0), new: Offset(1) });
    moved.expire(1, (0, 1), RetentionReason::BelowLogStart);
    assert_eq!(moved.violated(), NOTHING);
}

#[test]
fn the_oldest_goes_first_and_nothing_above_the_high_watermark() {
    let week = Duration::from_secs(8 * 86_400);
    let mut middle = segments();
    middle.wait(week);
    middle.expire(1, (1, 2), RetentionReason::Time);
    assert_eq!(middle.violated(), ["retention-contract"]);
    let mut above = Cluster::new();
    above.append(&[value(0, 1)]);
    above.wait(week);
    above.expire(1, (0, 1), RetentionReason::Time);
    assert!(above.violated().contains(&"retention-contract"), "{:?}", above.violated());
    let mut kept = segments();
    configure(&mut kept, "cleanup.policy", "compact");
    catch_up(&mut kept);
    kept.wait(week);
    kept.expire(1, (0, 1), RetentionReason::Time);
    assert_eq!(kept.violated(), ["retention-contract"]);
}

#[test]
fn a_broker_goes_by_the_old_rule_until_it_has_heard_of_the_new_one() {
    let mut cluster = segments();
    cluster.wait(Duration::from_secs(8 * 86_400));
    configure(&mut cluster, "retention.ms", "-1");
    let mut aware = cluster.clone();
    cluster.expire(1, (0, 1), RetentionReason::Time);
    assert_eq!(cluster.violated(), NOTHING);
    catch_up(&mut aware);
    aware.expire(1, (0, 1), RetentionReason::Time);
    assert_eq!(aware.violated(), ["retention-contract"]);
}

#[test]
fn a_clock_that_jumped_deletes_what_is_young_and_that_is_told_and_no_violation() {
    let mut cluster = segments();
    cluster.push(b(1), WorldFact::ClockJumped { by_us: 8 * 86_400_000_000 });
    let mut other = cluster.clone();
    cluster.expire(1, (0, 1), RetentionReason::Time);
    let results = cluster.judge(Promises::default());
    let result = results.iter().find(|result| result.name == "retention-contract").expect("it is in the table");
    assert_eq!(result.status, Status::Ok);
    assert!(result.detail.contains("by true time the segment at orders-0 offset 0 was"), "{}", result.detail);
    assert_eq!((cluster.counts().segments_deleted_early, cluster.counts().segments_deleted_late), (1, 0));
    for follower in 2..=3 {
        let (old, new) = (Offset(0), Offset(4));
        other.push(b(follower), ReplicaFact::HighWatermarkLearned { partition: ORDERS, old, new });
    }
    other.expire(2, (0, 1), RetentionReason::Time);
    assert_eq!(other.violated(), ["retention-contract"], "it is b1's clock that jumped");
}

/// Time goes on, and something happens now and then.
fn idle(cluster: &mut Cluster, hours: u64) {
    idle_minutes(cluster, hours * 60);
}

#[test]
fn a_due_segment_does_not_outlive_two_looks() {
    let mut cluster = segments();
    configure(&mut cluster, "cleanup.policy", "delete");
    configure(&mut cluster, "retention.ms", "1000");
    configure(&mut cluster, "retention.bytes", "-1");
    catch_up(&mut cluster);
    let mut compacted = cluster.clone();
    let mut restless = cluster.clone();
    let mut dead = cluster.clone();
    idle(&mut cluster, 1);
    assert!(cluster.violated().contains(&"retention-contract"), "{:?}", cluster.violated());
    configure(&mut compacted, "cleanup.policy", "compact");
    catch_up(&mut compacted);
    idle(&mut compacted, 1);
    assert!(!compacted.violated().contains(&"retention-contract"));
    for _ in 0..4 {
        idle_minutes(&mut restless, 12);
        restless.push(b(1), WorldFact::ProcessResumed {});
    }
    assert!(!restless.violated().contains(&"retention-contract"), "it stood still now and then");
    for broker in 1..=3 {
        let (incarnation, kind) = (Incarnation(1), CrashKind::Process);
        dead.push(b(broker), WorldFact::ProcessCrashed { incarnation, kind });
    }
    idle(&mut dead, 1);
    assert!(!dead.violated().contains(&"retention-contract"));
}

/// Found by chaos/compaction at seed 0x516: the last segment was due, and then grew beyond the high watermark.
#[test]
fn a_segment_that_grows_beyond_the_high_watermark_is_not_due() {
    let mut cluster = Cluster::new();
    configure(&mut cluster, "cleanup.policy", "delete");
    configure(&mut cluster, "retention.ms", "1000");
    configure(&mut cluster, "retention.bytes", "-1");
    cluster.store(&[value(0, 1)]);
    catch_up(&mut cluster);
    idle_minutes(&mut cluster, 15);
    let mut still = cluster.clone();
    idle_minutes(&mut still, 15);
    assert!(still.violated().contains(&"retention-contract"));
    cluster.append(&[value(0, 2)]);
    cluster.replicate_all();
    idle_minutes(&mut cluster, 15);
    cluster.advance(2);
    idle_minutes(&mut cluster, 15);
    assert!(!cluster.violated().contains(&"retention-contract"), "it is due only since it was committed");
    idle_minutes(&mut cluster, 15);
    assert!(cluster.violated().contains(&"retention-contract"));
}

/// Found by chaos/compaction at seeds 0x0 and 0x52: a broker waited for its disk, and after a restart for the controller.
#[test]
fn who_waits_for_a_disk_or_has_not_heard_of_its_replicas_owes_nothing() {
    let mut cluster = segments();
    configure(&mut cluster, "cleanup.policy", "delete");
    configure(&mut cluster, "retention.ms", "1000");
    configure(&mut cluster, "retention.bytes", "-1");
    catch_up(&mut cluster);
    let file = FilePath::log(ORDERS, FileName::Segment(Offset(0)));
    for broker in [2, 3] {
        cluster.crash(broker);
    }
    let mut restarted = cluster.clone();
    cluster.push(b(1), WorldFact::DiskFaulted { file, fault: DiskFault::Stalled });
    cluster.push(b(1), WorldFact::ProcessPaused {});
    cluster.push(b(1), WorldFact::ProcessResumed {});
    idle(&mut cluster, 1);
    assert!(!cluster.violated().contains(&"retention-contract"), "it waits");
    cluster.push(b(1), LogFact::LogFlushed { partition: ORDERS, to: Offset(4) });
    idle(&mut cluster, 1);
    assert!(cluster.violated().contains(&"retention-contract"), "it waits no more");
    restarted.push(b(1), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    restarted.restart(1);
    restarted.recover(1, 4);
    idle(&mut restarted, 1);
    assert!(!restarted.violated().contains(&"retention-contract"), "it knows of no replica");
    let (epoch, end) = (restarted.epoch, Offset(4));
    let high_watermark = end;
    restarted.push(b(1), ReplicaFact::BecameFollower { partition: ORDERS, epoch, leader: None, end, high_watermark });
    idle(&mut restarted, 1);
    assert!(restarted.violated().contains(&"retention-contract"));
}

/// Found by chaos/compaction at seed 0xa75: the segments of a fenced log were forgotten, and the oldest was taken to begin with
/// what was written next.
#[test]
fn a_log_that_was_fenced_begins_where_it_began() {
    let mut cluster = Cluster::new();
    configure(&mut cluster, "cleanup.policy", "delete");
    configure(&mut cluster, "retention.ms", "-1");
    configure(&mut cluster, "retention.bytes", "200");
    catch_up(&mut cluster);
    cluster.store(&[value(0, 1), value(0, 2), value(0, 3)]);
    cluster.push(b(1), LogFact::LogFenced { partition: ORDERS, end: Offset(3), why: Arc::default() });
    cluster.restart(1);
    cluster.recover(1, 3);
    cluster.elect(1);
    cluster.store(&[value(0, 4), value(0, 5)]);
    cluster.push(b(1), LogFact::SegmentRolled { partition: ORDERS, base: Offset(5) });
    cluster.store(&[value(0, 6)]);
    idle(&mut cluster, 1);
    assert!(!cluster.violated().contains(&"retention-contract"), "without its oldest segment it has a record, and may have two");
}

fn idle_minutes(cluster: &mut Cluster, minutes: u64) {
    for _ in 0..minutes {
        cluster.wait(Duration::from_secs(60));
        cluster.push(k(2), WorldFact::ProcessResumed {});
    }
}
