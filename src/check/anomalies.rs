//! One way to break each claim, and what else it breaks: what every check must find, by its name.

use std::sync::Arc;

use super::testing::{CONSUMER, Cluster, ORDERS, PRODUCER, SECOND, b, k, voter};
use crate::event::{
    Acks, CleaningReason, ClientFact, ControllerFact, CrashKind, LogFact, PositionReason, QuorumRole, RaftFact, ReplicaFact,
    RetentionReason, TruncationReason, WorldFact,
};
use crate::files::{FileName, FilePath};
use crate::ids::{BrokerId, Digest, Incarnation, LeaderEpoch, Offset, ProcessId, TopicPartition};
use crate::time::Duration;

/// How to break a claim at the end of a valid history in which b1, b2 and b3 live and are in sync.
pub(super) struct Anomaly {
    /// The check that must find it.
    pub(super) name: &'static str,
    /// Checks that find it too, always.
    pub(super) companions: &'static [&'static str],
    /// Makes it.
    pub(super) inject: fn(&mut Cluster),
}

/// Every claim's anomaly.
pub(super) const ANOMALIES: &[Anomaly] = &[
    Anomaly { name: "acks-all-durable", companions: &["any-ack-durable"], inject: lose_a_sole_copy },
    Anomaly { name: "any-ack-durable", companions: &[], inject: lose_what_only_the_leader_had },
    Anomaly { name: "committed-kept", companions: &[], inject: cut_a_candidate },
    Anomaly { name: "log-matching", companions: &[], inject: fork_a_follower },
    Anomaly { name: "strong-isr", companions: &["weak-isr"], inject: run_ahead_of_the_isr },
    Anomaly { name: "weak-isr", companions: &[], inject: forget_who_is_counted_on },
    Anomaly { name: "high-watermark-monotone", companions: &[], inject: take_the_watermark_back },
    Anomaly { name: "offset-bounds", companions: &[], inject: learn_too_much },
    Anomaly { name: "replication-quorum-superset", companions: &[], inject: take_in_whom_the_leader_does_not_count_on },
    Anomaly { name: "ack-on-min-isr", companions: &[], inject: answer_alone },
    Anomaly { name: "single-leader-per-epoch", companions: &[], inject: lead_twice },
    Anomaly { name: "leader-completeness", companions: &[], inject: lead_without_the_committed },
    Anomaly { name: "epoch-cache", companions: &[], inject: mistake_an_epoch },
    Anomaly { name: "epochs-monotone", companions: &[], inject: go_back_to_an_old_quorum_epoch },
    Anomaly { name: "fenced-not-in-isr", companions: &[], inject: fence_a_member_and_keep_it },
    Anomaly { name: "offset-order", companions: &[], inject: swap_two_sends },
    Anomaly { name: "no-duplicates", companions: &[], inject: store_twice },
    Anomaly { name: "no-foreign-values", companions: &[], inject: read_what_nobody_sent },
    Anomaly { name: "poll-order", companions: &[], inject: read_again },
    Anomaly { name: "no-poll-skip", companions: &["processed-at-least-once"], inject: read_only_the_last },
    Anomaly { name: "no-stale-commit", companions: &[], inject: commit_for_another },
    Anomaly { name: "one-owner-per-partition", companions: &[], inject: own_what_another_has },
    Anomaly { name: "processed-at-least-once", companions: &[], inject: go_on_beyond_what_died },
    Anomaly { name: "processed-at-most-once", companions: &[], inject: process_twice },
    Anomaly { name: "election-safety", companions: &[], inject: lead_the_quorum_twice },
    Anomaly { name: "single-vote-per-epoch", companions: &[], inject: vote_twice },
    Anomaly { name: "one-voter-change", companions: &[], inject: change_two_voters_at_once },
    Anomaly { name: "metadata-log-matching", companions: &[], inject: fork_the_metadata },
    Anomaly { name: "retention-contract", companions: &[], inject: delete_what_is_young },
    Anomaly { name: "compaction-contract", companions: &[], inject: drop_the_latest_of_a_key },
    Anomaly { name: "reader-up-to-date", companions: &[], inject: come_by_after_the_tombstone },
    Anomaly { name: "recovery-prefix", companions: &[], inject: forget_what_was_synced },
    Anomaly { name: "index-matches-scan", companions: &[], inject: lose_the_way_in_an_index },
    Anomaly { name: "assertions-hold", companions: &[], inject: fail_an_assertion },
    Anomaly { name: "converges", companions: &[], inject: leave_a_follower_behind },
];

