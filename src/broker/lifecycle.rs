//! How a broker joins and stays: it registers, catches up with the metadata, takes its roles, is unfenced, and tells the
//! controller at intervals that it lives.
//!
//! ```text
//!   Starting ──registered──► CatchingUp ──caught up: takes its roles──► Recovered ──unfenced──► Running
//!      └─ DUPLICATE_BROKER_REGISTRATION: again, until the session of its former life has ended
//! ```
//!
//! Invariant: one registration a life; it leads and follows nothing before it has caught up with the metadata up to that
//! registration; at most one request is in flight.
//!
//! Source: KIP-631; Kafka's `BrokerLifecycleManager`, `NodeToControllerChannelManager`. Called by: [`Broker`].

use super::Broker;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{BrokerEpoch, CorrelationId, ProcessId};
use crate::protocol::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, Request, Response};
use crate::time::{Duration, Instant, Trail};

/// How soon a broker that is still catching up asks again. A constant in Kafka too.
const CATCH_UP_INTERVAL: Duration = Duration::from_millis(10);

/// Where a broker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Not registered.
    #[default]
    Starting,
    /// Registered; its image does not reach its own registration.
    CatchingUp,
    /// It has taken its roles and asks to be unfenced.
    Recovered,
    /// It has been unfenced in this life.
    Running,
}

/// A broker's standing with the controller.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stage: Stage,
    epoch: Option<BrokerEpoch>,
    failures: u32,
    correlation: u32,
    next: Next,
}

#[derive(Clone, Copy, Debug, Default)]
enum Next {
    /// Before the first turn.
    #[default]
    Nothing,
    /// It sends at this time.
    Send(Instant, Trail),
    /// It does not know the controller yet.
    SeekController,
    /// It waits for this answer until then.
    Await { server: ProcessId, correlation: CorrelationId, until: Instant, trail: Trail },
}

impl Lifecycle {
    /// The number of its registration.
    #[must_use]
    pub fn epoch(&self) -> Option<BrokerEpoch> {
        self.epoch
    }

    /// Whether it has taken its roles.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        matches!(self.stage, Stage::Recovered | Stage::Running)
    }

    /// When it wants to send, or to give up waiting.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        match self.next {
            Next::Nothing | Next::SeekController => None,
            Next::Send(at, _) => Some(at),
            Next::Await { until, .. } => Some(until),
        }
    }
}

impl Broker {
    pub(super) fn begin_lifecycle(&mut self, cx: &mut Context<'_>) {
        self.send_lifecycle(cx);
    }

    /// Goes on if it waited to know who the controller is.
    pub(super) fn seek_controller(&mut self, cx: &mut Context<'_>) {
        if let Next::SeekController = self.lifecycle.next {
            self.send_lifecycle(cx);
        }
    }

