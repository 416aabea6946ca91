//! Every check finds its own anomaly, by its name, and nothing in a valid history.

use super::anomalies::{ANOMALIES, lose_a_sole_copy, lose_what_only_the_leader_had};
use super::loss::Verdict;
use super::testing::{Cluster, ORDERS, PRODUCER, b};
use super::{CLAIMS, CheckResult, Checks, Promises, Status};
use crate::error::ErrorCode;
use crate::event::{Acks, ClientFact, LogFact, ReplicaFact, TruncationReason, WorldFact};
use crate::ids::{Offset, SendId};
use crate::time::Duration;

fn named<'a>(results: &'a [CheckResult], name: &str) -> &'a CheckResult {
    results.iter().find(|result| result.name == name).expect("every claim has a line in the table")
}

/// A history in which a bit of everything happens.
fn weather() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.begin_group();
    cluster.produce(3, Acks::All);
    cluster.poll();
    cluster.process(&cluster.committed_from(0));
    cluster.crash(1);
    cluster.produce(2, Acks::Leader);
    cluster.come_back(1);
    cluster.elect(1);
    cluster.produce(2, Acks::All);
    cluster.crash(3);
    cluster.come_back(3);
    cluster.poll();
    cluster.clean(2);
    cluster.clean(1);
    cluster.keep_status();
    cluster.add_voter();
    cluster.probe(2, 1, 1);
    cluster
}

#[test]
fn the_names_are_those_of_the_architecture_and_each_has_its_anomaly() {
    let names = "acks-all-durable any-ack-durable committed-kept log-matching strong-isr weak-isr high-watermark-monotone \
                 offset-bounds replication-quorum-superset ack-on-min-isr single-leader-per-epoch leader-completeness epoch-cache \
                 epochs-monotone fenced-not-in-isr offset-order no-duplicates no-foreign-values poll-order no-poll-skip \
                 no-stale-commit one-owner-per-partition processed-at-least-once processed-at-most-once election-safety \
                 single-vote-per-epoch one-voter-change metadata-log-matching retention-contract compaction-contract \
                 reader-up-to-date recovery-prefix index-matches-scan assertions-hold converges";
    let claims: Vec<&str> = CLAIMS.iter().map(|claim| claim.name).collect();
    assert_eq!(claims, names.split_whitespace().collect::<Vec<_>>());
    let table: Vec<&str> = Checks::new(Promises::default()).finish().iter().map(|result| result.name).collect();
    assert_eq!(table, claims);
    let anomalies: Vec<&str> = ANOMALIES.iter().map(|anomaly| anomaly.name).collect();
    assert_eq!(anomalies, claims);
}

#[test]
fn a_valid_history_with_crashes_and_elections_puts_every_claim_to_the_test_and_holds() {
    let mut cluster = weather();
    cluster.wait(Duration::from_secs(20));
    cluster.finish();
    for result in cluster.judge(Promises::default()) {
        assert_eq!(result.status, Status::Ok, "{result:?}");
    }
}

#[test]
fn every_check_finds_its_anomaly_and_only_its_companions_find_it_too() {
    for anomaly in ANOMALIES {
        let mut cluster = weather();
        (anomaly.inject)(&mut cluster);
        let expected = CLAIMS.iter().map(|claim| claim.name);
        let expected: Vec<&str> = expected.filter(|name| *name == anomaly.name || anomaly.companions.contains(name)).collect();
        let violated = cluster.violated();
        assert_eq!(promised(&violated), promised(&expected), "after the anomaly of {}", anomaly.name);
        assert!(violated.contains(&anomaly.name), "after the anomaly of {}", anomaly.name);
    }
}

#[test]
fn an_empty_run_exercises_nothing() {
    for result in Checks::new(Promises::default()).finish() {
        assert_eq!(result.status, Status::NotExercised, "{result:?}");
    }
}

#[test]
fn a_promise_that_is_not_made_is_never_called_ok_and_decides_only_when_it_is_named() {
    let mut cluster = weather();
    lose_a_sole_copy(&mut cluster);
    let unclean = Promises { unclean_leader_election: true, ..Promises::default() };
    let results = cluster.judge(unclean.clone());
    let lost = named(&results, "acks-all-durable");
    assert_eq!((lost.status, lost.decides), (Status::NotPromised, false));
    assert!(lost.detail.contains("it happened"), "{}", lost.detail);
    let advisory = named(&results, "any-ack-durable");
    assert_eq!((advisory.status, advisory.decides), (Status::Violated, false));

    let named_too = Promises { named: ["acks-all-durable".to_owned()].into(), ..unclean };
    let results = cluster.judge(named_too);
    let lost = named(&results, "acks-all-durable");
    assert_eq!((lost.status, lost.decides), (Status::Violated, true));
}

