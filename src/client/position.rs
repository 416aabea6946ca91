//! Where a consumer stands in one partition, and how it may come to stand elsewhere.
//!
//! ```text
//! Unassigned ──metadata──► Resetting ──ListOffsets──► Fetching ◄──────────────┐
//!   │   │                    ▲   ▲                      │ ▲ ▲                 │
//!   │   └─► Committed ───────┘   │                      │ │ │  new leader     │ history is the same, or
//!   │       (OffsetFetch) ───────┼──────────────────────┼─┘ └► Validating ────┘ set back to where it parts
//!   └──seek to an offset─────────┼──────────────────────┘
//!                                └── OFFSET_OUT_OF_RANGE, or no common history
//! Stopped: no valid position, and auto.offset.reset = none
//! ```
//!
//! Invariant: a position is read from only at the leader it was validated for, or at the follower that this leader named
//! (KIP-392), for as long as metadata may be old. An offset whose epoch is known is validated
//! again whenever the leader changes (KIP-320).
//!
//! What was fetched waits in a buffer until the application polls. It is dropped when the position is set anew or validated.
//!
//! Source: Kafka's `SubscriptionState`, `FetchPosition`, `FetchBuffer`. Called by: consumer and fetcher.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::config::AutoOffsetReset;
use crate::context::{Context, SeekTo};
use crate::error::ErrorCode;
use crate::event::{ClientFact, PositionReason, ReadRecord};
use crate::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use crate::protocol::{EndOffset, LeaderIdAndEpoch, OffsetSpec};
use crate::time::{Instant, Trail};

use super::setup::StartFrom;

/// The next offset to read, with the epochs that make it checkable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The next offset.
    pub(super) offset: Offset,
    /// The epoch of the record before it; unknown after a seek or a reset.
    pub(super) offset_epoch: Option<LeaderEpoch>,
    /// The leader for which it holds.
    pub(super) leader: Option<LeaderIdAndEpoch>,
}

/// What decides where a partition begins whose application did not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beginner {
    /// There is a group, whose committed offset comes first.
    pub(super) has_group: bool,
    /// `auto.offset.reset`.
    pub(super) policy: AutoOffsetReset,
}

/// What a consumer does about a partition now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// The topic is not known yet.
    Unassigned,
    /// Asks its group's coordinator what was committed.
    Committed,
    /// Asks where to begin.
    Resetting {
        /// What is looked for.
        spec: OffsetSpec,
        /// Why.
        why: PositionReason,
    },
    /// Asks whether what it has read is still there.
    Validating(Position),
    /// Reads.
    Fetching(Position),
    /// Has told its application that it cannot read on.
    Stopped,
}

/// What was fetched and not polled yet.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// The records, in order.
    pub(super) records: VecDeque<ReadRecord>,
    /// Their values in the same order, for an application that makes something of them; else none.
    pub(super) values: VecDeque<Option<Bytes>>,
    /// The position once all are polled, and the epoch of the record before it.
    pub(super) end: (Offset, LeaderEpoch),
    /// The high watermark that came with them.
    pub(super) high_watermark: Offset,
    /// What follows them cannot be read.
    pub(super) is_damaged: bool,
    /// The arrival of the answer that brought them: a poll, whenever it comes, finds them because of that.
    pub(super) arrived: Trail,
}

/// One partition of a consumer.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    /// The place of its topic in the consumer's metadata.
    pub(super) topic: usize,
    /// Which partition of it.
    pub(super) index: PartitionIndex,
    /// Both, once the topic is known.
    pub(super) partition: Option<TopicPartition>,
    /// What is being done about it.
    pub(super) stance: Stance,
    /// A look-up for it is unanswered.
    pub(super) is_asking: bool,
    /// It is left alone until then.
    pub(super) retry_at: Option<Instant>,
    /// Refusals in a row.
    pub(super) refusals: u32,
    /// The follower that the leader sent it to, and until when it stays there.
    pub(super) preferred: Option<(BrokerId, Instant)>,
    /// Where it begins.
    pub(super) from: StartFrom,
    /// The application wants nothing of it for a while.
    pub(super) is_paused: bool,
    /// It is to be given back, and waits for a commit: nothing of it is given to the application any more.
    pub(super) is_going: bool,
    /// What was fetched and not polled yet.
    pub(super) buffer: Option<Buffer>,
}

