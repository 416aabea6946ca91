//! The Groups view: a group's members with what they own and are to own, who owned each partition until now, and how far the
//! group has come in it.
//!
//! ```text
//! ─ g1 ─────────── consumer · epoch 4 · Reconciling for 96ms · coordinator b2 ─
//!    There is a new plan: each member gives back what others are to have, then takes its own.
//!    member     epoch  current assignment  target assignment  state
//!  A c1-1.1         4  orders-0,2          orders-0           revoking
//!  B c2-1.1       3≠4  —                   orders-2           waiting
//! ─ Who owned what ──────────────────────────── idle  committed  position  lag ─
//!    epoch      1     2        4    ▼
//!    orders-0   A━━━━━━━━━━━━━━━━━━━╌╌╌╌╌╌╌       0s         5         6    1
//! ```
//!
//! Invariant: "current" and the ribbon are the consumers' own word, "target" and the epoch the coordinator's; `≠` stands where
//! they contradict each other. A column shows the worst of its time: two owners over nobody over one.

mod doing;
mod members;
mod ribbon;

use tribunal::event::{GroupKind, GroupState};
use tribunal::ids::ProcessId;
use tribunal::trace::View;
use tribunal::trace::view::GroupView;

use super::put::{Pane, short_time, width};
use crate::screen::{Model, theme};

/// The letters of consumers, in the order they came into their group.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The rows that are neither a member's nor a partition's: two headings, two headers.
const FRAME: usize = 4;
/// With fewer rows there is none for the sentence on what the group is doing, unless all else fits.
const TOLD: i32 = 11;

/// A group being drawn: as it is now, and as it is in the end, so that nothing moves while one steps.
struct Stage<'a> {
    model: &'a Model,
    group: &'a GroupView,
    last: &'a GroupView,
}

impl Stage<'_> {
    /// The letter and colour of a consumer.
    fn sign(&self, process: ProcessId) -> (char, ratatui::style::Style) {
        let place = self.last.consumers.iter().position(|known| known.process == process);
        let letter = place.and_then(|place| LETTERS.chars().nth(place)).unwrap_or('+');
        let palette = [theme::EPOCHS[0], theme::EPOCHS[1], theme::EPOCHS[2], theme::CLIENT];
        let colour = place.and_then(|place| palette.get(place % palette.len())).copied().unwrap_or(theme::TEXT);
        (letter, ratatui::style::Style::new().fg(colour))
    }
}

/// How many rows the groups would like, of `most`.
#[must_use]
pub fn wanted_rows(model: &Model, most: i32) -> i32 {
    let mut rows = 0;
    for last in in_turn(model) {
        let height = wanted_by(last);
        if rows > 0 && rows + height > most {
            break;
        }
        rows += height;
    }
    rows.max(8)
}

/// The rows without which the group looked at hides a member or a partition.
#[must_use]
pub fn least_rows(model: &Model) -> i32 {
    in_turn(model).next().map_or(0, |last| wanted_by(last) - 2)
}

/// The rows that a group would like: what it is doing, all its members and partitions, and the legend.
fn wanted_by(last: &GroupView) -> i32 {
    i32::try_from(last.consumers.len() + last.owned.len().max(1) + FRAME + 3).unwrap_or(i32::MAX / 4)
}

/// The groups, the one looked at first, then those after it.
fn in_turn(model: &Model) -> impl Iterator<Item = &GroupView> {
    model.recording.groups.iter().skip(model.group)
}

/// Draws the group looked at, and those after it as far as they fit.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    let mut y = 0;
    for last in in_turn(model) {
        let (left, wanted) = (pane.height() - y, wanted_by(last));
        if y > 0 && wanted > left {
            break;
        }
        let height = wanted.min(left);
        draw_group(model, last, y == 0, &mut pane.part(0, y, pane.width(), height));
        y += height;
    }
    if model.recording.groups.is_empty() {
        pane.heading(0, "Groups", "");
        pane.put(2, 2, "This run has no group. Who reads without one stands in view 2, below the logs.", theme::dim());
    }
}

/// How the rows of a pane are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    is_told: bool,
    members: usize,
    partitions: usize,
    has_legend: bool,
}

impl Plan {
    fn choose(height: i32, members: usize, partitions: usize) -> Self {
        let rows = usize::try_from(height).unwrap_or(0);
        let partitions = partitions.max(1);
        let is_told = height >= TOLD || rows > FRAME + members + partitions;
        let room = rows.saturating_sub(FRAME + usize::from(is_told));
        let has_legend = members + partitions < room;
        let room = room - usize::from(has_legend);
        let least = partitions.min(room.div_ceil(2));
        let members = members.min(room - least);
        Self { is_told, members, partitions: partitions.min(room - members), has_legend }
    }
}

