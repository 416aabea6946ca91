//! The Cluster view: truth beside belief. Above, every server with its place in the quorum or in the metadata, and beside it
//! the network, rows from, columns to. Below, every partition: what is committed about it, and what each replica believes.
//!
//! ```text
//!  Quorum  k2 leads e2 ────────────────────  network in ms, from ↓ to → ─
//!  ≠ k1  leads e1 ≠       end 14  voted k1 e1       ╳   ╳  0.6   ╳
//!  ★ k2  leads e2         end 18  voted k2 e2   ╳   ·  0.5   ╳  0.4
//!  Partitions  what is committed ────┬ what each replica believes ───────
//!  ▶ orders-0   ★ b2 e1  {2,3}       │ b1≠★e0  b2 ★e1  b3 ○e1
//! ```
//!
//! Invariant: `≠` stands wherever a belief contradicts what is committed, and nowhere else; what has changed since the beat
//! before stands on its own ground.

mod detail;
mod network;
mod partitions;
mod servers;

use ratatui::style::{Modifier, Style};
use tribunal::ids::ProcessId;
use tribunal::trace::View;

use super::put::{Pane, width};
use crate::screen::model::Focus;
use crate::screen::{Model, theme};
use servers::{Section, Server};

/// The most rows of partitions that the view asks for.
const PARTITIONS: usize = 12;

/// A piece of a row: its place, its words, and how they look.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    x: i32,
    most: i32,
    text: String,
    style: Style,
}

impl Piece {
    pub(super) fn new(x: i32, most: i32, text: impl Into<String>, style: Style) -> Self {
        Self { x, most, text: text.into(), style }
    }
}

/// Draws the pieces of a row; those that read otherwise at the beat before stand on their own ground.
pub(super) fn row(pane: &mut Pane<'_>, y: i32, now: &[Piece], before: &[Piece]) {
    for (place, piece) in now.iter().enumerate() {
        let is_new = before.get(place).is_none_or(|earlier| earlier.text != piece.text) && !piece.text.trim().is_empty();
        let style = if is_new { piece.style.bg(theme::HERE).add_modifier(Modifier::BOLD) } else { piece.style };
        pane.put_within(piece.x, y, piece.most, &piece.text, style);
    }
}

/// The rows of each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    servers: i32,
    partitions: i32,
    detail: i32,
}

impl Plan {
    /// `lines` are those of all servers, the first `core` of them without the clients; `wanted` the rows of the detail.
    fn choose(height: i32, lines: i32, core: i32, partitions: i32, wanted: i32) -> Self {
        let least = 1 + partitions.clamp(1, if height < 12 { 1 } else { (height / 3).max(3) });
        let mut servers = core.min(height - least).max(3);
        let mut rows = partitions.max(1).min((height - servers - 1).max(0));
        let mut free = (height - servers - 1 - rows).max(0);
        let detail = if free > 1 { wanted.min(free - 1) } else { 0 };
        free -= if detail > 0 { detail + 1 } else { 0 };
        let more = (lines - servers).clamp(0, free);
        servers += more;
        rows += (partitions - rows).clamp(0, free - more);
        Self { servers, partitions: rows, detail }
    }
}

/// How many rows the view would like.
#[must_use]
pub fn wanted_rows(model: &Model) -> i32 {
    let servers = servers::lines(&servers::all(&model.view)).len();
    let partitions = model.recording.partitions.len().clamp(1, PARTITIONS);
    let detail = 1 + detail::wanted(model);
    i32::try_from(servers + 1 + partitions + detail).unwrap_or(i32::MAX)
}

/// Draws the view.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    let all = servers::all(&model.view);
    let lines = servers::lines(&all);
    let core = lines.iter().filter(|line| line.section != Section::Clients).count();
    let count = |many: usize| i32::try_from(many).unwrap_or(i32::MAX / 4);
    let partitions = count(model.recording.partitions.len());
    let wanted = count(detail::wanted(model));
    let plan = Plan::choose(pane.height(), count(lines.len()), count(core), partitions, wanted);
    let (columns, rows) = (pane.width(), pane.height());
    servers::draw(model, &all, &lines, &mut pane.part(0, 0, columns, plan.servers));
    partitions::draw(model, &mut pane.part(0, plan.servers, columns, plan.partitions + 1));
    let y = plan.servers + 1 + plan.partitions;
    if plan.detail > 0 {
        detail::draw(model, &all, &mut pane.part(0, y, columns, plan.detail + 1));
    }
    if y < rows && plan.detail == 0 {
        legend(&mut pane.part(0, y, columns, 1));
    }
}

fn legend(pane: &mut Pane<'_>) {
    let mut x = 3;
    for (glyph, style, words) in [
        ("★", theme::leader(), "leads"),
        ("○", theme::text(), "follows in the ISR"),
        ("▵", theme::text(), "out of it"),
        ("≠", theme::fault(), "not what is committed"),
        ("╳", theme::fault(), "cut"),
        ("▸", theme::client(), "on its way"),
    ] {
        if x + 2 + width(words) >= pane.width() {
            break;
        }
        pane.put(x, 0, glyph, style);
        x = pane.put(x + 2, 0, words, theme::dim()) + 2;
    }
}

/// The server that is selected, if any.
fn selected(model: &Model, all: &[Server]) -> Option<Server> {
    all.get(model.server.min(all.len().saturating_sub(1))).copied()
}

/// How many servers there are to select from.
#[must_use]
pub fn server_count(view: &View) -> usize {
    servers::all(view).len()
}

/// Whether a part of the view is where `↑ ↓` select.
fn has_focus(model: &Model, focus: Focus) -> bool {
    model.focus == focus
}

/// The first of `count` rows to show of a list, so that the selected one is among them.
fn first_shown(selected: usize, count: usize, rows: usize) -> usize {
    let last = count.saturating_sub(rows);
    selected.saturating_sub(rows / 2).min(last)
}

/// A process that can be reached over the network.
fn is_peer(process: ProcessId) -> bool {
    process != ProcessId::World
}

#[cfg(test)]
mod tests;
