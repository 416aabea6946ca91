//! One line for people for every fact: time, process, mark, words. The same line is printed by `run`, `explain`, golden
//! tests, the screen and the book.
//!
//! ```text
//!  2.031s  b1  ⇐ fetch orders-0 at 7 from b3                            (#409)
//!  2.031s  b1  · high watermark orders-0 6 → 7                          (#412 because #409)
//! ```
//!
//! Invariant: the words come from the event alone, and from the sending of the message it is about; no fact is without words.
//!
//! Called by: whoever shows an event to somebody.

mod client;
mod cluster;
mod group;
mod network;
mod storage;

use super::cause;
use super::keys::Keys;
use super::names::Names;
use crate::event::{ClientFact, ControllerFact, Event, Fact, FaultFact, LogFact, QuorumRole, RaftFact, ReplicaFact, WorldFact};
use crate::ids::{ProcessId, TopicPartition};

/// The sign before the words. Every sign is one column wide and has a plain one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Something leaves.
    Sent,
    /// Something arrives.
    Received,
    /// State changed.
    Change,
    /// A leader was elected or took over.
    Elected,
    /// A process died.
    Crash,
    /// Something began to fail.
    Fault,
    /// Something came back.
    Back,
    /// A clock moved.
    Clock,
    /// A log was cut.
    Cut,
    /// A message or bytes were lost.
    Lost,
    /// Somebody said no.
    Refused,
}

impl Mark {
    /// The sign.
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Self::Sent => '⇒',
            Self::Received => '⇐',
            Self::Change => '·',
            Self::Elected => '★',
            Self::Crash => '✖',
            Self::Fault => '≠',
            Self::Back => '↺',
            Self::Clock => '◷',
            Self::Cut => '⇤',
            Self::Lost => '╳',
            Self::Refused => '!',
        }
    }
}

/// What an event says, before time and process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The sign before it.
    pub mark: Mark,
    /// The words.
    pub words: String,
}

impl Told {
    fn new(mark: Mark, words: impl Into<String>) -> Self {
        Self { mark, words: words.into() }
    }
}

/// The words of an event. `events` are the run's events from step 0, as far as they are kept: what a message says stands
/// in the event of its sending.
#[must_use]
pub fn told(event: &Event, names: &Names, events: &[Event]) -> Told {
    match &event.fact {
        Fact::Network(fact) => network::told(fact, names, events),
        Fact::Log(fact) => storage::log(fact, names),
        Fact::Replica(fact) => cluster::replica(fact, names),
        Fact::Controller(fact) => cluster::controller(fact, names),
        Fact::Raft(fact) => cluster::raft(fact),
        Fact::Client(fact) => client::told(fact, names, events, event.trail),
        Fact::Group(fact) => group::told(fact, names),
        Fact::Fault(fact) => cluster::fault(fact, names),
        Fact::World(fact) => storage::world(fact),
    }
}

/// The whole line of an event.
#[must_use]
pub fn line(event: &Event, names: &Names, events: &[Event]) -> String {
    let Told { mark, words } = told(event, names, events);
    let because = match cause::cause_of(event) {
        Some(cause) => format!("({} because {cause})", event.step),
        None => format!("({})", event.step),
    };
    let (time, process) = (event.at.to_string(), names.process(event.process));
    format!("{time:>8}  {process:<4} {} {words:<58} {because}", mark.sign())
}

