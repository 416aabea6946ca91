//! `fenced-not-in-isr`: a fenced or stale incarnation is in no ISR.
//!
//! Promises: the controller keeps nobody in an ISR who does not count as alive, and takes nobody in who is leaving (KIP-841) or
//! on a proposal made for a former life (KIP-903). The last member may stay where there are no eligible leaders to fall
//! back on (`elr = off`): then it alone may come back and lead.
//!
//! Violated: at a new `PartitionChanged` whose ISR names a fenced broker, or takes one in that is shutting down or that has
//! registered anew since its leader proposed it; or after a `BrokerFenced` or `BrokerRegistered`, at the first event of a later
//! moment, if an ISR still names that broker. Companion: `committed-kept`, if the broker lacks something.
//!
//! Not exercised: nobody was in an ISR.

use std::collections::BTreeMap;

use super::finding::{Finding, Promise, Scene};
use super::ledger::{Ledger, PartitionLedger};
use super::promises::Promises;
use super::{CheckResult, Claim};
use crate::event::{Event, PartitionFacts};
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Offset, Step};
use crate::time::Instant;

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "fenced-not-in-isr",
    sentence: "A fenced or stale incarnation is in no ISR.",
    needs: "ISRs committed or brokers fenced",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct FencedNotInIsr {
    brokers: BTreeMap<BrokerId, Registration>,
    fenced: BrokerSet,
    leaving: BrokerSet,
    /// Brokers that were fenced at this moment: what else was decided with it may be told after it.
    just_fenced: Option<(Instant, BrokerSet)>,
    keeps_last_member: bool,
    finding: Finding,
}

#[derive(Clone, Copy, Debug)]
struct Registration {
    epoch: BrokerEpoch,
    told_at: Step,
}

impl FencedNotInIsr {
    /// For a run that promises this.
    pub(super) fn new(promises: &Promises) -> Self {
        Self { keeps_last_member: !promises.variants.elr.is_on(), ..Self::default() }
    }

    /// The rule about eligible leaders was changed while the cluster runs: what was decided under the other may stand.
    pub(super) fn change_rule(&mut self) {
        self.keeps_last_member = true;
    }

    /// After `BrokerRegistered`. Returns whether that is news and not told once more.
    pub(super) fn register(&mut self, event: &Event, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        if self.brokers.get(&broker).is_some_and(|known| known.epoch >= epoch) {
            return false;
        }
        self.brokers.insert(broker, Registration { epoch, told_at: event.step });
        self.leaving = self.leaving.without(broker);
        self.fence(event, broker, epoch);
        true
    }

    /// After `BrokerFenced`.
    pub(super) fn fence(&mut self, event: &Event, broker: BrokerId, epoch: BrokerEpoch) {
        if self.is_present(broker, epoch) {
            self.fenced = self.fenced.with(broker);
            let (_, others) = self.just_fenced.unwrap_or((event.at, BrokerSet::EMPTY));
            self.just_fenced = Some((event.at, others.with(broker)));
        }
    }

    /// After `BrokerUnfenced`.
    pub(super) fn unfence(&mut self, broker: BrokerId, epoch: BrokerEpoch) {
        if self.is_present(broker, epoch) {
            self.fenced = self.fenced.without(broker);
        }
    }

    /// After `BrokerShuttingDown`.
    pub(super) fn leave(&mut self, broker: BrokerId, epoch: BrokerEpoch) {
        if self.is_present(broker, epoch) {
            self.leaving = self.leaving.with(broker);
        }
    }

    /// Whether somebody was fenced at an earlier moment than this, of whom no ISR has been asked yet.
    pub(super) fn is_due(&self, at: Instant) -> bool {
        self.just_fenced.is_some_and(|(fenced_at, _)| fenced_at < at)
    }

    /// Looks at every ISR for those fenced at an earlier moment.
    pub(super) fn judge_fenced(&mut self, scene: Scene<'_>, ledger: &Ledger) {
        let Some((_, brokers)) = self.just_fenced.take() else { return };
        if self.finding.is_violated() {
            return;
        }
        let fenced: BrokerSet = brokers.iter().filter(|broker| self.fenced.contains(*broker)).collect();
        self.finding.judge();
        for partition in ledger.data_partitions() {
            if let Some(facts) = &partition.facts {
                self.require_unfenced(scene, partition, facts, fenced);
            }
        }
    }

    /// After a new `PartitionChanged`: `before` is what was true until now.
    pub(super) fn judge_change(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, before: Option<&PartitionFacts>) {
        let Some(now) = ledger.facts.clone().filter(|_| !self.finding.is_violated()) else { return };
        self.finding.judge();
        self.require_unfenced(scene, ledger, &now, self.fenced);
        let Some(before) = before.filter(|before| before.epoch == now.epoch) else { return };
        for joined in now.isr.iter().filter(|broker| !before.isr.contains(*broker)) {
            self.judge_joined(scene, ledger, joined);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }

    fn is_present(&self, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        self.brokers.get(&broker).is_some_and(|known| known.epoch == epoch)
    }

    fn require_unfenced(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, facts: &PartitionFacts, fenced: BrokerSet) {
        if self.keeps_last_member && facts.isr.len() == 1 {
            return;
        }
        if let Some(broker) = fenced.iter().find(|broker| facts.isr.contains(*broker)) {
            self.tell(scene, ledger, &format!("{broker} is fenced, and the ISR {} names it", facts.isr));
        }
    }

    fn judge_joined(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, joined: BrokerId) {
        if self.leaving.contains(joined) {
            self.tell(scene, ledger, &format!("{joined} is shutting down, and joins the ISR {}", ledger.isr()));
        }
        let Some(facts) = &ledger.facts else { return };
        let leader = ledger.copies().iter().find(|copy| copy.leads == Some(facts.epoch));
        let proposed_at = leader.and_then(|leader| leader.quorum.proposed).filter(|(isr, _)| isr.contains(joined));
        let (Some((_, proposed_at)), Some(registration)) = (proposed_at, self.brokers.get(&joined)) else { return };
        if registration.told_at > proposed_at {
            let isr = ledger.isr();
            let detail = format!("{joined} has registered anew since its former life was proposed for the ISR {isr} it joins");
            self.tell(scene, ledger, &detail);
        }
    }

    fn tell(&mut self, scene: Scene<'_>, ledger: &PartitionLedger, what: &str) {
        let detail = format!("{}: {what}", scene.names.partition(ledger.partition));
        self.finding.violate(scene, Some((ledger.partition, Offset::ZERO)), detail);
    }
}
