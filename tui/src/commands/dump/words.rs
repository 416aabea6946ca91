//! A record in the words of its own fields: `PartitionChange partition: 1-0 leader: b2 isr: {2,3}`.
//!
//! It is made from what `Debug` says, without the names of the types: a record that is added to the metadata log is told
//! without a line here.

use tribunal::ids::BrokerSet;

/// What `Debug` says of a value, without the names of the types around single values.
pub(super) fn plainly(debug: &str) -> String {
    let mut rest = debug;
    let mut text = String::new();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (quoted, after) = quoted(rest);
            text += quoted;
            rest = after;
        } else if first.is_alphabetic() {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let (told, after) = after_word(word, after);
            text += &told;
            rest = after;
        } else {
            text.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// What becomes of a word: a type around one value goes, a variant around a struct takes the struct's place.
fn after_word<'a>(word: &str, after: &'a str) -> (String, &'a str) {
    let Some(inner) = after.strip_prefix('(') else { return (word.to_owned(), after) };
    let end = closing(inner);
    let (inside, rest) = inner.split_at(end);
    let rest = rest.strip_prefix(')').unwrap_or(rest);
    if word == "BrokerSet"
        && let Ok(bits) = inside.parse()
    {
        return (BrokerSet(bits).to_string(), rest);
    }
    if word == "Some" || inside.chars().all(|letter| letter.is_ascii_digit()) {
        return (plainly(inside), rest);
    }
    let is_struct = inside.find(" { ").filter(|at| inside.get(..*at).is_some_and(|name| name.chars().all(char::is_alphanumeric)));
    match is_struct {
        Some(at) => (format!("{word}{}", plainly(inside.get(at..).unwrap_or_default())), rest),
        None => (format!("{word} {}", plainly(inside)), rest),
    }
}

/// Where the bracket that is open at the beginning closes.
fn closing(text: &str) -> usize {
    let mut depth = 1_u32;
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// A text in quotes at the front, and what follows it.
fn quoted(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return text.split_at(at + 1),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_types_go_and_what_they_say_stays() {
        let debug = "PartitionChange(PartitionChange { partition: TopicPartition { topic: TopicId(1), partition: \
                     PartitionIndex(0) }, leader: Broker(BrokerId(2)), isr: Some(BrokerSet(12)) })";
        let plain = "PartitionChange { partition: TopicPartition { topic: 1, partition: 0 }, leader: Broker 2, isr: {2,3} }";
        assert_eq!(plainly(debug), plain);
    }

    #[test]
    fn what_stands_in_quotes_is_left_alone() {
        assert_eq!(plainly("Topic(NewTopic { name: \"a (b) \\\" Some(1)\" })"), "Topic { name: \"a (b) \\\" Some(1)\" }");
    }
}
