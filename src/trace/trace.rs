//! A kept run: its events, and for each the line of source that told it.
//!
//! Invariant: `events[k].step` is `k`.
//!
//! Called by: `watch`, `explain`, `check`, `diff`, `export`, the verdict of a loss.

use std::fmt;
use std::sync::Arc;

use super::names::Names;
use crate::event::{Event, Fact, RunFacts, WorldFact};
use crate::ids::Step;
use crate::time::Instant;

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as the compiler was given it.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A kept run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Everything that happened, in order.
    pub events: Vec<Event>,
    /// The distinct lines of source that told it.
    pub sources: Vec<Source>,
    /// For every event its place in `sources`.
    pub source_of: Vec<u16>,
    /// The hash after every 1,000 events.
    pub checkpoints: Vec<u64>,
    /// The hash of all events.
    pub hash: u64,
    /// The version of the program that recorded it.
    pub written_by: String,
}

impl Trace {
    /// The event at a step.
    #[must_use]
    pub fn event(&self, step: Step) -> Option<&Event> {
        event_at(&self.events, step)
    }

    /// The line of source that told of a step.
    #[must_use]
    pub fn source(&self, step: Step) -> Option<&Source> {
        let place = *self.source_of.get(usize::try_from(step.0).ok()?)?;
        self.sources.get(usize::from(place))
    }

    /// What is needed to make the run again.
    #[must_use]
    pub fn run(&self) -> Option<&Arc<RunFacts>> {
        match &self.events.first()?.fact {
            Fact::World(WorldFact::RunStarted { run }) => Some(run),
            _ => None,
        }
    }

    /// The names of its processes and topics.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::of(&self.events)
    }

    /// Whether it was recorded to its end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.events.last().map(|event| &event.fact), Some(Fact::World(WorldFact::RunEnded { .. })))
    }

    /// The last step; `None` when nothing was kept.
    #[must_use]
    pub fn last(&self) -> Option<Step> {
        self.events.last().map(|event| event.step)
    }

    /// The last step at or before a time; the first step when all are later.
    #[must_use]
    pub fn step_at(&self, time: Instant) -> Step {
        let later = self.events.partition_point(|event| event.at <= time);
        self.events.get(later.saturating_sub(1)).map_or(Step(0), |event| event.step)
    }
}

/// The event at a step of a dense list of events.
#[must_use]
pub fn event_at(events: &[Event], step: Step) -> Option<&Event> {
    events.get(usize::try_from(step.0).ok()?)
}
