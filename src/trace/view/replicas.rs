//! How replicas change the picture: their logs, their roles, and what the metadata makes of their partition.

use std::sync::Arc;

use super::partition::{Acked, PartitionView, Reader, ReplicaView, Role};
use super::{GroupView, View};
use crate::event::{LogFact, PartitionFacts, RecoveryFacts, ReplicaFact, TruncationReason};
use crate::ids::{BrokerId, Offset, ProcessId, TopicPartition};

impl View {
    pub(super) fn apply_log(&mut self, process: ProcessId, fact: &LogFact) {
        match fact {
            LogFact::RecordsAppended { partition, batch } | LogFact::RecordsReplicated { partition, batch, .. } => {
                let end = batch.last.next();
                self.change_log(process, *partition, |replica| replica.append(batch), |(start, _)| (start, end));
            }
            LogFact::LogTruncated { partition, to, why, .. } => {
                let is_new = *why == TruncationReason::BehindLogStart;
                let cut = |replica: &mut ReplicaView| replica.truncate(*to, is_new);
                self.change_log(process, *partition, cut, |(start, _)| (if is_new { *to } else { start.min(*to) }, *to));
            }
            LogFact::LogStartAdvanced { partition, new, .. } => {
                let advance = |replica: &mut ReplicaView| {
                    replica.log.cut_below(*new);
                    (replica.start, replica.end) = (*new, replica.end.max(*new));
                };
                self.change_log(process, *partition, advance, |(_, end)| (*new, end.max(*new)));
            }
            LogFact::LogRecovered { recovery } => {
                let recover = |replica: &mut ReplicaView| replica.recover(recovery);
                self.change_log(process, recovery.partition, recover, |_| (recovery.start, recovery.end));
            }
            LogFact::LogFenced { partition, why, .. } => {
                let why = Arc::clone(why);
                self.change_log(process, *partition, |replica| replica.trouble = Some(why), |log| log);
            }
            LogFact::LogRefused { partition, why } => {
                self.change_log(process, *partition, |replica| replica.go_offline(why), |log| log);
            }
            LogFact::LogDirectoryFailed { directory, .. } => {
                Arc::make_mut(&mut self.process_mut(process).disk.failed).push(*directory);
            }
            LogFact::LogCreated { partition } => {
                let begin = |replica: &mut ReplicaView| {
                    replica.truncate(Offset::ZERO, true);
                    replica.high_watermark = Offset::ZERO;
                };
                self.change_log(process, *partition, begin, |_| (Offset::ZERO, Offset::ZERO));
            }
            LogFact::LogDeleted { partition } => {
                let delete = |replica: &mut ReplicaView| {
                    replica.truncate(Offset::ZERO, true);
                    (replica.role, replica.isr, replica.high_watermark) = (Role::None, None, Offset::ZERO);
                    replica.is_deleted = true;
                };
                self.change_log(process, *partition, delete, |_| (Offset::ZERO, Offset::ZERO));
            }
            LogFact::SegmentCleaned { cleaned } => {
                let clean = |replica: &mut ReplicaView| {
                    cleaned.dropped.iter().for_each(|(offset, _)| replica.log.remove(*offset));
                    replica.cleaned = replica.cleaned.max(Some(cleaned.end));
                };
                self.change_log(process, cleaned.partition, clean, |log| log);
            }
            LogFact::CleaningFinished { partition, end, .. } => {
                self.change_log(process, *partition, |replica| replica.cleaned = replica.cleaned.max(Some(*end)), |log| log);
            }
            LogFact::CleaningFailed { partition, .. } => {
                self.change_log(process, *partition, |replica| replica.is_uncleanable = true, |log| log);
            }
            // What retention deletes leaves the log with the LogStartAdvanced beside it.
            LogFact::LogFlushed { .. }
            | LogFact::SegmentDeleted { .. }
            | LogFact::CleaningStarted { .. }
            | LogFact::CleanerCheckpointed { .. }
            | LogFact::SwapRecovered { .. }
            | LogFact::SegmentRolled { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::IndexProbed { .. } => {}
        }
    }

    /// Changes a broker's replica; of the metadata log only where it begins and ends.
    fn change_log(
        &mut self,
        process: ProcessId,
        partition: TopicPartition,
        change: impl FnOnce(&mut ReplicaView),
        ends: impl FnOnce((Offset, Offset)) -> (Offset, Offset),
    ) {
        if partition == TopicPartition::METADATA {
            let known = self.process_mut(process);
            known.metadata_log = ends(known.metadata_log);
        } else if let ProcessId::Broker(broker) = process
            && let Some(replica) = self.replica_mut(partition, broker)
        {
            change(replica);
        }
    }

    pub(super) fn apply_replica(&mut self, broker: BrokerId, fact: &ReplicaFact) {
        match fact {
            ReplicaFact::BecameLeader { partition, epoch, high_watermark, isr, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.has_led) = (Role::Leader { epoch: *epoch }, true);
                    (replica.high_watermark, replica.isr) = (*high_watermark, Some((*isr, *isr)));
                    replica.is_deleted = false;
                }
            }
            ReplicaFact::BecameFollower { partition, epoch, leader, high_watermark, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.isr) = (Role::Follower { epoch: *epoch, leader: *leader }, None);
                    (replica.high_watermark, replica.is_deleted) = (*high_watermark, false);
                }
            }
            ReplicaFact::HighWatermarkAdvanced { partition, new, .. }
            | ReplicaFact::HighWatermarkLearned { partition, new, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.high_watermark = *new;
                }
            }
            ReplicaFact::IsrProposed { partition, maximal, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.isr = Some((replica.isr.map_or(*maximal, |(isr, _)| isr), *maximal));
                }
            }
            ReplicaFact::IsrAdopted { partition, isr, maximal, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.isr = Some((*isr, *maximal));
                }
            }
            ReplicaFact::ReplicaOffline { partition, why } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.go_offline(why);
                }
            }
            ReplicaFact::ReplicaResigned { partition, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.isr) = (Role::None, None);
                }
            }
            // What the leader knows of its followers is told beside their logs, which show it themselves.
            ReplicaFact::FollowerProgressed { .. }
            | ReplicaFact::IsrProposalRefused { .. }
            | ReplicaFact::ReadReplicaChosen { .. }
            | ReplicaFact::RequestRefused { .. }
            | ReplicaFact::ProduceCommitted { .. } => {}
        }
    }
}

