//! The partitions, one row each: what is committed, and what each replica believes.

use ratatui::style::Style;
use tribunal::ids::{BrokerId, BrokerSet};
use tribunal::trace::view::{Belief, PartitionView, ReplicaView, Role};
use tribunal::trace::{Names, View};

use super::super::put::{Pane, width};
use super::{Piece, first_shown, has_focus, row};
use crate::screen::model::Focus;
use crate::screen::recording::{Shown, broker_name};
use crate::screen::{Model, theme};

/// Where the parts of a row stand.
#[derive(Clone, Copy, Debug)]
struct Grid {
    leader: i32,
    isr: i32,
    more: i32,
    wall: i32,
    end: i32,
    is_wide: bool,
}

impl Grid {
    fn of(columns: i32) -> Self {
        match columns {
            ..70 => Self { leader: 13, isr: 22, more: 31, wall: 32, end: columns, is_wide: false },
            70..120 => Self { leader: 16, isr: 25, more: 35, wall: 44, end: columns, is_wide: false },
            _ => Self { leader: 22, isr: 32, more: 46, wall: 72, end: columns, is_wide: true },
        }
    }
}

pub(super) fn draw(model: &Model, pane: &mut Pane<'_>) {
    let grid = Grid::of(pane.width());
    let count = model.recording.partitions.len();
    let rows = usize::try_from(pane.height() - 1).unwrap_or(0);
    let first = first_shown(model.partition(), count, rows);
    let hidden = count.saturating_sub(rows);
    let title = match (hidden, rows) {
        (0, _) => "Partitions".to_owned(),
        (_, 1) => format!("Partition {} of {count}", first + 1),
        _ => format!("Partitions {}–{} of {count}", first + 1, first + rows),
    };
    pane.heading(0, &title, "");
    let x = 4 + width(&title);
    if grid.wall - x > 20 {
        pane.put(x, 0, " what is committed ", theme::dim());
    }
    pane.glyph(grid.wall, 0, '┬', theme::faint());
    pane.put(grid.wall + 1, 0, " what each replica believes ", theme::dim());
    if count == 0 {
        pane.put(3, 1, "This run makes no partition.", theme::dim());
    }
    for (y, (place, shown)) in (1..).zip(model.recording.partitions.iter().enumerate().skip(first).take(rows)) {
        let (now, before) = (pieces(model, &model.view, shown, grid), pieces(model, &model.before, shown, grid));
        pane.glyph(grid.wall, y, '│', theme::faint());
        row(pane, y, &now, &before);
        if place == model.partition() {
            let style = if has_focus(model, Focus::Partitions) { theme::leader() } else { theme::dim() };
            pane.glyph(0, y, '▶', style);
        }
    }
}

fn pieces(model: &Model, view: &View, shown: &Shown, grid: Grid) -> Vec<Piece> {
    let names = &model.recording.names;
    let known = shown.id.and_then(|id| view.partition(id));
    let Some(partition) = known.filter(|known| known.committed.is_some()) else {
        return vec![
            Piece::new(2, grid.leader - 3, shown.name.clone(), theme::dim()),
            Piece::new(grid.leader, grid.wall - grid.leader - 1, "not created yet", theme::faint()),
        ];
    };
    let name = if partition.is_deleted { theme::faint() } else { theme::strong() };
    let mut all = vec![Piece::new(2, grid.leader - 3, shown.name.clone(), name)];
    truth(names, partition, grid, &mut all);
    beliefs(names, partition, grid, &mut all);
    all
}

fn truth(names: &Names, partition: &PartitionView, grid: Grid, all: &mut Vec<Piece>) {
    let Some(committed) = &partition.committed else { return };
    if partition.is_deleted {
        all.push(Piece::new(grid.leader, grid.wall - grid.leader - 1, "deleted", theme::dim()));
        return;
    }
    let (leader, style) = match committed.leader {
        Some(leader) => (format!("★ {} {}", broker_name(names, leader), committed.epoch), theme::leader()),
        None => (format!("none {}", committed.epoch), theme::fault()),
    };
    all.push(Piece::new(grid.leader, grid.isr - grid.leader - 1, leader, style));
    let is_short = committed.isr.len() < committed.replicas.len();
    let is_under_min = partition.min_insync.is_some_and(|min| committed.isr.len() < usize::try_from(min).unwrap_or(usize::MAX));
    let style = match (is_under_min, is_short) {
        (true, _) => theme::fault(),
        (false, true) => theme::client(),
        (false, false) => theme::text(),
    };
    all.push(Piece::new(grid.isr, grid.more.min(grid.wall - 1) - grid.isr - 1, committed.isr.to_string(), style));
    let mut more = Vec::new();
    if !committed.adding.is_empty() || !committed.removing.is_empty() {
        more.push(format!("{}{}", signed('+', committed.adding), signed('−', committed.removing)));
    }
    if !committed.elr.is_empty() {
        more.push(format!("ELR{}", committed.elr));
    }
    if is_under_min {
        more.push("< min".to_owned());
    }
    if grid.is_wide {
        let replicas: Vec<String> = committed.replicas.iter().map(|broker| broker.0.to_string()).collect();
        more.insert(0, format!("of {}", replicas.join(",")));
        more.push(committed.partition_epoch.to_string());
    }
    all.push(Piece::new(grid.more, grid.wall - grid.more - 1, more.join(" "), theme::dim()));
}

