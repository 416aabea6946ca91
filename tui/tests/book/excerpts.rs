//! The outputs that the book shows: how each is made, and which lines of it are kept. The chapters' own stand in the files
//! of their part of the book, the museum's in `museum`.

use std::borrow::Cow;

#[path = "excerpts/groups.rs"]
mod groups;
#[path = "excerpts/one_log.rs"]
mod one_log;
#[path = "excerpts/replication.rs"]
mod replication;
#[path = "excerpts/time_and_keys.rs"]
mod time_and_keys;
#[path = "excerpts/uses.rs"]
mod uses;

/// From the line that has the first text to the next that has the second, several times; nothing named keeps all.
pub type Keep = &'static [(&'static str, &'static str)];

/// One output.
#[derive(Clone)]
pub struct Excerpt {
    /// Its name in `book/src/generated/`.
    pub file: Cow<'static, str>,
    /// The arguments of `tribunal`, as in a shell.
    pub command: Cow<'static, str>,
    /// Which lines are kept, as a [`Keep`] says it.
    pub keep: Cow<'static, [(&'static str, &'static str)]>,
}

/// All of the chapters, part by part.
pub const CHAPTERS: &[&[Excerpt]] =
    &[one_log::ONE_LOG, replication::REPLICATION, groups::GROUPS, time_and_keys::TIME_AND_KEYS, uses::USES];

pub const fn excerpt(file: &'static str, command: &'static str, keep: Keep) -> Excerpt {
    Excerpt { file: Cow::Borrowed(file), command: Cow::Borrowed(command), keep: Cow::Borrowed(keep) }
}

/// Keeps the one line that has this text.
pub const fn line(what: &'static str) -> (&'static str, &'static str) {
    (what, what)
}
