//! The groups in one partition of `__consumer_offsets`, as its coordinator keeps them.
//!
//! Invariant: replaying the partition's log gives the groups and offsets that were there when its last record was written, but
//! for what never survives a fail-over: who waits for an answer, and rebalances that were under way.
//!
//! Called by: `runtime`.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::group::classic::ClassicGroup;
use super::group::consumer::{ConsumerGroup, ConsumerRecord, CurrentAssignment};
use super::offsets::{Aging, GroupOffsets};
use super::records::GroupRecord;
use super::topics::TopicsView;
use crate::error::Fault;
use crate::event::{AssignmentFacts, GroupId, GroupKind, GroupState};
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::NamedPartition;
use crate::record::RecordBatch;

/// One partition's groups.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    /// The leader epoch in which it is coordinated here.
    pub epoch: LeaderEpoch,
    /// How far its log is read; `None` once all is.
    pub loading: Option<Loading>,
    /// The groups.
    pub groups: BTreeMap<GroupId, Group>,
    /// The offsets, of groups and of those who only commit. One of whom nothing but offsets is stored is a group too, and stays
    /// when the last is gone: until the next look at what is old, as in Kafka.
    pub offsets: BTreeMap<GroupId, GroupOffsets>,
}

/// A log being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loading {
    /// The next offset to read.
    pub next: Offset,
    /// All below it is read before anybody is served; and has to be committed.
    pub end: Offset,
}

/// A group, by its protocol.
#[derive(Clone, Debug)]
pub(super) enum Group {
    /// JoinGroup and SyncGroup.
    Classic(Box<ClassicGroup>),
    /// ConsumerGroupHeartbeat.
    Consumer(Box<ConsumerGroup>),
}

impl Group {
    /// Its protocol, its state and its epoch.
    pub(super) fn standing(&self) -> (GroupKind, GroupState, i32) {
        match self {
            Self::Classic(group) => (GroupKind::Classic, group.state(), group.generation()),
            Self::Consumer(group) => (GroupKind::Consumer, group.state(), group.epoch()),
        }
    }

    /// Who is in it, and what each may own: by the plan (classic), by how far it has come (KIP-848).
    pub(super) fn facts(&self, topics: &TopicsView) -> AssignmentFacts {
        match self {
            Self::Classic(group) => classic_facts(group, topics),
            Self::Consumer(group) => {
                let held = |current: &CurrentAssignment| {
                    let mut held: Vec<_> = current.held().collect();
                    held.sort_unstable();
                    held
                };
                let members = group.members().iter().map(|(id, member)| (id.clone(), held(&member.current)));
                AssignmentFacts { epoch: group.epoch(), assignor: String::new(), members: members.collect() }
            }
        }
    }

    /// Whether nobody is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.standing().1 == GroupState::Empty
    }

    /// Whether nobody is in it or about to join it.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Classic(group) => self.is_empty() && group.pending().is_empty(),
            Self::Consumer(_) => self.is_empty(),
        }
    }

    /// What is written when it ends; of a group of nothing but offsets, as of a classic one.
    pub(super) fn end(id: &GroupId, group: Option<&Self>) -> Vec<GroupRecord> {
        match group {
            Some(Self::Consumer(group)) => {
                group.tombstones().into_iter().map(|record| GroupRecord::Consumer(id.clone(), record)).collect()
            }
            Some(Self::Classic(_)) | None => vec![GroupRecord::Classic(id.clone(), None)],
        }
    }

    /// Whether a member wants this topic.
    pub(super) fn is_subscribed_to(&self, topic: &str) -> bool {
        match self {
            Self::Classic(group) => group.is_subscribed_to(topic),
            Self::Consumer(group) => group.is_subscribed_to(topic),
        }
    }

    /// From when on its offsets grow old.
    pub(super) fn aging(&self) -> Aging {
        match self {
            Self::Classic(group) => group.aging(),
            Self::Consumer(_) => Aging::SinceCommit,
        }
    }
}

impl Shard {
    pub(super) fn new(epoch: LeaderEpoch, loading: Loading) -> Self {
        Self { epoch, loading: Some(loading), groups: BTreeMap::new(), offsets: BTreeMap::new() }
    }

