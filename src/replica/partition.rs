//! One replica of one partition: its log, the high watermark it knows, and the role it plays.
//!
//! ```text
//!            become_leader                 become_follower
//!   Idle ───────────────────► Leader ◄──────────────────────► Follower
//!    ▲  └──────── become_follower ─────────────────────────────▲ │
//!    └───────────── resign (no replica here any more) ───────────┘
//!   any ── become_offline (its disk failed) ──► Offline, for the rest of this life
//! ```
//!
//! A new replica, and one that was read back from disk, is idle until the metadata gives it a role.
//!
//! Invariant: log start ≤ high watermark ≤ log end; leader epoch and partition epoch never go back.
//!
//! Source: Kafka's `Partition` (`makeLeader`, `makeFollower`). Called by: `broker`, as it applies the metadata.

use std::sync::Arc;

use super::follower::Follower;
use super::isr::Isr;
use super::leader::Leader;
use super::purgatory::Waiting;
use super::{Membership, ReplicaSetup};
use crate::config::{TopicConfig, Truncation};
use crate::context::Context;
use crate::error::{ErrorCode, Fault};
use crate::event::{PartitionFacts, ReplicaFact, TruncationReason};
use crate::ids::{BrokerId, LeaderEpoch, Offset, PartitionEpoch, Step, TopicPartition};
use crate::log::PartitionLog;

/// One replica.
#[derive(Clone, Debug)]
pub struct Partition {
    pub(super) setup: Arc<ReplicaSetup>,
    pub(super) log: PartitionLog,
    pub(super) high_watermark: Offset,
    pub(super) epoch: Option<LeaderEpoch>,
    pub(super) partition_epoch: PartitionEpoch,
    pub(super) replicas: Vec<BrokerId>,
    pub(super) role: Role,
    /// The requests that wait for something to happen here.
    pub waiting: Waiting,
}

/// What a replica does for its partition.
#[derive(Clone, Debug)]
pub enum Role {
    /// Nothing: the metadata has not given it a role.
    Idle,
    /// It takes appends and serves readers.
    Leader(Leader),
    /// It copies the leader's log.
    Follower(Follower),
    /// Its disk failed: it serves nobody.
    Offline,
}

/// What a change of role means for those who wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleChange {
    /// The event that told of the new role or epoch, if there is one: parked fetches must look again.
    pub announced: Option<Step>,
    /// It led before and does not any more: parked produces cannot be kept.
    pub stopped_leading: bool,
    /// The high watermark moved with it.
    pub high_watermark: Option<Step>,
}

impl Partition {
    /// An idle replica around a log. A high watermark beyond the log's end is cut down to it.
    #[must_use]
    pub fn new(setup: Arc<ReplicaSetup>, log: PartitionLog, high_watermark: Offset) -> Self {
        let high_watermark = high_watermark.clamp(log.start_offset(), log.end_offset());
        Self {
            setup,
            log,
            high_watermark,
            epoch: None,
            partition_epoch: PartitionEpoch::default(),
            replicas: Vec::new(),
            role: Role::Idle,
            waiting: Waiting::default(),
        }
    }

    /// Leads from here on, or goes on leading with a newer ISR.
    ///
    /// With a new leader epoch the epoch is written down before the first append (KAFKA-7415), and nothing is known of
    /// the followers until they fetch. Metadata older than what the replica knows is ignored.
    pub fn become_leader(&mut self, now: &PartitionFacts, members: &Membership, cx: &mut Context<'_>) -> RoleChange {
        if self.is_offline() || now.partition_epoch < self.partition_epoch {
            return RoleChange::default();
        }
        if self.epoch == Some(now.epoch) {
            return self.follow_metadata_as_leader(now, members, cx);
        }
        assert!(self.epoch.is_none_or(|epoch| now.epoch > epoch), "a partition's leader epoch never goes back");
        if let Err(fault) = self.log.start_epoch(now.epoch, cx) {
            return self.become_offline(&fault, cx);
        }
        // Where epochs lie between, others may have led, and followers have cut their logs for them.
        let led_before = self.epoch.is_some_and(|before| before.next() == now.epoch);
        let before = match &self.role {
            Role::Leader(leader) => Some(leader).filter(|_| led_before),
            Role::Idle | Role::Follower(_) | Role::Offline => None,
        };
        let leader = Leader::new(self.setup.me, now, self.log.end_offset(), before, cx.mono());
        self.adopt(now);
        self.role = Role::Leader(leader);
        let announced = cx.emit(ReplicaFact::BecameLeader {
            partition: self.partition(),
            epoch: now.epoch,
            end: self.log.end_offset(),
            high_watermark: self.high_watermark,
            isr: now.isr,
        });
        let high_watermark = self.advance_high_watermark(members, cx);
        RoleChange { announced: Some(announced), stopped_leading: false, high_watermark }
    }

