//! What comes to a server of the quorum, and what it asks of its peers: the tables of deadlines, requests and answers.
//!
//! Invariant: what a server asks follows from its role alone, and is asked again until it is answered or the role changes.
//!
//! Called by: [`super::node`]. Source: Kafka's `KafkaRaftClient.poll`.

use super::member::{Member, RaftTimer, Role};
use crate::context::{Context, ReplyTo};
use crate::error::Fault;
use crate::event::Purpose;
use crate::ids::{CorrelationId, ProcessId};
use crate::protocol::{Request, Response};

impl Member {
    /// Does what is due.
    pub(super) fn handle_deadline(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        while let Some((timer, trail)) = self.timers.pop_due(cx.mono()) {
            cx.resume(trail);
            match timer {
                RaftTimer::Election => self.end_election_wait(cx)?,
                RaftTimer::Fetch => self.lose_leader(cx)?,
                RaftTimer::CheckQuorum => self.check_quorum(cx)?,
                RaftTimer::Write => self.write_gathered(cx)?,
                RaftTimer::Parked(asker) => self.answer_parked(asker, cx)?,
                RaftTimer::VoterChange => self.give_up_voter_change(cx),
                RaftTimer::Snapshot => self.is_snapshot_due = true,
                RaftTimer::Answer(peer) => {
                    cx.close(peer, Purpose::Quorum);
                    self.peers.disconnect(peer);
                    self.leave_alone(peer, cx);
                }
                RaftTimer::Retry(peer) => self.peers.end_back_off(peer),
            }
        }
        Ok(())
    }

    /// The table of requests.
    pub(super) fn handle_request(
        &mut self,
        from: ProcessId,
        reply_to: ReplyTo,
        request: Request,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        match request {
            Request::Fetch(request) => self.handle_fetch(from, reply_to, &request, cx),
            Request::FetchSnapshot(request) => self.handle_fetch_snapshot(from, reply_to, request, cx),
            Request::Vote(request) => self.handle_vote(reply_to, request, cx),
            Request::BeginQuorumEpoch(request) => self.handle_begin_quorum_epoch(reply_to, request, cx),
            Request::EndQuorumEpoch(request) => self.handle_end_quorum_epoch(reply_to, &request, cx),
            Request::DescribeQuorum(_) => {
                self.handle_describe_quorum(reply_to, cx);
                Ok(())
            }
            Request::AddRaftVoter(request) => self.handle_add_voter(reply_to, request, cx),
            Request::RemoveRaftVoter(request) => self.handle_remove_voter(reply_to, request, cx),
            Request::UpdateRaftVoter(request) => self.handle_update_voter(reply_to, request, cx),
            // Its owner's, not the quorum's.
            Request::Produce(_)
            | Request::ListOffsets(_)
            | Request::Metadata(_)
            | Request::CreateTopics(_)
            | Request::OffsetForLeaderEpoch(_)
            | Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::DeleteTopics(_)
            | Request::DeleteRecords(_)
            | Request::DescribeConfigs(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::IncrementalAlterConfigs(_)
            | Request::AlterPartitionReassignments(_)
            | Request::UpdateFeatures(_)
            | Request::AllocateProducerIds(_)
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
            | Request::ConsumerGroupDescribe(_) => Ok(()),
        }
    }

    /// Takes an awaited answer.
    pub(super) fn handle_response(
        &mut self,
        from: ProcessId,
        correlation: CorrelationId,
        response: Response,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        if !self.peers.take_answer(from, correlation) {
            return Ok(());
        }
        self.timers.cancel(RaftTimer::Answer(from));
        match response {
            Response::Vote(response) => self.handle_vote_response(from, response, cx),
            Response::BeginQuorumEpoch(response) => self.handle_begin_response(from, response.0, cx),
            Response::EndQuorumEpoch(response) => self.handle_end_response(from, response.0, cx),
            Response::Fetch(response) => self.handle_fetch_response(from, response, cx),
            Response::FetchSnapshot(response) => self.handle_snapshot_response(from, &response, cx),
            other => panic!("{from} answered a quorum request with {:?}", other.api()),
        }
    }

    /// A connection was reset.
    pub(super) fn handle_disconnect(&mut self, from: ProcessId, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.peers.disconnect(from);
        if self.peers.is_awaiting(from) {
            self.timers.cancel(RaftTimer::Answer(from));
            self.leave_alone(from, cx);
        }
        Ok(())
    }

    /// A peer failed to answer, or refused: it is asked again later. What was on its way from it begins again.
    pub(super) fn leave_alone(&mut self, peer: ProcessId, cx: &mut Context<'_>) {
        if let Role::Follower(follower) = &mut self.role {
            follower.download = None;
        }
        let wait = self.peers.fail(peer, self.setup.config.quorum_retry_backoff);
        self.timers.set(RaftTimer::Retry(peer), cx.mono().plus(wait), cx.trail());
    }

    /// Sends what its role wants of its peers, to each that is ready.
    pub(super) fn ask_peers(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let wanted: Vec<(ProcessId, Request)> = match &self.role {
            Role::Prospective(ballot) => self.vote_requests(ballot, true),
            Role::Candidate(ballot) => self.vote_requests(ballot, false),
            Role::Leader(leader) => self.begin_requests(leader),
            Role::Resigned(resigned) => self.end_requests(resigned),
            Role::Unattached(_) | Role::Follower(_) => self.fetch_request().into_iter().collect(),
        };
        for (peer, request) in wanted {
            if self.peers.is_ready(peer) {
                let timeout = self.setup.config.quorum_request_timeout;
                if self.peers.is_mute(peer, cx.mono(), timeout) {
                    cx.close(peer, Purpose::Quorum);
                    self.peers.disconnect(peer);
                }
                let correlation = self.peers.begin(peer, cx.mono());
                let late = cx.mono().plus(timeout);
                self.timers.set(RaftTimer::Answer(peer), late, cx.trail());
                cx.request(peer, Purpose::Quorum, correlation, request);
            }
        }
        Ok(())
    }
}