#[test]
fn an_acknowledged_record_on_one_live_replica_of_three_is_at_risk() {
    let mut cluster = weather();
    let sent = cluster.invoke(Acks::Leader);
    let offset = cluster.append(&[sent.1]);
    cluster.acknowledge(sent, Acks::Leader, offset);
    let results = cluster.judge(Promises::default());
    assert_eq!(named(&results, "any-ack-durable").status, Status::AtRisk);
    assert_eq!(named(&results, "acks-all-durable").status, Status::Ok);
}

#[test]
fn a_retried_record_may_stand_twice_and_out_of_order_where_nobody_promised_otherwise() {
    let mut cluster = Cluster::new();
    let (first, second) = (cluster.invoke(Acks::Leader), cluster.invoke(Acks::Leader));
    for send in [first.0, second.0] {
        let code = ErrorCode::RequestTimedOut;
        cluster.push(PRODUCER, ClientFact::SendRetried { partition: ORDERS, first: send, records: 1, code });
    }
    let base = cluster.append(&[second.1, first.1, first.1]);
    cluster.replicate(2);
    cluster.replicate(3);
    cluster.advance(base + 3);
    cluster.acknowledge(second, Acks::Leader, base);
    cluster.acknowledge(first, Acks::Leader, base + 1);
    let results = cluster.judge(Promises::default());
    assert_eq!(named(&results, "no-duplicates").status, Status::NotPromised);
    assert_eq!(named(&results, "offset-order").status, Status::NotPromised);
    let in_order = Promises { in_order: [PRODUCER].into(), ..Promises::default() };
    assert_eq!(named(&cluster.judge(in_order), "offset-order").status, Status::Violated);
}

#[test]
fn a_send_that_is_acknowledged_after_another_leader_was_elected_without_it_is_lost_there_and_then() {
    let mut cluster = weather();
    let (old, sent) = (cluster.leader, cluster.invoke(Acks::Leader));
    let offset = cluster.append(&[sent.1]);
    cluster.crash(old);
    cluster.acknowledge((SendId(sent.0.0), sent.1), Acks::Leader, offset);
    assert_eq!(cluster.violated(), ["any-ack-durable"]);
}

#[test]
fn a_straggler_that_leads_an_epoch_long_past_breaks_nothing() {
    let mut cluster = weather();
    let (epoch, end) = (cluster.epoch, Offset(cluster.end(3)));
    cluster.crash(3);
    cluster.elect(2);
    cluster.produce(2, Acks::All);
    let isr = super::testing::set(&[1, 2, 3]);
    let old = crate::ids::LeaderEpoch(epoch.0);
    cluster.push(b(3), ReplicaFact::BecameLeader { partition: ORDERS, epoch: old, end, high_watermark: Offset(0), isr });
    assert_eq!(cluster.violated(), ["single-leader-per-epoch"], "b3 takes an epoch that was b1's, and that alone is wrong");
}

#[test]
fn the_old_truncation_rule_breaks_six_claims_and_its_verdict_names_the_new_one() {
    let mut cluster = weather();
    cluster.produce(1, Acks::All);
    cluster.crash(1);
    cluster.cut(3, cluster.end(3) - 1, TruncationReason::HighWatermark);
    cluster.crash(2);
    let violated = cluster.violated();
    let expected = ["acks-all-durable", "any-ack-durable", "committed-kept", "strong-isr", "weak-isr", "leader-completeness"];
    assert_eq!(violated, expected);
    let results = cluster.judge(Promises::default());
    let verdict = Verdict::of(&cluster.events, named(&results, "acks-all-durable"), None).to_string();
    assert!(verdict.contains("--set truncation=kip-279"), "{verdict}");
}

