//! The words for messages: an API's request, and with `-response` behind it its answer.
//!
//! Called by: pinned choices, and faults that strike one kind of message.

use crate::event::ApiKey;

macro_rules! messages {
    ($($word:literal $api:ident),* $(,)?) => {
        /// Every API by the word for its request.
        pub(super) const MESSAGES: &[(&str, ApiKey)] = &[$(($word, ApiKey::$api)),*];
        /// The words alone.
        pub(super) const MESSAGE_WORDS: &[&str] = &[$($word),*];
    };
}

messages! {
    "produce" Produce,
    "fetch" Fetch,
    "list-offsets" ListOffsets,
    "metadata" Metadata,
    "create-topics" CreateTopics,
    "delete-topics" DeleteTopics,
    "delete-records" DeleteRecords,
    "offset-for-leader-epoch" OffsetForLeaderEpoch,
    "describe-configs" DescribeConfigs,
    "create-partitions" CreatePartitions,
    "elect-leaders" ElectLeaders,
    "incremental-alter-configs" IncrementalAlterConfigs,
    "alter-partition-reassignments" AlterPartitionReassignments,
    "vote" Vote,
    "begin-quorum-epoch" BeginQuorumEpoch,
    "end-quorum-epoch" EndQuorumEpoch,
    "describe-quorum" DescribeQuorum,
    "alter-partition" AlterPartition,
    "update-features" UpdateFeatures,
    "fetch-snapshot" FetchSnapshot,
    "broker-registration" BrokerRegistration,
    "broker-heartbeat" BrokerHeartbeat,
    "allocate-producer-ids" AllocateProducerIds,
    "add-raft-voter" AddRaftVoter,
    "remove-raft-voter" RemoveRaftVoter,
    "update-raft-voter" UpdateRaftVoter,
    "find-coordinator" FindCoordinator,
    "join-group" JoinGroup,
    "sync-group" SyncGroup,
    "heartbeat" Heartbeat,
    "leave-group" LeaveGroup,
    "consumer-group-heartbeat" ConsumerGroupHeartbeat,
    "offset-commit" OffsetCommit,
    "offset-fetch" OffsetFetch,
    "offset-delete" OffsetDelete,
    "describe-groups" DescribeGroups,
    "consumer-group-describe" ConsumerGroupDescribe,
    "list-groups" ListGroups,
    "delete-groups" DeleteGroups,
}

/// The API of a word.
pub(super) fn api_of(word: &str) -> Option<ApiKey> {
    MESSAGES.iter().find(|(name, _)| *name == word).map(|(_, api)| *api)
}
