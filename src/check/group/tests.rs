//! What looks like an anomaly of a group and is none; the anomalies themselves stand with all the others.

use super::super::testing::{CONSUMER, Cluster, ORDERS, b};
use super::super::testing_group::{SECOND, g1, member};
use crate::event::{
    Acks, ClientFact, CrashKind, GroupFact, GroupState, LeaveReason, LogFact, PositionReason, ReplicaFact, WorldFact,
};
use crate::ids::{Incarnation, Offset, ProcessId, Step};

fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.begin_group();
    cluster.produce(4, Acks::All);
    cluster.poll();
    cluster
}

/// The partition goes from c1 to c2 as it should.
fn hand_over(cluster: &mut Cluster, from: u64, why: PositionReason) {
    cluster.change_group(GroupState::PreparingRebalance, 1);
    cluster.take_back(CONSUMER, 1);
    cluster.join(SECOND, 2);
    cluster.plan(SECOND, 2);
    cluster.change_group(GroupState::Stable, 2);
    cluster.give(SECOND, 2);
    cluster.go_on(SECOND, from, why);
}

#[test]
fn a_partition_that_was_given_back_first_may_have_a_new_owner() {
    let mut cluster = cluster();
    cluster.process(&cluster.committed_from(0));
    hand_over(&mut cluster, 4, PositionReason::Committed);
    cluster.commit(SECOND, 4);
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
}

#[test]
fn a_zombie_that_was_put_out_is_no_rival_but_its_commit_is_stale() {
    let mut cluster = cluster();
    let why = LeaveReason::SessionExpired;
    cluster.push(b(1), GroupFact::MemberLeft { group: g1(), member: member(CONSUMER), why });
    cluster.join(SECOND, 2);
    cluster.plan(SECOND, 2);
    cluster.give(SECOND, 2);
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
    let before = Step(10);
    let mut late = cluster.clone();
    late.commit_decided(CONSUMER, 2, before);
    assert!(late.violated().is_empty(), "it was a member when that was decided: {:?}", late.violated());
    cluster.commit(CONSUMER, 2);
    assert_eq!(cluster.violated(), ["no-stale-commit"]);
}

#[test]
fn a_zombie_that_takes_late_what_an_earlier_plan_gave_it_is_no_rival_but_a_member_is() {
    let mut cluster = cluster();
    cluster.take_back(CONSUMER, 1);
    cluster.plan(CONSUMER, 2);
    let mut both = cluster.clone();
    let why = LeaveReason::SessionExpired;
    cluster.push(b(1), GroupFact::MemberLeft { group: g1(), member: member(CONSUMER), why });
    for cluster in [&mut cluster, &mut both] {
        cluster.join(SECOND, 3);
        cluster.plan(SECOND, 3);
        cluster.give(SECOND, 3);
        cluster.give(CONSUMER, 2);
    }
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
    assert_eq!(both.violated(), ["one-owner-per-partition"]);
}

#[test]
fn one_that_left_because_its_application_does_not_poll_is_no_rival_until_it_joins_anew() {
    let mut cluster = cluster();
    cluster.push(CONSUMER, ClientFact::PollOverdue { group: g1() });
    let mut anew = cluster.clone();
    anew.push(CONSUMER, ClientFact::GroupJoined { group: g1(), member: member(CONSUMER), epoch: 2 });
    for cluster in [&mut cluster, &mut anew] {
        cluster.join(SECOND, 2);
        cluster.plan(SECOND, 2);
        cluster.give(SECOND, 2);
    }
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
    assert_eq!(anew.violated(), ["one-owner-per-partition"]);
}

#[test]
fn a_worker_that_goes_on_with_what_was_given_back_has_a_rival() {
    let mut cluster = cluster();
    let first = cluster.committed_from(0);
    hand_over(&mut cluster, 0, PositionReason::Committed);
    cluster.process(first.get(..1).expect("four were committed"));
    assert!(cluster.violated().contains(&"one-owner-per-partition"), "{:?}", cluster.violated());
}

#[test]
fn what_a_dead_consumer_had_in_hand_is_left_out_only_when_somebody_goes_on_beyond_it() {
    let crash = WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process };
    let mut again = cluster();
    again.commit(CONSUMER, 4);
    again.push(CONSUMER, crash.clone());
    assert!(again.violated().is_empty());
    again.push(CONSUMER, WorldFact::ProcessStarted { incarnation: Incarnation(2) });
    let mut beyond = again.clone();
    again.go_on(CONSUMER, 0, PositionReason::Committed);
    again.push_poll(again.committed_from(0));
    again.process(&again.committed_from(0));
    assert!(!again.violated().contains(&"processed-at-least-once"), "{:?}", again.violated());
    beyond.go_on(CONSUMER, 4, PositionReason::Committed);
    assert_eq!(beyond.violated(), ["processed-at-least-once"]);
}

