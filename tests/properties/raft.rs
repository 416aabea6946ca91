//! Laws of the metadata quorum under elections, kills, power failures, cuts and changes of its voters, after the manner of
//! Kafka's own `RaftEventSimulationTest`: a random story, and invariants that are asked after every move of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tribunal::choice::{Choices, Luck};
use tribunal::context::Disk;
use tribunal::event::{Fact, QuorumRole, RaftFact};
use tribunal::files::{FileName, Folder};
use tribunal::ids::{LeaderEpoch, Offset, ProcessId, TopicPartition, VoterKey};
use tribunal::protocol::{AddRaftVoterRequest, RemoveRaftVoterRequest};
use tribunal::time::Duration;

use crate::support::cases;
use crate::support::quorum::Quorum;

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    /// Time passes, and messages are delivered.
    Run { ms: u64 },
    /// The leaders, however many believe to be one, append.
    Append { records: u8 },
    /// A server dies; with the power, it loses what it did not sync.
    Kill { who: u16, power: bool },
    /// A server comes back.
    Start { who: u16 },
    /// Nothing passes between two servers.
    Cut { one: u16, other: u16 },
    /// Everything passes again.
    Heal,
    /// A letter of those on the desk is lost, another is delivered before its turn.
    Shuffle { lost: usize, first: usize },
    /// A clock goes on alone.
    Elapse { who: u16, ms: u64 },
    /// The leader resigns.
    Resign,
    /// An operator wants another voter, or one voter less.
    Reconfigure { who: u16, add: bool },
}

fn happenings() -> impl Strategy<Value = Happening> {
    let who = 1..6_u16;
    prop_oneof![
        8 => (1..250_u64).prop_map(|ms| Happening::Run { ms }),
        6 => (1..5_u8).prop_map(|records| Happening::Append { records }),
        3 => (who.clone(), any::<bool>()).prop_map(|(who, power)| Happening::Kill { who, power }),
        4 => who.clone().prop_map(|who| Happening::Start { who }),
        3 => (who.clone(), who.clone()).prop_map(|(one, other)| Happening::Cut { one, other }),
        2 => prop::strategy::Just(Happening::Heal),
        3 => (0..8_usize, 0..8_usize).prop_map(|(lost, first)| Happening::Shuffle { lost, first }),
        2 => (who.clone(), 1..200_u64).prop_map(|(who, ms)| Happening::Elapse { who, ms }),
        1 => prop::strategy::Just(Happening::Resign),
        2 => (who, any::<bool>()).prop_map(|(who, add)| Happening::Reconfigure { who, add }),
    ]
}

/// The invariants, asked after every move.
#[derive(Default)]
struct Invariants {
    monotonic_epoch: MonotonicEpoch,
    monotonic_high_watermark: MonotonicHighWatermark,
    majority_reached_high_watermark: MajorityReachedHighWatermark,
    single_leader: SingleLeader,
    consistent_committed_data: ConsistentCommittedData,
    /// How often each fact was told.
    told: BTreeMap<&'static str, u32>,
}

impl Invariants {
    fn verify(&mut self, quorum: &mut Quorum) {
        self.monotonic_epoch.verify(quorum);
        self.monotonic_high_watermark.verify(quorum);
        self.majority_reached_high_watermark.verify(quorum);
        self.single_leader.verify(quorum);
        self.consistent_committed_data.verify(quorum);
        SnapshotAtLogStart::verify(quorum);
        LeaderNeverLoadsSnapshot::verify(quorum);
        for (who, seat) in &quorum.seats {
            assert_eq!(seat.halted, None, "{who} ended itself");
        }
        for event in quorum.events.drain(..) {
            *self.told.entry(event.fact.name()).or_insert(0) += 1;
        }
    }
}

/// The quorum epoch of a server never falls, not even over its death.
#[derive(Default)]
struct MonotonicEpoch(BTreeMap<ProcessId, LeaderEpoch>);

impl MonotonicEpoch {
    fn verify(&mut self, quorum: &Quorum) {
        for (who, seat) in &quorum.seats {
            let Some(raft) = &seat.raft else { continue };
            let before = self.0.insert(*who, raft.epoch()).unwrap_or_default();
            assert!(before <= raft.epoch(), "{who} went back from {before} to {}", raft.epoch());
        }
    }
}

/// What anybody was told to be committed stays so: the largest committed end only grows.
#[derive(Default)]
struct MonotonicHighWatermark(BTreeMap<ProcessId, Offset>);

impl MonotonicHighWatermark {
    fn verify(&mut self, quorum: &Quorum) {
        for (who, seat) in &quorum.seats {
            let Some(raft) = &seat.raft else {
                self.0.remove(who);
                continue;
            };
            let before = self.0.insert(*who, raft.committed()).unwrap_or_default();
            assert!(before <= raft.committed(), "{who} went back from {before} to {}", raft.committed());
        }
    }
}

