//! `ack-on-min-isr`: an acks=all answer means at least min.insync.replicas copies.
//!
//! Promises: when a leader answers an acks=all request, at least `min.insync.replicas` replicas (the replication factor, if that
//! is less, or was when its leader last heard of it) are in its ISR and hold the record; and no producer hears of success without that answer. A member of the leader's
//! ISR counts whose disk has lost the record since: it held it when it said so, and the leader may not know yet, even if the
//! controller does. So does one that had it committed and whose log begins behind it by now: a leader that stood still hears late.
//!
//! Violated: at a `ProduceCommitted` with fewer, or a `SendAcknowledged` of acks=all that no such answer covers.
//!
//! Not promised: no producer asks for acks=all. Not exercised: no acks=all request was answered.

use std::collections::BTreeMap;

use super::finding::{Finding, Promise, Scene};
use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::Acks;
use crate::ids::{BrokerSet, Offset, ProcessId, TopicPartition};

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "ack-on-min-isr",
    sentence: "An acks=all answer means at least min.insync.replicas copies.",
    needs: "acks=all answers",
    advisory: false,
};

/// A leader's answer to an acks=all request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// The last record it answers for.
    pub(super) last: Offset,
    /// The leader's ISR.
    pub(super) isr: BrokerSet,
    /// The topic's `min.insync.replicas`.
    pub(super) min_insync: u32,
}

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct AckOnMinIsr {
    answered: BTreeMap<TopicPartition, Offset>,
    finding: Finding,
}

impl AckOnMinIsr {
    /// After `ProduceCommitted`.
    pub(super) fn judge(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, answer: Answer) {
        let end = self.answered.entry(ledger.partition).or_default();
        *end = answer.last.next().max(*end);
        if self.finding.is_violated() {
            return;
        }
        self.finding.judge();
        let wanted = usize::try_from(answer.min_insync).unwrap_or(usize::MAX).min(ledger.least_replicas);
        let Some(leader) = ledger.copy(scene.event.process) else { return };
        let record = ledger.entry(leader, answer.last);
        let holds = |copy: &LogCopy| ledger.entry(copy, answer.last) == record;
        let is_named = |copy: &LogCopy| matches!(copy.process, ProcessId::Broker(broker) if answer.isr.contains(broker));
        let held = |copy: &LogCopy| is_named(copy) && ledger.entry_before_loss(copy, answer.last) == record;
        let is_committed = record.is_some() && ledger.committed(answer.last) == record;
        let outlived = |copy: &LogCopy| is_named(copy) && is_committed && answer.last < copy.start && answer.last < copy.agreed();
        let counts = |copy: &&LogCopy| record.is_some() && (holds(copy) || held(copy) || outlived(copy));
        let copies = ledger.copies().iter().filter(counts).count();
        if answer.isr.len() < wanted || copies < wanted {
            let detail = format!(
                "{} was answered with {copies} copies and the ISR {}, where min.insync.replicas asks for {wanted}",
                scene.names.place(ledger.partition, answer.last),
                answer.isr,
            );
            self.finding.violate(scene, Some((ledger.partition, answer.last)), detail);
        }
    }

    /// After `SendAcknowledged`.
    pub(super) fn acknowledge(&mut self, scene: Scene<'_>, partition: TopicPartition, acks: Acks, offset: Offset) {
        let covered = self.answered.get(&partition).is_some_and(|end| offset < *end);
        if acks == Acks::All && !covered && !self.finding.is_violated() {
            let who = scene.names.process(scene.event.process);
            let place = scene.names.place(partition, offset);
            let detail = format!("{place} was acknowledged to {who} for acks=all, and no leader said that it was committed");
            self.finding.violate(scene, Some((partition, offset)), detail);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        let promise = Promise::when(promises.acks.contains(&Acks::All), "no producer asks for acks=all");
        self.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }
}
