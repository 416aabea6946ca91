//! Who leads a partition and who is in its ISR: elections, and the proposals of leaders.
//!
//! Rules: a leader is elected from the ISR, among the brokers that are active, in the order of the assignment, so the
//! preferred leader first; a leader that is still acceptable stays. The last member of an ISR is never removed: without
//! an acceptable member there is no leader. Only where the topic allows it, and nobody in the ISR is active, a replica
//! outside leads; the ISR is then that replica alone. A new leader (or none) is a new leader epoch; every change is a new
//! partition epoch.
//!
//! Called by: [`super::brokers`] when a broker comes or goes, [`super::server`] for AlterPartition.
//! Source: Kafka's `ReplicationControlManager`, `PartitionChangeBuilder`; KIP-497, KIP-841, KIP-903.
//!
//! Not modelled: reassignments, eligible leader replicas (KIP-966), leader recovery state (KIP-704), and the return of
//! leadership to the preferred replica by itself (`auto.leader.rebalance.enable`).

use super::image::MetadataImage;
use super::records::{MetadataRecord, NewLeader, PartitionChange};
use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, BrokerSet, TopicId, TopicPartition};
use crate::protocol::{AlterPartitionItem, AlterPartitionRequest, AlteredPartition, AlteredState, IsrMember};

/// What an election goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Electorate {
    /// Who would be in sync, if a leader is found among them.
    pub(super) isr: BrokerSet,
    /// Who may lead at all.
    pub(super) acceptable: BrokerSet,
    /// Whether a replica outside the ISR may lead when nobody in it can.
    pub(super) unclean: bool,
}

/// The change that makes the ISR the wanted one and the leader one that may lead; `None` when both are so already.
pub(super) fn change_for(partition: TopicPartition, facts: &PartitionFacts, electorate: Electorate) -> Option<PartitionChange> {
    let wanted = electorate.isr;
    let elected = elect(facts, electorate);
    let leader = match elected {
        same if same == facts.leader => NewLeader::Same,
        Some(broker) => NewLeader::Broker(broker),
        None => NewLeader::Nobody,
    };
    let isr = match leader {
        NewLeader::Broker(broker) if !wanted.contains(broker) => Some(BrokerSet::EMPTY.with(broker)),
        NewLeader::Broker(_) | NewLeader::Same | NewLeader::Nobody => {
            Some(wanted).filter(|isr| !isr.is_empty() && *isr != facts.isr)
        }
    };
    let changes = leader != NewLeader::Same || isr.is_some();
    changes.then_some(PartitionChange { partition, leader, isr })
}

// ANCHOR: elect
fn elect(facts: &PartitionFacts, Electorate { isr, acceptable, unclean }: Electorate) -> Option<BrokerId> {
    let may_lead = |broker: &BrokerId| isr.contains(*broker) && acceptable.contains(*broker);
    let replicas = || facts.replicas.iter().copied();
    let outside = || replicas().find(|broker| unclean && acceptable.contains(*broker));
    facts.leader.filter(may_lead).or_else(|| replicas().find(may_lead)).or_else(outside)
}
// ANCHOR_END: elect

/// The changes when `broker` may lead no more and is in sync no more.
pub(super) fn decide_departure(image: &MetadataImage, defaults: &TopicConfig, broker: BrokerId) -> Vec<MetadataRecord> {
    let acceptable = image.active().without(broker);
    let mut records = Vec::new();
    let mut topic = UncleanRule::new(image, defaults);
    for (partition, facts) in image.partitions() {
        if facts.isr.contains(broker) {
            let electorate = Electorate { isr: facts.isr.without(broker), acceptable, unclean: topic.allows(partition.topic) };
            records.extend(change_for(partition, facts, electorate).map(MetadataRecord::PartitionChange));
        }
    }
    records
}

/// The changes when `broker` may lead again: partitions without a leader may find one.
pub(super) fn decide_return(image: &MetadataImage, defaults: &TopicConfig, broker: BrokerId) -> Vec<MetadataRecord> {
    let acceptable = image.active().with(broker);
    let mut records = Vec::new();
    let mut topic = UncleanRule::new(image, defaults);
    for (partition, facts) in image.partitions() {
        if facts.leader.is_none() {
            let electorate = Electorate { isr: facts.isr, acceptable, unclean: topic.allows(partition.topic) };
            records.extend(change_for(partition, facts, electorate).map(MetadataRecord::PartitionChange));
        }
    }
    records
}

/// Whether a topic allows unclean elections, worked out once per topic of a scan.
struct UncleanRule<'a> {
    image: &'a MetadataImage,
    defaults: &'a TopicConfig,
    latest: Option<(TopicId, bool)>,
}

