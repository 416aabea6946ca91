//! Replication, controller, quorum and faults in words.

use super::network::api_words;
use super::storage::one_line;
use super::{Mark, Told, counted, range};
use crate::event::{ControllerFact, FaultFact, QuorumRole, RaftFact, ReplicaFact, ResignReason};
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, ProcessId};
use crate::trace::names::Names;

pub(super) fn replica(fact: &ReplicaFact, names: &Names) -> Told {
    let partition = |partition| names.partition(partition);
    match fact {
        ReplicaFact::BecameLeader { partition: p, epoch, end, high_watermark, isr } => {
            Told::new(Mark::Elected, format!("leads {} from {epoch}, LEO {end}, HW {high_watermark}, ISR {isr}", partition(*p)))
        }
        ReplicaFact::BecameFollower { partition: p, epoch, leader, end, high_watermark } => {
            let whom = leader.map_or_else(|| "nobody: there is no leader".to_owned(), |leader| leader.to_string());
            Told::new(Mark::Change, format!("{} follows {whom} in {epoch}, LEO {end}, HW {high_watermark}", partition(*p)))
        }
        ReplicaFact::HighWatermarkAdvanced { partition: p, old, new, .. } => {
            Told::new(Mark::Change, format!("high watermark {} {old} → {new}", partition(*p)))
        }
        ReplicaFact::HighWatermarkLearned { partition: p, old, new } => {
            Told::new(Mark::Change, format!("learns high watermark {} {old} → {new}", partition(*p)))
        }
        ReplicaFact::FollowerProgressed { partition: p, follower, end } => {
            Told::new(Mark::Received, format!("{follower} holds all of {} below {end}", partition(*p)))
        }
        ReplicaFact::IsrProposed { partition: p, isr, maximal, .. } => {
            Told::new(Mark::Sent, format!("proposes ISR {isr} for {} (counts on {maximal} until then)", partition(*p)))
        }
        ReplicaFact::IsrAdopted { partition: p, isr, .. } => {
            Told::new(Mark::Change, format!("ISR of {} is now {isr}", partition(*p)))
        }
        ReplicaFact::IsrProposalRefused { partition: p, code } => {
            Told::new(Mark::Refused, format!("its ISR proposal for {} was refused: {}", partition(*p), code.name()))
        }
        ReplicaFact::RequestRefused { api, partition: p, code } => {
            Told::new(Mark::Refused, format!("refuses {} {}: {}", api_words(*api), partition(*p), code.name()))
        }
        ReplicaFact::ReplicaOffline { partition: p, why } => {
            Told::new(Mark::Crash, format!("its replica of {} is offline: {}", partition(*p), one_line(why)))
        }
        ReplicaFact::ReadReplicaChosen { partition: p, replica, offset } => {
            Told::new(Mark::Change, format!("sends a reader of {} at {offset} to {replica}, in its own rack", partition(*p)))
        }
        ReplicaFact::ProduceCommitted { partition: p, base, last, isr, min_insync } => Told::new(
            Mark::Change,
            format!("{} of {} committed: on {isr}, {min_insync} needed", range(*base, *last), partition(*p)),
        ),
        ReplicaFact::ReplicaResigned { partition: p, epoch } => {
            Told::new(Mark::Change, format!("lays down its role for {} ({epoch})", partition(*p)))
        }
    }
}

