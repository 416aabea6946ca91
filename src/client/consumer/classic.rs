//! The consumer as a member of the classic protocol: what its polls, its heartbeats and the coordinator's answers make it do.
//!
//! A poll notices that the group's round is to be joined, commits and gives back first (everything under the eager protocol,
//! only unwanted topics under the cooperative one), then joins. Between polls only heartbeats go on.
//!
//! Source: Kafka's `AbstractCoordinator`, `ConsumerCoordinator`; KIP-62, KIP-345, KIP-394, KIP-429. Called by: the poll, answers,
//! deadlines.

use std::collections::BTreeMap;

use super::Consumer;
use super::commits::Waiter;
use super::rebalance::Parting;
use crate::client::assignor::Plan;
use crate::client::backoff::Reason;
use crate::client::connection::{Due, GroupDue};
use crate::client::membership::classic::{ClassicMember, Stage};
use crate::client::membership::{Coordinator, GroupAsked, Member, join_timeout};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{ClientFact, MemberId};
use crate::ids::BrokerId;
use crate::protocol::{JoinGroupResponse, NamedPartition, SyncGroupResponse};

impl Consumer {
    pub(super) fn classic(&mut self) -> Option<&mut ClassicMember> {
        match self.group.as_mut().map(|group| &mut group.member) {
            Some(Member::Classic(member)) => Some(member),
            Some(Member::Consumer(_)) | None => None,
        }
    }

    /// The group's business at a poll.
    pub(super) fn poll_classic(&mut self, cx: &mut Context<'_>) {
        if !self.is_subscribed() {
            return;
        }
        let Some(member) = self.classic() else { return };
        match member.stage.clone() {
            // The round is over in which it was to have this: others may have been given it meanwhile.
            Stage::Synced(_, Some(_)) if member.wants_to_join => member.join_again(),
            Stage::Planning(response, since) => self.plan_when_known(*response, since, cx),
            Stage::Synced(share, since) => self.take_share_when_known(share, since, cx),
            Stage::Failed => self.part_with_all(Parting::Lost, cx),
            Stage::Unjoined | Stage::Joining | Stage::Syncing | Stage::Stable => {}
        }
        if self.classic().is_some_and(|member| member.has_to_join()) {
            self.join(cx);
        }
    }

    fn join(&mut self, cx: &mut Context<'_>) {
        let is_resting = self.timers.due(&Due::Group(GroupDue::Rejoin)).is_some();
        let is_reachable = self.group.as_ref().is_some_and(|group| group.reachable().is_some());
        if is_resting || !is_reachable || !self.knows_wanted_topics() || !self.prepare_to_join(cx) {
            return;
        }
        let (topics, owned) = (self.wanted_topics().to_vec(), self.owned_names());
        let config = &self.setup.config;
        let Some(group) = &mut self.group else { return };
        let Member::Classic(member) = &mut group.member else { return };
        let mut member = member.clone();
        let request = member.join(group, config, &topics, &owned);
        group.member = Member::Classic(member);
        let timeout = join_timeout(config);
        self.timers.cancel(Due::Group(GroupDue::Heartbeat));
        self.timers.cancel(Due::Group(GroupDue::Session));
        let is_sent = self.tell_coordinator(request.into(), GroupAsked::Join, timeout, cx);
        assert!(is_sent, "the coordinator was reachable a moment ago");
    }

