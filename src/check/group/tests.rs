//! What looks like an anomaly of a group and is none; the anomalies themselves stand with all the others.

use std::sync::Arc;

use super::super::testing::{CONSUMER, Cluster, ORDERS, SECOND, b};
use super::super::testing_group::{g1, member};
use crate::event::{
    Acks, ClientFact, CrashKind, GroupFact, GroupState, LeaveReason, LogFact, MemberFacts, PositionReason, ReplicaFact,
    TruncationReason, WorldFact,
};
use crate::ids::{BrokerId, Incarnation, Offset, ProcessId, Step};
use crate::time::Duration;

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
fn what_a_live_consumer_gave_up_is_left_out_when_its_group_has_committed_beyond_it() {
    let mut cluster = cluster();
    let read = cluster.committed_from(0);
    let [first, second, third, _] = &read[..] else { panic!("four were committed") };
    cluster.process(&[first.clone(), third.clone()]);
    let mut last = cluster.clone();
    cluster.give_up(second);
    assert!(cluster.violated().is_empty(), "a restart comes back to it: {:?}", cluster.violated());
    let (mut early, mut again, mut dies) = (cluster.clone(), cluster.clone(), cluster.clone());
    cluster.commit_and_hear(CONSUMER, 3);
    assert_eq!(cluster.violated(), ["processed-at-least-once"]);
    last.commit_and_hear(CONSUMER, 3);
    assert!(last.violated().is_empty(), "it has it in hand: {:?}", last.violated());
    last.give_up(second);
    assert_eq!(last.violated(), ["processed-at-least-once"], "whichever comes last");
    early.commit_and_hear(CONSUMER, 1);
    assert!(early.violated().is_empty(), "below it: {:?}", early.violated());
    again.push_poll(vec![second.clone()]);
    again.commit_and_hear(CONSUMER, 3);
    assert!(!again.violated().contains(&"processed-at-least-once"), "it has it in hand again: {:?}", again.violated());
    dies.push(CONSUMER, WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    dies.push(CONSUMER, WorldFact::ProcessStarted { incarnation: Incarnation(2) });
    let mut beyond = dies.clone();
    dies.go_on(CONSUMER, 1, PositionReason::Committed);
    assert!(dies.violated().is_empty(), "its next life comes back to it: {:?}", dies.violated());
    beyond.go_on(CONSUMER, 3, PositionReason::Committed);
    assert_eq!(beyond.violated(), ["processed-at-least-once"], "the answer to a commit was not heard");
}

#[test]
fn a_consumer_whose_poll_is_overdue_has_its_records_in_hand_and_may_give_them_up_in_favour_of_the_next() {
    let mut cluster = cluster();
    let read = cluster.committed_from(0);
    let [first, second, ..] = &read[..] else { panic!("four were committed") };
    cluster.commit_and_hear(CONSUMER, 2);
    cluster.push(CONSUMER, ClientFact::PollOverdue { group: g1() });
    hand_over(&mut cluster, 2, PositionReason::Committed);
    assert!(!cluster.violated().contains(&"processed-at-least-once"), "it works on: {:?}", cluster.violated());
    cluster.process(std::slice::from_ref(first));
    assert!(!cluster.violated().contains(&"processed-at-least-once"), "{:?}", cluster.violated());
    cluster.give_up(second);
    assert!(cluster.violated().contains(&"processed-at-least-once"), "nobody comes back to it: {:?}", cluster.violated());
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
        LogFact::LogTruncated { partition: ORDERS, from: Offset(4), to: Offset(2), why: TruncationReason::DivergingEpoch },
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

#[test]
fn a_static_member_that_missed_a_round_keeps_its_place_and_not_what_it_had() {
    let mut dynamic = cluster();
    let mut cluster = dynamic.clone();
    let instance = Some(Arc::new("till".to_owned()));
    let facts = MemberFacts { member: member(CONSUMER), instance, client: Arc::default(), topics: Vec::new() };
    cluster.push(b(1), GroupFact::MemberJoined { group: g1(), member: Arc::new(facts) });
    for cluster in [&mut cluster, &mut dynamic] {
        cluster.join(SECOND, 2);
        cluster.plan(SECOND, 2);
        cluster.give(SECOND, 2);
    }
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
    assert_eq!(dynamic.violated(), ["one-owner-per-partition"], "a dynamic one is put out before the round goes on without it");
    cluster.push(CONSUMER, ClientFact::GroupJoined { group: g1(), member: member(CONSUMER), epoch: 2 });
    cluster.give(SECOND, 2);
    assert_eq!(cluster.violated(), ["one-owner-per-partition"], "it came to this round");
}

#[test]
fn what_an_application_jumps_over_was_never_promised() {
    let mut cluster = Cluster::new();
    cluster.begin_group();
    cluster.produce(4, Acks::All);
    let mut reset = cluster.clone();
    for why in [PositionReason::Seek, PositionReason::End, PositionReason::Timestamp] {
        let mut sought = cluster.clone();
        sought.go_on(CONSUMER, 3, why);
        sought.push_poll(sought.committed_from(3));
        sought.process(&sought.committed_from(3));
        assert!(sought.violated().is_empty(), "{why:?}: {:?}", sought.violated());
    }
    reset.go_on(CONSUMER, 3, PositionReason::Reset);
    assert_eq!(reset.violated(), ["no-poll-skip", "processed-at-least-once"], "nobody asked for that");
}

#[test]
fn a_jump_gives_up_what_died_with_its_reader_and_nothing_that_another_has_in_hand() {
    let mut cluster = cluster();
    cluster.push(CONSUMER, WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    cluster.push(CONSUMER, WorldFact::ProcessStarted { incarnation: Incarnation(2) });
    let mut beyond = cluster.clone();
    cluster.go_on(CONSUMER, 2, PositionReason::Seek);
    cluster.push_poll(cluster.committed_from(2));
    cluster.process(&cluster.committed_from(2));
    cluster.go_on(SECOND, 4, PositionReason::Committed);
    assert!(!cluster.violated().contains(&"processed-at-least-once"), "{:?}", cluster.violated());
    beyond.go_on(CONSUMER, 0, PositionReason::Seek);
    beyond.go_on(SECOND, 4, PositionReason::Committed);
    assert_eq!(beyond.violated(), ["processed-at-least-once"]);
}

#[test]
fn records_fetched_before_a_cut_and_polled_after_are_no_going_on() {
    let mut cluster = Cluster::new();
    cluster.begin_group();
    cluster.produce(5, Acks::All);
    let fetched = cluster.committed_from(0);
    let (polled, waiting) = fetched.split_at(4);
    cluster.push_poll(polled.to_vec());
    cluster.crash(1);
    let (partition, why) = (ORDERS, TruncationReason::DivergingEpoch);
    cluster.push(b(2), LogFact::LogTruncated { partition, from: Offset(5), to: Offset(2), why });
    cluster.log_mut(2).truncate(2);
    cluster.elect(2);
    cluster.push_poll(waiting.to_vec());
    assert!(!cluster.violated().contains(&"no-poll-skip"), "{:?}", cluster.violated());
    let mut seeing = cluster.clone();
    seeing.go_on(CONSUMER, 2, PositionReason::Truncation);
    assert!(!seeing.violated().contains(&"no-poll-skip"), "{:?}", seeing.violated());
    let blind = Cluster::read(5, cluster.epoch, crate::ids::Digest(7));
    cluster.push_poll(vec![blind]);
    assert!(cluster.violated().contains(&"no-poll-skip"), "{:?}", cluster.violated());
}

/// Nothing happens for as long as everything may take to settle, and then for longer.
fn rest(cluster: &mut Cluster) {
    cluster.process(&cluster.committed_from(0));
    cluster.wait(Duration::from_secs(16));
    cluster.push(CONSUMER, ClientFact::MetadataRefreshed { from: BrokerId(1), topics: 1 });
    assert!(cluster.violated().is_empty(), "{:?}", cluster.violated());
}

/// One more round, after which the group is as it was.
fn go_round(cluster: &mut Cluster, generation: i32) {
    cluster.change_group(GroupState::PreparingRebalance, generation - 1);
    cluster.plan(CONSUMER, generation);
    cluster.change_group(GroupState::Stable, generation);
}

#[test]
fn a_group_that_makes_plans_for_ever_is_not_settled_however_stable_it_looks() {
    let mut cluster = cluster();
    go_round(&mut cluster, 2);
    rest(&mut cluster);
    let mut late = cluster.clone();
    go_round(&mut cluster, 3);
    assert_eq!(cluster.violated(), ["converges"]);
    let why = LeaveReason::SessionExpired;
    late.push(b(1), GroupFact::MemberLeft { group: g1(), member: member(SECOND), why });
    go_round(&mut late, 3);
    assert!(late.violated().is_empty(), "one that died long ago is put out now: {:?}", late.violated());
    let mut again = late.clone();
    go_round(&mut again, 4);
    assert_eq!(again.violated(), ["converges"], "once");
    late.push(CONSUMER, ClientFact::Subscribed { group: g1(), topics: Arc::new(vec!["orders".to_owned()]) });
    go_round(&mut late, 4);
    assert!(late.violated().is_empty(), "its application wants something else: {:?}", late.violated());
}

#[test]
fn who_lives_and_wants_to_be_a_member_is_one_in_the_end() {
    let mut cluster = cluster();
    cluster.process(&cluster.committed_from(0));
    cluster.push(SECOND, ClientFact::Subscribed { group: g1(), topics: Arc::new(vec!["orders".to_owned()]) });
    let mut silent = cluster.clone();
    silent.push(SECOND, ClientFact::PollOverdue { group: g1() });
    for cluster in [&mut cluster, &mut silent] {
        cluster.wait(Duration::from_secs(16));
        cluster.push(CONSUMER, ClientFact::MetadataRefreshed { from: BrokerId(1), topics: 1 });
    }
    assert_eq!(cluster.violated(), ["converges"]);
    assert!(silent.violated().is_empty(), "its application does not poll: {:?}", silent.violated());
}
