//! A server of the metadata quorum: a voter, or one that only follows (a standby controller).
//!
//! Every transition, each a `become_…` in [`super::member`]:
//!
//! | from | to | when |
//! |---|---|---|
//! | Unattached | Unattached | a higher epoch is heard of |
//! | Unattached | Prospective | the election time-out passes (Candidate, with `prevote = off`) |
//! | Unattached | Follower | the leader of this or a higher epoch is heard of |
//! | Prospective | Unattached | a higher epoch is heard of; the pre-vote is lost or times out, and no leader is known |
//! | Prospective | Follower | a leader is heard of; the pre-vote is lost or times out, and a leader is known |
//! | Prospective | Candidate | a majority would vote for it |
//! | Candidate | Unattached | a higher epoch is heard of |
//! | Candidate | Follower | the leader of this or a higher epoch is heard of |
//! | Candidate | Prospective | the election time-out passes (Candidate again, with `prevote = off`) |
//! | Candidate | Leader | a majority voted for it |
//! | Leader | Unattached, Follower | a higher epoch is heard of, without or with its leader |
//! | Leader | Resigned | no majority fetches; an orderly shutdown; its removal from the voters is committed |
//! | Follower | Unattached | a higher epoch is heard of |
//! | Follower | Prospective | the fetch time-out passes (Candidate, with `prevote = off`) |
//! | Follower | Follower | the leader of a higher epoch is heard of |
//! | Resigned | Unattached | a higher epoch is heard of; the election time-out passes, which raises the epoch |
//! | Resigned | Follower | the leader of a higher epoch is heard of |
//!
//! A start leads to Resigned (it led when it stopped), Candidate (it had voted for itself), Follower (it knew a leader) or
//! Unattached. An observer, who is no voter, is only ever Unattached or Follower. The only voter of a quorum goes from
//! Unattached over Prospective and Candidate to Leader within its first turn.
//!
//! Invariant: an epoch and a vote are on disk before anybody hears of them; so a voter votes once an epoch, and leads an
//! epoch at most once.
//!
//! Called by: the controller, whose records it keeps. Source: KIP-595, KIP-853, KIP-996; Kafka's `QuorumState`.
//!
//! Kafka differs: a voter without a leader does not ask around for one (it does there, over the bootstrap servers); it
//! learns of the leader from BeginQuorumEpoch, or from the answers to its pre-vote.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::member::Member;
use super::or_halt;
use super::outside::{RaftNews, RaftSetup};
use crate::context::{Context, ReplyTo};
use crate::error::Fault;
use crate::event::QuorumRole;
use crate::ids::{CorrelationId, LeaderEpoch, Offset, ProcessId, Step};
use crate::protocol::{Request, Response, SnapshotId};
use crate::time::Instant;

/// A server of the metadata quorum.
#[derive(Clone, Debug)]
pub struct RaftNode {
    setup: Arc<RaftSetup>,
    /// `None` before the start, and after a disk that failed at the start.
    member: Option<Box<Member>>,
    news: VecDeque<RaftNews>,
}

impl RaftNode {
    /// A server that has not started yet.
    #[must_use]
    pub fn new(setup: RaftSetup) -> Self {
        assert!(!setup.voters.is_empty(), "a quorum without voters is refused before it is built");
        Self { setup: Arc::new(setup), member: None, news: VecDeque::new() }
    }

    /// Reads back what an earlier life left, and takes up the role that follows from it.
    pub fn start(&mut self, cx: &mut Context<'_>) {
        let opened = Member::open(Arc::clone(&self.setup), cx);
        self.member = or_halt(opened, cx).map(Box::new);
        self.act(cx, Member::begin);
    }

    /// Takes a request of the quorum. Other requests are not its own, and ignored.
    pub fn handle_request(&mut self, from: ProcessId, reply_to: ReplyTo, request: Request, cx: &mut Context<'_>) {
        self.act(cx, |member, cx| member.handle_request(from, reply_to, request, cx));
    }

    /// Takes an answer that came on [`crate::event::Purpose::Quorum`].
    pub fn handle_response(&mut self, from: ProcessId, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        self.act(cx, |member, cx| member.handle_response(from, correlation, response, cx));
    }

    /// The connection for [`crate::event::Purpose::Quorum`] to `from` was reset.
    pub fn handle_disconnect(&mut self, from: ProcessId, cx: &mut Context<'_>) {
        self.act(cx, |member, cx| member.handle_disconnect(from, cx));
    }

    /// Does what is due.
    pub fn handle_deadline(&mut self, cx: &mut Context<'_>) {
        self.act(cx, Member::handle_deadline);
    }

