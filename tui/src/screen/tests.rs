//! The screen as a whole: frames of the lost acknowledgement, every size, random keys.
#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::layout::Rect;
use tribunal::event::{Event, Fact, LogFact, ReplicaFact, WorldFact};
use tribunal::ids::{BrokerId, Offset, Step};
use tribunal::time::Duration;
use tribunal::trace::testing;

use super::model::{Overlay, Zoom};
use super::theme::Colours;
use super::*;
use crate::panes::shapes;

fn recording() -> Arc<Recording> {
    let events = testing::lost_acknowledgement();
    let lost = events.iter().find(|event| matches!(event.fact, Fact::Replica(ReplicaFact::BecameLeader { end, .. }) if end.0 > 0));
    let findings = vec![
        Finding {
            name: "any-ack-durable".to_owned(),
            status: "violated".to_owned(),
            is_violation: true,
            step: lost.map(|event| event.step),
            place: None,
            detail: "record 4 (E)".to_owned(),
        },
        Finding {
            name: "log-matching".to_owned(),
            status: "ok".to_owned(),
            is_violation: false,
            step: None,
            place: None,
            detail: String::new(),
        },
    ];
    Arc::new(Recording::new(testing::recorded(&events), &[], findings))
}

/// The screen at the last event of which `wanted` holds.
fn at(wanted: impl Fn(&Event) -> bool) -> Model {
    let mut model = Model::new(recording());
    let step = model.recording.events().iter().rfind(|event| wanted(event)).expect("the tale has it").step;
    model.move_to(step);
    model
}

fn crash() -> Model {
    at(|event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })))
}

fn text(model: &Model, size: (u16, u16)) -> String {
    snapshot(model, size, Format::Text, Look::default())
}

#[test]
fn the_lanes_at_the_crash_at_three_sizes() {
    insta::assert_snapshot!("crash-80x24", text(&crash(), (80, 24)));
    insta::assert_snapshot!("crash-140x40", text(&crash(), (140, 40)));
    insta::assert_snapshot!("crash-200x60", text(&crash(), (200, 60)));
    insta::assert_snapshot!("crash-60x16", text(&crash(), (60, 16)));
}

#[test]
fn the_lanes_without_colour_and_in_ascii_keep_every_difference() {
    let look = Look { colours: Colours::Mono, ascii: true };
    let frame = snapshot(&diverged(), (80, 24), Format::Text, look);
    assert!(frame.is_ascii(), "{frame}");
    insta::assert_snapshot!("diverged-80x24-ascii", frame);
    let styles = snapshot(&diverged(), (80, 24), Format::Ansi, look);
    assert!(!styles.contains(";38;") && !styles.contains(";48;"), "no colour is left");
    assert!(styles.contains(";7m"), "filled cells are reversed");
}

#[test]
fn a_picture_of_the_crash() {
    insta::assert_snapshot!("crash-80x24-svg", snapshot(&crash(), (80, 24), Format::Svg, Look::default()));
}

#[test]
fn before_a_topic_exists_its_replicas_are_drawn_with_nothing_in_them() {
    insta::assert_snapshot!("start-80x24", text(&Model::new(recording()), (80, 24)));
    let unmade = vec![Expected { name: "orders-0".to_owned(), replicas: vec![BrokerId(1), BrokerId(2)] }];
    let empty = Recording::new(testing::recorded(&[]), &unmade, Vec::new());
    let frame = text(&Model::new(Arc::new(empty)), (80, 24));
    assert!(frame.contains("orders-0") && frame.contains("b2 replica"), "{frame}");
}

#[test]
fn a_diverged_record_is_struck_and_the_broken_promise_is_told() {
    let frame = text(&diverged(), (80, 24));
    assert!(frame.contains("/E/"), "{frame}");
    assert!(frame.contains("diverged"), "{frame}");
    assert!(frame.contains("doomed"), "{frame}");
    let end = text(&at(|_| true), (80, 24));
    assert!(end.contains("lost") && end.contains("no copy left"), "{end}");
}

fn diverged() -> Model {
    at(|event| matches!(event.fact, Fact::Log(LogFact::LogRecovered { .. })))
}