impl<'a> UncleanRule<'a> {
    fn new(image: &'a MetadataImage, defaults: &'a TopicConfig) -> Self {
        Self { image, defaults, latest: None }
    }

    fn allows(&mut self, id: TopicId) -> bool {
        if let Some((_, allows)) = self.latest.filter(|(latest, _)| *latest == id) {
            return allows;
        }
        let topic = self.image.topic(id);
        let config = topic.map_or_else(|| self.defaults.clone(), |topic| topic.effective_config(self.defaults));
        self.latest = Some((id, config.unclean_leader_election));
        config.unclean_leader_election
    }
}

/// Decides a leader's proposals one by one.
///
/// Errors: STALE_BROKER_EPOCH for the whole request when the asker is not the broker's present registration.
pub(super) fn decide_alter_partition(
    image: &MetadataImage,
    defaults: &TopicConfig,
    request: &AlterPartitionRequest,
) -> Result<(Vec<MetadataRecord>, Vec<AlteredPartition>), ErrorCode> {
    if image.broker_epoch(request.broker) != Some(request.broker_epoch) {
        return Err(ErrorCode::StaleBrokerEpoch);
    }
    let mut changes: Vec<PartitionChange> = Vec::new();
    let mut answers = Vec::with_capacity(request.partitions.len());
    let mut topic = UncleanRule::new(image, defaults);
    for item in &request.partitions {
        let partition = item.partition;
        let is_second = changes.iter().any(|change| change.partition == partition);
        let unclean = topic.allows(partition.topic);
        let result =
            if is_second { Err(ErrorCode::InvalidUpdateVersion) } else { decide_proposal(image, request.broker, item, unclean) };
        let result = result.and_then(|(change, now)| {
            changes.extend(change);
            if change.is_some() && now.leader != Some(request.broker) { Err(ErrorCode::NewLeaderElected) } else { Ok(now) }
        });
        answers.push(AlteredPartition { partition, result });
    }
    Ok((changes.into_iter().map(MetadataRecord::PartitionChange).collect(), answers))
}

fn decide_proposal(
    image: &MetadataImage,
    asker: BrokerId,
    item: &AlterPartitionItem,
    unclean: bool,
) -> Result<(Option<PartitionChange>, AlteredState), ErrorCode> {
    image.topic(item.partition.topic).ok_or(ErrorCode::UnknownTopicId)?;
    let facts = image.partition(item.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    validate_proposal(image, asker, facts, item)?;
    let isr = item.new_isr.iter().map(|member| member.broker).collect();
    let change = change_for(item.partition, facts, Electorate { isr, acceptable: image.active(), unclean });
    let state = |facts: &PartitionFacts| AlteredState {
        leader: facts.leader,
        leader_epoch: facts.epoch,
        isr: facts.isr,
        partition_epoch: facts.partition_epoch,
    };
    Ok((change, change.map_or_else(|| state(facts), |change| state(&facts.after(&change)))))
}

/// The checks in Kafka's order, since the first that fails gives the code.
fn validate_proposal(
    image: &MetadataImage,
    asker: BrokerId,
    facts: &PartitionFacts,
    item: &AlterPartitionItem,
) -> Result<(), ErrorCode> {
    if item.leader_epoch > facts.epoch || item.partition_epoch > facts.partition_epoch {
        // The asker has heard of changes that are not here: another controller is the active one.
        return Err(ErrorCode::NotController);
    }
    if item.leader_epoch < facts.epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if facts.leader != Some(asker) {
        return Err(ErrorCode::InvalidRequest);
    }
    if item.partition_epoch < facts.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    if !is_possible_isr(facts, asker, &item.new_isr) {
        return Err(ErrorCode::InvalidRequest);
    }
    if item.new_isr.iter().all(|member| is_eligible(image, member)) { Ok(()) } else { Err(ErrorCode::IneligibleReplica) }
}

/// Replicas only, each once, the leader among them.
fn is_possible_isr(facts: &PartitionFacts, leader: BrokerId, members: &[IsrMember]) -> bool {
    if members.iter().any(|member| !facts.replicas.contains(&member.broker)) {
        return false;
    }
    let isr: BrokerSet = members.iter().map(|member| member.broker).collect();
    isr.len() == members.len() && isr.contains(leader)
}

/// Active (KIP-841), and fetching under its present registration (KIP-903).
fn is_eligible(image: &MetadataImage, member: &IsrMember) -> bool {
    let is_present = |epoch| image.broker_epoch(member.broker) == Some(epoch);
    image.active().contains(member.broker) && member.broker_epoch.is_none_or(is_present)
}
