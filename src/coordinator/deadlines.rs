//! What a coordinator does by the clock: members of whom nothing is heard, rebalances that take too long, commits that are not
//! committed, offsets that are too old.
//!
//! Called by: `broker/groups`.

use std::collections::{BTreeSet, VecDeque};

use super::GroupCoordinator;
use super::desk::Desk;
use super::group::classic::{Deadline, Outcome};
use super::group::consumer::TimerOrder;
use super::offsets::{Aging, GroupOffsets};
use super::records::GroupRecord;
use super::runtime::{Due, Then};
use super::shard::{Group, Shard};
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupId, MemberId};
use crate::ids::{PartitionIndex, TopicPartition};
use crate::time::Duration;

impl GroupCoordinator {
    /// Does all that is due.
    pub fn handle_deadline(&mut self, desk: &mut Desk<'_, '_>) {
        while let Some((due, trail)) = self.timers.pop_due(desk.cx.mono()) {
            desk.cx.resume(trail);
            match due {
                Due::Load(partition) => {
                    if let Some((topic, _)) = desk.offsets_topic {
                        self.load(TopicPartition::new(topic, partition), desk);
                    }
                }
                Due::Classic(group, deadline) => self.classic_due(&group, &deadline, desk),
                Due::Session(..) | Due::Rebalance(..) | Due::Join(..) | Due::Sync(..) => self.consumer_due(&due, desk),
                Due::Expiry => self.expire(desk),
                Due::Write(number) => {
                    if let Some(parked) = self.parked.remove(&number) {
                        self.give_up(number, parked, desk);
                    }
                }
            }
        }
    }

    fn classic_due(&mut self, id: &GroupId, deadline: &Deadline, desk: &mut Desk<'_, '_>) {
        let Ok(place) = self.place_of(id, desk) else { return };
        let Some(Group::Classic(group)) = self.shard_mut(place).groups.get_mut(id) else { return };
        let mut out = Outcome::default();
        match deadline {
            Deadline::Session(member) => group.session_due(member, desk.rules(), &mut out),
            Deadline::Pending(member) => group.pending_due(member, desk.rules(), &mut out),
            Deadline::Join => group.join_due(desk.rules(), &mut out),
            Deadline::Sync => group.sync_due(desk.rules(), &mut out),
        }
        self.carry_out(place, id, out, desk);
    }

    fn consumer_due(&mut self, due: &Due, desk: &mut Desk<'_, '_>) {
        let (Due::Session(id, member) | Due::Rebalance(id, member) | Due::Join(id, member) | Due::Sync(id, member)) = due else {
            return;
        };
        let Ok(place) = self.place_of(id, desk) else { return };
        let Some(Group::Consumer(group)) = self.shard_mut(place).groups.get(id) else { return };
        let environment = desk.environment();
        let decision = match due {
            Due::Session(..) => group.session_due(member, environment),
            Due::Rebalance(..) => group.rebalance_due(member, environment),
            Due::Join(..) | Due::Sync(..) => group.classic_due(member, environment),
            Due::Load(_) | Due::Classic(..) | Due::Expiry | Due::Write(_) => None,
        };
        let Some(decision) = decision else { return };
        // What cannot be written now is tried again a heartbeat later.
        if self.take_decision(place, id, decision, desk).is_err() {
            let again = desk.cx.mono().plus(desk.config.group_consumer_heartbeat_interval);
            self.timers.set(due.clone(), again, desk.cx.trail());
        }
    }

    /// Sets and drops the deadlines of a group of the consumer protocol.
    pub(super) fn obey(&mut self, id: &GroupId, orders: Vec<TimerOrder>, desk: &Desk<'_, '_>) {
        for order in orders {
            match order {
                TimerOrder::Session(member, within) => self.set(Due::Session(id.clone(), member), Some(within), desk),
                TimerOrder::Rebalance(member, within) => self.set(Due::Rebalance(id.clone(), member), Some(within), desk),
                TimerOrder::NoRebalance(member) => self.set(Due::Rebalance(id.clone(), member), None, desk),
                TimerOrder::Join(member, within) => {
                    let due = Due::Join(id.clone(), member);
                    if self.timers.due(&due).is_none() {
                        self.set(due, Some(within), desk);
                    }
                }
                TimerOrder::NoJoin(member) => self.set(Due::Join(id.clone(), member), None, desk),
                TimerOrder::Sync(member, within) => self.set(Due::Sync(id.clone(), member), Some(within), desk),
                TimerOrder::NoSync(member) => self.set(Due::Sync(id.clone(), member), None, desk),
                TimerOrder::None(member) => self.forget_member(id, &member),
            }
        }
    }

