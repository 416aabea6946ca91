//! Who holds which role, as committed metadata says: a small fold of the controller's and the quorum's facts inside the
//! world, so that faults may aim at roles and a clone keeps them.
//!
//! Invariant: of partitions and brokers only committed facts count (the controller tells no others); retelling one changes
//! nothing. Of the quorum counts who won its newest election, and the newest voter set that anybody has in its log.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{GroupId, OFFSETS_TOPIC, PartitionFacts, TopicFacts, VoterSetFacts, offsets_partition};
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset, PartitionIndex, ProcessId, TopicId, TopicPartition, VoterKey};

/// The name by which people know the metadata log.
const METADATA: &str = "__cluster_metadata";

/// The newest committed metadata, as far as roles need it.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    topics: BTreeMap<String, TopicFacts>,
    partitions: BTreeMap<TopicPartition, Arc<PartitionFacts>>,
    controller: Option<(LeaderEpoch, ProcessId)>,
    voters: Arc<VoterSetFacts>,
    /// The voters before a change that is not committed yet: should it get lost, they are the voters still.
    settled_voters: Arc<VoterSetFacts>,
    /// The brokers that count as alive: registered and not fenced.
    unfenced: BrokerSet,
    /// Who was given a partition last, for each group.
    owners: BTreeMap<GroupId, BTreeMap<TopicPartition, ProcessId>>,
}

impl Roles {
    /// A cluster before its first breath, with the voters it begins with.
    pub(super) fn new(voters: VoterSetFacts) -> Self {
        Self {
            topics: BTreeMap::new(),
            partitions: BTreeMap::new(),
            controller: None,
            settled_voters: Arc::new(voters.clone()),
            voters: Arc::new(voters),
            unfenced: BrokerSet::EMPTY,
            owners: BTreeMap::new(),
        }
    }

    /// A topic exists.
    pub(super) fn create_topic(&mut self, topic: &TopicFacts) {
        self.topics.insert(topic.name.clone(), topic.clone());
    }

    /// A topic is no more.
    pub(super) fn delete_topic(&mut self, topic: TopicId) {
        self.topics.retain(|_, facts| facts.id != topic);
        self.partitions.retain(|partition, _| partition.topic != topic);
    }

    /// The committed truth about a partition has changed.
    pub(super) fn change_partition(&mut self, partition: TopicPartition, now: &Arc<PartitionFacts>) {
        self.partitions.insert(partition, Arc::clone(now));
    }

    /// A broker counts as alive from here on, or no more.
    pub(super) fn fence(&mut self, broker: BrokerId, is_fenced: bool) {
        self.unfenced = if is_fenced { self.unfenced.without(broker) } else { self.unfenced.with(broker) };
    }

    /// A controller won the metadata quorum's election.
    pub(super) fn elect_controller(&mut self, controller: ProcessId, epoch: LeaderEpoch) {
        if self.controller.is_none_or(|(newest, _)| newest <= epoch) {
            self.controller = Some((epoch, controller));
        }
    }

    /// A server has these voters in its log. Its leader's word is the newest; another's counts when it is further on.
    pub(super) fn change_voters(&mut self, server: ProcessId, voters: &Arc<VoterSetFacts>) {
        let is_newer = (voters.epoch, voters.offset) > (self.voters.epoch, self.voters.offset);
        if is_newer || self.controller() == Some(server) {
            self.voters = Arc::clone(voters);
        }
    }

    /// A member of a group was given these partitions.
    pub(super) fn give(&mut self, group: &GroupId, partitions: &[TopicPartition], consumer: ProcessId) {
        let owners = self.owners.entry(Arc::clone(group)).or_default();
        owners.extend(partitions.iter().map(|partition| (*partition, consumer)));
    }

    /// The consumer that was given this partition last, as a member of this group.
    pub(super) fn owner(&self, group: &str, topic: &str, partition: PartitionIndex) -> Option<ProcessId> {
        let named = self.partition_named(topic, partition)?;
        let owners = self.owners.iter().find(|(name, _)| name.as_str() == group).map(|(_, owners)| owners);
        owners.and_then(|owners| owners.get(&named)).copied()
    }

    /// The broker that leads a group's partition of the offsets topic.
    pub(super) fn coordinator(&self, group: &str) -> Option<BrokerId> {
        let topic = self.topics.get(OFFSETS_TOPIC)?.id;
        let count = self.partitions.keys().filter(|partition| partition.topic == topic).count();
        self.leader(OFFSETS_TOPIC, offsets_partition(group, u32::try_from(count).ok()?))
    }

