//! The network as a table beside the servers: rows from, columns to. A cell tells how long the last message took, in
//! milliseconds, whether something is on its way, and whatever keeps it from arriving.

use ratatui::style::{Modifier, Style};
use tribunal::ids::ProcessId;
use tribunal::trace::View;
use tribunal::trace::view::LastMessage;

use super::super::put::{Pane, shortened, width};
use super::servers::{Section, Server};
use crate::screen::{Model, theme};

/// Columns for the servers, of so many.
pub(super) fn left(columns: i32) -> i32 {
    match columns {
        ..70 => 40,
        70..120 => 50,
        120..150 => 84,
        _ => 96,
    }
}

/// Which columns of the table are shown, and how wide they are.
pub(super) struct Columns {
    to: Vec<ProcessId>,
    pitch: i32,
    hidden: usize,
}

impl Columns {
    /// As many columns as fit: with clients, else without, else narrower, else those around the selected server.
    pub(super) fn choose(model: &Model, all: &[Server], room: i32) -> Self {
        let mut peers: Vec<ProcessId> = Vec::with_capacity(all.len());
        for server in all {
            if !peers.contains(&server.process) {
                peers.push(server.process);
            }
        }
        let servers: Vec<ProcessId> = peers.iter().copied().filter(|peer| !matches!(peer, ProcessId::Client(_))).collect();
        let fits = |peers: &[ProcessId], pitch: i32| i32::try_from(peers.len()).unwrap_or(i32::MAX / 8) * pitch < room;
        for (peers, pitch) in [(&peers, 5), (&servers, 5), (&servers, 4), (&servers, 3)] {
            if fits(peers, pitch) {
                return Self { to: peers.clone(), pitch, hidden: 0 };
            }
        }
        let seen = usize::try_from((room - 1) / 3).unwrap_or(0).max(1);
        let selected = super::selected(model, all).filter(|server| server.section != Section::Clients);
        let chosen = selected.and_then(|server| servers.iter().position(|peer| *peer == server.process)).unwrap_or(0);
        let first = super::first_shown(chosen, servers.len(), seen);
        let to: Vec<ProcessId> = servers.iter().skip(first).take(seen).copied().collect();
        Self { hidden: servers.len().saturating_sub(to.len()), to, pitch: 3 }
    }

    fn is_narrow(&self) -> bool {
        self.pitch < 4
    }

    /// The names of the columns, over the rule of a heading.
    pub(super) fn heading(&self, model: &Model, pane: &mut Pane<'_>, left: i32) {
        let words = if self.is_narrow() { " to" } else { " ms to" };
        pane.put_left_of(left, 0, words, theme::dim());
        pane.put(left, 0, &" ".repeat(usize::try_from(self.pitch.max(0)).unwrap_or(0) * self.to.len()), theme::dim());
        for (x, peer) in (left..).step_by(usize::try_from(self.pitch).unwrap_or(1)).zip(&self.to) {
            let name = model.recording.names.process(*peer);
            // Where a name has no room its number has: the order tells the rest.
            let number = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
            let is_long = width(&name) >= self.pitch && !number.is_empty();
            let name = shortened(if is_long { number } else { &name }, self.pitch - 1);
            pane.put_left_of(x + self.pitch, 0, &name, theme::strong());
        }
        if self.hidden > 0 {
            let words = format!(" +{} ", self.hidden);
            if width(&words) + left + self.pitch * i32::try_from(self.to.len()).unwrap_or(0) < pane.width() {
                pane.put_left_of(pane.width(), 0, &words, theme::faint());
            }
        }
    }

    /// The row of one sender.
    pub(super) fn row(&self, model: &Model, pane: &mut Pane<'_>, y: i32, left: i32, from: ProcessId) {
        for (x, to) in (left..).step_by(usize::try_from(self.pitch).unwrap_or(1)).zip(&self.to) {
            let now = Cell::of(&model.view, from, *to, self.is_narrow());
            let was = Cell::of(&model.before, from, *to, self.is_narrow());
            let style = if now.is_cut != was.is_cut { now.style.bg(theme::HERE).add_modifier(Modifier::BOLD) } else { now.style };
            pane.put_left_of(x + self.pitch, y, &now.text, style);
        }
    }
}

/// A cell of the table.
struct Cell {
    text: String,
    style: Style,
    is_cut: bool,
}

impl Cell {
    fn of(view: &View, from: ProcessId, to: ProcessId, is_narrow: bool) -> Self {
        let plain = |text: &str, style: Style| Self { text: text.to_owned(), style, is_cut: false };
        if from == to {
            return plain(" ", theme::faint());
        }
        let is_dead = |process: ProcessId| view.process(process).is_none_or(tribunal::trace::view::ProcessView::is_dead);
        let link = view.link(from, to);
        if link.is_some_and(|link| link.cuts > 0) {
            return Self { text: "╳".to_owned(), style: theme::fault(), is_cut: true };
        }
        if is_dead(from) || is_dead(to) {
            return plain("-", theme::faint());
        }
        let Some(link) = link else { return plain("·", theme::faint()) };
        let (sign, style) = match link.last {
            LastMessage::Lost => ("~", theme::fault()),
            LastMessage::Delayed if link.in_flight > 0 => ("◷", theme::client()),
            LastMessage::Fine | LastMessage::Delayed if link.in_flight > 0 => ("▸", theme::client()),
            LastMessage::Fine | LastMessage::Delayed => ("", theme::dim()),
        };
        match link.latency_us {
            Some(us) if !is_narrow => Self { text: format!("{sign}{}", milliseconds(us)), style, is_cut: false },
            _ if sign.is_empty() => plain("·", theme::dim()),
            _ => plain(sign, style),
        }
    }
}

/// Milliseconds in three columns: `0.6`, `14`, `120`, `2s`.
fn milliseconds(us: u64) -> String {
    match us {
        0..9_950 => format!("{}.{}", us / 1_000, us / 100 % 10),
        9_950..999_500 => format!("{}", us / 1_000),
        _ => format!("{}s", us / 1_000_000),
    }
}

/// Whether nothing gets through from a server to any other that lives in its own part of the list.
pub(super) fn is_cut_off(view: &View, process: ProcessId) -> bool {
    let is_like = |other: ProcessId| std::mem::discriminant(&other) == std::mem::discriminant(&process);
    let mut others =
        view.processes().iter().map(|known| known.process).filter(|other| *other != process && is_like(*other)).peekable();
    others.peek().is_some() && others.all(|other| view.is_cut(process, other))
}
