//! The scenarios that the program carries with it, so that `run 06-lost-ack` works in any folder.
//!
//! Called by: the command line, tests.

use super::mistake::Mistake;
use super::model::Scenario;

macro_rules! embedded {
    ($($folder:literal / $name:literal),* $(,)?) => {
        /// Every embedded scenario: its name (the file's, without the ending) and its text, in the order of the course.
        pub const EMBEDDED: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../scenarios/", $folder, "/", $name, ".toml")))),*
        ];
    };
}

embedded! {
    "lessons" / "00-tour",
    "lessons" / "01-one-log",
    "lessons" / "05-pull",
    "lessons" / "06-lost-ack",
    "lessons" / "07-truncate-hw",
    "lessons" / "08-cut-leader",
    "lessons" / "11-clock-skew",
    "use-cases" / "rolling-restart",
    "use-cases" / "rack-outage",
    "use-cases" / "add-broker",
    "use-cases" / "replace-controller",
    "chaos" / "storm",
    "chaos" / "squall",
    "chaos" / "quorum",
    "chaos" / "found-restarted-controller",
}

/// The embedded scenario of this name: `06-lost-ack`, `lost-ack` or `06`. Returns the full name and the text.
#[must_use]
pub fn embedded(name: &str) -> Option<(&'static str, &'static str)> {
    let is_meant = |full: &str| full == name || bare(full) == name || full.strip_suffix(bare(full)) == Some(&format!("{name}-"));
    EMBEDDED.iter().copied().find(|(full, _)| is_meant(full))
}

/// A name without the number in front of it.
fn bare(name: &str) -> &str {
    match name.split_once('-') {
        Some((number, rest)) if number.chars().all(|digit| digit.is_ascii_digit()) => rest,
        Some(_) | None => name,
    }
}

impl Scenario {
    /// Reads an embedded scenario; `None` when there is none of that name. Errors: the first mistake in it.
    pub fn embedded(name: &str) -> Option<Result<Self, Mistake>> {
        embedded(name).map(|(full, text)| Self::read(text, &format!("{full}.toml")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_scenario_is_read_and_bears_its_files_name() {
        for (full, text) in EMBEDDED {
            let scenario = Scenario::read(text, full).unwrap_or_else(|mistake| panic!("{mistake}"));
            assert_eq!(scenario.name, bare(full), "{full}");
        }
    }

    #[test]
    fn a_scenario_is_found_with_and_without_its_number() {
        assert_eq!(embedded("06-lost-ack"), embedded("lost-ack"));
        assert!(embedded("lost-ack").is_some());
        assert!(embedded("ack").is_none());
    }
}
