//! What the shell understands, in words.

use super::command::TOOLS;

/// Each command: how it is written, and what it does.
const COMMANDS: [(&str, &str); 32] = [
    ("topics create NAME [--partitions N] [--replication-factor N] [--config KEY=VALUE]", "makes a topic; 1 and 1 unless told"),
    ("topics describe [NAME]", "leaders, replicas and ISR, in Kafka's columns"),
    ("topics list", "the names of all topics"),
    ("topics alter NAME --partitions N", "gives it more partitions"),
    ("topics delete NAME", "deletes it"),
    ("produce TOPIC [--key KEY] [--partition N] [--header KEY=VALUE] VALUE", "sends a record; makes the topic if there is none"),
    ("produce TOPIC --key KEY --tombstone", "sends a record without a value"),
    ("produce TOPIC", "sends the lines that follow, to an empty one"),
    ("consume TOPIC [--from-beginning] [--group G]", "reads to the end; with a group from where that has committed"),
    ("consume TOPIC --partition N [--offset N] [--max-messages N]", "reads one partition"),
    ("groups list [--state]", "the groups there are"),
    ("groups describe GROUP [--members] [--state]", "its offsets and lag; who is in it; what it is doing"),
    ("groups delete GROUP", "forgets it and its offsets"),
    (
        "offsets reset GROUP TOPIC --to-earliest | --to-latest | --to-offset N | --shift-by N",
        "where it reads on (--dry-run only shows)",
    ),
    ("offsets reset GROUP TOPIC --to-datetime 2026-01-01T00:00:05 | --by-duration PT1H", "at the first record that is not older"),
    ("offsets delete GROUP TOPIC", "forgets its offsets in a topic"),
    ("configs set topic NAME KEY=VALUE", "sets a key; also `broker b1` and `cluster`"),
    ("configs unset topic NAME KEY", "back to the default"),
    ("configs describe topic NAME [--all]", "what was set, or all that is in force"),
    ("crash b1", "kills a process; b1 may be any, or leader(orders-0)"),
    ("power-off b1", "the same, and what was never synced is lost"),
    ("restart b1", "starts what is down"),
    ("pause b1 · resume b1", "holds a process still; lets it go on"),
    ("cut b1 b2 [--one-way]", "nothing gets through between the two (b1,b2 is a side, too)"),
    ("loss b1 b2 10% · delay b1 b2 50ms", "messages from the first to the second are lost, or late"),
    ("heal [b1 b2]", "ends cuts, losses, delays and drifts: all, or those between two"),
    ("skew b3 +2h · drift b3 20000", "its wall clock jumps; its clocks run 20,000 ppm too fast"),
    ("wait 500ms (or step 500ms)", "lets simulated time pass; between commands none does"),
    ("status", "who lives, who leads, what holds"),
    ("watch", "opens what has happened so far on the screen"),
    ("save FILE", "writes it all as a scenario: tribunal run FILE, watch FILE"),
    ("quit", "ends; so do Ctrl-D and the end of the input"),
];

/// As wide as a terminal is at least.
const WIDTH: usize = 80;
/// Where what a short command does stands.
const COLUMN: usize = 28;

/// All of it.
pub(super) fn all() -> String {
    let mut text: String = COMMANDS.iter().map(|(usage, what)| entry(usage, what)).collect();
    text += "Kafka's own command lines work as typed, with a note on what has no effect:\n";
    text += &wrapped(&TOOLS.join(", "), 2, 2);
    text += "Each says with --help what it takes here.\n";
    text
}

/// A command beside what it does, where both fit on a line; else above it.
fn entry(usage: &str, what: &str) -> String {
    if usage.len() + 4 <= COLUMN && COLUMN + what.len() <= WIDTH {
        format!("  {usage:0$}{what}\n", COLUMN - 2)
    } else {
        wrapped(usage, 2, 6) + &wrapped(what, 10, 10)
    }
}

/// A text in lines of at most [`WIDTH`], the first begun at one column and the others at another. What stands in brackets stays
/// together.
fn wrapped(text: &str, first: usize, others: usize) -> String {
    let mut depth = 0_i32;
    let is_gap = |letter: char| {
        depth += i32::from(letter == '[') - i32::from(letter == ']');
        letter == ' ' && depth == 0
    };
    let mut lines = vec![" ".repeat(first)];
    let mut is_begun = false;
    for word in text.split(is_gap) {
        let line = lines.last_mut().expect("there is one from the beginning");
        if is_begun && line.len() + 1 + word.len() > WIDTH {
            lines.push(" ".repeat(others) + word);
        } else {
            *line += if is_begun { " " } else { "" };
            *line += word;
        }
        is_begun = true;
    }
    lines.join("\n") + "\n"
}

/// Which options a tool of Kafka's takes here.
pub(super) fn on_tool(tool: &str, options: &[String]) -> String {
    format!("{tool} takes here:\n")
        + &wrapped(&options.iter().map(|option| format!("[{option}]")).collect::<Vec<_>>().join(" "), 2, 2)
}

/// Which version this is.
pub(super) fn version() -> String {
    format!("tribunal {}: what Apache Kafka 4 does, simulated\n", env!("CARGO_PKG_VERSION"))
}

/// What is known about one word.
pub(super) fn about(what: &str) -> String {
    let is_meant = |(usage, _): &&(&str, &str)| usage.split(['·', '(', ' ']).any(|word| word == what);
    let found: Vec<_> =
        COMMANDS.iter().filter(is_meant).map(|(usage, what)| wrapped(usage, 2, 6) + &wrapped(what, 10, 10)).collect();
    if found.is_empty() { format!("nothing is known of `{what}`: `help` lists all commands\n") } else { found.concat() }
}

/// How a command is written.
pub(super) fn usage_of(verb: &str) -> String {
    let uses = COMMANDS.iter().map(|(usage, _)| *usage).filter(|usage| usage.split([' ', '(', '·']).any(|word| word == verb));
    uses.collect::<Vec<_>>().join(", or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_a_line_may_begin_with_is_explained() {
        for verb in super::super::command::VERBS.iter().filter(|verb| !["help", "exit"].contains(verb)) {
            assert!(!usage_of(verb).is_empty(), "{verb}");
        }
    }

    #[test]
    fn the_help_fits_a_terminal() {
        let told = all() + &on_tool("kafka-topics.sh", &vec!["--topic VALUE".to_owned(); 30]);
        let wide: Vec<&str> = told.lines().filter(|line| line.chars().count() > WIDTH).collect();
        assert!(wide.is_empty(), "{wide:#?}");
        assert!(told.contains("      [--config KEY=VALUE]\n"), "brackets stay together: {told}");
    }
}