/// Whether an event is worth telling: what moves records, promises and leaders, and whatever goes wrong; not heartbeats,
/// not the metadata log, not the plain arrival of a message whose effect is told anyway.
#[must_use]
pub fn is_beat(event: &Event) -> bool {
    let data = |partition: &TopicPartition| *partition != TopicPartition::METADATA;
    match &event.fact {
        // What a message did, or the refusal it carried, is told by the one who acted.
        Fact::Network(_) => false,
        Fact::Log(
            LogFact::RecordsAppended { partition, .. }
            | LogFact::RecordsReplicated { partition, .. }
            | LogFact::LogStartAdvanced { partition, .. },
        ) => data(partition),
        // A metadata log that is cut held what nobody committed: an old leader's word.
        Fact::Log(LogFact::LogTruncated { .. }) => true,
        Fact::Log(LogFact::LogRecovered { recovery }) => data(&recovery.partition),
        Fact::Log(
            LogFact::LogFlushed { .. }
            | LogFact::SegmentRolled { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::IndexProbed { .. }
            | LogFact::CleanerCheckpointed { .. }
            | LogFact::CleaningStarted { .. }
            | LogFact::LogCreated { .. },
        ) => false,
        Fact::Log(
            LogFact::LogFenced { .. }
            | LogFact::LogRefused { .. }
            | LogFact::LogDeleted { .. }
            | LogFact::SegmentDeleted { .. }
            | LogFact::SegmentCleaned { .. }
            | LogFact::CleaningFinished { .. }
            | LogFact::CleaningFailed { .. }
            | LogFact::SwapRecovered { .. }
            | LogFact::LogDirectoryFailed { .. },
        ) => true,
        Fact::Replica(ReplicaFact::RequestRefused { partition, .. }) => data(partition),
        // A follower's first fetch of an empty log tells nothing.
        Fact::Replica(ReplicaFact::FollowerProgressed { end, .. }) => end.0 > 0,
        Fact::Replica(_) => true,
        // Features are set in a row as a cluster begins; who changes one later is answered, and that is told.
        Fact::Controller(fact) => !matches!(
            fact,
            ControllerFact::BrokerRegistered { .. }
                | ControllerFact::PartitionChanged { .. }
                | ControllerFact::FeatureChanged { .. }
                | ControllerFact::ProducerIdsAllocated { .. }
        ),
        Fact::Raft(fact) => is_quorum_beat(event.process, fact),
        Fact::Client(ClientFact::PollReturned { poll }) => !poll.records.is_empty(),
        Fact::Client(ClientFact::MetadataRefreshed { .. }) => false,
        Fact::Client(_) | Fact::Group(_) => true,
        Fact::Fault(fact) => !matches!(fact, FaultFact::LinkCut { .. } | FaultFact::LinkHealed { .. }),
        Fact::World(WorldFact::ProcessStarted { incarnation }) => incarnation.0 > 1,
        Fact::World(WorldFact::ClockSet { offset_us, drift_ppm }) => *offset_us != 0 || *drift_ppm != 0,
        Fact::World(_) => true,
    }
}

/// Whether a step of the quorum is worth telling: who stands, who votes for whom, who wins, who gives up, who learns of it;
/// not what every broker hears of it, nor how the log grows.
fn is_quorum_beat(process: ProcessId, fact: &RaftFact) -> bool {
    let is_controller = matches!(process, ProcessId::Controller(_));
    match fact {
        RaftFact::QuorumLeaderElected { .. }
        | RaftFact::QuorumLeaderResigned { .. }
        | RaftFact::SnapshotInstalled { .. }
        | RaftFact::VoteRefused { .. }
        | RaftFact::VoterCaughtUp { .. } => true,
        // A candidate's vote for itself goes without saying.
        RaftFact::VoteCast { candidate, .. } => candidate.voter != process,
        RaftFact::VotersChanged { voters } => voters.offset.0 > 0 && is_controller,
        RaftFact::QuorumRoleChanged { role, .. } => match role {
            QuorumRole::Prospective | QuorumRole::Candidate => true,
            QuorumRole::Follower => is_controller,
            // Who leads or resigned is told by the election or the resignation; who waits does nothing.
            QuorumRole::Leader | QuorumRole::Resigned | QuorumRole::Unattached => false,
        },
        RaftFact::MetadataCommitted { .. } | RaftFact::MetadataApplied { .. } | RaftFact::SnapshotTaken { .. } => false,
    }
}

/// The key of a record of these keys, as a person reads it; a record without one has none.
fn key(keys: Keys, bytes: Option<&bytes::Bytes>) -> String {
    bytes.map_or_else(|| "no key".to_owned(), |key| keys.words(key, 24))
}

/// `1 partition`, `2 partitions`.
fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `record 3`, or `records 3 to 7`.
fn range(base: crate::ids::Offset, last: crate::ids::Offset) -> String {
    if base == last { format!("record {base}") } else { format!("records {base} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Fact;
    use crate::trace::testing;

    #[test]
    fn every_fact_of_the_tales_has_words_and_one_line() {
        for events in [testing::lost_acknowledgement(), testing::quorum()] {
            let names = Names::of(&events);
            for event in &events {
                let line = line(event, &names, &events);
                assert!(!line.contains('\n'), "{line}");
                assert!(line.contains(&format!("{}", event.step)), "{line}");
                assert!(!line.contains("(s)"), "{line}");
            }
        }
    }

    #[test]
    fn a_change_of_the_quorum_can_be_walked_from_beat_to_beat() {
        let events = testing::quorum();
        let names = Names::of(&events);
        let beats = events.iter().filter(|event| is_beat(event) && matches!(event.fact, Fact::Raft(_)));
        let told: Vec<String> = beats.map(|event| format!("{} {}", event.process, told(event, &names, &events).words)).collect();
        assert_eq!(
            told,
            [
                "k1 asks whether it would win an election in quorum epoch e0",
                "k1 stands for election in quorum epoch e1",
                "k2 votes for k1 in e1",
                "k1 leads the metadata quorum from e1",
                "k2 follows k1 in quorum epoch e1",
                "k3 follows k1 in quorum epoch e1",
                "k2 asks whether it would win an election in quorum epoch e1",
                "k3 would not vote for k2 in e1",
                "k2 stands for election in quorum epoch e2",
                "k3 votes for k2 in e2",
                "k2 leads the metadata quorum from e2",
                "k3 follows k2 in quorum epoch e2",
                "k1 gives up the metadata quorum in e1: no majority has fetched from it for too long",
                "k1 follows k2 in quorum epoch e2",
                "k2 holds that k2, k3 vote in the quorum, as its log says at 24",
                "k3 holds that k2, k3 vote in the quorum, as its log says at 24",
            ]
        );
    }

    #[test]
    fn a_line_shows_time_process_mark_words_and_cause() {
        let events = testing::lost_acknowledgement();
        let names = Names::of(&events);
        let advanced = events
            .iter()
            .find(|event| matches!(event.fact, Fact::Replica(ReplicaFact::HighWatermarkAdvanced { .. })))
            .expect("the tale has one");
        let line = line(advanced, &names, &events);
        assert!(line.contains("b1   · high watermark orders-0 0 → 1"), "{line}");
        assert!(line.contains("because"), "{line}");
    }
}
