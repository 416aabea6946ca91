//! `offset-order`: sends of one producer to one partition land in their order where that is promised.
//!
//! Promises: for a producer with one request in flight, or an idempotent one (KIP-98), always. For any other as long as
//! nothing of it was sent again, by itself or by the network: a batch that is retried may land behind its successor.
//!
//! Violated: at the `SendAcknowledged` whose offset is not above that of an earlier send, or not below that of a later one, of
//! the same producer to the same partition, if some replica's log holds both so. (A record that was acknowledged and then lost
//! gives its offset up to others; its loss is for `any-ack-durable` to judge.) Sends without a known offset are not compared.
//!
//! Not promised: every producer with two acknowledged sends was retried. Not exercised: no two sends to compare.

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::sends::{Disorder, Placed, Sends};
use super::{CheckResult, Claim};

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
        (ledger, placed): (&PartitionLedger, Placed),
    ) {
        let (producer, partition) = (scene.event.process, ledger.partition);
        let is_promised = promises.keeps_order(producer) || !sends.repeaters.contains(&producer);
        let mut outcome = sends.place(producer, partition, placed);
        while let Err(Disorder { first, second }) = outcome {
            let neighbour = if first.send == placed.send { second } else { first };
            if ledger.copies().iter().any(|copy| stands(ledger, copy, neighbour)) {
                break;
            }
            sends.displace(producer, partition, neighbour.send);
            outcome = sends.place(producer, partition, placed);
        }
        match outcome {
            Ok(0) => {}
            Ok(_) if is_promised => {
                self.promised += 1;
                self.finding.judge();
            }
            Ok(_) => self.unpromised += 1,
            Err(disorder) => self.judge(scene, ledger, disorder, is_promised),
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        let made = self.promised > 0 || self.unpromised == 0;
        let promise = Promise::when(made, "every producer had retries with several requests in flight");
        self.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }

    /// Two sends were acknowledged at offsets the wrong way round: is there a log in which they stand so?
    fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, Disorder { first, second }: Disorder, is_promised: bool) {
        let holds_both = |copy: &LogCopy| stands(ledger, copy, first) && stands(ledger, copy, second);
        if !ledger.copies().iter().any(holds_both) {
            return;
        }
        let detail = format!(
            "{}: send {} of {} stands at offset {}, and send {}, sent later, at offset {}",
            scene.names.partition(ledger.partition),
            first.send,
            scene.names.process(scene.event.process),
            first.offset,
            second.send,
            second.offset,
        );
        let place = (ledger.partition, second.offset);
        if is_promised {
            self.promised += 1;
            self.finding.violate(scene, Some(place), detail);
        } else {
            self.unpromised += 1;
            self.finding.note_unpromised(scene, place, detail);
        }
    }
}

fn stands(ledger: &PartitionLedger, copy: &LogCopy, placed: Placed) -> bool {
    ledger.entry(copy, placed.offset).is_some_and(|entry| entry.digest == placed.digest)
}
