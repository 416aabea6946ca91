//! Drawing that never leaves its pane: signed coordinates, clipped on all four sides, one column a glyph.
//!
//! Invariant: whatever is asked, nothing is written outside the pane, and nothing panics.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::screen::theme;

/// A part of a buffer, with its own coordinates from its top left corner.
pub struct Pane<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Pane<'a> {
    /// The part of a buffer in `area`, as far as the buffer has it.
    pub fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area }
    }

    /// A part of the pane, with its own coordinates.
    pub fn part(&mut self, x: i32, y: i32, width: i32, height: i32) -> Pane<'_> {
        let inside = |value: i32, most: u16| u16::try_from(value.max(0)).unwrap_or(u16::MAX).min(most);
        let (x, y) = (inside(x, self.area.width), inside(y, self.area.height));
        let (width, height) = (inside(width, self.area.width - x), inside(height, self.area.height - y));
        Pane { area: Rect::new(self.area.x + x, self.area.y + y, width, height), buffer: self.buffer }
    }

    /// Its width in columns.
    #[must_use]
    pub fn width(&self) -> i32 {
        i32::from(self.area.width)
    }

    /// Its height in rows.
    #[must_use]
    pub fn height(&self) -> i32 {
        i32::from(self.area.height)
    }

    /// Writes text from a column on. Returns the column after it, whether or not it was seen.
    pub fn put(&mut self, x: i32, y: i32, text: &str, style: Style) -> i32 {
        let mut x = x;
        for glyph in text.chars() {
            self.glyph(x, y, narrow(glyph), style);
            x = x.saturating_add(1);
        }
        x
    }

    /// Writes text that ends before column `end`.
    pub fn put_left_of(&mut self, end: i32, y: i32, text: &str, style: Style) {
        self.put(end.saturating_sub(width(text)), y, text, style);
    }

    /// Writes text, cut to `most` columns with `…` when it is longer.
    pub fn put_within(&mut self, x: i32, y: i32, most: i32, text: &str, style: Style) -> i32 {
        self.put(x, y, &shortened(text, most), style)
    }

    /// Writes one glyph.
    pub fn glyph(&mut self, x: i32, y: i32, glyph: char, style: Style) {
        if let Some(cell) = self.cell(x, y) {
            cell.set_char(glyph).set_style(style);
        }
    }

    /// Writes one glyph where nothing stands yet, keeping the ground.
    pub fn glyph_if_blank(&mut self, x: i32, y: i32, glyph: char, style: Style) {
        if let Some(cell) = self.cell(x, y).filter(|cell| cell.symbol() == " ") {
            cell.set_char(glyph).set_style(style);
        }
    }

    /// Whether nothing stands in these columns of a row. What lies outside counts as taken.
    #[must_use]
    pub fn is_blank(&mut self, from: i32, end: i32, y: i32) -> bool {
        (from..end).all(|x| self.cell(x, y).is_some_and(|cell| cell.symbol() == " "))
    }

    /// Gives a row a style, from edge to edge.
    pub fn row_style(&mut self, y: i32, style: Style) {
        for x in 0..self.width() {
            if let Some(cell) = self.cell(x, y) {
                cell.set_style(style);
            }
        }
    }

    /// Empties the pane.
    pub fn clear(&mut self) {
        for y in 0..self.height() {
            for x in 0..self.width() {
                if let Some(cell) = self.cell(x, y) {
                    cell.reset();
                }
            }
        }
    }

    /// A rule across the pane with a title on it, and words at its right end.
    pub fn heading(&mut self, y: i32, title: &str, right: &str) {
        self.heading_styled(y, title, right, theme::strong());
    }

    /// The same, with a style for the title.
    pub fn heading_styled(&mut self, y: i32, title: &str, right: &str, style: Style) {
        for x in 0..self.width() {
            self.glyph(x, y, '─', theme::faint());
        }
        let room = self.width() - 4;
        let title = shortened(title, room);
        let end = self.put(1, y, &format!(" {title} "), style);
        let right = shortened(right, self.width() - end - 4);
        if !right.is_empty() {
            self.put_left_of(self.width() - 1, y, &format!(" {right} "), theme::dim());
        }
    }

    /// Writes prose from a row on, at most `rows` rows. Returns how many it took. What does not fit ends in `…`.
    pub fn prose(&mut self, x: i32, y: i32, rows: i32, text: &str, style: Style) -> i32 {
        let lines = wrapped(text, self.width() - x - 1);
        let mut taken = 0;
        let more_than_fit = i32::try_from(lines.len()).unwrap_or(i32::MAX) > rows;
        for line in lines.iter().take(usize::try_from(rows).unwrap_or(0)) {
            let is_last = more_than_fit && taken + 1 == rows;
            let line = if is_last { shortened(&format!("{line} …"), self.width() - x - 1) } else { line.clone() };
            self.put(x, y + taken, &line, style);
            taken += 1;
        }
        taken
    }

    fn cell(&mut self, x: i32, y: i32) -> Option<&mut ratatui::buffer::Cell> {
        if x < 0 || y < 0 || x >= self.width() || y >= self.height() {
            return None;
        }
        let x = self.area.x.checked_add(u16::try_from(x).ok()?)?;
        let y = self.area.y.checked_add(u16::try_from(y).ok()?)?;
        self.buffer.cell_mut((x, y))
    }
}

