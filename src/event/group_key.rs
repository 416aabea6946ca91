//! What the key of a record in `__consumer_offsets` says: of which group it is, and what of it.
//!
//! Invariant: [`GroupKey::decode`] gives back what [`GroupKey::encode`] was given, refuses everything else with a [`Fault`], and
//! never panics.
//!
//! Kafka differs: the bytes are our own small form, with Kafka's number of each kind of key in front.
//!
//! Called by: the group coordinator's records, which add the values; whoever shows a key to a person.
//! Source: Kafka's `GroupCoordinatorRecordHelpers`, KIP-848.

use super::canonical::{Field, record_fields, unknown};
use super::{GroupId, MemberId};
use crate::error::Fault;
use crate::protocol::NamedPartition;

/// The topic that groups are kept in.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Whether a topic is Kafka's own: nobody deletes records of it, and no pattern finds it that a consumer looks up itself.
/// Source: Kafka's `Topic.isInternal`.
#[must_use]
pub fn is_internal(topic: &str) -> bool {
    topic == OFFSETS_TOPIC || topic == "__transaction_state" || topic == "__share_group_state"
}

/// Whose record it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKey {
    /// A group's next offset to read of a partition (`OffsetCommit`).
    Offset(GroupId, NamedPartition),
    /// A classic group (`GroupMetadata`).
    Classic(GroupId),
    /// A group of the consumer protocol (`ConsumerGroupMetadata`).
    Group(GroupId),
    /// What a member says of itself (`ConsumerGroupMemberMetadata`).
    Member(GroupId, MemberId),
    /// Of which epoch the target is (`ConsumerGroupTargetAssignmentMetadata`).
    TargetEpoch(GroupId),
    /// What a member is to have (`ConsumerGroupTargetAssignmentMember`).
    Target(GroupId, MemberId),
    /// What a member has been given (`ConsumerGroupCurrentMemberAssignment`).
    Current(GroupId, MemberId),
}

impl GroupKey {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut key = Vec::new();
        self.kind().put(&mut key);
        match self {
            Self::Classic(group) | Self::Group(group) | Self::TargetEpoch(group) => group.put(&mut key),
            Self::Offset(group, partition) => {
                group.put(&mut key);
                partition.put(&mut key);
            }
            Self::Member(group, member) | Self::Target(group, member) | Self::Current(group, member) => {
                group.put(&mut key);
                member.put(&mut key);
            }
        }
        key
    }

    /// Reads one back. Errors: [`Fault::Truncated`], [`Fault::Corrupt`].
    pub fn decode(mut key: &[u8]) -> Result<Self, Fault> {
        let kind = u16::take(&mut key)?;
        let group = GroupId::take(&mut key)?;
        let read = match kind {
            1 => Self::Offset(group, NamedPartition::take(&mut key)?),
            2 => Self::Classic(group),
            3 => Self::Group(group),
            5 => Self::Member(group, Field::take(&mut key)?),
            6 => Self::TargetEpoch(group),
            7 => Self::Target(group, Field::take(&mut key)?),
            8 => Self::Current(group, Field::take(&mut key)?),
            kind => return Err(unknown("group record", kind)),
        };
        if key.is_empty() {
            Ok(read)
        } else {
            Err(Fault::Corrupt { what: "group record", why: "it is longer than it should be".to_owned() })
        }
    }

    /// Kafka's number of the kind.
    fn kind(&self) -> u16 {
        match self {
            Self::Offset(..) => 1,
            Self::Classic(_) => 2,
            Self::Group(_) => 3,
            Self::Member(..) => 5,
            Self::TargetEpoch(_) => 6,
            Self::Target(..) => 7,
            Self::Current(..) => 8,
        }
    }

    /// Whose group it is.
    #[must_use]
    pub fn group(&self) -> &GroupId {
        match self {
            Self::Offset(group, _)
            | Self::Classic(group)
            | Self::Group(group)
            | Self::Member(group, _)
            | Self::TargetEpoch(group)
            | Self::Target(group, _)
            | Self::Current(group, _) => group,
        }
    }
}

record_fields!(NamedPartition { topic, partition });
