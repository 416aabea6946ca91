//! How a living group changes its protocol (KIP-848, "online upgrade" and "online downgrade").
//!
//! Up: the first ConsumerGroupHeartbeat that joins a classic group turns it into a consumer group whose members all speak the
//! classic protocol still; each changes over when it is restarted. Down: when the last member of the consumer protocol goes,
//! or its static name is taken by a classic process, the group turns into a classic one.
//!
//! Invariant: a change of protocol moves no partition: epochs, plans and what members have go over as they are.
//! `group.consumer.migration.policy` says which way is open. Called by `coordinator/runtime` (up), `departure` and
//! `classic::join` (down). Source: Kafka's `convertToConsumerGroup`, `convertToClassicGroup`.

use std::sync::Arc;

use super::Environment;
use super::classic_handover::{ClassicHandover, HandedOver};
use super::heartbeat::HeartbeatDecision;
use super::member::{ClassicWishes, CurrentAssignment, Member, MemberState, MemberWishes};
use super::record::{ConsumerRecord, Decision, GroupEpoch, TimerOrder};
use super::state::ConsumerGroup;
use super::topics_wanted::{Lookup, digest};
use crate::config::MigrationPolicy;
use crate::error::ErrorCode;
use crate::event::{GroupFact, GroupId, GroupKind};
use crate::ids::TopicPartition;
use crate::protocol::ConsumerGroupHeartbeatRequest;

/// What made a downgrade possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Somebody went.
    Departure,
    /// A classic process took a static name.
    Replacement,
}

