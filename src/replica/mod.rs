//! Replication: one replica of a partition as leader and as follower, the ISR, the high watermark, and what waits for it.
//!
//! * [`partition`]: a replica, its role, and all transitions between roles.
//! * [`leader`]: appending, the follower's fetch as acknowledgement, and **where the high watermark is advanced**:
//!   [`Partition::advance_high_watermark`].
//! * [`read`]: what a leader answers to readers: batches, divergence, offsets by time, ends of epochs; and whom it fences.
//! * [`follower`]: appending what was fetched, learning the high watermark, cutting what the leader does not have.
//! * `keeping`: retention and cleaning of this replica's log.
//! * `log_start`: deleting records, and how followers learn of it.
//! * `preferred`: which follower a consumer should rather read from (KIP-392).
//! * [`isr`]: who is in sync: shrinking, expanding, the proposal in flight and the controller's answer.
//! * [`purgatory`]: requests that wait: for the high watermark (Produce), for bytes (Fetch).
//! * [`partitions`]: all replicas of one broker, by partition.
//!
//! Invariant: a record below the high watermark is on every member of the maximal ISR.
//!
//! Source: KIP-101, KIP-107, KIP-207, KIP-279, KIP-320, KIP-392, KIP-497, KIP-841, KIP-903, KIP-966; Kafka's `Partition` and `Replica`.
//!
//! Called by: `broker`.
//!
//! Not modelled: observers, remote log storage.

pub mod follower;
pub mod isr;
mod keeping;
pub mod leader;
mod log_start;
pub mod partition;
pub mod partitions;
mod preferred;
pub mod purgatory;
pub mod read;

use crate::config::{EpochFencing, Rack, Truncation, Variants};
use crate::ids::{BrokerEpoch, BrokerId};
use crate::time::Duration;

pub use follower::LeaderOffsets;
pub use isr::{Answered, Proposal};
pub use leader::{Appended, FollowerProgress, Progress, Rules};
pub use partition::{Partition, Role, RoleChange};
pub use partitions::Partitions;
pub use purgatory::{OpenDelete, ParkedDelete, ParkedFetch, ParkedId, ParkedProduce, Purgatory, Waiting};
pub use read::{Found, Reader};

/// What every replica of one broker is told before it starts.
#[derive(Clone, Debug)]
pub struct ReplicaSetup {
    /// The broker.
    pub me: BrokerId,
    /// `replica.lag.time.max.ms`
    pub lag_time_max: Duration,
    /// The historical rules in force. They may change while the broker runs: then every replica gets a new setup.
    pub variants: Variants,
    /// The replaceable rules.
    pub rules: Rules,
}

impl ReplicaSetup {
    /// Whether leader epochs are compared (KIP-320).
    #[must_use]
    pub fn is_fencing(&self) -> bool {
        self.variants.epoch_fencing == EpochFencing::Kip320
    }

    /// How a new follower finds out where to cut its log.
    ///
    /// The Fetch response can say it only where epochs are compared: without that, the last rule before it is in force,
    /// which asks for the end of the last epoch with the answer of KIP-279.
    #[must_use]
    pub fn alignment(&self) -> Alignment {
        match (self.variants.truncation, self.variants.epoch_fencing) {
            (Truncation::HighWatermark, _) => Alignment::OwnHighWatermark,
            (Truncation::Kip101, _) | (Truncation::Kip279, EpochFencing::Off) => Alignment::EndOfLastEpoch,
            (Truncation::Kip279, EpochFencing::Kip320) => Alignment::FetchResponse,
        }
    }
}

/// By what a new follower cuts its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// It asks nobody (before KIP-101).
    OwnHighWatermark,
    /// It asks OffsetForLeaderEpoch before it fetches (KIP-101, KIP-279).
    EndOfLastEpoch,
    /// It fetches, and is told if the logs part (KIP-595).
    FetchResponse,
}

/// The brokers as this broker's image of the metadata has them: who is registered, under which epoch, and who is fenced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    brokers: Vec<(BrokerId, Registration)>,
    racks: Vec<(BrokerId, Rack)>,
}

/// One broker's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its broker epoch.
    pub epoch: BrokerEpoch,
    /// It does not count as alive.
    pub fenced: bool,
}

impl Membership {
    /// Takes in a broker's newest registration.
    pub fn set(&mut self, broker: BrokerId, registration: Registration) {
        match self.brokers.iter_mut().find(|(known, _)| *known == broker) {
            Some((_, old)) => *old = registration,
            None => self.brokers.push((broker, registration)),
        }
    }

    /// Takes in where a broker stands.
    pub fn set_rack(&mut self, broker: BrokerId, rack: Option<Rack>) {
        self.racks.retain(|(known, _)| *known != broker);
        self.racks.extend(rack.map(|rack| (broker, rack)));
    }

    /// Where a broker stands, if it says so.
    #[must_use]
    pub fn rack(&self, broker: BrokerId) -> Option<&Rack> {
        self.racks.iter().find(|(known, _)| *known == broker).map(|(_, rack)| rack)
    }

    /// Whether a broker is registered and not fenced.
    #[must_use]
    pub fn is_alive(&self, broker: BrokerId) -> bool {
        self.alive_epoch(broker).is_some()
    }

    /// The epoch of a broker's newest registration, fenced or not.
    #[must_use]
    pub fn registered_epoch(&self, broker: BrokerId) -> Option<BrokerEpoch> {
        self.brokers.iter().find(|(known, _)| *known == broker).map(|(_, registration)| registration.epoch)
    }

    /// The epoch of a broker that is registered and not fenced.
    #[must_use]
    pub fn alive_epoch(&self, broker: BrokerId) -> Option<BrokerEpoch> {
        let (_, registration) = self.brokers.iter().find(|(known, _)| *known == broker)?;
        (!registration.fenced).then_some(registration.epoch)
    }
}
