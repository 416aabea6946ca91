//! `no-foreign-values`: nothing is read that was not sent to that partition.
//!
//! Promises: what a consumer is given was given to some producer for this very partition, key and value both.
//! (How *often* it may be given is for `no-duplicates` to say, which counts repeated keys and values.)
//!
//! Violated: at the `PollReturned` that brings the record.
//!
//! Not exercised: nothing was read.

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::sends::Sends;
use super::{CheckResult, Claim};
use crate::event::PollFacts;

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "no-foreign-values",
    sentence: "Nothing is read that was not sent to that partition.",
    needs: "records read",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct NoForeignValues(Finding);

impl NoForeignValues {
    /// After `PollReturned`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, sends: &mut Sends, poll: &PollFacts) {
        for record in &poll.records {
            self.0.judge();
            if sends.digests.get_mut(poll.partition, record.digest).is_none() {
                let who = scene.names.process(scene.event.process);
                let place = scene.names.place(poll.partition, record.offset);
                let detail = format!("{who} was given {place}, and no producer ever sent that key and value there");
                self.0.violate(scene, Some((poll.partition, record.offset)), detail);
            }
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
