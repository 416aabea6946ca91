//! Messages through the weather: what arrives, what does not, and why.

use std::sync::Arc;

use bytes::Bytes;

use super::{B1, P1, Watched, closed, count, crash, cut, deliveries, drops, fault, scenario};
use crate::choice::{ChoiceKind, Luck, Pin, Subject};
use crate::context::Disk;
use crate::event::{ApiKey, CloseReason, CrashKind, DropReason, Event, Fact, WorldFact};
use crate::files::{FileName, FilePath};
use crate::ids::Offset;
use crate::sim::scenario::{FaultAction, Target};
use crate::time::Duration;

#[test]
fn messages_of_one_connection_arrive_in_order_one_microsecond_apart() {
    let mut watched = Watched::new(&scenario());
    watched.until(10_000);
    let sent = [watched.send(P1, B1), watched.send(P1, B1), watched.send(P1, B1)];
    let told = watched.until(20_000);
    // The second and third find the broker busy with the first: a turn takes 5 us.
    assert_eq!(deliveries(&told), [(11_000, sent[0]), (11_005, sent[1]), (11_010, sent[2])]);
}

#[test]
fn a_loss_silences_its_direction_until_the_client_opens_another_connection() {
    let mut watched = Watched::new(&scenario());
    watched.until(10_000);
    let first = watched.send(P1, B1);
    let lossy = FaultAction::Loss { from: vec![Target::Process(P1)], to: vec![Target::Process(B1)], ppm: 1_000_000, only: None };
    watched.world.inject(fault(0, lossy, Some(50)));
    watched.until(10_010);
    let lost = watched.send(P1, B1);
    watched.until(20_000);
    let behind = watched.send(P1, B1);
    let told = watched.until(30_000);
    assert_eq!(drops(&told), [(behind, DropReason::Silenced)], "the weather is fine again, but the connection is not");
    watched.close(P1, B1);
    let anew = watched.send(P1, B1);
    let told = watched.until(40_000);
    assert_eq!(deliveries(&told).len(), 1);
    assert_eq!(deliveries(&told)[0].1, anew);
    let effects = watched.world.fault_effects();
    assert_eq!(effects[0].effect.dropped, 2, "{first} was sent before, {lost} was lost, {behind} was silenced");
}

#[test]
fn what_was_sent_before_a_loss_still_arrives() {
    let mut watched = Watched::new(&scenario());
    watched.until(10_000);
    let first = watched.send(P1, B1);
    let lossy = FaultAction::Loss { from: vec![Target::Process(P1)], to: vec![Target::Process(B1)], ppm: 1_000_000, only: None };
    watched.world.inject(fault(0, lossy, None));
    watched.until(10_010);
    let lost = watched.send(P1, B1);
    let told = watched.until(20_000);
    assert_eq!(drops(&told), [(lost, DropReason::Loss)]);
    assert_eq!(deliveries(&told), [(11_000, first)]);
}

#[test]
fn a_cut_loses_what_arrives_during_it_and_silences_the_connection() {
    let mut scenario = scenario();
    scenario.faults = vec![cut(10_500, P1, B1, 2_000)];
    let mut watched = Watched::new(&scenario);
    watched.until(10_000);
    let under_way = watched.send(P1, B1);
    assert_eq!(drops(&watched.until(12_000)), [(under_way, DropReason::Cut)]);
    let during = watched.send(P1, B1);
    watched.until(15_000);
    let after = watched.send(P1, B1);
    watched.close(P1, B1);
    let anew = watched.send(P1, B1);
    let told = watched.until(20_000);
    assert_eq!(drops(&told), [(after, DropReason::Silenced)], "{during} was dropped before");
    assert_eq!(deliveries(&told), [(16_000, anew)]);
    assert_eq!(watched.world.fault_effects()[0].effect.dropped, 3);
}

#[test]
fn the_peers_of_a_dead_process_are_told_and_those_of_a_dead_machine_are_not() {
    for (kind, resets) in [(CrashKind::Process, 1), (CrashKind::Power, 0)] {
        let mut scenario = scenario();
        scenario.luck = Luck::None;
        scenario.faults = vec![crash(20_000, kind, 100_000)];
        let mut watched = Watched::new(&scenario);
        watched.until(10_000);
        watched.send(P1, B1);
        let told = watched.until(100_000);
        assert_eq!(closed(&told, CloseReason::Reset), resets, "{kind:?}");
        let asked = watched.send(P1, B1);
        let told = watched.until(110_000);
        assert_eq!(drops(&told), [(asked, DropReason::DeadPeer)]);
        assert_eq!(closed(&told, CloseReason::Reset), resets, "a machine without power does not even refuse");
        watched.until(150_000);
        if kind == CrashKind::Power {
            watched.send(P1, B1);
            assert_eq!(closed(&watched.until(160_000), CloseReason::Reset), 1, "the machine is back and knows no such connection");
        }
        let anew = watched.send(P1, B1);
        assert_eq!(deliveries(&watched.until(170_000)).first().map(|(_, sent)| *sent), Some(anew));
    }
}

