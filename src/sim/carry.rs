//! How messages travel: from a sender's outbox, through the weather, to the receiver's turn.
//!
//! A message may be lost when it leaves (cut, loss, a direction silenced before) and when it arrives (cut, a direction
//! silenced meanwhile, a dead receiver). Every message that was sent is told of once more: delivered or dropped.
//! A message has one number on its link, counted by its latency; loss, delay and copy of that message have the same.

use std::sync::Arc;

use super::network::{Body, Direction, Flight, Silence};
use super::process::{Place, Waiting};
use super::scenario::MessageSpec;
use super::world::{Turn, World};
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::{Effect, Input, Message, Outgoing, Payload, ReplyTo};
use crate::event::{CloseReason, ConnectionNumber, CrashKind, DropReason, FaultIndex, NetworkFact, Purpose};
use crate::ids::{ProcessId, Step};
use crate::time::{Duration, Trail};

/// What a reset is about, for its luck; no API has this number.
const RESET: u64 = 1_000;
/// Added to the subject of a message for its second copy.
const COPY: u64 = 1 << 32;

impl Body {
    /// What luck about this message is about.
    fn subject(&self, from: ProcessId, to: ProcessId) -> Subject {
        match self {
            Self::Request(_, request) => Subject::message(from, to, request.api() as u8, false),
            Self::Response(_, response) => Subject::message(from, to, response.api() as u8, true),
            Self::Reset => Subject::link(from, to, RESET),
        }
    }

    fn is_request(&self) -> bool {
        matches!(self, Self::Request(..))
    }

    /// Which kind of message it is; a reset is none.
    fn kind(&self) -> Option<MessageSpec> {
        match self {
            Self::Request(_, request) => Some(MessageSpec { api: request.api(), is_response: false }),
            Self::Response(_, response) => Some(MessageSpec { api: response.api(), is_response: true }),
            Self::Reset => None,
        }
    }
}

impl World {
    /// Lets the effects of a turn out into the world.
    pub(super) fn depart(&mut self, from: Place, effects: &mut Vec<Effect>) {
        for effect in effects.drain(..) {
            match effect {
                Effect::Send(outgoing) => self.send(from, outgoing),
                Effect::Close { server, purpose } => self.close(from, server, purpose),
                Effect::Halt { .. } | Effect::Exit => {}
            }
        }
    }

    /// A message that will never leave, since its sender is dead.
    pub(super) fn never_sent(&mut self, from: Place, effect: &Effect) {
        if let Effect::Send(outgoing) = effect {
            let fact =
                NetworkFact::MessageDropped { sent: outgoing.sent, to: outgoing.to, why: DropReason::SenderDied, fault: None };
            self.tell(self.id(from), Trail { cause: outgoing.sent, origin: outgoing.origin }, fact);
        }
    }

    fn send(&mut self, from: Place, outgoing: Outgoing) {
        let Outgoing { sent, origin, to: receiver, payload } = outgoing;
        let to = self.place_of(receiver);
        match payload {
            Payload::Request { purpose, correlation, request } => {
                let connection = match self.network.route(from, to, purpose) {
                    Some(connection) => connection,
                    None => {
                        let connection = self.network.open(from, to, self.slot(to).incarnation, purpose);
                        let fact = NetworkFact::ConnectionOpened { server: receiver, purpose, connection };
                        self.tell(self.id(from), Trail { cause: sent, origin }, fact);
                        connection
                    }
                };
                self.launch(Flight { sent, origin, from, to, connection, purpose, body: Body::Request(correlation, request) });
            }
            Payload::Response { reply_to: ReplyTo { connection, purpose, correlation, .. }, response } => {
                let flight = Flight { sent, origin, from, to, connection, purpose, body: Body::Response(correlation, response) };
                if self.network.get(connection).is_some_and(|connection| connection.is_open) {
                    self.launch(flight);
                } else {
                    self.drop_message(&flight, DropReason::Closed, None);
                }
            }
        }
    }

    fn close(&mut self, client: Place, server: ProcessId, purpose: Purpose) {
        let Some(connection) = self.network.route(client, self.place_of(server), purpose) else { return };
        if self.network.close(connection) {
            let fact = NetworkFact::ConnectionClosed { server, purpose, connection, why: CloseReason::ByClient };
            self.tell(self.id(client), Trail::NONE, fact);
        }
    }

