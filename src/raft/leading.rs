//! Leading the metadata quorum: gathering records, writing them in batches, syncing, advancing the committed end, and
//! serving the log and its snapshots to whoever fetches them.
//!
//! A fetch is an acknowledgement: its sender holds everything below its offset, and a voter has it synced.
//!
//! Invariant: see [`super::leader`]. The first record of an epoch is its LeaderChange.
//!
//! Source: KIP-595, KIP-630, KAFKA-15489 (check quorum). Called by: [`super::member`].

use std::collections::BTreeSet;

use bytes::Bytes;

use super::leader::{Asker, Commit, Leader, ParkedFetch};
use super::member::{Member, RaftTimer, Role};
use super::metadata_log::Verdict;
use super::outside::RaftNews;
use super::{quorum, snapshot, voter_number};
use crate::context::{Context, Disk, ReplyTo};
use crate::error::{ErrorCode, Fault};
use crate::event::{RaftFact, ResignReason};
use crate::ids::{LeaderEpoch, Offset, ProcessId, Step, TopicPartition, VoterKey};
use crate::protocol::{
    DescribeQuorumResponse, FetchPartition, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    FetchedPartition, LeaderIdAndEpoch, QuorumReplica,
};
use crate::record::BatchBuilder;
use crate::record::control::ControlRecord;
use crate::time::Duration;

/// An observer that did not fetch for so long is no longer described (Kafka's `OBSERVER_SESSION_TIMEOUT_MS`).
const OBSERVER_SESSION: Duration = Duration::from_secs(300);

impl Member {
    /// Begins the epoch in the log, with a LeaderChange as its first record.
    pub(super) fn begin_epoch(&mut self, granted: &BTreeSet<ProcessId>, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.log.start_epoch(self.state.epoch, cx)?;
        let number = |voter: ProcessId| i32::from(voter_number(voter).0);
        let voters: Vec<i32> = self.log.voters().voters.iter().map(|key| number(key.voter)).collect();
        let granting_voters = granted.iter().copied().map(number).collect();
        let change = ControlRecord::LeaderChange { leader: number(self.me.voter), voters, granting_voters };
        self.log.append_as_leader(&change.batch(cx.wall()), self.state.epoch, cx)?;
        self.after_append(cx)
    }

    /// Gathers records; the first of them starts the wait for more.
    pub(super) fn gather(&mut self, records: Vec<Bytes>, cx: &mut Context<'_>) {
        let Role::Leader(leader) = &mut self.role else { panic!("only a leader appends") };
        leader.pending.extend(records);
        if !leader.pending.is_empty() && self.timers.due(&RaftTimer::Write).is_none() {
            self.timers.set(RaftTimer::Write, cx.mono().plus(self.setup.config.quorum_append_linger), cx.trail());
        }
    }

    /// Writes what was gathered, as one batch, and syncs it; only then does this voter hold it. If the disk refuses, it stays
    /// gathered, so that its offsets are given to nobody else before the process ends.
    pub(super) fn write_gathered(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.timers.cancel(RaftTimer::Write);
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        if leader.pending.is_empty() {
            return Ok(());
        }
        let now = cx.wall();
        let mut batch = BatchBuilder::new(now);
        for record in &leader.pending {
            batch.append(now, None, Some(record), &[]);
        }
        self.log.append_as_leader(&batch.build(), self.state.epoch, cx)?;
        leader.pending.clear();
        self.after_append(cx)
    }

    /// The others may have it now. If it is committed already, they wait until the owner has told what follows from that.
    pub(super) fn after_append(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        if self.advance_committed_end(cx)? { Ok(()) } else { self.release_fetches(cx.latest(), cx) }
    }

    /// The one writer of the metadata log's high watermark at its leader. Returns whether it moved.
    pub(super) fn advance_committed_end(&mut self, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let own = self.log.end();
        let Role::Leader(leader) = &mut self.role else { return Ok(false) };
        let Some(end) = leader.committed_end(&self.log.voters().voters, self.me, own) else { return Ok(false) };
        if end <= leader.high_watermark.unwrap_or(self.high_watermark) {
            return Ok(false);
        }
        assert!(end <= own, "nobody holds more than the leader wrote");
        leader.high_watermark = Some(end);
        self.high_watermark = end;
        let step = cx.emit(RaftFact::MetadataCommitted { end, epoch: self.state.epoch });
        self.news.push(RaftNews::Committed(Commit { end, step }));
        self.end_voter_changes(end, step, cx)?;
        Ok(true)
    }