#[test]
fn no_size_panics_and_a_small_one_gets_a_notice() {
    let mut models =
        vec![crash(), Model::new(recording()), Model::new(Arc::new(Recording::new(testing::recorded(&[]), &[], vec![])))];
    for (overlay, zoom) in
        [(Overlay::Help, Zoom::Dense), (Overlay::Kinds(3), Zoom::Whole), (Overlay::Where("1.2".to_owned()), Zoom::Keys)]
    {
        let mut model = diverged();
        (model.overlay, model.zoom) = (overlay, zoom);
        models.push(model);
    }
    for (width, height) in (0..=210).flat_map(|width| (0..=62).map(move |height| (width, height))) {
        // Two of the models in turn at every size.
        let turn = usize::from(width) * 63 + usize::from(height);
        for model in [&models[turn % models.len()], &models[(turn / 2 + 3) % models.len()]] {
            let frame = frame(model, Rect::new(0, 0, width, height));
            assert_eq!((frame.area.width, frame.area.height), (width, height));
        }
    }
    assert!(text(&crash(), (59, 20)).contains("tribunal needs 60x16 (this is 59x20); q quits"));
    for size in [(60, 16), (79, 23), (80, 24), (139, 36), (160, 30), (210, 62)] {
        for model in &models {
            let _ = text(model, size);
        }
    }
}

#[test]
fn a_step_and_a_step_back_give_the_same_frame() {
    let mut model = Model::new(recording());
    let area = Rect::new(0, 0, 80, 24);
    while model.cursor() < model.recording.last() {
        let before = frame(&model, area);
        update(&mut model, Message::EventForward);
        update(&mut model, Message::EventBack);
        assert_eq!(frame(&model, area), before, "at {}", model.cursor());
        update(&mut model, Message::EventForward);
    }
    update(&mut model, Message::BeatBack);
    let before = frame(&model, area);
    update(&mut model, Message::BeatForward);
    update(&mut model, Message::BeatBack);
    assert_eq!(frame(&model, area), before);
}

#[test]
fn playing_walks_the_beats_and_stops_at_the_end() {
    let mut model = Model::new(recording());
    update(&mut model, Message::PlayOrPause);
    update(&mut model, Message::Passed(Duration::from_millis(1_400)));
    assert_eq!(Some(&model.cursor()), model.recording.beats.get(2));
    update(&mut model, Message::Passed(Duration::from_secs(1_000)));
    assert_eq!(model.cursor(), model.recording.last());
    assert!(!model.is_playing);
}