    /// Commits, if the consumer does so by itself, and parts with what it may not keep. Returns whether that is done.
    fn prepare_to_join(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(member) = self.classic() else { return false };
        if member.is_prepared {
            return true;
        }
        let (has_lost, is_eager, last_commit) = (member.generation < 0, !member.is_cooperative(), member.last_commit);
        if has_lost {
            self.part_with_all(Parting::Lost, cx);
        } else {
            let unwanted = |name: &str| !self.wanted_topics().iter().any(|wanted| wanted == name);
            let going = self.numbers_of(|assigned| is_eager || self.metadata.name(assigned.topic).is_none_or(unwanted));
            if last_commit.is_none() && self.commits_by_itself() && self.may_commit().is_ok() {
                let commit = self.commit_positions(Waiter::Member, cx);
                self.hold_back_going(&going);
                self.note_last_commit(commit);
            }
            let commit = self.classic().and_then(|member| member.last_commit);
            if commit.is_some_and(|commit| self.commits.is_pending(commit)) {
                return false;
            }
            self.part_with(&going, Parting::Revoked, cx);
            self.hold_back_going(&[]);
        }
        if let Some(member) = self.classic() {
            member.is_prepared = true;
            member.last_commit = None;
        }
        true
    }

    fn note_last_commit(&mut self, commit: Option<u32>) {
        if let Some(member) = self.classic() {
            member.last_commit = commit;
        }
    }

    /// The group's round has begun, or the coordinator says why not.
    pub(super) fn apply_joined(&mut self, from: BrokerId, response: &JoinGroupResponse, cx: &mut Context<'_>) {
        let Some(member) = self.classic().filter(|member| member.stage == Stage::Joining) else { return };
        if let Some(code) = response.error {
            if code == ErrorCode::MemberIdRequired {
                member.join_again();
                member.id = response.member.clone();
            } else {
                member.join_again();
                self.handle_round_refusal(from, code, cx);
            }
            return;
        }
        member.follow_join(response);
        let is_leader = response.leader == member.id;
        self.expect_heartbeats(cx);
        if is_leader {
            for (_, _, subscription) in &response.members {
                for topic in &subscription.topics {
                    self.metadata.place_of(topic);
                }
            }
            let since = self.metadata.version();
            self.plan_when_known(response.clone(), since, cx);
        } else {
            self.sync(Plan::new(), cx);
        }
    }

    /// The leader makes its plan once it knows the topics that its group wants, or has asked for them in vain.
    fn plan_when_known(&mut self, response: JoinGroupResponse, since: u32, cx: &mut Context<'_>) {
        let is_news_due = self.metadata.is_waiting() && self.metadata.version() == since;
        let mut wanted: BTreeMap<String, Option<u32>> = BTreeMap::new();
        for topic in response.members.iter().flat_map(|(_, _, subscription)| &subscription.topics) {
            wanted.entry(topic.clone()).or_default();
        }
        for (name, count) in self.metadata.existing() {
            if let Some(known) = wanted.get_mut(name) {
                *known = u32::try_from(count).ok();
            }
        }
        let Some(member) = self.classic() else { return };
        if is_news_due && wanted.values().any(Option::is_none) {
            member.stage = Stage::Planning(Box::new(response), since);
            return;
        }
        let plan = member.plan(&response, wanted);
        self.sync(plan, cx);
    }

    fn sync(&mut self, plan: Plan, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        let Member::Classic(member) = &mut group.member else { return };
        let mut member = member.clone();
        let request = member.sync(group, plan);
        let generation = member.generation;
        group.member = Member::Classic(member);
        let timeout = self.setup.config.request_timeout;
        if !self.tell_coordinator(request.into(), GroupAsked::Sync(generation), timeout, cx)
            && let Some(member) = self.classic()
        {
            member.join_again();
        }
    }

    /// It has its share, or has to begin the round again.
    pub(super) fn apply_synced(&mut self, from: BrokerId, generation: i32, response: &SyncGroupResponse, cx: &mut Context<'_>) {
        let is_it = |member: &ClassicMember| member.stage == Stage::Syncing && member.generation == generation;
        let Some(group) = &mut self.group else { return };
        let id = group.id.clone();
        let Member::Classic(member) = &mut group.member else { return };
        if !is_it(member) {
            return;
        }
        if let Some(code) = response.error {
            member.join_again();
            self.handle_round_refusal(from, code, cx);
            return;
        }
        member.stage = Stage::Synced(response.assignment.clone(), None);
        cx.emit(ClientFact::GroupJoined { group: id, member: member.id.clone(), epoch: generation });
    }