    /// All metadata below `end` is committed: a change of voters in it is settled.
    pub(super) fn settle_voters(&mut self, end: Offset) {
        if self.voters.offset < end && !Arc::ptr_eq(&self.settled_voters, &self.voters) {
            self.settled_voters = Arc::clone(&self.voters);
        }
    }

    /// Whether a change of voters is under way.
    pub(super) fn is_voter_change_open(&self) -> bool {
        !Arc::ptr_eq(&self.settled_voters, &self.voters)
    }

    /// The sets of voters that may turn out to be the quorum's: the settled one, and the newest.
    pub(super) fn voter_sets(&self) -> [&[VoterKey]; 2] {
        [&self.settled_voters.voters, &self.voters.voters]
    }

    /// The controller that leads the metadata quorum.
    pub(super) fn controller(&self) -> Option<ProcessId> {
        self.controller.map(|(_, controller)| controller)
    }

    /// The voters of the metadata quorum.
    pub(super) fn voters(&self) -> &[VoterKey] {
        &self.voters.voters
    }

    /// The leader of a partition.
    pub(super) fn leader(&self, topic: &str, partition: PartitionIndex) -> Option<BrokerId> {
        self.partition(topic, partition)?.leader
    }

    /// The lowest id in the ISR that does not lead.
    pub(super) fn follower(&self, topic: &str, partition: PartitionIndex) -> Option<BrokerId> {
        let facts = self.partition(topic, partition)?;
        facts.isr.iter().find(|broker| Some(*broker) != facts.leader)
    }

    /// All replicas that do not lead.
    pub(super) fn followers(&self, topic: &str, partition: PartitionIndex) -> Vec<BrokerId> {
        let Some(facts) = self.partition(topic, partition) else { return Vec::new() };
        facts.replicas.iter().copied().filter(|broker| Some(*broker) != facts.leader).collect()
    }

    /// Whether a broker counts as alive.
    pub(super) fn is_unfenced(&self, broker: BrokerId) -> bool {
        self.unfenced.contains(broker)
    }

    /// Whether every ISR that a broker belongs to has it.
    pub(super) fn is_in_sync(&self, broker: BrokerId) -> bool {
        self.partitions.values().all(|facts| facts.isr.contains(broker) || !facts.replicas.contains(&broker))
    }

    /// Every partition.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionFacts)> {
        self.partitions.iter().map(|(partition, facts)| (*partition, facts.as_ref()))
    }

    /// A topic by its id.
    pub(super) fn topic(&self, id: TopicId) -> Option<&TopicFacts> {
        self.topics.values().find(|facts| facts.id == id)
    }

    /// The partition that people call so; the metadata log is one too.
    pub(super) fn partition_named(&self, topic: &str, partition: PartitionIndex) -> Option<TopicPartition> {
        if topic == METADATA {
            return Some(TopicPartition::METADATA);
        }
        self.topics.get(topic).map(|facts| TopicPartition { topic: facts.id, partition })
    }

    /// The committed truth about a partition.
    pub(super) fn partition(&self, topic: &str, partition: PartitionIndex) -> Option<&PartitionFacts> {
        self.partitions.get(&self.partition_named(topic, partition)?).map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DirectoryId;

    fn voters(offset: u64, numbers: &[u16]) -> VoterSetFacts {
        let key = |number: &u16| VoterKey { voter: ProcessId::Controller(*number), directory: Some(DirectoryId(1)) };
        VoterSetFacts { offset: Offset(offset), epoch: LeaderEpoch(1), voters: numbers.iter().map(key).collect() }
    }

    #[test]
    fn until_a_change_of_voters_is_committed_the_old_ones_may_turn_out_to_be_the_quorum() {
        let mut roles = Roles::new(voters(0, &[2, 3]));
        roles.change_voters(ProcessId::Controller(2), &Arc::new(voters(483, &[1, 2, 3])));
        let counts = |roles: &Roles| roles.voter_sets().map(<[VoterKey]>::len);
        assert_eq!(counts(&roles), [2, 3]);
        roles.settle_voters(Offset(483));
        assert_eq!(counts(&roles), [2, 3], "all below the change is committed, and not the change");
        roles.settle_voters(Offset(484));
        assert_eq!(counts(&roles), [3, 3]);
        assert!(!roles.is_voter_change_open());
    }
}
