//! The Logs view: every replica's log of a partition on one ruler, so that divergence is a vertical fact.
//!
//! ```text
//!  offset          0   1   2   3   4
//!  epoch         ├─ e0 ──────────────┤
//!  acked           ✓   ✓   ✓   ✓   ✓
//!  ★ b1 leader    [a] [b] [c]║(d) (E)┤          LEO 5
//!    up                      ┃                  HW 3
//! ```
//!
//! Each lane shows what that replica itself holds and knows; the one line through all lanes is the leader's high watermark.
//!
//! Invariant: HW, log end and positions are boundaries and stand between cells; shape carries the meaning, colour repeats it.

mod lane;
pub mod readers;
mod rows;
mod scale;

use tribunal::ids::Offset;
use tribunal::trace::Keys;
use tribunal::trace::view::{PartitionView, ReplicaView};

use super::put::{Pane, width};
use crate::screen::recording::{Shown, broker_name};
use crate::screen::{Model, theme};
use rows::Risk;
use scale::{Scale, Wanted};

/// Columns of the names at the left, at least.
const LEFT: i32 = 16;
/// Columns of the numbers at the right.
const RIGHT: i32 = 15;
/// The most rows for readers.
const READERS: usize = 6;
/// How many offsets before the log start are seen.
const EXPIRED: u64 = 2;

/// A partition being drawn.
struct Stage<'a> {
    model: &'a Model,
    partition: &'a PartitionView,
    /// The same at the beat before: what was there then and is gone now is drawn as a ghost.
    before: Option<&'a PartitionView>,
    scale: Scale,
    /// Columns of the names at the left.
    left: i32,
    risks: Vec<Risk>,
    /// The offsets that claims found broken by now are about.
    verdicts: Vec<Offset>,
    /// What its keys are.
    keys: Keys,
    /// What all its keys begin with: cells leave it out.
    prefix: &'a str,
}

impl Stage<'_> {
    /// A key as a cell shows it.
    fn words(&self, key: &[u8], most: usize) -> String {
        cell_words(self.keys, self.prefix, key, most)
    }
}

fn cell_words(keys: Keys, prefix: &str, key: &[u8], most: usize) -> String {
    keys.words(key.strip_prefix(prefix.as_bytes()).unwrap_or(key), most)
}

/// Which rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    lane_rows: i32,
    readers: usize,
    risks: usize,
    has_epochs: bool,
    has_acked: bool,
    has_legend: bool,
}

impl Plan {
    fn rows(self, lanes: usize) -> i32 {
        let lanes = i32::try_from(lanes).unwrap_or(i32::MAX / 4).saturating_mul(self.lane_rows);
        let others = 2 + i32::from(self.has_epochs) + i32::from(self.has_acked) + i32::from(self.has_legend);
        lanes.saturating_add(others).saturating_add(i32::try_from(self.readers + self.risks).unwrap_or(0))
    }

    /// The fullest plan that fits into `height` rows, or else the barest.
    fn choose(height: i32, lanes: usize, readers: usize, risks: usize) -> Self {
        let full = Self {
            lane_rows: 3,
            readers: readers.min(READERS),
            risks: risks.min(3),
            has_epochs: true,
            has_acked: true,
            has_legend: true,
        };
        let steps: [fn(Self) -> Self; 11] = [
            |plan| Self { lane_rows: 2, ..plan },
            |plan| Self { risks: plan.risks.min(1), ..plan },
            |plan| Self { readers: plan.readers.min(3), ..plan },
            |plan| Self { readers: plan.readers.min(2), ..plan },
            |plan| Self { has_legend: false, ..plan },
            |plan| Self { readers: plan.readers.min(1), ..plan },
            |plan| Self { lane_rows: 1, has_legend: true, ..plan },
            |plan| Self { has_legend: false, ..plan },
            |plan| Self { has_epochs: false, ..plan },
            |plan| Self { readers: 0, ..plan },
            |plan| Self { risks: 0, has_acked: false, ..plan },
        ];
        let mut plan = full;
        for step in steps {
            if plan.rows(lanes) <= height {
                break;
            }
            plan = step(plan);
        }
        plan
    }
}

