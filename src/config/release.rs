//! What each release of Kafka did: one table of every rule and every default that changed from 2.8 (the first with KRaft) to
//! 4.3, each row with the KIP or JIRA that changed it. `[cluster] kafka = "3.6"` sets a cluster to one of them.
//!
//! Invariant: every variant has its rows; what stands last for a setting is today's default, so the newest release and a
//! cluster without `kafka` are the same. Rows of one setting stand together, the oldest release first; the last row that is
//! not newer than the release is in force.
//!
//! Called by: the scenario reader, before the keys of the file, which win over it.
//!
//! Not modelled: ZooKeeper (2.8 to 3.9 are what they were with KRaft), metadata.version below a release's own (a cluster has
//! the features its release begins new clusters with), and defaults of keys without effect here.

use super::lookup::Owner;
use super::profile::Profile;
use super::variants::Variants;

/// A minor release of Apache Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// As in 4.x.
    pub major: u8,
    /// As in x.1.
    pub minor: u8,
}

/// What a row of the table sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    /// A historical rule.
    Variant(&'static str),
    /// The default of a key.
    Key(Owner, &'static str),
}

/// From when on a setting had a value.
struct Row {
    setting: Setting,
    since: Release,
    /// In Kafka.
    kafka: &'static str,
    /// In the profile `fast`.
    fast: &'static str,
    /// Who changed it; for the oldest row, what it was before.
    source: &'static str,
}

const fn release(major: u8, minor: u8) -> Release {
    Release { major, minor }
}

const fn rule(name: &'static str, since: Release, word: &'static str, source: &'static str) -> Row {
    Row { setting: Setting::Variant(name), since, kafka: word, fast: word, source }
}

const fn key(
    owner: Owner,
    name: &'static str,
    since: Release,
    (kafka, fast): (&'static str, &'static str),
    source: &'static str,
) -> Row {
    Row { setting: Setting::Key(owner, name), since, kafka, fast, source }
}

const OLDEST: Release = release(2, 8);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    rule("truncation", OLDEST, "kip-279", "KIP-279 (2.0); told in the Fetch response since KIP-595 (2.7)"),
    rule("epoch-fencing", OLDEST, "kip-320", "KIP-320 (2.1)"),
    rule("isr-join-rule", OLDEST, "epoch-start", "KAFKA-7128 (2.0.1, 2.1)"),
    rule("hw-isr", OLDEST, "maximal", "KIP-497 (2.7)"),
    rule("isr-eligibility", OLDEST, "any", "the controller takes every replica that a leader proposes"),
    rule("isr-eligibility", release(3, 3), "not-fenced", "KIP-841, KAFKA-13916"),
    rule("isr-eligibility", release(3, 5), "broker-epoch", "KIP-903, KAFKA-14139, KAFKA-14617"),
    rule("elr", OLDEST, "off", "a replica that left the ISR is no candidate; 4.0 has KIP-966 switched off"),
    rule("elr", release(4, 1), "on", "KIP-966: eligible.leader.replicas.version 1 for new clusters"),
    rule("prevote", OLDEST, "off", "a voter stands at once when its election time-out is over (KIP-595)"),
    rule("prevote", release(4, 0), "on", "KIP-996, KAFKA-16164"),
    rule("check-quorum", OLDEST, "off", "a quorum leader never resigns by itself (KIP-595)"),
    rule("check-quorum", release(3, 7), "on", "KAFKA-15489"),
    // No release changed voters without the guard: before 3.9 none changed voters at all.
    rule("reconfig-guard", OLDEST, "on", "KIP-853 has it from its first release (3.9)"),
    rule("voter-uuid", OLDEST, "off", "a voter is its number, whatever its disk (KIP-595)"),
    rule("voter-uuid", release(3, 9), "on", "KIP-853: kraft.version 1"),
    rule("folder-sync", OLDEST, "off", "a new segment's folder is not synced"),
    rule("folder-sync", release(3, 0), "on", "KAFKA-3968"),
    rule("position-validation", OLDEST, "on", "KIP-320 (2.1)"),
    rule("out-of-range-asks-leader", OLDEST, "on", "KIP-392 (2.4)"),
    rule("commit-fencing", OLDEST, "on", "the classic protocol has it from its first release (0.9)"),
    rule("static-member-fencing", OLDEST, "on", "KAFKA-8500 (June 2019, a blocker of KIP-345), KAFKA-10284 (2.7)"),
    rule("sync-timer", OLDEST, "off", "a group waits for members that never sync as long as they send heartbeats"),
    rule("sync-timer", release(3, 0), "on", "KAFKA-12890"),
    rule("offset-expiry", OLDEST, "group-empty", "KIP-211 (2.1)"),
    rule("topic-ids", OLDEST, "off", "Fetch names topics"),
    rule("topic-ids", release(3, 1), "on", "KIP-516: topic ids in Fetch"),
    rule("tombstone-clock", OLDEST, "segment-mtime", "the file's last write decides"),
    rule("tombstone-clock", release(3, 1), "batch-horizon", "KIP-534, KAFKA-8522"),
    rule("cleaner-partial-map", OLDEST, "on", "KAFKA-3587 (0.10)"),
    rule("cleaner-keeps-epochs", OLDEST, "off", "no release does: a copy of a cleaned log takes the first batch it gets for an epoch's beginning"),
    rule("retention-by-record-time", OLDEST, "on", "KIP-33 (0.10.1)"),
    key(Owner::Topic, "message.timestamp.after.max.ms", OLDEST, ("9223372036854775807", "9223372036854775807"), "message.timestamp.difference.max.ms (KIP-32), split by KIP-937 (3.6)"),
    key(Owner::Topic, "message.timestamp.after.max.ms", release(4, 0), ("3600000", "3600000"), "KIP-1030"),
    key(Owner::Producer, "acks", OLDEST, ("1", "1"), "the leader's word is enough"),
    key(Owner::Producer, "acks", release(3, 0), ("all", "all"), "KIP-679"),
    key(Owner::Producer, "linger.ms", OLDEST, ("0", "0"), "no batch waits for more"),
    key(Owner::Producer, "linger.ms", release(4, 0), ("5", "5"), "KIP-1030"),
    // A wait that never grows is what `retry.backoff.max.ms` at the first wait means.
    key(Owner::Producer, "retry.backoff.max.ms", OLDEST, ("100", "10"), "every wait is retry.backoff.ms"),
    key(Owner::Producer, "retry.backoff.max.ms", release(3, 7), ("1000", "100"), "KIP-580"),
    key(Owner::Consumer, "retry.backoff.max.ms", OLDEST, ("100", "10"), "every wait is retry.backoff.ms"),
    key(Owner::Consumer, "retry.backoff.max.ms", release(3, 7), ("1000", "100"), "KIP-580"),
    key(Owner::Consumer, "session.timeout.ms", OLDEST, ("10000", "1000"), "a member that is silent for 10 s is out"),
    key(Owner::Consumer, "session.timeout.ms", release(3, 0), ("45000", "4500"), "KIP-735"),
    key(Owner::Consumer, "partition.assignment.strategy", OLDEST, ("range", "range"), "range alone"),
    key(Owner::Consumer, "partition.assignment.strategy", release(3, 0), ("range,cooperative-sticky", "range,cooperative-sticky"), "KIP-726"),
];

