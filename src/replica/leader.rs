//! A leader: appends, takes a follower's fetch for its acknowledgement, and advances the high watermark.
//!
//! Invariant: the high watermark never passes the log end of any member of the *maximal* ISR, which is the committed ISR
//! and whoever is proposed for it (KIP-497); and never goes back while the leader leads.
//!
//! Source: KIP-497, KIP-903, KIP-966 (no progress under min ISR); Kafka's `Partition.appendRecordsToLeader`,
//! `updateFollowerFetchState`, `maybeIncrementLeaderHW` and `Replica`.
//!
//! Called by: `broker/produce`, `broker/fetch`.

use bytes::Bytes;

use super::isr::{Isr, Proposal};
use super::partition::{Partition, Role};
use super::{Membership, ReplicaSetup};
use crate::config::IsrEligibility;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::{Acks, PartitionFacts, ReplicaFact};
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Offset, Step};
use crate::protocol::{FetchPartition, ReplicaState};
use crate::time::{Duration, Instant, Timestamp};

/// What a leader knows of its followers.
#[derive(Clone, Debug)]
pub struct Leader {
    /// Where its leader epoch begins in its log.
    pub(super) epoch_start: Offset,
    /// Every other replica, in the order of the assignment.
    pub(super) followers: Vec<FollowerProgress>,
    /// Who is in sync.
    pub(super) isr: Isr,
}

/// How far a follower has come, by its own fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerProgress {
    /// Who.
    pub broker: BrokerId,
    /// Its log end offset at its last fetch; `None` before its first one to this leader.
    pub end: Option<Offset>,
    /// Where its log began at its last fetch.
    pub(super) log_start: Offset,
    /// The registration under which it fetched last (KIP-903).
    pub(super) broker_epoch: Option<BrokerEpoch>,
    pub(super) fetched_at: Option<Instant>,
    pub(super) leader_end_at_fetch: Offset,
    /// The last moment at which it is known to have had all that the leader had; `None` is never.
    pub(super) caught_up_at: Option<Instant>,
}

/// What came of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the batch's first record.
    pub base: Offset,
    /// The offset of its last record.
    pub last: Offset,
    /// The timestamp the leader gave it, with LogAppendTime.
    pub log_append_time: Option<Timestamp>,
    /// The event that told of the append.
    pub told: Step,
    /// The event that raised the high watermark at once: the leader is alone in the maximal ISR.
    pub high_watermark: Option<Step>,
}

/// What came of a follower's fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The event that raised the high watermark.
    pub high_watermark: Option<Step>,
    /// The ISR to propose to the controller: the follower has caught up.
    pub proposal: Option<Proposal>,
    /// The follower's log begins later than before.
    pub log_start_moved: bool,
}

/// The rules of replication that a reader of this code may replace by his own (ARCHITECTURE section 7, seams).
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The high watermark a leader may claim, given its own log end, its followers and the brokers that count
    /// (the leader itself is not among the followers). The default is [`lowest_end`].
    pub high_watermark: fn(leader_end: Offset, followers: &[FollowerProgress], counting: BrokerSet) -> Offset,
}

impl Default for Rules {
    fn default() -> Self {
        Self { high_watermark: lowest_end }
    }
}

// ANCHOR: lowest-end
/// The lowest log end among the leader and the followers that count; a follower that has not fetched yet holds nothing.
#[must_use]
pub fn lowest_end(leader_end: Offset, followers: &[FollowerProgress], counting: BrokerSet) -> Offset {
    let counted = followers.iter().filter(|follower| counting.contains(follower.broker));
    counted.fold(leader_end, |lowest, follower| lowest.min(follower.end.unwrap_or(Offset::ZERO)))
}
// ANCHOR_END: lowest-end

impl Partition {
    // ANCHOR: advance-high-watermark
    /// Raises the high watermark to what the whole maximal ISR holds. Returns the event, if it moved.
    ///
    /// A caught-up replica that may join the ISR is waited for as well: else it could chase the high watermark for ever.
    /// Nothing moves while the committed ISR is smaller than `min.insync.replicas` (KIP-966); with `elr = off` it may.
    ///
    /// Kafka differs: there the second half holds since 3.7, whether eligible leader replicas are on or not.
    pub fn advance_high_watermark(&mut self, members: &Membership, cx: &mut Context<'_>) -> Option<Step> {
        let Role::Leader(leader) = &self.role else { return None };
        let variants = &self.setup.variants;
        if variants.elr.is_on() && leader.isr.committed.len() < self.effective_min_isr() {
            return None;
        }
        let (old, end) = (self.high_watermark, self.log.end_offset());
        if old == end {
            return None;
        }
        let counting = leader.counting(end, cx.mono(), &self.setup, members);
        let new = (self.setup.rules.high_watermark)(end, &leader.followers, counting);
        assert!(new <= end, "the high watermark never exceeds the leader's log end");
        if new <= old {
            return None;
        }
        self.high_watermark = new;
        let epoch = self.epoch.expect("a leader has an epoch");
        Some(cx.emit(ReplicaFact::HighWatermarkAdvanced { partition: self.partition(), old, new, epoch }))
    }
    // ANCHOR_END: advance-high-watermark