fn others(cluster: &Cluster) -> (u16, u16) {
    let mut followers = [1, 2, 3].into_iter().filter(|broker| *broker != cluster.leader);
    (followers.next().expect("two follow"), followers.next().expect("two follow"))
}

/// Retention takes a segment whose records are of this very moment.
fn delete_what_is_young(cluster: &mut Cluster) {
    cluster.produce(1, Acks::All);
    cluster.expire(cluster.leader, (0, 1), RetentionReason::Time);
}

/// The cleaner takes the only record that says what its key is.
fn drop_the_latest_of_a_key(cluster: &mut Cluster) {
    cluster.produce(1, Acks::All);
    cluster.drop_records(cluster.leader, &[(cluster.high_watermark - 1, CleaningReason::Superseded)]);
}

/// c1 has a value; its tombstone is written, and is gone when c1 reads on.
fn come_by_after_the_tombstone(cluster: &mut Cluster) {
    for _ in 0..64 {
        cluster.poll();
        cluster.produce(1, Acks::All);
        let mut newest_first = cluster.log(cluster.leader).iter().rev().map(|(_, digest)| *digest);
        let gone = newest_first.next().expect("one was sent");
        let before = newest_first.find(|digest| Cluster::key(*digest) == Cluster::key(gone));
        if !Cluster::is_tombstone(gone) || before.is_none_or(Cluster::is_tombstone) {
            continue;
        }
        cluster.produce(1, Acks::All);
        let last = cluster.log(cluster.leader).last().map(|(_, digest)| *digest);
        if last.is_some_and(|last| Cluster::key(last) != Cluster::key(gone)) {
            break;
        }
    }
    cluster.clean(cluster.leader);
    cluster.wait(Duration::from_millis(20));
    cluster.clean(cluster.leader);
    cluster.poll();
}

/// The ISR is the leader alone; its power fails, and an acknowledged record was not synced.
pub(super) fn lose_a_sole_copy(cluster: &mut Cluster) {
    let (one, other) = others(cluster);
    cluster.crash(one);
    cluster.crash(other);
    cluster.produce(1, Acks::All);
    let (leader, end) = (cluster.leader, cluster.end(cluster.leader));
    cluster.push(b(leader), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Power });
    let file = FilePath::log(ORDERS, FileName::Segment(Offset(0)));
    cluster.push(b(leader), WorldFact::DiskLost { file, bytes: 100 });
    cluster.restart(leader);
    cluster.recover(leader, end - 1);
}

/// acks=1, and the leader dies before anybody fetched.
pub(super) fn lose_what_only_the_leader_had(cluster: &mut Cluster) {
    let sent = cluster.invoke(Acks::Leader);
    let offset = cluster.append(&[sent.1]);
    cluster.acknowledge(sent, Acks::Leader, offset);
    cluster.crash(cluster.leader);
}

/// Between two leaders, a member of the ISR cuts what was committed.
fn cut_a_candidate(cluster: &mut Cluster) {
    cluster.produce(2, Acks::Leader);
    let (one, _) = others(cluster);
    cluster.push(b(cluster.leader), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    cluster.cut(one, cluster.end(one) - 1, TruncationReason::HighWatermark);
}

/// A follower writes another record than its leader in the same epoch.
fn fork_a_follower(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    let sent = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[sent.1]);
    let batch = Cluster::batch(base, cluster.epoch, &[Digest(1)]);
    cluster.push(b(one), LogFact::RecordsReplicated { partition: ORDERS, from: BrokerId(cluster.leader), batch });
}

/// A leader takes its own log end for the high watermark.
fn run_ahead_of_the_isr(cluster: &mut Cluster) {
    let sent = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[sent.1]);
    cluster.advance(base + 1);
}

/// A leader has not heard that a member left, and does not wait for it all the same.
fn forget_who_is_counted_on(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    cluster.isr.retain(|broker| *broker != one);
    cluster.change_partition(Some(cluster.leader));
    let sent = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[sent.1]);
    cluster.replicate_all();
    cluster.advance(base + 1);
}

/// The controller takes a replica back into the ISR that its leader did not ask for. (It holds everything.)
fn take_in_whom_the_leader_does_not_count_on(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    let all = cluster.isr.clone();
    cluster.isr.retain(|broker| *broker != one);
    cluster.change_isr();
    cluster.isr = all;
    cluster.change_partition(Some(cluster.leader));
}

