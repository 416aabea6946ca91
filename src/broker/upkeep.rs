//! What a broker does by the clock, apart from its answers: it looks for followers that fell behind, writes the high
//! watermarks down, and makes segments durable that no longer grow.
//!
//! Source: Kafka's `ReplicaManager.startup` (`isr-expiration`, every half `replica.lag.time.max.ms`),
//! `checkpointHighWatermarks` and `UnifiedLog.roll` (`flush-log`). Called by: [`Broker`], and whoever appends.
//!
//! Kafka differs: it writes the high watermarks down whether they moved or not. Not modelled: `flush.ms` and the checkpoint
//! of the recovery point, which spares a start the reading of what is durable; here everything is read.

use std::collections::BTreeSet;

use super::Broker;
use crate::context::Context;
use crate::event::LogFact;
use crate::files::{FileName, FilePath};
use crate::ids::{Offset, TopicPartition};
use crate::log::checkpoint;
use crate::replica::Partition;
use crate::time::{Duration, Instant, Timers};

/// What is due when.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    timers: Timers<Chore>,
    /// What the checkpoint on disk says: it is not written again unchanged.
    checkpointed: Vec<(TopicPartition, Offset)>,
    /// Logs with a closed segment that is not durable yet.
    rolled: BTreeSet<TopicPartition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Chore {
    IsrCheck,
    HighWatermarkCheckpoint,
    /// Once, as soon as the broker is free: Kafka has a background thread for it.
    FlushRolled,
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
        for chore in [Chore::IsrCheck, Chore::HighWatermarkCheckpoint] {
            self.schedule(chore, cx);
        }
    }

    pub(super) fn handle_upkeep_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        while let Some((chore, trail)) = self.upkeep.timers.pop_due(now) {
            cx.resume(trail);
            match chore {
                Chore::IsrCheck => self.check_isrs(cx),
                Chore::HighWatermarkCheckpoint => self.checkpoint_high_watermarks(cx),
                Chore::FlushRolled => self.flush_rolled(cx),
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

    /// A replica that starts again knows from this file what was committed at least.
    pub(super) fn checkpoint_high_watermarks(&mut self, cx: &mut Context<'_>) {
        let known: Vec<_> = self.partitions.iter().map(|replica| (replica.partition(), replica.high_watermark())).collect();
        if known == self.upkeep.checkpointed {
            return;
        }
        if let Err(fault) = checkpoint::write(FilePath::root(FileName::HighWatermarkCheckpoint), &known, cx) {
            cx.halt(format!("the high watermarks cannot be written down: {fault}"));
            return;
        }
        let partitions = u32::try_from(known.len()).expect("a broker holds fewer than 2^32 partitions");
        cx.emit(LogFact::HighWatermarksCheckpointed { partitions });
        self.upkeep.checkpointed = known;
    }

    fn schedule(&mut self, chore: Chore, cx: &Context<'_>) {
        let config = &self.setup.config;
        let period = match chore {
            Chore::IsrCheck => Duration(config.replica_lag_time_max.0 / 2),
            Chore::HighWatermarkCheckpoint => config.high_watermark_checkpoint_interval,
            Chore::FlushRolled => return,
        };
        self.upkeep.timers.set(chore, cx.mono().plus(period), cx.trail());
    }
}
