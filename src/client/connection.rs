//! What a client keeps about its connections: which requests wait for an answer at which broker, until when, and which
//! brokers it leaves alone for a while because they did not answer. Shared by producer, consumer and admin.
//!
//! Invariant: every request sent is answered, or handed back as lost, exactly once. A broker's requests are kept in the
//! order they were sent; the earliest of their deadlines is watched.
//!
//! Source: Kafka's `NetworkClient`, `InFlightRequests` and `ClusterConnectionStates`; KIP-144 (back-off before a reconnect).
//!
//! Kafka differs: the back-off before a reconnect is `retry.backoff.ms` here, not a key of its own.
//!
//! Not modelled: idle connections being closed, API versions, throttling.

use std::collections::VecDeque;

use super::backoff::{Backoff, Reason};
use crate::context::Context;
use crate::event::Purpose;
use crate::ids::{BrokerId, BrokerSet, CorrelationId, ProcessId};
use crate::protocol::Request;
use crate::time::{Duration, Instant, Timers};

/// The deadlines of a client, all in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The first unanswered request of a broker runs out of time.
    Request(BrokerId),
    /// A broker that did not answer may be tried again.
    Reconnect(BrokerId),
    /// Metadata is to be asked for.
    Metadata,
    /// Something about one partition: a producer's linger or retry, a consumer's retry. The number is the client's own.
    Partition(u32),
    /// The oldest batch of a producer has lived as long as it may.
    Delivery,
    /// The oldest send that waits for metadata or memory has waited long enough; an admin's command likewise.
    Blocked,
    /// An admin's command may be tried again.
    Retry,
    /// Something about a consumer's group.
    Group(GroupDue),
    /// Something about a consumer's application.
    Application(ApplicationDue),
}

/// The deadlines of a consumer's membership in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupDue {
    /// The first unanswered request of a coordinator runs out of time.
    Request(BrokerId),
    /// A coordinator that did not answer may be tried again.
    Reconnect(BrokerId),
    /// The coordinator may be looked for again.
    Find,
    /// The member may try to join again.
    Rejoin,
    /// The coordinator is to hear that the member is alive.
    Heartbeat,
    /// Nothing good was heard of the coordinator for a whole session.
    Session,
    /// The application has not polled for `max.poll.interval.ms`.
    PollInterval,
    /// Committed offsets may be asked for again.
    OffsetFetch,
    /// Commits may be sent again.
    Commit,
    /// The oldest commit that is waited for has waited long enough.
    CommitTimeout,
}

/// The deadlines of a consumer's application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ApplicationDue {
    /// It has done with what it is at.
    Processed,
    /// Its worker has done with a record.
    Worked,
    /// It commits by itself at the next poll.
    AutoCommit,
}

/// A request to be sent: to whom, how long it may wait for its answer, what the client wants to remember of it.
pub(super) struct Call<W> {
    /// The broker.
    pub(super) to: BrokerId,
    /// How long it may wait.
    pub(super) within: Duration,
    /// What is to be remembered.
    pub(super) what: W,
}

/// A request without an answer; `what` is what the client wants to remember of it.
#[derive(Clone, Debug)]
struct InFlight<W> {
    correlation: CorrelationId,
    deadline: Instant,
    what: W,
}

/// One broker, as this client has met it.
#[derive(Clone, Debug)]
struct Peer<W> {
    in_flight: VecDeque<InFlight<W>>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl<W> Default for Peer<W> {
    fn default() -> Self {
        Self { in_flight: VecDeque::new(), failures: 0, retry_at: None }
    }
}

impl<W> Peer<W> {
    /// When the first of its unanswered requests runs out of time.
    fn earliest(&self) -> Option<Instant> {
        self.in_flight.iter().map(|request| request.deadline).min()
    }
}

/// All connections of one client for one purpose, by broker.
#[derive(Clone, Debug)]
pub(super) struct Connections<W> {
    peers: Vec<Peer<W>>,
    next_correlation: u32,
    request_timeout: Duration,
    backoff: Backoff,
    purpose: Purpose,
}

impl<W> Connections<W> {
    /// No connection yet.
    pub(super) fn new(request_timeout: Duration, backoff: Backoff) -> Self {
        Self { peers: Vec::new(), next_correlation: 0, request_timeout, backoff, purpose: Purpose::Client }
    }

    /// The same, for connections to a group's coordinator.
    pub(super) fn to_coordinators(request_timeout: Duration, backoff: Backoff) -> Self {
        Self { purpose: Purpose::Coordinator, ..Self::new(request_timeout, backoff) }
    }

    /// The same, for the producer of a consumer's application.
    pub(super) fn for_writing(self) -> Self {
        Self { purpose: Purpose::Producer, ..self }
    }

    /// What they are for.
    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn request_due(&self, broker: BrokerId) -> Due {
        if self.purpose == Purpose::Coordinator { Due::Group(GroupDue::Request(broker)) } else { Due::Request(broker) }
    }

    fn reconnect_due(&self, broker: BrokerId) -> Due {
        if self.purpose == Purpose::Coordinator { Due::Group(GroupDue::Reconnect(broker)) } else { Due::Reconnect(broker) }
    }

    fn reconnect_reason(&self, broker: BrokerId) -> Reason {
        if self.purpose == Purpose::Coordinator { Reason::Coordinator(broker) } else { Reason::Reconnect(broker) }
    }

