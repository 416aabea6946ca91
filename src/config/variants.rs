//! Historical rules as settings, each gated like one of Kafka's feature versions, each with an exhibit in the museum.
//!
//! Invariant: a variant's name, its words, its default and its sentence stand in one place: the list below.

use super::value::{Value, words};

words! {
    /// How a replica that begins to follow finds where to cut its log.
    Truncation {
        /// Before KIP-101: at its own high watermark. Acknowledged records may be lost, logs may fork.
        "high-watermark" HighWatermark,
        /// KIP-101: at the leader's end of the follower's last epoch, taken as the start of the first larger one. Logs fork
        /// when the leader never saw that epoch.
        "kip-101" Kip101,
        /// Since KIP-279 and KIP-595: at the end of the last epoch it shares with the leader, told in the Fetch response.
        "kip-279" Kip279,
    }
}

words! {
    /// Whether a leader and its readers compare leader epochs before they believe each other.
    EpochFencing {
        /// Before KIP-320: no. A zombie replica's fetch counts as an acknowledgement.
        "off" Off,
        /// Since KIP-320: FENCED_LEADER_EPOCH to who is behind, UNKNOWN_LEADER_EPOCH to who is ahead.
        "kip-320" Kip320,
    }
}

words! {
    /// How far a follower must have come to join the ISR.
    IsrJoinRule {
        /// Before KAFKA-7128: to the leader's high watermark, which may lag behind what was acknowledged.
        "high-watermark" HighWatermark,
        /// Since then: also to the start of the leader's epoch.
        "epoch-start" EpochStart,
    }
}

words! {
    /// Over which replicas a leader takes the high watermark while an ISR change is in flight.
    HwIsr {
        /// The ISR as last committed: a replica that was just proposed is not waited for.
        "committed" Committed,
        /// Since KIP-497: the maximal ISR, committed or proposed.
        "maximal" Maximal,
    }
}

words! {
    /// Who may be proposed for the ISR, in the leader's and in the controller's eyes.
    IsrEligibility {
        /// Before KIP-841: any replica.
        "any" Any,
        /// KIP-841: neither fenced nor shutting down.
        "not-fenced" NotFenced,
        /// Since KIP-903: also under its present registration.
        "broker-epoch" BrokerEpoch,
    }
}

words! {
    /// From when on a committed offset grows old.
    OffsetExpiry {
        /// Before KIP-211: from its commit on, whether its group lives or not.
        "per-commit" PerCommit,
        /// Since then: from when its group became empty.
        "group-empty" GroupEmpty,
    }
}

words! {
    /// From when on a tombstone has been there long enough.
    TombstoneClock {
        /// Before KIP-534: from when its segment's file was last written, which every cleaning does.
        "segment-mtime" SegmentMtime,
        /// Since then: from the first cleaning on, written down in its batch.
        "batch-horizon" BatchHorizon,
    }
}

words! {
    /// A rule that is in force or not.
    Switch {
        /// As it was before.
        "off" Off,
        /// As it is today.
        "on" On,
    }
}

impl Switch {
    /// Whether the rule is in force.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// A variant: its name and what it may be.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The name, as scenarios and `--set` write it.
    pub name: &'static str,
    /// What it decides, in one sentence.
    pub doc: &'static str,
    /// Its words, the oldest rule first; a word's place is its level as a feature.
    pub words: &'static [&'static str],
    /// Today's.
    pub default: &'static str,
}

macro_rules! variants {
    ($($(#[doc = $doc:literal])+ $name:literal $field:ident: $type:ident = $default:ident),* $(,)?) => {
        /// The rule in force for each question on which Kafka changed its mind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Variants { $($(#[doc = $doc])+ pub $field: $type),* }

        impl Default for Variants {
            fn default() -> Self {
                Self { $($field: $type::$default),* }
            }
        }

        impl Variants {
            /// Every variant, in the order of the list.
            pub const ALL: &'static [Variant] = &[$(Variant {
                name: $name,
                doc: concat!($($doc),+),
                words: $type::WORDS,
                default: $type::$default.as_word(),
            }),*];

            /// Sets one. Errors: no such variant, or no such word, in a sentence.
            pub fn set(&mut self, name: &str, word: &str) -> Result<(), String> {
                match name {
                    $($name => {
                        self.$field = $type::parse(word)?;
                        Ok(())
                    })*
                    _ => Err(format!("there is no variant `{name}`")),
                }
            }

            /// The word of one; `None` when there is no such variant.
            #[must_use]
            pub fn word(&self, name: &str) -> Option<&'static str> {
                match name {
                    $($name => Some(self.$field.word()),)*
                    _ => None,
                }
            }
        }
    };
}

