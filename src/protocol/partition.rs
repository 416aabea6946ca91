//! AlterPartition (API 56): a leader proposes an ISR, the controller decides (KIP-497, KIP-841, KIP-903).

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch, TopicPartition};

/// A leader's proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterPartitionRequest {
    /// The leader.
    pub broker: BrokerId,
    /// Which registration of it.
    pub broker_epoch: BrokerEpoch,
    /// What it proposes.
    pub partitions: Vec<AlterPartitionItem>,
}

/// A proposal for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterPartitionItem {
    /// Which.
    pub partition: TopicPartition,
    /// The epoch in which the leader leads it.
    pub leader_epoch: LeaderEpoch,
    /// The state of the partition on which the proposal builds.
    pub partition_epoch: PartitionEpoch,
    /// Who is in sync, in the leader's eyes.
    pub new_isr: Vec<IsrMember>,
}

/// A member of a proposed ISR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsrMember {
    /// Who.
    pub broker: BrokerId,
    /// The registration under which it fetched (KIP-903); `None` is not checked (the leader itself).
    pub broker_epoch: Option<BrokerEpoch>,
}

/// The controller's answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterPartitionResponse {
    /// A refusal of the request as a whole.
    pub error: Option<ErrorCode>,
    /// In the order of the request.
    pub partitions: Vec<AlteredPartition>,
}

/// The controller's answer for one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlteredPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The state of the partition as committed, or the refusal.
    pub result: Result<AlteredState, ErrorCode>,
}

/// A partition as committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlteredState {
    /// Who leads it.
    pub leader: Option<BrokerId>,
    /// Since which epoch.
    pub leader_epoch: LeaderEpoch,
    /// Who is in sync.
    pub isr: BrokerSet,
    /// Its state's number.
    pub partition_epoch: PartitionEpoch,
}

impl AlterPartitionRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
    }
}

impl AlterPartitionResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.partition = self.partitions.first().map(|item| item.partition);
        facts.error = self.error.or_else(|| self.partitions.iter().find_map(|item| item.result.err()));
    }
}
