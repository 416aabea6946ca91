//! A run that is over, prepared for looking at: events, names, pictures, beats, what to mark on the timeline.
//!
//! Invariant: nothing in it changes while it is looked at.
//!
//! Called by: [`super::model::Model`], once per run.

use std::collections::BTreeMap;

use tribunal::event::{ControllerFact, Event, Fact, FaultFact, GroupFact, LogFact, WorldFact};
use tribunal::ids::{BrokerId, Offset, ProcessId, Step, TopicPartition};
use tribunal::time::Instant;
use tribunal::trace::course::Course;
use tribunal::trace::find::{self, Kind};
use tribunal::trace::view::GroupView;
use tribunal::trace::{Names, Trace, View};

use crate::panes::lanes::readers;
use crate::panes::put::width;

/// A partition that the scenario will make, for the time before it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its name, such as `orders-0`.
    pub name: String,
    /// Its replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name.
    pub name: String,
    /// Its status in words, such as `violated`.
    pub status: String,
    /// Whether the claim does not hold.
    pub is_violation: bool,
    /// The step at which it was found.
    pub step: Option<Step>,
    /// The record or the offset it is about.
    pub place: Option<(TopicPartition, Offset)>,
    /// What was found.
    pub detail: String,
}

/// A partition to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which; `None` when the run never made it.
    pub id: Option<TopicPartition>,
    /// Its name.
    pub name: String,
    /// Its first replicas.
    pub replicas: Vec<BrokerId>,
    /// How much room whoever reads it takes.
    pub readers: Room,
    /// What all keys of its records begin with, up to a sign that is no letter: `bed-` of `bed-1` and `bed-2`; mostly nothing.
    pub key_prefix: String,
}

/// How many rows readers take when they are the most at once, and how many columns the longest of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: i32,
}

/// What a mark on the timeline says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// A log of the users' let go of records: retention or compaction.
    LetGo,
    /// A group's partitions were shared out anew.
    Rebalance,
    /// Something came back.
    Back,
    /// A clock moved.
    Clock,
    /// A log was cut.
    Cut,
    /// A fault struck.
    Fault,
    /// A leader was elected.
    Elected,
    /// A process died.
    Crash,
    /// A claim was violated.
    Violation,
}

/// A mark on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// When.
    pub at: Instant,
    /// What.
    pub sign: Sign,
}

/// A run to look at.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The run.
    pub trace: Trace,
    /// Its names.
    pub names: Names,
    /// Its picture at any step.
    pub course: Course,
    /// The steps of its beats, in order.
    pub beats: Vec<Step>,
    /// Its partitions, in order.
    pub partitions: Vec<Shown>,
    /// Which of them to look at first: the first that is written to.
    pub first: usize,
    /// Its groups as they are in the end: everybody who was in them and everything they ever owned.
    pub groups: Vec<GroupView>,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// What the timeline shows, in order of time.
    pub marks: Vec<Marked>,
    /// What the run is about, for its first step.
    pub about: String,
}

impl Recording {
    /// Prepares a run. `expected` are the partitions of its scenario; those that the run made are known better from the trace.
    #[must_use]
    pub fn new(trace: Trace, expected: &[Expected], findings: Vec<Finding>) -> Self {
        let names = trace.names();
        let course = Course::of(&trace.events);
        let mut beats = find::beats(&trace.events);
        // Where a claim breaks one stops, whatever the event is.
        beats.extend(findings.iter().filter(|finding| finding.is_violation).filter_map(|finding| finding.step));
        beats.sort_unstable();
        beats.dedup();
        let mut partitions = partitions(&trace, &names, expected);
        let marks = marks(&trace, &names, &findings);
        // The first that a client writes to; where none does, the first that is written to at all.
        let written = |is_meant: fn(&str) -> bool| {
            trace.events.iter().find_map(|event| match &event.fact {
                Fact::Log(LogFact::RecordsAppended { partition, .. })
                    if *partition != TopicPartition::METADATA && is_meant(&names.topic(partition.topic)) =>
                {
                    Some(*partition)
                }
                _ => None,
            })
        };
        let written = written(|topic| !is_internal(topic)).or_else(|| written(|_| true));
        let first = partitions.iter().position(|shown| shown.id.is_some() && shown.id == written).unwrap_or(0);
        let end = course.view_at(&trace.events, trace.last().unwrap_or(Step(0)));
        for view in course.checkpoints().iter().chain([&end]) {
            partitions.iter_mut().for_each(|shown| shown.make_room(view, &names));
        }
        let groups = end.groups().cloned().collect();
        Self { groups, trace, names, course, beats, partitions, first, findings, marks, about: String::new() }
    }

