//! What a broker does by the clock, apart from its answers: it looks for followers that fell behind, writes its checkpoints,
//! and makes segments durable that no longer grow.
//!
//! Source: Kafka's `ReplicaManager.startup` (`isr-expiration`, every half `replica.lag.time.max.ms`),
//! `checkpointHighWatermarks`, `LogManager.startup` and `UnifiedLog.roll` (`flush-log`). Called by: [`Broker`], and whoever
//! appends.

use std::collections::BTreeSet;

use super::Broker;
use super::logs::Checkpoint;
use crate::context::Context;
use crate::ids::TopicPartition;
use crate::replica::Partition;
use crate::time::{Duration, Instant, Timers};

/// What is due when.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    timers: Timers<Chore>,
    /// Logs with a closed segment that is not durable yet.
    rolled: BTreeSet<TopicPartition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Chore {
    IsrCheck,
    HighWatermarkCheckpoint,
    RecoveryPointCheckpoint,
    LogStartCheckpoint,
    /// `flush.ms`, which nobody looks at unless `log.flush.scheduler.interval.ms` is set.
    FlushOld,
    /// Once, as soon as the broker is free: Kafka has a background thread for it.
    FlushRolled,
    /// Segments that are due.
    Retention,
    /// A step of the cleaner, or its next look.
    Cleaner,
    /// Files of segments that were taken out of their logs.
    Removal,
}

impl Upkeep {
    /// When the next chore is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}

impl Broker {
    pub(super) fn begin_upkeep(&mut self, cx: &Context<'_>) {
        let chores = [
            Chore::IsrCheck,
            Chore::HighWatermarkCheckpoint,
            Chore::RecoveryPointCheckpoint,
            Chore::LogStartCheckpoint,
            Chore::FlushOld,
        ];
        for chore in chores {
            self.schedule(chore, cx);
        }
        let first = cx.mono().plus(self.setup.config.initial_task_delay);
        for chore in [Chore::Retention, Chore::Cleaner] {
            self.upkeep.timers.set(chore, first, cx.trail());
        }
    }

    pub(super) fn handle_upkeep_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        while let Some((chore, trail)) = self.upkeep.timers.pop_due(now) {
            cx.resume(trail);
            match chore {
                Chore::IsrCheck => self.check_isrs(cx),
                Chore::HighWatermarkCheckpoint => self.write_checkpoint(Checkpoint::HighWatermarks, cx),
                Chore::RecoveryPointCheckpoint => self.write_checkpoint(Checkpoint::RecoveryPoints, cx),
                Chore::LogStartCheckpoint => self.write_checkpoint(Checkpoint::LogStarts, cx),
                Chore::FlushOld => self.flush_old(cx),
                Chore::FlushRolled => self.flush_rolled(cx),
                Chore::Retention => self.delete_due_segments(cx),
                Chore::Cleaner => {
                    let wait = if self.clean(cx) { Duration::ZERO } else { self.setup.config.cleaner_backoff };
                    self.upkeep.timers.set(Chore::Cleaner, now.plus(wait), cx.trail());
                    if wait == Duration::ZERO {
                        return; // the next step is a turn of its own
                    }
                }
                Chore::Removal => self.remove_set_aside(cx),
            }
            self.schedule(chore, cx);
        }
    }

    /// A log has grown: if it began a new segment, the ones before are to be flushed.
    pub(super) fn flush_rolled_soon(&mut self, partition: TopicPartition, cx: &Context<'_>) {
        let has_rolled = self.partitions.get(partition).is_some_and(|replica| replica.log().has_unflushed_closed());
        if has_rolled && self.upkeep.rolled.insert(partition) {
            self.upkeep.timers.set(Chore::FlushRolled, cx.mono(), cx.trail());
        }
    }

    fn flush_rolled(&mut self, cx: &mut Context<'_>) {
        for partition in std::mem::take(&mut self.upkeep.rolled) {
            if let Some(replica) = self.partitions.get_mut(partition) {
                replica.flush_closed(cx);
            }
        }
    }

    /// Files were set aside, or removed: sets when the next are due.
    pub(super) fn schedule_removal(&mut self, cx: &Context<'_>) {
        if let Some(at) = self.next_removal() {
            self.upkeep.timers.set(Chore::Removal, at, cx.trail());
        }
    }

    fn check_isrs(&mut self, cx: &mut Context<'_>) {
        let late = self.partitions.iter().filter(|replica| replica.has_late_member(cx.mono()));
        let late: Vec<_> = late.map(Partition::partition).collect();
        for partition in late {
            let replica = self.partitions.get_mut(partition).expect("it was seen just now");
            if let Some(proposal) = replica.propose_shrink(&self.members, cx) {
                self.submit_proposal(proposal, cx);
            }
        }
    }

    fn schedule(&mut self, chore: Chore, cx: &Context<'_>) {
        let config = &self.setup.config;
        let period = match chore {
            Chore::IsrCheck => Duration(config.replica_lag_time_max.0 / 2),
            Chore::HighWatermarkCheckpoint => config.high_watermark_checkpoint_interval,
            Chore::RecoveryPointCheckpoint => config.flush_offset_checkpoint_interval,
            Chore::LogStartCheckpoint => config.flush_start_offset_checkpoint_interval,
            Chore::FlushOld => config.flush_scheduler_interval,
            Chore::Retention => config.retention_check_interval,
            Chore::FlushRolled | Chore::Cleaner | Chore::Removal => return,
        };
        if period == Duration::MAX {
            return;
        }
        self.upkeep.timers.set(chore, cx.mono().plus(period), cx.trail());
    }
}
