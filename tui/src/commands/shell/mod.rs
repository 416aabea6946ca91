//! `tribunal shell`: three simulated brokers in this process, and commands for them: the quickstart of every Kafka user, Kafka's
//! own command lines, and what goes wrong.
//!
//! * `words`, `options`: a line in parts; `record_line`: a line that is a record. `command`: all that can be done; `line`: the
//!   shell's own words for it; `kafka_tools`: Kafka's command lines; `help`.
//! * `topics`, `records`, `groups`, `log_ends`, `configs`, `faults`: what the commands do. `answers`: what the cluster said;
//!   `refusal`: that it will not.
//! * `edit`: the line on a terminal, and those of the last times. `session`: one line after the other.
//!
//! Invariant: the same lines with the same seed print the same, and a line that cannot be done changes nothing. From a pipe, lines
//! are not echoed.

mod answers;
mod command;
mod configs;
mod edit;
mod faults;
mod groups;
mod help;
mod kafka_tools;
mod line;
mod log_ends;
mod options;
mod record_line;
mod records;
mod refusal;
mod session;
mod topics;
mod words;

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;

use super::problem::Problem;
use super::{Verdict, output, source};
use edit::{Line, Typed};
use session::{Reply, Session};

/// Three simulated brokers at your command: Kafka's quickstart, and what goes wrong, word by word.
#[derive(Args, Debug)]
pub(crate) struct Shell {
    /// The seed of the simulation, as 0x2a17 or 10775.
    #[arg(long, default_value = "1", value_parser = source::seed)]
    seed: u64,
}

/// Where lines come from.
enum Input {
    Terminal(Box<Line>),
    Pipe(std::io::StdinLock<'static>),
}

impl Shell {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let mut session = Session::start(self.seed);
        let mut input = Input::open()?;
        if let Input::Terminal(_) = input {
            output::line(&session.greeting())?;
        }
        while let Some(line) = input.read(&session)? {
            let reply = session.take(&line);
            if !reply.text().is_empty() {
                output::line(reply.text())?;
            }
            match reply {
                Reply::Said(_) => {}
                Reply::Watch(recorded) => super::watch::Watch::last_of(*recorded)?,
                Reply::Over(_) => break,
            }
        }
        let last = session.finish();
        if !last.is_empty() {
            output::line(&last)?;
        }
        Ok(Verdict::Met)
    }
}

impl Input {
    fn open() -> Result<Self, Problem> {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Ok(Self::Pipe(std::io::stdin().lock()));
        }
        let line = Line::open().map_err(|error| Problem::new(error.to_string()))?;
        Ok(Self::Terminal(Box::new(line)))
    }

    /// The next line; `None` at the end. What is no UTF-8 is read as far as it is.
    fn read(&mut self, session: &Session) -> Result<Option<String>, Problem> {
        match self {
            Self::Pipe(pipe) => {
                let mut bytes = Vec::new();
                let count = pipe.read_until(b'\n', &mut bytes)?;
                let line = String::from_utf8_lossy(&bytes);
                Ok((count > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
            }
            Self::Terminal(line) => loop {
                match line.read(&session.prompt(), session.names()).map_err(|error| Problem::new(error.to_string()))? {
                    Typed::Line(line) => return Ok(Some(line)),
                    Typed::Given if session.is_gathering() => return Ok(Some(String::new())),
                    Typed::Given => {}
                    Typed::End if session.is_gathering() => return Ok(Some(String::new())),
                    Typed::End => return Ok(None),
                }
            },
        }
    }
}
