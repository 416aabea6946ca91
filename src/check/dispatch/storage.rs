//! What retention and the cleaner do, and the rules they go by.

use super::super::finding::Scene;
use super::super::storage::retention_contract::{Sight, Timing};
use super::Checks;
use crate::event::{CleanedFacts, ConfigFacts, Event, LogFact, RetentionFacts, TopicFacts, WorldFact};
use crate::ids::{Offset, ProcessId, TopicPartition};

impl Checks {
    /// What a log's upkeep does.
    pub(super) fn observe_upkeep(&mut self, event: &Event, fact: &LogFact) {
        let scene = Scene { event, names: &self.names };
        match fact {
            LogFact::SegmentRolled { partition, base } => self.retention_contract.roll(scene, *partition, *base),
            LogFact::SegmentDeleted { segment } => self.delete_segment(event, segment),
            LogFact::CleaningStarted { partition, end, .. } => {
                self.compaction_contract.begin(scene, *partition, &self.keeping);
                self.ledger.partition_mut(*partition).copy_mut(event.process).cleaning_to = Some(*end);
            }
            LogFact::SegmentCleaned { cleaned } => self.clean_segment(event, cleaned),
            LogFact::CleaningFinished { partition, end, .. } => {
                self.compaction_contract.end(event.process, *partition, *end);
                self.ledger.partition_mut(*partition).copy_mut(event.process).cleaning_to = None;
            }
            LogFact::CleaningFailed { partition, .. } => {
                self.ledger.partition_mut(*partition).copy_mut(event.process).cleaning_to = None;
            }
            // A fenced log is not looked after any more in this life.
            LogFact::LogFenced { partition, .. } => self.retention_contract.forget(event.process, *partition),
            LogFact::SwapRecovered { partition, was_completed: true, .. } => {
                let copy = self.ledger.partition_mut(*partition).copy_mut(event.process);
                copy.cleaning_to = copy.cleaning_to.max(Some(copy.agreed()));
            }
            LogFact::SwapRecovered { was_completed: false, .. }
            | LogFact::CleanerCheckpointed { .. }
            | LogFact::RecordsAppended { .. }
            | LogFact::RecordsReplicated { .. }
            | LogFact::LogTruncated { .. }
            | LogFact::LogFlushed { .. }
            | LogFact::LogStartAdvanced { .. }
            | LogFact::LogRecovered { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::LogRefused { .. }
            | LogFact::LogDirectoryFailed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::LogDeleted { .. }
            | LogFact::IndexProbed { .. }
            | LogFact::LogCreated { .. } => {}
        }
    }

    /// A topic is there, kept by these rules.
    pub(super) fn keep_topic(&mut self, facts: &TopicFacts) {
        self.keeping.create(facts);
        self.compaction_contract.note_rule(facts.id, &self.keeping);
    }

    /// Topics are kept by other rules.
    pub(super) fn change_rules(&mut self, change: &ConfigFacts) {
        for topic in self.keeping.change(change, self.live.metadata_end) {
            self.compaction_contract.note_rule(topic, &self.keeping);
            self.retention_contract.change_rule(topic);
        }
    }

    /// A clock was set, or jumped.
    pub(super) fn set_clock(&mut self, event: &Event, fact: &WorldFact) {
        if self.keeping.observe_clock(event, fact) {
            self.retention_contract.begin_anew(event.process);
        }
    }

    /// A replica's log is gone, or begins anew.
    pub(super) fn forget_log(&mut self, process: ProcessId, partition: TopicPartition) {
        self.retention_contract.forget(process, partition);
        self.compaction_contract.forget(process, partition);
    }

    /// Every live broker looked at its logs by now, more than once since the last time.
    pub(super) fn look_at_retention(&mut self, event: &Event) {
        let (ledger, live) = (&mut self.ledger, &self.live);
        // A broker that has not heard what it replicates knows no high watermark, and deletes nothing.
        let mut replica_of = |process: ProcessId, partition: TopicPartition| {
            let copy = ledger.partition_mut(partition).copy(process).filter(|copy| !copy.is_offline && copy.has_role)?;
            live.is_at_work(process).then(|| (copy.high_watermark, live.applied(process)))
        };
        self.retention_contract.look(Scene { event, names: &self.names }, &self.keeping, &mut replica_of);
    }

    fn delete_segment(&mut self, event: &Event, segment: &RetentionFacts) {
        let applied = self.live.applied(event.process);
        let ledger = self.ledger.partition_mut(segment.partition);
        let sight = Sight { ledger, keeping: &self.keeping, applied };
        match self.retention_contract.judge(Scene { event, names: &self.names }, sight, segment) {
            Some(Timing::Early) => self.counts.segments_deleted_early += 1,
            Some(Timing::Late) => self.counts.segments_deleted_late += 1,
            Some(Timing::InTime) | None => {}
        }
    }

    fn clean_segment(&mut self, event: &Event, cleaned: &CleanedFacts) {
        let scene = Scene { event, names: &self.names };
        let applied = self.live.applied(event.process);
        let ledger = self.ledger.partition_mut(cleaned.partition);
        self.compaction_contract.clean(scene, ledger, (&self.keeping, applied), cleaned);
        self.retention_contract.clean(scene, cleaned);
    }

    /// What is known of a log after it was read back.
    pub(super) fn keep_recovered(&mut self, event: &Event, partition: TopicPartition, gone: &[Offset]) {
        let applied = self.live.applied(event.process);
        let ledger = self.ledger.partition_mut(partition);
        let scene = Scene { event, names: &self.names };
        self.compaction_contract.recover(scene, ledger, (&self.keeping, applied), gone);
    }
}