#[test]
fn the_verdict_of_a_lost_acknowledgement_tells_its_story_in_twelve_lines() {
    let mut cluster = Cluster::new();
    cluster.produce(4, Acks::Leader);
    lose_what_only_the_leader_had(&mut cluster);
    cluster.produce(1, Acks::Leader);
    cluster.restart(1);
    cluster.recover(1, 5);
    cluster.follow(1);
    let results = cluster.judge(Promises { acks: [Acks::Leader].into(), ..Promises::default() });
    let verdict = Verdict::of(&cluster.events, named(&results, "any-ack-durable"), None);
    assert!(verdict.lines().len() <= Verdict::LINES_MAX);
    let expected = r#"any-ack-durable is violated at step 68 (0.069s): No acknowledged record at all is lost (advisory: acks=1 does not promise it).
  lost      orders-0 offset 4@e0: key "5", value "5"
  acked     by b1 to p1 at step 65 (0.066s), send 5, acks=1
  copies    then on b1 (ISR {1,2,3}); b2 ended at 4, b3 ended at 4
  doomed    at step 68 (0.069s): b2 became leader in e1 without it, its log ending at 4
  last copy at step 82 (0.083s): b1 cut its log from 5 to 4: its leader's log differs from there
  now       b2 leads in e1, and there stands key "6", value "6" of e1
  kept by   producer.p1.acks=all: the leader then answers when the whole ISR has the record
  again     tribunal run lost-ack --seed 0x2A17
  then      tribunal run lost-ack --seed 0x2A17 --set producer.p1.acks=all
"#;
    assert_eq!(verdict.to_string(), expected);
}

/// Found by the storm at seed 0x2a3: b2 acknowledged, lost its disk and was fenced; b1, cut off from the controller, commits
/// late and still counts on it.
#[test]
fn a_leader_may_count_on_a_copy_whose_loss_only_the_controller_knows_of() {
    let mut cluster = weather();
    cluster.crash(3);
    let (send, digest) = cluster.invoke(Acks::All);
    let base = cluster.append(&[digest]);
    cluster.replicate(2);
    let told = cluster.isr.clone();
    cluster.crash(2);
    cluster.push(b(2), WorldFact::DiskReplaced { bytes: 100 });
    cluster.restart(2);
    cluster.advance(base + 1);
    let committed = |isr: &[u16], min_insync| {
        let isr = super::testing::set(isr);
        ReplicaFact::ProduceCommitted { partition: ORDERS, base: Offset(base), last: Offset(base), isr, min_insync }
    };
    let mut unaware = cluster.clone();
    unaware.push(b(1), committed(&told, 2));
    unaware.acknowledge((send, digest), Acks::All, base);
    assert_eq!(unaware.violated(), Vec::<&str>::new());
    cluster.push(b(1), committed(&[1], 2));
    assert_eq!(cluster.violated(), ["ack-on-min-isr"], "a leader that knows may not");
}

/// Found by chaos/compaction at seed 0x1d3: a leader stood still, and when it hears that its follower has the record, retention has
/// taken it there under the next leader.
#[test]
fn a_leader_may_count_on_a_copy_that_was_committed_and_is_below_the_log_start_by_now() {
    let mut cluster = weather();
    cluster.crash(3);
    let (send, digest) = cluster.invoke(Acks::All);
    let base = cluster.append(&[digest]);
    cluster.replicate(2);
    let isr = super::testing::set(&cluster.isr);
    let answer = ReplicaFact::ProduceCommitted { partition: ORDERS, base: Offset(base), last: Offset(base), isr, min_insync: 2 };
    let let_go = LogFact::LogStartAdvanced { partition: ORDERS, old: Offset(0), new: Offset(base + 1) };
    let mut uncommitted = cluster.clone();
    cluster.advance(base + 1);
    for cluster in [&mut cluster, &mut uncommitted] {
        let (old, new) = (Offset(0), Offset(base + 1));
        cluster.push(b(2), ReplicaFact::HighWatermarkLearned { partition: ORDERS, old, new });
        cluster.push(b(2), let_go.clone());
        cluster.push(b(1), answer.clone());
    }
    cluster.acknowledge((send, digest), Acks::All, base);
    assert_eq!(cluster.violated(), Vec::<&str>::new());
    assert!(uncommitted.violated().contains(&"ack-on-min-isr"), "it was nobody's to let go of");
}

/// Found by a storm with min.insync.replicas=1: b3 led e1 and never heard that b2 led e2; the controller went on to e3.
#[test]
fn who_leads_an_epoch_long_past_is_not_who_leads_by_now() {
    let mut cluster = weather();
    cluster.crash(3);
    let sent = cluster.invoke(Acks::All);
    cluster.isr = vec![2];
    cluster.leader = 2;
    cluster.epoch = cluster.epoch.next();
    cluster.change_partition(Some(2));
    let epoch = cluster.epoch;
    cluster.epoch = epoch.next();
    cluster.change_partition(None);
    cluster.epoch = epoch;
    cluster.take_roles();
    let base = cluster.append(&[sent.1]);
    cluster.advance(base + 1);
    cluster.answer(base, base);
    cluster.acknowledge(sent, Acks::All, base);
    assert_eq!(cluster.violated(), Vec::<&str>::new());
}