#[test]
fn what_retention_deleted_before_the_reader_came_is_no_skip() {
    let mut cluster = Cluster::new();
    cluster.begin_group();
    cluster.produce(4, Acks::All);
    for broker in 2..=3 {
        let (partition, old, new) = (ORDERS, Offset(3), Offset(4));
        cluster.push(b(broker), ReplicaFact::HighWatermarkLearned { partition, old, new });
    }
    for broker in 1..=3 {
        cluster.push(b(broker), LogFact::LogStartAdvanced { partition: ORDERS, old: Offset(0), new: Offset(2) });
    }
    let mut skip = cluster.clone();
    cluster.go_on(CONSUMER, 2, PositionReason::Reset);
    cluster.push_poll(cluster.committed_from(2));
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
    skip.go_on(CONSUMER, 3, PositionReason::Reset);
    assert_eq!(skip.violated(), ["no-poll-skip", "processed-at-least-once"]);
}

#[test]
fn a_reader_that_does_not_see_that_the_log_was_cut_misses_what_was_written_instead() {
    let mut cluster = cluster();
    // b2 has only the first two, and leads all the same.
    cluster.crash(1);
    cluster.push(
        b(2),
        LogFact::LogTruncated {
            partition: ORDERS,
            from: Offset(4),
            to: Offset(2),
            why: crate::event::TruncationReason::DivergingEpoch,
        },
    );
    cluster.log_mut(2).truncate(2);
    cluster.elect(2);
    let cut = cluster.clone();
    assert!(!cut.violated().contains(&"no-poll-skip"));
    let mut blind = cluster.clone();
    let read = Cluster::read(4, blind.epoch, crate::ids::Digest(7));
    blind.push_poll(vec![read.clone()]);
    assert!(blind.violated().contains(&"no-poll-skip"), "{:?}", blind.violated());
    let mut seeing = cluster;
    seeing.go_on(CONSUMER, 2, PositionReason::Truncation);
    assert!(!seeing.violated().contains(&"no-poll-skip"));
}

#[test]
fn a_partition_is_idle_from_its_owners_goodbye_until_the_next_one_knows_where_to_read_on() {
    let mut cluster = cluster();
    assert_eq!(cluster.counts().partition_idle_us, 0, "before the first owner nobody had begun");
    hand_over(&mut cluster, 4, PositionReason::Committed);
    let counts = cluster.counts();
    // Two events of joining, the plan, the state, the partition given, the position: each event is a millisecond after the last.
    assert_eq!(counts.partition_idle_us, 6_000);
    assert_eq!(counts.partition_idle_eager_us, 6_000);
    cluster.push(SECOND, ClientFact::PositionSet { partition: ORDERS, offset: Offset(4), epoch: None, why: PositionReason::Seek });
    assert_eq!(cluster.counts().partition_idle_us, 6_000, "whoever has it and seeks is not idle");
}

#[test]
fn a_dead_owners_partition_is_idle_at_once_and_to_the_end_if_somebody_is_to_own_it() {
    let mut cluster = cluster();
    cluster.push(CONSUMER, WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    let mut forgotten = cluster.clone();
    cluster.push(ProcessId::World, WorldFact::RunEnded { turns: 1 });
    assert_eq!(cluster.counts().partition_idle_us, 1_000, "the plan has not changed");
    let why = LeaveReason::SessionExpired;
    forgotten.push(b(1), GroupFact::MemberLeft { group: g1(), member: member(CONSUMER), why });
    forgotten.push(ProcessId::World, WorldFact::RunEnded { turns: 1 });
    assert_eq!(forgotten.counts().partition_idle_us, 0, "nobody wants it any more");
}

#[test]
fn what_a_second_consumer_takes_for_its_own_is_not_idle() {
    let mut cluster = cluster();
    cluster.give(SECOND, 1);
    cluster.take_back(CONSUMER, 1);
    cluster.go_on(SECOND, 4, PositionReason::Committed);
    assert_eq!(cluster.counts().partition_idle_us, 0);
}
