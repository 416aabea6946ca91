//! What clients see: sends, answers, polls.

use super::super::acked::AckedRecord;
use super::super::finding::Scene;
use super::super::sends::Placed;
use super::Checks;
use crate::event::{Acks, ClientFact, Event, NetworkFact, PollFacts};
use crate::ids::{Digest, Offset, ProcessId, SendId, TopicPartition};

impl Checks {
    pub(super) fn observe_network(&mut self, event: &Event, fact: &NetworkFact) {
        if let (NetworkFact::MessageDuplicated { .. }, ProcessId::Client(_)) = (fact, event.process)
            && !self.promises.idempotent.contains(&event.process)
        {
            self.sends.repeat_open(event.process);
        }
    }

    pub(super) fn observe_client(&mut self, event: &Event, fact: &ClientFact) {
        match fact {
            ClientFact::SendInvoked { partition, send, record, .. } => {
                self.sends.invoke(event.process, *partition, *send, record.digest);
                self.converges.disturb(event.at, &self.promises);
            }
            ClientFact::SendAcknowledged { partition, send, acks, offset, digest, .. } => {
                self.sends.finish(event.process, *partition, *send);
                if let Some(offset) = offset {
                    self.acknowledge(event, *partition, (*send, *acks), (*offset, *digest));
                }
            }
            ClientFact::SendUnknown { partition, send, .. } | ClientFact::SendFailed { partition, send, .. } => {
                self.sends.finish(event.process, *partition, *send);
            }
            ClientFact::SendRetried { partition, first, records, .. } => {
                if !self.promises.idempotent.contains(&event.process) {
                    self.sends.repeat_batch(event.process, *partition, *first, *records);
                }
            }
            ClientFact::PositionSet { partition, offset, why, .. } => self.move_reader(event, (*partition, *offset), *why),
            ClientFact::PollReturned { poll } => {
                let scene = Scene { event, names: &self.names };
                self.poll_order.judge(scene, poll);
                self.no_foreign_values.judge(scene, &mut self.sends, poll);
                self.expose(event, poll);
                self.read(event, poll);
            }
            ClientFact::Subscribed { .. }
            | ClientFact::GroupJoined { .. }
            | ClientFact::GroupLeft { .. }
            | ClientFact::PartitionsAssigned { .. }
            | ClientFact::PartitionsRevoked { .. }
            | ClientFact::PartitionsLost { .. }
            | ClientFact::CommitInvoked { .. }
            | ClientFact::PollOverdue { .. }
            | ClientFact::MembershipLost { .. }
            | ClientFact::RecordProcessed { .. }
            | ClientFact::RecordGivenUp { .. }
            | ClientFact::CommitAnswered { .. } => self.observe_member(event, fact),
            ClientFact::AdminAnswered { .. } => self.converges.expect_plans(),
            ClientFact::MetadataRefreshed { .. }
            | ClientFact::PartitionsPaused { .. }
            | ClientFact::PartitionsResumed { .. }
            | ClientFact::SendRefused { .. }
            | ClientFact::TruncationDetected { .. }
            | ClientFact::ReadFailed { .. } => {}
        }
    }

    fn acknowledge(
        &mut self,
        event: &Event,
        partition: TopicPartition,
        (send, acks): (SendId, Acks),
        (offset, digest): (Offset, Digest),
    ) {
        let scene = Scene { event, names: &self.names };
        let record = AckedRecord { offset, digest, producer: event.process, send, acks, step: event.step };
        let ledger = self.ledger.partition_mut(partition);
        self.acks_all_durable.acknowledge(scene, ledger, record);
        self.any_ack_durable.acknowledge(scene, ledger, record);
        self.ack_on_min_isr.acknowledge(scene, partition, acks, offset);
        let placed = Placed { send, offset, digest };
        self.offset_order.acknowledge(scene, &mut self.sends, &self.promises, (ledger, placed));
    }

    /// What a reader was given counts as committed: it must not be taken back.
    fn expose(&mut self, event: &Event, poll: &PollFacts) {
        let Some(last) = poll.records.last() else { return };
        let exposed_by = self.ledger.partition_mut(poll.partition).exposed_by(last.offset, last.digest);
        if let Some(process) = exposed_by {
            self.commit(event, poll.partition, (process, last.leader_epoch), last.offset.next());
        }
    }
}
