//! The proposals of leaders: AlterPartition, by which an ISR shrinks and grows.
//!
//! Rules: the proposal must build on the partition as it is, come from its leader under its present registration, and name
//! only replicas that may be in sync: by `isr-eligibility` any, those that are active (KIP-841), or those that are active
//! and fetch under their present registration (KIP-903). A proposal that completes a move is answered with
//! NEW_LEADER_ELECTED if the leader is not among the replicas that stay.
//!
//! Called by: [`super::server`]. Source: Kafka's `ReplicationControlManager.alterPartition`; KIP-497, KIP-841, KIP-903.

use super::basis::Basis;
use super::elections::{Electorate, Target};
use super::image::MetadataImage;
use super::records::{MetadataRecord, PartitionChange};
use super::server::Controller;
use crate::config::IsrEligibility;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::{ControllerFact, PartitionFacts};
use crate::ids::{BrokerId, BrokerSet};
use crate::protocol::{
    AlterPartitionItem, AlterPartitionRequest, AlterPartitionResponse, AlteredPartition, AlteredState, IsrMember,
};

impl Controller {
    pub(super) fn handle_alter_partition(&mut self, reply_to: ReplyTo, request: &AlterPartitionRequest, cx: &mut Context<'_>) {
        let leader = request.broker;
        match decide_alter_partition(&self.basis(), request) {
            Err(code) => {
                for item in &request.partitions {
                    cx.emit(ControllerFact::AlterPartitionRefused { partition: item.partition, leader, code });
                }
                cx.reply(reply_to, AlterPartitionResponse { error: Some(code), partitions: Vec::new() }.into());
            }
            Ok((records, partitions)) => {
                for (partition, code) in partitions.iter().filter_map(|item| Some((item.partition, item.result.err()?))) {
                    cx.emit(ControllerFact::AlterPartitionRefused { partition, leader, code });
                }
                let answer = AlterPartitionResponse { error: None, partitions };
                self.write(records, Some((reply_to, answer.into())), cx);
            }
        }
    }
}

/// Decides a leader's proposals one by one.
///
/// Errors: STALE_BROKER_EPOCH for the whole request when the asker is not the broker's present registration.
fn decide_alter_partition(
    basis: &Basis<'_>,
    request: &AlterPartitionRequest,
) -> Result<(Vec<MetadataRecord>, Vec<AlteredPartition>), ErrorCode> {
    if basis.image.broker_epoch(request.broker) != Some(request.broker_epoch) {
        return Err(ErrorCode::StaleBrokerEpoch);
    }
    let mut changes: Vec<PartitionChange> = Vec::new();
    let mut answers = Vec::with_capacity(request.partitions.len());
    let mut electorate = Electorate::new(basis);
    let eligibility = basis.variants().isr_eligibility;
    for item in &request.partitions {
        let partition = item.partition;
        let is_second = changes.iter().any(|change| change.partition == partition);
        let decided =
            if is_second { Err(ErrorCode::InvalidUpdateVersion) } else { check(basis.image, request.broker, item, eligibility) };
        let result = decided.and_then(|facts| {
            let isr = item.new_isr.iter().map(|member| member.broker).collect();
            let election = electorate.usual_election(partition.topic);
            let change = electorate.change(partition, facts, Target { isr, ..Target::same(facts) }, election);
            let now = change.as_ref().map_or_else(|| state(facts), |change| state(&facts.after(change)));
            let is_deposed = change.is_some() && now.leader != Some(request.broker);
            changes.extend(change);
            if is_deposed { Err(ErrorCode::NewLeaderElected) } else { Ok(now) }
        });
        answers.push(AlteredPartition { partition, result });
    }
    Ok((changes.into_iter().map(MetadataRecord::PartitionChange).collect(), answers))
}

fn state(facts: &PartitionFacts) -> AlteredState {
    AlteredState { leader: facts.leader, leader_epoch: facts.epoch, isr: facts.isr, partition_epoch: facts.partition_epoch }
}

/// The checks in Kafka's order, since the first that fails gives the code.
fn check<'a>(
    image: &'a MetadataImage,
    asker: BrokerId,
    item: &AlterPartitionItem,
    eligibility: IsrEligibility,
) -> Result<&'a PartitionFacts, ErrorCode> {
    image.topic(item.partition.topic).ok_or(ErrorCode::UnknownTopicId)?;
    let facts = image.partition(item.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if item.leader_epoch > facts.epoch || item.partition_epoch > facts.partition_epoch {
        // The asker has heard of changes that are not here: another controller is the active one.
        return Err(ErrorCode::NotController);
    }
    if item.leader_epoch < facts.epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if facts.leader != Some(asker) {
        return Err(ErrorCode::InvalidRequest);
    }
    if item.partition_epoch < facts.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    if !is_possible_isr(facts, asker, &item.new_isr) {
        return Err(ErrorCode::InvalidRequest);
    }
    let may_join = |member: &IsrMember| {
        !image.is_offline(member.broker, item.partition)
            && match eligibility {
                IsrEligibility::Any => true,
                IsrEligibility::NotFenced => image.active().contains(member.broker),
                IsrEligibility::BrokerEpoch => image.active().contains(member.broker) && is_present(image, member),
            }
    };
    if item.new_isr.iter().all(may_join) { Ok(facts) } else { Err(ErrorCode::IneligibleReplica) }
}

/// Replicas only, each once, the leader among them.
fn is_possible_isr(facts: &PartitionFacts, leader: BrokerId, members: &[IsrMember]) -> bool {
    if members.iter().any(|member| !facts.replicas.contains(&member.broker)) {
        return false;
    }
    let isr: BrokerSet = members.iter().map(|member| member.broker).collect();
    isr.len() == members.len() && isr.contains(leader)
}

/// Whether it fetches under its present registration (KIP-903).
fn is_present(image: &MetadataImage, member: &IsrMember) -> bool {
    member.broker_epoch.is_none_or(|epoch| image.broker_epoch(member.broker) == Some(epoch))
}