#[test]
fn a_kind_a_step_and_a_time_can_be_gone_to() {
    let mut model = Model::new(recording());
    update(&mut model, Message::KindForward);
    assert_eq!(model.recording.trace.event(model.cursor()).map(|event| event.fact.name()), Some("LeaderElected"));
    update(&mut model, Message::KindForward);
    assert!(model.notice.as_ref().is_some_and(|notice| notice.contains("no election after")), "{:?}", model.notice);
    for (typed, time) in [("1.284s", 1_284_000), ("0", 0), ("99999", 4_000_000)] {
        update(&mut model, Message::AskWhere);
        typed.chars().for_each(|letter| update(&mut model, Message::Typed(letter)));
        update(&mut model, Message::Accept);
        assert_eq!(model.now().0, time, "{typed}");
    }
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let codes = proptest::sample::select(vec![
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Home,
        KeyCode::End,
    ]);
    let letters = proptest::sample::select(" []e:w?gGhlHL+-z<>1.s#jk".chars().map(KeyCode::Char).collect::<Vec<_>>());
    let modifiers = prop_oneof![4 => Just(KeyModifiers::NONE), 1 => Just(KeyModifiers::SHIFT)];
    (prop_oneof![codes, letters], modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pressed_nothing_panics_and_the_picture_is_that_of_the_cursor(
        keys in proptest::collection::vec((any_key(), 0_u16..160, 0_u16..50), 1..60),
    ) {
        let mut model = Model::new(recording());
        for (key, width, height) in keys {
            if let Some(message) = keys::message(key, &model.overlay) {
                update(&mut model, message);
            }
            update(&mut model, Message::Passed(Duration::from_millis(50)));
            let _ = frame(&model, Rect::new(0, 0, width, height));
            let recording = &model.recording;
            prop_assert_eq!(&model.view, &recording.course.view_at(recording.events(), model.cursor()));
        }
    }
}

#[test]
fn the_help_names_every_key_on_a_small_screen_and_then_every_shape() {
    let mut model = crash();
    update(&mut model, Message::Help);
    let shown = text(&model, (80, 24));
    insta::assert_snapshot!("help-80x24", shown);
    for binding in keys::BINDINGS.iter().filter(|binding| binding.context == keys::Where::Screen) {
        assert!(shown.contains(binding.help), "`{}` is cut:\n{shown}", binding.help);
    }
    update(&mut model, Message::Help);
    for shows in Shows::ALL {
        model.shows = shows;
        let shown = text(&model, (80, 24));
        insta::assert_snapshot!(format!("shapes-{shows:?}-80x24"), shown);
        for (shape, words) in shapes::of(shows) {
            assert!(shown.contains(shape) && shown.contains(words), "`{shape}` `{words}` is cut:\n{shown}");
        }
    }
    update(&mut model, Message::Help);
    assert_eq!(model.overlay, Overlay::None);
}

#[test]
fn every_glyph_that_a_view_draws_is_in_its_help() {
    // Frames are known without a word, and prose has its own signs.
    let plain = "─│├┤┼┬·…→←⇒⇐⇧«»’–—−";
    for events in [testing::lost_acknowledgement(), testing::groups()] {
        let mut model = Model::new(Arc::new(Recording::new(testing::recorded(&events), &[], Vec::new())));
        while let Some(step) = model.recording.beat_after(model.cursor()) {
            model.move_to(step);
            for shows in Shows::ALL {
                model.shows = shows;
                let known: String = shapes::of(shows).into_iter().map(|(shape, _)| shape).collect();
                let area = Rect::new(0, 0, 80, 24);
                let rows = usize::from(panes::places(&model, area).expect("it is large enough").logs.height);
                for glyph in text(&model, (80, 24)).lines().skip(1).take(rows).flat_map(str::chars) {
                    let is_told = glyph.is_ascii() || plain.contains(glyph) || known.contains(glyph);
                    assert!(is_told, "{shows:?} draws {glyph} and its help does not know it:\n{}", text(&model, (80, 24)));
                }
            }
        }
    }
}

/// A long run in which a claim is found broken early in the log, at the last step.
fn broken_early() -> Model {
    let trace = testing::recorded(&testing::long_run(1_500));
    let known = Recording::new(trace.clone(), &[], Vec::new());
    let partition = known.partitions.iter().find_map(|shown| shown.id).expect("it makes a partition");
    let finding = |step, offset| Finding {
        name: "log-matching".to_owned(),
        status: "violated".to_owned(),
        is_violation: true,
        step: Some(step),
        place: Some((partition, Offset(offset))),
        detail: "b1 and b2 differ at offset 7".to_owned(),
    };
    let findings = vec![finding(Step(1_000), 7), finding(Step(1_400), 30)];
    Model::new(Arc::new(Recording::new(trace, &[], findings)))
}

#[test]
fn where_a_claim_breaks_the_logs_show_what_it_is_about() {
    let mut model = broken_early();
    update(&mut model, Message::VerdictForward);
    assert_eq!(model.cursor(), Step(1_000));
    assert!(model.recording.beats.contains(&Step(1_000)), "one stops there on the way, too");
    let shown = text(&model, (80, 24));
    insta::assert_snapshot!("violated-80x24", shown);
    assert!(shown.contains("✗7") && shown.contains("✗ log-matching is violated: b1 and b2 differ"), "{shown}");
    update(&mut model, Message::VerdictForward);
    assert!(text(&model, (80, 24)).contains("✗30"), "{}", text(&model, (80, 24)));
    update(&mut model, Message::VerdictForward);
    assert!(model.notice.is_some());
    update(&mut model, Message::EventForward);
    let after = text(&model, (80, 24));
    assert!(!after.contains("✗30") && !after.contains("is violated:"), "the window follows the end again:\n{after}");
    update(&mut model, Message::VerdictBack);
    update(&mut model, Message::VerdictBack);
    assert_eq!(text(&model, (80, 24)), shown);
}

#[test]
fn a_window_that_was_moved_by_hand_is_left_where_it_is() {
    let mut model = broken_early();
    update(&mut model, Message::End);
    update(&mut model, Message::ScrollLeft);
    let ruler = |model: &Model| text(model, (80, 24)).lines().nth(2).map(str::to_owned);
    model.move_to(Step(1_399));
    let before = ruler(&model);
    update(&mut model, Message::EventForward);
    assert_eq!(ruler(&model), before, "it follows the log's end as far behind it as it was put");
    update(&mut model, Message::Zoom);
    model.zoom = Zoom::Compact;
    assert!(text(&model, (80, 24)).contains("✗30"), "until it is let go");
    update(&mut model, Message::ScrollRight);
    let moved = ruler(&model);
    update(&mut model, Message::EventForward);
    assert_eq!(ruler(&model), moved, "moved from what it had come to show, it stays there");
    for _ in 0..500 {
        update(&mut model, Message::ScrollRight);
    }
    assert!(ruler(&model).is_some_and(|ruler| !ruler.contains('›')), "no farther than the end");
}

#[test]
fn a_long_log_is_drawn_compactly_and_follows_its_end() {
    let trace = testing::recorded(&testing::long_run(1_500));
    let mut model = Model::new(Arc::new(Recording::new(trace, &[], Vec::new())));
    update(&mut model, Message::End);
    insta::assert_snapshot!("long-80x24", text(&model, (80, 24)));
    for zoom in [Zoom::Keys, Zoom::Dense, Zoom::Whole] {
        model.zoom = zoom;
        let frame = text(&model, (80, 24));
        assert!(frame.contains("b3 follower"), "{frame}");
    }
    insta::assert_snapshot!("long-80x24-whole", text(&model, (80, 24)));
}
