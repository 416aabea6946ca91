//! The last row, and what may lie over the screen: the keys, the shapes, the menu of kinds, the prompt.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tribunal::trace::find::Kind;

use super::put::{Pane, width};
use super::shapes;
use crate::screen::keys::{self, BINDINGS, Where};
use crate::screen::model::Overlay;
use crate::screen::{Model, theme};

/// Draws the footer: a notice or the prompt, else the keys that count now.
pub fn footer(model: &Model, pane: &mut Pane<'_>) {
    pane.row_style(0, theme::text().bg(theme::BAR));
    let bar = theme::BAR;
    if let Overlay::Where(text) = &model.overlay {
        let x = pane.put(1, 0, "go to step or time: ", theme::dim().bg(bar));
        let x = pane.put(x, 0, text, theme::strong().bg(bar));
        let x = pane.put(x, 0, "█", theme::leader().bg(bar));
        pane.put(x + 3, 0, "412 · 1.284s", theme::faint().bg(bar));
        return;
    }
    if let Some(notice) = &model.notice {
        let room = pane.width() - 2;
        pane.put_within(1, 0, room, notice, theme::leader().bg(bar));
        return;
    }
    let mut x = 1;
    for (key, word) in keys::footer(keys::context(&model.overlay)) {
        let end = x + width(key) + 1 + width(word);
        if end >= pane.width() {
            break;
        }
        x = pane.put(x, 0, key, theme::leader().bg(bar));
        x = pane.put(x + 1, 0, word, theme::dim().bg(bar)) + 2;
    }
}

/// Draws what lies over the screen.
pub fn overlay(model: &Model, area: Rect, buffer: &mut Buffer) {
    match &model.overlay {
        Overlay::None | Overlay::Where(_) => {}
        Overlay::Help => {
            let keys = BINDINGS.iter().filter(|binding| binding.context == Where::Screen);
            let rows: Vec<(&str, &str)> = keys.map(|binding| (binding.name, binding.help)).collect();
            page(area, buffer, "Keys (? again: what the shapes mean)", &rows);
        }
        Overlay::Shapes => page(area, buffer, shapes::title(model.shows), &shapes::of(model.shows)),
        Overlay::Kinds(chosen) => {
            let mut pane = frame(area, buffer, 34, Kind::ALL.len(), "Jump to every …");
            for ((y, place), kind) in (1..).zip(0..).zip(Kind::ALL) {
                let is_chosen = place == *chosen;
                let style = if is_chosen { theme::leader() } else { theme::text() };
                if is_chosen {
                    pane.glyph(2, y, '▶', style);
                }
                pane.put(4, y, kind.name(), style);
            }
        }
    }
}

/// A list of pairs; on a low screen it stands in two columns.
fn page(area: Rect, buffer: &mut Buffer, title: &str, rows: &[(&str, &str)]) {
    let room = usize::from(area.height).saturating_sub(2).max(1);
    let lists = if rows.len() > room { 2 } else { 1 };
    let mut pane = frame(area, buffer, 78, rows.len().div_ceil(lists), title);
    let most = (pane.width() - 2) / i32::try_from(lists).unwrap_or(1);
    let key = rows.iter().map(|(key, _)| width(key)).max().unwrap_or(0) + 1;
    for (x, column) in (0..).zip(rows.chunks(rows.len().div_ceil(lists).max(1))) {
        let left = 1 + x * most;
        for (y, (name, help)) in (1..).zip(column) {
            pane.put_within(left, y, key, name, theme::leader());
            pane.put_within(left + key, y, most - key, help, theme::text());
        }
    }
}

/// A box in the middle of the screen, clipped to it.
fn frame<'a>(area: Rect, buffer: &'a mut Buffer, columns: u16, rows: usize, title: &str) -> Pane<'a> {
    let (columns, rows) = (columns.min(area.width), u16::try_from(rows).unwrap_or(0).saturating_add(2).min(area.height));
    let place = Rect::new(area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 2, columns, rows);
    let mut pane = Pane::new(buffer, place);
    pane.clear();
    let (width, height) = (pane.width(), pane.height());
    for y in 0..height {
        pane.row_style(y, theme::text().bg(theme::BAR));
        pane.glyph(0, y, '│', theme::dim());
        pane.glyph(width - 1, y, '│', theme::dim());
    }
    for x in 0..width {
        let (top, bottom) = match x {
            0 => ('┌', '└'),
            _ if x == width - 1 => ('┐', '┘'),
            _ => ('─', '─'),
        };
        pane.glyph(x, 0, top, theme::dim());
        pane.glyph(x, height - 1, bottom, theme::dim());
    }
    pane.put_within(2, 0, width - 4, &format!(" {title} "), theme::strong());
    pane
}
