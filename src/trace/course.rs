//! The course of a run: the picture at any of its steps, forwards and backwards.
//!
//! Going back is a checkpoint and a replay of the few events after it; nothing is ever undone.
//!
//! Invariant: `view_at(k)` equals the fold of the events up to and including `k`.
//!
//! Called by: the screen, once per key.

use super::trace::event_at;
use super::view::View;
use crate::event::Event;
use crate::ids::Step;

/// The least distance between two checkpoints.
const CHECKPOINT_EVENTS: usize = 1_000;

/// The most checkpoints kept: a longer run has them farther apart.
const CHECKPOINTS: usize = 256;

/// Checkpoints of the picture along a run.
#[derive(Clone, Debug)]
pub struct Course {
    every: usize,
    checkpoints: Vec<View>,
}

impl Course {
    /// Walks the run once.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let every = CHECKPOINT_EVENTS.max(events.len().div_ceil(CHECKPOINTS));
        let mut checkpoints = Vec::with_capacity(events.len() / every + 1);
        let mut view = View::new();
        for (place, event) in events.iter().enumerate() {
            if place.is_multiple_of(every) {
                checkpoints.push(view.clone());
            }
            view.apply(event);
        }
        Self { every, checkpoints }
    }

    /// Pictures at even distances along the run, the first at its beginning: what there ever is at once can be told from them.
    #[must_use]
    pub fn checkpoints(&self) -> &[View] {
        &self.checkpoints
    }

    /// The picture after the event at a step; after the last one when there is no such step.
    #[must_use]
    pub fn view_at(&self, events: &[Event], step: Step) -> View {
        let end = usize::try_from(step.0).unwrap_or(usize::MAX).saturating_add(1).min(events.len());
        let nearest = (end.saturating_sub(1) / self.every).min(self.checkpoints.len().saturating_sub(1));
        let mut view = self.checkpoints.get(nearest).cloned().unwrap_or_default();
        for event in events.get(nearest * self.every..end).unwrap_or(&[]) {
            view.apply(event);
        }
        view
    }

    /// The picture at a step, going on from an earlier picture when that is nearer than a checkpoint.
    #[must_use]
    pub fn view_from(&self, events: &[Event], from: &View, step: Step) -> View {
        match from.step() {
            Some(at) if at <= step && usize::try_from(step.0 - at.0).is_ok_and(|steps| steps < self.every) => {
                let mut view = from.clone();
                let mut next = at.next();
                while let Some(event) = event_at(events, next).filter(|_| next <= step) {
                    view.apply(event);
                    next = next.next();
                }
                view
            }
            _ => self.view_at(events, step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing;

    #[test]
    fn the_picture_at_a_step_is_the_fold_of_what_came_before() {
        let events = testing::long_run(5_000);
        let course = Course::of(&events);
        let mut view = View::new();
        for (place, event) in events.iter().enumerate() {
            view.apply(event);
            if place % 97 == 0 || place % 1_000 < 2 || place + 1 == events.len() {
                let step = event.step;
                assert_eq!(course.view_at(&events, step), view, "at {step}");
                let earlier = course.view_at(&events, Step(step.0.saturating_sub(40)));
                assert_eq!(course.view_from(&events, &earlier, step), view, "towards {step}");
            }
        }
        assert_eq!(course.view_at(&events, Step::NONE), view);
    }

    #[test]
    fn a_run_without_events_has_the_empty_picture() {
        assert_eq!(Course::of(&[]).view_at(&[], Step(7)), View::new());
    }
}
