//! The partitions of a group, one row each: who owned it over time, and how far the group has come in it.

use ratatui::style::Style;
use tribunal::ids::{Offset, ProcessId};
use tribunal::time::Instant;
use tribunal::trace::view::{Holding, OwnedView};

use super::super::put::{Pane, short_time, width};
use super::{Stage, epoch_words};
use crate::screen::theme;

/// Columns of the names at the left, at least and at most.
const LEFT: (i32, i32) = (16, 26);
/// The shortest time that a ribbon shows, in µs.
const LEAST_US: u64 = 10_000;

/// Which time stands in which column.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: u64,
    span: u64,
    /// Where it begins.
    left: i32,
    columns: i32,
}

impl Window {
    /// The whole run, or a part of it: each level shows a quarter of the one before, most of it past.
    fn choose(stage: &Stage<'_>, left: i32, right: i32) -> Self {
        let end = stage.model.recording.end().0.max(1);
        let span = (end >> (2 * stage.model.span)).max(LEAST_US).min(end);
        let from = stage.model.now().0.saturating_sub(span / 4 * 3).min(end - span);
        Self { from, span, left, columns: right - left }
    }

    /// When a column begins.
    fn time(&self, column: i32) -> Instant {
        let (column, columns) = (u128::from(column.unsigned_abs()), u128::from(self.columns.max(1).unsigned_abs()));
        let part = u128::from(self.span) * column / columns;
        Instant(self.from.saturating_add(u64::try_from(part).unwrap_or(u64::MAX)))
    }

    /// The column of a time; `None` before the first.
    fn column(&self, at: Instant) -> Option<i32> {
        let part = u128::from(at.0.checked_sub(self.from)?) * u128::from(self.columns.unsigned_abs());
        let column = part / u128::from(self.span.max(1));
        Some(i32::try_from(column).unwrap_or(i32::MAX).min(self.columns - 1))
    }
}

/// A column of numbers at the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Idle,
    Processed,
    Committed,
    Position,
    HighWatermark,
    Lag,
}

impl Number {
    /// The columns that fit, the widest screen has all.
    fn fitting(columns: i32) -> &'static [Self] {
        match columns {
            ..72 => &[Self::Committed, Self::Lag],
            72..96 => &[Self::Committed, Self::Position, Self::Lag],
            96..120 => &[Self::Idle, Self::Committed, Self::Position, Self::HighWatermark, Self::Lag],
            _ => &[Self::Idle, Self::Committed, Self::Processed, Self::Position, Self::HighWatermark, Self::Lag],
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Processed => "processed",
            Self::Committed => "committed",
            Self::Position => "position",
            Self::HighWatermark => "HW",
            Self::Lag => "lag",
        }
    }

    fn columns(self) -> i32 {
        (width(self.title()) + 2).max(7)
    }
}

/// Draws the heading, the epochs, and as many partitions as there is room for, the selected one among them.
pub(super) fn draw(stage: &Stage<'_>, is_first: bool, rows: usize, pane: &mut Pane<'_>) {
    let numbers = Number::fitting(pane.width());
    let right = pane.width() - 1 - numbers.iter().map(|number| number.columns()).sum::<i32>();
    let window = Window::choose(stage, left(stage), right);
    let count = stage.last.owned.len();
    let chosen = if is_first { stage.model.row.min(count.saturating_sub(1)) } else { 0 };
    let first = chosen.saturating_sub(rows / 2).min(count.saturating_sub(rows));
    let part = if count > rows { format!(" ({}-{} of {count})", first + 1, first + rows) } else { String::new() };
    heading(stage, &window, &part, numbers, pane);
    if window.columns < 4 {
        return;
    }
    epochs(stage, &window, pane);
    if count == 0 {
        pane.put(3, 2, "nobody was ever given a partition", theme::dim());
    }
    for (y, (place, owned)) in (2..).zip(stage.last.owned.iter().enumerate().skip(first).take(rows)) {
        if is_first && place == chosen {
            pane.glyph(0, y, '▶', theme::leader());
        }
        let name = stage.model.recording.names.partition(owned.partition);
        pane.put_within(3, y, window.left - 4, &name, theme::strong());
        if let Some(now) = stage.group.owned(owned.partition) {
            cells(stage, &window, y, now, pane);
        } else {
            future(stage, &window, y, pane);
        }
        progress(stage, numbers, y, owned, pane);
    }
}

/// The columns that the longest of the names takes.
fn left(stage: &Stage<'_>) -> i32 {
    let names = stage.last.owned.iter().map(|owned| width(&stage.model.recording.names.partition(owned.partition)));
    (names.max().unwrap_or(0) + 4).clamp(LEFT.0, LEFT.1)
}

fn heading(stage: &Stage<'_>, window: &Window, part: &str, numbers: &[Number], pane: &mut Pane<'_>) {
    let title =
        if stage.model.span == 0 { "Who owned what".to_owned() } else { format!("Who owned what in {}", short_time(window.span)) };
    pane.heading(0, &format!("{title}{part}"), "");
    let mut end = pane.width() - 1;
    for number in numbers.iter().rev() {
        pane.put_left_of(end + 1, 0, &format!(" {} ", number.title()), theme::dim());
        end -= number.columns();
    }
}

