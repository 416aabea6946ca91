//! The one runtime for both protocols: decide, append, apply, park.
//!
//! What a decision writes is appended as one batch to the group's partition of `__consumer_offsets`, as its leader, with acks=all;
//! what is to be said waits until the high watermark has passed it. A coordinator that stops leading the partition forgets its
//! groups, and whoever waits hears NOT_COORDINATOR; its successor reads the log.
//!
//! Invariant: nobody hears of anything that is not committed. A group is coordinated where its partition is led, in that leader's
//! epoch, and only once all of the log was read and is committed.
//!
//! Called by: `broker/groups`. Source: Kafka's `CoordinatorRuntime`, `CoordinatorLoaderImpl`.

use std::collections::BTreeMap;

use super::GroupCoordinator;
use super::desk::Desk;
use super::group::classic::Deadline;
use super::records::GroupRecord;
use super::shard::{Loading, Shard};
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::{Acks, GroupFact, GroupId, MemberId};
use crate::ids::{LeaderEpoch, Offset, PartitionIndex, TopicPartition};
use crate::protocol::{JoinGroupResponse, Request, Response};
use crate::record::BatchBuilder;
use crate::time::{Instant, Trail};

/// How many bytes of the log are read in one turn.
const LOAD_BYTES: u32 = 65_536;

/// What is to be done when something written is committed, or cannot be.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    /// Where it was written.
    pub partition: TopicPartition,
    /// The offset after it.
    pub end: Offset,
    /// For whose sake.
    pub trail: Trail,
    /// What then.
    pub then: Then,
}

/// What follows a write.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// This answer, or the request's refusal; the first once what was written elsewhere is committed as well.
    Answer { reply_to: ReplyTo, response: Response, request: Request, also: Vec<(TopicPartition, Offset)> },
    /// A classic group's plan, or its new static member, counts; these answers with it.
    Plan { group: GroupId, generation: i32, replies: Vec<(ReplyTo, Response)> },
    /// These offsets are stored, these groups are over; this is true; this answer.
    Offsets { records: Vec<GroupRecord>, facts: Vec<GroupFact>, answer: Option<(ReplyTo, Response, Request)> },
}

/// What a coordinator waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// More of a log is to be read.
    Load(PartitionIndex),
    /// Something of a classic group.
    Classic(GroupId, Deadline),
    /// A sign of life of a member of the consumer protocol.
    Session(GroupId, MemberId),
    /// Its giving back.
    Rebalance(GroupId, MemberId),
    /// A classic member's joining in a group of the consumer protocol.
    Join(GroupId, MemberId),
    /// Its asking for its share.
    Sync(GroupId, MemberId),
    /// A look at offsets that may be too old.
    Expiry,
    /// A commit must be answered.
    Write(u64),
}

impl GroupCoordinator {
    /// When something is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// The partition of `__consumer_offsets` that a group is in. Source: Kafka's `partitionFor`.
    #[must_use]
    pub fn partition_for(group: &str, partitions: u32) -> PartitionIndex {
        crate::event::offsets_partition(group, partitions)
    }

    /// The broker leads a partition of `__consumer_offsets` from now on, in this epoch.
    pub fn become_leader(&mut self, partition: TopicPartition, epoch: LeaderEpoch, desk: &mut Desk<'_, '_>) {
        if self.shards.get(&partition.partition).is_some_and(|shard| shard.epoch == epoch) {
            return;
        }
        self.resign(partition, desk);
        let Some(log) = desk.partitions.get(partition).map(crate::replica::Partition::log) else { return };
        let loading = Loading { next: log.start_offset(), end: log.end_offset() };
        self.shards.insert(partition.partition, Shard::new(epoch, loading));
        desk.cx.emit(GroupFact::CoordinatorLoading { partition, epoch });
        self.timers.set(Due::Load(partition.partition), desk.cx.mono(), desk.cx.trail());
        let interval = desk.config.offsets_retention_check_interval;
        if self.timers.due(&Due::Expiry).is_none() {
            self.timers.set(Due::Expiry, desk.cx.mono().plus(interval), desk.cx.trail());
        }
    }

