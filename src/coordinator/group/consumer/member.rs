//! A member of a group of the consumer protocol: what it wants, what it has, and how far it has come (KIP-848).
//!
//! Invariant: `assigned` and `revoking` have no partition in common; a member that is `Unrevoked` has something to revoke.
//! Epochs of a member only rise, but for [`LEFT_FOR_A_WHILE`]. Both halves are shared, so that a heartbeat that changes
//! nothing copies nothing. Called by everything in `coordinator/group/consumer`.
//!
//! Not modelled: the epoch at which each single partition was assigned (KIP-1251).

use std::sync::Arc;

use crate::event::InstanceId;
use crate::ids::TopicPartition;
use crate::protocol::Subscription;
use crate::time::Duration;

/// The epoch with which a member joins.
pub const JOINING: i32 = 0;
/// The epoch with which a member leaves for good.
pub const LEAVING: i32 = -1;
/// The epoch with which a static member leaves for a while; its place and its partitions are kept for its session's time.
pub const LEFT_FOR_A_WHILE: i32 = -2;

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it said of itself.
    pub wishes: Arc<MemberWishes>,
    /// What it has been given.
    pub current: Arc<CurrentAssignment>,
}

/// What a member said of itself when it joined, and since (`ConsumerGroupMemberMetadataValue`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberWishes {
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// Where it stands.
    pub rack: Option<String>,
    /// The client's name.
    pub client: Arc<String>,
    /// How long it may take to give partitions back.
    pub rebalance_timeout: Duration,
    /// The topics it wants, in order, each once.
    pub topics: Vec<String>,
    /// The pattern of topics it wants besides.
    pub pattern: Option<String>,
    /// The assignor it wants.
    pub assignor: Option<String>,
    /// What is needed besides of a member that speaks the classic protocol.
    pub classic: Option<ClassicWishes>,
}

/// What a member said that speaks the classic protocol in a group of the consumer protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassicWishes {
    /// After this much silence it is out.
    pub session_timeout: Duration,
    /// The assignors it knows with what it told each.
    pub protocols: Vec<(String, Subscription)>,
}

/// What a member has been given (`ConsumerGroupCurrentMemberAssignmentValue`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentAssignment {
    /// Its epoch.
    pub epoch: i32,
    /// The epoch it had before: an answer may have been lost.
    pub previous_epoch: i32,
    /// What it is waited for.
    pub state: MemberState,
    /// What it may own, in order.
    pub assigned: Vec<TopicPartition>,
    /// What it has to give back before anybody else gets it, in order.
    pub revoking: Vec<TopicPartition>,
}

/// What a member is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberState {
    /// Nothing: it has what its epoch's target gives it.
    #[default]
    Stable,
    /// It has to give partitions back.
    Unrevoked,
    /// It waits for partitions that others have to give back.
    Unreleased,
}

impl Member {
    /// Somebody who has just come and has nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { wishes: Arc::default(), current: Arc::default() }
    }

    /// Whether it speaks the classic protocol.
    #[must_use]
    pub fn is_classic(&self) -> bool {
        self.wishes.classic.is_some()
    }

    /// Whether it has all that the target of this epoch gives it.
    #[must_use]
    pub fn is_reconciled_to(&self, target_epoch: i32) -> bool {
        self.current.state == MemberState::Stable && self.current.epoch == target_epoch
    }

    /// Who takes its place under its static name: with what it may own, and the epoch of somebody who has just come.
    #[must_use]
    pub(super) fn successor(&self) -> Self {
        let current = CurrentAssignment {
            epoch: JOINING,
            previous_epoch: self.current.epoch,
            revoking: Vec::new(),
            ..(*self.current).clone()
        };
        Self { wishes: Arc::clone(&self.wishes), current: Arc::new(current) }
    }

    /// Whether it is a static member that left for a while.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.current.epoch == LEFT_FOR_A_WHILE
    }
}

impl Default for Member {
    fn default() -> Self {
        Self::new()
    }
}

impl CurrentAssignment {
    /// All that nobody else may have: what it may own and what it has to give back.
    pub fn held(&self) -> impl Iterator<Item = TopicPartition> {
        self.assigned.iter().chain(&self.revoking).copied()
    }
}
