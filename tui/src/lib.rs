//! Everything of Tribunal that needs a terminal, as a library beside its one binary.
//!
//! * [`screen`]: the model, its messages and keys, and the loop around a real terminal.
//! * [`panes`]: what is drawn: pure functions from the model into a buffer.
//! * [`export`]: a finished buffer as text, ANSI or SVG.
//!
//! Invariant: only `screen::terminal` touches a terminal or a clock. The same recording, keys and size give the same frame.

pub mod export;
pub mod panes;
pub mod screen;
