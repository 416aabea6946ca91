//! What coordinators decide and what members do, in words.

use super::{Mark, Told, counted};
use crate::event::{ClientFact, CommitFacts, GroupFact, GroupKind, GroupState, LeaveReason};
use crate::ids::TopicPartition;
use crate::trace::names::Names;

/// A coordinator's facts.
pub(super) fn told(fact: &GroupFact, names: &Names) -> Told {
    match fact {
        GroupFact::CoordinatorLoading { partition, epoch } => {
            Told::new(Mark::Change, format!("reads {} to coordinate its groups ({epoch})", names.partition(*partition)))
        }
        GroupFact::CoordinatorLoaded { partition, groups, offsets, .. } => Told::new(
            Mark::Change,
            format!(
                "coordinates {} from now on: {}, {}",
                names.partition(*partition),
                counted(*groups, "group", "groups"),
                counted(*offsets, "offset", "offsets")
            ),
        ),
        GroupFact::CoordinatorUnloaded { partition } => {
            Told::new(Mark::Change, format!("coordinates {} no more", names.partition(*partition)))
        }
        GroupFact::GroupStateChanged { group, kind, state, epoch } => {
            Told::new(Mark::Change, format!("{group} is {} ({} {epoch})", state_words(*state), epoch_words(*kind)))
        }
        GroupFact::MemberJoined { group, member } => {
            let known = member.instance.as_ref().map_or_else(String::new, |instance| format!(" as {instance}"));
            Told::new(Mark::Received, format!("{} joins {group}{known}", member.member))
        }
        GroupFact::MemberLeft { group, member, why } => {
            Told::new(Mark::Lost, format!("{member} is out of {group}: {}", leave_words(*why)))
        }
        GroupFact::AssignmentDecided { group, assignment } => {
            let shares = assignment.members.iter();
            let shares: Vec<String> =
                shares.map(|(member, owned)| format!("{member}: {}", partitions_words(owned, names))).collect();
            let shares = if shares.is_empty() { "nobody is there".to_owned() } else { shares.join("; ") };
            Told::new(Mark::Change, format!("plan of {group} for {} ({}): {shares}", assignment.epoch, assignment.assignor))
        }
        GroupFact::MemberReconciled { group, member, epoch, owned } => {
            Told::new(Mark::Change, format!("{member} of {group} is in epoch {epoch} with {}", partitions_words(owned, names)))
        }
        GroupFact::OffsetCommitted { group, partition, offset, .. } => {
            Told::new(Mark::Change, format!("{group} will read {} on from {offset}", names.partition(*partition)))
        }
        GroupFact::CommitRefused { group, member, epoch, code } => {
            let who = if member.is_empty() { "somebody" } else { member.as_str() };
            Told::new(Mark::Refused, format!("commit of {who} ({epoch}) for {group}: {}", code.name()))
        }
        GroupFact::OffsetExpired { group, partition, offset } => {
            Told::new(Mark::Cut, format!("forgets that {group} was at {offset} of {}: too old", names.partition(*partition)))
        }
        GroupFact::OffsetDeleted { group, partition } => {
            Told::new(Mark::Cut, format!("forgets where {group} was in {}", names.partition(*partition)))
        }
        GroupFact::GroupDeleted { group } => Told::new(Mark::Cut, format!("{group} is no more")),
        GroupFact::MemberFenced { group, member, code } => {
            Told::new(Mark::Refused, format!("{member} is no member of {group}: {}", code.name()))
        }
        GroupFact::GroupProtocolChanged { group, to } => {
            Told::new(Mark::Change, format!("{group} goes on under the {} protocol", kind_words(*to)))
        }
        GroupFact::GroupLoaded { group, members, .. } => {
            let found: Vec<&str> = members.members.iter().map(|(member, _)| member.as_str()).collect();
            let found = if found.is_empty() { "nobody".to_owned() } else { found.join(", ") };
            Told::new(Mark::Change, format!("finds {found} in {group} (epoch {})", members.epoch))
        }
    }
}

