//! The story: what happens here, why, and what comes next. On every screen, whatever else is shown.

use tribunal::ids::Step;
use tribunal::time::Duration;
use tribunal::trace::story::Link;

use super::put::{Pane, wrapped};
use crate::screen::{Model, theme};

/// Draws the story.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    let story = &model.story;
    let title = if model.tells_why { "Why this happens" } else { "What happens here" };
    let because = story.why.first().map_or_else(String::new, |cause| format!(" because {}", cause.step));
    let names = &model.recording.names;
    let event = model.recording.trace.event(model.cursor());
    let who = event.map_or_else(String::new, |event| format!("{} · {} · ", names.process(event.process), event.fact.name()));
    pane.heading(0, title, &format!("{who}step {}{because}", model.cursor().0));
    let mut rows = pane.height() - 1;
    let mut y = 1;
    if model.tells_why {
        why(model, pane, y, rows);
        return;
    }
    if let Some(taken) = verdicts(model, pane, rows) {
        (y, rows) = (y + taken, rows - taken);
    }
    if model.cursor() == Step(0) && !model.recording.about.is_empty() {
        let taken = pane.prose(2, y, rows - 1, &model.recording.about, theme::text());
        pane.put_within(
            2,
            y + taken,
            pane.width() - 3,
            "→ goes on to what happens; ? tells the keys and the shapes.",
            theme::dim(),
        );
        return;
    }
    let needed = i32::try_from(wrapped(&story.what, pane.width() - 3).len()).unwrap_or(i32::MAX);
    let tail = rows - needed;
    let taken = pane.prose(2, y, rows, &story.what, theme::text());
    (y, rows) = (y + taken, rows - taken);
    // The last row is for what comes next.
    for (place, cause) in (0..tail - 1).zip(&story.why) {
        link(pane, y, if place == 0 { "why " } else { "  ← " }, cause, "earlier", theme::dim());
        (y, rows) = (y + 1, rows - 1);
    }
    if rows >= 1
        && let Some(next) = &story.next
    {
        link(pane, y, "next", next, "later", theme::dim());
    }
}

/// What is found broken here: the first with what was found, the others by name.
fn verdicts(model: &Model, pane: &mut Pane<'_>, rows: i32) -> Option<i32> {
    let mut found = model.recording.verdicts(model.cursor());
    let first = found.next()?;
    let others: Vec<&str> = found.map(|finding| finding.name.as_str()).collect();
    let others = if others.is_empty() { String::new() } else { format!(" (so are {})", others.join(", ")) };
    let words = format!("✗ {} is violated{others}: {}", first.name, first.detail);
    Some(pane.prose(2, 1, (rows - 2).clamp(1, 4), &words, theme::fault()))
}

fn why(model: &Model, pane: &mut Pane<'_>, y: i32, rows: i32) {
    if model.story.why.is_empty() {
        pane.put(2, y, "Nothing in the run came before it: it was set up to happen.", theme::text());
        return;
    }
    let style = |place: i32| if place == 0 { theme::text() } else { theme::dim() };
    for (place, cause) in (0..rows).zip(&model.story.why) {
        let word = if place == 0 { "from" } else { "  ← " };
        link(pane, y + place, word, cause, "earlier", style(place));
    }
}

fn link(pane: &mut Pane<'_>, y: i32, word: &str, link: &Link, way: &str, style: ratatui::style::Style) {
    let x = pane.put(2, y, word, theme::client());
    let away = match link.apart {
        Duration::ZERO => format!(" {}, at once", link.step),
        apart => format!(" {}, {} {way}", link.step, span(apart)),
    };
    let room = pane.width() - x - 2 - i32::try_from(away.chars().count()).unwrap_or(0);
    let x = pane.put_within(x + 1, y, room, &link.words, style);
    pane.put(x, y, &away, theme::faint());
}

/// A span as a reader wants it: `24us`, `6.5ms`, `1.284s`.
fn span(span: Duration) -> String {
    match span.0 {
        us @ 0..1_000 => format!("{us}us"),
        us @ 1_000..10_000 => format!("{}.{}ms", us / 1_000, us / 100 % 10),
        us @ 10_000..1_000_000 => format!("{}ms", us / 1_000),
        us => format!("{}.{:03}s", us / 1_000_000, us / 1_000 % 1_000),
    }
}