    /// Sends a request that is to be answered within `request.timeout.ms`.
    #[track_caller]
    pub(super) fn send(&mut self, to: BrokerId, request: Request, what: W, timers: &mut Timers<Due>, cx: &mut Context<'_>) {
        let call = Call { to, within: self.request_timeout, what };
        self.send_within(call, request, timers, cx);
    }

    /// Sends a request that may wait this long for its answer.
    #[track_caller]
    pub(super) fn send_within(&mut self, call: Call<W>, request: Request, timers: &mut Timers<Due>, cx: &mut Context<'_>) {
        let Call { to, within, what } = call;
        let correlation = self.send_unanswered(to, request, cx);
        let deadline = cx.mono().plus(within);
        let due = self.request_due(to);
        let peer = self.peer(to);
        if peer.earliest().is_none_or(|earliest| deadline < earliest) {
            timers.set(due, deadline, cx.trail());
        }
        peer.in_flight.push_back(InFlight { correlation, deadline, what });
    }

    /// Sends a request to which no answer comes (acks=0).
    #[track_caller]
    pub(super) fn send_unanswered(&mut self, to: BrokerId, request: Request, cx: &mut Context<'_>) -> CorrelationId {
        let correlation = CorrelationId(self.next_correlation);
        self.next_correlation = self.next_correlation.wrapping_add(1);
        cx.request(ProcessId::Broker(to), self.purpose, correlation, request);
        correlation
    }

    /// Takes out the request that an answer belongs to; `None` when it was given up before.
    pub(super) fn answered(
        &mut self,
        from: BrokerId,
        correlation: CorrelationId,
        timers: &mut Timers<Due>,
        cx: &Context<'_>,
    ) -> Option<W> {
        let (request_due, reconnect_due) = (self.request_due(from), self.reconnect_due(from));
        let peer = self.peer(from);
        let place = peer.in_flight.iter().position(|request| request.correlation == correlation)?;
        let request = peer.in_flight.remove(place)?;
        peer.failures = 0;
        peer.retry_at = None;
        timers.cancel(reconnect_due);
        match peer.earliest() {
            None => timers.cancel(request_due),
            Some(earliest) if earliest > request.deadline || place == 0 => timers.set(request_due, earliest, cx.trail()),
            Some(_) => {}
        }
        Some(request.what)
    }

    /// The connection to a broker is gone, or is given up here because a request ran out of time: hands back all that was
    /// unanswered on it, oldest first, and leaves the broker alone for a while.
    pub(super) fn lost(&mut self, broker: BrokerId, timers: &mut Timers<Due>, cx: &mut Context<'_>) -> Vec<W> {
        let (backoff, now, reason) = (self.backoff, cx.mono(), self.reconnect_reason(broker));
        let (request_due, reconnect_due) = (self.request_due(broker), self.reconnect_due(broker));
        let peer = self.peer(broker);
        peer.failures = peer.failures.saturating_add(1);
        let retry_at = now.plus(backoff.after(peer.failures, reason, cx));
        peer.retry_at = Some(retry_at);
        let lost = peer.in_flight.drain(..).map(|request| request.what).collect();
        timers.cancel(request_due);
        timers.set(reconnect_due, retry_at, cx.trail());
        lost
    }

    /// The back-off of a broker is over.
    pub(super) fn reconnect(&mut self, broker: BrokerId) {
        self.peer(broker).retry_at = None;
    }

    /// Whether this client is willing to talk to the broker now.
    pub(super) fn is_available(&self, broker: BrokerId) -> bool {
        self.peers.get(usize::from(broker.0)).is_none_or(|peer| peer.retry_at.is_none())
    }

    /// How many requests wait for the broker's answer.
    pub(super) fn in_flight(&self, broker: BrokerId) -> usize {
        self.peers.get(usize::from(broker.0)).map_or(0, |peer| peer.in_flight.len())
    }

    /// Of the brokers this client is willing to talk to, those that failed least often of late and, among these, have the
    /// fewest unanswered requests.
    pub(super) fn least_loaded(&self, among: BrokerSet) -> Vec<BrokerId> {
        let available = || among.iter().filter(|broker| self.is_available(*broker));
        let load = |broker: BrokerId| (self.failures(broker), self.in_flight(broker));
        let least = available().map(load).min();
        available().filter(|broker| Some(load(*broker)) == least).collect()
    }

    fn failures(&self, broker: BrokerId) -> u32 {
        self.peers.get(usize::from(broker.0)).map_or(0, |peer| peer.failures)
    }

    fn peer(&mut self, broker: BrokerId) -> &mut Peer<W> {
        let place = usize::from(broker.0);
        if place >= self.peers.len() {
            self.peers.resize_with(place + 1, Peer::default);
        }
        self.peers.get_mut(place).expect("the table was just made long enough")
    }
}

/// The broker a message came from.
///
/// # Panics
/// When it came from no broker: clients open connections to nobody else.
pub(super) fn broker(process: ProcessId) -> BrokerId {
    match process {
        ProcessId::Broker(broker) => broker,
        ProcessId::World | ProcessId::Controller(_) | ProcessId::Client(_) => unreachable!("clients talk to brokers only"),
    }
}