    /// Takes in batches that were read from the log. Returns the offset to read on from: the end when there was nothing, since all
    /// that lay there was compacted away.
    ///
    /// Errors: as [`RecordBatch::decode`], [`GroupRecord::decode`].
    pub(super) fn replay_batches(&mut self, batches: Vec<Bytes>, loading: Loading) -> Result<Offset, Fault> {
        let mut next = if batches.is_empty() { loading.end } else { loading.next };
        for bytes in batches {
            let batch = RecordBatch::decode(bytes)?;
            next = batch.header.last_offset().next();
            for record in batch.records.iter().filter(|_| !batch.header.attributes.is_control()) {
                let key = record.key.as_ref().ok_or(Fault::Truncated("group record"))?;
                self.replay(&GroupRecord::decode(key, record.value.as_ref())?);
            }
        }
        Ok(next)
    }

    /// Takes in a record that was read from the log.
    pub(super) fn replay(&mut self, record: &GroupRecord) {
        match record {
            GroupRecord::Offset(..) => self.apply_offset(record),
            GroupRecord::Classic(id, Some(written)) => {
                let group = ClassicGroup::from_written(id.clone(), written);
                self.groups.insert(id.clone(), Group::Classic(Box::new(group)));
            }
            GroupRecord::Classic(id, None) => {
                if matches!(self.groups.get(id), Some(Group::Classic(_))) {
                    self.groups.remove(id);
                }
                self.forget_without_offsets(record);
            }
            GroupRecord::Consumer(..) => self.apply_consumer(record),
        }
    }

    /// Its groups with their protocols and states; one of which nothing but offsets is stored is an empty classic one.
    pub(super) fn listed(&self) -> Vec<(GroupId, GroupKind, GroupState)> {
        let standing = |(id, group): (&GroupId, &Group)| {
            let (kind, state, _) = group.standing();
            (id.clone(), kind, state)
        };
        let simple = self.offsets.keys().filter(|id| !self.groups.contains_key(*id));
        let simple = simple.map(|id| (id.clone(), GroupKind::Classic, GroupState::Empty));
        self.groups.iter().map(standing).chain(simple).collect()
    }

    /// Takes in what is written of a group of the consumer protocol. One of which nothing is left is gone.
    pub(super) fn apply_consumer(&mut self, written: &GroupRecord) {
        let GroupRecord::Consumer(id, record) = written else { return };
        let is_end = matches!(record, ConsumerRecord::Group(None));
        let group = self.groups.entry(id.clone());
        let group = group.or_insert_with(|| Group::Consumer(Box::new(ConsumerGroup::new(id.clone()))));
        if let Group::Classic(_) = group {
            if is_end {
                return;
            }
            *group = Group::Consumer(Box::new(ConsumerGroup::new(id.clone())));
        }
        if let Group::Consumer(group) = group {
            group.apply(record);
        }
        if is_end {
            self.groups.remove(id);
            self.forget_without_offsets(written);
        }
    }

    /// Takes in a committed offset.
    pub(super) fn apply_offset(&mut self, record: &GroupRecord) {
        let GroupRecord::Offset(id, partition, value) = record else { return };
        if value.is_none() && !self.offsets.contains_key(id) {
            return;
        }
        let offsets = self.offsets.entry(id.clone()).or_default();
        offsets.apply(partition, value.as_ref());
        if offsets.is_empty() && self.groups.contains_key(id) {
            self.offsets.remove(id);
        }
    }

    /// Takes in that a group is no more: of one without offsets nothing is left then.
    pub(super) fn forget_without_offsets(&mut self, record: &GroupRecord) {
        let (GroupRecord::Classic(id, None) | GroupRecord::Consumer(id, ConsumerRecord::Group(None))) = record else { return };
        if self.offsets.get(id).is_some_and(GroupOffsets::is_empty) {
            self.offsets.remove(id);
        }
    }

    /// Whether nothing but offsets was ever stored of this group.
    pub(super) fn is_simple(&self, id: &GroupId) -> bool {
        self.offsets.contains_key(id) && !self.groups.contains_key(id)
    }
}

/// Who is in a classic group, and what each is to own by the plan.
pub(super) fn classic_facts(group: &ClassicGroup, topics: &TopicsView) -> AssignmentFacts {
    let partition = |named: &NamedPartition| topics.partition(&named.topic, named.partition);
    let members = group.members().iter();
    let members = members.map(|(id, member)| (id.clone(), member.assignment.iter().filter_map(partition).collect()));
    let assignor = group.protocol().unwrap_or_default().to_owned();
    AssignmentFacts { epoch: group.generation(), assignor, members: members.collect() }
}
