//! A list of stories to choose from, on the real terminal.
//!
//! Called by: `tribunal` alone.

use std::io::{self, stdout};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::terminal::Guard;
use super::theme::{self, Look};
use crate::panes::put::Pane;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is answered with.
    pub name: String,
    /// What it is about.
    pub about: String,
}

/// Lets the user choose; `None` when they leave. Errors: those of the terminal.
pub fn choose(title: &str, choices: &[Choice], start: usize, look: Look) -> io::Result<Option<usize>> {
    let guard = Guard::enter(false)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let mut chosen = start.min(choices.len().saturating_sub(1));
    let answer = loop {
        terminal.draw(|screen| {
            let mut buffer = list(title, choices, chosen, screen.area());
            look.apply(&mut buffer);
            screen.buffer_mut().clone_from(&buffer);
        })?;
        let Event::Key(key) = event::read()? else { continue };
        match pressed(key) {
            Some(Pressed::Up) => chosen = chosen.saturating_sub(1),
            Some(Pressed::Down) => chosen = (chosen + 1).min(choices.len().saturating_sub(1)),
            Some(Pressed::Open) => break Some(chosen),
            Some(Pressed::Leave) => break None,
            None => {}
        }
    };
    drop(guard);
    Ok(answer)
}

enum Pressed {
    Up,
    Down,
    Open,
    Leave,
}

fn pressed(key: KeyEvent) -> Option<Pressed> {
    if key.kind != KeyEventKind::Press {
        return None;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Pressed::Leave),
        KeyCode::Up | KeyCode::Char('k') => Some(Pressed::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Pressed::Down),
        KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => Some(Pressed::Open),
        KeyCode::Esc | KeyCode::Char('q') => Some(Pressed::Leave),
        _ => None,
    }
}

/// The list as a frame.
#[must_use]
pub fn list(title: &str, choices: &[Choice], chosen: usize, area: Rect) -> Buffer {
    let mut buffer = Buffer::empty(area);
    buffer.set_style(area, theme::text().bg(theme::INK));
    let mut pane = Pane::new(&mut buffer, area);
    pane.put(1, 0, title, theme::strong());
    let room = usize::from(area.height.saturating_sub(4));
    let first = (chosen + 1).saturating_sub(room);
    for (row, (place, choice)) in choices.iter().enumerate().skip(first).take(room).enumerate() {
        let y = i32::try_from(row).unwrap_or(i32::MAX).saturating_add(2);
        let (mark, style) = if place == chosen { ("▶", theme::leader()) } else { (" ", theme::text()) };
        pane.put(1, y, &format!("{mark} {:<15}", choice.name), style);
        pane.put(19, y, &choice.about, theme::dim());
    }
    let bottom = i32::from(area.height) - 1;
    pane.put(1, bottom, "↑↓ choose · Enter open · q quit", theme::dim());
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_drawn_at_any_size() {
        let choices = ["00-tour", "06-lost-ack"].map(|name| Choice { name: name.to_owned(), about: "A story.".to_owned() });
        for width in 0..120 {
            for height in 0..30 {
                let _ = list("Tribunal", &choices, 1, Rect::new(0, 0, width, height));
            }
        }
        let text = crate::export::text(&list("Tribunal", &choices, 1, Rect::new(0, 0, 60, 8)));
        assert!(text.contains("▶ 06-lost-ack"), "{text}");
    }
}
