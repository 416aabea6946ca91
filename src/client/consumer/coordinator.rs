//! Where a consumer's group is coordinated: asked for when it is needed, forgotten when that broker is lost or says that it is
//! not the one, asked for again.
//!
//! Invariant: a classic consumer has a connection to its present coordinator at most: with the coordinator its connection goes.
//! (One that broke without a word would else wait to be used again, and a JoinGroup on it for `max.poll.interval.ms` and 5 s.)
//!
//! Source: Kafka's `AbstractCoordinator.lookupCoordinator`, `markCoordinatorUnknown`, `CoordinatorRequestManager`. Called by: the
//! end of every turn, and whoever hears of the coordinator.

use super::Consumer;
use super::answers::Asked;
use crate::client::backoff::Reason;
use crate::client::connection::{Call, Due, GroupDue};
use crate::client::membership::{Coordinator, GroupAsked};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{BrokerId, ProcessId};
use crate::protocol::{FindCoordinatorRequest, FindCoordinatorResponse, Request};
use crate::time::Duration;

impl Consumer {
    /// Asks any broker for the coordinator, unless it is known, asked for, or was asked for a moment ago.
    pub(super) fn find_coordinator(&mut self, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        if group.coordinator != Coordinator::Unknown || self.timers.due(&Due::Group(GroupDue::Find)).is_some() {
            return;
        }
        group.coordinator = Coordinator::Asking;
        let request = FindCoordinatorRequest { groups: vec![group.id.clone()] };
        let broker = self.metadata.somebody(&self.connections, cx);
        self.connections.send(broker, request.into(), Asked::FindCoordinator, &mut self.timers, cx);
    }

    /// Takes in who it is.
    pub(super) fn apply_coordinator(&mut self, response: &FindCoordinatorResponse, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        let found = response.coordinators.iter().find(|(id, _)| *id == group.id).map(|(_, found)| *found);
        match found.unwrap_or(Err(ErrorCode::UnknownServerError)) {
            Ok(broker) => {
                group.coordinator = Coordinator::Known(broker);
                group.failures = 0;
                self.give_new_coordinator_time(cx);
            }
            Err(code) if code.is_retriable() || code == ErrorCode::UnknownServerError => self.coordinator_not_found(cx),
            Err(code) => {
                group.coordinator = Coordinator::Unknown;
                self.fail_membership(code, cx);
            }
        }
    }

    /// Nobody could tell: the question is asked again after a while.
    pub(super) fn coordinator_not_found(&mut self, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        group.coordinator = Coordinator::Unknown;
        group.failures = group.failures.saturating_add(1);
        let wait = self.backoff.after(group.failures, Reason::FindCoordinator, cx);
        self.timers.set(Due::Group(GroupDue::Find), cx.mono().plus(wait), cx.trail());
    }

    /// A broker is not the coordinator (any more). A classic consumer closes its connection there, and what is unanswered on it is
    /// lost; one of the consumer protocol goes on waiting for it, since it may yet be answered.
    pub(super) fn forget_coordinator(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        let is_classic = self.classic().is_some();
        if self.lose_sight_of_coordinator(broker, cx) && is_classic {
            self.give_up_coordinator(broker, cx);
        }
    }

    /// Nobody knows the coordinator any more, if it was this broker.
    fn lose_sight_of_coordinator(&mut self, broker: BrokerId, cx: &mut Context<'_>) -> bool {
        let Some(group) = self.group.as_mut().filter(|group| group.coordinator == Coordinator::Known(broker)) else { return false };
        group.coordinator = Coordinator::Unknown;
        let wait = self.backoff.after(1, Reason::FindCoordinator, cx);
        self.timers.set(Due::Group(GroupDue::Find), cx.mono().plus(wait), cx.trail());
        true
    }

    /// The connection to a coordinator is gone: what was unanswered on it is lost.
    pub(super) fn handle_lost_coordinator(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        let lost = group.connections.lost(broker, &mut self.timers, cx);
        self.lose_sight_of_coordinator(broker, cx);
        for asked in lost {
            match asked {
                GroupAsked::Join | GroupAsked::Sync(_) | GroupAsked::Heartbeat(..) => self.handle_lost_classic(&asked, cx),
                GroupAsked::ConsumerHeartbeat => self.handle_lost_heartbeat(cx),
                GroupAsked::Leave => self.handle_left(cx),
                GroupAsked::OffsetFetch(numbers) => self.offsets_not_fetched(&numbers, cx),
                GroupAsked::Commit(number) => self.refuse_commit(number, ErrorCode::NetworkException, cx),
            }
        }
    }

    /// The coordinator has been silent for too long: its connection is closed.
    pub(super) fn give_up_coordinator(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        cx.close(ProcessId::Broker(broker), Purpose::Coordinator);
        self.handle_lost_coordinator(broker, cx);
    }

    /// Sends something to the coordinator, if it can be reached.
    #[track_caller]
    pub(super) fn tell_coordinator(
        &mut self,
        request: Request,
        asked: GroupAsked,
        timeout: Duration,
        cx: &mut Context<'_>,
    ) -> bool {
        let Some(group) = &mut self.group else { return false };
        let Some(broker) = group.reachable() else { return false };
        let call = Call { to: broker, within: timeout, what: asked };
        group.connections.send_within(call, request, &mut self.timers, cx);
        true
    }
}
