//! How a broker joins and stays: it registers, catches up with the metadata, takes its roles, is unfenced, and tells the
//! controller at intervals that it lives.
//!
//! ```text
//!   Starting ──registered──► CatchingUp ──caught up: takes its roles──► Recovered ──unfenced──► Running
//!      └─ DUPLICATE_BROKER_REGISTRATION: again, until the session of its former life has ended
//!   Running ──asked to shut down──► Leaving ──the controller has moved its leaders, or too late──► the process ends in order
//!   Starting, CatchingUp, Recovered ──asked to shut down──► the process ends in order
//! ```
//!
//! Invariant: one registration a life; it leads and follows nothing before it has caught up with the metadata up to that
//! registration; at most one request is in flight.
//!
//! Source: KIP-631, KIP-966; Kafka's `BrokerLifecycleManager`, `NodeToControllerChannelManager`. Called by: [`Broker`].

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

/// For how many heartbeat intervals a broker waits to be let go. Kafka waits 5 minutes, whatever its interval, which is 2 s
/// by default.
const LEAVING_INTERVALS: u64 = 150;

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
    /// It has asked to shut down, and goes on leading until the controller lets it go.
    Leaving,
}

/// A broker's standing with the controller.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stage: Stage,
    epoch: Option<BrokerEpoch>,
    /// The number that its former life had when it ended in order.
    previous_epoch: Option<BrokerEpoch>,
    /// When it stops waiting to be let go.
    leaves_by: Option<(Instant, Trail)>,
    /// The last heartbeat said that it wants to leave.
    said_so: bool,
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
        matches!(self.stage, Stage::Recovered | Stage::Running | Stage::Leaving)
    }

    /// When it wants to send, or to give up waiting.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let next = match self.next {
            Next::Nothing | Next::SeekController => None,
            Next::Send(at, _) => Some(at),
            Next::Await { until, .. } => Some(until),
        };
        next.into_iter().chain(self.leaves_by.map(|(at, _)| at)).min()
    }
}

impl Broker {
    pub(super) fn begin_lifecycle(&mut self, cx: &mut Context<'_>) {
        self.lifecycle.previous_epoch = self.logs.previous_epoch();
        self.send_lifecycle(cx);
    }

    /// The operator wants this broker to end. One that runs asks the controller to move its leaders away first.
    pub(super) fn begin_shutdown(&mut self, cx: &mut Context<'_>) {
        match self.lifecycle.stage {
            Stage::Starting | Stage::CatchingUp | Stage::Recovered => self.end_in_order(cx),
            Stage::Leaving => {}
            Stage::Running => {
                self.lifecycle.stage = Stage::Leaving;
                let patience = Duration(self.setup.config.broker_heartbeat_interval.0.saturating_mul(LEAVING_INTERVALS));
                self.lifecycle.leaves_by = Some((cx.mono().plus(patience), cx.trail()));
                let is_waiting = matches!(self.lifecycle.next, Next::Await { .. });
                if !is_waiting {
                    self.send_lifecycle(cx);
                }
            }
        }
    }

    /// Goes on if it waited to know who the controller is.
    pub(super) fn seek_controller(&mut self, cx: &mut Context<'_>) {
        if let Next::SeekController = self.lifecycle.next {
            self.send_lifecycle(cx);
        }
    }

    pub(super) fn handle_lifecycle_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        if let Some((_, trail)) = self.lifecycle.leaves_by.take_if(|(at, _)| *at <= now) {
            cx.resume(trail);
            self.end_in_order(cx);
            return;
        }
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
            Stage::Leaving if answer.should_shut_down => {
                self.lifecycle.leaves_by = None;
                self.end_in_order(cx);
            }
            Stage::Leaving if !self.lifecycle.said_so => self.send_lifecycle(cx),
            Stage::Leaving => self.send_lifecycle_after(interval, cx),
            Stage::Starting => panic!("a heartbeat is sent by a registered broker only"),
        }
    }

    fn send_lifecycle(&mut self, cx: &mut Context<'_>) {
        let Some(server) = self.metadata.leader() else {
            self.lifecycle.next = Next::SeekController;
            return;
        };
        self.lifecycle.correlation += 1;
        self.lifecycle.said_so = self.lifecycle.stage == Stage::Leaving;
        let correlation = CorrelationId(self.lifecycle.correlation);
        cx.request(server, Purpose::Heartbeat, correlation, self.lifecycle_request(cx));
        let config = &self.setup.config;
        let patience = config.controller_socket_timeout.min(Duration(config.broker_session_timeout.0 / 2));
        self.lifecycle.next = Next::Await { server, correlation, until: cx.mono().plus(patience), trail: cx.trail() };
    }

    fn lifecycle_request(&self, cx: &Context<'_>) -> Request {
        let broker = self.setup.me;
        match self.lifecycle.epoch {
            None => BrokerRegistrationRequest {
                broker,
                incarnation: cx.incarnation(),
                previous_broker_epoch: self.lifecycle.previous_epoch,
                rack: self.setup.config.broker_rack.clone(),
            }
            .into(),
            Some(epoch) => BrokerHeartbeatRequest {
                broker,
                epoch,
                current_metadata_offset: self.metadata.end(),
                want_fence: !self.lifecycle.is_caught_up(),
                want_shut_down: self.lifecycle.stage == Stage::Leaving,
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
