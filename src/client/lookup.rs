//! What a consumer asks leaders besides records: where to begin (ListOffsets) and whether what it read is still there
//! (OffsetForLeaderEpoch). One request of each kind per leader, naming all partitions that are due.
//!
//! Source: Kafka's `OffsetFetcher`; KIP-79, KIP-207, KIP-320. Called by: consumer.

use super::position::{Assigned, Position, Stance};
use crate::context::Context;
use crate::event::PositionReason;
use crate::ids::TopicPartition;
use crate::protocol::{
    LeaderIdAndEpoch, ListOffsetsPartition, ListOffsetsRequest, ListedOffset, OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition, OffsetSpec, Request,
};

/// A partition looked up: its number among the consumer's, and where it stood when it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LookedUp {
    /// Its number.
    pub(super) number: u32,
    /// Which it is.
    pub(super) partition: TopicPartition,
    /// What was asked.
    pub(super) question: Question,
}

/// What is asked about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Where to begin.
    Begin(OffsetSpec, PositionReason),
    /// Where the epoch of the last record read ends.
    EndOf(Position),
}

impl Question {
    /// What a partition wants to know now.
    pub(super) fn of(assigned: &Assigned) -> Option<Self> {
        match assigned.stance {
            Stance::Resetting { spec, why } => Some(Self::Begin(spec, why)),
            Stance::Validating(position) => Some(Self::EndOf(position)),
            Stance::Unassigned | Stance::Committed | Stance::Fetching(_) | Stance::Stopped => None,
        }
    }

    /// Whether both go into one request.
    pub(super) fn is_like(self, other: Self) -> bool {
        matches!((self, other), (Self::Begin(..), Self::Begin(..)) | (Self::EndOf(_), Self::EndOf(_)))
    }
}

/// The request for partitions that ask alike, each with its leader as known.
///
/// # Panics
/// When a question about an end has no epoch: such a position is never validated.
pub(super) fn request(items: &[(LookedUp, LeaderIdAndEpoch)]) -> Request {
    let mut begins = Vec::new();
    let mut ends = Vec::new();
    for (item, known) in items {
        let (partition, current_leader_epoch) = (item.partition, Some(known.epoch));
        match item.question {
            Question::Begin(spec, _) => begins.push(ListOffsetsPartition { partition, current_leader_epoch, spec }),
            Question::EndOf(position) => {
                let leader_epoch = position.offset_epoch.expect("only positions with an epoch are validated");
                ends.push(OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch });
            }
        }
    }
    if ends.is_empty() {
        ListOffsetsRequest { partitions: begins }.into()
    } else {
        assert!(begins.is_empty(), "one request asks one kind of question");
        OffsetForLeaderEpochRequest { partitions: ends }.into()
    }
}

/// Takes in where to begin. Returns whether the answer said anything.
///
/// Kafka: the position starts without an epoch, so that it is not validated before something was read.
pub(super) fn apply_listed(
    assigned: &mut Assigned,
    asked: (OffsetSpec, PositionReason),
    listed: &ListedOffset,
    leader: Option<LeaderIdAndEpoch>,
    cx: &mut Context<'_>,
) -> bool {
    let (spec, why) = asked;
    if assigned.stance != (Stance::Resetting { spec, why }) {
        return true;
    }
    match (listed.offset, spec) {
        (Some(offset), _) => assigned.seek(Position { offset, offset_epoch: None, leader }, why, cx),
        // No record is that young: the next one to be written is the first that may be.
        (None, OffsetSpec::Timestamp(_)) => assigned.stance = Stance::Resetting { spec: OffsetSpec::Latest, why },
        (None, OffsetSpec::Earliest | OffsetSpec::Latest | OffsetSpec::LogEnd) => return false,
    }
    true
}
