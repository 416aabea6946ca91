//! What a consumer waits for: answers, lost connections and deadlines, and who is told of each.
//!
//! Called by: the consumer's turn.

use super::Consumer;
use crate::client::connection::{ApplicationDue, Due, GroupDue, broker};
use crate::client::fetcher::Wanted;
use crate::client::lookup::LookedUp;
use crate::client::membership::GroupAsked;
use crate::context::{Context, Message};
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{BrokerId, CorrelationId, ProcessId};
use crate::protocol::Response;

/// What a request in flight was for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// Metadata.
    Metadata,
    /// Records of these partitions.
    Fetch(Vec<Wanted>),
    /// Where these partitions begin, or where an epoch ends in them.
    LookUp(Vec<LookedUp>),
    /// Who coordinates the group.
    FindCoordinator,
}

impl Consumer {
    pub(super) fn handle_message(&mut self, message: Message, cx: &mut Context<'_>) {
        match message {
            Message::Response { from, purpose: Purpose::Coordinator, correlation, response } => {
                self.handle_coordinator(broker(from), correlation, &response, cx);
            }
            Message::Response { from, correlation, response, .. } => {
                self.handle_response(broker(from), correlation, &response, cx);
            }
            Message::Disconnected { from, purpose: Purpose::Coordinator } => self.handle_lost_coordinator(broker(from), cx),
            Message::Disconnected { from, .. } => self.handle_lost(broker(from), cx),
            Message::Request { from, .. } => unreachable!("{from} sent a request to a consumer"),
        }
    }

    fn handle_response(&mut self, from: BrokerId, correlation: CorrelationId, response: &Response, cx: &mut Context<'_>) {
        let Some(asked) = self.connections.answered(from, correlation, &mut self.timers, cx) else { return };
        match (asked, response) {
            (Asked::Metadata, Response::Metadata(response)) => {
                self.metadata.apply(from, response, cx);
                self.follow_metadata(cx);
            }
            (Asked::Fetch(wanted), Response::Fetch(response)) => {
                self.fetching = self.fetching.without(from);
                self.apply_fetched(&wanted, response, cx);
            }
            (Asked::LookUp(items), Response::ListOffsets(response)) => {
                for (place, item) in items.iter().enumerate() {
                    self.apply_listed(*item, response.partitions.get(place), cx);
                }
            }
            (Asked::LookUp(items), Response::OffsetForLeaderEpoch(response)) => {
                for (place, item) in items.iter().enumerate() {
                    self.apply_end_offset(*item, response.partitions.get(place), cx);
                }
            }
            (Asked::FindCoordinator, Response::FindCoordinator(response)) => self.apply_coordinator(response, cx),
            (asked, response) => unreachable!("{from} answered {asked:?} with API {}", response.api() as u8),
        }
    }

    fn handle_coordinator(&mut self, from: BrokerId, correlation: CorrelationId, response: &Response, cx: &mut Context<'_>) {
        let Some(group) = &mut self.group else { return };
        let Some(asked) = group.connections.answered(from, correlation, &mut self.timers, cx) else { return };
        match (asked, response) {
            // An application that is busy does not listen to its group's round (Kafka: it is in no poll).
            (asked @ (GroupAsked::Join | GroupAsked::Sync(_)), response) if self.application.is_busy() => {
                self.held_answer = Some((from, asked, Box::new(response.clone())));
            }
            (GroupAsked::Join, Response::JoinGroup(response)) => self.apply_joined(from, response, cx),
            (GroupAsked::Sync(generation), Response::SyncGroup(response)) => self.apply_synced(from, generation, response, cx),
            (GroupAsked::Heartbeat(id, generation), Response::Heartbeat(response)) => {
                self.apply_heartbeat(from, (&id, generation), response.error, cx);
            }
            (GroupAsked::ConsumerHeartbeat, Response::ConsumerGroupHeartbeat(response)) => {
                self.apply_consumer_heartbeat(from, response, cx);
            }
            (GroupAsked::Leave, Response::LeaveGroup(_) | Response::ConsumerGroupHeartbeat(_)) => self.handle_left(cx),
            (GroupAsked::OffsetFetch(numbers), Response::OffsetFetch(response)) => {
                self.apply_fetched_offsets(from, &numbers, response, cx);
            }
            (GroupAsked::Commit(number), Response::OffsetCommit(response)) => self.apply_committed(from, number, response, cx),
            (asked, response) => unreachable!("{from} answered {asked:?} with API {}", response.api() as u8),
        }
    }

