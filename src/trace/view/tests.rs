//! The picture of the lost acknowledgement, at the steps that matter.

#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;
use crate::event::{ControllerFact, Event, Fact, FaultFact, LogFact, NetworkFact, QuorumRole, RaftFact, ReplicaFact, WorldFact};
use crate::ids::{BrokerSet, LeaderEpoch, Offset};
use crate::trace::testing::{self, ORDERS, PAYMENTS_0};

fn until(events: &[Event], stop: impl Fn(&Event) -> bool) -> View {
    let end = events.iter().position(stop).expect("the tale has it");
    View::of(&events[..=end])
}

fn keys(view: &View, broker: u16) -> String {
    let partition = view.partition(ORDERS).expect("orders-0 exists");
    let replica = partition.replica(BrokerId(broker)).expect("it is a replica");
    replica
        .cells(Offset(0), Offset(99))
        .map(|cell| String::from_utf8_lossy(cell.key.expect("all have keys")).into_owned())
        .collect()
}

#[test]
fn the_leader_alone_holds_the_acknowledged_record_when_it_dies() {
    let events = testing::lost_acknowledgement();
    let view = until(&events, |event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })));
    assert_eq!([keys(&view, 1), keys(&view, 2), keys(&view, 3)], ["abcdE", "abcd", "abc"]);
    let partition = view.partition(ORDERS).expect("orders-0 exists");
    let acked = partition.acked.get(Offset(4)).expect("E was acknowledged");
    let holders: Vec<u16> = partition.holders(Offset(4), acked.digest).map(|replica| replica.broker.0).collect();
    assert_eq!(holders, [1]);
    assert!(!view.is_up(BrokerId(1)));
    assert_eq!(view.cut_from(ProcessId::Broker(BrokerId(2))), [ProcessId::Broker(BrokerId(1))]);
    assert_eq!(partition.min_insync, Some(1));
}

#[test]
fn each_replica_knows_its_own_high_watermark() {
    let events = testing::lost_acknowledgement();
    let view = until(&events, |event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })));
    let partition = view.partition(ORDERS).expect("orders-0 exists");
    let known: Vec<u64> = partition.replicas.iter().map(|replica| replica.high_watermark.0).collect();
    assert_eq!(known, [3, 2, 3]);
}

#[test]
fn a_record_of_an_older_epoch_that_the_new_leader_lacks_has_diverged_until_it_is_cut() {
    let events = testing::lost_acknowledgement();
    let back = until(&events, |event| matches!(event.fact, Fact::Log(LogFact::LogRecovered { .. })));
    let partition = back.partition(ORDERS).expect("orders-0 exists");
    assert_eq!(partition.leader_id(), Some(BrokerId(2)));
    let diverged: Vec<u64> = partition
        .replica(BrokerId(1))
        .expect("it is a replica")
        .cells(Offset(0), Offset(9))
        .filter(|cell| partition.is_diverged(BrokerId(1), cell))
        .map(|cell| cell.offset.0)
        .collect();
    assert_eq!(diverged, [4]);
    let cut = until(&events, |event| matches!(event.fact, Fact::Log(LogFact::LogTruncated { .. })));
    assert_eq!(keys(&cut, 1), "abcd");
}

#[test]
fn at_the_end_all_logs_agree_and_the_broken_promise_is_remembered() {
    let events = testing::lost_acknowledgement();
    let view = View::of(&events);
    assert_eq!([keys(&view, 1), keys(&view, 2), keys(&view, 3)], ["abcdF", "abcdF", "abcdF"]);
    let partition = view.partition(ORDERS).expect("orders-0 exists");
    assert_eq!(partition.overwritten.len(), 1, "offset 4 was promised to E, then to F");
    assert_eq!(partition.leader().and_then(ReplicaView::last).map(|cell| cell.epoch), Some(LeaderEpoch(1)));
    assert_eq!(partition.readers.first().map(|reader| reader.position), Some(Offset(5)));
}

const K1: ProcessId = ProcessId::Controller(1);
const K2: ProcessId = ProcessId::Controller(2);

fn belief(view: &View, broker: u16) -> Belief {
    let partition = view.partition(ORDERS).expect("orders-0 exists");
    partition.belief(partition.replica(BrokerId(broker)).expect("it is a replica"))
}

#[test]
fn an_old_leader_that_was_not_told_still_believes_that_it_leads() {
    let events = testing::quorum();
    let view = until(&events, |event| matches!(event.fact, Fact::Controller(ControllerFact::LeaderElected { .. })));
    assert_eq!(belief(&view, 1), Belief::StillLeads { epoch: LeaderEpoch(0) });
    assert_eq!(belief(&view, 2), Belief::NotYetLeader);
    assert_eq!(belief(&view, 3), Belief::FollowsOther { leader: Some(BrokerId(1)), epoch: LeaderEpoch(0) });
    assert!(view.partition(ORDERS).is_some_and(PartitionView::is_disputed));
    let end = View::of(&events);
    assert_eq!([belief(&end, 2), belief(&end, 3), belief(&end, 4)], [Belief::Dead, Belief::True, Belief::True]);
    assert!(end.partition(ORDERS).and_then(|partition| partition.replica(BrokerId(1))).is_some_and(|replica| replica.is_deleted));
}

