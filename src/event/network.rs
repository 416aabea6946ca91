//! Facts of the network: connections and messages.

use super::canonical::{record_fields, tagged_words};
use super::facts::facts;
use super::fault::FaultIndex;
use crate::error::ErrorCode;
use crate::ids::{CorrelationId, LeaderEpoch, Offset, ProcessId, Step, TopicPartition};

facts! {
    /// Connections and messages.
    "network" NetworkFact {
        /// A client (or a broker acting as one) opened a connection to a server.
        [100] ConnectionOpened { server: ProcessId, purpose: Purpose, connection: ConnectionNumber }
        /// A connection is gone: its client closed it, or was told of a reset.
        [101] ConnectionClosed { server: ProcessId, purpose: Purpose, connection: ConnectionNumber, why: CloseReason }
        /// A request or a response left its sender. Its step is the message's name from here on.
        [102] MessageSent { to: ProcessId, message: MessageFacts }
        /// The message sent at that step arrived.
        [103] MessageDelivered { sent: Step, from: ProcessId, connection: ConnectionNumber }
        /// The message sent at that step will never arrive.
        [104] MessageDropped { sent: Step, to: ProcessId, why: DropReason, fault: Option<FaultIndex> }
        /// The request sent at that step will be delivered a second time, on another connection.
        [105] MessageDuplicated { sent: Step, to: ProcessId, connection: ConnectionNumber }
        /// The message sent at that step takes longer than usual, and so does all behind it.
        [106] MessageDelayed { sent: Step, by_us: u64, fault: Option<FaultIndex> }
    }
}

/// What a message is about, as far as a reader of the trace wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// Which of Kafka's APIs.
    pub api: ApiKey,
    /// A response, not a request.
    pub is_response: bool,
    /// On which of the sender's connections.
    pub purpose: Purpose,
    /// Which request of that connection.
    pub correlation: CorrelationId,
    /// The first partition it names.
    pub partition: Option<TopicPartition>,
    /// The offset it names for that partition: asked for (Fetch), given (Produce's answer), first of the batches (Fetch's answer;
    /// without any, the high watermark it tells; with a diverging epoch, the end of that).
    pub offset: Option<Offset>,
    /// Fetch's answer: the epoch at whose end the asker's log leaves the leader's.
    pub diverging: Option<LeaderEpoch>,
    /// How many record batches it carries.
    pub batches: u16,
    /// The refusal it carries.
    pub error: Option<ErrorCode>,
}

record_fields!(MessageFacts { api, is_response, purpose, correlation, partition, offset, diverging, batches, error });

/// Numbers the connections of a run, from 1, in the order they were opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionNumber(pub u32);

impl super::canonical::Field for ConnectionNumber {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, crate::error::Fault> {
        u32::take(input).map(Self)
    }
}

/// What a connection is for: a client keeps one per server and purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// A client's own requests.
    Client,
    /// A broker's fetcher, following another broker's partitions.
    Fetcher,
    /// A broker following the metadata log.
    MetadataFetcher,
    /// A broker's registration and heartbeats.
    Heartbeat,
    /// A broker's AlterPartition and forwarded requests to the controller.
    ToController,
    /// Metadata quorum traffic among controllers.
    Quorum,
    /// A consumer's requests to its group's coordinator, which must not wait behind a long poll.
    Coordinator,
    /// The requests of the producer that a consumer's application writes with.
    Producer,
}

tagged_words!(Purpose { 0 Client, 1 Fetcher, 2 MetadataFetcher, 3 Heartbeat, 4 ToController, 5 Quorum, 6 Coordinator, 7 Producer });

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Its client closed it.
    ByClient,
    /// Its client was told that the peer is gone.
    Reset,
}

tagged_words!(CloseReason { 0 ByClient, 1 Reset });

/// Why a message will never arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// A cut link.
    Cut,
    /// Lost on a lossy link.
    Loss,
    /// Its direction of the connection was silenced by an earlier loss or cut.
    Silenced,
    /// The receiver is down, or no longer the incarnation that was meant.
    DeadPeer,
    /// The connection was closed while the message was on its way.
    Closed,
    /// The sender died before the message had left it.
    SenderDied,
}

tagged_words!(DropReason { 0 Cut, 1 Loss, 2 Silenced, 3 DeadPeer, 4 Closed, 5 SenderDied });

