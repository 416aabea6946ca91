//! The full-screen view of a recorded run: Model, Message, update, and a frame as a pure function of the model and a size.
//!
//! ```text
//! key ── keys::message ──▶ Message ── update ──▶ Model ── frame ──▶ Buffer ──▶ terminal · text · ANSI · SVG
//! ```
//!
//! Invariant: the same recording, messages and size give the same buffer; nothing but [`terminal`] knows a terminal or a
//! clock.
//!
//! Called by: `watch`, with and without `--snapshot`.

pub mod chooser;
pub mod keys;
pub mod layout;
pub mod message;
pub mod model;
pub mod recording;
pub mod terminal;
pub mod theme;
pub mod update;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use message::Message;
pub use model::{Model, Shows};
pub use recording::{Expected, Finding, Recording};
pub use terminal::run;
pub use theme::Look;
pub use update::update;

use crate::export::Format;
use crate::panes;

/// The frame of a model at a size.
#[must_use]
pub fn frame(model: &Model, area: Rect) -> Buffer {
    let mut buffer = Buffer::empty(area);
    buffer.set_style(area, theme::text().bg(theme::INK));
    panes::draw(model, area, &mut buffer);
    buffer
}

/// The frame of a model, printed: the very same as on a terminal of that size.
#[must_use]
pub fn snapshot(model: &Model, (width, height): (u16, u16), format: Format, look: Look) -> String {
    let mut buffer = frame(model, Rect::new(0, 0, width, height));
    look.apply(&mut buffer);
    format.print(&buffer)
}

#[cfg(test)]
mod tests;