impl View {
    pub(super) fn read_on(&mut self, consumer: ProcessId, id: TopicPartition, position: Offset, told: Option<Offset>) {
        let Some(partition) = self.partition_mut(id) else { return };
        if let Some(reader) = partition.readers.iter_mut().find(|reader| reader.consumer == consumer) {
            (reader.position, reader.high_watermark) = (position, told.or(reader.high_watermark));
            // A position that was set is not one that was reached by processing.
            reader.processed = reader.processed.filter(|_| told.is_some());
            return;
        }
        let is_member = |group: &&GroupView| group.consumer(consumer).is_some_and(|known| known.owns.contains(&id));
        let group = self.groups().find(is_member).map(|group| Arc::clone(&group.group));
        if let Some(partition) = self.partition_mut(id) {
            partition.readers.push(Reader { consumer, position, high_watermark: told, group, processed: None, is_paused: false });
        }
    }
}

impl PartitionView {
    pub(super) fn replica_mut(&mut self, broker: BrokerId) -> &mut ReplicaView {
        let place = self.replicas.iter().position(|replica| replica.broker == broker).unwrap_or_else(|| {
            self.replicas.push(ReplicaView::new(broker));
            self.replicas.len() - 1
        });
        self.replicas.get_mut(place).expect("it was found or put there")
    }

    /// Takes the metadata's word. `dead` are the replicas whose processes do not live.
    pub(super) fn commit(&mut self, now: &Arc<PartitionFacts>, dead: &[BrokerId]) {
        for broker in &now.replicas {
            self.replica_mut(*broker).is_up = !dead.contains(broker);
        }
        let place = |broker: BrokerId| now.replicas.iter().position(|replica| *replica == broker).unwrap_or(usize::MAX);
        self.replicas.sort_by_key(|replica| place(replica.broker));
        self.committed = Some(Arc::clone(now));
    }

    pub(super) fn promise(&mut self, offset: Offset, mut acked: Acked) {
        let held = self.holders(offset, acked.digest).find_map(|replica| replica.cell(offset));
        acked.key = held.and_then(|cell| cell.key.cloned());
        if let Some(earlier) = self.acked.get(offset).cloned().filter(|earlier| earlier.digest != acked.digest) {
            Arc::make_mut(&mut self.overwritten).push((offset, earlier));
        }
        self.acked.set(offset, acked);
    }

    /// An application has processed all below `end` of what it read.
    pub(super) fn process(&mut self, consumer: ProcessId, end: Offset) {
        if let Some(reader) = self.readers.iter_mut().find(|reader| reader.consumer == consumer) {
            reader.processed = Some(end);
        }
    }
}

impl ReplicaView {
    fn truncate(&mut self, to: Offset, starts_anew: bool) {
        self.log.cut_from(to);
        self.end = to;
        self.cleaned = self.cleaned.map(|cleaned| cleaned.min(to));
        if starts_anew {
            self.log.clear();
            self.cleaned = None;
            self.start = to;
        }
    }

    fn recover(&mut self, recovery: &RecoveryFacts) {
        self.log.clear();
        for batch in &recovery.batches {
            self.append(batch);
        }
        (self.start, self.end, self.high_watermark) = (recovery.start, recovery.end, recovery.high_watermark);
        (self.is_deleted, self.is_uncleanable) = (false, false);
    }

    fn go_offline(&mut self, why: &Arc<String>) {
        (self.role, self.isr, self.trouble) = (Role::Offline, None, Some(Arc::clone(why)));
    }
}