    /// Takes its share once the topics in it are known, or were asked for in vain. A share of what it wants no longer is not taken:
    /// it joins again, with what it wants now.
    fn take_share_when_known(&mut self, share: Vec<NamedPartition>, since: Option<u32>, cx: &mut Context<'_>) {
        if share.iter().any(|named| !self.wants(&named.topic)) {
            self.classic().into_iter().for_each(ClassicMember::join_again);
            return;
        }
        let is_unknown = share.iter().any(|named| self.metadata.id_of(&named.topic).is_none());
        let version = self.metadata.version();
        if is_unknown && since.is_none_or(|since| since == version) {
            share.iter().for_each(|named| {
                self.metadata.place_of(&named.topic);
            });
            self.metadata.request_update();
            if let Some(member) = self.classic() {
                member.stage = Stage::Synced(share, Some(version));
            }
            return;
        }
        let owned = self.owned_names();
        let gone = owned.iter().filter(|named| !share.contains(named)).count() > 0;
        let going = self.numbers_of(|assigned| self.name_of(assigned).is_none_or(|named| !share.contains(&named)));
        self.part_with(&going, Parting::Revoked, cx);
        self.take(&share, cx);
        self.await_auto_commit(cx);
        if let Some(member) = self.classic() {
            member.become_stable(share);
            // What was given back is planned for anew (KIP-429).
            member.wants_to_join |= gone;
        }
        self.review_membership();
    }

    /// Joining or syncing was refused: what is wrong decides what is forgotten before it is tried again.
    fn handle_round_refusal(&mut self, from: BrokerId, code: ErrorCode, cx: &mut Context<'_>) {
        match code {
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => self.lose_classic(code, cx),
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => self.forget_coordinator(from, cx),
            ErrorCode::RebalanceInProgress => {}
            code if code.is_retriable() || code == ErrorCode::UnknownServerError => {
                let Some(member) = self.classic() else { return };
                member.failures = member.failures.saturating_add(1);
                let failures = member.failures;
                self.rest_membership(failures, cx);
            }
            code => self.fail_membership(code, cx),
        }
    }

    /// The member waits for a while before it tries to join again.
    pub(super) fn rest_membership(&mut self, failures: u32, cx: &mut Context<'_>) {
        let wait = self.backoff.after(failures, Reason::Membership, cx);
        self.timers.set(Due::Group(GroupDue::Rejoin), cx.mono().plus(wait), cx.trail());
    }

    /// The coordinator does not know its generation, or not even its id. What it owns is lost at the next poll.
    fn lose_classic(&mut self, code: ErrorCode, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        let Member::Classic(member) = &mut group.member else { return };
        let fact = ClientFact::MembershipLost { group: group.id.clone(), member: member.id.clone(), code };
        if code == ErrorCode::IllegalGeneration {
            member.forget_generation();
        } else {
            member.forget();
        }
        cx.emit(fact);
    }

    /// From now on the coordinator hears of it, and is to answer within the session.
    fn expect_heartbeats(&mut self, cx: &mut Context<'_>) {
        let (now, config) = (cx.mono(), &self.setup.config);
        self.timers.set(Due::Group(GroupDue::Heartbeat), now.plus(config.heartbeat_interval), cx.trail());
        self.timers.set(Due::Group(GroupDue::Session), now.plus(config.session_timeout), cx.trail());
    }

    /// Another coordinator was found: it has a whole session to answer in.
    pub(super) fn give_new_coordinator_time(&mut self, cx: &mut Context<'_>) {
        let session = self.setup.config.session_timeout;
        if self.classic().is_some_and(|member| member.is_alive()) {
            self.timers.set(Due::Group(GroupDue::Session), cx.mono().plus(session), cx.trail());
        }
    }