    /// When it wants [`RaftNode::handle_deadline`] at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.member.as_ref().and_then(|member| member.timers.next_deadline())
    }

    /// The next of what happened. To be asked for until there is nothing left, after every call.
    pub fn take_news(&mut self) -> Option<RaftNews> {
        self.news.pop_front()
    }

    /// The role it plays.
    #[must_use]
    pub fn role(&self) -> QuorumRole {
        self.member.as_ref().map_or(QuorumRole::Unattached, |member| member.role.kind())
    }

    /// The latest epoch it knows.
    #[must_use]
    pub fn epoch(&self) -> LeaderEpoch {
        self.member.as_ref().map_or(LeaderEpoch::ZERO, |member| member.state.epoch)
    }

    /// Who leads that epoch, as far as it knows.
    #[must_use]
    pub fn leader(&self) -> Option<ProcessId> {
        self.member.as_ref().and_then(|member| member.leader())
    }

    /// Whether it leads, and so may append and serve.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.role() == QuorumRole::Leader
    }

    /// Who votes, as its copy of the log says.
    #[must_use]
    pub fn voters(&self) -> Vec<ProcessId> {
        let Some(member) = &self.member else { return self.setup.voters.clone() };
        member.log.voters().voters.iter().map(|key| key.voter).collect()
    }

    /// The offset that the next appended record gets.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.member.as_ref().map_or(Offset::ZERO, |member| member.next_offset())
    }

    /// Where its copy of the log begins.
    #[must_use]
    pub fn start_offset(&self) -> Offset {
        self.member.as_ref().map_or(Offset::ZERO, |member| member.log.start())
    }

    /// Where its copy of the log ends, records that wait to be written not counted.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        self.member.as_ref().map_or(Offset::ZERO, |member| member.log.end())
    }

    /// Up to where (excluded) it knows the log to be committed.
    #[must_use]
    pub fn committed(&self) -> Offset {
        self.member.as_ref().map_or(Offset::ZERO, |member| member.high_watermark)
    }

    /// Takes records to be written together, in one batch, when `controller.quorum.append.linger.ms` has passed.
    /// They get the offsets from [`RaftNode::next_offset`] on. Only a leader may be asked.
    pub fn append(&mut self, records: impl IntoIterator<Item = Bytes>, cx: &mut Context<'_>) {
        let records: Vec<Bytes> = records.into_iter().collect();
        self.member.as_mut().expect("only a leader appends").gather(records, cx);
    }

    /// Answers the parked fetches for which there is something now, because of the event `because`.
    pub fn release_fetches(&mut self, because: Step, cx: &mut Context<'_>) {
        self.act(cx, |member, cx| member.release_fetches(because, cx));
    }

    /// Gives up the lead in order, and tells the voters who should stand next. Nothing happens unless it leads.
    pub fn resign(&mut self, cx: &mut Context<'_>) {
        self.act(cx, Member::resign);
    }

    /// The metadata records in `from..to`, which lie in the log; the quorum's own records are left out. `None` when the
    /// disk failed.
    pub fn read(&mut self, from: Offset, to: Offset, cx: &mut Context<'_>) -> Option<Vec<(Offset, Bytes)>> {
        let read = self.member.as_ref()?.log.records(from, to, cx);
        or_halt(read, cx)
    }

    /// The newest snapshot on the disk. `None` when there is none, or the disk failed.
    pub fn snapshot(&mut self, cx: &mut Context<'_>) -> Option<(SnapshotId, Vec<Bytes>)> {
        let loaded = self.member.as_ref()?.log.load_snapshot(cx);
        or_halt(loaded, cx)?.map(|(id, snapshot)| (id, snapshot.records))
    }

    /// Whether so much was committed since the newest snapshot, or so long ago, that another is due.
    #[must_use]
    pub fn wants_snapshot(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.wants_snapshot())
    }

    /// Writes down as a snapshot what the log below `end` says, which is committed, and trims the log.
    pub fn write_snapshot(&mut self, end: Offset, records: Vec<Bytes>, cx: &mut Context<'_>) {
        self.act(cx, |member, cx| member.write_snapshot(end, records, cx));
    }

    /// Does something, then sends what it makes necessary, and takes over the news of it.
    fn act(&mut self, cx: &mut Context<'_>, act: impl FnOnce(&mut Member, &mut Context<'_>) -> Result<(), Fault>) {
        let Some(member) = &mut self.member else { return };
        let done = act(member, cx).and_then(|()| member.ask_peers(cx));
        or_halt(done, cx);
        self.news.extend(member.news.drain(..));
    }
}