    // ANCHOR: append
    /// Appends a producer's batch.
    ///
    /// Errors: NOT_LEADER_OR_FOLLOWER; NOT_ENOUGH_REPLICAS with acks=all, before anything is written; what the log refuses.
    pub fn append(&mut self, batch: &Bytes, acks: Acks, members: &Membership, cx: &mut Context<'_>) -> Result<Appended, ErrorCode> {
        let isr = self.leading(None)?.isr.committed;
        if acks == Acks::All && isr.len() < self.effective_min_isr() {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let epoch = self.epoch.expect("a leader has an epoch");
        let appended = self.log.append_as_leader(batch, epoch, cx);
        let appended = appended.map_err(|code| self.refuse(code, cx))?;
        let told = cx.latest();
        let high_watermark = self.advance_high_watermark(members, cx);
        Ok(Appended { told, base: appended.base, last: appended.last, log_append_time: appended.log_append_time, high_watermark })
    }
    // ANCHOR_END: append

    // ANCHOR: record-fetch
    /// Takes a follower's fetch for what it is: the acknowledgement of all below its fetch offset. It may raise the high
    /// watermark, and it may bring the follower into the ISR.
    ///
    /// Errors: NOT_LEADER_OR_FOLLOWER for a registration older than the one known (KIP-903, with
    /// `isr-eligibility = broker-epoch`); UNKNOWN_LEADER_EPOCH from a broker that is not known as a replica yet.
    pub fn record_fetch(
        &mut self,
        from: ReplicaState,
        item: &FetchPartition,
        members: &Membership,
        cx: &mut Context<'_>,
    ) -> Result<Progress, ErrorCode> {
        let (partition, leader_end, end) = (self.partition(), self.log.end_offset(), item.fetch_offset);
        assert!(end <= leader_end, "a fetch beyond the leader's end is refused before it counts");
        let Role::Leader(leader) = &mut self.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let follower = leader.follower_mut(from.broker).ok_or(ErrorCode::UnknownLeaderEpoch)?;
        let known = members.alive_epoch(from.broker);
        let checks_epochs = self.setup.variants.isr_eligibility == IsrEligibility::BrokerEpoch;
        if checks_epochs && from.epoch.is_some() && known > from.epoch {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let moved = follower.end != Some(end);
        follower.note_fetch(end, leader_end, from.epoch, cx.mono());
        let log_start_moved = item.log_start_offset > follower.log_start;
        follower.log_start = item.log_start_offset;
        if moved {
            cx.emit(ReplicaFact::FollowerProgressed { partition, follower: from.broker, end });
        }
        let proposal = self.propose_expansion(from.broker, members, cx);
        let high_watermark = if moved { self.advance_high_watermark(members, cx) } else { None };
        Ok(Progress { high_watermark, proposal, log_start_moved })
    }
    // ANCHOR_END: record-fetch

    /// Whether the records below `required` are committed, for an acks=all request that waits: `None` while they are not.
    ///
    /// Errors: NOT_ENOUGH_REPLICAS_AFTER_APPEND when they are, but the ISR has shrunk below `min.insync.replicas`;
    /// NOT_LEADER_OR_FOLLOWER.
    #[must_use]
    pub fn commitment(&self, required: Offset) -> Option<Result<BrokerSet, ErrorCode>> {
        let Role::Leader(leader) = &self.role else { return Some(Err(ErrorCode::NotLeaderOrFollower)) };
        if self.high_watermark < required {
            return None;
        }
        let counted = leader.isr.counted(self.setup.variants.hw_isr);
        let is_enough = counted.len() >= self.effective_min_isr();
        Some(if is_enough { Ok(counted) } else { Err(ErrorCode::NotEnoughReplicasAfterAppend) })
    }
}

impl Leader {
    /// A leader at the start of its epoch. Followers in the ISR get the benefit of the doubt from now on; a leader that
    /// led in the epoch before keeps what it knows of them.
    ///
    /// Kafka differs: a broker that goes from one epoch to a later one at once, since it hears late of both, keeps what it knew even
    /// if another led between (`Replica.resetReplicaState`). A follower that cut its log for that one is counted on for what it has
    /// no more (chaos/groups seed 0x25c).
    pub(super) fn new(me: BrokerId, now: &PartitionFacts, end: Offset, before: Option<&Self>, at: Instant) -> Self {
        let followers = now.replicas.iter().filter(|replica| **replica != me);
        let followers = followers.map(|broker| {
            let in_sync = now.isr.contains(*broker).then_some(at);
            match before.and_then(|leader| leader.follower(*broker)) {
                Some(known) => FollowerProgress { caught_up_at: in_sync, fetched_at: in_sync, leader_end_at_fetch: end, ..*known },
                None => FollowerProgress { caught_up_at: in_sync, ..FollowerProgress::unknown(*broker) },
            }
        });
        Self { epoch_start: end, followers: followers.collect(), isr: Isr::committed(now.isr) }
    }

    /// What it knows of a follower.
    #[must_use]
    pub fn follower(&self, broker: BrokerId) -> Option<&FollowerProgress> {
        self.followers.iter().find(|follower| follower.broker == broker)
    }

    /// Who is in sync.
    #[must_use]
    pub fn isr(&self) -> &Isr {
        &self.isr
    }

    fn follower_mut(&mut self, broker: BrokerId) -> Option<&mut FollowerProgress> {
        self.followers.iter_mut().find(|follower| follower.broker == broker)
    }

    /// Keeps what it knows of the followers that stay; new ones are unknown until they fetch.
    pub(super) fn follow_replicas(&mut self, me: BrokerId, replicas: &[BrokerId]) {
        self.followers.retain(|follower| replicas.contains(&follower.broker));
        for broker in replicas {
            if *broker != me && self.follower(*broker).is_none() {
                self.followers.push(FollowerProgress::unknown(*broker));
            }
        }
    }

    /// The ISR that counts, and whoever has caught up and may join it.
    fn counting(&self, end: Offset, now: Instant, setup: &ReplicaSetup, members: &Membership) -> BrokerSet {
        let (lag_max, eligibility) = (setup.lag_time_max, setup.variants.isr_eligibility);
        let counted = self.isr.counted(setup.variants.hw_isr);
        let joining = self.followers.iter().filter(|follower| {
            let is_outside = !counted.contains(follower.broker);
            is_outside && follower.is_caught_up(end, now, lag_max) && follower.may_join(members, eligibility)
        });
        joining.map(|follower| follower.broker).fold(counted, BrokerSet::with)
    }
}

impl FollowerProgress {
    fn unknown(broker: BrokerId) -> Self {
        Self {
            broker,
            end: None,
            log_start: Offset::ZERO,
            broker_epoch: None,
            fetched_at: None,
            leader_end_at_fetch: Offset::ZERO,
            caught_up_at: None,
        }
    }

    /// A fetch at `end`. It has caught up now if it reached the leader's end, and it had caught up at its last fetch if it
    /// now reaches the end the leader had then: so a steady stream of appends does not make it look late.
    fn note_fetch(&mut self, end: Offset, leader_end: Offset, epoch: Option<BrokerEpoch>, now: Instant) {
        if end >= leader_end {
            self.caught_up_at = self.caught_up_at.max(Some(now));
        } else if self.fetched_at.is_some() && end >= self.leader_end_at_fetch {
            self.caught_up_at = self.caught_up_at.max(self.fetched_at);
        }
        self.end = Some(end);
        self.broker_epoch = epoch;
        self.fetched_at = Some(now);
        self.leader_end_at_fetch = self.leader_end_at_fetch.max(leader_end);
    }

    /// It has all that the leader has, or had it at most `lag_max` ago (`replica.lag.time.max.ms`).
    pub(super) fn is_caught_up(&self, leader_end: Offset, now: Instant, lag_max: Duration) -> bool {
        self.end == Some(leader_end) || self.caught_up_at.is_some_and(|at| now.since(at) <= lag_max)
    }

    /// It is registered, not fenced (KIP-841), and fetches under its present registration (KIP-903); the older rules ask
    /// for less.
    ///
    /// Kafka differs: there a fetch without a broker epoch, of a version before KIP-903, qualifies as well; here every broker
    /// names its own as soon as it has one, and a fetch from before that does not qualify.
    pub(super) fn may_join(&self, members: &Membership, eligibility: IsrEligibility) -> bool {
        match eligibility {
            IsrEligibility::Any => true,
            IsrEligibility::NotFenced => members.is_alive(self.broker),
            IsrEligibility::BrokerEpoch => self.broker_epoch.is_some() && members.alive_epoch(self.broker) == self.broker_epoch,
        }
    }
}
