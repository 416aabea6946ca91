//! What the shell understands, in words.

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
    ("groups list", "the groups there are"),
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

/// All of it.
pub(super) fn all() -> String {
    let mut text = String::new();
    for (usage, what) in COMMANDS {
        text += &if usage.len() > 40 { format!("  {usage}\n  {:40}  {what}\n", "") } else { format!("  {usage:40}  {what}\n") };
    }
    text += "Kafka's own command lines work as typed: kafka-topics.sh, kafka-console-producer.sh, kafka-console-consumer.sh,\n\
             kafka-consumer-groups.sh, kafka-get-offsets.sh, kafka-configs.sh (a bootstrap option is ignored, with a note).\n";
    text
}

/// What is known about one word.
pub(super) fn about(what: &str) -> String {
    let is_meant = |(usage, _): &&(&str, &str)| usage.split(['·', '(', ' ']).any(|word| word == what);
    let found: Vec<_> = COMMANDS.iter().filter(is_meant).map(|(usage, what)| format!("  {usage}\n      {what}\n")).collect();
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
}
