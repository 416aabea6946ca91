//! What a consumer reads, and whose share of it: partitions of its own choice, or a member's share of topics.
//!
//! Source: Kafka's `SubscriptionState`, `ConsumerCoordinator.onLeavePrepare`, `AbstractCoordinator.maybeLeaveGroup`. Called by:
//! commands, metadata, deadlines.

use std::sync::Arc;

use super::Consumer;
use super::rebalance::Parting;
use crate::client::connection::{Due, GroupDue};
use crate::client::membership::classic::Stage as ClassicStage;
use crate::client::membership::consumer_protocol::Stage as ConsumerStage;
use crate::client::membership::{GroupAsked, Member};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{ClientFact, GroupId, MemberId, is_internal};
use crate::pattern::Pattern;
use crate::protocol::Request;

/// What a consumer reads.
#[derive(Clone, Debug)]
pub(super) enum Subscription {
    /// Partitions of its own choice, or nothing.
    Assigned,
    /// A share of these topics.
    Topics(Vec<String>),
    /// A share of the topics whose names match.
    Pattern {
        /// The pattern as it was written.
        text: String,
        /// The same, to match with.
        pattern: Pattern,
        /// The topics that match now, in order.
        matching: Vec<String>,
        /// As many answers about metadata had come when it subscribed: before the next the topics are not known.
        since: u32,
    },
}

impl Consumer {
    /// Whether it is, or tries to be, a member of its group.
    pub(super) fn is_subscribed(&self) -> bool {
        match self.subscription {
            Subscription::Assigned => false,
            Subscription::Topics(_) | Subscription::Pattern { .. } => true,
        }
    }

    /// The topics it wants a share of, as far as it knows them by name.
    pub(super) fn wanted_topics(&self) -> &[String] {
        match &self.subscription {
            Subscription::Assigned => &[],
            Subscription::Topics(topics) | Subscription::Pattern { matching: topics, .. } => topics,
        }
    }

    /// Whether a share of this topic is what it wants now.
    pub(super) fn wants(&self, topic: &str) -> bool {
        match &self.subscription {
            Subscription::Assigned => false,
            Subscription::Topics(topics) => topics.iter().any(|wanted| wanted == topic),
            Subscription::Pattern { pattern, .. } => pattern.matches(topic),
        }
    }

    /// Whether it knows which topics those are.
    pub(super) fn knows_wanted_topics(&self) -> bool {
        match self.subscription {
            Subscription::Assigned | Subscription::Topics(_) => true,
            Subscription::Pattern { since, .. } => since != self.metadata.version(),
        }
    }

    /// The topics that it named itself.
    pub(super) fn subscribed_topics(&self) -> Vec<String> {
        match &self.subscription {
            Subscription::Topics(topics) => topics.clone(),
            Subscription::Assigned | Subscription::Pattern { .. } => Vec::new(),
        }
    }

    /// Its pattern; empty for none.
    pub(super) fn subscribed_pattern(&self) -> String {
        match &self.subscription {
            Subscription::Pattern { text, .. } => text.clone(),
            Subscription::Assigned | Subscription::Topics(_) => String::new(),
        }
    }

    /// Wants a share of these topics from now on.
    pub(super) fn subscribe(&mut self, topics: Vec<String>, cx: &mut Context<'_>) {
        for topic in &topics {
            self.metadata.place_of(topic);
        }
        self.metadata.want_all(false);
        self.become_subscribed(Subscription::Topics(topics.clone()), topics, cx);
    }

    /// Wants a share of all topics that match, from now on.
    pub(super) fn subscribe_to_pattern(&mut self, text: String, cx: &mut Context<'_>) {
        match Pattern::read(&text) {
            Err(code) => self.tell_refused(code, cx),
            Ok(pattern) => {
                self.metadata.want_all(true);
                let (told, since) = (vec![text.clone()], self.metadata.version());
                self.become_subscribed(Subscription::Pattern { text, pattern, matching: Vec::new(), since }, told, cx);
            }
        }
    }

    fn become_subscribed(&mut self, subscription: Subscription, told: Vec<String>, cx: &mut Context<'_>) {
        let Some(group) = &self.group else {
            self.tell_refused(ErrorCode::InvalidGroupId, cx);
            return;
        };
        let id = group.id.clone();
        if !self.is_subscribed() {
            let numbers = self.numbers_of(|_| true);
            self.remove(&numbers);
        }
        self.subscription = subscription;
        cx.emit(ClientFact::Subscribed { group: id, topics: Arc::new(told) });
        match self.group.as_mut().map(|group| &mut group.member) {
            Some(Member::Classic(member)) if member.stage == ClassicStage::Failed => member.join_again(),
            Some(Member::Consumer(member)) if matches!(member.stage, ConsumerStage::Outside | ConsumerStage::Failed) => {
                self.begin_joining(cx);
            }
            Some(Member::Classic(_) | Member::Consumer(_)) | None => {}
        }
        self.review_subscription(cx);
    }

    /// The application is told that it can be no member.
    fn tell_refused(&mut self, code: ErrorCode, cx: &mut Context<'_>) {
        let (group, member) = match &self.group {
            Some(group) => (group.id.clone(), group.identity().0),
            None => (GroupId::default(), MemberId::default()),
        };
        cx.emit(ClientFact::MembershipLost { group, member, code });
    }