/// A follower says that an epoch to come begins within its log.
fn mistake_an_epoch(cluster: &mut Cluster) {
    cluster.produce(2, Acks::All);
    let (one, _) = others(cluster);
    let (epoch, start) = (cluster.epoch.next(), Offset(cluster.end(one) - 1));
    cluster.push(b(one), LogFact::EpochStarted { partition: ORDERS, epoch, start });
}

fn go_back_to_an_old_quorum_epoch(cluster: &mut Cluster) {
    let fact = |epoch| RaftFact::QuorumRoleChanged { role: QuorumRole::Unattached, epoch, leader: None };
    cluster.push(k(3), fact(LeaderEpoch(7)));
    cluster.push(k(3), fact(LeaderEpoch(6)));
}

/// A broker is fenced, and the ISR keeps it. (Its registration is the one it began with, or that of its second life.)
fn fence_a_member_and_keep_it(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    let (broker, epoch) = (BrokerId(one), cluster.registration(one));
    cluster.push(k(1), ControllerFact::BrokerFenced { broker, epoch });
    cluster.poll();
}

fn lead_the_quorum_twice(cluster: &mut Cluster) {
    let epoch = LeaderEpoch(9);
    for number in 2..=3 {
        let leader = Some(k(number - 1));
        cluster.push(k(number), RaftFact::QuorumRoleChanged { role: QuorumRole::Follower, epoch, leader });
    }
}

fn vote_twice(cluster: &mut Cluster) {
    let epoch = LeaderEpoch(9);
    cluster.push(k(3), RaftFact::VoteCast { epoch, candidate: voter(1, 1) });
    cluster.push(k(3), RaftFact::VoteCast { epoch, candidate: voter(2, 1) });
}

/// k1 drops two voters, one record after the other, before the first is committed.
fn change_two_voters_at_once(cluster: &mut Cluster) {
    cluster.change_voters(1, (10, LeaderEpoch(1)), vec![voter(1, 1), voter(2, 1)]);
    cluster.change_voters(1, (11, LeaderEpoch(1)), vec![voter(1, 1)]);
}

/// A broker's copy of the metadata has another record than k1's, of the same epoch.
fn fork_the_metadata(cluster: &mut Cluster) {
    let (partition, epoch) = (TopicPartition::METADATA, LeaderEpoch(1));
    cluster.push(b(1), LogFact::EpochStarted { partition, epoch, start: Offset(0) });
    let batch = Cluster::batch(0, epoch, &[Digest(1), Digest(2)]);
    cluster.push(b(1), LogFact::RecordsReplicated { partition, from: BrokerId(3001), batch });
}

fn lose_the_way_in_an_index(cluster: &mut Cluster) {
    cluster.probe(1, 4, 2);
}

fn take_the_watermark_back(cluster: &mut Cluster) {
    cluster.produce(2, Acks::All);
    let back = cluster.high_watermark - 1;
    cluster.advance(back);
}

/// A follower takes its leader's high watermark although its own log ends before.
fn learn_too_much(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    let (old, new) = (Offset(cluster.high_watermark), Offset(cluster.end(one) + 1));
    cluster.push(b(one), ReplicaFact::HighWatermarkLearned { partition: ORDERS, old, new });
}

/// A leader answers an acks=all request although the ISR is smaller than it must be.
fn answer_alone(cluster: &mut Cluster) {
    let (one, other) = others(cluster);
    cluster.crash(one);
    cluster.crash(other);
    let sent = cluster.invoke(Acks::All);
    let base = cluster.append(&[sent.1]);
    cluster.advance(base + 1);
    let isr = super::testing::set(&cluster.isr);
    let (base, last) = (Offset(base), Offset(base));
    cluster.push(b(cluster.leader), ReplicaFact::ProduceCommitted { partition: ORDERS, base, last, isr, min_insync: 2 });
    cluster.acknowledge(sent, Acks::All, base.0);
}

/// A second broker acts as the leader of the present epoch.
fn lead_twice(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    let (epoch, end) = (cluster.epoch, Offset(cluster.end(one)));
    let isr = super::testing::set(&cluster.isr);
    cluster.push(b(one), ReplicaFact::BecameLeader { partition: ORDERS, epoch, end, high_watermark: Offset(0), isr });
}

