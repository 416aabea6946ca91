//! Votes: asked, given, refused and counted; and how a new leader, or one that gives up, makes itself known.
//!
//! Invariant: a vote is on disk before its answer leaves, and within an epoch it goes to one candidate only. Being asked
//! before a vote changes nothing (KIP-996). No follower that hears from its leader helps to depose it.
//!
//! Source: KIP-595, KIP-853, KIP-996; Kafka's `EpochState.canGrantVote`, `KafkaRaftClient.handleVoteRequest`.
//!
//! Called by: [`super::member`].
//!
//! Kafka differs: a follower that is told by its leader that it resigns would vote for another from then on; there it waits
//! for its own back-off to end.

use super::leader::Leader;
use super::member::{Ballot, Member, Resigned, Role};
use super::quorum::{self, Election};
use crate::context::{Context, ReplyTo};
use crate::error::{ErrorCode, Fault};
use crate::event::RaftFact;
use crate::ids::{LeaderEpoch, ProcessId, VoterKey};
use crate::protocol::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest, EndQuorumEpochResponse, QuorumEpochResponse, Request,
    VoteRequest, VoteResponse,
};

impl Member {
    /// The election time-out passed.
    pub(super) fn end_election_wait(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        match &self.role {
            Role::Prospective(_) => self.lose_pre_vote(cx),
            // Its own epoch is spent: it led it.
            Role::Resigned(_) => self.become_unattached(self.state.epoch.next(), cx),
            Role::Unattached(_) | Role::Candidate(_) if self.is_voter() => self.stand(cx),
            Role::Candidate(_) => self.become_unattached(self.state.epoch, cx),
            Role::Unattached(_) | Role::Leader(_) | Role::Follower(_) => Ok(()),
        }
    }

