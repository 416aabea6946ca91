//! The story of an event: what happens here, why, and what comes next.
//!
//! *What* is told from the event and the picture before and after it; *why* is the chain of causes in the trace and is never
//! written by hand, so it cannot go stale; *next* is the next beat of the run.
//!
//! Called by: the screen, `explain`.

mod group;
mod quorum;
mod storage;
mod what;

use super::cause;
use super::course::Course;
use super::find;
use super::line::{self, Told};
use super::names::Names;
use super::trace::event_at;
use crate::event::{Event, Fact, NetworkFact};
use crate::ids::{ProcessId, Step};
use crate::time::Duration;

/// What, why and next of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// What happens, in a sentence or three.
    pub what: String,
    /// The causes, the nearest first. An arrival is told by its sending.
    pub why: Vec<Link>,
    /// The next beat.
    pub next: Option<Link>,
}

/// Another event, seen from the one being told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its step.
    pub step: Step,
    /// How far away in time.
    pub apart: Duration,
    /// To whom it happened.
    pub process: ProcessId,
    /// What it was, in words: `b2 fetch orders-0 at 7 to b1`.
    pub words: String,
}

/// How many causes are told; `explain` walks them all.
const CAUSES: usize = 4;

/// Tells the event at a step. Empty when there is no such step.
#[must_use]
pub fn story(events: &[Event], names: &Names, course: &Course, step: Step) -> Story {
    let Some(event) = event_at(events, step) else { return Story::default() };
    let before = step.0.checked_sub(1).map(|earlier| course.view_at(events, Step(earlier))).unwrap_or_default();
    let mut after = before.clone();
    after.apply(event);
    let link = |other: Step| {
        let other = event_at(events, other)?;
        let apart = if other.step < step { event.at.since(other.at) } else { other.at.since(event.at) };
        let Told { words, .. } = line::told(other, names, events);
        let words = if other.process == ProcessId::World { words } else { format!("{} {words}", names.process(other.process)) };
        Some(Link { step: other.step, apart, process: other.process, words })
    };
    let is_arrival = |step: &Step| {
        matches!(event_at(events, *step).map(|event| &event.fact), Some(Fact::Network(NetworkFact::MessageDelivered { .. })))
    };
    let causes = cause::why(events, step).into_iter().skip(1).filter(|step| !is_arrival(step));
    Story {
        what: what::sentences(event, names, events, &before, &after),
        why: causes.take(CAUSES).filter_map(link).collect(),
        next: find::next(events, step, line::is_beat).and_then(link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ClientFact, LogFact, WorldFact};
    use crate::trace::testing;

    fn told(wanted: impl Fn(&Event) -> bool) -> Story {
        let events = testing::lost_acknowledgement();
        let step = events.iter().rfind(|event| wanted(event)).expect("the tale has it").step;
        story(&events, &Names::of(&events), &Course::of(&events), step)
    }

    #[test]
    fn the_crash_of_the_leader_names_what_only_it_held() {
        let story = told(|event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })));
        assert!(story.what.contains("It led orders-0"), "{}", story.what);
        assert!(story.what.contains("Record 4 (E) was acknowledged to p1 and is on no other replica"), "{}", story.what);
        assert!(story.why.first().is_some_and(|cause| cause.words.contains("crash leader(orders-0)")), "{:?}", story.why);
        assert!(story.next.is_some());
    }

    #[test]
    fn a_truncation_names_the_records_it_removes_and_the_broken_promise() {
        let story = told(|event| matches!(event.fact, Fact::Log(LogFact::LogTruncated { .. })));
        assert!(story.what.contains("record 4 (E)"), "{}", story.what);
        assert!(story.what.contains("last copy"), "{}", story.what);
    }

    #[test]
    fn an_acknowledgement_counts_its_copies() {
        let story = told(|event| matches!(&event.fact, Fact::Client(ClientFact::SendAcknowledged { send, .. }) if send.0 == 5));
        assert!(story.what.contains("on b1 only"), "{}", story.what);
        let words: Vec<&str> = story.why.iter().map(|cause| cause.words.as_str()).collect();
        assert!(words.iter().any(|words| words.starts_with("p1 send 5")), "{words:?}");
    }

    #[test]
    fn the_winner_of_the_quorum_tells_who_does_not_know_yet() {
        let events = testing::quorum();
        let won = events.iter().rfind(|event| matches!(event.fact, Fact::Raft(crate::event::RaftFact::QuorumLeaderElected { .. })));
        let told = story(&events, &Names::of(&events), &Course::of(&events), won.expect("k2 wins").step).what;
        assert!(told.starts_with("k2 has the votes of a majority and leads the metadata quorum in e2."), "{told}");
        assert!(told.contains("k1 does not know"), "{told}");
    }

    fn tells_all(events: &[Event]) {
        let (names, course) = (Names::of(events), Course::of(events));
        for event in events {
            let story = story(events, &names, &course, event.step);
            assert!(story.what.ends_with(['.', '»']), "{}", story.what);
        }
    }

    #[test]
    fn a_revocation_tells_what_the_next_owner_reads_again() {
        let events = testing::groups();
        let lost = events.iter().rfind(|event| matches!(event.fact, Fact::Client(ClientFact::PartitionsLost { .. })));
        let told = story(&events, &Names::of(&events), &Course::of(&events), lost.expect("c2 loses").step).what;
        assert!(told.contains("of orders-1 it has read to 8, but only 6 is committed"), "{told}");
    }

    #[test]
    fn every_event_of_the_tales_can_be_told() {
        let events = testing::quorum();
        let (names, course) = (Names::of(&events), Course::of(&events));
        for event in &events {
            let story = story(&events, &names, &course, event.step);
            assert!(story.what.ends_with(['.', '»']), "{}", story.what);
            assert!(!story.what.contains("  ") && !story.what.contains(".."), "{}", story.what);
        }
        for events in [testing::lost_acknowledgement(), testing::groups()] {
            tells_all(&events);
        }
        let events = testing::lost_acknowledgement();
        let (names, course) = (Names::of(&events), Course::of(&events));
        assert_eq!(story(&events, &names, &course, Step::NONE), Story::default());
    }
}
