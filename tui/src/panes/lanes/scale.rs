//! The ruler that all lanes of a partition share: which offsets are seen, and in which columns.
//!
//! A boundary (HW, log end, a position) names the *next* offset and is drawn in the gutter before that offset's cell.
//!
//! Invariant: an offset has the same column in every lane.

use tribunal::ids::Offset;

use crate::screen::model::Zoom;

/// Offsets to columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The first offset seen.
    pub from: Offset,
    /// The first offset after it that is not seen any more.
    pub end: Offset,
    /// Columns a record takes, its gutter included; 1 has no gutter.
    pub pitch: i32,
    /// Records that share a column; more than 1 only with a pitch of 1.
    pub per_column: u64,
}

/// What a scale is chosen for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The first offset there is.
    pub start: Offset,
    /// The end of the longest log.
    pub end: Offset,
    /// Columns of the longest key.
    pub key_columns: i32,
    /// Columns there are.
    pub columns: i32,
    /// How the user wants it.
    pub zoom: Zoom,
    /// The offset that is to be seen; `None` for the log's end.
    pub around: Option<Offset>,
    /// How far the window was moved from there.
    pub scroll: i64,
}

/// The columns of a record drawn with its key: gutter, bracket, key, bracket.
fn with_keys(key_columns: i32) -> i32 {
    key_columns.max(1) + 3
}

impl Scale {
    /// The scale for a window.
    #[must_use]
    pub fn choose(wanted: Wanted) -> Self {
        let span = wanted.end.since(wanted.start);
        let keys = with_keys(wanted.key_columns);
        let fits = |pitch: i32| span < records(wanted.columns, pitch) || wanted.end == wanted.start;
        let (pitch, per_column) = match wanted.zoom {
            Zoom::Fitting if fits(keys) => (keys, 1),
            Zoom::Fitting | Zoom::Compact => (2, 1),
            Zoom::Keys => (keys, 1),
            Zoom::Dense => (1, 1),
            Zoom::Whole => (1, span.saturating_add(1).div_ceil(records(wanted.columns, 1).max(1))),
        };
        let seen = records(wanted.columns, pitch).max(1).saturating_mul(per_column);
        let from = if span < seen {
            wanted.start
        } else {
            // The window follows the log end and leaves room for what comes next.
            let follows = Offset(wanted.end.0.saturating_add(2).saturating_sub(seen));
            // A third of it shows what came before the offset that is to be seen.
            let from = wanted.around.map_or(follows, |offset| Offset(offset.0.saturating_sub(seen / 3)));
            Offset(from.0.saturating_add_signed(wanted.scroll)).min(follows).max(wanted.start)
        };
        Self { from, end: Offset(from.0.saturating_add(seen)), pitch, per_column }
    }

    /// Whether an offset's cell is seen.
    #[must_use]
    pub fn shows(&self, offset: Offset) -> bool {
        offset >= self.from && offset < self.end
    }

    /// Whether a boundary before an offset is seen; that after the last cell is.
    #[must_use]
    pub fn shows_boundary(&self, offset: Offset) -> bool {
        offset >= self.from && offset <= self.end
    }

    /// The column of the boundary before an offset, from the left edge of the lanes; the nearest edge when it is not seen.
    #[must_use]
    pub fn boundary(&self, offset: Offset) -> i32 {
        let offset = offset.clamp(self.from, self.end);
        let columns = offset.since(self.from) / self.per_column.max(1);
        i32::try_from(columns).unwrap_or(i32::MAX).saturating_mul(self.pitch)
    }

    /// The first column of an offset's cell.
    #[must_use]
    pub fn cell(&self, offset: Offset) -> i32 {
        self.boundary(offset) + i32::from(self.pitch > 1)
    }

    /// The column in the middle of an offset's cell.
    #[must_use]
    pub fn centre(&self, offset: Offset) -> i32 {
        self.cell(offset) + (self.pitch - 2).max(0) / 2
    }

    /// Whether cells show keys.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.pitch > 2
    }

    /// Columns of a key.
    #[must_use]
    pub fn key_columns(&self) -> i32 {
        self.pitch - 3
    }
}

/// How many records fit into columns, with room for the mark after the last.
fn records(columns: i32, pitch: i32) -> u64 {
    u64::try_from((columns - 1) / pitch.max(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(end: u64, columns: i32, zoom: Zoom) -> Wanted {
        Wanted { start: Offset(0), end: Offset(end), key_columns: 1, columns, zoom, around: None, scroll: 0 }
    }

    #[test]
    fn keys_are_shown_while_all_records_fit() {
        assert_eq!(Scale::choose(wanted(11, 51, Zoom::Fitting)).pitch, 4);
        assert_eq!(Scale::choose(wanted(12, 51, Zoom::Fitting)).pitch, 2);
        assert_eq!(Scale::choose(wanted(0, 3, Zoom::Fitting)).pitch, 4);
    }

    #[test]
    fn the_window_follows_the_log_end() {
        let scale = Scale::choose(wanted(1_000, 51, Zoom::Compact));
        assert!(scale.shows(Offset(999)));
        assert!(scale.shows_boundary(Offset(1_000)));
        assert!(scale.boundary(Offset(1_000)) < 51);
        let back = Scale::choose(Wanted { scroll: -2_000, ..wanted(1_000, 51, Zoom::Compact) });
        assert_eq!(back.from, Offset(0));
    }

    #[test]
    fn the_window_can_stand_around_an_offset() {
        let around = |offset| Wanted { around: Some(Offset(offset)), ..wanted(1_000, 51, Zoom::Compact) };
        for offset in [0, 1, 7, 500, 998, 999] {
            assert!(Scale::choose(around(offset)).shows(Offset(offset)), "{offset}");
        }
        let moved = Scale::choose(Wanted { scroll: 100, ..around(500) });
        assert_eq!(moved.from.since(Scale::choose(around(500)).from), 100);
        assert!(Scale::choose(Wanted { scroll: 5_000, ..around(500) }).shows(Offset(999)), "not beyond the log");
    }

    #[test]
    fn the_whole_log_fits_whatever_its_length() {
        for end in [0, 1, 49, 50, 51, 52, 100, 10_000, u64::MAX / 2] {
            let scale = Scale::choose(wanted(end, 51, Zoom::Whole));
            assert_eq!(scale.from, Offset(0), "{end}");
            assert!(scale.shows_boundary(Offset(end)), "{end}");
            assert!(scale.boundary(Offset(end)) < 51, "{end}");
        }
    }
}
