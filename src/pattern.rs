//! Patterns of topic names, as consumers subscribe by them: a regular expression that has to match the whole name.
//!
//! Invariant: matching takes time linear in the name, whatever the pattern, as with Kafka's RE2J.
//! Called by `coordinator/group/consumer` (KIP-848: the coordinator resolves them), and by consumers of the classic protocol.
//!
//! Kafka differs: the syntax is that of the crate `regex`, which is RE2's but for details (no `\C`, for one); classic
//! consumers of Kafka use Java's own syntax.

use crate::error::ErrorCode;

/// A pattern that can be read.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: regex::Regex,
}

impl Pattern {
    /// Reads a pattern. Errors: INVALID_REGULAR_EXPRESSION.
    pub fn read(text: &str) -> Result<Self, ErrorCode> {
        // By itself first: `a)(b` is no pattern, though it is one between brackets.
        let whole = regex::Regex::new(text).and_then(|_| regex::Regex::new(&format!("^(?:{text})$")));
        whole.map(|regex| Self { regex }).map_err(|_| ErrorCode::InvalidRegularExpression)
    }

    /// Whether a topic's whole name is as the pattern says.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        self.regex.is_match(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_only() {
        let pattern = Pattern::read("orders.*|payments").expect("a good pattern");
        assert!(pattern.matches("orders"));
        assert!(pattern.matches("orders-eu"));
        assert!(pattern.matches("payments"));
        assert!(!pattern.matches("old-orders"));
        assert!(!pattern.matches("payments-eu"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_says_so() {
        assert_eq!(Pattern::read("orders(").err(), Some(ErrorCode::InvalidRegularExpression));
        assert_eq!(Pattern::read("a)(b").err(), Some(ErrorCode::InvalidRegularExpression));
    }
}