pub(super) fn controller(fact: &ControllerFact, names: &Names) -> Told {
    match fact {
        ControllerFact::BrokerRegistered { broker, incarnation, epoch, rack } => {
            let place = rack.as_ref().map_or_else(String::new, |rack| format!(" in rack {rack}"));
            Told::new(Mark::Change, format!("registers {broker}{place} (life {incarnation}) under broker epoch {epoch}, fenced"))
        }
        ControllerFact::RegistrationRefused { broker, code, .. } => {
            Told::new(Mark::Refused, format!("refuses to register {broker}: {}", code.name()))
        }
        ControllerFact::BrokerFenced { broker, .. } => {
            Told::new(Mark::Fault, format!("fences {broker}: it no longer counts as alive"))
        }
        ControllerFact::BrokerUnfenced { broker, .. } => Told::new(Mark::Back, format!("unfences {broker}: it counts as alive")),
        ControllerFact::BrokerShuttingDown { broker, .. } => {
            Told::new(Mark::Change, format!("lets {broker} leave in order: it is given nothing to lead"))
        }
        ControllerFact::TopicCreated { topic } => Told::new(
            Mark::Change,
            format!(
                "creates topic {}: {}, {}",
                topic.name,
                counted(topic.partitions, "partition", "partitions"),
                counted(u32::from(topic.replication_factor), "replica each", "replicas each")
            ),
        ),
        ControllerFact::PartitionChanged { partition, now } => Told::new(
            Mark::Change,
            format!("{}: {} {}, ISR {}", names.partition(*partition), leader_words(now.leader), now.epoch, isr_words(now.isr)),
        ),
        ControllerFact::LeaderElected { partition, from, leader: Some(leader), epoch, clean } => {
            let was = from.map_or_else(String::new, |from| format!(" after {from}"));
            let how = if *clean { "" } else { ", uncleanly: it was not in the ISR" };
            Told::new(Mark::Elected, format!("elects {leader} for {} in {epoch}{was}{how}", names.partition(*partition)))
        }
        ControllerFact::LeaderElected { partition, leader: None, epoch, .. } => Told::new(
            Mark::Fault,
            format!("{} has no leader in {epoch}: no member of the ISR is alive", names.partition(*partition)),
        ),
        ControllerFact::AlterPartitionRefused { partition, leader, code } => {
            Told::new(Mark::Refused, format!("refuses {leader}'s ISR for {}: {}", names.partition(*partition), code.name()))
        }
        ControllerFact::AdminRefused { code } => Told::new(Mark::Refused, format!("refuses the admin's request: {}", code.name())),
        ControllerFact::UncleanShutdownFound { broker, .. } => {
            Told::new(Mark::Fault, format!("{broker} was not shut down in order: its replicas count for nothing yet"))
        }
        ControllerFact::TopicDeleted { topic } => Told::new(Mark::Cut, format!("deletes topic {}", names.topic(*topic))),
        ControllerFact::PartitionsAdded { topic, partitions } => Told::new(
            Mark::Change,
            format!("gives topic {} {} in all", names.topic(*topic), counted(*partitions, "partition", "partitions")),
        ),
        ControllerFact::ConfigChanged { change } => {
            let value = change.value.as_deref().unwrap_or("back to its default");
            Told::new(Mark::Change, format!("sets {} of {} to {value}", change.key, change.resource))
        }
        ControllerFact::FeatureChanged { feature, level } => {
            Told::new(Mark::Change, format!("feature {feature} stands at level {level}"))
        }
        ControllerFact::ProducerIdsAllocated { broker, first, count } => {
            Told::new(Mark::Change, format!("gives {broker} {count} producer ids from {first} on"))
        }
        ControllerFact::ReassignmentStarted { partition, adding, removing } => Told::new(
            Mark::Change,
            format!(
                "begins to move {}: to come {}, to go {}",
                names.partition(*partition),
                names.brokers(*adding),
                names.brokers(*removing)
            ),
        ),
        ControllerFact::ReassignmentCompleted { partition } => {
            Told::new(Mark::Back, format!("completes the move of {}", names.partition(*partition)))
        }
        ControllerFact::ReassignmentCancelled { partition } => {
            Told::new(Mark::Refused, format!("calls off the move of {}", names.partition(*partition)))
        }
        ControllerFact::ControllerActivated { epoch } => {
            Told::new(Mark::Elected, format!("is the active controller from {epoch} on"))
        }
        ControllerFact::ControllerDeactivated { epoch } => {
            Told::new(Mark::Fault, format!("is not the active controller any more ({epoch})"))
        }
    }
}

