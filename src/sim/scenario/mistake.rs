//! What is wrong with a scenario, where, and what was probably meant.
//!
//! Called by: every part of the reader; the command line draws it with the line it points at.

use std::fmt;
use std::ops::Range;

/// A mistake in a scenario (or in what the command line adds to it), with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, or `--set`, `--fault`, `--choose`.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in letters, from 1.
    pub column: u32,
    /// The bytes of `source_text` that are meant: first included, last excluded.
    pub span: (usize, usize),
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The text that `span` points into; empty when no text could be read.
    pub source_text: String,
}

impl Mistake {
    /// A file of which no text could be read.
    pub(super) fn without_text(file: &str, message: String) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, span: (0, 0), message, help: None, source_text: String::new() }
    }

    /// The same, with advice.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source_text.is_empty() {
            write!(f, "{}: {}", self.file, self.message)?;
        } else {
            write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        }
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Mistake {}

/// What the parts of the reader return.
pub(super) type Read<T> = Result<T, Mistake>;

/// A text that is being read, and what to call it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// Its name.
    pub file: &'a str,
    /// What people see of it.
    pub text: &'a str,
    /// How many bytes stand before it in what is parsed.
    pub shift: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, shift: 0 }
    }

    /// The place of `span` in the text.
    fn place(self, span: &Range<usize>) -> (usize, usize) {
        let inside = |at: usize| {
            let mut at = at.saturating_sub(self.shift).min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        (inside(span.start), inside(span.end).max(inside(span.start)))
    }

    /// The text at `span`.
    pub(super) fn slice(self, span: &Range<usize>) -> &'a str {
        let (from, to) = self.place(span);
        self.text.get(from..to).unwrap_or_default()
    }

    /// The line of `span`, from 1.
    pub(super) fn line(self, span: &Range<usize>) -> u32 {
        let (from, _) = self.place(span);
        let lines = self.text.bytes().take(from).filter(|byte| *byte == b'\n').count();
        u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// A mistake at `span`.
    pub(super) fn mistake(self, span: &Range<usize>, message: impl Into<String>) -> Mistake {
        let (from, to) = self.place(span);
        let before = self.text.get(..from).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        Mistake {
            file: self.file.to_owned(),
            line: self.line(span),
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
            span: (from, to),
            message: message.into(),
            help: None,
            source_text: self.text.to_owned(),
        }
    }
}
