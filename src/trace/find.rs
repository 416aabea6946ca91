//! The next or previous event of a kind: what the keys `[` and `]` jump to and the timeline marks.
//!
//! Called by: the screen, the timeline, `watch --at`.

use super::line;
use crate::event::{
    ClientFact, ControllerFact, Event, Fact, FaultFact, GroupFact, LogFact, NetworkFact, RaftFact, ReplicaFact, WorldFact,
};
use crate::ids::{Step, TopicPartition};

/// A kind of event that somebody may look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A partition got another leader.
    Election,
    /// A process died, ended itself or came back.
    Crash,
    /// A fault struck or ended.
    Fault,
    /// A high watermark moved.
    HighWatermark,
    /// A log was cut.
    Truncation,
    /// An ISR changed.
    Isr,
    /// A producer was told that a record is stored.
    Acknowledgement,
    /// A record was written to a log.
    Append,
    /// A message was lost.
    Loss,
    /// A request was refused.
    Refusal,
    /// A consumer was given records.
    Poll,
    /// A send ended unknown or failed.
    Unknown,
    /// The metadata quorum got another leader, or other voters, or lost its leader.
    Quorum,
    /// A disk failed a call, lied, or lost something; a log or a directory was given up for it.
    Disk,
    /// A broker was fenced, unfenced, registered or asked to go.
    Membership,
    /// A group's state, plan or members changed, or a commit was refused.
    Group,
    /// A log let go of records: retention or compaction.
    LetGo,
}

impl Kind {
    /// Every kind, in the order a menu shows them.
    pub const ALL: [Self; 17] = [
        Self::Election,
        Self::Crash,
        Self::Fault,
        Self::HighWatermark,
        Self::Truncation,
        Self::Isr,
        Self::Acknowledgement,
        Self::Append,
        Self::Loss,
        Self::Refusal,
        Self::Poll,
        Self::Unknown,
        Self::Quorum,
        Self::Disk,
        Self::Membership,
        Self::Group,
        Self::LetGo,
    ];