    /// Tells the clients of a dead process that it is dead, as far as luck wants them to know.
    pub(super) fn reset_connections(&mut self, server: Place, kind: CrashKind) {
        if kind != CrashKind::Process {
            return; // A machine without power says nothing.
        }
        for number in self.network.connections_to(server) {
            let Some(client) = self.network.get(number).map(|connection| connection.client) else { continue };
            let subject = Subject::link(self.id(server), self.id(client), 0);
            if self.choices.choose(ChoiceKind::Reset, subject, Odds::Range { low: 0, high: 1, quiet: 1 }) == 1 {
                self.reset(number);
            } else if let Some(connection) = self.network.get_mut(number) {
                connection.is_mute = true;
            }
        }
    }

    /// A server's machine refuses a connection that nobody there knows.
    fn reset(&mut self, number: ConnectionNumber) {
        let Some(connection) = self.network.get(number) else { return };
        if !connection.is_open || connection.is_mute {
            return;
        }
        let (from, to, purpose) = (connection.server, connection.client, connection.purpose);
        self.launch(Flight { sent: Step::NONE, origin: Step::NONE, from, to, connection: number, purpose, body: Body::Reset });
    }

    /// Sends a message on its way, unless it is lost at once.
    fn launch(&mut self, flight: Flight) {
        let subject = flight.body.subject(self.id(flight.from), self.id(flight.to));
        let law = self.setup.latency(flight.from, flight.to);
        let (latency, nth) = self.choices.choose_counted(ChoiceKind::Latency, subject, law);
        if let Some(Silence(fault)) = self.direction(&flight).and_then(|direction| direction.sender_silenced) {
            return self.drop_message(&flight, DropReason::Silenced, fault);
        }
        if let Some(fault) = self.network.weather.cut(flight.from, flight.to) {
            self.silence_sender(&flight, Some(fault));
            return self.drop_message(&flight, DropReason::Cut, Some(fault));
        }
        let outlook = self.network.weather.outlook(flight.from, flight.to, flight.body.kind());
        let loss = Odds::Chance { ppm: outlook.loss.map_or(0, |(_, ppm)| ppm) };
        if self.choices.choose_nth(ChoiceKind::Loss, subject, nth, loss) == 1 {
            let fault = outlook.loss.map(|(fault, _)| fault);
            self.silence_sender(&flight, fault);
            return self.drop_message(&flight, DropReason::Loss, fault);
        }
        let pinned = self.choices.pinned(ChoiceKind::Delay, subject, nth).map(|us| (None, Duration(us)));
        let delay = pinned.or(outlook.delay.map(|(fault, by)| (Some(fault), by)));
        if let Some((fault, by)) = delay {
            self.delay(&flight, fault, by);
        }
        let travel = Duration(latency).plus(delay.map_or(Duration::ZERO, |(_, by)| by));
        let repeat = Odds::Chance { ppm: outlook.duplicate.map_or(0, |(_, ppm)| ppm) };
        let is_repeated = flight.body.is_request() && self.choices.choose_nth(ChoiceKind::Duplicate, subject, nth, repeat) == 1;
        if is_repeated {
            let later = self.choices.choose_nth(ChoiceKind::Latency, subject.about(subject.what + COPY), nth, law);
            self.repeat(&flight, travel.plus(Duration(later)), outlook.duplicate.map(|(fault, _)| fault));
        }
        self.fly(flight, travel);
    }

    fn fly(&mut self, flight: Flight, travel: Duration) {
        let earliest = self.now.plus(travel);
        let Some(connection) = self.network.get_mut(flight.connection) else { return };
        connection.in_flight += 1;
        let direction = if flight.body.is_request() { &mut connection.requests } else { &mut connection.responses };
        let arrival = earliest.max(direction.last_arrival.plus(Duration(1)));
        direction.last_arrival = arrival;
        let sequence = self.network.next_launch();
        self.queue.push_message(arrival, sequence, Arc::new(flight));
    }

    fn delay(&mut self, flight: &Flight, fault: Option<FaultIndex>, by: Duration) {
        if flight.sent.some().is_some() {
            let fact = NetworkFact::MessageDelayed { sent: flight.sent, by_us: by.0, fault };
            self.tell(self.id(flight.from), Trail { cause: flight.sent, origin: flight.origin }, fact);
        }
        self.prove(fault, |effect| effect.delayed += 1);
    }

    fn repeat(&mut self, flight: &Flight, travel: Duration, fault: Option<FaultIndex>) {
        let Some(connection) = self.network.open_for_copy(flight.connection) else { return };
        let fact = NetworkFact::MessageDuplicated { sent: flight.sent, to: self.id(flight.to), connection };
        self.tell(self.id(flight.from), Trail { cause: flight.sent, origin: flight.origin }, fact);
        self.prove(fault, |effect| effect.duplicated += 1);
        self.fly(Flight { connection, ..flight.clone() }, travel);
    }