    // ANCHOR: become-follower
    /// Follows `now.leader` from here on; without a leader it waits for one.
    ///
    /// Under the old rule (`truncation = high-watermark`) a follower of another leader than before cuts its log to its
    /// own high watermark first.
    pub fn become_follower(&mut self, now: &PartitionFacts, cx: &mut Context<'_>) -> RoleChange {
        if self.is_offline() || now.partition_epoch < self.partition_epoch {
            return RoleChange::default();
        }
        let (stopped_leading, followed) = match &self.role {
            Role::Follower(follower) => (false, follower.followed),
            Role::Leader(_) => (true, None),
            Role::Idle | Role::Offline => (false, None),
        };
        let is_new_epoch = self.epoch != Some(now.epoch);
        assert!(is_new_epoch || !stopped_leading, "a leader gives way to a new epoch only");
        self.adopt(now);
        if !is_new_epoch {
            return RoleChange::default();
        }
        self.role = Role::Follower(Follower { leader: now.leader, followed: now.leader.or(followed) });
        let announced = cx.emit(ReplicaFact::BecameFollower {
            partition: self.partition(),
            epoch: now.epoch,
            leader: now.leader,
            end: self.log.end_offset(),
            high_watermark: self.high_watermark,
        });
        let has_new_leader = now.leader.is_some() && now.leader != followed;
        if has_new_leader && self.setup.variants.truncation == Truncation::HighWatermark {
            self.truncate(self.high_watermark, TruncationReason::HighWatermark, cx);
        }
        RoleChange { announced: Some(announced), stopped_leading, high_watermark: None }
    }
    // ANCHOR_END: become-follower

    /// Plays no role any more: the metadata does not name this broker among the replicas, or the topic is deleted.
    ///
    /// The replica goes with its log: nothing of it counts any more, should the partition come back here.
    pub fn resign(&mut self, now: Option<&PartitionFacts>, cx: &mut Context<'_>) {
        let epoch = now.map(|now| now.epoch).or(self.epoch).filter(|_| !matches!(self.role, Role::Idle));
        self.role = Role::Idle;
        if let Some(epoch) = epoch {
            cx.emit(ReplicaFact::ReplicaResigned { partition: self.partition(), epoch });
        }
    }

    /// Removes its log from the disk. Errors: as [`crate::context::Disk::delete`].
    pub fn delete_log(self, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(matches!(self.role, Role::Idle), "a replica resigns before its log goes");
        self.log.delete(cx)
    }

    /// Serves nobody from here on: its disk failed. The broker takes every other replica of the log directory with it, and lets
    /// those go who wait here.
    pub fn become_offline(&mut self, fault: &Fault, cx: &mut Context<'_>) -> RoleChange {
        if self.is_offline() {
            return RoleChange::default();
        }
        let stopped_leading = self.is_leader();
        self.role = Role::Offline;
        let why = Arc::new(fault.to_string());
        let announced = cx.emit(ReplicaFact::ReplicaOffline { partition: self.partition(), why });
        RoleChange { announced: Some(announced), stopped_leading, high_watermark: None }
    }

