//! The events around the cursor, one line each, where there is room for them.

use tribunal::event::Event;
use tribunal::ids::Step;
use tribunal::trace::line;

use super::put::Pane;
use crate::screen::{Model, theme};

/// Draws the events: beats, and the cursor's own event whatever it is.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    if pane.height() < 2 {
        return;
    }
    pane.heading(0, "Events", "beats · ⇧← ⇧→ also visit what lies between");
    let rows = usize::try_from(pane.height() - 1).unwrap_or(0);
    // Two thirds of the pane tell what led here.
    let (steps, here) = around(model, rows * 2 / 3, rows);
    for (y, step) in (1..).zip(steps) {
        if let Some(event) = model.recording.trace.event(step) {
            row(model, pane, y, event, step.cmp(&here));
        }
    }
}

fn around(model: &Model, before: usize, rows: usize) -> (Vec<Step>, Step) {
    let (beats, here) = (&model.recording.beats, model.cursor());
    let place = beats.partition_point(|beat| *beat < here);
    let after = beats.partition_point(|beat| *beat <= here);
    let first = place.saturating_sub(before.max(rows.saturating_sub(beats.len() - after + 1)));
    let mut steps: Vec<Step> = beats.get(first..place).unwrap_or(&[]).to_vec();
    steps.push(here);
    steps.extend(beats.get(after..).unwrap_or(&[]).iter().take(rows));
    steps.truncate(rows);
    (steps, here)
}

fn row(model: &Model, pane: &mut Pane<'_>, y: i32, event: &Event, side: std::cmp::Ordering) {
    let names = &model.recording.names;
    let told = line::told(event, names, model.recording.events());
    let (words, quiet) = match side {
        std::cmp::Ordering::Less => (theme::text(), theme::dim()),
        std::cmp::Ordering::Equal => (theme::strong(), theme::text()),
        std::cmp::Ordering::Greater => (theme::faint(), theme::faint()),
    };
    let step = event.step.to_string();
    pane.put_left_of(9, y, &step, quiet);
    pane.put_left_of(19, y, &event.at.to_string(), quiet);
    let columns = if pane.width() < 100 { 6 } else { 11 };
    let x = 21 + columns + 1;
    pane.put_within(21, y, columns, &names.process(event.process), words);
    pane.glyph(x, y, told.mark.sign(), words);
    pane.put_within(x + 2, y, pane.width() - x - 3, &told.words, words);
    if side == std::cmp::Ordering::Equal {
        pane.row_style(y, ratatui::style::Style::new().bg(theme::HERE));
        pane.glyph(0, y, '▶', theme::leader().bg(theme::HERE));
    }
}
