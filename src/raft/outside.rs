//! What passes between a server of the quorum and its owner: what it is told before it starts, and what it tells.
//!
//! Called by: `node`, `member`, and the controller, whose log it is.

use super::leader::Commit;
use crate::config::{BrokerConfig, Variants};
use crate::ids::{LeaderEpoch, Offset, ProcessId};

/// What a server of the quorum is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct RaftSetup {
    /// Who it is.
    pub me: ProcessId,
    /// Who votes at first; if `me` is not one of them, it observes.
    pub voters: Vec<ProcessId>,
    /// Its configuration.
    pub config: BrokerConfig,
    /// The historical rules in force.
    pub variants: Variants,
}

/// What the owner of the log has to know, in the order in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaftNews {
    /// This server leads. What lies below `epoch_start` is of earlier leaders and counts as soon as something at or beyond
    /// it does.
    BecameLeader {
        /// The epoch.
        epoch: LeaderEpoch,
        /// The offset of its first record.
        epoch_start: Offset,
    },
    /// This server no longer leads. What it appended and was not committed may be gone, or may count later.
    StoppedLeading {
        /// The epoch it led.
        epoch: LeaderEpoch,
    },
    /// The committed end advanced. What waited for it may be told; after that, [`super::RaftNode::release_fetches`].
    Committed(Commit),
    /// The log below `end` is to be had from [`super::RaftNode::snapshot`] only: all that was applied is replaced by that.
    SnapshotLoaded {
        /// Where the log goes on.
        end: Offset,
    },
}