/// How many columns a text takes: one a character, as [`Pane::put`] draws it.
#[must_use]
pub fn width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX)
}

/// A text cut to `most` columns, with `…` for what is missing.
#[must_use]
pub fn shortened(text: &str, most: i32) -> String {
    let most = usize::try_from(most).unwrap_or(0);
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    if most > 0 {
        short.push('…');
    }
    short
}

/// A span in at most five columns: `3.1ms`, `420ms`, `1.25s`, `64s`.
#[must_use]
pub fn short_time(us: u64) -> String {
    match us {
        ..10_000 => format!("{}.{}ms", us / 1_000, us / 100 % 10),
        10_000..1_000_000 => format!("{}ms", us / 1_000),
        1_000_000..10_000_000 => format!("{}.{:02}s", us / 1_000_000, us / 10_000 % 100),
        _ => format!("{}s", us / 1_000_000),
    }
}

/// Text broken into lines of at most `most` columns, at spaces where there are any.
#[must_use]
pub fn wrapped(text: &str, most: i32) -> Vec<String> {
    let most = usize::try_from(most).unwrap_or(0).max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let taken = line.chars().count();
        let space = usize::from(taken > 0);
        if taken > 0 && taken + space + word.chars().count() > most {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for glyph in word.chars() {
            if line.chars().count() >= most {
                lines.push(std::mem::take(&mut line));
            }
            line.push(glyph);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A glyph that takes one column: what would take two, or none, or move the cursor, is shown as `?`.
fn narrow(glyph: char) -> char {
    if unicode_width::UnicodeWidthChar::width(glyph) == Some(1) { glyph } else { '?' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_outside_the_pane() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 9, 3));
        let mut pane = Pane::new(&mut buffer, Rect::new(3, 1, 4, 1));
        pane.put(-2, 0, "abcdefghij", Style::new());
        pane.put(0, -1, "above", Style::new());
        pane.put(i32::MAX, 0, "far", Style::new());
        let rows: Vec<String> = (0..3).map(|y| (0..9).map(|x| buffer[(x, y)].symbol()).collect()).collect();
        assert_eq!(rows, ["         ", "   cdef  ", "         "]);
    }

    #[test]
    fn prose_breaks_at_spaces_and_says_when_there_is_more() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible", 6), ["incomp", "rehens", "ible"]);
        assert_eq!(shortened("abcdef", 4), "abc…");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 9, 1));
        assert_eq!(Pane::new(&mut buffer, Rect::new(0, 0, 9, 1)).prose(0, 0, 1, "one two three", Style::new()), 1);
        assert_eq!((0..9).map(|x| buffer[(x, 0)].symbol()).collect::<String>(), "one two… ");
    }

    #[test]
    fn a_glyph_of_two_columns_cannot_break_a_row() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        Pane::new(&mut buffer, Rect::new(0, 0, 4, 1)).put(0, 0, "日a\u{301}b", Style::new());
        assert_eq!((0..4).map(|x| buffer[(x, 0)].symbol()).collect::<String>(), "?a?b");
    }
}
