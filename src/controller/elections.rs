//! Who leads a partition: the one rule by which every change of a partition is made.
//!
//! Rules: a leader is elected from the ISR, among the brokers that are active, in the order of the assignment, so the
//! preferred leader first; a leader that is still acceptable stays. When the ISR is empty (KIP-966), an eligible replica
//! leads, and the ISR is that replica alone; when nobody is eligible either, the last known leader does. Only where the
//! topic allows it, and nobody else can, any active replica leads; the ISR is then that replica alone. A new leader (or
//! none) is a new leader epoch; every change is a new partition epoch. Without eligible leader replicas the last member of
//! an ISR is never removed. A move that is complete with a change is completed by it.
//!
//! Called by: everything that changes a partition: [`super::departures`], [`super::partitions`], [`super::reassignment`],
//! [`super::rebalance`]. Source: Kafka's `PartitionChangeBuilder`; KIP-497, KIP-966.
//!
//! Not modelled: leader recovery state (KIP-704).

use super::basis::Basis;
use super::elr::{self, ElrRule};
use super::image::MetadataImage;
use super::records::{NewLeader, PartitionChange};
use crate::config::TopicConfig;
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, BrokerSet, TopicId, TopicPartition};

/// What a partition is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Who is to be in sync.
    pub(super) isr: BrokerSet,
    /// Its replicas, the preferred leader first.
    pub(super) replicas: Vec<BrokerId>,
    /// Those a move is adding.
    pub(super) adding: BrokerSet,
    /// Those a move will remove.
    pub(super) removing: BrokerSet,
}

/// How far an election goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// A leader that may lead stays.
    Any,
    /// The preferred replica leads if it may.
    Preferred,
    /// A replica outside the ISR leads if nobody else may.
    Unclean,
}

/// Who may lead, by which rules, at one moment.
pub(super) struct Electorate<'a> {
    image: &'a MetadataImage,
    topic_defaults: TopicConfig,
    has_elr: bool,
    acceptable: BrokerSet,
    unclean_shutdown: Option<BrokerId>,
    /// The rules of the topic asked for last: partitions come in the order of topics.
    latest: Option<(TopicId, TopicRule)>,
}

/// What a topic's configuration says of its elections.
#[derive(Clone, Copy, Debug)]
struct TopicRule {
    unclean: bool,
    min_isr: u32,
}

impl Target {
    /// The partition as it is.
    pub(super) fn same(facts: &PartitionFacts) -> Self {
        Self { isr: facts.isr, replicas: facts.replicas.clone(), adding: facts.adding, removing: facts.removing }
    }

    /// A move is complete when everybody who is to stay is in sync; then those who are to go are gone.
    fn complete_move(&mut self) {
        let is_moving = !self.adding.is_empty() || !self.removing.is_empty();
        let staying = |broker: &BrokerId| !self.removing.contains(*broker);
        let isr: BrokerSet = self.isr.iter().filter(staying).collect();
        let replicas: Vec<BrokerId> = self.replicas.iter().copied().filter(staying).collect();
        let is_complete = !replicas.is_empty() && isr.covers(replicas.iter().copied().collect());
        if is_moving && is_complete {
            *self = Self { isr, replicas, adding: BrokerSet::EMPTY, removing: BrokerSet::EMPTY };
        }
    }
}

impl<'a> Electorate<'a> {
    /// The brokers that are active, under the rules in force.
    pub(super) fn new(basis: &Basis<'a>) -> Self {
        Self {
            image: basis.image,
            topic_defaults: basis.topic_defaults(),
            has_elr: basis.variants().elr.is_on(),
            acceptable: basis.image.active(),
            unclean_shutdown: None,
            latest: None,
        }
    }

    /// The same, but this broker may not lead.
    pub(super) fn without(self, broker: BrokerId) -> Self {
        Self { acceptable: self.acceptable.without(broker), ..self }
    }

    /// The same, but this broker may lead as well.
    pub(super) fn with(self, broker: BrokerId) -> Self {
        Self { acceptable: self.acceptable.with(broker), ..self }
    }

    /// The same, but this broker may not lead, and is not eligible any more (KIP-966).
    pub(super) fn after_unclean_shutdown(self, broker: BrokerId) -> Self {
        Self { unclean_shutdown: Some(broker), ..self.without(broker) }
    }