/// When each epoch began, and where the cursor stands.
fn epochs(stage: &Stage<'_>, window: &Window, pane: &mut Pane<'_>) {
    pane.put(3, 1, epoch_words(stage.group.kind), theme::dim());
    let now = window.column(stage.model.now());
    let mut free = 0;
    for (at, epoch) in stage.group.epochs.iter() {
        let Some(x) = window.column(*at).filter(|x| *x >= free) else { continue };
        let words = epoch.to_string();
        let end = x + width(&words);
        if end <= window.columns && now.is_none_or(|now| now < x || now >= end) {
            pane.put(window.left + x, 1, &words, theme::text());
            free = end + 1;
        }
    }
    if let Some(x) = now {
        pane.glyph(window.left + x, 1, '▼', theme::strong());
    }
}

/// Who had a partition in a column's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Had {
    Nobody,
    One(ProcessId),
    Several,
}

fn cells(stage: &Stage<'_>, window: &Window, y: i32, owned: &OwnedView, pane: &mut Pane<'_>) {
    future(stage, window, y, pane);
    let now = window.column(stage.model.now()).unwrap_or(-1);
    let begin = stage.group.epochs.first().map_or(stage.model.now(), |(at, _)| *at);
    let mut last = None;
    for x in 0..=now.min(window.columns - 1) {
        let (from, end) = (window.time(x), window.time(x + 1).max(Instant(window.time(x).0.saturating_add(1))));
        // Of the column where the cursor stands only the past is known.
        let end = end.min(Instant(stage.model.now().0.saturating_add(1)));
        if end <= begin {
            pane.glyph(window.left + x, y, ' ', theme::text());
            continue;
        }
        let had = had(owned, from.max(begin), end);
        let (glyph, style) = look(stage, had, last == Some(had));
        pane.glyph(window.left + x, y, glyph, style);
        last = Some(had);
    }
}

fn look(stage: &Stage<'_>, had: Had, is_same: bool) -> (char, Style) {
    match had {
        Had::Nobody => ('·', theme::dim()),
        Had::Several => ('#', theme::fault()),
        Had::One(process) => {
            let (letter, style) = stage.sign(process);
            if is_same { ('━', style) } else { (letter, style.add_modifier(ratatui::style::Modifier::BOLD)) }
        }
    }
}

/// The worst of a time: two at once, then nobody for a part of it, then one; of those in turn the last.
fn had(owned: &OwnedView, from: Instant, end: Instant) -> Had {
    let mut seen: Vec<&Holding> = owned.holdings.iter().filter(|holding| holding.overlaps(from, end)).collect();
    let Some(last) = seen.last().copied() else { return Had::Nobody };
    seen.sort_by_key(|holding| holding.from);
    let over = |holding: &Holding| holding.end.unwrap_or(end).min(end);
    let is_double = seen.iter().enumerate().any(|(place, one)| {
        seen.iter().skip(place + 1).any(|other| other.process != one.process && other.from < over(one) && one.from < over(other))
    });
    let mut covered = from;
    let mut has_gap = false;
    for holding in &seen {
        has_gap |= holding.from > covered;
        covered = covered.max(over(holding));
    }
    match () {
        () if is_double => Had::Several,
        () if has_gap || covered < end => Had::Nobody,
        () => Had::One(last.process),
    }
}

fn future(stage: &Stage<'_>, window: &Window, y: i32, pane: &mut Pane<'_>) {
    let now = window.column(stage.model.now()).unwrap_or(-1);
    for x in now.saturating_add(1).max(0)..window.columns {
        pane.glyph(window.left + x, y, '╌', theme::faint());
    }
}

fn progress(stage: &Stage<'_>, numbers: &[Number], y: i32, owned: &OwnedView, pane: &mut Pane<'_>) {
    let now = stage.group.owned(owned.partition);
    let partition = stage.model.view.partition(owned.partition);
    let committed = partition.and_then(|partition| partition.committed_by(&stage.group.group));
    let reader = partition.zip(now).and_then(|(partition, now)| now.owners().filter_map(|owner| partition.reader(owner)).last());
    let high =
        partition.map(|partition| partition.leader().map_or_else(|| partition.committed_end(), |leader| leader.high_watermark));
    let number = |offset: Option<Offset>| offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
    let mut end = pane.width() - 1;
    for column in numbers.iter().rev() {
        let (words, style) = match column {
            Number::Idle => {
                let idle = now.map_or(0, |now| now.idle_us(stage.model.now()));
                (if idle == 0 { "-".to_owned() } else { short_time(idle) }, theme::text())
            }
            Number::Processed => (number(reader.and_then(|reader| reader.processed)), theme::text()),
            Number::Committed => (number(committed), theme::strong()),
            Number::Position => (number(reader.map(|reader| reader.position)), theme::client()),
            Number::HighWatermark => (number(high), theme::leader()),
            Number::Lag => {
                let lag = committed.zip(high).map(|(committed, high)| high.since(committed));
                let style = if lag == Some(0) { theme::dim() } else { theme::strong() };
                (lag.map_or_else(|| "-".to_owned(), |lag| lag.to_string()), style)
            }
        };
        pane.put_left_of(end, y, &words, style);
        end -= column.columns();
    }
}
