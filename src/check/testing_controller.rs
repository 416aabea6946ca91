//! What the controller of the small cluster of [`super::testing`] decides, what the leader takes from it, and lookups.

use std::sync::Arc;

use super::testing::{Cluster, ORDERS, b, k, set};
use crate::event::{ControllerFact, IndexProbe, LogFact, PartitionFacts, ReplicaFact};
use crate::ids::{BrokerEpoch, BrokerId, Incarnation, Offset, PartitionEpoch, ProcessId};

impl Cluster {
    /// The controller commits the present ISR with this leader.
    pub(super) fn change_partition(&mut self, leader: Option<u16>) {
        self.partition_epoch += 1;
        let now = PartitionFacts {
            leader: leader.map(BrokerId),
            epoch: self.epoch,
            partition_epoch: PartitionEpoch(self.partition_epoch),
            isr: set(&self.isr),
            ..PartitionFacts::new(vec![BrokerId(1), BrokerId(2), BrokerId(3)])
        };
        self.push(ProcessId::Controller(1), ControllerFact::PartitionChanged { partition: ORDERS, now: Arc::new(now) });
    }

    /// The controller commits the present ISR, and the leader hears of it.
    pub(super) fn change_isr(&mut self) {
        self.change_partition(Some(self.leader));
        self.adopt_isr();
    }

    /// The leader counts on the present ISR.
    pub(super) fn adopt_isr(&mut self) {
        let (isr, partition_epoch, epoch) = (set(&self.isr), PartitionEpoch(self.partition_epoch), self.epoch);
        let fact = ReplicaFact::IsrAdopted { partition: ORDERS, isr, maximal: isr, partition_epoch, epoch };
        self.push(b(self.leader), fact);
    }

    /// The leader asks for an ISR with this broker in it.
    pub(super) fn propose(&mut self, broker: u16) {
        let isr = set(&self.isr).with(BrokerId(broker));
        let partition_epoch = PartitionEpoch(self.partition_epoch);
        self.push(b(self.leader), ReplicaFact::IsrProposed { partition: ORDERS, isr, maximal: isr, partition_epoch });
    }

    /// A broker registers with the controller, which unfences it.
    pub(super) fn register(&mut self, broker: u16, epoch: u64) {
        let incarnation = Incarnation(self.life(broker));
        let (id, epoch) = (BrokerId(broker), BrokerEpoch(epoch));
        self.push(k(1), ControllerFact::BrokerRegistered { broker: id, incarnation, epoch, rack: None });
        self.push(k(1), ControllerFact::BrokerUnfenced { broker: id, epoch });
    }

    /// The broker epoch of its present life.
    pub(super) fn registration(&self, broker: u16) -> BrokerEpoch {
        BrokerEpoch(u64::from(broker) + 10 * u64::from(self.life(broker) - 1))
    }

    /// A broker looks an offset up in its indexes, and by a walk.
    pub(super) fn probe(&mut self, broker: u16, indexed: u64, scanned: u64) {
        let (indexed, scanned) = (Some(Offset(indexed)), Some(Offset(scanned)));
        let probe = IndexProbe { partition: ORDERS, base: Offset(0), offset: Offset(2), timestamp: None, indexed, scanned };
        self.push(b(broker), LogFact::IndexProbed { probe: Arc::new(probe) });
    }
}
