//! Who counts for a partition: who may be elected cleanly, whose disk has lost something, and which leaders' word stands.
//!
//! Called by: the ledger, and the checks that compare replicas.

use super::ledger::PartitionLedger;
use super::log_copy::LogCopy;
use crate::ids::{BrokerSet, LeaderEpoch, ProcessId};

impl PartitionLedger {
    /// Who may be elected cleanly: the committed ISR, and who is not in it but eligible all the same (KIP-966).
    pub(super) fn candidates(&self) -> BrokerSet {
        self.facts.as_ref().map_or(BrokerSet::EMPTY, |facts| facts.isr.union(facts.elr))
    }

    /// Whether it may be elected cleanly.
    pub(super) fn is_candidate(&self, process: ProcessId) -> bool {
        matches!(process, ProcessId::Broker(broker) if self.candidates().contains(broker))
    }

    /// Those whose disks lost something and who do not count for that reason.
    pub(super) fn suspects(&self) -> BrokerSet {
        self.brokers_where(|copy| copy.is_suspect)
    }

    /// Those whose disks lost something when this epoch or a later one was the newest. Who hears only now that it was to lead
    /// this one hears of an ISR from before that, whatever the controller has decided since.
    pub(super) fn lost_since(&self, epoch: LeaderEpoch) -> BrokerSet {
        self.brokers_where(|copy| copy.lost_in.is_some_and(|lost_in| lost_in >= epoch))
    }

    fn brokers_where(&self, is_meant: impl Fn(&LogCopy) -> bool) -> BrokerSet {
        let copies = self.copies().iter().filter(|copy| is_meant(copy));
        copies.filter_map(|copy| if let ProcessId::Broker(broker) = copy.process { Some(broker) } else { None }).collect()
    }

    /// Nobody is left who may be elected cleanly, since all of them went down in disorder.
    pub(super) fn lose_candidates(&mut self) {
        self.is_beyond_promise = true;
    }

    /// A new leader stands, whatever it has: from here on everything is promised again.
    pub(super) fn begin_anew(&mut self, epoch: LeaderEpoch) {
        if std::mem::take(&mut self.is_beyond_promise) {
            self.given_up_before = epoch;
        }
    }

    /// Whether what a leader of this epoch committed, or would commit, was given up.
    pub(super) fn is_given_up(&self, epoch: LeaderEpoch) -> bool {
        self.is_beyond_promise || epoch < self.given_up_before
    }

    /// The leaders whose word counts: those whose disks are whole and whose epoch was not given up.
    pub(super) fn standing_leaders(&self) -> impl Iterator<Item = &LogCopy> {
        self.copies().iter().filter(|copy| !copy.is_suspect && copy.leads.is_some_and(|epoch| !self.is_given_up(epoch)))
    }
}