    /// Which partition it is a replica of.
    #[must_use]
    pub fn partition(&self) -> TopicPartition {
        self.log.partition()
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &PartitionLog {
        &self.log
    }

    /// The high watermark as this replica knows it: below it every record is committed.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// The leader epoch it acts in; `None` before its first role.
    #[must_use]
    pub fn epoch(&self) -> Option<LeaderEpoch> {
        self.epoch
    }

    /// The newest state of the partition that it knows of.
    #[must_use]
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Whether it leads.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Whom it follows, if anybody.
    #[must_use]
    pub fn followed_leader(&self) -> Option<BrokerId> {
        match &self.role {
            Role::Follower(follower) => follower.leader,
            Role::Idle | Role::Leader(_) | Role::Offline => None,
        }
    }

    /// Takes in what the broker was told anew: other rules, another `replica.lag.time.max.ms`.
    pub fn set_setup(&mut self, setup: Arc<ReplicaSetup>) {
        assert_eq!(setup.me, self.setup.me, "a replica stays where it is");
        self.setup = setup;
    }

    /// Takes in the topic's configuration.
    pub fn set_config(&mut self, config: TopicConfig) {
        self.log.set_config(config);
    }

    /// `min.insync.replicas` as it counts: never more than there are replicas.
    #[must_use]
    pub fn effective_min_isr(&self) -> usize {
        let wanted = usize::try_from(self.log.config().min_insync_replicas).unwrap_or(usize::MAX);
        wanted.min(self.replicas.len())
    }

    /// Makes the whole log durable. A failed disk takes the replica offline.
    pub fn flush(&mut self, cx: &mut Context<'_>) {
        if self.is_offline() {
            return;
        }
        if let Err(fault) = self.log.flush(cx) {
            self.become_offline(&fault, cx);
        }
    }

    /// Makes the segments durable that no longer grow. A failed disk takes the replica offline.
    pub fn flush_closed(&mut self, cx: &mut Context<'_>) {
        if let Err(fault) = self.log.flush_closed(cx) {
            self.become_offline(&fault, cx);
        }
    }

    /// Whether its disk failed.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        matches!(self.role, Role::Offline)
    }

    /// Cuts the log to `to`, the high watermark first where it lies beyond: it never exceeds the log's end. A log that begins
    /// after `to` begins anew there.
    pub(super) fn truncate(&mut self, to: Offset, why: TruncationReason, cx: &mut Context<'_>) {
        let end = if to < self.log.start_offset() { to } else { self.log.end_if_cut_at(to) };
        self.set_learned(self.high_watermark.min(to).min(end), cx);
        let is_below_start = to < self.log.start_offset();
        let cut = if is_below_start { self.log.restart_at(to, cx) } else { self.log.truncate_to(to, why, cx) };
        if let Err(fault) = cut {
            self.become_offline(&fault, cx);
        }
    }

    /// The log's refusal as the caller should hear it; a failed disk takes the replica offline.
    pub(super) fn refuse(&mut self, code: ErrorCode, cx: &mut Context<'_>) -> ErrorCode {
        if code == ErrorCode::KafkaStorageError {
            let why = self.log.fenced_by().cloned().unwrap_or_else(|| Fault::Io(self.partition().to_string()));
            self.become_offline(&why, cx);
        }
        code
    }

    fn adopt(&mut self, now: &PartitionFacts) {
        self.epoch = Some(now.epoch);
        self.partition_epoch = now.partition_epoch;
        self.replicas.clone_from(&now.replicas);
    }

    /// The same leader in the same epoch, with another ISR than it knew.
    ///
    /// Kafka differs: when the answer to AlterPartition came before the metadata record of the same change, Kafka takes in
    /// that record as well and forgets a newer proposal in flight, and with it the maximal ISR; here it is no news.
    fn follow_metadata_as_leader(&mut self, now: &PartitionFacts, members: &Membership, cx: &mut Context<'_>) -> RoleChange {
        if now.partition_epoch == self.partition_epoch {
            return RoleChange::default();
        }
        self.adopt(now);
        let Role::Leader(leader) = &mut self.role else {
            panic!("one leader per epoch: whoever leads in it has led since it began");
        };
        leader.follow_replicas(self.setup.me, &now.replicas);
        leader.isr = Isr::committed(now.isr);
        self.emit_isr_adopted(cx);
        RoleChange { high_watermark: self.advance_high_watermark(members, cx), ..RoleChange::default() }
    }
}