    /// Topics may have come or gone.
    pub(super) fn review_subscription(&mut self, _: &mut Context<'_>) {
        if let Subscription::Pattern { pattern, matching, .. } = &mut self.subscription {
            // Internal topics are left out (`exclude.internal.topics`).
            let fits = |name: &str| !is_internal(name) && pattern.matches(name);
            let mut names: Vec<String> =
                self.metadata.existing().filter(|(name, _)| fits(name)).map(|(name, _)| name.to_owned()).collect();
            names.sort_unstable();
            *matching = names;
        }
        self.review_membership();
    }

    /// A classic member joins again when its topics are others than those it joined, or planned, for.
    pub(super) fn review_membership(&mut self) {
        let Some(Member::Classic(member)) = self.group.as_mut().map(|group| &mut group.member) else { return };
        let wanted: &[String] = match &self.subscription {
            Subscription::Assigned => return,
            Subscription::Topics(topics) | Subscription::Pattern { matching: topics, .. } => topics,
        };
        let existing = || self.metadata.existing();
        member.review(wanted, |topic| existing().find(|(name, _)| *name == topic).and_then(|(_, count)| u32::try_from(count).ok()));
    }

    /// The coordinator will have none of this member: the application is told, and reads nothing more from the next poll on.
    pub(super) fn fail_membership(&mut self, code: ErrorCode, cx: &mut Context<'_>) {
        self.tell_refused(code, cx);
        match self.group.as_mut().map(|group| &mut group.member) {
            Some(Member::Classic(member)) => member.become_failed(code),
            Some(Member::Consumer(member)) => {
                member.stage = ConsumerStage::Failed;
                member.epoch = 0;
            }
            None => {}
        }
    }

    /// Whether there is a member that the coordinator has not refused for good.
    pub(super) fn hopes_to_be_member(&self) -> bool {
        let is_hopeful = match self.group.as_ref().map(|group| &group.member) {
            Some(Member::Classic(member)) => member.stage != ClassicStage::Failed,
            Some(Member::Consumer(member)) => member.stage != ConsumerStage::Failed,
            None => false,
        };
        is_hopeful && self.is_subscribed()
    }

    // ANCHOR: poll-overdue
    /// The application has not polled for too long: the member leaves, so that others can have its partitions. It finds out at
    /// its next poll, when they are lost. (A static classic member only stops its heartbeats.)
    pub(super) fn handle_poll_overdue(&mut self, cx: &mut Context<'_>) {
        let Some(group) = self.group.as_ref().filter(|_| self.is_subscribed()) else { return };
        cx.emit(ClientFact::PollOverdue { group: group.id.clone() });
        self.say_goodbye(cx);
        match self.group.as_mut().map(|group| &mut group.member) {
            Some(Member::Classic(member)) => member.forget(),
            Some(Member::Consumer(member)) if member.is_alive() => {
                member.stage = ConsumerStage::Stale;
                member.epoch = 0;
                member.last_commit = None;
            }
            Some(Member::Consumer(_)) | None => {}
        }
    }
    // ANCHOR_END: poll-overdue

    /// Tells the coordinator that the member goes, if it is one and the protocol has a word for it. Returns whether an answer
    /// is to come.
    fn say_goodbye(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(group) = self.group.as_ref() else { return false };
        let farewell: Option<Request> = match &group.member {
            Member::Classic(member) => member.leave(group).map(Into::into),
            Member::Consumer(member) if member.is_alive() && member.epoch > 0 => Some(member.farewell(group).into()),
            Member::Consumer(_) => None,
        };
        let timeout = self.setup.config.request_timeout;
        farewell.is_some_and(|farewell| self.tell_coordinator(farewell, GroupAsked::Leave, timeout, cx))
    }

    /// Gives everything back and leaves the group. Returns whether the coordinator is to answer yet.
    pub(super) fn unsubscribe(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.is_subscribed() {
            let numbers = self.numbers_of(|_| true);
            self.remove(&numbers);
            return false;
        }
        let is_member = match self.group.as_ref().map(|group| &group.member) {
            Some(Member::Classic(member)) => member.generation >= 0,
            Some(Member::Consumer(member)) => member.epoch > 0,
            None => false,
        };
        self.part_with_all(if is_member { Parting::Revoked } else { Parting::Lost }, cx);
        let is_leaving = self.say_goodbye(cx);
        let Some(group) = &mut self.group else { return false };
        if is_leaving {
            let member = group.identity().0;
            cx.emit(ClientFact::GroupLeft { group: group.id.clone(), member });
        }
        match &mut group.member {
            Member::Classic(member) => member.forget(),
            Member::Consumer(member) => {
                member.stage = ConsumerStage::Outside;
                member.epoch = 0;
                member.last_commit = None;
            }
        }
        self.subscription = Subscription::Assigned;
        self.metadata.want_all(false);
        for due in [GroupDue::Heartbeat, GroupDue::Session, GroupDue::Rejoin, GroupDue::PollInterval] {
            self.timers.cancel(Due::Group(due));
        }
        is_leaving
    }
}
