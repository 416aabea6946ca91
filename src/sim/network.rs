//! Connections: who talks to whom, on what, and what became of it. `carry` moves the messages.
//!
//! A connection belongs to one life of its client and one life of its server, and has a number. Within each of its two
//! directions messages arrive in the order sent, or not at all: the first that is lost silences the direction for all
//! behind it, until the client gives the connection up and opens another.
//!
//! Invariant: a client has at most one open connection per server and purpose. Numbers are never used again.

use super::process::Place;
use super::weather::Weather;
use crate::event::{ConnectionNumber, FaultIndex, Purpose};
use crate::ids::{CorrelationId, Incarnation, Step};
use crate::protocol::{Request, Response};
use crate::time::Instant;

/// A message in flight.
#[derive(Clone, Debug)]
pub struct Flight {
    /// The step at which it was sent: its name.
    pub sent: Step,
    /// The request it serves.
    pub origin: Step,
    /// The sender.
    pub from: Place,
    /// The receiver.
    pub to: Place,
    /// The connection it travels on.
    pub connection: ConnectionNumber,
    /// What that is for.
    pub purpose: Purpose,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Body {
    /// A request, from the client to the server.
    Request(CorrelationId, Request),
    /// A response, from the server to the client.
    Response(CorrelationId, Response),
    /// The server's machine tells that nobody listens to this connection (any more).
    Reset,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    /// Its number.
    pub number: ConnectionNumber,
    /// Who opened it.
    pub client: Place,
    /// Whom it leads to.
    pub server: Place,
    /// Which life of the server it leads to; another one does not know it.
    pub server_life: Incarnation,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether the client still listens to it.
    pub is_open: bool,
    /// The server's death was not told on it, and will not be.
    pub is_mute: bool,
    /// How many messages are on their way, either way.
    pub in_flight: u32,
    /// From the client to the server.
    pub requests: Direction,
    /// From the server to the client.
    pub responses: Direction,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Direction {
    /// When the last message arrives; the next comes later.
    pub last_arrival: Instant,
    /// What is sent from here on is lost.
    pub sender_silenced: Option<Silence>,
    /// What arrives from here on is lost.
    pub receiver_silenced: Option<Silence>,
}

/// A direction of a connection on which nothing comes through any more, and the fault that did it (none: a pinned loss).
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence(pub Option<FaultIndex>);

/// All connections of a world, and the weather they are in.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// In the order of their numbers.
    connections: Vec<Connection>,
    /// Per client: where its requests go.
    routes: Vec<Vec<(Place, Purpose, ConnectionNumber)>>,
    opened: u32,
    launched: u64,
    /// What faults do to links at present.
    pub weather: Weather,
}

impl Network {
    /// A network of so many processes, without a connection.
    pub(super) fn new(processes: usize) -> Self {
        let routes = vec![Vec::new(); processes];
        Self { connections: Vec::new(), routes, opened: 0, launched: 0, weather: Weather::default() }
    }

    /// There are so many processes from here on.
    pub(super) fn grow(&mut self, processes: usize) {
        self.routes.resize(processes, Vec::new());
    }

    /// The connection that a client has open to a server.
    pub(super) fn route(&self, client: Place, server: Place, purpose: Purpose) -> Option<ConnectionNumber> {
        let routes = self.routes.get(client.index())?;
        routes.iter().find(|(to, what, _)| *to == server && *what == purpose).map(|(_, _, number)| *number)
    }

    /// Opens a connection that the client's requests take from here on.
    pub(super) fn open(&mut self, client: Place, server: Place, server_life: Incarnation, purpose: Purpose) -> ConnectionNumber {
        let number = self.add(client, server, server_life, purpose, true);
        if let Some(routes) = self.routes.get_mut(client.index()) {
            routes.push((server, purpose, number));
        }
        number
    }

    /// A connection for the second copy of a request: nobody listens to its answers.
    pub(super) fn open_for_copy(&mut self, original: ConnectionNumber) -> Option<ConnectionNumber> {
        let Connection { client, server, server_life, purpose, .. } = *self.get(original)?;
        Some(self.add(client, server, server_life, purpose, false))
    }

    /// The client gives a connection up. False when it had done so before.
    pub(super) fn close(&mut self, number: ConnectionNumber) -> bool {
        let Some(connection) = self.get_mut(number).filter(|connection| connection.is_open) else { return false };
        connection.is_open = false;
        let client = connection.client;
        if let Some(routes) = self.routes.get_mut(client.index()) {
            routes.retain(|(_, _, other)| *other != number);
        }
        self.prune(number);
        true
    }

    /// A client is dead: it listens to nothing any more.
    pub(super) fn forget_client(&mut self, client: Place) {
        let numbers = self.routes.get_mut(client.index()).map(std::mem::take).unwrap_or_default();
        for (_, _, number) in numbers {
            if let Some(connection) = self.get_mut(number) {
                connection.is_open = false;
            }
            self.prune(number);
        }
    }

    /// The open connections to a server.
    pub(super) fn connections_to(&self, server: Place) -> Vec<ConnectionNumber> {
        let to_it = self.connections.iter().filter(|connection| connection.server == server && connection.is_open);
        to_it.map(|connection| connection.number).collect()
    }

    /// A connection that something may still arrive on.
    pub(super) fn get(&self, number: ConnectionNumber) -> Option<&Connection> {
        self.place(number).and_then(|place| self.connections.get(place))
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, number: ConnectionNumber) -> Option<&mut Connection> {
        self.place(number).and_then(|place| self.connections.get_mut(place))
    }

    /// A message on a connection has arrived, or will not.
    pub(super) fn landed(&mut self, number: ConnectionNumber) {
        if let Some(connection) = self.get_mut(number) {
            connection.in_flight -= 1;
        }
        self.prune(number);
    }

    /// Numbers what is launched, for the order of the queue.
    pub(super) fn next_launch(&mut self) -> u64 {
        self.launched += 1;
        self.launched
    }

    fn add(&mut self, client: Place, server: Place, server_life: Incarnation, purpose: Purpose, is_open: bool) -> ConnectionNumber {
        self.opened += 1;
        let number = ConnectionNumber(self.opened);
        self.connections.push(Connection {
            number,
            client,
            server,
            server_life,
            purpose,
            is_open,
            is_mute: false,
            in_flight: 0,
            requests: Direction::default(),
            responses: Direction::default(),
        });
        number
    }

    /// Forgets a connection on which nothing can happen any more.
    fn prune(&mut self, number: ConnectionNumber) {
        let Some(place) = self.place(number) else { return };
        if self.connections.get(place).is_some_and(|connection| !connection.is_open && connection.in_flight == 0) {
            self.connections.remove(place);
        }
    }

    fn place(&self, number: ConnectionNumber) -> Option<usize> {
        self.connections.binary_search_by_key(&number, |connection| connection.number).ok()
    }
}
