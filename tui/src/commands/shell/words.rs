//! A line in words, as a shell reads it: blanks part words, quotes and backslashes keep them together.

use super::refusal::Refusal;

/// The words of a line. Errors: a quote that is not closed.
pub(super) fn split(line: &str) -> Result<Vec<String>, Refusal> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => word.get_or_insert_default().push_str(&quoted(&mut letters, '\'')?),
            '"' => word.get_or_insert_default().push_str(&quoted(&mut letters, '"')?),
            '\\' => word.get_or_insert_default().extend(letters.next()),
            '#' if word.is_none() => break,
            blank if blank.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

/// What stands before the closing quote. Within double quotes a backslash keeps a quote, a backslash or a dollar.
fn quoted(letters: &mut std::str::Chars<'_>, quote: char) -> Result<String, Refusal> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter == quote => return Ok(text),
            '\\' if quote == '"' => match letters.next() {
                Some(kept @ ('"' | '\\' | '$' | '`')) => text.push(kept),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            letter => text.push(letter),
        }
    }
    Err(Refusal::malformed(format!("a {quote} is opened and not closed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap_or_default()
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(words("produce payments --key Alice \"Made a payment of $200 to Bob\"").len(), 5);
        assert_eq!(words(r#"a'b c'd "" "x\"y" z\ w # no more"#), ["ab cd", "", "x\"y", "z w"]);
        assert_eq!(words("it#is one"), ["it#is", "one"]);
        assert!(split("a \"b").is_err());
        assert!(words("   ").is_empty());
    }
}
