//! Replication: one replica of a partition as leader and as follower, the ISR, the high watermark, and what waits for it.
//!
//! * [`partition`]: a replica, its role, and all transitions between roles.
//! * [`leader`]: appending, the follower's fetch as acknowledgement, and **where the high watermark is advanced**:
//!   [`Partition::advance_high_watermark`].
//! * [`read`]: what a leader answers to readers: batches, divergence, offsets by time, ends of epochs; and whom it fences.
//! * [`follower`]: appending what was fetched, learning the high watermark, cutting what the leader does not have.
//! * [`isr`]: who is in sync: shrinking, expanding, the proposal in flight and the controller's answer.
//! * [`purgatory`]: requests that wait: for the high watermark (Produce), for bytes (Fetch).
//! * [`partitions`]: all replicas of one broker, by partition.
//!
//! Invariant: a record below the high watermark is on every member of the maximal ISR.
//!
//! Source: KIP-101, KIP-207, KIP-279, KIP-320, KIP-497, KIP-841, KIP-903; Kafka's `Partition` and `Replica`.
//!
//! Called by: `broker`.
//!
//! Not modelled: several log directories, reassignment in progress, observers and preferred read replicas (KIP-392).

pub mod follower;
pub mod isr;
pub mod leader;
pub mod partition;
pub mod partitions;
pub mod purgatory;
pub mod read;

use crate::config::Truncation;
use crate::ids::{BrokerEpoch, BrokerId};
use crate::time::Duration;

pub use isr::{Answered, Proposal};
pub use leader::{Appended, FollowerProgress, Progress, Rules};
pub use partition::{Partition, Role, RoleChange};
pub use partitions::Partitions;
pub use purgatory::{ParkedFetch, ParkedId, ParkedProduce, Purgatory, Waiting};
pub use read::{Found, Reader};

/// What every replica of one broker is told before it starts.
#[derive(Clone, Debug)]
pub struct ReplicaSetup {
    /// The broker.
    pub me: BrokerId,
    /// `replica.lag.time.max.ms`
    pub lag_time_max: Duration,
    /// Where a new follower cuts its log.
    pub truncation: Truncation,
    /// The replaceable rules.
    pub rules: Rules,
}

/// The brokers as this broker's image of the metadata has them: who is registered, under which epoch, and who is fenced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    brokers: Vec<(BrokerId, Registration)>,
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
