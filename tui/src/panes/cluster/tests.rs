//! The Cluster view of a run in which everything changes hands.

use std::sync::Arc;

use ratatui::layout::Rect;
use tribunal::event::{ControllerFact, Event, Fact, LogFact, RaftFact, ReplicaFact};
use tribunal::trace::testing;

use crate::export::Format;
use crate::screen::theme::{Colours, Look};
use crate::screen::{Message, Model, Recording, Shows, frame, snapshot, update};

/// The view at the first event of which `wanted` holds.
fn at(wanted: impl Fn(&Event) -> bool) -> Model {
    let events = testing::quorum();
    let step = events.iter().find(|event| wanted(event)).expect("the tale has it").step;
    let mut model = Model::new(Arc::new(Recording::new(testing::recorded(&events), &[], Vec::new())));
    model.shows = Shows::Cluster;
    model.move_to(step);
    model
}

fn elected() -> Model {
    at(|event| matches!(event.fact, Fact::Controller(ControllerFact::LeaderElected { .. })))
}

fn offline() -> Model {
    at(|event| matches!(&event.fact, Fact::Replica(ReplicaFact::IsrAdopted { partition, .. }) if *partition == testing::PAYMENTS_0))
}

fn moving() -> Model {
    at(|event| matches!(&event.fact, Fact::Replica(ReplicaFact::IsrProposed { .. })))
}

fn text(model: &Model, size: (u16, u16)) -> String {
    snapshot(model, size, Format::Text, Look::default())
}

#[test]
fn truth_and_belief_at_the_election_of_another_leader() {
    insta::assert_snapshot!("elected-80x24", text(&elected(), (80, 24)));
    insta::assert_snapshot!("elected-140x40", text(&elected(), (140, 40)));
    insta::assert_snapshot!("elected-60x16", text(&elected(), (60, 16)));
}

#[test]
fn an_offline_replica_and_a_moving_partition() {
    insta::assert_snapshot!("offline-140x40", text(&offline(), (140, 40)));
    insta::assert_snapshot!("moving-80x24", text(&moving(), (80, 24)));
}

#[test]
fn without_colour_and_in_ascii_every_difference_is_left() {
    let look = Look { colours: Colours::Mono, ascii: true };
    let frame = snapshot(&elected(), (80, 24), Format::Text, look);
    assert!(frame.is_ascii(), "{frame}");
    insta::assert_snapshot!("elected-80x24-ascii", frame);
    let styles = snapshot(&elected(), (80, 24), Format::Ansi, look);
    assert!(!styles.contains(";38;") && !styles.contains(";48;"), "no colour is left");
    assert!(styles.contains(";4m") || styles.contains("4;"), "what has changed is underlined");
}

#[test]
fn a_broker_that_was_not_told_is_seen_to_believe_that_it_leads() {
    let mut model = elected();
    let shown = text(&model, (80, 24));
    assert!(shown.contains("b1≠★e0"), "{shown}");
    assert!(shown.contains("leads 0≠1"), "{shown}");
    assert!(shown.contains("leads e1 ≠"), "k1 still believes that it leads the quorum:\n{shown}");
    let large = text(&model, (140, 40));
    assert!(large.contains("b1 still believes that it leads in e0 with the ISR {1,2,3}"), "{large}");
    update(&mut model, Message::End);
    let end = text(&model, (140, 40));
    assert!(!end.contains('≠') || end.contains("offline"), "{end}");
    assert!(end.contains("deleted") && end.contains("shut down"), "{end}");
}

#[test]
fn a_quorum_without_a_leader_says_so() {
    let resigned = at(|event| matches!(event.fact, Fact::Raft(RaftFact::QuorumRoleChanged { .. })));
    assert!(text(&resigned, (80, 24)).contains("nobody leads"));
}

#[test]
fn both_lists_can_be_walked_and_what_is_selected_opened() {
    let mut model = elected();
    update(&mut model, Message::SelectNext);
    assert!(text(&model, (140, 40)).contains("▶ payments-0"));
    update(&mut model, Message::NextPane);
    for _ in 0..20 {
        update(&mut model, Message::SelectNext);
    }
    update(&mut model, Message::SelectPrevious);
    let shown = text(&model, (140, 40));
    assert!(shown.contains("▶  p1") || shown.contains("▶ p1"), "{shown}");
    update(&mut model, Message::Open);
    assert_eq!(model.shows, Shows::Logs);
    assert!(text(&model, (80, 24)).contains("payments-0"));
}

#[test]
fn no_size_panics() {
    let models = [elected(), offline(), moving()];
    for (width, height) in (0..=210).flat_map(|width| (0..=62).map(move |height| (width, height))) {
        for model in models.iter().skip(usize::from(width + height) % 3).take(1) {
            let frame = frame(model, Rect::new(0, 0, width, height));
            assert_eq!((frame.area.width, frame.area.height), (width, height));
        }
    }
}

#[test]
fn the_lanes_show_what_was_cut_at_its_step_and_not_after_it() {
    let mut model = at(|event| matches!(event.fact, Fact::Log(LogFact::LogTruncated { .. })));
    model.shows = Shows::Logs;
    let shown = text(&model, (80, 24));
    insta::assert_snapshot!("logs-truncated-80x24", shown);
    assert!(shown.contains("·E·") && shown.contains("└ cut off"), "{shown}");
    update(&mut model, Message::BeatForward);
    let after = text(&model, (80, 24));
    assert!(!after.contains("·E·"), "{after}");
}

#[test]
fn the_lanes_mark_offline_joining_leaving_and_deleted_replicas() {
    let mut model = offline();
    model.shows = Shows::Logs;
    update(&mut model, Message::NextPane);
    let shown = text(&model, (80, 24));
    insta::assert_snapshot!("logs-offline-80x24", shown);
    assert!(shown.contains("✗ b3 offline") && shown.contains("in ELR"), "{shown}");
    let mut model = moving();
    model.shows = Shows::Logs;
    let shown = text(&model, (100, 30));
    assert!(shown.contains("b4 joining") && shown.contains("b1 leaving"), "{shown}");
    let mut model = at(|event| matches!(event.fact, Fact::Log(LogFact::LogDeleted { .. })));
    model.shows = Shows::Logs;
    let shown = text(&model, (100, 30));
    assert!(shown.contains("b1 deleted") && shown.contains("·F·"), "{shown}");
}

#[test]
fn a_deleted_log_is_gone_from_the_row_of_its_partition() {
    let model = at(|event| matches!(event.fact, Fact::Log(LogFact::LogDeleted { .. })));
    let shown = text(&model, (80, 24));
    let row = shown.lines().find(|line| line.contains("▶ orders-0")).expect("orders-0 has a row");
    assert!(row.contains("b4 ○e1") && !row.contains("b1"), "{row}");
}