fn signed(sign: char, brokers: BrokerSet) -> String {
    brokers.iter().map(|broker| format!("{sign}{}", broker.0)).collect()
}

/// One piece per replica: in words where all of them fit, else as signs.
fn beliefs(names: &Names, partition: &PartitionView, grid: Grid, all: &mut Vec<Piece>) {
    let left = grid.wall + 2;
    // A deleted replica is of interest while the metadata still names it.
    let is_assigned = |broker: BrokerId| partition.committed.as_ref().is_some_and(|truth| truth.replicas.contains(&broker));
    let replicas: Vec<&ReplicaView> =
        partition.replicas.iter().filter(|replica| !replica.is_deleted || is_assigned(replica.broker)).collect();
    let tokens = |in_words: bool| -> Vec<(String, Style)> {
        replicas.iter().map(|replica| token(names, partition, replica, in_words)).collect()
    };
    let long = tokens(true);
    let widest = long.iter().map(|(text, _)| width(text)).max().unwrap_or(0) + 2;
    let count = i32::try_from(long.len()).unwrap_or(1);
    let (tokens, pitch) = if grid.is_wide && left + widest * count - 2 <= grid.end {
        (long, widest)
    } else {
        let short = tokens(false);
        let widest = short.iter().map(|(text, _)| width(text)).max().unwrap_or(0);
        (short, (widest + 1).max(8))
    };
    for (place, (text, style)) in (0..).zip(tokens) {
        let x = left + place * pitch;
        if x + width(&text) > grid.end {
            all.push(Piece::new(grid.end - 1, 1, "…", theme::dim()));
            return;
        }
        all.push(Piece::new(x, pitch, text, style));
    }
}

/// `b2 ★e1`, `b1≠★e0`, `b3 ○e1`; in words `b2 leads e1 {2,3}`.
fn token(names: &Names, partition: &PartitionView, replica: &ReplicaView, in_words: bool) -> (String, Style) {
    let name = broker_name(names, replica.broker);
    let belief = partition.belief(replica);
    let sign = if belief.is_wrong() { '≠' } else { ' ' };
    let glyph = if partition.is_in_sync(replica.broker) { '○' } else { '▵' };
    let text = match (belief, replica.role) {
        (Belief::Dead, _) => format!("{name} ✖"),
        (_, _) if replica.is_deleted => format!("{name} gone"),
        (_, Role::Offline) if in_words => format!("{name}≠offline"),
        (_, Role::Offline) => format!("{name}≠off"),
        (_, Role::None) if in_words => format!("{name}{sign}idle"),
        (_, Role::None) => format!("{name}{sign}·"),
        (_, Role::Leader { epoch }) if in_words => {
            let isr = replica.isr.map_or_else(String::new, |(isr, maximal)| {
                if isr == maximal { format!(" {isr}") } else { format!(" {isr}→{maximal}") }
            });
            format!("{name}{sign}leads {epoch}{isr}")
        }
        (_, Role::Leader { epoch }) => format!("{name}{sign}★{epoch}"),
        (_, Role::Follower { epoch, leader }) if in_words => {
            let whom = leader.map_or_else(|| "nobody".to_owned(), |leader| broker_name(names, leader));
            format!("{name}{sign}{glyph} follows {whom} {epoch}")
        }
        (_, Role::Follower { epoch, .. }) => format!("{name}{sign}{glyph}{epoch}"),
    };
    let style = match belief {
        Belief::Dead | Belief::Idle => theme::dim(),
        _ if belief.is_wrong() => theme::fault(),
        _ if replica.leads() => theme::leader(),
        _ => theme::text(),
    };
    (text, style)
}
