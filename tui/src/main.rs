//! The `tribunal` binary: the command line, and the full-screen view of a run.
//!
//! Exit status: 0 the expectations are met, 1 they are not, 2 bad input.

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run()
}
