//! What a misspelt word was probably meant to be.

/// The word closest to `wrong` by edits (a letter more, less, other, or two swapped), if it is close enough to be meant.
#[must_use]
pub fn nearest<'a>(wrong: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = wrong.chars().count() / 3 + 1;
    let near = words.into_iter().map(|word| (distance(wrong, word), word)).min_by_key(|(edits, _)| *edits);
    near.filter(|(edits, _)| *edits <= limit).map(|(_, word)| word)
}

/// Optimal string alignment distance, on the letters without their case; long texts count as far away.
fn distance(left: &str, right: &str) -> usize {
    const LONGEST: usize = 96;
    let left: Vec<char> = left.to_lowercase().chars().take(LONGEST).collect();
    let right: Vec<char> = right.to_lowercase().chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (row, letter) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        let mut other_before = None;
        for (column, other) in right.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(LONGEST);
            let replaced = at(&above, column) + usize::from(letter != other);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&line, column) + 1);
            if previous == Some(other) && other_before == Some(letter) && column > 0 {
                best = best.min(at(&before, column - 1) + 1);
            }
            line.push(best);
            other_before = Some(other);
        }
        before = std::mem::replace(&mut above, line);
        previous = Some(letter);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let words = ["acks", "linger.ms", "batch.size", "retries"];
        assert_eq!(nearest("ack", words), Some("acks"));
        assert_eq!(nearest("linger_ms", words), Some("linger.ms"));
        assert_eq!(nearest("bacth.size", words), Some("batch.size"));
        assert_eq!(nearest("RETRIES", words), Some("retries"));
        assert_eq!(nearest("completely.else", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("abc", ""), 3);
    }
}