fn draw_group(model: &Model, last: &GroupView, is_first: bool, pane: &mut Pane<'_>) {
    let Some(group) = model.view.group(&last.group) else {
        pane.heading_styled(0, &title(model, last), "not there yet", theme::strong());
        return;
    };
    let stage = Stage { model, group, last };
    pane.heading_styled(
        0,
        &title(model, last),
        &standing(model, group, pane.width() - width(&title(model, last)) - 8),
        theme::strong(),
    );
    let now = members::rows(&stage, &model.view);
    let before = model.before.group(&last.group).map(|group| members::rows(&Stage { model, group, last }, &model.before));
    let plan = Plan::choose(pane.height(), now.len(), last.owned.len());
    if plan.is_told {
        let (words, style) = doing::sentence(&stage, &now);
        pane.put_within(3, 1, pane.width() - 4, &words, style);
    }
    let top = 1 + i32::from(plan.is_told);
    let shown = i32::try_from(plan.members).unwrap_or(0);
    members::draw(&now, &before.unwrap_or_default(), plan.members, &mut pane.part(0, top, pane.width(), 1 + shown));
    let y = top + 1 + shown;
    let (columns, rows) = (pane.width(), pane.height() - y - i32::from(plan.has_legend));
    ribbon::draw(&stage, is_first, plan.partitions, &mut pane.part(0, y, columns, rows));
    if plan.has_legend {
        legend(&mut pane.part(0, y + 2 + i32::try_from(plan.partitions).unwrap_or(0), columns, 1));
    }
}

fn title(model: &Model, last: &GroupView) -> String {
    let count = model.recording.groups.len();
    let nth = model.recording.groups.iter().position(|known| known.group == last.group).map_or(1, |place| place + 1);
    if count > 1 { format!("{} ({nth} of {count})", last.group) } else { last.group.to_string() }
}

/// `consumer · epoch 4 · Reconciling for 96ms · coordinator b2 · uniform`, without its ends where there is less room.
fn standing(model: &Model, group: &GroupView, room: i32) -> String {
    let mut words = Vec::new();
    words.push(format!("{} {}", epoch_words(group.kind), group.epoch));
    if let Some(state) = group.state {
        let is_calm = matches!(state, GroupState::Stable | GroupState::Empty | GroupState::Dead);
        let since = model.now().since(group.since);
        words.push(if is_calm { format!("{state:?}") } else { format!("{state:?} for {}", short_time(since.0)) });
    }
    // Who coordinates it is told again where it is not as it should be.
    let (least, state) = (words.join(" · "), words.last().cloned().unwrap_or_default());
    words.push(coordinator(model, group));
    let brief = words.join(" · ");
    let kind = group.kind.map_or_else(String::new, |kind| format!("{} · ", kind_words(kind)));
    let assignor = if group.assignor.is_empty() { String::new() } else { format!(" · {}", group.assignor) };
    let full = [format!("{kind}{brief}{assignor}"), format!("{kind}{brief}"), brief, least];
    full.into_iter().find(|words| width(words) <= room).unwrap_or(state)
}

fn coordinator(model: &Model, group: &GroupView) -> String {
    let Some(process) = group.coordinator else { return "no coordinator".to_owned() };
    let name = model.recording.names.process(process);
    match model.view.process(process) {
        Some(known) if known.is_dead() => format!("coordinator {name} ✖ down"),
        _ if group.is_loading => format!("coordinator {name} loading"),
        _ => format!("coordinator {name}"),
    }
}

fn kind_words(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Classic => "classic",
        GroupKind::Consumer => "consumer",
    }
}

fn epoch_words(kind: Option<GroupKind>) -> &'static str {
    match kind {
        Some(GroupKind::Classic) => "generation",
        Some(GroupKind::Consumer) | None => "epoch",
    }
}

fn legend(pane: &mut Pane<'_>) {
    let mut x = 3;
    for (glyph, style, words) in [
        ("A━", theme::text(), "its owner"),
        ("·", theme::text(), "nobody"),
        ("#", theme::fault(), "two believe it"),
        ("≠", theme::fault(), "not as the coordinator has it"),
        ("lag", theme::dim(), "= HW − committed"),
    ] {
        if x + width(glyph) + 1 + width(words) >= pane.width() {
            break;
        }
        x = pane.put(x, 0, glyph, style);
        x = pane.put(x + 1, 0, words, theme::dim()) + 2;
    }
}

/// The partition that is selected in the group looked at.
#[must_use]
pub fn selected(model: &Model) -> Option<tribunal::ids::TopicPartition> {
    in_turn(model).next()?.owned.get(model.row).map(|owned| owned.partition)
}

/// Whether a process is dead in a picture.
fn is_dead(view: &View, process: ProcessId) -> bool {
    view.process(process).is_some_and(tribunal::trace::view::ProcessView::is_dead)
}

#[cfg(test)]
mod tests;
