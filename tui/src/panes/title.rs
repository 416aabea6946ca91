//! The first row: which run, where in it, and the worst that the checks have found by then.

use super::put::{Pane, width};
use crate::screen::{Model, Shows, theme};

/// The columns kept for the name of a check that is violated.
const VIOLATION: i32 = 14;

/// Draws the title.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    pane.row_style(0, theme::text().bg(theme::BAR));
    let run = model.recording.trace.run();
    let name = run.map_or("no run", |run| run.scenario.as_str());
    let mut x = pane.put(1, 0, "tribunal", theme::leader().bg(theme::BAR));
    x = pane.put_within(
        x + 2,
        0,
        if pane.width() < 100 { pane.width() / 6 } else { pane.width() / 4 },
        name,
        theme::strong().bg(theme::BAR),
    );
    let end = pane.width() - 1;
    if pane.width() >= 72 {
        x += 1;
        for shows in Shows::ALL {
            let is_shown = shows == model.shows;
            let (words, style) = if is_shown {
                (format!("[{}]", shows.name()), theme::strong())
            } else {
                (format!(" {} ", shows.name()), theme::dim())
            };
            x = pane.put(x, 0, &words, style.bg(theme::BAR));
        }
    }
    let seed = run.map_or_else(String::new, |run| format!("seed 0x{:X}", run.seed));
    let place = format!("step {} of {} · {}", model.cursor().0, model.recording.last().0, model.now());
    let violation = model.recording.violation_by(model.cursor());
    // A violation is worth more room than the seed.
    let has_room = pane.width() >= if violation.is_some() { 120 } else { 100 };
    let brief = format!("{} of {} · {}", model.cursor().0, model.recording.last().0, model.now());
    let right = if has_room { format!("{place} · {seed}") } else { place };
    let wanted = if violation.is_some() { VIOLATION } else { 2 };
    let fits = |words: &String| width(words) <= end - x - wanted;
    let right = [right, brief, model.now().to_string()].into_iter().find(fits).unwrap_or_default();
    let room = end - x - 4 - width(&right);
    pane.put_left_of(end, 0, &right, theme::dim().bg(theme::BAR));
    if let Some(finding) = violation {
        let words = format!("✗ {} {}", finding.name, finding.status);
        if room >= 8 {
            pane.put_within(x + 3, 0, room, &words, theme::fault().bg(theme::BAR));
        }
    }
}