/// How many rows the partitions would like, of `most`. The one looked at comes first, others as far as they fit well.
#[must_use]
pub fn wanted_rows(model: &Model, most: i32) -> i32 {
    let mut rows = 0;
    for shown in in_turn(model) {
        let height = wanted_by(model, shown);
        if rows > 0 && rows + height > most * 3 / 5 {
            break;
        }
        rows += height;
    }
    rows.max(8)
}

/// The rows one partition would like.
fn wanted_by(model: &Model, shown: &Shown) -> i32 {
    let partition = model.partition_view(shown);
    // Risks come and go; their rows are kept free, so that stepping does not move everything.
    let plan = Plan::choose(i32::MAX, 0, readers::all(&partition).len().max(shown.readers.rows), 2);
    let before = shown.id.and_then(|id| model.before.partition(id));
    Plan { risks: 2, ..plan }.rows(lanes(&partition, before).count())
}

/// The rows without which the partition looked at hides what it is to show: its lanes with their state, the readers, the legend.
#[must_use]
pub fn least_rows(model: &Model) -> i32 {
    let Some(shown) = model.shown() else { return 0 };
    let full = Plan::choose(i32::MAX, 0, shown.readers.rows.min(3), 0);
    Plan { lane_rows: 2, ..full }.rows(shown.replicas.len())
}

/// The replicas that have a lane: a deleted one only at the beat that deletes it.
fn lanes<'a>(partition: &'a PartitionView, before: Option<&'a PartitionView>) -> impl Iterator<Item = &'a ReplicaView> {
    let was_there = move |broker| before.and_then(|before| before.replica(broker)).is_some_and(|replica| !replica.is_deleted);
    partition.replicas.iter().filter(move |replica| !replica.is_deleted || was_there(replica.broker))
}

/// The partitions, the one looked at first, then those after it.
fn in_turn(model: &Model) -> impl Iterator<Item = &Shown> {
    model.recording.partitions.iter().skip(model.partition())
}

/// Draws the partition looked at, and those after it as far as they fit.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    let mut y = 0;
    for shown in in_turn(model) {
        let left = pane.height() - y;
        let wanted = wanted_by(model, shown);
        let is_first = y == 0;
        if left < 8 || (!is_first && wanted > left) {
            break;
        }
        let height = wanted.min(left);
        let mut part = pane.part(0, y, pane.width(), height);
        draw_partition(model, shown, &mut part);
        y += height;
    }
    if model.recording.partitions.is_empty() {
        pane.heading(0, "Logs", "");
        pane.put(2, 2, "This run makes no partition.", theme::dim());
    }
}

fn draw_partition(model: &Model, shown: &Shown, pane: &mut Pane<'_>) {
    let partition = &model.partition_view(shown);
    let left = (shown.readers.columns + 4).clamp(LEFT, if pane.width() < 100 { 22 } else { 30 });
    let columns = pane.width() - left - RIGHT;
    if columns < 6 {
        return heading(model, shown, partition, pane, false);
    }
    let before = shown.id.and_then(|id| model.before.partition(id));
    let replicas: Vec<&ReplicaView> = lanes(partition, before).collect();
    let keys = Keys::of(&shown.name);
    let is_looked_at = model.shown() == Some(shown);
    // What was cut at this step is still seen.
    let was = |replica: &&ReplicaView| before.and_then(|before| before.replica(replica.broker));
    let wanted = Wanted {
        start: replicas.iter().filter_map(was).map(|replica| replica.start).fold(expired(partition.start()), Offset::min),
        end: replicas.iter().filter_map(was).map(|replica| replica.end).fold(partition.end(), Offset::max),
        key_columns: key_columns(partition, (keys, &shown.key_prefix), columns),
        columns,
        zoom: model.zoom,
        around: if is_looked_at { model.hand.map_or_else(|| model.around(), |hand| hand.around) } else { None },
        scroll: model.hand.map_or(0, |hand| hand.by),
    };
    let (scale, risks, verdicts) = (Scale::choose(wanted), rows::risks(partition), verdicts(model, shown));
    let stage = Stage { model, partition, before, scale, left, risks, verdicts, keys, prefix: &shown.key_prefix };
    heading(model, shown, partition, pane, stage.scale.has_keys());
    let readings = readers::all(partition);
    let plan = Plan::choose(pane.height(), replicas.len(), readings.len(), stage.risks.len());
    let mut y = 1;
    rows::ruler(&stage, pane, y);
    y += 1;
    if plan.has_epochs {
        rows::epochs(&stage, pane, y);
        y += 1;
    }
    if plan.has_acked {
        rows::acked(&stage, pane, y);
        y += 1;
    }
    let bottom = pane.height() - i32::from(plan.has_legend);
    let top = y;
    for replica in replicas {
        if y >= bottom {
            break;
        }
        lane::draw(&stage, pane, y, plan.lane_rows, replica);
        y += plan.lane_rows;
    }
    readers::draw(&stage, pane, y, plan.readers, &readings);
    y += i32::try_from(plan.readers).unwrap_or(0);
    wall(&stage, pane, top, y.min(bottom));
    for risk in stage.risks.iter().take(plan.risks) {
        rows::risk(&stage, pane, y, risk);
        y += 1;
    }
    if plan.has_legend {
        rows::legend(&stage, pane, pane.height() - 1);
    }
}

