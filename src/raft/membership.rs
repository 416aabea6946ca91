//! Voters added, removed and renewed, one at a time (KIP-853).
//!
//! A change is a record in the log; it counts from the moment it is appended, at the leader as elsewhere, and is answered
//! when it is committed; what a voter tells of itself is answered at once, since its next fetch may be what commits it
//! (KAFKA-16534). Who is to be added observes the log first, and is proposed once it has caught up.
//!
//! Invariant (with `reconfig-guard = on`): a change is appended only when a record of the leader's own epoch is committed and
//! no other change is uncommitted, so that the majorities before and after it share a voter. Without the guard neither is
//! asked for, as in Raft's first description of single-server changes.
//!
//! As in Kafka, of two voters the leader is better not removed: should it die with the record in its own log alone, it is no
//! voter any more in its own eyes, and the other cannot win without its vote (Raft lets it stand even so).
//!
//! Source: KIP-853; Ongaro's note of 2015 on the own-epoch rule; Kafka's `AddVoterHandler`, `RemoveVoterHandler`,
//! `UpdateVoterHandler`.
//!
//! Called by: [`super::member`].
//!
//! Kafka differs: it refuses with REQUEST_TIMED_OUT at once who has not caught up; here, as the KIP has it, the leader waits
//! for it, up to `controller.quorum.request.timeout.ms`. It asks the new voter for its versions; there is one version here.
//!
//! Not modelled: a voter that sends UpdateRaftVoter by itself. Kafka's does so while the set's record of it does not tell its
//! own listeners and the kraft.versions it supports, at most every third fetch time-out. A record here tells a voter's name
//! and directory, and both are right from the first set on. `kraft.version` is no feature that an operator raises: the variant
//! `voter-uuid` stands for it, from a cluster's first record to its last.

use super::leader::{ChangeKind, Joining, VoterChange};
use super::member::{Member, RaftTimer, Role};
use super::voters::VoterSet;
use crate::context::{Context, ReplyTo};
use crate::error::{ErrorCode, Fault};
use crate::event::{RaftFact, ResignReason};
use crate::ids::{Offset, Step, VoterKey};
use crate::protocol::{
    AddRaftVoterRequest, AddRaftVoterResponse, RemoveRaftVoterRequest, RemoveRaftVoterResponse, Response, UpdateRaftVoterRequest,
    UpdateRaftVoterResponse, VoterChangeResponse,
};
use crate::time::Trail;

impl Member {
    /// Errors: NOT_LEADER_OR_FOLLOWER, DUPLICATE_VOTER, REQUEST_TIMED_OUT while another change is under way, or when the new
    /// one does not catch up.
    pub(super) fn handle_add_voter(
        &mut self,
        reply_to: ReplyTo,
        request: AddRaftVoterRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let is_duplicate = self.log.voters().voters.get(request.voter.voter).is_some();
        let refusal = self.refuse_unless_leading(None).or_else(|| self.refuse_change());
        let error = refusal.or(is_duplicate.then_some(ErrorCode::DuplicateVoter));
        if error.is_some() {
            cx.reply(reply_to, answer(ChangeKind::Add, error));
            return Ok(());
        }
        let by_directory = self.setup.variants.voter_uuid.is_on();
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        let wanted = VoterKey { directory: request.voter.directory.filter(|_| by_directory), ..request.voter };
        let fits = |key: &VoterKey| key.voter == wanted.voter && (wanted.directory.is_none() || key.directory == wanted.directory);
        let ready = leader.replicas.iter().find(|(key, progress)| fits(key) && progress.is_caught_up).map(|(key, _)| *key);
        if let Some(old) = leader.joining.replace(Joining { voter: wanted, reply_to, trail: cx.trail() }) {
            cx.reply(old.reply_to, answer(ChangeKind::Add, Some(ErrorCode::RequestTimedOut)));
        }
        self.timers.set(RaftTimer::VoterChange, cx.mono().plus(self.setup.config.quorum_request_timeout), cx.trail());
        match ready {
            Some(key) => self.admit(key, cx),
            None => Ok(()),
        }
    }

    /// A replica has caught up: if somebody asked for it, it becomes a voter.
    pub(super) fn admit(&mut self, replica: VoterKey, cx: &mut Context<'_>) -> Result<(), Fault> {
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        let fits = |joining: &mut Joining| {
            let directory = joining.voter.directory;
            joining.voter.voter == replica.voter && (directory.is_none() || directory == replica.directory)
        };
        let Some(joining) = leader.joining.take_if(fits) else { return Ok(()) };
        let here = cx.trail();
        cx.resume(Trail { cause: here.cause, origin: joining.trail.origin });
        cx.emit(RaftFact::VoterCaughtUp { voter: replica });
        let voters = self.log.voters().voters.with(replica);
        self.change_voters(voters, ChangeKind::Add, joining.reply_to, cx)?;
        cx.resume(here);
        Ok(())
    }

    /// Errors: NOT_LEADER_OR_FOLLOWER, VOTER_NOT_FOUND (also for the last voter), REQUEST_TIMED_OUT while another change is
    /// under way.
    pub(super) fn handle_remove_voter(
        &mut self,
        reply_to: ReplyTo,
        request: RemoveRaftVoterRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let voters = &self.log.voters().voters;
        let known = voters.get(request.voter.voter);
        let is_known = known.is_some_and(|key| is_meant(request.voter, key));
        let refusal = self.refuse_unless_leading(None).or_else(|| self.refuse_change());
        let error = refusal.or((!is_known || voters.len() == 1).then_some(ErrorCode::VoterNotFound));
        if error.is_some() {
            cx.reply(reply_to, answer(ChangeKind::Remove, error));
            return Ok(());
        }
        let without = voters.without(request.voter.voter);
        self.change_voters(without, ChangeKind::Remove, reply_to, cx)
    }

