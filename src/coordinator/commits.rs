//! OffsetCommit, OffsetFetch, OffsetDelete.
//!
//! Invariant: an offset counts, and is told, only once it is committed in `__consumer_offsets`.
//!
//! Called by: `requests`. Source: Kafka's `OffsetMetadataManager`; KIP-211, KIP-447, KIP-496.

use super::GroupCoordinator;
use super::desk::Desk;
use super::group::classic::{Deadline, Outcome};
use super::offsets::StoredOffset;
use super::records::GroupRecord;
use super::runtime::Then;
use super::shard::Group;
use crate::context::ReplyTo;
use crate::error::ErrorCode;
use crate::event::GroupFact;
use crate::ids::TopicPartition;
use crate::protocol::{
    NamedPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse, OffsetToCommit,
};

impl GroupCoordinator {
    pub(super) fn commit_offsets(
        &mut self,
        reply_to: ReplyTo,
        asked: &OffsetCommitRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let committed = self.try_commit(reply_to, asked, desk);
        if let Err(code) = committed {
            let (group, member) = (asked.group.clone(), asked.member.clone());
            desk.cx.emit(GroupFact::CommitRefused { group, member, epoch: asked.epoch, code });
        }
        committed
    }

    fn try_commit(&mut self, reply_to: ReplyTo, asked: &OffsetCommitRequest, desk: &mut Desk<'_, '_>) -> Result<(), ErrorCode> {
        let place = self.place_of(&asked.group, desk)?;
        self.check_committer(place, asked, desk)?;
        let (mut records, mut facts, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for item in &asked.partitions {
            let checked = check_item(item, desk);
            if let Ok(partition) = checked {
                let stored = StoredOffset {
                    offset: item.offset,
                    leader_epoch: item.leader_epoch,
                    metadata: item.metadata.clone(),
                    committed_at: desk.cx.wall(),
                };
                records.push(GroupRecord::Offset(asked.group.clone(), item.partition.clone(), Some(stored)));
                let (group, member, offset) = (asked.group.clone(), asked.member.clone(), item.offset);
                let (epoch, decided) = (asked.epoch, desk.cx.latest());
                facts.push(GroupFact::OffsetCommitted { group, partition, offset, member, epoch, decided });
            }
            told.push((item.partition.clone(), checked.err()));
        }
        let response = OffsetCommitResponse { partitions: told }.into();
        if records.is_empty() {
            desk.cx.reply(reply_to, response);
            return Ok(());
        }
        let end = self.append(place, &records, desk)?;
        let answer = Some((reply_to, response, asked.clone().into()));
        self.park(place, end, Then::Offsets { records, facts, answer }, desk);
        Ok(())
    }

    /// Errors: UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, STALE_MEMBER_EPOCH, FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS; and
    /// GROUP_ID_NOT_FOUND to one who is a member of a group that is not there.
    fn check_committer(
        &mut self,
        place: TopicPartition,
        asked: &OffsetCommitRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let rules = desk.rules();
        match self.shard_mut(place).groups.get(&asked.group) {
            None if asked.epoch < 0 => Ok(()),
            None => Err(ErrorCode::GroupIdNotFound),
            Some(Group::Classic(group)) => {
                group.check_commit(&asked.member, asked.instance.as_ref(), asked.epoch, rules)?;
                // A commit is a sign of life.
                if let Some(member) =
                    group.members().get(&asked.member).filter(|member| member.joining.is_none() && member.syncing.is_none())
                {
                    let session = (Deadline::Session(asked.member.clone()), Some(member.session_timeout));
                    let out = Outcome { timers: vec![session], ..Outcome::default() };
                    self.carry_out(place, &asked.group, out, desk);
                }
                Ok(())
            }
            Some(Group::Consumer(group)) if rules.variants.commit_fencing.is_on() => group.check_commit(&asked.member, asked.epoch),
            Some(Group::Consumer(_)) => Ok(()),
        }
    }

    pub(super) fn fetch_offsets(
        &mut self,
        reply_to: ReplyTo,
        asked: &OffsetFetchRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(&asked.group, desk)?;
        let shard = self.shard_mut(place);
        if let Some(Group::Consumer(group)) = shard.groups.get(&asked.group) {
            group.check_fetch(asked.member.as_ref().map(|(member, epoch)| (member, *epoch)))?;
        }
        let none = super::offsets::GroupOffsets::default();
        let offsets = shard.offsets.get(&asked.group).unwrap_or(&none);
        let partitions = match &asked.partitions {
            Some(wanted) => wanted.iter().map(|partition| offsets.fetched(partition)).collect(),
            None => offsets.iter().map(|(partition, _)| offsets.fetched(partition)).collect(),
        };
        desk.cx.reply(reply_to, OffsetFetchResponse { error: None, partitions }.into());
        Ok(())
    }

    /// Forgets offsets by order of an operator (KIP-496). What no member reads goes, also while others read on; a partition without
    /// an offset is no mistake.
    ///
    /// Errors: GROUP_ID_NOT_FOUND; for a partition GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC_OR_PARTITION.
    pub(super) fn delete_offsets(
        &mut self,
        reply_to: ReplyTo,
        asked: &OffsetDeleteRequest,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), ErrorCode> {
        let place = self.place_of(&asked.group, desk)?;
        let shard = self.shard_mut(place);
        if !shard.groups.contains_key(&asked.group) && !shard.offsets.contains_key(&asked.group) {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let (group, offsets) = (shard.groups.get(&asked.group), shard.offsets.get(&asked.group));
        let is_read = |topic: &str| group.is_some_and(|group| group.is_subscribed_to(topic));
        let (mut gone, mut told) = (Vec::new(), Vec::new());
        for named in &asked.partitions {
            let refusal = match desk.topics.topic(&named.topic) {
                Some((_, partitions)) if named.partition.0 < partitions => {
                    is_read(&named.topic).then_some(ErrorCode::GroupSubscribedToTopic)
                }
                Some(_) | None => Some(ErrorCode::UnknownTopicOrPartition),
            };
            if refusal.is_none() && offsets.is_some_and(|offsets| offsets.has(named)) {
                gone.push(named.clone());
            }
            told.push((named.clone(), refusal));
        }
        let response = OffsetDeleteResponse { error: None, partitions: told };
        let records: Vec<GroupRecord> =
            gone.iter().map(|partition| GroupRecord::Offset(asked.group.clone(), partition.clone(), None)).collect();
        if records.is_empty() {
            self.answer_when_committed(place, reply_to, (response.into(), asked.clone().into()), desk);
            return Ok(());
        }
        let facts = gone.iter().filter_map(|named| desk.topics.partition(&named.topic, named.partition));
        let facts = facts.map(|partition| GroupFact::OffsetDeleted { group: asked.group.clone(), partition }).collect();
        let end = self.append(place, &records, desk)?;
        let answer = Some((reply_to, response.into(), asked.clone().into()));
        self.park(place, end, Then::Offsets { records, facts, answer }, desk);
        Ok(())
    }
}

/// Errors: UNKNOWN_TOPIC_OR_PARTITION; OFFSET_METADATA_TOO_LARGE.
fn check_item(item: &OffsetToCommit, desk: &Desk<'_, '_>) -> Result<TopicPartition, ErrorCode> {
    let NamedPartition { topic, partition } = &item.partition;
    let is_there = desk.topics.topic(topic).is_some_and(|(_, partitions)| partition.0 < partitions);
    let known = desk.topics.partition(topic, *partition).filter(|_| is_there);
    let known = known.ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let length = u32::try_from(item.metadata.len()).unwrap_or(u32::MAX);
    if length > desk.config.offset_metadata_max_bytes { Err(ErrorCode::OffsetMetadataTooLarge) } else { Ok(known) }
}