    /// The same of a classic group.
    pub(super) fn obey_classic(&mut self, id: &GroupId, orders: Vec<(Deadline, Option<Duration>)>, desk: &Desk<'_, '_>) {
        for (deadline, within) in orders {
            self.set(Due::Classic(id.clone(), deadline), within, desk);
        }
    }

    fn set(&mut self, due: Due, within: Option<Duration>, desk: &Desk<'_, '_>) {
        match within {
            Some(within) => self.timers.set(due, desk.cx.mono().plus(within), desk.cx.trail()),
            None => self.timers.cancel(due),
        }
    }

    fn forget_member(&mut self, id: &GroupId, member: &MemberId) {
        for due in [Due::Session, Due::Rebalance, Due::Join, Due::Sync] {
            self.timers.cancel(due(id.clone(), member.clone()));
        }
    }

    /// A group is not coordinated here any more, or not as it was.
    pub(super) fn forget_deadlines(&mut self, id: &GroupId, group: &Group) {
        match group {
            Group::Consumer(group) => group.members().keys().for_each(|member| self.forget_member(id, member)),
            Group::Classic(group) => {
                for member in group.members().keys() {
                    self.timers.cancel(Due::Classic(id.clone(), Deadline::Session(member.clone())));
                }
                for member in group.pending() {
                    self.timers.cancel(Due::Classic(id.clone(), Deadline::Pending(member.clone())));
                }
                for deadline in [Deadline::Join, Deadline::Sync] {
                    self.timers.cancel(Due::Classic(id.clone(), deadline));
                }
            }
        }
    }

    /// A shard was read: everybody in it has his whole time from now on.
    pub(super) fn begin_deadlines(&mut self, place: TopicPartition, desk: &mut Desk<'_, '_>) {
        let (mut classic, mut consumer) = (Vec::new(), Vec::new());
        for (id, group) in &self.shard_mut(place).groups {
            match group {
                Group::Classic(group) => classic.push((id.clone(), group.deadlines_when_loaded())),
                Group::Consumer(group) => consumer.push((id.clone(), group.deadlines_when_loaded(desk.environment()))),
            }
        }
        for (id, orders) in classic {
            self.obey_classic(&id, orders, desk);
        }
        for (id, orders) in consumer {
            self.obey(&id, orders, desk);
        }
    }

    /// Whoever waits for an answer of these groups hears that they are coordinated elsewhere.
    pub(super) fn refuse_waiting(&mut self, shard: Shard, desk: &mut Desk<'_, '_>) {
        for group in shard.groups.into_values() {
            self.refuse_one(group, ErrorCode::NotCoordinator, desk);
        }
    }

    /// Whoever waits for an answer of this classic group is to join again.
    pub(super) fn refuse_group(&mut self, group: Group, desk: &mut Desk<'_, '_>) {
        self.refuse_one(group, ErrorCode::RebalanceInProgress, desk);
    }

    #[allow(clippy::unused_self, reason = "it stands with what calls it")]
    fn refuse_one(&mut self, group: Group, code: ErrorCode, desk: &mut Desk<'_, '_>) {
        if let Group::Classic(mut group) = group {
            let mut out = Outcome::default();
            group.refuse_all(code, &mut out);
            for (reply_to, response) in out.replies {
                desk.cx.reply(reply_to, response);
            }
        }
    }

