//! The command line: one file per command, and what they share.

mod check;
mod diff;
mod dump;
mod explain;
mod explore;
mod json;
mod museum;
mod output;
mod problem;
mod run;
mod shell;
mod source;
mod stopwatch;
mod stories;
mod verify;
mod watch;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use problem::Problem;

/// A Kafka you can put on trial.
#[derive(Parser, Debug)]
#[command(name = "tribunal", version, about, after_help = stories::FIRST_STEPS)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// One run: the narrated events, the table of checks, the verdict.
    Run(run::Run),
    /// Step through a run, forwards and backwards; or print one frame of it.
    Watch(watch::Watch),
    /// Why a step happened: the chain of causes, with source lines.
    Explain(explain::Explain),
    /// Many seeds: distinct failures, each with the command that reproduces it.
    Explore(explore::Explore),
    /// The museum of famous failures: each as written, and under the rules that end it.
    Museum(museum::Museum),
    /// What lies on a server's disk at some step: segments, batches, indexes, checkpoints.
    Dump(dump::Dump),
    /// Judge a saved trace again.
    Check(check::Check),
    /// The first event in which two traces differ.
    Diff(diff::Diff),
    /// Determinism: hosts and processes compared.
    Verify(verify::Verify),
    /// Three simulated brokers at your command: Kafka's quickstart, and what goes wrong, word by word.
    Shell(shell::Shell),
    /// JSON Schema of the scenario format, for editors.
    Schema,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The expectations are met.
    Met,
    /// They are not.
    NotMet,
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    problem::install();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => {
            let _ = refusal.print();
            return ExitCode::from(if refusal.use_stderr() { 2 } else { 0 });
        }
    };
    let result = match arguments.command {
        None => stories::browse(),
        Some(Command::Run(command)) => command.execute(),
        Some(Command::Watch(command)) => command.execute(),
        Some(Command::Explain(command)) => command.execute(),
        Some(Command::Explore(command)) => command.execute(),
        Some(Command::Museum(command)) => command.execute(),
        Some(Command::Dump(command)) => command.execute(),
        Some(Command::Check(command)) => command.execute(),
        Some(Command::Diff(command)) => command.execute(),
        Some(Command::Verify(command)) => command.execute(),
        Some(Command::Shell(command)) => command.execute(),
        Some(Command::Schema) => output::print(&tribunal::sim::scenario::schema()),
    };
    match result {
        Ok(Verdict::Met) => ExitCode::SUCCESS,
        Ok(Verdict::NotMet) => ExitCode::from(1),
        Err(Problem::ClosedPipe) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{:?}", miette::Report::new(problem));
            ExitCode::from(2)
        }
    }
}
