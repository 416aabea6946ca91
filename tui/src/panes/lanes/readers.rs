//! Who reads a partition, on the ruler of its lanes: positions, and what their groups have committed.
//!
//! ```text
//!    c1 of g1     ━━━━━━━━▲━━━━▶            lag   3
//!    g2 left      ━━━━▲
//!    +2 readers   ━━━━▶━━━━━▶               lag  ≤9
//! ```
//!
//! Invariant: nobody who reads is left out: those without a row of their own share the last one.

use tribunal::ids::Offset;
use tribunal::trace::Names;
use tribunal::trace::view::{PartitionView, ProcessState, Reader, ReplicaView};

use super::super::put::{Pane, width};
use super::{RIGHT, Stage};
use crate::screen::theme;

/// A row: a consumer with what its group has committed, or a group of which nobody reads now.
pub struct Reading<'a> {
    reader: Option<&'a Reader>,
    group: Option<&'a str>,
    committed: Option<Offset>,
}

impl Reading<'_> {
    /// Who it is, and for whom: `c1` `of g1`, `c1` `reads`, `g1` `left`.
    #[must_use]
    pub fn words(&self, names: &Names) -> [String; 2] {
        match (self.reader, self.group) {
            (Some(reader), Some(group)) => [names.process(reader.consumer).into_owned(), format!("of {group}")],
            (Some(reader), None) => [names.process(reader.consumer).into_owned(), "reads".to_owned()],
            (None, group) => [group.unwrap_or_default().to_owned(), "left".to_owned()],
        }
    }

    fn position(&self) -> Option<Offset> {
        self.reader.map(|reader| reader.position)
    }

    /// How far it is behind what may be read, by its position, or where nobody reads, by what is committed.
    fn lag(&self, partition: &PartitionView) -> Option<u64> {
        let high_watermark = partition.leader()?.high_watermark;
        self.position().or(self.committed).map(|at| high_watermark.since(at))
    }
}

/// The rows of a partition.
#[must_use]
pub fn all(partition: &PartitionView) -> Vec<Reading<'_>> {
    let of_reader = |reader: &'_ Reader| reader.group.as_ref().and_then(|group| partition.committed_by(group));
    let readers = partition.readers.iter().map(|reader| Reading {
        reader: Some(reader),
        group: reader.group.as_ref().map(|group| group.as_str()),
        committed: of_reader(reader),
    });
    let is_read = |group: &str| partition.readers.iter().any(|reader| reader.group.as_ref().is_some_and(|of| of.as_str() == group));
    let idle = partition.commits.iter().filter(|commit| !is_read(&commit.group));
    let idle = idle.map(|commit| Reading { reader: None, group: Some(&commit.group), committed: Some(commit.offset) });
    readers.chain(idle).collect()
}