    /// Forgets offsets that grew too old, and groups of which nothing is left.
    fn expire(&mut self, desk: &mut Desk<'_, '_>) {
        let again = desk.cx.mono().plus(desk.config.offsets_retention_check_interval);
        self.timers.set(Due::Expiry, again, desk.cx.trail());
        let Some((topic, _)) = desk.offsets_topic else { return };
        let active: Vec<PartitionIndex> =
            self.shards.iter().filter(|(_, shard)| shard.loading.is_none()).map(|(partition, _)| *partition).collect();
        for partition in active {
            self.expire_in(TopicPartition::new(topic, partition), desk);
        }
    }

    fn expire_in(&mut self, place: TopicPartition, desk: &mut Desk<'_, '_>) {
        let retention = Duration::from_secs(u64::from(desk.config.offsets_retention_minutes) * 60);
        let (rule, now) = (desk.variants.offset_expiry, desk.cx.wall());
        let none = GroupOffsets::default();
        let shard = self.shard_mut(place);
        let mut gone = Vec::new();
        let all: BTreeSet<&GroupId> = shard.groups.keys().chain(shard.offsets.keys()).collect();
        for id in all {
            let (group, offsets) = (shard.groups.get(id), shard.offsets.get(id).unwrap_or(&none));
            let is_read = |topic: &str| group.is_some_and(|group| group.is_subscribed_to(topic));
            let aging = group.map_or(Aging::SinceCommit, Group::aging);
            let old = offsets.expired(rule, is_read, aging, (now, retention));
            let is_over = old.len() == offsets.len() && group.is_none_or(Group::is_abandoned);
            for (named, offset) in old {
                let partition = desk.topics.partition(&named.topic, named.partition);
                let fact = partition.map(|partition| GroupFact::OffsetExpired { group: id.clone(), partition, offset });
                gone.push((GroupRecord::Offset(id.clone(), named, None), fact));
            }
            // A group ends with the last of its offsets; one that lost it before, or never had one, now.
            if is_over {
                gone.extend(Group::end(id, group).into_iter().map(|record| (record, None)));
                if let Some((_, fact)) = gone.last_mut() {
                    *fact = Some(GroupFact::GroupDeleted { group: id.clone() });
                }
            }
        }
        self.forget(place, gone, desk);
    }

    /// Writes tombstones for offsets, and for groups that end with them, each with what is true once it is committed. They take as
    /// many batches as they need. What cannot be written now grows no younger: the next look finds it again.
    ///
    /// Source: Kafka's `cleanupGroupMetadata`, whose write is not atomic.
    fn forget(&mut self, place: TopicPartition, gone: Vec<(GroupRecord, Option<GroupFact>)>, desk: &mut Desk<'_, '_>) {
        let mut gone = VecDeque::from(gone);
        while !gone.is_empty() {
            let count = self.count_that_fits(place, gone.iter().map(|(record, _)| record), desk);
            let (records, facts): (Vec<_>, Vec<_>) = gone.drain(..count).unzip();
            let Ok(end) = self.append(place, &records, desk) else { return };
            let facts: Vec<GroupFact> = facts.into_iter().flatten().collect();
            for fact in &facts {
                if let GroupFact::GroupDeleted { group } = fact {
                    self.shard_mut(place).groups.remove(group);
                }
            }
            self.park(place, end, Then::Offsets { records, facts, answer: None }, desk);
        }
    }

    /// A topic is no more: nobody reads on in it.
    pub fn forget_topic(&mut self, topic: &str, partitions: &[TopicPartition], desk: &mut Desk<'_, '_>) {
        let Some((own, _)) = desk.offsets_topic else { return };
        let active: Vec<PartitionIndex> =
            self.shards.iter().filter(|(_, shard)| shard.loading.is_none()).map(|(partition, _)| *partition).collect();
        for index in active {
            let place = TopicPartition::new(own, index);
            let mut forgotten = Vec::new();
            for (id, offsets) in &self.shard_mut(place).offsets {
                for (named, _) in offsets.iter().filter(|(named, _)| named.topic == topic) {
                    let gone = partitions.iter().find(|partition| partition.partition == named.partition);
                    let fact = gone.map(|partition| GroupFact::OffsetDeleted { group: id.clone(), partition: *partition });
                    forgotten.push((GroupRecord::Offset(id.clone(), named.clone(), None), fact));
                }
            }
            self.forget(place, forgotten, desk);
        }
    }
}