variants! {
    /// How a replica that begins to follow finds where to cut its log.
    "truncation" truncation: Truncation = Kip279,
    /// Whether leader epochs are compared in Fetch, ListOffsets and OffsetForLeaderEpoch.
    "epoch-fencing" epoch_fencing: EpochFencing = Kip320,
    /// How far a follower must have come to join the ISR.
    "isr-join-rule" isr_join_rule: IsrJoinRule = EpochStart,
    /// Over which replicas a leader takes the high watermark while an ISR change is in flight.
    "hw-isr" hw_isr: HwIsr = Maximal,
    /// Who may be proposed for the ISR.
    "isr-eligibility" isr_eligibility: IsrEligibility = BrokerEpoch,
    /// Eligible leader replicas, and no high watermark advance below min ISR (KIP-966).
    "elr" elr: Switch = On,
    /// Whether a voter asks if it would win before it raises the quorum epoch (KIP-996).
    "prevote" prevote: Switch = On,
    /// Whether a quorum leader that no majority fetches from resigns (KAFKA-15489).
    "check-quorum" check_quorum: Switch = On,
    /// Whether a voter change waits for a committed record of the leader's own epoch (KIP-853).
    "reconfig-guard" reconfig_guard: Switch = On,
    /// Whether a voter is known by its disk's directory id as well as by its number (KIP-853).
    "voter-uuid" voter_uuid: Switch = On,
    /// Whether the folder of a new or renamed file is synced as well as the file (KAFKA-3968, KAFKA-15312).
    "folder-sync" folder_sync: Switch = On,
    /// Whether a consumer compares its position's epoch with a new leader's log before it reads on (KIP-320).
    "position-validation" position_validation: Switch = On,
    /// Whether a consumer that a follower calls out of range asks the leader before it gives its position up (KIP-392).
    "out-of-range-asks-leader" out_of_range_asks_leader: Switch = On,
    /// Whether a commit is refused whose generation or member epoch is not the present one.
    "commit-fencing" commit_fencing: Switch = On,
    /// Whether a static member's new id is stored at once, so that the old one is fenced everywhere (KAFKA-8500, KAFKA-10284).
    "static-member-fencing" static_member_fencing: Switch = On,
    /// Whether members that joined and never sync are put out, so that their group can go on (KAFKA-12890).
    "sync-timer" sync_timer: Switch = On,
    /// From when on a committed offset grows old.
    "offset-expiry" offset_expiry: OffsetExpiry = GroupEmpty,
    /// Whether clients tell a topic from a later one of the same name by its id (KIP-516).
    "topic-ids" topic_ids: Switch = On,
    /// From when on a tombstone has been there long enough.
    "tombstone-clock" tombstone_clock: TombstoneClock = BatchHorizon,
    /// Whether the cleaner cleans as much as its map holds, where a segment has more keys than that (KAFKA-3894). Off, it stops.
    "cleaner-partial-map" cleaner_partial_map: Switch = On,
    /// Whether the cleaner keeps the first batch of each leader epoch, if only as a header, so that who copies a cleaned log learns
    /// where the epoch began. No release of Kafka does.
    "cleaner-keeps-epochs" cleaner_keeps_epochs: Switch = Off,
    /// Whether retention goes by the records' timestamps (KIP-33). Off, by when a segment's file was last written.
    "retention-by-record-time" retention_by_record_time: Switch = On,
}

impl Variants {
    /// The level of one as a feature: the place of its word, the oldest rule being 0.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<u16> {
        let variant = Self::ALL.iter().find(|variant| variant.name == name)?;
        let place = variant.words.iter().position(|word| Some(*word) == self.word(name))?;
        u16::try_from(place).ok()
    }

    /// Sets one by its level as a feature. Errors: no such variant or level, in a sentence.
    pub fn set_level(&mut self, name: &str, level: u16) -> Result<(), String> {
        let variant =
            Self::ALL.iter().find(|variant| variant.name == name).ok_or_else(|| format!("there is no variant `{name}`"))?;
        let word = variant.words.get(usize::from(level)).ok_or_else(|| format!("`{name}` has no level {level}"))?;
        self.set(name, word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_stands_at_its_default_and_goes_there_and_back_by_level() {
        for variant in Variants::ALL {
            let mut variants = Variants::default();
            assert_eq!(variants.word(variant.name), Some(variant.default));
            for (level, word) in (0u16..).zip(variant.words) {
                variants.set_level(variant.name, level).expect("a level for every word");
                assert_eq!(variants.word(variant.name), Some(*word));
                assert_eq!(variants.level(variant.name), Some(level));
            }
            assert!(variants.set(variant.name, "no such word").is_err());
        }
    }
}
