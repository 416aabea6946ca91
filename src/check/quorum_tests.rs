//! The claims about the metadata quorum, about eligible leaders and about disks: situations that break each of them, and
//! the neighbours of these that do not.

use std::sync::Arc;

use super::loss::Verdict;
use super::testing::{Cluster, ORDERS, PRODUCER, b, k, set, voter};
use super::{CheckResult, Promises, Status};
use crate::config::{Switch, Variants};
use crate::event::{
    Acks, ClientFact, ControllerFact, CrashKind, DiskFault, LogFact, PartitionFacts, QuorumRole, RaftFact, TruncationReason,
    VoterSetFacts, WorldFact,
};
use crate::files::{FileName, FilePath};
use crate::ids::{BrokerId, Digest, Incarnation, LeaderEpoch, Offset, PartitionEpoch, ProcessId, TopicPartition, VoterKey};
use crate::time::Duration;

const NOTHING: [&str; 0] = [];
const METADATA: TopicPartition = TopicPartition::METADATA;

fn named<'a>(results: &'a [CheckResult], name: &str) -> &'a CheckResult {
    results.iter().find(|result| result.name == name).expect("every claim has a line in the table")
}

fn violated_under(cluster: &Cluster, promises: Promises) -> Vec<&'static str> {
    let results = cluster.judge(promises);
    results.iter().filter(|result| result.status == Status::Violated).map(|result| result.name).collect()
}

fn with_variants(change: impl FnOnce(&mut Variants)) -> Promises {
    let mut promises = Promises::default();
    change(&mut promises.variants);
    promises
}

/// The controller commits this ISR and these eligible leaders.
fn change_candidates(cluster: &mut Cluster, leader: Option<u16>, isr: &[u16], elr: &[u16]) {
    cluster.partition_epoch += 1;
    cluster.isr = isr.to_vec();
    let now = PartitionFacts {
        leader: leader.map(BrokerId),
        epoch: cluster.epoch,
        partition_epoch: PartitionEpoch(cluster.partition_epoch),
        isr: set(isr),
        elr: set(elr),
        ..PartitionFacts::new(vec![BrokerId(1), BrokerId(2), BrokerId(3)])
    };
    cluster.push(k(1), ControllerFact::PartitionChanged { partition: ORDERS, now: Arc::new(now) });
}

fn segment(partition: TopicPartition) -> FilePath {
    FilePath::log(partition, FileName::Segment(Offset(0)))
}

fn quorum_state() -> FilePath {
    FilePath::root(FileName::QuorumState)
}

/// K5: what k1 and k2 committed is gone when k1 comes back empty and elects k3, which has not got it.
fn wipe_a_voter_and_elect_who_has_it_not() -> Cluster {
    let mut cluster = Cluster::new();
    let epoch = LeaderEpoch(1);
    for number in 1..=2 {
        let batch = Cluster::batch(3, epoch, &[Digest(77)]);
        cluster.push(k(number), LogFact::RecordsAppended { partition: METADATA, batch });
    }
    cluster.push(k(1), RaftFact::MetadataCommitted { end: Offset(4), epoch });
    cluster.push(k(1), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::DiskReplaced });
    cluster.push(k(1), WorldFact::DiskReplaced { bytes: 400 });
    cluster.push(k(1), WorldFact::ProcessStarted { incarnation: Incarnation(2) });
    let candidate = VoterKey { voter: k(3), directory: None };
    cluster.push(k(1), RaftFact::VoteCast { epoch: LeaderEpoch(2), candidate });
    cluster.lead_quorum(3, LeaderEpoch(2));
    cluster
}

