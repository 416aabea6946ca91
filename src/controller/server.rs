//! The controller as a machine: which request goes where.
//!
//! Invariant: only the active controller decides; the others follow the log and answer NOT_CONTROLLER.
//!
//! Called by: [`crate::node`]. Source: Kafka's `QuorumController`, `ControllerApis`.
//!
//! Not modelled: the time-outs of requests that wait for a commit.

use std::collections::VecDeque;
use std::sync::Arc;

use super::activation::{Standing, Waiting};
use super::facts::Told;
use super::image::MetadataImage;
use super::rebalance::Task;
use super::refusal::refuse_request;
use super::sessions::Sessions;
use super::setup::ControllerSetup;
use crate::context::{Command, Context, Input, Machine, Message, ReplyTo};
use crate::event::Purpose;
use crate::ids::{Offset, ProcessId};
use crate::protocol::Request;
use crate::raft::{RaftNode, RaftSetup};
use crate::time::{Instant, Timers};

/// A controller.
#[derive(Clone, Debug)]
pub struct Controller {
    pub(super) setup: Arc<ControllerSetup>,
    pub(super) raft: RaftNode,
    pub(super) standing: Standing,
    /// As far as the log is committed, to this controller's knowledge.
    pub(super) committed: Arc<MetadataImage>,
    /// Up to where (excluded) the log, control records included, is in the committed image.
    pub(super) applied: Offset,
    /// Up to where (excluded) the facts are known to have been told, by whomever.
    pub(super) told: Offset,
    /// What was committed beyond that while this controller was not the active one.
    pub(super) untold: Vec<Told>,
    /// Everything written, committed or not; the active controller's ground.
    pub(super) written: Arc<MetadataImage>,
    pub(super) sessions: Sessions,
    pub(super) tasks: Timers<Task>,
    /// In the order of their ends.
    pub(super) waiting: VecDeque<Waiting>,
}

impl Machine for Controller {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => self.start(cx),
            Input::Message(Message::Request { from, reply_to, request }) => self.handle(from, reply_to, request, cx),
            Input::Message(Message::Response { from, purpose: Purpose::Quorum, correlation, response }) => {
                self.raft.handle_response(from, correlation, response, cx);
                self.settle(cx);
            }
            Input::Message(Message::Disconnected { from, purpose: Purpose::Quorum }) => {
                self.raft.handle_disconnect(from, cx);
                self.settle(cx);
            }
            Input::Deadline => {
                self.raft.handle_deadline(cx);
                self.settle(cx);
                self.fence_silent_brokers(cx);
                self.do_tasks(cx);
            }
            // A quorum leader that is asked to end gives up the lead first, so that nobody has to miss it.
            Input::Command(Command::ShutDown) => {
                self.raft.resign(cx);
                self.settle(cx);
                cx.exit();
            }
            // Of brokers and clients a controller asks nothing, and other commands are theirs.
            Input::Message(Message::Response { .. } | Message::Disconnected { .. }) => {}
            Input::Command(
                Command::Send(_)
                | Command::CreateTopics(_)
                | Command::DescribeTopic(_)
                | Command::Ask(_)
                | Command::Group(_)
                | Command::Consume(_),
            ) => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.raft.next_deadline(), self.sessions.next_deadline(), self.next_task()].into_iter().flatten().min()
    }
}

impl Controller {
    /// A controller that has not started yet; its disk is read in its first turn.
    #[must_use]
    pub fn new(setup: Arc<ControllerSetup>) -> Self {
        let raft = RaftSetup { me: setup.me, voters: setup.voters.clone(), config: setup.config.clone(), variants: setup.variants };
        let sessions = Sessions::new(setup.config.broker_session_timeout);
        Self {
            setup,
            raft: RaftNode::new(raft),
            standing: Standing::default(),
            committed: Arc::default(),
            applied: Offset::ZERO,
            told: Offset::ZERO,
            untold: Vec::new(),
            written: Arc::default(),
            sessions,
            tasks: Timers::default(),
            waiting: VecDeque::new(),
        }
    }

    /// The table of requests.
    fn handle(&mut self, from: ProcessId, reply_to: ReplyTo, request: Request, cx: &mut Context<'_>) {
        if !self.is_active()
            && let Some(refusal) = refuse_request(&request)
        {
            cx.reply(reply_to, refusal);
            return;
        }
        match request {
            Request::BrokerRegistration(request) => self.handle_registration(reply_to, &request, cx),
            Request::BrokerHeartbeat(request) => self.handle_heartbeat(reply_to, &request, cx),
            Request::AlterPartition(request) => self.handle_alter_partition(reply_to, &request, cx),
            Request::CreateTopics(request) => self.handle_create_topics(reply_to, &request, cx),
            Request::DeleteTopics(request) => self.handle_delete_topics(reply_to, &request, cx),
            Request::CreatePartitions(request) => self.handle_create_partitions(reply_to, &request, cx),
            Request::ElectLeaders(request) => self.handle_elect_leaders(reply_to, &request, cx),
            Request::IncrementalAlterConfigs(request) => self.handle_alter_configs(reply_to, &request, cx),
            Request::AlterPartitionReassignments(request) => self.handle_reassignments(reply_to, &request, cx),
            Request::UpdateFeatures(request) => self.handle_update_features(reply_to, &request, cx),
            Request::AllocateProducerIds(request) => self.handle_producer_ids(reply_to, request, cx),
            Request::Fetch(_)
            | Request::Vote(_)
            | Request::BeginQuorumEpoch(_)
            | Request::EndQuorumEpoch(_)
            | Request::DescribeQuorum(_)
            | Request::FetchSnapshot(_)
            | Request::AddRaftVoter(_)
            | Request::RemoveRaftVoter(_)
            | Request::UpdateRaftVoter(_) => {
                self.raft.handle_request(from, reply_to, request, cx);
                self.settle(cx);
            }
            // Brokers answer these, and a controller closes the connection of who asks it.
            Request::Produce(_)
            | Request::ListOffsets(_)
            | Request::Metadata(_)
            | Request::OffsetForLeaderEpoch(_)
            | Request::DeleteRecords(_)
            | Request::DescribeConfigs(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_)
            | Request::FindCoordinator(_)
            | Request::JoinGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::SyncGroup(_)
            | Request::DescribeGroups(_)
            | Request::ListGroups(_)
            | Request::DeleteGroups(_)
            | Request::OffsetDelete(_)
            | Request::ConsumerGroupHeartbeat(_)
            | Request::ConsumerGroupDescribe(_) => {}
        }
    }
}
