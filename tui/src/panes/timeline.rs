//! The bar of time: past solid, future dashed, a sign for whatever was told to happen or went wrong, the cursor between.

use tribunal::time::Instant;

use super::put::{Pane, width};
use crate::screen::recording::Sign;
use crate::screen::update::speed_words;
use crate::screen::{Model, theme};

/// Where the bar begins, and how much of the pane it leaves free at its end.
const EDGE: i32 = 2;

/// Draws the timeline.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    let playing = if model.is_playing { "playing" } else { "paused" };
    let beats = &model.recording.beats;
    let beat = beats.partition_point(|beat| *beat <= model.cursor());
    let right = format!("beat {beat} of {} · {playing} · speed {}", beats.len(), speed_words(model.speed));
    pane.heading(0, "Timeline", &right);
    let cells = pane.width() - 2 * EDGE;
    if cells < 1 {
        return;
    }
    let end = model.recording.end();
    let here = column(model.now(), end, cells);
    for x in 0..cells {
        let (glyph, style) = if x < here { ('━', theme::dim()) } else { ('╌', theme::faint()) };
        pane.glyph(EDGE + x, 1, glyph, style);
    }
    // Marks are in order of time; where several share a column the gravest shows.
    let mut shown: Option<(i32, Sign)> = None;
    for mark in &model.recording.marks {
        let x = column(mark.at, end, cells);
        let sign = match shown {
            Some((last, sign)) if last == x => sign.max(mark.sign),
            _ => mark.sign,
        };
        shown = Some((x, sign));
        let (glyph, _, style) = look(sign);
        let style = if mark.at > model.now() { theme::dim() } else { style };
        pane.glyph(EDGE + x, 1, glyph, style);
    }
    pane.glyph(EDGE + here, 1, '█', theme::strong());
    labels(model, pane, here, cells);
}

fn labels(model: &Model, pane: &mut Pane<'_>, here: i32, cells: i32) {
    let (now, end) = (format!("▲ {}", model.now()), model.recording.end().to_string());
    pane.put(EDGE, 2, "0s", theme::dim());
    let is_end = model.now() >= model.recording.end();
    if !is_end {
        pane.put_left_of(EDGE + cells, 2, &end, theme::dim());
    }
    let last = if is_end { cells - width(&now) } else { cells - width(&end) - width(&now) - 2 };
    let x = if here > last { (EDGE + here - width(&now) + 1).min(EDGE + last) } else { EDGE + here };
    let text = if here > last { format!("{} ▲", model.now()) } else { now };
    let x = x.max(EDGE + if here < 4 { 0 } else { 3 });
    pane.put(x, 2, &text, theme::strong());
    let (mut left, right) = (x + width(&text) + 3, EDGE + cells - width(&end) - 1);
    let before = x - 1;
    // The legend goes where there is more room.
    let mut limit = right;
    if before - (EDGE + 4) > right - left {
        (left, limit) = (EDGE + 4, before);
    }
    let mut signs: Vec<Sign> = model.recording.marks.iter().map(|mark| mark.sign).collect();
    signs.sort_unstable();
    signs.dedup();
    for sign in signs.into_iter().rev() {
        let (glyph, word, style) = look(sign);
        let entry = width(word) + 4;
        if left + entry > limit {
            break;
        }
        pane.glyph(left, 2, glyph, style);
        pane.put(left + 2, 2, word, theme::dim());
        left += entry;
    }
}

/// The column of a time on a bar of so many cells.
fn column(at: Instant, end: Instant, cells: i32) -> i32 {
    let (last, end) = (u64::try_from(cells - 1).unwrap_or(0), end.0.max(1));
    let place = u128::from(at.0) * u128::from(last) / u128::from(end);
    i32::try_from(place).unwrap_or(i32::MAX).min(cells - 1)
}

/// The time under a column of a pane of this width.
#[must_use]
pub fn time_at(model: &Model, pane_width: i32, column: i32) -> Instant {
    let cells = (pane_width - 2 * EDGE).max(2);
    let place = u128::try_from((column - EDGE).clamp(0, cells - 1)).unwrap_or(0);
    let time = u128::from(model.recording.end().0) * place / u128::try_from(cells - 1).unwrap_or(1);
    Instant(u64::try_from(time).unwrap_or(u64::MAX))
}

/// Glyph, word and style of a sign.
fn look(sign: Sign) -> (char, &'static str, ratatui::style::Style) {
    match sign {
        Sign::Violation => ('✗', "violated", theme::fault()),
        Sign::Crash => ('✖', "crash", theme::fault()),
        Sign::Elected => ('★', "elected", theme::leader()),
        Sign::Fault => ('≠', "fault", theme::fault()),
        Sign::Cut => ('⇤', "truncated", theme::fault()),
        Sign::Clock => ('◷', "clock", theme::client()),
        Sign::LetGo => ('▽', "let go", theme::text()),
        Sign::Rebalance => ('◆', "rebalance", theme::client()),
        Sign::Back => ('↺', "back", theme::text().fg(theme::GOOD)),
    }
}