#[test]
fn a_quorum_leader_without_the_committed_is_found_and_its_verdict_names_the_rule() {
    let mut cluster = wipe_a_voter_and_elect_who_has_it_not();
    assert_eq!(cluster.violated(), ["leader-completeness"]);
    let other = Cluster::batch(3, LeaderEpoch(2), &[Digest(88)]);
    cluster.push(k(3), LogFact::EpochStarted { partition: METADATA, epoch: LeaderEpoch(2), start: Offset(3) });
    cluster.push(k(3), LogFact::RecordsAppended { partition: METADATA, batch: other });
    let cut = LogFact::LogTruncated { partition: METADATA, from: Offset(4), to: Offset(3), why: TruncationReason::DivergingEpoch };
    cluster.push(k(2), cut);
    cluster.push(k(3), RaftFact::MetadataCommitted { end: Offset(4), epoch: LeaderEpoch(2) });
    assert_eq!(cluster.violated(), ["committed-kept", "leader-completeness"]);
    let results = cluster.judge(Promises { unclean_leader_election: true, ..Promises::default() });
    assert_eq!(named(&results, "committed-kept").status, Status::Violated, "no topic's setting gives the metadata up");
    let verdict = Verdict::of(&cluster.events, named(&results, "committed-kept"), None);
    assert!(verdict.lines().len() <= Verdict::LINES_MAX);
    let text = verdict.to_string();
    for words in ["then on k1, k2", "came back with an empty disk", "voter-uuid=on", "k3 was the last to lead the quorum"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

/// A broker's copy is no voter's: it may have fetched what is never committed, and cuts that. What is committed nobody cuts.
#[test]
fn an_uncommitted_decision_may_be_cut_and_a_committed_one_not() {
    let mut cluster = Cluster::new();
    let batch = Cluster::batch(3, LeaderEpoch(1), &[Digest(77)]);
    cluster.push(k(2), LogFact::RecordsAppended { partition: METADATA, batch });
    let cut = |from, to| LogFact::LogTruncated {
        partition: METADATA,
        from: Offset(from),
        to: Offset(to),
        why: TruncationReason::DivergingEpoch,
    };
    cluster.push(k(2), cut(4, 3));
    assert_eq!(cluster.violated(), NOTHING);
    cluster.push(k(2), cut(3, 2));
    assert_eq!(cluster.violated(), ["committed-kept"]);
}

#[test]
fn a_snapshot_in_place_of_a_log_is_no_cut_and_what_follows_matches() {
    let mut cluster = Cluster::new();
    let why = TruncationReason::BehindLogStart;
    cluster.push(k(3), LogFact::LogTruncated { partition: METADATA, from: Offset(3), to: Offset(0), why });
    cluster.push(k(3), LogFact::LogStartAdvanced { partition: METADATA, old: Offset(0), new: Offset(3) });
    cluster.push(k(3), RaftFact::SnapshotInstalled { end: Offset(3), epoch: LeaderEpoch(1), from: k(1) });
    for number in [1, 3] {
        let batch = Cluster::batch(3, LeaderEpoch(1), &[Digest(77)]);
        cluster.push(k(number), LogFact::RecordsAppended { partition: METADATA, batch });
    }
    cluster.push(k(1), RaftFact::MetadataCommitted { end: Offset(4), epoch: LeaderEpoch(1) });
    cluster.lead_quorum(3, LeaderEpoch(2));
    assert_eq!(cluster.violated(), NOTHING);
}

#[test]
fn a_voter_on_a_new_disk_is_another_voter_unless_voters_are_known_by_number() {
    let mut cluster = Cluster::new();
    let epoch = LeaderEpoch(5);
    cluster.push(k(3), RaftFact::VoteCast { epoch, candidate: voter(1, 1) });
    cluster.push(k(3), RaftFact::VoteCast { epoch, candidate: voter(1, 1) });
    cluster.push(k(3), WorldFact::DiskReplaced { bytes: 0 });
    cluster.push(k(3), RaftFact::VoteCast { epoch, candidate: voter(2, 1) });
    assert_eq!(cluster.violated(), NOTHING);
    let by_number = with_variants(|variants| variants.voter_uuid = Switch::Off);
    assert_eq!(violated_under(&cluster, by_number), ["single-vote-per-epoch"]);
}

#[test]
fn a_disk_that_lied_about_the_vote_is_not_held_against_the_voter_and_a_crash_is() {
    let mut cluster = Cluster::new();
    cluster.push(k(3), RaftFact::VoteCast { epoch: LeaderEpoch(5), candidate: voter(1, 1) });
    let mut honest = cluster.clone();
    cluster.push(k(3), WorldFact::DiskFaulted { file: quorum_state().temporary(), fault: DiskFault::SyncLied });
    for cluster in [&mut cluster, &mut honest] {
        cluster.push(k(3), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Power });
        cluster.push(k(3), WorldFact::ProcessStarted { incarnation: Incarnation(2) });
        cluster.push(k(3), RaftFact::QuorumRoleChanged { role: QuorumRole::Unattached, epoch: LeaderEpoch(4), leader: None });
        cluster.push(k(3), RaftFact::VoteCast { epoch: LeaderEpoch(5), candidate: voter(2, 1) });
    }
    assert_eq!(cluster.violated(), NOTHING);
    assert_eq!(honest.violated(), ["epochs-monotone", "single-vote-per-epoch"]);
}

#[test]
fn voters_that_change_one_after_the_other_are_in_order_and_two_in_one_commit_are_not() {
    let mut cluster = Cluster::new();
    cluster.add_voter();
    let three = vec![voter(1, 1), voter(2, 1), voter(4, 1)];
    let mut both = cluster.clone();
    cluster.change_voters(1, (4, LeaderEpoch(1)), three.clone());
    cluster.push(k(1), RaftFact::MetadataCommitted { end: Offset(5), epoch: LeaderEpoch(1) });
    assert_eq!(cluster.violated(), NOTHING);
    both.change_voters(1, (4, LeaderEpoch(1)), vec![voter(1, 1), voter(4, 1)]);
    both.push(k(1), RaftFact::MetadataCommitted { end: Offset(5), epoch: LeaderEpoch(1) });
    assert_eq!(both.violated(), ["one-voter-change"]);
}

#[test]
fn a_version_told_once_more_says_nothing_new_and_must_not_say_another_thing() {
    let mut cluster = Cluster::new();
    cluster.produce(2, Acks::All);
    cluster.crash(3);
    let told: Vec<_> = cluster.events.clone();
    for event in told.iter().filter(|event| event.process == k(1)) {
        if let crate::event::Fact::Controller(fact) = &event.fact {
            cluster.push(k(2), fact.clone());
        }
    }
    cluster.come_back(3);
    assert_eq!(cluster.violated(), NOTHING);
    let lie = PartitionFacts {
        partition_epoch: PartitionEpoch(1),
        isr: set(&[2]),
        ..PartitionFacts::new(vec![BrokerId(1), BrokerId(2), BrokerId(3)])
    };
    cluster.push(k(2), ControllerFact::PartitionChanged { partition: ORDERS, now: Arc::new(lie) });
    assert_eq!(cluster.violated(), ["epochs-monotone"]);
}

/// R9: the proposal was made for a life that is over.
#[test]
fn a_proposal_for_a_former_life_is_stale_even_if_it_is_committed() {
    let mut cluster = Cluster::new();
    cluster.produce(2, Acks::All);
    cluster.crash(3);
    cluster.restart(3);
    cluster.recover(3, cluster.end(3));
    cluster.register(3, cluster.registration(3).0);
    cluster.follow(3);
    let mut stale = cluster.clone();
    cluster.propose(3);
    stale.propose(3);
    stale.restart(3);
    stale.register(3, stale.registration(3).0);
    for cluster in [&mut cluster, &mut stale] {
        cluster.isr = vec![1, 2, 3];
        cluster.change_isr();
    }
    assert_eq!(cluster.violated(), NOTHING);
    assert_eq!(stale.violated(), ["fenced-not-in-isr"]);
}

#[test]
fn the_last_member_may_be_fenced_only_where_there_are_no_eligible_leaders() {
    let mut cluster = Cluster::new();
    cluster.crash(2);
    cluster.crash(3);
    cluster.push(b(1), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    change_candidates(&mut cluster, None, &[1], &[]);
    cluster.push(k(1), ControllerFact::BrokerFenced { broker: BrokerId(1), epoch: cluster.registration(1) });
    cluster.poll();
    assert_eq!(violated_under(&cluster, with_variants(|variants| variants.elr = Switch::Off)), NOTHING);
    assert_eq!(cluster.violated(), ["fenced-not-in-isr"]);
}

#[test]
fn an_eligible_leader_must_hold_what_is_committed_and_be_waited_for() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    change_candidates(&mut cluster, Some(1), &[1], &[2]);
    cluster.adopt_isr();
    let mut cut = cluster.clone();
    assert_eq!(cluster.violated(), NOTHING);
    cut.cut(2, 1, TruncationReason::DivergingEpoch);
    assert_eq!(cut.violated(), ["committed-kept", "strong-isr"]);
    let (_, digest) = cluster.invoke(Acks::All);
    let base = cluster.append(&[digest]);
    cluster.advance(base + 1);
    assert_eq!(cluster.violated(), ["strong-isr", "replication-quorum-superset"]);
}

#[test]
fn an_eligible_leader_whose_disk_lost_it_does_not_count_until_the_controller_lets_go() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    change_candidates(&mut cluster, Some(1), &[1], &[2]);
    cluster.adopt_isr();
    cluster.push(b(2), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Power });
    cluster.push(b(2), WorldFact::DiskLost { file: segment(ORDERS), bytes: 100 });
    cluster.restart(2);
    cluster.recover(2, 1);
    assert_eq!(cluster.violated(), NOTHING);
    change_candidates(&mut cluster, Some(1), &[1], &[]);
    change_candidates(&mut cluster, Some(1), &[1], &[2]);
    assert_eq!(cluster.violated(), ["committed-kept", "strong-isr"]);
}