    /// Says that it is alive, when that is due.
    pub(super) fn beat_classic(&mut self, cx: &mut Context<'_>) {
        let due = Due::Group(GroupDue::Heartbeat);
        if self.timers.due(&due).is_some() {
            return;
        }
        let Some(group) = self.group.as_mut().filter(|group| group.reachable().is_some()) else { return };
        let Member::Classic(member) = &group.member else { return };
        if !member.is_alive() || member.is_beating {
            return;
        }
        let request = member.heartbeat(group);
        let asked = GroupAsked::Heartbeat(member.id.clone(), member.generation);
        self.timers.set(due, cx.mono().plus(self.setup.config.heartbeat_interval), cx.trail());
        let timeout = self.setup.config.request_timeout;
        let is_sent = self.tell_coordinator(request.into(), asked, timeout, cx);
        if let Some(member) = self.classic() {
            member.is_beating = is_sent;
        }
    }

    /// What the coordinator says to a heartbeat. A refusal of a generation that has passed says nothing.
    pub(super) fn apply_heartbeat(
        &mut self,
        from: BrokerId,
        sent: (&MemberId, i32),
        error: Option<ErrorCode>,
        cx: &mut Context<'_>,
    ) {
        let session = self.setup.config.session_timeout;
        let Some(member) = self.classic() else { return };
        member.is_beating = false;
        let is_present = (&member.id, member.generation) == sent && member.is_alive();
        match error {
            None if is_present => self.timers.set(Due::Group(GroupDue::Session), cx.mono().plus(session), cx.trail()),
            Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => {
                self.beat_soon(cx);
                self.forget_coordinator(from, cx);
            }
            Some(code) if is_present => self.commit_was_fenced(sent, code, cx),
            Some(_) | None => {}
        }
    }

    /// A heartbeat was in vain: the next one does not wait for the whole interval.
    fn beat_soon(&mut self, cx: &mut Context<'_>) {
        let soon = cx.mono().plus(self.setup.config.retry_backoff);
        self.timers.set(Due::Group(GroupDue::Heartbeat), soon, cx.trail());
    }

    /// The coordinator refused something in the name of a member: if that is what this consumer still is, it draws the
    /// consequences.
    pub(super) fn commit_was_fenced(&mut self, sent: (&MemberId, i32), code: ErrorCode, cx: &mut Context<'_>) {
        let Some(member) = self.classic().filter(|member| (&member.id, member.generation) == sent && member.is_alive()) else {
            return;
        };
        match code {
            ErrorCode::RebalanceInProgress => member.wants_to_join = true,
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId => self.lose_classic(code, cx),
            ErrorCode::FencedInstanceId => self.fail_membership(code, cx),
            _ => {}
        }
    }

    /// A request of the round, or a heartbeat, was lost with its connection.
    pub(super) fn handle_lost_classic(&mut self, asked: &GroupAsked, cx: &mut Context<'_>) {
        let Some(member) = self.classic() else { return };
        match asked {
            GroupAsked::Join if member.stage == Stage::Joining => member.join_again(),
            GroupAsked::Sync(_) if member.stage == Stage::Syncing => member.join_again(),
            GroupAsked::Heartbeat(..) => {
                member.is_beating = false;
                self.beat_soon(cx);
            }
            GroupAsked::Join
            | GroupAsked::Sync(_)
            | GroupAsked::ConsumerHeartbeat
            | GroupAsked::Leave
            | GroupAsked::OffsetFetch(_)
            | GroupAsked::Commit(_) => {}
        }
    }

    /// No heartbeat was answered for a whole session: the coordinator is looked for anew.
    pub(super) fn handle_silent_session(&mut self, cx: &mut Context<'_>) {
        let session = self.setup.config.session_timeout;
        let Some(group) = self.group.as_ref() else { return };
        let is_alive = matches!(&group.member, Member::Classic(member) if member.is_alive());
        if !is_alive {
            return;
        }
        self.timers.set(Due::Group(GroupDue::Session), cx.mono().plus(session), cx.trail());
        if let Coordinator::Known(broker) = group.coordinator {
            self.give_up_coordinator(broker, cx);
        }
    }
}
