//! A buffer as plain text, right-trimmed.

use ratatui::buffer::Buffer;

/// The characters of a buffer, one line a row.
#[must_use]
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in super::rows(buffer) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