/// A broker that lags and left the ISR leads all the same. (Nobody heard an acknowledgement of what it lacks.)
fn lead_without_the_committed(cluster: &mut Cluster) {
    let (one, _) = others(cluster);
    let end = Offset(cluster.end(one));
    cluster.isr.retain(|broker| *broker != one);
    cluster.change_isr();
    let sent = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[sent.1]);
    cluster.replicate_all();
    cluster.advance(base + 1);
    let (epoch, isr) = (cluster.epoch.next(), super::testing::set(&cluster.isr));
    cluster.push(b(one), ReplicaFact::BecameLeader { partition: ORDERS, epoch, end, high_watermark: end, isr });
}

fn swap_two_sends(cluster: &mut Cluster) {
    let (first, second) = (cluster.invoke(Acks::Leader), cluster.invoke(Acks::Leader));
    let base = cluster.append(&[second.1, first.1]);
    cluster.acknowledge(second, Acks::Leader, base);
    cluster.acknowledge(first, Acks::Leader, base + 1);
}

fn store_twice(cluster: &mut Cluster) {
    let sent = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[sent.1, sent.1]);
    cluster.replicate_all();
    cluster.advance(base + 2);
}

fn read_what_nobody_sent(cluster: &mut Cluster) {
    cluster.poll();
    let read = Cluster::read(cluster.high_watermark, cluster.epoch, Digest(1));
    cluster.push_poll(vec![read]);
}

fn read_again(cluster: &mut Cluster) {
    cluster.produce(2, Acks::All);
    let sent = cluster.logs.first().and_then(|log| log.first()).copied().expect("two records were sent");
    let why = PositionReason::Seek;
    cluster.push(CONSUMER, ClientFact::PositionSet { partition: ORDERS, offset: Offset(0), epoch: None, why });
    cluster.push_poll(vec![Cluster::read(0, sent.0, sent.1)]);
    cluster.push_poll(vec![Cluster::read(0, sent.0, sent.1)]);
}

fn read_only_the_last(cluster: &mut Cluster) {
    cluster.poll();
    cluster.produce(3, Acks::All);
    let last = cluster.committed_from(cluster.high_watermark - 1);
    cluster.push_poll(last);
}

fn commit_for_another(cluster: &mut Cluster) {
    cluster.commit(SECOND, 1);
}

fn own_what_another_has(cluster: &mut Cluster) {
    cluster.join(SECOND, 2);
    cluster.give(SECOND, 2);
}

/// c1 commits what it was given, dies before it has processed it, and reads on from there.
fn go_on_beyond_what_died(cluster: &mut Cluster) {
    cluster.produce(2, Acks::All);
    cluster.poll();
    cluster.commit(CONSUMER, cluster.high_watermark);
    cluster.push(CONSUMER, WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    cluster.push(CONSUMER, WorldFact::ProcessStarted { incarnation: Incarnation(2) });
    cluster.go_on(CONSUMER, cluster.high_watermark, PositionReason::Committed);
}

fn process_twice(cluster: &mut Cluster) {
    cluster.produce(2, Acks::All);
    cluster.poll();
    cluster.process(&cluster.committed_from(0));
    cluster.process(&cluster.committed_from(cluster.high_watermark - 1));
}

/// A replica outside of the ISR comes back without what it had synced.
fn forget_what_was_synced(cluster: &mut Cluster) {
    cluster.produce(2, Acks::All);
    let (one, _) = others(cluster);
    let end = cluster.end(one);
    cluster.push(b(one), LogFact::LogFlushed { partition: ORDERS, to: Offset(end) });
    cluster.crash(one);
    cluster.push(b(one), WorldFact::DiskLost { file: FilePath::log(ORDERS, FileName::Segment(Offset(0))), bytes: 100 });
    cluster.restart(one);
    cluster.recover(one, end - 1);
}

fn fail_an_assertion(cluster: &mut Cluster) {
    cluster.push(b(1), WorldFact::AssertionFailed { message: Arc::new("offsets only grow".to_owned()) });
}

/// A follower stays behind although nothing keeps it from fetching.
fn leave_a_follower_behind(cluster: &mut Cluster) {
    let sent = cluster.invoke(Acks::Leader);
    let base = cluster.append(&[sent.1]);
    cluster.acknowledge(sent, Acks::Leader, base);
    cluster.wait(Duration::from_secs(20));
    cluster.push(PRODUCER, ClientFact::MetadataRefreshed { from: BrokerId(1), topics: 1 });
    cluster.push(ProcessId::World, WorldFact::RunEnded { turns: 0 });
}