impl Release {
    /// Every release there is a row for or none is needed for, the oldest first.
    pub const ALL: &'static [Self] = &[
        release(2, 8),
        release(3, 0),
        release(3, 1),
        release(3, 2),
        release(3, 3),
        release(3, 4),
        release(3, 5),
        release(3, 6),
        release(3, 7),
        release(3, 8),
        release(3, 9),
        release(4, 0),
        release(4, 1),
        release(4, 2),
        release(4, 3),
    ];

    /// The words for them, in the same order.
    pub const WORDS: &'static [&'static str] =
        &["2.8", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "4.0", "4.1", "4.2", "4.3"];

    /// The release of this name; `None` when there is none.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let place = Self::WORDS.iter().position(|other| *other == word)?;
        Self::ALL.get(place).copied()
    }

    /// The rules in force in it.
    #[must_use]
    pub fn variants(self) -> Variants {
        let mut variants = Variants::default();
        for row in self.rows() {
            if let Setting::Variant(name) = row.setting {
                variants.set(name, row.kafka).expect("a test reads every row of the table");
            }
        }
        variants
    }

    /// The keys of an owner whose defaults ever changed, with their values in it.
    pub fn defaults(self, owner: Owner, profile: Profile) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.rows().filter_map(move |row| match row.setting {
            Setting::Key(whose, name) if whose == owner => Some((name, row.in_profile(profile))),
            Setting::Key(..) | Setting::Variant(_) => None,
        })
    }

    /// Who is to blame for what, one line a setting: `acks = all (KIP-679)`.
    #[must_use]
    pub fn sources(self) -> Vec<String> {
        let name = |setting| match setting {
            Setting::Variant(name) => name.to_owned(),
            Setting::Key(owner, name) => format!("{} {name}", owner.word()),
        };
        self.rows().map(|row| format!("{} = {} ({})", name(row.setting), row.kafka, row.source)).collect()
    }

    /// For every setting the row in force.
    fn rows(self) -> impl Iterator<Item = &'static Row> {
        let is_in_force = move |place: usize, row: &Row| {
            let next = TABLE.get(place + 1).filter(|next| next.setting == row.setting);
            row.since <= self && next.is_none_or(|next| next.since > self)
        };
        TABLE.iter().enumerate().filter(move |(place, row)| is_in_force(*place, row)).map(|(_, row)| row)
    }
}

