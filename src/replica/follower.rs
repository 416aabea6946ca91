//! A follower: appends what it fetched, learns the high watermark one fetch later, and cuts what the leader does not have.
//!
//! Invariant: its high watermark is never beyond its own log end; it changes its log only in the epoch it was asked to
//! follow in.
//!
//! Source: KIP-101, KIP-279, KIP-595 (truncation by the Fetch response); Kafka's `ReplicaFetcherThread` and
//! `AbstractFetcherThread.getOffsetTruncationState`. Called by: `broker/replicator`.

use bytes::Bytes;

use super::Alignment;
use super::partition::{Partition, Role};
use crate::config::{EpochFencing, Truncation};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{ReplicaFact, TruncationReason};
use crate::ids::{BrokerId, LeaderEpoch, Offset, Step};
use crate::protocol::DivergingEpoch;
use crate::record::BatchHeader;

/// Whom a follower follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    /// The leader; `None` while there is none.
    pub leader: Option<BrokerId>,
    /// The last leader it followed, which is still the same while there is none.
    pub(super) followed: Option<BrokerId>,
}

/// What a leader tells of its own log with every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderOffsets {
    /// Its high watermark.
    pub high_watermark: Offset,
    /// Where its log begins.
    pub log_start: Offset,
}

impl Partition {
    /// Appends what the leader sent and learns the leader's high watermark and log start. Returns the event that told of a
    /// high watermark that moved.
    ///
    /// Errors: NOT_LEADER_OR_FOLLOWER when it follows nobody; CORRUPT_MESSAGE for a batch of a later epoch than the leader's
    /// (its epoch lies outside its CRC, KAFKA-18723); what the log refuses.
    pub fn append_fetched(
        &mut self,
        batches: &[Bytes],
        leader: LeaderOffsets,
        cx: &mut Context<'_>,
    ) -> Result<Option<Step>, ErrorCode> {
        let from = self.followed_leader().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if batches.iter().any(|batch| self.is_of_a_later_epoch(batch)) {
            return Err(ErrorCode::CorruptMessage);
        }
        if !batches.is_empty() {
            self.log.append_as_follower(batches, from, cx).map_err(|code| self.refuse(code, cx))?;
        }
        let moved = self.learn_high_watermark(leader.high_watermark, cx);
        self.advance_log_start(leader.log_start.min(self.high_watermark), cx)?;
        Ok(moved)
    }

    /// Whether a batch says that it was written in an epoch that has not begun, as far as this replica knows. A replica that
    /// compares no epochs (`epoch-fencing = off`) may follow a leader of a later one.
    fn is_of_a_later_epoch(&self, batch: &Bytes) -> bool {
        let epoch = BatchHeader::parse(batch).ok().and_then(|header| header.leader_epoch);
        self.setup.variants.epoch_fencing == EpochFencing::Kip320 && epoch > self.epoch
    }

    /// Takes the leader's high watermark for its own, as far as its own log reaches. It may fall: a young leader's lags.
    fn learn_high_watermark(&mut self, leaders: Offset, cx: &mut Context<'_>) -> Option<Step> {
        assert!(!self.is_leader(), "a leader learns from nobody");
        self.set_learned(leaders.min(self.log.end_offset()).max(self.log.start_offset()), cx)
    }

    // ANCHOR: truncate-to-divergence
    /// Cuts the log where it leaves the leader's.
    ///
    /// The leader said: "the largest epoch I share with what you asked ends here in my log". If this replica knows that
    /// epoch, the logs agree up to the lower of both ends. If not, it cuts back to the end of its own largest epoch below,
    /// and the next fetch asks again (KIP-279).
    ///
    /// Returns whether it knows that epoch, and so has nothing left to ask.
    pub fn truncate_to_divergence(&mut self, leaders: DivergingEpoch, cx: &mut Context<'_>) -> bool {
        assert!(matches!(self.role, Role::Follower(_)), "only a follower gives way to a leader's log");
        let end = self.log.end_offset();
        let (to, is_shared) = match self.log.end_offset_for_epoch(leaders.epoch) {
            Some((epoch, own_end)) if epoch == leaders.epoch => (own_end.min(leaders.end_offset), true),
            Some((_, own_end)) => (own_end, false),
            None => (leaders.end_offset, true),
        };
        self.truncate(to.min(end), TruncationReason::DivergingEpoch, cx);
        is_shared
    }
    // ANCHOR_END: truncate-to-divergence

