//! `--property NAME=VALUE` and its kin: what a console tool is told about how it reads, or writes, a line.

use crate::commands::shell::options::Options;
use crate::commands::shell::refusal::Refusal;

/// The properties that a line gives.
pub(super) struct Properties {
    given: Vec<(String, String)>,
}

impl Properties {
    /// Those given by these options. Errors: one that is no pair.
    pub(super) fn of(options: &Options, lists: &[&str]) -> Result<Self, Refusal> {
        let mut given = Vec::new();
        for pair in lists.iter().flat_map(|list| options.all(list)) {
            let wrong = || Refusal::malformed(format!("`{pair}` is not of the form NAME=VALUE"));
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            given.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self { given })
    }

    /// The value of one, the last if it is given often.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let value = self.given.iter().rfind(|(given, _)| given == name).map(|(_, value)| value.clone());
        self.given.retain(|(given, _)| given != name);
        value
    }

    /// Whether one is `true`; `unless_told` when it is not given. As in Kafka any other word is no.
    pub(super) fn is_set(&mut self, name: &str, unless_told: bool) -> bool {
        self.take(name).map_or(unless_told, |value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// Those that nobody has taken change nothing here.
    pub(super) fn note_rest(self, options: &mut Options) {
        options.notes.extend(self.given.into_iter().map(|(name, _)| format!("note: {name} has no effect here")));
    }
}