    /// The election that a topic's partitions get when something happens to their brokers.
    pub(super) fn usual_election(&mut self, topic: TopicId) -> Election {
        if self.rule(topic).unclean { Election::Unclean } else { Election::Any }
    }

    /// The change that makes a partition what it is to be, with a leader that may lead; `None` when it is so already.
    pub(super) fn change(
        &mut self,
        partition: TopicPartition,
        facts: &PartitionFacts,
        mut target: Target,
        election: Election,
    ) -> Option<PartitionChange> {
        target.complete_move();
        let replicas: BrokerSet = target.replicas.iter().copied().collect();
        let min_isr = self.rule(partition.topic).min_isr;
        let rule = ElrRule { is_on: self.has_elr, min_isr, unclean_shutdown: self.unclean_shutdown };
        let mut elr = elr::eligible(facts, target.isr, replicas, rule);
        let (leader, is_unclean) = self.elect(partition, facts, &target, elr, election);
        let mut isr = Some(target.isr).filter(|isr| !isr.is_empty() || self.has_elr).unwrap_or(facts.isr);
        if let Some(elected) = leader.filter(|elected| Some(*elected) != facts.leader) {
            if is_unclean || elr.contains(elected) {
                isr = BrokerSet::EMPTY.with(elected);
            }
            elr = if is_unclean { BrokerSet::EMPTY } else { elr.without(elected) };
        }
        let loses_replicas = !replicas.covers(facts.replica_set());
        let leader = match leader {
            same if same == facts.leader && !loses_replicas => NewLeader::Same,
            Some(broker) => NewLeader::Broker(broker),
            None => NewLeader::Nobody,
        };
        let last_known_elr = elr::last_known(facts, leader, isr, replicas, self.has_elr);
        let change = PartitionChange {
            partition,
            leader,
            isr: changed(isr, facts.isr),
            elr: changed(elr, facts.elr),
            last_known_elr: changed(last_known_elr, facts.last_known_elr),
            replicas: Some(target.replicas).filter(|replicas| *replicas != facts.replicas),
            adding: changed(target.adding, facts.adding),
            removing: changed(target.removing, facts.removing),
        };
        (change != PartitionChange::nothing(partition)).then_some(change)
    }

    // ANCHOR: elect
    /// The leader, and whether it may lack committed records.
    fn elect(
        &self,
        partition: TopicPartition,
        facts: &PartitionFacts,
        target: &Target,
        elr: BrokerSet,
        election: Election,
    ) -> (Option<BrokerId>, bool) {
        let is_acceptable = |broker: &BrokerId| self.acceptable.contains(*broker) && !self.image.is_offline(*broker, partition);
        let is_eligible = |broker: &BrokerId| target.isr.contains(*broker) || target.isr.is_empty() && elr.contains(*broker);
        let may_lead = |broker: &BrokerId| is_eligible(broker) && is_acceptable(broker);
        let replicas = || target.replicas.iter().copied();

        let preferred = replicas().next().filter(may_lead).filter(|_| election == Election::Preferred);
        let clean = preferred.or_else(|| facts.leader.filter(may_lead)).or_else(|| replicas().find(may_lead));
        if clean.is_some() {
            return (clean, false);
        }
        let is_fallback_known = |broker: &BrokerId| self.has_elr && target.replicas.contains(broker) && is_acceptable(broker);
        let last_known = elr::fallback(facts, target.isr, elr).filter(is_fallback_known);
        let outside = || replicas().filter(|_| election == Election::Unclean).find(is_acceptable);
        let unclean = last_known.or_else(outside);
        (unclean, unclean.is_some())
    }
    // ANCHOR_END: elect

    fn rule(&mut self, id: TopicId) -> TopicRule {
        if let Some((_, rule)) = self.latest.filter(|(latest, _)| *latest == id) {
            return rule;
        }
        let topic = self.image.topic(id);
        let config = topic.map_or_else(|| self.topic_defaults.clone(), |topic| topic.effective_config(&self.topic_defaults));
        let rule = TopicRule { unclean: config.unclean_leader_election, min_isr: config.min_insync_replicas };
        self.latest = Some((id, rule));
        rule
    }
}

fn changed(now: BrokerSet, before: BrokerSet) -> Option<BrokerSet> {
    (now != before).then_some(now)
}
