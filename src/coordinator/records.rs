//! What a group coordinator writes to `__consumer_offsets`: the same kinds of records as Kafka, each with a key that says whose
//! it is and a value, or a tombstone. The topic is compacted, so the newest record of a key is what holds.
//!
//! Invariant: [`GroupRecord::decode`] gives back what [`GroupRecord::encode`] was given, refuses everything else with a
//! [`Fault`], and never panics.
//!
//! Kafka differs: the bytes are our own small form instead of its generated messages (of keys see [`GroupKey`]); what members say
//! of themselves are structs here (see `protocol/group`).
//!
//! Called by: `runtime` (both ways), the command `dump`. Source: Kafka's `GroupCoordinatorRecordHelpers`, KIP-848.

use std::sync::Arc;

use bytes::Bytes;

use super::group::classic::WrittenGroup;
use super::group::consumer::{ClassicWishes, ConsumerRecord, CurrentAssignment, GroupEpoch, MemberState, MemberWishes};
use super::offsets::StoredOffset;
use crate::error::Fault;
use crate::event::canonical::{Field, record_fields, tagged_words};
use crate::event::{GroupId, GroupKey};
use crate::protocol::{NamedPartition, Subscription};

/// One record; `None` where a value would be is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRecord {
    /// A group's next offset to read of a partition (`OffsetCommit`).
    Offset(GroupId, NamedPartition, Option<StoredOffset>),
    /// A classic group as it stands (`GroupMetadata`).
    Classic(GroupId, Option<Arc<WrittenGroup>>),
    /// Something of a group of the consumer protocol.
    Consumer(GroupId, ConsumerRecord),
}

impl GroupRecord {
    /// Whose it is.
    #[must_use]
    pub fn group(&self) -> &GroupId {
        match self {
            Self::Offset(group, ..) | Self::Classic(group, _) | Self::Consumer(group, _) => group,
        }
    }

    /// Its key, which says whose it is and what of it.
    #[must_use]
    pub fn key(&self) -> GroupKey {
        match self {
            Self::Offset(group, partition, _) => GroupKey::Offset(group.clone(), partition.clone()),
            Self::Classic(group, _) => GroupKey::Classic(group.clone()),
            Self::Consumer(group, record) => {
                let group = group.clone();
                match record {
                    ConsumerRecord::Group(_) => GroupKey::Group(group),
                    ConsumerRecord::Member(member, _) => GroupKey::Member(group, member.clone()),
                    ConsumerRecord::TargetEpoch(_) => GroupKey::TargetEpoch(group),
                    ConsumerRecord::Target(member, _) => GroupKey::Target(group, member.clone()),
                    ConsumerRecord::Current(member, _) => GroupKey::Current(group, member.clone()),
                }
            }
        }
    }

    /// The bytes of its key and of its value.
    #[must_use]
    pub fn encode(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let value = match self {
            Self::Offset(_, _, value) => written(value.as_ref()),
            Self::Classic(_, value) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::Group(value)) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::TargetEpoch(value)) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::Member(_, value)) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::Target(_, value)) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::Current(_, value)) => written(value.as_ref()),
        };
        (self.key().encode(), value)
    }

    /// Reads one back. Errors: [`Fault::Truncated`], [`Fault::Corrupt`].
    pub fn decode(key: &[u8], value: Option<&Bytes>) -> Result<Self, Fault> {
        Ok(match GroupKey::decode(key)? {
            GroupKey::Offset(group, partition) => Self::Offset(group, partition, read(value)?),
            GroupKey::Classic(group) => Self::Classic(group, read(value)?),
            GroupKey::Group(group) => Self::Consumer(group, ConsumerRecord::Group(read(value)?)),
            GroupKey::Member(group, member) => Self::Consumer(group, ConsumerRecord::Member(member, read(value)?)),
            GroupKey::TargetEpoch(group) => Self::Consumer(group, ConsumerRecord::TargetEpoch(read(value)?)),
            GroupKey::Target(group, member) => Self::Consumer(group, ConsumerRecord::Target(member, read(value)?)),
            GroupKey::Current(group, member) => Self::Consumer(group, ConsumerRecord::Current(member, read(value)?)),
        })
    }

    /// What its value says, by the names of its fields; `None` of a tombstone.
    #[must_use]
    pub fn value_words(&self) -> Option<String> {
        match self {
            Self::Offset(_, _, value) => value.as_ref().map(|value| format!("{value:?}")),
            Self::Classic(_, value) => value.as_ref().map(|value| format!("{value:?}")),
            Self::Consumer(_, ConsumerRecord::Group(value)) => value.as_ref().map(|value| format!("{value:?}")),
            Self::Consumer(_, ConsumerRecord::TargetEpoch(value)) => value.map(|epoch| format!("epoch: {epoch}")),
            Self::Consumer(_, ConsumerRecord::Member(_, value)) => value.as_ref().map(|value| format!("{value:?}")),
            Self::Consumer(_, ConsumerRecord::Target(_, value)) => value.as_ref().map(|value| format!("{value:?}")),
            Self::Consumer(_, ConsumerRecord::Current(_, value)) => value.as_ref().map(|value| format!("{value:?}")),
        }
    }
}

fn written<T: Field>(value: Option<&T>) -> Option<Vec<u8>> {
    value.map(|value| {
        let mut out = Vec::new();
        value.put(&mut out);
        out
    })
}

fn read<T: Field>(value: Option<&Bytes>) -> Result<Option<T>, Fault> {
    let Some(mut bytes) = value.map(|value| &**value) else { return Ok(None) };
    let read = T::take(&mut bytes)?;
    if bytes.is_empty() {
        Ok(Some(read))
    } else {
        Err(Fault::Corrupt { what: "group record", why: "it is longer than it should be".to_owned() })
    }
}

record_fields!(Subscription { topics, owned, generation, rack });
record_fields!(StoredOffset { offset, leader_epoch, metadata, committed_at });
record_fields!(GroupEpoch { epoch, metadata_hash });
record_fields!(MemberWishes { instance, rack, client, rebalance_timeout, topics, pattern, assignor, classic });
record_fields!(ClassicWishes { session_timeout, protocols });
record_fields!(CurrentAssignment { epoch, previous_epoch, state, assigned, revoking });
tagged_words!(MemberState { 0 Stable, 1 Unrevoked, 2 Unreleased });
