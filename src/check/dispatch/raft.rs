//! What the metadata quorum does.

use super::super::finding::Scene;
use super::Checks;
use crate::event::{Event, QuorumRole, RaftFact};
use crate::ids::{LeaderEpoch, Offset, TopicPartition};

impl Checks {
    pub(super) fn observe_raft(&mut self, event: &Event, fact: &RaftFact) {
        let scene = Scene { event, names: &self.names };
        match fact {
            RaftFact::MetadataCommitted { end, epoch } => {
                self.epochs_monotone.judge_quorum(scene, *epoch);
                self.one_voter_change.commit(scene, *end);
                self.live.commit_metadata(*end, event.at);
                self.advance_committed(event, TopicPartition::METADATA, *epoch, *end);
            }
            RaftFact::MetadataApplied { end } => self.live.apply_metadata(event.process, *end),
            RaftFact::QuorumLeaderElected { epoch } => self.elect_quorum_leader(event, *epoch),
            RaftFact::QuorumRoleChanged { role, epoch, leader } => {
                self.epochs_monotone.judge_quorum(scene, *epoch);
                let leader = if *role == QuorumRole::Leader { Some(event.process) } else { *leader };
                if let Some(leader) = leader {
                    self.election_safety.judge(scene, *epoch, leader);
                }
                self.quorum_time.change_role(event.at, (event.process, *role), &mut self.counts);
                if *role != QuorumRole::Leader {
                    self.ledger.partition_mut(TopicPartition::METADATA).forget_role(event.process);
                }
            }
            RaftFact::VoteCast { epoch, candidate } => {
                self.epochs_monotone.note_voter(event.process);
                self.epochs_monotone.judge_quorum(scene, *epoch);
                self.single_vote_per_epoch.judge(scene, *epoch, *candidate);
            }
            RaftFact::VotersChanged { voters } => {
                for voter in &voters.voters {
                    self.epochs_monotone.note_voter(voter.voter);
                }
                self.live.change_voters(&voters.voters);
                self.quorum_time.change_voters(voters, &mut self.counts);
                self.one_voter_change.adopt(scene, voters);
            }
            RaftFact::SnapshotInstalled { end, .. } => self.install_snapshot(event, *end),
            RaftFact::VoteRefused { .. }
            | RaftFact::QuorumLeaderResigned { .. }
            | RaftFact::SnapshotTaken { .. }
            | RaftFact::VoterCaughtUp { .. } => {}
        }
    }

    fn elect_quorum_leader(&mut self, event: &Event, epoch: LeaderEpoch) {
        let scene = Scene { event, names: &self.names };
        self.epochs_monotone.judge_quorum(scene, epoch);
        self.election_safety.judge(scene, epoch, event.process);
        self.one_voter_change.lead(event.process, epoch);
        self.quorum_time.begin(event.at, event.process, &mut self.counts);
        let ledger = self.ledger.partition_mut(TopicPartition::METADATA);
        let known = ledger.copy(event.process).map_or(Offset::ZERO, |copy| copy.high_watermark);
        ledger.become_leader(event.process, epoch, known);
        self.leader_completeness.judge(scene, ledger, event.process, epoch);
    }

    /// The copy of the log begins with the snapshot's end now, whether or not the cut was told as well.
    fn install_snapshot(&mut self, event: &Event, end: Offset) {
        let copy = self.ledger.partition_mut(TopicPartition::METADATA).copy_mut(event.process);
        if copy.end() != end || copy.start != end {
            copy.restart(end);
        }
    }
}