    /// Gives up the lead in order.
    pub(super) fn resign(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.become_resigned(ResignReason::Shutdown, cx)
    }

    /// A majority that does not fetch may have another leader by now (KAFKA-15489).
    pub(super) fn arm_check_quorum(&mut self, cx: &mut Context<'_>) {
        let voters = &self.log.voters().voters;
        let is_needed = quorum::followers_needed(voters.len(), voters.contains(self.me)) > 0;
        if self.setup.variants.check_quorum.is_on() && is_needed {
            let fetch_timeout = self.setup.config.quorum_fetch_timeout.0;
            let span = Duration(fetch_timeout.saturating_add(fetch_timeout / 2));
            self.timers.set(RaftTimer::CheckQuorum, cx.mono().plus(span), cx.trail());
        } else {
            self.timers.cancel(RaftTimer::CheckQuorum);
        }
    }

    /// Too long without a majority.
    pub(super) fn check_quorum(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.become_resigned(ResignReason::CheckQuorum, cx)
    }

    /// It leads no more: whoever waits for an answer is told.
    pub(super) fn dismiss(&mut self, leader: Leader, cx: &mut Context<'_>) {
        let hint = self.leader_hint();
        for fetch in leader.parked.into_values() {
            let refusal = FetchedPartition::refused(TopicPartition::METADATA, ErrorCode::NotLeaderOrFollower, hint);
            cx.reply_released(fetch.reply_to, FetchResponse { error: None, partitions: vec![refusal] }.into(), cx.latest());
        }
        Self::refuse_voter_changes(leader.joining, leader.changes, cx);
    }

    /// Answers a fetch, or parks it until there is something to tell.
    pub(super) fn handle_fetch(
        &mut self,
        from: ProcessId,
        reply_to: ReplyTo,
        request: &FetchRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let [item] = request.partitions.as_slice() else {
            cx.reply(reply_to, FetchResponse { error: Some(ErrorCode::InvalidRequest), partitions: Vec::new() }.into());
            return Ok(());
        };
        if let Some(refusal) = self.refuse_fetch(item) {
            cx.reply(reply_to, FetchResponse { error: None, partitions: vec![refusal] }.into());
            return Ok(());
        }
        if let Some(replica) = request.replica {
            let key = VoterKey { voter: replica.broker.process(), directory: replica.directory };
            if self.note_fetch(key, item.fetch_offset, cx)? && !matches!(self.role, Role::Leader(_)) {
                return Ok(()); // with this fetch its own removal was committed
            }
        }
        let asker = (from, reply_to.connection);
        let fetch = ParkedFetch { reply_to, item: *item, max_bytes: request.max_bytes };
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        let is_owners_turn = self.news.iter().any(|news| matches!(news, RaftNews::Committed(_)));
        let has_news = has_news_for(leader, asker, item, self.log.end());
        if (has_news && !is_owners_turn) || request.max_wait.0 == 0 {
            let response = self.answer(asker, fetch, cx)?;
            cx.reply(reply_to, response.into());
            return Ok(());
        }
        self.timers.set(RaftTimer::Parked(asker), cx.mono().plus(request.max_wait), cx.trail());
        leader.parked.insert(asker, fetch);
        Ok(())
    }

    /// A fetch acknowledges what lies below it. Returns whether the committed end moved.
    fn note_fetch(&mut self, replica: VoterKey, offset: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let end = self.log.end();
        let Role::Leader(leader) = &mut self.role else { return Ok(false) };
        let has_caught_up = leader.note_fetch(replica, offset, end, cx.mono());
        self.note_follower(replica, cx);
        if has_caught_up {
            self.admit(replica, cx)?;
        }
        self.advance_committed_end(cx)
    }