/// The offsets of a partition that claims found broken by now are about.
fn verdicts(model: &Model, shown: &Shown) -> Vec<Offset> {
    let by_now = model.recording.broken().filter(|(step, _)| *step <= model.cursor());
    let places = by_now.filter_map(|(_, finding)| finding.place);
    places.filter(|(partition, _)| Some(*partition) == shown.id).map(|(_, offset)| offset).collect()
}

/// Of what has expired the last few offsets are seen, so that one sees that there was something.
fn expired(start: Offset) -> Offset {
    Offset(start.0.saturating_sub(EXPIRED))
}

fn heading(model: &Model, shown: &Shown, partition: &PartitionView, pane: &mut Pane<'_>, has_keys: bool) {
    let names = &model.recording.names;
    let count = model.recording.partitions.len();
    let nth = model.recording.partitions.iter().position(|known| known == shown).map_or(1, |place| place + 1);
    let mut title = if count > 1 { format!("{} ({nth} of {count})", shown.name) } else { shown.name.clone() };
    if has_keys && !shown.key_prefix.is_empty() {
        title.push_str(&format!(" · keys {}…", shown.key_prefix));
    }
    let Some(committed) = &partition.committed else {
        return pane.heading_styled(0, &title, "not created yet", theme::strong());
    };
    if partition.is_deleted {
        return pane.heading_styled(0, &title, "its topic was deleted", theme::fault());
    }
    let leader = committed.leader.map_or_else(|| "no leader".to_owned(), |leader| format!("leader {}", broker_name(names, leader)));
    let all: Vec<String> = committed.replicas.iter().map(|broker| broker.0.to_string()).collect();
    let min = partition.min_insync.map_or_else(String::new, |min| format!(" · min {min}"));
    let mut isr = format!("{leader} · {} · ISR {}", committed.epoch, committed.isr);
    if !committed.elr.is_empty() {
        isr.push_str(&format!(" ELR {}", committed.elr));
    }
    let all = format!("{isr} of {{{}}}", all.join(","));
    let room = pane.width() - width(&title) - 8;
    let right = [format!("{all}{min}"), all, isr.clone()].into_iter().find(|words| width(words) <= room).unwrap_or(isr);
    pane.heading_styled(0, &title, &right, theme::strong());
}

/// The leader's high watermark: one unbroken line through all lanes and readers, wherever nothing else stands.
fn wall(stage: &Stage<'_>, pane: &mut Pane<'_>, top: i32, bottom: i32) {
    let Some(leader) = stage.partition.leader() else { return };
    if !stage.scale.shows_boundary(leader.high_watermark) || stage.scale.pitch == 1 {
        return;
    }
    let x = stage.left + stage.scale.boundary(leader.high_watermark);
    for y in top..bottom {
        pane.glyph_if_blank(x, y, '┃', ratatui::style::Style::new().fg(theme::LEADER));
    }
}

/// Columns of the longest key that could be seen, so that all cells are equally wide.
fn key_columns(partition: &PartitionView, (of, prefix): (Keys, &str), columns: i32) -> i32 {
    let seen = u64::try_from(columns).unwrap_or(0) / 4;
    let from = Offset(partition.end().0.saturating_sub(seen));
    let keys = partition.replicas.iter().flat_map(|replica| replica.cells(from, partition.end()));
    keys.filter_map(|cell| cell.key).map(|key| width(&cell_words(of, prefix, key, of.longest()))).max().unwrap_or(1)
}