/// A member's facts; `None` for what is no member's.
pub(super) fn member(fact: &ClientFact, names: &Names) -> Option<Told> {
    Some(match fact {
        ClientFact::Subscribed { group, topics } => {
            Told::new(Mark::Sent, format!("subscribes to {} in {group}", topics.join(", ")))
        }
        ClientFact::GroupJoined { group, member, epoch } => {
            Told::new(Mark::Received, format!("is in {group} as {member} ({epoch})"))
        }
        ClientFact::GroupLeft { group, .. } => Told::new(Mark::Sent, format!("leaves {group}")),
        ClientFact::MembershipLost { group, code, .. } => {
            Told::new(Mark::Refused, format!("is no member of {group} any more: {}", code.name()))
        }
        ClientFact::PartitionsAssigned { partitions, .. } => {
            Told::new(Mark::Change, format!("is given {}", partitions_words(partitions, names)))
        }
        ClientFact::PartitionsRevoked { partitions, .. } => {
            Told::new(Mark::Change, format!("gives back {}", partitions_words(partitions, names)))
        }
        ClientFact::PartitionsLost { partitions, .. } => {
            Told::new(Mark::Lost, format!("has lost {}", partitions_words(partitions, names)))
        }
        ClientFact::PollOverdue { group } => {
            Told::new(Mark::Lost, format!("has not polled for max.poll.interval.ms and leaves {group}"))
        }
        ClientFact::RecordProcessed { partition, offset, .. } => {
            Told::new(Mark::Change, format!("has processed record {offset} of {}", names.partition(*partition)))
        }
        ClientFact::RecordGivenUp { partition, offset, .. } => {
            Told::new(Mark::Lost, format!("goes on without record {offset} of {}", names.partition(*partition)))
        }
        ClientFact::CommitInvoked { commit } => Told::new(Mark::Sent, format!("commits {}", commit_words(commit, names))),
        ClientFact::CommitAnswered { commit, code: None } => {
            Told::new(Mark::Received, format!("committed: {}", commit_words(commit, names)))
        }
        ClientFact::CommitAnswered { commit, code: Some(code) } => {
            Told::new(Mark::Refused, format!("commit of {} failed: {}", commit_words(commit, names), code.name()))
        }
        ClientFact::PartitionsPaused { partitions } => {
            Told::new(Mark::Change, format!("pauses {}", partitions_words(partitions, names)))
        }
        ClientFact::PartitionsResumed { partitions } => {
            Told::new(Mark::Change, format!("goes on with {}", partitions_words(partitions, names)))
        }
        ClientFact::SendInvoked { .. }
        | ClientFact::SendAcknowledged { .. }
        | ClientFact::SendUnknown { .. }
        | ClientFact::SendFailed { .. }
        | ClientFact::SendRetried { .. }
        | ClientFact::PositionSet { .. }
        | ClientFact::PollReturned { .. }
        | ClientFact::MetadataRefreshed { .. }
        | ClientFact::AdminAnswered { .. }
        | ClientFact::SendRefused { .. }
        | ClientFact::ReadFailed { .. }
        | ClientFact::TruncationDetected { .. } => return None,
    })
}

/// Partitions by name; how many, where they are many.
fn partitions_words(partitions: &[TopicPartition], names: &Names) -> String {
    match partitions {
        [] => "nothing".to_owned(),
        few if few.len() <= 6 => few.iter().map(|partition| names.partition(*partition)).collect::<Vec<_>>().join(", "),
        many => format!("{} partitions", many.len()),
    }
}

fn commit_words(commit: &CommitFacts, names: &Names) -> String {
    let offsets = commit.offsets.iter();
    offsets.map(|(partition, offset)| format!("{} at {offset}", names.partition(*partition))).collect::<Vec<_>>().join(", ")
}

/// A group's state, as Kafka's tools write it.
pub(crate) fn state_words(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "Empty",
        GroupState::PreparingRebalance => "PreparingRebalance",
        GroupState::CompletingRebalance => "CompletingRebalance",
        GroupState::Assigning => "Assigning",
        GroupState::Reconciling => "Reconciling",
        GroupState::Stable => "Stable",
        GroupState::Dead => "Dead",
    }
}

fn epoch_words(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Classic => "generation",
        GroupKind::Consumer => "epoch",
    }
}

fn kind_words(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Classic => "classic",
        GroupKind::Consumer => "consumer",
    }
}

fn leave_words(why: LeaveReason) -> &'static str {
    match why {
        LeaveReason::Left => "it left",
        LeaveReason::SessionExpired => "nothing was heard of it for its session time-out",
        LeaveReason::RebalanceTimedOut => "it was too slow in a rebalance",
        LeaveReason::Replaced => "another process took its name",
        LeaveReason::Removed => "an operator removed it",
    }
}