    /// The same run, with what it is about.
    #[must_use]
    pub fn about(self, about: &str) -> Self {
        Self { about: about.to_owned(), ..self }
    }

    /// Its events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.trace.events
    }

    /// Its last step.
    #[must_use]
    pub fn last(&self) -> Step {
        self.trace.last().unwrap_or(Step(0))
    }

    /// When its last event happened.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.events().last().map_or(Instant::ZERO, |event| event.at)
    }

    /// The first beat after a step.
    #[must_use]
    pub fn beat_after(&self, step: Step) -> Option<Step> {
        self.beats.get(self.beats.partition_point(|beat| *beat <= step)).copied()
    }

    /// The last beat before a step.
    #[must_use]
    pub fn beat_before(&self, step: Step) -> Option<Step> {
        let earlier = self.beats.partition_point(|beat| *beat < step).checked_sub(1)?;
        self.beats.get(earlier).copied()
    }

    /// What the checks had found broken by a step: what was found at this very step, or else what was found first.
    #[must_use]
    pub fn violation_by(&self, step: Step) -> Option<&Finding> {
        self.verdicts(step).next().or_else(|| {
            self.broken().filter(|(found, _)| *found <= step).min_by_key(|(found, _)| *found).map(|(_, finding)| finding)
        })
    }

    /// What was found broken at a step.
    pub fn verdicts(&self, step: Step) -> impl Iterator<Item = &Finding> {
        self.broken().filter(move |(found, _)| *found == step).map(|(_, finding)| finding)
    }

    /// What was found broken, and at which step; what only the whole run shows, at its end.
    pub fn broken(&self) -> impl Iterator<Item = (Step, &Finding)> {
        let broken = self.findings.iter().filter(|finding| finding.is_violation);
        broken.map(|finding| (finding.step.unwrap_or(self.last()), finding))
    }
}

impl Shown {
    /// Makes room for whoever reads it in a picture.
    fn make_room(&mut self, view: &View, names: &Names) {
        let Some(partition) = self.id.and_then(|id| view.partition(id)) else { return };
        let readings = readers::all(partition);
        self.readers.rows = self.readers.rows.max(readings.len());
        let longest = readings.iter().map(|reading| width(&reading.words(names).join(" "))).max();
        self.readers.columns = self.readers.columns.max(longest.unwrap_or(0));
    }
}

fn partitions(trace: &Trace, names: &Names, expected: &[Expected]) -> Vec<Shown> {
    let mut made: BTreeMap<TopicPartition, Vec<BrokerId>> = BTreeMap::new();
    for event in &trace.events {
        if let Fact::Controller(ControllerFact::PartitionChanged { partition, now }) = &event.fact
            && *partition != TopicPartition::METADATA
        {
            made.entry(*partition).or_insert_with(|| now.replicas.clone());
        }
    }
    let mut shown: Vec<Shown> = made
        .into_iter()
        .map(|(id, replicas)| Shown {
            id: Some(id),
            name: names.partition(id),
            replicas,
            readers: Room::default(),
            key_prefix: String::new(),
        })
        .collect();
    let mut prefixes = key_prefixes(trace);
    for known in &mut shown {
        known.key_prefix = known.id.and_then(|id| prefixes.remove(&id)).unwrap_or_default();
    }
    for missing in expected {
        if !shown.iter().any(|known| known.name == missing.name) {
            shown.push(Shown {
                id: None,
                name: missing.name.clone(),
                replicas: missing.replicas.clone(),
                readers: Room::default(),
                key_prefix: String::new(),
            });
        }
    }
    // What the cluster keeps for itself comes last.
    shown.sort_by_key(|shown| is_internal(&shown.name));
    shown
}

