//! Which of the three kinds a key is of: modelled, known to Kafka but without effect here, or unknown.
//!
//! Called by: the scenario reader, for every key of every `config` table and every `--set`.

use super::declare::Key;
use super::nearest::nearest;
use super::{BrokerConfig, ConsumerConfig, ProducerConfig, TopicConfig, known};

/// Whose configuration a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A server: brokers and controllers.
    Broker,
    /// A topic.
    Topic,
    /// A producer.
    Producer,
    /// A consumer.
    Consumer,
}

/// What is known about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It has its effect.
    Modelled(&'static Key),
    /// It sets the default of this topic key.
    TopicDefault(&'static Synonym),
    /// It is Kafka's own, and has no effect here.
    Known,
    /// Kafka has no such key.
    Unknown(Hint),
}

/// What an unknown key was probably meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A key of a similar name.
    Nearest(&'static str),
    /// Servers call this topic key otherwise.
    ServerName(&'static str),
    /// Topics call this server key otherwise.
    TopicName(&'static str),
    /// It is a key, but not of this owner.
    BelongsTo(Owner),
    /// Nobody knows.
    Nothing,
}

/// A server's name for the default of a topic key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// What a server calls it.
    pub server: &'static str,
    /// What a topic calls it.
    pub topic: &'static str,
    /// How many of the topic's units the server's unit has (hours against ms).
    pub factor: u64,
}

macro_rules! synonyms {
    ($($server:literal => $topic:literal $(x $factor:literal)?),* $(,)?) => {
        /// The servers' names for topic keys, a weaker name before the stronger one (`log.roll.ms` overrules `log.roll.hours`).
        /// Source: Kafka's ServerTopicConfigSynonyms.
        pub const SYNONYMS: &[Synonym] = &[$(Synonym { server: $server, topic: $topic, factor: 1 $(* $factor)? }),*];
    };
}

synonyms! {
    "log.segment.bytes" => "segment.bytes",
    "log.roll.hours" => "segment.ms" x 3_600_000,
    "log.roll.ms" => "segment.ms",
    "log.cleanup.policy" => "cleanup.policy",
    "log.retention.hours" => "retention.ms" x 3_600_000,
    "log.retention.minutes" => "retention.ms" x 60_000,
    "log.retention.ms" => "retention.ms",
    "log.retention.bytes" => "retention.bytes",
    "log.cleaner.delete.retention.ms" => "delete.retention.ms",
    "log.cleaner.min.compaction.lag.ms" => "min.compaction.lag.ms",
    "log.cleaner.max.compaction.lag.ms" => "max.compaction.lag.ms",
    "log.cleaner.min.cleanable.ratio" => "min.cleanable.dirty.ratio",
    "log.segment.delete.delay.ms" => "file.delete.delay.ms",
    "log.index.size.max.bytes" => "segment.index.bytes",
    "log.index.interval.bytes" => "index.interval.bytes",
    "message.max.bytes" => "max.message.bytes",
    "log.message.timestamp.type" => "message.timestamp.type",
    "log.message.timestamp.before.max.ms" => "message.timestamp.before.max.ms",
    "log.message.timestamp.after.max.ms" => "message.timestamp.after.max.ms",
    "log.flush.interval.messages" => "flush.messages",
    "log.flush.interval.ms" => "flush.ms",
    "min.insync.replicas" => "min.insync.replicas",
    "unclean.leader.election.enable" => "unclean.leader.election.enable",
}

impl Owner {
    /// Every owner.
    pub const ALL: [Self; 4] = [Self::Broker, Self::Topic, Self::Producer, Self::Consumer];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Topic => "topic",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    /// Its modelled keys.
    #[must_use]
    pub fn keys(self) -> &'static [Key] {
        match self {
            Self::Broker => BrokerConfig::KEYS,
            Self::Topic => TopicConfig::KEYS,
            Self::Producer => ProducerConfig::KEYS,
            Self::Consumer => ConsumerConfig::KEYS,
        }
    }

    /// Its keys without effect here.
    #[must_use]
    pub fn known(self) -> &'static [&'static str] {
        match self {
            Self::Broker => known::BROKER,
            Self::Topic => known::TOPIC,
            Self::Producer => known::PRODUCER,
            Self::Consumer => known::CONSUMER,
        }
    }

    /// Its names for topic keys.
    #[must_use]
    pub fn synonyms(self) -> &'static [Synonym] {
        if self == Self::Broker { SYNONYMS } else { &[] }
    }

    /// Every key it may have, modelled ones first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let modelled = self.keys().iter().map(|key| key.name);
        modelled.chain(self.synonyms().iter().map(|synonym| synonym.server)).chain(self.known().iter().copied())
    }

    /// Which kind of key this is.
    #[must_use]
    pub fn lookup(self, name: &str) -> Lookup {
        if let Some(key) = self.keys().iter().find(|key| key.name == name) {
            return Lookup::Modelled(key);
        }
        if let Some(synonym) = self.synonyms().iter().find(|synonym| synonym.server == name) {
            return Lookup::TopicDefault(synonym);
        }
        if self.known().contains(&name) { Lookup::Known } else { Lookup::Unknown(self.hint(name)) }
    }

    fn hint(self, name: &str) -> Hint {
        if let Some(synonym) = SYNONYMS.iter().rev().find(|synonym| self == Self::Broker && synonym.topic == name) {
            return Hint::ServerName(synonym.server);
        }
        // Kafka's one irregular name: everything else about segments is called `log.segment.…` by servers.
        if self == Self::Broker && name == "log.segment.ms" {
            return Hint::ServerName("log.roll.ms");
        }
        if let Some(synonym) = SYNONYMS.iter().find(|synonym| self == Self::Topic && synonym.server == name) {
            return Hint::TopicName(synonym.topic);
        }
        if let Some(owner) = Self::ALL.into_iter().find(|owner| owner.names().any(|other| other == name)) {
            return Hint::BelongsTo(owner);
        }
        nearest(name, self.names()).map_or(Hint::Nothing, Hint::Nearest)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Profile, Value};

    #[test]
    fn no_key_stands_twice_and_no_modelled_key_is_listed_as_without_effect() {
        for owner in Owner::ALL {
            let mut seen = BTreeSet::new();
            for name in owner.names() {
                assert!(seen.insert(name), "{name} stands twice among the keys of a {}", owner.word());
            }
            assert!(owner.known().is_sorted(), "the known keys of a {} are not sorted", owner.word());
        }
    }

    #[test]
    fn every_default_parses_in_both_profiles_and_passes_its_own_checks() {
        for profile in [Profile::Kafka, Profile::Fast] {
            BrokerConfig::of(profile).check().expect("the defaults of brokers agree with each other");
            let mut producer = ProducerConfig::of(profile);
            producer.settle(true).expect("the defaults of producers agree with each other");
            assert_eq!(producer, ProducerConfig::of(profile));
            let _ = (TopicConfig::of(profile), ConsumerConfig::of(profile));
        }
        for owner in Owner::ALL {
            for key in owner.keys() {
                for value in [key.kafka, key.fast] {
                    assert_eq!(owner.check_range(key.name, value), Ok(()), "{}", key.name);
                }
            }
        }
        let topics = TopicConfig::of(Profile::Fast);
        for key in TopicConfig::KEYS {
            assert_eq!(topics.get(key.name).as_deref(), Some(key.fast), "{} is written as it is read", key.name);
        }
        let brokers = BrokerConfig::of(Profile::Kafka);
        for key in BrokerConfig::KEYS {
            assert_eq!(brokers.get(key.name).as_deref(), Some(key.kafka), "{} is written as it is read", key.name);
        }
        assert_eq!(Profile::parse("fast"), Ok(Profile::Fast));
    }

    #[test]
    fn synonyms_lead_to_topic_keys() {
        for synonym in SYNONYMS {
            assert!(matches!(Owner::Topic.lookup(synonym.topic), Lookup::Modelled(_)), "{}", synonym.topic);
            assert!(matches!(Owner::Broker.lookup(synonym.server), Lookup::TopicDefault(_)), "{}", synonym.server);
        }
        assert!(TopicConfig::KEYS.iter().all(|key| SYNONYMS.iter().any(|synonym| synonym.topic == key.name)));
    }

    #[test]
    fn an_unknown_key_is_told_what_was_probably_meant() {
        let hint = |owner: Owner, name| match owner.lookup(name) {
            Lookup::Unknown(hint) => hint,
            found => panic!("{name} is {found:?}"),
        };
        assert_eq!(hint(Owner::Producer, "ack"), Hint::Nearest("acks"));
        assert_eq!(hint(Owner::Broker, "segment.bytes"), Hint::ServerName("log.segment.bytes"));
        assert_eq!(hint(Owner::Broker, "log.segment.ms"), Hint::ServerName("log.roll.ms"));
        assert_eq!(hint(Owner::Broker, "segment.ms"), Hint::ServerName("log.roll.ms"));
        assert_eq!(hint(Owner::Topic, "message.max.bytes"), Hint::TopicName("max.message.bytes"));
        assert_eq!(hint(Owner::Topic, "acks"), Hint::BelongsTo(Owner::Producer));
        assert_eq!(hint(Owner::Topic, "quite.another.thing"), Hint::Nothing);
        assert_eq!(Owner::Topic.lookup("remote.storage.enable"), Lookup::Known);
    }

    /// KAFKA.md section 5, written down a second time on purpose. A key that it does not name keeps Kafka's default or has
    /// a tenth of it.
    #[test]
    fn the_profile_fast_is_exactly_what_the_design_says() {
        let fast: &[(Owner, &str, &str)] = &[
            (Owner::Broker, "broker.heartbeat.interval.ms", "200"),
            (Owner::Broker, "broker.session.timeout.ms", "900"),
            (Owner::Broker, "replica.lag.time.max.ms", "3000"),
            (Owner::Broker, "replica.fetch.wait.max.ms", "50"),
            (Owner::Broker, "replica.fetch.backoff.ms", "100"),
            (Owner::Broker, "replica.socket.timeout.ms", "3000"),
            (Owner::Broker, "replica.high.watermark.checkpoint.interval.ms", "500"),
            (Owner::Broker, "controller.quorum.fetch.timeout.ms", "200"),
            (Owner::Broker, "controller.quorum.request.timeout.ms", "200"),
            (Owner::Broker, "controller.quorum.retry.backoff.ms", "2"),
            (Owner::Broker, "controller.quorum.append.linger.ms", "2"),
            (Owner::Broker, "controller.quorum.fetch.snapshot.max.bytes", "4096"),
            (Owner::Broker, "metadata.log.segment.bytes", "16384"),
            (Owner::Broker, "metadata.log.max.record.bytes.between.snapshots", "16384"),
            (Owner::Broker, "log.cleaner.backoff.ms", "1000"),
            (Owner::Broker, "offsets.topic.num.partitions", "4"),
            (Owner::Broker, "offsets.topic.segment.bytes", "16384"),
            (Owner::Topic, "segment.bytes", "4096"),
            (Owner::Topic, "retention.ms", "60000"),
            (Owner::Topic, "segment.ms", "60480000"),
            (Owner::Topic, "index.interval.bytes", "512"),
            (Owner::Producer, "delivery.timeout.ms", "12000"),
            (Owner::Producer, "request.timeout.ms", "3000"),
            (Owner::Producer, "retry.backoff.ms", "10"),
            (Owner::Producer, "retry.backoff.max.ms", "100"),
            (Owner::Producer, "max.block.ms", "6000"),
            (Owner::Producer, "metadata.max.age.ms", "30000"),
            (Owner::Consumer, "fetch.max.wait.ms", "50"),
            (Owner::Consumer, "request.timeout.ms", "3000"),
            (Owner::Consumer, "retry.backoff.ms", "10"),
            (Owner::Consumer, "retry.backoff.max.ms", "100"),
            (Owner::Consumer, "metadata.max.age.ms", "30000"),
        ];
        for owner in Owner::ALL {
            for key in owner.keys() {
                let listed = fast.iter().find(|(whose, name, _)| *whose == owner && *name == key.name).map(|(_, _, value)| *value);
                let tenth = key.kafka.parse::<i64>().map(|value| (value / 10).to_string());
                let is_expected = match listed {
                    Some(value) => key.fast == value,
                    None => key.fast == key.kafka || tenth.as_deref() == Ok(key.fast),
                };
                assert!(is_expected, "{} of a {} is {} in fast", key.name, owner.word(), key.fast);
            }
        }
        let names: Vec<_> = fast.iter().filter(|(owner, name, _)| !owner.keys().iter().any(|key| key.name == *name)).collect();
        assert!(names.is_empty(), "not modelled: {names:?}");
    }
}
