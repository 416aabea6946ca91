//! Everything the screen shows, as one value: the recording, where the cursor stands, and how it is looked at.
//!
//! Invariant: `view` and `story` are those of `cursor`, `before` is that of the beat before it.

use std::sync::Arc;

use tribunal::ids::{Offset, Step};
use tribunal::time::{Duration, Instant};
use tribunal::trace::View;
use tribunal::trace::find::Kind;
use tribunal::trace::story::{Story, story};
use tribunal::trace::view::PartitionView;

use super::recording::{Recording, Shown};

/// The screen's state.
#[derive(Clone, Debug)]
pub struct Model {
    /// The run.
    pub recording: Arc<Recording>,
    /// The picture at the cursor.
    pub view: View,
    /// The picture at the beat before the cursor: what has changed since is marked.
    pub before: View,
    /// The story at the cursor.
    pub story: Story,
    /// Which view is shown.
    pub shows: Shows,
    /// Which list of the Cluster view `↑ ↓` select in.
    pub focus: Focus,
    /// Which of the servers is selected, in the order of the Cluster view.
    pub server: usize,
    /// Which of the recording's partitions the user has chosen; `None` while the screen chooses: see [`Model::partition`].
    pub chosen: Option<usize>,
    /// Which of the recording's groups is looked at.
    pub group: usize,
    /// Which of that group's partitions is selected.
    pub row: usize,
    /// How much of the run the ribbon of ownership shows: 0 for all, then a quarter of it each.
    pub span: u32,
    /// The kind that `[` and `]` jump to.
    pub kind: Kind,
    /// How large records are drawn.
    pub zoom: Zoom,
    /// Where the user has moved the window of offsets; `None` while it stands where it would stand by itself.
    pub hand: Option<Hand>,
    /// Whether the story tells why instead of what.
    pub tells_why: bool,
    /// Whether it plays.
    pub is_playing: bool,
    /// How fast: a power of two, 0 for x1.
    pub speed: i8,
    /// Real time passed since the last beat played.
    pub waited: Duration,
    /// What lies over the screen.
    pub overlay: Overlay,
    /// A word from the screen itself, until the next key.
    pub notice: Option<String>,
    /// Whether the user wants to leave.
    pub is_done: bool,
    cursor: Step,
}

/// A window that was moved by hand: it stays there, whatever the cursor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    /// The offset that it had come to show; `None` for the log's end, which it goes on following.
    pub around: Option<Offset>,
    /// How far it was moved from there, in offsets.
    pub by: i64,
}

/// A view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// Servers, network and partitions: truth beside belief.
    Cluster,
    /// The replicas' logs above each other.
    #[default]
    Logs,
    /// Members, who owned what, and how far groups have come.
    Groups,
}

impl Shows {
    /// Every view, in the order of their keys.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Logs, Self::Groups];

    /// Its key and name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "1 Cluster",
            Self::Logs => "2 Logs",
            Self::Groups => "4 Groups",
        }
    }

    /// The next in turn.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Cluster => Self::Logs,
            Self::Logs => Self::Groups,
            Self::Groups => Self::Cluster,
        }
    }
}

/// A list of the Cluster view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// The servers.
    Servers,
    /// The partitions.
    #[default]
    Partitions,
}

/// How large records are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zoom {
    /// As large as all of them fit, but never smaller than two columns each.
    #[default]
    Fitting,
    /// With their keys.
    Keys,
    /// Two columns each.
    Compact,
    /// One column each.
    Dense,
    /// The whole log, however many share a column.
    Whole,
}

impl Zoom {
    /// The next in turn.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Fitting => Self::Keys,
            Self::Keys => Self::Compact,
            Self::Compact => Self::Dense,
            Self::Dense => Self::Whole,
            Self::Whole => Self::Fitting,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fitting => "fitting",
            Self::Keys => "keys",
            Self::Compact => "compact",
            Self::Dense => "dense",
            Self::Whole => "whole log",
        }
    }
}

/// What lies over the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys.
    Help,
    /// What the shapes of the view mean.
    Shapes,
    /// The menu of kinds, with one of them chosen.
    Kinds(usize),
    /// The prompt for a step or a time, with what was typed.
    Where(String),
}