    /// Its name in menus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Election => "election",
            Self::Crash => "crash or restart",
            Self::Fault => "fault or heal",
            Self::HighWatermark => "high watermark",
            Self::Truncation => "truncation",
            Self::Isr => "ISR change",
            Self::Acknowledgement => "acknowledgement",
            Self::Append => "append",
            Self::Loss => "message lost",
            Self::Refusal => "refusal",
            Self::Poll => "records read",
            Self::Unknown => "send failed or unknown",
            Self::Quorum => "quorum leader or voters",
            Self::Disk => "disk fault or loss",
            Self::Membership => "fencing or registration",
            Self::Group => "rebalance",
            Self::LetGo => "retention or compaction",
        }
    }

    /// Whether an event is of this kind. Events of the metadata log never are.
    #[must_use]
    pub fn matches(self, event: &Event) -> bool {
        let data = |partition: &TopicPartition| *partition != TopicPartition::METADATA;
        match (self, &event.fact) {
            (Self::Election, Fact::Controller(ControllerFact::LeaderElected { .. }))
            | (
                Self::Crash,
                Fact::World(WorldFact::ProcessCrashed { .. } | WorldFact::ProcessHalted { .. } | WorldFact::AssertionFailed { .. }),
            )
            | (Self::Fault, Fact::Fault(FaultFact::FaultStruck { .. } | FaultFact::FaultHealed { .. }))
            | (Self::Acknowledgement, Fact::Client(ClientFact::SendAcknowledged { .. }))
            | (Self::Loss, Fact::Network(NetworkFact::MessageDropped { .. }))
            | (Self::Refusal, Fact::Replica(ReplicaFact::RequestRefused { .. }))
            | (
                Self::Unknown,
                Fact::Client(ClientFact::SendUnknown { .. } | ClientFact::SendFailed { .. } | ClientFact::SendRefused { .. }),
            ) => true,
            (
                Self::Quorum,
                Fact::Raft(
                    RaftFact::QuorumLeaderElected { .. }
                    | RaftFact::QuorumLeaderResigned { .. }
                    | RaftFact::VotersChanged { .. }
                    | RaftFact::SnapshotInstalled { .. },
                ),
            )
            | (
                Self::Disk,
                Fact::World(
                    WorldFact::DiskLost { .. }
                    | WorldFact::DiskReplaced { .. }
                    | WorldFact::DiskCorrupted { .. }
                    | WorldFact::DiskFaulted { .. },
                )
                | Fact::Log(LogFact::LogFenced { .. } | LogFact::LogRefused { .. } | LogFact::LogDirectoryFailed { .. }),
            )
            | (
                Self::Membership,
                Fact::Controller(
                    ControllerFact::BrokerFenced { .. }
                    | ControllerFact::BrokerUnfenced { .. }
                    | ControllerFact::BrokerRegistered { .. }
                    | ControllerFact::BrokerShuttingDown { .. }
                    | ControllerFact::UncleanShutdownFound { .. },
                ),
            ) => true,
            (
                Self::Group,
                Fact::Group(
                    GroupFact::GroupStateChanged { .. }
                    | GroupFact::AssignmentDecided { .. }
                    | GroupFact::MemberJoined { .. }
                    | GroupFact::MemberLeft { .. }
                    | GroupFact::MemberFenced { .. }
                    | GroupFact::CommitRefused { .. }
                    | GroupFact::CoordinatorLoaded { .. },
                ),
            )
            | (Self::LetGo, Fact::Log(LogFact::SegmentDeleted { .. } | LogFact::SegmentCleaned { .. })) => true,
            (Self::Crash, Fact::World(WorldFact::ProcessStarted { incarnation })) => incarnation.0 > 1,
            (
                Self::HighWatermark,
                Fact::Replica(
                    ReplicaFact::HighWatermarkAdvanced { partition, .. } | ReplicaFact::HighWatermarkLearned { partition, .. },
                ),
            )
            | (Self::Truncation, Fact::Log(LogFact::LogTruncated { partition, .. }))
            | (Self::Isr, Fact::Replica(ReplicaFact::IsrAdopted { partition, .. } | ReplicaFact::IsrProposed { partition, .. }))
            | (
                Self::Append,
                Fact::Log(LogFact::RecordsAppended { partition, .. } | LogFact::RecordsReplicated { partition, .. }),
            ) => data(partition),
            (Self::Poll, Fact::Client(ClientFact::PollReturned { poll })) => !poll.records.is_empty(),
            _ => false,
        }
    }
}

/// The first event after `from` of which `wanted` holds.
pub fn next(events: &[Event], from: Step, wanted: impl Fn(&Event) -> bool) -> Option<Step> {
    let after = usize::try_from(from.0).ok()?.checked_add(1)?;
    events.get(after..)?.iter().find(|event| wanted(event)).map(|event| event.step)
}

/// The last event before `from` of which `wanted` holds.
pub fn previous(events: &[Event], from: Step, wanted: impl Fn(&Event) -> bool) -> Option<Step> {
    let before = usize::try_from(from.0).ok()?.min(events.len());
    events.get(..before)?.iter().rev().find(|event| wanted(event)).map(|event| event.step)
}

/// The steps of all beats, in order.
#[must_use]
pub fn beats(events: &[Event]) -> Vec<Step> {
    events.iter().filter(|event| line::is_beat(event)).map(|event| event.step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing;

    #[test]
    fn next_and_previous_are_mirror_images() {
        let events = testing::lost_acknowledgement();
        for kind in Kind::ALL {
            let mut found = Vec::new();
            let mut at = Step(0);
            while let Some(step) = next(&events, at, |event| kind.matches(event)) {
                found.push(step);
                at = step;
            }
            let mut back = Vec::new();
            let mut at = Step(u32::try_from(events.len()).expect("a short tale"));
            while let Some(step) = previous(&events, at, |event| kind.matches(event)) {
                back.push(step);
                at = step;
            }
            back.reverse();
            assert_eq!(found, back, "{}", kind.name());
        }
        assert!(next(&events, Step(0), |event| Kind::Truncation.matches(event)).is_some());
        assert!(next(&events, Step(0), |event| Kind::Election.matches(event)).is_some());
    }
}
