//! What happens next. Two kinds of entries: *alarms*, of which every process has at most one of each [`Alarm`], and
//! *entries*: faults and messages in flight.
//!
//! Key: (time, class, tie, process, source, sequence). Classes: fault, timer, message; so a fault at time t comes before
//! all else of t, whether it was queued at the start or just now. `tie` is a choice, and is drawn only when two entries of
//! one time and class meet; without luck it is 0 and process, source and sequence decide. Faults of one instant draw no
//! tie: they come in the order of the file. Messages of one direction of a connection never meet: each arrives later
//! than the one before.
//!
//! Invariant: the order of two entries depends on their keys alone, never on when they were pushed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::fault::Call;
use super::network::Flight;
use super::process::Place;
use crate::choice::{ChoiceKind, Choices, Odds, Subject};
use crate::ids::ProcessId;
use crate::time::Instant;

/// What happens to one process at a time of its own; each has at most one of a kind pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// Its turn is over: what it sent leaves, and it takes its next input.
    Free,
    /// Its machine's next deadline.
    Wake,
    /// The scenario wants something of it.
    Script,
}

const ALARMS: [Alarm; 3] = [Alarm::Free, Alarm::Wake, Alarm::Script];

/// What is due.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// A fault begins or ends.
    Fault(Call),
    /// An alarm of a process.
    Alarm(Place, Alarm),
    /// A message arrives.
    Message(Arc<Flight>),
}

/// The queue of a world.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    names: Arc<[ProcessId]>,
    faults: BinaryHeap<Reverse<Entry<Call>>>,
    messages: BinaryHeap<Reverse<Entry<Arc<Flight>>>>,
    alarms: Vec<Pending>,
    /// The alarm that comes first and whether another may share its time; `None` when that is to be found out.
    first: Option<First>,
}

/// Sorts before every drawn tie, and says that none was drawn.
const UNDRAWN: u64 = 0;
/// No luck, or luck that drew the least tie: process, source and sequence decide.
const LEAST_TIE: u64 = 1;

#[derive(Clone, Debug)]
struct Entry<T> {
    at: Instant,
    tie: u64,
    process: u32,
    source: u32,
    sequence: u64,
    what: T,
}

impl<T> Entry<T> {
    fn key(&self) -> (Instant, u64, u32, u32, u64) {
        (self.at, self.tie, self.process, self.source, self.sequence)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Instant,
    tie: u64,
}

#[derive(Clone, Copy, Debug)]
struct First {
    at: Instant,
    place: usize,
    is_shared: bool,
}

/// An alarm that is not set.
const NEVER: Instant = Instant(u64::MAX);

impl Queue {
    /// A queue with nothing in it, for these processes.
    pub(super) fn new(names: Arc<[ProcessId]>) -> Self {
        let alarms = vec![Pending { at: NEVER, tie: UNDRAWN }; names.len() * ALARMS.len()];
        Self { names, faults: BinaryHeap::new(), messages: BinaryHeap::new(), alarms, first: None }
    }

    /// More processes have come, behind those that were there.
    pub(super) fn grow(&mut self, names: Arc<[ProcessId]>) {
        self.alarms.resize(names.len() * ALARMS.len(), Pending { at: NEVER, tie: UNDRAWN });
        self.names = names;
    }

    /// Queues the beginning or the end of a fault; `order` is its place among those of one instant.
    pub(super) fn push_fault(&mut self, at: Instant, order: u64, call: Call) {
        self.faults.push(Reverse(Entry { at, tie: UNDRAWN, process: 0, source: 0, sequence: order, what: call }));
    }

    /// Queues a message in flight; `sequence` counts what its sender sent.
    pub(super) fn push_message(&mut self, at: Instant, sequence: u64, flight: Arc<Flight>) {
        let (process, source) = (flight.to.number(), flight.from.number());
        self.messages.push(Reverse(Entry { at, tie: UNDRAWN, process, source, sequence, what: flight }));
    }

    /// Sets or moves an alarm.
    pub(super) fn set(&mut self, process: Place, alarm: Alarm, at: Instant) {
        let place = Self::place(process, alarm);
        if let Some(pending) = self.alarms.get_mut(place) {
            *pending = Pending { at, tie: UNDRAWN };
        }
        self.first = match self.first {
            Some(first) if first.place == place => None,
            Some(first) if at < first.at => Some(First { at, place, is_shared: false }),
            Some(first) if at == first.at => Some(First { is_shared: true, ..first }),
            first => first,
        };
    }