pub(super) fn raft(fact: &RaftFact) -> Told {
    match fact {
        RaftFact::QuorumLeaderElected { epoch } => Told::new(Mark::Elected, format!("leads the metadata quorum from {epoch}")),
        RaftFact::MetadataCommitted { end, .. } => Told::new(Mark::Change, format!("metadata below {end} counts")),
        RaftFact::MetadataApplied { end } => Told::new(Mark::Change, format!("knows the metadata below {end}")),
        RaftFact::QuorumRoleChanged { role, epoch, leader } => Told::new(Mark::Change, quorum_role_words(*role, *epoch, *leader)),
        RaftFact::VoteCast { epoch, candidate } => Told::new(Mark::Change, format!("votes for {} in {epoch}", candidate.voter)),
        RaftFact::VoteRefused { epoch, candidate, pre_vote } => {
            let what = if *pre_vote { "would not vote" } else { "does not vote" };
            Told::new(Mark::Refused, format!("{what} for {candidate} in {epoch}"))
        }
        RaftFact::QuorumLeaderResigned { epoch, why } => {
            Told::new(Mark::Fault, format!("gives up the metadata quorum in {epoch}: {}", resign_words(*why)))
        }
        RaftFact::VotersChanged { voters } => {
            let names: Vec<String> = voters.voters.iter().map(|voter| voter.voter.to_string()).collect();
            let since = if voters.offset.0 > 0 { format!(", as its log says at {}", voters.offset) } else { String::new() };
            let verb = if names.len() == 1 { "votes" } else { "vote" };
            Told::new(Mark::Change, format!("holds that {} {verb} in the quorum{since}", names.join(", ")))
        }
        RaftFact::SnapshotTaken { end, bytes, .. } => {
            Told::new(Mark::Change, format!("writes a snapshot of the metadata below {end} ({bytes} bytes)"))
        }
        RaftFact::SnapshotInstalled { end, from, .. } => {
            Told::new(Mark::Change, format!("takes {from}'s snapshot of the metadata below {end} in place of its log"))
        }
        RaftFact::VoterCaughtUp { voter } => Told::new(Mark::Change, format!("has caught up: {} may be made a voter", voter.voter)),
    }
}

/// A role in the quorum, in words: `follows k2 in quorum epoch e3`.
fn quorum_role_words(role: QuorumRole, epoch: LeaderEpoch, leader: Option<ProcessId>) -> String {
    let words = match (role, leader) {
        (QuorumRole::Unattached, _) => "knows no quorum leader".to_owned(),
        (QuorumRole::Prospective, _) => "asks whether it would win an election".to_owned(),
        (QuorumRole::Candidate, _) => "stands for election".to_owned(),
        (QuorumRole::Leader, _) => "leads the quorum".to_owned(),
        (QuorumRole::Follower, Some(leader)) => format!("follows {leader}"),
        (QuorumRole::Follower, None) => "follows nobody yet".to_owned(),
        (QuorumRole::Resigned, _) => "has given up leading".to_owned(),
    };
    format!("{words} in quorum epoch {epoch}")
}

fn resign_words(why: ResignReason) -> &'static str {
    match why {
        ResignReason::CheckQuorum => "no majority has fetched from it for too long",
        ResignReason::Shutdown => "it is shutting down",
        ResignReason::Removed => "it votes no more",
    }
}

pub(super) fn fault(fact: &FaultFact, names: &Names) -> Told {
    let upon = |target: &Option<ProcessId>| target.map_or_else(String::new, |target| format!(" [{}]", names.process(target)));
    match fact {
        FaultFact::FaultStruck { fault, target } => {
            Told::new(Mark::Fault, format!("fault: {}{}", names.fault(*fault), upon(target)))
        }
        FaultFact::FaultHealed { fault, target } => Told::new(Mark::Back, format!("over: {}{}", names.fault(*fault), upon(target))),
        FaultFact::FaultSpared { fault, target } => Told::new(
            Mark::Back,
            format!("{} spares the disk of {}: last in-sync copy", names.fault(*fault), names.process(*target)),
        ),
        FaultFact::FaultDrawn { text, .. } => Told::new(Mark::Fault, format!("luck draws a fault: {text}")),
        FaultFact::FaultMissed { fault } => Told::new(Mark::Change, format!("{} found nobody in its role", names.fault(*fault))),
        FaultFact::LinkCut { from, to, .. } => {
            Told::new(Mark::Fault, format!("nothing gets through from {} to {}", names.process(*from), names.process(*to)))
        }
        FaultFact::LinkHealed { from, to, .. } => {
            Told::new(Mark::Back, format!("the link from {} to {} is whole again", names.process(*from), names.process(*to)))
        }
    }
}

fn leader_words(leader: Option<BrokerId>) -> String {
    leader.map_or_else(|| "no leader,".to_owned(), |leader| format!("leader {leader}"))
}

fn isr_words(isr: BrokerSet) -> String {
    if isr.is_empty() { "empty".to_owned() } else { isr.to_string() }
}
