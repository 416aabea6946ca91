//! Whose commits a group of the consumer protocol takes (KIP-848), and who may read them.
//!
//! Invariant: a commit counts only when it comes with the member's present epoch; so one that lost a partition, and knows it
//! not yet, cannot set the group back. Called by `coordinator/offsets`.
//! Not modelled: commits of older epochs that are safe because the partition was not given away since (KIP-1251).

use super::state::ConsumerGroup;
use crate::error::ErrorCode;
use crate::event::MemberId;

impl ConsumerGroup {
    /// Whether a commit is taken. A committer that is no member (epoch below 0) may commit while the group has none.
    /// Errors: UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH; ILLEGAL_GENERATION to a member of the classic protocol.
    pub fn check_commit(&self, member: &MemberId, epoch: i32) -> Result<(), ErrorCode> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        self.check_member_epoch(member, epoch)
    }

    /// Whether stored offsets are told to this asker; one that names no member is always told. Errors: as for a commit.
    pub fn check_fetch(&self, asker: Option<(&MemberId, i32)>) -> Result<(), ErrorCode> {
        match asker {
            None => Ok(()),
            Some((member, epoch)) if member.is_empty() && epoch < 0 => Ok(()),
            Some((member, epoch)) => self.check_member_epoch(member, epoch),
        }
    }

    fn check_member_epoch(&self, member: &MemberId, epoch: i32) -> Result<(), ErrorCode> {
        let member = self.members.get(member).ok_or(ErrorCode::UnknownMemberId)?;
        if member.current.epoch == epoch {
            Ok(())
        } else if member.is_classic() {
            Err(ErrorCode::IllegalGeneration)
        } else {
            Err(ErrorCode::StaleMemberEpoch)
        }
    }
}
