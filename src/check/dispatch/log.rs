//! What logs do: writes, cuts, flushes, and logs read back.

use super::super::finding::Scene;
use super::Checks;
use crate::event::{BatchFacts, Event, LogFact, RecoveryFacts, TruncationReason};
use crate::ids::{Offset, TopicPartition};

impl Checks {
    pub(super) fn observe_log(&mut self, event: &Event, fact: &LogFact) {
        match fact {
            LogFact::RecordsAppended { partition, batch } => {
                let scene = Scene { event, names: &self.names };
                self.single_leader_per_epoch.judge(scene, *partition, batch.leader_epoch, event.process);
                self.ledger.partition_mut(*partition).pace.note(event.at, batch.base);
                self.write(event, *partition, batch);
            }
            LogFact::RecordsReplicated { partition, from, batch } => {
                self.ledger.partition_mut(*partition).follow_start(event.process, *from);
                self.write(event, *partition, batch);
            }
            LogFact::LogTruncated { partition, to, why, .. } => self.truncate(event, *partition, (*to, *why)),
            LogFact::LogFlushed { partition, to } => {
                let copy = self.ledger.partition_mut(*partition).copy_mut(event.process);
                copy.flushed = copy.flushed.max(*to);
            }
            LogFact::LogStartAdvanced { partition, new, .. } => {
                let ledger = self.ledger.partition_mut(*partition);
                let is_anew = ledger.copy(event.process).is_some_and(|copy| *new > copy.end());
                ledger.advance_start(event.process, *new);
                let scene = Scene { event, names: &self.names };
                self.offset_bounds.judge(scene, ledger);
                self.retention_contract.begin_at(scene, *partition, *new, is_anew);
                if is_anew {
                    self.compaction_contract.cut(event.process, *partition, Offset::ZERO);
                }
            }
            LogFact::LogRecovered { recovery } => self.recover(event, recovery),
            LogFact::EpochStarted { partition, epoch, start } => {
                self.note_begun_empty(event, *partition, *start);
                let ledger = self.ledger.partition_mut(*partition);
                self.epoch_cache.judge_start(Scene { event, names: &self.names }, ledger, (*epoch, *start));
                ledger.copy_mut(event.process).cache.start(*epoch, *start);
            }
            LogFact::LogDeleted { partition } => self.delete_log(event, *partition),
            LogFact::LogCreated { partition } => self.begin_log(event, *partition),
            LogFact::LogRefused { partition, .. } => {
                self.ledger.partition_mut(*partition).copy_mut(event.process).is_offline = true;
            }
            LogFact::IndexProbed { probe } => {
                self.index_matches_scan.judge(Scene { event, names: &self.names }, probe);
            }
            LogFact::SegmentRolled { .. }
            | LogFact::SegmentDeleted { .. }
            | LogFact::CleaningStarted { .. }
            | LogFact::SegmentCleaned { .. }
            | LogFact::CleaningFinished { .. }
            | LogFact::CleaningFailed { .. }
            | LogFact::CleanerCheckpointed { .. }
            | LogFact::SwapRecovered { .. }
            | LogFact::LogFenced { .. } => self.observe_upkeep(event, fact),
            LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::LogDirectoryFailed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. } => {}
        }
    }

    /// A log of which the disk kept not even the folder is not read back but made anew, and no event tells of that: it shows
    /// when its owner, in a new life, speaks of an earlier end than it had.
    pub(super) fn note_begun_empty(&mut self, event: &Event, partition: TopicPartition, end: Offset) {
        let copy = self.ledger.partition_mut(partition).copy_mut(event.process);
        if !std::mem::take(&mut copy.is_unread) || end >= copy.end() {
            return;
        }
        let nothing = RecoveryFacts {
            partition,
            start: end,
            end,
            high_watermark: end,
            was_clean: false,
            torn_bytes: 0,
            epochs: Vec::new(),
            batches: Vec::new(),
        };
        self.recover(event, &nothing);
    }

    fn write(&mut self, event: &Event, partition: TopicPartition, batch: &BatchFacts) {
        self.note_begun_empty(event, partition, batch.base);
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.epoch_cache.judge_end(scene, ledger);
        let written = ledger.append(event.process, batch);
        let matching = if ledger.is_data() { &mut self.log_matching } else { &mut self.metadata_log_matching.0 };
        if let Some(misfit) = written.misfit {
            matching.judge_misfit(scene, ledger, event.process, misfit);
        }
        matching.judge(scene, ledger, event.process, batch.base);
        if ledger.is_data() {
            self.compaction_contract.write(scene, ledger, batch, &written);
            self.retention_contract.write(scene, partition, batch);
        }
    }

    fn truncate(&mut self, event: &Event, partition: TopicPartition, (to, why): (Offset, TruncationReason)) {
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.epoch_cache.judge_end(scene, ledger);
        if !ledger.is_data() && why != TruncationReason::BehindLogStart {
            self.committed_kept.judge_metadata_cut(scene, ledger, to);
        }
        ledger.truncate(event.process, to);
        self.committed_kept.judge_replica(scene, ledger, event.process);
        self.retention_contract.cut(scene, partition, to);
        self.compaction_contract.cut(event.process, partition, to);
        self.judge_isr(event, partition);
    }

    /// A replica that goes by order of the controller is no loss; one that the controller still counts on is.
    fn delete_log(&mut self, event: &Event, partition: TopicPartition) {
        let ledger = self.ledger.partition_mut(partition);
        ledger.delete_copy(event.process);
        self.committed_kept.judge_replica(Scene { event, names: &self.names }, ledger, event.process);
        self.judge_isr(event, partition);
        self.forget_log(event.process, partition);
    }

    /// A log that begins where there was one before has lost all of it: as when it was read back and nothing was there.
    fn begin_log(&mut self, event: &Event, partition: TopicPartition) {
        let copy = self.ledger.partition_mut(partition).copy(event.process);
        if copy.is_some_and(|copy| copy.end() > Offset::ZERO) {
            self.recover(event, &RecoveryFacts::of_nothing(partition));
        }
    }

    fn recover(&mut self, event: &Event, recovery: &RecoveryFacts) {
        let ledger = self.ledger.partition_mut(recovery.partition);
        let scene = Scene { event, names: &self.names };
        self.recovery_prefix.judge(scene, ledger, recovery);
        let gone = ledger.recover(event.process, recovery);
        self.retention_contract.recover(scene, recovery);
        self.epoch_cache.judge_recovery(scene, ledger, recovery);
        let matching = if ledger.is_data() { &mut self.log_matching } else { &mut self.metadata_log_matching.0 };
        matching.judge(scene, ledger, event.process, recovery.start);
        self.offset_bounds.judge(scene, ledger);
        self.committed_kept.judge_replica(scene, ledger, event.process);
        if ledger.is_in_sync(event.process) && ledger.isr().len() == 1 {
            self.acks_all_durable.judge(scene, ledger, event.process, "is the whole ISR");
            self.any_ack_durable.judge(scene, ledger, event.process, "is the whole ISR");
        }
        self.judge_isr(event, recovery.partition);
        self.keep_recovered(event, recovery.partition, &gone);
    }
}
