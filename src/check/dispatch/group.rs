//! What coordinators decide and members do.

use super::super::finding::Scene;
use super::Checks;
use crate::event::{ClientFact, Event, GroupFact, PollFacts, PositionReason};
use crate::ids::{Offset, TopicPartition};

impl Checks {
    pub(super) fn observe_group(&mut self, event: &Event, fact: &GroupFact) {
        if let GroupFact::CoordinatorLoaded { partition, epoch, .. } = fact {
            let count = self.ledger.data_partitions().filter(|other| other.partition.topic == partition.topic).count();
            self.groups.load(event.process, partition.partition, *epoch, u32::try_from(count).unwrap_or(u32::MAX));
        }
        self.groups.apply(event.process, event.step, fact);
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
            ClientFact::GroupJoined { group, member, .. } => self.groups.join(event.process, group, member),
            ClientFact::PartitionsAssigned { group, partitions, .. } => {
                self.one_owner_per_partition.judge_assigned(scene, &self.groups, group, partitions);
                self.groups.assign(event.process, group, partitions);
                self.no_poll_skip.give_back(event.process, partitions);
                self.reader_up_to_date.give_back(event.process, partitions);
            }
            ClientFact::PartitionsRevoked { partitions, .. } | ClientFact::PartitionsLost { partitions, .. } => {
                self.groups.give_back(event.process, partitions);
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
            | ClientFact::MembershipLost { .. }
            | ClientFact::CommitInvoked { .. }
            | ClientFact::CommitAnswered { .. }
            | ClientFact::PartitionsPaused { .. }
            | ClientFact::PartitionsResumed { .. } => {}
        }
    }

    /// A consumer reads on from another place.
    pub(super) fn move_reader(&mut self, event: &Event, place: (TopicPartition, Offset), why: PositionReason) {
        let scene = Scene { event, names: &self.names };
        let ledger = self.ledger.partition_mut(place.0);
        let is_readable = |offset| ledger.is_readable(offset);
        self.poll_order.set_position(event.process, place.0, place.1);
        self.no_poll_skip.set_position(scene, place, why, &is_readable);
        self.reader_up_to_date.set_position(event.process, place);
        if let Some(processing) = self.promises.processing.get(&event.process) {
            self.processed.go_on(scene, processing, place, &is_readable);
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