impl Assigned {
    /// A partition to be read once its topic is known.
    pub(super) fn new(topic: usize, index: PartitionIndex, from: StartFrom) -> Self {
        Self {
            topic,
            index,
            partition: None,
            stance: Stance::Unassigned,
            is_asking: false,
            retry_at: None,
            refusals: 0,
            preferred: None,
            from,
            is_paused: false,
            is_going: false,
            buffer: None,
        }
    }

    /// Whether more of it is to be fetched: it has a position, the application wants it, and nothing of it waits.
    pub(super) fn wants_records(&self) -> bool {
        matches!(self.stance, Stance::Fetching(_)) && !self.is_paused && !self.is_going && self.buffer.is_none()
    }

    /// Where it reads now: at the follower that its leader named, or at the leader.
    pub(super) fn source(&self, now: Instant) -> Option<LeaderIdAndEpoch> {
        let Stance::Fetching(Position { leader: Some(known), .. }) = self.stance else { return None };
        let preferred = self.preferred.filter(|(_, until)| now < *until);
        Some(LeaderIdAndEpoch { leader: preferred.map_or(known.leader, |(replica, _)| replica), ..known })
    }

    /// The topic is known: begins where the application wants. A later topic of the same name keeps the position.
    pub(super) fn become_known(&mut self, topic: TopicId, beginner: Beginner, cx: &mut Context<'_>) {
        let partition = TopicPartition::new(topic, self.index);
        if self.partition == Some(partition) {
            return;
        }
        self.partition = Some(partition);
        if self.stance != Stance::Unassigned {
            return;
        }
        let (spec, why) = match self.from {
            StartFrom::Configured if beginner.has_group => {
                self.stance = Stance::Committed;
                return;
            }
            StartFrom::Configured => {
                self.reset(Offset::ZERO, beginner.policy, PositionReason::NoCommit, cx);
                return;
            }
            StartFrom::Beginning => (OffsetSpec::Earliest, PositionReason::Beginning),
            StartFrom::End => (OffsetSpec::Latest, PositionReason::End),
            StartFrom::Timestamp(timestamp) => (OffsetSpec::Timestamp(timestamp), PositionReason::Timestamp),
            StartFrom::Offset(offset) => {
                self.seek(Position { offset, offset_epoch: None, leader: None }, PositionReason::Seek, cx);
                return;
            }
        };
        self.stance = Stance::Resetting { spec, why };
    }

    /// The one place where a position is set other than by reading on.
    pub(super) fn seek(&mut self, position: Position, why: PositionReason, cx: &mut Context<'_>) {
        let partition = self.partition.expect("a position is set once the topic is known");
        self.stance = Stance::Fetching(position);
        self.buffer = None;
        cx.emit(ClientFact::PositionSet { partition, offset: position.offset, epoch: position.offset_epoch, why });
    }

    /// The application wants to read on from elsewhere. Before the topic is known that is only noted.
    pub(super) fn follow_seek(&mut self, to: SeekTo, cx: &mut Context<'_>) {
        let (spec, why) = match to {
            SeekTo::Beginning => (OffsetSpec::Earliest, PositionReason::Beginning),
            SeekTo::End => (OffsetSpec::Latest, PositionReason::End),
            SeekTo::Timestamp(timestamp) => (OffsetSpec::Timestamp(timestamp), PositionReason::Timestamp),
            SeekTo::Offset(offset) if self.partition.is_some() => {
                self.seek(Position { offset, offset_epoch: None, leader: None }, PositionReason::Seek, cx);
                return;
            }
            SeekTo::Offset(offset) => {
                self.from = StartFrom::Offset(offset);
                return;
            }
        };
        self.buffer = None;
        if self.partition.is_some() {
            self.stance = Stance::Resetting { spec, why };
        } else {
            self.from = match to {
                SeekTo::Beginning => StartFrom::Beginning,
                SeekTo::End => StartFrom::End,
                SeekTo::Timestamp(timestamp) => StartFrom::Timestamp(timestamp),
                SeekTo::Offset(offset) => StartFrom::Offset(offset),
            };
        }
    }

    /// The one place where reading moves the position.
    pub(super) fn advance(&mut self, offset: Offset, epoch: LeaderEpoch) {
        let Stance::Fetching(position) = &mut self.stance else { unreachable!("only a partition being read moves on") };
        assert!(offset >= position.offset, "reading never moves a position back");
        position.offset = offset;
        position.offset_epoch = Some(epoch);
    }

