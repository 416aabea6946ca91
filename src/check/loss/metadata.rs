//! What became of one committed record of the metadata log: who held it when it was committed, how that ended, and which
//! rule of the quorum was down.
//!
//! Called by: [`super::Verdict`].

use super::super::{CheckResult, Place};
use super::removal::{How, Removal};
use super::story::Fold;
use crate::event::{Event, Fact, LogFact, RaftFact, WorldFact};
use crate::ids::{Digest, LeaderEpoch, ProcessId, Step, TopicPartition};

/// The story of a lost record of the metadata.
pub(super) struct MetadataStory {
    pub(super) place: Place,
    pub(super) committed_at: Step,
    pub(super) committed_by: ProcessId,
    pub(super) epoch: LeaderEpoch,
    /// Who held it then.
    pub(super) holders: Vec<ProcessId>,
    pub(super) removals: Vec<Removal>,
    /// Who led last, in which epoch.
    pub(super) now: Option<(ProcessId, LeaderEpoch)>,
    pub(super) remedy: Remedy,
}

/// The rule that would have kept it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// A voter came back on another disk as the same voter.
    VoterUuid,
    /// The voters were changed before the leader had committed anything of its own epoch.
    ReconfigGuard,
    /// None of these.
    None,
}

impl MetadataStory {
    /// The story behind a check's result, if that is about a committed record of the metadata.
    pub(super) fn of(events: &[Event], result: &CheckResult) -> Option<Self> {
        let place = result.place.filter(|place| place.partition == TopicPartition::METADATA)?;
        if !matches!(result.name, "committed-kept" | "leader-completeness") {
            return None;
        }
        let (committed, epoch) = events.iter().find_map(|event| match &event.fact {
            Fact::Raft(RaftFact::MetadataCommitted { end, epoch }) if *end > place.offset => Some((event, *epoch)),
            _ => None,
        })?;
        let digest = written(events, place, committed)?;
        let mut fold = Fold::new(place, digest, committed.step);
        let mut holders = Vec::new();
        for event in events {
            fold.observe(event);
            if event.step == committed.step {
                holders = fold.holding();
            }
        }
        Some(Self {
            place,
            committed_at: committed.step,
            committed_by: committed.process,
            epoch,
            remedy: remedy(events, &fold.removals),
            holders,
            removals: fold.removals,
            now: events.iter().rev().find_map(|event| match &event.fact {
                Fact::Raft(RaftFact::QuorumLeaderElected { epoch }) => Some((event.process, *epoch)),
                _ => None,
            }),
        })
    }
}

/// What the server that committed the offset had written there last before.
fn written(events: &[Event], place: Place, committed: &Event) -> Option<Digest> {
    let of_committer = |event: &&Event| event.process == committed.process && event.step < committed.step;
    events.iter().rev().filter(of_committer).find_map(|event| {
        let batches = match &event.fact {
            Fact::Log(LogFact::RecordsAppended { partition, batch } | LogFact::RecordsReplicated { partition, batch, .. })
                if *partition == place.partition =>
            {
                std::slice::from_ref(batch)
            }
            Fact::Log(LogFact::LogRecovered { recovery }) if recovery.partition == place.partition => recovery.batches.as_slice(),
            _ => return None,
        };
        let records = batches.iter().flat_map(|batch| &batch.records);
        records.into_iter().find(|record| record.offset == place.offset).map(|record| record.digest)
    })
}

fn remedy(events: &[Event], removals: &[Removal]) -> Remedy {
    let is_by_number =
        |event: &Event| matches!(&event.fact, Fact::Raft(RaftFact::VoteCast { candidate, .. }) if candidate.directory.is_none());
    let lost_a_disk = removals.iter().any(|removal| removal.how == How::DiskReplaced)
        || events.iter().any(|event| {
            matches!(event.fact, Fact::World(WorldFact::DiskReplaced { .. })) && matches!(event.process, ProcessId::Controller(_))
        });
    if lost_a_disk && events.iter().any(is_by_number) {
        return Remedy::VoterUuid;
    }
    let changes_voters =
        |event: &Event| matches!(&event.fact, Fact::Raft(RaftFact::VotersChanged { voters }) if voters.offset.0 > 0);
    if events.iter().any(changes_voters) { Remedy::ReconfigGuard } else { Remedy::None }
}
