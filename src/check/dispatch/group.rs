//! What coordinators decide and members do.

use super::super::finding::Scene;
use super::Checks;
use crate::error::ErrorCode;
use crate::event::{ClientFact, Event, GroupFact, PollFacts, PositionReason};
use crate::ids::{Offset, TopicPartition};

impl Checks {
    pub(super) fn observe_group(&mut self, event: &Event, fact: &GroupFact) {
        if let GroupFact::CoordinatorLoaded { partition, epoch, .. } = fact {
            let count = self.ledger.data_partitions().filter(|other| other.partition.topic == partition.topic).count();
            self.converges.change_coordinator(event.at, &self.promises);
            self.groups.load(event.process, partition.partition, *epoch, u32::try_from(count).unwrap_or(u32::MAX));
        }
        self.converges.judge_group(Scene { event, names: &self.names }, &self.groups, fact);
        self.groups.apply(event.process, event.step, fact);
        if let GroupFact::AssignmentDecided { group, assignment } = fact {
            self.idle_times.plan(group, assignment);
        }
        if let GroupFact::OffsetCommitted { group, partition, offset, member, decided, .. } = fact {
            let scene = Scene { event, names: &self.names };
            self.no_stale_commit.judge(scene, &self.groups, (group, member), (*partition, *offset), *decided);
        }
    }

    /// What a member does about its group.
    pub(super) fn observe_member(&mut self, event: &Event, fact: &ClientFact) {
        let scene = Scene { event, names: &self.names };
        match fact {
            ClientFact::Subscribed { group, topics } => {
                self.groups.subscribe(event.process, group, topics);
                self.converges.disturb(event.at, &self.promises);
            }
            ClientFact::GroupJoined { group, member, epoch } => self.groups.join(event.process, group, (member, *epoch)),
            // Some go on trying; the others have told their applications.
            ClientFact::MembershipLost { code, .. } => {
                if !matches!(code, ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedMemberEpoch) {
                    self.groups.leave(event.process);
                }
            }
            ClientFact::PartitionsAssigned { group, partitions, .. } => {
                self.one_owner_per_partition.judge_assigned(scene, &self.groups, group, partitions);
                self.groups.assign(event.process, group, partitions);
                self.no_poll_skip.give_back(event.process, partitions);
                self.reader_up_to_date.give_back(event.process, partitions);
            }
            ClientFact::PartitionsRevoked { group, partitions, .. } | ClientFact::PartitionsLost { group, partitions, .. } => {
                self.groups.give_back(event.process, partitions);
                self.idle_times.begin(event.at, &self.groups, group, partitions);
                self.no_poll_skip.give_back(event.process, partitions);
                self.reader_up_to_date.give_back(event.process, partitions);
            }
            ClientFact::GroupLeft { .. } => {
                self.groups.leave(event.process);
                self.converges.disturb(event.at, &self.promises);
            }
            ClientFact::PollOverdue { .. } => self.groups.go_silent(event.process),
            ClientFact::RecordProcessed { partition, offset, .. } => {
                self.one_owner_per_partition.judge_processed(scene, &self.groups, (*partition, *offset));
                if let Some(processing) = self.promises.processing.get(&event.process) {
                    self.processed.process(scene, processing, (*partition, *offset));
                }
            }
            ClientFact::RecordGivenUp { partition, offset, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                if let Some(processing) = self.promises.processing.get(&event.process) {
                    self.processed.give_up(scene, processing, (*partition, *offset), &|offset| ledger.is_readable(offset));
                }
            }
            ClientFact::CommitAnswered { commit, code: None } => {
                for (partition, next) in &commit.offsets {
                    let ledger = self.ledger.partition_mut(*partition);
                    if let Some(processing) = self.promises.processing.get(&event.process) {
                        self.processed.commit(scene, processing, (*partition, *next), &|offset| ledger.is_readable(offset));
                    }
                }
            }
            ClientFact::SendInvoked { .. }
            | ClientFact::SendAcknowledged { .. }
            | ClientFact::SendUnknown { .. }
            | ClientFact::SendFailed { .. }
            | ClientFact::SendRetried { .. }
            | ClientFact::SendRefused { .. }
            | ClientFact::PositionSet { .. }
            | ClientFact::PollReturned { .. }
            | ClientFact::MetadataRefreshed { .. }
            | ClientFact::AdminAnswered { .. }
            | ClientFact::TruncationDetected { .. }
            | ClientFact::ReadFailed { .. }
            | ClientFact::CommitInvoked { .. }
            | ClientFact::CommitAnswered { code: Some(_), .. }
            | ClientFact::PartitionsPaused { .. }
            | ClientFact::PartitionsResumed { .. } => {}
        }
    }

    /// A process died, and if it was in a group, nobody has what it took for its own.
    pub(super) fn end_member(&mut self, event: &Event) {
        if let Some(consumer) = self.groups.end(event.process) {
            let owned: Vec<TopicPartition> = consumer.owned.into_iter().collect();
            self.idle_times.begin(event.at, &self.groups, &consumer.group, &owned);
        }
    }

    /// A consumer reads on from another place.
    pub(super) fn move_reader(&mut self, event: &Event, place: (TopicPartition, Offset), why: PositionReason) {
        let scene = Scene { event, names: &self.names };
        let ledger = self.ledger.partition_mut(place.0);
        let is_readable = |offset| ledger.is_readable(offset);
        self.idle_times.end(event.at, &self.groups, (event.process, place.0), &mut self.counts);
        self.poll_order.set_position(event.process, place.0, place.1);
        self.no_poll_skip.set_position(scene, place, why, &is_readable);
        self.reader_up_to_date.set_position(event.process, place);
        if let Some(processing) = self.promises.processing.get(&event.process) {
            match why {
                PositionReason::Seek | PositionReason::Beginning | PositionReason::End | PositionReason::Timestamp => {
                    self.processed.seek(event.process, processing, place);
                }
                PositionReason::Committed | PositionReason::NoCommit | PositionReason::Reset | PositionReason::Truncation => {
                    self.processed.go_on(scene, processing, place, &is_readable);
                }
            }
        }
    }

    /// A consumer was given records.
    pub(super) fn read(&mut self, event: &Event, poll: &PollFacts) {
        let scene = Scene { event, names: &self.names };
        let ledger = self.ledger.partition_mut(poll.partition);
        let is_readable = |offset| ledger.is_readable(offset);
        self.no_poll_skip.judge(scene, poll, &is_readable);
        self.reader_up_to_date.judge(scene, (ledger, self.compaction_contract.chains(poll.partition)), poll);
        if let Some(processing) = self.promises.processing.get(&event.process) {
            self.processed.poll(scene, processing, poll, &is_readable);
        }
    }
}
