//! The line on a terminal: history, also of the last times, and completion of commands, options, topics, groups and servers.
//!
//! Called by: the shell, when its input is a terminal.

use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::config::Configurer as _;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Context, Editor, Helper};

use super::command::{TOOLS, VERBS};

/// What may stand behind a word.
const BEHIND: [(&str, &[&str]); 26] = [
    ("topics", &["create", "describe", "list", "alter", "delete", "--partitions", "--replication-factor", "--config"]),
    ("groups", &["list", "describe", "delete", "--members", "--state"]),
    (
        "offsets",
        &[
            "reset",
            "delete",
            "--to-earliest",
            "--to-latest",
            "--to-offset",
            "--shift-by",
            "--to-datetime",
            "--by-duration",
            "--dry-run",
        ],
    ),
    ("configs", &["set", "unset", "describe", "topic", "broker", "cluster", "--all"]),
    ("produce", &["--key", "--partition", "--header", "--tombstone"]),
    ("consume", &["--from-beginning", "--group", "--partition", "--offset", "--max-messages"]),
    ("help", &VERBS),
    ("cut", &["--one-way"]),
    ("heal", &["all"]),
    ("crash", &[]),
    ("power-off", &[]),
    ("restart", &[]),
    ("pause", &[]),
    ("resume", &[]),
    ("loss", &[]),
    ("delay", &[]),
    ("skew", &[]),
    ("drift", &[]),
    ("wait", &["100ms", "500ms", "5s"]),
    (
        "kafka-topics.sh",
        &["--create", "--describe", "--list", "--alter", "--delete", "--topic", "--partitions", "--replication-factor", "--config"],
    ),
    ("kafka-console-producer.sh", &["--topic", "--property"]),
    (
        "kafka-console-consumer.sh",
        &["--topic", "--from-beginning", "--group", "--partition", "--offset", "--max-messages", "--property"],
    ),
    (
        "kafka-consumer-groups.sh",
        &[
            "--list",
            "--describe",
            "--delete",
            "--reset-offsets",
            "--group",
            "--topic",
            "--to-earliest",
            "--to-latest",
            "--to-offset",
            "--shift-by",
            "--to-datetime",
            "--by-duration",
            "--execute",
            "--members",
            "--state",
        ],
    ),
    ("kafka-get-offsets.sh", &["--topic", "--partitions", "--topic-partitions", "--time"]),
    ("kafka-delete-records.sh", &["--offset-json-file"]),
    ("kafka-configs.sh", &["--alter", "--describe", "--entity-type", "--entity-name", "--add-config", "--delete-config", "--all"]),
];

/// Completes words.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Topics, groups and servers.
    names: Vec<String>,
}

impl Words {
    /// What may stand at the end of this text, and where that begins.
    fn candidates(&self, text: &str) -> (usize, Vec<String>) {
        let start = text.rfind(char::is_whitespace).map_or(0, |place| place + 1);
        let begun = text.get(start..).unwrap_or_default();
        let verb = text.split_whitespace().next().filter(|_| start > 0);
        let all: Vec<&str> = match verb {
            None => VERBS.iter().chain(&TOOLS).copied().collect(),
            Some(verb) => {
                let behind = BEHIND.iter().find(|(word, _)| *word == verb).map(|(_, behind)| *behind).unwrap_or_default();
                behind.iter().copied().chain(self.names.iter().map(String::as_str)).collect()
            }
        };
        (start, all.into_iter().filter(|word| word.starts_with(begun)).map(|word| format!("{word} ")).collect())
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line.get(..pos).unwrap_or(line)))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

/// A terminal that lines are typed into.
pub(super) struct Line {
    editor: Editor<Words, FileHistory>,
    /// Where the lines of the last times are kept, if anywhere.
    kept_in: Option<PathBuf>,
}

/// How many lines are kept.
const LINES_KEPT: usize = 1_000;

/// Where a program keeps such things: `$XDG_STATE_HOME` or `~/.local/state`, on Windows the local application data.
#[allow(clippy::disallowed_methods, reason = "where a user's files lie is told by the environment")]
fn history_file() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").or_else(|| folder("LOCALAPPDATA"));
    let state = state.or_else(|| Some(folder("HOME")?.join(".local").join("state")))?;
    Some(state.join("tribunal").join("shell-history"))
}

/// What came of asking for a line.
pub(super) enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-C: the line is given up.
    Given,
    /// Ctrl-D.
    End,
}

impl Line {
    /// Opens it, with the lines of the last times behind the arrow keys.
    pub(super) fn open() -> rustyline::Result<Self> {
        let mut editor = Editor::with_config(rustyline::Config::default())?;
        editor.set_completion_type(CompletionType::List);
        editor.set_auto_add_history(true);
        editor.set_max_history_size(LINES_KEPT)?;
        editor.set_helper(Some(Words::default()));
        let kept_in = history_file();
        // Without a history, or with one that cannot be read, a session is as good.
        let _ = kept_in.as_ref().map(|file| editor.load_history(file));
        Ok(Self { editor, kept_in })
    }

    /// Keeps the lines for the next time. A disk that will not have them takes nothing else away.
    fn keep(&mut self) {
        let Some(file) = &self.kept_in else { return };
        let is_ready = file.parent().is_none_or(|folder| std::fs::create_dir_all(folder).is_ok());
        if is_ready {
            let _ = self.editor.append_history(file);
        }
    }

    /// Asks for a line; `names` are those that may be completed.
    pub(super) fn read(&mut self, prompt: &str, names: Vec<String>) -> rustyline::Result<Typed> {
        self.editor.set_helper(Some(Words { names }));
        match self.editor.readline(prompt) {
            Ok(line) => {
                self.keep();
                Ok(Typed::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Given),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_completed_by_what_stands_before_them() {
        let words = Words { names: vec!["payments".to_owned(), "b1".to_owned()] };
        assert_eq!(words.candidates("topi").1, ["topics "]);
        assert_eq!(words.candidates("topics cr"), (7, vec!["create ".to_owned()]));
        assert_eq!(words.candidates("consume pay"), (8, vec!["payments ".to_owned()]));
        assert_eq!(words.candidates("crash b"), (6, vec!["b1 ".to_owned()]));
        assert!(words.candidates("nonsense x").1.is_empty());
    }
}
