//! Truth beside belief: what a replica takes itself for, held against what the committed metadata says of it.
//!
//! Most failures of a replicated log begin as such a difference, so it has a name of its own here.
//!
//! Called by: the Cluster view, the lanes.

use super::partition::{PartitionView, ReplicaView, Role};
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch};

/// What a replica believes, held against the committed metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// What the metadata says.
    True,
    /// Nothing: its process is dead.
    Dead,
    /// It still leads, though the metadata made another leader, or none, or a newer epoch.
    StillLeads {
        /// The epoch it leads in.
        epoch: LeaderEpoch,
    },
    /// The metadata made it the leader, and it does not act as one yet.
    NotYetLeader,
    /// It follows somebody else than the leader, or in an older epoch.
    FollowsOther {
        /// Whom.
        leader: Option<BrokerId>,
        /// In which epoch.
        epoch: LeaderEpoch,
    },
    /// It leads rightly, but counts on another ISR than the committed one.
    OtherIsr {
        /// The ISR it counts on.
        isr: BrokerSet,
    },
    /// It is a replica and plays no role (yet).
    Idle,
    /// Its log can not be trusted or read.
    Offline,
    /// It plays a role, and the metadata does not count it among the replicas (any more).
    Stray,
}

impl Belief {
    /// Whether it contradicts the committed metadata.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        match self {
            Self::True | Self::Dead | Self::Idle => false,
            Self::StillLeads { .. }
            | Self::NotYetLeader
            | Self::FollowsOther { .. }
            | Self::OtherIsr { .. }
            | Self::Offline
            | Self::Stray => true,
        }
    }
}

impl PartitionView {
    /// What a replica believes, held against the committed metadata.
    #[must_use]
    pub fn belief(&self, replica: &ReplicaView) -> Belief {
        let Some(truth) = &self.committed else { return Belief::True };
        if !replica.is_up {
            return Belief::Dead;
        }
        let is_named = truth.leader == Some(replica.broker);
        let is_assigned = !self.is_deleted && truth.replicas.contains(&replica.broker);
        match replica.role {
            Role::Offline => Belief::Offline,
            Role::None if is_named => Belief::NotYetLeader,
            Role::None if is_assigned => Belief::Idle,
            Role::None => Belief::True,
            Role::Leader { epoch } if !is_named || epoch != truth.epoch => Belief::StillLeads { epoch },
            Role::Leader { .. } => match replica.isr {
                Some((isr, _)) if isr != truth.isr => Belief::OtherIsr { isr },
                Some(_) | None => Belief::True,
            },
            Role::Follower { .. } if is_named => Belief::NotYetLeader,
            Role::Follower { .. } if !is_assigned => Belief::Stray,
            Role::Follower { epoch, leader } if leader != truth.leader || epoch != truth.epoch => {
                Belief::FollowsOther { leader, epoch }
            }
            Role::Follower { .. } => Belief::True,
        }
    }

    /// Whether any living replica contradicts the committed metadata.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.replicas.iter().any(|replica| self.belief(replica).is_wrong())
    }
}
