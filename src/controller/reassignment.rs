//! Moving replicas: a partition gets the replicas it is to have beside those it has, and loses the others when all who are
//! to stay are in sync.
//!
//! Invariant: until a move is complete its partition has both the old replicas and the new, and who is to come (`adding`)
//! or to go (`removing`) is among them; to call it off gives back the replicas of before.
//!
//! Called by: [`super::server`]; completion is part of every change ([`super::elections`]). Source: KIP-455; Kafka's
//! `ReplicationControlManager.alterPartitionReassignments`, `PartitionReassignmentReplicas`, `PartitionReassignmentRevert`.
//!
//! Not modelled: throttles, moves between the log directories of one broker.

use std::collections::BTreeSet;

use super::admin::Item;
use super::basis::Basis;
use super::elections::{Election, Electorate, Target};
use super::records::MetadataRecord;
use super::server::Controller;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, BrokerSet, TopicPartition};
use crate::protocol::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, Reassignment};

impl Controller {
    pub(super) fn handle_reassignments(
        &mut self,
        reply_to: ReplyTo,
        request: &AlterPartitionReassignmentsRequest,
        cx: &mut Context<'_>,
    ) {
        let items = decide_reassignments(&self.basis(), request);
        self.write_items(items, reply_to, |done| AlterPartitionReassignmentsResponse(done).into(), cx);
    }
}

/// Decides each move by itself.
///
/// Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST (a partition twice), INVALID_REPLICA_ASSIGNMENT (nobody, somebody
/// twice, an unknown broker; calling off would leave nobody in sync), NO_REASSIGNMENT_IN_PROGRESS.
fn decide_reassignments(basis: &Basis<'_>, request: &AlterPartitionReassignmentsRequest) -> Vec<Item> {
    let mut electorate = Electorate::new(basis);
    let mut seen = BTreeSet::new();
    let mut items = Vec::with_capacity(request.partitions.len());
    for item in &request.partitions {
        let is_first = seen.insert(&item.partition);
        let result = if is_first { decide_one(basis, &mut electorate, item) } else { Err(ErrorCode::InvalidRequest) };
        items.push(Item { name: item.partition.to_string(), result });
    }
    items
}

fn decide_one(basis: &Basis<'_>, electorate: &mut Electorate<'_>, item: &Reassignment) -> Result<Vec<MetadataRecord>, ErrorCode> {
    let (partition, facts) = basis.named_partition(&item.partition)?;
    let (target, election) = match &item.replicas {
        Some(replicas) => (begun(basis, facts, replicas)?, Election::Any),
        None => called_off(electorate, partition, facts)?,
    };
    let change = electorate.change(partition, facts, target, election);
    Ok(change.map(MetadataRecord::PartitionChange).into_iter().collect())
}

/// The replicas that are wanted, followed by those that are to go.
fn begun(basis: &Basis<'_>, facts: &PartitionFacts, wanted: &[BrokerId]) -> Result<Target, ErrorCode> {
    let target: BrokerSet = basis.assignable(wanted)?;
    let current = facts.replica_set();
    let adding = target.iter().filter(|broker| !current.contains(*broker)).collect();
    let removing: BrokerSet = current.iter().filter(|broker| !target.contains(*broker)).collect();
    let replicas = wanted.iter().copied().chain(removing.iter()).collect();
    Ok(Target { isr: facts.isr, replicas, adding, removing })
}

/// The replicas of before. If nobody of them is in sync, the first is taken to be, which loses records and so is only done
/// where the topic allows unclean elections.
fn called_off(
    electorate: &mut Electorate<'_>,
    partition: TopicPartition,
    facts: &PartitionFacts,
) -> Result<(Target, Election), ErrorCode> {
    if !facts.is_moving() {
        return Err(ErrorCode::NoReassignmentInProgress);
    }
    let stays = |broker: &BrokerId| !facts.adding.contains(*broker);
    let replicas: Vec<BrokerId> = facts.replicas.iter().copied().filter(stays).collect();
    let mut isr: BrokerSet = facts.isr.iter().filter(stays).collect();
    let election = electorate.usual_election(partition.topic);
    if isr.is_empty() {
        if election != Election::Unclean {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        isr = replicas.iter().copied().take(1).collect();
    }
    Ok((Target { isr, replicas, adding: BrokerSet::EMPTY, removing: BrokerSet::EMPTY }, election))
}