/// A leader that shows more than the high watermark shows what may go.
#[test]
fn what_was_read_must_not_be_taken_back() {
    let mut cluster = weather();
    let (_, digest) = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[digest]);
    let epoch = cluster.epoch;
    cluster.push_poll(vec![Cluster::read(base, epoch, digest)]);
    assert_eq!(cluster.violated(), Vec::<&str>::new());
    cluster.crash(1);
    assert_eq!(cluster.violated(), ["committed-kept", "leader-completeness"]);
}

/// A cut is told before it is made, so a death in the middle of it leaves what the trace took for gone; and nothing else.
#[test]
fn a_cut_that_was_told_may_never_have_been_made() {
    let mut cluster = weather();
    let lost = cluster.log_mut(3).clone();
    cluster.crash(3);
    let end = cluster.end(3);
    cluster.cut(3, end - 1, TruncationReason::DivergingEpoch);
    cluster.restart(3);
    let mut other = cluster.clone();
    cluster.log_mut(3).clone_from(&lost);
    cluster.recover(3, end);
    assert_eq!(cluster.violated(), Vec::<&str>::new());
    let epoch = crate::ids::LeaderEpoch(9);
    other.begin_epoch(3, epoch);
    other.log_mut(3).push((epoch, crate::ids::Digest(9)));
    other.recover(3, end);
    assert_eq!(other.violated(), ["recovery-prefix"]);
}

/// acks=1: the first record was acknowledged, lost with its leader, and the second took its offset.
#[test]
fn a_lost_record_gives_its_offset_up_to_the_next_of_its_producer() {
    let mut cluster = Cluster::new();
    cluster.produce(4, Acks::Leader);
    lose_what_only_the_leader_had(&mut cluster);
    cluster.produce(1, Acks::Leader);
    let order = cluster.judge(Promises { acks: [Acks::Leader].into(), ..Promises::default() });
    assert_eq!(named(&order, "offset-order").status, Status::Ok);
}

/// What was sent once may be read at one offset, and at a second only if somebody sent it again.
#[test]
fn what_was_sent_once_is_read_at_one_offset() {
    let mut cluster = Cluster::new();
    cluster.produce(1, Acks::All);
    cluster.poll();
    let (epoch, digest) = *cluster.log_mut(1).first().expect("it was produced");
    let mut retried = cluster.clone();
    cluster.push_poll(vec![Cluster::read(1, epoch, digest)]);
    assert_eq!(cluster.violated(), ["no-foreign-values"]);
    let retry = ClientFact::SendRetried { partition: ORDERS, first: SendId(1), records: 1, code: ErrorCode::RequestTimedOut };
    retried.push(PRODUCER, retry);
    retried.push_poll(vec![Cluster::read(1, epoch, digest)]);
    assert_eq!(retried.violated(), Vec::<&str>::new());
}

#[test]
fn a_verdict_on_any_other_check_says_what_was_found() {
    let mut cluster = weather();
    let (old, new) = (Offset(cluster.high_watermark), Offset(99));
    cluster.push(b(2), ReplicaFact::HighWatermarkLearned { partition: ORDERS, old, new });
    let results = cluster.judge(Promises::default());
    let verdict = Verdict::of(&cluster.events, named(&results, "offset-bounds"), None).to_string();
    assert!(verdict.contains("orders-0 on b2: log start 0, high watermark 99, log end 7"), "{verdict}");
}

#[test]
fn a_follower_that_begins_anew_at_the_leaders_log_start_matches_it_from_there() {
    let mut cluster = weather();
    cluster.crash(3);
    cluster.produce(2, Acks::All);
    cluster.restart(3);
    cluster.push(
        b(3),
        LogFact::LogTruncated {
            partition: ORDERS,
            from: Offset(cluster.end(3)),
            to: Offset(0),
            why: TruncationReason::BehindLogStart,
        },
    );
    cluster.push(b(3), LogFact::LogStartAdvanced { partition: ORDERS, old: Offset(0), new: Offset(8) });
    let leader_log = cluster.logs.first().cloned().expect("b1 has a log");
    cluster.log_mut(3).clear();
    cluster.log_mut(3).extend(leader_log.into_iter().take(8));
    cluster.replicate(3);
    assert_eq!(cluster.violated(), Vec::<&str>::new());
}

/// What nobody promises: a reader may come too late for a tombstone, in a valid history too; and what another anomaly makes it
/// miss may be a last word or not.
const TOO_LATE: &str = "reader-up-to-date";

/// The claims of these that a history without faults of its own keeps for certain.
pub(super) fn promised(names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| *name != TOO_LATE).collect()
}