/// What all keys written to each partition begin with, cut after the last sign of it that is neither letter nor digit.
fn key_prefixes(trace: &Trace) -> BTreeMap<TopicPartition, String> {
    let mut common: BTreeMap<TopicPartition, &[u8]> = BTreeMap::new();
    for event in &trace.events {
        let Fact::Log(LogFact::RecordsAppended { partition, batch }) = &event.fact else { continue };
        for key in batch.records.iter().filter_map(|record| record.key.as_deref()) {
            let known = common.entry(*partition).or_insert(key);
            let alike = known.iter().zip(key).take_while(|(one, other)| one == other).count();
            *known = known.get(..alike).unwrap_or_default();
        }
    }
    let named = common.into_iter().map(|(partition, prefix)| {
        let prefix = String::from_utf8_lossy(prefix);
        let end = prefix.rfind(|sign: char| sign.is_ascii_punctuation() || sign == ' ').map_or(0, |at| at + 1);
        (partition, prefix.get(..end).unwrap_or_default().to_owned())
    });
    named.collect()
}

/// Whether a topic, or a partition, is one that the cluster keeps for itself.
fn is_internal(name: &str) -> bool {
    name.starts_with("__")
}

fn marks(trace: &Trace, names: &Names, findings: &[Finding]) -> Vec<Marked> {
    let mut marks: Vec<Marked> = Vec::new();
    for event in &trace.events {
        let sign = match &event.fact {
            Fact::World(WorldFact::ProcessCrashed { .. } | WorldFact::ProcessHalted { .. } | WorldFact::AssertionFailed { .. }) => {
                Sign::Crash
            }
            Fact::World(WorldFact::ProcessStarted { incarnation }) if incarnation.0 > 1 => Sign::Back,
            Fact::World(WorldFact::ProcessResumed {}) | Fact::Fault(FaultFact::FaultHealed { .. }) => Sign::Back,
            Fact::World(WorldFact::ClockJumped { .. }) => Sign::Clock,
            Fact::World(WorldFact::ClockSet { offset_us, drift_ppm }) if *offset_us != 0 || *drift_ppm != 0 => Sign::Clock,
            Fact::Fault(FaultFact::FaultStruck { .. }) | Fact::World(WorldFact::ProcessPaused {}) => Sign::Fault,
            Fact::Controller(ControllerFact::LeaderElected { leader: Some(_), .. }) => Sign::Elected,
            Fact::Group(GroupFact::AssignmentDecided { .. }) => Sign::Rebalance,
            Fact::Log(LogFact::SegmentDeleted { segment }) if !is_internal(&names.partition(segment.partition)) => Sign::LetGo,
            Fact::Log(LogFact::SegmentCleaned { cleaned }) if !is_internal(&names.partition(cleaned.partition)) => Sign::LetGo,
            _ if Kind::Truncation.matches(event) => Sign::Cut,
            _ => continue,
        };
        marks.push(Marked { at: event.at, sign });
    }
    let violated = findings.iter().filter(|finding| finding.is_violation).filter_map(|finding| trace.event(finding.step?));
    marks.extend(violated.map(|event| Marked { at: event.at, sign: Sign::Violation }));
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// The name of a process, for panes.
#[must_use]
pub fn broker_name(names: &Names, broker: BrokerId) -> String {
    names.process(ProcessId::Broker(broker)).into_owned()
}
