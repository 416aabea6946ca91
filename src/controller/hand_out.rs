//! What a controller hands to the broker in the same process: committed metadata, straight from its own copy of the log.
//!
//! Invariant: what is handed out is committed and follows without a gap on what the broker has; where the log does not reach
//! back that far any more, a snapshot stands for what came before.
//!
//! Source: Kafka's `SharedServer` (one `RaftManager` for both roles). Called by: `node`.

use super::server::Controller;
use crate::context::Context;
use crate::ids::{Offset, ProcessId};
use crate::raft::Drained;

impl Controller {
    /// Up to where (excluded) the metadata is committed, as far as this controller knows.
    #[must_use]
    pub fn committed_end(&self) -> Offset {
        self.raft.committed()
    }

    /// The quorum's leader, as far as this controller knows.
    #[must_use]
    pub fn quorum_leader(&self) -> Option<ProcessId> {
        self.raft.leader()
    }

    /// The committed metadata from `from` on; `None` when the disk will not give it (the controller ends itself then).
    pub fn hand_out(&mut self, from: Offset, cx: &mut Context<'_>) -> Option<Drained> {
        let end = self.raft.committed();
        if from >= self.raft.start_offset()
            && let Some(records) = self.raft.read(from, end, cx)
        {
            return Some(Drained { snapshot: None, records });
        }
        let (snapshot, records) = self.raft.snapshot(cx)?;
        let rest = self.raft.read(snapshot.end, end, cx)?;
        Some(Drained { snapshot: Some((snapshot.end, records)), records: rest })
    }
}
