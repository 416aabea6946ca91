//! Where the log begins: the leader moves it, its followers learn it with their next fetch, and tell it with the one after.
//!
//! Invariant: a log never begins beyond its high watermark; the low watermark is the least of the beginnings of all replicas
//! that live.
//!
//! Source: KIP-107; Kafka's `Partition.deleteRecordsOnLeader`, `lowWatermarkIfLeader`. Called by: `broker/delete_records`,
//! [`super::follower`].

use super::Membership;
use super::partition::Partition;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::ids::Offset;

impl Partition {
    /// Deletes all records below `to` on the leader (`None`: below the high watermark). Returns the offset that every
    /// replica's log has to reach.
    ///
    /// Errors: POLICY_VIOLATION where the log is compacted and not deleted from; OFFSET_OUT_OF_RANGE beyond the high watermark; NOT_LEADER_OR_FOLLOWER; KAFKA_STORAGE_ERROR.
    pub fn delete_records(&mut self, to: Option<Offset>, cx: &mut Context<'_>) -> Result<Offset, ErrorCode> {
        self.leading(None)?;
        let policy = self.log.config().cleanup_policy;
        if policy.compact && !policy.delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let to = to.unwrap_or(self.high_watermark);
        if to > self.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        self.advance_log_start(to, cx)?;
        Ok(to)
    }

    /// Where the log begins on the replica that still has most. Followers that are fenced are not waited for.
    ///
    /// Errors: NOT_LEADER_OR_FOLLOWER; KAFKA_STORAGE_ERROR.
    pub fn low_watermark(&self, members: &Membership) -> Result<Offset, ErrorCode> {
        let leader = self.leading(None)?;
        let alive = leader.followers.iter().filter(|follower| members.is_alive(follower.broker));
        Ok(alive.fold(self.log.start_offset(), |lowest, follower| lowest.min(follower.log_start)))
    }

    /// The one place where the log start moves forward other than by starting anew. A failed disk takes the replica offline.
    pub(super) fn advance_log_start(&mut self, to: Offset, cx: &mut Context<'_>) -> Result<(), ErrorCode> {
        assert!(to <= self.high_watermark, "what is not committed is not deleted");
        match self.log.advance_start(to, cx) {
            Ok(_) => Ok(()),
            Err(fault) => {
                self.become_offline(&fault, cx);
                Err(ErrorCode::KafkaStorageError)
            }
        }
    }
}
