//! Proposals for the ISR on their way to the controller: gathered, one request in flight, sent again until answered.
//!
//! Invariant: a proposal is sent as long as its partition waits for the answer, and not a moment longer; of one partition
//! at most one waits here.
//!
//! Source: KIP-497, KIP-903; Kafka's `DefaultAlterPartitionManager`. Called by: `fetch` (expansion), `upkeep` (shrinking),
//! [`Broker`].

use std::collections::BTreeMap;

use super::Broker;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{CorrelationId, ProcessId, TopicPartition};
use crate::protocol::{AlterPartitionRequest, AlterPartitionResponse, Response};
use crate::replica::Proposal;
use crate::time::{Duration, Instant, Trail};

/// How long to wait after a request that came to nothing. A constant in Kafka too.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// What is proposed and not answered.
#[derive(Clone, Debug, Default)]
pub struct AlterPartitions {
    unsent: BTreeMap<TopicPartition, Proposal>,
    in_flight: Option<InFlight>,
    retry: Option<(Instant, Trail)>,
}

#[derive(Clone, Debug)]
struct InFlight {
    to: ProcessId,
    correlation: CorrelationId,
    proposals: Vec<Proposal>,
    deadline: Instant,
    trail: Trail,
}

impl AlterPartitions {
    /// When to try again, or to give up waiting.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let give_up = self.in_flight.as_ref().map(|sent| sent.deadline);
        give_up.or(self.retry.map(|(at, _)| at))
    }

    /// What was in flight is unanswered: its fate is unknown and it must be sent again.
    fn take_back(&mut self) {
        for proposal in self.in_flight.take().map(|sent| sent.proposals).unwrap_or_default() {
            self.unsent.entry(proposal.partition).or_insert(proposal);
        }
    }
}

impl Broker {
    /// Sends a proposal as soon as may be.
    pub(super) fn submit_proposal(&mut self, proposal: Proposal, cx: &mut Context<'_>) {
        self.alter_partitions.unsent.insert(proposal.partition, proposal);
        if self.alter_partitions.retry.is_none() {
            self.send_proposals(cx);
        }
    }

    pub(super) fn handle_alter_partition_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        if let Some(sent) = self.alter_partitions.in_flight.as_ref().filter(|sent| sent.deadline <= now) {
            let (to, trail) = (sent.to, sent.trail);
            cx.resume(trail);
            cx.close(to, Purpose::ToController);
            self.handle_controller_disconnect(cx);
        }
        if let Some((_, trail)) = self.alter_partitions.retry.filter(|(at, _)| *at <= now) {
            cx.resume(trail);
            self.alter_partitions.retry = None;
            self.send_proposals(cx);
        }
    }

    /// The answers of the connection to the controller: to proposals and to forwarded requests.
    pub(super) fn handle_controller_response(&mut self, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        match response {
            Response::AlterPartition(answer) => {
                let is_ours = self.alter_partitions.in_flight.as_ref().is_some_and(|sent| sent.correlation == correlation);
                if is_ours {
                    self.handle_alter_partition_answer(&answer, cx);
                }
            }
            answer if self.is_answer_about_topics(correlation) => drop(answer),
            forwarded => self.handle_forwarded_answer(correlation, forwarded, cx),
        }
    }

    pub(super) fn handle_controller_disconnect(&mut self, cx: &mut Context<'_>) {
        if self.alter_partitions.in_flight.is_some() {
            self.alter_partitions.take_back();
            self.retry_proposals_later(cx);
        }
        self.forget_wishes_for_topics();
        self.handle_forwarding_disconnect(cx);
    }

    fn handle_alter_partition_answer(&mut self, answer: &AlterPartitionResponse, cx: &mut Context<'_>) {
        if answer.error.is_some() {
            self.alter_partitions.take_back();
            self.retry_proposals_later(cx);
            return;
        }
        let sent = self.alter_partitions.in_flight.take().expect("the answer is to what is in flight");
        for proposal in sent.proposals {
            let told = answer.partitions.iter().find(|told| told.partition == proposal.partition);
            match told {
                Some(told) => self.settle_proposal(proposal, told.result, cx),
                None => {
                    self.alter_partitions.unsent.entry(proposal.partition).or_insert(proposal);
                }
            }
        }
        self.send_proposals(cx);
    }

    fn settle_proposal(
        &mut self,
        proposal: Proposal,
        result: Result<crate::protocol::AlteredState, ErrorCode>,
        cx: &mut Context<'_>,
    ) {
        let partition = proposal.partition;
        let Some(replica) = self.partitions.get_mut(partition) else { return };
        let answered = replica.handle_proposal_answer(&proposal, result, &self.members, cx);
        if answered.retry {
            self.alter_partitions.unsent.entry(partition).or_insert(proposal);
        }
        if let Some(moved) = answered.high_watermark {
            self.release_committed(partition, moved, cx);
        }
    }

    /// Sends all that waits, unless a request is in flight. What its partition does not wait for any more is dropped.
    fn send_proposals(&mut self, cx: &mut Context<'_>) {
        if self.alter_partitions.in_flight.is_some() {
            return;
        }
        let partitions = &self.partitions;
        self.alter_partitions
            .unsent
            .retain(|partition, proposal| partitions.get(*partition).is_some_and(|replica| replica.is_in_flight(proposal)));
        if self.alter_partitions.unsent.is_empty() {
            return;
        }
        let (Some(to), Some(broker_epoch)) = (self.metadata.leader(), self.lifecycle.epoch()) else {
            self.retry_proposals_later(cx);
            return;
        };
        let proposals: Vec<_> = std::mem::take(&mut self.alter_partitions.unsent).into_values().collect();
        let items = proposals.iter().map(Proposal::item).collect();
        let request = AlterPartitionRequest { broker: self.setup.me, broker_epoch, partitions: items };
        let correlation = self.forwarding.next_correlation();
        cx.request(to, Purpose::ToController, correlation, request.into());
        let deadline = cx.mono().plus(self.setup.config.controller_socket_timeout);
        self.alter_partitions.in_flight = Some(InFlight { to, correlation, proposals, deadline, trail: cx.trail() });
    }

    fn retry_proposals_later(&mut self, cx: &Context<'_>) {
        self.alter_partitions.retry = Some((cx.mono().plus(RETRY_AFTER), cx.trail()));
    }
}