/// All three went down in disorder, and the last known leader leads again, on an empty disk: KIP-966 promises nothing here.
#[test]
fn what_no_eligible_replica_is_left_of_is_not_promised_and_what_comes_after_is() {
    let mut cluster = Cluster::new();
    cluster.produce(3, Acks::All);
    for broker in 1..=3 {
        cluster.push(b(broker), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
        let epoch = cluster.registration(broker);
        cluster.push(k(1), ControllerFact::UncleanShutdownFound { broker: BrokerId(broker), epoch });
    }
    cluster.push(b(2), WorldFact::DiskReplaced { bytes: 300 });
    change_candidates(&mut cluster, None, &[], &[]);
    cluster.restart(2);
    cluster.log_mut(2).clear();
    cluster.isr = vec![2];
    cluster.elect(2);
    assert_eq!(cluster.violated(), NOTHING);
    let results = cluster.judge(Promises::default());
    for name in ["acks-all-durable", "committed-kept", "leader-completeness"] {
        let result = named(&results, name);
        assert_eq!((result.status, result.decides), (Status::NotPromised, false), "{result:?}");
    }
    cluster.produce(2, Acks::All);
    cluster.cut(2, 1, TruncationReason::DivergingEpoch);
    assert_eq!(cluster.violated(), ["committed-kept"]);
}

#[test]
fn a_leader_that_knows_a_later_version_than_was_told_is_not_judged_by_the_earlier_one() {
    let mut cluster = Cluster::new();
    cluster.isr = vec![1, 2];
    cluster.partition_epoch += 1;
    cluster.adopt_isr();
    assert_eq!(cluster.violated(), NOTHING);
    cluster.partition_epoch -= 1;
    cluster.adopt_isr();
    assert_eq!(cluster.violated(), ["replication-quorum-superset"]);
}

#[test]
fn below_min_isr_nothing_is_committed_and_nobody_waits_for_it() {
    let settle = |elr: &[u16]| {
        let mut cluster = Cluster::new();
        cluster.crash(2);
        cluster.crash(3);
        change_candidates(&mut cluster, Some(1), &[1], elr);
        let sent = cluster.invoke(Acks::Leader);
        let base = cluster.append(&[sent.1]);
        cluster.acknowledge(sent, Acks::Leader, base);
        cluster.wait(Duration::from_secs(20));
        cluster.push(ProcessId::World, WorldFact::RunEnded { turns: 0 });
        cluster.violated()
    };
    assert_eq!(settle(&[2]), NOTHING, "b2 is eligible: the ISR is smaller than min.insync.replicas");
    assert_eq!(settle(&[]), ["converges"]);
}

#[test]
fn where_disks_may_lose_anything_what_stays_promised_is_judged() {
    let mut cluster = wipe_a_voter_and_elect_who_has_it_not();
    cluster.cut(2, 0, TruncationReason::HighWatermark);
    let unbounded = Promises { copies_unbounded: true, voters_unbounded: true, ..Promises::default() };
    assert_eq!(violated_under(&cluster, unbounded.clone()), NOTHING);
    let results = cluster.judge(unbounded.clone());
    assert_eq!(named(&results, "leader-completeness").status, Status::NotPromised);
    cluster.push(b(2), LogFact::EpochStarted { partition: ORDERS, epoch: LeaderEpoch(0), start: Offset(0) });
    cluster.probe(2, 1, 0);
    assert_eq!(violated_under(&cluster, unbounded), ["index-matches-scan"]);
}

#[test]
fn the_time_with_two_leaders_or_none_is_counted() {
    let mut cluster = Cluster::new();
    let before = cluster.counts();
    cluster.wait(Duration::from_millis(100));
    cluster.lead_quorum(2, LeaderEpoch(2));
    cluster.wait(Duration::from_millis(50));
    cluster.push(k(1), RaftFact::QuorumRoleChanged { role: QuorumRole::Resigned, epoch: LeaderEpoch(1), leader: None });
    cluster.push(k(2), WorldFact::ProcessCrashed { incarnation: Incarnation(1), kind: CrashKind::Process });
    cluster.wait(Duration::from_millis(30));
    cluster.finish();
    let counts = cluster.counts();
    assert_eq!(counts.by_name("rival-leader-us"), Some(52_000), "50 ms and the two events themselves");
    assert_eq!(counts.leaderless_us - before.leaderless_us, 31_000);
    assert_eq!(counts.quorum_elections, 2);
}

#[test]
fn each_set_of_voters_counts_once_and_the_first_not_at_all() {
    let mut cluster = Cluster::new();
    cluster.add_voter();
    let four = Arc::new(VoterSetFacts { offset: Offset(3), epoch: LeaderEpoch(1), voters: vec![voter(1, 1)] });
    cluster.push(k(2), RaftFact::VotersChanged { voters: four });
    assert_eq!(cluster.counts().voter_changes, 1);
}

#[test]
fn a_look_in_the_middle_of_a_change_is_made_again_and_not_for_ever() {
    let quiet = Duration::from_millis(14_900);
    let change = |cluster: &mut Cluster, more: u64| {
        let end = Offset(cluster.metadata_end.0 + more);
        cluster.push(k(1), RaftFact::MetadataCommitted { end, epoch: LeaderEpoch(1) });
        end
    };
    let look = |cluster: &mut Cluster, after: u64| {
        cluster.wait(Duration::from_millis(after));
        cluster.push(PRODUCER, ClientFact::MetadataRefreshed { from: BrokerId(1), topics: 1 });
    };
    let mut late = Cluster::new();
    late.wait(quiet);
    let end = change(&mut late, 1);
    look(&mut late, 200);
    let mut in_time = late.clone();
    for broker in 1..=3 {
        in_time.push(b(broker), RaftFact::MetadataApplied { end });
    }
    look(&mut in_time, 1_100);
    assert_eq!(in_time.violated(), NOTHING);
    look(&mut late, 1_100);
    assert_eq!(late.violated(), ["converges"], "a second is enough to follow");

    let mut restless = Cluster::new();
    restless.wait(quiet);
    for more in 1..=5 {
        change(&mut restless, more);
        look(&mut restless, if more == 1 { 200 } else { 1_100 });
        change(&mut restless, more + 1);
    }
    assert_eq!(restless.violated(), ["converges"], "a mind that changes for ever does not converge");
}