#[test]
fn a_leader_that_counts_on_another_isr_than_the_committed_one_is_found_out() {
    let events = testing::quorum();
    let view = until(&events, |event| matches!(event.fact, Fact::Replica(ReplicaFact::ReplicaOffline { .. })));
    let partition = view.partition(PAYMENTS_0).expect("payments-0 exists");
    let of = |id| partition.belief(partition.replica(BrokerId(id)).expect("it is a replica"));
    assert_eq!([of(2), of(3)], [Belief::True, Belief::Offline]);
    assert_eq!(
        partition.replica(BrokerId(3)).and_then(|replica| replica.trouble.as_deref()).map(String::as_str),
        Some("a sync of 00000000000000000000.log failed")
    );
    let later = until(
        &events,
        |event| matches!(&event.fact, Fact::Controller(ControllerFact::PartitionChanged { partition, now }) if *partition == PAYMENTS_0 && !now.elr.is_empty()),
    );
    let partition = later.partition(PAYMENTS_0).expect("payments-0 exists");
    let isr: BrokerSet = [BrokerId(2), BrokerId(3)].into_iter().collect();
    assert_eq!(partition.belief(partition.replica(BrokerId(2)).expect("it leads")), Belief::OtherIsr { isr });
    assert_eq!(later.process(ProcessId::Broker(BrokerId(3))).map(|known| known.disk.faults), Some(1));
}

#[test]
fn the_quorum_shows_who_leads_who_believes_to_lead_and_who_votes() {
    let events = testing::quorum();
    let view = until(&events, |event| matches!(event.fact, Fact::Controller(ControllerFact::LeaderElected { .. })));
    assert_eq!(view.quorum_leader(), Some((K2, LeaderEpoch(2))));
    let role = |process| view.process(process).and_then(|known| known.quorum.role);
    assert_eq!([role(K1), role(K2)], [Some(QuorumRole::Leader), Some(QuorumRole::Leader)], "each takes itself for the leader");
    assert_eq!(view.process(K1).and_then(|known| known.quorum.leader), Some(K1));
    let vote = view.process(ProcessId::Controller(3)).and_then(|known| known.quorum.vote);
    assert_eq!(vote.map(|(epoch, vote)| (epoch, vote.voter)), Some((LeaderEpoch(2), K2)));
    let lag = |process| view.process(process).map(|known| view.metadata_end().since(known.metadata_log.1));
    assert_eq!([lag(K1), lag(K2)], [Some(1), Some(0)]);
    assert_eq!(view.quorum().count(), 3);
    assert!(view.is_voter(K1) && !View::of(&events).is_voter(K1), "k1 leaves the voters at the end");
}

#[test]
fn a_voter_set_counts_as_committed_only_below_the_committed_end() {
    let events = testing::quorum();
    let written =
        until(&events, |event| matches!(&event.fact, Fact::Raft(RaftFact::VotersChanged { voters }) if voters.offset.0 > 0));
    assert!(written.is_voter(K1), "the set of two is written at 24, and committed are the records below 24");
    assert_eq!(written.process(K2).and_then(|known| known.quorum.voters.as_ref()).map(|set| set.voters.len()), Some(2));
}

#[test]
fn the_network_counts_what_is_on_its_way_and_remembers_how_long_it_took() {
    let events = testing::quorum();
    let (b1, b2) = (ProcessId::Broker(BrokerId(1)), ProcessId::Broker(BrokerId(2)));
    let view = until(&events, |event| matches!(event.fact, Fact::Network(NetworkFact::MessageSent { .. })));
    assert_eq!(view.in_flight(), 1);
    assert_eq!(view.link(K1, K2).map(|link| (link.in_flight, link.latency_us)), Some((1, None)));
    let view = until(&events, |event| matches!(event.fact, Fact::Network(NetworkFact::MessageDropped { .. })));
    assert_eq!(view.in_flight(), 0);
    let link = view.link(b2, b1).expect("b2 fetched from b1");
    assert_eq!((link.cuts, link.latency_us, link.lost), (1, Some(500), 1));
    assert_eq!(view.faults().len(), 1);
    let healed = until(&events, |event| matches!(event.fact, Fact::Fault(FaultFact::LinkHealed { .. })));
    assert!(healed.cut_from(b1).contains(&b2), "the links heal one after the other");
    assert!(View::of(&events).cut_from(b1).is_empty());
}

#[test]
fn a_deleted_topic_and_an_orderly_shutdown_are_seen() {
    let view = View::of(&testing::quorum());
    assert!(view.partition(PAYMENTS_0).is_some_and(|partition| partition.is_deleted));
    assert_eq!(view.process(ProcessId::Broker(BrokerId(2))).map(|known| known.state), Some(ProcessState::Stopped));
    assert_eq!(view.process(ProcessId::Broker(BrokerId(4))).and_then(|known| known.applied), Some(view.metadata_end()));
}
