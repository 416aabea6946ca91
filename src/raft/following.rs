//! Following: fetching from the leader and, for an observer without one, from whoever may know it.
//!
//! Invariant: what was fetched is synced before the next fetch tells the leader of it, whether this server votes or not: an
//! observer may become a voter by a record that it has not fetched yet.
//!
//! Source: KIP-595, KIP-630; Kafka's `KafkaRaftClient.handleFetchResponse`. Called by: [`super::member`].
//!
//! Kafka differs: the leader parks a fetch for a quarter of `controller.quorum.fetch.timeout.ms`, where Kafka has a constant
//! of 500 ms beside a default time-out of 2 s: so that both shrink in the profile `fast`.

use super::download::{Download, Piece};
use super::member::{Follower, Member, Role};
use super::metadata_log::Taken;
use super::outside::RaftNews;
use super::voter_number;
use crate::config::IsolationLevel;
use crate::context::Context;
use crate::error::Fault;
use crate::event::Purpose;
use crate::ids::{ProcessId, TopicPartition};
use crate::protocol::{FetchRequest, FetchResponse, FetchSnapshotResponse, FetchedPartition, ReplicaState, Request};
use crate::time::Duration;

impl Member {
    /// What is to be fetched, and from whom: of the leader; an observer without one, or that cannot reach it, asks a voter.
    pub(super) fn fetch_request(&self) -> Option<(ProcessId, Request)> {
        let (whom, download) = match &self.role {
            Role::Follower(follower) if !self.is_voter() && self.peers.failures(follower.leader) > 0 => {
                (self.voter_in_turn(follower.next_voter)?, None)
            }
            Role::Follower(follower) if !self.peers.is_ready(follower.leader) => return None,
            Role::Follower(follower) => (follower.leader, follower.download.as_ref()),
            Role::Unattached(seeker) if !self.is_voter() => (self.voter_in_turn(seeker.next_voter)?, None),
            Role::Unattached(_) | Role::Prospective(_) | Role::Candidate(_) | Role::Leader(_) | Role::Resigned(_) => return None,
        };
        let is_busy = self.log.voters().voters.iter().any(|key| self.peers.is_awaiting(key.voter));
        if is_busy && !self.is_voter() {
            return None; // one question at a time
        }
        if let Some(download) = download {
            let max_bytes = self.setup.config.quorum_fetch_snapshot_max_bytes;
            return Some((whom, download.request(max_bytes, self.state.epoch).into()));
        }
        let max_bytes = self.setup.config.quorum_fetch_max_bytes;
        let replica = ReplicaState { broker: voter_number(self.me.voter), epoch: None, directory: self.me.directory };
        let request = FetchRequest {
            replica: Some(replica),
            rack: None,
            isolation: IsolationLevel::ReadUncommitted,
            max_wait: Duration(self.setup.config.quorum_fetch_timeout.0 / 4),
            min_bytes: 1,
            max_bytes,
            partitions: vec![self.log.wanted(self.state.epoch, max_bytes)],
        };
        Some((whom, request.into()))
    }

    /// The next voter (or leader, which this copy may not know to be one) that is not to be left alone.
    fn voter_in_turn(&self, place: usize) -> Option<ProcessId> {
        let mut others = self.other_voters();
        others.extend(self.state.leader.filter(|leader| *leader != self.me.voter));
        let others: Vec<ProcessId> = others.into_iter().filter(|voter| self.peers.is_ready(*voter)).collect();
        others.get(place.checked_rem(others.len())?).copied()
    }

    /// The leader was not heard for too long: a voter wants another. An observer only helps those who do: it may be a voter by
    /// a record that has not reached it, and then they need it.
    ///
    /// Kafka differs: its `FollowerState` never forgets that the leader answered once (`hasFetchedFromLeader`), and only a voter
    /// ever leaves it by a time-out.
    pub(super) fn lose_leader(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let is_voter = self.is_voter();
        let Role::Follower(follower) = &mut self.role else { return Ok(()) };
        if !is_voter {
            follower.has_fetched = false;
            return Ok(());
        }
        if self.peers.is_awaiting(follower.leader) {
            cx.close(follower.leader, Purpose::Quorum);
            self.peers.disconnect(follower.leader);
        }
        self.stand(cx)
    }

