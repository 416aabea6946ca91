//! One record of a log, as far as checks compare logs.
//!
//! Invariant: two entries are equal if they are the same record after the same log.
//!
//! Called by: the logs of replicas, and the committed log.

use std::num::NonZeroU64;

use crate::event::{BatchFacts, RecordFacts};
use crate::ids::{Digest, LeaderEpoch, Offset};
use crate::record::digest;

/// One record of a log, as far as checks compare logs.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Entry {
    /// The epoch of the leader that wrote it.
    pub(in super::super) epoch: LeaderEpoch,
    /// Digest of its key and value.
    pub(in super::super) digest: Digest,
    /// Digest of the log up to it (included).
    pub(in super::super) chain: u64,
    /// Digest of its key; `None` if it has none.
    pub(in super::super) key: Option<NonZeroU64>,
    /// Whether it has no value.
    pub(in super::super) is_tombstone: bool,
    /// Whether a batch begins with it.
    pub(in super::super) begins_batch: bool,
}

/// The same record after the same log. (What else is known of it the digest covers, or says nothing of the record.)
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.epoch, self.digest, self.chain) == (other.epoch, other.digest, other.chain)
    }
}

impl Eq for Entry {}

/// What stands for a record's key where keys are compared.
pub(in super::super) fn key_of(record: &RecordFacts) -> Option<NonZeroU64> {
    record.key.as_deref().map(|key| NonZeroU64::new(digest(Some(key), None).0).unwrap_or(NonZeroU64::MIN))
}

impl Entry {
    /// The entry that follows a log whose last chain is `chain` (0: no log).
    pub(super) fn after(chain: u64, batch: &BatchFacts, record: &RecordFacts) -> Self {
        Self {
            key: key_of(record),
            is_tombstone: record.is_tombstone,
            begins_batch: record.offset == batch.base,
            ..Self::unknown(chain, batch.leader_epoch, record.digest)
        }
    }

    /// The same record after another log, the chain of whose last entry is `chain`.
    pub(super) fn following(self, chain: u64) -> Self {
        let after = Self::unknown(chain, self.epoch, self.digest);
        Self { chain: after.chain, ..self }
    }

    /// An entry of which nothing is known but its digest.
    pub(super) fn unknown(chain: u64, epoch: LeaderEpoch, digest: Digest) -> Self {
        let word = chain.rotate_left(23) ^ digest.0 ^ u64::from(epoch.0).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let word = (word ^ (word >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let chain = (word ^ (word >> 29)) | 1;
        Self { epoch, digest, chain, key: None, is_tombstone: false, begins_batch: false }
    }
}

/// The entry at `offset` of the committed log.
pub(in super::super) fn entry_at(trunk: &[Entry], offset: Offset) -> Option<Entry> {
    usize::try_from(offset.0).ok().and_then(|place| trunk.get(place)).copied()
}

/// Where the committed log ends.
pub(in super::super) fn end_of(trunk: &[Entry]) -> Offset {
    Offset(trunk.len() as u64)
}
