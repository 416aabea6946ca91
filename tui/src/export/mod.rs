//! A finished buffer as text, as ANSI, as SVG: what `--snapshot` prints, the book shows and bug reports quote.
//!
//! Invariant: the same buffer gives the same bytes.

mod ansi;
mod svg;
mod text;

pub use ansi::ansi;
pub use svg::svg;
pub use text::text;

use ratatui::buffer::{Buffer, Cell};

/// A format of a printed frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Characters only.
    #[default]
    Text,
    /// Characters with terminal colours.
    Ansi,
    /// A picture.
    Svg,
}

impl Format {
    /// The buffer in this format.
    #[must_use]
    pub fn print(self, buffer: &Buffer) -> String {
        match self {
            Self::Text => text(buffer),
            Self::Ansi => ansi(buffer),
            Self::Svg => svg(buffer),
        }
    }
}

/// The rows of a buffer.
fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    fn sample() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(0, 0, "a<b", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer.set_string(2, 1, "─█", Style::new().bg(Color::Rgb(9, 9, 9)));
        buffer
    }

    #[test]
    fn text_is_the_rows_without_trailing_blanks() {
        assert_eq!(text(&sample()), "a<b\n  ─█\n");
        assert_eq!(text(&Buffer::empty(Rect::ZERO)), "");
    }

    #[test]
    fn ansi_sets_and_resets_colours() {
        assert!(ansi(&sample()).starts_with("\u{1b}[0;38;2;1;2;3ma<b\u{1b}[0m"), "{:?}", ansi(&sample()));
    }

    #[test]
    fn svg_escapes_text_and_draws_lines_as_shapes() {
        let picture = svg(&sample());
        assert!(picture.contains("&lt;"), "{picture}");
        assert!(!picture.contains('─'), "a rule is a shape, or there are gaps between cells");
        assert!(picture.ends_with("</svg>\n"));
    }
}