    /// A voter shows that it follows.
    fn note_follower(&mut self, replica: VoterKey, cx: &mut Context<'_>) {
        let voters = &self.log.voters().voters;
        if !voters.contains(replica) {
            return;
        }
        let needed = quorum::followers_needed(voters.len(), voters.contains(self.me));
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.note_follower(replica.voter, needed) {
            self.arm_check_quorum(cx);
        }
    }

    /// Answers the parked fetches for which there is something now.
    pub(super) fn release_fetches(&mut self, because: Step, cx: &mut Context<'_>) -> Result<(), Fault> {
        let end = self.log.end();
        let Role::Leader(leader) = &self.role else { return Ok(()) };
        let news = |(asker, fetch): (&Asker, &ParkedFetch)| has_news_for(leader, *asker, &fetch.item, end).then_some(*asker);
        let askers: Vec<Asker> = leader.parked.iter().filter_map(news).collect();
        for asker in askers {
            self.timers.cancel(RaftTimer::Parked(asker));
            let Some(fetch) = self.unpark(asker) else { continue };
            let response = self.answer(asker, fetch, cx)?;
            cx.reply_released(fetch.reply_to, response.into(), because);
        }
        Ok(())
    }

    /// A parked fetch has waited for long enough.
    pub(super) fn answer_parked(&mut self, asker: Asker, cx: &mut Context<'_>) -> Result<(), Fault> {
        let Some(fetch) = self.unpark(asker) else { return Ok(()) };
        let response = self.answer(asker, fetch, cx)?;
        cx.reply(fetch.reply_to, response.into());
        Ok(())
    }

    fn unpark(&mut self, asker: Asker) -> Option<ParkedFetch> {
        match &mut self.role {
            Role::Leader(leader) => leader.parked.remove(&asker),
            Role::Unattached(_) | Role::Prospective(_) | Role::Candidate(_) | Role::Follower(_) | Role::Resigned(_) => None,
        }
    }

    /// Who is asked what only a leader of that epoch answers.
    pub(super) fn refuse_unless_leading(&self, epoch: Option<LeaderEpoch>) -> Option<ErrorCode> {
        match epoch {
            Some(epoch) if epoch < self.state.epoch => Some(ErrorCode::FencedLeaderEpoch),
            Some(epoch) if epoch > self.state.epoch => Some(ErrorCode::UnknownLeaderEpoch),
            Some(_) | None => (!matches!(self.role, Role::Leader(_))).then_some(ErrorCode::NotLeaderOrFollower),
        }
    }

    fn leader_hint(&self) -> Option<LeaderIdAndEpoch> {
        self.leader().map(|leader| LeaderIdAndEpoch { leader: voter_number(leader), epoch: self.state.epoch })
    }

    /// A fetch of something else, of another epoch, from somebody who does not lead, or from a log that is not a prefix of
    /// this one.
    fn refuse_fetch(&self, item: &FetchPartition) -> Option<FetchedPartition> {
        if item.partition != TopicPartition::METADATA {
            return Some(FetchedPartition::refused(item.partition, ErrorCode::UnknownTopicOrPartition, None));
        }
        if let Some(code) = self.refuse_unless_leading(item.current_leader_epoch) {
            return Some(FetchedPartition::refused(item.partition, code, self.leader_hint()));
        }
        match self.log.validate(item.fetch_offset, item.last_fetched_epoch) {
            Verdict::Valid => None,
            Verdict::Diverging(part) => Some(FetchedPartition { diverging_epoch: Some(part), ..self.empty_answer() }),
            Verdict::Snapshot(id) => Some(FetchedPartition { snapshot: Some(id), ..self.empty_answer() }),
        }
    }