    /// A message arrives at its receiver's machine. Returns the turn it begins, if it begins one at once.
    pub(super) fn arrive(&mut self, flight: Arc<Flight>) -> Option<Turn> {
        let direction = self.direction(&flight).copied().unwrap_or_default();
        let connection = self.network.get(flight.connection).copied();
        self.network.landed(flight.connection);
        if let Some(Silence(fault)) = direction.receiver_silenced {
            self.drop_message(&flight, DropReason::Silenced, fault);
            return None;
        }
        if let Some(fault) = self.network.weather.cut(flight.from, flight.to) {
            self.silence_receiver(&flight, fault);
            self.drop_message(&flight, DropReason::Cut, Some(fault));
            return None;
        }
        let receiver = self.slot(flight.to);
        let connection = connection?;
        if flight.body.is_request() {
            if !receiver.is_up || receiver.incarnation != connection.server_life {
                let is_machine_on = receiver.is_up || receiver.died_of == CrashKind::Process;
                self.drop_message(&flight, DropReason::DeadPeer, None);
                if is_machine_on {
                    self.reset(flight.connection);
                }
                return None;
            }
        } else if !connection.is_open {
            let why = if receiver.is_up { DropReason::Closed } else { DropReason::DeadPeer };
            self.drop_message(&flight, why, None);
            return None;
        }
        let to = flight.to;
        self.offer(to, Waiting::Arrived(flight))
    }

    /// A process takes a message that has arrived. Returns its input and what that follows from, or nothing when the
    /// message came too late.
    pub(super) fn take(&mut self, flight: Arc<Flight>) -> Option<(Input, Trail)> {
        let receiver = self.id(flight.to);
        let from = self.id(flight.from);
        if !flight.body.is_request() && !self.network.get(flight.connection).is_some_and(|connection| connection.is_open) {
            self.drop_message(&flight, DropReason::Closed, None);
            return None;
        }
        let Flight { sent, origin, connection, purpose, .. } = *flight;
        if matches!(flight.body, Body::Reset) {
            self.network.close(connection);
            let fact = NetworkFact::ConnectionClosed { server: from, purpose, connection, why: CloseReason::Reset };
            let closed = self.tell(receiver, Trail::NONE, fact);
            let input = Input::Message(Message::Disconnected { from, purpose });
            return Some((input, Trail { cause: closed, origin: Step::NONE }));
        }
        let fact = NetworkFact::MessageDelivered { sent, from, connection };
        let cause = self.tell(receiver, Trail { cause: sent, origin }, fact);
        let message = match Arc::unwrap_or_clone(flight).body {
            Body::Request(correlation, request) => {
                let reply_to = ReplyTo { client: from, connection, purpose, correlation, origin: sent };
                Message::Request { from, reply_to, request }
            }
            Body::Response(correlation, response) => Message::Response { from, purpose, correlation, response },
            Body::Reset => Message::Disconnected { from, purpose },
        };
        Some((Input::Message(message), Trail { cause, origin }))
    }

    /// Tells that a message will never arrive. (A reset is no message: it is lost without a word.)
    pub(super) fn drop_message(&mut self, flight: &Flight, why: DropReason, fault: Option<FaultIndex>) {
        if flight.sent.some().is_some() {
            let fact = NetworkFact::MessageDropped { sent: flight.sent, to: self.id(flight.to), why, fault };
            self.tell(self.id(flight.from), Trail { cause: flight.sent, origin: flight.origin }, fact);
        }
        self.prove(fault, |effect| effect.dropped += 1);
    }

    fn direction(&self, flight: &Flight) -> Option<&Direction> {
        let connection = self.network.get(flight.connection)?;
        Some(if flight.body.is_request() { &connection.requests } else { &connection.responses })
    }

    fn silence_sender(&mut self, flight: &Flight, fault: Option<FaultIndex>) {
        if let Some(connection) = self.network.get_mut(flight.connection) {
            let direction = if flight.body.is_request() { &mut connection.requests } else { &mut connection.responses };
            direction.sender_silenced = Some(Silence(fault));
        }
    }

    fn silence_receiver(&mut self, flight: &Flight, fault: FaultIndex) {
        if let Some(connection) = self.network.get_mut(flight.connection) {
            let direction = if flight.body.is_request() { &mut connection.requests } else { &mut connection.responses };
            direction.sender_silenced = Some(Silence(Some(fault)));
            direction.receiver_silenced = Some(Silence(Some(fault)));
        }
    }
}