impl ConsumerGroup {
    /// Decides about a heartbeat that joins a classic group with members: it becomes a consumer group, and the heartbeat is
    /// one to that. The caller writes the classic group's tombstone before these records.
    ///
    /// Errors: GROUP_ID_NOT_FOUND when the policy forbids it or the group is too large; those of [`ConsumerGroup::heartbeat`].
    pub fn upgrade(
        id: &GroupId,
        classic: &ClassicHandover,
        request: &ConsumerGroupHeartbeatRequest,
        environment: Environment<'_>,
    ) -> Result<HeartbeatDecision, ErrorCode> {
        let is_allowed = match environment.config.group_consumer_migration {
            MigrationPolicy::Upgrade | MigrationPolicy::Bidirectional => true,
            MigrationPolicy::Disabled | MigrationPolicy::Downgrade => false,
        };
        let size_max = environment.config.group_consumer_max_size;
        let is_too_large = u32::try_from(classic.members.len()).is_ok_and(|size| size > size_max);
        if !is_allowed || is_too_large {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let mut group = Self::new(id.clone());
        let mut records = records_of(classic);
        records.iter().for_each(|record| group.apply(record));
        group.seal_digest(&mut records, environment);
        let joined = group.heartbeat(request, environment)?;
        let sessions = classic.members.iter().map(|member| TimerOrder::Session(member.member.clone(), member.session_timeout));
        let changed = GroupFact::GroupProtocolChanged { group: id.clone(), to: GroupKind::Consumer };
        Ok(Decision {
            records: records.into_iter().chain(joined.records).collect(),
            facts: std::iter::once(changed).chain(joined.facts).collect(),
            timers: sessions.chain(joined.timers).collect(),
            ..joined
        })
    }

    /// The topics' digest belongs into the group's first record, or the next heartbeat would take them for changed.
    fn seal_digest(&mut self, records: &mut [ConsumerRecord], environment: Environment<'_>) {
        let lookup = Lookup::new(self, None, environment.topics);
        let metadata_hash = digest(&lookup.partitions(self.members.values().map(|member| &*member.wishes)));
        let sealed = ConsumerRecord::Group(Some(GroupEpoch { metadata_hash, ..self.epoch }));
        self.apply(&sealed);
        if let Some(record) = records.iter_mut().find(|record| matches!(record, ConsumerRecord::Group(_))) {
            *record = sealed;
        }
    }

    /// Tombstones for all that is written of this group.
    #[must_use]
    pub fn tombstones(&self) -> Vec<ConsumerRecord> {
        let currents = self.members.keys().map(|member| ConsumerRecord::Current(member.clone(), None));
        let targets = self.targets.keys().map(|member| ConsumerRecord::Target(member.clone(), None));
        let members = self.members.keys().map(|member| ConsumerRecord::Member(member.clone(), None));
        let rest = [ConsumerRecord::TargetEpoch(None), ConsumerRecord::Group(None)];
        currents.chain(targets).chain(members).chain(rest).collect()
    }
}

fn records_of(classic: &ClassicHandover) -> Vec<ConsumerRecord> {
    let epoch = classic.generation;
    let mut records = Vec::new();
    for member in &classic.members {
        records.push(ConsumerRecord::Member(member.member.clone(), Some(Arc::new(wishes_of(member)))));
    }
    records.push(ConsumerRecord::Group(Some(GroupEpoch { epoch, metadata_hash: 0 })));
    for member in &classic.members {
        records.push(ConsumerRecord::Target(member.member.clone(), Some(Arc::new(sorted(&member.assignment)))));
    }
    records.push(ConsumerRecord::TargetEpoch(Some(epoch)));
    for member in &classic.members {
        let current = CurrentAssignment {
            epoch,
            previous_epoch: epoch,
            state: MemberState::Stable,
            assigned: sorted(&member.assignment),
            revoking: Vec::new(),
        };
        records.push(ConsumerRecord::Current(member.member.clone(), Some(Arc::new(current))));
    }
    records
}

fn sorted(partitions: &[TopicPartition]) -> Vec<TopicPartition> {
    let mut partitions = partitions.to_vec();
    partitions.sort_unstable();
    partitions
}

fn wishes_of(member: &HandedOver) -> MemberWishes {
    let subscription = member.protocols.first().map(|(_, subscription)| subscription.clone()).unwrap_or_default();
    let mut topics = subscription.topics;
    topics.sort_unstable();
    topics.dedup();
    MemberWishes {
        instance: member.instance.clone(),
        rack: subscription.rack,
        client: member.client.clone(),
        rebalance_timeout: member.rebalance_timeout,
        topics,
        pattern: None,
        assignor: None,
        classic: Some(ClassicWishes { session_timeout: member.session_timeout, protocols: member.protocols.clone() }),
    }
}

/// Turns a decision after which only classic members are left into one that hands the group over to their protocol.
pub(super) fn downgrade_if_only_classic_are_left<A>(
    group: &ConsumerGroup,
    decision: &mut Decision<A>,
    after: After,
    environment: Environment<'_>,
) {
    let is_allowed = match environment.config.group_consumer_migration {
        MigrationPolicy::Downgrade | MigrationPolicy::Bidirectional => true,
        MigrationPolicy::Disabled | MigrationPolicy::Upgrade => false,
    };
    let had_classic = group.members.values().any(Member::is_classic);
    if !is_allowed || (after == After::Departure && !had_classic) {
        return;
    }
    let mut left = group.clone();
    decision.records.iter().for_each(|record| left.apply(record));
    let is_classic = !left.members.is_empty() && left.members.values().all(Member::is_classic);
    let is_too_large = u32::try_from(left.members.len()).is_ok_and(|size| size > environment.config.group_max_size);
    if !is_classic || is_too_large {
        return;
    }
    decision.records.extend(left.tombstones());
    decision.facts.push(GroupFact::GroupProtocolChanged { group: group.id.clone(), to: GroupKind::Classic });
    decision.downgrade = Some(handover(&left, after));
}

fn handover(group: &ConsumerGroup, after: After) -> ClassicHandover {
    let members = group.members.iter().filter_map(|(id, member)| {
        let classic = member.wishes.classic.as_ref()?;
        Some(HandedOver {
            member: id.clone(),
            instance: member.wishes.instance.clone(),
            client: member.wishes.client.clone(),
            session_timeout: classic.session_timeout,
            rebalance_timeout: member.wishes.rebalance_timeout,
            protocols: classic.protocols.clone(),
            assignment: group.target(id).to_vec(),
        })
    });
    ClassicHandover {
        generation: group.epoch(),
        protocol: group.common_protocol().unwrap_or_default(),
        members: members.collect(),
        rebalances: after == After::Departure,
    }
}
