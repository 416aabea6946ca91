//! The Groups view, and the Logs view of what groups read, of a run in which members come and go.

use std::sync::Arc;

use ratatui::layout::Rect;
use tribunal::trace::testing;

use crate::export::Format;
use crate::screen::theme::{Colours, Look};
use crate::screen::{Message, Model, Recording, Shows, frame, snapshot, update};

fn at(time: &str) -> Model {
    let events = testing::groups();
    let mut model = Model::new(Arc::new(Recording::new(testing::recorded(&events), &[], Vec::new())));
    model.shows = Shows::Groups;
    assert!(model.move_to_written(time));
    model
}

fn text(model: &Model, size: (u16, u16)) -> String {
    snapshot(model, size, Format::Text, Look::default())
}

fn row<'a>(shown: &'a str, of: &str) -> &'a str {
    shown.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("no row of {of}:\n{shown}"))
}

#[test]
fn a_member_gives_back_before_another_may_take() {
    let model = at("1.1s");
    let shown = text(&model, (80, 24));
    insta::assert_snapshot!("reconciling-80x24", shown);
    insta::assert_snapshot!("reconciling-140x40", text(&model, (140, 40)));
    insta::assert_snapshot!("reconciling-60x16", text(&model, (60, 16)));
    assert!(row(&shown, "c1-1.1").contains("1≠2"), "{shown}");
    assert!(row(&shown, "c1-1.1").contains("behind") && row(&shown, "c2-1.1").contains("waiting"), "{shown}");
}

#[test]
fn one_who_stands_still_believes_that_it_owns_what_another_was_given() {
    let shown = text(&at("2.9s"), (100, 30));
    insta::assert_snapshot!("two-owners-100x30", shown);
    assert!(row(&shown, "c2-1.1").contains("stands still"), "{shown}");
    assert!(row(&shown, "orders-1 ").contains('#'), "{shown}");
    assert!(!row(&shown, "orders-0 ").contains('#'), "{shown}");
    let end = text(&at("4s"), (100, 30));
    assert!(row(&end, "c1-1.1").contains("✖ down, not missed"), "{end}");
    assert!(row(&end, "orders-0 ").contains("··"), "{end}");
}

#[test]
fn committed_position_and_lag_are_those_of_the_moment() {
    let shown = text(&at("1.3s"), (140, 40));
    let numbers: Vec<&str> = row(&shown, "orders-1 ").split_whitespace().rev().take(5).collect();
    assert_eq!(numbers, ["6", "12", "8", "8", "6"], "{shown}");
    let before = text(&at("0.9s"), (140, 40));
    let numbers: Vec<&str> = row(&before, "orders-1 ").split_whitespace().rev().take(5).collect();
    assert_eq!(numbers, ["8", "12", "4", "4", "4"], "{before}");
}

#[test]
fn the_keys_walk_through_partitions_and_open_their_logs() {
    let mut model = at("1.3s");
    update(&mut model, Message::SelectNext);
    update(&mut model, Message::SelectNext);
    update(&mut model, Message::SelectNext);
    assert!(row(&text(&model, (80, 24)), "▶").contains("orders-2"));
    update(&mut model, Message::Zoom);
    assert!(text(&model, (80, 24)).contains("Who owned what in 1"), "{}", text(&model, (80, 24)));
    update(&mut model, Message::NextPane);
    update(&mut model, Message::PreviousPane);
    update(&mut model, Message::SelectNext);
    update(&mut model, Message::Open);
    assert_eq!(model.shows, Shows::Logs);
    assert!(text(&model, (80, 24)).contains("orders-1 (2 of 3)"));
    update(&mut model, Message::NextView);
    assert_eq!(model.shows, Shows::Groups);
}

#[test]
fn the_lanes_show_commits_and_what_the_rules_let_go() {
    let mut model = at("1.5s");
    model.shows = Shows::Logs;
    let shown = text(&model, (100, 30));
    insta::assert_snapshot!("logs-compacted-100x30", shown);
    assert!(shown.contains("└ compacted") && shown.contains("(b†") || shown.contains("[b†"), "{shown}");
    assert!(row(&shown, "c1 of g1").contains('▲'), "{shown}");
    update(&mut model, Message::End);
    assert!(text(&model, (100, 30)).contains("g1 left"), "the commit stays when nobody reads:\n{}", text(&model, (100, 30)));
    let mut model = at("2.0s");
    (model.shows, model.chosen) = (Shows::Logs, Some(2));
    let shown = text(&model, (100, 30));
    insta::assert_snapshot!("logs-expired-100x30", shown);
    assert!(row(&shown, "★ b1").contains('╌'), "{shown}");
}

#[test]
fn what_the_group_is_doing_is_said_in_a_sentence() {
    let told = |time: &str| text(&at(time), (80, 24)).lines().nth(2).unwrap_or_default().trim().to_owned();
    assert_eq!(told("1.1s"), "A new plan: each gives back what others are to have, then takes its own.");
    assert_eq!(told("2.9s"), "c2 and c1 both believe that they own orders-1: it may be read twice.");
}

#[test]
fn in_ascii_every_difference_is_left() {
    let shown = snapshot(&at("2.9s"), (80, 24), Format::Text, Look { colours: Colours::Mono, ascii: true });
    assert!(shown.is_ascii(), "{shown}");
    insta::assert_snapshot!("two-owners-80x24-ascii", shown);
}

#[test]
fn no_size_panics_and_no_group_is_said() {
    let models = [at("0s"), at("1.1s"), at("2.9s"), at("4s")];
    for (width, height) in (0..=150).flat_map(|width| (0..=50).map(move |height| (width, height))) {
        for model in models.iter().skip(usize::from(width + height) % 4).take(1) {
            let frame = frame(model, Rect::new(0, 0, width, height));
            assert_eq!((frame.area.width, frame.area.height), (width, height));
        }
    }
    let events = testing::lost_acknowledgement();
    let mut model = Model::new(Arc::new(Recording::new(testing::recorded(&events), &[], Vec::new())));
    model.shows = Shows::Groups;
    update(&mut model, Message::NextPane);
    update(&mut model, Message::SelectNext);
    assert!(text(&model, (80, 24)).contains("This run has no group."));
}
