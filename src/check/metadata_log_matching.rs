//! `metadata-log-matching`: two copies of the metadata log that agree on an offset's epoch agree on everything below it.
//!
//! Promises: what `log-matching` does, for the log of the metadata: over voters, observers and brokers alike. A copy that began
//! with a snapshot is compared from there on.
//!
//! Violated: as `log-matching`, at a write to a copy of the metadata log or at reading one back.
//! Companions: `election-safety`, `single-vote-per-epoch`, when two led one epoch.
//!
//! Not exercised: no server wrote where another has a record.

use super::log_matching::LogMatching;
use super::promises::Promises;
use super::{CheckResult, Claim};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "metadata-log-matching",
    sentence: "Two copies of the metadata log that agree on an offset's epoch agree on everything below it.",
    needs: "batches of metadata written by a second server",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct MetadataLogMatching(pub(super) LogMatching);

impl MetadataLogMatching {
    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.into_finding().result(&CLAIM, promises.quorum_keeps(), promises.named.contains(CLAIM.name))
    }
}
