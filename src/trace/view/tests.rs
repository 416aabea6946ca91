//! The picture of the lost acknowledgement, at the steps that matter.

#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;
use crate::event::{Event, Fact, LogFact, WorldFact};
use crate::ids::{LeaderEpoch, Offset};
use crate::trace::testing::{self, ORDERS};

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