    /// A voter whose directory was not known names it. Errors: FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
    /// NOT_LEADER_OR_FOLLOWER, VOTER_NOT_FOUND, REQUEST_TIMED_OUT while a change is under way.
    pub(super) fn handle_update_voter(
        &mut self,
        reply_to: ReplyTo,
        request: UpdateRaftVoterRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let voters = &self.log.voters().voters;
        let known = voters.get(request.voter.voter).filter(|key| is_meant(request.voter, *key));
        let refusal = self.refuse_unless_leading(Some(request.current_leader_epoch)).or_else(|| self.refuse_change());
        let error = refusal.or(known.is_none().then_some(ErrorCode::VoterNotFound));
        let is_news = known.is_some_and(|key| key.directory.is_none() && request.voter.directory.is_some());
        if error.is_some() || !is_news {
            cx.reply(reply_to, answer(ChangeKind::Update, error));
            return Ok(());
        }
        let renewed = voters.with(request.voter);
        self.change_voters(renewed, ChangeKind::Update, reply_to, cx)
    }

    /// The guard: no change before a record of the own epoch is committed, and none while another is not.
    fn refuse_change(&self) -> Option<ErrorCode> {
        let Role::Leader(leader) = &self.role else { return Some(ErrorCode::NotLeaderOrFollower) };
        if !self.setup.variants.reconfig_guard.is_on() {
            return None;
        }
        let newest = self.log.voters().offset;
        let is_uncommitted = leader.high_watermark.is_none_or(|end| newest > Offset::ZERO && newest >= end);
        let is_under_way = leader.joining.is_some() || !leader.changes.is_empty();
        (is_uncommitted || is_under_way).then_some(ErrorCode::RequestTimedOut)
    }

    /// Appends the new voters behind what was gathered before; from here on they count.
    fn change_voters(&mut self, voters: VoterSet, kind: ChangeKind, reply_to: ReplyTo, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(!voters.is_empty(), "a quorum keeps its last voter");
        self.write_gathered(cx)?;
        self.log.append_voters(voters, self.state.epoch, cx)?;
        self.adopt_voters(cx);
        let others = self.other_voters();
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        match kind {
            ChangeKind::Add | ChangeKind::Remove => leader.changes.push(VoterChange { end: self.log.end(), kind, reply_to }),
            ChangeKind::Update => cx.reply(reply_to, answer(kind, None)),
        }
        leader.untold.retain(|voter| others.contains(voter));
        leader.fetchers.retain(|voter| others.contains(voter));
        if !leader.changes.is_empty() {
            self.timers.set(RaftTimer::VoterChange, cx.mono().plus(self.setup.config.quorum_request_timeout), cx.trail());
        }
        self.arm_check_quorum(cx);
        self.after_append(cx)
    }

    /// Answers the changes that are committed. A leader that is no voter any more has done its last duty.
    pub(super) fn end_voter_changes(&mut self, end: Offset, step: Step, cx: &mut Context<'_>) -> Result<(), Fault> {
        let is_voter = self.is_voter();
        let is_committed = self.log.voters().offset < end;
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        let (done, open): (Vec<VoterChange>, Vec<VoterChange>) =
            leader.changes.iter().copied().partition(|change| change.end <= end);
        leader.changes = open;
        for change in done {
            cx.reply_released(change.reply_to, answer(change.kind, None), step);
        }
        if leader.changes.is_empty() && leader.joining.is_none() {
            self.timers.cancel(RaftTimer::VoterChange);
        }
        if is_committed && !is_voter { self.become_resigned(ResignReason::Removed, cx) } else { Ok(()) }
    }

    /// Takes too long: who asked is told so. What is in the log stays there, and may be committed yet.
    pub(super) fn give_up_voter_change(&mut self, cx: &mut Context<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        let error = Some(ErrorCode::RequestTimedOut);
        if let Some(joining) = leader.joining.take() {
            cx.reply(joining.reply_to, answer(ChangeKind::Add, error));
        }
        for change in leader.changes.drain(..) {
            cx.reply(change.reply_to, answer(change.kind, error));
        }
    }

    /// It leads no more: whether a change will count is another's to say.
    pub(super) fn refuse_voter_changes(joining: Option<Joining>, changes: Vec<VoterChange>, cx: &mut Context<'_>) {
        let error = Some(ErrorCode::NotLeaderOrFollower);
        if let Some(joining) = joining {
            cx.reply_released(joining.reply_to, answer(ChangeKind::Add, error), cx.latest());
        }
        for change in changes {
            cx.reply_released(change.reply_to, answer(change.kind, error), cx.latest());
        }
    }
}

/// Whether a request that names a voter, perhaps without its directory, means this one.
fn is_meant(named: VoterKey, key: VoterKey) -> bool {
    let is_other_disk = named.directory.zip(key.directory).is_some_and(|(named, known)| named != known);
    named.voter == key.voter && !is_other_disk
}

fn answer(kind: ChangeKind, error: Option<ErrorCode>) -> Response {
    let told = VoterChangeResponse { error };
    match kind {
        ChangeKind::Add => AddRaftVoterResponse(told).into(),
        ChangeKind::Remove => RemoveRaftVoterResponse(told).into(),
        ChangeKind::Update => UpdateRaftVoterResponse(told).into(),
    }
}
