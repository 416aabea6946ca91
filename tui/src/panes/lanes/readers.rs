//! Who reads a partition, on the ruler of its lanes: positions, and what their groups have committed.
//!
//! ```text
//!    c1 of g1     ━━━━━━━━▲━━━━▶            lag   3
//!    g2 committed ━━━━▲
//! ```

use tribunal::ids::Offset;
use tribunal::trace::view::{PartitionView, Reader};

use super::super::put::{Pane, width};
use super::{LEFT, RIGHT, Stage};
use crate::screen::theme;

/// A row: a consumer with what its group has committed, or a group of which nobody reads now.
pub(super) struct Reading<'a> {
    reader: Option<&'a Reader>,
    group: Option<&'a str>,
    committed: Option<Offset>,
}

/// The rows of a partition.
pub(super) fn all(partition: &PartitionView) -> Vec<Reading<'_>> {
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

pub(super) fn draw(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, reading: &Reading<'_>) {
    name(stage, pane, y, reading);
    let position = reading.reader.map(|reader| reader.position);
    let scale = &stage.scale;
    if let Some(far) = position.max(reading.committed).filter(|far| *far >= scale.from) {
        let style = if position.is_some() { theme::client() } else { theme::dim() };
        for x in LEFT..LEFT + scale.boundary(far) {
            pane.glyph(x, y, '━', style);
        }
        if let Some(position) = position.filter(|position| scale.shows_boundary(*position)) {
            pane.glyph(LEFT + scale.boundary(position), y, '▶', style);
        }
        // Where both are the same the commit is the rarer news.
        if let Some(committed) = reading.committed.filter(|committed| scale.shows_boundary(*committed)) {
            pane.glyph(LEFT + scale.boundary(committed), y, '▲', theme::strong());
        }
    }
    let x = pane.width() - RIGHT + 2;
    let high_watermark = stage.partition.leader().map(|leader| leader.high_watermark);
    pane.put(x, y, "lag", theme::dim());
    let lag = high_watermark.zip(position.or(reading.committed));
    let lag = lag.map_or_else(|| "?".to_owned(), |(high, at)| high.since(at).to_string());
    pane.put_left_of(pane.width() - 1, y, &lag, theme::text());
}

fn name(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, reading: &Reading<'_>) {
    let Some(reader) = reading.reader else {
        let x = pane.put_within(3, y, LEFT - 9, reading.group.unwrap_or_default(), theme::text());
        pane.put_within(x + 1, y, LEFT - x - 2, "left", theme::dim());
        return;
    };
    let name = stage.model.recording.names.process(reader.consumer);
    let x = pane.put_within(3, y, LEFT - 10, &name, theme::client());
    let words = reading.group.map_or_else(|| "reads".to_owned(), |group| format!("of {group}"));
    pane.put_within(x + 1, y, LEFT - x - 2, &words, theme::dim());
}

/// What the marks mean, as far as there are any.
pub(super) fn legend(partition: &PartitionView) -> Vec<(&'static str, ratatui::style::Style, &'static str)> {
    let mut entries = Vec::new();
    if !partition.commits.is_empty() {
        entries.push(("▲", theme::strong(), "committed offset"));
    }
    let is_compacted = partition.replicas.iter().any(|replica| replica.cleaned.is_some());
    if is_compacted {
        entries.push(("·", theme::dim(), "compacted away"));
        entries.push(("†", theme::text(), "tombstone"));
    }
    if partition.replicas.iter().any(|replica| replica.start > Offset::ZERO) {
        entries.push(("╌", theme::dim(), "expired"));
    }
    debug_assert!(entries.iter().all(|(glyph, _, _)| width(glyph) == 1));
    entries
}
