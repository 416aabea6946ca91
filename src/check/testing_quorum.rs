//! The metadata quorum of the small cluster of [`super::testing`]: k1, k2 and k3, of which k1 leads.

use std::sync::Arc;

use super::testing::{Cluster, b, k, voter};
use crate::event::{LogFact, QuorumRole, RaftFact, VoterSetFacts, WorldFact};
use crate::ids::{Digest, Incarnation, LeaderEpoch, Offset, TopicPartition, VoterKey};

impl Cluster {
    /// k1 leads the metadata quorum of k1, k2 and k3; all hold what it wrote, and it is committed.
    pub(super) fn begin_quorum(&mut self) {
        let voters = (1..=3).map(|number| voter(number, 1)).collect();
        let voters = Arc::new(VoterSetFacts { offset: Offset::ZERO, epoch: LeaderEpoch(0), voters });
        for number in 1..=3 {
            self.push(k(number), WorldFact::ProcessStarted { incarnation: Incarnation(1) });
            self.push(k(number), RaftFact::VotersChanged { voters: Arc::clone(&voters) });
        }
        let epoch = LeaderEpoch(1);
        for number in 1..=3 {
            self.push(k(number), RaftFact::VoteCast { epoch, candidate: voter(1, 1) });
        }
        self.lead_quorum(1, epoch);
        for number in 2..=3 {
            let role = QuorumRole::Follower;
            self.push(k(number), RaftFact::QuorumRoleChanged { role, epoch, leader: Some(k(1)) });
        }
        self.write_metadata(1, (0, epoch), 3);
        self.write_metadata(2, (0, epoch), 3);
        self.write_metadata(3, (0, epoch), 3);
        self.commit_metadata(3);
    }

    /// k1 commits what it has, and every broker applies it.
    fn commit_metadata(&mut self, end: u64) {
        self.metadata_end = Offset(end);
        self.push(k(1), RaftFact::MetadataCommitted { end: self.metadata_end, epoch: LeaderEpoch(1) });
        for broker in 1..=3 {
            self.push(b(broker), RaftFact::MetadataApplied { end: self.metadata_end });
        }
    }

    /// A controller leads the quorum from here on.
    pub(super) fn lead_quorum(&mut self, number: u16, epoch: LeaderEpoch) {
        self.push(k(number), RaftFact::QuorumLeaderElected { epoch });
        let leader = Some(k(number));
        self.push(k(number), RaftFact::QuorumRoleChanged { role: QuorumRole::Leader, epoch, leader });
    }

    /// A controller writes `count` records of metadata from this offset on.
    pub(super) fn write_metadata(&mut self, number: u16, (base, epoch): (u64, LeaderEpoch), count: u64) {
        let partition = TopicPartition::METADATA;
        let digests: Vec<Digest> = (base..base + count).map(|offset| Digest(offset * 7 + u64::from(epoch.0) * 1_000)).collect();
        self.push(k(number), LogFact::EpochStarted { partition, epoch, start: Offset(base) });
        self.push(k(number), LogFact::RecordsAppended { partition, batch: Self::batch(base, epoch, &digests) });
    }

    /// k1 takes k4 among the voters, and that is committed.
    pub(super) fn add_voter(&mut self) {
        let voters = (1..=4).map(|number| voter(number, 1)).collect();
        self.change_voters(1, (3, LeaderEpoch(1)), voters);
        for number in 1..=2 {
            let batch = Self::batch(3, LeaderEpoch(1), &[Digest(1)]);
            self.push(k(number), LogFact::RecordsAppended { partition: TopicPartition::METADATA, batch });
        }
        self.commit_metadata(4);
    }

    /// A controller's log names these voters.
    pub(super) fn change_voters(&mut self, number: u16, (offset, epoch): (u64, LeaderEpoch), voters: Vec<VoterKey>) {
        let voters = Arc::new(VoterSetFacts { offset: Offset(offset), epoch, voters });
        self.push(k(number), RaftFact::VotersChanged { voters });
    }
}
