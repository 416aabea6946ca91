//! The recorder: takes every event as it happens, keeps a rolling hash of all, and the events themselves when asked.
//!
//! Invariant: the hash is xxh64 over the canonical bytes of all events in order. It depends on no source line, no text for
//! people and no build, so two runs are the same run exactly when their hashes are equal.
//!
//! Called by: every host, for every event; its cost is part of every run.

use std::collections::BTreeMap;
use std::panic::Location;

use xxhash_rust::xxh64::Xxh64;

use super::trace::{Source, Trace};
use crate::event::Event;

/// After how many events the hash is written down, so that two runs can be compared without their events.
pub const CHECKPOINT_EVENTS: u64 = 1_000;

/// Canonical bytes are hashed in runs of about this many.
const HASHED_AT_ONCE: usize = 4_096;

/// Hashes the events of a run, and keeps them when asked.
#[derive(Clone)]
pub struct Recorder {
    hasher: Xxh64,
    pending: Vec<u8>,
    count: u64,
    checkpoints: Vec<u64>,
    kept: Option<Kept>,
}

#[derive(Clone, Default)]
struct Kept {
    events: Vec<Event>,
    lines: Vec<&'static Location<'static>>,
}

impl Recorder {
    /// A recorder of a run that has not begun; `keep` says whether the events are kept.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        Self {
            hasher: Xxh64::new(0),
            pending: Vec::with_capacity(2 * HASHED_AT_ONCE),
            count: 0,
            checkpoints: Vec::new(),
            kept: keep.then(Kept::default),
        }
    }

    /// Takes the next event and the line of source that emitted it.
    pub fn observe(&mut self, event: &Event, line: &'static Location<'static>) {
        assert_eq!(u64::from(event.step.0), self.count, "the steps of a trace are dense, from 0");
        event.put(&mut self.pending);
        self.count += 1;
        if self.pending.len() >= HASHED_AT_ONCE {
            self.hash_pending();
        }
        if self.count.is_multiple_of(CHECKPOINT_EVENTS) {
            self.hash_pending();
            self.checkpoints.push(self.hasher.digest());
        }
        if let Some(kept) = &mut self.kept {
            kept.events.push(event.clone());
            kept.lines.push(line);
        }
    }

    /// The hash of all events so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.pending);
        hasher.digest()
    }

    /// The hashes after every [`CHECKPOINT_EVENTS`] events.
    #[must_use]
    pub fn checkpoints(&self) -> &[u64] {
        &self.checkpoints
    }

    /// How many events there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The events so far; none when they are not kept.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.kept.as_ref().map_or(&[], |kept| &kept.events)
    }

    /// What was recorded, as a trace; without events when they were not kept.
    #[must_use]
    pub fn into_trace(self) -> Trace {
        let hash = self.hash();
        let kept = self.kept.unwrap_or_default();
        let (sources, source_of) = table_of(&kept.lines);
        Trace {
            events: kept.events,
            sources,
            source_of,
            checkpoints: self.checkpoints,
            hash,
            written_by: super::PROGRAM.to_owned(),
        }
    }

    fn hash_pending(&mut self) {
        self.hasher.update(&self.pending);
        self.pending.clear();
    }
}

/// The distinct source lines, in the order they first spoke, and for every event its place among them.
///
/// One line may have several `Location` values in a program, so the table goes by file and line; addresses only save
/// comparing the file's name a million times.
fn table_of(lines: &[&'static Location<'static>]) -> (Vec<Source>, Vec<u16>) {
    let mut sources: Vec<Source> = Vec::new();
    let mut by_address: BTreeMap<usize, u16> = BTreeMap::new();
    let mut source_of = Vec::with_capacity(lines.len());
    for line in lines {
        let place = *by_address.entry(std::ptr::from_ref(*line).addr()).or_insert_with(|| {
            let known = sources.iter().position(|source| source.line == line.line() && source.file == line.file());
            let place = known.unwrap_or_else(|| {
                sources.push(Source { file: line.file().to_owned(), line: line.line() });
                sources.len() - 1
            });
            u16::try_from(place).unwrap_or(u16::MAX)
        });
        source_of.push(place);
    }
    (sources, source_of)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::trace::testing;

    #[test]
    fn the_hash_is_that_of_the_canonical_bytes_in_order() {
        let events = testing::lost_acknowledgement();
        let mut recorder = Recorder::new(false);
        let mut bytes = Vec::new();
        for event in &events {
            recorder.observe(event, Location::caller());
            event.put(&mut bytes);
            assert_eq!(recorder.hash(), xxhash_rust::xxh64::xxh64(&bytes, 0));
        }
        assert!(recorder.events().is_empty(), "events are kept only when asked");
    }

    #[test]
    fn checkpoints_stand_after_every_thousand_events() {
        let events = testing::long_run(2_500);
        let (mut whole, mut part) = (Recorder::new(false), Recorder::new(false));
        for (place, event) in events.iter().enumerate() {
            whole.observe(event, Location::caller());
            if place < 2_000 {
                part.observe(event, Location::caller());
            }
        }
        assert_eq!(whole.checkpoints().len(), 2);
        assert_eq!(whole.checkpoints().last(), Some(&part.hash()));
    }

    #[test]
    fn a_kept_event_knows_its_line_of_source() {
        let events = testing::lost_acknowledgement();
        let mut recorder = Recorder::new(true);
        for event in &events {
            recorder.observe(event, Location::caller());
        }
        let trace = recorder.into_trace();
        assert_eq!(trace.events, events);
        assert_eq!(trace.sources.len(), 1, "one line emitted them all");
        let source = trace.source(events[3].step).expect("every kept event has its line");
        assert!(source.file.ends_with("recorder.rs"), "{source}");
    }
}