    /// Forgets an alarm.
    pub(super) fn clear(&mut self, process: Place, alarm: Alarm) {
        self.set(process, alarm, NEVER);
    }

    /// Whether an alarm is set.
    pub(super) fn is_set(&self, process: Place, alarm: Alarm) -> bool {
        self.alarms.get(Self::place(process, alarm)).is_some_and(|pending| pending.at != NEVER)
    }

    /// The messages in flight, in no order.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = (Instant, &Flight)> {
        self.messages.iter().map(|Reverse(entry)| (entry.at, &*entry.what))
    }

    /// Takes out what comes next, unless that is later than `end`.
    pub(super) fn pop(&mut self, end: Instant, luck: &mut Choices) -> Option<(Instant, Due)> {
        let timer = self.first_alarm();
        let fault_at = self.faults.peek().map_or(NEVER, |Reverse(entry)| entry.at);
        let message_at = self.messages.peek().map_or(NEVER, |Reverse(entry)| entry.at);
        let at = fault_at.min(timer.at).min(message_at);
        if at > end || at == NEVER {
            return None;
        }
        if fault_at == at {
            return self.faults.pop().map(|Reverse(entry)| (at, Due::Fault(entry.what)));
        }
        if timer.at == at {
            return Some((at, self.pop_alarm(timer, luck)));
        }
        Some((at, Due::Message(self.pop_message(at, luck)?)))
    }

    fn place(process: Place, alarm: Alarm) -> usize {
        process.index() * ALARMS.len() + alarm as usize
    }

    fn first_alarm(&mut self) -> First {
        if let Some(first) = self.first {
            return first;
        }
        let mut first = First { at: NEVER, place: 0, is_shared: false };
        for (place, pending) in self.alarms.iter().enumerate() {
            if pending.at < first.at {
                first = First { at: pending.at, place, is_shared: false };
            } else if pending.at == first.at {
                first.is_shared = true;
            }
        }
        self.first = Some(first);
        first
    }

    fn pop_alarm(&mut self, first: First, luck: &mut Choices) -> Due {
        let place = if first.is_shared { self.draw_alarm(first.at, luck) } else { first.place };
        if let Some(pending) = self.alarms.get_mut(place) {
            *pending = Pending { at: NEVER, tie: UNDRAWN };
        }
        self.first = None;
        let alarm = ALARMS.get(place % ALARMS.len()).copied().expect("a remainder is a place in the list");
        Due::Alarm(Place::new(place / ALARMS.len()), alarm)
    }

    /// Which of the alarms of one instant comes first; each draws its tie the first time it meets another.
    fn draw_alarm(&mut self, at: Instant, luck: &mut Choices) -> usize {
        let mut equal = self.alarms.iter_mut().enumerate().filter(|(_, pending)| pending.at == at).collect::<Vec<_>>();
        if equal.len() > 1 {
            for (place, pending) in equal.iter_mut().filter(|(_, pending)| pending.tie == UNDRAWN) {
                let process = self.names.get(*place / ALARMS.len()).copied().unwrap_or(ProcessId::World);
                pending.tie = draw(Subject::of(process).about(1 + (*place % ALARMS.len()) as u64), luck);
            }
        }
        equal.iter().min_by_key(|(place, pending)| (pending.tie, *place)).map_or(0, |(place, _)| *place)
    }

    fn pop_message(&mut self, at: Instant, luck: &mut Choices) -> Option<Arc<Flight>> {
        let Reverse(first) = self.messages.pop()?;
        let is_alone = self.messages.peek().is_none_or(|Reverse(second)| second.at != at);
        if is_alone {
            return Some(first.what);
        }
        let mut equal = vec![first];
        while self.messages.peek().is_some_and(|Reverse(next)| next.at == at) {
            equal.extend(self.messages.pop().map(|Reverse(next)| next));
        }
        for entry in equal.iter_mut().filter(|entry| entry.tie == UNDRAWN) {
            let name = |place: Place| self.names.get(place.index()).copied().unwrap_or(ProcessId::World);
            entry.tie = draw(Subject::link(name(entry.what.from), name(entry.what.to), 0), luck);
        }
        equal.sort_unstable();
        let mut equal = equal.into_iter();
        let first = equal.next()?;
        self.messages.extend(equal.map(Reverse));
        Some(first.what)
    }
}

fn draw(subject: Subject, luck: &mut Choices) -> u64 {
    LEAST_TIE + luck.choose(ChoiceKind::Tie, subject, Odds::Range { low: 0, high: 0xffff_ffff, quiet: 0 })
}
