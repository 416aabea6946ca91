//! The referee: one check per claim, each in its own file, all fed with events and nothing else.
//!
//! Checks see what happened, never a machine. They are fed while a run goes on (`explore` keeps no trace) and judge a saved
//! trace by the same code. They share one [`ledger`]: what is committed, and each replica's difference from it.
//!
//! Invariant: an event costs work in its own records only; most events concern no check and cost a match.
//!
//! Where to start: a claim's file says what it promises, at which event it is violated, and when it is not exercised or not
//! promised. `dispatch` says which event goes to which check. [`loss`] tells the story of a lost record in twelve lines.
//!
//! Called by: `sim`, the commands `run`, `explore`, `shrink` and `check`.
//!
//! Not modelled: transactions, so the checks about them are not here yet.

mod ack_on_min_isr;
mod acked;
mod acks_all_durable;
#[cfg(test)]
mod anomalies;
mod any_ack_durable;
mod assertions_hold;
mod committed_kept;
mod converges;
mod counting;
pub mod counts;
mod digests;
#[cfg(test)]
mod disk_tests;
mod dispatch;
#[cfg(test)]
mod drawn_tests;
mod election_safety;
mod epoch_cache;
mod epoch_model;
mod epochs_monotone;
mod fenced_not_in_isr;
mod finding;
mod group;
mod high_watermark_monotone;
mod index_matches_scan;
mod leader_completeness;
mod ledger;
mod liveness;
mod log_copy;
mod log_matching;
pub mod loss;
mod metadata_log_matching;
mod no_duplicates;
mod no_foreign_values;
mod no_poll_skip;
mod offset_bounds;
mod offset_order;
mod one_voter_change;
mod poll_order;
mod promises;
#[cfg(test)]
mod quorum_tests;
mod quorum_time;
mod ranges;
mod recovery_prefix;
mod replication_quorum_superset;
mod sends;
mod single_leader_per_epoch;
mod single_vote_per_epoch;
mod standing;
mod storage;
mod strong_isr;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_controller;
#[cfg(test)]
mod testing_group;
#[cfg(test)]
mod testing_quorum;
#[cfg(test)]
mod testing_storage;
#[cfg(test)]
mod tests;
mod weak_isr;

use crate::ids::{Offset, Step, TopicPartition};

pub use counts::Counts;
pub use dispatch::Checks;
pub use group::idle_time::{IdleTime, Rebalancing};
pub use promises::{Processing, Promises};

/// What a check claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name, as scenarios, the command line and the book use it.
    pub name: &'static str,
    /// The claim in one sentence, printed wherever the name is.
    pub sentence: &'static str,
    /// What must happen in a run for the claim to be put to the test, as a plural that can be counted.
    pub needs: &'static str,
    /// It shows what something costs that nobody promised, and decides no run unless the expectation names it.
    pub advisory: bool,
}

/// Every claim there is a check for, in the order of the table.
pub const CLAIMS: &[Claim] = &[
    acks_all_durable::CLAIM,
    any_ack_durable::CLAIM,
    committed_kept::CLAIM,
    log_matching::CLAIM,
    strong_isr::CLAIM,
    weak_isr::CLAIM,
    high_watermark_monotone::CLAIM,
    offset_bounds::CLAIM,
    replication_quorum_superset::CLAIM,
    ack_on_min_isr::CLAIM,
    single_leader_per_epoch::CLAIM,
    leader_completeness::CLAIM,
    epoch_cache::CLAIM,
    epochs_monotone::CLAIM,
    fenced_not_in_isr::CLAIM,
    offset_order::CLAIM,
    no_duplicates::CLAIM,
    no_foreign_values::CLAIM,
    poll_order::CLAIM,
    no_poll_skip::CLAIM,
    group::no_stale_commit::CLAIM,
    group::one_owner_per_partition::CLAIM,
    group::processed::AT_LEAST_ONCE,
    group::processed::AT_MOST_ONCE,
    election_safety::CLAIM,
    single_vote_per_epoch::CLAIM,
    one_voter_change::CLAIM,
    metadata_log_matching::CLAIM,
    storage::retention_contract::CLAIM,
    storage::compaction_contract::CLAIM,
    storage::reader_up_to_date::CLAIM,
    recovery_prefix::CLAIM,
    index_matches_scan::CLAIM,
    assertions_hold::CLAIM,
    converges::CLAIM,
];

/// The claim of this name.
#[must_use]
pub fn claim(name: &str) -> Option<&'static Claim> {
    CLAIMS.iter().find(|claim| claim.name == name)
}

/// What became of a claim in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It was put to the test and held.
    Ok,
    /// It holds, but only as long as nothing more goes wrong.
    AtRisk,
    /// It was broken.
    Violated,
    /// Nothing happened that could have broken it.
    NotExercised,
    /// The settings of the run do not promise it.
    NotPromised,
}

impl Status {
    /// Its word, as printed and in `--json`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::AtRisk => "at-risk",
            Self::Violated => "violated",
            Self::NotExercised => "not-exercised",
            Self::NotPromised => "not-promised",
        }
    }
}

/// An offset of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset.
    pub offset: Offset,
}

/// A line of the table of checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// The claim's name.
    pub name: &'static str,
    /// What became of it.
    pub status: Status,
    /// Whether a violation would fail the run (unless the expectation names it).
    pub decides: bool,
    /// The event at which it was first broken.
    pub step: Option<Step>,
    /// The record or the offset in question.
    pub place: Option<Place>,
    /// What was found, in one line.
    pub detail: String,
}