    /// The answer that came while the application was busy is heard at its next poll.
    pub(super) fn hear_held_answer(&mut self, cx: &mut Context<'_>) {
        let Some((from, asked, response)) = self.held_answer.take() else { return };
        match (asked, *response) {
            (GroupAsked::Join, Response::JoinGroup(response)) => self.apply_joined(from, &response, cx),
            (GroupAsked::Sync(generation), Response::SyncGroup(response)) => self.apply_synced(from, generation, &response, cx),
            (asked, response) => unreachable!("{asked:?} was answered with API {}", response.api() as u8),
        }
    }

    /// The connection to a broker is gone, or was closed because an answer was overdue.
    fn handle_lost(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        self.metadata.request_update();
        for asked in self.connections.lost(broker, &mut self.timers, cx) {
            match asked {
                Asked::Metadata => self.metadata.lost(cx),
                Asked::Fetch(wanted) => {
                    self.fetching = self.fetching.without(broker);
                    for wanted in wanted {
                        let Some(assigned) = self.assigned.get_mut(&wanted.number) else { continue };
                        assigned.preferred.take_if(|(replica, _)| *replica == broker);
                    }
                }
                Asked::LookUp(items) => {
                    for item in items {
                        let Some(assigned) = self.assigned.get_mut(&item.number) else { continue };
                        assigned.is_asking = false;
                    }
                }
                Asked::FindCoordinator => self.coordinator_not_found(cx),
            }
        }
    }

    pub(super) fn handle_deadlines(&mut self, cx: &mut Context<'_>) {
        while let Some((due, trail)) = self.timers.pop_due(cx.mono()) {
            cx.resume(trail);
            match due {
                Due::Request(broker) => {
                    cx.close(ProcessId::Broker(broker), Purpose::Client);
                    self.handle_lost(broker, cx);
                }
                Due::Reconnect(broker) => self.connections.reconnect(broker),
                Due::Partition(number) => {
                    if let Some(assigned) = self.assigned.get_mut(&number) {
                        assigned.retry_at = None;
                    }
                }
                Due::Group(due) => self.handle_group_deadline(due, cx),
                Due::Application(ApplicationDue::Processed) => self.go_on_processing(cx),
                Due::Application(ApplicationDue::Worked) => self.go_on_working(cx),
                // What is due is looked for at the end of every turn; the others are no deadlines of a consumer's.
                Due::Application(ApplicationDue::AutoCommit) | Due::Metadata | Due::Delivery | Due::Blocked | Due::Retry => {}
            }
        }
    }

    fn handle_group_deadline(&mut self, due: GroupDue, cx: &mut Context<'_>) {
        match due {
            GroupDue::Request(broker) => self.give_up_coordinator(broker, cx),
            GroupDue::Reconnect(broker) => {
                if let Some(group) = &mut self.group {
                    group.connections.reconnect(broker);
                }
            }
            GroupDue::Session => self.handle_silent_session(cx),
            GroupDue::PollInterval => self.handle_poll_overdue(cx),
            GroupDue::Commit => self.commits.wake(),
            GroupDue::CommitTimeout => self.give_up_commits(ErrorCode::RequestTimedOut, cx),
            // What is due is looked for at the end of every turn.
            GroupDue::Find | GroupDue::Rejoin | GroupDue::Heartbeat | GroupDue::OffsetFetch => {}
        }
    }
}
