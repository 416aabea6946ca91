//! What leaves a turn: events, messages, and the count of effects at which a process may die.
//!
//! Called by: the Context, which fills it; the world, which empties it.

use std::panic::Location;

use crate::event::{Event, Purpose};
use crate::ids::{CorrelationId, ProcessId, Step};
use crate::protocol::{Request, Response};

use super::ReplyTo;

/// What leaves a turn besides events and disk calls.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A message for the network to carry.
    Send(Outgoing),
    /// A client closes its connection to a server.
    Close {
        /// The server.
        server: ProcessId,
        /// Which connection.
        purpose: Purpose,
    },
    /// The process ends itself in order, as it was asked to.
    Exit,
    /// The process ends itself (Kafka's `Exit.halt`).
    Halt {
        /// Why, for people.
        why: String,
    },
}

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The step of its [`NetworkFact::MessageSent`]: its name.
    pub sent: Step,
    /// The step that the receiver's events should name as the request they serve.
    pub origin: Step,
    /// The receiver.
    pub to: ProcessId,
    /// What it says.
    pub payload: Payload,
}

/// A request or a response with its address.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A request on the client's connection for this purpose (opened if there is none).
    Request {
        /// Which connection.
        purpose: Purpose,
        /// Which request.
        correlation: CorrelationId,
        /// What is asked.
        request: Request,
    },
    /// The answer to a request.
    Response {
        /// Which request.
        reply_to: ReplyTo,
        /// The answer.
        response: Response,
    },
}

/// Collects what a turn does, in order.
///
/// Disk calls and sends share one counter of effects. After effect `last_effect` the process lives on until it tries the
/// next one: that is refused, and from then on nothing it does or tells has happened. So whatever happened was told, as
/// far as the machine tells an effect before it tries another.
#[derive(Debug, Default)]
pub struct Outbox {
    /// The events so far, each with the line that emitted it.
    pub events: Vec<(Event, &'static Location<'static>)>,
    /// The effects so far.
    pub effects: Vec<Effect>,
    /// The step of the next event.
    pub next_step: Step,
    /// How many effects there were.
    pub effect_count: u32,
    /// The last effect that still happens, counted from 1; `None` for all.
    pub last_effect: Option<u32>,
    /// Whether the process died: an effect was refused.
    pub is_dead: bool,
}

impl Outbox {
    /// An empty outbox whose first event gets this step.
    #[must_use]
    pub fn starting_at(next_step: Step) -> Self {
        Self { next_step, ..Self::default() }
    }

    /// Counts an effect; false when the process died before it.
    pub(super) fn count_effect(&mut self) -> bool {
        self.is_dead |= self.last_effect.is_some_and(|last| self.effect_count >= last);
        self.effect_count += u32::from(!self.is_dead);
        !self.is_dead
    }
}
