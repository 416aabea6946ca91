//! The first difference of two runs.
//!
//! Called by: `diff`, `verify` and the determinism tests.

use crate::event::Event;
use crate::ids::Step;

/// Where two runs part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference<'a> {
    /// The step at which they differ.
    pub step: Step,
    /// What happened there in the one; `None` when it had ended.
    pub left: Option<&'a Event>,
    /// What happened there in the other; `None` when it had ended.
    pub right: Option<&'a Event>,
}

/// The first step at which two runs differ; `None` when they are the same.
#[must_use]
pub fn first_difference<'a>(left: &'a [Event], right: &'a [Event]) -> Option<Difference<'a>> {
    let common = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left, right) = (left.get(common), right.get(common));
    let step = left.or(right)?.step;
    Some(Difference { step, left, right })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::time::Instant;
    use crate::trace::testing;

    #[test]
    fn the_first_differing_event_is_found_and_a_shorter_run_differs_at_its_end() {
        let left = testing::lost_acknowledgement();
        assert_eq!(first_difference(&left, &left), None);
        let mut right = left.clone();
        right[7].at = Instant(right[7].at.0 + 1);
        assert_eq!(first_difference(&left, &right).map(|found| found.step), Some(Step(7)));
        let found = first_difference(&left, &left[..9]).expect("one ends earlier");
        assert_eq!((found.step, found.right), (Step(9), None));
    }
}