impl Model {
    /// A screen at the beginning of a run.
    #[must_use]
    pub fn new(recording: Arc<Recording>) -> Self {
        let mut model = Self {
            view: View::new(),
            before: View::new(),
            story: Story::default(),
            shows: Shows::Logs,
            focus: Focus::Partitions,
            server: 0,
            chosen: None,
            group: 0,
            row: 0,
            span: 0,
            kind: Kind::Election,
            zoom: Zoom::Fitting,
            hand: None,
            tells_why: false,
            is_playing: false,
            speed: 0,
            waited: Duration::ZERO,
            overlay: Overlay::None,
            notice: None,
            is_done: false,
            cursor: Step(0),
            recording,
        };
        model.move_to(Step(0));
        model
    }

    /// Where the cursor stands.
    #[must_use]
    pub fn cursor(&self) -> Step {
        self.cursor
    }

    /// The time at the cursor.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.view.at()
    }

    /// Moves the cursor; a step past the end is the end.
    pub fn move_to(&mut self, step: Step) {
        let recording = Arc::clone(&self.recording);
        let step = step.min(recording.last());
        self.view = recording.course.view_from(recording.events(), &self.view, step);
        self.before = match recording.beat_before(step) {
            Some(beat) => recording.course.view_from(recording.events(), &self.before, beat),
            None => View::new(),
        };
        self.story = story(recording.events(), &recording.names, &recording.course, step);
        self.cursor = step;
    }

    /// Moves to what a person wrote: a step (`412`, `#412`) or a time (`1.284s`, `1284ms`). False when it is neither.
    pub fn move_to_written(&mut self, text: &str) -> bool {
        match where_written(text) {
            Some(Where::Step(step)) => self.move_to(step),
            Some(Where::Time(time)) => self.move_to(self.recording.trace.step_at(time)),
            None => return false,
        }
        true
    }

    /// Which of the recording's partitions is looked at: the one that was chosen; else, where a claim breaks, the one that this is
    /// about; else the first that is written to.
    #[must_use]
    pub fn partition(&self) -> usize {
        self.chosen.or_else(|| self.verdict().map(|(place, _)| place)).unwrap_or(self.recording.first)
    }

    /// The partition looked at.
    #[must_use]
    pub fn shown(&self) -> Option<&Shown> {
        self.recording.partitions.get(self.partition())
    }

    /// What is found broken at the cursor is about this offset of this of the recording's partitions.
    fn verdict(&self) -> Option<(usize, Offset)> {
        self.recording.verdicts(self.cursor).find_map(|finding| {
            let (partition, offset) = finding.place?;
            let place = self.recording.partitions.iter().position(|shown| shown.id == Some(partition))?;
            Some((place, offset))
        })
    }

    /// The offset that the window of the partition looked at comes to show by itself; `None` for the log's end.
    #[must_use]
    pub fn around(&self) -> Option<Offset> {
        self.verdict().filter(|(place, _)| *place == self.partition()).map(|(_, offset)| offset)
    }

    /// A partition's picture at the cursor; untouched when nothing has happened to it yet.
    #[must_use]
    pub fn partition_view(&self, shown: &Shown) -> PartitionView {
        let known = shown.id.and_then(|id| self.view.partition(id));
        let known = known.filter(|partition| !partition.replicas.is_empty());
        known.cloned().unwrap_or_else(|| PartitionView::untouched(shown.id.unwrap_or_default(), &shown.replicas))
    }
}

/// A place in a run, as a person writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// A step.
    Step(Step),
    /// A time.
    Time(Instant),
}

/// Reads `412`, `#412`, `1.284s`, `1284ms`, `1284000us`; `None` when it is none of these.
#[must_use]
pub fn where_written(text: &str) -> Option<Where> {
    let text = text.trim();
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(number.len()..)?;
    let scale: u64 = match unit {
        "" if number.contains('.') => 1_000_000,
        "" => return number.trim_start_matches('#').parse().ok().map(|step| Where::Step(Step(step))),
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        _ => return None,
    };
    let (whole, part) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let mut us = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut worth = scale;
    for digit in part.chars() {
        worth /= 10;
        us = us.checked_add(u64::from(digit.to_digit(10)?).checked_mul(worth)?)?;
    }
    Some(Where::Time(Instant(us)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_or_a_time_can_be_written_in_several_ways() {
        assert_eq!(where_written("412"), Some(Where::Step(Step(412))));
        assert_eq!(where_written(" #412 "), Some(Where::Step(Step(412))));
        for time in ["1.284s", "1284ms", "1284000us", "1.284"] {
            assert_eq!(where_written(time), Some(Where::Time(Instant(1_284_000))), "{time}");
        }
        for wrong in ["", "x", "1.x s", "12h", "-3", "99999999999999999999s"] {
            assert_eq!(where_written(wrong), None, "{wrong}");
        }
    }
}