    /// The leader known may have changed: a position with an epoch is then to be validated with it, if that is the rule
    /// (KIP-320).
    pub(super) fn follow_leader(&mut self, known: Option<LeaderIdAndEpoch>, validates: bool) {
        let Some(known) = known else { return };
        match self.stance {
            Stance::Fetching(position) | Stance::Validating(position) if position.leader != Some(known) => {
                let position = Position { leader: Some(known), ..position };
                self.stance = if position.offset_epoch.is_some() && validates {
                    self.buffer = None;
                    Stance::Validating(position)
                } else {
                    Stance::Fetching(position)
                };
                self.retry_at = None;
                self.preferred = None;
            }
            Stance::Fetching(_)
            | Stance::Validating(_)
            | Stance::Unassigned
            | Stance::Committed
            | Stance::Resetting { .. }
            | Stance::Stopped => {}
        }
    }

    /// The position is not in the leader's log.
    pub(super) fn become_out_of_range(&mut self, offset: Offset, policy: AutoOffsetReset, cx: &mut Context<'_>) {
        self.reset(offset, policy, PositionReason::Reset, cx);
    }

    /// There is no valid position: `auto.offset.reset` decides.
    pub(super) fn reset(&mut self, offset: Offset, policy: AutoOffsetReset, why: PositionReason, cx: &mut Context<'_>) {
        self.buffer = None;
        match policy {
            AutoOffsetReset::Earliest => self.stance = Stance::Resetting { spec: OffsetSpec::Earliest, why },
            AutoOffsetReset::ByDuration(age) => {
                let spec = OffsetSpec::Timestamp(cx.wall().minus(age));
                self.stance = Stance::Resetting { spec, why };
            }
            AutoOffsetReset::Latest => self.stance = Stance::Resetting { spec: OffsetSpec::Latest, why },
            AutoOffsetReset::None => self.become_stopped(offset, ErrorCode::OffsetOutOfRange, cx),
        }
    }

    /// The next offset to read; 0 before there is one.
    pub(super) fn offset(&self) -> Offset {
        match self.stance {
            Stance::Fetching(position) | Stance::Validating(position) => position.offset,
            Stance::Unassigned | Stance::Committed | Stance::Resetting { .. } | Stance::Stopped => Offset::ZERO,
        }
    }

    /// Tells the application that reading fails at the position.
    pub(super) fn report(&self, code: ErrorCode, cx: &mut Context<'_>) {
        let partition = self.partition.expect("a partition is asked about once its topic is known");
        cx.emit(ClientFact::ReadFailed { partition, offset: self.offset(), code });
    }

    /// Nothing but the application can help.
    pub(super) fn become_stopped(&mut self, offset: Offset, code: ErrorCode, cx: &mut Context<'_>) {
        let partition = self.partition.expect("a partition is asked about once its topic is known");
        self.stance = Stance::Stopped;
        cx.emit(ClientFact::ReadFailed { partition, offset, code });
    }

    /// The leader said where the epoch of the last record read ends: if that is below the position, what was read there is
    /// no longer in the log, and reading goes on where the histories part.
    pub(super) fn apply_end_offset(&mut self, asked: Position, end: &EndOffset, policy: AutoOffsetReset, cx: &mut Context<'_>) {
        if self.stance != Stance::Validating(asked) {
            // The leader or the position changed meanwhile: another question is due.
            return;
        }
        let partition = self.partition.expect("a partition is asked about once its topic is known");
        match (end.end_offset, end.leader_epoch) {
            (Some(end), Some(epoch)) if end < asked.offset => {
                cx.emit(ClientFact::TruncationDetected { partition, position: asked.offset, end });
                if policy == AutoOffsetReset::None {
                    self.become_stopped(asked.offset, ErrorCode::OffsetOutOfRange, cx);
                } else {
                    let position = Position { offset: end, offset_epoch: Some(epoch), leader: asked.leader };
                    self.seek(position, PositionReason::Truncation, cx);
                }
            }
            (Some(_), Some(_)) => self.stance = Stance::Fetching(asked),
            (None, _) | (_, None) => self.become_out_of_range(asked.offset, policy, cx),
        }
    }
}