/// What is committed lies on the disks of a majority of the voters as its leader knew them then.
#[derive(Default)]
struct MajorityReachedHighWatermark {
    voters: BTreeMap<ProcessId, Vec<VoterKey>>,
    /// Where everybody's log ended when last seen alive; what is there is synced.
    ends: BTreeMap<ProcessId, Offset>,
}

impl MajorityReachedHighWatermark {
    fn verify(&mut self, quorum: &mut Quorum) {
        let alive = quorum.seats.iter().filter_map(|(who, seat)| Some((*who, seat.raft.as_ref()?.end_offset())));
        self.ends.extend(alive);
        for event in &quorum.events {
            match &event.fact {
                Fact::Raft(RaftFact::VotersChanged { voters }) => {
                    self.voters.insert(event.process, voters.voters.clone());
                }
                Fact::Raft(RaftFact::MetadataCommitted { end, .. }) => {
                    let voters = &self.voters[&event.process];
                    let holds = |key: &&VoterKey| self.ends.get(&key.voter).is_some_and(|reach| reach >= end);
                    let holders = voters.iter().filter(holds).count();
                    assert!(holders > voters.len() / 2, "{end} was committed on {holders} of {}", voters.len());
                }
                _ => {}
            }
        }
    }
}

/// At most one leader is elected in an epoch.
#[derive(Default)]
struct SingleLeader(BTreeMap<LeaderEpoch, ProcessId>);

impl SingleLeader {
    fn verify(&mut self, quorum: &Quorum) {
        for (who, seat) in &quorum.seats {
            let Some(raft) = seat.raft.as_ref().filter(|raft| raft.role() == QuorumRole::Leader) else { continue };
            let leader = *self.0.entry(raft.epoch()).or_insert(*who);
            assert_eq!(leader, *who, "two lead {}", raft.epoch());
        }
    }
}

/// Everybody applies one and the same history, or a part of it.
#[derive(Default)]
struct ConsistentCommittedData(BTreeMap<Offset, Bytes>);

impl ConsistentCommittedData {
    fn verify(&mut self, quorum: &Quorum) {
        for (who, seat) in &quorum.seats {
            for (offset, record) in &seat.applied {
                let known = self.0.entry(*offset).or_insert_with(|| record.clone());
                assert_eq!(known, record, "{who} applied another record at {offset}");
            }
            let below = self.0.range(..seat.applied_end).count();
            assert_eq!(seat.applied.len(), below, "{who} missed a record below {}", seat.applied_end);
        }
    }
}

/// A log that does not begin at 0 begins where a snapshot ends.
struct SnapshotAtLogStart;

impl SnapshotAtLogStart {
    fn verify(quorum: &mut Quorum) {
        for (who, seat) in &mut quorum.seats {
            let Some(raft) = &seat.raft else { continue };
            let names = seat.disk.list(Folder::Log(tribunal::ids::LogDirectory::FIRST, TopicPartition::METADATA));
            let start = raft.start_offset();
            let is_there = names.iter().any(|name| matches!(name, FileName::Snapshot(end, _) if *end == start));
            assert!(start == Offset::ZERO || is_there, "the log of {who} begins at {start}, where no snapshot ends");
        }
    }
}

/// A leader has all that is committed, and never needs a snapshot for it.
struct LeaderNeverLoadsSnapshot;

impl LeaderNeverLoadsSnapshot {
    fn verify(quorum: &Quorum) {
        for (who, seat) in &quorum.seats {
            assert_eq!(seat.snapshots_while_leading, 0, "{who} loaded a snapshot while it led");
        }
    }
}

/// A story under way.
struct Story {
    quorum: Quorum,
    invariants: Invariants,
    written: u32,
}

impl Story {
    fn new(voters: u16, seed: u64) -> Self {
        let mut quorum = Quorum::new(voters, Choices::new(seed, Luck::Seeded, &[]));
        quorum.takes_snapshots = true;
        quorum.config.snapshot_record_bytes = 600;
        quorum.config.metadata_log_segment_bytes = 1_024;
        quorum.config.quorum_fetch_snapshot_max_bytes = 256;
        for number in 1..=5 {
            quorum.start(ProcessId::Controller(number));
        }
        let mut invariants = Invariants::default();
        invariants.verify(&mut quorum);
        Self { quorum, invariants, written: 0 }
    }

