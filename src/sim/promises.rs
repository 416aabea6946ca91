//! What a scenario's settings promise to its clients, told to the checks.

use std::collections::{BTreeMap, BTreeSet};

use super::scenario::{Expectation, FaultAction, Scenario};
use crate::check::Promises;
use crate::config::TopicConfig;
use crate::time::Duration;

impl Scenario {
    /// What the checks may hold this scenario to, under the settings it has now.
    #[must_use]
    pub fn promises(&self) -> Promises {
        let producers = || self.producers.iter().map(|producer| &producer.setup);
        let in_order = producers().filter(|setup| setup.config.max_in_flight == 1);
        let idempotent = producers().filter(|setup| setup.config.enable_idempotence);
        Promises {
            acks: producers().map(|setup| setup.config.acks).collect(),
            unclean_leader_election: self.topics.iter().any(|topic| self.topic_config(&topic.config).unclean_leader_election),
            in_order: in_order.map(|setup| setup.process).collect(),
            idempotent: idempotent.map(|setup| setup.process).collect(),
            heal_time: self.heal_time,
            duration: self.duration,
            never_healed: self.faults.iter().any(|fault| fault.lasts.is_none() && lasts_for_ever(&fault.action)),
            variants: self.variants,
            disks_unbounded: false,
            topic_defaults: self.cluster.topic_defaults.clone(),
            retention_patience: self.retention_patience(),
            // TODO(walls): the scenario's part.
            processing: BTreeMap::new(),
            named: self.expectation().map(Expectation::decided).unwrap_or_default(),
        }
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
