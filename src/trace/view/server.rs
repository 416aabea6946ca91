//! One process in the picture: whether it lives, what the metadata says of it, its copy of the metadata log, its place in the
//! quorum, its disk.
//!
//! Invariant: what a process knows dies with it; what its disk holds and what others say of it does not.

use std::sync::Arc;

use crate::event::{CrashKind, DiskFault, QuorumRole, VoterSetFacts};
use crate::ids::{BrokerEpoch, Incarnation, LeaderEpoch, Offset, ProcessId, VoterKey};

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessView {
    /// Which.
    pub process: ProcessId,
    /// Whether it lives.
    pub state: ProcessState,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// Whether it was asked to shut down in order, in this life.
    pub is_leaving: bool,
    /// How far its wall clock is from true time, in µs.
    pub clock_offset_us: i64,
    /// How much too fast its clocks run.
    pub clock_drift_ppm: i32,
    /// What the committed metadata says of it (brokers only); `None` before it was registered.
    pub registration: Option<Registration>,
    /// The metadata below this is in its image; `None` when it has none (yet).
    pub applied: Option<Offset>,
    /// Where its copy of the metadata log begins and ends.
    pub metadata_log: (Offset, Offset),
    /// Its place in the metadata quorum, as it told itself.
    pub quorum: QuorumView,
    /// What its disk did.
    pub disk: DiskView,
}

/// Whether a process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessState {
    /// It has not started yet.
    #[default]
    NotStarted,
    /// It lives.
    Up,
    /// It stands still.
    Paused,
    /// It died, and this died with it.
    Down(CrashKind),
    /// It ended itself.
    Halted,
    /// It shut down in order.
    Stopped,
}

/// What the committed metadata says of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// How it counts.
    pub standing: Standing,
    /// The broker epoch it is registered under.
    pub epoch: BrokerEpoch,
    /// Which of its lives registered.
    pub incarnation: Incarnation,
    /// Its rack.
    pub rack: Option<Arc<String>>,
}

/// How a broker counts for the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not as alive.
    Fenced,
    /// As alive.
    Alive,
    /// As leaving in order: it gets nothing to lead.
    ShuttingDown,
}

/// A server's place in the metadata quorum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuorumView {
    /// Its role; `None` when it told none in this life.
    pub role: Option<QuorumRole>,
    /// The epoch it stands in.
    pub epoch: LeaderEpoch,
    /// Whom it takes for the leader.
    pub leader: Option<ProcessId>,
    /// The vote it gave last, with its epoch.
    pub vote: Option<(LeaderEpoch, VoterKey)>,
    /// Whether it is the active controller, and since which epoch.
    pub active: Option<LeaderEpoch>,
    /// The end of its newest snapshot.
    pub snapshot: Option<Offset>,
    /// The voters it counts.
    pub voters: Option<Arc<VoterSetFacts>>,
}

/// What a server's disk did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskView {
    /// How often it did not do what it was asked.
    pub faults: u32,
    /// What it did last instead.
    pub last: Option<DiskFault>,
    /// Log directories that failed, in this life.
    pub failed: Arc<Vec<u8>>,
}

impl ProcessView {
    pub(super) fn new(process: ProcessId) -> Self {
        Self {
            process,
            state: ProcessState::NotStarted,
            incarnation: Incarnation::default(),
            is_leaving: false,
            clock_offset_us: 0,
            clock_drift_ppm: 0,
            registration: None,
            applied: None,
            metadata_log: (Offset::ZERO, Offset::ZERO),
            quorum: QuorumView::default(),
            disk: DiskView::default(),
        }
    }

    /// Whether the process is there and may act.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state == ProcessState::Up
    }

    /// Whether the process is dead, however it died.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.state, ProcessState::Down(_) | ProcessState::Halted | ProcessState::Stopped)
    }

    /// Whether the metadata counts it as not alive.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.registration.as_ref().is_some_and(|registration| registration.standing == Standing::Fenced)
    }

    /// Whether the metadata counts as alive what is dead, or as dead what lives.
    #[must_use]
    pub fn is_misjudged(&self) -> bool {
        let Some(registration) = &self.registration else { return false };
        match registration.standing {
            Standing::Fenced => false,
            Standing::Alive | Standing::ShuttingDown => self.is_dead() || registration.incarnation != self.incarnation,
        }
    }

    /// What it knew is gone.
    pub(super) fn die(&mut self) {
        self.is_leaving = false;
        self.applied = None;
        self.disk.failed = Arc::default();
        let quorum = &mut self.quorum;
        (quorum.role, quorum.leader, quorum.active) = (None, None, None);
    }

    /// Its disk is another one, and empty.
    pub(super) fn lose_disk(&mut self) {
        self.metadata_log = (Offset::ZERO, Offset::ZERO);
        self.quorum = QuorumView::default();
    }
}
