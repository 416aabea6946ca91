//! What replicas do: leaders, followers, high watermarks, ISRs.

use super::super::ack_on_min_isr::Answer;
use super::super::finding::Scene;
use super::Checks;
use crate::event::{Event, ReplicaFact};
use crate::ids::{BrokerSet, LeaderEpoch, Offset, PartitionEpoch, TopicPartition};

impl Checks {
    pub(super) fn observe_replica(&mut self, event: &Event, fact: &ReplicaFact) {
        match fact {
            ReplicaFact::BecameLeader { partition, epoch, high_watermark, isr, end } => {
                self.note_begun_empty(event, *partition, *end);
                self.become_leader(event, *partition, (*epoch, *high_watermark, *isr));
            }
            ReplicaFact::BecameFollower { partition, high_watermark, end, .. } => {
                self.note_begun_empty(event, *partition, *end);
                let ledger = self.ledger.partition_mut(*partition);
                ledger.forget_role(event.process);
                let copy = ledger.copy_mut(event.process);
                (copy.high_watermark, copy.is_offline, copy.has_role) = (*high_watermark, false, true);
                self.offset_bounds.judge(Scene { event, names: &self.names }, ledger);
            }
            ReplicaFact::HighWatermarkAdvanced { partition, new, epoch, .. } => {
                self.raise_high_watermark(event, *partition, (*epoch, *new));
            }
            ReplicaFact::HighWatermarkLearned { partition, new, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                ledger.copy_mut(event.process).high_watermark = *new;
                self.offset_bounds.judge(Scene { event, names: &self.names }, ledger);
            }
            ReplicaFact::ProduceCommitted { partition, last, isr, min_insync, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                let answer = Answer { last: *last, isr: *isr, min_insync: *min_insync };
                self.ack_on_min_isr.judge(Scene { event, names: &self.names }, ledger, answer);
                if let Some(epoch) = ledger.copy(event.process).and_then(|copy| copy.leads) {
                    self.advance_committed(event, *partition, epoch, last.next());
                }
            }
            ReplicaFact::IsrProposed { partition, isr, maximal, .. } => {
                let quorum = &mut self.ledger.partition_mut(*partition).copy_mut(event.process).quorum;
                quorum.maximal = *maximal;
                quorum.proposed = Some((*isr, event.step));
                let ledger = self.ledger.partition_mut(*partition);
                self.replication_quorum_superset.judge_isr(Scene { event, names: &self.names }, ledger);
            }
            ReplicaFact::IsrAdopted { partition, isr, maximal, partition_epoch, .. } => {
                self.adopt_isr(event, *partition, (*isr, *maximal, *partition_epoch));
            }
            ReplicaFact::ReplicaOffline { partition, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                ledger.forget_role(event.process);
                ledger.copy_mut(event.process).is_offline = true;
            }
            ReplicaFact::ReplicaResigned { partition, .. } => self.ledger.partition_mut(*partition).forget_role(event.process),
            ReplicaFact::FollowerProgressed { .. }
            | ReplicaFact::IsrProposalRefused { .. }
            | ReplicaFact::RequestRefused { .. }
            | ReplicaFact::ReadReplicaChosen { .. } => {}
        }
    }

    fn raise_high_watermark(&mut self, event: &Event, partition: TopicPartition, (epoch, new): (LeaderEpoch, Offset)) {
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.high_watermark_monotone.judge(scene, ledger, epoch, new);
        self.replication_quorum_superset.judge_advance(scene, ledger);
        ledger.advance_high_watermark(event.process, epoch, new);
        self.advance_committed(event, partition, epoch, new);
        self.offset_bounds.judge(Scene { event, names: &self.names }, self.ledger.partition_mut(partition));
        self.judge_isr(event, partition);
    }

    fn become_leader(
        &mut self,
        event: &Event,
        partition: TopicPartition,
        (epoch, high_watermark, isr): (LeaderEpoch, Offset, BrokerSet),
    ) {
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.single_leader_per_epoch.judge(scene, partition, epoch, event.process);
        self.high_watermark_monotone.judge(scene, ledger, epoch, high_watermark);
        let is_newest = ledger.become_leader(event.process, epoch, high_watermark);
        let copy = ledger.copy_mut(event.process);
        copy.has_role = true;
        (copy.quorum.isr, copy.quorum.maximal) = (isr, isr);
        self.offset_bounds.judge(scene, ledger);
        self.leader_completeness.judge(scene, ledger, event.process, epoch);
        self.judge_isr(event, partition);
        if is_newest {
            let ledger = self.ledger.partition_mut(partition);
            let scene = Scene { event, names: &self.names };
            self.acks_all_durable.judge(scene, ledger, event.process, "became leader");
            self.any_ack_durable.judge(scene, ledger, event.process, "became leader");
            let lost = ledger.abandon_lost(event.process);
            if !lost.is_empty() {
                let from = ledger.committed_end();
                self.no_poll_skip.diverge(partition, (from, epoch));
                self.reader_up_to_date.forget_partition(partition);
                self.processed.truncate(partition, from);
            }
            ledger.begin_anew(epoch);
            self.no_duplicates.uncommit(partition, &mut self.sends, &lost);
            self.compaction_contract.uncommit(ledger, &lost);
            self.compaction_contract.lead(scene, ledger);
        }
    }

    fn adopt_isr(
        &mut self,
        event: &Event,
        partition: TopicPartition,
        (isr, maximal, version): (BrokerSet, BrokerSet, PartitionEpoch),
    ) {
        let quorum = &mut self.ledger.partition_mut(partition).copy_mut(event.process).quorum;
        let excused = quorum.excused.iter().filter(|broker| isr.contains(*broker)).collect();
        (quorum.isr, quorum.maximal, quorum.partition_epoch, quorum.excused) = (isr, maximal, Some(version), excused);
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.replication_quorum_superset.judge_isr(scene, ledger);
        self.weak_isr.judge(scene, ledger, false);
    }
}
