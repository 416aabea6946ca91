//! A voter of the metadata quorum.
//!
//! Roles: *unattached* (before its first turn) → `become_leader` → *leader*, until the process ends.
//!
//! Invariant: it leads each epoch at most once: an epoch is written down, synced, before the voter acts in it, and every
//! start of the voter begins a new one.
//!
//! Called by: the controller, whose records it keeps. Source: KIP-595.
//!
//! Not modelled: more than one voter. With one, its own vote is a majority, so it elects itself at every start.

use std::sync::Arc;

use bytes::Bytes;

use super::leader::{Commit, Leader};
use super::reading::{MetadataRecords, metadata_records};
use super::state::QuorumState;
use super::{log_config, or_halt};
use crate::config::BrokerConfig;
use crate::context::{Context, Disk, ReplyTo};
use crate::error::Fault;
use crate::event::RaftFact;
use crate::files::Folder;
use crate::ids::{LogDirectory, Offset, ProcessId, Step, TopicPartition};
use crate::log::PartitionLog;
use crate::protocol::FetchRequest;
use crate::time::Instant;

/// What a voter is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct RaftSetup {
    /// Who it is.
    pub me: ProcessId,
    /// Everybody who votes; `me` is one of them.
    pub voters: Vec<ProcessId>,
    /// Its configuration.
    pub config: BrokerConfig,
}

/// A voter.
#[derive(Clone, Debug)]
pub struct RaftNode {
    setup: Arc<RaftSetup>,
    role: Role,
}

#[derive(Clone, Debug)]
enum Role {
    Unattached,
    Leader(Box<Leader>),
}

impl RaftNode {
    /// A voter that has not started yet.
    #[must_use]
    pub fn new(setup: RaftSetup) -> Self {
        assert_eq!(setup.voters, [setup.me], "a quorum of several voters is refused before it is built");
        Self { setup: Arc::new(setup), role: Role::Unattached }
    }

    /// Reads the log back and becomes leader of a new epoch. Returns the metadata records that were in the log; all of
    /// them count as soon as the epoch's first record does, which is before this returns. `None` when the disk failed.
    pub fn start(&mut self, cx: &mut Context<'_>) -> Option<MetadataRecords> {
        let started = self.try_start(cx);
        or_halt(started, cx)
    }

    /// Whether it leads, and so may append and serve.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// The offset that the next appended record gets.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.leader().map_or(Offset::ZERO, Leader::next_offset)
    }

    /// Up to where (excluded) the log is committed.
    #[must_use]
    pub fn committed(&self) -> Offset {
        self.leader().and_then(Leader::committed).unwrap_or_default()
    }

    /// Takes records to be written together, in one batch, when `controller.quorum.append.linger.ms` has passed.
    /// They get the offsets from [`RaftNode::next_offset`] on.
    pub fn append(&mut self, records: impl IntoIterator<Item = Bytes>, cx: &mut Context<'_>) {
        self.leader_mut().expect("only a leader appends").append(records, cx);
    }

    /// Serves a fetch of the metadata log, now or later.
    pub fn handle_fetch(&mut self, from: ProcessId, reply_to: ReplyTo, request: &FetchRequest, cx: &mut Context<'_>) {
        let served = self.leader_mut().expect("requests come after the start").handle_fetch(from, reply_to, request, cx);
        or_halt(served, cx);
    }

    /// Does what is due.
    pub fn handle_deadline(&mut self, cx: &mut Context<'_>) {
        if let Some(leader) = self.leader_mut() {
            let done = leader.handle_deadline(cx);
            or_halt(done, cx);
        }
    }

    /// The latest advance of the committed end, once. What waited for it may be told now; after that,
    /// [`RaftNode::release_fetches`] lets the observers hear of it.
    pub fn take_commit(&mut self) -> Option<Commit> {
        self.leader_mut()?.take_commit()
    }

    /// Answers the parked fetches for which there is something now, because of the event `because`.
    pub fn release_fetches(&mut self, because: Step, cx: &mut Context<'_>) {
        if let Some(leader) = self.leader_mut() {
            let released = leader.release_fetches(because, cx);
            or_halt(released, cx);
        }
    }

    /// When it wants [`RaftNode::handle_deadline`] at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.leader().and_then(Leader::next_deadline)
    }

    fn try_start(&mut self, cx: &mut Context<'_>) -> Result<MetadataRecords, Fault> {
        let quorum = QuorumState::read(cx)?;
        let log = open(cx)?;
        let records = metadata_records(&log, log.start_offset(), log.end_offset(), cx)?;
        self.become_leader(quorum, log, cx)?;
        Ok(records)
    }

    /// Unattached → leader: writes the new epoch down first, then tells it, then begins it in the log.
    fn become_leader(&mut self, quorum: QuorumState, log: PartitionLog, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(matches!(self.role, Role::Unattached), "a voter starts once per life");
        let latest = log.latest_epoch().unwrap_or_default().max(quorum.epoch);
        let epoch = latest.next();
        let me = Some(self.setup.me);
        QuorumState { epoch, leader: me, voted_for: me }.write(cx)?;
        cx.emit(RaftFact::QuorumLeaderElected { epoch });
        let mut leader = Leader::new(Arc::clone(&self.setup), epoch, log);
        leader.begin_epoch(cx)?;
        self.role = Role::Leader(Box::new(leader));
        Ok(())
    }

    fn leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Unattached => None,
            Role::Leader(leader) => Some(leader),
        }
    }

    fn leader_mut(&mut self) -> Option<&mut Leader> {
        match &mut self.role {
            Role::Unattached => None,
            Role::Leader(leader) => Some(leader),
        }
    }
}

fn open(cx: &mut Context<'_>) -> Result<PartitionLog, Fault> {
    let partition = TopicPartition::METADATA;
    if cx.list(Folder::Log(LogDirectory::FIRST, partition)).is_empty() {
        return PartitionLog::create(partition, log_config(), cx);
    }
    PartitionLog::recover(partition, log_config(), Offset::ZERO, false, cx)
}
