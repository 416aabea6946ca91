//! Requests that only the controller can serve, passed on to it.
//!
//! A request whose fate is unknown is sent again until its time is over; so TOPIC_ALREADY_EXISTS may be the answer to a
//! request that succeeded. One that names no time has `controller.socket.timeout.ms`.
//!
//! Invariant: every request is answered once: by the controller's answer, or with REQUEST_TIMED_OUT.
//!
//! Source: KIP-590; Kafka's `ForwardingManager`. Called by: the router, [`Broker`].

use super::Broker;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{CorrelationId, ProcessId};
use crate::protocol::{Request, Response};
use crate::time::{Instant, Trail};

/// What was passed on and not answered, in the order it came.
#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    correlation: u32,
    open: Vec<Forwarded>,
    retry: Option<(Instant, Trail)>,
}

#[derive(Clone, Debug)]
struct Forwarded {
    reply_to: ReplyTo,
    request: Request,
    deadline: Instant,
    trail: Trail,
    /// To whom it went, and as which request of the connection.
    sent: Option<(ProcessId, CorrelationId)>,
}

impl Forwarding {
    /// When to try again, or to give up.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let retry = self.retry.map(|(at, _)| at);
        self.open.iter().map(|item| item.deadline).chain(retry).min()
    }

    /// Numbers the requests on the connection to the controller.
    pub(super) fn next_correlation(&mut self) -> CorrelationId {
        self.correlation += 1;
        CorrelationId(self.correlation)
    }
}

impl Broker {
    /// Passes a request on, and its answer back.
    pub(super) fn forward(&mut self, reply_to: ReplyTo, request: Request, cx: &mut Context<'_>) {
        let patience = request.timeout().unwrap_or(self.setup.config.controller_socket_timeout);
        let deadline = cx.mono().plus(patience);
        self.forwarding.open.push(Forwarded { reply_to, request, deadline, trail: cx.trail(), sent: None });
        self.send_forwarded(cx);
    }

    pub(super) fn handle_forwarded_answer(&mut self, correlation: CorrelationId, answer: Response, cx: &mut Context<'_>) {
        let is_answered = |item: &Forwarded| item.sent.is_some_and(|(_, sent)| sent == correlation);
        let Some(place) = self.forwarding.open.iter().position(is_answered) else { return };
        if answer.facts().error == Some(ErrorCode::NotController) {
            self.handle_forwarding_disconnect(cx);
            return;
        }
        let item = self.forwarding.open.remove(place);
        cx.reply(item.reply_to, answer);
    }

    pub(super) fn handle_forwarding_disconnect(&mut self, cx: &Context<'_>) {
        for item in &mut self.forwarding.open {
            item.sent = None;
        }
        if !self.forwarding.open.is_empty() {
            self.retry_forwarding_later(cx);
        }
    }

    pub(super) fn handle_forwarding_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        while let Some(place) = self.forwarding.open.iter().position(|item| item.deadline <= now) {
            let item = self.forwarding.open.remove(place);
            cx.resume(item.trail);
            cx.reply(item.reply_to, item.request.refused(ErrorCode::RequestTimedOut));
        }
        if let Some((_, trail)) = self.forwarding.retry.filter(|(at, _)| *at <= now) {
            cx.resume(trail);
            self.forwarding.retry = None;
            self.send_forwarded(cx);
        }
    }

    fn send_forwarded(&mut self, cx: &mut Context<'_>) {
        let Some(to) = self.metadata.leader() else {
            self.retry_forwarding_later(cx);
            return;
        };
        let Forwarding { correlation, open, .. } = &mut self.forwarding;
        for item in open.iter_mut().filter(|item| item.sent.is_none()) {
            *correlation += 1;
            item.sent = Some((to, CorrelationId(*correlation)));
            cx.request(to, Purpose::ToController, CorrelationId(*correlation), item.request.clone());
        }
    }

    fn retry_forwarding_later(&mut self, cx: &Context<'_>) {
        self.forwarding.retry = Some((cx.mono().plus(self.setup.config.quorum_retry_backoff), cx.trail()));
    }
}
