//! The consumer as a member of the consumer protocol (KIP-848): heartbeats say what it wants and has, polls take it from what
//! it has to what it is to have.
//!
//! Source: Kafka's `ConsumerMembershipManager`, `ConsumerHeartbeatRequestManager`; KIP-848. Called by: the poll, answers, the end
//! of every turn.
//!
//! Kafka differs: a member that subscribes by a pattern learns of its topics by asking for the metadata of all; there it asks by
//! the ids that it was given.

use super::Consumer;
use super::commits::Waiter;
use super::rebalance::Parting;
use crate::client::connection::{Due, GroupDue};
use crate::client::membership::consumer_protocol::{ConsumerMember, Stage, Wishes};
use crate::client::membership::{GroupAsked, Member, own_member_id};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::ClientFact;
use crate::ids::{BrokerId, TopicPartition};
use crate::protocol::{ConsumerGroupHeartbeatResponse, NamedPartition};

impl Consumer {
    pub(super) fn consumer_member(&mut self) -> Option<&mut ConsumerMember> {
        match self.group.as_mut().map(|group| &mut group.member) {
            Some(Member::Consumer(member)) => Some(member),
            Some(Member::Classic(_)) | None => None,
        }
    }

    /// Begins as a newcomer, under the id that it has for life.
    pub(super) fn begin_joining(&mut self, cx: &Context<'_>) {
        let id = own_member_id(&self.setup.name, cx.incarnation());
        if let Some(member) = self.consumer_member() {
            member.id = id;
            member.become_joining();
        }
    }

    /// The group's business at a poll.
    pub(super) fn poll_consumer_protocol(&mut self, cx: &mut Context<'_>) {
        let Some(member) = self.consumer_member() else { return };
        match member.stage {
            Stage::Fenced | Stage::Stale => {
                self.part_with_all(Parting::Lost, cx);
                self.begin_joining(cx);
            }
            Stage::Failed => self.part_with_all(Parting::Lost, cx),
            Stage::Reconciling if member.is_target_in_doubt => {}
            Stage::Reconciling => self.reconcile(cx),
            Stage::Outside | Stage::Joining | Stage::Acknowledging | Stage::Stable => {}
        }
    }

    /// Goes from what it owns to what it is to own: commits if it commits by itself and has to part with something, parts,
    /// takes. What it is to own of topics that are not known by name yet it takes later.
    fn reconcile(&mut self, cx: &mut Context<'_>) {
        let Some(member) = self.consumer_member() else { return };
        let (target, last_commit) = (member.target.clone(), member.last_commit);
        let named = |partition: &TopicPartition| {
            let topic = self.metadata.name_of(partition.topic)?.to_owned();
            Some(NamedPartition { topic, partition: partition.partition })
        };
        let share: Vec<NamedPartition> = target.iter().filter_map(named).collect();
        let is_going = |partition| target.binary_search(&partition).is_err();
        let going = self.numbers_of(|assigned| assigned.partition.is_none_or(is_going));
        if share.len() < target.len() {
            self.metadata.request_update();
            let owned = self.owned_names();
            if going.is_empty() && share.iter().all(|named| owned.contains(named)) {
                return;
            }
        }
        self.hold_back_going(&going);
        if !going.is_empty() && last_commit.is_none() && self.commits_by_itself() {
            let commit = self.commit_positions(Waiter::Member, cx);
            self.note_member_commit(commit);
        }
        let commit = self.consumer_member().and_then(|member| member.last_commit);
        if commit.is_some_and(|commit| self.commits.is_pending(commit)) {
            return;
        }
        self.note_member_commit(None);
        self.part_with(&going, Parting::Revoked, cx);
        self.take(&share, cx);
        self.await_auto_commit(cx);
        if let Some(member) = self.consumer_member() {
            member.stage = Stage::Acknowledging;
        }
    }

    fn note_member_commit(&mut self, commit: Option<u32>) {
        if let Some(member) = self.consumer_member() {
            member.last_commit = commit;
        }
    }

    /// Sends the heartbeat that is due, or that cannot wait.
    pub(super) fn beat_consumer_protocol(&mut self, cx: &mut Context<'_>) {
        let due = Due::Group(GroupDue::Heartbeat);
        let is_resting = self.timers.due(&Due::Group(GroupDue::Rejoin)).is_some();
        let is_early = self.timers.due(&due).is_some();
        let Some(group) = self.group.as_ref().filter(|group| !is_resting && group.reachable().is_some()) else { return };
        let Member::Consumer(member) = &group.member else { return };
        if !member.is_alive() || member.is_beating || (is_early && !member.is_urgent()) {
            return;
        }
        let mut member = member.clone();
        let wishes = Wishes { topics: self.subscribed_topics(), pattern: self.subscribed_pattern(), owned: self.owned() };
        let request = member.heartbeat(group, wishes);
        let interval = member.interval;
        if let Some(group) = &mut self.group {
            group.member = Member::Consumer(member);
        }
        self.timers.set(due, cx.mono().plus(interval), cx.trail());
        let timeout = self.setup.config.request_timeout;
        let is_sent = self.tell_coordinator(request.into(), GroupAsked::ConsumerHeartbeat, timeout, cx);
        assert!(is_sent, "the coordinator was reachable a moment ago");
    }

    /// What the coordinator says to a heartbeat.
    pub(super) fn apply_consumer_heartbeat(
        &mut self,
        from: BrokerId,
        response: &ConsumerGroupHeartbeatResponse,
        cx: &mut Context<'_>,
    ) {
        let owned = self.owned();
        let Some(group) = &mut self.group else { return };
        let Member::Consumer(member) = &mut group.member else { return };
        member.is_beating = false;
        if !member.is_alive() {
            return;
        }
        if let Some(code) = response.error {
            self.handle_heartbeat_refusal(from, code, cx);
            return;
        }
        member.failures = 0;
        member.is_target_in_doubt = false;
        member.interval = response.heartbeat_interval;
        let is_new = member.epoch != response.epoch;
        member.epoch = response.epoch;
        match &response.assignment {
            Some(target) => {
                member.follow_target(target, &owned);
            }
            None if member.stage == Stage::Joining => member.stage = Stage::Stable,
            None => {}
        }
        if is_new {
            cx.emit(ClientFact::GroupJoined { group: group.id.clone(), member: member.id.clone(), epoch: member.epoch });
        }
    }

    fn handle_heartbeat_refusal(&mut self, from: BrokerId, code: ErrorCode, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        let id = group.id.clone();
        let Member::Consumer(member) = &mut group.member else { return };
        member.say_all();
        member.failures = member.failures.saturating_add(1);
        let failures = member.failures;
        // What was in vain is said again as soon as it may be.
        self.timers.cancel(Due::Group(GroupDue::Heartbeat));
        match code {
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId => {
                let fact = ClientFact::MembershipLost { group: id, member: member.id.clone(), code };
                member.stage = Stage::Fenced;
                member.epoch = 0;
                member.last_commit = None;
                cx.emit(fact);
                if failures > 1 {
                    self.rest_membership(failures, cx);
                }
            }
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => self.forget_coordinator(from, cx),
            code if code.is_retriable() || code == ErrorCode::UnknownServerError => self.rest_membership(failures, cx),
            code => self.fail_membership(code, cx),
        }
    }

    /// A heartbeat was lost with its connection: the next one says all.
    pub(super) fn handle_lost_heartbeat(&mut self, _: &mut Context<'_>) {
        if let Some(member) = self.consumer_member() {
            member.is_beating = false;
            member.say_all();
        }
        self.timers.cancel(Due::Group(GroupDue::Heartbeat));
    }
}