    pub(super) fn handle_fetch_response(
        &mut self,
        from: ProcessId,
        told: FetchResponse,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let item = told.partitions.into_iter().find(|item| item.partition == TopicPartition::METADATA);
        let Some(item) = item.filter(|_| told.error.is_none()) else {
            self.leave_alone(from, cx);
            return Ok(());
        };
        if item.error.is_some() {
            return self.take_refusal(from, &item, cx);
        }
        if let Role::Unattached(_) = self.role {
            self.become_follower(self.state.epoch, from, cx)?; // it answered: it leads this epoch
        }
        if !self.hear_leader(from, cx) {
            return Ok(());
        }
        if let Some(diverging) = item.diverging_epoch {
            if self.log.truncate(diverging, self.high_watermark, cx)? {
                self.adopt_voters(cx);
            }
            return Ok(());
        }
        if let (Some(id), Role::Follower(follower)) = (item.snapshot, &mut self.role) {
            follower.download = Some(Download::new(id));
            return Ok(());
        }
        self.take_batches(from, &item, cx)
    }

    /// Who is refused may be told who leads, and since which epoch.
    fn take_refusal(&mut self, from: ProcessId, item: &FetchedPartition, cx: &mut Context<'_>) -> Result<(), Fault> {
        if let Some(hint) = item.current_leader
            && self.learn(hint.epoch, Some(hint.leader.process()), cx)?
        {
            self.peers.succeed(from);
            self.peers.succeed(hint.leader.process());
            return Ok(());
        }
        match &mut self.role {
            Role::Follower(Follower { next_voter, .. }) => *next_voter += 1,
            Role::Unattached(seeker) => seeker.next_voter += 1,
            Role::Prospective(_) | Role::Candidate(_) | Role::Leader(_) | Role::Resigned(_) => {}
        }
        self.leave_alone(from, cx);
        Ok(())
    }

    /// The leader lives. False when this is not its follower.
    fn hear_leader(&mut self, from: ProcessId, cx: &mut Context<'_>) -> bool {
        let Role::Follower(follower) = &mut self.role else { return false };
        if follower.leader != from {
            return false;
        }
        follower.has_fetched = true;
        self.peers.succeed(from);
        self.arm_fetch_timer(self.setup.config.quorum_fetch_timeout, cx);
        true
    }

    fn take_batches(&mut self, from: ProcessId, item: &FetchedPartition, cx: &mut Context<'_>) -> Result<(), Fault> {
        if !item.batches.is_empty() {
            let taken = self.log.append_fetched(&item.batches, from, cx)?;
            self.log.flush(cx)?;
            match taken {
                Taken::WithVoters => self.adopt_voters(cx),
                Taken::Whole => {}
                Taken::Refused => {
                    self.leave_alone(from, cx);
                    return Ok(());
                }
            }
        }
        self.hear_committed(item.high_watermark.min(self.log.end()), cx);
        Ok(())
    }

    /// Takes a piece of a snapshot; with the last one it stands for the log.
    pub(super) fn handle_snapshot_response(
        &mut self,
        from: ProcessId,
        told: &FetchSnapshotResponse,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        if self.learn(told.epoch, told.leader, cx)? || !self.hear_leader(from, cx) {
            return Ok(());
        }
        let Role::Follower(follower) = &mut self.role else { return Ok(()) };
        let Some(download) = &mut follower.download else { return Ok(()) };
        let id = download.id;
        match download.take(told) {
            Piece::More => {}
            Piece::Interrupted => self.leave_alone(from, cx),
            Piece::Last(bytes) => {
                follower.download = None;
                let before = self.log.voters().clone();
                if !self.log.install(id, bytes, from, cx)? {
                    self.leave_alone(from, cx);
                    return Ok(());
                }
                if *self.log.voters() != before {
                    self.adopt_voters(cx);
                }
                self.high_watermark = self.high_watermark.max(id.end);
                self.news.push(RaftNews::SnapshotLoaded { end: id.end });
            }
        }
        Ok(())
    }
}
