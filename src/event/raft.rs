//! Facts of the metadata log and its quorum.

use super::facts::facts;
use crate::ids::{LeaderEpoch, Offset};

facts! {
    /// The metadata log and its quorum.
    "raft" RaftFact {
        /// This controller leads the metadata quorum from here on.
        [450] QuorumLeaderElected { epoch: LeaderEpoch }
        /// The metadata below `end` is on a majority's disks: it counts.
        [452] MetadataCommitted { end: Offset, epoch: LeaderEpoch }
        /// This broker's image now reflects the metadata below `end`.
        [453] MetadataApplied { end: Offset }
    }
}
