//! Elections that nobody's coming or going asks for: those an operator wants (ElectLeaders), the return of leadership to
//! preferred replicas, and unclean elections where a topic came to allow them.
//!
//! Rules: every `leader.imbalance.check.interval.seconds`, if `auto.leader.rebalance.enable`, the preferred replicas of
//! which more than `leader.imbalance.per.broker.percentage` are led by others get back what they may lead. Every
//! `unclean.leader.election.interval.ms` partitions without a leader are elected one uncleanly if their topic allows it by
//! now: a change of `unclean.leader.election.enable` has its effect then, or when an operator asks.
//!
//! Called by: [`super::server`]. Source: Kafka's `ReplicationControlManager` (`electLeaders`, `maybeBalancePartitionLeaders`,
//! `maybeElectUncleanLeaders`), `PeriodicTaskControlManager`; KIP-460.
//!
//! Kafka differs: KRaft's controller balances however little is out of balance; the percentage is that of its documentation.

use std::collections::BTreeMap;

use super::admin::Item;
use super::basis::Basis;
use super::elections::{Election, Electorate, Target};
use super::records::MetadataRecord;
use super::server::Controller;
use crate::config::BrokerConfig;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::ids::{BrokerId, TopicPartition};
use crate::protocol::{ElectLeadersRequest, ElectLeadersResponse, ElectionType, NamedPartition};
use crate::time::{Duration, Instant, Timers};

/// How many partitions one round elects leaders for, so that a round is not one huge batch (as Kafka's).
const MAX_ELECTIONS_PER_ROUND: usize = 1_000;

/// The active controller's periodic tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Leadership goes back to preferred replicas.
    Rebalance,
    /// Unclean elections where they are allowed by now.
    ElectUnclean,
}

impl Task {
    /// How often it is done; `None` when it is not.
    fn interval(self, config: &BrokerConfig) -> Option<Duration> {
        match self {
            Self::Rebalance => {
                let interval = Duration::from_secs(u64::from(config.leader_imbalance_check_interval));
                Some(interval).filter(|_| config.auto_leader_rebalance)
            }
            Self::ElectUnclean => Some(config.unclean_leader_election_interval),
        }
    }
}

impl Controller {
    pub(super) fn handle_elect_leaders(&mut self, reply_to: ReplyTo, request: &ElectLeadersRequest, cx: &mut Context<'_>) {
        let items = decide_elections(&self.basis(), request);
        self.write_items(items, reply_to, |done| ElectLeadersResponse(done).into(), cx);
    }

    /// Begins the tasks of a controller that is active from here on.
    pub(super) fn begin_tasks(&mut self, cx: &Context<'_>) {
        self.tasks = Timers::default();
        for task in [Task::Rebalance, Task::ElectUnclean] {
            self.set_task(task, cx);
        }
    }

    fn set_task(&mut self, task: Task, cx: &Context<'_>) {
        if let Some(interval) = task.interval(&self.setup.config) {
            self.tasks.set(task, cx.mono().plus(interval), cx.trail());
        }
    }

    /// When the next task is due.
    pub(super) fn next_task(&self) -> Option<Instant> {
        self.tasks.next_deadline()
    }

    pub(super) fn do_tasks(&mut self, cx: &mut Context<'_>) {
        while let Some((task, trail)) = self.tasks.pop_due(cx.mono()) {
            cx.resume(trail);
            let records = match task {
                Task::Rebalance => decide_rebalance(&self.basis()),
                Task::ElectUnclean => decide_unclean_elections(&self.basis()),
            };
            self.write(records, None, cx);
            self.set_task(task, cx);
        }
    }
}

/// Decides each election by itself; all partitions are meant when none is named, and those that need none are left out.
///
/// Errors: UNKNOWN_TOPIC_OR_PARTITION, ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE.
fn decide_elections(basis: &Basis<'_>, request: &ElectLeadersRequest) -> Vec<Item> {
    let mut electorate = Electorate::new(basis);
    let Some(named) = &request.partitions else {
        let all = basis.image.displaced().filter_map(|partition| Some((partition, basis.name_of(partition)?)));
        let decide = |(partition, name): (TopicPartition, NamedPartition)| {
            let result = decide_election(basis, &mut electorate, partition, request.kind);
            (result != Err(ErrorCode::ElectionNotNeeded)).then(|| Item { name: name.to_string(), result })
        };
        return all.filter_map(decide).collect();
    };
    let mut decide = |name: &NamedPartition| {
        let (partition, _) = basis.named_partition(name)?;
        decide_election(basis, &mut electorate, partition, request.kind)
    };
    named.iter().map(|name| Item { name: name.to_string(), result: decide(name) }).collect()
}

fn decide_election(
    basis: &Basis<'_>,
    electorate: &mut Electorate<'_>,
    partition: TopicPartition,
    kind: ElectionType,
) -> Result<Vec<MetadataRecord>, ErrorCode> {
    let facts = basis.image.partition(partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let (election, is_needed, refusal) = match kind {
        ElectionType::Preferred => (Election::Preferred, facts.leader != facts.preferred(), ErrorCode::PreferredLeaderNotAvailable),
        ElectionType::Unclean => (Election::Unclean, facts.leader.is_none(), ErrorCode::EligibleLeadersNotAvailable),
    };
    if !is_needed {
        return Err(ErrorCode::ElectionNotNeeded);
    }
    let change = electorate.change(partition, facts, Target::same(facts), election).ok_or(refusal)?;
    Ok(vec![MetadataRecord::PartitionChange(change)])
}

/// Gives leadership back to the preferred replicas that miss too much of theirs.
fn decide_rebalance(basis: &Basis<'_>) -> Vec<MetadataRecord> {
    let preferred = |partition: TopicPartition| basis.image.partition(partition).and_then(|facts| facts.preferred());
    let mut missing: BTreeMap<BrokerId, usize> = BTreeMap::new();
    for broker in basis.image.displaced().filter_map(preferred) {
        *missing.entry(broker).or_insert(0) += 1;
    }
    let percentage = usize::try_from(basis.setup.config.leader_imbalance_percentage).unwrap_or(usize::MAX);
    let is_too_much = |(broker, missing): &(BrokerId, usize)| {
        missing.saturating_mul(100) > percentage.saturating_mul(basis.image.preferred_count(*broker))
    };
    let deprived: Vec<BrokerId> = missing.into_iter().filter(is_too_much).map(|(broker, _)| broker).collect();
    let mut electorate = Electorate::new(basis);
    let is_wanted = |partition: &TopicPartition| {
        preferred(*partition).is_some_and(|broker| deprived.contains(&broker) && basis.image.active().contains(broker))
    };
    let decide = |partition| decide_election(basis, &mut electorate, partition, ElectionType::Preferred).ok();
    basis.image.displaced().filter(is_wanted).filter_map(decide).take(MAX_ELECTIONS_PER_ROUND).flatten().collect()
}

/// Elects leaders uncleanly where that is allowed, and nobody leads.
fn decide_unclean_elections(basis: &Basis<'_>) -> Vec<MetadataRecord> {
    let mut electorate = Electorate::new(basis);
    let decide = |partition: TopicPartition| {
        let is_allowed = electorate.usual_election(partition.topic) == Election::Unclean;
        let decided = is_allowed.then(|| decide_election(basis, &mut electorate, partition, ElectionType::Unclean))?;
        decided.ok()
    };
    basis.image.leaderless().filter_map(decide).take(MAX_ELECTIONS_PER_ROUND).flatten().collect()
}
