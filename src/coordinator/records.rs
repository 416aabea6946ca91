//! What a group coordinator writes to `__consumer_offsets`: the same kinds of records as Kafka, each with a key that says whose
//! it is and a value, or a tombstone. The topic is compacted, so the newest record of a key is what holds.
//!
//! Invariant: [`GroupRecord::decode`] gives back what [`GroupRecord::encode`] was given, refuses everything else with a
//! [`Fault`], and never panics.
//!
//! Kafka differs: the bytes are our own small form, with Kafka's number of each kind of key in front, instead of its generated
//! messages; what members say of themselves are structs here (see `protocol/group`).
//!
//! Called by: `runtime` (both ways). Source: Kafka's `GroupCoordinatorRecordHelpers`, KIP-848.

use std::sync::Arc;

use bytes::Bytes;

use super::group::classic::WrittenGroup;
use super::group::consumer::{ClassicWishes, ConsumerRecord, CurrentAssignment, GroupEpoch, MemberState, MemberWishes};
use super::offsets::StoredOffset;
use crate::error::Fault;
use crate::event::GroupId;
use crate::event::canonical::{Field, record_fields, tagged_words, unknown};
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

/// Kafka's numbers for the kinds of keys.
const OFFSET: u16 = 1;
const CLASSIC: u16 = 2;
const CONSUMER_GROUP: u16 = 3;
const CONSUMER_MEMBER: u16 = 5;
const CONSUMER_TARGET_EPOCH: u16 = 6;
const CONSUMER_TARGET: u16 = 7;
const CONSUMER_CURRENT: u16 = 8;

impl GroupRecord {
    /// Whose it is.
    #[must_use]
    pub fn group(&self) -> &GroupId {
        match self {
            Self::Offset(group, ..) | Self::Classic(group, _) | Self::Consumer(group, _) => group,
        }
    }

    /// Its key and its value.
    #[must_use]
    pub fn encode(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut key = Vec::new();
        let kind = match self {
            Self::Offset(..) => OFFSET,
            Self::Classic(..) => CLASSIC,
            Self::Consumer(_, ConsumerRecord::Group(_)) => CONSUMER_GROUP,
            Self::Consumer(_, ConsumerRecord::Member(..)) => CONSUMER_MEMBER,
            Self::Consumer(_, ConsumerRecord::TargetEpoch(_)) => CONSUMER_TARGET_EPOCH,
            Self::Consumer(_, ConsumerRecord::Target(..)) => CONSUMER_TARGET,
            Self::Consumer(_, ConsumerRecord::Current(..)) => CONSUMER_CURRENT,
        };
        kind.put(&mut key);
        self.group().put(&mut key);
        let value = match self {
            Self::Offset(_, partition, value) => {
                partition.put(&mut key);
                written(value.as_ref())
            }
            Self::Classic(_, value) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::Group(value)) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::TargetEpoch(value)) => written(value.as_ref()),
            Self::Consumer(_, ConsumerRecord::Member(member, value)) => {
                member.put(&mut key);
                written(value.as_ref())
            }
            Self::Consumer(_, ConsumerRecord::Target(member, value)) => {
                member.put(&mut key);
                written(value.as_ref())
            }
            Self::Consumer(_, ConsumerRecord::Current(member, value)) => {
                member.put(&mut key);
                written(value.as_ref())
            }
        };
        (key, value)
    }

    /// Reads one back. Errors: [`Fault::Truncated`], [`Fault::Corrupt`].
    pub fn decode(mut key: &[u8], value: Option<&Bytes>) -> Result<Self, Fault> {
        let kind = u16::take(&mut key)?;
        let group = GroupId::take(&mut key)?;
        let record = match kind {
            OFFSET => Self::Offset(group, NamedPartition::take(&mut key)?, read(value)?),
            CLASSIC => Self::Classic(group, read(value)?),
            CONSUMER_GROUP => Self::Consumer(group, ConsumerRecord::Group(read(value)?)),
            CONSUMER_MEMBER => Self::Consumer(group, ConsumerRecord::Member(Field::take(&mut key)?, read(value)?)),
            CONSUMER_TARGET_EPOCH => Self::Consumer(group, ConsumerRecord::TargetEpoch(read(value)?)),
            CONSUMER_TARGET => Self::Consumer(group, ConsumerRecord::Target(Field::take(&mut key)?, read(value)?)),
            CONSUMER_CURRENT => Self::Consumer(group, ConsumerRecord::Current(Field::take(&mut key)?, read(value)?)),
            kind => return Err(unknown("group record", kind)),
        };
        if key.is_empty() { Ok(record) } else { Err(trailing()) }
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
    if bytes.is_empty() { Ok(Some(read)) } else { Err(trailing()) }
}

fn trailing() -> Fault {
    Fault::Corrupt { what: "group record", why: "it is longer than it should be".to_owned() }
}

record_fields!(NamedPartition { topic, partition });
record_fields!(Subscription { topics, owned, generation, rack });
record_fields!(StoredOffset { offset, leader_epoch, metadata, committed_at });
record_fields!(GroupEpoch { epoch, metadata_hash });
record_fields!(MemberWishes { instance, rack, client, rebalance_timeout, topics, pattern, assignor, classic });
record_fields!(ClassicWishes { session_timeout, protocols });
record_fields!(CurrentAssignment { epoch, previous_epoch, state, assigned, revoking });
tagged_words!(MemberState { 0 Stable, 1 Unrevoked, 2 Unreleased });
