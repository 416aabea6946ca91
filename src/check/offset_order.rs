//! `offset-order`: sends of one producer to one partition land in their order where that is promised.
//!
//! Promises: for a producer with one request in flight, or an idempotent one (KIP-98), always. For any other as long as
//! nothing of it was sent again, by itself or by the network: a batch that is retried may land behind its successor.
//!
//! Violated: at the `SendAcknowledged` whose offset is not above that of an earlier send, or not below that of a later one, of
//! the same producer to the same partition. Sends without a known offset are not compared.
//!
//! Not promised: every producer with two acknowledged sends was retried. Not exercised: no two sends to compare.

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::sends::{Disorder, Sends};
use super::{CheckResult, Claim};
use crate::ids::{Offset, SendId, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "offset-order",
    sentence: "Sends of one producer to one partition land in their order where that is promised.",
    needs: "pairs of sends under the promise",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetOrder {
    finding: Finding,
    promised: u64,
    unpromised: u64,
}

impl OffsetOrder {
    /// After `SendAcknowledged` with an offset.
    pub(super) fn acknowledge(
        &mut self,
        scene: Scene<'_>,
        sends: &mut Sends,
        promises: &Promises,
        (partition, send, offset): (TopicPartition, SendId, Offset),
    ) {
        let producer = scene.event.process;
        let is_promised = promises.keeps_order(producer) || !sends.repeaters.contains(&producer);
        match sends.place(producer, partition, send, offset) {
            Ok(0) => {}
            Ok(_) if is_promised => {
                self.promised += 1;
                self.finding.judge();
            }
            Ok(_) => self.unpromised += 1,
            Err(Disorder { first, second }) => {
                let detail = format!(
                    "{}: send {} of {} stands at offset {}, and send {}, sent later, at offset {}",
                    scene.names.partition(partition),
                    first.0,
                    scene.names.process(producer),
                    first.1,
                    second.0,
                    second.1,
                );
                if is_promised {
                    self.promised += 1;
                    self.finding.violate(scene, Some((partition, offset)), detail);
                } else {
                    self.unpromised += 1;
                    self.finding.note_unpromised(scene, (partition, offset), detail);
                }
            }
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        let made = self.promised > 0 || self.unpromised == 0;
        let promise = Promise::when(made, "every producer had retries with several requests in flight");
        self.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }
}
