//! `no-foreign-values`: nothing is read that was not sent to that partition.
//!
//! Promises: what a consumer is given was given to some producer for this very partition, key and value both; and, where a
//! script sends the same key and value several times, at no more offsets than it was sent: multisets are compared. A record
//! that a client or the network sent again (without idempotence) may stand twice by right, whatever its producer was told of
//! the first attempt: a refused request may be delivered once more, and stored.
//!
//! Violated: at the `PollReturned` that brings the record. Companion: `no-duplicates`, when it stands once too often.
//!
//! Not exercised: nothing was read.

use super::digests::Tally;
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
            let what = match sends.digests.get_mut(poll.partition, record.digest) {
                None => "no producer ever sent that key and value there".to_owned(),
                Some(tally) => {
                    tally.note_read(record.offset);
                    let Tally { sent, read, is_repeated, .. } = *tally;
                    if is_repeated || read <= sent {
                        continue;
                    }
                    format!("that key and value was sent there {sent} times and read at {read} offsets")
                }
            };
            let who = scene.names.process(scene.event.process);
            let place = scene.names.place(poll.partition, record.offset);
            self.0.violate(scene, Some((poll.partition, record.offset)), format!("{who} was given {place}, and {what}"));
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
