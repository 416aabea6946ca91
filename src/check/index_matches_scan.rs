//! `index-matches-scan`: an index finds what a scan finds.
//!
//! Promises: whoever looks an offset or a timestamp up through a segment's sparse index comes to the same batch as who walks
//! through the segment from its beginning. A log looks itself up when it closes a segment and when it was read back.
//!
//! Violated: at an `IndexProbed` whose two ways come to different batches. Companions: none.
//!
//! Not exercised: nobody looked anything up to compare.

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::IndexProbe;
use crate::ids::Offset;

/// The claim.
pub(super) const CLAIM: Claim =
    Claim { name: "index-matches-scan", sentence: "An index finds what a scan finds.", needs: "lookups compared", advisory: false };

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct IndexMatchesScan(Finding);

impl IndexMatchesScan {
    /// After `IndexProbed`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, probe: &IndexProbe) {
        self.0.judge();
        if probe.indexed == probe.scanned {
            return;
        }
        let batch = |found: Option<Offset>| found.map_or_else(|| "nothing".to_owned(), |base| format!("the batch at {base}"));
        let asked = match probe.timestamp {
            Some(timestamp) => format!("timestamp {}", timestamp.0),
            None => format!("offset {}", probe.offset),
        };
        let detail = format!(
            "{} on {}: for {asked} the index of segment {} finds {}, and a scan finds {}",
            scene.names.partition(probe.partition),
            scene.names.process(scene.event.process),
            probe.base,
            batch(probe.indexed),
            batch(probe.scanned),
        );
        self.0.violate(scene, Some((probe.partition, probe.offset)), detail);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
