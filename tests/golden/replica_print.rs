//! What the scripts of replication show: every replica as its broker has it, and the facts.

use std::fmt::Write as _;

use tribunal::event::{Fact, LogFact, ReplicaFact};
use tribunal::replica::Role;

use super::Stage;

impl Stage {
    /// A line for each replica.
    pub(super) fn state(&mut self) {
        for (who, seat) in &self.brokers {
            let replica = &seat.replica;
            let role = match replica.role() {
                Role::Idle => "idle".to_owned(),
                Role::Offline => "offline".to_owned(),
                Role::Follower(follower) => {
                    follower.leader.map_or("follows nobody".to_owned(), |leader| format!("follows {leader}"))
                }
                Role::Leader(leader) => format!("leads, ISR {}, maximal {}", leader.isr().committed, leader.isr().maximal()),
            };
            let epochs = replica.log().epochs().entries().iter().map(|entry| format!("{}@{}", entry.epoch, entry.start));
            let epochs = epochs.collect::<Vec<_>>().join(" ");
            let (end, high_watermark) = (replica.log().end_offset(), replica.high_watermark());
            writeln!(self.told, "{who}: LEO {end}, HW {high_watermark}, epochs [{epochs}], {role}").unwrap();
        }
    }
}

/// What the scripts show of a fact.
pub(super) fn line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Log(LogFact::RecordsAppended { batch, .. }) => format!("appended {} of {}", batch.base, batch.leader_epoch),
        Fact::Log(LogFact::RecordsReplicated { batch, .. }) => format!("replicated {} of {}", batch.base, batch.leader_epoch),
        Fact::Log(LogFact::LogTruncated { from, to, why, .. }) => format!("truncated {from} → {to} ({why:?})"),
        Fact::Log(LogFact::LogStartAdvanced { old, new, .. }) => format!("log start {old} → {new}"),
        Fact::Log(LogFact::EpochStarted { epoch, start, .. }) => format!("{epoch} starts at {start}"),
        Fact::Log(LogFact::LogRecovered { recovery }) => format!("recovered {}..{}", recovery.start, recovery.end),
        Fact::Replica(fact) => match fact {
            ReplicaFact::BecameLeader { epoch, end, high_watermark, isr, .. } => {
                format!("leads {epoch} from {end}, HW {high_watermark}, ISR {isr}")
            }
            ReplicaFact::BecameFollower { epoch, leader, .. } => {
                format!("follows {} in {epoch}", leader.map_or("nobody".to_owned(), |leader| leader.to_string()))
            }
            ReplicaFact::HighWatermarkAdvanced { old, new, .. } => format!("HW {old} → {new}"),
            ReplicaFact::HighWatermarkLearned { old, new, .. } => format!("learns HW {old} → {new}"),
            ReplicaFact::FollowerProgressed { follower, end, .. } => format!("{follower} holds all below {end}"),
            ReplicaFact::IsrProposed { isr, maximal, .. } => format!("proposes ISR {isr}, counts on {maximal}"),
            ReplicaFact::IsrAdopted { isr, maximal, partition_epoch, .. } => {
                format!("ISR {isr} at {partition_epoch}, counts on {maximal}")
            }
            ReplicaFact::IsrProposalRefused { code, .. } => format!("proposal refused: {}", code.name()),
            ReplicaFact::ReplicaOffline { .. } => "offline".to_owned(),
            ReplicaFact::ReplicaResigned { .. } => "resigned".to_owned(),
            ReplicaFact::ReadReplicaChosen { replica, offset, .. } => format!("reader at {offset} sent to {replica}"),
            ReplicaFact::RequestRefused { .. } | ReplicaFact::ProduceCommitted { .. } => return None,
        },
        Fact::Log(_)
        | Fact::Network(_)
        | Fact::Controller(_)
        | Fact::Raft(_)
        | Fact::Client(_)
        | Fact::Group(_)
        | Fact::Fault(_)
        | Fact::World(_) => return None,
    })
}
