//! A list to choose from: what `tribunal` alone shows on a terminal.
//!
//! Invariant: the frame is a function of rows, choice and size.

use std::io::{self, stdout};

use crossterm::event::{self, Event};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::keys;
use super::message::Message;
use super::model::Overlay;
use super::terminal::hold;
use super::theme::{self, Look};
use crate::panes::put::{Pane, width};

/// Lets the user choose one of `rows` (name, about). Returns its name; `None` when the user left. Errors: those of the
/// terminal.
pub fn choose(title: &str, rows: &[(String, String)], look: Look) -> io::Result<Option<String>> {
    let mut chosen = 0;
    let mut answer = None;
    hold(false, || {
        let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        loop {
            terminal.draw(|screen| {
                let mut buffer = choice_frame(title, rows, chosen, screen.area());
                look.apply(&mut buffer);
                screen.buffer_mut().clone_from(&buffer);
            })?;
            let Event::Key(key) = event::read()? else { continue };
            match keys::message(key, &Overlay::Kinds(chosen)) {
                Some(Message::Down) => chosen = (chosen + 1) % rows.len().max(1),
                Some(Message::Up) => chosen = (chosen + rows.len().saturating_sub(1)) % rows.len().max(1),
                Some(Message::Accept) => {
                    answer = rows.get(chosen).map(|(name, _)| name.clone());
                    return Ok(());
                }
                Some(Message::Close | Message::Quit) => return Ok(()),
                _ => {}
            }
        }
    })?;
    Ok(answer)
}

/// The list as a frame.
#[must_use]
pub fn choice_frame(title: &str, rows: &[(String, String)], chosen: usize, area: Rect) -> Buffer {
    let mut buffer = Buffer::empty(area);
    buffer.set_style(area, theme::text().bg(theme::INK));
    let mut pane = Pane::new(&mut buffer, area);
    pane.row_style(0, theme::text().bg(theme::BAR));
    pane.put(1, 0, title, theme::leader().bg(theme::BAR));
    let names = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let seen = usize::try_from(pane.height() - 3).unwrap_or(0).max(1);
    let first = (chosen + 1).saturating_sub(seen);
    for (y, (place, (name, about))) in (2..pane.height() - 1).zip(rows.iter().enumerate().skip(first)) {
        let is_chosen = place == chosen;
        pane.put(3, y, name, if is_chosen { theme::leader() } else { theme::strong() });
        let room = pane.width() - names - 7;
        pane.put_within(names + 6, y, room, about, if is_chosen { theme::text() } else { theme::dim() });
        if is_chosen {
            pane.row_style(y, ratatui::style::Style::new().bg(theme::HERE));
            pane.glyph(1, y, '▶', theme::leader().bg(theme::HERE));
        }
    }
    let bottom = pane.height() - 1;
    pane.row_style(bottom, theme::text().bg(theme::BAR));
    let mut x = 1;
    for (key, word) in [("↑↓", "choose"), ("Enter", "open"), ("q", "quit")] {
        x = pane.put(x, bottom, key, theme::leader().bg(theme::BAR));
        x = pane.put(x + 1, bottom, word, theme::dim().bg(theme::BAR)) + 2;
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::text;

    #[test]
    fn the_chosen_row_is_always_seen_whatever_the_size() {
        let rows: Vec<(String, String)> = (0..30).map(|nth| (format!("story-{nth:02}"), "Something happens.".to_owned())).collect();
        for chosen in [0, 12, 29] {
            let frame = text(&choice_frame("Tribunal", &rows, chosen, Rect::new(0, 0, 60, 12)));
            assert!(frame.contains(&format!("▶ story-{chosen:02}")), "{frame}");
        }
        for (width, height) in (0..70).flat_map(|width| (0..20).map(move |height| (width, height))) {
            let _ = choice_frame("Tribunal", &rows, 3, Rect::new(0, 0, width, height));
            let _ = choice_frame("", &[], 0, Rect::new(0, 0, width, height));
        }
    }
}