    /// The broker does not lead that partition any more, or not in that epoch.
    pub fn resign(&mut self, partition: TopicPartition, desk: &mut Desk<'_, '_>) {
        let Some(shard) = self.shards.remove(&partition.partition) else { return };
        let (lost, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.parked).into_iter().partition(|(_, parked)| parked.partition == partition);
        self.parked = kept.into_iter().collect();
        for (number, parked) in lost {
            self.timers.cancel(Due::Write(number));
            self.fail(parked, ErrorCode::NotCoordinator, desk);
        }
        for (id, group) in &shard.groups {
            self.forget_deadlines(id, group);
        }
        self.refuse_waiting(shard, desk);
        self.timers.cancel(Due::Load(partition.partition));
        desk.cx.emit(GroupFact::CoordinatorUnloaded { partition });
    }

    /// The shard of a group. Errors: INVALID_GROUP_ID, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS.
    pub(super) fn place_of(&self, group: &GroupId, desk: &Desk<'_, '_>) -> Result<TopicPartition, ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let (topic, partitions) = desk.offsets_topic.ok_or(ErrorCode::CoordinatorNotAvailable)?;
        let partition = Self::partition_for(group, partitions);
        let shard = self.shards.get(&partition).ok_or(ErrorCode::NotCoordinator)?;
        if shard.loading.is_some() {
            return Err(ErrorCode::CoordinatorLoadInProgress);
        }
        Ok(TopicPartition::new(topic, partition))
    }

    pub(super) fn shard_mut(&mut self, place: TopicPartition) -> &mut Shard {
        self.shards.get_mut(&place.partition).expect("the place was found just now")
    }

    /// Appends records as one batch. Returns the offset after them.
    ///
    /// Errors: NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; nothing is written then.
    pub(super) fn append(
        &mut self,
        place: TopicPartition,
        records: &[GroupRecord],
        desk: &mut Desk<'_, '_>,
    ) -> Result<Offset, ErrorCode> {
        let now = desk.cx.wall();
        let mut batch = BatchBuilder::new(now);
        for record in records {
            let (key, value) = record.encode();
            batch.append(now, Some(&key), value.as_deref(), &[]);
        }
        let replica = desk.partitions.get_mut(place).ok_or(ErrorCode::NotCoordinator)?;
        let appended = replica.append(&batch.build(), Acks::All, desk.members, desk.cx).map_err(told)?;
        desk.appended.push((place, appended));
        Ok(appended.last.next())
    }

    /// How many of these records one batch may hold, by `max.message.bytes`: one at least, whatever its size.
    pub(super) fn count_that_fits<'r>(
        &self,
        place: TopicPartition,
        records: impl Iterator<Item = &'r GroupRecord>,
        desk: &Desk<'_, '_>,
    ) -> usize {
        let limit = desk.partitions.get(place).map_or(u32::MAX, |replica| replica.log().config().max_message_bytes);
        let now = desk.cx.wall();
        let mut batch = BatchBuilder::new(now);
        let fits = records.take_while(|record| {
            let (key, value) = record.encode();
            batch.append(now, Some(&key), value.as_deref(), &[]);
            u32::try_from(batch.estimated_size()).is_ok_and(|size| size <= limit)
        });
        fits.count().max(1)
    }

    /// What follows waits for the commit of all below `end`. A group with one replica need not wait.
    pub(super) fn park(&mut self, place: TopicPartition, end: Offset, then: Then, desk: &mut Desk<'_, '_>) {
        self.next_write += 1;
        let number = self.next_write;
        let parked = Parked { partition: place, end, trail: desk.cx.trail(), then };
        self.timers.set(Due::Write(number), desk.cx.mono().plus(desk.config.offsets_commit_timeout), desk.cx.trail());
        self.parked.insert(number, parked);
        self.settle(place, desk);
    }

    /// The high watermark of a partition of `__consumer_offsets` may have moved.
    pub fn settle(&mut self, place: TopicPartition, desk: &mut Desk<'_, '_>) {
        let Some(replica) = desk.partitions.get(place) else { return };
        let committed = replica.high_watermark();
        let is_done = |parked: &Parked| parked.partition == place && parked.end <= committed;
        let done: Vec<u64> = self.parked.iter().filter(|(_, parked)| is_done(parked)).map(|(number, _)| *number).collect();
        for number in done {
            self.timers.cancel(Due::Write(number));
            let Some(parked) = self.parked.remove(&number) else { continue };
            desk.cx.resume(Trail { cause: desk.cx.latest(), ..parked.trail });
            self.finish(parked, desk);
        }
        let waits = self.shards.get(&place.partition).and_then(|shard| shard.loading);
        if waits.is_some_and(|loading| loading.next >= loading.end && committed >= loading.end) {
            self.load(place, desk);
        }
    }

    /// Answers as soon as all is committed that the answer may rest on: at once if nothing waits for a commit.
    pub(super) fn answer_when_committed(
        &mut self,
        place: TopicPartition,
        reply_to: ReplyTo,
        (response, request): (Response, Request),
        desk: &mut Desk<'_, '_>,
    ) {
        let pending = desk.partitions.get(place).filter(|replica| replica.high_watermark() < replica.log().end_offset());
        match pending.map(|replica| replica.log().end_offset()) {
            Some(end) => self.park(place, end, Then::Answer { reply_to, response, request, also: Vec::new() }, desk),
            None => desk.cx.reply(reply_to, response),
        }
    }

    /// What was written is not committed in time: whoever waits hears COORDINATOR_NOT_AVAILABLE. It is in the log all the same, and
    /// counts if it is committed later.
    pub(super) fn give_up(&mut self, number: u64, mut parked: Parked, desk: &mut Desk<'_, '_>) {
        let code = ErrorCode::CoordinatorNotAvailable;
        if let Then::Offsets { answer, .. } = &mut parked.then {
            if let Some((reply_to, _, request)) = answer.take() {
                desk.cx.resume(parked.trail);
                desk.cx.reply(reply_to, request.refused(code));
            }
            self.parked.insert(number, parked);
        } else {
            self.fail(parked, code, desk);
        }
    }

    fn finish(&mut self, parked: Parked, desk: &mut Desk<'_, '_>) {
        match parked.then {
            Then::Answer { reply_to, response, request, mut also } => match also.pop() {
                Some((place, end)) => self.park(place, end, Then::Answer { reply_to, response, request, also }, desk),
                None => desk.cx.reply(reply_to, response),
            },
            Then::Plan { group, generation, replies } => {
                for (reply_to, response) in replies {
                    desk.cx.reply(reply_to, response);
                }
                self.plan_written(parked.partition, &group, generation, Ok(()), desk);
            }
            Then::Offsets { records, facts, answer } => {
                for record in &records {
                    let shard = self.shard_mut(parked.partition);
                    shard.apply_offset(record);
                    shard.forget_without_offsets(record);
                }
                for fact in facts {
                    desk.cx.emit(fact);
                }
                if let Some((reply_to, response, _)) = answer {
                    desk.cx.reply(reply_to, response);
                }
            }
        }
    }

    /// What was written may get lost.
    pub(super) fn fail(&mut self, parked: Parked, code: ErrorCode, desk: &mut Desk<'_, '_>) {
        desk.cx.resume(parked.trail);
        match parked.then {
            Then::Answer { reply_to, request, .. } => desk.cx.reply(reply_to, request.refused(code)),
            Then::Plan { group, generation, replies } => {
                for (reply_to, response) in replies {
                    desk.cx.reply(reply_to, refused(response, code));
                }
                self.plan_written(parked.partition, &group, generation, Err(code), desk);
            }
            Then::Offsets { answer, .. } => {
                if let Some((reply_to, _, request)) = answer {
                    desk.cx.reply(reply_to, request.refused(code));
                }
            }
        }
    }

    /// Reads on. When all is read, and committed, the groups in it are coordinated here. What cannot be read makes this broker no
    /// coordinator in this leader epoch, as in Kafka (whose coordinator is FAILED then): whoever asks hears NOT_COORDINATOR.
    ///
    /// Kafka differs: it serves as soon as all is read, committed or not.
    pub(super) fn load(&mut self, place: TopicPartition, desk: &mut Desk<'_, '_>) {
        let Some(shard) = self.shards.get_mut(&place.partition) else { return };
        let (Some(mut loading), Some(replica)) = (shard.loading, desk.partitions.get(place)) else { return };
        if loading.next < loading.end {
            let read = replica.log().read(loading.next, loading.end, LOAD_BYTES, desk.cx);
            let next = read.ok().and_then(|batches| shard.replay_batches(batches, loading).ok());
            let Some(next) = next else {
                self.resign(place, desk);
                return;
            };
            loading.next = next;
            shard.loading = Some(loading);
            if loading.next < loading.end {
                self.timers.set(Due::Load(place.partition), desk.cx.mono(), desk.cx.trail());
                return;
            }
        }
        if replica.high_watermark() < loading.end {
            return;
        }
        shard.loading = None;
        let groups = u32::try_from(shard.groups.len()).unwrap_or(u32::MAX);
        let offsets: usize = shard.offsets.values().map(super::offsets::GroupOffsets::len).sum();
        let (epoch, offsets) = (shard.epoch, u32::try_from(offsets).unwrap_or(u32::MAX));
        desk.cx.emit(GroupFact::CoordinatorLoaded { partition: place, epoch, groups, offsets });
        self.tell_groups(place, desk);
        self.begin_deadlines(place, desk);
    }

    /// What the log has of the groups.
    fn tell_groups(&self, place: TopicPartition, desk: &mut Desk<'_, '_>) {
        let Some(shard) = self.shards.get(&place.partition) else { return };
        for (id, group) in &shard.groups {
            let (kind, state, _) = group.standing();
            let members = std::sync::Arc::new(group.facts(desk.topics));
            desk.cx.emit(GroupFact::GroupLoaded { group: id.clone(), kind, state, members });
        }
    }

    /// Ids for members who have none: never given twice, by whichever coordinator.
    pub(super) fn fresh_member(&mut self, client: &str, cx: &Context<'_>) -> MemberId {
        self.next_member += 1;
        std::sync::Arc::new(format!("{client}-{}.{}.{}", cx.process(), cx.incarnation().0, self.next_member))
    }
}

/// What a client hears of an append that failed. Source: Kafka's `appendGroupMetadataErrorToResponseError`.
fn told(code: ErrorCode) -> ErrorCode {
    let leads_no_more =
        matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError | ErrorCode::FencedLeaderEpoch);
    let is_our_own_fault = matches!(code, ErrorCode::MessageTooLarge | ErrorCode::InvalidRecord);
    if leads_no_more {
        ErrorCode::NotCoordinator
    } else if is_our_own_fault {
        ErrorCode::UnknownServerError
    } else {
        ErrorCode::CoordinatorNotAvailable
    }
}

/// The same answer as a refusal, where it was one to a JoinGroup.
fn refused(response: Response, code: ErrorCode) -> Response {
    if let Response::JoinGroup(answer) = response {
        return JoinGroupResponse { error: Some(code), generation: -1, members: Vec::new(), ..answer }.into();
    }
    response
}

/// Parked writes by their numbers.
pub(super) type ParkedWrites = BTreeMap<u64, Parked>;
