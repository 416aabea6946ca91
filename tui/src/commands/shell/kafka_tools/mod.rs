//! Kafka's own command lines, as they stand in every guide: `kafka-topics.sh`, `kafka-console-producer.sh`,
//! `kafka-console-consumer.sh`, `kafka-consumer-groups.sh`, `kafka-get-offsets.sh`, `kafka-delete-records.sh`, `kafka-configs.sh`.
//!
//! A path before the name, also one of Windows, `.sh` or `.bat` behind it, and a `$` before the line are taken off. Options that name
//! a cluster are noted and have no effect; so is whatever else changes nothing here. Each file reads the options of one tool, or of
//! two that are alike, into a [`Command`].

mod configs;
mod console;
mod groups;
mod offsets;
mod properties;
mod topics;

use super::command::{Command, TOOLS};
use super::options::{Allowed, Options};
use super::refusal::Refusal;

/// Which tool a line calls, and what stands behind that. The call itself is taken as it stands: in a path of Windows a backslash
/// is no escape.
pub(super) fn called(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim_start();
    let line = line.strip_prefix(['$', '>']).filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(line).trim_start();
    let (call, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = call.rsplit(['/', '\\']).next().unwrap_or(call);
    let bare = name.trim_end_matches(".sh").trim_end_matches(".bat");
    let tool = TOOLS.into_iter().find(|tool| tool.trim_end_matches(".sh") == bare)?;
    Some((tool, rest))
}

/// How a tool's options are read into a command.
type Reader = fn(&mut Options) -> Result<Command, Refusal>;

/// Reads a line that calls a tool. Returns the command and what to note.
pub(super) fn read(tool: &'static str, words: &[String]) -> Result<(Command, Vec<String>), Refusal> {
    let (allowed, command): (Allowed, Reader) = match tool {
        "kafka-topics.sh" => (topics::ALLOWED, topics::read),
        "kafka-console-producer.sh" => (console::PRODUCER, console::producer),
        "kafka-console-consumer.sh" => (console::CONSUMER, console::consumer),
        "kafka-consumer-groups.sh" => (groups::ALLOWED, groups::read),
        "kafka-get-offsets.sh" => (offsets::ALLOWED, offsets::read),
        "kafka-delete-records.sh" => (offsets::DELETE_RECORDS, offsets::delete_records),
        _ => (configs::ALLOWED, configs::read),
    };
    if words.iter().any(|word| word == "--help") {
        return Ok((Command::HelpOnTool { tool, options: allowed.listed() }, Vec::new()));
    }
    if words.iter().any(|word| word == "--version") {
        return Ok((Command::Version, Vec::new()));
    }
    let mut options = Options::read(words, allowed)?;
    if let Some(word) = options.words.first() {
        return Err(Refusal::malformed(format!("`{word}` belongs to no option of {tool}")));
    }
    let command = command(&mut options)?;
    Ok((command, options.notes))
}

/// The one action that a tool is told.
fn action(options: &Options, actions: &[&'static str]) -> Result<&'static str, Refusal> {
    let mut given = actions.iter().copied().filter(|action| options.has(action));
    match (given.next(), given.next()) {
        (Some(action), None) => Ok(action),
        _ => {
            let all = actions.iter().map(|action| format!("--{action}")).collect::<Vec<_>>().join(", ");
            Err(Refusal::malformed(format!("exactly one of {all} is wanted")))
        }
    }
}

#[cfg(test)]
mod tests;
