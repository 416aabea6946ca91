//! Who is in sync: the leader proposes, the controller decides, and until it has, the leader counts on both.
//!
//! ```text
//!   committed {1,2}  ── propose {1,2,3} ──►  in flight: maximal {1,2,3}  ── accepted ──►  committed {1,2,3}
//!   committed {1,2}  ── propose {1}     ──►  in flight: maximal {1,2}    ── refused  ──►  committed {1,2}
//! ```
//!
//! A proposal whose fate is unknown stays in flight, and so does its maximal ISR: giving a member up too early would raise
//! the high watermark over records that an electable replica lacks. Only a refusal that says "the state you build on is
//! right and nothing was changed" takes it back; any other ends with newer metadata.
//!
//! Invariant: at most one proposal is in flight; maximal = committed ∪ proposed.
//!
//! Source: KIP-497, KIP-841, KIP-903, KAFKA-7128; Kafka's `PartitionState`, `maybeExpandIsr`, `maybeShrinkIsr`,
//! `handleAlterPartitionError`. Called by: [`Partition::record_fetch`], `broker/alter_partition`.

use super::Membership;
use super::leader::Leader;
use super::partition::{Partition, Role};
use crate::config::{HwIsr, IsrEligibility, IsrJoinRule};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::ReplicaFact;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch, Step, TopicPartition};
use crate::protocol::{AlterPartitionItem, AlteredState, IsrMember};
use crate::time::Instant;

/// A leader's view of the ISR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isr {
    /// As the controller committed it last, as far as this leader knows.
    pub committed: BrokerSet,
    /// What the leader has proposed and not heard about.
    pub proposed: Option<BrokerSet>,
}

impl Isr {
    /// An ISR without a proposal.
    #[must_use]
    pub fn committed(committed: BrokerSet) -> Self {
        Self { committed, proposed: None }
    }

    /// Everybody who is, or may by now be, in the ISR: whom the high watermark waits for.
    #[must_use]
    pub fn maximal(&self) -> BrokerSet {
        self.proposed.map_or(self.committed, |proposed| self.committed.union(proposed))
    }

    /// Whom the high watermark waits for under this rule.
    pub(super) fn counted(&self, rule: HwIsr) -> BrokerSet {
        match rule {
            HwIsr::Committed => self.committed,
            HwIsr::Maximal => self.maximal(),
        }
    }
}

/// A proposal on its way to the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Which partition.
    pub partition: TopicPartition,
    /// The epoch its leader leads in.
    pub leader_epoch: LeaderEpoch,
    /// The state it builds on.
    pub partition_epoch: PartitionEpoch,
    /// The ISR proposed.
    pub isr: BrokerSet,
    /// Its members, each with the registration under which it fetched.
    pub members: Vec<IsrMember>,
    /// The event that tells of it.
    pub told: Step,
}

impl Proposal {
    /// As AlterPartition carries it.
    #[must_use]
    pub fn item(&self) -> AlterPartitionItem {
        AlterPartitionItem {
            partition: self.partition,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            new_isr: self.members.clone(),
        }
    }
}

/// What came of the controller's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The event that raised the high watermark.
    pub high_watermark: Option<Step>,
    /// The proposal must be sent again.
    pub retry: bool,
}

impl Partition {
    /// Proposes to take a follower in, if it has caught up and may join.
    ///
    /// It must have reached the high watermark *and* the start of the leader's epoch: a young leader's high watermark lags,
    /// and a follower that only reached that could lack committed records (KAFKA-7128). The old rule
    /// (`isr-join-rule = high-watermark`) asks for the first only.
    pub(super) fn propose_expansion(&mut self, broker: BrokerId, members: &Membership, cx: &mut Context<'_>) -> Option<Proposal> {
        let Role::Leader(leader) = &self.role else { return None };
        if leader.isr.proposed.is_some() || leader.isr.committed.contains(broker) {
            return None;
        }
        let follower = leader.follower(broker)?;
        let end = follower.end?;
        let must_reach = match self.setup.variants.isr_join_rule {
            IsrJoinRule::HighWatermark => self.high_watermark,
            IsrJoinRule::EpochStart => self.high_watermark.max(leader.epoch_start),
        };
        if end < must_reach || !follower.may_join(members, self.setup.variants.isr_eligibility) {
            return None;
        }
        let wanted = leader.isr.committed.with(broker);
        self.propose(wanted, members, cx)
    }

    /// Proposes to leave out every follower that has not caught up for `replica.lag.time.max.ms`.
    pub fn propose_shrink(&mut self, members: &Membership, cx: &mut Context<'_>) -> Option<Proposal> {
        let Role::Leader(leader) = &self.role else { return None };
        if leader.isr.proposed.is_some() {
            return None;
        }
        let wanted = self.timely_members(leader, cx.mono());
        if wanted == leader.isr.committed {
            return None;
        }
        self.propose(wanted, members, cx)
    }

