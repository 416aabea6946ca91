//! A record to send, and a line as one: headers, key and value, and what parts them. Source: Kafka's `LineMessageReader`.

use super::refusal::Refusal;

/// A record to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) topic: String,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) partition: Option<u32>,
    pub(super) headers: Vec<(String, String)>,
}

/// What parts a line that is a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineMarks {
    /// It begins with headers.
    pub(super) headers: Option<HeaderMarks>,
    /// What stands behind its key, if it has one.
    pub(super) key: Option<String>,
    /// The word for nothing at all: no key, or a tombstone.
    pub(super) null: Option<String>,
    /// Where a mark is missing, the line has not that part (`ignore.error`); else that is a mistake.
    pub(super) is_lenient: bool,
}

/// What parts headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeaderMarks {
    /// Behind all of them.
    pub(super) behind: String,
    /// Between two.
    pub(super) between: String,
    /// Between a header's key and its value.
    pub(super) within: String,
}

impl LineMarks {
    /// The record that a line is. Errors: a mark that is missing.
    pub(super) fn record(&self, topic: &str, line: &str) -> Result<Record, Refusal> {
        let behind = self.headers.as_ref().map(|marks| marks.behind.as_str());
        let (headers, line) = self.part(line, behind, "headers delimiter")?;
        let (key, value) = self.part(line, self.key.as_deref(), "key separator")?;
        let there = |text: &str| Some(text.to_owned()).filter(|text| self.null.as_ref() != Some(text));
        let headers = headers.filter(|headers| self.null.as_deref() != Some(headers));
        Ok(Record {
            topic: topic.to_owned(),
            key: key.and_then(there),
            value: there(value),
            headers: headers.map(|headers| self.headers(headers)).transpose()?.unwrap_or_default(),
            ..Record::default()
        })
    }

    /// What stands before a mark, if there is such a part, and what behind it.
    fn part<'l>(&self, line: &'l str, mark: Option<&str>, name: &str) -> Result<(Option<&'l str>, &'l str), Refusal> {
        let Some(mark) = mark else { return Ok((None, line)) };
        match line.split_once(mark) {
            Some((part, rest)) => Ok((Some(part), rest)),
            None if self.is_lenient => Ok((None, line)),
            None => Err(Refusal::malformed(format!("no {name} `{}` is in this line", mark.escape_debug()))),
        }
    }

    fn headers(&self, text: &str) -> Result<Vec<(String, String)>, Refusal> {
        let Some(marks) = &self.headers else { return Ok(Vec::new()) };
        let header = |pair: &str| match pair.split_once(marks.within.as_str()) {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(Refusal::malformed(format!("no `{}` is in the header `{pair}`", marks.within))),
        };
        text.split(marks.between.as_str()).map(header).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> LineMarks {
        let headers = HeaderMarks { behind: "\t".to_owned(), between: ",".to_owned(), within: ":".to_owned() };
        LineMarks { headers: Some(headers), key: Some("=".to_owned()), null: Some("NIL".to_owned()), is_lenient: false }
    }

    #[test]
    fn a_line_is_parted_into_headers_key_and_value() {
        let record = marks().record("t", "a:1,b:2\tk=v=w").expect("all marks are there");
        let header = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(record.headers, [header("a", "1"), header("b", "2")]);
        assert_eq!((record.key.as_deref(), record.value.as_deref()), (Some("k"), Some("v=w")));
    }

    #[test]
    fn the_word_for_null_is_nothing_at_all() {
        let record = marks().record("t", "NIL\tNIL=NIL").expect("all marks are there");
        assert_eq!((record.headers.len(), record.key, record.value), (0, None, None));
    }

    #[test]
    fn a_missing_mark_is_a_mistake_unless_mistakes_are_ignored() {
        assert!(marks().record("t", "k=v").is_err_and(|refusal| refusal.to_string().contains("no headers delimiter `\\t`")));
        assert!(marks().record("t", "a\tk=v").is_err_and(|refusal| refusal.to_string().contains("in the header `a`")));
        let record = LineMarks { is_lenient: true, ..marks() }.record("t", "plain").expect("it is a value");
        assert_eq!((record.key, record.value.as_deref()), (None, Some("plain")));
    }
}