    pub(super) fn handle_lifecycle_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        match self.lifecycle.next {
            Next::Send(at, trail) if at <= now => {
                cx.resume(trail);
                self.send_lifecycle(cx);
            }
            Next::Await { server, until, trail, .. } if until <= now => {
                cx.resume(trail);
                cx.close(server, Purpose::Heartbeat);
                self.back_off_lifecycle(cx);
            }
            Next::Nothing | Next::SeekController | Next::Send(..) | Next::Await { .. } => {}
        }
    }

    pub(super) fn handle_lifecycle_disconnect(&mut self, cx: &mut Context<'_>) {
        if let Next::Await { .. } = self.lifecycle.next {
            self.back_off_lifecycle(cx);
        }
    }

    pub(super) fn handle_lifecycle_response(&mut self, correlation: CorrelationId, response: &Response, cx: &mut Context<'_>) {
        let is_awaited = matches!(self.lifecycle.next, Next::Await { correlation: awaited, .. } if awaited == correlation);
        if !is_awaited {
            return;
        }
        match response {
            Response::BrokerRegistration(answer) => self.handle_registration(answer.result, cx),
            Response::BrokerHeartbeat(answer) => self.handle_heartbeat(*answer, cx),
            other => panic!("{:?} is not asked on this connection", other.api()),
        }
    }

    fn handle_registration(&mut self, result: Result<BrokerEpoch, ErrorCode>, cx: &mut Context<'_>) {
        match result {
            Ok(epoch) => {
                self.lifecycle.epoch = Some(epoch);
                self.lifecycle.stage = Stage::CatchingUp;
                self.lifecycle.failures = 0;
                self.send_lifecycle(cx);
            }
            Err(_) => self.back_off_lifecycle(cx),
        }
    }

    fn handle_heartbeat(&mut self, answer: BrokerHeartbeatResponse, cx: &mut Context<'_>) {
        if answer.error.is_some() {
            self.back_off_lifecycle(cx);
            return;
        }
        self.lifecycle.failures = 0;
        let interval = self.setup.config.broker_heartbeat_interval;
        match self.lifecycle.stage {
            Stage::CatchingUp if answer.is_caught_up => {
                self.lifecycle.stage = Stage::Recovered;
                self.take_all_roles(cx);
                self.send_lifecycle(cx);
            }
            Stage::CatchingUp => self.send_lifecycle_after(CATCH_UP_INTERVAL, cx),
            Stage::Recovered if !answer.is_fenced => {
                self.lifecycle.stage = Stage::Running;
                self.send_lifecycle_after(interval, cx);
            }
            Stage::Recovered | Stage::Running => self.send_lifecycle_after(interval, cx),
            Stage::Starting => panic!("a heartbeat is sent by a registered broker only"),
        }
    }

    fn send_lifecycle(&mut self, cx: &mut Context<'_>) {
        let Some(server) = self.observer.leader() else {
            self.lifecycle.next = Next::SeekController;
            return;
        };
        self.lifecycle.correlation += 1;
        let correlation = CorrelationId(self.lifecycle.correlation);
        cx.request(server, Purpose::Heartbeat, correlation, self.lifecycle_request(cx));
        let config = &self.setup.config;
        let patience = config.controller_socket_timeout.min(Duration(config.broker_session_timeout.0 / 2));
        self.lifecycle.next = Next::Await { server, correlation, until: cx.mono().plus(patience), trail: cx.trail() };
    }

    fn lifecycle_request(&self, cx: &Context<'_>) -> Request {
        let broker = self.setup.me;
        match self.lifecycle.epoch {
            None => {
                BrokerRegistrationRequest { broker, incarnation: cx.incarnation(), previous_broker_epoch: None, rack: None }.into()
            }
            Some(epoch) => BrokerHeartbeatRequest {
                broker,
                epoch,
                current_metadata_offset: self.observer.handed_out(),
                want_fence: !self.lifecycle.is_caught_up(),
                want_shut_down: false,
                offline_replicas: self.offline_replicas(),
            }
            .into(),
        }
    }

    /// The controller should hear something before the next heartbeat is due.
    pub(super) fn report_soon(&mut self, cx: &Context<'_>) {
        if let Next::Send(..) = self.lifecycle.next {
            self.send_lifecycle_after(Duration::ZERO, cx);
        }
    }

    fn send_lifecycle_after(&mut self, wait: Duration, cx: &Context<'_>) {
        self.lifecycle.next = Next::Send(cx.mono().plus(wait), cx.trail());
    }

    /// Waits before the next try: twice as long after each failure, up to the session time-out, a fifth more or less by
    /// luck. The first wait is a twentieth of the heartbeat interval: Kafka's constant of 100 ms at its own default.
    fn back_off_lifecycle(&mut self, cx: &mut Context<'_>) {
        let config = &self.setup.config;
        let (first, longest) = (config.broker_heartbeat_interval.0 / 20, config.broker_session_timeout.0);
        let wait = first.saturating_mul(1 << self.lifecycle.failures.min(20)).min(longest).max(1);
        let odds = Odds::Range { low: wait - wait / 5, high: wait + wait / 5, quiet: wait };
        let wait = cx.choose(ChoiceKind::Backoff, Subject::of(cx.process()).about(u64::from(Purpose::Heartbeat as u8)), odds);
        self.lifecycle.failures += 1;
        self.send_lifecycle_after(Duration(wait), cx);
    }
}