/// Draws as many rows as there are for readers; when they are more, the last row is shared.
pub(super) fn draw(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, rows: usize, readings: &[Reading<'_>]) {
    let own = if readings.len() > rows { rows.saturating_sub(1) } else { readings.len() };
    let (first, rest) = readings.split_at_checked(own).unwrap_or((readings, &[]));
    let mut y = y;
    for reading in first {
        one(stage, pane, y, reading);
        y += 1;
    }
    if rows > 0 && !rest.is_empty() {
        shared(stage, pane, y, rest);
    }
}

fn one(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, reading: &Reading<'_>) {
    let [name, rest] = reading.words(&stage.model.recording.names);
    let style = if reading.reader.is_some() { theme::client() } else { theme::text() };
    let x = pane.put_within(3, y, stage.left - 4, &name, style);
    pane.put_within(x + 1, y, stage.left - x - 2, &rest, theme::dim());
    line(stage, pane, y, std::slice::from_ref(reading));
    lag(pane, y, &reading.lag(stage.partition).map_or_else(|| "?".to_owned(), |lag| lag.to_string()));
}

/// The row of several: who they are when that fits, each with its mark, and how far the last of them is behind.
fn shared(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, rest: &[Reading<'_>]) {
    let names: Vec<String> = rest.iter().map(|reading| reading.words(&stage.model.recording.names)[0].clone()).collect();
    let named = format!("+{} {}", rest.len(), names.join(" "));
    let room = stage.left - 4;
    let words = if width(&named) <= room { named } else { format!("+{} readers", rest.len()) };
    pane.put_within(3, y, room, &words, theme::client());
    line(stage, pane, y, rest);
    let worst = rest.iter().filter_map(|reading| reading.lag(stage.partition)).max();
    lag(pane, y, &worst.map_or_else(|| "?".to_owned(), |worst| format!("≤{worst}")));
}

fn lag(pane: &mut Pane<'_>, y: i32, lag: &str) {
    pane.put(pane.width() - RIGHT + 2, y, "lag", theme::dim());
    pane.put_left_of(pane.width() - 1, y, lag, theme::text());
}

/// Whether it reads on, stands still, or is down.
fn mark(stage: &Stage<'_>, reader: &Reader) -> char {
    let state = stage.model.view.process(reader.consumer).map(|known| known.state).unwrap_or_default();
    match state {
        ProcessState::Down(_) | ProcessState::Halted | ProcessState::Stopped => '✖',
        ProcessState::Paused => '‖',
        ProcessState::NotStarted | ProcessState::Up if reader.is_paused => '‖',
        ProcessState::NotStarted | ProcessState::Up => '▶',
    }
}

/// A line as far as the farthest has come, with a mark wherever one stands: `▶` reads on, `‖` does not, `▲` has committed.
fn line(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, readings: &[Reading<'_>]) {
    let (scale, left) = (&stage.scale, stage.left);
    let reached = |reading: &Reading<'_>| reading.position().max(reading.committed);
    let Some(far) = readings.iter().filter_map(reached).max() else { return };
    let reads = readings.iter().any(|reading| reading.reader.is_some());
    let style = if reads { theme::client() } else { theme::dim() };
    if far < scale.from {
        pane.put(left, y, &format!("‹ at {far}"), style);
        return;
    }
    for x in left..left + scale.boundary(far) {
        pane.glyph(x, y, '━', style);
    }
    if far > scale.end {
        pane.glyph(left + scale.boundary(scale.end), y, '›', style);
    }
    for reader in readings.iter().filter_map(|reading| reading.reader).filter(|reader| scale.shows_boundary(reader.position)) {
        pane.glyph(left + scale.boundary(reader.position), y, mark(stage, reader), style);
    }
    // Where both are the same the commit is the rarer news.
    for committed in readings.iter().filter_map(|reading| reading.committed).filter(|committed| scale.shows_boundary(*committed)) {
        pane.glyph(left + scale.boundary(committed), y, '▲', theme::strong());
    }
}

/// What the marks mean, as far as there are any.
pub(super) fn legend(stage: &Stage<'_>) -> Vec<(&'static str, ratatui::style::Style, &'static str)> {
    let (partition, scale) = (stage.partition, &stage.scale);
    let mut entries = Vec::new();
    let has = |of: &dyn Fn(&ReplicaView) -> bool| partition.replicas.iter().any(of);
    if has(&|replica| replica.compacted(scale.from, scale.end).next().is_some()) {
        entries.push(("·", theme::dim(), "compacted away"));
    }
    if has(&|replica| replica.cleaned.is_some_and(|cleaned| scale.shows_boundary(cleaned))) {
        entries.push(("¦", theme::dim(), "clean below"));
    }
    if has(&|replica| replica.cells(scale.from, scale.end).any(|cell| cell.is_tombstone)) {
        entries.push(("†", theme::text(), "tombstone"));
    }
    if has(&|replica| replica.start > Offset::ZERO) {
        entries.push(("╌", theme::dim(), "expired"));
    }
    for (sign, glyph, words) in [('▶', "▶", "reads on"), ('‖', "‖", "paused")] {
        if partition.readers.iter().any(|reader| mark(stage, reader) == sign) {
            entries.push((glyph, theme::client(), words));
        }
    }
    if !partition.commits.is_empty() {
        entries.push(("▲", theme::strong(), "committed offset"));
    }
    debug_assert!(entries.iter().all(|(glyph, _, _)| width(glyph) == 1));
    entries
}