    /// Takes in the controller's answer to a proposal. An answer to another proposal than the one in flight is too late to
    /// mean anything.
    pub fn handle_proposal_answer(
        &mut self,
        proposal: &Proposal,
        answer: Result<AlteredState, ErrorCode>,
        members: &Membership,
        cx: &mut Context<'_>,
    ) -> Answered {
        if !self.is_in_flight(proposal) {
            return Answered::default();
        }
        match answer {
            Ok(state) => self.adopt_altered(state, members, cx),
            Err(code) => self.take_refusal(code, cx),
        }
    }

    /// Whether this proposal is the one whose answer the leader waits for.
    #[must_use]
    pub fn is_in_flight(&self, proposal: &Proposal) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        leader.isr.proposed == Some(proposal.isr)
            && self.epoch == Some(proposal.leader_epoch)
            && self.partition_epoch == proposal.partition_epoch
    }

    fn propose(&mut self, isr: BrokerSet, members: &Membership, cx: &mut Context<'_>) -> Option<Proposal> {
        let (partition, partition_epoch, me) = (self.partition(), self.partition_epoch, self.setup.me);
        let leader_epoch = self.epoch?;
        let Role::Leader(leader) = &mut self.role else { return None };
        assert!(isr.contains(me), "a leader never proposes an ISR without itself");
        assert!(leader.isr.proposed.is_none(), "one proposal at a time");
        // A leader of before KIP-903 names no registrations, and so none can be found to be stale.
        let names_epochs = self.setup.variants.isr_eligibility == IsrEligibility::BrokerEpoch;
        let epoch_of = |broker| if names_epochs { leader.fetched_epoch(broker, me, members) } else { None };
        let member_of = |broker| IsrMember { broker, broker_epoch: epoch_of(broker) };
        let proposed_members = isr.iter().map(member_of).collect();
        leader.isr.proposed = Some(isr);
        let told = cx.emit(ReplicaFact::IsrProposed { partition, isr, maximal: leader.isr.maximal(), partition_epoch });
        Some(Proposal { partition, leader_epoch, partition_epoch, isr, members: proposed_members, told })
    }

    fn adopt_altered(&mut self, state: AlteredState, members: &Membership, cx: &mut Context<'_>) -> Answered {
        if self.epoch != Some(state.leader_epoch) || state.partition_epoch < self.partition_epoch {
            return Answered::default();
        }
        let Role::Leader(leader) = &mut self.role else { return Answered::default() };
        leader.isr = Isr::committed(state.isr);
        self.partition_epoch = state.partition_epoch;
        self.emit_isr_adopted(cx);
        Answered { high_watermark: self.advance_high_watermark(members, cx), retry: false }
    }

    fn take_refusal(&mut self, code: ErrorCode, cx: &mut Context<'_>) -> Answered {
        let Role::Leader(leader) = &mut self.role else { return Answered::default() };
        let is_unchanged = code == ErrorCode::IneligibleReplica;
        let is_outdated = matches!(
            code,
            ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest
                | ErrorCode::NewLeaderElected
        );
        if is_unchanged {
            leader.isr.proposed = None;
        }
        cx.emit(ReplicaFact::IsrProposalRefused { partition: self.partition(), code });
        if is_unchanged {
            self.emit_isr_adopted(cx);
        }
        Answered { high_watermark: None, retry: !is_unchanged && !is_outdated }
    }

    /// Whether some member of the ISR has not caught up for too long.
    #[must_use]
    pub fn has_late_member(&self, now: Instant) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        leader.isr.proposed.is_none() && self.timely_members(leader, now) != leader.isr.committed
    }

    pub(super) fn emit_isr_adopted(&self, cx: &mut Context<'_>) {
        let (Role::Leader(leader), Some(epoch)) = (&self.role, self.epoch) else { return };
        cx.emit(ReplicaFact::IsrAdopted {
            partition: self.partition(),
            isr: leader.isr.committed,
            maximal: leader.isr.maximal(),
            partition_epoch: self.partition_epoch,
            epoch,
        });
    }

    /// The committed ISR without those that have not caught up for `replica.lag.time.max.ms`.
    fn timely_members(&self, leader: &Leader, now: Instant) -> BrokerSet {
        let (end, lag_max) = (self.log.end_offset(), self.setup.lag_time_max);
        let late = leader.followers.iter().filter(|follower| !follower.is_caught_up(end, now, lag_max));
        late.map(|follower| follower.broker).fold(leader.isr.committed, BrokerSet::without)
    }
}

impl Leader {
    /// The registration that a proposal names for a member: the leader's own, or the one under which a follower fetched.
    fn fetched_epoch(&self, broker: BrokerId, me: BrokerId, members: &Membership) -> Option<BrokerEpoch> {
        if broker == me { members.registered_epoch(me) } else { self.follower(broker)?.broker_epoch }
    }
}
