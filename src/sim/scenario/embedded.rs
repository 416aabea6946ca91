//! The scenarios that the program carries with it, so that `run 06-lost-ack` works in any folder.
//!
//! Called by: the command line, tests.

use super::mistake::Mistake;
use super::model::Scenario;

macro_rules! embedded {
    ($(#[doc = $doc:literal])+ $list:ident: $($folder:literal / $name:literal),* $(,)?) => {
        $(#[doc = $doc])+
        pub const $list: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../scenarios/", $folder, "/", $name, ".toml")))),*
        ];
    };
}

embedded! {
    /// The lessons, in the order of the course: their names (those of the files, without the ending) and their texts.
    LESSONS:
    "lessons" / "00-tour",
    "lessons" / "01-one-log",
    "lessons" / "02-grow",
    "lessons" / "03-commit-crash",
    "lessons" / "05-pull",
    "lessons" / "06-lost-ack",
    "lessons" / "07-truncate-hw",
    "lessons" / "08-three-controllers",
    "lessons" / "08-cut-leader",
    "lessons" / "09-slow-poll",
    "lessons" / "10-join-storm",
    "lessons" / "11-clock-skew",
    "lessons" / "11-retention-skew",
    "lessons" / "12-late-reader",
}

embedded! {
    /// What a Kafka is used for, and how it is looked after.
    USE_CASES:
    "use-cases" / "messaging",
    "use-cases" / "website-activity",
    "use-cases" / "metrics",
    "use-cases" / "log-aggregation",
    "use-cases" / "web-shop",
    "use-cases" / "stream-stages",
    "use-cases" / "latest-status",
    "use-cases" / "event-sourcing",
    "use-cases" / "health-alarms",
    "use-cases" / "commit-log",
    "use-cases" / "rolling-restart",
    "use-cases" / "rack-outage",
    "use-cases" / "add-broker",
    "use-cases" / "replace-controller",
}

embedded! {
    /// Random weather, in which every check must hold.
    CHAOS:
    "chaos" / "storm",
    "chaos" / "squall",
    "chaos" / "quorum",
    "chaos" / "groups",
    "chaos" / "compaction",
    "chaos" / "found-restarted-controller",
}

embedded! {
    /// The exhibits of the museum, in the order of its rooms: replication (r), the controller (k), consumers and groups (c), the disk
    /// and what is kept on it (s). An exhibit is called as its file.
    MUSEUM:
    "museum" / "r1-truncate-hw",
    "museum" / "r2-divergent-logs",
    "museum" / "r3-fast-failover",
    "museum" / "r4-zombie-replica",
    "museum" / "r5-truncation-unnoticed",
    "museum" / "r6-join-at-high-watermark",
    "museum" / "r9-delayed-isr-request",
    "museum" / "r10-last-replica-standing",
    "museum" / "r11-isr-of-one",
    "museum" / "r12a-unclean-lost",
    "museum" / "r12b-unclean-two-values",
    "museum" / "r12c-unclean-beyond-the-end",
    "museum" / "r19-sent-to-a-follower",
    "museum" / "k1-isolated-leader",
    "museum" / "k2-disruptive-server",
    "museum" / "k3-two-majorities",
    "museum" / "k5-wiped-voter",
    "museum" / "k12-same-name",
    "museum" / "c1-auto-commit",
    "museum" / "c2-before-or-after",
    "museum" / "c3-rebalance-duplicates",
    "museum" / "c4-zombie-commit",
    "museum" / "c7-static-ghost",
    "museum" / "c8-static-and-gone",
    "museum" / "c9-stuck-group",
    "museum" / "c10-expired-alive",
    "museum" / "c11-coordinator-forgot",
    "museum" / "c12-offset-beyond-end",
    "museum" / "c13-new-partition",
    "museum" / "s1-power-failure",
    "museum" / "s2-folder-not-synced",
    "museum" / "s6-microseconds",
    "museum" / "s7-deleted-on-arrival",
    "museum" / "s8-clock-jump",
    "museum" / "s10-tombstone-race",
    "museum" / "s12-cleaner-gave-up",
    "museum" / "s15-retention-passes-reader",
    "museum" / "s16-epoch-cleaned-away",
}

/// Every embedded scenario but the museum's: its name and its text.
pub fn stories() -> impl Iterator<Item = (&'static str, &'static str)> {
    [LESSONS, USE_CASES, CHAOS].into_iter().flatten().copied()
}

/// The embedded scenario of this name: `06-lost-ack`, `lost-ack` or `06`; of an exhibit also its number, `r1`. Returns the
/// full name and the text.
#[must_use]
pub fn embedded(name: &str) -> Option<(&'static str, &'static str)> {
    let is_meant = |full: &str| full == name || bare(full) == name || full.strip_suffix(bare(full)) == Some(&format!("{name}-"));
    stories().chain(MUSEUM.iter().copied()).find(|(full, _)| is_meant(full) || number(full) == Some(name))
}

/// The number of an exhibit, such as `r1`.
fn number(full: &str) -> Option<&str> {
    let (number, _) = full.split_once('-')?;
    MUSEUM.iter().any(|(exhibit, _)| *exhibit == full).then_some(number)
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
        for (full, text) in stories().chain(MUSEUM.iter().copied()) {
            let scenario = Scenario::read(text, full).unwrap_or_else(|mistake| panic!("{mistake}"));
            assert_eq!(scenario.name, bare(full), "{full}");
        }
    }

    #[test]
    fn a_scenario_is_found_with_and_without_its_number() {
        assert_eq!(embedded("06-lost-ack"), embedded("lost-ack"));
        assert!(embedded("lost-ack").is_some());
        assert!(embedded("ack").is_none());
        assert_eq!(embedded("r1"), embedded("r1-truncate-hw"));
        assert!(embedded("r1").is_some());
    }
}