/// Kafka's APIs, with its numbers, as far as something here speaks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ApiKey {
    /// Append records.
    Produce = 0,
    /// Read records, as a consumer, a follower or an observer of the metadata log.
    Fetch = 1,
    /// Find an offset by timestamp, or the ends of a log.
    ListOffsets = 2,
    /// Who leads what.
    Metadata = 3,
    /// Store a group's offsets.
    OffsetCommit = 8,
    /// Ask for a group's offsets.
    OffsetFetch = 9,
    /// Which broker coordinates this group.
    FindCoordinator = 10,
    /// Become a member of a group, or stay one through a rebalance.
    JoinGroup = 11,
    /// A member says it is alive.
    Heartbeat = 12,
    /// Stop being a member.
    LeaveGroup = 13,
    /// Hand in, or ask for, the plan of a generation.
    SyncGroup = 14,
    /// Say what groups are doing.
    DescribeGroups = 15,
    /// Which groups are coordinated here.
    ListGroups = 16,
    /// Make topics.
    CreateTopics = 19,
    /// Delete topics.
    DeleteTopics = 20,
    /// Move log starts.
    DeleteRecords = 21,
    /// Where did this epoch end.
    OffsetForLeaderEpoch = 23,
    /// Say what is configured.
    DescribeConfigs = 32,
    /// Give a topic more partitions.
    CreatePartitions = 37,
    /// Forget groups.
    DeleteGroups = 42,
    /// Elect leaders by order of an operator.
    ElectLeaders = 43,
    /// Change configurations.
    IncrementalAlterConfigs = 44,
    /// Move partitions to other brokers.
    AlterPartitionReassignments = 45,
    /// Forget some of a group's offsets.
    OffsetDelete = 47,
    /// A candidate asks for a vote, or whether it would get one.
    Vote = 52,
    /// A new quorum leader tells that it leads.
    BeginQuorumEpoch = 53,
    /// A quorum leader tells that it resigns.
    EndQuorumEpoch = 54,
    /// Who leads the quorum, and how far everybody is.
    DescribeQuorum = 55,
    /// A leader proposes an ISR.
    AlterPartition = 56,
    /// Change the levels of features.
    UpdateFeatures = 57,
    /// Fetch a snapshot of the metadata, piece by piece.
    FetchSnapshot = 59,
    /// A broker joins the cluster.
    BrokerRegistration = 62,
    /// A broker says it is alive.
    BrokerHeartbeat = 63,
    /// A broker asks for producer ids.
    AllocateProducerIds = 67,
    /// A member of a group says what it has, and hears what it is to have (KIP-848).
    ConsumerGroupHeartbeat = 68,
    /// Say what groups of the consumer protocol are doing.
    ConsumerGroupDescribe = 69,
    /// Add a voter to the quorum.
    AddRaftVoter = 80,
    /// Remove a voter from the quorum.
    RemoveRaftVoter = 81,
    /// Tell the quorum of a voter's new life.
    UpdateRaftVoter = 82,
}

tagged_words!(ApiKey {
    0 Produce, 1 Fetch, 2 ListOffsets, 3 Metadata, 8 OffsetCommit, 9 OffsetFetch, 10 FindCoordinator, 11 JoinGroup,
    12 Heartbeat, 13 LeaveGroup, 14 SyncGroup, 15 DescribeGroups, 16 ListGroups, 19 CreateTopics, 20 DeleteTopics, 21 DeleteRecords,
    23 OffsetForLeaderEpoch, 32 DescribeConfigs, 37 CreatePartitions, 42 DeleteGroups, 43 ElectLeaders, 44 IncrementalAlterConfigs,
    45 AlterPartitionReassignments, 47 OffsetDelete, 52 Vote, 53 BeginQuorumEpoch, 54 EndQuorumEpoch, 55 DescribeQuorum,
    56 AlterPartition, 57 UpdateFeatures, 59 FetchSnapshot, 62 BrokerRegistration, 63 BrokerHeartbeat,
    67 AllocateProducerIds, 68 ConsumerGroupHeartbeat, 69 ConsumerGroupDescribe, 80 AddRaftVoter, 81 RemoveRaftVoter, 82 UpdateRaftVoter,
});
