//! What a scenario's settings promise to its clients, told to the checks.

use std::collections::{BTreeMap, BTreeSet};

use super::losses;
use super::scenario::{Expectation, FaultAction, Promise, Scenario};
use crate::check::{Processing, Promises};
use crate::config::{ProducerConfig, TopicConfig};
use crate::ids::ProcessId;
use crate::time::Duration;

impl Scenario {
    /// What the checks may hold this scenario to, under the settings it has now.
    #[must_use]
    pub fn promises(&self) -> Promises {
        let producers = || self.all_producers();
        let in_order = producers().filter(|(_, config)| config.max_in_flight == 1);
        let (lost, voters) = (losses::servers(self), self.cluster.voters());
        let idempotent = producers().filter(|(_, config)| config.enable_idempotence);
        Promises {
            acks: producers().map(|(_, config)| config.acks).collect(),
            unclean_leader_election: self.topics.iter().any(|topic| self.topic_config(&topic.config).unclean_leader_election),
            in_order: in_order.map(|(process, _)| process).collect(),
            idempotent: idempotent.map(|(process, _)| process).collect(),
            heal_time: self.heal_time,
            duration: self.duration,
            never_healed: self.faults.iter().any(|fault| fault.lasts.is_none() && lasts_for_ever(&fault.action)),
            variants: self.variants,
            copies_unbounded: self.topics.iter().any(|topic| {
                let min_isr = usize::try_from(self.topic_config(&topic.config).min_insync_replicas).unwrap_or(usize::MAX);
                lost.iter().filter(|server| matches!(server, ProcessId::Broker(_))).count() >= min_isr
            }),
            voters_unbounded: lost.iter().filter(|server| voters.contains(server)).count() * 2 >= voters.len(),
            processing: self.processing(),
            topic_defaults: self.cluster.topic_defaults.clone(),
            retention_patience: self.retention_patience(),
            named: self.expectation().map(Expectation::decided).unwrap_or_default(),
        }
    }

    /// Whoever writes: its producers, and the applications of consumers that write what they make of what they read.
    fn all_producers(&self) -> impl Iterator<Item = (ProcessId, &ProducerConfig)> {
        let producers = self.producers.iter().map(|producer| (producer.setup.process, &producer.setup.config));
        let setups = self.consumers.iter().map(|consumer| &consumer.setup);
        producers.chain(setups.filter_map(|setup| Some((setup.process, &setup.application.writes.as_ref()?.config))))
    }

    /// What the applications of its consumers promise: a group promises what all its members do.
    fn processing(&self) -> BTreeMap<ProcessId, Processing> {
        let mut groups: Vec<(Option<&str>, Processing)> = Vec::new();
        let mut places = Vec::new();
        for consumer in &self.consumers {
            let name = consumer.setup.config.group_id.as_deref().map(String::as_str);
            let known = groups.iter().position(|(other, _)| name.is_some() && *other == name);
            let place = known.unwrap_or_else(|| {
                let all = Processing { group: groups.len(), at_least_once: name.is_some(), at_most_once: name.is_some() };
                groups.push((name, all));
                groups.len() - 1
            });
            if let Some((_, group)) = groups.get_mut(place) {
                group.at_least_once &= consumer.promise == Promise::AtLeastOnce;
                group.at_most_once &= consumer.promise == Promise::AtMostOnce;
            }
            places.push((consumer.setup.process, place));
        }
        let of = |place: usize| groups.get(place).map(|(_, group)| *group);
        places.into_iter().filter_map(|(process, place)| Some((process, of(place)?))).collect()
    }

    /// The expectation that judges a run under the settings this scenario has now.
    #[must_use]
    pub fn expectation(&self) -> Option<&Expectation> {
        self.judged_by(&self.settings)
    }

    /// Three looks of the slowest broker, and what it waits before the first.
    fn retention_patience(&self) -> Duration {
        let servers = self.cluster.servers.iter().map(|server| &server.config).chain([&self.cluster.config]);
        let looks = servers.map(|config| {
            let three = config.retention_check_interval.0.saturating_mul(3);
            Duration(three.saturating_add(config.initial_task_delay.0))
        });
        looks.max().unwrap_or(Duration::MAX)
    }

    fn topic_config(&self, own: &[(String, String)]) -> TopicConfig {
        let mut config = self.cluster.topic_defaults.clone();
        for (key, value) in own {
            config.set(key, value).expect("the reader has checked every topic's configuration");
        }
        config
    }
}

impl Expectation {
    /// The checks it speaks of: they decide, advisory or promised or not.
    #[must_use]
    pub fn decided(&self) -> BTreeSet<String> {
        self.violated.iter().chain(&self.may_violate).chain(&self.holds).cloned().collect()
    }

    /// The checks whose violation it foresees.
    #[must_use]
    pub fn named(&self) -> BTreeSet<String> {
        self.violated.iter().chain(&self.may_violate).cloned().collect()
    }
}

/// Whether a fault that nobody ends keeps the cluster from converging. A dead process is no longer waited for, and a clock
/// that went wrong stays wrong.
fn lasts_for_ever(action: &FaultAction) -> bool {
    match action {
        FaultAction::Pause { .. }
        | FaultAction::Disk { times: None, .. }
        | FaultAction::Cut { .. }
        | FaultAction::Loss { .. }
        | FaultAction::Delay { .. }
        | FaultAction::Duplicate { .. } => true,
        FaultAction::Crash { .. }
        | FaultAction::ShutDown { .. }
        | FaultAction::RollingRestart { .. }
        | FaultAction::Disk { times: Some(_), .. }
        | FaultAction::LoseFile { .. }
        | FaultAction::Order(_)
        | FaultAction::Restart { .. }
        | FaultAction::ClockJump { .. }
        | FaultAction::ClockDrift { .. } => false,
    }
}