impl Row {
    fn in_profile(&self, profile: Profile) -> &'static str {
        match profile {
            Profile::Kafka => self.kafka,
            Profile::Fast => self.fast,
        }
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{EpochFencing, IsrEligibility, Switch};

    const PROFILES: [Profile; 2] = [Profile::Kafka, Profile::Fast];

    #[test]
    fn every_row_is_read_by_what_it_sets_and_cites_its_source() {
        for (place, row) in TABLE.iter().enumerate() {
            match row.setting {
                Setting::Variant(name) => Variants::default().set(name, row.kafka).unwrap_or_else(|why| panic!("{name}: {why}")),
                Setting::Key(owner, name) => {
                    assert!(owner.keys().iter().any(|key| key.name == name), "{name} is no modelled key");
                    for profile in PROFILES {
                        owner.check_range(name, row.in_profile(profile)).unwrap_or_else(|why| panic!("{name}: {why}"));
                    }
                }
            }
            assert!(!row.source.is_empty());
            assert!(Release::ALL.contains(&row.since), "{} is no release", row.since);
            let earlier = TABLE.iter().take(place).rfind(|earlier| earlier.setting == row.setting);
            match earlier {
                Some(earlier) => {
                    assert!(earlier.since < row.since && earlier.kafka != row.kafka, "{:?} changes nothing", row.setting);
                }
                None => assert_eq!(row.since, OLDEST, "{:?} is not set from the beginning", row.setting),
            }
        }
    }

    #[test]
    fn every_variant_has_a_row_and_the_newest_release_is_today() {
        for variant in Variants::ALL {
            assert!(TABLE.iter().any(|row| row.setting == Setting::Variant(variant.name)), "{} has no row", variant.name);
        }
        let newest = *Release::ALL.last().expect("there are releases");
        assert_eq!(newest.variants(), Variants::default());
        for owner in Owner::ALL {
            for profile in PROFILES {
                for (name, value) in newest.defaults(owner, profile) {
                    let key = owner.keys().iter().find(|key| key.name == name).expect("seen above");
                    let today = if profile == Profile::Kafka { key.kafka } else { key.fast };
                    assert_eq!(value, today, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_release_has_what_it_had() {
        let at = |word| Release::named(word).expect("it is a release");
        let variants = at("3.6").variants();
        assert_eq!(variants.isr_eligibility, IsrEligibility::BrokerEpoch);
        assert_eq!((variants.elr, variants.check_quorum, variants.voter_uuid), (Switch::Off, Switch::Off, Switch::Off));
        assert_eq!(variants.epoch_fencing, EpochFencing::Kip320);
        assert_eq!(at("3.2").variants().isr_eligibility, IsrEligibility::Any);
        assert_eq!(at("3.4").variants().isr_eligibility, IsrEligibility::NotFenced);
        assert_eq!(at("4.0").variants().elr, Switch::Off);
        let producer = |word| at(word).defaults(Owner::Producer, Profile::Kafka).collect::<Vec<_>>();
        assert_eq!(producer("2.8"), [("acks", "1"), ("linger.ms", "0"), ("retry.backoff.max.ms", "100")]);
        assert_eq!(producer("3.9"), [("acks", "all"), ("linger.ms", "0"), ("retry.backoff.max.ms", "1000")]);
        assert_eq!(Release::named("4.4"), None);
        assert!(at("3.6").sources().contains(&"check-quorum = off (a quorum leader never resigns by itself (KIP-595))".to_owned()));
    }

    #[test]
    fn the_words_are_those_of_the_releases() {
        let words: Vec<_> = Release::ALL.iter().map(Release::to_string).collect();
        assert_eq!(words, Release::WORDS);
        assert!(Release::ALL.is_sorted());
    }
}
