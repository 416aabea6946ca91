//! Facts of replication: leaders, followers, the ISR and the high watermark.

use std::sync::Arc;

use super::facts::facts;
use super::network::ApiKey;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset, PartitionEpoch, TopicPartition};

facts! {
    /// Leaders, followers, the ISR and the high watermark.
    "replica" ReplicaFact {
        /// This broker acts as the partition's leader from here on; its log ends at `end`.
        [300] BecameLeader { partition: TopicPartition, epoch: LeaderEpoch, end: Offset, high_watermark: Offset, isr: BrokerSet }
        /// This broker follows that leader from here on.
        [301] BecameFollower { partition: TopicPartition, epoch: LeaderEpoch, leader: Option<BrokerId>, end: Offset, high_watermark: Offset }
        /// The leader raised the high watermark: every record below `new` is on the whole (maximal) ISR.
        [302] HighWatermarkAdvanced { partition: TopicPartition, old: Offset, new: Offset, epoch: LeaderEpoch }
        /// A follower changed what it takes the high watermark to be, one fetch after the leader.
        [303] HighWatermarkLearned { partition: TopicPartition, old: Offset, new: Offset }
        /// By fetching at `end`, this follower told the leader that it holds everything below.
        [304] FollowerProgressed { partition: TopicPartition, follower: BrokerId, end: Offset }
        /// The leader asked the controller for this ISR; until the answer it counts on the maximal one.
        [305] IsrProposed { partition: TopicPartition, isr: BrokerSet, maximal: BrokerSet, partition_epoch: PartitionEpoch }
        /// The leader now counts on this ISR.
        [306] IsrAdopted { partition: TopicPartition, isr: BrokerSet, maximal: BrokerSet, partition_epoch: PartitionEpoch, epoch: LeaderEpoch }
        /// The controller did not accept the leader's proposal.
        [307] IsrProposalRefused { partition: TopicPartition, code: ErrorCode }
        /// A request was refused, and why.
        [308] RequestRefused { api: ApiKey, partition: TopicPartition, code: ErrorCode }
        /// The replica can not be trusted or read and serves nobody.
        [309] ReplicaOffline { partition: TopicPartition, why: Arc<String> }
        /// The leader answered an acks=all request: these records are on at least `min.insync.replicas` copies.
        [310] ProduceCommitted { partition: TopicPartition, base: Offset, last: Offset, isr: BrokerSet, min_insync: u32 }
        /// This broker holds no role for the partition any more.
        [311] ReplicaResigned { partition: TopicPartition, epoch: LeaderEpoch }
        /// A consumer was sent to a follower in its own rack (KIP-392).
        [312] ReadReplicaChosen { partition: TopicPartition, replica: BrokerId, offset: Offset }
    }
}