#[test]
fn an_answer_on_a_closed_connection_or_to_a_dead_client_is_dropped() {
    let mut watched = Watched::new(&scenario());
    watched.until(10_000);
    watched.send(P1, B1);
    watched.until(12_000);
    let heard = watched.answer(B1, P1, 1);
    assert_eq!(deliveries(&watched.until(14_000)), [(13_000, heard)]);
    let under_way = watched.answer(B1, P1, 1);
    watched.close(P1, B1);
    let late = watched.answer(B1, P1, 1);
    let told = watched.until(16_000);
    assert_eq!(drops(&told), [(late, DropReason::Closed), (under_way, DropReason::Closed)]);
}

#[test]
fn a_repeated_request_comes_again_on_another_connection() {
    let mut scenario = scenario();
    let twice =
        FaultAction::Duplicate { from: vec![Target::Process(P1)], to: vec![Target::Process(B1)], ppm: 1_000_000, only: None };
    scenario.faults = vec![fault(5_000, twice, None)];
    let mut watched = Watched::new(&scenario);
    watched.until(10_000);
    let sent = watched.send(P1, B1);
    let told = watched.until(20_000);
    assert_eq!(deliveries(&told), [(11_000, sent), (12_000, sent)]);
    let answer = watched.answer(B1, P1, 2);
    assert_eq!(drops(&watched.until(30_000)), [(answer, DropReason::Closed)], "nobody listens to the copy's answer");
}

#[test]
fn a_delay_holds_up_what_follows_on_the_connection() {
    let mut scenario = scenario();
    let slow =
        FaultAction::Delay { from: vec![Target::Process(P1)], to: vec![Target::Process(B1)], by: Duration(5_000), only: None };
    scenario.faults = vec![fault(10_000, slow, Some(100))];
    let mut watched = Watched::new(&scenario);
    watched.until(10_000);
    let slowed = watched.send(P1, B1);
    watched.until(11_000);
    let behind = watched.send(P1, B1);
    assert_eq!(deliveries(&watched.until(20_000)), [(16_000, slowed), (16_005, behind)]);
}

#[test]
fn a_pinned_loss_needs_no_fault() {
    let mut scenario = scenario();
    let subject = Subject::message(P1, B1, ApiKey::Metadata as u8, false);
    scenario.pins = vec![Pin { kind: ChoiceKind::Loss, subject, nth: 1, answer: 1 }];
    let mut watched = Watched::new(&scenario);
    watched.until(10_000);
    let sent = [watched.send(P1, B1), watched.send(P1, B1)];
    let told = watched.until(20_000);
    assert_eq!(deliveries(&told), [(11_000, sent[0])]);
    assert!(watched.world.unmet_pins().is_empty());
}

#[test]
fn a_paused_process_takes_its_messages_when_it_goes_on() {
    let mut scenario = scenario();
    scenario.faults = vec![fault(10_500, FaultAction::Pause { targets: vec![Target::Process(B1)] }, Some(10_000))];
    let mut watched = Watched::new(&scenario);
    watched.until(10_000);
    let sent = [watched.send(P1, B1), watched.send(P1, B1)];
    assert_eq!(deliveries(&watched.until(30_000)), [(20_500, sent[0]), (20_505, sent[1])]);
    assert_eq!(watched.world.fault_effects()[0].effect.stopped, Duration(10_000));
}

#[test]
fn a_power_failure_takes_what_was_not_synced_when_the_machine_comes_back() {
    let mut scenario = scenario();
    scenario.luck = Luck::None;
    scenario.faults = vec![crash(20_000, CrashKind::Power, 10_000)];
    let mut watched = Watched::new(&scenario);
    watched.until(10_000);
    let place = watched.world.place_of(B1);
    let file = FilePath::root(FileName::Segment(Offset(0)));
    let disk = Arc::make_mut(&mut watched.world.slot_mut(place).disk);
    disk.append(file, Bytes::from_static(b"unsynced")).expect("there is room");
    let lost = |events: &[Event]| count(events, |fact| matches!(fact, Fact::World(WorldFact::DiskLost { bytes: 8, .. })));
    assert_eq!(lost(&watched.until(25_000)), 0);
    assert_eq!(lost(&watched.until(40_000)), 1);
    assert_eq!(watched.world.fault_effects()[0].effect.bytes_lost, 8);
}
