//! How topics are to be kept: their configuration over time, and which of its versions a broker may go by.
//!
//! A change is told when it is committed; a broker goes by it when it has applied the metadata so far. Until it has applied more
//! than was committed then, it may go by the old version or the new one.
//!
//! Invariant: a version that no broker can go by any more is not forgotten, since a broker may be cut off for ever: who asks
//! names up to where the broker has applied the metadata.
//!
//! Called by: the checks of retention and compaction.
//!
//! Not modelled: a default that is set for a single broker. From then on nobody is held to any rule.

use std::collections::BTreeMap;

use crate::config::{Lookup, Owner, TopicConfig};
use crate::event::{ConfigFacts, TopicFacts};
use crate::ids::{Offset, TopicId};

/// The resource that stands for all brokers.
const CLUSTER: &str = "cluster";

/// A configuration, and when every broker knows it.
#[derive(Clone, Debug)]
struct Version {
    config: TopicConfig,
    /// A broker that has applied more of the metadata than this goes by it.
    known_after: Offset,
}

/// A topic's configuration over time.
#[derive(Clone, Debug)]
struct Topic {
    id: TopicId,
    own: BTreeMap<String, String>,
    versions: Vec<Version>,
}

/// All topics, by name: a topic made again under an old name takes the place of the old one.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// By the servers' files; `None` when nothing can be said any more.
    file: Option<TopicConfig>,
    /// What was set for all brokers, by the servers' keys.
    cluster: BTreeMap<String, String>,
    names: BTreeMap<TopicId, String>,
    topics: BTreeMap<String, Topic>,
}

impl Rules {
    /// What topics are configured as by the servers' files.
    pub(super) fn new(defaults: &TopicConfig) -> Self {
        Self { file: Some(defaults.clone()), ..Self::default() }
    }

    /// A topic is there.
    pub(super) fn create(&mut self, facts: &TopicFacts) {
        if self.names.contains_key(&facts.id) {
            return;
        }
        let mut topic = Topic { id: facts.id, own: facts.config.iter().cloned().collect(), versions: Vec::new() };
        let Some(defaults) = self.defaults() else { return };
        topic.change(&defaults, Offset::ZERO);
        self.names.insert(facts.id, facts.name.clone());
        self.topics.insert(facts.name.clone(), topic);
    }

    /// A configuration was changed, when the metadata was committed up to `committed`. Returns the topics that it concerns.
    pub(super) fn change(&mut self, change: &ConfigFacts, committed: Offset) -> Vec<TopicId> {
        let Some(defaults) = self.defaults() else { return Vec::new() };
        if let Some(topic) = self.topics.get_mut(&change.resource) {
            set(&mut topic.own, change);
            topic.change(&defaults, committed);
            return vec![topic.id];
        }
        if let Lookup::TopicDefault(_) = Owner::Broker.lookup(&change.key) {
            if change.resource == CLUSTER {
                set(&mut self.cluster, change);
            } else {
                self.file = None;
            }
        }
        let Some(defaults) = self.defaults() else {
            self.topics.clear();
            return Vec::new();
        };
        self.topics.values_mut().for_each(|topic| topic.change(&defaults, committed));
        self.topics.values().map(|topic| topic.id).collect()
    }

    fn defaults(&self) -> Option<TopicConfig> {
        let mut config = self.file.clone()?;
        for (key, value) in &self.cluster {
            if let Lookup::TopicDefault(synonym) = Owner::Broker.lookup(key) {
                let units = value.parse::<u64>().ok().filter(|_| synonym.factor > 1);
                let scaled = units.map(|units| units.saturating_mul(synonym.factor).to_string());
                // What a server does not take was refused, so that it is not told of.
                let _ = config.set(synonym.topic, scaled.as_deref().unwrap_or(value));
            }
        }
        Some(config)
    }

    /// What a broker that has applied the metadata up to `applied` may go by, oldest first.
    pub(super) fn of(&self, topic: TopicId, applied: Offset) -> impl Iterator<Item = &TopicConfig> {
        let topic = self.names.get(&topic).and_then(|name| self.topics.get(name)).filter(|known| known.id == topic);
        let versions = topic.map_or(&[][..], |topic| topic.versions.as_slice());
        let sure = versions.iter().rposition(|version| applied > version.known_after);
        versions.iter().skip(sure.unwrap_or_default()).map(|version| &version.config)
    }

    /// What is in force by the controller.
    pub(super) fn now(&self, topic: TopicId) -> Option<&TopicConfig> {
        let topic = self.names.get(&topic).and_then(|name| self.topics.get(name)).filter(|known| known.id == topic)?;
        topic.versions.last().map(|version| &version.config)
    }
}

impl Topic {
    fn change(&mut self, defaults: &TopicConfig, known_after: Offset) {
        let mut config = defaults.clone();
        for (key, value) in &self.own {
            // Keys without effect here were accepted and set nothing.
            let _ = config.set(key, value);
        }
        if self.versions.last().is_none_or(|last| last.config != config) {
            self.versions.push(Version { config, known_after });
        }
    }
}

fn set(values: &mut BTreeMap<String, String>, change: &ConfigFacts) {
    match &change.value {
        Some(value) => values.insert(change.key.clone(), value.clone()),
        None => values.remove(&change.key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;
    use crate::time::Duration;

    fn change(resource: &str, key: &str, value: Option<&str>) -> ConfigFacts {
        ConfigFacts { resource: resource.to_owned(), key: key.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn a_broker_goes_by_what_it_may_have_heard_of() {
        let mut rules = Rules::new(&TopicConfig::of(Profile::Kafka));
        let id = TopicId(1);
        let config = vec![("retention.ms".to_owned(), "1000".to_owned())];
        rules.create(&TopicFacts { id, name: "orders".to_owned(), partitions: 1, replication_factor: 1, config });
        let seen = |rules: &Rules, applied| {
            rules.of(id, Offset(applied)).map(|config| config.retention_ms.as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(seen(&rules, 0), [1_000]);
        assert_eq!(rules.change(&change("orders", "retention.ms", Some("500")), Offset(7)), [id]);
        assert_eq!((seen(&rules, 7), seen(&rules, 8)), (vec![1_000, 500], vec![500]));
        rules.change(&change("orders", "retention.ms", None), Offset(9));
        rules.change(&change("cluster", "log.retention.hours", Some("2")), Offset(9));
        assert_eq!(rules.now(id).map(|config| config.retention_ms), Some(Duration::from_secs(7_200)));
        rules.change(&change("cluster", "log.retention.hours", None), Offset(11));
        assert_eq!(seen(&rules, 12), [7 * 24 * 3_600_000]);
        rules.change(&change("b1", "log.retention.ms", Some("1")), Offset(12));
        assert_eq!(seen(&rules, 20), Vec::<u64>::new(), "nobody knows what b2 goes by");
    }
}
