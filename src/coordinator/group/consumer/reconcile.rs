//! How a member comes from what it has to what it is to have, one step for each heartbeat (KIP-848, "reconciliation").
//!
//! ```text
//!            target changes what it has to give back                    gave all back
//!   Stable ──────────────────────────────────────────▶ Unrevoked ─────────────────────────┐
//!     ▲  │ target gives it what others still hold                                         │
//!     │  └────────────────▶ Unreleased ◀──────────────────────────────────────────────────┤
//!     └──────────────────────── all free ◀────────────────────────────────────────────────┘
//! ```
//!
//! Invariant: a partition goes to a member only when nobody else holds it, and is held until its member says that it has
//! given it back: two members never own one partition. A member reaches an epoch only when it has given back all that the
//! epoch's target takes from it. Called by `heartbeat` and by the classic members' `join`.
//! Source: Kafka's `CurrentAssignmentBuilder`.

use std::sync::Arc;

use super::member::{CurrentAssignment, Member, MemberState};
use crate::ids::TopicPartition;

/// What a member's next step depends on.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    /// The epoch of the target.
    pub(super) epoch: i32,
    /// What it is to have, in order.
    pub(super) target: &'a [TopicPartition],
    /// What it says that it owns, in order; `None` when it says nothing: then nothing was given back.
    pub(super) owned: Option<&'a [TopicPartition]>,
}

/// What the member has after this step; the same when it cannot go on yet. `is_held` tells what anybody holds now.
pub(super) fn step(member: &Member, goal: Goal<'_>, is_held: impl Fn(TopicPartition) -> bool) -> Arc<CurrentAssignment> {
    let current = &member.current;
    let waits = match current.state {
        MemberState::Stable => current.epoch == goal.epoch,
        MemberState::Unrevoked => goal.still_owns(&current.revoking),
        MemberState::Unreleased => false,
    };
    if waits {
        return Arc::clone(current);
    }
    let next = next(current, goal, is_held);
    if next == **current { Arc::clone(current) } else { Arc::new(next) }
}

// ANCHOR: reconcile
fn next(current: &CurrentAssignment, goal: Goal<'_>, is_held: impl Fn(TopicPartition) -> bool) -> CurrentAssignment {
    let (mut assigned, revoking): (Vec<_>, Vec<_>) =
        current.assigned.iter().copied().partition(|partition| goal.target.binary_search(partition).is_ok());
    if goal.still_owns(&revoking) {
        return CurrentAssignment {
            epoch: current.epoch,
            previous_epoch: current.epoch,
            state: MemberState::Unrevoked,
            assigned,
            revoking,
        };
    }
    // What it gave back with this very heartbeat counts as held still, until that is written down.
    let (free, unreleased): (Vec<_>, Vec<_>) = (goal.target.iter().copied())
        .filter(|partition| assigned.binary_search(partition).is_err())
        .partition(|partition| !is_held(*partition));
    assigned.extend(free);
    assigned.sort_unstable();
    let state = if unreleased.is_empty() { MemberState::Stable } else { MemberState::Unreleased };
    CurrentAssignment { epoch: goal.epoch, previous_epoch: current.epoch, state, assigned, revoking: Vec::new() }
}
// ANCHOR_END: reconcile

impl Goal<'_> {
    /// Whether the member owns any of these still, or may.
    fn still_owns(&self, revoking: &[TopicPartition]) -> bool {
        match self.owned {
            None => !revoking.is_empty(),
            Some(owned) => owned.iter().any(|partition| revoking.binary_search(partition).is_ok()),
        }
    }
}