    fn happen(&mut self, happening: &Happening) {
        let quorum = &mut self.quorum;
        let server = ProcessId::Controller;
        match *happening {
            Happening::Run { ms } => {
                for _ in 0..ms.div_ceil(10) {
                    self.quorum.run(Duration::from_millis(10.min(ms)));
                    self.invariants.verify(&mut self.quorum);
                }
            }
            Happening::Append { records } => {
                for number in 1..=5 {
                    let texts: Vec<String> = (0..records).map(|nth| format!("{number}/{}/{nth}", self.written)).collect();
                    quorum.append(server(number), &texts.iter().map(String::as_str).collect::<Vec<_>>());
                    self.written += 1;
                }
            }
            Happening::Kill { who, power: true } => quorum.power_off(server(who)),
            Happening::Kill { who, power: false } => quorum.kill(server(who), false),
            Happening::Start { who } if quorum.raft(server(who)).is_none() => quorum.start(server(who)),
            Happening::Start { .. } => {}
            Happening::Cut { one, other } => quorum.cut(server(one), server(other)),
            Happening::Heal => quorum.cuts.clear(),
            Happening::Shuffle { lost, first } => {
                if !quorum.desk.is_empty() {
                    let place = lost % quorum.desk.len();
                    quorum.desk.remove(place);
                }
                if !quorum.desk.is_empty() {
                    let letter = quorum.desk.remove(first % quorum.desk.len());
                    quorum.deliver(letter);
                }
            }
            Happening::Elapse { who, ms } => quorum.elapse(server(who), Duration::from_millis(ms)),
            Happening::Resign => {
                if let Some(leader) = quorum.leader() {
                    quorum.turn(leader, tribunal::raft::RaftNode::resign);
                }
            }
            Happening::Reconfigure { who, add } => {
                let voter = VoterKey { voter: server(who), directory: None };
                // Of two voters, the one that leads is not removed: dead with its own removal in its log alone, it could
                // neither stand nor be done without.
                let may_be = |leader: &ProcessId| {
                    add || voter.voter != *leader || quorum.raft(*leader).is_some_and(|raft| raft.voters().len() > 2)
                };
                if let Some(leader) = quorum.leader().filter(may_be) {
                    let request = if add { AddRaftVoterRequest { voter }.into() } else { RemoveRaftVoterRequest { voter }.into() };
                    quorum.ask(leader, request);
                }
            }
        }
        self.invariants.verify(&mut self.quorum);
    }

    /// When all live and hear each other, one leads, and all agree on all that was ever committed.
    fn end(&mut self) {
        self.quorum.cuts.clear();
        for number in 1..=5 {
            if self.quorum.raft(ProcessId::Controller(number)).is_none() {
                self.quorum.start(ProcessId::Controller(number));
            }
        }
        for _ in 0..40 {
            self.quorum.run(Duration::from_millis(50));
            self.invariants.verify(&mut self.quorum);
        }
        let leader = self.quorum.leader().expect("somebody leads in the end");
        self.quorum.append(leader, &["last"]);
        self.quorum.run(Duration::from_millis(300));
        self.invariants.verify(&mut self.quorum);
        let end = self.quorum.seats[&leader].applied_end;
        for (who, seat) in &self.quorum.seats {
            assert_eq!(seat.applied_end, end, "{who} has not caught up");
            assert_eq!(seat.applied.last().map(|(_, record)| record.as_ref()), Some(b"last".as_slice()));
        }
    }
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_quorum_keeps_its_promises_and_heals(
        voters in 1..6_u16,
        seed in any::<u64>(),
        happenings in prop::collection::vec(happenings(), 1..60),
    ) {
        let mut story = Story::new(voters, seed);
        for happening in &happenings {
            story.happen(happening);
        }
        story.end();
    }
}

/// A story that meets nothing shows nothing: over a number of them, everything that may go wrong has.
#[test]
fn the_stories_meet_all_that_may_happen_to_a_quorum() {
    let mut runner = TestRunner::new(cases(1));
    let stories = (1..6_u16, any::<u64>(), prop::collection::vec(happenings(), 60));
    let mut told: BTreeMap<&'static str, u32> = BTreeMap::new();
    for _ in 0..40 {
        let (voters, seed, happenings) = stories.new_tree(&mut runner).expect("no filters").current();
        let mut story = Story::new(voters, seed);
        for happening in &happenings {
            story.happen(happening);
        }
        for (name, count) in story.invariants.told {
            *told.entry(name).or_insert(0) += count;
        }
    }
    let wanted = [
        "QuorumLeaderElected",
        "MetadataCommitted",
        "VoteCast",
        "VoteRefused",
        "QuorumLeaderResigned",
        "SnapshotTaken",
        "SnapshotInstalled",
        "VoterCaughtUp",
        "VotersChanged",
        "LogTruncated",
        "LogStartAdvanced",
        "SegmentRolled",
    ];
    let missed: Vec<_> = wanted.iter().filter(|name| !told.contains_key(**name)).collect();
    assert!(missed.is_empty(), "never met: {missed:?} among {told:?}");
}