    fn answer(&mut self, (who, connection): Asker, fetch: ParkedFetch, cx: &mut Context<'_>) -> Result<FetchResponse, Fault> {
        // What was true when it was parked may be in a snapshot only by now.
        if let Some(refusal) = self.refuse_fetch(&fetch.item) {
            return Ok(FetchResponse { error: None, partitions: vec![refusal] });
        }
        let batches = if fetch.item.fetch_offset < self.log.end() {
            self.log.read(fetch.item.fetch_offset, fetch.max_bytes.min(fetch.item.partition_max_bytes), cx)?
        } else {
            Vec::new()
        };
        if let Role::Leader(leader) = &mut self.role {
            leader.told.insert(who, (connection, leader.high_watermark));
        }
        Ok(FetchResponse { error: None, partitions: vec![FetchedPartition { batches, ..self.empty_answer() }] })
    }

    fn empty_answer(&self) -> FetchedPartition {
        let high_watermark = match &self.role {
            Role::Leader(leader) => leader.high_watermark.unwrap_or_default(),
            Role::Unattached(_) | Role::Prospective(_) | Role::Candidate(_) | Role::Follower(_) | Role::Resigned(_) => Offset::ZERO,
        };
        FetchedPartition {
            partition: TopicPartition::METADATA,
            error: None,
            high_watermark,
            log_start_offset: self.log.start(),
            diverging_epoch: None,
            current_leader: None,
            snapshot: None,
            preferred_read_replica: None,
            batches: Vec::new(),
        }
    }

    /// A piece of a snapshot. Who fetches one follows as well as who fetches records.
    pub(super) fn handle_fetch_snapshot(
        &mut self,
        from: ProcessId,
        reply_to: ReplyTo,
        request: FetchSnapshotRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let FetchSnapshotRequest { snapshot: id, position, max_bytes, current_leader_epoch } = request;
        let file = snapshot::file(id);
        let size = if self.log.has_snapshot(id) { cx.len(file).unwrap_or(0) } else { 0 };
        let error = self.refuse_unless_leading(Some(current_leader_epoch)).or(match size {
            0 => Some(ErrorCode::SnapshotNotFound),
            size if position >= size => Some(ErrorCode::PositionOutOfRange),
            _ => None,
        });
        let bytes = match error {
            Some(_) => Bytes::new(),
            None => cx.read(file, position, u64::from(max_bytes).min(size - position))?,
        };
        if error.is_none()
            && let Some(key) = self.log.voters().voters.get(from)
        {
            self.note_follower(key, cx);
        }
        let (epoch, leader) = (self.state.epoch, self.leader());
        cx.reply(reply_to, FetchSnapshotResponse { error, epoch, leader, snapshot: id, size, position, bytes }.into());
        Ok(())
    }

    /// Who leads, and how far everybody is.
    pub(super) fn handle_describe_quorum(&mut self, reply_to: ReplyTo, cx: &mut Context<'_>) {
        let (epoch, leader, error) = (self.state.epoch, self.leader(), self.refuse_unless_leading(None));
        let replicas = self.describe_replicas(cx);
        let high_watermark = self.high_watermark;
        cx.reply(reply_to, DescribeQuorumResponse { error, epoch, leader, high_watermark, replicas }.into());
    }

    fn describe_replicas(&mut self, cx: &mut Context<'_>) -> Vec<QuorumReplica> {
        let (own, me, voters) = (self.log.end(), self.me, &self.log.voters().voters);
        let Role::Leader(leader) = &mut self.role else { return Vec::new() };
        let now = cx.mono();
        leader.replicas.retain(|key, progress| voters.contains(*key) || now.since(progress.fetched_at) <= OBSERVER_SESSION);
        let end = |key: VoterKey| match leader.replicas.get(&key) {
            _ if key == me => own,
            Some(progress) => progress.end,
            None => Offset::ZERO,
        };
        let of = |replica: VoterKey, is_voter| QuorumReplica { replica, end: end(replica), is_voter };
        let observers = leader.replicas.keys().copied().filter(|key| !voters.contains(*key));
        voters.iter().map(|key| of(key, true)).chain(observers.map(|key| of(key, false))).collect()
    }
}

fn has_news_for(leader: &Leader, asker: Asker, item: &FetchPartition, end: Offset) -> bool {
    let (who, connection) = asker;
    let knows_high_watermark = leader.told.get(&who) == Some(&(connection, leader.high_watermark));
    !knows_high_watermark || item.fetch_offset < end
}