    /// Counts the votes.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let voters = &self.log.voters().voters;
        let count = |ballot: &Ballot| {
            let of =
                |side: &std::collections::BTreeSet<ProcessId>| side.iter().filter(|voter| voters.get(**voter).is_some()).count();
            quorum::election(voters.len(), of(&ballot.granted), of(&ballot.refused))
        };
        match &self.role {
            Role::Prospective(ballot) => match count(ballot) {
                Election::Won => self.become_candidate(cx),
                Election::Lost => self.lose_pre_vote(cx),
                Election::Open => Ok(()),
            },
            Role::Candidate(ballot) => match count(ballot) {
                Election::Won => {
                    let granted = ballot.granted.clone();
                    self.become_leader(&granted, cx)
                }
                // It waits for the rest of the election time-out, in which somebody else may win.
                Election::Lost | Election::Open => Ok(()),
            },
            Role::Unattached(_) | Role::Leader(_) | Role::Follower(_) | Role::Resigned(_) => Ok(()),
        }
    }

    /// Nobody wants it: back to the leader it knew, or to waiting for one.
    fn lose_pre_vote(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        match self.state.leader.filter(|leader| *leader != self.me.voter) {
            Some(leader) => self.become_follower(self.state.epoch, leader, cx),
            None => self.become_unattached(self.state.epoch, cx),
        }
    }

    pub(super) fn vote_requests(&self, ballot: &Ballot, pre_vote: bool) -> Vec<(ProcessId, Request)> {
        let (last_epoch, last_offset) = self.log.reach();
        let unasked = |voter: &VoterKey| !ballot.granted.contains(&voter.voter) && !ballot.refused.contains(&voter.voter);
        let ask = |voter: VoterKey| {
            let epoch = self.state.epoch;
            (voter.voter, VoteRequest { epoch, candidate: self.me, voter, last_epoch, last_offset, pre_vote }.into())
        };
        self.log.voters().voters.iter().filter(unasked).map(ask).collect()
    }

    pub(super) fn handle_vote(&mut self, reply_to: ReplyTo, request: VoteRequest, cx: &mut Context<'_>) -> Result<(), Fault> {
        let VoteRequest { epoch, candidate, pre_vote, .. } = request;
        if epoch > self.state.epoch {
            self.become_unattached(epoch, cx)?;
        }
        let error = if epoch < self.state.epoch {
            Some(ErrorCode::FencedLeaderEpoch)
        } else if is_same(request.voter, self.me) {
            None
        } else {
            Some(ErrorCode::InvalidVoterKey)
        };
        let is_up_to_date = quorum::is_up_to_date((request.last_epoch, request.last_offset), self.log.reach());
        let granted = error.is_none() && self.would_vote_for(candidate, is_up_to_date, pre_vote);
        if granted && !pre_vote {
            self.vote_for(candidate, cx)?;
        }
        if !granted {
            cx.emit(RaftFact::VoteRefused { epoch, candidate: candidate.voter, pre_vote });
        }
        let (epoch, leader) = (self.state.epoch, self.leader());
        cx.reply(reply_to, VoteResponse { error, epoch, leader, granted }.into());
        Ok(())
    }

    // ANCHOR: would-vote-for
    /// Whether this role lets it vote for that candidate, in this epoch.
    fn would_vote_for(&self, candidate: VoterKey, is_up_to_date: bool, pre_vote: bool) -> bool {
        match &self.role {
            Role::Unattached(_) | Role::Prospective(_) if pre_vote => is_up_to_date,
            Role::Unattached(_) | Role::Prospective(_) => match self.state.voted_for {
                Some(chosen) => chosen == candidate,
                None => self.state.leader.is_none() && is_up_to_date,
            },
            Role::Candidate(_) | Role::Resigned(_) => pre_vote && is_up_to_date,
            Role::Follower(follower) => pre_vote && is_up_to_date && !follower.has_fetched,
            Role::Leader(_) => false,
        }
    }
    // ANCHOR_END: would-vote-for

    /// The one place where a vote for another is given: written down, then told. A voter that helped another has time again.
    fn vote_for(&mut self, candidate: VoterKey, cx: &mut Context<'_>) -> Result<(), Fault> {
        if self.state.voted_for == Some(candidate) {
            return Ok(()); // asked again: the answer was lost
        }
        assert!(self.state.voted_for.is_none(), "a voter votes once an epoch");
        self.state.voted_for = Some(candidate);
        self.state.write(self.setup.variants.folder_sync, cx)?;
        cx.emit(RaftFact::VoteCast { epoch: self.state.epoch, candidate });
        self.arm_election_timer(cx);
        Ok(())
    }

    pub(super) fn handle_vote_response(&mut self, from: ProcessId, told: VoteResponse, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.peers.succeed(from);
        if self.learn(told.epoch, told.leader, cx)? {
            return Ok(());
        }
        if let Role::Prospective(ballot) | Role::Candidate(ballot) = &mut self.role {
            let side = if told.granted && told.error.is_none() { &mut ballot.granted } else { &mut ballot.refused };
            side.insert(from);
            return self.settle(cx);
        }
        Ok(())
    }

    /// BeginQuorumEpoch goes to each voter until it fetches or answers.
    pub(super) fn begin_requests(&self, leader: &Leader) -> Vec<(ProcessId, Request)> {
        let tell = |voter: VoterKey| {
            let request = BeginQuorumEpochRequest { leader: self.me.voter, epoch: self.state.epoch, voter };
            (voter.voter, request.into())
        };
        self.log.voters().voters.iter().filter(|voter| leader.untold.contains(&voter.voter)).map(tell).collect()
    }

    pub(super) fn handle_begin_quorum_epoch(
        &mut self,
        reply_to: ReplyTo,
        request: BeginQuorumEpochRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let error = self.refuse_leader(request.epoch, request.leader).or_else(|| {
            let is_meant = is_same(request.voter, self.me);
            (!is_meant).then_some(ErrorCode::InvalidVoterKey)
        });
        if error.is_none() {
            self.learn(request.epoch, Some(request.leader), cx)?;
        }
        cx.reply(reply_to, BeginQuorumEpochResponse(self.epoch_response(error)).into());
        Ok(())
    }

    /// An older epoch, or a second leader of this one.
    fn refuse_leader(&self, epoch: LeaderEpoch, leader: ProcessId) -> Option<ErrorCode> {
        let is_second = epoch == self.state.epoch && self.state.leader.is_some_and(|known| known != leader);
        if epoch < self.state.epoch {
            Some(ErrorCode::FencedLeaderEpoch)
        } else if is_second {
            Some(ErrorCode::InconsistentVoterSet)
        } else {
            None
        }
    }

    fn epoch_response(&self, error: Option<ErrorCode>) -> QuorumEpochResponse {
        QuorumEpochResponse { error, epoch: self.state.epoch, leader: self.leader() }
    }

    pub(super) fn handle_begin_response(
        &mut self,
        from: ProcessId,
        told: QuorumEpochResponse,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        self.peers.succeed(from);
        if self.learn(told.epoch, told.leader, cx)? {
            return Ok(());
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.untold.remove(&from);
        }
        Ok(())
    }

    pub(super) fn end_requests(&self, resigned: &Resigned) -> Vec<(ProcessId, Request)> {
        let tell = |voter: &ProcessId| {
            let preferred_successors = resigned.successors.clone();
            let request = EndQuorumEpochRequest { leader: self.me.voter, epoch: self.state.epoch, preferred_successors };
            (*voter, request.into())
        };
        resigned.untold.iter().map(tell).collect()
    }

    /// The leader gives up: the first successor stands at once, the others one after another.
    pub(super) fn handle_end_quorum_epoch(
        &mut self,
        reply_to: ReplyTo,
        request: &EndQuorumEpochRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let error = self.refuse_leader(request.epoch, request.leader);
        if error.is_none() {
            self.learn(request.epoch, Some(request.leader), cx)?;
            let me = self.me.voter;
            if let Role::Follower(follower) = &mut self.role {
                follower.has_fetched = false;
                let successors = &request.preferred_successors;
                let place = successors.iter().position(|successor| *successor == me).unwrap_or(0);
                let longest = self.setup.config.quorum_election_backoff_max;
                self.arm_fetch_timer(quorum::successor_backoff(place, successors.len(), longest), cx);
            }
        }
        cx.reply(reply_to, EndQuorumEpochResponse(self.epoch_response(error)).into());
        Ok(())
    }

    pub(super) fn handle_end_response(
        &mut self,
        from: ProcessId,
        told: QuorumEpochResponse,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        self.peers.succeed(from);
        if self.learn(told.epoch, told.leader, cx)? {
            return Ok(());
        }
        if let Role::Resigned(resigned) = &mut self.role {
            resigned.untold.remove(&from);
        }
        Ok(())
    }
}

/// Whether a request was meant for this voter: its number, and its directory as far as both are known.
fn is_same(meant: VoterKey, me: VoterKey) -> bool {
    let is_other_disk = meant.directory.zip(me.directory).is_some_and(|(meant, mine)| meant != mine);
    meant.voter == me.voter && !is_other_disk
}