    /// Cuts the log to the leader's end, which it has outgrown without the leader being able to say where they diverged.
    pub fn truncate_to_leader_end(&mut self, leader_end: Offset, cx: &mut Context<'_>) {
        assert!(matches!(self.role, Role::Follower(_)), "only a follower gives way to a leader's log");
        self.truncate(leader_end, TruncationReason::DivergingEpoch, cx);
    }

    /// Drops the whole log and begins anew where the leader's begins.
    pub fn restart_at(&mut self, leader_start: Offset, cx: &mut Context<'_>) {
        assert!(matches!(self.role, Role::Follower(_)), "only a follower gives way to a leader's log");
        assert!(leader_start > self.log.end_offset(), "a log that reaches the leader's start is kept");
        if let Err(fault) = self.log.restart_at(leader_start, cx) {
            self.become_offline(&fault, cx);
            return;
        }
        self.set_learned(leader_start, cx);
    }

    // ANCHOR: fetch-position
    /// Where it wants to read on, and the epoch of its last record, by which the leader tells whether the logs agree.
    /// The old rule (`truncation = high-watermark`) does not ask.
    ///
    /// Kafka differs: it names the newest epoch of its cache, which may be one that it led without a record, and has to
    /// forget that entry when it truncates nothing.
    #[must_use]
    pub fn fetch_position(&self) -> (Offset, Option<LeaderEpoch>) {
        let end = self.log.end_offset();
        match self.setup.alignment() {
            Alignment::OwnHighWatermark | Alignment::EndOfLastEpoch => (end, None),
            Alignment::FetchResponse => (end, self.epoch_of_last_record()),
        }
    }
    // ANCHOR_END: fetch-position

    /// The epoch whose end it must learn from its leader before it may fetch; `None` when there is nothing to ask.
    #[must_use]
    pub fn epoch_to_ask_about(&self) -> Option<LeaderEpoch> {
        match self.setup.alignment() {
            Alignment::OwnHighWatermark | Alignment::FetchResponse => None,
            Alignment::EndOfLastEpoch => self.epoch_of_last_record(),
        }
    }

    fn epoch_of_last_record(&self) -> Option<LeaderEpoch> {
        self.log.end_offset().previous().and_then(|last| self.log.epochs().epoch_at(last))
    }

    // ANCHOR: truncate-to-end-of-epoch
    /// Cuts the log by the leader's answer about the epoch of its last record. Returns whether it may fetch now; if not, it
    /// asks about the epoch that is its last one then.
    ///
    /// Under KIP-101 the answer is where the leader's first larger epoch begins, and the log is cut there, whatever epoch
    /// its records before that are of: so logs fork when the leader never saw the epoch asked about. A leader that knows
    /// nothing of it leaves the follower to its own high watermark.
    pub fn truncate_to_end_of_epoch(&mut self, answer: Option<DivergingEpoch>, cx: &mut Context<'_>) -> bool {
        let Some(leaders) = answer else {
            self.truncate(self.high_watermark, TruncationReason::HighWatermark, cx);
            return true;
        };
        let end = self.log.end_offset();
        match self.setup.variants.truncation {
            Truncation::HighWatermark | Truncation::Kip101 => {
                self.truncate(leaders.end_offset.min(end), TruncationReason::DivergingEpoch, cx);
                true
            }
            Truncation::Kip279 => self.truncate_to_divergence(leaders, cx),
        }
    }
    // ANCHOR_END: truncate-to-end-of-epoch

    pub(super) fn set_learned(&mut self, new: Offset, cx: &mut Context<'_>) -> Option<Step> {
        let old = self.high_watermark;
        if new == old {
            return None;
        }
        self.high_watermark = new;
        Some(cx.emit(ReplicaFact::HighWatermarkLearned { partition: self.partition(), old, new }))
    }
}
