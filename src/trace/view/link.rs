//! The network in the picture: for each direction between two processes, what is on its way, how long the last message took,
//! and what keeps messages from arriving.
//!
//! Invariant: a message is on its way from its sending until it arrived or was dropped, and counted once however often it is
//! told of.
//!
//! Called by: the fold of [`super::View`], the network table of the screen.

use std::sync::Arc;

use crate::event::{DropReason, Event, NetworkFact};
use crate::ids::{ProcessId, Step};
use crate::time::Instant;

/// One direction between two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// Who sends.
    pub from: ProcessId,
    /// Who receives.
    pub to: ProcessId,
    /// How many cuts hold it at once.
    pub cuts: u32,
    /// How many messages are on their way.
    pub in_flight: u32,
    /// How long the last message that arrived was on its way, in µs.
    pub latency_us: Option<u64>,
    /// How many messages the network swallowed so far.
    pub lost: u32,
    /// What became of the last message.
    pub last: LastMessage,
}

/// What became of a link's last message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastMessage {
    /// Nothing remarkable.
    #[default]
    Fine,
    /// It was swallowed on the way (not by a cut, and not for want of a receiver).
    Lost,
    /// It takes or took longer than usual.
    Delayed,
}

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flight {
    sent: Step,
    at: Instant,
    from: ProcessId,
    to: ProcessId,
    copies: u8,
}

/// All links that carried a message or were cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Links {
    /// By sender, then receiver.
    links: Arc<Vec<LinkView>>,
    /// In the order of sending.
    flights: Arc<Vec<Flight>>,
}

impl Links {
    /// One direction; `None` when nothing ever happened on it.
    pub(super) fn get(&self, from: ProcessId, to: ProcessId) -> Option<&LinkView> {
        let place = self.links.binary_search_by_key(&(from, to), |link| (link.from, link.to)).ok()?;
        self.links.get(place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LinkView> {
        self.links.iter()
    }

    fn link_mut(&mut self, from: ProcessId, to: ProcessId) -> &mut LinkView {
        let links = Arc::make_mut(&mut self.links);
        let place = match links.binary_search_by_key(&(from, to), |link| (link.from, link.to)) {
            Ok(place) => place,
            Err(place) => {
                let (latency_us, last) = (None, LastMessage::Fine);
                links.insert(place, LinkView { from, to, cuts: 0, in_flight: 0, latency_us, lost: 0, last });
                place
            }
        };
        links.get_mut(place).expect("it was found or put there")
    }

    pub(super) fn cut(&mut self, from: ProcessId, to: ProcessId) {
        let link = self.link_mut(from, to);
        link.cuts = link.cuts.saturating_add(1);
    }

    pub(super) fn heal(&mut self, from: ProcessId, to: ProcessId) {
        let link = self.link_mut(from, to);
        link.cuts = link.cuts.saturating_sub(1);
    }

    pub(super) fn apply(&mut self, event: &Event, fact: &NetworkFact) {
        match fact {
            NetworkFact::MessageSent { to, .. } => {
                let (from, to) = (event.process, *to);
                Arc::make_mut(&mut self.flights).push(Flight { sent: event.step, at: event.at, from, to, copies: 1 });
                let link = self.link_mut(from, to);
                link.in_flight = link.in_flight.saturating_add(1);
            }
            NetworkFact::MessageDelivered { sent, .. } => {
                let Some(flight) = self.land(*sent) else { return };
                let link = self.link_mut(flight.from, flight.to);
                link.latency_us = Some(event.at.since(flight.at).0);
                if link.last == LastMessage::Lost {
                    link.last = LastMessage::Fine;
                }
            }
            NetworkFact::MessageDropped { sent, why, .. } => {
                let Some(flight) = self.land(*sent) else { return };
                let link = self.link_mut(flight.from, flight.to);
                match why {
                    DropReason::Loss | DropReason::Silenced => {
                        (link.lost, link.last) = (link.lost.saturating_add(1), LastMessage::Lost);
                    }
                    DropReason::Cut => link.lost = link.lost.saturating_add(1),
                    DropReason::DeadPeer | DropReason::Closed | DropReason::SenderDied => {}
                }
            }
            NetworkFact::MessageDuplicated { sent, .. } => {
                let Some(flight) = self.flight_mut(*sent) else { return };
                flight.copies = flight.copies.saturating_add(1);
                let (from, to) = (flight.from, flight.to);
                let link = self.link_mut(from, to);
                link.in_flight = link.in_flight.saturating_add(1);
            }
            NetworkFact::MessageDelayed { sent, fault, .. } => {
                let Some((from, to)) = self.flight_mut(*sent).map(|flight| (flight.from, flight.to)) else { return };
                self.link_mut(from, to).last = if fault.is_some() { LastMessage::Delayed } else { LastMessage::Fine };
            }
            NetworkFact::ConnectionOpened { .. } | NetworkFact::ConnectionClosed { .. } => {}
        }
    }

    fn flight_mut(&mut self, sent: Step) -> Option<&mut Flight> {
        let place = self.flights.binary_search_by_key(&sent, |flight| flight.sent).ok()?;
        Arc::make_mut(&mut self.flights).get_mut(place)
    }

    /// One copy of a message is not on its way any more.
    fn land(&mut self, sent: Step) -> Option<Flight> {
        let place = self.flights.binary_search_by_key(&sent, |flight| flight.sent).ok()?;
        let flights = Arc::make_mut(&mut self.flights);
        let flight = flights.get_mut(place)?;
        flight.copies = flight.copies.saturating_sub(1);
        let landed = *flight;
        if landed.copies == 0 {
            flights.remove(place);
        }
        let link = self.link_mut(landed.from, landed.to);
        link.in_flight = link.in_flight.saturating_sub(1);
        Some(landed)
    }
}
