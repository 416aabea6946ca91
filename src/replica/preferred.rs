//! Which replica a consumer should rather read from: one in its own rack, if the leader is not (KIP-392).
//!
//! Invariant: only members of the ISR that live and hold the offset are chosen; the leader decides, by what it knows of its
//! followers from their fetches.
//!
//! Source: KIP-392, KAFKA-14372, KAFKA-15390; Kafka's `ReplicaManager.findPreferredReadReplica`,
//! `RackAwareReplicaSelector`. Called by: `broker/fetch`.

use super::Membership;
use super::leader::FollowerProgress;
use super::partition::{Partition, Role};
use crate::config::Rack;
use crate::ids::{BrokerId, Offset};

impl Partition {
    /// The follower that this leader sends a consumer to who stands in `rack` and reads on from `offset`; `None` when it
    /// may as well read here.
    #[must_use]
    pub fn preferred_read_replica(&self, rack: &Rack, offset: Offset, members: &Membership) -> Option<BrokerId> {
        let Role::Leader(leader) = &self.role else { return None };
        if members.rack(self.setup.me) == Some(rack) {
            return None;
        }
        let is_near = |follower: &&FollowerProgress| members.rack(follower.broker) == Some(rack);
        let may_serve = |follower: &&FollowerProgress| {
            let holds = follower.log_start <= offset && follower.end.is_some_and(|end| end >= offset);
            holds && leader.isr.committed.contains(follower.broker) && members.is_alive(follower.broker)
        };
        let near = leader.followers.iter().filter(is_near).filter(may_serve);
        let best = near.max_by_key(|follower| (follower.end, follower.caught_up_at, follower.broker));
        best.map(|follower| follower.broker)
    }
}
