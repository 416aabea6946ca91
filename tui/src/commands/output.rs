//! Standard output, which a reader may close at any time.

use std::io::Write;

use super::Verdict;
use super::problem::Problem;

/// Prints a text and is content.
pub(crate) fn print(text: &str) -> Result<Verdict, Problem> {
    line(text)?;
    Ok(Verdict::Met)
}

/// Prints a line.
pub(crate) fn line(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.trim_end().as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// A number of things: `1 seed`, `2 seeds`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
